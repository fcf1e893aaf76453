//! `serve` starts only where it can be trusted: with a token that is accepted, and without tokens in the open.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Api, Database, run};

fn token(database: &Database, role: &str) -> String {
    let made = run(Some(&database.url()), &[], &["token", "create", "--role", role, "--name", "odoo"]);
    assert_eq!(made.code, 0, "{made:?}");
    made.out
}

#[test]
fn it_does_not_start_without_a_token_that_is_accepted() {
    let database = Database::new();
    let refused = run(Some(&database.url()), &[], &["serve"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    assert!(refused.err.contains("loyalty-sidecar token create --role pos --name odoo"), "{refused:?}");
    // The same of a database in which every token was revoked.
    let token = token(&database, "admin");
    assert_eq!(run(Some(&database.url()), &[], &["token", "revoke", &token]).code, 0);
    let refused = run(Some(&database.url()), &[], &["serve"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    assert!(refused.err.contains("no token"), "{refused:?}");
}

#[test]
fn plain_http_stays_on_this_machine() {
    let database = Database::new();
    token(&database, "pos");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8070", "[::ffff:192.0.2.1]:8070"] {
        let refused = run(Some(&database.url()), &[("LOYALTY__HTTP__BIND", address)], &["serve"]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{address}: {refused:?}");
        for said in ["http.bind", address, "TLS", "http.behind_tls_proxy = true"] {
            assert!(refused.err.contains(said), "{address}: {refused:?}");
        }
    }
}

#[test]
fn behind_a_proxy_that_speaks_tls_it_listens_everywhere() {
    let database = Database::new();
    let token = token(&database, "pos");
    let mut child = Command::new(env!("CARGO_BIN_EXE_loyalty-sidecar"))
        .arg("serve")
        .current_dir(std::env::temp_dir())
        .env("LOYALTY__DATABASE__URL", database.url())
        .env("LOYALTY__HTTP__BIND", "0.0.0.0:0")
        .env("LOYALTY__HTTP__BEHIND_TLS_PROXY", "true")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
    let answer = Api::new(&format!("http://127.0.0.1:{port}"), Some(&token))
        .post(r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer.map(|(status, _)| status), Ok(200), "{line}");
}
