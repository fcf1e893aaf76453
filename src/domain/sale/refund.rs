//! Refunds that name no sale, matched with it by what the receipts call both.
//!
//! Odoo 14 copies an order to refund it: the copy keeps the sale's `pos_reference`, has negative quantities, and
//! no link (`pos.order.refund` in `addons/point_of_sale/models/pos_order.py`). So a negative line belongs to the
//! lines of the same product that an earlier order of the same receipt and customer sold, those of its own price
//! first. What no such line is left for counts alone, in the order it stands in. Where Odoo links refunds, one
//! without a link takes back no sale that is known.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::order::{Line, LineRole, Order, OrderState};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::{CompanyId, LineId, PartnerId, PosConfigId};
use crate::domain::value::money::Money;

/// What has been taken back of each line.
pub type TakenBack = BTreeMap<LineId, Returned>;

/// What has been taken back of one line: how many, and what was paid back for them, which may be less than they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// How many, zero or more.
    pub quantity: Decimal,
    /// Without tax; below zero for a discount that was taken back.
    pub subtotal: Money,
    /// With tax.
    pub subtotal_incl: Money,
    /// By how many lines; each amount is rounded by itself.
    pub lines: u32,
}

impl Returned {
    /// Takes note of a line that takes back more of the same one.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn add(&mut self, line: &Line) -> Result<(), Overflow> {
        // A refund's quantity is negative; one that is not takes nothing back.
        if line.quantity < Decimal::ZERO {
            self.quantity = exact::sub(self.quantity, line.quantity)?;
            self.subtotal = self.subtotal.sub(line.subtotal)?;
            self.subtotal_incl = self.subtotal_incl.sub(line.subtotal_incl)?;
            self.lines = self.lines.saturating_add(1);
        }
        Ok(())
    }
}

/// Ties the unlinked negative lines of paid orders to lines of earlier ones, and returns those that were tied. All
/// orders are of one receipt; `taken` is what linked refunds took back already.
///
/// A line that takes back more than one line sold is split, its amounts in proportion to the quantities.
///
/// # Errors
/// [`Overflow`]
pub fn match_by_reference(orders: &mut [Order], mut taken: TakenBack) -> Result<Vec<Line>, Overflow> {
    orders.sort_by_key(|order| order.id);
    let mut tied = Vec::new();
    for position in 0..orders.len() {
        let (earlier, rest) = orders.split_at_mut(position);
        let Some(refund) = rest.first_mut().filter(|order| order.state == OrderState::Paid && !order.links_refunds)
        else {
            continue;
        };
        let mut lines = Vec::with_capacity(refund.lines.len());
        for line in std::mem::take(&mut refund.lines) {
            let unlinked = line.refunds.is_none() && line.hold.is_none() && line.role == LineRole::Eligible;
            if !unlinked || line.quantity >= Decimal::ZERO {
                lines.push(line);
                continue;
            }
            let of = (refund.partner_id, refund.company_id, refund.pos_config_id);
            let sold = sold_of(&line, of, earlier)?;
            let mut left = line;
            for (id, quantity) in sold {
                let taken = taken.entry(id).or_default();
                let open = exact::sub(quantity, taken.quantity)?;
                let here = open.min(left.quantity.abs());
                if here <= Decimal::ZERO {
                    continue;
                }
                let (part, rest) = split(left, here)?;
                taken.add(&part)?;
                let part = Line { refunds: Some(id), ..part };
                tied.push(part.clone());
                lines.push(part);
                left = rest;
            }
            if !left.quantity.is_zero() {
                lines.push(left);
            }
        }
        refund.lines = lines;
    }
    Ok(tied)
}

/// The lines of earlier orders that a negative line may take back, with how many each sold. Those at its own price
/// come first, for one product may stand on a receipt at several; the nearest price will do, because taking back
/// some of a line rounds anew. Odoo 14 makes a refund in the sale's own shop and for its customer: receipts of two
/// tills may bear the same number.
fn sold_of(
    taking: &Line,
    of: (Option<PartnerId>, CompanyId, Option<PosConfigId>),
    earlier: &[Order],
) -> Result<Vec<(LineId, Decimal)>, Overflow> {
    let price = |line: &Line| exact::div(line.subtotal_incl.decimal(), line.quantity);
    let own = price(taking)?;
    let mut sold = Vec::new();
    let there = |order: &&Order| {
        order.state == OrderState::Paid && (order.partner_id, order.company_id, order.pos_config_id) == of
    };
    for line in earlier.iter().filter(there).flat_map(|order| &order.lines) {
        let sells = line.product_id == taking.product_id && line.refunds.is_none() && line.quantity > Decimal::ZERO;
        if let Some(id) = line.id.filter(|_| sells) {
            sold.push((exact::sub(price(line)?, own)?.abs(), id, line.quantity));
        }
    }
    sold.sort_by_key(|(distance, ..)| *distance);
    Ok(sold.into_iter().map(|(_, id, quantity)| (id, quantity)).collect())
}

/// The part of a negative line that takes back `quantity`, and what is left of the line.
fn split(line: Line, quantity: Decimal) -> Result<(Line, Line), Overflow> {
    let part_of = |amount: Money| {
        let part = exact::div(exact::mul(amount.decimal(), quantity)?, line.quantity.abs())?;
        Money::from_decimal_rounded(part)
    };
    let (subtotal, subtotal_incl) = (part_of(line.subtotal)?, part_of(line.subtotal_incl)?);
    let part = Line { quantity: exact::sub(Decimal::ZERO, quantity)?, subtotal, subtotal_incl, ..line.clone() };
    let rest = Line {
        quantity: exact::add(line.quantity, quantity)?,
        subtotal: line.subtotal.sub(subtotal)?,
        subtotal_incl: line.subtotal_incl.sub(subtotal_incl)?,
        ..line
    };
    Ok((part, rest))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::domain::value::ids::{OrderId, ProductId, SaleModel, SourceId};

    /// Product, quantity, amount; the line's id is the order's times ten and its position.
    fn order(id: i64, lines: &[(i64, i64, i64)]) -> Order {
        let lines = lines.iter().zip(0..).map(|((product, quantity, amount), position)| Line {
            id: Some(LineId(id * 10 + position)),
            uuid: None,
            product_id: Some(ProductId(*product)),
            quantity: Decimal::from(*quantity),
            subtotal: Money::from_e4(amount * 10_000),
            subtotal_incl: Money::from_e4(amount * 10_000),
            refunds: None,
            hold: None,
            role: LineRole::Eligible,
            pos_categories: BTreeSet::default(),
            product_categories: BTreeSet::default(),
            product_tags: BTreeSet::default(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: None,
            combo: None,
        });
        Order {
            source: SourceId::ODOO,
            model: SaleModel::PosOrder,
            id: Some(OrderId(id)),
            uuid: None,
            name: format!("Shop/{id}"),
            reference: Some("Order 1".into()),
            state: OrderState::Paid,
            placed_at: Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap(),
            partner_id: None,
            partner_tags: BTreeSet::default(),
            parent_companies: BTreeSet::new(),
            links_refunds: false,
            company_id: CompanyId(1),
            currency: "USD".into(),
            pos_config_id: None,
            hold_field_missing: false,
            lines: lines.collect(),
        }
    }

    /// What each order's lines come to: the line they take back (0 for none), quantity, whole amount.
    fn shown(order: &Order) -> Vec<(i64, i64, i64)> {
        let whole = |amount: Money| amount.e4() / 10_000;
        order
            .lines
            .iter()
            .map(|line| {
                let quantity = i64::try_from(line.quantity.trunc().mantissa()).unwrap();
                (line.refunds.map_or(0, |id| id.0), quantity, whole(line.subtotal_incl))
            })
            .collect()
    }

    #[test]
    fn a_refund_takes_back_what_the_same_receipt_sold_and_the_rest_counts_alone() {
        // Sold: 2 and then 1 of product 7, 1 of product 8. Taken back: 4 of 7, 1 of 9.
        let mut group = [order(2, &[(7, -4, -40), (9, -1, -5)]), order(1, &[(7, 2, 20), (7, 1, 10), (8, 1, 8)])];
        let tied = match_by_reference(&mut group, TakenBack::new()).unwrap();
        assert_eq!(shown(&group[0]), [(0, 2, 20), (0, 1, 10), (0, 1, 8)]);
        assert_eq!(shown(&group[1]), [(10, -2, -20), (11, -1, -10), (0, -1, -10), (0, -1, -5)]);
        assert_eq!(tied.len(), 2);
    }

    #[test]
    fn what_was_taken_back_before_is_not_taken_back_twice() {
        let mut group = [order(1, &[(7, 3, 30)]), order(2, &[(7, -1, -10)]), order(3, &[(7, -2, -20)])];
        let taken = TakenBack::from([(LineId(10), Returned { quantity: Decimal::ONE, ..Returned::default() })]);
        match_by_reference(&mut group, taken).unwrap();
        assert_eq!(shown(&group[1]), [(10, -1, -10)]);
        assert_eq!(shown(&group[2]), [(10, -1, -10), (0, -1, -10)]);
    }

    #[test]
    fn of_one_product_at_several_prices_the_one_that_came_back_is_taken_back() {
        // Sold: one at 33, one at 16, three for 31. Taken back: the one at 16, then one of the three.
        let mut group =
            [order(1, &[(7, 1, 33), (7, 1, 16), (7, 3, 31)]), order(2, &[(7, -1, -16)]), order(3, &[(7, -1, -10)])];
        match_by_reference(&mut group, TakenBack::new()).unwrap();
        assert_eq!(shown(&group[1]), [(11, -1, -16)]);
        assert_eq!(shown(&group[2]), [(12, -1, -10)]);
    }

    #[test]
    fn only_the_same_customer_s_sale_is_taken_back_and_none_where_odoo_links_refunds() {
        let group = || {
            let mut group = [order(1, &[(7, 1, 10)]), order(2, &[(7, 1, 10)]), order(3, &[(7, -1, -10)])];
            for (order, partner) in group.iter_mut().zip([1, 2, 2]) {
                order.partner_id = Some(PartnerId(partner));
            }
            group
        };
        let mut of_two_customers = group();
        match_by_reference(&mut of_two_customers, TakenBack::new()).unwrap();
        assert_eq!(shown(&of_two_customers[2]), [(20, -1, -10)]);
        let mut linking = group();
        linking[2].links_refunds = true;
        assert!(match_by_reference(&mut linking, TakenBack::new()).unwrap().is_empty());
    }

    #[test]
    fn neither_a_draft_nor_a_later_sale_nor_another_shop_s_is_matched() {
        let mut group = [order(1, &[(7, -1, -10)]), order(2, &[(7, 1, 10)]), order(3, &[(7, -1, -10)])];
        group[2].state = OrderState::Draft;
        assert!(match_by_reference(&mut group, TakenBack::new()).unwrap().is_empty());
        group[2].state = OrderState::Paid;
        group[2].pos_config_id = Some(PosConfigId(2));
        assert!(match_by_reference(&mut group, TakenBack::new()).unwrap().is_empty());
    }
}
