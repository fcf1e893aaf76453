//! SQLite: the service against its own SQL, and against its disk.

use std::time::{Duration, Instant};

use serde_json::json;

use super::blocks::{Must, Side, compare};
use super::disk::Disk;
use super::load::{Till, acks_per_second};
use super::same_sql::{SameSql, check};
use super::service::{Service, fill};

/// Members the load is spread over: those who redeem in a small shop, whose database this is.
const MEMBERS: u64 = 1_000;
const TILLS: usize = 64;
const BLOCK: Duration = Duration::from_secs(1);

/// A filled SQLite database and the service on it.
fn started() -> (tempfile::TempDir, Service) {
    let folder = super::service::folder();
    let url = format!("sqlite://{}", folder.path().join("loyalty.db").display());
    let token = fill(&url, MEMBERS);
    let service = Service::start(&url, folder.path(), &token, MEMBERS, &[]);
    (folder, service)
}

/// Acknowledgements that survive a power cut ÷ what the same disk makes durable, one page at a time.
pub fn durable(blocks: usize) {
    let (folder, service) = started();
    let mut disk = Disk::new(folder.path());
    let sides = (
        Side { what: "durable acknowledgements, 64 tills", unit: "1/s" },
        Side { what: "fdatasync of the same disk", unit: "1/s" },
    );
    compare("SQLite FULL: durable acks ÷ fdatasync", sides, Must::AtLeast(2.0), blocks, |ours| {
        if ours { acks_per_second(&service.target, TILLS, BLOCK) } else { disk.rate(BLOCK) }
    });
}

/// A hold on an idle service ÷ one durable write.
pub fn idle_latency(blocks: usize) {
    const TIMES: usize = 200;
    let (folder, service) = started();
    let mut disk = Disk::new(folder.path());
    let mut till = Till::new(&service.target);
    let sides = (
        Side { what: "a hold on an idle service, median", unit: "µs" },
        Side { what: "one fdatasync, median", unit: "µs" },
    );
    compare("idle latency of a hold ÷ one fdatasync", sides, Must::AtMost(3.0), blocks, |ours| {
        if !ours {
            return disk.median_us(TIMES);
        }
        let mut took: Vec<f64> = (0..TIMES)
            .map(|_| {
                let started = Instant::now();
                let (hold, order) = till.hold();
                let took = started.elapsed().as_secs_f64() * 1e6;
                till.capture(&hold, &order);
                took
            })
            .collect();
        super::blocks::median_with_interval(&mut took).0
    });
    // What no change to the ledger can take away: the way there and back, and the service's waking up.
    let mut floor: Vec<f64> = (0..TIMES)
        .map(|_| {
            let started = Instant::now();
            till.health();
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    let floor = super::blocks::median_with_interval(&mut floor).0;
    println!("{}", json!({"name": "idle latency of /healthz, which does nothing", "median_us": floor.round()}));
}

/// The service ÷ its SQL alone, in batches of the size that the service's have.
pub fn same_sql(blocks: usize) {
    let (folder, service) = started();
    let url = format!("sqlite://{}", folder.path().join("alone.db").display());
    fill(&url, MEMBERS);
    check(&url);
    let mut alone = SameSql::new(&url);
    // How large the service's batches are, is known once it has worked.
    acks_per_second(&service.target, TILLS, BLOCK);
    let commands = service.metric("loyalty_writer_batch_commands_sum ");
    let size = (commands / service.metric("loyalty_writer_batch_commands_count ")).round().max(2.0) as usize;
    eprintln!("  batches of {size}");
    alone.batch(size, 0);
    let sides = (
        Side { what: "acknowledgements, 64 tills", unit: "1/s" },
        Side { what: "the same SQL in batches of the same size", unit: "1/s" },
    );
    compare("SQLite: service acks ÷ the same SQL alone", sides, Must::AtLeast(0.6), blocks, |ours| {
        if ours {
            return acks_per_second(&service.target, TILLS, BLOCK);
        }
        let (started, mut done) = (Instant::now(), 0);
        while started.elapsed() < BLOCK {
            alone.batch(size.div_ceil(2), size / 2);
            done += size;
        }
        done as f64 / started.elapsed().as_secs_f64()
    });
}
