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
