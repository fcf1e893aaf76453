//! `serve` starts only where it can be trusted: with a token that is accepted, and without tokens in the open.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::{Api, Database, Service, club, run};

/// `serve`, and the first line it prints: empty when it ended instead.
fn serve(database: &Database, environment: &[(&str, &str)]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_loyalty-sidecar"))
        .arg("serve")
        .current_dir(std::env::temp_dir())
        .env("LOYALTY__DATABASE__URL", database.url())
        .env("LOYALTY__HTTP__BIND", "127.0.0.1:0")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

/// What it said when it did not start, and its exit code.
#[track_caller]
fn refusal(database: &Database, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let (mut child, line) = serve(database, environment);
    if !line.is_empty() {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it started: {line}");
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

fn token(database: &Database, role: &str) -> String {
    let made = run(Some(&database.url()), &[], &["token", "create", "--role", role, "--name", "odoo"]);
    assert_eq!(made.code, 0, "{made:?}");
    made.out
}

#[test]
fn a_pool_of_one_connection_serves_beside_the_writers() {
    let service = Service::without_program(&[("LOYALTY__DATABASE__POOL_SIZE", "1")]);
    service.admin.call("program.put", json!({"program": club()}));
    for member in 1..=5 {
        service.admin.give(member, "100");
        assert_eq!(service.admin.balance(member), "100");
    }
    assert_eq!(service.admin.get("/readyz").0, 200);
    service.admin.verified();
}

#[test]
fn it_does_not_start_without_a_token_that_is_accepted() {
    let database = Database::new();
    let (code, said) = refusal(&database, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("loyalty-sidecar token create --role pos --name odoo"), "{said}");
    // The same of a database in which every token was revoked.
    let token = token(&database, "admin");
    assert_eq!(run(Some(&database.url()), &[], &["token", "revoke", &token]).code, 0);
    let (code, said) = refusal(&database, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no token"), "{said}");
}

#[test]
fn plain_http_stays_on_this_machine() {
    let database = Database::new();
    token(&database, "pos");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8070", "[::ffff:192.0.2.1]:8070"] {
        let (code, said) = refusal(&database, &[("LOYALTY__HTTP__BIND", address)]);
        assert_eq!(code, Some(2), "{address}: {said}");
        for sign in ["http.bind", address, "TLS", "http.behind_tls_proxy = true"] {
            assert!(said.contains(sign), "{address}: {said}");
        }
    }
}

#[test]
fn behind_a_proxy_that_speaks_tls_it_listens_everywhere() {
    let database = Database::new();
    let token = token(&database, "pos");
    let everywhere = [("LOYALTY__HTTP__BIND", "0.0.0.0:0"), ("LOYALTY__HTTP__BEHIND_TLS_PROXY", "true")];
    let (mut child, line) = serve(&database, &everywhere);
    let port = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
    let answer = Api::new(&format!("http://127.0.0.1:{port}"), Some(&token))
        .post(r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer.map(|(status, _)| status), Ok(200), "{line}");
}
