//! Decisions on the ledger's state: hold, capture, release, adjust. Each either refuses and changes nothing, or
//! changes the state and leaves its trace there.

use chrono::{DateTime, Utc};

use super::account::{Expiry, LotChange};
use super::chain::document_key;
use super::deposit::DepositPart;
use super::entry::{Cause, CauseModel, EntryDetail, EntryKind};
use super::hold::{Hold, HoldState};
use super::state::{DecisionContext, Exception, LedgerState, LedgerStateError, Missing, OrderRef, Posting};
use crate::domain::program::version::ProgramVersions;
use crate::domain::refusal::Refusal;
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{AccountId, EntryId, ExceptionId, HoldId};
use crate::domain::value::points::Points;

mod holding;

pub use holding::{HoldAsk, HoldGranted, version_for};

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

impl From<Overflow> for DecisionError {
    fn from(overflow: Overflow) -> Self {
        Self::Refused(Refusal::Overflow(overflow))
    }
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

/// The key of the exception that says that a hold had expired when its order was paid.
#[must_use]
pub fn expired_key(hold: HoldId) -> String {
    format!("hold_expired/{hold}")
}

impl LedgerState {
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
