//! A power cut under load, on SQLite: the disk keeps what was made durable, and of the rest what chance leaves.
//!
//! The service runs on a disk that journals what is written and what is made durable (`support/disk.c`). It is killed,
//! its files are put back as the disk would have them, and it starts on those.

use serde_json::json;

use crate::disk_trouble::readiness;
use crate::support::{Database, Detached, Disk, DiskFault, Left, Load, Service, eventually, load, long, seed};

struct Shop {
    service: Service,
    disk: Disk,
    load: Load,
}

/// A service on such a disk, from its first file on.
fn shop() -> Shop {
    let seed = seed();
    println!("LOYALTY_TEST_SEED={seed}");
    let database = Database::sqlite();
    let disk = Disk::of(database.file().unwrap().parent().unwrap());
    let service = disk.service(database);
    service.admin.call("program.put", json!({"program": load::program()}));
    Shop { service, disk, load: Load::new(8, seed) }
}

impl Shop {
    /// Load, then the power goes; the service starts on what is left. Returns how many writes were not durable.
    fn cut(&mut self, mut left: impl FnMut(&mut Load) -> Left<'_>) -> usize {
        let changes = 10 + self.load.random().place(50);
        let moment = self.load.random().below(3);
        let api = self.service.admin.clone();
        let (service, disk) = (&mut self.service, &self.disk);
        self.load.during(&api, |load| {
            load.wait_for(changes);
            match moment {
                0 => return service.kill(),
                1 => disk.fails(DiskFault::KillsInFsync),
                _ => disk.fails(DiskFault::KillsInWrite),
            }
            service.was_killed();
        });
        self.disk.works();
        let lost = self.disk.cut(&mut left(&mut self.load));
        self.service.launch();
        lost
    }

    fn finish(&mut self) {
        assert_eq!(self.load.repeated(&self.service.admin, 300, 0), Vec::<String>::new());
        self.service.admin.verified();
    }
}

fn rounds() -> usize {
    if long() { 60 } else { 6 }
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let mut shop = shop();
    for round in 1..=rounds() {
        let undurable = shop.cut(|_| Left::Nothing);
        println!("cut {round}: {undurable} changes of the disk were not durable");
        assert_eq!(shop.load.contradictions(&shop.service.admin), Vec::<String>::new(), "cut {round}");
        shop.service.admin.verified();
        shop.load.ask_again(&shop.service.admin);
    }
    shop.finish();
}

#[test]
fn a_power_cut_that_tears_writes_loses_nothing_that_was_acknowledged() {
    let mut shop = shop();
    for round in 1..=rounds() {
        let block = if round % 2 == 0 { 512 } else { 4096 };
        let undurable = shop.cut(|load| Left::Some(block, load.random()));
        println!("cut {round}: {undurable} changes of the disk were not durable, in blocks of {block}");
        assert_eq!(shop.load.contradictions(&shop.service.admin), Vec::<String>::new(), "cut {round}");
        shop.service.admin.verified();
        shop.load.ask_again(&shop.service.admin);
    }
    shop.finish();
}

/// How a service comes to its files after a failed fsync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It has them open still.
    GoesOn,
    /// It was killed and started again.
    StartsAgain,
    /// Its volume was detached and attached again.
    OpensAgain,
}

/// After a failed fsync the kernel may never write those pages. What is acknowledged later must not stand on them.
#[test]
fn what_is_acknowledged_after_a_failed_fsync_survives_a_power_cut() {
    let mut shop = shop();
    let file = shop.service.database.file().unwrap();
    for then in [Then::GoesOn, Then::StartsAgain, Then::OpensAgain] {
        let api = shop.service.admin.clone();
        let (disk, service) = (&shop.disk, &mut shop.service);
        shop.load.during(&api, |load| {
            load.wait_for(20);
            disk.fails(DiskFault::NotDurable);
            eventually("commits fail", || load.open() > 0);
            match then {
                Then::GoesOn => disk.works(),
                Then::StartsAgain => {
                    service.kill();
                    return disk.works();
                }
                Then::OpensAgain => {
                    let detached = Detached::detach(&file);
                    eventually("the files are missed", || readiness(&api).1.contains("files"));
                    disk.works();
                    detached.attach();
                    eventually("it is ready", || readiness(&api).0 == 200);
                }
            }
            load.wait_for(20);
        });
        if then == Then::StartsAgain {
            shop.service.launch();
        }
        shop.load.ask_again(&shop.service.admin);
        shop.cut(|_| Left::Nothing);
        assert_eq!(shop.load.contradictions(&shop.service.admin), Vec::<String>::new(), "{then:?}");
        shop.load.ask_again(&shop.service.admin);
    }
    shop.finish();
}

/// The same disk, the same load: only the setting differs. So it is the setting that the two tests above prove.
#[test]
fn a_power_cut_loses_points_without_full_synchronous() {
    let mut shop = shop();
    shop.disk.settle();
    shop.service.kill();
    shop.service.set("LOYALTY__DATABASE__SYNCHRONOUS", "normal");
    shop.service.launch();
    assert!(shop.service.log().contains("a power cut may lose the points that were acknowledged last"));
    shop.cut(|_| Left::Nothing);
    let lost = shop.load.contradictions(&shop.service.admin);
    println!("{} of {} acknowledged changes are not as they were told", lost.len(), shop.load.acknowledged());
    assert!(!lost.is_empty(), "{} acknowledged changes survived", shop.load.acknowledged());
    // What is left is a ledger all the same, only an older one.
    shop.service.admin.verified();
}
