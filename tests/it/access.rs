//! Who may call what, and how often: every method × every role, tokens, and the limits of a call.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use loyalty_sidecar::rpc::{Name, Role};
use serde_json::{Value, json};

use crate::support::{Api, Service, eventually};

/// The least role that may call a method, as the contract has it. A method that is not here does not compile.
const fn least(method: Name) -> Role {
    match method {
        Name::LoyaltyBalance
        | Name::LoyaltyCapture
        | Name::LoyaltyHistory
        | Name::LoyaltyHold
        | Name::LoyaltyQuote
        | Name::LoyaltyRelease
        | Name::MemberEnrol
        | Name::MemberLeave
        | Name::RpcDiscover
        | Name::SyncNotify
        | Name::SystemVersion => Role::Pos,
        Name::ExceptionList
        | Name::LoyaltyExplain
        | Name::MemberList
        | Name::ProgramGet
        | Name::ProgramList
        | Name::RedemptionList
        | Name::SyncStatus => Role::Viewer,
        Name::ExceptionResolve | Name::LedgerAdjust => Role::Manager,
        Name::LedgerRedact
        | Name::LedgerVerify
        | Name::MemberTransfer
        | Name::ProgramArchive
        | Name::ProgramPut
        | Name::SyncRun => Role::Admin,
    }
}

fn call(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// A body of so many calls that ask for nothing but the version.
fn batch(calls: usize) -> String {
    Value::Array(vec![call("system.version", &json!({})); calls]).to_string()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

/// A token that is accepted no more.
fn revoked(service: &Service) -> Api {
    let token = service.token("admin");
    let api = Api::new(&service.admin.base, Some(&token));
    assert_eq!(service.verb(&["token", "revoke", &token[..16]]).code, 0);
    eventually("the token is refused", || api.post(&batch(1)).unwrap().0 == 401);
    api
}

#[test]
fn every_method_by_every_role() {
    let service = Service::start();
    // Parameters that no method takes, in four spellings: whoever may not call must not learn that from them.
    let wrong = [json!({"nonsense": true}), json!([1]), json!({"partner_id": "x".repeat(5000)}), json!([[[[{}]]]])];
    for (role, api) in [("none", Api::new(&service.admin.base, None)), ("revoked", revoked(&service))] {
        for method in Name::ALL.iter().map(|name| name.row().name) {
            for params in &wrong {
                let answer = api.post(&call(method, params).to_string()).unwrap();
                assert_eq!(answer.0, 401, "{role} calls {method}: {answer:?}");
            }
        }
    }
    for role in Role::ALL {
        let api = service.api(role.as_str());
        for name in Name::ALL {
            let method = name.row().name;
            for params in &wrong {
                let failed = api.refused(method, params.clone());
                let expected = if role < least(*name) { (1301, "forbidden") } else { (-32602, "invalid_params") };
                assert_eq!((failed.code, failed.kind.as_str()), expected, "{role} calls {method}: {failed:?}");
            }
        }
        // In a batch each call is judged by itself.
        let all: Vec<Value> = Name::ALL.iter().map(|name| call(name.row().name, &json!({"nonsense": 1}))).collect();
        let answers = parsed(&api.post(&json!(all).to_string()).unwrap().1);
        for (answer, name) in answers.as_array().unwrap().iter().zip(Name::ALL) {
            let forbidden = answer["error"]["code"] == 1301;
            assert_eq!(forbidden, role < least(*name), "{role} calls {name:?} in a batch: {answer}");
        }
    }
}

#[test]
fn discovery_describes_every_method_and_its_role() {
    let service = Service::start();
    let document = service.api("pos").call("rpc.discover", json!({}));
    assert!(document["openrpc"].as_str().unwrap().starts_with("1."));
    let described: BTreeSet<(&str, &str)> = document["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| (method["name"].as_str().unwrap(), method["x-role"].as_str().unwrap()))
        .collect();
    let expected: BTreeSet<(&str, &str)> =
        Name::ALL.iter().map(|name| (name.row().name, least(*name).as_str())).collect();
    assert_eq!(described, expected);
}

#[test]
fn a_token_that_is_missing_malformed_or_revoked_is_401() {
    let service = Service::start();
    let body = batch(1);
    let base = &service.admin.base;
    let token = service.token("pos");
    let (_, secret) = token.rsplit_once('_').unwrap();
    let prefix = token.split('_').nth(1).unwrap();
    let wrong = format!("lsk_{prefix}_{}", secret.chars().rev().collect::<String>());
    for bad in [None, Some("hello"), Some("lsk_aaaaaaaaaaaa_00"), Some(wrong.as_str())] {
        let answer = Api::new(base, bad).post(&body).unwrap();
        assert_eq!(answer.0, 401, "{bad:?}: {answer:?}");
    }
    let good = Api::new(base, Some(&token));
    assert_eq!(good.post(&body).unwrap().0, 200, "a token is accepted as soon as it was made");
    assert_eq!(service.verb(&["token", "revoke", prefix]).code, 0);
    let revoked_at = Instant::now();
    eventually("the token is refused", || good.post(&body).unwrap().0 == 401);
    assert!(revoked_at.elapsed() < Duration::from_secs(3), "within a second, and some for the machine");
    let listed = service.verb(&["token", "list"]);
    assert!(listed.out.contains("revoked") && !listed.out.contains(secret), "{listed:?}");
}

#[test]
fn guessing_asks_the_database_no_more_often() {
    let service = Service::start();
    let readings = || metric(&service, "loyalty_http_token_readings_total");
    let (before, started) = (readings(), Instant::now());
    std::thread::scope(|scope| {
        for guesser in 0..8 {
            let base = service.admin.base.clone();
            scope.spawn(move || {
                for guess in 0..50 {
                    let token = format!("lsk_guess{guesser}{guess:06}_{}", "0".repeat(64));
                    assert_eq!(Api::new(&base, Some(&token)).post(&batch(1)).unwrap().0, 401);
                }
            });
        }
        // Whoever has a token is let in meanwhile.
        assert_eq!(service.admin.post(&batch(1)).unwrap().0, 200);
    });
    let (asked, most) = (readings() - before, started.elapsed().as_millis() / 20 + 2);
    assert!(u128::from(asked) <= most, "{asked} readings for 400 guesses; one in 20 ms would be {most}");
}

/// A counter of `/metrics`.
fn metric(service: &Service, name: &str) -> u64 {
    let (_, text) = service.admin.get("/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().expect("a whole number"))
}

#[test]
fn a_token_that_calls_too_often_waits_and_others_do_not() {
    let service = Service::without_program(&[
        ("LOYALTY__HTTP__RATE_LIMIT_PER_SECOND", "1"),
        ("LOYALTY__HTTP__RATE_LIMIT_BURST", "100"),
    ]);
    let token = service.token("admin");
    let hasty = Api::new(&service.admin.base, Some(&token));
    // Each call of a batch counts.
    assert_eq!(hasty.post(&batch(60)).unwrap().0, 200);
    let note = json!({"program": {"code": "club", "name": "Club", "currency": "USD"}});
    let changes = Value::Array(vec![call("program.put", &note); 60]).to_string();
    let (status, text) = hasty.post(&changes).unwrap();
    let error = parsed(&text)["error"].clone();
    assert_eq!(status, 429, "{text}");
    assert_eq!((&error["code"], &error["data"]["kind"]), (&json!(1401), &json!("unavailable")), "{text}");
    assert_eq!(error["data"]["reason"], "rate_limited", "{text}");
    let wait = error["data"]["retry_after_seconds"].as_u64().unwrap();
    assert!((1..=21).contains(&wait), "20 calls are missing, one comes a second: {text}");
    assert!(retry_after(&service.admin.base, &token, &changes).is_some_and(|seconds| (1..=21).contains(&seconds)));

    // What was refused was not done, other tokens have their own pace, and the refusals are counted.
    assert_eq!(service.admin.call("program.list", json!({})), json!({"programs": []}));
    assert_eq!(metric(&service, "loyalty_http_refusals_total{reason=\"rate_limited\"}"), 2);
    // Being refused takes nothing: what is left is given.
    assert_eq!(hasty.post(&batch(40)).unwrap().0, 200);
    assert_eq!(hasty.post(&batch(20)).unwrap().0, 429);
    eventually("a call is let in again", || hasty.post(&batch(1)).unwrap().0 == 200);
}

/// The header `Retry-After` of the answer to a body, in seconds.
fn retry_after(base: &str, token: &str, body: &str) -> Option<u64> {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = body.len();
    let head = "POST /jsonrpc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    write!(stream, "{head}Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let header = response.lines().find_map(|line| line.to_lowercase().strip_prefix("retry-after: ").map(str::to_owned));
    header.map(|seconds| seconds.trim().parse().unwrap())
}

#[test]
fn a_body_that_nests_deep_is_refused_whole() {
    let service = Service::start();
    let mebibyte = 1024 * 1024;
    let in_params = |levels: usize| {
        let (open, shut) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"program.put","params":{{"program":{open}1{shut}}}}}"#)
    };
    for body in [
        "[".repeat(mebibyte),
        "{\"a\":".repeat(mebibyte / 5),
        format!("{}{}", "[".repeat(mebibyte / 2), "]".repeat(mebibyte / 2)),
        in_params(100),
        in_params(100_000),
        format!("[{}]", in_params(40)),
    ] {
        let (status, text) = service.admin.post(&body).unwrap();
        let shown = &body[..60];
        assert_eq!((status, &parsed(&text)["error"]["code"]), (400, &json!(-32700)), "{shown}: {text}");
        assert!(text.contains("32 levels"), "{shown}: {text}");
    }
    // What programs need is far below.
    let (status, text) = service.admin.post(&in_params(20)).unwrap();
    assert_eq!((status, &parsed(&text)["error"]["code"]), (200, &json!(1201)), "{text}");
    service.admin.verified();
}
