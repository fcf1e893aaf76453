//! Texts of an entry are erased on request: from everything that is kept, and without a crack in the chain.

use serde_json::{Value, json};

use crate::support::{Api, Database, Service, draft, uuid};

const GROUND: &str = "asked for by letter of 3 November";
const REASON: &str = "apology to Grete Feldkirch";
const CLAIM: &str = "Bertrand Quellmaier";

/// Whether anything that the database keeps has these words: every table, and on SQLite the bytes of its files, too.
fn keeps(database: &Database, words: &str) -> bool {
    if let Some(file) = database.file() {
        return ["", "-wal"].iter().any(|suffix| {
            let bytes = std::fs::read(format!("{}{suffix}", file.display())).unwrap_or_default();
            bytes.windows(words.len()).any(|window| window == words.as_bytes())
        });
    }
    let tables = "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public'";
    database.texts(tables).iter().any(|table| database.rows(table).contains(words))
}

/// Has the database clear away what it keeps of rows that are gone.
fn vacuum(database: &Database) {
    database.execute("VACUUM").unwrap();
    match database.file() {
        Some(_) => database.execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap(),
        None => database.execute("VACUUM FULL").unwrap(),
    }
}

fn entries(service: &Service, partner: i64) -> Vec<Value> {
    let page = service.admin.call("loyalty.history", json!({"partner_id": partner}));
    page["entries"].as_array().unwrap().clone()
}

fn redact(service: &Service, entry: &Value) -> Value {
    service.admin.call("ledger.redact", json!({"entry_id": entry["entry_id"], "ground": GROUND}))
}

#[test]
fn what_was_written_by_hand_is_erased_wherever_it_stands() {
    let service = Service::start();
    let manager = service.api("manager");
    service.admin.give(1, "30");
    // It takes the member below zero: the debt's exception says why.
    let asked = json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "points": "-50", "reason": REASON,
                       "on_behalf_of": CLAIM});
    let posted = manager.call("ledger.adjust", asked.clone());
    service.admin.give(1, "5");
    let debt = &service.admin.call("exception.list", json!({"kind": "debt"}))["exceptions"][0];
    assert!(debt["detail"].as_str().unwrap().contains(REASON), "{debt}");
    let before = entries(&service, 1);
    let entry = &before[1];
    let actor = entry["actor"].as_str().unwrap();
    let words = [REASON, CLAIM, actor];
    for words in words {
        assert!(keeps(&service.database, words), "{words} is looked for where it stands");
    }

    let certificate = redact(&service, entry);
    let head = service.database.texts(&format!("SELECT {} AS value FROM accounts", service.database.hex("last_hash")));
    assert_eq!(certificate["entry_id"], entry["entry_id"]);
    assert_eq!((&certificate["head_before"], &certificate["head_after"]), (&json!(head[0]), &json!(head[0])));
    assert_eq!(certificate["ground"], GROUND);
    assert!(certificate["at"].is_string() && certificate["by"].as_str().unwrap().contains("lsk_"), "{certificate}");
    let again = json!({"entry_id": entry["entry_id"], "ground": "another"});
    assert_eq!(service.admin.call("ledger.redact", again), certificate, "again is the first certificate");

    let after = entries(&service, 1);
    let mut expected = entry.clone();
    for (name, value) in [("reason", Value::Null), ("on_behalf_of", Value::Null), ("actor", json!(""))] {
        expected[name] = value;
    }
    expected["cause"]["name"] = json!("");
    expected["redacted"] = json!(true);
    assert_eq!(after[1], expected, "points, times and ids stay");
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]), "other entries stay as they are");
    let explained = service.admin.call("loyalty.explain", json!({"entry_id": entry["entry_id"]}));
    assert_eq!((&explained["entry"], &explained["lots"]), (&after[1], &json!([{"expires_at": null, "points": "-30"}])));
    let debt = &service.admin.call("exception.list", json!({"kind": "debt"}))["exceptions"][0];
    assert!(debt["detail"].as_str().unwrap().contains("last by adjust of -50 (redacted): "), "{debt}");
    assert_eq!(manager.call("ledger.adjust", asked), posted, "a retry gets its reply");

    if service.database.file().is_some() {
        assert!(!keeps(&service.database, CLAIM), "the row's bytes are overwritten, and the log is emptied");
    }
    vacuum(&service.database);
    for words in words {
        assert!(!keeps(&service.database, words), "{words} is kept");
    }
    assert!(keeps(&service.database, GROUND), "the trail stays");
    service.admin.verified();
}

#[test]
fn names_in_a_transfer_are_not_kept_with_its_reply() {
    let service = Service::start();
    service.admin.give(1, "30");
    let reason = "Grete Feldkirch has two cards";
    let asked = json!({"idempotency_key": uuid(), "from_partner_id": 1, "to_partner_id": 2, "reason": reason});
    let moved = service.admin.call("member.transfer", asked.clone());
    assert_eq!(service.admin.call("member.transfer", asked.clone()), moved, "the same reply");
    let into = moved["entries"][1]["cause"]["name"].as_str().unwrap();
    assert!(keeps(&service.database, reason) && keeps(&service.database, into), "{moved}");
    for entry in moved["entries"].as_array().unwrap() {
        redact(&service, entry);
    }
    vacuum(&service.database);
    assert!(!keeps(&service.database, reason) && !keeps(&service.database, into));
    let again = service.admin.call("member.transfer", asked);
    for (before, after) in moved["entries"].as_array().unwrap().iter().zip(again["entries"].as_array().unwrap()) {
        assert_eq!(
            (&after["reason"], &after["cause"]["name"], &after["redacted"]),
            (&Value::Null, &json!(""), &json!(true))
        );
        assert_eq!((&after["entry_id"], &after["partner_id"]), (&before["entry_id"], &before["partner_id"]));
        assert_eq!((&after["points"], &after["program"]), (&before["points"], &before["program"]));
    }
    service.admin.verified();
}

#[test]
fn who_redeemed_is_erased_from_the_hold_too() {
    let service = Service::start();
    service.admin.give(1, "100");
    let till = service.api("pos");
    let order = uuid();
    let hold = till.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let capture = json!({"hold_id": hold["hold_id"], "order": {"uuid": order, "name": "Feldkirch/0001"}});
    let captured = till.call("loyalty.capture", capture.clone());
    let entry = entries(&service, 1)[0].clone();
    let actor = entry["actor"].as_str().unwrap();
    assert!(keeps(&service.database, actor) && keeps(&service.database, "Feldkirch/0001"));
    redact(&service, &entry);
    vacuum(&service.database);
    assert!(!keeps(&service.database, actor) && !keeps(&service.database, "Feldkirch/0001"));
    assert_eq!(till.call("loyalty.capture", capture), captured, "the same reply");
    let listed = &service.admin.call("redemption.list", json!({}))["redemptions"][0];
    assert_eq!(listed["entry_id"], entry["entry_id"], "{listed}");
    service.admin.verified();
}

#[test]
fn a_line_of_a_file_counts_once_also_after_its_reference_was_erased() {
    let service = Service::start();
    service.shop.sell(1, "1.00");
    service.admin.sync();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    std::fs::write(&path, "partner_id,points,reference,reason\n1,10,card of Grete Feldkirch,from the book\n").unwrap();
    let import = ["import", "csv", path.to_str().unwrap(), "--program", "club"];
    assert_eq!(service.verb(&import).code, 0);
    assert!(keeps(&service.database, "Grete Feldkirch"));
    redact(&service, &entries(&service, 1)[0]);
    vacuum(&service.database);
    assert!(!keeps(&service.database, "Grete Feldkirch"));
    let count = entries(&service, 1).len();
    let again = service.verb(&import);
    assert_eq!((again.code, entries(&service, 1).len()), (0, count), "{again:?}");
    service.admin.verified();
}

#[test]
fn verify_finds_what_was_done_to_redactions_by_hand() {
    let service = Service::start();
    service.admin.give(1, "10");
    let entry = entries(&service, 1)[0].clone();
    let copied = "CREATE TABLE copied AS SELECT * FROM entry_texts";
    service.database.execute(copied).unwrap();
    redact(&service, &entry);
    service.admin.verified();
    for sql in ["UPDATE redactions SET ground = ''", "DELETE FROM redactions"] {
        let problem = service.database.execute(sql).unwrap_err();
        assert!(problem.contains("append-only"), "{sql}: {problem}");
    }
    for (sql, sign) in [
        ("INSERT INTO entry_texts SELECT * FROM copied", "are there, although they were redacted"),
        ("DELETE FROM entry_texts; UPDATE redactions SET head_before = entry_id", "names the chain heads"),
        ("DELETE FROM redactions", "are missing, and no redaction says why"),
    ] {
        service.database.by_hand(sql);
        let found = service.verb(&["verify"]);
        assert!(found.code == 1 && found.out.contains(sign), "{sql}: {found:?}");
    }
}

#[test]
fn what_cannot_be_redacted_is_refused_by_name() {
    let service = Service::start();
    service.admin.give(1, "10");
    let entry = entries(&service, 1)[0]["entry_id"].clone();
    for nobody in [json!(uuid()), json!("no id at all")] {
        let refused = service.admin.refused("ledger.redact", json!({"entry_id": nobody, "ground": GROUND}));
        assert_eq!((refused.code, refused.kind.as_str()), (1105, "unknown_entry"), "{refused:?}");
    }
    for bad in [
        json!({"entry_id": entry}),
        json!({"entry_id": entry, "ground": ""}),
        json!({"entry_id": entry, "ground": "a\nb"}),
    ] {
        assert_eq!(service.admin.refused("ledger.redact", bad).code, -32602);
    }
    let manager: Api = service.api("manager");
    let asked = json!({"entry_id": entry, "ground": GROUND});
    assert_eq!(manager.refused("ledger.redact", asked).kind, "forbidden");
    assert_eq!(entries(&service, 1)[0]["redacted"], Value::Null);
}

#[test]
fn the_command_line_redacts_beside_the_running_service() {
    let service = Service::start();
    service.admin.give(1, "10");
    service.admin.give(1, "5");
    let listed = entries(&service, 1);
    let id = listed[1]["entry_id"].as_str().unwrap();
    let done = service.verb(&["redact", id, "--ground", GROUND]);
    assert!(done.code == 0 && done.out.contains("by command line: asked for by letter"), "{done:?}");
    let again = service.verb(&["redact", id, "--ground", "another", "--json"]);
    let certificate: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&certificate["entry_id"], &certificate["ground"]), (&json!(id), &json!(GROUND)));
    let history = service.verb(&["history", "1"]);
    assert!(history.out.lines().nth(1).unwrap().ends_with("adjust  redacted"), "{history:?}");
    assert_eq!(service.verb(&["redact", &uuid(), "--ground", GROUND]).code, 1);
    assert_eq!(service.verb(&["redact", id]).code, 2);
    if service.database.file().is_some() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        let name = copy.to_str().unwrap();
        assert_eq!(service.verb(&["backup", name]).code, 0);
        let checked = service.verb(&["restore-check", name]);
        assert_eq!(checked.code, 0, "{checked:?}");
    }
    assert_eq!(service.verb(&["verify"]).code, 0);
}
