//! The login to Odoo: a key that ends is warned of before, a refused one is called refused, and tried again when it may work.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Service, eventually};

/// A service that reads by itself, with a lease that is asked for often.
fn reading(more: &[(&str, &str)]) -> Service {
    let often = [("LOYALTY__SYNC__INTERVAL_SECONDS", "1"), ("LOYALTY__SYNC__LEASE_SECONDS", "5")];
    let service = Service::without_program(&[&often[..], more].concat());
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    service
}

fn readyz(service: &Service) -> Value {
    serde_json::from_str(&service.admin.get("/readyz").1).unwrap()
}

fn metric(service: &Service, name: &str) -> String {
    let text = service.admin.get("/metrics").1;
    let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).split(' ').nth(1).unwrap().to_owned()
}

/// How often the key was shown to log in.
fn logins(service: &Service) -> usize {
    service.shop.shop.calls().iter().filter(|(_, method)| method == "context_get").count()
}

/// Gives the service user a key with this end.
fn key(service: &Service, end: Option<DateTime<Utc>>) {
    let end = end.map_or(json!(false), |end| json!(end.format("%Y-%m-%d %H:%M:%S").to_string()));
    service.shop.shop.insert(
        "res.users.apikeys",
        json!({"name": "loyalty-sidecar", "user_id": 7, "scope": false, "expiration_date": end}),
    );
}

#[test]
fn a_key_that_ends_is_warned_of_a_fortnight_before() {
    let service = Service::start();
    let doctor = || service.verb(&["doctor"]);
    assert!(doctor().out.contains("odoo.api_key: Odoo tells of no end of it"), "{:?}", doctor());
    assert_eq!(metric(&service, "loyalty_odoo_key_expires_timestamp_seconds"), "inf");

    // One that ends in a while is told, not warned of.
    let later = Utc::now() + TimeDelta::days(60);
    key(&service, Some(later));
    let told = doctor();
    assert!(told.code == 0 && told.out.contains("the API key that Odoo is read with ends in 59 days"), "{told:?}");
    assert!(!told.out.contains("warning  odoo.api_key"), "{told:?}");

    // Of two, the first counts, and it is said that Odoo does not tell which is in use.
    let soon = Utc::now() + TimeDelta::days(10) + TimeDelta::hours(1);
    key(&service, Some(soon));
    let told = doctor();
    let day = soon.format("%Y-%m-%d").to_string();
    assert!(told.code == 0 && told.out.contains("warning  odoo.api_key: an API key of the Odoo user"), "{told:?}");
    assert!(told.out.contains(&format!("ends in 10 days, on {day}; Odoo does not say whether")), "{told:?}");

    // The running service tells it as well, from the next time that it looks.
    assert_eq!(service.verb(&["sync"]).code, 0);
    service.admin.call("sync.status", json!({}));
    let ready = readyz(&service);
    assert_eq!(ready["status"], "degraded", "{ready}");
    assert!(ready["checks"]["odoo_key"].as_str().unwrap().contains(&day), "{ready}");
    assert_eq!(ready["checks"]["odoo"], "ok");
    assert_eq!(metric(&service, "loyalty_odoo_key_expires_timestamp_seconds"), soon.timestamp().to_string());
}

#[test]
fn a_key_that_ends_soon_stands_in_the_log() {
    let service = Service::without_program(&[]);
    key(&service, Some(Utc::now() + TimeDelta::days(3)));
    let said = service.verb(&["sync"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("the API key that Odoo is read with ends in 2 days"), "{said:?}");
    assert!(said.err.contains("My Preferences > Security"), "{said:?}");
}

#[test]
fn keys_before_odoo_18_have_no_end() {
    let service = Service::start();
    service.shop.shop.remove_field("res.users.apikeys", "expiration_date");
    assert!(service.verb(&["doctor"]).out.contains("Odoo tells of no end of it"));
    service.shop.shop.remove_model("res.users.apikeys");
    let doctor = service.verb(&["doctor"]);
    assert!(doctor.code == 0 && doctor.out.contains("Odoo tells of no end of it"), "{doctor:?}");
    assert_eq!(service.verb(&["sync"]).code, 0);
}

#[test]
fn a_refused_login_is_called_refused_everywhere() {
    let service = reading(&[]);
    service.shop.shop.set_credentials("loyalty", "another");
    eventually("the login is refused", || readyz(&service)["checks"]["odoo"] == "the login is refused");
    assert_eq!(readyz(&service)["status"], "degraded");
    let odoo = service.admin.call("system.version", json!({}))["odoo"].clone();
    assert_eq!((&odoo["reachable"], &odoo["login_refused"]), (&json!(false), &json!(true)));
    let said = service.admin.call("sync.status", json!({}))["last_error"].to_string();
    assert!(said.contains("Odoo refused the login"), "{said}");
    let doctor = service.verb(&["doctor"]);
    assert!(doctor.code == 1 && doctor.out.contains("failed   odoo: Odoo refused the login"), "{doctor:?}");
    let sync = service.verb(&["sync"]);
    assert!(sync.code == 1 && sync.err.contains("Odoo refused the login"), "{sync:?}");
    assert!(service.log().contains("Odoo refused the login"), "{}", service.log());
    // Odoo that is away is not called refused.
    let away = Service::without_program(&[]);
    away.shop.shop.inject(loyalty_sidecar::demo::FaultInjection::Status(503), None, None);
    let _ = away.admin.try_call("sync.run", json!({}));
    assert_eq!(readyz(&away)["checks"]["odoo"], "not reachable");
    assert_eq!(away.admin.call("system.version", json!({}))["odoo"].get("login_refused"), None);
}

#[test]
fn a_refused_login_is_left_alone_until_a_verb_beside_it_logs_in() {
    for verb in [&["doctor"][..], &["sync"]] {
        let service = reading(&[]);
        service.shop.shop.set_credentials("loyalty", "another");
        eventually("the login is refused", || readyz(&service)["checks"]["odoo"] == "the login is refused");
        let shown = logins(&service);
        // A verb that is refused as well ends nothing.
        assert_eq!(service.verb(verb).code, 1);
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(logins(&service), shown + 1, "{verb:?}: only the verb asked");
        service.shop.shop.set_credentials("loyalty", "demo-key");
        let done = service.verb(verb);
        assert_eq!(done.code, 0, "{verb:?}: {done:?}");
        eventually("the service reads again", || readyz(&service)["status"] == "ready");
    }
}

#[test]
fn another_key_in_the_file_ends_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "demo-key\n").unwrap();
    let mut service = Service::start();
    // The key itself is taken out of the environment: both at once are refused.
    service.set("LOYALTY__ODOO__API_KEY_FILE", file.to_str().unwrap());
    service.unset("LOYALTY__ODOO__API_KEY");
    service.set("LOYALTY__SYNC__INTERVAL_SECONDS", "1");
    service.set("LOYALTY__SYNC__LEASE_SECONDS", "5");
    service.terminate();
    service.launch();
    eventually("it reads", || readyz(&service)["status"] == "ready");
    service.shop.shop.set_credentials("loyalty", "second");
    eventually("the login is refused", || readyz(&service)["checks"]["odoo"] == "the login is refused");
    let shown = logins(&service);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(logins(&service), shown, "a key that is as it was is not shown again");
    std::fs::write(&file, "second\n").unwrap();
    eventually("the new key is used", || readyz(&service)["status"] == "ready");
    let sold = service.shop.sell(1, "30.00");
    eventually("it reads again", || service.admin.balance(1) == "30");
    assert!(sold.id > 0);
}

#[test]
fn a_stale_key_beside_a_good_one_is_shown_once_a_minute_at_most() {
    let mut service = reading(&[]);
    eventually("it reads", || readyz(&service)["status"] == "ready");
    service.shop.shop.set_credentials("loyalty", "second");
    service.terminate();
    service.set("LOYALTY__ODOO__API_KEY", "second");
    service.launch();
    eventually("the first reads", || readyz(&service)["status"] == "ready");
    // Another process beside it has still the old key. A till that tells it of an order has it log in.
    let stale = ("LOYALTY__ODOO__API_KEY".to_owned(), "demo-key".to_owned());
    let (_stale, other) = service.replica_with(&[stale]);
    let refused = || service.log().matches("reading Odoo ended early: Odoo refused the login").count();
    let before = refused();
    let tell = || {
        let order = service.shop.sell(1, "30.00");
        other.call("sync.notify", json!({"order_ids": [order.id]}));
    };
    tell();
    eventually("it is refused", || refused() > before);
    // The other logs in all the time: that ends the pause once.
    for _ in 0..12 {
        std::thread::sleep(Duration::from_secs(1));
        tell();
    }
    let tries = refused() - before;
    assert!(tries <= 2, "{tries} refused logins in 12 seconds");
}
