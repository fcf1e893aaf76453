//! Discounts of an order, taken off the goods they are for.
//!
//! Earning and rewards ask the same: what is left of each line once the discounts are off? A discount that is for
//! some of the goods (a reward with a scope, a free product) reduces those alone, as far as they reach; any other
//! is spread over all goods sold, by amount.

use rust_decimal::Decimal;

use crate::domain::catalog::scope::Scope;
use crate::domain::sale::order::Line;
use crate::domain::value::exact::{self, Overflow, cut, sum};

/// What comes off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Discount<'a> {
    /// Zero or less. Anything above takes nothing off.
    pub amount: Decimal,
    /// The goods it is for; `None` for all.
    pub covers: Option<&'a Scope>,
}

/// Takes `discounts` off `amounts`, which are those of `lines` one by one. Only goods sold (above zero) bear
/// them. They never add; and where they are more than all the goods are worth, every good ends below zero.
pub(super) fn take_off(lines: &[&Line], amounts: &mut [Decimal], discounts: &[Discount<'_>]) -> Result<(), Overflow> {
    let mut of_all = Decimal::ZERO;
    // Those for some of the goods first: they cannot go elsewhere.
    for Discount { amount, covers } in discounts {
        let amount = (*amount).min(Decimal::ZERO);
        let Some(scope) = covers else {
            of_all = exact::add(of_all, amount)?;
            continue;
        };
        let covered: Vec<bool> = lines.iter().map(|line| scope.covers(line)).collect();
        let worth = sold(amounts, &covered)?;
        let here = amount.max(exact::sub(Decimal::ZERO, worth)?);
        scale(amounts, &covered, worth, here)?;
        // What the goods it is for cannot bear (they were returned meanwhile) is off the order all the same.
        of_all = exact::add(of_all, exact::sub(amount, here)?)?;
    }
    let everything = vec![true; lines.len()];
    let worth = sold(amounts, &everything)?;
    scale(amounts, &everything, worth, of_all)
}

/// What the goods sold among these come to.
fn sold(amounts: &[Decimal], among: &[bool]) -> Result<Decimal, Overflow> {
    let counted = amounts.iter().zip(among).filter(|(amount, among)| **among && **amount > Decimal::ZERO);
    sum(counted.map(|(amount, _)| *amount))
}

/// Changes the goods sold among these, which come to `worth`, by `change`, in proportion.
fn scale(amounts: &mut [Decimal], among: &[bool], worth: Decimal, change: Decimal) -> Result<(), Overflow> {
    if worth.is_zero() || change.is_zero() {
        return Ok(());
    }
    let left = exact::add(worth, change)?;
    for (amount, _) in amounts.iter_mut().zip(among).filter(|(amount, among)| **among && **amount > Decimal::ZERO) {
        *amount = exact::div(exact::mul(*amount, left)?, worth)?;
    }
    Ok(())
}

/// `total` over `weights`, in proportion; the last one that weighs takes what is left, so that the parts sum
/// to `total` to the last digit.
pub(super) fn spread(total: Decimal, weights: &[Decimal]) -> Result<Vec<Decimal>, Overflow> {
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
