//! What holds for every program and every order.
#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::sample::{came_back, decimal, line, order, reward_line};
use super::shorthand::program_of;
use super::{Earned, Program, earn};
use crate::domain::sale::order::{Line, Order};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::points::Points;

/// Goods in and out of every scope below: books and pens, toys.
const PRODUCTS: [i64; 4] = [10, 11, 30, 31];

/// A scope of a rule or a multiplier.
fn scopes() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just("pos_category_ids=3"),
        Just("product_category_ids=9"),
        Just("product_ids=10,31"),
        Just("exclude_product_ids=30"),
    ]
}

/// Rules of each kind that pays, with conditions that small orders meet and miss.
fn rules() -> impl Strategy<Value = Vec<String>> {
    let rule =
        (0_u8..4, 1_i64..3_000, 1_i64..500, scopes(), 0_i64..20_000).prop_map(|(kind, every, points, scope, least)| {
            let (every, points, least) = (Decimal::new(every, 2), Decimal::new(points, 2), Decimal::new(least, 2));
            match kind {
                0 => format!("per_amount every={every} points={points} {scope}"),
                1 => format!("per_amount every={every} points={points} step=prorata {scope}"),
                2 => format!("per_unit points={points} {scope}"),
                _ => format!("per_order points={points} min_order_amount={least} {scope}"),
            }
        });
    prop::collection::vec(rule, 1..4)
}

/// Multipliers for some of the lines.
fn multipliers() -> impl Strategy<Value = Vec<String>> {
    let one = (1_i64..500, prop_oneof![Just("pos_category_ids=3"), Just("product_ids=31")])
        .prop_map(|(factor, scope)| format!("multiplier factor={} {scope}", Decimal::new(factor, 2)));
    prop::collection::vec(one, 1..3)
}

fn stacking() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("highest"), Just("multiply")]
}

/// Goods sold: product, quantity, amount in cents.
fn goods() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
    prop::collection::vec((prop::sample::select(PRODUCTS.as_slice()), 1_i64..9, 0_i64..50_000), 1..6)
}

fn written(rules: &[String], stacking: &str) -> Program {
    program_of(&format!("decimals=2 stacking={stacking} | {}", rules.join(" + ")))
}

fn good(product: i64, quantity: Decimal, cents: i64) -> Line {
    line(product, &quantity.to_string(), &Decimal::new(cents, 2).to_string())
}

fn off(product: i64, cents: i64) -> Line {
    let amount = Decimal::new(-cents, 2).to_string();
    if product == 0 { reward_line(&amount) } else { line(90, "1", &amount) }
}

fn earned(program: &Program, order: &Order) -> Earned {
    earn(program, order, &TakenBack::new()).unwrap()
}

/// So little that it is no more than the last digits kept of a division.
fn nearly_equal(one: Decimal, other: Decimal) -> bool {
    (one - other).abs() < decimal("0.000000001")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Two lines of one are as good as one of two, whatever the rules, multipliers and discounts.
    #[test]
    fn splitting_lines_never_changes_what_an_order_earns(
        rules in rules(), more in prop::option::of(multipliers()), stacking in stacking(), goods in goods(),
        reward in 0_i64..20_000, voucher in 0_i64..20_000, cuts in prop::collection::vec(0_i64..=100, 6),
    ) {
        let all: Vec<String> = rules.into_iter().chain(more.unwrap_or_default()).collect();
        let program = written(&all, stacking);
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for ((product, quantity, cents), percent) in goods.iter().zip(&cuts) {
            let (quantity, part) = (Decimal::from(*quantity), cents * percent / 100);
            let fewer = quantity * Decimal::new(*percent, 2);
            one.push(good(*product, quantity, *cents));
            two.push(good(*product, fewer, part));
            two.push(good(*product, quantity - fewer, cents - part));
        }
        for (what, cents) in [(0, reward), (90, voucher)] {
            // A discount of nothing is no discount but a free sample.
            one.extend((cents > 0).then(|| off(what, cents)));
            let parts = [cents / 3, cents - cents / 3];
            two.extend(parts.into_iter().filter(|part| *part > 0).map(|part| off(what, part)));
        }
        let (one, two) = (earned(&program, &order(one)), earned(&program, &order(two)));
        prop_assert!(nearly_equal(one.total_before_rounding, two.total_before_rounding));
        prop_assert_eq!(one.points, two.points);
    }

    /// A multiplier is about its own lines: all others keep their part of every rule.
    #[test]
    fn a_multiplier_leaves_the_lines_outside_it_alone(
        rules in rules(), more in multipliers(), stacking in stacking(), goods in goods(), voucher in 0_i64..20_000,
    ) {
        let mut lines: Vec<Line> =
            goods.iter().map(|(product, quantity, cents)| good(*product, Decimal::from(*quantity), *cents)).collect();
        lines.extend((voucher > 0).then(|| off(90, voucher)));
        let order = order(lines);
        let plain = earned(&written(&rules, stacking), &order);
        let all: Vec<String> = rules.iter().cloned().chain(more).collect();
        let multiplied = earned(&written(&all, stacking), &order);
        let parts = |earned: &Earned, outside: bool| -> BTreeMap<(usize, String), Decimal> {
            let chosen = earned.lines.iter().filter(|line| line.multipliers.is_empty() == outside);
            chosen.map(|line| ((line.line, line.rule.clone()), line.points)).collect()
        };
        let before = parts(&plain, true);
        for (key, points) in parts(&multiplied, true) {
            prop_assert!(nearly_equal(points, before[&key]), "{:?}: {} for {}", key, points, before[&key]);
        }
        // And what is in it is what it was, times its factor.
        for line in multiplied.lines.iter().filter(|line| !line.multipliers.is_empty()) {
            let plain = before[&(line.line, line.rule.clone())] * line.factor;
            prop_assert!(nearly_equal(line.points, plain), "{} for {plain}", line.points);
        }
    }

    /// However a sale comes back, the parts sum to what it earned, to the hundredth, for every kind of rule.
    #[test]
    fn a_sale_that_comes_back_in_parts_comes_back_whole(
        rules in rules(), more in prop::option::of(multipliers()), stacking in stacking(), goods in goods(),
        voucher in 0_i64..20_000, steps in prop::collection::vec((0_usize..6, 1_i64..900), 0..12),
    ) {
        let all: Vec<String> = rules.into_iter().chain(more.unwrap_or_default()).collect();
        let program = written(&all, stacking);
        let mut lines: Vec<Line> =
            goods.iter().map(|(product, quantity, cents)| good(*product, Decimal::from(*quantity), *cents)).collect();
        lines.extend((voucher > 0).then(|| off(90, voucher)));
        let sold = order(lines);
        let mut posted = vec![earned(&program, &sold).points];
        let (mut taken, mut at_once) = (BTreeMap::<i64, Decimal>::new(), BTreeMap::new());
        let mut last = posted[0];
        let rest = (0..goods.len()).map(|line| (line, 1_000_000));
        for (which, hundredths) in steps.into_iter().filter(|(which, _)| *which < goods.len()).chain(rest) {
            let id = sold.lines[which].id.unwrap();
            *taken.entry(id.0).or_default() += Decimal::new(hundredths, 2);
            let now = earn(&program, &sold, &came_back(&sold, taken.clone())).unwrap().points;
            posted.push(now.sub(last).unwrap());
            last = now;
            // What is left does not depend on the steps to it.
            at_once.insert(id.0, taken[&id.0].min(sold.lines[which].quantity));
            prop_assert_eq!(earn(&program, &sold, &came_back(&sold, at_once.clone())).unwrap().points, now);
        }
        prop_assert!(last.is_zero(), "all of it is back, and {last} points are left");
        prop_assert!(Points::sum(posted).unwrap().is_zero());
    }
}
