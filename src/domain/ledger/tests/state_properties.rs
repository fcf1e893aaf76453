//! Whatever tills, managers, refunds and time do to an account, in any order: the books keep.

use std::collections::BTreeMap;

use chrono::Duration;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::decide_tests::{ACCOUNT, Desk, line, order, points};
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::converge::{Desired, PostedBefore, Sale, order_ref, taken_back};
use crate::domain::ledger::decide::DecisionError;
use crate::domain::ledger::entry::EntryKind;
use crate::domain::ledger::hold::HoldState;
use crate::domain::ledger::redemption_review::RewardLines;
use crate::domain::ledger::sale_lots::SaleLots;
use crate::domain::program::{self, Program};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::{Line, Order, OrderState};
use crate::domain::value::exact;
use crate::domain::value::ids::{HoldId, OrderId, PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// An order of a till, with what came back of it.
struct Till {
    order: Order,
    hold: Option<HoldId>,
    expiry: Expiry,
    refunds: Vec<Line>,
}

/// Every kind of rule that pays.
fn rules() -> Program {
    Program::from_json(&json!({"code": "club", "name": "Club", "currency": "USD", "earning": {"decimals": 2, "rules": [
        {"code": "whole", "kind": "per_amount", "every": "10.00", "points": "1"},
        {"code": "share", "kind": "per_amount", "every": "3.00", "points": "7", "step": "prorata"},
        {"code": "unit", "kind": "per_unit", "points": "5.5"},
        {"code": "visit", "kind": "per_order", "points": "20", "min_order_amount": "20.00"},
        {"code": "first", "kind": "multiplier", "factor": "1.7", "scope": {"product_ids": [1]}},
    ]}}))
    .unwrap()
}

/// What may happen, and how often.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A manager gives or takes hundredths.
    Adjust(i64),
    /// A till asks for the reward on a new order of two lines, and pays it or not yet; cents of each.
    Sell { amounts: (i64, i64), redeems: bool, lasts: i64 },
    /// The till captures its order's hold.
    Capture(usize),
    /// The till gives it up.
    Release(usize),
    /// Odoo's order is read: paid, with its reward line.
    Read(usize),
    /// So much of one line comes back, in hundredths; the third line is the reward.
    Refund { which: usize, line: usize, hundredths: i64 },
    /// It is cancelled after all.
    Cancel(usize),
    /// Seconds pass.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0_usize..6;
    let step = prop_oneof![
        2 => (-20_000_i64..40_000).prop_map(Step::Adjust),
        4 => ((0_i64..20_000, 0_i64..20_000), any::<bool>(), 1_i64..400)
            .prop_map(|(amounts, redeems, lasts)| Step::Sell { amounts, redeems, lasts }),
        2 => which.clone().prop_map(Step::Capture),
        1 => which.clone().prop_map(Step::Release),
        5 => which.clone().prop_map(Step::Read),
        3 => (which.clone(), 0_usize..3, 1_i64..150)
            .prop_map(|(which, line, hundredths)| Step::Refund { which, line, hundredths }),
        1 => which.prop_map(Step::Cancel),
        3 => (1_i64..200).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the entries left in lots, of those that `of` names.
fn lots_of(desk: &Desk, of: impl Fn(&crate::domain::ledger::entry::Entry) -> bool) -> Vec<LotChange> {
    let mut lots: BTreeMap<Expiry, Points> = BTreeMap::new();
    let changes = desk.state.entries.iter().filter(|entry| of(entry)).flat_map(|entry| &entry.detail.lots);
    for change in changes.copied() {
        let lot = lots.entry(change.expiry).or_default();
        *lot = lot.add(change.points).unwrap();
    }
    lots.into_iter().map(|(expiry, points)| LotChange { expiry, points }).collect()
}

/// Reads the order from Odoo, as the sync does: its holds first, then what it earned, then what refunds gave back. All
/// is one long batch, so that what expired before is found in the state's own entries.
fn read(desk: &mut Desk, till: &Till, rules: &Program) {
    let id = till.order.sale_id();
    let taken = taken_back(&till.refunds).unwrap();
    let earned = program::earn(rules, &till.order, &taken).unwrap().points;
    let paid = till.order.state == OrderState::Paid;
    let desired = Desired { points: earned, program: "club".into(), version: 1, expiry: till.expiry, earned: None };
    let redeemed = |desk: &Desk| {
        let of_hold = |hold: HoldId| {
            let entry = desk
                .state
                .entries
                .iter()
                .find(|entry| entry.kind == EntryKind::Redeem && entry.hold_id == Some(hold))?;
            Some((hold, entry.detail.lots.clone()))
        };
        till.hold.and_then(of_hold).into_iter().collect()
    };
    let mut lots = SaleLots::default();
    for entry in desk.state.entries.iter().filter(|entry| entry.sale == id) {
        lots.note(entry).unwrap();
    }
    let earn_entry = desk.state.entries.iter().find(|entry| entry.sale == id).map(|entry| entry.id.to_string());
    let reward_lines = RewardLines::of(&[&till.order]);
    let mut sale = Sale {
        order: &till.order,
        wallet: Some(PartnerId(1)),
        desired: if paid { BTreeMap::from([(ACCOUNT, desired)]) } else { BTreeMap::new() },
        uncomputed: BTreeMap::new(),
        before: BTreeMap::from([(
            ACCOUNT,
            PostedBefore { lots, earn_entry, version: Some(1), ..PostedBefore::default() },
        )]),
        refunds: &till.refunds,
        trigger: order_ref(&till.order),
        trigger_at: desk.now,
        redeemed: BTreeMap::new(),
        handed_over: Vec::new(),
        reward_lines: &reward_lines,
    };
    desk.with(|state, context, _| state.converge_holds(&sale, &|_| false, context)).unwrap();
    sale.redeemed = redeemed(desk);
    desk.with(|state, context, _| state.converge_earning(&sale, context)).unwrap();
    desk.with(|state, context, _| state.converge_restores(&sale, context)).unwrap();
    desk.with(|state, context, _| state.converge_reversals(&sale, context)).unwrap();
    // Again: it is nothing new.
    let entries = desk.state.entries.len();
    desk.with(|state, context, _| state.converge_earning(&sale, context)).unwrap();
    desk.with(|state, context, _| state.converge_restores(&sale, context)).unwrap();
    desk.with(|state, context, _| state.converge_reversals(&sale, context)).unwrap();
    assert_eq!(desk.state.entries.len(), entries, "reading again changes nothing");
    let posted = desk.state.entries.iter().filter(|entry| entry.sale == id).map(|entry| entry.points);
    assert_eq!(Points::sum(posted).unwrap(), if paid { earned } else { Points::ZERO }, "Σ entries of the sale");
}

/// A new order, with its reward line when it redeems.
fn sell(desk: &mut Desk, number: i64, (one, two): (i64, i64), redeems: bool, lasts: i64) -> Till {
    let uuid = number.to_string();
    let id = |line: i64| number.checked_mul(10).unwrap().checked_add(line).unwrap();
    let cents = |cents: i64| cents.checked_mul(100).unwrap();
    let mut lines = vec![line(id(0), cents(one), None), line(id(1), cents(two), None)];
    lines[0].quantity = Decimal::from(3);
    lines[1].product_id = Some(ProductId(2));
    let before = desk.account().available(desk.now).unwrap();
    let hold = redeems.then(|| desk.hold(&uuid)).and_then(Result::ok);
    if let Some(hold) = hold {
        assert!(before >= points(100), "a hold of 100 points with {before} available");
        lines.push(line(id(2), -50_000, Some(hold)));
    }
    let mut order = order(&uuid, lines);
    order.id = Some(OrderId(number));
    order.placed_at = desk.now;
    let expiry = Expiry::At(desk.now.checked_add_signed(Duration::seconds(lasts)).unwrap());
    Till { order, hold, expiry, refunds: Vec::new() }
}

fn refund(till: &mut Till, line: usize, hundredths: i64) {
    let Some(of) = till.order.lines.get(line) else { return };
    let quantity = Decimal::new(hundredths.checked_neg().unwrap(), 2);
    let part = |amount: Money| {
        let part = exact::div(exact::mul(amount.decimal(), quantity).unwrap(), of.quantity).unwrap();
        Money::from_decimal_rounded(part).unwrap()
    };
    let back = Line {
        id: None,
        quantity,
        subtotal: part(of.subtotal),
        subtotal_incl: part(of.subtotal_incl),
        refunds: of.id,
        hold: None,
        ..of.clone()
    };
    till.refunds.push(back);
}

/// Every invariant of the ledger that can be seen from the domain.
fn check(desk: &Desk) {
    // Balance = Σ entries = Σ lots − debt, held = Σ open holds, one redemption a captured hold.
    desk.check();
    let account = desk.account();
    let open = desk.state.holds.values().filter(|hold| hold.state == HoldState::Open);
    assert_eq!(account.held().unwrap(), Points::sum(open.map(|hold| hold.points)).unwrap());
    let mut noted = lots_of(desk, |_| true);
    noted.retain(|change| !change.points.is_zero());
    let lots: Vec<LotChange> =
        account.lots().iter().map(|(expiry, points)| LotChange { expiry: *expiry, points: *points }).collect();
    assert_eq!(lots, noted, "each lot is what the entries put in and took out");
    let mut balance = Points::ZERO;
    for entry in &desk.state.entries {
        balance = balance.add(entry.points).unwrap();
        assert_eq!(entry.balance_after, balance, "{entry:?}");
    }
    for hold in desk.state.holds.values() {
        let restores = desk
            .state
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Restore && entry.hold_id == Some(hold.id));
        assert_eq!(Points::sum(restores.map(|entry| entry.points)).unwrap(), hold.restored);
        assert!(!hold.restored.is_negative() && hold.restored <= hold.points);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn expiry_redemption_clawback_and_restore_in_any_order_keep_the_books(steps in steps()) {
        let (mut desk, rules) = (Desk::new(), rules());
        let mut tills: Vec<Till> = Vec::new();
        for (number, step) in (1_i64..).zip(steps) {
            match step {
                Step::Adjust(hundredths) => desk.give(Points::from_e2(hundredths)),
                Step::Sell { amounts, redeems, lasts } => {
                    let till = sell(&mut desk, number, amounts, redeems, lasts);
                    tills.push(till);
                }
                Step::Wait(seconds) => desk.now += Duration::seconds(seconds),
                Step::Capture(which) | Step::Release(which) | Step::Read(which) | Step::Cancel(which)
                | Step::Refund { which, .. } => {
                    let Some(till) = tills.get_mut(which) else { continue };
                    let uuid = till.order.uuid.clone().unwrap();
                    match (step, till.hold) {
                        (Step::Capture(_), Some(hold)) => capture(&mut desk, hold, &uuid),
                        (Step::Release(_), Some(hold)) => {
                            let _ = desk.release(hold);
                        }
                        (Step::Refund { line, hundredths, .. }, _) => refund(till, line, hundredths),
                        (Step::Cancel(_), _) => till.order.state = OrderState::Cancelled,
                        (Step::Read(_), _) => read(&mut desk, till, &rules),
                        _ => {}
                    }
                }
            }
            check(&desk);
        }
        // At last all is read and everything comes back: only the manager's points, redemptions and expiry are left.
        for till in &mut tills {
            for line in 0..till.order.lines.len() {
                refund(till, line, 1_000);
            }
            read(&mut desk, till, &rules);
            let earned = desk.state.entries.iter().filter(|entry| entry.sale == till.order.sale_id());
            prop_assert!(Points::sum(earned.map(|entry| entry.points)).unwrap().is_zero());
            check(&desk);
        }
    }
}

/// A capture never spends what is not there: an open hold's points are set aside, an expired one's must still be.
fn capture(desk: &mut Desk, hold: HoldId, uuid: &str) {
    let before = desk.account().available(desk.now).unwrap();
    let ended = desk.state.holds[&hold].expires_at <= desk.now;
    match desk.capture(hold, uuid) {
        Ok(_) if ended => assert!(before >= points(100), "spent late with {before} available"),
        Ok(_) => assert_eq!(desk.account().available(desk.now).unwrap(), before, "what was held is what is spent"),
        Err(DecisionError::Refused(Refusal::HoldExpired { .. })) => assert!(ended && before < points(100)),
        Err(DecisionError::Refused(_)) => {}
        Err(DecisionError::Inconsistent(problem)) => panic!("{problem}"),
    }
}
