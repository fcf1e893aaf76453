//! A program must never take the service down.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Service, club, draft, line, uuid};

/// A program beside `club` that cannot be read again once it is stored: its end is in the year 10000 in UTC.
fn endless() -> Value {
    json!({"code": "endless", "name": "Endless", "currency": "USD", "ends_at": "+10000-01-01T04:59:59Z",
           "earning": {"rules": [{"code": "a", "kind": "per_amount", "every": "1.00", "points": "1"}]},
           "rewards": [{"code": "off", "kind": "discount_amount", "points": "1", "amount": "1.00"}]})
}

/// Stores a document behind the service's back, as versions that took it have.
fn store(service: &Service, code: &str, version: i64, effective_from_us: Option<i64>, document: &Value) {
    let from = effective_from_us.map_or_else(|| "NULL".to_owned(), |us| us.to_string());
    let document = document.to_string().replace('\'', "''");
    if version == 1 {
        service.database.execute(&format!("INSERT INTO programs (code, created_at_us) VALUES ('{code}', 0)")).unwrap();
    }
    service
        .database
        .execute(&format!(
            "INSERT INTO program_versions (program_id, version, effective_from_us, document, created_at_us, created_by) \
             SELECT id, {version}, {from}, '{document}', 0, 'test' FROM programs WHERE code = '{code}'"
        ))
        .unwrap();
}

fn readiness(service: &Service) -> Value {
    serde_json::from_str(&service.admin.get("/readyz").1).unwrap()
}

fn exceptions(service: &Service) -> Vec<Value> {
    let found = service.admin.call("exception.list", json!({"state": "open"}));
    found["exceptions"].as_array().unwrap().clone()
}

fn balance_in(service: &Service, program: &str) -> String {
    let all = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    let programs = all[0]["programs"].as_array().unwrap();
    let found = programs.iter().find(|one| one["program"] == program).expect("the program");
    found["balance"].as_str().unwrap().to_owned()
}

#[test]
fn an_instant_outside_the_years_1_to_9999_in_utc_is_refused_with_its_place() {
    let service = Service::start();
    let put = |change: &dyn Fn(&mut Value)| {
        let mut document = club();
        change(&mut document);
        let refused = service.admin.refused("program.put", json!({"program": document}));
        assert_eq!((refused.code, refused.kind.as_str()), (1201, "invalid_program"), "{refused:?}");
        refused.data["path"].as_str().unwrap().to_owned()
    };
    assert_eq!(put(&|one| one["ends_at"] = json!("9999-12-31T23:59:59-05:00")), "/ends_at");
    assert_eq!(put(&|one| one["starts_at"] = json!("0001-01-01T00:00:00+05:00")), "/starts_at");
    let window = |window: Value| put(&|one| one["earning"]["rules"][0]["window"] = window.clone());
    assert_eq!(window(json!({"from": "0000-12-31"})), "/earning/rules/0/window/from");
    assert_eq!(window(json!({"to": "-001-12-31"})), "/earning/rules/0/window/to");
    assert_eq!(window(json!({"hours": ["+9:00", "13:00"]})), "/earning/rules/0/window/hours/0");

    let late = "9999-12-31T23:59:59-05:00";
    let mut dated = draft(&uuid(), 1, "10.00");
    dated["date_order"] = json!(late);
    for (method, params, parameter) in [
        ("program.put", json!({"program": club(), "effective_from": late}), "effective_from"),
        ("member.enrol", json!({"partner_id": 1, "program": "club", "since": "0001-01-01T00:00:00+05:00"}), "since"),
        ("loyalty.quote", json!({"order": dated}), "order.date_order"),
    ] {
        let refused = service.admin.refused(method, params);
        assert_eq!((refused.code, refused.data["parameter"].as_str()), (-32602, Some(parameter)), "{refused:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.json");
    std::fs::write(&file, json!({"code": "x", "name": "X", "currency": "USD", "ends_at": late}).to_string()).unwrap();
    let file = file.to_str().unwrap();
    let checked = service.verb(&["program", "check", file]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(checked.err.contains("/ends_at"), "{checked:?}");
    assert_eq!(service.verb(&["program", "put", file, "--effective-from", late]).code, 2);
    // The last second of the calendar is fine.
    let mut last = club();
    last["ends_at"] = json!("9999-12-31T23:59:59Z");
    assert_eq!(service.admin.call("program.put", json!({"program": last}))["version"], 2);
    let shown = service.admin.call("program.get", json!({"code": "club"}));
    assert_eq!(shown["program"]["ends_at"], "9999-12-31T23:59:59Z");
}

#[test]
fn a_version_that_cannot_be_read_concerns_its_program_alone_and_a_corrected_put_mends_it() {
    let mut service = Service::start();
    service.admin.give(1, "100");
    store(&service, "endless", 1, None, &endless());
    // The others work, also after a restart.
    service.kill();
    service.launch();
    service.shop.sell(1, "20.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "120");
    assert_eq!(balance_in(&service, "endless"), "0");
    let order = draft(&uuid(), 1, "10.00");
    let quote = service.admin.call("loyalty.quote", json!({"order": order}));
    let quoted: Vec<&Value> = quote["programs"].as_array().unwrap().iter().map(|one| &one["program"]).collect();
    assert_eq!(quoted, ["club"]);
    assert!(service.admin.hold(1, "5off", &order).is_ok());
    let mut other = club();
    other["name"] = json!("Club 2");
    assert_eq!(service.admin.call("program.put", json!({"program": other}))["version"], 2);
    // What asks the broken one itself is told so.
    let refused = service.admin.refused(
        "loyalty.hold",
        json!({"idempotency_key": uuid(), "partner_id": 1, "program": "endless", "reward": "off", "order": order}),
    );
    assert_eq!((refused.code, refused.data["reason"].as_str()), (1003, Some("program_unreadable")), "{refused:?}");
    let present = json!({"idempotency_key": uuid(), "partner_id": 1, "program": "endless", "points": "5",
                         "reason": "a present"});
    let refused = service.admin.refused("ledger.adjust", present.clone());
    assert_eq!((refused.code, refused.kind.as_str()), (1401, "unavailable"));
    assert!(refused.message.contains("endless") && refused.message.contains("corrected document"), "{refused:?}");

    // Everybody who asks learns which program it is.
    let answer = readiness(&service);
    assert_eq!(answer["status"], "degraded", "{answer}");
    assert!(answer["checks"]["programs"].as_str().unwrap().contains("version 1 of endless"), "{answer}");
    let listed = service.admin.call("program.list", json!({}));
    let shown = listed["programs"].as_array().unwrap().iter().find(|one| one["code"] == "endless").unwrap();
    assert_eq!((&shown["name"], &shown["version"]), (&json!("Endless"), &json!(1)));
    assert!(shown["problem"].as_str().unwrap().contains("/ends_at"), "{shown}");
    let found = service.admin.call("program.get", json!({"code": "endless"}));
    assert_eq!(found["program"]["ends_at"], "+10000-01-01T04:59:59Z");
    let raised = exceptions(&service);
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["kind"], "program_unreadable");
    assert!(raised[0]["detail"].as_str().unwrap().contains("version 1 of the program endless"), "{raised:?}");
    let report = service.admin.call("ledger.verify", json!({}));
    let violations = report["violations"].as_array().unwrap();
    assert_eq!(violations.len(), 1, "{report}");
    assert!(violations[0].as_str().unwrap().contains("endless"), "{report}");
    let doctor = service.verb(&["doctor"]);
    assert!(doctor.out.contains("version 1 of the program endless"), "{doctor:?}");

    // A corrected put takes its place, for all the past, and what was sold meanwhile earns.
    let mut corrected = endless();
    corrected["ends_at"] = json!("9999-12-31T23:59:59Z");
    let put = service.admin.call("program.put", json!({"program": corrected}));
    assert_eq!(put, json!({"code": "endless", "version": 2}));
    assert_eq!(balance_in(&service, "endless"), "20");
    assert_eq!(exceptions(&service), Vec::<Value>::new());
    // What was to be asked again under the same key now succeeds.
    assert_eq!(service.admin.call("ledger.adjust", present)["balance"], "25");
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(readiness(&service)["status"], "ready");
    service.admin.verified();
}

#[test]
fn what_a_program_has_posted_stays_while_its_version_cannot_be_read() {
    let service = Service::start();
    let at = |days: i64| Utc::now() - TimeDelta::days(days);
    let sold = service.shop.sell_at(at(5), Some(1), &uuid(), &[line(1, "2", "40.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "40");
    // A later version for the past, of which nobody can read anything.
    store(&service, "club", 2, Some(at(10).timestamp_micros()), &json!("not even an object"));
    service.shop.refund(1, sold.lines[0], 1, "-1", "-20.00");
    service.shop.sell_at(at(20), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    // The version of before goes on for its own days; the rest stays as it is.
    assert_eq!(service.admin.balance(1), "50");
    assert_eq!(exceptions(&service)[0]["kind"], "program_unreadable");
    let archived = service.admin.call("program.archive", json!({"code": "club"}));
    assert!(archived["archived_at"].is_string());
    service.admin.call("program.put", json!({"program": club()}));
    // Mended from when it was broken on: the refund takes back what it should.
    assert_eq!(service.admin.balance(1), "30");
    assert_eq!(exceptions(&service), Vec::<Value>::new());
    service.admin.verified();
}

/// Its numbers fit on their own, and not together.
fn huge() -> Value {
    json!({"code": "huge", "name": "Huge", "currency": "USD", "earning": {"rules": [
        {"code": "a", "kind": "per_amount", "every": "0.0001", "points": "999999999999.99"},
        {"code": "twice", "kind": "multiplier", "factor": "999999999999.9999"}]},
        "rewards": [{"code": "off", "kind": "discount_percent", "points": "1", "percent": "10"}]})
}

#[test]
fn a_program_whose_numbers_grow_too_large_is_that_program_s_trouble() {
    let service = Service::start();
    service.shop.sell(1, "20.00");
    service.admin.sync();
    // Accepted whole: it says no more and no less than what was done.
    assert_eq!(service.admin.call("program.put", json!({"program": huge()})), json!({"code": "huge", "version": 1}));
    assert_eq!(service.admin.call("program.put", json!({"program": huge()})), json!({"code": "huge", "version": 1}));
    service.shop.sell(1, "30.00");
    let counts = service.admin.sync();
    assert_eq!(counts["orders_changed"], 1, "{counts}");
    assert_eq!((service.admin.balance(1), balance_in(&service, "huge")), ("50".into(), "0".into()));
    let quote = service.admin.call("loyalty.quote", json!({"order": draft(&uuid(), 1, "10.00")}));
    let earns: Vec<(&str, &str)> = quote["programs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["program"].as_str().unwrap(), one["earns"].as_str().unwrap()))
        .collect();
    assert_eq!(earns, [("club", "10"), ("huge", "0")]);
    let raised = exceptions(&service);
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["kind"], "program_unreadable");
    assert!(raised[0]["detail"].as_str().unwrap().contains("huge, version 1, grow too large"), "{raised:?}");
    let answer = readiness(&service);
    assert_eq!(answer["status"], "degraded", "{answer}");
    assert!(answer["checks"]["programs"].as_str().unwrap().contains("version 1 of huge"), "{answer}");
    let report = service.admin.call("ledger.verify", json!({}));
    let violations = report["violations"].as_array().unwrap();
    assert_eq!(violations.len(), 2, "one an order: {report}");
    assert!(violations.iter().all(|one| one.as_str().unwrap().contains("huge")), "{report}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("huge.json");
    std::fs::write(&file, huge().to_string()).unwrap();
    let simulated = service.verb(&["program", "simulate", file.to_str().unwrap()]);
    assert_eq!(simulated.code, 1, "{simulated:?}");
    assert!(simulated.err.contains("grow too large on the order"), "{simulated:?}");

    // A smaller program in its place, for the past as well: what was sold earns.
    let small = json!({"code": "huge", "name": "Huge", "currency": "USD",
        "earning": {"rules": [{"code": "a", "kind": "per_amount", "every": "1.00", "points": "1"}]}});
    service.admin.call("program.put", json!({"program": small, "effective_from": "2020-01-01T00:00:00Z"}));
    assert_eq!(balance_in(&service, "huge"), "50");
    assert_eq!(exceptions(&service), Vec::<Value>::new());
    service.admin.verified();
}

#[test]
fn an_account_that_would_grow_too_large_keeps_what_it_has_and_others_earn() {
    let service = Service::start();
    let rich = json!({"code": "rich", "name": "Rich", "currency": "USD",
        "earning": {"rules": [{"code": "a", "kind": "per_order", "points": "999999999999"}]}});
    service.admin.call("program.put", json!({"program": rich}));
    service.shop.sell(1, "10.00");
    service.shop.sell(1, "20.00");
    service.admin.sync();
    assert_eq!((service.admin.balance(1), balance_in(&service, "rich")), ("30".into(), "999999999999".into()));
    let raised = exceptions(&service);
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["kind"], "program_unreadable");
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "30");
}
