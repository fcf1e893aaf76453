//! Who may do what, and input that is wrong.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use loyalty_sidecar::demo::FaultInjection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Api, Database, Run, Service, club, draft, eventually, line, run, run_in, uuid};

/// Clears the screen, turns the text round, ends the line, and says that all is well.
const HOSTILE: &str = "Eve\u{1b}[2J\u{9b}31m\u{202e}\nok       all: good";

/// What of [`HOSTILE`] must not reach a terminal. A line break may, between lines of ours.
fn commands_a_terminal(text: &str) -> bool {
    text.chars().any(|letter| letter != '\n' && (letter.is_control() || letter == '\u{202e}'))
        || text.contains("\nok       all")
}

fn history(api: &Api, partner: i64) -> Vec<Value> {
    api.call("loyalty.history", json!({"partner_id": partner}))["entries"].as_array().unwrap().clone()
}

/// The public part of a token.
fn prefix(token: &str) -> &str {
    token.rsplit_once('_').unwrap().0
}

#[test]
fn a_till_gives_no_points_by_enrolling_someone_in_the_past() {
    let mut program = club();
    program["enrolment"] = json!("explicit");
    let service = Service::without_program(&[]);
    service.admin.call("program.put", json!({"program": program}));
    service.shop.sell_at(Utc::now() - TimeDelta::hours(1), Some(1), &uuid(), &[line(1, "1", "100.00")]);
    service.admin.sync();
    let till = service.api("pos");
    let since = (Utc::now() - TimeDelta::days(1)).to_rfc3339();
    let ask = json!({"partner_id": 1, "program": "club", "since": since});
    for role in ["pos", "viewer"] {
        let refused = service.api(role).refused("member.enrol", ask.clone());
        assert_eq!((refused.code, refused.kind.as_str()), (1301, "forbidden"), "{refused:?}");
        assert_eq!(refused.data["required"], "admin", "{refused:?}");
        assert!(refused.message.contains("since"), "{refused:?}");
    }
    assert_eq!(service.admin.balance(1), "0");
    // From now on is a till's to say.
    till.call("member.enrol", json!({"partner_id": 2, "program": "club", "since": null}));
    assert_eq!(service.admin.balance(1), "0");

    let token = service.token("admin");
    Api::new(&service.admin.base, Some(&token)).call("member.enrol", ask);
    assert_eq!(service.admin.balance(1), "100");
    let entry = &history(&service.admin, 1)[0];
    let actor = entry["actor"].as_str().unwrap();
    assert!(actor.ends_with(&format!("({})", prefix(&token))), "who enrolled: {entry}");
    assert!(entry["reason"].as_str().is_some_and(|reason| reason.starts_with("enrolled since 20")), "{entry}");
    service.admin.verified();
}

#[test]
fn what_a_put_for_the_past_changed_names_the_put_and_who_made_it() {
    let service = Service::start();
    service.shop.sell(1, "100.00");
    service.admin.sync();
    assert_eq!(history(&service.admin, 1)[0]["actor"], "sync");
    let mut doubled = club();
    doubled["earning"]["rules"][0]["points"] = json!("20");
    let token = service.token("admin");
    let office = Api::new(&service.admin.base, Some(&token));
    let from = (Utc::now() - TimeDelta::days(1)).to_rfc3339();
    office.call("program.put", json!({"program": doubled, "effective_from": from}));
    let entry = history(&service.admin, 1)[0].clone();
    assert_eq!(entry["points"], "100", "{entry}");
    assert!(entry["actor"].as_str().unwrap().contains(prefix(&token)), "{entry}");
    assert_eq!(entry["reason"], "version 2 of program club was put", "{entry}");
    // What is read later is nobody's doing.
    service.shop.sell(1, "10.00");
    service.admin.sync();
    let entry = history(&service.admin, 1)[0].clone();
    assert_eq!((&entry["actor"], &entry["reason"]), (&json!("sync"), &Value::Null), "{entry}");
    service.admin.verified();
}

/// The verbs that only read, each with all it needs, and its settings.
fn reading_verbs(folder: &std::path::Path) -> Vec<Vec<String>> {
    let program = folder.join("club.json").display().to_string();
    let points = folder.join("points.csv").display().to_string();
    std::fs::write(&program, club().to_string()).unwrap();
    std::fs::write(&points, "partner_id,points\n1,5\n").unwrap();
    [
        &["verify"][..],
        &["token", "list"],
        &["program", "list"],
        &["program", "get", "club"],
        &["program", "simulate", &program],
        &["import", "csv", &points, "--program", "club", "--dry-run"],
        &["import", "odoo-loyalty", "--program", "club", "--dry-run"],
    ]
    .iter()
    .map(|words| words.iter().map(|word| (*word).to_owned()).collect())
    .collect()
}

const SOME_ODOO: [(&str, &str); 5] = [
    ("LOYALTY__ODOO__URL", "http://127.0.0.1:9"),
    ("LOYALTY__ODOO__DATABASE", "d"),
    ("LOYALTY__ODOO__LOGIN", "l"),
    ("LOYALTY__ODOO__API_KEY", "k"),
    ("LOYALTY__ODOO__RETRIES", "0"),
];

fn read_with(database: &Database, words: &[String]) -> Run {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(Some(&database.url()), &SOME_ODOO, &words)
}

/// The tables that there are.
fn tables(database: &Database) -> i64 {
    match database {
        Database::Sqlite { .. } => database.number("SELECT COUNT(*) FROM sqlite_master"),
        Database::Postgres { .. } => database.number("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"),
    }
}

#[test]
fn a_verb_that_reads_migrates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::new();
    if let Some(file) = database.file() {
        std::fs::write(file, "").unwrap();
    }
    for words in reading_verbs(folder.path()).into_iter().chain([vec!["doctor".to_owned()]]) {
        let read = read_with(&database, &words);
        assert_eq!(tables(&database), 0, "{words:?} made a schema: {read:?}");
        if words != ["doctor"] {
            assert_eq!(read.code, 1, "{words:?}: {read:?}");
            assert!(read.err.contains("older") && read.err.contains("loyalty-sidecar migrate"), "{words:?}: {read:?}");
        }
    }
    // One that has all but the last.
    assert_eq!(run(Some(&database.url()), &[], &["migrate"]).code, 0);
    let last = "SELECT MAX(CAST(version AS TEXT)) AS value FROM __diesel_schema_migrations";
    let last = database.texts(last).remove(0);
    database.execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{last}'")).unwrap();
    let count = "SELECT COUNT(*) FROM __diesel_schema_migrations";
    let before = database.number(count);
    for words in reading_verbs(folder.path()) {
        let read = read_with(&database, &words);
        assert_eq!((read.code, database.number(count)), (1, before), "{words:?}: {read:?}");
        assert!(read.err.contains("lacks 1 migration"), "{words:?}: {read:?}");
    }
    // And one of a version to come, which is told as such.
    database.execute(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{last}'), ('9999')")).unwrap();
    database.execute("UPDATE schema_floor SET version = '9999'").unwrap();
    for words in reading_verbs(folder.path()) {
        let read = read_with(&database, &words);
        assert_eq!((read.code, database.number(count)), (1, before + 2), "{words:?}: {read:?}");
        assert!(read.err.contains("newer"), "{words:?}: {read:?}");
    }
}

#[test]
fn a_text_that_commands_a_terminal_is_kept_nowhere() {
    let service = Service::start();
    let order = |text: &str| {
        let mut order = draft(&uuid(), 1, "25.00");
        order["uuid"] = json!(text);
        order
    };
    let line_with = |name: &str, text: &str| {
        let mut order = order(&uuid());
        order["lines"][0][name] = json!(text);
        order
    };
    let hold = |key: &str, reward: &str, order: Value| {
        (
            "loyalty.hold",
            json!({"idempotency_key": key, "partner_id": 1, "program": "club", "reward": reward, "order": order}),
        )
    };
    let adjust = |key: &str, program: &str, reason: &str| {
        let params =
            json!({"idempotency_key": key, "partner_id": 1, "program": program, "points": "1", "reason": reason});
        ("ledger.adjust", params)
    };
    let capture =
        |uuid: &str, name: &str| ("loyalty.capture", json!({"hold_id": "h", "order": {"uuid": uuid, "name": name}}));
    for control in ['\u{1b}', '\0', '\n', '\r', '\t', '\u{7f}', '\u{85}', '\u{9b}', '\u{202e}', '\u{2066}'] {
        let text = format!("a{control}b");
        let bad = text.as_str();
        for ((method, params), parameter) in [
            (adjust(bad, "club", "r"), "idempotency_key"),
            (adjust("k", bad, "r"), "program"),
            (adjust("k", "club", bad), "reason"),
            (hold(bad, "5off", order("u")), "idempotency_key"),
            (hold("k", bad, order("u")), "reward"),
            (hold("k", "5off", order(bad)), "order.uuid"),
            (hold("k", "5off", line_with("uuid", bad)), "order.lines[0].uuid"),
            (hold("k", "5off", line_with("hold_id", bad)), "order.lines[0].hold_id"),
            (capture(bad, "n"), "order.uuid"),
            (capture("u", bad), "order.name"),
            (("loyalty.release", json!({"hold_id": "h", "reason": bad})), "reason"),
            (("exception.resolve", json!({"exception_id": "e", "note": bad})), "note"),
            (("member.enrol", json!({"partner_id": 1, "program": bad})), "program"),
        ] {
            let refused = service.admin.refused(method, params);
            assert_eq!((refused.code, &refused.data["parameter"]), (-32602, &json!(parameter)), "{bad:?}: {refused:?}");
            assert!(refused.message.starts_with(parameter), "{bad:?}: {refused:?}");
        }
        for (path, change) in [("/name", "name"), ("/points_name", "points_name")] {
            let mut program = club();
            program[change] = json!(bad);
            let refused = service.admin.refused("program.put", json!({"program": program}));
            assert_eq!((refused.code, &refused.data["path"]), (1201, &json!(path)), "{bad:?}: {refused:?}");
        }
        if control != '\0' {
            let made = service.verb(&["token", "create", "--role", "pos", "--name", bad]);
            assert!(made.code == 1 && made.err.contains("control characters"), "{bad:?}: {made:?}");
        }
    }
    service.admin.give(1, "1");
    assert_eq!(service.admin.balance(1), "1", "plain text is taken");
}

#[test]
fn what_odoo_says_comes_to_a_terminal_as_text() {
    let service = Service::start();
    let customer = json!({"id": 7, "name": HOSTILE, "commercial_partner_id": 7, "active": true});
    service.shop.shop.insert("res.partner", customer);
    service.shop.sell(7, "30.00");
    service.admin.sync();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.json").display().to_string();
    std::fs::write(&file, club().to_string()).unwrap();
    let words = service.verb(&["program", "simulate", &file]);
    assert!(words.out.contains("Eve\\u{1b}[2J"), "{words:?}");
    assert!(!commands_a_terminal(&words.out), "{words:?}");
    let shown = service.verb(&["program", "simulate", &file, "--json"]);
    assert!(!commands_a_terminal(&shown.out), "{shown:?}");
    let forecast: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(forecast["members"]["top"][0]["name"], HOSTILE, "machines read what Odoo says");

    service.shop.shop.inject(FaultInjection::Error("builtins.ValueError", HOSTILE), None, None);
    for words in [&["doctor"][..], &["sync"]] {
        let failed = service.verb(words);
        assert_eq!(failed.code, 1, "{failed:?}");
        assert!((failed.out.clone() + &failed.err).contains("Eve\\u{1b}[2J"), "{words:?}: {failed:?}");
        assert!(!commands_a_terminal(&failed.out) && !commands_a_terminal(&failed.err), "{words:?}: {failed:?}");
    }
    service.admin.refused("sync.run", json!({}));
    let log = service.log();
    assert!(log.contains("Eve") && !commands_a_terminal(&log), "{log}");
}

#[test]
fn the_ledger_s_files_are_their_owner_s_alone() {
    let service = Service::without_program(&[]);
    let Some(file) = service.database.file() else { return };
    let beside = |suffix: &str| std::path::PathBuf::from(format!("{}{suffix}", file.display()));
    let mode = |suffix: &str| std::fs::metadata(beside(suffix)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["", "-wal", "-shm"].map(mode), [0o600; 3]);
    let good = service.verb(&["doctor"]);
    assert!(good.code == 0 && !good.out.contains("chmod"), "{good:?}");
    // One from before, or one that was copied.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let warned = service.verb(&["doctor"]);
    assert_eq!(warned.code, 0, "{warned:?}");
    assert!(warned.out.contains("warning") && warned.out.contains("chmod 600"), "{warned:?}");
    let (_replica, _) = service.replica();
    assert!(service.log().contains("chmod 600"), "{}", service.log());
    assert_eq!(mode(""), 0o644, "whoever opened it to others may have had a reason");
}

#[test]
fn an_address_is_told_without_its_password_and_an_open_one_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |database: &str, url: &str| {
        let mut environment = SOME_ODOO.to_vec();
        environment.extend([("LOYALTY__ODOO__URL", url), ("LOYALTY__ODOO__TIMEOUT_MS", "200")]);
        let told = run_in(folder.path(), Some(database), &environment, &["doctor"], None);
        assert!(!told.out.contains("hunter2") && !told.err.contains("hunter2"), "{url}: {told:?}");
        told
    };
    for url in ["ftp://user:hunter2@shop.example", "htps//user:hunter2@shop.example", "shop.example?key=hunter2"] {
        let refused = doctor("sqlite://l.db", url);
        assert!(refused.code == 2 && refused.err.contains("odoo.url"), "{url}: {refused:?}");
    }
    let open = doctor("sqlite://l.db", "http://user:hunter2@192.0.2.1/?key=hunter2");
    assert!(open.out.contains("plain HTTP to another machine"), "{open:?}");
    let home = doctor("sqlite://l.db", "http://user:hunter2@localhost:9");
    assert!(!home.out.contains("plain HTTP"), "{home:?}");
    for (database, is_open) in [
        ("postgres://user:hunter2@192.0.2.1/l?connect_timeout=2", true),
        ("postgres://user:hunter2@192.0.2.1/l?connect_timeout=2&sslmode=require", false),
        ("postgres://user:hunter2@127.0.0.1:9/l", false),
    ] {
        let told = doctor(database, "http://localhost:9");
        assert_eq!(told.out.contains("sslmode"), is_open, "{database}: {told:?}");
    }
    // The log of a service says so, too.
    let open = [("LOYALTY__ODOO__URL", "http://user:hunter2@192.0.2.1"), ("LOYALTY__ODOO__TIMEOUT_MS", "200")];
    let service = Service::without_program(&open);
    let log = service.log();
    assert!(log.contains("odoo.url: http://…@192.0.2.1/ is plain HTTP") && !log.contains("hunter2"), "{log}");
}

#[test]
fn a_name_is_one_token_s_and_none_of_the_service_s() {
    let service = Service::start();
    let create = |name: &str| service.verb(&["token", "create", "--role", "pos", "--name", name]);
    let first = create("till 1");
    assert_eq!(first.code, 0, "{first:?}");
    for again in ["till 1", " till 1 ", "Till 1"] {
        let refused = create(again);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{again}: {refused:?}");
        let prefix = prefix(&first.out).strip_prefix("lsk_").unwrap();
        assert!(refused.err.contains("till 1") && refused.err.contains(prefix), "{again}: {refused:?}");
    }
    for reserved in ["sync", "expiry", "command line", "import", " Sync", "COMMAND LINE"] {
        let refused = create(reserved);
        assert!(refused.code == 1 && refused.err.contains("choose another name"), "{reserved}: {refused:?}");
    }
    // Its entries go on naming the one that was revoked, whoever has the name then.
    let till = Api::new(&service.admin.base, Some(&first.out));
    service.admin.give(1, "100");
    let order = draft(&uuid(), 1, "25.00");
    let redeem = |till: &Api, order: &Value| {
        let hold = till.hold(1, "5off", order).unwrap();
        till.call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order["uuid"]}}));
        history(&service.admin, 1)[0]["actor"].as_str().unwrap().to_owned()
    };
    assert_eq!(redeem(&till, &order), format!("till 1 ({})", prefix(&first.out)));
    assert_eq!(service.verb(&["token", "revoke", &first.out]).code, 0);
    let second = create("till 1");
    assert_eq!(second.code, 0, "{second:?}");
    service.admin.give(1, "100");
    let order = draft(&uuid(), 1, "25.00");
    let actor = redeem(&Api::new(&service.admin.base, Some(&second.out)), &order);
    assert_eq!(actor, format!("till 1 ({})", prefix(&second.out)));
    assert_ne!(prefix(&first.out), prefix(&second.out));
}

#[test]
fn of_two_tokens_that_are_made_at_once_one_has_the_name() {
    let service = Service::without_program(&[]);
    let made: Vec<Run> = std::thread::scope(|scope| {
        let create = || service.verb(&["token", "create", "--role", "pos", "--name", "till 1"]);
        let all: Vec<_> = (0..4).map(|_| scope.spawn(create)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|one| one.code == 0).count(), 1, "{made:?}");
    let named = "SELECT COUNT(*) FROM tokens WHERE name = 'till 1'";
    assert_eq!(service.database.number(named), 1);
}

/// A service that may have 256 descriptors, and its address.
fn small_service() -> (Service, String) {
    let mut service = Service::without_program(&[]);
    service.terminate();
    service.limit_descriptors(256);
    service.launch();
    let address = service.admin.base.strip_prefix("http://").unwrap().to_owned();
    (service, address)
}

/// How long a till waits that connects only now, token in hand.
fn till_waits(service: &Service, token: &str) -> Duration {
    let started = Instant::now();
    let answer = Api::new(&service.admin.base, Some(token)).answer("system.version", &json!({})).unwrap();
    assert!(answer.get("result").is_some(), "{answer}");
    started.elapsed()
}

#[test]
fn connections_that_say_nothing_keep_no_till_out() {
    let (service, address) = small_service();
    let token = service.token("pos");
    let idle: Vec<TcpStream> = (0..358).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let waited = till_waits(&service, &token);
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    assert!(service.admin.metric("loyalty_http_connections_closed_total") > 100);
    assert!(service.admin.metric("loyalty_http_connections") < 256);
    // Whoever opens new ones all the time does not, either.
    let (stopped, started) = (AtomicBool::new(false), Instant::now());
    let pressing = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut held = Vec::new();
            while !stopped.load(Ordering::Relaxed) && started.elapsed() < Duration::from_secs(30) {
                held.extend(TcpStream::connect(&address).ok());
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let waited = (0..5).map(|_| till_waits(&service, &token)).max();
        stopped.store(true, Ordering::Relaxed);
        waited.unwrap()
    });
    assert!(pressing < Duration::from_secs(5), "{pressing:?}");
    drop(idle);
    service.admin.verified();
}

#[test]
fn a_connection_stays_open_only_for_a_token_that_is_accepted() {
    let service = Service::without_program(&[]);
    let address = service.admin.base.strip_prefix("http://").unwrap();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#;
    let post = |token: &str| {
        format!(
            "POST /jsonrpc HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    let wrong = format!("lsk_aaaaaaaaaaaa_{}", "0".repeat(64));
    // Answered, and closed at once.
    for request in [health.clone(), post(&wrong)] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is closed before that");
        assert!(answer.starts_with("HTTP/1.1 ") && answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    // A till's stays, also for what needs no token.
    let token = service.token("pos");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for request in [post(&token), health, post(&token)] {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0_u8; 4096];
        let length = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
        assert!(answer.starts_with("http/1.1 200") && !answer.contains("connection: close"), "{answer}");
    }
}

/// Lets time go by for all recorded replies, which nobody else can.
fn age_replies(service: &Service, days: i64) {
    let back = format!("UPDATE recorded_replies SET recorded_at_us = recorded_at_us - {days} * 86400000000");
    let guarded = if service.database.file().is_some() {
        format!("DROP TRIGGER IF EXISTS recorded_replies_no_update; {back}")
    } else {
        let switch = |how: &str| format!("ALTER TABLE recorded_replies {how} TRIGGER recorded_replies_no_change");
        format!("{}; {back}; {}", switch("DISABLE"), switch("ENABLE"))
    };
    service.database.execute(&guarded).unwrap();
}

fn replies(service: &Service, which: &str) -> i64 {
    service.database.number(&format!("SELECT COUNT(*) FROM recorded_replies WHERE {which}"))
}

#[test]
fn a_refusal_is_forgotten_after_a_month_and_what_was_done_never() {
    let mut service = Service::start();
    let order = draft(&uuid(), 1, "25.00");
    let ask =
        json!({"idempotency_key": "refused", "partner_id": 1, "program": "club", "reward": "5off", "order": order});
    let give = json!({"idempotency_key": "done", "partner_id": 1, "program": "club", "points": "250", "reason": "r"});
    assert_eq!(service.admin.refused("loyalty.hold", ask.clone()).code, 1001);
    let given = service.admin.call("ledger.adjust", give.clone());
    assert_eq!(service.admin.refused("loyalty.hold", ask.clone()).code, 1001, "once refused, refused");
    // A hold that ran out and whose points are gone: what its capture was told decides what reading its order does.
    let lost = draft(&uuid(), 1, "25.00");
    let hold = service.admin.hold(1, "5off", &lost).unwrap();
    let run_out = "expires_at_us = created_at_us + 1";
    service.database.execute(&format!("UPDATE holds SET {run_out}; UPDATE open_holds SET {run_out}")).unwrap();
    let take = json!({"idempotency_key": "taken", "partner_id": 1, "program": "club", "points": "-200", "reason": "r"});
    service.admin.call("ledger.adjust", take);
    let capture = json!({"hold_id": hold["hold_id"], "order": {"uuid": lost["uuid"]}});
    assert_eq!(service.admin.refused("loyalty.capture", capture.clone()).code, 1004);
    service.admin.give(1, "200");

    let refused = format!("key_sha256 = {}", service.database.bytes(&Sha256::digest("key/refused")));
    age_replies(&service, 29);
    service.terminate();
    service.launch();
    service.admin.sync();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(replies(&service, &refused), 1, "29 days are no month");
    let kept = replies(&service, "TRUE") - 1;

    age_replies(&service, 2);
    service.terminate();
    service.launch();
    eventually("the refusal is removed", || replies(&service, &refused) == 0);
    assert_eq!(replies(&service, "TRUE"), kept, "all others stay");
    eventually("it is counted", || service.admin.metric("loyalty_replies_pruned_total") == 1);
    // The key is a new one now; the others are what they were.
    assert!(service.admin.call("loyalty.hold", ask)["hold_id"].is_string());
    assert_eq!(service.admin.call("ledger.adjust", give), given);
    assert_eq!(service.admin.refused("loyalty.capture", capture).code, 1004);
    let of_captures = format!("DELETE FROM recorded_replies WHERE params_sha256 = {}", service.database.bytes(&[]));
    for sql in ["DELETE FROM recorded_replies", &of_captures] {
        let problem = service.database.execute(sql).unwrap_err();
        assert!(problem.contains("append-only"), "{sql}: {problem}");
    }
    service.admin.verified();
}

#[test]
fn refusals_are_kept_for_ever_where_the_settings_say_so() {
    let mut service = Service::on(Database::new(), &[("LOYALTY__LEDGER__REPLY_DAYS", "0")]);
    service.admin.call("program.put", json!({"program": club()}));
    assert_eq!(service.admin.hold(1, "5off", &draft(&uuid(), 1, "25.00")).unwrap_err().code, 1001);
    age_replies(&service, 4000);
    service.terminate();
    service.launch();
    service.admin.sync();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(replies(&service, "TRUE"), 1);
}
