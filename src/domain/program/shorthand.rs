//! Programs and orders of the tables, each written in a line.
//!
//! A program is `settings | clause + clause`. A clause is a rule or a reward: its kind, then `name=value` with the
//! names of the document. What belongs to a scope, a window or a limit goes there by its name, lists are written
//! `1,2`, hours `22:00-02:00`, and codes are `r1`, `r2` … unless one is said.
//!
//! An order is `settings: goods quantity amount, …`, the amount with tax. The goods are those of [`goods`]; a line may
//! say `net=` (its amount without tax), `tag=` (its product's tags) and `of=` (the number of the line of the combo that it is
//! a part of).
//!
//! A table says a program in a line of its own and, under it, what it makes of each order: `order => expected # why`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Program;
use super::sample::{TOYS, at, decimal, line, money, neutral, order, program, reward_line};
use crate::domain::catalog::scope::Scope;
use crate::domain::sale::order::{Line, LineRef, Order};
use crate::domain::value::ids::{CompanyId, LineId, PartnerTagId, PosCategoryId, PosConfigId, ProductId, ProductTagId};

/// Members of a clause that the document keeps in a part of their own.
const PARTS: &[(&str, &[&str])] = &[
    (
        "scope",
        &[
            "pos_category_ids",
            "product_category_ids",
            "product_ids",
            "product_tag_ids",
            "exclude_pos_category_ids",
            "exclude_product_category_ids",
            "exclude_product_ids",
            "exclude_product_tag_ids",
        ],
    ),
    ("window", &["from", "to", "weekdays", "hours"]),
    ("limit", &["count", "days"]),
];
const RULES: &[&str] = &["per_amount", "per_unit", "per_order", "multiplier"];
const OF_EARNING: &[&str] = &["base", "rounding", "decimals", "stacking"];
const OF_REDEMPTION: &[&str] = &["minimum_points", "max_share_of_order"];
const NUMBERS: &[&str] = &["decimals", "company_id", "product_id", "count", "days"];

/// One line of a table.
#[derive(Debug)]
pub(super) struct WorkedExample<'a> {
    /// The program, as it is written.
    pub program: &'a str,
    /// The order, likewise.
    pub subject: &'a str,
    /// What the program makes of it.
    pub expected: &'a str,
    /// The arithmetic, which a failing example shows.
    pub why: &'a str,
}

/// The examples of a table, at least one.
pub(super) fn examples_of(table: &str) -> Vec<WorkedExample<'_>> {
    let mut examples = Vec::new();
    let mut program = "";
    for text in table.lines().map(str::trim).filter(|text| !text.is_empty() && !text.starts_with("//")) {
        let Some((subject, answer)) = text.split_once(" => ") else {
            program = text;
            continue;
        };
        let (expected, why) = answer.split_once('#').unwrap_or_else(|| panic!("{text} says no arithmetic"));
        examples.push(WorkedExample { program, subject, expected: expected.trim(), why: why.trim() });
    }
    assert!(!examples.is_empty(), "{table} is no table");
    examples
}

/// `name=value`, as the document has it.
fn member(text: &str) -> (&str, Value) {
    let (name, value) = text.split_once('=').unwrap_or_else(|| panic!("{text} is no name=value"));
    let numbers = || value.split(',').map(|id| id.parse::<i64>().unwrap()).collect::<Vec<_>>();
    let value = match name {
        "weekdays" => json!(numbers()),
        name if name.ends_with("_ids") => json!(numbers()),
        "hours" => json!(value.split('-').collect::<Vec<_>>()),
        name if NUMBERS.contains(&name) => json!(value.parse::<i64>().unwrap()),
        _ => json!(value),
    };
    (name, value)
}

fn within<'a>(object: &'a mut Map<String, Value>, part: &str) -> &'a mut Map<String, Value> {
    object.entry(part).or_insert_with(|| json!({})).as_object_mut().unwrap()
}

/// The program that a line says.
pub(super) fn program_of(text: &str) -> Program {
    let (settings, clauses) = text.split_once(" | ").unwrap_or(("", text));
    let mut document = Map::new();
    for (name, value) in settings.split_whitespace().map(member) {
        let place = match name {
            name if OF_EARNING.contains(&name) => within(&mut document, "earning"),
            name if OF_REDEMPTION.contains(&name) => within(&mut document, "redemption"),
            _ => &mut document,
        };
        place.insert(name.to_owned(), value);
    }
    let (mut rules, mut rewards) = (Vec::new(), Vec::new());
    for (number, clause) in (1..).zip(clauses.split(" + ")) {
        let (kind, members) = clause.split_once(' ').unwrap();
        let mut object =
            Map::from_iter([("code".to_owned(), json!(format!("r{number}"))), ("kind".into(), json!(kind))]);
        for (name, value) in members.split_whitespace().map(member) {
            let part = PARTS.iter().find(|(_, members)| members.contains(&name)).map(|(part, _)| *part);
            let place = match part {
                Some(part) => within(&mut object, part),
                None => &mut object,
            };
            place.insert(name.to_owned(), value);
        }
        if RULES.contains(&kind) { &mut rules } else { &mut rewards }.push(Value::Object(object));
    }
    within(&mut document, "earning").insert("rules".into(), json!(rules));
    document.insert("rewards".into(), json!(rewards));
    program(&Value::Object(document))
}

/// A line of these goods.
fn goods(name: &str, quantity: &str, amount: &str) -> Line {
    let covering = |scope: Scope| Line { covers: Some(Arc::new(scope)), ..reward_line(amount) };
    let product = match name {
        "book" => 10,
        "pen" => 11,
        "mug" => 12,
        // A combo; its product is a toy.
        "menu" => 32,
        // Toys: POS category 3 under 1, product category 8 under 7. All other goods: product category 9 under 7.
        "toy" => 30,
        "doll" => 31,
        "lamp" => 40,
        // The goods of Odoo's own tests.
        "organizer" => 50,
        "board" => 51,
        "desk_pad" => 52,
        "monitor_stand" => 53,
        "product_a" => 55,
        "product_b" => 56,
        "product_c" => 57,
        // A voucher, a discount of the whole order.
        "voucher" => 90,
        "tip" | "giftcard" | "ewallet" => return Line { quantity: decimal(quantity), ..neutral(amount) },
        "reward" => return reward_line(amount),
        "toyreward" => {
            let toys = Scope { pos_category_ids: vec![PosCategoryId(TOYS)], ..Scope::default() };
            return covering(toys);
        }
        // Of a free pen that was in the order.
        "freepen" => return Line { gives: Decimal::ONE, ..covering(Scope::of_product(ProductId(11))) },
        "dollreward" => return covering(Scope::of_product(ProductId(31))),
        // A product that a hold gives, added as a line of its own.
        "prize" => return Line { hold: reward_line("0").hold, ..line(40, quantity, amount) },
        "note" => return Line { product_id: None, ..line(1, quantity, amount) },
        other => panic!("no goods are called {other}"),
    };
    line(product, quantity, amount)
}

fn line_of(text: &str) -> Line {
    let mut words = text.split_whitespace();
    let mut word = || words.next().unwrap_or_else(|| panic!("{text} is no line"));
    let mut line = goods(word(), word(), word());
    for extra in words {
        match extra.split_once('=').unwrap() {
            ("net", amount) => line.subtotal = money(amount),
            // A part of the combo that stands in the line of this number.
            ("of", number) => line.combo_parent = Some(LineRef::Id(LineId(number.parse().unwrap()))),
            ("tag", tags) => {
                let tags = tags.split(',').map(|tag| ProductTagId(tag.parse().unwrap()));
                line.product_tags = tags.collect();
            }
            (other, _) => panic!("a line says nothing of {other}"),
        }
    }
    line
}

/// The order that a line says, and the settings that are not the order's own.
pub(super) fn draft_of(text: &str) -> (Order, BTreeMap<&str, &str>) {
    let (settings, lines) = text.split_once(": ").unwrap_or(("", text));
    let lines = lines.split(", ").filter(|line| *line != "nothing").map(line_of).collect();
    let mut told = order(lines);
    told.attach_combos();
    let mut others = BTreeMap::new();
    for setting in settings.split_whitespace() {
        match setting.split_once('=').unwrap() {
            ("at", when) => told.placed_at = at(when),
            ("shop", shop) => told.pos_config_id = Some(PosConfigId(shop.parse().unwrap())),
            ("company", company) => told.company_id = CompanyId(company.parse().unwrap()),
            ("currency", currency) => currency.clone_into(&mut told.currency),
            ("tags", tags) => {
                let tags = tags.split(',').map(|tag| PartnerTagId(tag.parse().unwrap()));
                told.partner_tags = tags.collect::<BTreeSet<_>>();
            }
            (name, value) => {
                others.insert(name, value);
            }
        }
    }
    (told, others)
}

/// The order that a line says.
pub(super) fn order_of(text: &str) -> Order {
    let (order, others) = draft_of(text);
    assert!(others.is_empty(), "{others:?}");
    order
}
