//! Progress of long work, on stderr: a bar on a terminal, a log line every few seconds otherwise.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is logged.
const EVERY: Duration = Duration::from_secs(5);

/// Progress through a known number of records. The bar goes away with it.
pub(super) struct Progress {
    what: &'static str,
    done: u64,
    total: u64,
    said: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Of `total` records of `what`, none done yet.
    pub fn new(what: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} ({eta} left)") {
                bar.set_style(style);
            }
            bar.set_message(what);
            bar
        });
        Self { what, done: 0, total, said: Instant::now(), bar }
    }

    /// So many more are done.
    pub fn advance(&mut self, by: usize) {
        self.done = self.done.saturating_add(u64::try_from(by).unwrap_or(u64::MAX));
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        } else if self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            tracing::info!(done = self.done, total = self.total, "reading {}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
