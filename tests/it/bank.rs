//! Three processes on one PostgreSQL, many tills at a few members' points, and everything breaks all the time: what was
//! answered holds, and every key has one reply.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Api, Closing, Cluster, Database, Proxy, Replica, Service, Stop, club, draft, uuid};

/// Callers at a time.
const TILLS: usize = 32;
/// Members whose points all of them want.
const MEMBERS: i64 = 4;
/// What each of them has at first, in points; a reward costs 100.
const PRESENT: i64 = 20_000;
/// What one of them is given who has too few for a reward, in points.
const PRESENT_AGAIN: i64 = 1_000;
/// Nobody reads Odoo, and nobody is late.
const QUIET: &[(&str, &str)] = &[("LOYALTY__SYNC__LEASE_SECONDS", "3600")];

/// These tests hurt a PostgreSQL of their own, and are for the run that has one.
fn is_for_this_run() -> bool {
    let wanted = std::env::var("LOYALTY_TEST_DATABASE").is_ok_and(|database| database == "postgres");
    if wanted && !Cluster::is_possible() {
        eprintln!("left out: PostgreSQL's server programs are not here");
    }
    wanted && Cluster::is_possible()
}

/// How long the storm lasts.
fn duration() -> Duration {
    if std::env::var_os("LOYALTY_TEST_LONG").is_some() { Duration::from_mins(4) } else { Duration::from_secs(10) }
}

/// Numbers that look random, the same again for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A service with the program `club` and its members' presents, on this database; stopped, so that only replicas run.
fn bank(database: Database) -> Service {
    let mut service = Service::on(database, QUIET);
    service.admin.call("program.put", json!({"program": club()}));
    for member in 1..=MEMBERS {
        service.admin.give(member, &PRESENT.to_string());
    }
    service.kill();
    service
}

/// The processes of the storm. A caller that finds one gone tries another.
struct Replicas<'a> {
    service: &'a Service,
    slots: Vec<Mutex<Option<Replica>>>,
    callers: Vec<RwLock<Api>>,
}

impl<'a> Replicas<'a> {
    fn start(service: &'a Service, how_many: usize) -> Self {
        let (slots, callers) = (0..how_many)
            .map(|_| {
                let (replica, api) = service.replica();
                (Mutex::new(Some(replica)), RwLock::new(api))
            })
            .unzip();
        Self { service, slots, callers }
    }

    fn api(&self, number: usize) -> Api {
        self.callers[number % self.callers.len()].read().unwrap().clone()
    }

    fn signal(&self, number: usize, name: &str) {
        self.slots[number].lock().unwrap().as_ref().expect("a replica").signal(name);
    }

    fn kill(&self, number: usize) {
        self.slots[number].lock().unwrap().take().expect("a replica").kill();
    }

    fn launch(&self, number: usize) {
        let (replica, api) = self.service.replica();
        *self.slots[number].lock().unwrap() = Some(replica);
        *self.callers[number].write().unwrap() = api;
    }

    /// The verdict on a call, byte for byte: asked of one process after the other until one has it.
    fn verdict(&self, dice: &mut Dice, method: &str, params: &Value) -> String {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let started = Instant::now();
        loop {
            let number = usize::try_from(dice.below(97)).unwrap();
            if let Ok((200, body)) = self.api(number).post(&request) {
                let answer: Value = serde_json::from_str(&body).expect("JSON");
                if answer["error"]["code"] != 1401 {
                    return body;
                }
            }
            assert!(started.elapsed() < Duration::from_mins(2), "no verdict on {method} {params}");
            std::thread::sleep(Duration::from_millis(20 + dice.below(80)));
        }
    }
}

/// What a till was told.
#[derive(Default)]
struct Told {
    /// Method, parameters and reply of each call that has one reply for ever.
    kept: Vec<(&'static str, Value, String)>,
    /// Members whose hold was captured.
    captured: Vec<i64>,
    /// Holds that were given.
    given: usize,
    /// Holds that were refused, for want of points.
    refused: usize,
    /// Members who were given points again.
    presented: Vec<i64>,
}

/// A till that holds, and then captures or releases, until it is told to close.
fn till(replicas: &Replicas<'_>, closing: &AtomicBool, mut dice: Dice) -> Told {
    let mut told = Told::default();
    while !closing.load(Ordering::Relaxed) {
        let member = 1 + i64::try_from(dice.below(u64::try_from(MEMBERS).unwrap())).unwrap();
        let order = uuid();
        let ask = json!({"idempotency_key": uuid(), "partner_id": member, "program": "club", "reward": "5off",
                         "order": draft(&order, member, "25.00")});
        let reply = replicas.verdict(&mut dice, "loyalty.hold", &ask);
        if dice.below(4) == 0 {
            assert_eq!(replicas.verdict(&mut dice, "loyalty.hold", &ask), reply, "one key, one reply");
        }
        let answer: Value = serde_json::from_str(&reply).unwrap();
        told.kept.push(("loyalty.hold", ask, reply));
        let Some(hold) = answer["result"]["hold_id"].as_str() else {
            assert_eq!(answer["error"]["data"]["kind"], "insufficient_points", "{answer}");
            told.refused += 1;
            // Some are refused, but not all who come after the first minute.
            if dice.below(4) == 0 {
                let present = json!({"idempotency_key": uuid(), "partner_id": member, "program": "club",
                                     "points": PRESENT_AGAIN.to_string(), "reason": "a present"});
                let reply = replicas.verdict(&mut dice, "ledger.adjust", &present);
                assert!(reply.contains("entry_id"), "{reply}");
                told.presented.push(member);
                told.kept.push(("ledger.adjust", present, reply));
            }
            continue;
        };
        told.given += 1;
        if dice.below(4) == 0 {
            let release = json!({"hold_id": hold, "reason": "changed their mind"});
            let reply = replicas.verdict(&mut dice, "loyalty.release", &release);
            told.kept.push(("loyalty.release", release, reply));
        } else {
            let capture = json!({"hold_id": hold, "order": {"uuid": order}});
            let reply = replicas.verdict(&mut dice, "loyalty.capture", &capture);
            assert!(reply.contains("entry_id"), "{reply}");
            told.captured.push(member);
            told.kept.push(("loyalty.capture", capture, reply));
        }
    }
    told
}

/// Breaks something, and mends it again.
fn strike(replicas: &Replicas<'_>, cluster: &mut Cluster, dice: &mut Dice, struck: &mut BTreeMap<&'static str, usize>) {
    let number = usize::try_from(dice.below(3)).unwrap();
    let what = match dice.below(10) {
        0..=3 => {
            replicas.kill(number);
            replicas.launch(number);
            "kill -9"
        }
        4..=5 => {
            replicas.signal(number, "STOP");
            std::thread::sleep(Duration::from_millis(200 + dice.below(1200)));
            replicas.signal(number, "CONT");
            "SIGSTOP"
        }
        6..=8 => {
            let some = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                        WHERE application_name = 'loyalty-sidecar' AND random() < 0.7";
            replicas.service.database.execute(some).unwrap();
            "pg_terminate_backend"
        }
        _ => {
            cluster.stop([Stop::Immediate, Stop::Kill, Stop::Fast][usize::try_from(dice.below(3)).unwrap()]);
            std::thread::sleep(Duration::from_millis(dice.below(800)));
            cluster.launch();
            "the database stopped"
        }
    };
    *struck.entry(what).or_default() += 1;
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story")]
fn whatever_breaks_each_key_has_one_reply_and_no_point_is_spent_twice() {
    if !is_for_this_run() {
        return;
    }
    let seed = u64::from_le_bytes(uuid::Uuid::new_v4().into_bytes()[..8].try_into().unwrap());
    eprintln!("seed {seed}");
    let mut cluster = Cluster::start();
    let service = bank(Database::on(cluster.url()));
    let replicas = Replicas::start(&service, 3);
    let closing = AtomicBool::new(false);
    let mut struck = BTreeMap::new();
    let told: Vec<Told> = std::thread::scope(|scope| {
        let tills: Vec<_> = (0..TILLS)
            .map(|number| {
                let dice = Dice(seed ^ (u64::try_from(number).unwrap() << 32));
                let (replicas, closing) = (&replicas, &closing);
                scope.spawn(move || till(replicas, closing, dice))
            })
            .collect();
        let close = Closing(&closing);
        let mut dice = Dice(seed);
        let started = Instant::now();
        while started.elapsed() < duration() && !tills.iter().any(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(100 + dice.below(500)));
            strike(&replicas, &mut cluster, &mut dice, &mut struck);
        }
        // However the dice fell, the database went down once in the middle of it.
        cluster.stop(Stop::Immediate);
        cluster.launch();
        std::thread::sleep(Duration::from_secs(1));
        drop(close);
        tills.into_iter().map(|till| till.join().expect("a till without a surprise")).collect()
    });

    let mut dice = Dice(seed);
    let api = replicas.api(0);
    api.verified();
    let captured: Vec<i64> = told.iter().flat_map(|till| till.captured.iter().copied()).collect();
    let given: usize = told.iter().map(|till| till.given).sum();
    let presented: Vec<i64> = told.iter().flat_map(|till| till.presented.iter().copied()).collect();
    let refused: usize = told.iter().map(|till| till.refused).sum();
    eprintln!(
        "{given} holds, {} captured, {refused} refused, {} presents; struck {struck:?}",
        captured.len(),
        presented.len()
    );
    assert!(captured.len() > 10, "only {} captures", captured.len());
    let number = |sql: &str| service.database.number(sql);
    let count = |what: usize| i64::try_from(what).unwrap();
    assert_eq!(number("SELECT COUNT(*) FROM holds"), count(given), "as many holds as were given, no key twice");
    assert_eq!(number("SELECT COUNT(*) FROM open_holds"), 0);
    assert_eq!(number("SELECT COUNT(*) FROM holds JOIN entries ON entries.id = holds.id"), count(captured.len()));
    assert_eq!(number("SELECT COUNT(*) FROM entries WHERE kind = 2"), count(captured.len()));
    assert_eq!(
        number("SELECT SUM(holds.points_e2) FROM holds JOIN entries ON entries.id = holds.id"),
        number("SELECT -SUM(points_e2) FROM entries WHERE kind = 2")
    );
    assert_eq!(number("SELECT COUNT(*) FROM entries WHERE balance_after_e2 < 0"), 0, "nobody below zero");
    for member in 1..=MEMBERS {
        let times = |of: &[i64]| count(of.iter().filter(|one| **one == member).count());
        let left = (PRESENT + PRESENT_AGAIN * times(&presented) - 100 * times(&captured)).to_string();
        assert_eq!(api.points(member), (left.clone(), "0".into(), left), "member {member}");
    }
    // Once more, all of it: the same bytes, whoever is asked.
    std::thread::scope(|scope| {
        for till in &told {
            let (mut dice, replicas) = (Dice(dice.below(u64::MAX)), &replicas);
            scope.spawn(move || {
                for (method, params, reply) in &till.kept {
                    assert_eq!(replicas.verdict(&mut dice, method, params), *reply, "{method} {params}");
                }
            });
        }
    });
    assert_eq!(number("SELECT COUNT(*) FROM holds"), count(given), "nothing came of it");
    api.verified();
}

/// The wire to the database is cut after the commit was made and before its answer is there.
struct Cut {
    service: Service,
    proxy: Proxy,
    /// The process behind the proxy, and its caller.
    behind: (Replica, Api),
    /// Another, which has a whole wire.
    other: (Replica, Api),
    /// Last, so that it outlives all that uses it.
    _cluster: Cluster,
}

fn cut() -> Cut {
    let cluster = Cluster::start();
    let service = bank(Database::on(cluster.url()));
    let proxy = Proxy::to(cluster.port());
    let through = service.database.url().replace(&format!(":{}/", cluster.port()), &format!(":{}/", proxy.port()));
    let behind = service.replica_with(&[("LOYALTY__DATABASE__URL".into(), through)]);
    let other = service.replica();
    // Their own first writes are over: the lease and the house are looked after once.
    std::thread::sleep(Duration::from_millis(500));
    Cut { service, proxy, behind, other, _cluster: cluster }
}

impl Cut {
    /// The callers of the process behind the proxy, and of the other.
    const fn callers(&self) -> (&Api, &Api) {
        (&self.behind.1, &self.other.1)
    }
}

fn request(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// A draft order, and what a till asks for on it.
fn hold_on_a_draft() -> (String, Value) {
    let order = uuid();
    let hold = json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "reward": "5off",
                      "order": draft(&order, 1, "25.00")});
    (order, hold)
}

#[test]
fn a_commit_whose_answer_was_lost_is_found_by_the_writer_itself() {
    if !is_for_this_run() {
        return;
    }
    let cut = cut();
    let (api, other) = cut.callers();
    let (order, hold) = hold_on_a_draft();
    let ask = request("loyalty.hold", &hold);
    cut.proxy.cut_commits(1);
    let (status, reply) = api.post(&ask).unwrap();
    assert!(cut.proxy.has_cut() && status == 200 && reply.contains("hold_id"), "{reply}\n{}", cut.service.log());
    assert_eq!(other.post(&ask).unwrap().1, reply, "from another replica");
    assert_eq!(cut.service.database.number("SELECT COUNT(*) FROM holds"), 1);
    let id = serde_json::from_str::<Value>(&reply).unwrap()["result"]["hold_id"].clone();
    let ask = request("loyalty.capture", &json!({"hold_id": id, "order": {"uuid": order}}));
    cut.proxy.cut_commits(1);
    let (_, reply) = api.post(&ask).unwrap();
    assert!(cut.proxy.has_cut() && reply.contains("entry_id"), "{reply}\n{}", cut.service.log());
    assert_eq!(other.post(&ask).unwrap().1, reply, "from another replica");
    assert_eq!(cut.service.database.number("SELECT COUNT(*) FROM entries WHERE kind = 2"), 1);
    other.verified();
}

#[test]
fn a_commit_whose_answer_was_lost_is_not_called_undone_and_another_replica_has_the_reply() {
    if !is_for_this_run() {
        return;
    }
    let cut = cut();
    let (api, other) = cut.callers();
    let (_, hold) = hold_on_a_draft();
    let ask = request("loyalty.hold", &hold);
    cut.proxy.cut_a_commit_and_close();
    let failed = api.refused("loyalty.hold", hold);
    assert!(cut.proxy.has_cut(), "{failed:?}");
    assert_eq!((failed.code, failed.kind.as_str()), (1401, "unavailable"), "{failed:?}");
    assert_eq!(failed.data["outcome"], "unknown", "{failed:?}");
    assert!(!failed.message.contains("nothing was done"), "{failed:?}");
    let (_, reply) = other.post(&ask).unwrap();
    assert!(reply.contains("hold_id"), "{reply}");
    assert_eq!(cut.service.database.number("SELECT COUNT(*) FROM holds"), 1, "the change is there once");
    // What was not begun is called undone, as long as the wire is dead; then all is well again.
    let undone =
        json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "points": "5", "reason": "dead"});
    let failed = api.refused("ledger.adjust", undone.clone());
    assert!(failed.message.contains("nothing was done") && failed.data.get("outcome").is_none(), "{failed:?}");
    cut.proxy.open();
    assert_eq!(api.post(&ask).unwrap().1, reply, "the one reply, byte for byte");
    api.call("ledger.adjust", undone);
    assert_eq!(other.points(1), ("20005".into(), "100".into(), "19905".into()));
    other.verified();
}
