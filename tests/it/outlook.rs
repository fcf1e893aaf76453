//! What `doctor` and `program put` say of what a program would earn here, and of each mistake that a newcomer makes.

use serde_json::{Value, json};

use crate::support::{Database, Run, Service, TestShop, club, run, run_in};

/// `club`, with other members.
fn program(more: &Value) -> Value {
    let mut document = club();
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn put(service: &Service, document: &Value, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program.json");
    std::fs::write(&file, document.to_string()).unwrap();
    service.verb(&[&["program", "put", file.to_str().unwrap()][..], more].concat())
}

/// Three orders of 25.00: two of customers, one of nobody.
fn three_orders(service: &Service) {
    service.shop.sell(1, "25.00");
    service.shop.sell(2, "25.00");
    let plain = crate::support::line(1, "1", "25.00");
    service.shop.sell_lines(None, &crate::support::uuid(), &[plain]);
    service.admin.sync();
}

#[track_caller]
fn says(run: &Run, signs: &[&str]) {
    for sign in signs {
        assert!(run.out.contains(sign), "“{sign}” is not in\n{}", run.out);
    }
}

#[test]
fn doctor_counts_what_odoo_shows_and_what_each_program_earns() {
    let service = Service::start();
    let bar = json!({"id": 2, "name": "Bar", "company_id": 2, "currency_id": 2, "active": true});
    service.shop.shop.insert("res.company", json!({"id": 2, "name": "Paris SARL"}));
    service.shop.shop.insert("pos.config", bar);
    three_orders(&service);
    let doctor = service.verb(&["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
    says(
        &doctor,
        &[
            "the service user sees 2 shops: Shop (1, USD), Bar (2, EUR); of 2 companies: Our Company (1), Paris SARL (2); \
             currencies: EUR, USD",
            "orders in Odoo: 3; the newest is Shop/",
            "ok       program club: version 1: 2 of the last 3 orders",
            "would earn 40 points; without points: 1 without a customer",
        ],
    );
}

#[test]
fn a_program_in_a_currency_that_nobody_sells_in_is_told_by_put_and_by_doctor() {
    let service = Service::without_program(&[]);
    three_orders(&service);
    let made = put(&service, &program(&json!({"currency": "EUR"})), &[]);
    assert_eq!(made.code, 0, "{made:?}");
    let signs = [
        "warning  program club: no till of the program sells in EUR; they sell in USD at 1 “Shop”",
        "none of the last 3 orders",
        "without points: 3 in USD, not EUR. To do: set \"currency\": \"USD\"",
    ];
    says(&made, &signs);
    says(&made, &["club is at version 1", "It holds for all orders, those of the past included."]);
    says(&service.verb(&["doctor"]), &signs);
    // As it says: a mistake is corrected by force, for the past as well.
    let past = ["--force", "--effective-from", "2000-01-01T00:00:00Z"];
    let mended = put(&service, &program(&json!({})), &past);
    assert_eq!(mended.code, 0, "{mended:?}");
    says(
        &mended,
        &["club is at version 2", "which are computed again", "2 of the last 3 orders", "would earn 40 points"],
    );
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn put_says_why_orders_of_other_companies_and_goods_earn_nothing() {
    let service = Service::without_program(&[]);
    three_orders(&service);
    let other = put(&service, &program(&json!({"company_id": 7})), &["--json"]);
    let told: Value = serde_json::from_str(&other.out).unwrap();
    let findings = told["findings"].to_string();
    assert!(findings.contains("company_id 7 is no company that the service user sees (1 “Our Company”)"), "{told}");
    assert!(findings.contains("3 of company 1 “Our Company”, not 7"), "{told}");
    let toys = json!({"earning": {"rules": [{"code": "toys", "kind": "per_unit", "points": "5",
        "scope": {"pos_category_ids": [9], "product_ids": [3]}}]}});
    service.shop.shop.update("product.product", 3, json!({"active": false}));
    service.shop.shop.insert("pos.category", json!({"id": 9, "name": "Empty", "parent_id": false}));
    service.admin.sync();
    says(
        &put(&service, &program(&toys), &[]),
        &[
            "rule “toys” is for goods that no product is: POS category 9 “Empty”, which no product is in and product 3 \
             “Off”, which is archived",
            "2 without goods that a rule is for",
        ],
    );
}

#[test]
fn a_later_version_says_that_the_past_keeps_the_one_before() {
    let service = Service::without_program(&[]);
    three_orders(&service);
    let mut double = club();
    double["earning"]["rules"][0]["points"] = json!("20");
    assert_eq!(put(&service, &club(), &[]).code, 0);
    let later = put(&service, &double, &[]);
    says(
        &later,
        &[
            "club is at version 2",
            "earlier ones keep version 1. For those as well, put it with --effective-from TIME",
            "3 of them are older than this version",
        ],
    );
    assert_eq!(service.admin.balance(1), "20", "the past was not reached");
    let again = put(&service, &double, &[]);
    says(&again, &["club is at version 2 as before: the document says the same"]);
    let told: Value = serde_json::from_str(&put(&service, &double, &["--json"]).out).unwrap();
    assert!(told["effective_from"].is_string(), "{told}");
}

#[test]
fn a_currency_changes_by_force_alone() {
    let service = Service::start();
    let euros = program(&json!({"currency": "EUR"}));
    let refused = service.admin.refused("program.put", json!({"program": euros}));
    assert_eq!(
        (refused.code, refused.kind.as_str(), &refused.data["path"]),
        (1201, "invalid_program", &json!("/currency"))
    );
    assert!(refused.message.contains("from USD to EUR") && refused.message.contains("--force"), "{refused:?}");
    let refused = put(&service, &euros, &[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("--force"), "{refused:?}");
    // An archived program keeps its currency as well.
    service.admin.call("program.archive", json!({"code": "club"}));
    assert_eq!(service.admin.refused("program.put", json!({"program": euros})).kind, "invalid_program");
    assert_eq!(service.admin.call("program.list", json!({}))["programs"][0]["version"], 1);
    let forced = put(&service, &euros, &["--force"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    assert_eq!(service.admin.call("program.get", json!({"code": "club"}))["program"]["currency"], "EUR");
}

#[test]
fn doctor_says_what_to_do_about_a_newcomer_s_mistakes() {
    let shop = TestShop::new();
    let database = Database::new();
    let environment = shop.environment();
    let doctor = |change: &[(&str, &str)]| {
        let mut all: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (&**name, &**value)).collect();
        all.extend(change);
        run(Some(&database.url()), &all, &["doctor"])
    };
    let token = |role: &str| {
        assert_eq!(run(Some(&database.url()), &[], &["token", "create", "--role", role, "--name", role]).code, 0);
    };
    token("pos");
    let key = doctor(&[("LOYALTY__ODOO__API_KEY", "wrong")]);
    assert_eq!(key.code, 1, "{key:?}");
    says(&key, &["failed   odoo: ", "API key"]);
    says(&doctor(&[]), &["warning  programs: there is none", "loyalty-sidecar program put FILE"]);
    says(&doctor(&[]), &["warning  tokens: 1 can be used (1 pos)", "token create --role viewer"]);
    token("viewer");
    says(&doctor(&[]), &["ok       tokens: 2 can be used (1 pos, 1 viewer)"]);
    says(&doctor(&[]), &["warning  orders in Odoo: the service user sees none"]);
    let folder = tempfile::tempdir().unwrap();
    let put = ["program", "put", "-"];
    let made = run_in(folder.path(), Some(&database.url()), &[], &put, Some(&club().to_string()));
    says(&made, &["No orders were read yet: `loyalty-sidecar sync` reads them"]);
    says(&doctor(&[]), &["orders: none were read yet"]);
    shop.shop.delete("pos.config", 1);
    let blind = doctor(&[]);
    assert_eq!(blind.code, 1, "{blind:?}");
    says(&blind, &["failed   shops: the service user sees no shop", "Allowed Companies"]);
}
