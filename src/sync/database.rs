//! Sync's way to the database: its own tables (the lease, cursors, passes, findings), and what it reads of the ledger's.
//! What changes points goes through the ledger.

use super::error::SyncError;
use crate::store::connection::transaction::write_transaction;
use crate::store::{AnyConnection, Pool, StoreError};

/// The database, as sync uses it.
#[derive(Clone)]
pub(super) struct SyncDatabase(pub Pool);

impl SyncDatabase {
    /// Runs `work` on a connection.
    ///
    /// # Errors
    /// What `work` returns, or that the database cannot be reached.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SyncError> {
        Ok(self.0.run(work).await?)
    }

    /// As [`SyncDatabase::run`], in a transaction that writes.
    ///
    /// # Errors
    /// As [`SyncDatabase::run`].
    pub async fn transaction<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SyncError> {
        self.run(|conn| write_transaction(conn, work)).await
    }
}
