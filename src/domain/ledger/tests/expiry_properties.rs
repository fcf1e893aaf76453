//! Points that end: how late an order is read, or a version put, makes no difference where nothing was spent meanwhile.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::decide_tests::{ACCOUNT, Desk, line, noon, order, points};
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::converge::{Desired, PostedBefore, Sale, order_ref};
use crate::domain::ledger::entry::{Entry, EntryKind};
use crate::domain::ledger::hold::HoldState;
use crate::domain::ledger::redemption_review::RewardLines;
use crate::domain::ledger::sale_lots::SaleLots;
use crate::domain::ledger::state::OrderRef;
use crate::domain::sale::order::{Line, Order};
use crate::domain::value::ids::{LineId, OrderId, PartnerId};
use crate::domain::value::points::Points;

fn day(number: i64) -> DateTime<Utc> {
    noon() + Duration::days(number)
}

/// What one version of the program gives for a sale.
#[derive(Clone, Copy, Debug)]
struct Gives {
    points: i64,
    /// Days after the sale.
    lasts: i64,
}

/// A sale, and what comes back of it.
#[derive(Clone, Debug)]
struct Sold {
    placed: i64,
    gives: Gives,
    /// The day, how many hundredths of it, and the day the refund is cancelled.
    refund: Option<(i64, i64, i64)>,
}

impl Sold {
    fn ends(&self, gives: Gives) -> i64 {
        self.placed + gives.lasts
    }

    /// The days on which something happens to it.
    fn days(&self) -> Vec<i64> {
        let refund = self.refund.map(|(at, _, cancelled)| [at, cancelled]);
        std::iter::once(self.placed).chain(refund.into_iter().flatten()).collect()
    }

    /// What it should have earned, as it stands in Odoo on a day.
    fn desired(&self, gives: Gives, today: i64) -> Option<Desired> {
        let returned = self.refund.filter(|(at, _, cancelled)| (*at..*cancelled).contains(&today));
        let left = 100 - returned.map_or(0, |(_, hundredths, _)| hundredths);
        (self.placed <= today).then(|| Desired {
            points: Points::from_e2(gives.points * left),
            program: "club".into(),
            version: 1,
            expiry: Expiry::At(day(self.ends(gives))),
            earned: None,
        })
    }
}

/// Has the sync read a sale, in one long batch.
fn read(desk: &mut Desk, number: i64, desired: Option<Desired>, moves: bool) {
    let mut sold = order(&number.to_string(), vec![line(number, 10_000, None)]);
    sold.id = Some(OrderId(number));
    let mut lots = SaleLots::default();
    for entry in desk.state.entries.iter().filter(|entry| entry.sale == sold.sale_id()) {
        lots.note(entry).unwrap();
    }
    let sale = Sale {
        order: &sold,
        wallet: Some(PartnerId(1)),
        desired: desired.into_iter().map(|desired| (ACCOUNT, desired)).collect(),
        uncomputed: BTreeMap::new(),
        before: BTreeMap::from([(ACCOUNT, PostedBefore { lots, moves, ..PostedBefore::default() })]),
        refunds: &[],
        trigger: order_ref(&sold),
        trigger_at: desk.now,
        redeemed: BTreeMap::new(),
        handed_over: Vec::new(),
        reward_lines: &RewardLines::default(),
    };
    desk.with(|state, context, _| state.converge_earning(&sale, context)).unwrap();
    desk.check();
    let mut balance = Points::ZERO;
    for entry in &desk.state.entries {
        balance = balance.add(entry.points).unwrap();
        assert_eq!(entry.balance_after, balance, "{entry:?}");
    }
}

/// Balance and lots, once everything that has ended by now is written.
fn state(desk: &mut Desk) -> (Points, BTreeMap<Expiry, Points>) {
    desk.with(|state, context, _| state.settle(ACCOUNT, context)).unwrap();
    (desk.account().balance(), desk.account().lots().clone())
}

fn sold(lasts: std::ops::Range<i64>) -> impl Strategy<Value = Sold> {
    let refund = prop::option::of((1_i64..150, 1_i64..=100, 1_i64..200));
    (0_i64..140, 1_i64..100, lasts, refund).prop_map(|(placed, points, lasts, refund)| Sold {
        placed,
        gives: Gives { points, lasts },
        refund: refund.map(|(after, part, cancelled)| (placed + after, part, placed + after + cancelled)),
    })
}

/// The day on which points are spent, or taken by hand until they are owed.
const SPENT: i64 = 100;
const END: i64 = 600;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Sales and refunds are read when they happen, or later: their points have ended or not, and a debt may be there by
    /// then. Only those that are good while points are spent are read by then: nobody could have spent them otherwise.
    #[test]
    fn early_and_late_reading_end_alike(
        sales in prop::collection::vec((sold(1..150), prop::array::uniform3(0_i64..300)), 1..7),
        taken in 1_i64..400,
    ) {
        let run = |late: bool| {
            let mut reads: Vec<(i64, usize)> = Vec::new();
            for (number, (sale, delays)) in sales.iter().enumerate() {
                let was_over = sale.ends(sale.gives) <= SPENT;
                for (at, delay) in sale.days().into_iter().zip(delays) {
                    let may_wait = late && (at <= SPENT || was_over);
                    reads.push((if may_wait { at + delay } else { at }, number));
                }
                reads.extend((!was_over && sale.placed <= SPENT).then_some((SPENT, number)));
                reads.push((END, number));
            }
            reads.sort_unstable();
            let mut desk = Desk::new();
            let mut is_spent = false;
            for (today, number) in reads {
                if today > SPENT && !is_spent {
                    desk.now = day(SPENT);
                    desk.give(points(-taken));
                    is_spent = true;
                }
                desk.now = day(today);
                let sale = &sales[number].0;
                read(&mut desk, i64::try_from(number).unwrap() + 1, sale.desired(sale.gives, today), false);
            }
            state(&mut desk)
        };
        prop_assert_eq!(run(false), run(true));
    }

    /// A version for the past is put before the sales are read, or after: points, lots and what refunds do to them
    /// afterwards are the same. Every second sale is none of its business.
    #[test]
    fn early_and_late_put_end_alike(
        sales in prop::collection::vec((sold(300..400), 1_i64..100, 300_i64..400), 1..7),
        put in 0_i64..300,
    ) {
        let run = |late: bool| {
            let mut days: Vec<i64> = sales.iter().flat_map(|(sale, ..)| sale.days()).chain([put, 299]).collect();
            days.sort_unstable();
            days.dedup();
            let mut desk = Desk::new();
            let mut ends = Vec::new();
            for today in days {
                desk.now = day(today);
                for (number, (sale, points, lasts)) in sales.iter().enumerate() {
                    let concerns = number % 2 == 0;
                    let is_new = concerns && (!late || today >= put);
                    let gives = if is_new { Gives { points: *points, lasts: *lasts } } else { sale.gives };
                    let moves = late && concerns && today == put;
                    read(&mut desk, i64::try_from(number).unwrap() + 1, sale.desired(gives, today), moves);
                }
                if today >= put {
                    ends.push(state(&mut desk));
                }
            }
            ends
        };
        prop_assert_eq!(run(false), run(true));
    }
}

/// A captured hold of 100 points, which came from these lots, and the refund of its reward line.
fn redeem(desk: &mut Desk) -> (Order, Vec<Line>, BTreeMap<crate::domain::value::ids::HoldId, Vec<LotChange>>) {
    let hold = desk.hold("a").unwrap();
    desk.capture(hold, "a").unwrap();
    let taken = |entry: &Entry| entry.detail.lots.clone();
    let redeemed = desk.state.entries.iter().find(|entry| entry.hold_id == Some(hold)).map(taken).unwrap();
    assert_eq!(desk.state.holds[&hold].state, HoldState::Captured);
    let mut back = line(3, 50_000, None);
    back.quantity = rust_decimal::Decimal::NEGATIVE_ONE;
    back.refunds = Some(LineId(2));
    let sold = order("a", vec![line(1, 250_000, None), line(2, -50_000, Some(hold))]);
    (sold, vec![back], BTreeMap::from([(hold, redeemed)]))
}

#[test]
fn a_reward_that_comes_back_after_its_points_ended_pays_no_debt_and_owes_nothing_when_it_goes_again() {
    let mut desk = Desk::new();
    desk.adjust(points(60), Some(Expiry::At(day(10))));
    desk.adjust(points(60), Some(Expiry::At(day(50))));
    let (sold, back, redeemed) = redeem(&mut desk);
    desk.now = day(20);
    desk.give(points(-120));
    assert_eq!(state(&mut desk).0, points(-100));
    let restore = |desk: &mut Desk, refunds: &[Line]| {
        let sale = Sale {
            order: &sold,
            wallet: Some(PartnerId(1)),
            desired: BTreeMap::new(),
            uncomputed: BTreeMap::new(),
            before: BTreeMap::new(),
            refunds,
            trigger: OrderRef::default(),
            trigger_at: desk.now,
            redeemed: redeemed.clone(),
            handed_over: Vec::new(),
            reward_lines: &RewardLines::of(&[&sold]),
        };
        desk.with(|state, context, _| state.converge_restores(&sale, context)).unwrap();
        desk.check();
    };
    // 40 are still good and pay; 60 have ended.
    restore(&mut desk, &back);
    assert_eq!(state(&mut desk), (points(-60), BTreeMap::new()));
    restore(&mut desk, &[]);
    assert_eq!(state(&mut desk), (points(-100), BTreeMap::new()));
    let told: Vec<(EntryKind, Points)> =
        desk.state.entries.iter().skip(4).map(|entry| (entry.kind, entry.points)).collect();
    assert_eq!(
        told,
        [
            (EntryKind::Restore, points(100)),
            (EntryKind::Expire, points(-60)),
            (EntryKind::Expire, points(60)),
            (EntryKind::Restore, points(-100)),
        ]
    );
}

#[test]
fn what_undoes_a_clawback_returns_to_the_lots_it_came_from() {
    let mut desk = Desk::new();
    let (own, other) = (Expiry::At(day(300)), Expiry::At(day(30)));
    let desired = |whole: i64| {
        Some(Desired { points: points(whole), program: "club".into(), version: 1, expiry: own, earned: None })
    };
    desk.adjust(points(50), Some(other));
    read(&mut desk, 1, desired(100), false);
    desk.give(points(-80));
    // 70 are left of the sale's 100; it comes back whole, so 30 are owed.
    read(&mut desk, 1, desired(0), false);
    assert_eq!(state(&mut desk), (points(-30), BTreeMap::new()));
    read(&mut desk, 1, desired(100), false);
    assert_eq!(state(&mut desk), (points(70), BTreeMap::from([(own, points(70))])));
    // A return that names no sale takes 20 of others' points, which end soon. Undone in two steps, they are back there.
    desk.adjust(points(50), Some(other));
    let returns = |whole: i64| Some(Desired { expiry: Expiry::Never, ..desired(whole).unwrap() });
    read(&mut desk, 2, returns(-20), false);
    assert_eq!(state(&mut desk).1, BTreeMap::from([(other, points(30)), (own, points(70))]));
    read(&mut desk, 2, returns(-5), false);
    read(&mut desk, 2, None, false);
    assert_eq!(state(&mut desk).1, BTreeMap::from([(other, points(50)), (own, points(70))]));
}

#[test]
fn points_that_move_into_a_lot_that_has_ended_expire_but_those_set_aside_stay() {
    let mut desk = Desk::new();
    let gives = |lasts: i64| {
        Some(Desired {
            points: points(150),
            program: "club".into(),
            version: lasts,
            expiry: Expiry::At(day(lasts)),
            earned: None,
        })
    };
    read(&mut desk, 1, gives(300), false);
    desk.now = day(20);
    desk.hold("a").unwrap();
    read(&mut desk, 1, gives(10), true);
    assert_eq!(state(&mut desk), (points(100), BTreeMap::from([(Expiry::At(day(300)), points(100))])));
    assert_eq!(desk.account().available(desk.now).unwrap(), Points::ZERO);
    let told: Vec<(EntryKind, Points)> = desk.state.entries.iter().map(|entry| (entry.kind, entry.points)).collect();
    assert_eq!(
        told,
        [(EntryKind::Earn, points(150)), (EntryKind::Earn, Points::ZERO), (EntryKind::Expire, points(-50))]
    );
}
