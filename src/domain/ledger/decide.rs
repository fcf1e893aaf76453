//! Decisions on the ledger's state: hold, capture, release, adjust. Each either refuses and changes nothing, or
//! changes the state and leaves its trace there.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;

use super::account::{Expiry, LotChange};
use super::chain::document_key;
use super::deposit::DepositPart;
use super::entry::{Cause, CauseModel, EntryDetail, EntryKind};
use super::hold::{Hold, HoldState, LineShare};
use super::replacing::Replaced;
use super::state::{DecisionContext, Exception, LedgerState, LedgerStateError, Missing, OrderRef, Posting};
use crate::domain::member::membership::Membership;
use crate::domain::program::version::{ProgramVersions, Version};
use crate::domain::program::{self, Basket, HeldReward, NotPriced, Priced, Program, Reward, Use};
use crate::domain::refusal::{MOST_OPEN_HOLDS, Reason, Refusal};
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{AccountId, EntryId, ExceptionId, HoldId, PartnerId, ProductId};
use crate::domain::value::points::Points;

/// A decision that did not succeed: refused, or the state itself is inconsistent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The ledger says no; the caller is told why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The batch cannot go on.
    #[error(transparent)]
    Inconsistent(#[from] LedgerStateError),
}

impl From<Missing> for DecisionError {
    fn from(missing: Missing) -> Self {
        Self::Inconsistent(missing.into())
    }
}

impl From<crate::domain::value::exact::Overflow> for DecisionError {
    fn from(overflow: crate::domain::value::exact::Overflow) -> Self {
        Self::Refused(Refusal::Overflow(overflow))
    }
}

/// Points to set aside for a reward.
#[derive(Clone, Debug)]
pub struct HoldAsk<'a> {
    /// Whose.
    pub account_id: AccountId,
    /// The customer as the till names it: the account's member, or a contact of the member's company.
    pub partner_id: PartnerId,
    /// The program, all versions.
    pub program_versions: &'a ProgramVersions,
    /// The reward's code.
    pub reward: &'a str,
    /// How many, where the cashier may choose.
    pub points: Option<Points>,
    /// The hold of the same order that it takes the place of.
    pub replaces: Option<HoldId>,
    /// The draft order as the till has it.
    pub draft: &'a Order,
    /// Digits of the draft's currency after the decimal point.
    pub currency_decimals: u32,
    /// Since when, and until when, the member is enrolled in the program.
    pub membership: &'a Membership,
    /// Products of rewards that were archived in Odoo.
    pub archived: &'a BTreeSet<ProductId>,
}

/// A hold that was made, and what the till is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldGranted {
    /// The hold.
    pub hold: Hold,
    /// The kind of its reward, as in the document.
    pub kind: &'static str,
    /// How much of an order's goods the program's rewards may take off together, from 0 to 1.
    pub max_share: Decimal,
}

/// Points that are put in or taken out by hand, or carried over from another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// How many, with their sign.
    pub points: Points,
    /// Why.
    pub reason: String,
    /// For whom, as the caller says: a claim, which nobody has checked.
    pub on_behalf_of: Option<String>,
    /// The document they come from; a manager's correction has none but its reason.
    pub cause: Option<Cause>,
    /// When the points end; as the program says, counted from now, where nothing is said.
    pub expiry: Option<Expiry>,
}

impl Correction {
    fn cause(&self) -> Cause {
        self.cause.clone().unwrap_or_else(|| Cause {
            model: CauseModel::Adjustment,
            id: None,
            uuid: None,
            name: self.reason.clone(),
        })
    }
}

/// A capture that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The `redeem` entry.
    pub entry_id: EntryId,
    /// The balance after it.
    pub balance: Points,
}

/// Whether a draft may spend this member's points in this program at all, and by which version.
///
/// # Errors
/// [`Refusal::NotApplicable`] for another customer's order, a program that does not run now, or one the member is
/// not enrolled in.
pub fn version_for<'a>(
    program_versions: &'a ProgramVersions,
    draft: &Order,
    partner: PartnerId,
    membership: &Membership,
    now: DateTime<Utc>,
) -> Result<&'a Version, Refusal> {
    if draft.partner_id.is_some_and(|on_order| on_order != partner) {
        return Err(Refusal::not_applicable(Reason::OtherPartner));
    }
    if program_versions.unreadable_at(now).is_some() {
        return Err(Refusal::not_applicable(Reason::Unreadable));
    }
    let version = program_versions.in_force(now).ok_or(Refusal::not_applicable(Reason::OutsideDates))?;
    if !membership.takes_part(&version.program, now) {
        return Err(Refusal::not_applicable(Reason::NotEnrolled));
    }
    Ok(version)
}

fn find_reward<'a>(program: &'a Program, reward: &str) -> Result<&'a Reward, Refusal> {
    program
        .reward(reward)
        .ok_or_else(|| Refusal::UnknownReward { program: program.code.clone(), reward: reward.to_owned() })
}

/// What a reward costs on a draft, and takes off it.
fn price(program: &Program, reward: &Reward, points: Option<Points>, basket: &Basket<'_>) -> Result<Priced, Refusal> {
    program::price(program, reward, points, basket).map_err(|problem| match problem {
        NotPriced::Refused(refusal) => refusal,
        NotPriced::Overflow(_) => Refusal::not_applicable(Reason::TooLarge),
    })
}

/// The key of the exception that says that a hold had expired when its order was paid.
#[must_use]
pub fn expired_key(hold: HoldId) -> String {
    format!("hold_expired/{hold}")
}

impl LedgerState {
    /// The rewards that stand on a draft already: its open and captured holds, oldest first, of whatever program and
    /// member. Those of `account_id` are its own.
    #[must_use]
    pub fn rewards_on(&self, account_id: Option<AccountId>, order_uuid: &str, now: DateTime<Utc>) -> Vec<HeldReward> {
        let mut standing: Vec<&Hold> = self
            .holds
            .values()
            .chain(self.neighbours.values())
            .filter(|hold| hold.order_uuid == order_uuid && hold.stands(now))
            .collect();
        standing.sort_unstable_by_key(|hold| (hold.created_at, hold.id));
        standing
            .into_iter()
            .map(|hold| HeldReward {
                id: hold.id,
                is_own: Some(hold.account_id) == account_id,
                discount: hold.discount,
                lines: hold.lines.clone(),
                covers: hold.covers.clone(),
                product_id: hold.product_id,
                covered_quantity: hold.covered_quantity,
            })
            .collect()
    }

    /// When a member had which reward, of the holds that are known here: those given up, expired, or taken back
    /// whole do not count.
    #[must_use]
    pub fn uses_of(&self, account_id: AccountId, now: DateTime<Utc>) -> Vec<Use> {
        self.uses_without(account_id, None, now)
    }

    fn uses_without(&self, account_id: AccountId, replaced: Option<HoldId>, now: DateTime<Utc>) -> Vec<Use> {
        self.holds
            .values()
            .filter(|hold| hold.account_id == account_id && hold.restored < hold.points)
            .filter(|hold| Some(hold.id) != replaced)
            .filter(|hold| hold.stands(now))
            .map(|hold| Use { reward: hold.reward.clone(), at: hold.created_at })
            .collect()
    }

    /// Sets points aside for a reward on a draft order. Where it replaces a hold, it is decided as if that one were not
    /// there, and that one ends as soon as this one stands; a refusal leaves it as it was.
    ///
    /// # Errors
    /// [`DecisionError::Refused`] with the reason.
    pub fn hold(&mut self, ask: &HoldAsk<'_>, context: &mut DecisionContext<'_>) -> Result<HoldGranted, DecisionError> {
        self.settle(ask.account_id, context)?;
        let uuid = ask.draft.uuid.clone().ok_or(Missing)?;
        let old = ask.replaces.map(|id| self.replaceable(id, &uuid, ask.account_id, context)).transpose()?;
        let account = self.account(ask.account_id)?;
        let others = account.holds().len().saturating_sub(old.as_ref().map_or(0, Replaced::open_here));
        if others >= MOST_OPEN_HOLDS {
            return Err(Refusal::not_applicable(Reason::TooManyHolds).into());
        }
        let version = version_for(ask.program_versions, ask.draft, ask.partner_id, ask.membership, context.now)?;
        // The draft's own date may be a till's wrong clock: redeeming happens now.
        let mut today = Order { placed_at: context.now, ..ask.draft.clone() };
        let mut standing = self.rewards_on(Some(ask.account_id), &uuid, context.now);
        let mut available = account.available(context.now)?;
        if let Some(old) = &old {
            old.leave_out(&mut today);
            standing.retain(|held| held.id != old.id);
            available = available.add(old.frees)?;
        }
        let basket = Basket {
            order: &today,
            available,
            holds: &standing,
            uses: &self.uses_without(ask.account_id, ask.replaces, context.now),
            archived: ask.archived,
            currency_decimals: ask.currency_decimals,
        };
        let reward = find_reward(&version.program, ask.reward)?;
        let priced = price(&version.program, reward, ask.points, &basket)?;
        let shares = program::shares(reward, &priced, &basket)?;
        let lines = shares.iter().filter_map(|(position, off)| {
            let line = today.lines.get(*position)?;
            let (uuid, product_id) = (line.uuid.clone(), line.product_id);
            Some(LineShare { position: *position, uuid, product_id, off: *off })
        });
        let seconds = version.program.hold_seconds();
        let expires_at = context
            .now
            .checked_add_signed(Duration::seconds(i64::from(seconds)))
            .ok_or(crate::domain::value::exact::Overflow)?;
        let carried = old.as_ref().and_then(|old| old.carried_by(priced.points));
        let hold = Hold {
            id: HoldId::of(ask.partner_id, (context.ids)()),
            account_id: ask.account_id,
            order_uuid: uuid,
            program_version: version.number,
            reward: ask.reward.to_owned(),
            points: priced.points,
            discount: priced.discount,
            lines: lines.collect(),
            product_id: reward.product_id(),
            covered_quantity: priced.gift.map_or(Decimal::ZERO, |gift| gift.covered_quantity),
            add_quantity: priced.gift.map_or(Decimal::ZERO, |gift| gift.add_quantity),
            price: priced.gift.map(|gift| gift.price),
            covers: reward.covers(),
            state: HoldState::Open,
            created_at: context.now,
            // Points past their end are not protected for longer than they were.
            expires_at: match (&old, carried) {
                (Some(old), Some(_)) => expires_at.min(old.expires_at),
                _ => expires_at,
            },
            ended_at: None,
            reason: None,
            balance_after: None,
            restored: Points::ZERO,
            actor: context.actor.to_owned(),
            replaces: ask.replaces,
            carried,
        };
        self.account_mut(ask.account_id)?.open_hold(hold.id, hold.as_open());
        self.changed_holds.insert(hold.id);
        self.holds.insert(hold.id, hold.clone());
        if let Some(old) = old {
            self.end_replaced(&old, hold.id, context)?;
        }
        let max_share = version.program.redemption.max_share_of_order.value;
        Ok(HoldGranted { hold, kind: reward.kind.as_str(), max_share })
    }

    /// Spends a hold, its order being paid. An expired one is spent if the points are still there; if they
    /// are not, an exception waits for the manager.
    ///
    /// # Errors
    /// [`DecisionError::Refused`]: [`Refusal::UnknownHold`], [`Refusal::HoldOfOtherOrder`],
    /// [`Refusal::HoldReleased`], [`Refusal::HoldExpired`], [`Refusal::HoldCaptured`].
    pub fn capture(
        &mut self,
        id: HoldId,
        order: &OrderRef,
        occurred_at: DateTime<Utc>,
        context: &mut DecisionContext<'_>,
    ) -> Result<Captured, DecisionError> {
        let account_id = self.holds.get(&id).ok_or_else(|| Refusal::unknown_hold(id))?.account_id;
        self.settle(account_id, context)?;
        let hold = self.holds.get(&id).ok_or(Missing)?.clone();
        if order.uuid.as_deref() != Some(hold.order_uuid.as_str()) {
            return Err(Refusal::HoldOfOtherOrder.into());
        }
        let mut spent = hold.as_open();
        match hold.state {
            HoldState::Open => {}
            HoldState::Captured => return Err(Refusal::HoldCaptured.into()),
            HoldState::Released => return Err(Refusal::HoldReleased.into()),
            HoldState::Expired => {
                if self.account(account_id)?.available(context.now)? < hold.points {
                    let exception_id = self.raise_expired(&hold, order, context)?;
                    return Err(Refusal::HoldExpired { exception_id }.into());
                }
                // Nothing is kept for it any more.
                spent = super::account::OpenHold { good_at: context.now, carried: None, ..spent };
            }
        }
        let account = self.account_mut(account_id)?;
        account.end_hold(id);
        let lots = account.spend(&spent)?;
        let balance = account.balance();
        let posting = Posting {
            kind: EntryKind::Redeem,
            points: hold.points.negate()?,
            occurred_at,
            cause: order.cause(),
            program_version: Some(hold.program_version),
            sale: None,
            hold_id: Some(id),
            reason: Some(hold.reward.clone()),
            detail: EntryDetail::default(),
        };
        let entry_id = self.post(account_id, posting, &lots, context)?;
        let hold = self.hold_mut(id)?;
        hold.state = HoldState::Captured;
        hold.ended_at = Some(context.now);
        hold.balance_after = Some(balance);
        Ok(Captured { entry_id, balance })
    }

    fn raise_expired(
        &mut self,
        hold: &Hold,
        order: &OrderRef,
        context: &mut DecisionContext<'_>,
    ) -> Result<ExceptionId, DecisionError> {
        let account = self.account(hold.account_id)?;
        let (partner_id, available) = (account.partner_id, account.available(context.now)?);
        let id = ExceptionId((context.ids)());
        self.exceptions.push(Exception {
            id,
            dedupe_key: expired_key(hold.id),
            kind: "hold_expired",
            partner_id: Some(partner_id),
            order: order.clone(),
            detail: format!(
                "the order was paid after its hold of {} points ({}) had expired, and {available} points are \
                 available: the discount of {} was given without points",
                hold.points, hold.reward, hold.discount
            ),
        });
        Ok(id)
    }

    /// Gives a hold up.
    ///
    /// # Errors
    /// [`DecisionError::Refused`]: [`Refusal::UnknownHold`], [`Refusal::HoldCaptured`].
    pub fn release(
        &mut self,
        id: HoldId,
        reason: &str,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), DecisionError> {
        let account_id = self.holds.get(&id).ok_or_else(|| Refusal::unknown_hold(id))?.account_id;
        self.settle(account_id, context)?;
        match self.holds.get(&id).ok_or(Missing)?.state {
            HoldState::Captured => return Err(Refusal::HoldCaptured.into()),
            HoldState::Released | HoldState::Expired => return Ok(()),
            HoldState::Open => {}
        }
        self.account_mut(account_id)?.end_hold(id);
        let now = context.now;
        let hold = self.hold_mut(id)?;
        hold.state = HoldState::Released;
        hold.ended_at = Some(now);
        hold.reason = Some(reason.to_owned());
        // What the hold protected from expiring expires now.
        self.settle(account_id, context)?;
        Ok(())
    }

    /// Puts points in or takes them out. It may take more than there is: the rest shows as debt.
    ///
    /// Points that end at a moment come from, and go into, the lot that ends with them. Those whose end has come
    /// already expire at once, and pay no debt on the way: they were worth nothing any more.
    ///
    /// # Errors
    /// [`DecisionError::Refused`]: [`Refusal::Overflow`].
    pub fn adjust(
        &mut self,
        account_id: AccountId,
        correction: &Correction,
        program_versions: &ProgramVersions,
        context: &mut DecisionContext<'_>,
    ) -> Result<(EntryId, Points), DecisionError> {
        self.settle(account_id, context)?;
        let now = context.now;
        if let Some(broken) = program_versions.unreadable_at(now) {
            let (program, version) = (program_versions.code.clone(), broken.number);
            return Err(Refusal::UnreadableProgram { program, version }.into());
        }
        let points = correction.points;
        let version = program_versions.in_force(now).or_else(|| program_versions.latest());
        let expiry =
            correction.expiry.unwrap_or_else(|| version.and_then(|version| version.program.expires_at(now)).into());
        // Checked first, so that a number too large changes nothing.
        self.account(account_id)?.balance().add(points)?;
        let posting = Posting {
            kind: EntryKind::Adjust,
            points,
            occurred_at: now,
            cause: correction.cause(),
            program_version: version.map(|version| version.number),
            sale: None,
            hold_id: None,
            reason: Some(correction.reason.clone()),
            detail: EntryDetail {
                on_behalf_of: correction.on_behalf_of.clone(),
                document_key: correction.cause.as_ref().map(document_key),
                ..EntryDetail::default()
            },
        };
        let entry_id = if points.is_negative() {
            let taken = points.negate()?;
            // Nobody named a lot: the soonest to end goes first.
            let own = correction.expiry.map(|expiry| LotChange { expiry, points: taken });
            let lots = self.account_mut(account_id)?.take(taken, own.as_slice())?;
            self.post(account_id, posting, &lots, context)?
        } else {
            self.bring_in(account_id, posting, &[DepositPart::new(expiry, points)], context)?
        };
        Ok((entry_id, self.account(account_id)?.balance()))
    }
}
