//! What the disk itself can do: one page written and made durable, again and again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A file of the size that SQLite's write-ahead log has between two checkpoints, in pages of 4 KiB.
const PAGES: u64 = 1000;
const PAGE: [u8; 4096] = [7; 4096];

/// A file to write to.
pub struct Disk {
    file: File,
    next: u64,
}

impl Disk {
    /// A file in this folder.
    pub fn new(folder: &Path) -> Self {
        let file = File::create(folder.join("disk")).unwrap();
        for page in 0..PAGES {
            file.write_all_at(&PAGE, page * 4096).unwrap();
        }
        file.sync_all().unwrap();
        Self { file, next: 0 }
    }

    /// Writes a page and waits until it is durable.
    fn write(&mut self) {
        self.file.write_all_at(&PAGE, self.next * 4096).unwrap();
        self.file.sync_data().unwrap();
        self.next = (self.next + 1) % PAGES;
    }

    /// Durable writes a second.
    pub fn rate(&mut self, during: Duration) -> f64 {
        let (started, mut done) = (Instant::now(), 0_u64);
        while started.elapsed() < during {
            self.write();
            done += 1;
        }
        done as f64 / started.elapsed().as_secs_f64()
    }

    /// The median time of one, in microseconds.
    pub fn median_us(&mut self, times: usize) -> f64 {
        let mut took: Vec<f64> = (0..times)
            .map(|_| {
                let started = Instant::now();
                self.write();
                started.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        super::blocks::median_with_interval(&mut took).0
    }
}

/// A disk whose fsync takes a fixed time: a library to preload, built here from `fsync.c`.
pub struct FixedDisk {
    library: String,
}

impl FixedDisk {
    /// Its library, in this folder.
    pub fn new(folder: &Path) -> Self {
        let (source, library) = (folder.join("fsync.c"), folder.join("fsync.so"));
        std::fs::write(&source, include_str!("fsync.c")).unwrap();
        let made = std::process::Command::new("cc")
            .args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status()
            .expect("a C compiler is installed");
        assert!(made.success(), "fsync.c does not compile");
        Self { library: library.to_str().unwrap().to_owned() }
    }

    /// What makes a service wait for so long at each fsync.
    pub fn taking<'a>(&'a self, us: &'a str) -> [(&'a str, &'a str); 2] {
        [("LD_PRELOAD", &self.library), ("LOYALTY_BENCH_FSYNC_US", us)]
    }
}
