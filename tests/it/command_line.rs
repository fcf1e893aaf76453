//! The command line: exit codes, messages, and settings that are refused by name.

use serde_json::Value;

use crate::support::{Database, Service, run, run_in};

#[test]
fn wrong_usage_is_2_and_help_says_it_all() {
    for arguments in
        [&["fly"][..], &[][..], &["sync", "--sideways"][..], &["token", "create", "--role", "king", "--name", "x"][..]]
    {
        assert_eq!(run(None, &[], arguments).code, 2, "{arguments:?}");
    }
    let help = run(None, &[], &["--help"]);
    assert_eq!(help.code, 0);
    for verb in [
        "serve",
        "demo",
        "sync",
        "verify",
        "doctor",
        "token",
        "program",
        "import",
        "adjust",
        "redact",
        "history",
        "exceptions",
        "backup",
        "restore-check",
        "rebuild",
        "migrate",
        "config",
        "metrics",
        "api",
        "--config",
        "LOYALTY__DATABASE__URL",
        "sync.since",
    ] {
        assert!(help.out.contains(verb), "{verb}");
    }
}

#[test]
fn a_refused_setting_is_exit_2_and_names_it() {
    for (name, value, sign) in [
        ("LOYALTY__DATABASE__URL", "loyalty.db", "database.url"),
        ("LOYALTY__DATABASE__URL", "postgress://h/d", "database.url"),
        ("LOYALTY__SYNC__OVERLAP_SECONDS", "30", "sync.overlap_seconds"),
        ("LOYALTY__HTTP__BIND", "everywhere", "http.bind"),
        ("LOYALTY__HTTP__RATE_LIMIT_PER_SECOND", "-1", "rate_limit_per_second"),
        ("LOYALTY__SYNC__PAGE_SIZE", "many", "page_size"),
        ("LOYALTY__SYNC__PAGESIZE", "1", "pagesize"),
        ("LOYALTY__ODOO__URL", "http://127.0.0.1:1", "odoo.database"),
    ] {
        let refused = run(Some("sqlite://unused.db"), &[(name, value)], &["serve"]);
        assert_eq!(refused.code, 2, "{name}={value}: {refused:?}");
        assert!(refused.err.contains(sign), "{name}={value}: {refused:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let database = Database::sqlite();
    let typo = run_in(folder.path(), Some("loyalty.db"), &[], &["migrate"], None);
    assert_eq!(typo.code, 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a typo makes no database");
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, format!("[database]\nurl = \"{}\"\n[sync]\noverlap_seconds = 10\n", database.url())).unwrap();
    let refused = run_in(folder.path(), None, &[], &["--config", file.to_str().unwrap(), "migrate"], None);
    assert_eq!(refused.code, 2, "{refused:?}");
    let missing = run_in(folder.path(), None, &[], &["--config", "nowhere.toml", "migrate"], None);
    assert_eq!(missing.code, 2, "{missing:?}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let database = Database::new();
    assert_eq!(run(Some(&database.url()), &[], &["migrate"]).code, 0);
    let count = "SELECT COUNT(*) FROM __diesel_schema_migrations";
    let before = database.number(count);
    // One that takes something away, and says so.
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')").unwrap();
    database.execute("UPDATE schema_floor SET version = '99991231000000'").unwrap();
    for verb in [&["serve"][..], &["migrate"][..], &["verify"][..], &["token", "list"][..]] {
        let refused = run(Some(&database.url()), &[], verb);
        assert_eq!(refused.code, 1, "{verb:?}: {refused:?}");
        assert!(refused.err.contains("newer"), "{verb:?}: {refused:?}");
    }
    assert_eq!(database.number(count), before + 1);
}

#[test]
fn migrate_twice_does_it_once() {
    let database = Database::new();
    let first = run(Some(&database.url()), &[], &["migrate", "--json"]);
    assert!(!first.out.contains("[]"), "{first:?}");
    assert_eq!(run(Some(&database.url()), &[], &["migrate", "--json"]).out, "{\"migrations\":[]}");
}

#[test]
fn a_reading_verb_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing.db");
    let refused = run(Some(&format!("sqlite://{}", path.display())), &[], &["verify"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("there is no database"), "{refused:?}");
    assert!(!path.exists());
}

#[test]
fn a_token_is_printed_alone_and_kept_as_a_hash() {
    let database = Database::new();
    let made = run(Some(&database.url()), &[], &["token", "create", "--role", "pos", "--name", "till 1"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.out.starts_with("lsk_") && !made.out.contains(char::is_whitespace), "{made:?}");
    let secret = made.out.rsplit('_').next().unwrap();
    assert_eq!(database.number(&format!("SELECT COUNT(*) FROM tokens WHERE secret_sha256 LIKE '%{secret}%'")), 0);
    let listed = run(Some(&database.url()), &[], &["token", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed["tokens"][0]["name"], "till 1");
    assert_eq!(run(Some(&database.url()), &[], &["token", "revoke", "nobody"]).code, 1);
}

#[test]
fn doctor_says_what_is_missing() {
    let service = Service::start();
    let good = service.verb(&["doctor"]);
    assert_eq!(good.code, 0, "{good:?}");
    service.shop.shop.deny(Some("res.partner"));
    let bad = service.verb(&["doctor", "--json"]);
    assert_eq!(bad.code, 1, "{bad:?}");
    let report: Value = serde_json::from_str(&bad.out).unwrap();
    let failed: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["mark"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{report}");
    assert_eq!(failed[0]["subject"], "res.partner");
}

#[test]
fn a_port_that_is_taken_is_said_plainly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let database = Database::new();
    assert_eq!(run(Some(&database.url()), &[], &["token", "create", "--role", "pos", "--name", "odoo"]).code, 0);
    let refused = run(Some(&database.url()), &[("LOYALTY__HTTP__BIND", &address)], &["serve"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("http.bind") && refused.err.contains(&address), "{refused:?}");
}
