//! The draft that rewards are asked for, and what is left of it to discount.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::discount::{Discount, take_off};
use super::rule::{Reward, RewardLimit};
use super::{Program, first_instant_of};
use crate::domain::catalog::scope::Scope;
use crate::domain::ledger::hold::LineShare;
use crate::domain::sale::order::{HoldRef, Line, Order};
use crate::domain::value::exact::{self, Overflow, cut, sum};
use crate::domain::value::ids::{HoldId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// The draft a reward is asked for, and what stands around it.
#[derive(Clone, Copy, Debug)]
pub struct Basket<'a> {
    /// The draft, dated now.
    pub order: &'a Order,
    /// What the member can spend: balance less holds.
    pub available: Points,
    /// The other holds on this same order, open or captured, of whatever program and member: they share its goods.
    pub holds: &'a [HeldReward],
    /// When the member had which reward, as far as limits ask.
    pub uses: &'a [Use],
    /// Products of rewards that were archived in Odoo.
    pub archived: &'a BTreeSet<ProductId>,
    /// Digits of the order's currency.
    pub currency_decimals: u32,
}

/// A reward that stands on the draft already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReward {
    /// Its hold, which lines of the draft may carry.
    pub id: HoldId,
    /// Whether it is of the same member and program: its share of the order is one.
    pub is_own: bool,
    /// What it takes off, zero or more.
    pub discount: Money,
    /// What of that it takes off which line; empty where that was not kept.
    pub lines: Vec<LineShare>,
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
    /// Whether the line carries one of [`Basket::holds`].
    fn is_held(&self, line: &Line) -> bool {
        matches!(line.hold, Some(HoldRef::Id(id)) if self.holds.iter().any(|held| held.id == id))
    }

    /// How often the member has had the reward in the days that its limit counts.
    pub(super) fn uses_of(&self, program: &Program, reward: &Reward, limit: RewardLimit) -> u32 {
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
pub(super) struct DiscountableGoods<'a> {
    /// Positions in the draft.
    positions: Vec<usize>,
    lines: Vec<&'a Line>,
    /// With tax, after vouchers and other discounts, before any reward.
    before: Vec<Decimal>,
    /// What each can still bear, in the currency's amounts: after vouchers, other discounts and rewards.
    left: Vec<Decimal>,
    /// What of that difference is for rewards that give no product, as far as their holds say which line bears it.
    reduced: Vec<Decimal>,
}

/// How much of a sum one line should bear, by its weight, and the most that it can.
pub(super) struct Bearer {
    pub weight: Decimal,
    pub most: Decimal,
}

impl<'a> DiscountableGoods<'a> {
    /// Holds take off what they said they would, line by line, whether or not their own lines are on the draft yet.
    /// What a line cannot bear any more (it was changed since), the goods that the hold is for bear, and then all.
    pub fn of(basket: &Basket<'a>) -> Result<Self, Overflow> {
        let mut discountable = Self {
            positions: Vec::new(),
            lines: Vec::new(),
            before: Vec::new(),
            left: Vec::new(),
            reduced: Vec::new(),
        };
        let (mut discounts, mut rests) = (Vec::new(), Vec::new());
        for (position, line) in basket.order.lines.iter().enumerate() {
            if !line.counts() {
                continue;
            }
            let amount = line.subtotal_incl.decimal();
            let opposite = (amount < Decimal::ZERO) != (line.quantity < Decimal::ZERO) && !amount.is_zero();
            match &line.hold {
                Some(_) if basket.is_held(line) => {}
                // Of a hold that ended, or that nobody knows: what it says is off the order.
                Some(_) => rests.push((exact::sub(Decimal::ZERO, amount)?, line.covers.as_deref())),
                None if opposite => discounts.push(Discount { amount, covers: None }),
                None => {
                    discountable.positions.push(position);
                    discountable.lines.push(line);
                    discountable.before.push(amount);
                }
            }
        }
        discountable.left.clone_from(&discountable.before);
        discountable.reduced = vec![Decimal::ZERO; discountable.lines.len()];
        take_off(&discountable.lines, &mut discountable.before, &discounts)?;
        for discount in discounts {
            discountable.bear(exact::sub(Decimal::ZERO, discount.amount)?, None, basket)?;
        }
        for held in basket.holds {
            rests.push((discountable.bear_as_said(held)?, held.covers.as_ref()));
        }
        // Those for some of the goods first: they cannot go elsewhere.
        rests.sort_by_key(|(_, covers)| covers.is_none());
        let mut of_all = Decimal::ZERO;
        for (rest, covers) in rests {
            let borne = if covers.is_some() { discountable.bear(rest, covers, basket)? } else { Decimal::ZERO };
            of_all = exact::add(of_all, exact::sub(rest.max(Decimal::ZERO), borne)?)?;
        }
        discountable.bear(of_all, None, basket)?;
        Ok(discountable)
    }

    /// Takes a hold's shares off their lines; returns what they could not bear.
    fn bear_as_said(&mut self, held: &HeldReward) -> Result<Decimal, Overflow> {
        let mut rest = held.discount.decimal();
        for share in &held.lines {
            let is_it = |(position, line): (&usize, &&Line)| match &share.uuid {
                Some(uuid) => line.uuid.as_ref() == Some(uuid),
                None => *position == share.position && line.product_id == share.product_id,
            };
            let Some(at) = self.positions.iter().zip(&self.lines).position(is_it) else { continue };
            let Some(left) = self.left.get_mut(at) else { continue };
            let here = share.off.decimal().min(*left).min(rest).max(Decimal::ZERO);
            *left = exact::sub(*left, here)?;
            rest = exact::sub(rest, here)?;
            if let (None, Some(reduced)) = (held.product_id, self.reduced.get_mut(at)) {
                *reduced = exact::add(*reduced, here)?;
            }
        }
        Ok(rest)
    }

    /// Takes as much of `amount` as they can bear off the goods sold that are covered, by what is left of each; returns
    /// how much that was.
    fn bear(&mut self, amount: Decimal, covers: Option<&Scope>, basket: &Basket<'_>) -> Result<Decimal, Overflow> {
        let covered = |line: &Line| covers.is_none_or(|scope| scope.covers(line));
        let bearers: Vec<Bearer> = self
            .lines
            .iter()
            .zip(&self.left)
            .map(|(line, left)| if covered(line) { left.max(&Decimal::ZERO) } else { &Decimal::ZERO })
            .map(|most| Bearer { weight: *most, most: *most })
            .collect();
        let borne = amount.min(sum(bearers.iter().map(|bearer| bearer.most))?).max(Decimal::ZERO);
        for (left, part) in self.left.iter_mut().zip(apportion(borne, &bearers, basket)?) {
            *left = exact::sub(*left, part)?;
        }
        Ok(borne)
    }

    /// The most that may still come off: the program's share of the goods before any reward, less what its own holds
    /// take; never more than all holds have left of the goods, and never more than is left to pay.
    ///
    /// Tips, gift cards, debts and what takes back another sale are no goods; what gift cards and returns pay is no
    /// longer left to pay.
    pub fn room(&self, program: &Program, basket: &Basket<'_>) -> Result<Decimal, Overflow> {
        let own = Money::sum(basket.holds.iter().filter(|held| held.is_own).map(|held| held.discount))?;
        let all = Money::sum(basket.holds.iter().map(|held| held.discount))?;
        let of_holds = |line: &Line| line.subtotal_incl.is_negative() && basket.is_held(line);
        let lines = basket.order.lines.iter().filter(|line| !of_holds(line));
        let left_to_pay = Money::sum(lines.map(|line| line.subtotal_incl))?.sub(all)?;
        let goods = self.before_in(&Scope::default())?;
        let share = exact::mul(goods, program.redemption.max_share_of_order.value)?;
        let share_left = exact::sub(share, own.decimal())?;
        let left = self.left_in(&Scope::default())?;
        Ok(share_left.min(left_to_pay.decimal()).min(left).max(Decimal::ZERO))
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

    /// What rewards that give no product take off the line at a position of the draft.
    pub fn reduced_at(&self, position: usize) -> Decimal {
        let found = self.positions.iter().zip(&self.reduced).find(|(at, _)| **at == position);
        found.map_or(Decimal::ZERO, |(_, reduced)| *reduced)
    }

    /// The goods sold of one product: position in the draft, line, what is left of it.
    pub fn of_product(&self, product: ProductId) -> impl Iterator<Item = (usize, &'a Line, Decimal)> + '_ {
        let lines = self.positions.iter().zip(&self.lines).zip(&self.left);
        lines
            .filter(move |((_, line), _)| line.product_id == Some(product) && line.quantity > Decimal::ZERO)
            .map(|((position, line), left)| (*position, *line, *left))
    }

    /// The parts of a combo that are left: position in the draft, line, what is left of it.
    pub fn parts_of(&self, combo: &'a Line) -> impl Iterator<Item = (usize, &'a Line, Decimal)> + '_ {
        let lines = self.positions.iter().zip(&self.lines).zip(&self.left);
        lines
            .filter(move |((_, line), _)| line.is_part_of(combo))
            .map(|((position, line), left)| (*position, *line, *left))
    }

    /// `discount` over the goods in scope, by what is left of each; none bears more than that.
    pub fn share(&self, discount: Money, scope: &Scope, basket: &Basket<'_>) -> Result<Vec<(usize, Money)>, Overflow> {
        self.share_by(&self.left, discount, scope, basket)
    }

    /// A percentage takes the same part of each of its goods, whatever other rewards stand beside it, as far as they
    /// have it left.
    pub fn share_evenly(
        &self,
        discount: Money,
        scope: &Scope,
        basket: &Basket<'_>,
    ) -> Result<Vec<(usize, Money)>, Overflow> {
        self.share_by(&self.before, discount, scope, basket)
    }

    fn share_by(
        &self,
        weights: &[Decimal],
        discount: Money,
        scope: &Scope,
        basket: &Basket<'_>,
    ) -> Result<Vec<(usize, Money)>, Overflow> {
        let goods = self.positions.iter().zip(&self.lines).zip(self.left.iter().zip(weights));
        let bearing: Vec<(usize, Bearer)> = goods
            .filter(|((_, line), (left, _))| scope.covers(line) && **left > Decimal::ZERO)
            .map(|((position, _), (left, weight))| (*position, Bearer { weight: *weight, most: *left }))
            .collect();
        shares_of(discount, bearing, basket)
    }
}

/// What each bearer bears of `discount`, by its position in the draft.
pub(super) fn shares_of(
    discount: Money,
    bearing: Vec<(usize, Bearer)>,
    basket: &Basket<'_>,
) -> Result<Vec<(usize, Money)>, Overflow> {
    let (positions, bearers): (Vec<usize>, Vec<Bearer>) = bearing.into_iter().unzip();
    let parts = apportion(discount.decimal(), &bearers, basket)?;
    let borne = positions.into_iter().zip(parts).filter(|(_, part)| !part.is_zero());
    borne.map(|(position, part)| Ok((position, Money::floor_to(part, Money::DECIMALS)?))).collect()
}

/// `total` by weight in the currency's smallest amounts: each its part rounded down, and what is left by one smallest
/// amount to those that lost most by the rounding. Nobody bears more than it can: what none can bear is left out.
fn apportion(total: Decimal, bearers: &[Bearer], basket: &Basket<'_>) -> Result<Vec<Decimal>, Overflow> {
    let mut parts = vec![Decimal::ZERO; bearers.len()];
    let whole = sum(bearers.iter().map(|bearer| bearer.weight))?;
    if whole.is_zero() || total <= Decimal::ZERO {
        return Ok(parts);
    }
    let mut left = total;
    let mut by_loss = Vec::with_capacity(bearers.len());
    for (at, (bearer, part)) in bearers.iter().zip(&mut parts).enumerate() {
        let fair = exact::div(exact::mul(total, bearer.weight)?, whole)?;
        *part = basket.floor(cut(fair)).min(bearer.most);
        left = exact::sub(left, *part)?;
        by_loss.push((std::cmp::Reverse(exact::sub(fair, *part)?), at));
    }
    by_loss.sort_unstable();
    let mut stuck = false;
    while left > Decimal::ZERO && !stuck {
        stuck = true;
        for (_, at) in &by_loss {
            let (Some(bearer), Some(part)) = (bearers.get(*at), parts.get_mut(*at)) else { continue };
            let more = left.min(basket.smallest()).min(exact::sub(bearer.most, *part)?);
            if more > Decimal::ZERO && !bearer.weight.is_zero() {
                *part = exact::add(*part, more)?;
                left = exact::sub(left, more)?;
                stuck = false;
            }
        }
    }
    Ok(parts)
}
