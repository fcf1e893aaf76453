//! Orders and programs for the tests of this room, in few words.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Program;
use crate::domain::sale::order::{HoldRef, Line, LineRole, Order, OrderState};
use crate::domain::sale::refund::{Returned, TakenBack};
use crate::domain::value::exact;
use crate::domain::value::ids::{
    CompanyId, HoldId, LineId, OrderId, PartnerId, PosCategoryId, PosConfigId, ProductCategoryId, ProductId, SaleModel,
    SourceId,
};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// The toys' POS category; product 30 to 39 are toys.
pub(super) const TOYS: i64 = 3;

pub(super) fn decimal(text: &str) -> Decimal {
    exact::parse(text).unwrap()
}

pub(super) fn money(text: &str) -> Money {
    Money::from_decimal(decimal(text)).unwrap()
}

pub(super) fn points(text: &str) -> Points {
    Points::from_decimal(decimal(text)).unwrap()
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

/// A line of `product`: quantity, amount with tax. Without tax it is the same.
pub(super) fn line(product: i64, quantity: &str, amount: &str) -> Line {
    let toy = (30..40).contains(&product);
    Line {
        id: None,
        uuid: None,
        product_id: Some(ProductId(product)),
        quantity: decimal(quantity),
        subtotal: money(amount),
        subtotal_incl: money(amount),
        refunds: None,
        hold: None,
        role: LineRole::Eligible,
        pos_categories: if toy { BTreeSet::from([PosCategoryId(TOYS), PosCategoryId(1)]) } else { BTreeSet::new() },
        product_categories: BTreeSet::from([ProductCategoryId(if toy { 8 } else { 9 }), ProductCategoryId(7)]),
        product_tags: BTreeSet::new(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: None,
        combo: None,
    }
}

/// What came back of these lines (by number) of an order: so many of each, at the price they were sold for.
pub(super) fn came_back(order: &Order, taken: impl IntoIterator<Item = (i64, Decimal)>) -> TakenBack {
    let returned = |id: LineId, quantity: Decimal| {
        let line = order.lines.iter().find(|line| line.id == Some(id)).unwrap();
        let part = |amount: Money| {
            let part = exact::div(exact::mul(amount.decimal(), quantity).unwrap(), line.quantity).unwrap();
            Money::from_decimal_rounded(part).unwrap()
        };
        Returned { quantity, subtotal: part(line.subtotal), subtotal_incl: part(line.subtotal_incl), lines: 1 }
    };
    taken.into_iter().map(|(id, quantity)| (LineId(id), returned(LineId(id), quantity))).collect()
}

/// A reward line.
pub(super) fn reward_line(amount: &str) -> Line {
    let hold = HoldId::parse("0190b0b0-0000-7000-8000-000000000001").unwrap();
    Line { hold: Some(HoldRef::Id(hold)), ..line(99, "1", amount) }
}

/// A tip, a gift card: neither earns nor reduces.
pub(super) fn neutral(amount: &str) -> Line {
    Line { role: LineRole::Excluded, ..line(98, "1", amount) }
}

/// A paid order of these lines, numbered from 1.
pub(super) fn order(lines: Vec<Line>) -> Order {
    let mut lines = lines;
    for (id, line) in (1..).zip(&mut lines) {
        line.id = Some(LineId(id));
    }
    Order {
        source: SourceId::ODOO,
        model: SaleModel::PosOrder,
        id: Some(OrderId(1)),
        uuid: None,
        name: "Shop/0001".to_owned(),
        reference: None,
        state: OrderState::Paid,
        placed_at: at("2026-11-18T12:00:00Z"),
        partner_id: Some(PartnerId(5)),
        partner_tags: BTreeSet::new(),
        parent_companies: BTreeSet::new(),
        links_refunds: false,
        company_id: CompanyId(1),
        currency: "USD".to_owned(),
        pos_config_id: Some(PosConfigId(2)),
        hold_field_missing: false,
        lines,
    }
}

/// A document that says only what it must.
pub(super) fn minimal() -> Value {
    json!({"code": "club", "name": "Club", "currency": "USD"})
}

/// The minimal document with `members` over it.
pub(super) fn document(members: &Value) -> Value {
    let mut all = minimal();
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    all
}

/// The program of [`document`].
pub(super) fn program(members: &Value) -> Program {
    Program::from_json(&document(members)).unwrap()
}

/// A program of these rules alone.
pub(super) fn rules(rules: &Value) -> Program {
    program(&json!({"earning": {"rules": rules}}))
}

/// Every member of the contract's example.
pub(super) fn everything() -> Value {
    serde_json::from_str(
        r#"{"code":"club","name":"Club","points_name":"points","company_id":1,"currency":"USD","timezone":"Europe/Paris",
        "starts_at":null,"ends_at":null,"pos_config_ids":null,"enrolment":"automatic",
        "earning":{"base":"tax_included","rounding":"down","decimals":0,"stacking":"highest","rules":[
          {"code":"base","kind":"per_amount","every":"10.00","points":"1","step":"whole"},
          {"code":"toys","kind":"per_unit","points":"5","scope":{"pos_category_ids":[3],"product_category_ids":[],"product_ids":[],"exclude_pos_category_ids":[],"exclude_product_ids":[]}},
          {"code":"visit","kind":"per_order","points":"2","min_order_amount":"20.00"},
          {"code":"sunday","kind":"multiplier","factor":"2","window":{"from":"2026-11-01","to":"2026-12-31","weekdays":[7],"hours":["09:00","13:00"]}}]},
        "expiry":{"after_days":365,"granularity":"month"},
        "redemption":{"minimum_points":"50","max_share_of_order":"0.5","hold_seconds":900},
        "rewards":[
          {"code":"5off","name":"5 off","kind":"discount_amount","points":"100","amount":"5.00"},
          {"code":"ten","name":"10 %","kind":"discount_percent","points":"200","percent":"10","max_amount":"20.00"},
          {"code":"pay","name":"Pay with points","kind":"discount_per_point","rate":"0.05","minimum_points":"50"},
          {"code":"mug","name":"A mug","kind":"free_product","points":"300","product_id":12,"quantity":"1"},
          {"code":"deal","name":"Lamp at 9.90","kind":"product_at_price","points":"150","product_id":40,"price":"9.90"}]}"#,
    )
    .unwrap()
}
