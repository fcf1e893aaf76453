//! What a till is told an order will earn is what it earns once it is paid.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Service, number, uuid};

/// Orders quoted and then sold.
const ORDERS: usize = 60;
/// The products of the shop: of either category tree, tagged, off, and the tip.
const PRODUCTS: [i64; 4] = [1, 2, 3, 4];
const TIP: i64 = 5;

/// A line of a draft.
#[derive(Clone, Debug)]
struct Item {
    product: i64,
    quantity: Decimal,
    net: Decimal,
    gross: Decimal,
}

/// A draft: whose it is, when, and what is on it.
#[derive(Clone, Debug)]
struct Draft {
    partner: i64,
    minutes_ago: i64,
    items: Vec<Item>,
}

/// Goods sold and brought back, free ones, discount lines, tips; quantities of pieces and of grams.
fn items() -> impl Strategy<Value = Item> {
    let product = prop_oneof![5 => prop::sample::select(PRODUCTS.as_slice()), 1 => Just(TIP)];
    let taxes = prop_oneof![Just(0_i64), Just(10), Just(20)];
    (product, 1_i64..5_000, any::<bool>(), 0_i64..30_000, taxes, 0_u8..12).prop_map(
        |(product, grams, by_weight, cents, tax, turn)| {
            let quantity = if by_weight { Decimal::new(grams, 3) } else { Decimal::from(grams % 5 + 1) };
            let net = Decimal::new(cents, 2);
            let gross = (net * Decimal::new(100 + tax, 2)).round_dp(2);
            let (quantity, net, gross) = match turn {
                // Brought back without a link, a discount, a free sample.
                0 => (-quantity, -net, -gross),
                1 => (Decimal::ONE, -net / Decimal::TEN, -gross / Decimal::TEN),
                2 => (quantity, Decimal::ZERO, Decimal::ZERO),
                _ => (quantity, net, gross),
            };
            Item { product, quantity, net: net.round_dp(2), gross: gross.round_dp(2) }
        },
    )
}

fn drafts() -> impl Strategy<Value = Draft> {
    // Two weeks: every weekday and hour.
    (1_i64..=5, 30_i64..20_000, prop::collection::vec(items(), 1..7)).prop_map(|(partner, minutes_ago, items)| Draft {
        partner,
        minutes_ago,
        items,
    })
}

/// Programs of every kind of rule, base, stacking and rounding.
fn programs() -> [Value; 2] {
    let rules = |base: &str, stacking: &str, rounding: &str, decimals: u8| {
        json!({"base": base, "stacking": stacking, "rounding": rounding, "decimals": decimals, "rules": [
            {"code": "whole", "kind": "per_amount", "every": "10.00", "points": "1.25"},
            {"code": "share", "kind": "per_amount", "every": "7.00", "points": "3", "step": "prorata",
             "scope": {"product_category_ids": [2], "exclude_product_ids": [4]}},
            {"code": "unit", "kind": "per_unit", "points": "0.35", "scope": {"pos_category_ids": [1]}, "min_quantity": "2"},
            {"code": "visit", "kind": "per_order", "points": "2", "min_order_amount": "50.00"},
            {"code": "tagged", "kind": "per_unit", "points": "1", "scope": {"product_tag_ids": [7]}, "partner_tag_ids": [1]},
            {"code": "toys", "kind": "multiplier", "factor": "1.7", "scope": {"pos_category_ids": [2]}},
            {"code": "friends", "kind": "multiplier", "factor": "2", "partner_tag_ids": [1, 2]},
            {"code": "night", "kind": "multiplier", "factor": "3", "window": {"weekdays": [5, 6, 7], "hours": ["18:00", "02:00"]}},
            {"code": "elsewhere", "kind": "multiplier", "factor": "9", "pos_config_ids": [2]},
        ]})
    };
    [
        json!({"code": "club", "name": "Club", "currency": "USD", "timezone": "Europe/Paris",
               "earning": rules("tax_included", "highest", "down", 2)}),
        json!({"code": "net", "name": "Net", "currency": "USD", "timezone": "America/New_York",
               "earning": rules("tax_excluded", "multiply", "half_up", 1)}),
    ]
}

/// A shop with tags, taxes, a tip product, and both programs.
fn service() -> Service {
    let service = Service::without_program(&[]);
    let shop = &service.shop.shop;
    shop.insert(
        "product.product",
        json!({"id": 4, "name": "Doll", "display_name": "Doll", "categ_id": 2, "pos_categ_ids": [2],
               "product_tag_ids": [7], "active": true}),
    );
    shop.insert("product.product", json!({"id": TIP, "name": "Tip", "display_name": "Tip", "active": true}));
    shop.update("pos.config", 1, json!({"tip_product_id": TIP}));
    shop.update("res.partner", 1, json!({"category_id": [1]}));
    shop.update("res.partner", 2, json!({"category_id": [2, 3]}));
    for program in programs() {
        service.admin.call("program.put", json!({"program": program}));
    }
    // Drafts are priced with the sidecar's own copy of the shop.
    service.admin.sync();
    service
}

/// What the quote says each program's points will be.
fn quoted(service: &Service, draft: &Draft, at: DateTime<Utc>) -> BTreeMap<String, Decimal> {
    let line = |item: &Item| {
        json!({"product_id": item.product, "qty": item.quantity.to_string(), "price_subtotal": item.net.to_string(),
               "price_subtotal_incl": item.gross.to_string()})
    };
    let order = json!({
        "uuid": uuid(), "company_id": 1, "currency": "USD", "pos_config_id": 1, "partner_id": draft.partner,
        "date_order": at.to_rfc3339(), "lines": draft.items.iter().map(line).collect::<Vec<_>>(),
    });
    let answer = service.admin.call("loyalty.quote", json!({"order": order}));
    let programs = answer["programs"].as_array().unwrap();
    assert_eq!(programs.len(), 2, "{answer}");
    let earns = |program: &Value| {
        (program["program"].as_str().unwrap().to_owned(), program["earns"].as_str().unwrap().parse().unwrap())
    };
    programs.iter().map(earns).collect()
}

/// Sells the same lines; the order's uuid.
fn sold(service: &Service, draft: &Draft, at: DateTime<Utc>) -> String {
    let line = |item: &Item| {
        json!({"product_id": item.product, "qty": number(&item.quantity.to_string()),
               "price_subtotal": number(&item.net.to_string()), "price_subtotal_incl": number(&item.gross.to_string())})
    };
    let lines: Vec<Value> = draft.items.iter().map(line).collect();
    service.shop.sell_at(at, Some(draft.partner), &uuid(), &lines).uuid
}

/// What was posted for each order in a program.
fn posted(service: &Service, program: &str) -> BTreeMap<String, Decimal> {
    let mut posted: BTreeMap<String, Decimal> = BTreeMap::new();
    for partner in 1..=5 {
        let page = json!({"partner_id": partner, "program": program, "limit": 500});
        let found = service.admin.call("loyalty.history", page);
        assert_eq!(found["next"], Value::Null, "all of it is on one page");
        for entry in found["entries"].as_array().unwrap() {
            let points: Decimal = entry["points"].as_str().unwrap().parse().unwrap();
            *posted.entry(entry["cause"]["uuid"].as_str().unwrap().to_owned()).or_default() += points;
        }
    }
    posted
}

#[test]
fn what_a_draft_is_quoted_is_what_the_paid_order_posts() {
    let service = service();
    let mut runner = TestRunner::default();
    let mut all = Vec::new();
    for _ in 0..ORDERS {
        let draft = drafts().new_tree(&mut runner).unwrap().current();
        // Odoo's dates are of whole seconds.
        let at = Utc::now().trunc_subsecs(0) - TimeDelta::minutes(draft.minutes_ago);
        let quoted = quoted(&service, &draft, at);
        let uuid = sold(&service, &draft, at);
        all.push((draft, quoted, uuid));
    }
    service.admin.sync();
    for program in ["club", "net"] {
        let posted = posted(&service, program);
        assert!(posted.len() > ORDERS / 4, "only {} orders earned in {program}", posted.len());
        for (draft, quoted, uuid) in &all {
            let posted = posted.get(uuid).copied().unwrap_or_default();
            assert_eq!(posted, quoted[program], "{program}: {draft:?}");
        }
    }
    service.admin.verified();
}
