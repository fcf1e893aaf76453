//! The envelope, parameters, and what each method answers.

use serde_json::{Value, json};

use crate::support::{Api, Service};

fn parsed(answer: &(u16, String)) -> Value {
    serde_json::from_str(&answer.1).unwrap_or_else(|problem| panic!("{answer:?}: {problem}"))
}

#[test]
fn single_calls_batches_and_notifications() {
    let service = Service::start();
    let api = &service.admin;
    let version = json!({"jsonrpc": "2.0", "id": "a", "method": "system.version"});
    let answer = api.post(&version.to_string()).unwrap();
    assert_eq!((answer.0, &parsed(&answer)["id"]), (200, &json!("a")));

    let batch = json!([version, {"jsonrpc": "2.0", "method": "system.version"}, {"jsonrpc": "2.0", "id": 2, "method": "no.such"}, 5]);
    let answers = parsed(&api.post(&batch.to_string()).unwrap());
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert_eq!(answers[0]["result"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answers[1]["error"]["code"], -32601);
    assert_eq!((&answers[2]["error"]["code"], &answers[2]["id"]), (&json!(-32600), &Value::Null));

    let lone = api.post(&json!({"jsonrpc": "2.0", "method": "system.version"}).to_string()).unwrap();
    assert_eq!(lone, (204, String::new()));
}

#[test]
fn malformed_envelopes() {
    let service = Service::start();
    let api = &service.admin;
    for (body, status, code) in [
        ("{\"jsonrpc\": \"2.0\", \"id\": 1,", 400, -32700),
        ("[]", 200, -32600),
        ("{\"id\": 1, \"method\": \"system.version\"}", 200, -32600),
        ("{\"jsonrpc\": \"1.0\", \"id\": 1, \"method\": \"system.version\"}", 200, -32600),
        ("{\"jsonrpc\": \"2.0\", \"id\": {}, \"method\": \"system.version\"}", 200, -32600),
        ("{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": 5}", 200, -32600),
    ] {
        let answer = api.post(body).unwrap();
        assert_eq!((answer.0, &parsed(&answer)["error"]["code"]), (status, &json!(code)), "{body}: {answer:?}");
    }
    let one = json!({"jsonrpc": "2.0", "id": 1, "method": "system.version"});
    let many = Value::Array(vec![one.clone(); 101]);
    assert_eq!(parsed(&api.post(&many.to_string()).unwrap())["error"]["code"], -32600);
    let full = Value::Array(vec![one; 100]);
    assert_eq!(parsed(&api.post(&full.to_string()).unwrap()).as_array().unwrap().len(), 100);
    let large = format!("{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(api.post(&large).unwrap().0, 413);
}

#[test]
fn unknown_and_ill_typed_parameters_are_named() {
    let service = Service::start();
    let draft = crate::support::draft(&crate::support::uuid(), 1, "10.00");
    let with = |member: &str, value: Value| {
        let mut draft = draft.clone();
        draft["lines"][0][member] = value;
        json!({"order": draft})
    };
    for (method, params, name) in [
        ("loyalty.balance", json!({"partner_ids": [1], "colour": "red"}), "colour"),
        ("loyalty.balance", json!({"partner_ids": "1"}), "partner_ids"),
        ("loyalty.balance", json!({}), "partner_ids"),
        ("loyalty.balance", json!({"partner_ids": (0..1001).collect::<Vec<_>>()}), "partner_ids"),
        ("loyalty.quote", with("colour", json!("red")), "colour"),
        ("loyalty.quote", with("price_subtotal_incl", json!("ten")), "price_subtotal_incl"),
        ("loyalty.quote", with("price_subtotal_incl", json!("1.00001")), "price_subtotal_incl"),
        ("loyalty.quote", with("price_subtotal_incl", json!("1000000000000")), "price_subtotal_incl"),
        ("loyalty.history", json!({"partner_id": 1, "limit": 501}), "limit"),
        ("loyalty.history", json!({"partner_id": 1, "before": "yesterday"}), "before"),
        (
            "ledger.adjust",
            json!({"idempotency_key": "k", "partner_id": 1, "program": "club", "points": "1.001", "reason": "r"}),
            "points",
        ),
        ("loyalty.capture", json!({"hold_id": "x", "order": {"uuid": "u", "colour": "red"}}), "colour"),
        ("sync.notify", json!({"order_ids": ["1"]}), "order_ids"),
        ("sync.run", json!({"fast": true}), "fast"),
    ] {
        let failed = service.admin.refused(method, params);
        assert_eq!(failed.code, -32602, "{method}: {failed:?}");
        assert!(failed.message.contains(name), "{method}: {}", failed.message);
    }
}

#[test]
fn unknown_things_have_their_own_errors() {
    let service = Service::start();
    let api = &service.admin;
    let draft = crate::support::draft(&crate::support::uuid(), 1, "10.00");
    let hold = |partner: i64, program: &str, reward: &str| {
        let mut draft = draft.clone();
        draft["partner_id"] = json!(partner);
        json!({"idempotency_key": crate::support::uuid(), "partner_id": partner, "program": program, "reward": reward,
               "order": draft})
    };
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (method, params, code) in [
        ("loyalty.hold", hold(1, "pub", "5off"), 1101),
        ("loyalty.hold", hold(1, "club", "boat"), 1102),
        ("loyalty.hold", hold(999, "club", "5off"), 1103),
        ("loyalty.capture", json!({"hold_id": nobody, "order": {"uuid": "u"}}), 1104),
        ("loyalty.release", json!({"hold_id": nobody, "reason": "r"}), 1104),
        ("loyalty.explain", json!({"entry_id": nobody}), 1105),
        ("program.get", json!({"code": "pub"}), 1101),
        ("program.archive", json!({"code": "pub"}), 1101),
        ("loyalty.history", json!({"partner_id": 1, "program": "pub"}), 1101),
    ] {
        assert_eq!(api.refused(method, params).code, code, "{method}");
    }
    // An unknown member simply has nothing, one answer per id, in that order.
    let balances = api.call("loyalty.balance", json!({"partner_ids": [999, 1, 999]}));
    let ids: Vec<&Value> = balances.as_array().unwrap().iter().map(|one| &one["partner_id"]).collect();
    assert_eq!(ids, [&json!(999), &json!(1), &json!(999)]);
    assert_eq!(balances[0]["programs"][0]["balance"], "0");
}

#[test]
fn a_partner_that_was_never_read_is_asked_for_on_demand() {
    let service = Service::start();
    service
        .shop
        .shop
        .insert("res.partner", json!({"id": 77, "name": "Archived", "commercial_partner_id": 77, "active": false}));
    service.admin.give(77, "5");
    assert_eq!(service.admin.balance(77), "5");
}

#[test]
fn health_readiness_and_metrics() {
    let service = Service::start();
    let anonymous = Api::new(&service.admin.base, None);
    assert_eq!(anonymous.get("/healthz").0, 200);
    assert_eq!(anonymous.get("/readyz").0, 200);
    assert_eq!(anonymous.get("/metrics").0, 401);
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!(service.api("pos").get("/metrics").0, 403);
    let (status, text) = service.api("viewer").get("/metrics");
    assert_eq!(status, 200);
    for line in ["loyalty_entries_total{kind=\"earn\"} 1", "loyalty_sync_missed_by_incremental_total 0"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    // Odoo being away is degraded, not unready.
    service.shop.stop();
    assert_eq!(service.admin.refused("sync.run", json!({})).kind, "unavailable");
    let (status, text) = anonymous.get("/readyz");
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("degraded"), "{text}");
}

#[test]
fn history_comes_in_pages_newest_first() {
    let service = Service::start();
    for points in ["1", "2", "3", "4", "5"] {
        service.admin.give(1, points);
    }
    let mut seen = Vec::new();
    let mut before = Value::Null;
    loop {
        let page = service.admin.call("loyalty.history", json!({"partner_id": 1, "limit": 2, "before": before}));
        for entry in page["entries"].as_array().unwrap() {
            seen.push(entry["points"].as_str().unwrap().to_owned());
            assert_eq!(entry["cause"]["model"], "loyalty.adjustment");
            assert_eq!(entry["cause"]["name"], "a present");
        }
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
}

#[test]
fn an_explanation_can_be_replayed_by_hand() {
    let service = Service::start();
    service.shop.sell(1, "45.00");
    service.admin.sync();
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    let explained = service.admin.call("loyalty.explain", json!({"entry_id": history["entries"][0]["entry_id"]}));
    assert_eq!((&explained["program"], &explained["version"]), (&json!("club"), &json!(1)));
    assert_eq!(explained["document"]["code"], "club");
    assert_eq!(explained["total_before_rounding"], "40");
    assert_eq!(explained["lines"].as_array().unwrap().len(), 1);
    let line = &explained["lines"][0];
    assert_eq!(
        (&line["product_id"], &line["rule"], &line["base"], &line["points"]),
        (&json!(1), &json!("base"), &json!("45"), &json!("40"))
    );
    assert_eq!(explained["lots"], json!([{"expires_at": null, "points": "40"}]));
    assert_eq!(explained["reverses"], Value::Null);
}
