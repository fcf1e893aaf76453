//! The draft that rewards are asked for, and what is left of it to discount.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::discount::{Discount, take_off};
use super::rule::{Limit, Reward, Scope};
use super::{Program, first_instant_of};
use crate::domain::exact::{self, Overflow, cut, sum};
use crate::domain::ids::{HoldId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::{HoldRef, Line, Order};
use crate::domain::points::Points;

/// The draft a reward is asked for, and what stands around it.
#[derive(Clone, Copy, Debug)]
pub struct Basket<'a> {
    /// The draft, dated now.
    pub order: &'a Order,
    /// What the member can spend: balance less holds.
    pub available: Points,
    /// This program's other holds on this same order, open or captured.
    pub holds: &'a [Held],
    /// When the member had which reward, as far as limits ask.
    pub uses: &'a [Use],
    /// Products of rewards that were archived in Odoo.
    pub archived: &'a BTreeSet<ProductId>,
    /// Digits of the order's currency.
    pub currency_decimals: u32,
}

/// A reward that stands on the draft already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its hold, which lines of the draft may carry.
    pub id: HoldId,
    /// What it takes off, zero or more.
    pub discount: Money,
    /// The goods that is for; `None` for all.
    pub covers: Option<Scope>,
    /// The product it gives.
    pub product_id: Option<ProductId>,
    /// How many of that product in the draft it discounts.
    pub covered_quantity: Decimal,
}

/// A reward that a member has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its code.
    pub reward: String,
    /// When it was held.
    pub at: DateTime<Utc>,
}

impl Basket<'_> {
    /// The most that may still come off the order: the program's share of what its goods came to before any reward,
    /// less what the program's other holds take, and never more than is left of the goods, or to pay.
    ///
    /// Tips, gift cards, debts and what takes back another sale are no goods; what gift cards and returns pay is no
    /// longer left to pay. Holds count as they say, whether or not their lines are on the draft yet.
    pub(super) fn room(&self, program: &Program) -> Result<Decimal, Overflow> {
        let lines = &self.order.lines;
        let held = Money::sum(self.holds.iter().map(|held| held.discount))?;
        let of_holds = |line: &Line| line.subtotal_incl.is_negative() && self.is_held(line);
        let left_of = |counts: fn(&Line) -> bool| {
            let counted = lines.iter().filter(|line| counts(line) && !of_holds(line));
            Money::sum(counted.map(|line| line.subtotal_incl))?.sub(held)
        };
        let left = left_of(Line::counts)?.min(left_of(|_| true)?);
        let goods = lines.iter().filter(|line| line.counts() && line.hold.is_none());
        let before_rewards = Money::sum(goods.map(|line| line.subtotal_incl))?;
        let share = exact::mul(before_rewards.decimal(), program.redemption.max_share_of_order.value)?;
        let share_left = exact::sub(share, held.decimal())?;
        Ok(share_left.min(left.decimal()).max(Decimal::ZERO))
    }

    /// Whether the line carries one of [`Basket::holds`].
    fn is_held(&self, line: &Line) -> bool {
        matches!(line.hold, Some(HoldRef::Id(id)) if self.holds.iter().any(|held| held.id == id))
    }

    /// How often the member has had the reward in the days that its limit counts.
    pub(super) fn uses_of(&self, program: &Program, reward: &Reward, limit: Limit) -> u32 {
        let from = limit.days.and_then(|days| counted_from(program, days, self.order.placed_at));
        let counted =
            self.uses.iter().filter(|used| used.reward == reward.code && from.is_none_or(|from| from <= used.at));
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    /// The currency's smallest amount.
    pub(super) fn smallest(&self) -> Decimal {
        Decimal::new(1, self.digits())
    }

    fn digits(&self) -> u32 {
        self.currency_decimals.min(Money::DECIMALS)
    }

    /// Rounded down to the currency.
    pub(super) fn floor(&self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.digits(), RoundingStrategy::ToZero)
    }

    /// Rounded to the currency, halves up, as Odoo rounds a price.
    pub(super) fn rounded(&self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.digits(), RoundingStrategy::MidpointAwayFromZero)
    }
}

/// From when a limit of so many local days counts, today being the last of them.
#[must_use]
pub fn counted_from(program: &Program, days: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = now.with_timezone(&program.timezone).date_naive();
    let first = today.checked_sub_days(Days::new(u64::from(days.saturating_sub(1))))?;
    first_instant_of(first, program.timezone)
}

/// The goods of a draft, and what is left of each for a discount.
pub(super) struct Shelf<'a> {
    /// Positions in the draft.
    positions: Vec<usize>,
    lines: Vec<&'a Line>,
    /// With tax, after vouchers and other discounts, before any reward.
    before: Vec<Decimal>,
    /// After rewards too.
    left: Vec<Decimal>,
}

impl<'a> Shelf<'a> {
    pub fn of(basket: &Basket<'a>) -> Result<Self, Overflow> {
        let mut shelf = Self { positions: Vec::new(), lines: Vec::new(), before: Vec::new(), left: Vec::new() };
        let (mut discounts, mut rewards) = (Vec::new(), Vec::new());
        for (position, line) in basket.order.lines.iter().enumerate() {
            if !line.counts() {
                continue;
            }
            let amount = line.subtotal_incl.decimal();
            let opposite = (amount < Decimal::ZERO) != (line.quantity < Decimal::ZERO) && !amount.is_zero();
            match &line.hold {
                // Ours count as their holds say, whether or not their lines are on the draft yet.
                Some(_) if basket.is_held(line) => {}
                Some(_) => rewards.push(Discount { amount, covers: line.covers.as_deref() }),
                None if opposite => discounts.push(Discount { amount, covers: None }),
                None => {
                    shelf.positions.push(position);
                    shelf.lines.push(line);
                    shelf.before.push(amount);
                }
            }
        }
        take_off(&shelf.lines, &mut shelf.before, &discounts)?;
        for held in basket.holds {
            let amount = exact::sub(Decimal::ZERO, held.discount.decimal())?;
            rewards.push(Discount { amount, covers: held.covers.as_ref() });
        }
        shelf.left.clone_from(&shelf.before);
        take_off(&shelf.lines, &mut shelf.left, &rewards)?;
        Ok(shelf)
    }

    fn worth(&self, amounts: &[Decimal], scope: &Scope) -> Result<Decimal, Overflow> {
        let counted = self.lines.iter().zip(amounts).filter(|(line, _)| scope.covers(line));
        Ok(cut(sum(counted.map(|(_, amount)| *amount))?).max(Decimal::ZERO))
    }

    /// What the goods in scope come to before rewards.
    pub fn before_in(&self, scope: &Scope) -> Result<Decimal, Overflow> {
        self.worth(&self.before, scope)
    }

    /// What rewards have left of the goods in scope.
    pub fn left_in(&self, scope: &Scope) -> Result<Decimal, Overflow> {
        self.worth(&self.left, scope)
    }

    /// The goods sold of one product: position in the draft, line, what is left of it.
    pub fn of_product(&self, product: ProductId) -> impl Iterator<Item = (usize, &'a Line, Decimal)> + '_ {
        let lines = self.positions.iter().zip(&self.lines).zip(&self.left);
        lines
            .filter(move |((_, line), _)| line.product_id == Some(product) && line.quantity > Decimal::ZERO)
            .map(|((position, line), left)| (*position, *line, *left))
    }

    /// `discount` over the goods in scope, by what is left of each. Where it is more than they can bear, over the
    /// draft's other goods too.
    pub fn share(&self, discount: Money, scope: &Scope, basket: &Basket<'_>) -> Result<Vec<(usize, Money)>, Overflow> {
        let goods = self.positions.iter().zip(&self.lines).zip(&self.left);
        let mut weights: Vec<(usize, Decimal)> = goods
            .filter(|((_, line), left)| scope.covers(line) && **left > Decimal::ZERO)
            .map(|((position, _), left)| (*position, *left))
            .collect();
        let reach = sum(weights.iter().map(|(_, left)| *left))?;
        if discount.decimal() > cut(reach) {
            let others = basket.order.lines.iter().enumerate().filter(|(position, line)| {
                line.counts()
                    && line.hold.is_none()
                    && line.subtotal_incl.is_positive()
                    && !weights.iter().any(|(at, _)| at == position)
            });
            let others: Vec<(usize, Decimal)> =
                others.map(|(position, line)| (position, line.subtotal_incl.decimal())).collect();
            weights.extend(others);
        }
        apportion(discount, &weights, basket)
    }
}

/// `total` over `weights` in the currency's smallest amounts: each its part rounded down, and what is left by one
/// smallest amount to those that lost most by the rounding.
pub(super) fn apportion(
    total: Money,
    weights: &[(usize, Decimal)],
    basket: &Basket<'_>,
) -> Result<Vec<(usize, Money)>, Overflow> {
    let whole = sum(weights.iter().map(|(_, weight)| *weight))?;
    if whole.is_zero() || total.is_zero() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut left = total.decimal();
    for (position, weight) in weights {
        let fair = exact::div(exact::mul(total.decimal(), *weight)?, whole)?;
        let part = basket.floor(cut(fair));
        left = exact::sub(left, part)?;
        parts.push((*position, part, exact::sub(fair, part)?));
    }
    let mut by_loss: Vec<usize> = (0..parts.len()).collect();
    by_loss.sort_by_key(|at| parts.get(*at).map(|(_, _, lost)| std::cmp::Reverse(*lost)));
    for at in by_loss {
        let more = left.min(basket.smallest());
        if let Some((_, part, _)) = parts.get_mut(at) {
            *part = exact::add(*part, more)?;
            left = exact::sub(left, more)?;
        }
    }
    parts
        .into_iter()
        .filter(|(_, part, _)| !part.is_zero())
        .map(|(position, part, _)| Ok((position, Money::floor_to(part, Money::DECIMALS)?)))
        .collect()
}
