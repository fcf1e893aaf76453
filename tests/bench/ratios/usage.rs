//! What the service takes: processor time a request, memory when idle, and where the time goes.

use std::time::Duration;

use serde_json::json;

use super::load::redeem;
use super::service::{self, Service, fill};

const MEMBERS: u64 = 100_000;

/// One line of figures; there is nothing to compare with.
pub fn report(_blocks: usize) {
    let folder = service::folder();
    let url = format!("sqlite://{}", folder.path().join("loyalty.db").display());
    let token = fill(&url, MEMBERS);
    let service = Service::start(&url, folder.path(), &token, MEMBERS, &[]);
    std::thread::sleep(Duration::from_secs(2));
    let idle_kib = status_kib(service.pid(), "VmHWM:");
    let (before, writing_before) = (cpu_seconds(service.pid()), service.metric("loyalty_writer_batch_seconds_sum "));
    let (redemptions, seconds) = redeem(&service.target, 64, Duration::from_secs(5));
    let cpu = cpu_seconds(service.pid()) - before;
    let writing = service.metric("loyalty_writer_batch_seconds_sum ") - writing_before;
    let commands = service.metric("loyalty_writer_batch_commands_sum ");
    let requests = 2.0 * redemptions as f64;
    println!(
        "{}",
        json!({
            "name": "what the service takes",
            "idle_peak_mib_100000_members": round(idle_kib / 1024.0),
            "busy_peak_mib": round(status_kib(service.pid(), "VmHWM:") / 1024.0),
            "cpu_us_per_request": round(cpu * 1e6 / requests),
            "requests_per_second": round(requests / seconds),
            "writer_us_per_request": round(writing * 1e6 / requests),
            "writer_share_of_time": round(writing / seconds),
            "mean_batch": round(commands / service.metric("loyalty_writer_batch_commands_count ")),
        })
    );
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn status_kib(pid: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// User and system time so far, in seconds (the kernel counts hundredths).
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: Vec<f64> = after_name.split(' ').skip(11).take(2).map(|text| text.parse().unwrap()).collect();
    (ticks[0] + ticks[1]) / 100.0
}
