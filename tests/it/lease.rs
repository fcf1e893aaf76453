//! Several processes on one database: one of them reads Odoo, and another takes over when it stops.

use std::time::Duration;

use loyalty_sidecar::demo::FaultInjection;
use serde_json::{Value, json};

use crate::support::{Api, Service, club, eventually};

/// Passes every second; a lease that runs out soon.
const QUICK: &[(&str, &str)] = &[("LOYALTY__SYNC__INTERVAL_SECONDS", "1"), ("LOYALTY__SYNC__LEASE_SECONDS", "5")];

fn service() -> Service {
    let service = Service::without_program(QUICK);
    service.admin.call("program.put", json!({"program": club()}));
    service
}

/// One number of `/metrics`.
fn metric(api: &Api, name: &str) -> i64 {
    let (status, text) = api.get("/metrics");
    assert_eq!(status, 200, "{text}");
    let line =
        text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}: {text}"));
    line[name.len()..].trim().parse().unwrap()
}

fn reads(api: &Api) -> bool {
    metric(api, "loyalty_sync_leader") == 1
}

fn logins(service: &Service) -> usize {
    service.shop.shop.calls().iter().filter(|(_, method)| method == "authenticate").count()
}

fn readiness(api: &Api) -> Value {
    let (_, text) = api.get("/readyz");
    serde_json::from_str(&text).unwrap()
}

/// Nothing was missed, nothing posted twice: each of these members has this one entry.
#[track_caller]
fn earned_once(api: &Api, members: impl IntoIterator<Item = i64>, points: &str) {
    for member in members {
        assert_eq!(api.entries(member), [("earn".to_owned(), points.to_owned())], "member {member}");
    }
    assert_eq!(metric(api, "loyalty_sync_missed_by_incremental_total"), 0);
    api.verified();
}

#[test]
fn of_two_replicas_one_reads_odoo_and_both_know_how_it_goes() {
    let service = service();
    let logged_in = logins(&service);
    let (_second, other) = service.replica();
    service.shop.sell(1, "10.00");
    eventually("the order is read", || other.balance(1) == "10");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(logins(&service), logged_in, "the second has asked Odoo nothing");
    assert!(reads(&service.admin) && !reads(&other));
    eventually("the second has heard of it", || readiness(&other)["status"] == "ready");
    let status = other.call("sync.status", json!({}));
    assert!(status["last_success_at"].is_string() && status["last_error"].is_null(), "{status}");
    assert!(status["lag_seconds"].as_u64().unwrap() < 5, "{status}");
    let version = other.call("system.version", json!({}));
    assert_eq!(version["odoo"], json!({"reachable": true, "server_version": "19.0"}));
    earned_once(&other, [1], "10");
}

#[test]
fn killing_the_reader_moves_the_lease_and_nothing_is_posted_twice() {
    let mut service = service();
    let (_second, other) = service.replica();
    for member in 1..=3 {
        service.shop.sell(member, "20.00");
    }
    // In the middle of its work, whatever that is by then.
    eventually("it reads", || other.balance(1) == "20");
    service.shop.sell(4, "20.00");
    service.kill();
    service.shop.sell(5, "20.00");
    eventually("the second reads", || other.balance(5) == "20" && other.balance(4) == "20");
    assert!(reads(&other));
    earned_once(&other, 1..=5, "20");
    // And the one that comes back leaves it there.
    service.launch();
    std::thread::sleep(Duration::from_secs(3));
    assert!(reads(&other) && !reads(&service.admin));
}

#[test]
fn a_reader_that_was_stopped_posts_nothing_of_what_it_had_read() {
    let service = service();
    let (_second, other) = service.replica();
    // Odoo answers slowly about lines, which is when nobody may write any more.
    service.shop.shop.inject(FaultInjection::Hang(Duration::from_millis(1500)), Some("pos.order.line"), None);
    let before = service.shop.shop.calls().len();
    let sold = service.shop.sell(1, "10.00");
    eventually("it reads the order with its lines", || {
        let calls = service.shop.shop.calls();
        let mut models = calls[before..].iter().map(|(model, _)| model.as_str());
        // The newest of each first, then the records.
        ["pos.order.line", "pos.order", "pos.order.line"].iter().all(|wanted| models.any(|model| model == *wanted))
    });
    let blocked = service.database.block_writing();
    std::thread::sleep(Duration::from_millis(2500));
    service.shop.shop.behave();
    // Now it waits to write what it has read; and is stopped, for longer than its lease.
    service.signal("STOP");
    drop(blocked);
    service.shop.change_line(sold.lines[0], json!({"price_subtotal": 30, "price_subtotal_incl": 30}));
    service.shop.change_order(sold.id, json!({"name": "Shop/changed"}));
    eventually("the second reads", || other.balance(1) == "30");
    service.signal("CONT");
    eventually("it lives again", || service.admin.get("/healthz").0 == 200);
    std::thread::sleep(Duration::from_secs(3));
    assert!(reads(&other) && !reads(&service.admin));
    earned_once(&other, [1], "30");
}

#[test]
fn a_pass_can_be_asked_of_any_process() {
    let slow = [("LOYALTY__SYNC__INTERVAL_SECONDS", "3600"), ("LOYALTY__SYNC__LEASE_SECONDS", "30")];
    let service = Service::without_program(&slow);
    service.admin.call("program.put", json!({"program": club()}));
    let (_second, other) = service.replica();
    assert!(reads(&service.admin) && !reads(&other));
    service.shop.sell(1, "10.00");
    assert_eq!(other.sync()["orders_changed"], 1);
    assert!(reads(&other) && !reads(&service.admin), "it has the lease now");
    service.shop.sell(2, "10.00");
    let verb = service.verb(&["sync", "--json"]);
    assert_eq!(verb.code, 0, "{verb:?}");
    let report: Value = serde_json::from_str(&verb.out).unwrap();
    assert_eq!(report["orders_changed"], 1, "{report}");
    service.shop.sell(3, "10.00");
    assert_eq!(service.admin.sync()["orders_changed"], 1);
    // All at once: each gets its own whole pass.
    service.shop.sell(4, "10.00");
    std::thread::scope(|scope| {
        for api in [&service.admin, &other, &service.admin, &other] {
            scope.spawn(move || api.sync());
        }
    });
    // Whoever is told of an order reads it, with the lease or without.
    let sold = service.shop.sell(5, "10.00");
    let follower = if reads(&other) { &service.admin } else { &other };
    follower.call("sync.notify", json!({"order_ids": [sold.id]}));
    eventually("it is read at once", || follower.balance(5) == "10");
    earned_once(&other, 1..=5, "10");
}

#[test]
fn sigterm_gives_the_lease_back() {
    let mut service = Service::without_program(&[("LOYALTY__SYNC__LEASE_SECONDS", "3600")]);
    assert!(reads(&service.admin));
    let (code, _) = service.terminate();
    assert_eq!(code, 0, "{}", service.log());
    assert_eq!(service.database.number("SELECT COUNT(*) FROM leases WHERE holder IS NULL"), 1);
    service.launch();
    eventually("the next has it", || reads(&service.admin));
}
