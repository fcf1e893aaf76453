//! The API as its callers see it, over an empty SQLite database.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::envelope::{BodyAnswer, MOST_CALLS, MOST_LEVELS};
use super::error::ERRORS;
use super::testing::{Bench, club, draft};
use super::{Name, Role, openrpc};
use crate::domain::catalog::records::{CatalogRecords, PosConfig};
use crate::domain::value::ids::{CompanyId, PosConfigId, ProductId};
use crate::ledger::FencingToken;
use crate::rpc::param::schema;
use crate::rpc::registry::COMMON_ERRORS;

fn json_of(answer: BodyAnswer) -> Value {
    match answer {
        BodyAnswer::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_table_is_in_order_and_each_name_is_there_once() {
    let names: Vec<&str> = Name::ALL.iter().map(|name| name.row().name).collect();
    assert!(names.is_sorted() && names.iter().collect::<BTreeSet<_>>().len() == names.len(), "{names:?}");
    for name in Name::ALL {
        assert_eq!(Name::find(name.row().name), Some(*name));
    }
}

#[tokio::test]
async fn the_table_lists_the_parameters_that_are_taken() {
    let bench = Bench::new().await;
    for method in Name::ALL.iter().map(|name| name.row()) {
        let (code, _, message) = bench.refused(method.name, json!({"zzz": 1})).await;
        assert_eq!(code, -32602, "{}", method.name);
        let taken = message.split_once("known are ").map_or("", |(_, names)| names);
        let taken: BTreeSet<&str> = taken.split([',', ' ']).filter(|name| !name.is_empty() && *name != "or").collect();
        let listed: BTreeSet<&str> = method.params.iter().map(|param| param.name).collect();
        assert_eq!(taken, listed, "{}: {message}", method.name);
        for param in method.params.iter().filter(|param| param.required) {
            let (code, _, message) = bench.refused(method.name, sample_without(method.name, param.name)).await;
            assert_eq!(
                (code, message),
                (-32602, format!("{}: this parameter is required", param.name)),
                "{}",
                method.name
            );
        }
    }
}

/// The parameters of a method in their proper types, without one.
fn sample_without(method: &str, left_out: &str) -> Value {
    let table = Name::find(method).unwrap().row();
    let value = |schema: &str| match schema {
        "Id" | "Version" | "Limit" => json!(1),
        "Ids" => json!([1]),
        "Flag" => json!(true),
        "Points" => json!("1"),
        "Draft" => draft("u"),
        "PaidOrder" => json!({"uuid": "u"}),
        "Program" => club(),
        "Time" => json!("2026-01-01T00:00:00Z"),
        "ExceptionState" => json!("open"),
        "ExceptionKind" => json!("debt"),
        _ => json!("x"),
    };
    let kept = table.params.iter().filter(|param| param.name != left_out);
    Value::Object(kept.map(|param| (param.name.to_owned(), value(param.schema))).collect())
}

#[test]
fn the_discovery_document_points_at_nothing_missing() {
    let document = openrpc::document();
    let schemas = schema::all();
    let kinds: BTreeSet<&str> = ERRORS.iter().map(|row| row.kind).collect();
    for method in Name::ALL.iter().map(|name| name.row()) {
        for param in method.params {
            assert!(schemas.contains_key(param.schema), "{}: {}", method.name, param.schema);
        }
        assert!(schemas.contains_key(method.result), "{}: {}", method.name, method.result);
        assert!(method.errors.iter().chain(COMMON_ERRORS).all(|kind| kinds.contains(kind)), "{}", method.name);
    }
    let text = document.to_string();
    for piece in text.split("#/components/schemas/").skip(1) {
        let name = piece.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
    assert_eq!(text, openrpc::document().to_string());
}

#[tokio::test]
async fn the_envelope_is_json_rpc_to_the_letter() {
    let bench = Bench::new().await;
    let send = |body: &'static str| bench.send(Role::Pos, body);
    for malformed in ["", "{", "[1,", "nonsense", r#"{"jsonrpc":"2.0"} x"#] {
        match send(malformed).await {
            BodyAnswer::Malformed(text) => assert!(text.contains(r#""id":null,"error":{"code":-32700"#), "{text}"),
            other => panic!("{malformed}: {other:?}"),
        }
    }
    let invalid = [
        ("1", Value::Null),
        ("{}", Value::Null),
        ("[]", Value::Null),
        (r#"{"method":"system.version","id":1}"#, json!(1)),
        (r#"{"jsonrpc":"1.0","method":"system.version","id":1}"#, json!(1)),
        (r#"{"jsonrpc":"2.0","method":1,"id":"a"}"#, json!("a")),
        (r#"{"jsonrpc":"2.0","id":"a"}"#, json!("a")),
        (r#"{"jsonrpc":"2.0","method":"system.version","params":"bar","id":1}"#, json!(1)),
        (r#"{"jsonrpc":"2.0","method":"system.version","id":{}}"#, Value::Null),
        (r#"{"jsonrpc":"2.0","method":"system.version","id":true}"#, Value::Null),
        (r#"{"jsonrpc":"2.0","method":"a","method":"b","id":1}"#, Value::Null),
    ];
    for (body, id) in invalid {
        let response = json_of(send(body).await);
        assert_eq!((&response["error"]["code"], &response["id"]), (&json!(-32600), &id), "{body}: {response}");
    }
    let unknown = json_of(send(r#"{"jsonrpc":"2.0","method":"no.such","id":1}"#).await);
    assert_eq!(unknown["error"]["code"], json!(-32601));
}

#[tokio::test]
async fn a_body_that_nests_too_deep_is_no_body() {
    let bench = Bench::new().await;
    let nested = |levels: usize| {
        let (open, shut) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"program.put","params":{{"program":{open}{shut}}}}}"#)
    };
    // Two levels are the call's own.
    let at_the_limit = json_of(bench.send(Role::Admin, &nested(MOST_LEVELS - 2)).await);
    assert_eq!(at_the_limit["error"]["data"]["kind"], "invalid_program", "{at_the_limit}");
    for levels in [MOST_LEVELS - 1, 100_000, 500_000] {
        match bench.send(Role::Admin, &nested(levels)).await {
            BodyAnswer::Malformed(text) => assert!(text.contains("-32700") && text.contains("32 levels"), "{text}"),
            other => panic!("{levels}: {other:?}"),
        }
    }
    // What opens in a text opens nothing.
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}\\\"{}"}}"#, "[".repeat(50), "{".repeat(50));
    assert_eq!(json_of(bench.send(Role::Pos, &text).await)["error"]["code"], -32601);
}

#[tokio::test]
async fn an_id_comes_back_as_it_was_spelt() {
    let bench = Bench::new().await;
    for id in ["1", "-7", "1.50", "123456789012345678901234567890", "\"a\\u00e9\"", "null"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"program.list","extra":[1]}}"#);
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"programs":[]}}}}"#);
        assert_eq!(bench.send(Role::Admin, &body).await, BodyAnswer::Json(expected));
    }
}

#[tokio::test]
async fn batches_keep_their_order_and_notifications_say_nothing() {
    let bench = Bench::new().await;
    let call = |id: usize| json!({"jsonrpc": "2.0", "id": id, "method": "system.version"});
    let notification = json!({"jsonrpc": "2.0", "method": "sync.notify", "params": {"order_ids": [1]}});
    assert_eq!(bench.send(Role::Pos, &notification.to_string()).await, BodyAnswer::Nothing);
    assert_eq!(bench.send(Role::Pos, &json!([notification, notification]).to_string()).await, BodyAnswer::Nothing);
    let unheard = json!({"jsonrpc": "2.0", "method": "no.such"});
    assert_eq!(bench.send(Role::Pos, &unheard.to_string()).await, BodyAnswer::Nothing);

    let mixed = json!([call(2), notification, 5, call(1), {"jsonrpc": "2.0", "id": 9, "method": "sync.run"}]);
    let answers = json_of(bench.send(Role::Pos, &mixed.to_string()).await);
    let ids: Vec<&Value> = answers.as_array().unwrap().iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&json!(2), &Value::Null, &json!(1), &json!(9)]);
    assert_eq!(answers[1]["error"]["code"], json!(-32600));
    assert_eq!(answers[3]["error"]["code"], json!(1301));

    let full: Vec<Value> = (0..MOST_CALLS).map(call).collect();
    assert_eq!(json_of(bench.send(Role::Pos, &json!(full).to_string()).await).as_array().unwrap().len(), MOST_CALLS);
    let over: Vec<Value> = (0..=MOST_CALLS).map(call).collect();
    let refused = json_of(bench.send(Role::Pos, &json!(over).to_string()).await);
    assert_eq!((&refused["error"]["code"], &refused["id"]), (&json!(-32600), &Value::Null));
}

#[tokio::test]
async fn points_are_held_captured_and_looked_up() {
    let bench = Bench::new().await;
    assert_eq!(bench.ok("program.put", json!({"program": club()})).await, json!({"code": "club", "version": 1}));
    let gift = json!({"idempotency_key": "g1", "partner_id": 7, "program": "club", "points": 150.50, "reason": "gift"});
    let given = bench.ok("ledger.adjust", gift).await;
    assert_eq!(given["balance"], json!("150.5"));
    let again =
        json!({"points": "150.5", "reason": "gift", "program": "club", "partner_id": 7, "idempotency_key": "g1"});
    assert_eq!(bench.ok("ledger.adjust", again).await, given);

    let quote = bench.ok("loyalty.quote", json!({"order": draft("o-1")})).await;
    assert_eq!(
        (&quote["programs"][0]["earns"], &quote["programs"][0]["rewards"][0]["applicable"]),
        (&json!("24"), &json!(true))
    );
    let ask =
        json!({"idempotency_key": "h1", "partner_id": 7, "program": "club", "reward": "5off", "order": draft("o-1")});
    let held = bench.ok("loyalty.hold", ask.clone()).await;
    assert_eq!((&held["points"], &held["discount"]), (&json!("100"), &json!("5.00")));
    assert_eq!(bench.ok("loyalty.hold", ask.clone()).await, held);
    let mut other = ask.clone();
    other["reward"] = json!("pay");
    assert_eq!(bench.refused("loyalty.hold", other).await.0, 1008);

    let paid = json!({"hold_id": held["hold_id"], "order": {"uuid": "o-1", "id": 5, "name": "Shop/1"}});
    let captured = bench.ok("loyalty.capture", paid.clone()).await;
    assert_eq!(captured["balance"], json!("50.5"));
    assert_eq!(bench.ok("loyalty.capture", paid).await, captured);
    let release = json!({"hold_id": held["hold_id"], "reason": "line removed"});
    assert_eq!(bench.refused("loyalty.release", release).await.0, 1005);

    let history = bench.ok("loyalty.history", json!({"partner_id": 7, "limit": 1})).await;
    assert_eq!(history["entries"][0]["entry_id"], captured["entry_id"]);
    let rest = bench.ok("loyalty.history", json!({"partner_id": 7, "before": history["next"]})).await;
    assert_eq!((&rest["entries"][0]["reason"], &rest["next"]), (&json!("gift"), &Value::Null));
    assert_eq!(rest["entries"][0]["actor"], json!("till 1 (lsk_testtesttest)"));
    let explained = bench.ok("loyalty.explain", json!({"entry_id": captured["entry_id"]})).await;
    assert_eq!(explained["entry"]["kind"], json!("redeem"));
    let balances = bench.ok("loyalty.balance", json!({"partner_ids": [9999, 7]})).await;
    assert_eq!((&balances[0]["partner_id"], &balances[0]["programs"][0]["balance"]), (&json!(9999), &json!("0")));
    assert_eq!(balances[1]["programs"][0]["available"], json!("50.5"));
}

#[tokio::test]
async fn each_bad_input_has_its_own_error() {
    let bench = Bench::new().await;
    bench.ok("program.put", json!({"program": club()})).await;
    let hold = |change: &dyn Fn(&mut Value)| {
        let mut ask =
            json!({"idempotency_key": "k", "partner_id": 7, "program": "club", "reward": "5off", "order": draft("o")});
        change(&mut ask);
        ask
    };
    let nobody = "00000000-0000-7000-8000-000000000000";
    let cases = [
        ("loyalty.hold", hold(&|ask| ask["partner_id"] = json!(100)), 1103, "partner 100"),
        ("loyalty.hold", hold(&|ask| ask["program"] = json!("clubb")), 1101, "clubb"),
        ("loyalty.hold", hold(&|ask| ask["reward"] = json!("6off")), 1102, "6off"),
        ("loyalty.hold", hold(&|_| ()), 1001, "points"),
        (
            "loyalty.hold",
            hold(&|ask| drop(ask["order"].as_object_mut().unwrap().remove("uuid"))),
            -32602,
            "order.uuid: ",
        ),
        ("loyalty.hold", hold(&|ask| ask["points"] = json!(-1)), -32602, "points: "),
        ("loyalty.hold", hold(&|ask| ask["idempotency_key"] = json!("")), -32602, "idempotency_key: "),
        ("loyalty.capture", json!({"hold_id": nobody, "order": {"uuid": "o"}}), 1104, nobody),
        ("loyalty.capture", json!({"hold_id": "nonsense", "order": {"uuid": "o"}}), 1104, "nonsense"),
        ("loyalty.release", json!({"hold_id": nobody, "reason": "x"}), 1104, nobody),
        ("loyalty.explain", json!({"entry_id": nobody}), 1105, nobody),
        ("loyalty.history", json!({"partner_id": 7, "before": "yesterday"}), -32602, "before: "),
        ("loyalty.history", json!({"partner_id": 7, "limit": 501}), -32602, "limit: "),
        ("loyalty.balance", json!({"partner_ids": vec![1; 1001]}), -32602, "partner_ids: "),
        (
            "ledger.adjust",
            json!({"idempotency_key": "a", "partner_id": 7, "program": "club", "points": 0, "reason": "r"}),
            -32602,
            "points: ",
        ),
        ("program.get", json!({"code": "club", "version": 2}), 1101, "version 2"),
        ("program.put", json!({"program": {"code": "x"}}), 1201, ""),
        ("program.put", json!({"program": []}), 1201, ""),
        ("exception.resolve", json!({"exception_id": nobody, "note": "n"}), -32602, "exception_id: "),
        ("exception.list", json!({"state": "closed"}), -32602, "state: "),
        ("exception.list", json!({"kind": "dept"}), -32602, "kind: there is no such kind"),
        ("exception.list", json!({"before": "yesterday"}), -32602, "before: "),
    ];
    for (method, params, code, says) in cases {
        let (got, _, message) = bench.refused(method, params.clone()).await;
        assert_eq!(got, code, "{method} {params}: {message}");
        assert!(message.contains(says), "{method} {params}: {message}");
    }
    bench.odoo.away.store(true, Ordering::Relaxed);
    // Under a key of its own: one that was used before is told first.
    let of_nobody = hold(&|ask| {
        ask["partner_id"] = json!(8);
        ask["idempotency_key"] = json!("of nobody");
    });
    let (code, _, message) = bench.refused("loyalty.hold", of_nobody).await;
    assert!(code == 1401 && message.contains("Odoo"), "{message}");
    assert_eq!(bench.refused("sync.run", json!({})).await, (1401, "unavailable".into(), "Odoo does not answer".into()));
}

#[tokio::test]
async fn a_tip_earns_nothing_on_a_draft_either() {
    let bench = Bench::new().await;
    bench.ok("program.put", json!({"program": club()})).await;
    let shop = PosConfig {
        id: PosConfigId(4),
        name: "Shop".into(),
        company_id: CompanyId(1),
        currency: "EUR".into(),
        tip_product_id: Some(ProductId(9)),
        neutral_product_ids: Vec::new(),
        active: true,
    };
    bench
        .ledger
        .ingestion()
        .put_catalog(CatalogRecords { pos_configs: vec![shop], ..CatalogRecords::default() }, FencingToken::begin(None))
        .await
        .unwrap();
    let mut order = draft("o-1");
    order["pos_config_id"] = json!(4);
    let tip = json!({"product_id": 9, "qty": 1, "price_subtotal": 5, "price_subtotal_incl": 5});
    order["lines"].as_array_mut().unwrap().push(tip);
    let quote = bench.ok("loyalty.quote", json!({"order": order})).await;
    assert_eq!(quote["programs"][0]["earns"], json!("24"));
}
