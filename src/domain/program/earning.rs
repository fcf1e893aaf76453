//! What an order earns.
//!
//! An order is one sum. Its *goods* are the lines whose amount and quantity have the same sign: what is sold,
//! and what is taken back without a sale to belong to. Its *discounts* are the lines that only take off: reward
//! lines, vouchers, global discounts. They are taken off the goods by [`super::discount`], so that a rule for
//! some of the goods sees its share of them, whatever product the discount line itself carries. What is taken
//! back counts by its own product. No rule sees less than zero. Units that a reward gives for nothing are no units
//! bought: whether a gift was in the order before or is added by the reward, it earns nothing. What a reward gives at a
//! price earns what was paid for it, likewise.
//!
//! Each rule has a total and a weight for each line: its amount, or for `per_unit` its quantity. Multipliers
//! make a line weigh more, and the total with it; so a multiplier for some lines works on the share of its lines.
//!
//! A refund takes back money and units, each by itself: what was paid back may be less than what it was sold for.
//! Amounts follow the money kept, quantities the units kept. Of a combo the parts bring the amounts, its own line the
//! units ([`Scope::counts_units_of`]).
//!
//! An order whose goods come to less than nothing (a refund that names no sale, as Odoo 14 makes them) is
//! mirrored: it loses exactly what the opposite order would earn.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::discount::{Discount, spread, take_off};
use super::rule::{Base, Rounding, Rule, RuleKind, Stacking, Step};
use super::{Applicability, Program};
use crate::domain::catalog::scope::Scope;
use crate::domain::sale::order::{Line, Order};
use crate::domain::sale::refund::{Returned, TakenBack};
use crate::domain::value::as_text;
use crate::domain::value::exact::{self, Overflow, cut, sum};
use crate::domain::value::ids::{LineId, ProductId};
use crate::domain::value::points::Points;

/// What an order earns in one program, and why: enough to compute it again by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Earned {
    /// The total, rounded. Negative for an order that is a return.
    pub points: Points,
    /// The total before rounding, the sum of the lines' points.
    #[serde(serialize_with = "as_text::serialize_decimal")]
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
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub base: Decimal,
    /// Its part of the rule's points, multiplied, before rounding.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub points: Decimal,
    /// What multipliers made of each of its points; 1 without any.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub factor: Decimal,
    /// The codes of the multipliers that made the factor.
    pub multipliers: Vec<String>,
}

/// What `order` earns in `program`, less what refunds took back of its lines so far (more than was sold counts as all
/// of it).
///
/// The same code quotes a draft and posts a paid order. State and customer are the caller's to check. Lines that take
/// back a line of a sale count there, in its `taken_back`, and not here; one that names no sale counts here, alone. A
/// program that does not apply ([`Program::applies_to`]) earns nothing.
///
/// # Errors
/// [`Overflow`] when numbers grow past what can be kept exactly.
pub fn earn(program: &Program, order: &Order, taken_back: &TakenBack) -> Result<Earned, Overflow> {
    let (total, lines) = if program.applies_to(order) == Applicability::Yes {
        Goods::of(order, program, taken_back)?.earn_all()?
    } else {
        (Decimal::ZERO, Vec::new())
    };
    let strategy = match program.earning.rounding {
        Rounding::Down => RoundingStrategy::ToZero,
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::Up => RoundingStrategy::AwayFromZero,
    };
    let rounded = total.round_dp_with_strategy(program.earning.decimals, strategy);
    // Like every number of points that comes from outside: entries and lots are read back as such.
    if rounded.abs() >= exact::MAGNITUDE_LIMIT {
        return Err(Overflow);
    }
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
    factor: Decimal,
    multipliers: Vec<&'a str>,
}

impl Good<'_> {
    /// How many units of it a scope sees.
    fn units_in(&self, scope: &Scope) -> Decimal {
        if scope.counts_units_of(self.line) { self.quantity } else { Decimal::ZERO }
    }
}

/// The goods of an order, net of discounts, and the rules that hold for it.
struct Goods<'a> {
    all: Vec<Good<'a>>,
    rules: Vec<&'a Rule>,
    /// The whole order's eligible amount.
    eligible: Decimal,
    /// −1 for an order that is a return.
    sign: Decimal,
}

/// What one rule pays.
struct Paid<'a> {
    rule: &'a Rule,
    /// Multiplied, with all digits.
    total: Decimal,
    /// The lines it saw: position in [`Goods::all`], what it saw of each, and how much of the total is its.
    lines: Vec<(usize, Decimal, Decimal)>,
}

impl<'a> Goods<'a> {
    fn of(order: &'a Order, program: &'a Program, taken_back: &TakenBack) -> Result<Self, Overflow> {
        let mut all = Vec::new();
        let mut discounts = Vec::new();
        let mut gifts = Vec::new();
        for (index, line) in order.lines.iter().enumerate() {
            if !line.counts() {
                continue;
            }
            let taken = line.id.and_then(|id| taken_back.get(&id)).copied().unwrap_or_default();
            let Remaining { amount, quantity } =
                Remaining::of(line, program.earning.base, taken, smallest_coin(&program.currency))?;
            let opposite = (amount < Decimal::ZERO) != (quantity < Decimal::ZERO) && !amount.is_zero();
            // A product that a hold gives at a price was paid for like any other.
            let is_paid_gift = line.subtotal_incl.is_positive() && line.quantity > Decimal::ZERO;
            if (line.hold.is_none() && !opposite) || (line.hold.is_some() && is_paid_gift) {
                all.push(Good { index, line, amount, quantity, factor: Decimal::ONE, multipliers: Vec::new() });
            } else if opposite || amount < Decimal::ZERO {
                discounts.push(Discount { amount, covers: line.covers.as_deref() });
                if let (Some(scope), true) = (line.covers.as_deref(), line.gives > Decimal::ZERO) {
                    // As much as refunds have left of the reward line.
                    gifts.push((scope, exact::div(exact::mul(line.gives, quantity)?, line.quantity)?));
                }
            }
            // What is left is a product that a hold gives for nothing: it neither earns nor reduces.
        }
        let worth = sum(all.iter().map(|good| good.amount))?;
        let sign = if worth < Decimal::ZERO { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        for good in &mut all {
            good.amount = exact::mul(good.amount, sign)?;
            good.quantity = exact::mul(good.quantity, sign)?;
        }
        for discount in &mut discounts {
            discount.amount = exact::mul(discount.amount, sign)?;
        }
        let lines: Vec<&Line> = all.iter().map(|good| good.line).collect();
        let mut amounts: Vec<Decimal> = all.iter().map(|good| good.amount).collect();
        take_off(&lines, &mut amounts, &discounts)?;
        for (good, amount) in all.iter_mut().zip(amounts) {
            good.amount = amount;
        }
        take_gifts(&mut all, &gifts)?;
        let eligible = cut(sum(all.iter().map(|good| good.amount))?).max(Decimal::ZERO);
        let rules: Vec<&Rule> =
            program.earning.rules.iter().filter(|rule| rule.holds_for(order, program.timezone)).collect();
        let mut goods = Self { all, rules, eligible, sign };
        goods.multiply(program.earning.stacking)?;
        Ok(goods)
    }

    /// Notes what the multipliers make of each line's points.
    fn multiply(&mut self, stacking: Stacking) -> Result<(), Overflow> {
        for rule in self.rules.clone() {
            let RuleKind::Multiplier { factor } = &rule.kind else { continue };
            let seen = self.seen_by(rule);
            if !self.has_enough(rule, &seen)? {
                continue;
            }
            for position in seen {
                let Some(good) = self.all.get_mut(position) else { continue };
                match stacking {
                    Stacking::Multiply => {
                        good.factor = exact::mul(good.factor, factor.value)?;
                        good.multipliers.push(&rule.code);
                    }
                    Stacking::Highest if good.multipliers.is_empty() || factor.value > good.factor => {
                        good.factor = factor.value;
                        good.multipliers = vec![&rule.code];
                    }
                    Stacking::Highest => {}
                }
            }
        }
        Ok(())
    }

    /// The positions of the lines in the rule's scope.
    fn seen_by(&self, rule: &Rule) -> Vec<usize> {
        self.all.iter().enumerate().filter(|(_, good)| rule.scope.covers(good.line)).map(|(at, _)| at).collect()
    }

    fn good(&self, position: usize) -> Result<&Good<'a>, Overflow> {
        // Positions come from `seen_by`, so there always is one.
        self.all.get(position).ok_or(Overflow)
    }

    fn total_of(&self, seen: &[usize], what: impl Fn(&Good<'a>) -> Decimal) -> Result<Decimal, Overflow> {
        seen.iter().try_fold(Decimal::ZERO, |so_far, position| exact::add(so_far, what(self.good(*position)?)))
    }

    /// Whether the order reaches the rule's minimums.
    fn has_enough(&self, rule: &Rule, seen: &[usize]) -> Result<bool, Overflow> {
        let quantity = self.total_of(seen, |good| good.units_in(&rule.scope))?;
        Ok(rule.min_order_amount.as_ref().is_none_or(|least| self.eligible >= least.value.decimal())
            && rule.min_quantity.as_ref().is_none_or(|least| quantity >= least.value))
    }

    /// What all rules pay together, and each line's part of it. The total is rounded once to the digits that are
    /// kept, and its parts sum to it: three thirds of three rules are one.
    fn earn_all(&self) -> Result<(Decimal, Vec<EarnedLine>), Overflow> {
        let paid = self.rules.iter().filter_map(|rule| self.pays(rule).transpose()).collect::<Result<Vec<_>, _>>()?;
        let total = cut(sum(paid.iter().map(|paid| paid.total))?);
        let mut lines = Vec::new();
        for paid in &paid {
            let weights: Vec<Decimal> = paid.lines.iter().map(|(_, _, weight)| *weight).collect();
            for ((position, base, _), points) in paid.lines.iter().zip(spread(cut(paid.total), &weights)?) {
                lines.push(self.line(paid.rule, self.good(*position)?, *base, points)?);
            }
        }
        let total = exact::mul(total, self.sign)?;
        let listed = sum(lines.iter().map(|line| line.points))?;
        if let Some(last) = lines.iter_mut().rev().find(|line| !line.points.is_zero()) {
            last.points = exact::add(last.points, exact::sub(total, listed)?)?;
        }
        Ok((total, lines))
    }

    /// What `rule` pays for these goods; `None` when it pays nothing.
    fn pays(&self, rule: &'a Rule) -> Result<Option<Paid<'a>>, Overflow> {
        let seen = self.seen_by(rule);
        if !self.has_enough(rule, &seen)? {
            return Ok(None);
        }
        let amount_of = |good: &Good<'a>| good.amount;
        let quantity_of = |good: &Good<'a>| good.units_in(&rule.scope);
        // Only what was paid for makes an order count: not a free sample, not what was paid back.
        let paid_for = |good: &Good<'a>| good.amount.max(Decimal::ZERO);
        let (total, base): (Decimal, &dyn Fn(&Good<'a>) -> Decimal) = match &rule.kind {
            RuleKind::PerAmount { every, points, step } => {
                let (every, points) = (every.value.decimal(), points.value.decimal());
                let amount = self.total_of(&seen, amount_of)?;
                let total = match step {
                    Step::Whole => exact::mul(exact::div(cut(amount), every)?.floor(), points)?,
                    Step::Prorata => exact::div(exact::mul(amount, points)?, every)?,
                };
                (total, &amount_of)
            }
            RuleKind::PerUnit { points } => {
                (exact::mul(self.total_of(&seen, quantity_of)?, points.value.decimal())?, &quantity_of)
            }
            RuleKind::PerOrder { points } => {
                // Something was paid for, and neither the order nor what the rule sees of it comes to nothing.
                let is_paid_for = !cut(self.total_of(&seen, paid_for)?).is_zero()
                    && cut(self.total_of(&seen, amount_of)?) > Decimal::ZERO
                    && self.eligible > Decimal::ZERO;
                (if is_paid_for { points.value.decimal() } else { Decimal::ZERO }, &paid_for)
            }
            RuleKind::Multiplier { .. } => return Ok(None),
        };
        let plain = self.total_of(&seen, base)?;
        if total <= Decimal::ZERO || plain.is_zero() {
            return Ok(None);
        }
        let mut lines = Vec::with_capacity(seen.len());
        for position in seen {
            let good = self.good(position)?;
            let weight = exact::mul(base(good), good.factor)?;
            lines.push((position, base(good), weight));
        }
        let weighted = sum(lines.iter().map(|(_, _, weight)| *weight))?;
        let total = if weighted == plain { total } else { exact::div(exact::mul(total, weighted)?, plain)? };
        // Returned goods can weigh more than sold ones only by a multiplier of theirs: that takes nothing.
        Ok((total > Decimal::ZERO).then_some(Paid { rule, total, lines }))
    }

    fn line(&self, rule: &Rule, good: &Good<'_>, base: Decimal, points: Decimal) -> Result<EarnedLine, Overflow> {
        Ok(EarnedLine {
            line: good.index,
            line_id: good.line.id,
            product_id: good.line.product_id,
            rule: rule.code.clone(),
            base: exact::mul(cut(base), self.sign)?,
            points: exact::mul(points, self.sign)?,
            factor: good.factor,
            multipliers: good.multipliers.iter().map(|code| (*code).to_owned()).collect(),
        })
    }
}

/// Takes the units that rewards give for nothing off what was bought: nobody paid for them.
fn take_gifts(goods: &mut [Good<'_>], gifts: &[(&Scope, Decimal)]) -> Result<(), Overflow> {
    for (scope, given) in gifts {
        let mut left = *given;
        for good in goods.iter_mut().filter(|good| scope.counts_units_of(good.line) && good.quantity > Decimal::ZERO) {
            let here = good.quantity.min(left);
            good.quantity = exact::sub(good.quantity, here)?;
            left = exact::sub(left, here)?;
        }
    }
    Ok(())
}

/// The currencies of ISO 4217 that have no smaller coin than their unit.
const WITHOUT_CENTS: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];

/// What prices in a currency are rounded to, at the finest 0.01.
fn smallest_coin(currency: &str) -> Decimal {
    if WITHOUT_CENTS.contains(&currency) { Decimal::ONE } else { Decimal::new(1, 2) }
}

/// What refunds have left of a line.
struct Remaining {
    amount: Decimal,
    quantity: Decimal,
}

impl Remaining {
    /// `coin` is the smallest of the currency: what a price is rounded to.
    fn of(line: &Line, base: Base, taken: Returned, coin: Decimal) -> Result<Self, Overflow> {
        let (amount, paid_back) = match base {
            Base::TaxIncluded => (line.subtotal_incl, taken.subtotal_incl),
            Base::TaxExcluded => (line.subtotal, taken.subtotal),
        };
        let amount = amount.decimal();
        if taken.quantity <= Decimal::ZERO || line.quantity <= Decimal::ZERO {
            return Ok(Self { amount, quantity: line.quantity });
        }
        let quantity = exact::sub(line.quantity, taken.quantity)?.max(Decimal::ZERO);
        // Three pieces of 25.00 that come back one by one are paid back with 24.99: what differs from their price by a
        // rounding each came back at that price, and nothing of it was kept.
        let price = exact::div(exact::mul(amount, taken.quantity)?, line.quantity)?;
        let rounding = exact::mul(coin, Decimal::from(taken.lines))?;
        if exact::sub(price, paid_back.decimal())?.abs() <= rounding {
            // Multiplied before it is divided: two of three at 30.00 are 20.00, not 20.00 less a trace.
            return Ok(Self { amount: exact::div(exact::mul(amount, quantity)?, line.quantity)?, quantity });
        }
        let kept = exact::sub(amount, paid_back.decimal())?;
        // Neither less than nothing is kept, nor more than there was.
        let (least, most) = (amount.min(Decimal::ZERO), amount.max(Decimal::ZERO));
        Ok(Self { amount: kept.clamp(least, most), quantity })
    }
}
