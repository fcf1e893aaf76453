//! Sync: what changed in Odoo, into the ledger; nothing missed, nothing counted twice.
//!
//! A *pass* reads every stream of Odoo's records in a *window* that reaches far enough back ([`window`]) and hands
//! orders, read whole, to the ledger, which converges: reading twice costs time and changes nothing. The *sweep*
//! ([`sweep`]) compares every order now and then and finds what no window can. [`SyncService`] drives both, one pass at a time;
//! everybody else talks to it through its [`SyncHandle`]. Of several processes on one database, the one that has the
//! [`lease`] reads.

mod catalog;
mod database;
pub mod error;
mod future;
mod handle;
mod lease;
mod login;
mod lost_lines;
mod members;
mod orders;
mod pass;
mod passes;
mod places;
mod process_id;
mod progress;
mod service;
mod shared;
mod status;
mod sweep;
#[cfg(test)]
mod tests;
pub mod window;
mod withdrawals;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use error::SyncError;
pub use handle::SyncHandle;
pub use service::SyncService;
pub use status::SyncState;

/// The `[sync]` section of the configuration, already validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncSettings {
    /// How far each window reaches back before the newest record of the pass before (`sync.overlap_seconds`).
    pub overlap: Duration,
    /// Records a call (`sync.page_size`), at least 1.
    pub page_size: u32,
    /// How often every order is compared (`sync.sweep_hours`).
    pub sweep_every: Duration,
    /// Orders dated before this are ignored (`sync.since`).
    pub since: Option<DateTime<Utc>>,
    /// How many paid orders may be taken back at once without asking (`sync.max_withdrawn_orders`).
    pub max_withdrawn_orders: u64,
    /// How long after its last sign of life another process takes over reading (`sync.lease_seconds`).
    pub lease: Duration,
}

/// For tests; what holds when nothing is set is declared with the settings.
#[cfg(test)]
impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            overlap: Duration::from_secs(150),
            page_size: 500,
            sweep_every: Duration::from_hours(24),
            since: None,
            max_withdrawn_orders: 20,
            lease: Duration::from_secs(30),
        }
    }
}

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassReport {
    /// Orders read whole.
    pub orders_read: u64,
    /// Those that were new or differed from what the ledger knew.
    pub orders_changed: u64,
    /// Entries posted because of them.
    pub entries_posted: u64,
}
