//! What time has done: holds that ran out, points that expired.

use std::collections::BTreeSet;

use super::{Answer, AskedBy, Command, Needs};
use crate::domain::catalog::records::Ingested;
use crate::domain::ledger::entry::EXPIRY;
use crate::domain::value::ids::AccountId;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::{Batch, inconsistent};
use crate::store::AnyConnection;

/// Accounts that time has done something to.
#[derive(Clone, Debug)]
pub struct SettleAccounts {
    /// Which.
    pub accounts: BTreeSet<AccountId>,
}

impl Command for SettleAccounts {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Ledger
    }

    fn needs(&self) -> Needs<'_> {
        Needs { accounts: Some(&self.accounts), ..Needs::default() }
    }

    fn weight(&self) -> usize {
        self.accounts.len().max(1)
    }

    fn decide(&self, batch: &mut Batch, _: &mut AnyConnection, _: usize) -> Result<Answer, LedgerError> {
        for account in &self.accounts {
            batch.in_context(EXPIRY, |state, context| state.settle(*account, context)).map_err(inconsistent)?;
        }
        Ok(Answer::Ingested(Ingested::default()))
    }
}
