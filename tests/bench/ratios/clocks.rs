//! The processor time of other processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

/// The time of each thread of a process so far, in nanoseconds.
pub struct Threads(BTreeMap<String, u64>);

impl Threads {
    pub fn of(pid: u32) -> Self {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        // A thread may end between being listed and being looked at.
        let time = |task: &Path| -> Option<u64> {
            std::fs::read_to_string(task.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        let times = tasks.filter_map(|task| {
            let task = task.ok()?.path();
            Some((task.file_name()?.to_str()?.to_owned(), time(&task)?))
        });
        Self(times.collect())
    }

    /// Microseconds since `before`, of the threads that are still there: one that ended had nothing to do.
    pub fn us_since(&self, before: &Self) -> f64 {
        let since = |(id, time): (&String, &u64)| time.saturating_sub(before.0.get(id).copied().unwrap_or(0));
        self.0.iter().map(since).sum::<u64>() as f64 / 1e3
    }
}

/// Waits for a child's end; the seconds of processor it took, and its peak of memory in MiB.
pub fn of_child(mut child: Child) -> (f64, f64) {
    let stat = format!("/proc/{}/stat", child.id());
    let mut peak_kib = 0.0_f64;
    // It has ended when the kernel keeps it only for us to look at: all its threads are counted then.
    let ticks = loop {
        let text = std::fs::read_to_string(&stat).unwrap();
        let after_name = text.rsplit_once(") ").unwrap().1;
        if after_name.starts_with('Z') {
            break after_name.split(' ').skip(11).take(2).map(|text| text.parse::<f64>().unwrap()).sum::<f64>();
        }
        peak_kib = peak_kib.max(status_kib(child.id(), "VmHWM:"));
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(child.wait().unwrap().success());
    // The kernel tells hundredths of a second, whatever its own clock.
    (ticks / 100.0, peak_kib / 1024.0)
}

/// A line of a process's status; 0 once it has none.
pub fn status_kib(pid: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}
