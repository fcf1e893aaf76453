//! The service as it is on the wire.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::{App, test, web};
use serde_json::{Value, json};

use super::{ServerOptions, ServerState, routes, serve};
use crate::auth::token;
use crate::rpc::Role;
use crate::rpc::testing::{Bench, MadeUp};

const VERSION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#;

fn state(bench: &Bench, metrics_public: bool) -> ServerState {
    let options = ServerOptions { metrics_public, ..ServerOptions::default() };
    ServerState::new(bench.ledger.clone(), Arc::<MadeUp>::clone(&bench.odoo), bench.methods.clone(), None, options)
}

/// Status, JSON body (`null` for none) and a header of one request.
async fn ask(state: &ServerState, request: test::TestRequest) -> (StatusCode, Value, String) {
    let app = test::init_service(App::new().app_data(web::Data::new(state.clone())).configure(routes)).await;
    let response = test::call_service(&app, request.to_request()).await;
    let status = response.status();
    let header = [WWW_AUTHENTICATE, ALLOW].iter().find_map(|name| response.headers().get(name)).cloned();
    let header = header.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = test::read_body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_default(), header)
}

fn post(token: &str, body: &str) -> test::TestRequest {
    let request = test::TestRequest::post().uri("/jsonrpc").set_payload(body.to_owned());
    request.insert_header((AUTHORIZATION, format!("Bearer {token}")))
}

#[actix_web::test]
async fn a_token_is_needed_and_told_apart() {
    let bench = Bench::new().await;
    let state = state(&bench, false);
    let good = token::create(bench.ledger.pool(), Role::Pos, "till 1").await.unwrap();
    let (status, body, _) = ask(&state, post(&good, VERSION)).await;
    assert_eq!((status, &body["result"]["odoo"]["reachable"]), (StatusCode::OK, &json!(true)));

    let wrong_secret = format!("{}{}", &good[..good.len() - 1], if good.ends_with('0') { '1' } else { '0' });
    let unknown = good.replacen(&good[4..16], "zzzzzzzzzzzz", 1);
    let bare = || test::TestRequest::post().uri("/jsonrpc");
    let cases = [
        (bare(), "a token is needed"),
        (bare().insert_header((AUTHORIZATION, "Bearer nonsense")), "holds no token"),
        (bare().insert_header((AUTHORIZATION, format!("Basic {good}"))), "holds no token"),
        (bare().insert_header((AUTHORIZATION, "")), "holds no token"),
        (post(&wrong_secret, VERSION), "not accepted"),
        (post(&unknown, "not even json"), "not accepted"),
    ];
    for (request, says) in cases {
        let (status, body, challenge) = ask(&state, request).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(body["error"].as_str().unwrap().contains(says), "{body}");
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
}

#[actix_web::test]
async fn a_revocation_holds_within_a_second() {
    let bench = Bench::new().await;
    let state = state(&bench, false);
    let pool = bench.ledger.pool();
    let good = token::create(pool, Role::Admin, "office").await.unwrap();
    assert_eq!(ask(&state, post(&good, VERSION)).await.0, StatusCode::OK);
    assert!(!token::revoke(pool, "nosuchprefix").await.unwrap());
    assert!(token::revoke(pool, &good[..16]).await.unwrap());
    let revoked = Instant::now();
    while ask(&state, post(&good, VERSION)).await.0 == StatusCode::OK {
        assert!(revoked.elapsed() < Duration::from_secs(1), "still accepted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let listed = token::list(pool).await.unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].revoked_at.is_some()), ("office", true));
    assert!(token::revoke(pool, &good).await.unwrap() && token::revoke(pool, &good[4..16]).await.unwrap());
}

#[actix_web::test]
async fn the_status_says_what_kind_of_answer_it_is() {
    let bench = Bench::new().await;
    let state = state(&bench, false);
    let good = token::create(bench.ledger.pool(), Role::Pos, "till 1").await.unwrap();
    let (status, body, _) = ask(&state, post(&good, "{")).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32700)));
    let notification = r#"{"jsonrpc":"2.0","method":"sync.notify","params":{"order_ids":[1]}}"#;
    assert_eq!(ask(&state, post(&good, notification)).await.0, StatusCode::NO_CONTENT);
    let (status, body, _) = ask(&state, post(&good, r#"{"jsonrpc":"2.0","id":1,"method":"ledger.verify"}"#)).await;
    assert_eq!((status, &body["error"]["data"]["kind"]), (StatusCode::OK, &json!("forbidden")));

    let exactly = format!("{VERSION}{}", " ".repeat(super::jsonrpc::MOST_BYTES - VERSION.len()));
    assert_eq!(ask(&state, post(&good, &exactly)).await.0, StatusCode::OK);
    assert_eq!(ask(&state, post(&good, &format!("{exactly} "))).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[actix_web::test]
async fn other_paths_and_verbs_are_told_what_there_is() {
    let bench = Bench::new().await;
    let state = state(&bench, false);
    let get = |path: &str| test::TestRequest::get().uri(path);
    let (status, body, _) = ask(&state, get("/")).await;
    assert!(status == StatusCode::NOT_FOUND && body["error"].as_str().unwrap().contains("/jsonrpc"));
    let (status, _, allowed) = ask(&state, get("/jsonrpc")).await;
    assert_eq!((status, allowed.as_str()), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    let (status, _, allowed) = ask(&state, test::TestRequest::post().uri("/healthz")).await;
    assert_eq!((status, allowed.as_str()), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
}

#[actix_web::test]
async fn readiness_is_about_the_database_and_draining() {
    let bench = Bench::new().await;
    let state = state(&bench, false);
    let get = |path: &str| test::TestRequest::get().uri(path);
    assert_eq!(ask(&state, get("/healthz")).await.1, json!({"status": "ok"}));
    let (status, body, _) = ask(&state, get("/readyz")).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("ready")));
    bench.odoo.away.store(true, Ordering::Relaxed);
    let (status, body, _) = ask(&state, get("/readyz")).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("degraded")));
    assert_eq!(body["checks"]["odoo"], "not reachable");
    bench.odoo.refuses.store(true, Ordering::Relaxed);
    assert_eq!(ask(&state, get("/readyz")).await.1["checks"]["odoo"], "the login is refused");
    bench.odoo.away.store(false, Ordering::Relaxed);
    for (days, status) in [(15, "ready"), (13, "degraded"), (-1, "degraded")] {
        let at = chrono::Utc::now() + chrono::TimeDelta::days(days) + chrono::TimeDelta::minutes(1);
        *bench.odoo.key_end.lock().unwrap() = Some(crate::domain::login::KeyEnd { at, is_sure: true });
        let (code, body, _) = ask(&state, get("/readyz")).await;
        assert_eq!((code, &body["status"]), (StatusCode::OK, &json!(status)), "{days}: {body}");
        let named = body["checks"]["odoo_key"].as_str().unwrap().contains(&at.format("%Y-%m-%d").to_string());
        assert_eq!(named, status == "degraded", "{days}: {body}");
    }
    state.drain();
    let (status, body, _) = ask(&state, get("/readyz")).await;
    assert_eq!((status, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unready")));
}

#[actix_web::test]
async fn metrics_are_for_viewers() {
    let bench = Bench::new().await;
    let till = token::create(bench.ledger.pool(), Role::Pos, "till 1").await.unwrap();
    let office = token::create(bench.ledger.pool(), Role::Viewer, "office").await.unwrap();
    let closed = state(&bench, false);
    let get = || test::TestRequest::get().uri("/metrics");
    let with = |token: &str| get().insert_header((AUTHORIZATION, format!("Bearer {token}")));
    assert_eq!(ask(&closed, get()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&closed, with(&till)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask(&closed, with(&office)).await.0, StatusCode::NOT_FOUND, "none are collected in this test");
    assert_eq!(ask(&state(&bench, true), get()).await.0, StatusCode::NOT_FOUND);
}

/// One request over a real connection; the whole response.
fn exchange(to: std::net::SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[actix_web::test]
async fn a_real_server_answers_refuses_and_stops() {
    let bench = Bench::new().await;
    let good = token::create(bench.ledger.pool(), Role::Pos, "till 1").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(listener, state(&bench, false), ServerOptions::default()).unwrap();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);

    let request = |authorization: &str, body: &str| {
        format!(
            "POST /jsonrpc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let long = "x".repeat(3 * super::jsonrpc::MOST_BYTES);
    let bearer = format!("Authorization: Bearer {good}\r\n");
    let sent = [request(&bearer, VERSION), request(&bearer, &long), request("", VERSION)];
    let answers = tokio::task::spawn_blocking(move || sent.map(|one| exchange(address, one.as_bytes()))).await.unwrap();
    assert!(
        answers[0].starts_with("HTTP/1.1 200 OK") && answers[0].contains("cache-control: no-store"),
        "{}",
        answers[0]
    );
    assert!(answers[0].contains("x-request-id: "));
    assert!(answers[1].starts_with("HTTP/1.1 413 ") && answers[1].contains("1 MiB"), "{}", answers[1]);
    assert!(answers[2].starts_with("HTTP/1.1 401 "), "{}", answers[2]);

    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
