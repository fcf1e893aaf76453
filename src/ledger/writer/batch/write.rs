//! What a batch has changed, written.

use std::collections::BTreeMap;

use super::{Batch, Stored, chain};
use crate::domain::ledger::entry::EntryKind;
use crate::domain::ledger::hold::Hold;
use crate::domain::value::ids::{AccountId, HoldId, SaleId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::debts;
use crate::store::AnyConnection;
use crate::store::batch::changes::BatchChanges;
use crate::store::table::accounts::{self, StoredAccount};
use crate::store::table::exceptions::{self, ExceptionRow};
use crate::store::table::holds::HoldReply;

/// What a batch wrote, for logs and metrics, and what it left.
pub(super) struct Written {
    pub accounts: Vec<StoredAccount>,
    pub holds: BTreeMap<HoldId, Hold>,
    pub entries: Vec<&'static str>,
    pub exceptions: Vec<(&'static str, String)>,
}

impl Batch {
    /// Writes it.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub(super) fn write(mut self, conn: &mut AnyConnection) -> Result<Written, LedgerError> {
        let closed = debts::review(&mut self.state, &mut self.debts, &self.all_versions, self.now)?;
        let mut stored = self.stored;
        let (rows, texts) = chain::rows(&self.state.entries, &mut stored)?;
        let accounts: Vec<accounts::Changed<'_>> = self
            .state
            .changed_accounts
            .iter()
            .filter_map(|id| {
                let account = self.state.accounts.get(id)?;
                let Stored { entry_count, last_hash, lots, loaded } = stored.get(id)?;
                let (entry_count, entry_count_before) = (*entry_count, loaded.entry_count);
                let debt_exception_id = self.debts.get(id).map(String::as_str);
                // Points move by entries alone; that some are held stands elsewhere.
                let is_as_loaded = entry_count_before == entry_count && loaded.debt.as_deref() == debt_exception_id;
                let changed = accounts::Changed {
                    account,
                    lots_before: lots,
                    entry_count,
                    entry_count_before,
                    last_hash,
                    debt_exception_id,
                };
                (!is_as_loaded).then_some(changed)
            })
            .collect();
        let postings: BTreeMap<(SaleId, AccountId), Points> = self
            .state
            .changed_postings
            .iter()
            .filter_map(|key| self.state.postings.get(key).map(|points| (*key, *points)))
            .collect();
        let holds = self.state.changed_holds.iter().filter_map(|id| self.state.holds.get(id));
        let (new, changed_holds): (Vec<&Hold>, Vec<&Hold>) = holds.partition(|hold| self.given.contains_key(&hold.id));
        let new_holds: Vec<(&Hold, Option<&HoldReply>)> =
            new.into_iter().map(|hold| (hold, self.given.get(&hold.id))).collect();
        let redeems = self.state.entries.iter().filter(|entry| entry.kind == EntryKind::Redeem);
        let changes = BatchChanges {
            entries: &rows,
            texts: &texts,
            accounts: &accounts,
            new_holds: &new_holds,
            changed_holds: &changed_holds,
            captured: &redeems.filter_map(|entry| entry.hold_id).collect(),
            postings: &postings,
            replies: &self.fresh_replies,
        };
        changes.write(conn)?;
        let mut raised = Vec::new();
        for exception in self.state.exceptions {
            if exceptions::insert(conn, &ExceptionRow::new(&exception, self.now))? {
                raised.push((exception.kind, exception.detail));
            }
        }
        exceptions::close(conn, &closed, debts::OVER, self.now.timestamp_micros())?;
        let entries = self.state.entries.iter().map(|entry| entry.kind.as_str()).collect();
        let stored = self.state.accounts.into_iter().filter_map(|(id, account)| {
            let Stored { entry_count, last_hash, .. } = stored.remove(&id)?;
            Some(StoredAccount { account, entry_count, last_hash, debt_exception_id: self.debts.remove(&id) })
        });
        let accounts = stored.collect();
        Ok(Written { accounts, holds: self.state.holds, entries, exceptions: raised })
    }
}
