//! Debts: an account whose available points are below zero has one exception until they are zero or more again.
//!
//! It is looked at when a batch is written, whatever took the points. Nothing is read for it: each account remembers the
//! exception that stands for its debt.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::command::SettleAccounts;
use crate::domain::ledger::account::Account;
use crate::domain::ledger::entry::{CauseModel, Entry};
use crate::domain::ledger::state::{Exception, LedgerState, OrderRef};
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{AccountId, ExceptionId, OrderId, SaleId};
use crate::ledger::error::LedgerError;
use crate::ledger::upkeep::Upkeep;
use crate::store;

/// What is written on an exception whose debt is over.
pub(in crate::ledger) const OVER: &str = "the available points are zero or more again";
/// The kind of a debt's exception.
pub(in crate::ledger) const KIND: &str = "debt";
/// Accounts that are looked at in one transaction.
const PAGE: i64 = 100;

/// Raises an exception for each debt that has none, and forgets those that are over; returns the exceptions to close.
/// `listed` are the exceptions that stand for debts, by account.
pub(in crate::ledger) fn review(
    state: &mut LedgerState,
    listed: &mut BTreeMap<AccountId, String>,
    all_versions: &[ProgramVersions],
    now: DateTime<Utc>,
) -> Result<Vec<String>, Overflow> {
    let mut closed = Vec::new();
    let mut raised = Vec::new();
    for (id, account) in &state.accounts {
        let is_in_debt = account.available(now)?.is_negative();
        if is_in_debt && !listed.contains_key(id) {
            let code = all_versions.iter().find(|program_versions| program_versions.id == account.program_id);
            let code = code.map_or("", |program_versions| program_versions.code.as_str());
            let cause = state.entries.iter().rfind(|entry| entry.account_id == *id);
            let exception = debt(account, code, cause, now)?;
            listed.insert(*id, exception.id.to_string());
            state.changed_accounts.insert(*id);
            raised.push(exception);
        } else if !is_in_debt && let Some(exception) = listed.remove(id) {
            state.changed_accounts.insert(*id);
            closed.push(exception);
        }
    }
    state.exceptions.extend(raised);
    Ok(closed)
}

/// The sale that caused an entry. It is of the same system as the sale that the entry belongs to.
fn sale_named(entry: &Entry, id: i64) -> SaleId {
    entry.sale.map_or_else(|| SaleId::pos_order(OrderId(id)), |of| SaleId { id, ..of })
}

/// What a debt's exception says of the document that made it. A redaction looks for it.
pub(in crate::ledger) fn named(document: &str) -> String {
    format!(" ({document})")
}

fn debt(account: &Account, program: &str, cause: Option<&Entry>, now: DateTime<Utc>) -> Result<Exception, Overflow> {
    let id = ExceptionId(Uuid::now_v7());
    let by = cause.map_or_else(String::new, |entry| format!(", last by {} of {}", entry.kind, entry.points));
    let name = cause.map_or_else(String::new, |entry| named(&entry.cause.name));
    let order =
        cause.filter(|entry| entry.cause.model == CauseModel::PosOrder).map_or_else(OrderRef::default, |entry| {
            OrderRef {
                id: entry.cause.id.map(|id| sale_named(entry, id)),
                uuid: entry.cause.uuid.clone(),
                name: Some(entry.cause.name.clone()),
            }
        });
    Ok(Exception {
        id,
        dedupe_key: format!("debt/{id}"),
        kind: KIND,
        partner_id: Some(account.partner_id),
        order,
        detail: format!(
            "the customer's available points in the program {program} fell to {} (balance {}, held {}){by}{name}: what is \
             earned from now on pays this debt first. Correct it with an adjustment, or resolve this to leave it so",
            account.available(now)?,
            account.balance_at(now)?,
            account.held_at(now)?
        ),
    })
}

impl Upkeep<'_> {
    /// Has debts listed that an older version of this program left without an exception. Returns how many accounts it
    /// looked at.
    ///
    /// # Errors
    /// As [`Ledger::reply`].
    pub async fn list_debts(&self) -> Result<usize, LedgerError> {
        let mut after = AccountId(0);
        let mut met: usize = 0;
        loop {
            let accounts = self
                .0
                .pool()
                .run(move |conn| Ok::<_, LedgerError>(store::table::accounts::unlisted_debts(conn, after, PAGE)?));
            let accounts = accounts.await?;
            let Some(last) = accounts.last().copied() else { return Ok(met) };
            after = last;
            met = met.saturating_add(accounts.len());
            self.0.execute(SettleAccounts { accounts }).await?;
        }
    }
}
