//! A till's holds while somebody works through the whole ledger.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::blocks::{Must, Side, compare, p99};
use super::load::Till;
use super::reading::synced;
use super::service::{Service, StandIn, club, give, token};
use super::setup::{Binary, Setup, folder, sqlite};
use super::shop;

const ORDERS: i64 = 60_000;
const MEMBERS: u64 = 1_000;
const BLOCK: Duration = Duration::from_secs(4);

/// The p99 of a hold beside each of them ÷ alone.
pub fn work(setup: &Setup) {
    eprintln!("  making {ORDERS} orders …");
    let stand_in = StandIn::of(shop::filled(ORDERS));
    let mut sides = setup.sides(|binary| {
        let folder = folder();
        synced(binary, folder.path(), "loyalty.db", stand_in.served.url());
        let database = sqlite(&folder.path().join("loyalty.db"));
        give(binary, folder.path(), &database, MEMBERS);
        std::fs::write(folder.path().join("other.json"), club().to_string()).unwrap();
        let token = token(binary, folder.path(), &database, "pos");
        let service = Service::start(binary, folder.path(), &database, &token, MEMBERS, &[]);
        let till = Till::new(&service.target);
        (till, service, binary.clone(), folder, database)
    });
    drop(stand_in);
    let works: [(&str, &[&str]); 3] = [
        ("hold p99 while verify runs ÷ alone", &["verify"]),
        ("hold p99 while simulate runs ÷ alone", &["program", "simulate", "other.json"]),
        ("hold p99 while a backup runs ÷ alone", &["backup", "copy.db"]),
    ];
    let whats = (Side { what: "a hold beside it, p99", unit: "ms" }, Side { what: "a hold alone, p99", unit: "ms" });
    for (name, arguments) in works {
        compare(name, whats, Must::AtMost(2.0), setup.at_most(10), &mut sides, |side, beside| {
            let (till, _, binary, folder, database) = side;
            let mut working = beside.then(|| Work { binary, folder: folder.path(), database, arguments, child: None });
            let (begun, mut took) = (Instant::now(), Vec::new());
            while begun.elapsed() < BLOCK {
                working.as_mut().map(Work::go_on);
                took.push(till.hold_us() / 1e3);
                std::thread::sleep(Duration::from_millis(2));
            }
            p99(&mut took)
        });
    }
}

/// A verb that is run again and again.
struct Work<'a> {
    binary: &'a Binary,
    folder: &'a std::path::Path,
    database: &'a str,
    arguments: &'a [&'a str],
    child: Option<Child>,
}

impl Work<'_> {
    /// Begins it anew when it has ended.
    fn go_on(&mut self) {
        if let Some(child) = &mut self.child {
            let Some(status) = child.try_wait().unwrap() else { return };
            assert!(status.success(), "{:?} failed", self.arguments);
        }
        let _ = std::fs::remove_file(self.folder.join("copy.db"));
        let mut command = self.binary.command(self.folder, self.database);
        self.child = Some(command.args(self.arguments).stdout(Stdio::null()).spawn().unwrap());
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_file(self.folder.join("copy.db"));
    }
}
