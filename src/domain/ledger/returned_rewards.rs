//! Which part of a reward its order has taken back: the reward lines that refunds name.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::converge::taken_back;
use super::hold::Hold;
use crate::domain::sale::order::{HoldRef, Line, Order};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::HoldId;
use crate::domain::value::points::Points;

/// How much of a hold's reward lines came back. Lines weigh by amount, or by quantity where they cost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnedReward {
    returned: Decimal,
    whole: Decimal,
}

impl ReturnedReward {
    /// The points of the hold that go back to its member, in all, rounded down.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn points_of(&self, hold: &Hold) -> Result<Points, Overflow> {
        if self.whole.is_zero() {
            return Ok(Points::ZERO);
        }
        let points = exact::div(exact::mul(hold.points.decimal(), self.returned)?, self.whole)?;
        Ok(Points::from_e2(exact::to_scaled_rounded(points, Points::DECIMALS, RoundingStrategy::ToZero)?))
    }
}

/// What `refunds` take back of each reward on an order, by its hold; also of rewards of which nothing came back.
///
/// # Errors
/// [`Overflow`]
pub fn returned_rewards(order: &Order, refunds: &[Line]) -> Result<BTreeMap<HoldId, ReturnedReward>, Overflow> {
    let taken = taken_back(refunds)?;
    let mut found: BTreeMap<HoldId, ReturnedReward> = BTreeMap::new();
    for line in &order.lines {
        let (Some(HoldRef::Id(hold)), Some(id)) = (&line.hold, line.id) else { continue };
        let returned = taken.get(&id).copied().unwrap_or_default().quantity.min(line.quantity.abs());
        let weight = if line.subtotal_incl.is_zero() { Decimal::ONE } else { line.subtotal_incl.decimal().abs() };
        let part = if line.quantity.is_zero() {
            Decimal::ZERO
        } else {
            exact::div(exact::mul(weight, returned)?, line.quantity.abs())?
        };
        let share = found.entry(*hold).or_default();
        *share =
            ReturnedReward { returned: exact::add(share.returned, part)?, whole: exact::add(share.whole, weight)? };
    }
    Ok(found)
}
