//! Points that end, and the lots they end in.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Clock, Cluster, Database, Service, Sold, TestShop, club, draft, line, reward_line, uuid};

/// A service whose clock the test moves. On PostgreSQL it is the server's.
struct Timed {
    service: Service,
    clock: Clock,
    _cluster: Option<Cluster>,
}

impl Timed {
    /// `None` where this machine cannot have a PostgreSQL of the test's own.
    fn start(program: &Value) -> Option<Self> {
        let clock = Clock::new();
        let on_postgres = std::env::var("LOYALTY_TEST_DATABASE").as_deref() == Ok("postgres");
        if on_postgres && !Cluster::is_possible() {
            return None;
        }
        let cluster = on_postgres.then(|| Cluster::start_with(&clock.environment()));
        let database = cluster.as_ref().map_or_else(Database::sqlite, |cluster| Database::on(cluster.url()));
        let environment = clock.environment();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let service = Service::on(database, &environment);
        service.admin.call("program.put", json!({"program": program}));
        Some(Self { service, clock, _cluster: cluster })
    }

    /// Moves the clock to so many seconds after a moment.
    fn set(&self, moment: DateTime<Utc>, seconds: i64) {
        self.clock.set((moment - Utc::now()).num_seconds() + seconds);
    }
}

/// The program `club`, whose points end so many days after the sale's.
fn ending_after(days: u32) -> Value {
    let mut program = club();
    program["expiry"] = json!({"after_days": days});
    program
}

fn program(service: &Service, program: &Value) {
    service.admin.call("program.put", json!({"program": program}));
}

/// What ends when of a member's points in `club`.
fn ending(service: &Service, partner: i64) -> Vec<(DateTime<Utc>, String)> {
    let all = service.admin.call("loyalty.balance", json!({"partner_ids": [partner]}));
    let club = all[0]["programs"].as_array().unwrap().iter().find(|program| program["program"] == "club").unwrap();
    let lots = club["expiring"].as_array().unwrap().iter();
    lots.map(|lot| (lot["on"].as_str().unwrap().parse().unwrap(), lot["points"].as_str().unwrap().to_owned())).collect()
}

/// A member's entries, oldest first: kind, points and balance after.
fn told(service: &Service, partner: i64) -> Vec<(String, String, String)> {
    let found = service.admin.call("loyalty.history", json!({"partner_id": partner, "limit": 500}));
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = found["entries"].as_array().unwrap().iter().rev();
    entries.map(|entry| (text(entry, "kind"), text(entry, "points"), text(entry, "balance_after"))).collect()
}

fn entries(listed: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    listed.iter().map(|(kind, points, after)| ((*kind).into(), (*points).into(), (*after).into())).collect()
}

fn days_ago(days: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::days(days)
}

#[test]
fn an_order_that_is_read_after_its_points_ended_pays_no_debt() {
    let service = Service::without_program(&[]);
    program(&service, &ending_after(30));
    // Member 1 owed 100 when the order of 90 days ago was read; member 2's was read before.
    service.shop.sell_at(days_ago(90), Some(2), &uuid(), &[line(1, "1", "100.00")]);
    service.admin.sync();
    for member in [1, 2] {
        service.admin.give(member, "-100");
    }
    service.shop.sell_at(days_ago(90), Some(1), &uuid(), &[line(1, "1", "100.00")]);
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("-100".into(), "-100".into()));
    assert_eq!(
        told(&service, 1),
        entries(&[("adjust", "-100", "-100"), ("earn", "100", "0"), ("expire", "-100", "-100")])
    );
    // It is given back: nothing is owed for it either.
    let late = service.shop.sell_at(days_ago(80), Some(1), &uuid(), &[line(1, "1", "50.00")]);
    service.admin.sync();
    service.shop.refund(1, late.lines[0], 1, "-1", "-50.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "-100");
    service.admin.verified();
}

#[test]
fn a_reward_that_is_refunded_after_its_points_ended_pays_no_debt() {
    let Some(timed) = Timed::start(&ending_after(30)) else { return };
    let service = &timed.service;
    service.shop.sell(1, "100.00");
    service.admin.sync();
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap();
    let sale = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    timed.set(Utc::now(), 40 * 86_400);
    service.admin.give(1, "-100");
    assert_eq!(service.admin.balance(1), "-100");
    let refund = service.shop.refund(1, sale.lines[1], 3, "-1", "5.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "-100", "the 100 that came back had ended ten days before");
    let last = told(service, 1).split_off(5);
    assert_eq!(last, entries(&[("restore", "100", "0"), ("expire", "-100", "-100")]));
    // The refund is cancelled: what it gave was worth nothing, and so is what it takes.
    service.shop.change_order(refund.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "-100");
    service.admin.verified();
}

#[test]
fn holds_that_follow_one_another_do_not_keep_points_beyond_their_end() {
    let Some(timed) = Timed::start(&ending_after(30)) else { return };
    let service = &timed.service;
    service.shop.sell(1, "100.00");
    service.admin.sync();
    let (end, _) = ending(service, 1)[0];
    timed.set(end, -86_400);
    service.admin.give(1, "100");
    // Five minutes before 100 of the 200 end, a hold of fifteen minutes for 100; five after, another one.
    timed.set(end, -300);
    let first = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&first, 1, "25.00")).unwrap();
    timed.set(end, 300);
    assert_eq!(service.admin.points(1), ("200".into(), "100".into(), "100".into()), "the first hold protects its 100");
    let second = uuid();
    let later = service.admin.hold(1, "5off", &draft(&second, 1, "25.00")).unwrap();
    assert_eq!(service.admin.points(1), ("200".into(), "200".into(), "0".into()));
    // The first is over: its points have ended, and the second never was for them.
    timed.set(end, 700);
    assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
    let refused = service.admin.hold(1, "5off", &draft(&uuid(), 1, "25.00")).unwrap_err();
    assert_eq!(refused.kind, "insufficient_points");
    let capture = |hold: &Value, order: &str| {
        service.admin.try_call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}))
    };
    assert_eq!(capture(&hold, &first).unwrap_err().kind, "hold_expired");
    assert_eq!(capture(&later, &second).unwrap()["balance"], "0");
    let kinds: Vec<String> = told(service, 1).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["earn", "adjust", "expire", "redeem"]);
    service.admin.verified();
}

#[test]
fn a_hold_spends_none_of_the_points_that_another_one_protects() {
    let Some(timed) = Timed::start(&ending_after(30)) else { return };
    let service = &timed.service;
    service.shop.sell(1, "100.00");
    service.admin.sync();
    let (end, _) = ending(service, 1)[0];
    timed.set(end, -86_400);
    service.admin.give(1, "100");
    timed.set(end, -300);
    service.admin.hold(1, "5off", &draft(&uuid(), 1, "25.00")).unwrap();
    timed.set(end, 300);
    let second = uuid();
    let later = service.admin.hold(1, "5off", &draft(&second, 1, "25.00")).unwrap();
    service.admin.call("loyalty.capture", json!({"hold_id": later["hold_id"], "order": {"uuid": second}}));
    // The first runs out: what it protected ends, and nothing else is left.
    timed.set(end, 700);
    assert_eq!(service.admin.points(1), ("0".into(), "0".into(), "0".into()));
    service.admin.verified();
}

#[test]
fn a_version_for_the_past_moves_the_lots_of_the_sales_it_concerns() {
    let service = Service::without_program(&[]);
    program(&service, &ending_after(365));
    // 10 points each: one of 100 days ago, one of 50 days ago; and for another member one more of 50 days ago.
    service.shop.sell_at(days_ago(100), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.shop.sell_at(days_ago(50), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    let before = ending(&service, 1);
    assert_eq!(before.iter().map(|(_, points)| points.as_str()).collect::<Vec<_>>(), ["10", "10"]);
    let mut generous = ending_after(730);
    generous["earning"]["rules"][0]["points"] = json!("15");
    let from = days_ago(60).to_rfc3339();
    service.admin.call("program.put", json!({"program": generous, "effective_from": from}));
    // Its verification finishes what a put has left to compute.
    service.admin.verified();
    service.shop.sell_at(days_ago(50), Some(2), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    let (after, fresh) = (ending(&service, 1), ending(&service, 2));
    assert_eq!(after[0], before[0], "what the version does not concern stays");
    assert_eq!(after[1..], fresh, "15 that end in two years, as a sale that is read now would have");
    assert_eq!(service.admin.balance(1), "25");
    // Points alone end at another time: nothing is earned or taken, and the history says why there is an entry.
    service.admin.call("program.put", json!({"program": {
        "expiry": {"after_days": 900}, "earning": generous["earning"], "code": "club", "name": "Club", "currency": "USD",
    }, "effective_from": from}));
    service.admin.verified();
    assert_eq!(service.admin.balance(1), "25");
    assert_eq!(ending(&service, 1)[0], before[0]);
    assert_eq!(ending(&service, 1)[1].0, fresh[0].0 + TimeDelta::days(170));
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    let last = &history["entries"][0];
    assert_eq!((&last["kind"], &last["points"]), (&json!("earn"), &json!("0")));
    assert!(last["reason"].as_str().unwrap().contains("version 3"), "{last}");
    let explained = service.admin.call("loyalty.explain", json!({"entry_id": last["entry_id"]}));
    let lots: Vec<&str> =
        explained["lots"].as_array().unwrap().iter().map(|lot| lot["points"].as_str().unwrap()).collect();
    assert_eq!(lots, ["-15", "15"]);
    // Read again, nothing moves.
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.call("loyalty.history", json!({"partner_id": 1})), history);
}

#[test]
fn a_version_for_the_past_leaves_spent_points_and_other_sales_where_they_are() {
    let service = Service::without_program(&[]);
    program(&service, &ending_after(365));
    // Each member: 100 in the morning and 50 in the afternoon, which end together. The second has spent 120 of them.
    let noon = days_ago(50).date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc();
    for member in [1, 2] {
        service.shop.sell_at(noon - TimeDelta::hours(1), Some(member), &uuid(), &[line(1, "1", "100.00")]);
        service.shop.sell_at(noon + TimeDelta::hours(1), Some(member), &uuid(), &[line(1, "1", "50.00")]);
    }
    service.admin.sync();
    service.admin.give(2, "-120");
    let end = ending(&service, 1)[0].0;
    let put = json!({"program": ending_after(730), "effective_from": noon.to_rfc3339()});
    service.admin.call("program.put", put);
    service.admin.verified();
    let later = end + TimeDelta::days(365);
    assert_eq!(ending(&service, 1), [(end, "100".to_owned()), (later, "50".to_owned())]);
    assert_eq!(ending(&service, 2), [(later, "30".to_owned())], "what is left of the afternoon's");
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("150".into(), "30".into()));
    // Points that come into the lot they left are others'.
    service.shop.sell_at(noon - TimeDelta::hours(2), Some(2), &uuid(), &[line(1, "1", "20.00")]);
    service.admin.sync();
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(ending(&service, 2), [(end, "20".to_owned()), (later, "30".to_owned())]);
    service.admin.verified();
}

#[test]
fn an_unlinked_return_that_is_undone_gives_points_back_to_the_lots_they_came_from() {
    let service = Service::without_program(&[]);
    program(&service, &ending_after(365));
    for member in [1, 2] {
        service.shop.sell(member, "100.00");
    }
    service.admin.sync();
    let (first, second) = (ending(&service, 1), ending(&service, 2));
    let back = |member| service.shop.sell_lines(Some(member), &uuid(), &[line(2, "-1", "-10.00")]);
    let (cancelled, moved) = (back(1), back(1));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "80");
    service.shop.change_order(cancelled.id, json!({"state": "cancel"}));
    service.shop.change_order(moved.id, json!({"partner_id": 2}));
    service.admin.sync();
    assert_eq!(ending(&service, 1), first, "all 100 end when they did");
    assert_eq!(ending(&service, 2), [(second[0].0, "90".to_owned())]);
    service.shop.change_order(moved.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(ending(&service, 2), second);
    service.admin.verified();
}

#[test]
fn a_refund_of_odoo_14_that_is_read_before_its_sale_leaves_the_lots_as_they_were() {
    let shop = TestShop::new();
    shop.shop.remove_field("pos.order.line", "refunded_orderline_id");
    let service = Service::reading(Arc::new(shop), Database::new(), &[]);
    program(&service, &ending_after(365));
    service.shop.sell_at(days_ago(30), Some(1), &uuid(), &[line(1, "1", "100.00")]);
    service.admin.sync();
    let lots = ending(&service, 1);
    let receipt = |order: &Sold, state: &str| {
        service.shop.change_order(order.id, json!({"pos_reference": "Order 1", "state": state}));
    };
    let sale = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "40.00")]);
    receipt(&sale, "draft");
    let refund = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "-1", "-40.00")]);
    receipt(&refund, "paid");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "60");
    receipt(&sale, "paid");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "100");
    assert_eq!(ending(&service, 1), lots);
    service.admin.verified();
}

#[test]
fn a_cancelled_refund_of_points_that_were_spent_returns_them_to_the_lots_it_took_from() {
    let service = Service::without_program(&[]);
    program(&service, &ending_after(365));
    let sale = service.shop.sell_at(days_ago(60), Some(1), &uuid(), &[line(1, "1", "100.00")]);
    service.shop.sell_at(days_ago(30), Some(1), &uuid(), &[line(1, "1", "100.00")]);
    service.admin.sync();
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    service.admin.call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}));
    let lots = ending(&service, 1);
    assert_eq!(lots.len(), 1, "the sooner 100 are spent: {lots:?}");
    let refund = service.shop.refund(1, sale.lines[0], 1, "-1", "-100.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    service.shop.change_order(refund.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(ending(&service, 1), lots);
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    let (undone, clawback) = (&history["entries"][0], &history["entries"][1]);
    let explained = service.admin.call("loyalty.explain", json!({"entry_id": undone["entry_id"]}));
    assert_eq!(explained["reverses"], clawback["entry_id"]);
    service.admin.verified();
}

#[test]
fn a_clawback_names_the_last_paid_document_and_no_draft() {
    let service = Service::start();
    let sale = service.shop.sell(1, "100.00");
    service.admin.sync();
    let paid = service.shop.refund(1, sale.lines[0], 1, "-0.5", "-50.00");
    let draft = service.shop.refund(1, sale.lines[0], 1, "-0.5", "-50.00");
    service.shop.change_order(draft.id, json!({"state": "draft"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "50");
    let cause = |at: usize| {
        service.admin.call("loyalty.history", json!({"partner_id": 1}))["entries"][at]["cause"]["id"].clone()
    };
    assert_eq!(cause(0), paid.id);
    // Now the draft is paid, too, together with a later draft, and after both the sale's own row was written.
    service.shop.change_order(draft.id, json!({"state": "paid"}));
    let other = service.shop.refund(1, sale.lines[0], 1, "-0.5", "-50.00");
    service.shop.change_order(other.id, json!({"state": "draft"}));
    service.shop.change_order(sale.id, json!({"name": "Shop/invoiced"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    assert_eq!(cause(0), draft.id);
    service.admin.verified();
}
