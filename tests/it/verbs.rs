//! What the command line does with the ledger beside a running service: corrections, histories, exceptions, backups.

use std::os::unix::fs::PermissionsExt;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Database, Run, Service, club, parsed, run, run_in};

fn adjust(service: &Service, more: &[&str]) -> Run {
    let all = [&["adjust", "--partner", "1", "--program", "club"], more].concat();
    service.verb(&all)
}

#[test]
fn points_are_corrected_and_looked_at_from_the_command_line() {
    let service = Service::start();
    let given = adjust(&service, &["--points", "40", "--reason", "forgotten", "--on-behalf-of", "Anna"]);
    assert_eq!((given.code, given.out.as_str()), (0, "customer 1 has 40 in club now"), "{given:?}");
    assert_eq!(parsed(&adjust(&service, &["--points", "-12.5", "--reason", "twice", "--json"]))["balance"], "27.5");
    assert_eq!(service.admin.balance(1), "27.5", "the running service sees it at once");
    // With a key of one's own it is done once.
    for _ in 0..2 {
        let once = adjust(&service, &["--points", "1", "--reason", "a card", "--key", "card 7", "--json"]);
        assert_eq!(parsed(&once)["balance"], "28.5");
    }
    let other = adjust(&service, &["--points", "2", "--reason", "a card", "--key", "card 7"]);
    assert_eq!(other.code, 1, "{other:?}");

    let history = service.verb(&["history", "1"]);
    let lines: Vec<&str> = history.out.lines().collect();
    assert_eq!((history.code, lines.len()), (0, 3), "{history:?}");
    assert!(
        lines[2].contains("Club: +40 = 40  adjust  forgotten  by command line  for “Anna” as it says"),
        "{history:?}"
    );
    assert!(lines[1].contains("Club: -12.5 = 27.5"), "{history:?}");
    let page = parsed(&service.verb(&["history", "1", "--program", "club", "--limit", "2", "--json"]));
    assert_eq!(page["entries"].as_array().unwrap().len(), 2);
    let next = page["next"].as_str().unwrap();
    let rest = parsed(&service.verb(&["history", "1", "--before", next, "--json"]));
    assert_eq!(rest["entries"][0]["on_behalf_of"], "Anna");
    assert_eq!(service.verb(&["history", "2"]).out, "customer 2 has no entries");

    for (arguments, code) in [
        (&["history", "1", "--before", "yesterday"][..], 2),
        (&["history", "1", "--program", "pub"], 1),
        (&["history", "none"], 2),
        (&["history", "1", "--limit", "501"], 2),
        (&["adjust", "--partner", "1", "--program", "pub", "--points", "1", "--reason", "r"], 1),
        (&["adjust", "--partner", "999", "--program", "club", "--points", "1", "--reason", "r"], 1),
        (&["adjust", "--partner", "1", "--program", "club", "--points", "0", "--reason", "r"], 2),
        (&["adjust", "--partner", "1", "--program", "club", "--points", "1.001", "--reason", "r"], 2),
        (&["adjust", "--partner", "1", "--program", "club", "--points", "1", "--reason", "a\nb"], 2),
        (&["adjust", "--partner", "1", "--program", "club", "--points", "1"], 2),
    ] {
        let refused = service.verb(arguments);
        assert_eq!(refused.code, code, "{arguments:?}: {refused:?}");
        assert!(!refused.err.trim().is_empty() && refused.out.is_empty(), "{arguments:?}: {refused:?}");
    }
    service.admin.verified();
}

#[test]
fn exceptions_are_listed_and_resolved_from_the_command_line() {
    let service = Service::start();
    assert_eq!(service.verb(&["exceptions", "list"]).out, "there are none");
    adjust(&service, &["--points", "-5", "--reason", "spent elsewhere"]);
    let listed = service.verb(&["exceptions", "list"]);
    assert!(listed.out.contains("  debt  customer 1 Customer 1  "), "{listed:?}");
    let id = parsed(&service.verb(&["exceptions", "list", "--kind", "debt", "--partner", "1", "--json"]))["exceptions"]
        [0]["exception_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let resolved = service.verb(&["exceptions", "resolve", &id, "--note", "written off", "--on-behalf-of", "Anna"]);
    assert_eq!(resolved.code, 0, "{resolved:?}");
    assert_eq!(service.verb(&["exceptions", "list"]).out, "there are none");
    let all = service.verb(&["exceptions", "list", "--state", "all"]);
    assert!(all.out.ends_with("resolved by command line for “Anna” as it says: written off"), "{all:?}");
    let unknown = service.verb(&["exceptions", "resolve", "nonsense", "--note", "n"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.err.contains("exceptions list --state all"), "{unknown:?}");
    for wrong in [
        &["exceptions"][..],
        &["exceptions", "list", "--kind", "nonsense"],
        &["exceptions", "resolve", &id, "--note", " "],
    ] {
        assert_eq!(service.verb(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn programs_that_ended_or_have_not_begun_are_listed_as_such_and_archived_by_a_verb() {
    let service = Service::start();
    let at = |days: i64| (Utc::now() + TimeDelta::days(days)).to_rfc3339();
    for (code, member, days) in [("past", "ends_at", -1), ("future", "starts_at", 1)] {
        let mut program = club();
        program["code"] = json!(code);
        program[member] = json!(at(days));
        service.admin.call("program.put", json!({"program": program}));
    }
    let listed = service.verb(&["program", "list"]).out;
    let line = |code: &str| listed.lines().find(|line| line.starts_with(&format!("{code} "))).unwrap().to_owned();
    assert!(line("club").ends_with("(running)"), "{listed}");
    assert!(line("past").contains("(ended 20"), "{listed}");
    assert!(line("future").contains("(not yet: from 20"), "{listed}");
    let told = parsed(&service.verb(&["program", "list", "--json"]));
    let states: Vec<&str> =
        told["programs"].as_array().unwrap().iter().map(|program| program["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["running", "ended", "not_yet"]);

    let archived = service.verb(&["program", "archive", "club"]);
    assert!(archived.code == 0 && archived.out.starts_with("club is archived since 20"), "{archived:?}");
    assert!(service.verb(&["program", "list"]).out.contains("(archived 20"));
    assert_eq!(parsed(&service.verb(&["program", "archive", "club", "--json"]))["code"], "club");
    assert_eq!(service.verb(&["program", "archive", "pub"]).code, 1);
}

#[test]
fn a_program_is_printed_without_what_is_default_and_may_be_put_again() {
    let service = Service::start();
    let short = service.verb(&["program", "get", "club"]);
    assert_eq!(short.code, 0, "{short:?}");
    let document: Value = serde_json::from_str(&short.out).unwrap();
    assert_eq!(document, club(), "{document:#}");
    let whole: Value = serde_json::from_str(&service.verb(&["program", "get", "club", "--whole"]).out).unwrap();
    assert_eq!(whole["timezone"], "UTC");
    assert_eq!(parsed(&service.verb(&["program", "get", "club", "--json"]))["program"], whole);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.json");
    std::fs::write(&file, &short.out).unwrap();
    let put = parsed(&service.verb(&["program", "put", file.to_str().unwrap(), "--json"]));
    assert_eq!(put["version"], 1, "it says the same");
}

#[test]
fn a_backup_is_made_beside_the_running_service_and_can_be_restored() {
    let service = Service::start();
    service.admin.give(1, "40");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let name = file.to_str().unwrap();
    let made = service.verb(&["backup", name, "--json"]);
    if let (Database::Postgres { .. }, false) = (&service.database, made.code == 0) {
        // Without a pg_dump as new as the server: the command to use, without the password.
        assert!(made.err.contains("pg_dump --format=custom"), "{made:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half-done stays");
        return;
    }
    let told = parsed(&made);
    let on_disk = std::fs::metadata(&file).unwrap();
    assert_eq!((&told["bytes"], &told["checked"]), (&json!(on_disk.len()), &json!(true)));
    assert_eq!(on_disk.permissions().mode() & 0o777, 0o600, "it says who bought what");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing beside it");
    let again = service.verb(&["backup", name]);
    assert!(again.code == 1 && again.err.contains("overwrites nothing"), "{again:?}");
    let nowhere = service.verb(&["backup", "/nowhere/copy.db"]);
    assert!(nowhere.code == 1 && nowhere.err.contains("cannot be written"), "{nowhere:?}");

    if let Database::Postgres { .. } = service.database {
        let dump = service.verb(&["restore-check", name]);
        assert!(dump.code == 1 && dump.err.contains("pg_restore"), "{dump:?}");
        let live = service.verb(&["restore-check", &service.database.url()]);
        assert!(live.code == 0 && live.out.contains("every invariant holds"), "{live:?}");
        return;
    }
    // What comes later is not in it.
    service.admin.give(1, "2");
    let bytes = std::fs::read(&file).unwrap();
    let checked = service.verb(&["restore-check", name]);
    assert_eq!(checked.code, 0, "{checked:?}");
    for words in ["the file is whole", "of this version", "1 accounts, 1 entries", "every invariant holds"] {
        assert!(checked.out.contains(words), "{words}: {checked:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "it is not touched");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let url = format!("sqlite://{name}");
    let restored = run(Some(&url), &[], &["history", "1", "--json"]);
    assert_eq!(parsed(&restored)["entries"][0]["balance_after"], "40");
}

#[test]
fn a_backup_that_is_no_good_is_found_out() {
    let service = Service::start();
    if let Database::Postgres { .. } = service.database {
        return;
    }
    for _ in 0..50 {
        service.admin.give(1, "1");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let check = |name: &str| service.verb(&["restore-check", path(name).to_str().unwrap()]);
    assert_eq!(service.verb(&["backup", path("good.db").to_str().unwrap()]).code, 0);
    // Cut off, as by a full disk; scribbled over; changed by hand; something else.
    let bytes = std::fs::read(path("good.db")).unwrap();
    std::fs::write(path("cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    let mut scribbled = bytes.clone();
    for byte in scribbled.iter_mut().skip(4096 * 3).take(4096 * 2) {
        *byte = 0x5a;
    }
    std::fs::write(path("scribbled.db"), scribbled).unwrap();
    std::fs::copy(path("good.db"), path("changed.db")).unwrap();
    {
        use diesel::connection::SimpleConnection;
        let mut conn =
            <diesel::SqliteConnection as diesel::Connection>::establish(path("changed.db").to_str().unwrap()).unwrap();
        conn.batch_execute("UPDATE accounts SET balance_e2 = 1").unwrap();
    }
    std::fs::write(path("else.db"), "a letter").unwrap();
    std::fs::write(path("empty.db"), "").unwrap();
    for name in ["cut.db", "scribbled.db", "changed.db", "else.db", "empty.db", "absent.db"] {
        let found = check(name);
        assert_eq!(found.code, 1, "{name}: {found:?}");
    }
    let changed = check("changed.db");
    assert!(changed.out.contains("VIOLATION") && changed.out.contains("take another backup"), "{changed:?}");
    assert_eq!(check("good.db").code, 0);
    // One of before the first release.
    std::fs::copy(path("good.db"), path("old.db")).unwrap();
    {
        use diesel::connection::SimpleConnection;
        let mut conn =
            <diesel::SqliteConnection as diesel::Connection>::establish(path("old.db").to_str().unwrap()).unwrap();
        conn.batch_execute("UPDATE __diesel_schema_migrations SET version = '20261122000001'").unwrap();
    }
    let old = check("old.db");
    assert!(old.code == 1 && old.err.contains("before the first release"), "{old:?}");
}

#[test]
fn a_relative_path_is_one_from_the_configuration_file_s_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (etc, elsewhere) = (folder.path().join("etc"), folder.path().join("elsewhere"));
    for made in [&etc, &elsewhere] {
        std::fs::create_dir(made).unwrap();
    }
    let settings = etc.join("loyalty.toml");
    std::fs::write(&settings, "[database]\nurl = \"sqlite://points.db\"\n").unwrap();
    let with = |arguments: &[&str]| {
        let all = [&["--config", settings.to_str().unwrap()], arguments].concat();
        run_in(&elsewhere, None, &[], &all, None)
    };
    assert_eq!(with(&["migrate"]).code, 0);
    assert!(etc.join("points.db").exists() && !elsewhere.join("points.db").exists());
    // The environment's is one from the working folder.
    let other =
        run_in(&elsewhere, Some("sqlite://points.db"), &[], &["--config", settings.to_str().unwrap(), "migrate"], None);
    assert_eq!(other.code, 0, "{other:?}");
    assert!(elsewhere.join("points.db").exists());
    // Where a ledger is in the working folder, as it used to be, nobody begins an empty one.
    std::fs::remove_file(etc.join("points.db")).unwrap();
    let refused = with(&["migrate"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("database.url") && refused.err.contains("elsewhere/points.db"), "{refused:?}");
    assert!(!etc.join("points.db").exists());
}

#[test]
fn serve_says_where_its_ledger_is() {
    let service = Service::start();
    let place = match service.database.file() {
        Some(file) => format!("sqlite://{}", file.display()),
        None => "postgres://".to_owned(),
    };
    assert!(service.log().contains(&place), "{}", service.log());
}

#[test]
fn a_dump_shows_no_password_to_the_machine_s_processes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let url = "postgres://h:5432/db?user=u&password=s3cret%2B+&sslmode=require&sslpassword=k3yword";
    let backup = |name: &str| {
        run(Some(url), &[("PATH", tools.to_str().unwrap()), ("TOLD", &at("told"))], &["backup", &at(name), "--json"])
    };
    let shown = |run: &Run| format!("{}{}", run.out, run.err);
    let absent = backup("absent");
    assert!(absent.code == 1 && absent.err.contains("pg_dump cannot be started"), "{absent:?}");
    assert!(absent.err.contains("postgres://h:5432/db?user=u&sslmode=require"), "{absent:?}");

    // One that tells what it was given, and cannot be checked: there is no pg_restore.
    let script = "#!/bin/sh\n{ echo \"$PGPASSWORD\"; echo \"$@\"; } > \"$TOLD\"\n\
                  while read -r row; do echo \"$row\"; done < \"$PGSERVICEFILE\" > \"$TOLD.service\"\n\
                  [ -e \"$TOLD.fails\" ] && exit 1\necho dump > \"$3\"\n";
    let tool = tools.join("pg_dump");
    std::fs::write(&tool, script).unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let made = backup("made");
    let told = std::fs::read_to_string(at("told")).unwrap();
    let (password, arguments) = told.split_once('\n').unwrap();
    assert_eq!(password, "s3cret++", "as libpq reads it");
    assert!(arguments.contains("user=u&sslmode=require") && !arguments.contains("password"), "{arguments}");
    let service = std::fs::read_to_string(at("told.service")).unwrap();
    assert!(service.contains("sslpassword=k3yword"), "{service}");
    assert_eq!(parsed(&made)["checked"], false, "there is no pg_restore");
    let words = run(Some(url), &[("PATH", tools.to_str().unwrap()), ("TOLD", &at("told"))], &["backup", &at("words")]);
    assert!(words.code == 0 && words.out.contains("not checked") && words.out.contains("pg_restore"), "{words:?}");
    std::fs::write(at("told.fails"), "").unwrap();
    let failed = backup("failed");
    assert!(failed.code == 1 && failed.err.contains("run: pg_dump"), "{failed:?}");
    for said in [&absent, &made, &words, &failed] {
        let said = shown(said);
        assert!(!said.contains("s3cret") && !said.contains("k3yword"), "{said}");
    }
    let left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|one| one.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("unfinished"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_holds_no_ledger_is_not_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("empty.db"), "").unwrap();
    let empty = run(Some(&format!("sqlite://{}", path("empty.db"))), &[], &["backup", &path("nothing.db")]);
    assert!(empty.code == 1 && empty.err.contains("no ledger"), "{empty:?}");
    assert!(!folder.path().join("nothing.db").exists());
}
