//! What orders earn: worked examples with their arithmetic, and what holds for every order.
#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::sample::{TOYS, at, came_back, decimal, line, money, neutral, order, points, program, reward_line, rules};
use super::{Earned, Program, earn};
use crate::domain::sale::order::{Line, Order};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::CompanyId;

/// What the lines earn when nothing came back.
fn earned(program: &Program, lines: Vec<Line>) -> Earned {
    after_refunds(program, &order(lines), &[])
}

/// What the order earns once those quantities of those lines (from 1) came back.
fn after_refunds(program: &Program, order: &Order, taken: &[(i64, &str)]) -> Earned {
    let taken = came_back(order, taken.iter().map(|(id, quantity)| (*id, decimal(quantity))));
    let earned = earn(program, order, &taken).unwrap();
    assert_sums(&earned);
    earned
}

/// The lines' points always sum to the total before rounding.
fn assert_sums(earned: &Earned) {
    assert_eq!(earned.lines.iter().map(|line| line.points).sum::<Decimal>(), earned.total_before_rounding);
}

/// 1 point per full 10.00.
fn whole() -> Value {
    json!({"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"})
}

/// 1 point per 10.00 in proportion.
fn prorata() -> Value {
    json!({"code": "base", "kind": "per_amount", "every": "10.00", "points": "1", "step": "prorata"})
}

/// 5 points a unit.
fn per_unit() -> Value {
    json!({"code": "unit", "kind": "per_unit", "points": "5"})
}

/// The rule, for toys alone.
fn toys(rule: Value) -> Value {
    with(rule, json!({"scope": {"pos_category_ids": [TOYS]}}))
}

fn with(mut rule: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("members are an object") };
    rule.as_object_mut().unwrap().extend(members);
    rule
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn worked_examples() {
    let book = |amount| line(10, "1", amount);
    let toy = |quantity, amount| line(30, quantity, amount);
    let sunday = json!({"weekdays": [7]});
    let wednesday = json!({"weekdays": [3]});
    let cases: Vec<(&str, Vec<Value>, Vec<Line>, &str)> = vec![
        // per_amount whole: floor(sum / every) × points.
        ("25.00 / 10 = 2.5", vec![whole()], vec![book("25.00")], "2"),
        ("summed before the floor: 9.99 + 0.01 = 10", vec![whole()], vec![book("9.99"), book("0.01")], "1"),
        ("9.99 / 10 = 0.999", vec![whole()], vec![book("9.99")], "0"),
        ("exactly 10", vec![whole()], vec![book("10.00")], "1"),
        ("nothing", vec![whole()], vec![], "0"),
        ("free goods", vec![whole()], vec![book("0.00")], "0"),
        (
            "29.99 / 7 = 4.28 → 4 × 3",
            vec![with(whole(), json!({"every": "7.00", "points": 3}))],
            vec![book("29.99")],
            "12",
        ),
        (
            "fractions of a cent: 3 × 0.0033 / 0.0099 = 1",
            vec![with(whole(), json!({"every": "0.0099"}))],
            vec![book("0.0033"), book("0.0033"), book("0.0033")],
            "1",
        ),
        // per_amount prorata, rounded down to whole points once.
        ("25.00 / 10 = 2.5 → 2", vec![prorata()], vec![book("25.00")], "2"),
        ("9.50 + 9.50 + 1 = 20 → 2", vec![prorata()], vec![book("9.50"), book("9.50"), book("1.00")], "2"),
        // per_unit: points × quantity.
        ("3 × 5", vec![per_unit()], vec![toy("3", "30.00")], "15"),
        ("2 × 5 + 1 × 5", vec![per_unit()], vec![toy("2", "20.00"), book("1.00")], "15"),
        ("0.345 kg × 5 = 1.725 → 1", vec![per_unit()], vec![toy("0.345", "3.45")], "1"),
        ("a free unit is a unit", vec![per_unit()], vec![toy("1", "0.00")], "5"),
        ("a discount line is no unit", vec![per_unit()], vec![toy("1", "9.00"), line(90, "1", "-2.00")], "5"),
        ("a reward line is no unit", vec![per_unit()], vec![toy("1", "9.00"), reward_line("-2.00")], "5"),
        (
            "a unit taken back without its sale: 3 − 1",
            vec![per_unit()],
            vec![toy("3", "30.00"), toy("-1", "-10.00")],
            "10",
        ),
        // Rules add up, and are rounded once: 2.5 + 2.5 = 5, not 2 + 2.
        ("2.5 + 2.5", vec![prorata(), with(prorata(), json!({"code": "twice"}))], vec![book("25.00")], "5"),
        ("floor(45/10) = 4, + 2 × 5", vec![whole(), toys(per_unit())], vec![book("25.00"), toy("2", "20.00")], "14"),
        // Scopes.
        ("toys: floor(20/10)", vec![toys(whole())], vec![book("25.00"), toy("2", "20.00")], "2"),
        ("no toys", vec![toys(whole())], vec![book("25.00")], "0"),
        (
            "an ancestor of the category",
            vec![with(whole(), json!({"scope": {"pos_category_ids": [1]}}))],
            vec![book("25.00"), toy("2", "20.00")],
            "2",
        ),
        (
            "product category 7 is above both",
            vec![with(whole(), json!({"scope": {"product_category_ids": [7]}}))],
            vec![book("25.00"), toy("2", "20.00")],
            "4",
        ),
        (
            "product category 9: books",
            vec![with(whole(), json!({"scope": {"product_category_ids": [9]}}))],
            vec![book("25.00"), toy("2", "20.00")],
            "2",
        ),
        (
            "one product",
            vec![with(whole(), json!({"scope": {"product_ids": [30]}}))],
            vec![toy("1", "20.00"), line(31, "1", "20.00")],
            "2",
        ),
        (
            "either list: toys or product 10",
            vec![with(whole(), json!({"scope": {"pos_category_ids": [3], "product_ids": [10]}}))],
            vec![book("25.00"), toy("1", "20.00"), line(11, "1", "50.00")],
            "4",
        ),
        (
            "all but toys",
            vec![with(whole(), json!({"scope": {"exclude_pos_category_ids": [3]}}))],
            vec![book("25.00"), toy("1", "20.00")],
            "2",
        ),
        (
            "all but an ancestor of toys",
            vec![with(whole(), json!({"scope": {"exclude_pos_category_ids": [1]}}))],
            vec![book("25.00"), toy("1", "20.00")],
            "2",
        ),
        (
            "excludes win: toys without 31",
            vec![with(whole(), json!({"scope": {"pos_category_ids": [3], "exclude_product_ids": [31]}}))],
            vec![toy("1", "20.00"), line(31, "1", "70.00")],
            "2",
        ),
        (
            "excludes win over the product itself",
            vec![with(whole(), json!({"scope": {"product_ids": [30], "exclude_product_category_ids": [8]}}))],
            vec![toy("1", "20.00")],
            "0",
        ),
        // Lines that take off.
        ("25 − 5 reward = 20", vec![whole()], vec![book("25.00"), reward_line("-5.00")], "2"),
        ("25 − 5.01 reward = 19.99", vec![whole()], vec![book("25.00"), reward_line("-5.01")], "1"),
        ("25 − 5.01 voucher = 19.99", vec![whole()], vec![book("25.00"), line(90, "1", "-5.01")], "1"),
        ("never below zero: 25 − 30", vec![whole()], vec![book("25.00"), line(90, "1", "-30.00")], "0"),
        ("a reward alone", vec![whole()], vec![reward_line("-30.00")], "0"),
        (
            "a reward has its share in toys: 40 − 20 × 40/80 = 30",
            vec![toys(whole())],
            vec![book("40.00"), toy("1", "40.00"), reward_line("-20.00")],
            "3",
        ),
        (
            "so has a voucher of no category",
            vec![toys(whole())],
            vec![book("40.00"), toy("1", "40.00"), line(90, "1", "-20.00")],
            "3",
        ),
        (
            "toys alone carry it all: 20 − 5 = 15",
            vec![toys(whole())],
            vec![toy("1", "20.00"), line(90, "1", "-5.00")],
            "1",
        ),
        (
            "thirds: 30 − 10 × 30/30 over three toys = 20",
            vec![toys(whole())],
            vec![toy("1", "10.00"), toy("1", "10.00"), toy("1", "10.00"), reward_line("-10.00")],
            "2",
        ),
        (
            "a product that a hold gives at a price earns what was paid: floor(19.90/10) + 2 × 5",
            vec![whole(), per_unit()],
            vec![Line { hold: reward_line("0").hold, ..line(40, "1", "9.90") }, book("10.00")],
            "11",
        ),
        (
            "a product that a hold gives for nothing earns nothing",
            vec![whole(), per_unit()],
            vec![Line { hold: reward_line("0").hold, ..line(40, "1", "0") }, book("10.00")],
            "6",
        ),
        (
            "a reward line written as −1 × 5.00",
            vec![whole()],
            vec![book("25.00"), Line { quantity: decimal("-1"), ..reward_line("-5.01") }],
            "1",
        ),
        ("a tip earns nothing: floor(15/10)", vec![whole()], vec![book("15.00"), neutral("5.00")], "1"),
        ("a gift card payment takes nothing off", vec![whole()], vec![book("25.00"), neutral("-20.00")], "2"),
        ("a tip is no unit", vec![per_unit()], vec![toy("1", "5.00"), neutral("5.00")], "5"),
        (
            "a section line counts for nothing",
            vec![per_unit()],
            vec![toy("1", "5.00"), Line { product_id: None, ..line(1, "1", "0") }],
            "5",
        ),
        // Minimums.
        ("20.00 reaches 20.00", vec![with(whole(), json!({"min_order_amount": "20.00"}))], vec![book("20.00")], "2"),
        ("19.99 does not", vec![with(whole(), json!({"min_order_amount": "20.00"}))], vec![book("19.99")], "0"),
        (
            "the whole order counts, not the scope",
            vec![with(toys(whole()), json!({"min_order_amount": "20.00"}))],
            vec![book("10.00"), toy("1", "10.00")],
            "1",
        ),
        (
            "after the reward: 25 − 5.01",
            vec![with(whole(), json!({"min_order_amount": "20.00"}))],
            vec![book("25.00"), reward_line("-5.01")],
            "0",
        ),
        (
            "without the tip",
            vec![with(whole(), json!({"min_order_amount": "20.00"}))],
            vec![book("19.00"), neutral("5.00")],
            "0",
        ),
        (
            "3 toys of 3",
            vec![with(toys(per_unit()), json!({"min_quantity": 3}))],
            vec![toy("2", "9.00"), line(31, "1", "9.00"), book("1.00")],
            "15",
        ),
        (
            "2 toys of 3, books aside",
            vec![with(toys(per_unit()), json!({"min_quantity": 3}))],
            vec![toy("2", "9.00"), book("1.00")],
            "0",
        ),
        // When and where: the sample order is placed on a Wednesday at noon UTC in shop 2.
        ("not on Sunday", vec![with(whole(), json!({"window": sunday}))], vec![book("25.00")], "0"),
        ("on Wednesday", vec![with(whole(), json!({"window": wednesday}))], vec![book("25.00")], "2"),
        ("in shop 2", vec![with(whole(), json!({"pos_config_ids": [2]}))], vec![book("25.00")], "2"),
        ("in shop 3 alone", vec![with(whole(), json!({"pos_config_ids": [3]}))], vec![book("25.00")], "0"),
        // An order that takes goods back without naming the sale loses what the opposite one earns.
        ("−25 → −2, towards zero", vec![whole()], vec![line(10, "-1", "-25.00")], "-2"),
        ("−9.99", vec![whole()], vec![line(10, "-1", "-9.99")], "0"),
        ("−(25 − 5.01) → −1", vec![whole()], vec![line(10, "-1", "-25.00"), line(90, "-1", "5.01")], "-1"),
        ("−2 × 5", vec![per_unit()], vec![toy("-2", "-20.00")], "-10"),
        (
            "minimums hold in the mirror",
            vec![with(whole(), json!({"min_order_amount": "20.00"}))],
            vec![line(10, "-1", "-19.00")],
            "0",
        ),
        ("an exchange: 30 − 12 = 18", vec![whole()], vec![book("30.00"), line(11, "-1", "-12.00")], "1"),
        ("an exchange: 12 − 30 = −18", vec![whole()], vec![book("12.00"), line(11, "-1", "-30.00")], "-1"),
        (
            "a reward adds nothing to a return",
            vec![whole()],
            vec![line(10, "-1", "-19.00"), reward_line("-5.00")],
            "-1",
        ),
    ];
    for (why, all_rules, lines, expected) in cases {
        let program = rules(&json!(all_rules));
        assert_eq!(earned(&program, lines).points, points(expected), "{why}");
    }
}

#[test]
fn the_total_is_rounded_once_as_the_program_says() {
    // 12.34 at 1 per 1.00 × 0.55 = 6.787; twice that, 13.574.
    let rule = json!({"kind": "per_amount", "every": "1.00", "points": "0.55", "step": "prorata"});
    let two = json!([with(rule.clone(), json!({"code": "a"})), with(rule, json!({"code": "b"}))]);
    let cases = [
        ("down", 0, "13", "-13"),
        ("down", 1, "13.5", "-13.5"),
        ("down", 2, "13.57", "-13.57"),
        ("half_up", 0, "14", "-14"),
        ("half_up", 1, "13.6", "-13.6"),
        ("half_up", 2, "13.57", "-13.57"),
        ("up", 0, "14", "-14"),
        ("up", 1, "13.6", "-13.6"),
        ("up", 2, "13.58", "-13.58"),
    ];
    for (rounding, decimals, sold, returned) in cases {
        let program = program(&json!({"earning": {"rounding": rounding, "decimals": decimals, "rules": two}}));
        let of = |quantity, amount| earned(&program, vec![line(10, quantity, amount)]);
        assert_eq!(of("1", "12.34").points, points(sold), "{rounding} {decimals}");
        assert_eq!(of("-1", "-12.34").points, points(returned), "{rounding} {decimals}");
        assert_eq!(of("1", "12.34").total_before_rounding, decimal("13.574"));
    }
}

#[test]
fn the_base_is_with_or_without_tax() {
    let taxed = Line { subtotal: money("19.00"), ..line(10, "1", "22.80") };
    for (base, expected) in [("tax_included", "2"), ("tax_excluded", "1")] {
        let program = program(&json!({"earning": {"base": base, "rules": [whole()]}}));
        assert_eq!(earned(&program, vec![taxed.clone()]).points, points(expected), "{base}");
    }
}

#[test]
fn a_sale_less_its_refunds() {
    let three = vec![line(10, "3", "30.00"), line(30, "1", "5.00")];
    let thirds = vec![line(10, "3", "10.00"), line(11, "3", "10.00")];
    let third = || line(10, "3", "1.00");
    let three_thirds = vec![third(), third(), third()];
    let rewarded = vec![line(10, "2", "40.00"), reward_line("-10.00")];
    #[expect(clippy::type_complexity, reason = "a table: why, rule, lines sold, quantities taken back, points")]
    let cases: [(&str, Value, &[Line], &[(i64, &str)], &str); 17] = [
        ("35 → 3", whole(), &three, &[], "3"),
        ("30 × 2/3 + 5 = 25", whole(), &three, &[(1, "1")], "2"),
        ("30 × 1/3 + 5 = 15", whole(), &three, &[(1, "2")], "1"),
        ("5 left", whole(), &three, &[(1, "3")], "0"),
        ("all back", whole(), &three, &[(1, "3"), (2, "1")], "0"),
        ("more than was sold is all of it", whole(), &three, &[(1, "7")], "0"),
        ("less than nothing is nothing", whole(), &three, &[(1, "-1")], "3"),
        ("(3 − 1) × 5 + 5", per_unit(), &three, &[(1, "1")], "15"),
        (
            "3 × 1/3 is a full 1",
            with(whole(), json!({"every": "1.00"})),
            &three_thirds,
            &[(1, "2"), (2, "2"), (3, "2")],
            "1",
        ),
        ("10 × 2/3 + 10 × 1/3 is a full 10", whole(), &thirds, &[(1, "1"), (2, "2")], "1"),
        (
            "in cents, 3 a cent: (10/3 + 20/3) × 300 = 3000",
            with(prorata(), json!({"every": "0.01", "points": 3})),
            &thirds,
            &[(1, "2"), (2, "1")],
            "3000",
        ),
        (
            "10 × 1/3 × 300 = 1000",
            with(prorata(), json!({"every": "0.01", "points": 3})),
            &thirds,
            &[(1, "2"), (2, "3")],
            "1000",
        ),
        ("40 − 10 = 30", whole(), &rewarded, &[], "3"),
        ("goods back, reward kept: 20 − 10", whole(), &rewarded, &[(1, "1")], "1"),
        ("all goods back: 0 − 10 is nothing, not less", whole(), &rewarded, &[(1, "2")], "0"),
        ("reward back: 40", whole(), &rewarded, &[(2, "1")], "4"),
        ("both half back: 20 − 5", whole(), &rewarded, &[(1, "1"), (2, "0.5")], "1"),
    ];
    for (why, rule, lines, taken, expected) in cases {
        let program = rules(&json!([rule]));
        assert_eq!(after_refunds(&program, &order(lines.to_vec()), taken).points, points(expected), "{why}");
    }
}

#[test]
fn a_program_that_does_not_apply_earns_nothing() {
    let program =
        program(&json!({"company_id": 1, "ends_at": "2026-12-01T00:00:00Z", "earning": {"rules": [whole()]}}));
    let sold = order(vec![line(10, "1", "25.00")]);
    assert_eq!(after_refunds(&program, &sold, &[]).points, points("2"));
    let other_company = Order { company_id: CompanyId(2), ..sold.clone() };
    let too_late = Order { placed_at: at("2026-12-01T00:00:00Z"), ..sold.clone() };
    let other_currency = Order { currency: "EUR".to_owned(), ..sold };
    for other in [other_company, too_late, other_currency] {
        let nothing = after_refunds(&program, &other, &[]);
        assert!(nothing.points.is_zero() && nothing.lines.is_empty());
    }
}

#[test]
fn the_explanation_can_be_replayed_by_hand() {
    // Sold 40 + 40, a reward of 20 takes 10 off each. base: floor(60/10) = 6, half on each line.
    // toys: 2 units × 5.
    let program = rules(&json!([whole(), toys(per_unit())]));
    let earned = earned(&program, vec![line(10, "1", "40.00"), line(30, "2", "40.00"), reward_line("-20.00")]);
    assert_eq!(
        serde_json::to_value(&earned).unwrap(),
        json!({
            "points": "16", "total_before_rounding": "16", "rounding": "down", "decimals": 0,
            "lines": [
                {"line": 0, "line_id": 1, "product_id": 10, "rule": "base", "base": "30", "points": "3",
                 "factor": "1", "multipliers": []},
                {"line": 1, "line_id": 2, "product_id": 30, "rule": "base", "base": "30", "points": "3",
                 "factor": "1", "multipliers": []},
                {"line": 1, "line_id": 2, "product_id": 30, "rule": "unit", "base": "2", "points": "10",
                 "factor": "1", "multipliers": []},
            ]
        })
    );
}

#[test]
fn points_of_the_order_are_spread_to_the_last_digit_over_what_was_paid_for() {
    // floor(30/30) = 1 point over three lines of 10.00: thirds, and the last of them takes what is left.
    // The free line after them has no part in it.
    let program = rules(&json!([with(whole(), json!({"every": "30.00"}))]));
    let ten = || line(10, "1", "10.00");
    let earned = earned(&program, vec![ten(), ten(), ten(), line(11, "1", "0.00")]);
    let shares: Vec<String> = earned.lines.iter().map(|line| line.points.normalize().to_string()).collect();
    assert_eq!(shares, ["0.333333333333", "0.333333333333", "0.333333333334", "0"]);
}

#[test]
fn a_return_is_explained_in_its_own_signs() {
    let earned = earned(&rules(&json!([whole()])), vec![line(10, "-1", "-25.00"), line(11, "-1", "0.00")]);
    let lines = serde_json::to_value(&earned.lines).unwrap();
    assert_eq!((&lines[0]["base"], &lines[0]["points"]), (&json!("-25"), &json!("-2")));
    assert_eq!((&lines[1]["base"], &lines[1]["points"]), (&json!("0"), &json!("0")));
}

#[test]
fn numbers_too_large_are_an_answer_not_a_panic() {
    let most = "999999999999.99";
    let rule = json!([{"code": "a", "kind": "per_amount", "every": "0.0001", "points": most}]);
    let lines = vec![line(10, "1", "999999999999.9999"); 3];
    assert_eq!(earn(&rules(&rule), &order(lines), &TakenBack::new()), Err(Overflow));
}

/// An amount in cents as text.
fn cents(cents: i64) -> String {
    Decimal::new(cents, 2).to_string()
}

proptest! {
    #[test]
    fn splitting_lines_never_changes_what_is_earned(
        amounts in proptest::collection::vec((1_i64..100_000, 0_i64..100), 1..8),
        reward in 0_i64..50_000, every in 1_i64..5_000, step in prop_oneof![Just("whole"), Just("prorata")],
    ) {
        let rule = |scope: Value| json!({
            "code": if scope.is_null() { "all" } else { "toys" }, "kind": "per_amount",
            "every": cents(every), "points": "1", "step": step, "scope": scope,
        });
        let program = program(&json!({"earning": {"decimals": 2, "rules": [
            rule(json!(null)), rule(json!({"pos_category_ids": [TOYS]}))]}}));
        let product = |index: usize| if index.is_multiple_of(2) { 10 } else { 30 };
        let mut whole_lines = Vec::new();
        let mut split_lines = Vec::new();
        for (index, (amount, percent)) in amounts.iter().enumerate() {
            let part = amount * percent / 100;
            whole_lines.push(line(product(index), "1", &cents(*amount)));
            split_lines.push(line(product(index), "1", &cents(part)));
            split_lines.push(line(product(index), "1", &cents(amount - part)));
        }
        whole_lines.push(reward_line(&cents(-reward)));
        split_lines.push(reward_line(&cents(-reward)));
        let (one, two) = (earned(&program, whole_lines), earned(&program, split_lines));
        prop_assert_eq!(one.points, two.points);
        prop_assert!((one.total_before_rounding - two.total_before_rounding).abs() < decimal("0.00000001"));
    }

    #[test]
    fn refunds_in_any_steps_end_where_one_refund_does_and_all_of_it_at_nothing(
        lines in proptest::collection::vec((1_i64..20, 1_i64..100_000), 1..5),
        parts in proptest::collection::vec(0_i64..=4, 1..5),
        reward in 0_i64..10_000,
    ) {
        let program = program(&json!({"earning": {"decimals": 2, "rules": [whole(), prorata_named(), toys(per_unit())]}}));
        let mut sold: Vec<Line> = lines
            .iter()
            .zip([10, 30, 11, 31])
            .map(|((quantity, amount), product)| line(product, &quantity.to_string(), &cents(*amount)))
            .collect();
        sold.push(reward_line(&cents(-reward)));
        let sold = order(sold);
        let at_once = earn(&program, &sold, &TakenBack::new()).unwrap();
        assert_sums(&at_once);
        let mut posted = at_once.points;
        let mut taken: BTreeMap<i64, Decimal> = BTreeMap::new();
        let mut last = at_once.points;
        // Four refunds of some quarters of each line, and one of what is left.
        for step in 1..=5_i64 {
            for ((id, line), part) in (1..).zip(&sold.lines).zip(parts.iter().cycle()) {
                let quarters = if step == 5 { 4 } else { (part * step).min(4) };
                taken.insert(id, line.quantity * Decimal::from(quarters) / Decimal::from(4));
            }
            let desired = earn(&program, &sold, &came_back(&sold, taken.clone())).unwrap();
            assert_sums(&desired);
            prop_assert!(!desired.points.is_negative());
            posted = posted.add(desired.points.sub(last).unwrap()).unwrap();
            last = desired.points;
        }
        prop_assert!(posted.is_zero() && last.is_zero());
    }

    #[test]
    fn rounding_down_never_gives_more_and_a_return_loses_what_its_opposite_earns(
        amounts in proptest::collection::vec((1_i64..9, -100_000_i64..100_000), 1..6), decimals in 0_u32..=2,
    ) {
        let program = program(&json!({"earning": {"decimals": decimals, "rules": [whole(), prorata_named(), toys(per_unit())]}}));
        let of = |sign: i64| {
            let lines = amounts.iter().zip([10, 30, 11, 31, 12]).map(|((quantity, amount), product)| {
                // Goods sold and goods taken back.
                line(product, &(quantity * amount.signum() * sign).to_string(), &cents(amount * sign))
            });
            earned(&program, lines.collect())
        };
        let (one, opposite) = (of(1), of(-1));
        prop_assert!(one.points.decimal().abs() <= one.total_before_rounding.abs());
        let goods: i64 = amounts.iter().map(|(_, amount)| amount).sum();
        if goods != 0 {
            prop_assert_eq!(one.points, opposite.points.negate().unwrap());
        }
    }
}

/// A second rule beside [`whole`].
fn prorata_named() -> Value {
    with(prorata(), json!({"code": "share", "every": "3.00", "points": "0.7"}))
}
