use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::domain::ledger::entry::EntryKind;
use crate::domain::ledger::tests::decide_tests::{ACCOUNT, Desk, line, noon, order, points};
use crate::domain::program::Program;
use crate::domain::program::version::Version;
use crate::domain::value::ids::{OrderId, PartnerId, ProductId, ProgramId, SaleId};
use crate::domain::value::money::Money;

/// A desk with 1000 points.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.give(points(1000));
    desk
}

fn captured(desk: &mut Desk, uuid: &str) -> HoldId {
    let hold = desk.hold(uuid).unwrap();
    desk.capture(hold, uuid).unwrap();
    hold
}

/// Reads an order of the hold, among these others.
fn read(desk: &mut Desk, read: &Order, others: &[&Order]) {
    let mut all = vec![read];
    all.extend(others);
    let reward_lines = RewardLines::of(&all);
    let redeems = desk.state.entries.iter().filter(|entry| entry.kind == EntryKind::Redeem);
    let redeemed = redeems.filter_map(|entry| Some((entry.hold_id?, entry.detail.lots.clone()))).collect();
    let sale = Sale {
        order: read,
        wallet: Some(PartnerId(1)),
        desired: BTreeMap::new(),
        uncomputed: BTreeMap::new(),
        before: BTreeMap::new(),
        refunds: &[],
        trigger: order_ref(read),
        trigger_at: noon(),
        redeemed,
        handed_over: Vec::new(),
        reward_lines: &reward_lines,
    };
    desk.with(|state, context, program_versions| {
        let all_versions = [program_versions.clone()];
        state.converge_holds(&sale, &|_| false, context).unwrap();
        state.review_prices(&sale, ReviewRules { all_versions: &all_versions, currency_decimals: 2 }, context).unwrap();
        state.converge_restores(&sale, context).unwrap();
        state.converge_reversals(&sale, context).unwrap();
    });
}

fn kinds(desk: &Desk) -> Vec<&'static str> {
    desk.state.exceptions.iter().map(|exception| exception.kind).collect()
}

#[test]
fn a_cancelled_order_gives_back_what_it_redeemed_and_is_told_once() {
    let mut desk = desk();
    let hold = captured(&mut desk, "a");
    let sold = order("a", vec![line(1, 250_000, None), line(2, -50_000, Some(hold))]);
    read(&mut desk, &sold, &[]);
    assert_eq!(desk.account().balance(), points(900));
    let cancelled = Order { state: OrderState::Cancelled, ..sold.clone() };
    for _ in 0..2 {
        read(&mut desk, &cancelled, &[]);
        assert_eq!((desk.account().balance(), kinds(&desk)), (points(1000), vec!["redemption_reversed"]));
    }
    // The order is there again: its reward is paid for again.
    for _ in 0..2 {
        read(&mut desk, &sold, &[]);
        assert_eq!(desk.account().balance(), points(900));
    }
    read(&mut desk, &cancelled, &[]);
    assert_eq!(desk.account().balance(), points(1000));
    let keys: BTreeSet<&String> = desk.state.exceptions.iter().map(|exception| &exception.dedupe_key).collect();
    assert_eq!(keys.len(), 2, "each reversal is an exception of its own");
    desk.check();
}

#[test]
fn an_order_that_is_not_paid_yet_decides_nothing() {
    let mut desk = desk();
    captured(&mut desk, "a");
    let draft = Order { state: OrderState::Draft, ..order("a", vec![line(1, 250_000, None)]) };
    read(&mut desk, &draft, &[]);
    assert_eq!((desk.account().balance(), kinds(&desk)), (points(900), vec![]));
}

#[test]
fn an_order_paid_without_its_line_gives_back_only_what_is_certain() {
    let plain = |lines: Vec<Line>| order("a", lines);
    let without = plain(vec![line(1, 250_000, None)]);
    // A discount without a hold may be the reward; a field that is not there says nothing.
    let discounted = plain(vec![line(1, 250_000, None), line(2, -50_000, None)]);
    let unseen = Order { hold_field_missing: true, ..without.clone() };
    // A line that takes another sale's back is no discount.
    let mut back = line(3, -70_000, None);
    back.quantity = Decimal::NEGATIVE_ONE;
    let returned = plain(vec![line(1, 250_000, None), back]);
    for (paid, balance) in [(&without, 1000), (&discounted, 900), (&unseen, 900), (&returned, 1000)] {
        let mut desk = desk();
        captured(&mut desk, "a");
        read(&mut desk, paid, &[]);
        assert_eq!((desk.account().balance(), kinds(&desk)), (points(balance), vec!["captured_without_line"]));
        desk.check();
    }
}

#[test]
fn a_line_that_another_paid_order_has_is_not_given_back() {
    let mut desk = desk();
    let hold = captured(&mut desk, "a");
    let without = order("a", vec![line(1, 250_000, None)]);
    let mut split = order("b", vec![line(2, -50_000, Some(hold))]);
    split.id = Some(OrderId(8));
    read(&mut desk, &without, &[&split]);
    assert_eq!((desk.account().balance(), kinds(&desk)), (points(900), vec![]));
    read(&mut desk, &split, &[&without]);
    assert_eq!((desk.account().balance(), kinds(&desk)), (points(900), vec!["foreign_hold"]));
}

#[test]
fn of_two_paid_orders_of_one_uuid_the_second_is_told_whichever_is_read_last() {
    for first_is_last in [false, true] {
        let mut desk = desk();
        let hold = captured(&mut desk, "a");
        let first = order("a", vec![line(1, 250_000, None), line(2, -50_000, Some(hold))]);
        let mut second = order("a", vec![line(3, 250_000, None), line(4, -50_000, Some(hold))]);
        second.id = Some(OrderId(8));
        let (before, last) = if first_is_last { (&second, &first) } else { (&first, &second) };
        read(&mut desk, before, &[]);
        read(&mut desk, last, &[before]);
        assert_eq!((desk.account().balance(), kinds(&desk)), (points(900), vec!["foreign_hold"]));
        assert_eq!(desk.state.exceptions[0].order.id, Some(SaleId::pos_order(OrderId(8))));
    }
}

/// What a paid order of so many ten-thousandths is told of a hold that took `off` a draft, in a program.
fn fits(redemption: &Value, reward: &Value, (draft, off): (i64, i64), paid: i64) -> Option<String> {
    let document =
        json!({"code": "club", "name": "Club", "currency": "USD", "redemption": redemption, "rewards": [reward]});
    let program = Arc::new(Program::from_json(&document).unwrap());
    let version = Version { number: 1, effective_from: None, archived_at: None, program };
    let program_versions =
        ProgramVersions { id: ProgramId(1), code: "club".into(), versions: vec![version], unreadable: Vec::new() };
    let mut desk = Desk::new();
    desk.give(points(10_000));
    desk.program_versions = program_versions;
    let asked = order("a", vec![line(1, draft * 10_000, None)]);
    let hold = desk.hold_for(reward["code"].as_str().unwrap(), &asked).unwrap();
    assert_eq!(desk.state.holds[&hold].discount, Money::from_e4(off * 10_000));
    // Neither what the customer has left nor a limit matters any more.
    desk.now += Duration::seconds(10);
    let sold = order("a", vec![line(1, paid * 10_000, None), line(2, -off * 10_000, Some(hold))]);
    read(&mut desk, &sold, &[]);
    assert!(desk.state.holds[&hold].state == HoldState::Captured);
    let told = desk.state.exceptions.iter().find(|exception| exception.kind == "reward_no_longer_fits");
    assert_eq!(desk.state.exceptions.len(), usize::from(told.is_some()));
    told.map(|exception| exception.detail.clone())
}

#[test]
fn a_reward_is_priced_again_on_what_was_paid() {
    let share = json!({"max_share_of_order": "0.2"});
    let percent = json!({"code": "r", "name": "R", "kind": "discount_percent", "points": "100", "percent": "10"});
    let pay = json!({"code": "r", "name": "R", "kind": "discount_per_point", "rate": "0.05"});
    let amount = json!({"code": "r", "name": "R", "kind": "discount_amount", "points": "100", "amount": "200"});
    let limited = json!({"code": "r", "name": "R", "kind": "discount_amount", "points": "100", "amount": "200",
                         "limit": {"count": 1}});
    for (redemption, reward, draft, paid, excess) in [
        (&share, &pay, (1000, 200), 250, Some("150.00 too much")),
        (&share, &amount, (1000, 200), 250, Some("150.00 too much")),
        (&json!({}), &percent, (1000, 100), 120, Some("88.00 too much")),
        (&share, &pay, (1000, 200), 1000, None),
        (&share, &amount, (1000, 200), 1500, None),
        (&json!({}), &percent, (1000, 100), 2000, None),
        (&json!({}), &limited, (1000, 200), 1000, None),
    ] {
        let told = fits(redemption, reward, draft, paid);
        let is_right = match (&told, excess) {
            (Some(detail), Some(excess)) => detail.ends_with(excess),
            (told, excess) => told.is_none() && excess.is_none(),
        };
        assert!(is_right, "{reward} on {draft:?}, paid {paid}: {told:?} instead of {excess:?}");
    }
}

#[test]
fn a_smallest_coin_a_line_is_rounding() {
    for (off, told) in [(100_100, 0), (100_300, 1)] {
        let mut desk = desk();
        let hold = captured(&mut desk, "a");
        let document = json!({"code": "club", "name": "Club", "currency": "USD", "rewards": [
            {"code": "5off", "name": "R", "kind": "discount_percent", "points": "100", "percent": "10"}]});
        desk.program_versions.versions[0].program = Arc::new(Program::from_json(&document).unwrap());
        desk.state.holds.get_mut(&hold).unwrap().discount = Money::from_e4(off);
        let part = |id, amount| line(id, amount, Some(hold));
        let lines = vec![line(1, 1_000_000, None), part(2, -50_000), part(3, 50_000 - off)];
        read(&mut desk, &order("a", lines), &[]);
        assert_eq!(kinds(&desk).len(), told, "{off}: two lines may be off by a cent each");
    }
}

#[test]
fn a_limit_counts_in_any_span_of_its_days() {
    let program = |days: Option<u32>| {
        let reward = json!({"code": "r", "name": "R", "kind": "discount_amount", "points": "1", "amount": "1",
                            "limit": {"count": 1, "days": days}});
        let document = json!({"code": "club", "name": "Club", "currency": "USD", "rewards": [reward]});
        Program::from_json(&document).unwrap()
    };
    let mut desk = desk();
    let hold = captured(&mut desk, "a");
    let mut hold = desk.state.holds[&hold].clone();
    hold.reward = "r".into();
    let had = |day: i64| Use { reward: "r".into(), at: noon() + Duration::days(day) };
    for (days, other, exceeded) in [
        (None, -400, true),
        (None, 9, true),
        (Some(1), 0, true),
        (Some(1), 1, false),
        (Some(2), 1, true),
        (Some(2), -2, false),
    ] {
        let program = program(days);
        let limit = program.rewards[0].limit.unwrap();
        let uses = [had(other), had(0)];
        assert_eq!(is_exceeded(&program, limit, &hold, &uses), exceeded, "{days:?} {other}");
        assert!(!is_exceeded(&program, limit, &hold, &uses[1..]));
    }
}

#[test]
fn what_is_given_for_nothing_may_be_the_reward() {
    let mut desk = desk();
    let hold = captured(&mut desk, "a");
    let hold = desk.state.holds.get_mut(&hold).unwrap();
    hold.product_id = Some(ProductId(2));
    hold.add_quantity = Decimal::ONE;
    hold.price = Some(Money::ZERO);
    let hold = hold.clone();
    let gift = |amount: i64| Line { product_id: Some(ProductId(2)), ..line(2, amount, None) };
    for (amount, unsure) in [(0, true), (30_000, false)] {
        let paid = order("a", vec![line(1, 250_000, None), gift(amount)]);
        assert_eq!(doubt(&paid, &hold).unwrap().is_some(), unsure);
    }
    assert_eq!(desk.state.account(ACCOUNT).unwrap().balance(), points(900));
}
