//! Paying with points: what any number of them takes off an order, and how many make sense.

use rust_decimal::{Decimal, RoundingStrategy};

use super::basket::Basket;
use super::reward::{NotPriced, Priced, not_applicable};
use crate::domain::refusal::{Reason, Refusal};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// A reward by the point on one order.
pub(super) struct PayWithPoints {
    rate: Decimal,
    available: Points,
    room: Decimal,
    currency_decimals: u32,
}

impl PayWithPoints {
    /// `room` is the most that the order takes.
    pub fn new(basket: &Basket<'_>, rate: Decimal, room: Decimal) -> Self {
        let currency_decimals = basket.currency_decimals.min(Money::DECIMALS);
        Self { rate, available: basket.available, room, currency_decimals }
    }

    fn smallest(&self) -> Decimal {
        Decimal::new(1, self.currency_decimals)
    }

    /// What `points` take off: rounded down to the currency.
    fn worth(&self, points: Decimal) -> Result<Decimal, Overflow> {
        Ok(self.floor(exact::mul(points, self.rate)?))
    }

    fn floor(&self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.currency_decimals, RoundingStrategy::ToZero)
    }

    /// The fewest points that are worth `discount`.
    fn fewest(&self, discount: Decimal) -> Result<Decimal, Overflow> {
        let points = exact::div(discount, self.rate)?;
        Ok(points.round_dp_with_strategy(Points::DECIMALS, RoundingStrategy::AwayFromZero))
    }

    /// The fewest of so many points that take off as much as they can.
    fn most_of(&self, available: Decimal) -> Result<Decimal, Overflow> {
        let all = self.fewest(self.floor(self.room))?;
        if all <= available && self.worth(all)? <= self.room {
            return Ok(all);
        }
        // Either the points do not reach, or a hundredth of one is too much for the last bit.
        let fitting = exact::div(self.room, self.rate)?.min(available);
        let fitting = fitting.round_dp_with_strategy(Points::DECIMALS, RoundingStrategy::ToZero);
        self.fewest(self.worth(fitting)?)
    }

    pub fn most(&self) -> Result<Priced, NotPriced> {
        if self.room < self.smallest() {
            return Err(not_applicable(Reason::OrderTooSmall));
        }
        let points = self.most_of(self.available.decimal().max(Decimal::ZERO))?;
        if points.is_zero() {
            let required = points_of(self.fewest(self.smallest())?)?;
            let refusal = if required > self.available {
                Refusal::InsufficientPoints { available: self.available, required }
            } else {
                Refusal::not_applicable(Reason::OrderTooSmall)
            };
            return Err(refusal.into());
        }
        self.priced(points_of(points)?)
    }

    pub fn exactly(&self, requested: Points) -> Result<Priced, NotPriced> {
        if requested > self.available {
            return Err(Refusal::InsufficientPoints { available: self.available, required: requested }.into());
        }
        if self.room < self.smallest() {
            return Err(not_applicable(Reason::OrderTooSmall));
        }
        let worth = self.worth(requested.decimal())?;
        if worth > self.room {
            let maximum_points = points_of(self.most_of(requested.decimal())?)?;
            let maximum_points = maximum_points.is_positive().then_some(maximum_points);
            return Err(Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points }.into());
        }
        if worth <= Decimal::ZERO {
            return Err(not_applicable(Reason::TooFewPoints));
        }
        self.priced(requested)
    }

    fn priced(&self, points: Points) -> Result<Priced, NotPriced> {
        let discount = Money::floor_to(self.worth(points.decimal())?, self.currency_decimals)?;
        Ok(Priced { points, discount, gift: None })
    }
}

/// Points of a decimal that has no more digits than they have.
fn points_of(value: Decimal) -> Result<Points, Overflow> {
    exact::to_scaled_rounded(value, Points::DECIMALS, RoundingStrategy::AwayFromZero).map(Points::from_e2)
}
