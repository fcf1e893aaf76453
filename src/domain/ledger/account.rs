//! One member in one program: a balance, its lots, its open holds, and how they move.
//!
//! `balance = Σ lots − debt`. A debt exists only while no lot does: whatever is earned pays it first.
//! Lots are buckets by the moment their points expire, spent soonest-expiring first, so an account stays
//! small however long its history.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProgramId};
use crate::domain::value::points::Points;

/// When a lot's points end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expiry {
    /// At this instant they are gone.
    At(DateTime<Utc>),
    /// Never.
    Never,
}

impl Expiry {
    /// Whether points of such a lot are gone at `now`.
    #[must_use]
    pub fn is_past(self, now: DateTime<Utc>) -> bool {
        matches!(self, Self::At(end) if end <= now)
    }
}

impl From<Option<DateTime<Utc>>> for Expiry {
    fn from(end: Option<DateTime<Utc>>) -> Self {
        end.map_or(Self::Never, Self::At)
    }
}

/// Points of one lot that a movement put in (positive) or took out (negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotChange {
    /// Which lot.
    pub expiry: Expiry,
    /// How many points.
    pub points: Points,
}

/// A hold that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHold {
    /// How many points it sets aside; positive.
    pub points: Points,
    /// It keeps from their end only points that were still good at this moment: when it was made.
    pub good_at: DateTime<Utc>,
    /// From when it no longer sets them aside.
    pub expires_at: DateTime<Utc>,
    /// What it keeps besides, for the hold that it replaced.
    pub carried: Option<CarriedProtection>,
}

/// Points past their end that a hold goes on protecting for the hold that it replaced: as many of its own points as
/// that one protected, and until that one's end at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarriedProtection {
    /// How many; positive, and at most what the hold sets aside.
    pub points: Points,
    /// They were still good at this moment: when the first of the replaced holds was made.
    pub good_at: DateTime<Utc>,
}

/// A claim to points that were good at one moment.
#[derive(Clone, Copy, Debug)]
struct Claim {
    points: Points,
    good_at: DateTime<Utc>,
}

impl OpenHold {
    /// What it claims: points that were good when it was made, and what it carries.
    fn claims(&self) -> Result<[Claim; 2], Overflow> {
        let carried = self.carried.unwrap_or(CarriedProtection { points: Points::ZERO, good_at: self.good_at });
        let own = self.points.sub(carried.points)?;
        Ok([Claim { points: carried.points, good_at: carried.good_at }, Claim { points: own, good_at: self.good_at }])
    }
}

/// A lot as holds leave it.
#[derive(Clone, Copy, Debug)]
struct LotState {
    expiry: Expiry,
    left: Points,
    /// What running holds will spend of it.
    promised: Points,
}

impl LotState {
    fn free(&self) -> Result<Points, Overflow> {
        self.left.sub(self.promised)
    }
}

/// The state of an account. All changes go through its methods, which keep the invariants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Our own id.
    pub id: AccountId,
    /// The member.
    pub partner_id: PartnerId,
    /// The program.
    pub program_id: ProgramId,
    balance: Points,
    lots: BTreeMap<Expiry, Points>,
    holds: BTreeMap<HoldId, OpenHold>,
}

impl Account {
    /// An account with nothing in it.
    #[must_use]
    pub const fn empty(id: AccountId, partner_id: PartnerId, program_id: ProgramId) -> Self {
        Self { id, partner_id, program_id, balance: Points::ZERO, lots: BTreeMap::new(), holds: BTreeMap::new() }
    }

    /// An account as it was stored.
    #[must_use]
    pub const fn restored(
        id: AccountId,
        partner_id: PartnerId,
        program_id: ProgramId,
        balance: Points,
        lots: BTreeMap<Expiry, Points>,
        holds: BTreeMap<HoldId, OpenHold>,
    ) -> Self {
        Self { id, partner_id, program_id, balance, lots, holds }
    }

    /// The balance as last written; expired points leave it with their `expire` entry.
    #[must_use]
    pub const fn balance(&self) -> Points {
        self.balance
    }

    /// What is left in each lot; every value is positive.
    #[must_use]
    pub const fn lots(&self) -> &BTreeMap<Expiry, Points> {
        &self.lots
    }

    /// The holds that have not ended.
    #[must_use]
    pub const fn holds(&self) -> &BTreeMap<HoldId, OpenHold> {
        &self.holds
    }

    /// What open holds set aside.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn held(&self) -> Result<Points, Overflow> {
        Points::sum(self.holds.values().map(|hold| hold.points))
    }

    /// What may be spent now: the balance less what is held and what has expired. Below zero in debt.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn available(&self, now: DateTime<Utc>) -> Result<Points, Overflow> {
        self.balance.sub(self.held_at(now)?)?.sub(self.expired_at(now)?)
    }

    /// What a reader may be shown as the balance: without the points that have expired.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn balance_at(&self, now: DateTime<Utc>) -> Result<Points, Overflow> {
        self.balance.sub(self.expired_at(now)?)
    }

    /// What the holds that have not run out set aside.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn held_at(&self, now: DateTime<Utc>) -> Result<Points, Overflow> {
        Points::sum(self.holds.values().filter(|hold| hold.expires_at > now).map(|hold| hold.points))
    }

    /// Points in lots whose end has come, less those that a running hold protects: a customer who was promised a
    /// reward keeps it until the hold ends.
    fn expired_at(&self, now: DateTime<Utc>) -> Result<Points, Overflow> {
        if !self.lots.keys().next().is_some_and(|expiry| expiry.is_past(now)) {
            return Ok(Points::ZERO);
        }
        let lots = self.promised(now)?;
        let expired = lots.iter().filter(|lot| lot.expiry.is_past(now)).map(LotState::free);
        Points::sum(expired.collect::<Result<Vec<_>, _>>()?)
    }

    /// How many points past their end are protected by this open hold alone.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn protected_by(&self, id: HoldId, now: DateTime<Utc>) -> Result<Points, Overflow> {
        let mut without = self.clone();
        without.end_hold(id);
        without.expired_at(now)?.sub(self.expired_at(now)?)
    }

    /// Each lot, soonest to end first, with what running holds will spend of it. A hold protects only points that were
    /// good when it was made, the soonest to end among them: holds that follow one another would else keep points
    /// beyond their end for ever.
    fn promised(&self, now: DateTime<Utc>) -> Result<Vec<LotState>, Overflow> {
        let running = self.holds.values().filter(|hold| hold.expires_at > now).map(OpenHold::claims);
        let mut running: Vec<Claim> = running.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        running.sort_by_key(|claim| claim.good_at);
        let mut running = running.into_iter().peekable();
        let mut open = Points::ZERO;
        let mut lots = Vec::with_capacity(self.lots.len());
        for (expiry, left) in &self.lots {
            while let Some(claim) = running.next_if(|claim| !expiry.is_past(claim.good_at)) {
                open = open.add(claim.points)?;
            }
            let promised = open.min(*left);
            open = open.sub(promised)?;
            lots.push(LotState { expiry: *expiry, left: *left, promised });
        }
        Ok(lots)
    }

    /// What expires when, soonest first, of the points that are still good. Points that holds will spend
    /// are not listed: they will not be there to expire.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn expiring(&self, now: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, Points)>, Overflow> {
        let mut listed = Vec::new();
        for lot in self.promised(now)? {
            if let Expiry::At(end) = lot.expiry
                && !lot.expiry.is_past(now)
                && lot.free()?.is_positive()
            {
                listed.push((end, lot.free()?));
            }
        }
        Ok(listed)
    }

    /// Whether time has done something to it that is not written yet.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.holds.values().any(|hold| hold.expires_at <= now) || self.lots.keys().any(|expiry| expiry.is_past(now))
    }

    /// Ends the holds whose time is over and says which.
    pub fn expire_holds(&mut self, now: DateTime<Utc>) -> Vec<HoldId> {
        let ended: Vec<HoldId> =
            self.holds.iter().filter(|(_, hold)| hold.expires_at <= now).map(|(id, _)| *id).collect();
        for id in &ended {
            self.holds.remove(id);
        }
        ended
    }

    /// Takes out what has expired. To be called after [`Account::expire_holds`].
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn expire_lots(&mut self, now: DateTime<Utc>) -> Result<Vec<LotChange>, Overflow> {
        let mut changes = Vec::new();
        for lot in self.promised(now)?.into_iter().filter(|lot| lot.expiry.is_past(now)) {
            self.take_from_lot(lot.expiry, lot.free()?, &mut changes)?;
        }
        Ok(changes)
    }

    /// Sets points aside.
    pub fn open_hold(&mut self, id: HoldId, hold: OpenHold) {
        self.holds.insert(id, hold);
    }

    /// Stops setting points aside; `None` when there is no such hold open.
    pub fn end_hold(&mut self, id: HoldId) -> Option<OpenHold> {
        self.holds.remove(&id)
    }

    /// Puts points in that are still good, paying a debt first. Those past their end never pay one.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn put(&mut self, points: Points, expiry: Expiry) -> Result<Vec<LotChange>, Overflow> {
        let debt = self.debt()?;
        let into_lot = points.sub(debt.min(points))?;
        self.balance = self.balance.add(points)?;
        let mut changes = Vec::new();
        if into_lot.is_positive() {
            let lot = self.lots.entry(expiry).or_default();
            *lot = lot.add(into_lot)?;
            changes.push(LotChange { expiry, points: into_lot });
        }
        Ok(changes)
    }

    /// Takes points out, from the lots in `prefer` first (each up to the points named there), then
    /// soonest-expiring first. What no lot has becomes debt.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn take(&mut self, points: Points, prefer: &[LotChange]) -> Result<Vec<LotChange>, Overflow> {
        let mut changes = Vec::new();
        let mut left = points;
        for wish in prefer {
            let most = wish.points.min(left);
            left = left.sub(most)?.add(self.take_from_lot(wish.expiry, most, &mut changes)?)?;
        }
        let order: Vec<Expiry> = self.lots.keys().copied().collect();
        for expiry in order {
            left = self.take_from_lot(expiry, left, &mut changes)?;
        }
        self.balance = self.balance.sub(left)?;
        Ok(changes)
    }

    /// Takes out what a hold spends: first what it carries, then of the points that were good when it was made, so that
    /// it does not spend those past their end which another hold protects.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn spend(&mut self, hold: &OpenHold) -> Result<Vec<LotChange>, Overflow> {
        let [carried, own] = hold.claims()?;
        let good_at = |claim: Claim| self.lots.iter().filter(move |(expiry, _)| !expiry.is_past(claim.good_at));
        let mut wishes = Vec::new();
        let mut left = carried.points;
        for (expiry, here) in good_at(carried) {
            let points = left.min(*here);
            left = left.sub(points)?;
            wishes.push(LotChange { expiry: *expiry, points });
        }
        // A lot that was wished for already gives what it has left.
        wishes.extend(good_at(own).map(|(expiry, here)| LotChange { expiry: *expiry, points: *here }));
        self.take(hold.points, &wishes)
    }

    /// Takes up to `wanted` out of one lot and the balance; returns what it could not take.
    fn take_from_lot(
        &mut self,
        expiry: Expiry,
        wanted: Points,
        changes: &mut Vec<LotChange>,
    ) -> Result<Points, Overflow> {
        let here = self.lots.get(&expiry).copied().unwrap_or_default();
        let taken = here.min(wanted);
        if !taken.is_positive() {
            return Ok(wanted);
        }
        let rest = here.sub(taken)?;
        if rest.is_zero() {
            self.lots.remove(&expiry);
        } else {
            self.lots.insert(expiry, rest);
        }
        self.balance = self.balance.sub(taken)?;
        changes.push(LotChange { expiry, points: taken.negate()? });
        wanted.sub(taken)
    }

    /// What the member owes: nothing, or how far the balance is below zero.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn debt(&self) -> Result<Points, Overflow> {
        if self.balance.is_negative() { self.balance.negate() } else { Ok(Points::ZERO) }
    }

    /// Says what is wrong with the account, if anything: `balance = Σ lots − debt`, no empty lot.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn violation(&self) -> Result<Option<String>, Overflow> {
        let lots = Points::sum(self.lots.values().copied())?;
        let expected = lots.sub(self.debt()?)?;
        if self.balance != expected {
            return Ok(Some(format!("the balance is {} but lots less debt are {expected}", self.balance)));
        }
        if let Some((expiry, left)) = self.lots.iter().find(|(_, left)| !left.is_positive()) {
            return Ok(Some(format!("the lot of {expiry:?} holds {left} points")));
        }
        Ok(None)
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
