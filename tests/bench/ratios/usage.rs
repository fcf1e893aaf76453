//! What the service takes: memory when idle and when busy, and where the time goes.

use std::time::Duration;

use super::blocks::{Must, Row, figures};
use super::clocks::{Threads, status_kib};
use super::load::redeem;
use super::service::{Service, fill};
use super::setup::{Setup, folder, sqlite};

const MEMBERS: u64 = 100_000;

/// Rows that are there to be known.
pub fn report(setup: &Setup) {
    let rows = [
        ("peak of memory, idle, 100,000 members", "MiB"),
        ("peak of memory, 64 tills", "MiB"),
        ("processor µs / acknowledgement, 64 tills, on this disk", "µs"),
        ("writer's µs / acknowledgement there", "µs"),
        ("commands a batch there", ""),
    ]
    .map(|(name, unit)| Row { name, unit, must: Must::Known });
    figures(&rows, 1, &mut setup.sides(Clone::clone), |binary| {
        let folder = folder();
        let url = sqlite(&folder.path().join("loyalty.db"));
        let token = fill(binary, folder.path(), &url, MEMBERS);
        let service = Service::start(binary, folder.path(), &url, &token, MEMBERS, &[]);
        std::thread::sleep(Duration::from_secs(2));
        let idle_kib = status_kib(service.pid(), "VmHWM:");
        let writing = || service.metric("loyalty_writer_batch_seconds_sum ");
        let (threads, writing_before, batches) = (Threads::of(service.pid()), writing(), service.batches());
        let (redemptions, _) = redeem(&service.target, 64, Duration::from_secs(5));
        let took_us = Threads::of(service.pid()).us_since(&threads);
        let requests = 2.0 * redemptions as f64;
        let after = service.batches();
        vec![
            idle_kib / 1024.0,
            status_kib(service.pid(), "VmHWM:") / 1024.0,
            took_us / requests,
            (writing() - writing_before) * 1e6 / requests,
            (after.0 - batches.0) / (after.1 - batches.1),
        ]
    });
}
