//! How reading Odoo goes, for callers, health and metrics.

use chrono::{DateTime, Utc};

use super::catalog::records::Cursor;
use super::findings::SyncFindings;

/// How sync is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// Whether a pass is running now, in whichever process.
    pub running: bool,
    /// When the last complete pass ended.
    pub last_success_at: Option<DateTime<Utc>>,
    /// How old what we know may be: seconds since the last complete pass began; `None` before the first.
    pub lag_seconds: Option<u64>,
    /// Why the last pass ended early, in words; `None` after a complete one.
    pub last_error: Option<String>,
    /// Orders that earn nothing because their currency or company is no program's.
    pub ignored_orders: u64,
    /// How far each stream has been read.
    pub cursors: Vec<Cursor>,
    /// What a person should look at: places that are not shown any more, records written in the future.
    pub findings: SyncFindings,
}
