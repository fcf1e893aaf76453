//! Questions to the ledger: nothing here changes points.

pub mod balance;
pub(in crate::ledger) mod draft;
pub mod entry;
pub mod exceptions;
pub mod explanation;
pub mod history;
mod listing;
pub mod members;
pub(in crate::ledger) mod names;
pub(in crate::ledger) mod outlook;
pub mod programs;
pub mod quote;
pub mod redemptions;

use std::sync::Arc;

use crate::domain::program::version::ProgramVersions;
use crate::domain::sale::order::Wallet;
use crate::ledger::{Ledger, LedgerError};
use crate::store::AnyConnection;

/// The questions to a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a>(&'a Ledger);

impl Queries<'_> {
    /// Has a question answered on one connection, with the programs as they are now and with whose points an order's are.
    async fn ask<T: Send + 'static>(
        self,
        question: impl FnOnce(&mut AnyConnection, &[ProgramVersions], Wallet) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let context = Arc::clone(self.0.context());
        let answered = move |conn: &mut AnyConnection| {
            let all_versions = context.programs.all_versions(conn)?;
            question(conn, &all_versions, context.options.wallet)
        };
        self.0.pool().run(answered).await
    }
}

impl Ledger {
    /// What the ledger can be asked without anything being changed.
    #[must_use]
    pub const fn queries(&self) -> Queries<'_> {
        Queries(self)
    }
}
