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

/// Every line is a JSON object; their messages.
#[track_caller]
fn messages(text: &str) -> Vec<String> {
    let message = |line: &str| {
        let read: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        read["message"].as_str().unwrap_or_else(|| panic!("no message: {line}")).to_owned()
    };
    text.lines().map(message).collect()
}

#[test]
fn with_json_logs_nothing_else_is_printed() {
    let json = ("LOYALTY__LOG__FORMAT", "json");
    let database = Database::new();
    // What refuses to start says so in JSON as well: no token, a wrong setting, wrong settings together.
    let (code, said) = refusal(&database, &[json]);
    assert_eq!(code, Some(1));
    assert!(messages(&said).last().unwrap().contains("token create"), "{said}");
    let (code, said) = refusal(&database, &[json, ("LOYALTY__HTTP__BIND", "everywhere")]);
    assert_eq!((code, messages(&said).len()), (Some(2), 1), "{said}");
    let (code, said) = refusal(&database, &[json, ("LOYALTY__HTTP__BIND", "0.0.0.0:0")]);
    assert_eq!(code, Some(2));
    assert!(messages(&said).last().unwrap().contains("http.bind"), "{said}");
    token(&database, "admin");
    let shop = crate::support::TestShop::new();
    let odoo = shop.environment();
    let mut environment: Vec<(&str, &str)> = odoo.iter().map(|(name, value)| (&**name, &**value)).collect();
    environment.extend([json, ("LOYALTY__SYNC__INTERVAL_SECONDS", "1"), ("LOYALTY__HTTP__BEHIND_TLS_PROXY", "true")]);
    let (mut child, line) = serve(&database, &environment);
    let [told] = messages(&line).try_into().unwrap();
    assert!(told.starts_with("listening on http://127.0.0.1:"), "{line}");
    // Passes that change something are told, others are not.
    let sold = shop.sell(1, "10.00");
    let customers = || database.number(&format!("SELECT COUNT(*) FROM orders WHERE id = {}", sold.id));
    crate::support::eventually("the order is read", || customers() == 1);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let stopped = std::process::Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(out, "", "one line on stdout");
    let passes = messages(&err).into_iter().filter(|message| message.contains("a pass over Odoo is complete")).count();
    assert_eq!(passes, 1, "{err}");
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
    assert!(said.contains("loyalty-sidecar token create --role viewer --name odoo"), "{said}");
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
