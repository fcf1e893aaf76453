//! The ledger's housekeeping: expired holds and points, debts to list, old refusals to remove.

use std::collections::BTreeSet;

use crate::domain::value::ids::AccountId;
use crate::ledger::writer::command::SettleAccounts;
use crate::ledger::{Ledger, LedgerError};
use crate::store;
use crate::store::connection::clock::database_now;

/// The ledger's housekeeping.
#[derive(Clone, Copy, Debug)]
pub struct Upkeep<'a>(pub(in crate::ledger) &'a Ledger);

impl Ledger {
    /// The ledger's housekeeping.
    #[must_use]
    pub const fn upkeep(&self) -> Upkeep<'_> {
        Upkeep(self)
    }
}

impl Upkeep<'_> {
    /// Writes what time has done: holds that ran out, points that expired. Returns how many accounts it met.
    ///
    /// # Errors
    /// As [`Ledger::reply`].
    pub async fn settle_due(&self) -> Result<usize, LedgerError> {
        let mut met: usize = 0;
        loop {
            let chunk = self.0.chunk();
            let limit = i64::try_from(chunk).unwrap_or(i64::MAX);
            let due = self
                .0
                .pool()
                .run(move |conn| {
                    let now = database_now(conn)?;
                    Ok::<_, LedgerError>(store::table::accounts::due(conn, now.timestamp_micros(), limit)?)
                })
                .await?;
            if due.is_empty() {
                return Ok(met);
            }
            // Of holds and of lots so many each: the others are found next time.
            let due: BTreeSet<AccountId> = due.into_iter().take(chunk).collect();
            met = met.saturating_add(due.len());
            self.0.execute(SettleAccounts { accounts: due }).await?;
        }
    }
}
