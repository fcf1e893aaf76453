//! Against a real Odoo, when one is given: `LOYALTY_TEST_ODOO_URL`, `_DB`, `_LOGIN` and `_API_KEY`.
//! `tests/run` provisions one and sets them; elsewhere any Odoo will do. One test writes to it, where an
//! administrator is given as well (`_ADMIN_LOGIN`, `_ADMIN_PASSWORD`): a loyalty program with cards, to import.

use chrono::{Days, Utc};
use serde_json::{Value, json};

use crate::support::{Database, run};

fn given() -> Option<Vec<(&'static str, String)>> {
    let names = [
        ("LOYALTY__ODOO__URL", "LOYALTY_TEST_ODOO_URL"),
        ("LOYALTY__ODOO__DATABASE", "LOYALTY_TEST_ODOO_DB"),
        ("LOYALTY__ODOO__LOGIN", "LOYALTY_TEST_ODOO_LOGIN"),
        ("LOYALTY__ODOO__API_KEY", "LOYALTY_TEST_ODOO_API_KEY"),
    ];
    names.into_iter().map(|(setting, variable)| Some((setting, std::env::var(variable).ok()?))).collect()
}

#[test]
fn real_odoo_is_read_whole_and_reading_it_again_posts_nothing() {
    let Some(settings) = given() else {
        println!("no real Odoo is given here; tests/run gives one");
        return;
    };
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let database = Database::new();
    let verb = |arguments: &[&str]| run(Some(&database.url()), &settings, arguments);

    let doctor = verb(&["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.json");
    std::fs::write(&file, crate::support::club().to_string()).unwrap();
    assert_eq!(verb(&["program", "put", file.to_str().unwrap()]).code, 0);

    let counts = |arguments: &[&str]| -> Value {
        let done = verb(arguments);
        assert_eq!(done.code, 0, "{done:?}");
        serde_json::from_str(&done.out).unwrap()
    };
    let first = counts(&["sync", "--full", "--json"]);
    assert!(first["orders_read"].as_i64().unwrap() > 0, "the shop has orders: {first}");
    let again = counts(&["sync", "--full", "--json"]);
    assert_eq!((again["orders_changed"].as_i64(), again["entries_posted"].as_i64()), (Some(0), Some(0)), "{again}");
    let verified = verb(&["verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn real_odoo_refuses_a_wrong_key_in_words() {
    let Some(mut settings) = given() else {
        println!("no real Odoo is given here; tests/run gives one");
        return;
    };
    settings.retain(|(name, _)| *name != "LOYALTY__ODOO__API_KEY");
    settings.push(("LOYALTY__ODOO__API_KEY", "not-the-key".to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = run(Some(&Database::new().url()), &settings, &["sync"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("key"), "{refused:?}");
    assert!(!refused.err.contains("Traceback"), "{refused:?}");
}

/// The administrator, who may do in Odoo what the sidecar never does.
struct Administrator {
    url: String,
    database: String,
    password: String,
    uid: Value,
}

impl Administrator {
    fn log_in() -> Option<Self> {
        let [url, database, login, password] = ["URL", "DB", "ADMIN_LOGIN", "ADMIN_PASSWORD"]
            .map(|name| std::env::var(format!("LOYALTY_TEST_ODOO_{name}")).ok());
        let mut admin = Self { url: url?, database: database?, password: password?, uid: Value::Null };
        admin.uid = admin.ask("common", "authenticate", json!([admin.database, login?, admin.password, {}]));
        assert!(admin.uid.is_i64(), "Odoo refused the administrator");
        Some(admin)
    }

    fn ask(&self, service: &str, method: &str, args: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "call",
            "params": {"service": service, "method": method, "args": args}});
        let mut response = ureq::post(format!("{}/jsonrpc", self.url.trim_end_matches('/')))
            .content_type("application/json")
            .send(request.to_string())
            .unwrap();
        let answer: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        assert!(answer.get("error").is_none(), "{method} {}: {}", request["params"]["args"], answer["error"]);
        answer["result"].clone()
    }

    fn call(&self, model: &str, method: &str, args: Value) -> Value {
        self.ask("object", "execute_kw", json!([self.database, self.uid, self.password, model, method, args]))
    }

    fn create(&self, model: &str, values: Value) -> i64 {
        self.call(model, "create", json!([values])).as_i64().unwrap()
    }
}

#[test]
fn real_odoo_loyalty_is_imported_whole_and_only_once() {
    let (Some(settings), Some(admin)) = (given(), Administrator::log_in()) else {
        println!("no real Odoo with an administrator is given here; tests/run gives one");
        return;
    };
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let database = Database::new();
    let verb = |arguments: &[&str]| run(Some(&database.url()), &settings, arguments);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.json");
    let mut club = crate::support::club();
    club["starts_at"] = json!((Utc::now() + Days::new(1)).to_rfc3339());
    std::fs::write(&file, club.to_string()).unwrap();
    assert_eq!(verb(&["program", "put", file.to_str().unwrap()]).code, 0);

    let odoo_program = admin.create(
        "loyalty.program",
        json!({
            "name": "Cards to import", "program_type": "loyalty",
            "rule_ids": [[0, 0, {"reward_point_amount": 1, "reward_point_mode": "money"}]],
            "reward_ids": [[0, 0, {"reward_type": "discount", "discount": 5, "required_points": 200}]],
        }),
    );
    let customer = |name: &str, active: bool| {
        json!(admin.create("res.partner", json!({"name": format!("{name} of the import"), "active": active})))
    };
    let (ann, bob, old) = (customer("Ann", true), customer("Bob", true), customer("Old", false));
    let today = Utc::now().date_naive();
    let card = |partner: &Value, points: f64, expires_on: Option<chrono::NaiveDate>| {
        let expires_on = expires_on.map_or(json!(false), |day| json!(day.to_string()));
        admin.create(
            "loyalty.card",
            json!({"program_id": odoo_program, "partner_id": partner, "points": points, "expiration_date": expires_on}),
        )
    };
    let first = card(&ann, 100.0, None);
    // As floats add up in Odoo.
    card(&ann, 0.1 + 0.2, Some(today + Days::new(30)));
    card(&bob, -20.0, None);
    card(&bob, 0.0, None);
    card(&old, 12.345, None);
    card(&old, 50.0, Some(today - Days::new(30)));
    card(&json!(false), 7.0, None);

    let program = odoo_program.to_string();
    let import = || -> Value {
        let done = verb(&["import", "odoo-loyalty", "--program", "club", "--odoo-program", &program, "--json"]);
        assert_eq!(done.code, 0, "{done:?}");
        serde_json::from_str(&done.out).unwrap()
    };
    let counts = |report: &Value| {
        ["cards", "imported", "unchanged", "without_points", "without_customer", "expired"]
            .map(|name| report[name].as_i64().unwrap())
    };
    let balance = |partner: &Value| {
        database.number(&format!("SELECT COALESCE(SUM(balance_e2), 0) FROM accounts WHERE partner_id = {partner}"))
    };
    let report = import();
    assert_eq!(counts(&report), [7, 4, 0, 1, 1, 1], "{report}");
    assert_eq!(report["warnings"], json!([]), "{report}");
    assert_eq!([&ann, &bob, &old].map(balance), [10_030, -2_000, 1_235]);
    // What Odoo itself says of its cards, for whoever reads the result.
    let cards = admin.call("loyalty.card", "search_read", json!([[["program_id", "=", odoo_program]], ["code"]]));
    for card in cards.as_array().unwrap() {
        let row = report["listed"].as_array().unwrap().iter().find(|row| row["card"] == card["id"]).unwrap();
        assert_eq!(row["name"], card["code"], "{report}");
    }

    assert_eq!(counts(&import()), [7, 0, 4, 1, 1, 1]);
    admin.call("loyalty.card", "write", json!([[first], {"points": 80.5}]));
    let changed = import();
    assert_eq!((counts(&changed), &changed["points"]), ([7, 1, 3, 1, 1, 1], &json!("-19.5")), "{changed}");
    assert_eq!(balance(&ann), 8_080);
    let verified = verb(&["verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}
