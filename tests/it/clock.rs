//! Clocks that are wrong, and clocks that are set while all runs: a hold ends once, by the database's time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Api, Clock, Closing, Cluster, Database, Service, club, draft, run, uuid};

/// The program `club`, whose holds last so long.
fn club_with_holds_of(seconds: u64) -> Value {
    let mut program = club();
    program["redemption"] = json!({"hold_seconds": seconds});
    program
}

/// Some holds for 100 points each, by this caller, of a member.
fn hold(api: &Api, member: i64) -> (Value, String) {
    let order = uuid();
    let given = api.hold(member, "5off", &draft(&order, member, "25.00")).unwrap();
    (given["hold_id"].clone(), order)
}

#[test]
fn a_replica_whose_clock_is_wrong_goes_by_the_database_s_time() {
    if std::env::var("LOYALTY_TEST_DATABASE").as_deref() != Ok("postgres") || !Cluster::is_possible() {
        // SQLite has no clock but its process's.
        return;
    }
    let time = Clock::new();
    let cluster = Cluster::start_with(&time.environment());
    let service = Service::on(Database::on(cluster.url()), &[]);
    service.admin.call("program.put", json!({"program": club_with_holds_of(200)}));
    let (fast, slow) = (Clock::new(), Clock::new());
    fast.set(300);
    slow.set(-300);
    let (_ahead, ahead) = service.replica_with(&fast.environment());
    let (_behind, behind) = service.replica_with(&slow.environment());
    let all = [&service.admin, &ahead, &behind];
    service.admin.give(1, "400");
    let holds: Vec<(Value, String)> = all.iter().map(|api| hold(api, 1)).collect();
    let capture = |api: &Api, (id, order): &(Value, String)| {
        api.try_call("loyalty.capture", json!({"hold_id": id, "order": {"uuid": order}}))
    };
    // Before its end a hold runs everywhere, and is captured by whoever is asked: 100 points for the fast one's, by the slow.
    for api in all {
        assert_eq!(api.points(1), ("400".into(), "300".into(), "100".into()));
    }
    assert_eq!(capture(&behind, &holds[1]).unwrap()["balance"], "300");
    time.set(190);
    for api in all {
        assert_eq!(api.points(1), ("300".into(), "200".into(), "100".into()), "ten seconds before");
    }
    time.set(210);
    for api in all {
        assert_eq!(api.points(1), ("300".into(), "0".into(), "300".into()), "ten seconds after");
    }
    // All points go elsewhere; then the holds that have ended cannot be captured, by anybody.
    for _ in 0..3 {
        let given = hold(&ahead, 1);
        capture(&behind, &given).unwrap();
    }
    for (api, given) in [(&ahead, &holds[0]), (&behind, &holds[2])] {
        assert_eq!(capture(api, given).unwrap_err().kind, "hold_expired");
    }
    assert_eq!(ended(&service.database), (4, 2, 0));
    service.admin.verified();
}

/// Holds that were captured, that ended otherwise, and that are open.
fn ended(database: &Database) -> (i64, i64, i64) {
    let captured = "EXISTS (SELECT 1 FROM entries WHERE entries.id = holds.id)";
    (
        database.number(&format!("SELECT COUNT(*) FROM holds WHERE {captured}")),
        database.number(&format!("SELECT COUNT(*) FROM holds WHERE ended_as IS NOT NULL AND NOT {captured}")),
        database.number("SELECT COUNT(*) FROM open_holds"),
    )
}

/// A till that was told these ends.
#[derive(Default)]
struct Told {
    captured: Vec<String>,
    released: Vec<String>,
    given: i64,
}

/// Holds, and then captures, releases or forgets, until it is told to close. Points come as they go.
fn till(api: &Api, closing: &AtomicBool, member: i64) -> Told {
    let mut told = Told::default();
    let mut turn = 0_u32;
    while !closing.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        api.give(member, "100");
        told.given += 100;
        let (id, order) = hold(api, member);
        let name = id.as_str().unwrap().to_owned();
        turn += 1;
        match turn % 4 {
            0 => {} // forgotten: it runs out
            1 => {
                api.call("loyalty.release", json!({"hold_id": id, "reason": "no"}));
                told.released.push(name);
            }
            _ => {
                // Its points may have been given to another hold since it ran out; they are never spent twice.
                match api.try_call("loyalty.capture", json!({"hold_id": id, "order": {"uuid": order}})) {
                    Ok(_) => told.captured.push(name),
                    Err(failed) => assert_eq!(failed.kind, "hold_expired", "{failed:?}"),
                }
            }
        }
    }
    told
}

#[test]
fn a_clock_that_is_set_while_all_runs_ends_each_hold_once_and_loses_nothing() {
    let time = Clock::new();
    let cluster = (std::env::var("LOYALTY_TEST_DATABASE").as_deref() == Ok("postgres") && Cluster::is_possible())
        .then(|| Cluster::start_with(&time.environment()));
    let database = cluster.as_ref().map_or_else(Database::sqlite, |cluster| Database::on(cluster.url()));
    let shifted = time.environment();
    let environment: Vec<(&str, &str)> = shifted
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([("LOYALTY__SYNC__INTERVAL_SECONDS", "1"), ("LOYALTY__SYNC__LEASE_SECONDS", "5")])
        .collect();
    let service = Service::on(database, &environment);
    service.admin.call("program.put", json!({"program": club_with_holds_of(100)}));
    // Several processes are for PostgreSQL. On SQLite the clock is the one process's own.
    let second = cluster.is_some().then(|| service.replica());
    let other = second.as_ref().map_or(&service.admin, |(_, api)| api);
    let closing = AtomicBool::new(false);
    let jumps = if std::env::var_os("LOYALTY_TEST_LONG").is_some() { 60 } else { 4 };
    let told: Vec<Told> = std::thread::scope(|scope| {
        let tills: Vec<_> = (1..=4)
            .map(|member| {
                let (api, closing) = (if member % 2 == 0 { &service.admin } else { other }, &closing);
                scope.spawn(move || till(api, closing, member))
            })
            .collect();
        // Also when what follows does not hold: nobody waits for tills that never close.
        let close = Closing(&closing);
        for jump in 0..jumps {
            std::thread::sleep(Duration::from_millis(700));
            // Forward five minutes, back ten, forward again to the right time, and so on.
            time.set([300, -300, 0, -300, 300, 0][jump % 6]);
            // Reading goes on: the lease does not outlast a clock that was set back.
            let sold = service.shop.sell(5, "10.00");
            let read = format!("SELECT COUNT(*) FROM orders WHERE id = {}", sold.id);
            // Tills and reading share SQLite's one lock, and the machine is shared as well.
            let began = Instant::now();
            while service.database.number(&read) == 0 {
                assert!(began.elapsed() < Duration::from_secs(40), "the order is never read\n{}", service.log());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        drop(close);
        tills.into_iter().map(|till| till.join().unwrap()).collect()
    });
    // What was forgotten is over in a while; it is written when the account is next touched.
    time.set(1_000);
    let number = |sql: &str| service.database.number(sql);
    for member in 1..=4 {
        other.give(member, "1");
    }
    assert_eq!(number("SELECT COUNT(*) FROM open_holds"), 0, "holds that never end");
    for (of, entries) in [("captured", 1), ("released", 0)] {
        for name in told.iter().flat_map(|till| if of == "captured" { &till.captured } else { &till.released }) {
            let id = service.database.uuid(name);
            let ended = if of == "captured" { "TRUE" } else { "ended_as IS NOT NULL" };
            let held = number(&format!("SELECT COUNT(*) FROM holds WHERE id = {id} AND {ended}"));
            let posted = number(&format!("SELECT COUNT(*) FROM entries WHERE hold_id = {id} AND kind = 2"));
            assert_eq!((held, posted), (1, entries), "{name} was {of}");
        }
    }
    let redeemed = "EXISTS (SELECT 1 FROM entries WHERE entries.hold_id = holds.id AND entries.kind = 2)";
    let doubly = format!("SELECT COUNT(*) FROM holds WHERE ended_as = 1 AND {redeemed}");
    assert_eq!(number(&doubly), 0, "captured and released");
    let endless = format!("SELECT COUNT(*) FROM holds WHERE ended_as IS NULL AND NOT {redeemed}");
    assert_eq!(number(&endless), 0, "neither captured nor ended");
    for (member, told) in (1_i64..).zip(&told) {
        assert!(told.captured.len() > 2, "{}", told.captured.len());
        let left = 1 + told.given - 100 * i64::try_from(told.captured.len()).unwrap();
        assert_eq!(other.balance(member), left.to_string(), "member {member}: what was acknowledged is there");
    }
    let sold = i64::try_from(10 * jumps).unwrap();
    assert_eq!(other.balance(5), sold.to_string());
    other.verified();
}

#[test]
fn a_token_is_refused_within_a_second_of_its_revocation_whatever_the_clock_does() {
    let time = Clock::new();
    let shifted = time.environment();
    let environment: Vec<(&str, &str)> = shifted.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let service = Service::without_program(&environment);
    for jump in [300, -300] {
        let viewer = service.api("viewer");
        assert_eq!(viewer.get("/metrics").0, 200);
        time.set(jump);
        let listed = run(Some(&service.database.url()), &[], &["token", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
        for token in listed["tokens"].as_array().expect("tokens").iter().filter(|token| token["role"] == "viewer") {
            let prefix = token["prefix"].as_str().expect("a prefix");
            assert_eq!(run(Some(&service.database.url()), &[], &["token", "revoke", prefix]).code, 0);
        }
        let revoked = Instant::now();
        while viewer.get("/metrics").0 == 200 {
            assert!(revoked.elapsed() < Duration::from_secs(2), "still believed");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
