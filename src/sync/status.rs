//! What sync is doing and how it went, for `sync.status`, health and metrics.

use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Utc};

use crate::domain::shop::Cursor;

use super::PassReport;
use super::error::SyncError;

/// How sync is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// Whether a pass is running now.
    pub running: bool,
    /// When the last complete pass ended.
    pub last_success_at: Option<DateTime<Utc>>,
    /// How old what we know may be: seconds since the last complete pass began; `None` before the first.
    pub lag_seconds: Option<u64>,
    /// Why the last pass ended early, in words; `None` after a complete one.
    pub last_error: Option<String>,
    /// Orders that earn nothing because their currency or company is no program's.
    pub ignored_orders: u64,
    /// Orders that a sweep found and no window had: 0, or something is wrong.
    pub missed_by_incremental: u64,
    /// How far each stream has been read.
    pub cursors: Vec<Cursor>,
    /// Whether Odoo answered the last time it was asked.
    pub odoo_reachable: bool,
    /// Odoo's version, once it was reached.
    pub odoo_version: Option<String>,
}

/// The part of the status that sync itself keeps.
#[derive(Debug, Default)]
pub(super) struct Board(RwLock<Notes>);

#[derive(Clone, Debug, Default)]
struct Notes {
    running: bool,
    /// Begin and end of the last complete pass.
    last_success: Option<(DateTime<Utc>, DateTime<Utc>)>,
    last_error: Option<String>,
    missed: u64,
    reachable: bool,
}

impl Board {
    fn change(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes that a pass runs, until the guard is dropped, however the pass ends.
    pub fn running(&self) -> Running<'_> {
        self.change(|notes| notes.running = true);
        Running(self)
    }

    pub fn succeeded(&self, began: DateTime<Utc>, report: PassReport) {
        let now = Utc::now();
        self.change(|notes| {
            notes.last_success = Some((began, now));
            notes.last_error = None;
            notes.reachable = true;
        });
        metrics::counter!("loyalty_sync_passes_total", "outcome" => "complete").increment(1);
        metrics::counter!("loyalty_sync_orders_read_total").increment(report.orders_read);
        metrics::counter!("loyalty_sync_entries_posted_total").increment(report.entries_posted);
        let stamp = u32::try_from(now.timestamp()).unwrap_or(u32::MAX);
        metrics::gauge!("loyalty_sync_last_success_timestamp_seconds").set(f64::from(stamp));
        self.measure_lag();
    }

    pub fn failed(&self, error: &SyncError) {
        self.change(|notes| {
            notes.last_error = Some(error.to_string());
            notes.reachable = !matches!(error, SyncError::Odoo(_));
        });
        metrics::counter!("loyalty_sync_passes_total", "outcome" => "failed").increment(1);
        metrics::counter!("loyalty_sync_errors_total", "kind" => error.kind()).increment(1);
        self.measure_lag();
    }

    pub fn missed(&self, orders: u64) {
        self.change(|notes| notes.missed = notes.missed.saturating_add(orders));
        metrics::counter!("loyalty_sync_missed_by_incremental_total").increment(orders);
    }

    fn measure_lag(&self) {
        if let Some(lag) = self.status().lag_seconds {
            metrics::gauge!("loyalty_sync_lag_seconds").set(f64::from(u32::try_from(lag).unwrap_or(u32::MAX)));
        }
    }

    /// Without what only the ledger and the link know.
    pub fn status(&self) -> SyncStatus {
        let notes = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let lag = notes.last_success.map(|(began, _)| Utc::now().signed_duration_since(began).num_seconds());
        SyncStatus {
            running: notes.running,
            last_success_at: notes.last_success.map(|(_, ended)| ended),
            lag_seconds: lag.map(|seconds| u64::try_from(seconds).unwrap_or_default()),
            last_error: notes.last_error,
            missed_by_incremental: notes.missed,
            odoo_reachable: notes.reachable,
            ..SyncStatus::default()
        }
    }
}

/// While it lives, a pass is running.
pub(super) struct Running<'a>(&'a Board);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.change(|notes| notes.running = false);
    }
}
