//! SQLite: what an acknowledgement takes, on a disk whose fsync takes a fixed time, and on the disk there is.

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;
use tempfile::TempDir;

use super::blocks::{Must, Row, Side, compare, figures, median};
use super::clocks::Threads;
use super::disk::{Disk, FixedDisk};
use super::load::{Till, acks_per_second, redeem, redeem_each, redeem_in_turns};
use super::service::{Service, fill};
use super::setup::{Binary, Setup, folder, sqlite};

/// Members the load is spread over: those who redeem in a small shop, whose database this is.
const MEMBERS: u64 = 1_000;
const TILLS: usize = 64;
const BLOCK: Duration = Duration::from_secs(2);

/// A program with its own filled database, and a disk whose fsync takes as long as one likes.
struct Shop {
    binary: Binary,
    folder: TempDir,
    token: String,
    disk: FixedDisk,
}

impl Shop {
    fn new(binary: &Binary) -> Self {
        let folder = folder();
        let token = fill(binary, folder.path(), &sqlite(&folder.path().join("loyalty.db")), MEMBERS);
        let disk = FixedDisk::new(folder.path());
        Self { binary: binary.clone(), folder, token, disk }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("loyalty.db")
    }

    /// The service, on a disk that takes so many microseconds; on the real one without.
    fn serve(&self, fsync_us: Option<&str>) -> Service {
        let environment = fsync_us.map(|us| self.disk.taking(us));
        let environment = environment.as_ref().map_or(&[][..], |both| &both[..]);
        Service::start(&self.binary, self.folder.path(), &sqlite(&self.file()), &self.token, MEMBERS, environment)
    }
}

/// 64 tills on a disk whose fsync takes 1 ms: the processor an acknowledgement takes, and how many come in a second.
pub fn acknowledgements(setup: &Setup) {
    let rows = [
        Row { name: "processor µs / acknowledgement, 64 tills, fsync of 1 ms", unit: "µs", must: Must::AtMost(70.0) },
        Row { name: "acknowledgements/s, 64 tills, fsync of 1 ms", unit: "1/s", must: Must::AtLeast(10_000.0) },
        Row { name: "(commands a batch there)", unit: "", must: Must::Known },
    ];
    let mut sides = setup.sides(|binary| {
        let shop = Shop::new(binary);
        let service = shop.serve(Some("1000"));
        (shop, service)
    });
    figures(&rows, setup.blocks, &mut sides, |(_, service)| {
        let (threads, before) = (Threads::of(service.pid()), service.batches());
        let (redemptions, seconds) = redeem(&service.target, TILLS, BLOCK);
        let took_us = Threads::of(service.pid()).us_since(&threads);
        let after = service.batches();
        let acknowledged = 2.0 * redemptions as f64;
        vec![took_us / acknowledged, acknowledged / seconds, (after.0 - before.0) / (after.1 - before.1)]
    });
}

/// A hold on an idle service, less the one fsync of 1 ms that it waits for.
pub fn hold_latency(setup: &Setup) {
    const TIMES: usize = 150;
    let row = Row { name: "hold p50 less one fsync of 1 ms", unit: "ms", must: Must::AtMost(0.4) };
    let mut sides = setup.sides(|binary| {
        let shop = Shop::new(binary);
        let service = shop.serve(Some("1000"));
        let till = Till::new(&service.target);
        (shop, service, till)
    });
    figures(&[row], setup.blocks, &mut sides, |(_, _, till)| {
        let mut took: Vec<f64> = (0..TIMES).map(|_| till.hold_us()).collect();
        vec![median(&mut took) / 1e3 - 1.0]
    });
}

/// Pages of SQLite's log that an acknowledgement takes: each alone, and in batches of 32. Counted, so once is enough.
pub fn log_pages(setup: &Setup) {
    const ALONE: usize = 400;
    const IN_BATCHES: usize = 60;
    let fsync = Duration::from_millis(30);
    let rows = [
        Row { name: "log pages / acknowledgement, alone", unit: "pages", must: Must::AtMost(4.0) },
        Row { name: "log pages / acknowledgement, in batches of 32", unit: "pages", must: Must::AtMost(1.8) },
        Row { name: "(commands a batch there)", unit: "", must: Must::Known },
    ];
    figures(&rows, 1, &mut setup.sides(Shop::new), |shop| {
        let service = shop.serve(Some("0"));
        let log = Log::kept(&service, shop.file());
        let pages = log.pages();
        redeem_each(&service.target, 1, ALONE);
        let alone = (log.pages() - pages) / (2 * ALONE) as f64;
        drop(log);
        service.stop();

        let service = shop.serve(Some(&fsync.as_micros().to_string()));
        let log = Log::kept(&service, shop.file());
        let (pages, before) = (log.pages(), service.batches());
        redeem_in_turns(&service.target, 32, IN_BATCHES, fsync);
        let (pages, after) = (log.pages() - pages, service.batches());
        drop(log);
        service.stop();
        let commands = after.0 - before.0;
        vec![alone, pages / commands, commands / (after.1 - before.1)]
    });
}

/// The write-ahead log of a database whose service runs. As long as somebody reads what stands in it, it begins at its
/// start no more, and its length says how many pages it got.
struct Log {
    _reader: SqliteConnection,
    file: PathBuf,
}

impl Log {
    fn kept(service: &Service, database: PathBuf) -> Self {
        // Who reads while the log is empty reads the database itself, and keeps nothing.
        Till::new(&service.target).redeem();
        let mut reader = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
        reader.batch_execute("PRAGMA query_only = ON; BEGIN; SELECT count(*) FROM sqlite_schema;").unwrap();
        let mut file = database.into_os_string();
        file.push("-wal");
        Self { _reader: reader, file: file.into() }
    }

    fn pages(&self) -> f64 {
        // SQLite's file format: a head of 32 bytes, and one of 24 before each page of 4,096.
        let length = std::fs::metadata(&self.file).unwrap().len() - 32;
        assert_eq!(length % (24 + 4096), 0, "the log is not what it was thought to be");
        (length / (24 + 4096)) as f64
    }
}

/// What a redemption leaves in the database.
pub fn bytes_a_redemption(setup: &Setup) {
    const TILLS: usize = 16;
    const TIMES: usize = 1_000;
    let row = Row { name: "bytes a redemption in the database", unit: "bytes", must: Must::AtMost(700.0) };
    figures(&[row], 1, &mut setup.sides(Shop::new), |shop| {
        let size_after = |times| {
            let service = shop.serve(Some("0"));
            redeem_each(&service.target, TILLS, times);
            service.stop();
            size(shop.file())
        };
        let before = size_after(100);
        vec![(size_after(TIMES) - before) / (TILLS * TIMES) as f64]
    });
}

/// A database's bytes, its log written back.
pub fn size(file: PathBuf) -> f64 {
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    std::fs::metadata(file).unwrap().len() as f64
}

/// Acknowledgements that survive a power cut ÷ what the same disk makes durable, one page at a time.
pub fn durable(setup: &Setup) {
    let whats = (
        Side { what: "durable acknowledgements, 64 tills", unit: "1/s" },
        Side { what: "fdatasync of the same disk", unit: "1/s" },
    );
    let mut sides = setup.sides(|binary| {
        let shop = Shop::new(binary);
        let (service, disk) = (shop.serve(None), Disk::new(shop.folder.path()));
        (shop, service, disk)
    });
    let name = "SQLite: durable acknowledgements/s, 64 tills ÷ fdatasync/s of the disk";
    compare(name, whats, Must::Known, setup.blocks, &mut sides, |(_, service, disk), ours| {
        if ours { acks_per_second(&service.target, TILLS, BLOCK) } else { disk.rate(BLOCK) }
    });
}

/// A hold on an idle service ÷ one durable write.
pub fn idle_latency(setup: &Setup) {
    const TIMES: usize = 200;
    let whats = (
        Side { what: "a hold on an idle service, median", unit: "µs" },
        Side { what: "one fdatasync, median", unit: "µs" },
    );
    let mut sides = setup.sides(|binary| {
        let shop = Shop::new(binary);
        let (service, disk) = (shop.serve(None), Disk::new(shop.folder.path()));
        let till = Till::new(&service.target);
        (shop, service, disk, till)
    });
    let name = "a hold on an idle service ÷ one fdatasync";
    compare(name, whats, Must::Known, setup.blocks, &mut sides, |(_, _, disk, till), ours| {
        if !ours {
            return disk.median_us(TIMES);
        }
        let mut took: Vec<f64> = (0..TIMES).map(|_| till.hold_us()).collect();
        median(&mut took)
    });
    // What no change to the ledger can take away: the way there and back, and the service's waking up.
    let till = &mut sides.now.3;
    let mut floor: Vec<f64> = (0..TIMES).map(|_| till.health_us()).collect();
    println!(
        "{}",
        json!({"name": "idle latency of /healthz, which does nothing", "median_us": median(&mut floor).round()})
    );
}
