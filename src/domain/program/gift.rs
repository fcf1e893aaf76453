//! Rewards that are products: free, or at a price of their own.
//!
//! What of the product is in the draft is discounted there; what is not is to be added, as a line of its own.

use rust_decimal::Decimal;

use super::basket::{Basket, Bearer, DiscountableGoods, shares_of};
use super::reward::{NotPriced, not_applicable};
use crate::domain::refusal::Reason;
use crate::domain::sale::order::Line;
use crate::domain::value::exact::{self, Overflow, cut, sum};
use crate::domain::value::ids::ProductId;
use crate::domain::value::money::Money;

/// How a reward gives its product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
    /// The product.
    pub product_id: ProductId,
    /// How many of it are in the draft, and discounted there.
    pub covered_quantity: Decimal,
    /// How many are to be added.
    pub add_quantity: Decimal,
    /// What one of those costs, with tax.
    pub price: Money,
}

/// A part of a line of the draft that the reward is given on.
struct GiftPart {
    position: usize,
    quantity: Decimal,
    /// What comes off it, with tax.
    off: Decimal,
    /// The most that can.
    left: Decimal,
}

/// The discount on what is in the draft, and what is to be added.
pub(super) fn give(
    product_id: ProductId,
    quantity: Decimal,
    price: Money,
    discountable: &DiscountableGoods<'_>,
    basket: &Basket<'_>,
    room: Decimal,
) -> Result<(Money, Gift), NotPriced> {
    let parts = parts(product_id, quantity, price, discountable, basket)?;
    let covered = sum(parts.iter().map(|part| part.quantity))?;
    let is_there = discountable.of_product(product_id).next().is_some();
    // On a draft that has it for no more already, the points would buy nothing.
    if covered.is_zero() && is_there && !all_given(product_id, discountable, basket)? {
        return Err(not_applicable(Reason::AlreadyCheaper));
    }
    let most = sum(parts.iter().map(|part| part.left))?;
    let discount = basket.rounded(cut(sum(parts.iter().map(|part| part.off))?)).min(basket.floor(most));
    if !covered.is_zero() && discount < basket.smallest() {
        return Err(not_applicable(Reason::AlreadyCheaper));
    }
    if discount > room {
        return Err(not_applicable(Reason::OrderTooSmall));
    }
    let gift = Gift { product_id, covered_quantity: covered, add_quantity: exact::sub(quantity, covered)?, price };
    Ok((Money::floor_to(discount, Money::DECIMALS)?, gift))
}

/// What the gift takes off each line of the draft.
pub(super) fn shares(
    gift: &Gift,
    discount: Money,
    discountable: &DiscountableGoods<'_>,
    basket: &Basket<'_>,
) -> Result<Vec<(usize, Money)>, Overflow> {
    let parts = parts(gift.product_id, gift.covered_quantity, gift.price, discountable, basket)?;
    let bearing = parts.into_iter().map(|part| (part.position, Bearer { weight: part.off, most: part.left }));
    shares_of(discount, bearing.collect(), basket)
}

/// How many of the product other rewards give in the draft already.
fn given(product_id: ProductId, basket: &Basket<'_>) -> Result<Decimal, Overflow> {
    let same = basket.holds.iter().filter(|held| held.product_id == Some(product_id));
    sum(same.map(|held| held.covered_quantity))
}

/// Whether other rewards give all of it that is in the draft: one more is then to be added.
fn all_given(
    product_id: ProductId,
    discountable: &DiscountableGoods<'_>,
    basket: &Basket<'_>,
) -> Result<bool, Overflow> {
    let there = sum(discountable.of_product(product_id).map(|(_, line, _)| line.quantity))?;
    Ok(given(product_id, basket)? >= there)
}

/// The first of the product in the draft that no other reward gives, up to `quantity`, each with what its price
/// is above `price`. A line that costs no more than that is left alone. A combo costs what its parts do, and they bear it.
fn parts(
    product_id: ProductId,
    quantity: Decimal,
    price: Money,
    discountable: &DiscountableGoods<'_>,
    basket: &Basket<'_>,
) -> Result<Vec<GiftPart>, Overflow> {
    let mut skip = given(product_id, basket)?;
    let mut wanted = quantity;
    let mut parts = Vec::new();
    for (position, line, left) in discountable.of_product(product_id) {
        let bearers: Vec<(usize, &Line, Decimal)> =
            std::iter::once((position, line, left)).chain(discountable.parts_of(line)).collect();
        let Some(above) = above(&bearers, line.quantity, price, discountable)? else { continue };
        let skipped = line.quantity.min(skip);
        skip = exact::sub(skip, skipped)?;
        let here = exact::sub(line.quantity, skipped)?.min(wanted);
        if here <= Decimal::ZERO {
            continue;
        }
        wanted = exact::sub(wanted, here)?;
        // Multiplied before it is divided, as ever; and never more than other discounts have left of the line.
        let whole = sum(bearers.iter().map(|(_, _, left)| (*left).max(Decimal::ZERO)))?;
        let off = exact::div(exact::mul(above, here)?, line.quantity)?.min(whole);
        for (at, _, left) in bearers {
            let left = left.max(Decimal::ZERO);
            // One line bears all of it, without a trace of dividing.
            let off = if left == whole { off } else { exact::div(exact::mul(off, left)?, whole)? };
            let quantity = if at == position { here } else { Decimal::ZERO };
            parts.push(GiftPart { position: at, quantity, off, left });
        }
    }
    Ok(parts)
}

/// What all units of a line, with the parts of a combo, cost above `price` each; `None` when nothing.
///
/// A price is what the customer pays: what a percentage takes off the units already is a part of the way there. Of what
/// is free, both would be more than it costs, and `left` is the limit.
fn above(
    lines: &[(usize, &Line, Decimal)],
    quantity: Decimal,
    price: Money,
    discountable: &DiscountableGoods<'_>,
) -> Result<Option<Decimal>, Overflow> {
    let at_price = exact::mul(price.decimal(), quantity)?;
    let whole = Money::sum(lines.iter().map(|(_, line, _)| line.subtotal_incl))?;
    let mut above = exact::sub(whole.decimal(), at_price)?;
    if price > Money::ZERO {
        above = exact::sub(above, sum(lines.iter().map(|(position, _, _)| discountable.reduced_at(*position)))?)?;
    }
    Ok((above > Decimal::ZERO).then_some(above))
}
