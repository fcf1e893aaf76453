//! A hold that takes the place of another on the same order, because the order changed.

use chrono::{DateTime, Utc};

use super::account::CarriedProtection;
use super::decide::DecisionError;
use super::hold::HoldState;
use super::state::{DecisionContext, LedgerState, Missing};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::{HoldRef, Order};
use crate::domain::value::ids::{AccountId, HoldId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// What the hold that is to be replaced leaves to the new one.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct Replaced {
    pub id: HoldId,
    account_id: AccountId,
    pub expires_at: DateTime<Utc>,
    /// What the new hold's account has more without it; nothing when it is of another account.
    pub frees: Points,
    /// How many of those are past their end and were kept by it alone.
    protected: Points,
    /// When the first of the holds that followed one another was made.
    good_at: DateTime<Utc>,
    is_own: bool,
}

impl Replaced {
    /// How many open holds of the new hold's account it makes room for.
    pub const fn open_here(&self) -> usize {
        if self.is_own { 1 } else { 0 }
    }

    /// What a new hold of so many points protects for it.
    pub fn carried_by(&self, points: Points) -> Option<CarriedProtection> {
        let kept = self.protected.min(points);
        kept.is_positive().then_some(CarriedProtection { points: kept, good_at: self.good_at })
    }

    /// Its own lines count for nothing. They stay where they are: other lines are known by their position.
    pub fn leave_out(&self, order: &mut Order) {
        for line in order.lines.iter_mut().filter(|line| line.hold == Some(HoldRef::Id(self.id))) {
            line.quantity = rust_decimal::Decimal::ZERO;
            line.subtotal = Money::ZERO;
            line.subtotal_incl = Money::ZERO;
        }
    }
}

impl LedgerState {
    /// The hold that one for this order and account is to replace.
    ///
    /// # Errors
    /// [`DecisionError::Refused`] unless it is an open hold of the same order.
    pub(in crate::domain) fn replaceable(
        &mut self,
        id: HoldId,
        order_uuid: &str,
        account_id: AccountId,
        context: &mut DecisionContext<'_>,
    ) -> Result<Replaced, DecisionError> {
        let owner = self.holds.get(&id).ok_or_else(|| Refusal::unknown_hold(id))?.account_id;
        self.settle(owner, context)?;
        let hold = self.holds.get(&id).ok_or(Missing)?;
        if hold.order_uuid != order_uuid {
            return Err(Refusal::HoldOfOtherOrder.into());
        }
        match hold.state {
            HoldState::Open => {}
            HoldState::Captured => return Err(Refusal::HoldCaptured.into()),
            HoldState::Released => return Err(Refusal::HoldReleased.into()),
            HoldState::Expired => return Err(Refusal::ReplacedHoldExpired.into()),
        }
        let is_own = owner == account_id;
        let (frees, protected) = if is_own {
            (hold.points, self.account(owner)?.protected_by(id, context.now)?)
        } else {
            (Points::ZERO, Points::ZERO)
        };
        let good_at = hold.carried.map_or(hold.created_at, |carried| carried.good_at);
        Ok(Replaced { id, account_id: owner, expires_at: hold.expires_at, frees, protected, good_at, is_own })
    }

    /// Ends the hold that `by` has taken the place of.
    pub(in crate::domain) fn end_replaced(
        &mut self,
        old: &Replaced,
        by: HoldId,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), DecisionError> {
        self.account_mut(old.account_id)?.end_hold(old.id);
        let now = context.now;
        let hold = self.hold_mut(old.id)?;
        hold.state = HoldState::Released;
        hold.ended_at = Some(now);
        hold.reason = Some(format!("replaced by {by}"));
        // What it protected from expiring, and the new one does not, expires now.
        self.settle(old.account_id, context)?;
        Ok(())
    }
}
