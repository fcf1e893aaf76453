//! What sync is doing and how it went, for `sync.status`, health and metrics.

use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::domain::login::KeyEnd;
use crate::domain::sync_status::SyncStatus;

use super::PassReport;
use super::error::SyncError;
use super::passes::PassState;

/// How sync is doing, and what else it knows of Odoo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncState {
    /// How sync is doing.
    pub status: SyncStatus,
    /// Orders that a sweep found and no window had: 0, or something is wrong.
    pub missed_by_incremental: u64,
    /// Whether Odoo answered the last time it was asked.
    pub odoo_reachable: bool,
    /// Whether it answered that it refuses the login.
    pub login_refused: bool,
    /// When its key ends.
    pub key_end: Option<KeyEnd>,
    /// Odoo's version, once it was reached.
    pub odoo_version: Option<String>,
}

/// The part of the status that sync itself keeps.
#[derive(Debug, Default)]
pub(super) struct StatusBoard(RwLock<StatusNotes>);

#[derive(Clone, Debug, Default)]
struct StatusNotes {
    running: bool,
    last_success: Option<Success>,
    last_error: Option<String>,
    missed: u64,
    reachable: bool,
    login_refused: bool,
    key_end: Option<KeyEnd>,
    version: Option<String>,
}

/// The last complete pass, whichever process made it.
#[derive(Clone, Copy, Debug)]
struct Success {
    /// When it ended, by the database's time.
    ended_at: DateTime<Utc>,
    /// When it began, by a clock that nobody sets.
    began: Instant,
}

impl StatusBoard {
    fn change(&self, change: impl FnOnce(&mut StatusNotes)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes that a pass runs, until the guard is dropped, however the pass ends.
    pub fn running(&self) -> RunningPass<'_> {
        self.change(|notes| notes.running = true);
        RunningPass(self)
    }

    /// Counts a pass of our own that was complete.
    pub fn succeeded(report: PassReport) {
        metrics::counter!("loyalty_sync_passes_total", "outcome" => "complete").increment(1);
        metrics::counter!("loyalty_sync_orders_read_total").increment(report.orders_read);
        metrics::counter!("loyalty_sync_entries_posted_total").increment(report.entries_posted);
    }

    /// Takes note of how the last pass went, whichever process made it.
    pub fn refresh(&self, state: &PassState) {
        let Some(last) = &state.last else { return };
        let success = last.complete.map(|(began_at, ended_at)| {
            // Both by the database's time, so that our own clock may be wrong, or be set.
            let age = state.now.signed_duration_since(began_at).to_std().unwrap_or_default();
            let now = Instant::now();
            Success { ended_at, began: now.checked_sub(age).unwrap_or(now) }
        });
        self.change(|notes| {
            notes.last_success = success;
            notes.last_error.clone_from(&last.error);
            notes.reachable = last.odoo_reachable;
            notes.login_refused = last.login.refused;
            notes.key_end = last.login.key_end;
            notes.version.clone_from(&last.odoo_version);
        });
        // Infinity while no key is known to end: an alarm that compares it with the time stays silent.
        let key_end = last.login.key_end.and_then(|end| u32::try_from(end.at.timestamp()).ok());
        metrics::gauge!("loyalty_odoo_key_expires_timestamp_seconds").set(key_end.map_or(f64::INFINITY, f64::from));
        if let Some(success) = success {
            let stamp = u32::try_from(success.ended_at.timestamp()).unwrap_or(u32::MAX);
            metrics::gauge!("loyalty_sync_last_success_timestamp_seconds").set(f64::from(stamp));
        }
        self.measure_lag();
    }

    /// Takes note that Odoo answered: a first pass may last for minutes.
    pub fn reached(&self, version: &str) {
        self.change(|notes| {
            notes.reachable = true;
            notes.login_refused = false;
            notes.version = Some(version.to_owned());
        });
    }

    pub fn failed(&self, error: &SyncError) {
        self.change(|notes| {
            notes.last_error = Some(error.to_string());
            notes.reachable = !matches!(error, SyncError::Odoo(_));
            notes.login_refused = matches!(error, SyncError::Odoo(fault) if fault.is_refusal());
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
        if let Some(lag) = self.state().status.lag_seconds {
            metrics::gauge!("loyalty_sync_lag_seconds").set(f64::from(u32::try_from(lag).unwrap_or(u32::MAX)));
        }
    }

    /// Without what only the ledger and the link know.
    pub fn state(&self) -> SyncState {
        let notes = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        SyncState {
            status: SyncStatus {
                running: notes.running,
                last_success_at: notes.last_success.map(|success| success.ended_at),
                lag_seconds: notes.last_success.map(|success| success.began.elapsed().as_secs()),
                last_error: notes.last_error,
                ..SyncStatus::default()
            },
            missed_by_incremental: notes.missed,
            odoo_reachable: notes.reachable,
            login_refused: notes.login_refused,
            key_end: notes.key_end,
            odoo_version: notes.version,
        }
    }
}

/// While it lives, a pass is running.
pub(super) struct RunningPass<'a>(&'a StatusBoard);

impl Drop for RunningPass<'_> {
    fn drop(&mut self) {
        self.0.change(|notes| notes.running = false);
    }
}
