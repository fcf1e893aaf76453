//! Two versions of the program on one database: migrations only expand, or say that they do not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Service, draft, eventually, line, reward_line, uuid};

/// What the next version might bring: all that a migration may do beside a program that does not know of it.
const LATER: &str = "
    ALTER TABLE holds ADD COLUMN till TEXT;
    ALTER TABLE orders ADD COLUMN origin TEXT NOT NULL DEFAULT 'pos';
    ALTER TABLE entries ADD COLUMN till TEXT;
    CREATE TABLE receipts (id BIGINT PRIMARY KEY, text TEXT NOT NULL);
    CREATE INDEX holds_by_reward ON holds (reward);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('99981231000000');
";

fn readiness(api: &crate::support::Api) -> (u16, Value) {
    let (status, text) = api.get("/readyz");
    (status, serde_json::from_str(&text).unwrap())
}

#[test]
fn a_database_that_a_newer_version_expanded_is_worked_on() {
    let service = Service::start();
    service.admin.give(1, "300");
    let before = uuid();
    let open = service.admin.hold(1, "5off", &draft(&before, 1, "25.00")).unwrap();
    service.database.execute(LATER).unwrap();
    // The one that was there before goes on; and one that starts only now begins.
    let (_replica, fresh) = service.replica();
    for (api, of) in [(&service.admin, "the one before"), (&fresh, "the fresh one")] {
        let (status, answer) = readiness(api);
        assert_eq!((status, &answer["status"]), (200, &json!("ready")), "{of}: {answer}");
        let order = uuid();
        let hold = api.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
        api.call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}));
    }
    service.shop.sell_lines(
        Some(1),
        &before,
        &[line(1, "1", "25.00"), reward_line(open["hold_id"].as_str().unwrap(), "5.00")],
    );
    fresh.sync();
    assert_eq!(service.admin.points(1), ("20".into(), "0".into(), "20".into()));
    fresh.verified();
    for verb in [&["verify"][..], &["migrate"], &["token", "list"], &["program", "list"], &["doctor"], &["sync"]] {
        let run = service.verb(verb);
        assert_eq!(run.code, 0, "{verb:?}: {run:?}");
    }
}

#[test]
fn one_that_took_something_away_is_refused_also_while_it_runs() {
    let service = Service::start();
    service.database.execute(LATER).unwrap();
    service.database.execute("UPDATE schema_floor SET version = '99981231000000'").unwrap();
    eventually("it is unready", || readiness(&service.admin).0 == 503);
    let refused = service.verb(&["serve"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let words = "the database was written by a newer loyalty-sidecar (it has migration 99981231000000); install that \
                 version or restore a backup";
    assert!(refused.err.contains(words), "{refused:?}");
}

#[test]
fn one_of_another_line_of_versions_is_refused() {
    let service = Service::start();
    // It lacks what this program has, and has what this program lacks.
    service.database.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261201000001'").unwrap();
    service.database.execute(LATER).unwrap();
    let refused = service.verb(&["migrate"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("newer"), "{refused:?}");
}

#[test]
fn a_database_of_before_the_first_release_is_refused_by_name_and_left_alone() {
    let service = Service::start();
    service.database.execute("UPDATE __diesel_schema_migrations SET version = '20261122000001'").unwrap();
    eventually("it is unready", || readiness(&service.admin).0 == 503);
    for verb in [&["serve"][..], &["migrate"], &["verify"], &["program", "list"]] {
        let refused = service.verb(verb);
        assert_eq!(refused.code, 1, "{verb:?}: {refused:?}");
        for words in
            ["before the first release", "20261122000001", "nothing in it was changed", "loyalty-sidecar rebuild"]
        {
            assert!(refused.err.contains(words), "{verb:?}: {refused:?}");
        }
    }
    let doctor = service.verb(&["doctor"]);
    assert!(doctor.code == 1 && doctor.out.contains("before the first release"), "{doctor:?}");
    let migrations = service.database.number("SELECT COUNT(*) FROM __diesel_schema_migrations");
    assert_eq!(migrations, 1, "nothing was run");
}

/// A migration's statements, each on one line.
fn statements(text: &str) -> Vec<String> {
    let text: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    text.join("\n")
        .split(';')
        .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// What a trigger refuses: its table, and of insert, update, delete and truncate those that it is asked before.
fn guarded(statement: &str) -> Option<(String, BTreeSet<String>)> {
    let words: Vec<&str> = statement.split(' ').collect();
    let place = |wanted: &str| words.iter().position(|word| *word == wanted);
    let (from, to) = (place("BEFORE")?, place("ON")?);
    let events = words.get(from + 1..to)?.iter().filter(|word| **word != "OR").map(|word| (*word).to_owned());
    Some(((*words.get(to + 1)?).to_owned(), events.collect()))
}

fn word(statement: &str, number: usize) -> String {
    let words = statement.split([' ', '(']).filter(|word| !word.is_empty());
    words.map(str::to_owned).nth(number).unwrap_or_default()
}

/// Of a migration's text, what a program that does not know of it could trip over. `indexes` are those of the
/// migrations before that promise nothing: without one, reading is slower and no more. `triggers` are those of the
/// migrations before. All they do is refuse what the program before never does, so that one may go; one that comes may
/// refuse nothing but what another refused that goes.
fn contractions(text: &str, indexes: &BTreeSet<String>, triggers: &BTreeMap<String, String>) -> Vec<String> {
    let statements = statements(text);
    let gone: Vec<(String, BTreeSet<String>)> = statements
        .iter()
        .filter(|one| one.starts_with("DROP TRIGGER "))
        .filter_map(|one| guarded(triggers.get(&word(one, 2))?))
        .collect();
    let made: BTreeSet<String> =
        statements.iter().filter(|one| one.starts_with("CREATE TABLE ")).map(|one| word(one, 2)).collect();
    let expands = |one: &String| {
        let upper = one.to_uppercase();
        if one.starts_with("DROP INDEX ") {
            return indexes.contains(&word(one, 2));
        }
        if one.starts_with("DROP TRIGGER ") {
            return triggers.contains_key(&word(one, 2));
        }
        if one.starts_with("CREATE TRIGGER ") {
            return guarded(one).is_some_and(|(table, events)| {
                gone.iter().any(|(before, refused)| *before == table && events.is_subset(refused))
            });
        }
        // Of a trigger's body in SQLite, which the statements are cut at.
        if one == "END" {
            return true;
        }
        if upper.starts_with("CREATE TABLE ") || upper.starts_with("CREATE INDEX ") {
            return true;
        }
        if upper.starts_with("ALTER TABLE ") {
            // Empty or with a default, and nothing that refuses a row which was good before.
            return word(&upper, 3) == "ADD"
                && word(&upper, 4) == "COLUMN"
                && (!upper.contains("NOT NULL") || upper.contains(" DEFAULT "))
                && !["UNIQUE", "CHECK", "PRIMARY", ","].iter().any(|sign| upper.contains(sign));
        }
        // What is only of its own; and cursors and recomputes, which only have Odoo read or orders computed again.
        let target = match word(&upper, 0).as_str() {
            "INSERT" | "DELETE" => word(one, 2),
            "UPDATE" => word(one, 1),
            "CREATE" if upper.starts_with("CREATE UNIQUE INDEX ") => {
                one.split(" ON ").nth(1).map(|rest| word(rest, 0)).unwrap_or_default()
            }
            _ => return false,
        };
        made.contains(&target) || target == "cursors" || (target == "recomputes" && upper.starts_with("INSERT "))
    };
    statements.iter().filter(|one| !expands(one)).cloned().collect()
}

#[test]
fn every_migration_only_expands_or_raises_the_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for side in ["sqlite", "postgres"] {
        let mut names: Vec<String> = std::fs::read_dir(root.join(side))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let mut indexes = BTreeSet::new();
        let mut triggers = BTreeMap::new();
        for (number, name) in names.iter().enumerate() {
            let text = std::fs::read_to_string(root.join(side).join(name).join("up.sql")).unwrap();
            let before = (indexes.clone(), triggers.clone());
            let made = statements(&text).into_iter().filter(|one| one.starts_with("CREATE TRIGGER "));
            triggers.extend(made.map(|one| (word(&one, 2), one)));
            indexes.extend(
                statements(&text).iter().filter(|one| one.starts_with("CREATE INDEX ")).map(|one| word(one, 2)),
            );
            // Before the first there was no program.
            if number == 0 {
                continue;
            }
            let version: String = name.split('_').next().unwrap().replace('-', "");
            let raises = text.contains(&format!("UPDATE schema_floor SET version = '{version}'"));
            let found = contractions(&text, &before.0, &before.1);
            assert!(
                raises || found.is_empty(),
                "{side}/{name} takes something away from the version before, and does not raise schema_floor: {found:?}"
            );
        }
    }
}

#[test]
fn what_takes_something_away_is_found() {
    for contraction in [
        "DROP TABLE lots;",
        "ALTER TABLE holds DROP COLUMN actor;",
        "ALTER TABLE holds RENAME COLUMN actor TO who;",
        "ALTER TABLE holds RENAME TO reservations;",
        "ALTER TABLE holds ALTER COLUMN actor TYPE BIGINT;",
        "ALTER TABLE holds ADD COLUMN till TEXT NOT NULL;",
        "ALTER TABLE holds ADD COLUMN till TEXT UNIQUE;",
        "ALTER TABLE holds ADD COLUMN till TEXT, DROP COLUMN actor;",
        "ALTER TABLE holds ADD CONSTRAINT c CHECK (points_e2 < 5);",
        "CREATE UNIQUE INDEX one_hold ON holds (order_uuid);",
        "CREATE TRIGGER t BEFORE INSERT ON holds FOR EACH ROW EXECUTE FUNCTION f();",
        "UPDATE holds SET actor = '';",
        "DELETE FROM holds;",
        "-- a comment\ncreate index harmless on holds (actor); drop index holds_due;",
        "DROP INDEX one_of_each;",
    ] {
        assert_eq!(contractions(contraction, &BTreeSet::new(), &BTreeMap::new()).len(), 1, "{contraction}");
    }
    let guard = "CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON holds FOR EACH STATEMENT EXECUTE FUNCTION refuse()";
    let triggers = BTreeMap::from([("guard".to_owned(), guard.to_owned())]);
    for (change, is_found) in [
        ("DROP TRIGGER guard ON holds", false),
        ("DROP TRIGGER unknown ON holds", true),
        ("DROP TRIGGER guard; CREATE TRIGGER guard BEFORE DELETE ON holds WHEN OLD.x BEGIN SELECT 1; END", false),
        ("DROP TRIGGER guard; CREATE TRIGGER guard BEFORE INSERT ON holds BEGIN SELECT 1; END", true),
        ("DROP TRIGGER guard; CREATE TRIGGER guard BEFORE DELETE ON lots BEGIN SELECT 1; END", true),
        ("CREATE TRIGGER other BEFORE DELETE ON holds BEGIN SELECT 1; END", true),
    ] {
        let found = contractions(change, &BTreeSet::new(), &triggers);
        assert_eq!(!found.is_empty(), is_found, "{change}: {found:?}");
    }
    let plain = BTreeSet::from(["plain".to_owned()]);
    let none = BTreeMap::new();
    assert_eq!(contractions("DROP INDEX plain;", &plain, &none), Vec::<String>::new());
    let later = LATER.replace("INSERT INTO __diesel_schema_migrations", "-- ");
    assert_eq!(contractions(&later, &plain, &none), Vec::<String>::new());
}
