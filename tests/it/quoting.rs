//! What a till is told an order will earn is what it earns once it is paid.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Service, line, number, uuid};

/// Orders quoted and then sold.
const ORDERS: usize = 60;
/// The products of the shop: of either category tree, tagged, off, and the tip.
const PRODUCTS: [i64; 4] = [1, 2, 3, 4];
const TIP: i64 = 5;

/// The product that paid debts are booked on.
const DEBT: i64 = 6;
/// A combo: it is of a category of its own, and a toy at the till.
const MENU: i64 = 7;

/// A line of a draft.
#[derive(Clone, Debug)]
struct Item {
    product: i64,
    quantity: Decimal,
    net: Decimal,
    gross: Decimal,
    /// It takes back a line of a sale.
    takes_back: bool,
    /// The parts of a combo, which come after it.
    parts: Vec<Item>,
}

impl Item {
    /// Its lines as Odoo has them: itself and its parts. `place` is the first one's, `sale` the line that returns take back.
    fn lines(&self, place: usize, sale: i64) -> Vec<Value> {
        let line = |item: &Self| {
            let text = |of: Decimal| number(&of.to_string());
            let mut line = json!({"product_id": item.product, "qty": text(item.quantity),
                                  "price_subtotal": text(item.net), "price_subtotal_incl": text(item.gross)});
            if item.takes_back {
                line["refunded_orderline_id"] = json!(sale);
            }
            line
        };
        let part = |item: &Self| {
            let mut line = line(item);
            line["part_of"] = json!(place);
            line
        };
        std::iter::once(line(self)).chain(self.parts.iter().map(part)).collect()
    }
}

/// A draft: whose it is, when, and what is on it.
#[derive(Clone, Debug)]
struct Draft {
    partner: i64,
    minutes_ago: i64,
    items: Vec<Item>,
}

/// A combo of up to three parts, in pieces.
fn combos() -> impl Strategy<Value = Item> {
    let part = (prop::sample::select(PRODUCTS.as_slice()), 1_i64..3, 0_i64..2_000);
    (1_i64..4, prop::collection::vec(part, 1..4), any::<bool>()).prop_map(|(pieces, parts, takes_back)| {
        // A few are brought back, with their link or without.
        let pieces = if pieces == 3 { -1 } else { pieces };
        let of = |product: i64, quantity: i64, cents: i64| {
            let amount = Decimal::new(cents, 2);
            let takes_back = takes_back && pieces < 0;
            Item { product, quantity: quantity.into(), net: amount, gross: amount, takes_back, parts: Vec::new() }
        };
        let parts = parts.into_iter().map(|(product, each, cents)| of(product, each * pieces, cents * pieces));
        Item { parts: parts.collect(), ..of(MENU, pieces, 0) }
    })
}

/// Goods sold and brought back, free ones, discount lines, tips and debts; quantities of pieces and of grams; combos.
fn items() -> impl Strategy<Value = Item> {
    prop_oneof![5 => single_items(), 1 => combos()]
}

fn single_items() -> impl Strategy<Value = Item> {
    let product = prop_oneof![8 => prop::sample::select(PRODUCTS.as_slice()), 1 => Just(TIP), 1 => Just(DEBT)];
    let taxes = prop_oneof![Just(0_i64), Just(10), Just(20)];
    (product, 1_i64..5_000, any::<bool>(), 0_i64..30_000, taxes, 0_u8..13).prop_map(
        |(product, grams, by_weight, cents, tax, turn)| {
            let quantity = if by_weight { Decimal::new(grams, 3) } else { Decimal::from(grams % 5 + 1) };
            let net = Decimal::new(cents, 2);
            let gross = (net * Decimal::new(100 + tax, 2)).round_dp(2);
            let (quantity, net, gross) = match turn {
                // Brought back without a link or with one, a discount, a free sample.
                0 | 12 => (-quantity, -net, -gross),
                1 => (Decimal::ONE, -net / Decimal::TEN, -gross / Decimal::TEN),
                2 => (quantity, Decimal::ZERO, Decimal::ZERO),
                _ => (quantity, net, gross),
            };
            let takes_back = turn == 12;
            Item { product, quantity, net: net.round_dp(2), gross: gross.round_dp(2), takes_back, parts: Vec::new() }
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
               "earning": rules("tax_included", "highest", "down", 2), "rewards": [
                   {"code": "toys", "name": "A third off toys", "kind": "discount_percent", "points": "1", "percent": "33",
                    "scope": {"pos_category_ids": [2]}},
                   {"code": "pay", "name": "Pay", "kind": "discount_per_point", "rate": "0.07"}]}),
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
    shop.insert("product.product", json!({"id": DEBT, "name": "Debt", "display_name": "Debt", "active": true}));
    shop.insert(
        "product.product",
        json!({"id": MENU, "name": "Menu", "display_name": "Menu", "categ_id": 1, "pos_categ_ids": [2], "active": true}),
    );
    shop.update("pos.config", 1, json!({"tip_product_id": TIP, "settle_due_product_id": DEBT}));
    shop.update("res.partner", 1, json!({"category_id": [1]}));
    shop.update("res.partner", 2, json!({"category_id": [2, 3]}));
    for program in programs() {
        service.admin.call("program.put", json!({"program": program}));
    }
    // Drafts are priced with the sidecar's own copy of the shop.
    service.admin.sync();
    service
}

/// The draft as a till sends it. Returns are of the line `sale`.
fn sent(draft: &Draft, at: DateTime<Utc>, sale: i64) -> Value {
    let mut lines: Vec<Value> = Vec::new();
    for item in &draft.items {
        for mut line in item.lines(lines.len(), sale) {
            for name in ["qty", "price_subtotal", "price_subtotal_incl"] {
                line[name] = json!(line[name].to_string());
            }
            let object = line.as_object_mut().unwrap();
            if let Some(combo) = object.remove("part_of") {
                object.insert("combo_parent_uuid".into(), json!(format!("line-{combo}")));
            }
            if let Some(of) = object.remove("refunded_orderline_id") {
                object.insert("refunded_line_id".into(), of);
            }
            object.insert("uuid".into(), json!(format!("line-{}", lines.len())));
            lines.push(line);
        }
    }
    json!({
        "uuid": uuid(), "company_id": 1, "currency": "USD", "pos_config_id": 1, "partner_id": draft.partner,
        "date_order": at.to_rfc3339(), "lines": lines,
    })
}

/// Takes the reward on the draft, where it can be had: its line joins the others, of the product that is off.
fn redeem(service: &Service, reward: &str, partner: i64, order: &mut Value) -> Option<Value> {
    let hold = service.admin.hold(partner, reward, order).ok()?;
    let off = format!("-{}", hold["discount"].as_str().unwrap());
    let line = json!({"product_id": 3, "qty": "1", "price_subtotal": off, "price_subtotal_incl": off,
                      "hold_id": hold["hold_id"]});
    order["lines"].as_array_mut().unwrap().push(line);
    Some(json!({"product_id": 3, "qty": 1, "price_subtotal": number(&off), "price_subtotal_incl": number(&off),
                "loyalty_hold_id": hold["hold_id"]}))
}

/// What the quote says each program's points will be.
fn quoted(service: &Service, order: &Value) -> BTreeMap<String, Decimal> {
    let answer = service.admin.call("loyalty.quote", json!({"order": order}));
    let programs = answer["programs"].as_array().unwrap();
    assert_eq!(programs.len(), 2, "{answer}");
    let earns = |program: &Value| {
        (program["program"].as_str().unwrap().to_owned(), program["earns"].as_str().unwrap().parse().unwrap())
    };
    programs.iter().map(earns).collect()
}

/// What was posted for each order in a program.
fn posted(service: &Service, program: &str) -> BTreeMap<String, Decimal> {
    let mut posted: BTreeMap<String, Decimal> = BTreeMap::new();
    for partner in 1..=5 {
        let page = json!({"partner_id": partner, "program": program, "limit": 500});
        let found = service.admin.call("loyalty.history", page);
        assert_eq!(found["next"], Value::Null, "all of it is on one page");
        for entry in found["entries"].as_array().unwrap() {
            if !["earn", "clawback"].contains(&entry["kind"].as_str().unwrap()) {
                continue;
            }
            let points: Decimal = entry["points"].as_str().unwrap().parse().unwrap();
            *posted.entry(entry["cause"]["uuid"].as_str().unwrap().to_owned()).or_default() += points;
        }
    }
    posted
}

#[test]
fn what_a_draft_is_quoted_is_what_the_paid_order_posts() {
    let service = service();
    // What returns take back was sold to nobody who is known: what an order posts is all its own.
    let sale = service.shop.sell_lines(None, &uuid(), &[line(1, "1000000", "100000.00")]).lines[0];
    for partner in 1..=5 {
        service.admin.give(partner, "1000");
    }
    let mut runner = TestRunner::default();
    let mut all = Vec::new();
    let mut redeemed = 0;
    // Chance decides which drafts can have a reward: it goes on until enough had one.
    for number in 0..5 * ORDERS {
        if number >= ORDERS && redeemed > ORDERS / 10 {
            break;
        }
        let draft = drafts().new_tree(&mut runner).unwrap().current();
        // Odoo's dates are of whole seconds.
        let at = Utc::now().trunc_subsecs(0) - TimeDelta::minutes(draft.minutes_ago);
        let mut order = sent(&draft, at, sale);
        let mut lines: Vec<Value> = Vec::new();
        for item in &draft.items {
            lines.extend(item.lines(lines.len(), sale));
        }
        let reward = ["none", "toys", "pay"][number % 3];
        if let Some(line) = redeem(&service, reward, draft.partner, &mut order) {
            lines.push(line);
            redeemed += 1;
        }
        let quoted = quoted(&service, &order);
        let uuid = order["uuid"].as_str().unwrap().to_owned();
        service.shop.sell_at(at, Some(draft.partner), &uuid, &lines);
        all.push((order, quoted, uuid));
    }
    assert!(redeemed > ORDERS / 10, "only {redeemed} orders had a reward");
    service.admin.sync();
    for program in ["club", "net"] {
        let posted = posted(&service, program);
        assert!(posted.len() > ORDERS / 4, "only {} orders earned in {program}", posted.len());
        for (order, quoted, uuid) in &all {
            let posted = posted.get(uuid).copied().unwrap_or_default();
            assert_eq!(posted, quoted[program], "{program}: {order}");
        }
    }
    service.admin.verified();
}
