//! Why a pass ended early. Nothing is lost by it: cursors move only when a stream was read to its end.

use crate::domain::value::ids::OrderId;
use crate::ledger::LedgerError;
use crate::odoo::OdooFault;
use crate::store::StoreError;

/// Why a pass ended early.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Odoo could not be read.
    #[error("{0}")]
    Odoo(#[from] OdooFault),
    /// The ledger could not take in what was read.
    #[error("the ledger could not take in what Odoo sent: {0}")]
    Ledger(#[source] LedgerError),
    /// The database failed. Its own words go to the log, never to callers.
    #[error("the ledger could not take in what Odoo sent: the database failed; the service's log says how")]
    Database(#[source] StoreError),
    /// The ledger could not take in some orders; it has all others.
    #[error(
        "the ledger could not take in order {first}{}: the service's log says why. All other orders were taken in, and \
         these are read again until they can be",
        if *more == 0 { String::new() } else { format!(" and {more} others") }
    )]
    NotTakenIn {
        /// The one with the smallest id.
        first: OrderId,
        /// How many others.
        more: usize,
    },
    /// Another process reads Odoo now, or has since what this one read.
    #[error("another process reads Odoo now, so this pass was ended; what it had not posted is left to the other")]
    Overtaken,
}

impl SyncError {
    /// A short stable word, for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Odoo(fault) => fault.kind(),
            Self::Ledger(_) | Self::Database(_) => "ledger",
            Self::NotTakenIn { .. } => "not_taken_in",
            Self::Overtaken => "overtaken",
        }
    }
}

impl From<LedgerError> for SyncError {
    fn from(problem: LedgerError) -> Self {
        match problem {
            LedgerError::Outdated => Self::Overtaken,
            LedgerError::Store(detail) => detail.into(),
            other => Self::Ledger(other),
        }
    }
}

impl From<StoreError> for SyncError {
    /// Logs the database's own words, which this error does not show.
    fn from(detail: StoreError) -> Self {
        tracing::error!(error = %detail, "the database failed");
        Self::Database(detail)
    }
}
