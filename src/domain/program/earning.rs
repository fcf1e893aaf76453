//! What an order earns.
//!
//! An order is one sum. Its *goods* are the lines whose amount and quantity have the same sign: what is sold,
//! and what is taken back without a sale to belong to. Its *discounts* are the lines that only take off: reward
//! lines, vouchers, global discounts. Discounts are spread over the goods sold, by amount, so that a rule for
//! some of the goods sees its share of them, whatever product the discount line itself carries. What is taken
//! back counts by its own product. No rule sees less than zero.
//!
//! An order whose goods come to less than nothing (a refund that names no sale, as Odoo 14 makes them) is
//! mirrored: it loses exactly what the opposite order would earn.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::number::{decimal_text, points_text};
use super::rule::{Base, Rounding, Rule, RuleKind, Step};
use super::{Applies, Program};
use crate::domain::exact::{self, Overflow};
use crate::domain::ids::{LineId, ProductId};
use crate::domain::order::{Line, LineRole, Order};
use crate::domain::points::Points;

/// Digits that are kept of a division that does not end, once its parts are summed. Amounts have 4 digits and
/// divisions are made to 28, so thirds that sum to a whole do so here, and no whole is made of less.
const KEPT_DIGITS: u32 = 12;

/// What an order earns in one program, and why: enough to compute it again by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Earned {
    /// The total, rounded. Negative for an order that is a return.
    #[serde(serialize_with = "points_text")]
    pub points: Points,
    /// The total before rounding, the sum of the lines' points.
    #[serde(serialize_with = "decimal_text")]
    pub total_before_rounding: Decimal,
    /// How it was rounded, once.
    pub rounding: Rounding,
    /// To how many decimals.
    pub decimals: u32,
    /// What each line brought under each rule, in the order of the rules, then of the lines.
    pub lines: Vec<EarnedLine>,
}

/// What one line brought under one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarnedLine {
    /// Its position in the order, from 0.
    pub line: usize,
    /// `pos.order.line.id`; `None` in a draft.
    pub line_id: Option<LineId>,
    /// The product sold.
    pub product_id: Option<ProductId>,
    /// The rule's code.
    pub rule: String,
    /// What the rule saw of it: the amount after its share of the discounts, or for `per_unit` the quantity.
    #[serde(serialize_with = "decimal_text")]
    pub base: Decimal,
    /// Its part of the rule's points, before rounding.
    #[serde(serialize_with = "decimal_text")]
    pub points: Decimal,
}

/// What `order` earns in `program`, less what refunds took back: `taken_back` is, per line, the quantity that
/// refunds have returned so far (0 or more; more than was sold counts as all of it).
///
/// The same code quotes a draft and posts a paid order. State and customer are the caller's to check, and so
/// is one thing more: **lines that were matched with the sale they refund must not be in `order`**, for they
/// count there, in its `taken_back`. An unmatched one counts here, alone. A program that does not apply
/// ([`Program::applies_to`]) earns nothing.
///
/// # Errors
/// [`Overflow`] when numbers grow past what can be kept exactly.
pub fn earn(program: &Program, order: &Order, taken_back: &BTreeMap<LineId, Decimal>) -> Result<Earned, Overflow> {
    let mut lines = Vec::new();
    let mut total = Decimal::ZERO;
    if program.applies_to(order) == Applies::Yes {
        let goods = Goods::of(order, program.earning.base, taken_back)?;
        for rule in program.earning.rules.iter().filter(|rule| rule.holds_for(order, program.timezone)) {
            let earned = goods.earn(rule)?;
            total = exact::add(total, sum(earned.iter().map(|line| line.points))?)?;
            lines.extend(earned);
        }
    }
    let strategy = match program.earning.rounding {
        Rounding::Down => RoundingStrategy::ToZero,
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::Up => RoundingStrategy::AwayFromZero,
    };
    let rounded = total.round_dp_with_strategy(program.earning.decimals, strategy);
    Ok(Earned {
        points: Points::from_e2(exact::to_scaled_rounded(rounded, Points::DECIMALS, strategy)?),
        total_before_rounding: total,
        rounding: program.earning.rounding,
        decimals: program.earning.decimals,
        lines,
    })
}

/// A line of goods, as rules see it. In a mirrored order the signs are the opposite of the order's.
struct Good<'a> {
    index: usize,
    line: &'a Line,
    /// After its share of the discounts.
    amount: Decimal,
    quantity: Decimal,
}

/// The goods of an order, net of discounts.
struct Goods<'a> {
    all: Vec<Good<'a>>,
    /// The whole order's eligible amount.
    eligible: Decimal,
    /// −1 for an order that is a return.
    sign: Decimal,
}

impl<'a> Goods<'a> {
    fn of(order: &'a Order, base: Base, taken_back: &BTreeMap<LineId, Decimal>) -> Result<Self, Overflow> {
        let mut all = Vec::new();
        let mut discounts = Decimal::ZERO;
        for (index, line) in order.lines.iter().enumerate() {
            if line.role == LineRole::Neutral || line.product_id.is_none() {
                continue;
            }
            let taken = line.id.and_then(|id| taken_back.get(&id)).copied().unwrap_or_default();
            let Remaining { amount, quantity } = Remaining::of(line, base, taken)?;
            let opposite = (amount < Decimal::ZERO) != (quantity < Decimal::ZERO) && !amount.is_zero();
            if line.hold.is_none() && !opposite {
                all.push(Good { index, line, amount, quantity });
            } else if opposite || amount < Decimal::ZERO {
                discounts = exact::add(discounts, amount)?;
            }
            // What is left is a product that a hold pays for: it neither earns nor reduces.
        }
        let worth = sum(all.iter().map(|good| good.amount))?;
        let sign = if worth < Decimal::ZERO { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        for good in &mut all {
            good.amount = exact::mul(good.amount, sign)?;
            good.quantity = exact::mul(good.quantity, sign)?;
        }
        spread_discounts(&mut all, exact::mul(discounts, sign)?)?;
        let eligible = cut(sum(all.iter().map(|good| good.amount))?).max(Decimal::ZERO);
        Ok(Self { all, eligible, sign })
    }

    /// What `rule` pays for these goods, line by line; nothing when it pays nothing.
    fn earn(&self, rule: &Rule) -> Result<Vec<EarnedLine>, Overflow> {
        let seen: Vec<&Good<'_>> = self.all.iter().filter(|good| rule.scope.covers(good.line)).collect();
        let amount = sum(seen.iter().map(|good| good.amount))?;
        let quantity = sum(seen.iter().map(|good| good.quantity))?;
        let too_small = rule.min_order_amount.as_ref().is_some_and(|least| self.eligible < least.value.decimal());
        let too_few = rule.min_quantity.as_ref().is_some_and(|least| quantity < least.value);
        if too_small || too_few {
            return Ok(Vec::new());
        }
        let (total, bases): (Decimal, Vec<Decimal>) = match &rule.kind {
            RuleKind::PerAmount { every, points, step } => {
                let (every, points) = (every.value.decimal(), points.value.decimal());
                let total = match step {
                    Step::Whole => exact::mul(exact::div(cut(amount), every)?.floor(), points)?,
                    Step::Prorata => exact::div(exact::mul(amount, points)?, every)?,
                };
                (total, seen.iter().map(|good| good.amount).collect())
            }
            RuleKind::PerUnit { points } => {
                (exact::mul(quantity, points.value.decimal())?, seen.iter().map(|good| good.quantity).collect())
            }
            // Refused by `not_computed_yet`.
            RuleKind::PerOrder { .. } | RuleKind::Multiplier { .. } => return Ok(Vec::new()),
        };
        if total <= Decimal::ZERO {
            return Ok(Vec::new());
        }
        let shares = spread(cut(total), &bases)?;
        let lines = seen.iter().zip(bases).zip(shares);
        lines.map(|((good, base), points)| self.line(rule, good, base, points)).collect()
    }

    fn line(&self, rule: &Rule, good: &Good<'_>, base: Decimal, points: Decimal) -> Result<EarnedLine, Overflow> {
        Ok(EarnedLine {
            line: good.index,
            line_id: good.line.id,
            product_id: good.line.product_id,
            rule: rule.code.clone(),
            base: exact::mul(cut(base), self.sign)?,
            points: exact::mul(points, self.sign)?,
        })
    }
}

/// What refunds have left of a line.
struct Remaining {
    amount: Decimal,
    quantity: Decimal,
}

impl Remaining {
    fn of(line: &Line, base: Base, taken: Decimal) -> Result<Self, Overflow> {
        let amount = match base {
            Base::TaxIncluded => line.subtotal_incl,
            Base::TaxExcluded => line.subtotal,
        }
        .decimal();
        if taken <= Decimal::ZERO || line.quantity <= Decimal::ZERO {
            return Ok(Self { amount, quantity: line.quantity });
        }
        let quantity = exact::sub(line.quantity, taken)?.max(Decimal::ZERO);
        // Multiplied before it is divided: two of three at 30.00 are 20.00, not 20.00 less a trace.
        Ok(Self { amount: exact::div(exact::mul(amount, quantity)?, line.quantity)?, quantity })
    }
}

/// Takes `discounts` off the goods sold, by amount. They never add; and where they are more than the goods are
/// worth, every good is below zero, and no rule sees that.
fn spread_discounts(goods: &mut [Good<'_>], discounts: Decimal) -> Result<(), Overflow> {
    let sold = |good: &&mut Good<'_>| good.amount > Decimal::ZERO;
    let amounts: Vec<Decimal> = goods.iter_mut().filter(sold).map(|good| good.amount).collect();
    let shares = spread(discounts.min(Decimal::ZERO), &amounts)?;
    for (good, share) in goods.iter_mut().filter(sold).zip(shares) {
        good.amount = exact::add(good.amount, share)?;
    }
    Ok(())
}

/// `total` over `weights`, in proportion; the last one that weighs takes what is left, so that the parts sum
/// to `total` to the last digit.
fn spread(total: Decimal, weights: &[Decimal]) -> Result<Vec<Decimal>, Overflow> {
    let whole = sum(weights.iter().copied())?;
    let last = weights.iter().rposition(|weight| !weight.is_zero());
    let mut left = total;
    let mut parts = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let part = if Some(index) == last { left } else { cut(exact::div(exact::mul(total, *weight)?, whole)?) };
        left = exact::sub(left, part)?;
        parts.push(part);
    }
    Ok(parts)
}

/// `value` to [`KEPT_DIGITS`].
fn cut(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(KEPT_DIGITS, RoundingStrategy::MidpointAwayFromZero)
}

fn sum(values: impl IntoIterator<Item = Decimal>) -> Result<Decimal, Overflow> {
    values.into_iter().try_fold(Decimal::ZERO, exact::add)
}
