//! The disk fails while the service runs, on SQLite: nobody is told of points that are not there, whoever asks is told
//! what is wrong, and once it is mended the service goes on by itself.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Api, Database, Detached, Disk, DiskFault, Load, Service, eventually, load, seed, uuid};

/// A service with the load's program, on a disk that can fail.
fn shop() -> (Service, Disk) {
    let database = Database::sqlite();
    let disk = Disk::of(database.file().unwrap().parent().unwrap());
    let service = disk.service(database);
    service.admin.call("program.put", json!({"program": load::program()}));
    (service, disk)
}

/// What `/readyz` says of the database, and its status.
pub fn readiness(api: &Api) -> (u16, String) {
    let (status, text) = api.get("/readyz");
    let answer: Value = serde_json::from_str(&text).unwrap();
    (status, answer["checks"]["database"].as_str().unwrap().to_owned())
}

/// What trouble stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    Everything,
    /// Changes that need new space; others are made, truly.
    Some,
}

/// Trouble comes and goes under load. `sentence` is what callers and `/readyz` are told; `log` what the log says.
pub fn comes_and_goes(
    service: &mut Service,
    stops: Stops,
    begin: impl FnOnce(),
    end: impl FnOnce(),
    sentence: &str,
    log: &str,
) {
    let seed = seed();
    println!("LOYALTY_TEST_SEED={seed}");
    let api = service.admin.clone();
    let mut load = Load::new(6, seed);
    load.during(&api, |load| {
        load.wait_for(30);
        begin();
        eventually("/readyz falls", || readiness(&api) == (503, sentence.to_owned()));
        assert_eq!(api.get("/healthz").0, 200);
        eventually("changes are refused", || load.refused() + load.open() > 6);
        let before = load.acknowledged();
        // Reading goes on as well as it can: it opens connections in the midst of the trouble.
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let api = api.clone();
                std::thread::spawn(move || api.answer("loyalty.balance", &json!({"partner_ids": [1, 2, 3]})))
            })
            .collect();
        for reader in readers {
            // Whether it can be read now is not the question.
            drop(reader.join().unwrap());
        }
        std::thread::sleep(Duration::from_millis(300));
        if stops == Stops::Everything {
            assert_eq!(load.acknowledged(), before, "acknowledged in the midst of it");
            assert_eq!(readiness(&api), (503, sentence.to_owned()));
        }
        end();
        let mended = Instant::now();
        eventually("/readyz rises", || readiness(&api) == (200, "ok".to_owned()));
        load.wait_for(30);
        println!("as before {:?} after it was mended", mended.elapsed());
    });
    println!("{} acknowledged, {} refused, {} left open", load.acknowledged(), load.refused(), load.open());
    assert!(service.log().contains(sentence) && service.log().contains(log), "the log says what to do");
    assert_eq!(load.contradictions(&service.admin), Vec::<String>::new());
    load.ask_again(&service.admin);
    assert_eq!(load.contradictions(&service.admin), Vec::<String>::new());
    service.kill();
    service.launch();
    assert_eq!(load.contradictions(&service.admin), Vec::<String>::new(), "after a restart");
    assert_eq!(load.repeated(&service.admin, 100, 100), Vec::<String>::new());
    service.admin.verified();
}

#[test]
fn a_full_disk_refuses_changes_and_is_survived() {
    let (mut service, disk) = shop();
    let place = service.database.file().unwrap().display().to_string();
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || disk.fails(DiskFault::Full),
        || disk.works(),
        "the database's disk is full",
        &format!("free space on the disk of {place}"),
    );
}

#[test]
fn a_read_only_file_system_refuses_changes_and_is_survived() {
    let (mut service, disk) = shop();
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || disk.fails(DiskFault::ReadOnly),
        || disk.works(),
        "the database is read-only",
        "whether the file system was mounted read-only",
    );
}

#[test]
fn a_disk_with_errors_refuses_changes_and_is_survived() {
    let (mut service, disk) = shop();
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || disk.fails(DiskFault::Broken),
        || disk.works(),
        "the database's disk reports errors",
        "look at the kernel's log for the disk of",
    );
}

#[test]
fn a_disk_that_makes_nothing_durable_refuses_changes_and_is_survived() {
    let (mut service, disk) = shop();
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || disk.fails(DiskFault::NotDurable),
        || disk.works(),
        "the database's disk reports errors",
        "look at the kernel's log for the disk of",
    );
}

/// SQLite undoes a commit that could not be made durable, but its pages are in the log: the process dies, and it holds.
#[test]
fn a_commit_that_comes_back_was_not_denied() {
    let (mut service, disk) = shop();
    let api = service.admin.clone();
    api.give(1, "5");
    let call =
        json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "points": "20", "reason": "a gift"});
    disk.fails(DiskFault::NotDurable);
    let told = api.refused("ledger.adjust", call.clone());
    assert_eq!((told.code, told.kind.as_str()), (1401, "unavailable"), "{told:?}");
    assert_eq!(api.balance(1), "5", "undone, as far as this process can see");
    // Nobody asks whether it is ready meanwhile: that is a commit, which would be written over this one.
    service.kill();
    disk.works();
    service.launch();
    assert_eq!(service.admin.balance(1), "25", "and yet it was not undone");
    assert_eq!(told.data["outcome"], "unknown", "{told:?}");
    assert!(!told.message.contains("nothing was done") && told.message.contains("same call again"), "{told:?}");
    assert_eq!(service.admin.call("ledger.adjust", call)["balance"], "25");
    assert_eq!(service.admin.balance(1), "25");
    service.admin.verified();
}

/// Whoever has a deleted file open can write it still: what is acknowledged then is nowhere.
#[test]
fn a_database_that_was_moved_away_takes_nothing_until_it_is_back() {
    let (mut service, _disk) = shop();
    let file = service.database.file().unwrap();
    let detached = RefCell::new(None);
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || *detached.borrow_mut() = Some(Detached::detach(&file)),
        || detached.take().unwrap().attach(),
        "the database's files cannot be opened",
        "put",
    );
}

/// All connections are made anew then, and can only read: the service must not keep them.
#[test]
fn a_volume_that_comes_back_read_only_at_first_is_survived() {
    let (mut service, disk) = shop();
    let file = service.database.file().unwrap();
    let api = service.admin.clone();
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || {
            let detached = Detached::detach(&file);
            let gone = (503, "the database's files cannot be opened".to_owned());
            eventually("the files are missed", || readiness(&api) == gone);
            disk.fails(DiskFault::ReadOnly);
            detached.attach();
        },
        || disk.works(),
        "the database is read-only",
        "whether the file system was mounted read-only",
    );
}

/// An update that changes nothing would succeed on a full disk: SQLite has nothing to write then.
#[test]
fn readiness_knows_of_a_full_disk_before_anybody_writes() {
    let (service, disk) = shop();
    eventually("it is ready", || readiness(&service.admin) == (200, "ok".to_owned()));
    disk.fails(DiskFault::Full);
    eventually("/readyz falls", || readiness(&service.admin) == (503, "the database's disk is full".to_owned()));
    assert_eq!(service.admin.get("/healthz").0, 200);
    disk.works();
    eventually("/readyz rises", || readiness(&service.admin) == (200, "ok".to_owned()));
}
