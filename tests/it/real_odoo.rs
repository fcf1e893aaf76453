//! Against a real Odoo, when one is given: `LOYALTY_TEST_ODOO_URL`, `_DB`, `_LOGIN` and `_API_KEY`.
//! `tests/run` provisions one and sets them; elsewhere any Odoo will do. One test writes to it, where an
//! administrator is given as well (`_ADMIN_LOGIN`, `_ADMIN_PASSWORD`): a loyalty program with cards, to import.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use chrono::{Days, Utc};
use serde_json::{Value, json};

use crate::support::{Database, Service, draft, run, uuid};

/// Shared by tests that may call Odoo's `/jsonrpc` or change its records. A test that looks for the warnings of such calls
/// in Odoo's log, or wants nothing to change meanwhile, holds it alone.
static ODOO_S_LOG: RwLock<()> = RwLock::new(());

fn beside_others() -> RwLockReadGuard<'static, ()> {
    ODOO_S_LOG.read().unwrap_or_else(PoisonError::into_inner)
}

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
    // Alone: others sell in it meanwhile.
    let _alone = ODOO_S_LOG.write().unwrap_or_else(PoisonError::into_inner);
    let Some(settings) = given() else {
        println!("no real Odoo is given here; tests/run gives one");
        return;
    };
    for (protocol, spoken) in [("auto", "over JSON-2 (odoo.protocol = auto"), ("jsonrpc", "over JSON-RPC")] {
        read_whole(&settings, protocol, spoken);
    }
}

fn read_whole(settings: &[(&'static str, String)], protocol: &str, spoken: &str) {
    let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.push(("LOYALTY__ODOO__PROTOCOL", protocol));
    let database = Database::new();
    let verb = |arguments: &[&str]| run(Some(&database.url()), &settings, arguments);

    let doctor = verb(&["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
    assert!(doctor.out.contains(spoken), "{doctor:?}");
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
    let _others = beside_others();
    let Some(mut settings) = given() else {
        println!("no real Odoo is given here; tests/run gives one");
        return;
    };
    settings.retain(|(name, _)| *name != "LOYALTY__ODOO__API_KEY");
    settings.push(("LOYALTY__ODOO__API_KEY", "not-the-key".to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for protocol in ["auto", "json2", "jsonrpc"] {
        let settings = [&settings[..], &[("LOYALTY__ODOO__PROTOCOL", protocol)]].concat();
        let refused = run(Some(&Database::new().url()), &settings, &["sync"]);
        assert_eq!(refused.code, 1, "{protocol}: {refused:?}");
        assert!(refused.err.contains("Odoo refused the login \"loyalty\""), "{protocol}: {refused:?}");
        assert!(!refused.err.contains("Traceback"), "{protocol}: {refused:?}");
    }
}

/// How often Odoo warned in its log that `/jsonrpc` is deprecated.
fn warnings(log: &str) -> usize {
    std::fs::read_to_string(log).unwrap().matches("endpoints are deprecated in Odoo 19").count()
}

#[test]
fn real_odoo_is_read_over_json2_without_a_warning_in_its_log() {
    let (Some(settings), Ok(log)) = (given(), std::env::var("LOYALTY_TEST_ODOO_LOG")) else {
        println!("no real Odoo with its log is given here; tests/run gives one");
        return;
    };
    let _alone = ODOO_S_LOG.write().unwrap_or_else(PoisonError::into_inner);
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let warned_by = |protocol: &str, arguments: &[&str]| {
        let settings = [&settings[..], &[("LOYALTY__ODOO__PROTOCOL", protocol)]].concat();
        let before = warnings(&log);
        let database = Database::new();
        assert_eq!(run(Some(&database.url()), &settings, &["migrate"]).code, 0);
        let done = run(Some(&database.url()), &settings, arguments);
        assert_eq!(done.code, 0, "{protocol}: {done:?}");
        warnings(&log) - before
    };
    for arguments in [&["sync", "--full"][..], &["doctor"]] {
        assert_eq!(warned_by("auto", arguments), 0, "{arguments:?}");
        assert!(warned_by("jsonrpc", arguments) > 0, "{arguments:?}: the warning is still what it is called here");
    }
}

#[test]
fn real_odoo_s_wrong_database_and_another_user_s_key_are_named() {
    let Some(settings) = given() else {
        println!("no real Odoo is given here; tests/run gives one");
        return;
    };
    let _others = beside_others();
    let with = |name: &str, value: &str, protocol: &str| {
        let mut settings = settings.clone();
        settings.retain(|(known, _)| *known != name);
        let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        settings.extend([(name, value), ("LOYALTY__ODOO__PROTOCOL", protocol)]);
        let refused = run(Some(&Database::new().url()), &settings, &["sync"]);
        assert_eq!(refused.code, 1, "{name}: {refused:?}");
        refused.err
    };
    for protocol in ["auto", "json2"] {
        let said = with("LOYALTY__ODOO__DATABASE", "no_such_database", protocol);
        assert!(said.contains("no_such_database") && said.contains("odoo.database"), "{protocol}: {said}");
        let said = with("LOYALTY__ODOO__LOGIN", "admin", protocol);
        assert!(said.contains("odoo.api_key is a key of the user"), "{protocol}: {said}");
    }
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
    let _others = beside_others();
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

/// A shop that is open, in which the administrator sells as a till would.
struct Till<'a> {
    admin: &'a Administrator,
    session: i64,
    product: i64,
}

impl<'a> Till<'a> {
    fn open(admin: &'a Administrator) -> Self {
        let first = |model: &str, domain: Value| admin.call(model, "search", json!([domain]))[0].as_i64();
        let open = first("pos.session", json!([["state", "=", "opened"]]));
        let session = open.unwrap_or_else(|| {
            let config = first("pos.config", json!([])).expect("a shop");
            let session = admin.create("pos.session", json!({"config_id": config, "user_id": admin.uid}));
            admin.call("pos.session", "write", json!([[session], {"state": "opened"}]));
            session
        });
        let product = first("product.product", json!([["available_in_pos", "=", true]])).expect("a product");
        Self { admin, session, product }
    }

    /// A paid order: amounts, and the hold that one of them is paid with.
    fn sell(&self, partner: i64, uuid: &str, lines: &[(f64, Option<&str>)]) -> i64 {
        let total: f64 = lines.iter().map(|(amount, _)| amount).sum();
        let lines: Vec<Value> = lines
            .iter()
            .map(|(amount, hold)| {
                json!([0, 0, {"product_id": self.product, "qty": 1, "price_unit": amount, "price_subtotal": amount,
                              "price_subtotal_incl": amount, "loyalty_hold_id": hold.map_or(json!(false), |id| json!(id))}])
            })
            .collect();
        self.admin.create(
            "pos.order",
            json!({"uuid": uuid, "session_id": self.session, "partner_id": partner, "state": "paid", "lines": lines,
                   "amount_total": total, "amount_paid": total, "amount_tax": 0, "amount_return": 0}),
        )
    }
}

#[test]
fn real_odoo_merges_two_customers_and_all_their_points_are_one_s() {
    let _others = beside_others();
    let (Some(mut settings), Some(admin)) = (given(), Administrator::log_in()) else {
        println!("no real Odoo with an administrator is given here; tests/run gives one");
        return;
    };
    settings.push(("LOYALTY__ODOO__TIMEOUT_MS", "30000".to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let service = Service::without_program(&settings);
    let mut club = crate::support::club();
    club["earning"] = json!({"rules": [{"code": "base", "kind": "per_amount", "every": "1.00", "points": "1"}]});
    service.admin.call("program.put", json!({"program": club}));
    let till = Till::open(&admin);
    let customer = |name: &str| admin.create("res.partner", json!({"name": name, "email": "one@example.com"}));
    let (ann, anna) = (customer("Ann to merge"), customer("Anna to keep"));

    // Earned 100, spent 80, earned 4; 30 more were carried over from Odoo's own loyalty.
    let first = till.sell(ann, &uuid(), &[(100.0, None)]);
    till.sell(anna, &uuid(), &[(2.0, None)]);
    service.admin.sync();
    let order = uuid();
    let held = service.admin.call(
        "loyalty.hold",
        json!({"idempotency_key": uuid(), "partner_id": ann, "program": "club", "reward": "pay", "points": "80",
               "order": draft(&order, ann, "8.00")}),
    );
    till.sell(ann, &order, &[(8.0, None), (-4.0, held["hold_id"].as_str())]);
    service.admin.sync();
    let cards = admin.create(
        "loyalty.program",
        json!({
            "name": "Cards to merge", "program_type": "loyalty",
            "rule_ids": [[0, 0, {"reward_point_amount": 1, "reward_point_mode": "money"}]],
            "reward_ids": [[0, 0, {"reward_type": "discount", "discount": 5, "required_points": 200}]],
        }),
    );
    admin.create("loyalty.card", json!({"program_id": cards, "partner_id": ann, "points": 30}));
    let import = || {
        let program = cards.to_string();
        let done = service.verb(&["import", "odoo-loyalty", "--program", "club", "--odoo-program", &program, "--json"]);
        assert_eq!(done.code, 0, "{done:?}");
        serde_json::from_str::<Value>(&done.out).unwrap()
    };
    assert_eq!(import()["imported"], 1);
    assert_eq!((service.admin.balance(ann), service.admin.balance(anna)), ("54".into(), "2".into()));

    let wizard = admin.create(
        "base.partner.merge.automatic.wizard",
        json!({"state": "selection", "partner_ids": [[6, 0, [ann, anna]]], "dst_partner_id": anna}),
    );
    admin.call("base.partner.merge.automatic.wizard", "action_merge", json!([[wizard]]));
    let left = admin.call("res.partner", "search", json!([[["id", "=", ann], ["active", "in", [true, false]]]]));
    assert_eq!(left, json!([]), "Odoo deletes whom it merged");

    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!((service.admin.balance(ann), service.admin.balance(anna)), ("0".into(), "56".into()));
    for (partner, points) in [(ann, "-54"), (anna, "54")] {
        let newest = &service.admin.call("loyalty.history", json!({"partner_id": partner}))["entries"][0];
        assert_eq!((&newest["kind"], &newest["points"]), (&json!("transfer"), &json!(points)), "{newest}");
        assert!(newest["cause"]["name"].as_str().unwrap().starts_with("merged into Anna to keep"), "{newest}");
    }
    service.admin.verified();
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    // Once, and nothing is imported again.
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!((&import()["imported"], service.admin.balance(anna)), (&json!(0), "56".into()));

    // A contact that a rule hides is there: of another company than the service user's.
    let other = admin.create("res.company", json!({"name": format!("Other company {}", uuid())}));
    admin.call("res.partner", "write", json!([[anna], {"company_id": other}]));
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(anna), "56", "order {first} is as it was");
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.admin.verified();
}
