//! Against a real Odoo, when one is given: `LOYALTY_TEST_ODOO_URL`, `_DB`, `_LOGIN` and `_API_KEY`.
//! `tests/run` provisions one and sets them; elsewhere any Odoo will do, nothing is written to it.

use serde_json::Value;

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
