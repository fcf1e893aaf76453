//! Points that come in: into lots that are still good, or past their end before they came.

use std::collections::BTreeMap;

use super::account::{Expiry, LotChange};
use super::entry::EntryKind;
use super::state::{DecisionContext, LedgerState, LedgerStateError, Posting};
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{AccountId, EntryId};
use crate::domain::value::points::Points;

/// Points of one end that come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) struct DepositPart {
    /// When they end.
    pub expiry: Expiry,
    /// How many; zero or more.
    pub points: Points,
    /// Whether they were taken from no lot and became a debt, which they now undo, whatever their end.
    pub was_owed: bool,
}

impl DepositPart {
    /// Points that were never owed.
    pub const fn new(expiry: Expiry, points: Points) -> Self {
        Self { expiry, points, was_owed: false }
    }
}

impl LedgerState {
    /// Puts points in and writes it down. What is past its end pays no debt and reaches no lot: it came too late, so an
    /// `expire` entry takes it out again, as it would have done in time. No hold protects it, as each was made without it.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub(in crate::domain) fn bring_in(
        &mut self,
        id: AccountId,
        posting: Posting,
        parts: &[DepositPart],
        context: &mut DecisionContext<'_>,
    ) -> Result<EntryId, LedgerStateError> {
        self.bring_in_after(id, posting, Vec::new(), parts, context)
    }

    /// As [`LedgerState::bring_in`], in one entry with what has just been taken out of lots.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub(in crate::domain) fn bring_in_after(
        &mut self,
        id: AccountId,
        posting: Posting,
        mut lots: Vec<LotChange>,
        parts: &[DepositPart],
        context: &mut DecisionContext<'_>,
    ) -> Result<EntryId, LedgerStateError> {
        let account = self.account_mut(id)?;
        let mut late: BTreeMap<Expiry, Points> = BTreeMap::new();
        // A debt that these points made themselves is undone before the others pay any.
        let (owed, others): (Vec<DepositPart>, Vec<DepositPart>) = parts.iter().partition(|part| part.was_owed);
        for DepositPart { expiry, mut points, was_owed } in owed.into_iter().chain(others) {
            if !expiry.is_past(context.now) {
                lots.extend(account.put(points, expiry)?);
                continue;
            }
            if was_owed {
                let undone = account.debt()?.min(points);
                account.put(undone, expiry)?;
                points = points.sub(undone)?;
            }
            if points.is_positive() {
                let lot = late.entry(expiry).or_default();
                *lot = lot.add(points)?;
            }
        }
        let late: Vec<LotChange> = late.into_iter().map(|(expiry, points)| LotChange { expiry, points }).collect();
        lots.extend(&late);
        let entry = self.post(id, posting, &lots, context)?;
        let mut passing = Points::sum(late.iter().map(|change| change.points))?;
        self.pass_through(passing)?;
        for change in late {
            passing = passing.sub(change.points)?;
            self.post_expired(id, LotChange { points: change.points.negate()?, ..change }, context)?;
            self.pass_through(passing)?;
        }
        Ok(entry)
    }

    /// Takes points back of which some may have expired: of those, their expiry is taken back first, because nobody pays
    /// for points twice. `own` are the lots to take from first, `expired` what has expired of each lot.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub(in crate::domain) fn take_back(
        &mut self,
        id: AccountId,
        posting: Posting,
        own: &[LotChange],
        expired: &BTreeMap<Expiry, Points>,
        context: &mut DecisionContext<'_>,
    ) -> Result<EntryId, LedgerStateError> {
        let why = match posting.kind {
            EntryKind::Restore => "the refund that gave these expired points back was taken back",
            _ => "the sale that earned these expired points was taken back",
        };
        let mut left = posting.points.negate()?;
        let (mut lots, mut passing) = (Vec::new(), Points::ZERO);
        for lot in own {
            let Expiry::At(ended_at) = lot.expiry else { continue };
            if !lot.expiry.is_past(context.now) {
                continue;
            }
            let gone = expired.get(&lot.expiry).copied().unwrap_or_default().add(self.expired_here(id, ended_at)?)?;
            let back = lot.points.min(left).min(gone);
            if !back.is_positive() {
                continue;
            }
            left = left.sub(back)?;
            passing = passing.add(back)?;
            let change = LotChange { expiry: lot.expiry, points: back };
            let undone = Posting {
                kind: EntryKind::Expire,
                points: back,
                // That of the expiry it corrects: what expired of a lot is the sum of these entries.
                occurred_at: ended_at,
                cause: posting.cause.clone(),
                program_version: None,
                sale: None,
                hold_id: None,
                reason: Some(why.to_owned()),
                detail: super::entry::EntryDetail::default(),
            };
            self.post(id, undone, &[change], context)?;
            self.pass_through(passing)?;
            lots.push(LotChange { points: back.negate()?, ..change });
        }
        lots.extend(self.account_mut(id)?.take(left, own)?);
        Ok(self.post(id, posting, &lots, context)?)
    }

    /// The entry just written left more than the account has: points that are on their way out, by the entries that
    /// follow.
    fn pass_through(&mut self, points: Points) -> Result<(), Overflow> {
        if let Some(entry) = self.entries.last_mut() {
            entry.balance_after = entry.balance_after.add(points)?;
        }
        Ok(())
    }

    /// What expired of a lot in this very batch.
    fn expired_here(&self, id: AccountId, ended_at: chrono::DateTime<chrono::Utc>) -> Result<Points, Overflow> {
        let expired = self
            .entries
            .iter()
            .filter(|entry| entry.account_id == id && entry.kind == EntryKind::Expire && entry.occurred_at == ended_at);
        Points::sum(expired.map(|entry| entry.points))?.negate()
    }
}
