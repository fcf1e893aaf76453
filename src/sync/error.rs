//! Why a pass ended early. Nothing is lost by it: cursors move only when a stream was read to its end.

use crate::odoo::Fault;

use super::ledger::LedgerFault;

/// Why a pass ended early.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Odoo could not be read.
    #[error("{0}")]
    Odoo(#[from] Fault),
    /// The ledger could not take in what was read.
    #[error("the ledger could not take in what Odoo sent: {0}")]
    Ledger(#[source] LedgerFault),
    /// So many orders are gone from Odoo at once that it must be a right that was lost, or another database.
    #[error(
        "{gone} of {known} orders are no longer to be seen in Odoo. Points were left as they are: check odoo.database and \
         the companies the service user may see. Nothing is forgotten until fewer are missing."
    )]
    TooManyGone {
        /// How many are gone.
        gone: usize,
        /// How many the ledger knows.
        known: usize,
    },
}

impl SyncError {
    /// A short stable word, for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Odoo(fault) => fault.kind(),
            Self::Ledger(_) => "ledger",
            Self::TooManyGone { .. } => "too_many_gone",
        }
    }
}
