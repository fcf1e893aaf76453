//! Decisions on the ledger's state: one table of the ways a hold ends, and any order of commands keeps the books.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, TimeZone, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use crate::domain::ledger::account::{Account, Expiry, LotChange};
use crate::domain::ledger::converge::{Desired, PostedBefore, Sale, order_ref};
use crate::domain::ledger::decide::{Correction, DecisionError, HoldAsk};
use crate::domain::ledger::entry::{Entry, EntryKind};
use crate::domain::ledger::hold::HoldState;
use crate::domain::ledger::redemption_review::RewardLines;
use crate::domain::ledger::state::{DecisionContext, LedgerState, OrderRef};
use crate::domain::program::Program;
use crate::domain::program::version::{ProgramVersions, Version};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::{HoldRef, Line, LineRole, Order, OrderState};
use crate::domain::value::ids::{
    AccountId, CompanyId, HoldId, LineId, OrderId, PartnerId, ProductId, ProgramId, SaleModel, SourceId,
};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

pub(in crate::domain) const ACCOUNT: AccountId = AccountId(1);

pub(in crate::domain) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
}

pub(in crate::domain) fn points(whole: i64) -> Points {
    Points::from_e2(whole * 100)
}

fn program_versions() -> ProgramVersions {
    let document = json!({
        "code": "club", "name": "Club", "currency": "USD", "redemption": {"hold_seconds": 60},
        "rewards": [{"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"}],
    });
    let program = Arc::new(Program::from_json(&document).unwrap());
    let version = Version { number: 1, effective_from: None, archived_at: None, program };
    ProgramVersions { id: ProgramId(1), code: "club".into(), versions: vec![version], unreadable: Vec::new() }
}

fn state() -> LedgerState {
    let account = Account::empty(ACCOUNT, PartnerId(1), ProgramId(1));
    LedgerState { accounts: BTreeMap::from([(ACCOUNT, account)]), ..LedgerState::default() }
}

pub(in crate::domain) fn order(uuid: &str, lines: Vec<Line>) -> Order {
    Order {
        source: SourceId::ODOO,
        model: SaleModel::PosOrder,
        id: Some(OrderId(7)),
        uuid: Some(uuid.into()),
        name: "Shop/7".into(),
        reference: None,
        state: OrderState::Paid,
        placed_at: noon(),
        partner_id: Some(PartnerId(1)),
        partner_tags: std::collections::BTreeSet::default(),
        parent_companies: std::collections::BTreeSet::new(),
        links_refunds: false,
        company_id: CompanyId(1),
        currency: "USD".into(),
        pos_config_id: None,
        hold_field_missing: false,
        lines,
    }
}

pub(in crate::domain) fn line(id: i64, amount_e4: i64, hold: Option<HoldId>) -> Line {
    Line {
        id: Some(LineId(id)),
        uuid: None,
        product_id: Some(ProductId(1)),
        quantity: Decimal::ONE,
        subtotal: Money::from_e4(amount_e4),
        subtotal_incl: Money::from_e4(amount_e4),
        refunds: None,
        hold: hold.map(HoldRef::Id),
        role: LineRole::Eligible,
        pos_categories: std::collections::BTreeSet::default(),
        product_categories: std::collections::BTreeSet::default(),
        product_tags: std::collections::BTreeSet::default(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: None,
        combo: None,
    }
}

/// A till and a clock around a ledger's state.
pub(in crate::domain) struct Desk {
    pub state: LedgerState,
    pub program_versions: ProgramVersions,
    pub now: DateTime<Utc>,
    next: u128,
}

impl Desk {
    pub fn new() -> Self {
        Self { state: state(), program_versions: program_versions(), now: noon(), next: 0 }
    }

    pub fn with<T>(
        &mut self,
        work: impl FnOnce(&mut LedgerState, &mut DecisionContext<'_>, &ProgramVersions) -> T,
    ) -> T {
        let next = &mut self.next;
        let mut ids = || {
            *next += 1;
            Uuid::from_u128(*next)
        };
        let mut context = DecisionContext { now: self.now, actor: "test", ids: &mut ids };
        work(&mut self.state, &mut context, &self.program_versions)
    }

    pub fn give(&mut self, amount: Points) {
        self.adjust(amount, None);
    }

    pub fn adjust(&mut self, points: Points, expiry: Option<Expiry>) {
        let correction = Correction { points, reason: "test".into(), on_behalf_of: None, cause: None, expiry };
        self.with(|state, context, program_versions| state.adjust(ACCOUNT, &correction, program_versions, context))
            .unwrap();
    }

    pub fn hold(&mut self, uuid: &str) -> Result<HoldId, DecisionError> {
        self.hold_for("5off", &order(uuid, vec![line(1, 250_000, None)]))
    }

    pub fn hold_for(&mut self, reward: &str, draft: &Order) -> Result<HoldId, DecisionError> {
        self.with(|state, context, program_versions| {
            let ask = HoldAsk {
                replaces: None,
                account_id: ACCOUNT,
                partner_id: PartnerId(1),
                program_versions,
                reward,
                points: None,
                draft,
                currency_decimals: 2,
                membership: &crate::domain::member::membership::Membership::default(),
                archived: &std::collections::BTreeSet::new(),
            };
            state.hold(&ask, context).map(|given| given.hold.id)
        })
    }

    pub fn capture(&mut self, id: HoldId, uuid: &str) -> Result<Points, DecisionError> {
        let paid = OrderRef { id: None, uuid: Some(uuid.into()), name: None };
        let now = self.now;
        self.with(|state, context, _| state.capture(id, &paid, now, context)).map(|captured| captured.balance)
    }

    pub fn release(&mut self, id: HoldId) -> Result<(), DecisionError> {
        self.with(|state, context, _| state.release(id, "test", context))
    }

    pub fn account(&self) -> &Account {
        self.state.account(ACCOUNT).unwrap()
    }

    pub fn check(&self) {
        let account = self.account();
        assert_eq!(account.violation().unwrap(), None);
        let posted = Points::sum(self.state.entries.iter().map(|entry| entry.points)).unwrap();
        assert_eq!(account.balance(), posted, "balance = Σ entries");
        let open: Vec<HoldId> =
            self.state.holds.values().filter(|hold| hold.state == HoldState::Open).map(|hold| hold.id).collect();
        assert_eq!(account.holds().keys().copied().collect::<Vec<_>>(), open, "held = Σ open holds");
        for hold in self.state.holds.values() {
            let of_hold = |entry: &&Entry| entry.kind == EntryKind::Redeem && entry.hold_id == Some(hold.id);
            let redeems = self.state.entries.iter().filter(of_hold).count();
            assert_eq!(redeems, usize::from(hold.state == HoldState::Captured), "{hold:?}");
        }
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, DecisionError>) -> Refusal {
    match outcome {
        Err(DecisionError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn points_that_ended_before_they_came_pay_no_debt() {
    let mut desk = Desk::new();
    desk.give(points(-20));
    desk.adjust(points(100), Some(Expiry::At(noon())));
    assert_eq!(desk.state.accounts[&ACCOUNT].balance(), points(-20));
    assert!(desk.state.accounts[&ACCOUNT].lots().is_empty());
    let told: Vec<_> = desk.state.entries.iter().map(|entry| (entry.kind, entry.points, entry.balance_after)).collect();
    assert_eq!(
        told,
        [
            (EntryKind::Adjust, points(-20), points(-20)),
            (EntryKind::Adjust, points(100), points(80)),
            (EntryKind::Expire, points(-100), points(-20)),
        ]
    );
    // A second before their end they are good: the debt is paid, the rest ends when they do.
    desk.adjust(points(100), Some(Expiry::At(noon() + Duration::seconds(1))));
    assert_eq!(desk.state.accounts[&ACCOUNT].balance(), points(80));
    desk.now = noon() + Duration::seconds(1);
    desk.with(|state, context, _| state.settle(ACCOUNT, context)).unwrap();
    assert_eq!(desk.state.accounts[&ACCOUNT].balance(), Points::ZERO);
}

#[test]
fn a_correction_of_points_that_end_takes_from_their_own_lot() {
    let mut desk = Desk::new();
    let (soon, later) = (Expiry::At(noon() + Duration::days(1)), Expiry::At(noon() + Duration::days(9)));
    desk.adjust(points(50), Some(soon));
    desk.adjust(points(50), Some(later));
    desk.adjust(points(-30), Some(later));
    assert_eq!(*desk.state.accounts[&ACCOUNT].lots(), BTreeMap::from([(soon, points(50)), (later, points(20))]));
    // Nobody says of which: the soonest to end.
    desk.give(points(-10));
    assert_eq!(*desk.state.accounts[&ACCOUNT].lots(), BTreeMap::from([(soon, points(40)), (later, points(20))]));
}

#[test]
fn a_hold_ends_exactly_once() {
    let mut desk = Desk::new();
    desk.give(points(300));
    let (first, second) = (desk.hold("a").unwrap(), desk.hold("b").unwrap());
    assert_eq!(desk.account().available(desk.now).unwrap(), points(100));
    assert_eq!(refused(desk.capture(first, "b")), Refusal::HoldOfOtherOrder);
    assert_eq!(desk.capture(first, "a").unwrap(), points(200));
    assert_eq!(refused(desk.capture(first, "a")), Refusal::HoldCaptured);
    assert_eq!(refused(desk.release(first)), Refusal::HoldCaptured);
    desk.release(second).unwrap();
    desk.release(second).unwrap();
    assert_eq!(refused(desk.capture(second, "b")), Refusal::HoldReleased);
    desk.check();
}

#[test]
fn an_expired_hold_is_spent_if_its_points_are_there_and_else_a_manager_is_asked() {
    let mut desk = Desk::new();
    desk.give(points(100));
    let first = desk.hold("a").unwrap();
    desk.now += Duration::seconds(60);
    let second = desk.hold("b").unwrap();
    desk.now += Duration::seconds(60);
    assert_eq!(desk.capture(second, "b").unwrap(), Points::ZERO);
    assert!(matches!(refused(desk.capture(first, "a")), Refusal::HoldExpired { .. }));
    assert_eq!(desk.state.exceptions.len(), 1);
    desk.check();
}

#[test]
fn restored_points_go_back_to_their_own_lots() {
    let mut desk = Desk::new();
    let soon = Expiry::At(noon() + Duration::days(10));
    let late = Expiry::At(noon() + Duration::days(90));
    for expiry in [soon, late] {
        desk.state.accounts.get_mut(&ACCOUNT).unwrap().put(points(60), expiry).unwrap();
    }
    let hold = desk.hold("a").unwrap();
    desk.capture(hold, "a").unwrap();
    let redeemed: Vec<LotChange> = desk.state.entries[0].detail.lots.clone();
    assert_eq!(redeemed.len(), 2, "60 of the soonest, 40 of the other");

    let sold = order("a", vec![line(1, 250_000, None), line(2, -50_000, Some(hold))]);
    let mut back = line(3, 50_000, None);
    back.quantity = Decimal::NEGATIVE_ONE;
    back.refunds = Some(LineId(2));
    let refunds = [back];
    let reward_lines = RewardLines::of(&[&sold]);
    let sale = Sale {
        order: &sold,
        wallet: Some(PartnerId(1)),
        desired: BTreeMap::new(),
        uncomputed: BTreeMap::new(),
        before: BTreeMap::new(),
        refunds: &refunds,
        trigger: order_ref(&sold),
        trigger_at: noon(),
        redeemed: BTreeMap::from([(hold, redeemed)]),
        handed_over: Vec::new(),
        reward_lines: &reward_lines,
    };
    desk.with(|state, context, _| state.converge_restores(&sale, context)).unwrap();
    desk.with(|state, context, _| state.converge_restores(&sale, context)).unwrap();
    assert_eq!(desk.account().lots(), &BTreeMap::from([(soon, points(60)), (late, points(60))]));
    assert_eq!(desk.state.entries.iter().filter(|entry| entry.kind == EntryKind::Restore).count(), 1);
}

#[test]
fn earning_converges_and_a_replay_posts_nothing() {
    let mut desk = Desk::new();
    let sold = order("a", vec![line(1, 250_000, None)]);
    let reward_lines = RewardLines::default();
    let sale = |earned: i64| Sale {
        order: &sold,
        wallet: Some(PartnerId(1)),
        desired: BTreeMap::from([(
            ACCOUNT,
            Desired { points: points(earned), program: "club".into(), version: 1, expiry: Expiry::Never, earned: None },
        )]),
        uncomputed: BTreeMap::new(),
        before: BTreeMap::from([(ACCOUNT, PostedBefore::default())]),
        refunds: &[],
        trigger: order_ref(&sold),
        trigger_at: noon(),
        redeemed: BTreeMap::new(),
        handed_over: Vec::new(),
        reward_lines: &reward_lines,
    };
    for (earned, entries) in [(20, 1), (20, 1), (10, 2), (0, 3), (0, 3), (5, 4)] {
        desk.with(|state, context, _| state.converge_earning(&sale(earned), context)).unwrap();
        assert_eq!((desk.account().balance(), desk.state.entries.len()), (points(earned), entries));
    }
    desk.check();
}

proptest! {
    /// Whatever tills do in whatever order, at whatever pace, the books keep.
    #[test]
    fn any_order_of_commands_keeps_the_books(steps in prop::collection::vec((0_u8..6, 0_usize..6, 1_i64..400), 1..80)) {
        let mut desk = Desk::new();
        let mut held: Vec<(HoldId, String)> = Vec::new();
        for (number, (step, which, amount)) in steps.into_iter().enumerate() {
            let picked = held.get(which).cloned();
            match (step, picked) {
                (0, _) => desk.give(points(amount)),
                (1, _) => desk.give(points(-amount)),
                (2, _) => {
                    let uuid = number.to_string();
                    let before = desk.account().available(desk.now).unwrap();
                    match desk.hold(&uuid) {
                        Ok(id) => held.push((id, uuid)),
                        Err(denied) => {
                            prop_assert!(before < points(100), "{denied:?} with {before} available");
                        }
                    }
                    // A hold never takes what is available below zero.
                    prop_assert!(before.is_negative() || !desk.account().available(desk.now).unwrap().is_negative());
                }
                (3, Some((id, uuid))) => {
                    let _ = desk.capture(id, &uuid);
                }
                (4, Some((id, _))) => {
                    let _ = desk.release(id);
                }
                _ => desk.now += Duration::seconds(amount),
            }
            desk.check();
        }
    }
}
