//! No secret, SQL, path or traceback in what the service says or keeps: secrets are sown that can be told apart, much
//! succeeds and much fails with everything logged, and then all of it is searched.

use std::fmt::Write as _;

use loyalty_sidecar::demo::FaultInjection;
use serde_json::{Value, json};

use crate::support::{Api, Database, Service, draft, line, reward_line, run, uuid};

/// What Odoo is logged in with. The quote and the backslash are escaped where JSON repeats them.
const KEY: &str = "sown-odoo-key\"\\53cr37";
const WRONG_PASSWORD: &str = "sown-database-password";
const CUSTOMER: &str = "Sown Customer";
const IN_ODOO_S_MESSAGE: &str = "sown-odoo-key\"\\53cr37 is no key\nSELECT id FROM res_users";
const SQL_OF_ODOO: &str = "SELECT secret FROM res_users_apikeys";
const PATH_OF_ODOO: &str = "[Errno 13] Permission denied: '/var/lib/odoo/filestore/shop/ab'";

/// Everything the service said, and whom to ask.
struct Heard {
    /// Over HTTP.
    said: String,
    /// On the terminal of whoever runs it, who may see paths.
    printed: String,
    base: String,
}

impl Heard {
    fn note(&mut self, what: &str, answer: &str) {
        writeln!(self.said, "--- {what}\n{answer}").unwrap();
    }

    fn post(&mut self, token: Option<&str>, body: &str) -> String {
        let (status, text) = Api::new(&self.base, token).post(body).unwrap();
        self.note(&format!("HTTP {status}"), &text);
        text
    }

    fn call(&mut self, token: &str, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let text = self.post(Some(token), &body);
        serde_json::from_str(&text).unwrap()
    }

    fn get(&mut self, token: Option<&str>, path: &str) -> String {
        let (status, text) = Api::new(&self.base, token).get(path);
        self.note(&format!("HTTP {status} {path}"), &text);
        text
    }
}

/// The service with everything logged, on an Odoo that wants [`KEY`].
fn sown() -> (Service, Heard) {
    let service = Service::without_program(&[("LOYALTY__LOG__LEVEL", "trace"), ("LOYALTY__ODOO__API_KEY", KEY)]);
    service.shop.shop.set_credentials("loyalty", KEY);
    service
        .shop
        .shop
        .insert("res.partner", json!({"id": 7, "name": CUSTOMER, "commercial_partner_id": 7, "active": true}));
    let heard = Heard { said: String::new(), printed: String::new(), base: service.admin.base.clone() };
    (service, heard)
}

/// What goes well: orders are read, points earned, held, captured, explained.
fn use_it(service: &Service, heard: &mut Heard, tokens: &[String; 3]) {
    let [pos, viewer, admin] = tokens;
    heard.call(admin, "program.put", json!({"program": crate::support::club()}));
    service.shop.sell(7, "200.00");
    let run = heard.call(admin, "sync.run", json!({}));
    assert!(run["result"]["entries_posted"].as_u64() >= Some(1), "the sown key opens Odoo: {run}");
    let order = uuid();
    let hold = heard.call(
        pos,
        "loyalty.hold",
        json!({"idempotency_key": uuid(), "partner_id": 7, "program": "club", "reward": "5off",
               "order": draft(&order, 7, "25.00")}),
    );
    let id = hold["result"]["hold_id"].as_str().unwrap_or_else(|| panic!("{hold}")).to_owned();
    heard.call(pos, "loyalty.capture", json!({"hold_id": id, "order": {"uuid": order}}));
    // A stranger's hold on a paid order: an exception for the manager, its detail included.
    service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "25.00"), reward_line(&id, "5.00")]);
    heard.call(admin, "sync.run", json!({}));
    let history = heard.call(pos, "loyalty.history", json!({"partner_id": 7}));
    let entry = history["result"]["entries"][0]["entry_id"].clone();
    heard.call(viewer, "loyalty.explain", json!({"entry_id": entry}));
    for (token, method) in [
        (pos, "system.version"),
        (pos, "rpc.discover"),
        (viewer, "program.list"),
        (viewer, "exception.list"),
        (viewer, "sync.status"),
        (admin, "ledger.verify"),
    ] {
        assert!(heard.call(token, method, json!({})).get("result").is_some(), "{method}");
    }
    heard.call(pos, "loyalty.balance", json!({"partner_ids": [7]}));
    for path in ["/healthz", "/readyz", "/metrics"] {
        heard.get(Some(viewer), path);
    }
}

/// What callers get wrong.
fn misuse_it(heard: &mut Heard, tokens: &[String; 3]) {
    let [pos, _, admin] = tokens;
    let (mark_and_prefix, secret) = admin.rsplit_once('_').unwrap();
    let wrong = format!("{mark_and_prefix}_{}", secret.chars().rev().collect::<String>());
    for token in [None, Some("hello"), Some(&secret[..20]), Some(wrong.as_str())] {
        heard.post(token, r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#);
        heard.get(token, "/metrics");
    }
    for body in ["", "{", "[]", "[1]", "{\"jsonrpc\":\"2.0\"}", &"[".repeat(5000), &"x".repeat(2 * 1024 * 1024)] {
        heard.post(Some(pos), body);
    }
    for (token, method, params) in [
        (pos, "ledger.adjust", json!({})),
        (pos, "no.such", json!({})),
        (admin, "ledger.adjust", json!({"colour": 1})),
        (admin, "program.put", json!({"program": {"code": "'; DROP TABLE entries; --"}})),
        (admin, "program.get", json!({"code": "'; DROP TABLE entries; --"})),
        (admin, "loyalty.explain", json!({"entry_id": "../../etc/passwd"})),
        (admin, "exception.resolve", json!({"exception_id": "' OR 1=1", "note": "n"})),
        (pos, "loyalty.history", json!({"partner_id": 1, "before": "nowhere"})),
        (pos, "loyalty.capture", json!({"hold_id": uuid(), "order": {"uuid": "u"}})),
    ] {
        let answer = heard.call(token, method, params);
        assert!(answer.get("error").is_some(), "{method}: {answer}");
    }
    for path in ["/", "/jsonrpc", "/../../etc/passwd", "/static/x"] {
        heard.get(Some(pos), path);
    }
}

/// Every way in which Odoo fails, two of them with the key, SQL and a path in its message.
fn break_odoo(service: &Service, heard: &mut Heard, admin: &str) {
    let shop = &service.shop.shop;
    for (what, model) in [
        (FaultInjection::Error("builtins.ValueError", IN_ODOO_S_MESSAGE), None),
        (FaultInjection::Error("psycopg2.errors.UndefinedColumn", SQL_OF_ODOO), Some("pos.order")),
        (FaultInjection::Error("builtins.PermissionError", PATH_OF_ODOO), Some("pos.order")),
        (FaultInjection::Error("odoo.exceptions.AccessError", IN_ODOO_S_MESSAGE), Some("pos.order")),
        (FaultInjection::Html, None),
        (FaultInjection::Truncated, None),
        (FaultInjection::OtherJson, None),
        (FaultInjection::Status(500), None),
        (FaultInjection::Error("odoo.exceptions.AccessDenied", IN_ODOO_S_MESSAGE), None),
    ] {
        shop.inject(what, model, None);
        let answer = heard.call(admin, "sync.run", json!({}));
        assert!(answer["error"]["message"].is_string(), "{answer}");
        heard.call(admin, "sync.status", json!({}));
        shop.behave();
    }
    // A partner that only Odoo could tell of.
    shop.inject(FaultInjection::Error("builtins.ValueError", IN_ODOO_S_MESSAGE), None, None);
    heard.call(
        admin,
        "ledger.adjust",
        json!({"idempotency_key": "k", "partner_id": 999, "program": "club", "points": "1", "reason": "r"}),
    );
    let doctor = service.verb(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    heard.printed.push_str(&(doctor.out + &doctor.err));
    shop.behave();
}

/// A database that lacks a table, and one that refuses the password.
fn break_database(service: &Service, heard: &mut Heard, tokens: &[String; 3]) {
    let [pos, _, admin] = tokens;
    for (table, method, params) in [
        ("entries", "loyalty.history", json!({"partner_id": 7})),
        ("accounts", "loyalty.balance", json!({"partner_ids": [7]})),
        ("orders", "sync.run", json!({})),
        ("program_versions", "program.get", json!({"code": "club"})),
    ] {
        service.database.execute(&format!("ALTER TABLE {table} RENAME TO put_away")).unwrap();
        service.shop.sell(7, "10.00");
        let token = if method.starts_with("loyalty") { pos } else { admin };
        let answer = heard.call(token, method, params);
        heard.call(admin, "sync.status", json!({}));
        heard.get(None, "/readyz");
        service.database.execute(&format!("ALTER TABLE put_away RENAME TO {table}")).unwrap();
        assert_eq!(answer["error"]["code"], 1401, "{table}: {answer}");
    }
    if let Database::Postgres { .. } = service.database {
        let mut url = url::Url::parse(&service.database.url()).unwrap();
        url.set_password(Some(WRONG_PASSWORD)).unwrap();
        for verb in [&["verify"][..], &["doctor"], &["serve"], &["token", "list"]] {
            let refused = run(Some(url.as_str()), &[("LOYALTY__LOG__LEVEL", "trace")], verb);
            assert_eq!(refused.code, 1, "{verb:?}: {refused:?}");
            heard.printed.push_str(&(refused.out + &refused.err));
        }
    }
}

/// All that is kept: every table, and on SQLite the files' bytes as well.
fn kept(database: &Database) -> String {
    let tables = [
        "tokens",
        "entries",
        "entry_texts",
        "redactions",
        "accounts",
        "orders",
        "order_holds",
        "order_line_blocks",
        "holds",
        "open_holds",
        "recorded_replies",
        "exceptions",
        "program_versions",
        "programs",
    ];
    let mut all: String = tables.iter().map(|table| database.rows(table)).collect();
    if let Some(file) = database.file() {
        for suffix in ["", "-wal"] {
            let bytes = std::fs::read(format!("{}{suffix}", file.display())).unwrap_or_default();
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    all
}

fn password(database: &Database) -> Option<String> {
    url::Url::parse(&database.url()).ok()?.password().map(str::to_owned)
}

#[test]
fn no_secret_is_said_or_kept() {
    let (service, mut heard) = sown();
    let tokens = ["pos", "viewer", "admin"].map(|role| service.token(role));
    use_it(&service, &mut heard, &tokens);
    misuse_it(&mut heard, &tokens);
    break_odoo(&service, &mut heard, &tokens[2]);
    break_database(&service, &mut heard, &tokens);

    let (log, kept) = (service.log(), kept(&service.database));
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "everything was logged");
    assert!(kept.contains("club") && heard.said.contains("club"), "there is something to search");

    let mut secrets: Vec<String> = tokens.iter().map(|token| token.rsplit('_').next().unwrap().to_owned()).collect();
    secrets.extend([KEY.to_owned(), "sown-odoo-key".to_owned(), "53cr37".to_owned(), WRONG_PASSWORD.to_owned()]);
    secrets.extend(password(&service.database));
    let spoken = [("replies", &heard.said), ("terminal", &heard.printed), ("log", &log)];
    for (place, text) in spoken.into_iter().chain([("database", &kept)]) {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in the {place}: {}", around(text, secret));
        }
    }
    for (place, text) in spoken {
        for inside in
            ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "Traceback", "filestore", CUSTOMER, "panicked"]
        {
            assert!(!text.contains(inside), "{inside} is in the {place}: {}", around(text, inside));
        }
    }
    // The database's own words are for the log.
    for words in ["no such table", "relation \"", "refused a statement"] {
        assert!(!heard.said.contains(words), "{words} is in the replies: {}", around(&heard.said, words));
    }
    let folders = ["/src/", "/tmp/", "/var/", "/usr/", "/home/", "/root/", ".rs:", ".db", "libpq"];
    for path in folders {
        assert!(!heard.said.contains(path), "{path} is in the replies: {}", around(&heard.said, path));
    }
}

/// Where it was found.
fn around(text: &str, found: &str) -> String {
    let at = text.find(found).unwrap_or_default();
    let before: String = text[..at].chars().rev().take(300).collect();
    before.chars().rev().chain(text[at..].chars().take(200)).collect()
}
