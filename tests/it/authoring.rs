//! Writing a program: what `program check` says of a document, and what `program simulate` says it would have come to.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Database, Run, Service, club, line, reward_line, run, run_in, uuid};

/// Runs `program check -`, in a folder without settings, on no database.
fn check(document: &Value, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&["program", "check", "-"][..], more].concat();
    run_in(folder.path(), None, &[], &arguments, Some(&document.to_string()))
}

#[test]
fn a_valid_document_is_explained_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    // Not even a wrong setting is in the way of whoever writes a program.
    let environment = [("LOYALTY__DATABASE__URL", "nowhere"), ("LOYALTY__SYNC__PAGE_SIZE", "many")];
    let said = run_in(folder.path(), None, &environment, &["program", "check", "-"], Some(&club().to_string()));
    assert_eq!(said.code, 0, "{said:?}");
    for words in [
        "Club (club) is valid.",
        "base: 10 points for each full 10.00 USD of goods on an order.",
        "5off “5 off”: 5.00 USD off for 100 points. It takes about 100.00 USD spent to earn that.",
        "Nothing looks like a mistake.",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it made a database");
}

#[test]
fn warnings_are_said_and_do_not_fail() {
    let mut document = club();
    document["rewards"][0]["amount"] = json!("500.00");
    document["earning"]["rules"][0]["window"] = json!({"to": "2020-01-01"});
    document["timezone"] = json!("Europe/Paris");
    let said = check(&document, &["--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let warnings: Vec<(&str, &str)> = report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| (warning["path"].as_str().unwrap(), warning["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(warnings, [("/earning/rules/0/window", "over"), ("/rewards/0", "worth_more_at_best")], "{report}");
    assert_eq!((&report["valid"], &report["code"]), (&json!(true), &json!("club")));
    assert_eq!(report["description"][0]["heading"], "Who");
}

#[test]
fn an_invalid_document_is_exit_1_with_the_place_and_what_to_do() {
    let mut document = club();
    document["earning"]["rules"][0]["every"] = json!("-10.00");
    let said = check(&document, &[]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    assert!(said.err.contains("/earning/rules/0/every: "), "{said:?}");
    let said = check(&document, &["--json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["valid"], &report["path"]), (&json!(false), &json!("/earning/rules/0/every")));
    assert!(!report["message"].as_str().unwrap().is_empty());
    for (text, sign) in [("{\"code\":", "stdin is no JSON"), ("code = ", "stdin is no TOML")] {
        let folder = tempfile::tempdir().unwrap();
        let said = run_in(folder.path(), None, &[], &["program", "check", "-"], Some(text));
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(sign), "{said:?}");
    }
    let missing = run(None, &[], &["program", "check", "nowhere.json"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("nowhere.json cannot be read"), "{missing:?}");
}

#[test]
fn toml_on_stdin_is_read_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "# A club.\ncode = \"club\"\nname = \"Club\"\ncurrency = \"USD\"\n";
    let said = run_in(folder.path(), None, &[], &["program", "check", "-"], Some(toml));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("There are no rewards: points buy nothing."), "{said:?}");
}

/// Runs `program simulate -` on the service's database.
fn simulate(service: &Service, document: &Value, more: &[&str]) -> Value {
    let said = simulated(service, document, &[&["--json"], more].concat());
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

fn simulated(service: &Service, document: &Value, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&["program", "simulate", "-"][..], more].concat();
    run_in(folder.path(), Some(&service.database.url()), &[], &arguments, Some(&document.to_string()))
}

/// Everything that is in the database, table by table.
fn contents(database: &Database) -> Vec<(&'static str, String)> {
    const TABLES: &[&str] = &[
        "accounts",
        "categories",
        "currencies",
        "cursors",
        "entries",
        "exceptions",
        "holds",
        "memberships",
        "neutral_products",
        "order_holds",
        "order_line_blocks",
        "order_postings",
        "orders",
        "partners",
        "pos_configs",
        "products",
        "program_versions",
        "programs",
        "readiness",
        "recomputes",
        "tokens",
        "open_holds",
        "recorded_replies",
        "__diesel_schema_migrations",
    ];
    TABLES.iter().map(|table| (*table, database.rows(table))).collect()
}

#[test]
fn a_simulation_comes_to_what_posting_then_posts_and_changes_nothing() {
    let service = Service::without_program(&[]);
    let at = |days: i64| Utc::now() - TimeDelta::days(days);
    let sell =
        |days: i64, partner: Option<i64>, lines: &[Value]| service.shop.sell_at(at(days), partner, &uuid(), lines);
    let first = sell(40, Some(1), &[line(1, "2", "60.00"), line(2, "1", "15.00")]);
    sell(30, Some(1), &[line(1, "1", "20.00"), reward_line("no-hold-of-ours", "5.00")]);
    sell(20, Some(2), &[line(2, "3", "45.00")]);
    sell(10, None, &[line(1, "1", "500.00")]);
    sell(10, Some(3), &[line(1, "1", "9.99")]);
    // Linked with its sale, and of nobody's sale.
    sell(
        5,
        Some(1),
        &[json!({"product_id": 1, "qty": -1, "price_subtotal": -30, "price_subtotal_incl": -30,
        "refunded_orderline_id": first.lines[0]})],
    );
    sell(4, Some(2), &[line(2, "-1", "-15.00")]);
    let euros = sell(3, Some(2), &[line(1, "1", "100.00")]);
    service.shop.change_order(euros.id, json!({"currency_id": 2}));
    let draft = sell(2, Some(2), &[line(1, "1", "100.00")]);
    service.shop.change_order(draft.id, json!({"state": "draft"}));
    service.admin.sync();
    let mut document = club();
    document["earning"]["rules"].as_array_mut().unwrap().extend([
        json!({"code": "wood", "kind": "per_unit", "points": "7", "scope": {"product_category_ids": [3]}}),
        json!({"code": "double", "kind": "multiplier", "factor": "2", "scope": {"product_ids": [2]}}),
    ]);
    let before = contents(&service.database);
    let report = simulate(&service, &document, &[]);
    assert_eq!(contents(&service.database), before, "a simulation changed the database");

    assert_eq!(
        report["orders"],
        json!({"read": 9, "counted": 6, "earning": 3, "not_paid": 1, "ignored": 1, "outside": 0, "without_customer": 1}),
        "{report}"
    );
    // 75.00 + 15.00 + 45.00 + 500.00 + 9.99 − 30.00 − 15.00
    assert_eq!((&report["sales"], &report["member_sales"]), (&json!("599.99"), &json!("99.99")));
    // Put for good, the very same document posts the very same points.
    service.admin.call("program.put", json!({"program": document}));
    for partner in 1..=3 {
        let balance = service.admin.balance(partner);
        let top = report["members"]["top"].as_array().unwrap();
        let found = top.iter().find(|member| member["partner_id"] == partner);
        assert_eq!(found.map_or("0", |member| member["points"].as_str().unwrap()), balance, "{partner}: {report}");
    }
    let sum = |sql: &str| service.database.number(sql);
    let left = sum("SELECT SUM(balance_e2) FROM accounts");
    assert!(left > 0);
    assert_eq!(report["points"]["left"], format!("{}", left / 100));
    service.admin.verified();
}

#[test]
fn points_by_rule_month_and_member_add_up_and_rewards_say_what_they_cost() {
    let service = Service::without_program(&[]);
    let day = |text: &str| format!("{text}T12:00:00Z").parse().unwrap();
    for (on, partner, amount) in
        [("2026-01-10", 1, "100.00"), ("2026-01-31", 1, "50.00"), ("2026-02-01", 2, "45.00"), ("2026-02-20", 3, "8.00")]
    {
        service.shop.sell_at(day(on), Some(partner), &uuid(), &[line(1, "1", amount)]);
    }
    service.admin.sync();
    let mut document = club();
    document["rewards"].as_array_mut().unwrap().extend([
        json!({"code": "ten", "kind": "discount_percent", "points": "40", "percent": "10"}),
        json!({"code": "desk", "kind": "free_product", "points": "100", "product_id": 1}),
        json!({"code": "train", "kind": "free_product", "points": "10", "product_id": 2}),
    ]);
    let report = simulate(&service, &document, &[]);
    assert_eq!(report["points"], json!({"earned": "190", "taken_back": "0", "expired": "0", "left": "190"}));
    assert_eq!(report["rules"], json!([{"rule": "base", "orders": 3, "points": "190"}]));
    let months: Vec<(&Value, &Value, &Value)> = report["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| (&month["month"], &month["sales"], &month["points"]["earned"]))
        .collect();
    assert_eq!(
        months,
        [(&json!("2026-01"), &json!("150.00"), &json!("150")), (&json!("2026-02"), &json!("53.00"), &json!("40"))]
    );
    let members = &report["members"];
    assert_eq!((&members["all"], &members["with_points"]), (&json!(3), &json!(2)));
    assert_eq!(
        members["top"][0],
        json!({"partner_id": 1, "name": "Customer 1", "points": "150", "orders": 2,
        "sales": "150.00"})
    );
    assert_eq!(members["average_points"], "63.33");
    let spread: Vec<&str> =
        members["percentiles"].as_array().unwrap().iter().map(|one| one["points"].as_str().unwrap()).collect();
    assert_eq!(spread, ["0", "0", "40", "150", "150", "150", "150"]);
    // 190 points at 0.05; 9.50 of 203.00.
    assert_eq!(
        report["cost"],
        json!({"best_worth_of_a_point": "0.05", "by_reward": "5off", "liability": "9.50",
               "share_of_member_sales": "0.046798"})
    );
    let rewards: Vec<(&str, i64, Value, &str)> = report["rewards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (text("reward"), one["members"].as_i64().unwrap(), one["cost"].clone(), text("basis"))
        })
        .collect();
    assert_eq!(
        rewards,
        [
            ("5off", 1, json!("5.00"), "amount"),
            // The one who has 50 spends all 150.
            ("pay", 1, json!("7.50"), "all_points"),
            // Two, each 10 % of 203.00 / 4.
            ("ten", 2, json!("10.15"), "average_order"),
            ("desk", 1, json!("50.75"), "average_price"),
            ("train", 2, Value::Null, "unknown"),
        ]
    );
    // One month alone, by its local days.
    let january = simulate(&service, &document, &["--since", "2026-01-11", "--until", "2026-01-31"]);
    assert_eq!((&january["orders"]["read"], &january["points"]["earned"]), (&json!(1), &json!("50")));
    let words = simulated(&service, &document, &[]);
    for sign in
        ["Nothing was changed.", "190 earned", "2026-02", "Customer 1", "9.50 USD if all points", "what it sold for"]
    {
        assert!(words.out.contains(sign), "{sign}: {}", words.out);
    }
}

#[test]
fn expiry_and_enrolment_are_simulated_and_said() {
    let service = Service::without_program(&[]);
    let at = |days: i64| Utc::now() - TimeDelta::days(days);
    for days in [400, 10] {
        service.shop.sell_at(at(days), Some(1), &uuid(), &[line(1, "1", "100.00")]);
    }
    service.admin.sync();
    let mut document = club();
    document["expiry"] = json!({"after_days": 365});
    document["enrolment"] = json!("explicit");
    let report = simulate(&service, &document, &[]);
    assert_eq!(report["points"], json!({"earned": "200", "taken_back": "0", "expired": "100", "left": "100"}));
    assert_eq!(report["everyone_enrolled"], true);
    assert_eq!(report["cost"]["liability"], "5.00");
    assert!(simulated(&service, &document, &[]).out.contains("as if everyone had been enrolled"));
    // As of the end of the days asked for, the old points were still good.
    let until = at(399).date_naive().to_string();
    let then = simulate(&service, &document, &["--until", &until]);
    assert_eq!(then["points"], json!({"earned": "100", "taken_back": "0", "expired": "0", "left": "100"}));
}

#[test]
fn a_simulation_that_cannot_be_is_refused_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let document = club().to_string();
    let on = |url: &str, more: &[&str]| {
        let arguments = [&["program", "simulate", "-"][..], more].concat();
        run_in(folder.path(), Some(url), &[], &arguments, Some(&document))
    };
    let missing = on("sqlite://nothing.db", &[]);
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.err.contains("there is no database"), "{missing:?}");
    assert!(!folder.path().join("nothing.db").exists());
    let database = Database::new();
    // An empty database has no schema yet, and is not given one.
    database.execute("CREATE TABLE somebody_elses (id INTEGER)").unwrap();
    let old = on(&database.url(), &[]);
    assert_eq!(old.code, 1, "{old:?}");
    assert!(old.err.contains("loyalty-sidecar migrate"), "{old:?}");
    assert_eq!(run(Some(&database.url()), &[], &["migrate"]).code, 0);
    let empty = on(&database.url(), &[]);
    assert_eq!(empty.code, 0, "{empty:?}");
    assert!(empty.out.contains("loyalty-sidecar sync"), "{empty:?}");
    let backwards = on(&database.url(), &["--since", "2026-02-01", "--until", "2026-01-01"]);
    assert_eq!(backwards.code, 2, "{backwards:?}");
    assert!(backwards.err.contains("--until 2026-01-01 is before --since 2026-02-01"), "{backwards:?}");
    let typo = on(&database.url(), &["--since", "yesterday"]);
    assert_eq!(typo.code, 2, "{typo:?}");
    let invalid = json!({"code": "club", "name": "Club"}).to_string();
    let refused = run_in(folder.path(), Some(&database.url()), &[], &["program", "simulate", "-"], Some(&invalid));
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("/currency"), "{refused:?}");
}
