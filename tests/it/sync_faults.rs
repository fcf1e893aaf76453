//! Reading an Odoo that changes while it is read, fails, and commits late: the ledger ends where a first reading of
//! all of it begins.
//!
//! The stand-in has PostgreSQL's transactions ([`TransactionalOdoo`]) and a clock of its own. After every case a fresh
//! service with an empty database reads the same Odoo from the beginning, and both ledgers must agree.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use loyalty_sidecar::demo::{FaultInjection, fake_odoo};
use serde_json::{Value, json};

use crate::support::{
    Database, Service, Sold, Transaction, TransactionalOdoo, club, draft, eventually, line, reward_line, uuid,
};

/// What a sweep found that a window should have had.
const MISSED: &str = "loyalty_sync_missed_by_incremental_total";
/// What a sweep found different.
const DIFFERENCES: &str = "loyalty_sync_sweep_differences_total";
/// Virtual seconds after which nothing that was written before lies in a window any more.
const LONG: Duration = Duration::from_mins(10);
/// Settings of a window that is too short.
const UNSAFE: [(&str, &str); 2] =
    [("LOYALTY__SYNC__OVERLAP_SECONDS", "30"), ("LOYALTY__SYNC__ALLOW_UNSAFE_OVERLAP", "true")];
/// Pages so small that every reading has several.
const SMALL_PAGES: (&str, &str) = ("LOYALTY__SYNC__PAGE_SIZE", "3");

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// A service that reads a transactional Odoo, in step with it after each [`Stand::pass`].
struct Stand {
    service: Service,
    odoo: TransactionalOdoo,
}

/// The program of these tests: points for money, and more for toys, whoever or whatever was archived since.
fn program() -> Value {
    let mut program = club();
    let toys = json!({"code": "toys", "kind": "per_unit", "points": "7", "scope": {"pos_category_ids": [2]}});
    program["earning"]["rules"].as_array_mut().unwrap().push(toys);
    program
}

impl Stand {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(settings: &[(&str, &str)]) -> Self {
        let service = Service::without_program(settings);
        service.admin.call("program.put", json!({"program": program()}));
        let odoo = TransactionalOdoo::new(service.shop.shop.clone());
        let stand = Self { service, odoo };
        // Cursors are where they are in a shop that has been read for years.
        stand.odoo.sell(5, "10.00");
        stand.pass();
        stand.odoo.wait(LONG);
        stand
    }

    fn pass(&self) -> Value {
        self.service.admin.sync()
    }

    /// A pass over so much that a caller may lose patience before it ends; asked again, it waits for that one.
    fn long_pass(&self) {
        for _ in 0..5 {
            if self.service.admin.answer("sync.run", &json!({})).is_ok() {
                return;
            }
        }
        panic!("no pass ended");
    }

    /// A reading that must fail; the API's words for why.
    fn failing_pass(&self) -> String {
        self.service.admin.refused("sync.run", json!({})).message
    }

    /// Σ entries per order and member, and the members' balances: what two ledgers must agree on.
    fn ledger_of(service: &Service) -> Vec<String> {
        let mut told = service.database.texts(
            "SELECT 'order ' || p.sale_id || ' gave member ' || a.partner_id || ' ' || p.earned_e2 AS value \
             FROM order_postings p JOIN accounts a ON a.id = p.account_id WHERE p.earned_e2 <> 0 \
             ORDER BY p.sale_id, a.partner_id",
        );
        let partners: Vec<i64> = (1..=8).collect();
        let balances = service.admin.call("loyalty.balance", json!({"partner_ids": partners}));
        told.extend(
            balances
                .as_array()
                .unwrap()
                .iter()
                .map(|member| format!("member {} has {}", member["partner_id"], member["programs"][0]["balance"])),
        );
        told
    }

    /// This ledger, and that of a service which reads all of the same Odoo now, for the first time.
    fn beside_a_full_read(&self) -> (Vec<String>, Vec<String>) {
        let patient = [("LOYALTY__ODOO__TIMEOUT_MS", "30000")];
        let fresh = Service::reading(self.service.shop.clone(), Database::new(), &patient);
        fresh.admin.call("program.put", json!({"program": program()}));
        let fresh = Self { service: fresh, odoo: self.odoo.clone() };
        fresh.long_pass();
        let fresh = fresh.service;
        fresh.admin.verified();
        (Self::ledger_of(&self.service), Self::ledger_of(&fresh))
    }

    /// The ledger is what a full read makes, and verifies.
    #[track_caller]
    fn equals_a_full_read(&self) {
        let (ours, full) = self.beside_a_full_read();
        assert_eq!(ours, full, "the ledger (left) differs from that of a full read (right)");
        self.service.admin.verified();
    }

    /// Compares every order now; how many a window should have had, and how many differed.
    fn sweep(&mut self) -> (u64, u64) {
        self.service.kill();
        self.service.set("LOYALTY__SYNC__SWEEP_HOURS", "0");
        self.service.launch();
        self.pass();
        let found = (self.service.admin.metric(MISSED), self.service.admin.metric(DIFFERENCES));
        self.service.kill();
        self.service.set("LOYALTY__SYNC__SWEEP_HOURS", "24");
        self.service.launch();
        self.pass();
        found
    }

    /// As [`Stand::equals_a_full_read`], and a sweep finds nothing that is still to be done.
    #[track_caller]
    fn missed_nothing(&mut self) {
        assert_eq!(self.service.admin.metric(MISSED), 0);
        self.equals_a_full_read();
        assert_eq!(self.sweep(), (0, 0), "missed by windows, and different");
        self.equals_a_full_read();
    }
}

/// Transactions of 110 seconds, of each kind, that commit behind what was read while they were open.
fn late_commits(stand: &Stand) {
    let odoo = &stand.odoo;
    let (known, other) = (odoo.sell(1, "50.00"), odoo.sell(2, "20.00"));
    stand.pass();
    odoo.wait(LONG);
    let mut late = odoo.begin();
    late.sell(1, "30.00");
    assert!(late.write("pos.order", known.id, json!({"partner_id": 3})));
    assert!(late.write("pos.order.line", other.lines[0], json!({"price_subtotal": 90, "price_subtotal_incl": 90})));
    // Others sell meanwhile, and are read: the cursor goes on past where the transaction began.
    for _ in 0..11 {
        odoo.wait(seconds(10));
        odoo.sell(4, "10.00");
        stand.pass();
    }
    late.commit();
    stand.pass();
    odoo.wait(LONG);
    stand.pass();
}

#[test]
fn a_transaction_of_110_seconds_that_commits_behind_the_cursor_is_read() {
    let mut stand = Stand::new();
    late_commits(&stand);
    assert_eq!(["30", "90", "50", "110"].map(str::to_owned), [1, 2, 3, 4].map(|id| stand.service.admin.balance(id)));
    stand.missed_nothing();
}

#[test]
fn a_transaction_of_110_seconds_is_read_where_seconds_are_compared() {
    let mut stand = Stand::new();
    stand.odoo.shop.compare_whole_seconds();
    late_commits(&stand);
    stand.missed_nothing();
}

#[test]
fn with_30_seconds_of_overlap_the_same_transactions_are_lost_until_the_sweep() {
    let mut stand = Stand::with(&UNSAFE);
    late_commits(&stand);
    let (ours, full) = stand.beside_a_full_read();
    assert_ne!(ours, full, "an overlap this short should have lost the transaction");
    assert_eq!(["50", "20", "0", "110"].map(str::to_owned), [1, 2, 3, 4].map(|id| stand.service.admin.balance(id)));
    let (missed, _) = stand.sweep();
    assert!(missed > 0, "the sweep counts what the windows missed");
    stand.equals_a_full_read();
}

/// Ids that become visible in another order than they were given in, all far apart in time.
fn ids_out_of_order(stand: &Stand) {
    let odoo = &stand.odoo;
    let mut slow = odoo.begin();
    slow.sell(1, "10.00");
    odoo.wait(seconds(40));
    let mut middle = odoo.begin();
    middle.sell(2, "20.00");
    odoo.wait(seconds(40));
    odoo.sell(3, "30.00");
    stand.pass();
    odoo.wait(seconds(35));
    odoo.sell(3, "30.00");
    middle.commit();
    stand.pass();
    slow.commit();
    stand.pass();
}

#[test]
fn ids_that_commit_out_of_order_are_all_read() {
    let mut stand = Stand::with(&[SMALL_PAGES]);
    ids_out_of_order(&stand);
    stand.missed_nothing();
}

#[test]
fn with_30_seconds_of_overlap_ids_out_of_order_are_lost() {
    let stand = Stand::with(&UNSAFE);
    ids_out_of_order(&stand);
    let (ours, full) = stand.beside_a_full_read();
    assert_ne!(ours, full);
}

#[test]
fn the_first_second_of_a_window_belongs_to_it_in_both_precisions() {
    for whole_seconds in [false, true] {
        let mut stand = Stand::new();
        if whole_seconds {
            stand.odoo.shop.compare_whole_seconds();
        }
        // 120 s is the shortest overlap that is allowed, and the longest that a transaction may take.
        stand.service.kill();
        stand.service.set("LOYALTY__SYNC__OVERLAP_SECONDS", "120");
        stand.service.launch();
        // It begins late in a second, and what is read last before it commits is written in the first second of all.
        let whole = stand.odoo.shop.now().timestamp() + 1;
        stand.odoo.shop.set_clock(chrono::DateTime::from_timestamp(whole, 900_000_000).unwrap());
        let mut late = stand.odoo.begin();
        late.sell(1, "10.00");
        stand.odoo.wait(seconds(120));
        stand.odoo.sell(2, "10.00");
        stand.pass();
        late.commit();
        stand.pass();
        stand.missed_nothing();
    }
}

#[test]
fn ten_thousand_rows_at_one_timestamp_are_read() {
    // The stand-in sorts all its rows for some of the answers.
    let stand = Stand::with(&[("LOYALTY__ODOO__TIMEOUT_MS", "30000")]);
    // Most are of nobody: the ledger has little to do, the reading all of it.
    let mut bulk = stand.odoo.begin();
    let sold: Vec<Sold> =
        (0..10_000).map(|number| bulk.sell_lines((number % 20 == 0).then_some(1), &[line(1, "1", "10.00")])).collect();
    bulk.commit();
    stand.long_pass();
    assert_eq!(stand.service.admin.balance(1), "5000");
    stand.odoo.wait(LONG);
    stand.odoo.sell(5, "10.00");
    stand.pass();
    stand.odoo.wait(LONG);
    // The session is closed: every order is written once more, in one transaction, and some are no sales after all.
    let mut closing = stand.odoo.begin();
    for (number, order) in sold.iter().enumerate() {
        let state = if number % 100 == 0 { "cancel" } else { "done" };
        assert!(closing.write("pos.order", order.id, json!({"state": state})));
    }
    closing.commit();
    stand.long_pass();
    assert_eq!(stand.service.admin.balance(1), "4000", "500 sales of a member, 100 of them cancelled");
    stand.equals_a_full_read();
}

#[test]
fn what_is_written_between_two_pages_is_read() {
    let mut stand = Stand::with(&[SMALL_PAGES]);
    let sold: Vec<Sold> = (0..20).map(|_| stand.odoo.sell(1, "10.00")).collect();
    let odoo = stand.odoo.clone();
    let left = Mutex::new((0_usize, sold.clone()));
    // Before each page of orders or lines: a sale, a change to an order that is further on, one to an order that was
    // read already, a line that changes alone, and an order that goes.
    stand.odoo.shop.before_each_answer(move |_, model, method| {
        if method != "search_read" || !model.starts_with("pos.order") {
            return;
        }
        let mut left = left.lock().unwrap();
        let (calls, sold) = &mut *left;
        *calls += 1;
        odoo.wait(Duration::from_millis(700));
        if *calls > 60 {
            return;
        }
        odoo.sell(2, "10.00");
        if let Some(last) = sold.pop() {
            odoo.write("pos.order", last.id, json!({"partner_id": 3}));
        }
        if sold.len() > 2 {
            let first = sold.remove(0);
            odoo.write("pos.order", first.id, json!({"partner_id": 4}));
            let line = json!({"price_subtotal": 50, "price_subtotal_incl": 50});
            odoo.write("pos.order.line", sold[0].lines[0], line);
        }
    });
    stand.pass();
    stand.pass();
    stand.odoo.shop.answer_at_once();
    stand.odoo.wait(seconds(100));
    stand.pass();
    stand.missed_nothing();
}

#[test]
fn a_line_that_changes_alone_is_read() {
    let mut stand = Stand::new();
    let sold = stand.odoo.sell(1, "10.00");
    stand.pass();
    stand.odoo.wait(LONG);
    stand.odoo.sell(2, "10.00");
    stand.pass();
    stand.odoo.wait(LONG);
    let before = stand.odoo.shop.kept("pos.order", sold.id, "write_date");
    stand.odoo.write("pos.order.line", sold.lines[0], json!({"price_subtotal": 70, "price_subtotal_incl": 70}));
    assert_eq!(stand.odoo.shop.kept("pos.order", sold.id, "write_date"), before, "the order itself is not written");
    stand.pass();
    assert_eq!(stand.service.admin.balance(1), "70");
    stand.missed_nothing();
}

#[test]
fn archived_records_count_like_any_other() {
    let mut stand = Stand::new();
    // A new customer and a new toy, archived in the transaction that sells one to the other.
    let mut sale = stand.odoo.begin();
    let customer = sale.insert("res.partner", json!({"name": "Gone", "active": false}));
    let toy = sale.insert("product.product", json!({"name": "Old train", "pos_categ_ids": [2], "active": false}));
    sale.sell_lines(Some(customer), &[line(toy, "2", "10.00")]);
    sale.commit();
    stand.odoo.wait(LONG);
    stand.odoo.write("res.partner", 1, json!({"active": false}));
    stand.odoo.write("product.product", 2, json!({"active": false}));
    let mut sale = stand.odoo.begin();
    sale.sell_lines(Some(1), &[line(2, "1", "10.00")]);
    sale.commit();
    stand.pass();
    assert_eq!(stand.service.admin.balance(customer), "24", "10 for the money, 7 for each toy");
    assert_eq!(stand.service.admin.balance(1), "17");
    stand.missed_nothing();
}

#[test]
fn what_no_window_can_see_the_sweep_heals_and_counts() {
    let mut stand = Stand::new();
    let odoo = stand.odoo.clone();
    let sold: Vec<Sold> = (0..4).map(|_| odoo.sell(1, "10.00")).collect();
    let mut two = odoo.begin();
    let both = two.sell_lines(Some(2), &[line(1, "1", "20.00"), line(1, "1", "30.00")]);
    two.commit();
    stand.pass();
    odoo.wait(LONG);
    odoo.sell(4, "10.00");
    stand.pass();
    // A merge of two partners, an order that is deleted, a line that is deleted from an order.
    odoo.merge(1, 3);
    odoo.delete_order(&sold[0]);
    let mut shorter = odoo.begin();
    shorter.delete("pos.order.line", both.lines[1]);
    shorter.commit();
    stand.pass();
    assert_eq!([1, 2, 3].map(|id| stand.service.admin.balance(id)), ["40", "50", "0"], "no window shows any of it");
    let (missed, differing) = stand.sweep();
    assert_eq!(missed, 0, "no window could have had them");
    assert_eq!(differing, 5, "three orders that were repointed, one shorter, one gone");
    assert_eq!([1, 2, 3].map(|id| stand.service.admin.balance(id)), ["0", "20", "30"]);
    stand.equals_a_full_read();
    assert_eq!(stand.sweep(), (0, 0), "once is enough");
}

#[test]
fn a_customer_who_is_merged_after_redeeming_owes_nobody_an_explanation() {
    let mut stand = Stand::new();
    let api = stand.service.admin.clone();
    api.give(1, "130");
    let order = uuid();
    let hold = api.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap();
    stand.service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    stand.pass();
    stand.odoo.wait(LONG);
    stand.odoo.sell(4, "10.00");
    stand.pass();
    stand.odoo.merge(1, 3);
    assert_eq!(stand.sweep(), (0, 1));
    let api = &stand.service.admin;
    assert_eq!((api.balance(1), api.balance(3)), ("0".into(), "50".into()), "what was given, spent and earned moves");
    assert_eq!(api.call("exception.list", json!({}))["exceptions"], json!([]));
    api.verified();
}

#[test]
fn an_expired_key_stops_the_reading_and_a_new_one_goes_on_where_it_stopped() {
    let mut stand = Stand::with(&[SMALL_PAGES]);
    let odoo = stand.odoo.clone();
    for _ in 0..10 {
        odoo.sell(1, "10.00");
    }
    // It expires in the middle of the pages.
    odoo.shop.inject_after(2, FaultInjection::Error("odoo.exceptions.AccessDenied", "Access Denied"), "pos.order");
    odoo.shop.set_credentials(fake_odoo::LOGIN, fake_odoo::KEY);
    assert!(stand.failing_pass().contains("refused the login"));
    odoo.shop.set_credentials(fake_odoo::LOGIN, "another key");
    let asked = odoo.shop.calls().len();
    assert!(stand.failing_pass().contains("refused the login"));
    assert!(odoo.shop.calls().len() - asked <= 3, "a refused login is not tried again and again");
    odoo.wait(LONG);
    odoo.sell(2, "10.00");
    odoo.shop.set_credentials(fake_odoo::LOGIN, fake_odoo::KEY);
    stand.pass();
    assert_eq!(stand.service.admin.balance(1), "100");
    stand.missed_nothing();
}

#[test]
fn answers_gone_wrong_lose_nothing() {
    let short = ("LOYALTY__ODOO__TIMEOUT_MS", "250");
    let mut stand = Stand::with(&[SMALL_PAGES, short]);
    let faults = [
        FaultInjection::Status(429),
        FaultInjection::Status(502),
        FaultInjection::Html,
        FaultInjection::Truncated,
        FaultInjection::Hang(seconds(1)),
        FaultInjection::OtherJson,
    ];
    let odoo = stand.odoo.clone();
    for (number, fault) in faults.into_iter().enumerate() {
        for _ in 0..8 {
            odoo.sell(1, "10.00");
        }
        // So long before the newest order that a cursor which moved too early would leave them behind.
        odoo.wait(LONG);
        odoo.sell(1, "10.00");
        let model = if number % 2 == 0 { "pos.order" } else { "pos.order.line" };
        // The second page, and every try of it.
        for _ in 0..2 {
            odoo.shop.inject_after(3, fault.clone(), model);
        }
        stand.failing_pass();
        odoo.shop.behave();
        // By the time that Odoo is well again, no window that ends now reaches back to what failed.
        odoo.wait(LONG);
        odoo.sell(2, "10.00");
        stand.pass();
    }
    assert_eq!([1, 2].map(|id| stand.service.admin.balance(id)), ["540", "60"]);
    stand.missed_nothing();
}

#[test]
fn a_connection_that_hangs_does_not_stop_the_service() {
    let stand = Stand::new();
    stand.odoo.sell(1, "10.00");
    stand.odoo.shop.inject(FaultInjection::Hang(Duration::from_mins(1)), Some("pos.order"), None);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| stand.failing_pass());
        eventually("the reading hangs", || stand.service.admin.call("sync.status", json!({}))["running"] == true);
        stand.service.admin.give(1, "5");
        assert_eq!(stand.service.admin.balance(1), "5");
        assert!(reading.join().unwrap().contains("did not answer within"));
    });
    stand.odoo.shop.behave();
    stand.pass();
    assert_eq!(stand.service.admin.balance(1), "15");
}

#[test]
fn a_clock_of_odoo_that_is_five_minutes_off_changes_nothing() {
    for off in [TimeDelta::minutes(-5), TimeDelta::minutes(5)] {
        let mut stand = Stand::new();
        stand.odoo.shop.set_clock(chrono::Utc::now() + off);
        late_commits(&stand);
        ids_out_of_order(&stand);
        stand.missed_nothing();
    }
}

/// `SplitMix64`: small, and the same everywhere for the same seed.
struct Dice(u64);

impl Dice {
    /// 0 to `below` − 1.
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn member(&mut self) -> i64 {
        1 + i64::try_from(self.roll(5)).unwrap()
    }

    fn one_of<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let among_them = u64::try_from(among.len()).unwrap();
        (among_them > 0).then(|| &among[usize::try_from(self.roll(among_them)).unwrap()])
    }

    fn amount(&mut self) -> i64 {
        5 + i64::try_from(self.roll(120)).unwrap()
    }
}

/// An Odoo in which everything goes on at once.
struct Traffic {
    odoo: TransactionalOdoo,
    dice: Dice,
    open: Vec<(Transaction, Vec<Sold>, u64)>,
    /// Orders that anybody can see.
    sold: Vec<Sold>,
    /// Partners that a merge has left.
    merged: Vec<i64>,
}

impl Traffic {
    fn member(&mut self) -> i64 {
        loop {
            let member = self.dice.member();
            if !self.merged.contains(&member) {
                return member;
            }
        }
    }

    /// Something is written in a transaction: a sale, a refund, another state, customer or line.
    fn write(&mut self, transaction: &mut Transaction) -> Option<Sold> {
        let (member, amount) = (self.member(), self.dice.amount());
        let before = self.dice.one_of(&self.sold).cloned();
        match (self.dice.roll(10), before) {
            (0, Some(order)) => {
                let back = json!({"product_id": 1, "qty": -1, "price_subtotal": -amount, "price_subtotal_incl": -amount,
                                  "refunded_orderline_id": order.lines[0]});
                Some(transaction.sell_lines(Some(member), &[back]))
            }
            (1, Some(order)) => {
                let state = if self.dice.roll(2) == 0 { "cancel" } else { "done" };
                let _ = transaction.write("pos.order", order.id, json!({"state": state}));
                None
            }
            (2, Some(order)) => {
                let _ = transaction.write("pos.order", order.id, json!({"partner_id": member}));
                None
            }
            (3, Some(order)) => {
                let line = json!({"price_subtotal": amount, "price_subtotal_incl": amount});
                let _ = transaction.write("pos.order.line", order.lines[0], line);
                None
            }
            (4, _) => Some(transaction.sell_lines(Some(member), &[line(2, "2", &amount.to_string())])),
            (5, _) => Some(transaction.sell_lines(None, &[line(1, "1", &amount.to_string())])),
            _ => Some(transaction.sell(member, &amount.to_string())),
        }
    }

    /// Time goes by; transactions begin, write, commit and are rolled back.
    fn go_on(&mut self) {
        self.odoo.wait(Duration::from_millis(100 + self.dice.roll(25_000)));
        let now = self.odoo.shop.now();
        // Odoo ends a transaction after 120 s: the next wait must not take one past that.
        let open = std::mem::take(&mut self.open);
        for (mut transaction, mut sold, length) in open {
            if now - transaction.began() < TimeDelta::seconds(i64::try_from(length).unwrap()) {
                sold.extend(self.write(&mut transaction));
                self.open.push((transaction, sold, length));
            } else if self.dice.roll(8) > 0 {
                transaction.commit();
                self.sold.extend(sold);
            }
        }
        while self.open.len() < 4 {
            let mut transaction = self.odoo.begin();
            let sold = self.write(&mut transaction).into_iter().collect();
            let length = if self.dice.roll(3) == 0 { 90 } else { self.dice.roll(20) };
            self.open.push((transaction, sold, length));
        }
    }

    /// What no window can show; only while nobody else writes.
    fn do_the_invisible(&mut self) {
        self.finish();
        match self.dice.roll(3) {
            0 if self.merged.len() < 3 => {
                let (from, into) = (self.member(), self.member());
                if from != into {
                    self.odoo.merge(from, into);
                    self.merged.push(from);
                }
            }
            1 => {
                let Some(order) = self.dice.one_of(&self.sold).cloned() else { return };
                self.odoo.delete_order(&order);
                self.sold.retain(|other| other.id != order.id);
            }
            _ => {
                let Some(order) = self.dice.one_of(&self.sold).cloned() else { return };
                // Raw SQL of somebody who knows better.
                let mut transaction = self.odoo.begin();
                transaction.sql("pos.order", order.id, json!({"state": "cancel"}));
                transaction.commit();
            }
        }
    }

    /// Everybody commits.
    fn finish(&mut self) {
        for (transaction, sold, _) in std::mem::take(&mut self.open) {
            transaction.commit();
            self.sold.extend(sold);
        }
    }
}

/// An hour and a half in which everything happens that can, from a seed; invisible changes only when told.
#[expect(clippy::too_many_lines, reason = "one story")]
fn an_afternoon(seed: u64, with_the_invisible: bool, steps: u64) {
    println!("seed {seed}{}", if with_the_invisible { ", with merges and deletions" } else { "" });
    let mut stand = Stand::with(&[SMALL_PAGES, ("LOYALTY__ODOO__TIMEOUT_MS", "300")]);
    if seed % 2 == 1 {
        stand.odoo.shop.compare_whole_seconds();
    }
    let traffic = Arc::new(Mutex::new(Traffic {
        odoo: stand.odoo.clone(),
        dice: Dice(seed),
        open: Vec::new(),
        sold: Vec::new(),
        merged: Vec::new(),
    }));
    let mut dice = Dice(!seed);
    for step in 0..steps {
        traffic.lock().unwrap().go_on();
        if with_the_invisible && step % 40 == 20 {
            traffic.lock().unwrap().do_the_invisible();
        }
        match dice.roll(12) {
            0..=3 => {
                stand.pass();
            }
            4 => {
                // The world does not wait while we read.
                let busy = Arc::clone(&traffic);
                stand.odoo.shop.before_each_answer(move |_, _, _| {
                    if let Ok(mut traffic) = busy.try_lock() {
                        let slow = traffic.dice.roll(10) > 0;
                        if !slow {
                            traffic.go_on();
                        }
                    }
                });
                stand.pass();
                stand.odoo.shop.answer_at_once();
            }
            5 => {
                let fault = match dice.roll(6) {
                    0 => FaultInjection::Status(429),
                    1 => FaultInjection::Status(502),
                    2 => FaultInjection::Html,
                    3 => FaultInjection::Truncated,
                    4 => FaultInjection::OtherJson,
                    _ => FaultInjection::Error("odoo.exceptions.AccessDenied", "Access Denied"),
                };
                let after = u32::try_from(dice.roll(30)).unwrap();
                let model = if dice.roll(2) == 0 { "pos.order" } else { "pos.order.line" };
                stand.odoo.shop.inject_after(after, fault.clone(), model);
                stand.odoo.shop.inject_after(after, fault, model);
                // It may or may not come so far.
                let _ = stand.service.admin.try_call("sync.run", json!({}));
                stand.odoo.shop.behave();
            }
            6 => {
                let last = stand.odoo.shop.ids("pos.order").last().copied().unwrap_or(1);
                let hinted = 1 + i64::try_from(dice.roll(u64::try_from(last).unwrap())).unwrap();
                stand.service.admin.call("sync.notify", json!({"order_ids": [hinted, last]}));
            }
            7 if dice.roll(8) == 0 => {
                stand.service.kill();
                stand.service.launch();
            }
            _ => {}
        }
    }
    traffic.lock().unwrap().finish();
    drop(traffic);
    stand.pass();
    if with_the_invisible {
        let (missed, _) = stand.sweep();
        assert_eq!(missed, 0);
        stand.equals_a_full_read();
        assert_eq!(stand.sweep(), (0, 0));
    } else {
        stand.missed_nothing();
    }
}

/// How many afternoons, of how many steps, and the first seed: another one each day, or the one that is asked for.
fn afternoons() -> (std::ops::Range<u64>, u64) {
    let asked = std::env::var("LOYALTY_TEST_SEED").ok().map(|seed| seed.parse().expect("LOYALTY_TEST_SEED: a number"));
    let today = u64::try_from(chrono::Utc::now().timestamp()).unwrap() / 86_400;
    let first = asked.unwrap_or(today);
    let is_long = std::env::var_os("LOYALTY_TEST_LONG").is_some();
    let (many, steps) = if is_long { (10, 400) } else { (1, 120) };
    (first..first + many, steps)
}

#[test]
fn an_afternoon_of_everything_at_once_is_read_by_the_windows_alone() {
    let (seeds, steps) = afternoons();
    for seed in seeds {
        an_afternoon(seed, false, steps);
    }
}

#[test]
fn an_afternoon_with_merges_and_deletions_is_read_by_windows_and_sweep() {
    let (seeds, steps) = afternoons();
    for seed in seeds {
        an_afternoon(seed, true, steps);
    }
}
