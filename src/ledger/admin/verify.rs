//! Verification: every invariant of the ledger, computed again from what is stored.
//!
//! - An account's balance is the sum of its entries, and also its lots less its debt.
//! - What is held is the sum of its open holds.
//! - A sale's entries come to what it should have earned.
//! - No entry was changed: its hash covers it and the one before. Its texts are as they were written, or redacted.
//! - Each captured hold has exactly one `redeem` entry, and its paid sale or an exception. (One reply a key is the
//!   table's own primary key.)
//! - A debt is listed as an exception.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::verify_entries::{Walk, check_entries};
use super::verify_redemptions::{AsOf, check_debt, check_holds};
use crate::domain::ledger::converge::Uncomputed;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::ids::{AccountId, ProgramId, SaleId};
use crate::domain::value::points::Points;
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::refund_links::{Linked, refunds_of};
use crate::ledger::ingest::sales::{Said, desired_of};
use crate::store::connection::transaction::read_transaction;
use crate::store::table::accounts::{self, AccountSelection, StoredAccount};
use crate::store::table::placed::{self, Stretch};
use crate::store::table::{entries, line_index, orders, postings, transfers};
use crate::store::{self, AnyConnection};

/// Accounts and orders that are looked at on one state of the database.
const PAGE: i64 = 200;
/// Violations that are told one by one; more would drown the first.
const TELL: usize = 100;

/// What verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many accounts were looked at.
    pub accounts: u64,
    /// How many entries were looked at.
    pub entries: u64,
    /// What is wrong, in sentences; at most a hundred and a line that counts the rest.
    pub violations: Vec<String>,
    #[serde(skip)]
    untold: u64,
}

impl Report {
    pub(in crate::ledger) fn found(&mut self, violation: String) {
        if self.violations.len() < TELL {
            self.violations.push(violation);
        } else {
            self.untold = self.untold.saturating_add(1);
        }
    }
}

impl Ledger {
    /// Computes every invariant again. Reads page by page, each page on one state of the database, so it may
    /// run beside everything else.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn verify(&self) -> Result<Report, LedgerError> {
        // Work that a put left over is no violation: it is done first.
        self.recompute().await?;
        let mut report = Report::default();
        for broken in self.pool().run(|conn| Ok::<_, LedgerError>(super::programs::unreadable_in(conn)?)).await? {
            report.found(broken.sentence);
        }
        let mut after = AccountId(0);
        loop {
            let (page, last) =
                self.pool().run(move |conn| read_transaction(conn, |conn| check_accounts(conn, after))).await?;
            merge(&mut report, page);
            match last {
                Some(id) => after = id,
                None => break,
            }
        }
        let mut after: Option<SaleId> = None;
        loop {
            let context = Arc::clone(self.context());
            let (page, last) = self
                .pool()
                .run(move |conn| {
                    read_transaction(conn, |conn| {
                        let all_versions = context.programs.all_versions(conn)?;
                        check_orders(conn, &all_versions, context.options.wallet, after)
                    })
                })
                .await?;
            merge(&mut report, page);
            match last {
                Some(id) => after = Some(id),
                None => break,
            }
        }
        if report.untold > 0 {
            report.violations.push(format!("and {} more", report.untold));
        }
        if !report.violations.is_empty() {
            tracing::error!(violations = report.violations.len(), "the ledger does not verify");
        }
        Ok(report)
    }
}

fn merge(report: &mut Report, page: Report) {
    report.accounts = report.accounts.saturating_add(page.accounts);
    report.entries = report.entries.saturating_add(page.entries);
    report.untold = report.untold.saturating_add(page.untold);
    for violation in page.violations {
        report.found(violation);
    }
}

fn check_accounts(conn: &mut AnyConnection, after: AccountId) -> Result<(Report, Option<AccountId>), LedgerError> {
    let mut report = Report::default();
    let as_of = AsOf::read(conn)?;
    let page = accounts::load(conn, &AccountSelection::After(after, PAGE))?;
    for stored in &page {
        report.accounts = report.accounts.saturating_add(1);
        match check_account(conn, stored, &as_of, &mut report) {
            // Sums past what is ever written: of this account alone.
            Err(LedgerError::Refused(refused)) => report.found(format!("{}: {}", whose(stored), refused.message)),
            checked => checked?,
        }
    }
    Ok((report, page.last().map(|stored| stored.account.id)))
}

fn whose(stored: &StoredAccount) -> String {
    format!("account {} (partner {})", stored.account.id, stored.account.partner_id)
}

fn check_account(
    conn: &mut AnyConnection,
    stored: &StoredAccount,
    as_of: &AsOf,
    report: &mut Report,
) -> Result<(), LedgerError> {
    let account = &stored.account;
    let whose = whose(stored);
    let Walk { sequence, head, balance } = check_entries(conn, account.id, &whose, report)?;
    if account.balance() != balance {
        report.found(format!("{whose}: the balance is {} but its entries come to {balance}", account.balance()));
    }
    if stored.entry_count != sequence || stored.last_hash != head {
        report.found(format!("{whose}: {} entries are counted and {sequence} are there", stored.entry_count));
    }
    if let Some(violation) = account.violation()? {
        report.found(format!("{whose}: {violation}"));
    }
    check_debt(conn, stored, as_of, &whose, report)?;
    check_holds(conn, stored, as_of, &whose, report)
}

/// Those of these accounts that are in a program which says nothing about an order.
fn accounts_in(
    conn: &mut AnyConnection,
    all: &[AccountId],
    programs: &BTreeMap<ProgramId, Uncomputed>,
) -> Result<BTreeSet<AccountId>, LedgerError> {
    if programs.is_empty() || all.is_empty() {
        return Ok(BTreeSet::new());
    }
    let loaded = accounts::load(conn, &AccountSelection::Ids(&all.iter().copied().collect()))?;
    let of_these = loaded.iter().filter(|one| programs.contains_key(&one.account.program_id));
    Ok(of_these.map(|one| one.account.id).collect())
}

fn check_orders(
    conn: &mut AnyConnection,
    all_versions: &[ProgramVersions],
    wallet: crate::ledger::Wallet,
    after: Option<SaleId>,
) -> Result<(Report, Option<SaleId>), LedgerError> {
    let mut report = Report::default();
    let ids: std::collections::BTreeSet<SaleId> =
        placed::ids(conn, Stretch::default(), None, after, PAGE)?.into_iter().collect();
    let linked = Linked::load(conn, &ids)?;
    let wallets = crate::ledger::ingest::wallets::of_known(conn, wallet, &linked, false)?;
    let Linked { orders: sales, refunds, .. } = linked;
    let postings = postings::of_sales(conn, &ids)?;
    // As they are kept: where receipts tie refunds to sales, the index knows nothing of it.
    let as_kept = orders::load(conn, &ids)?;
    for sentence in line_index::missing(conn, &as_kept)? {
        report.found(sentence);
    }
    let listed: Vec<SaleId> = ids.iter().copied().collect();
    let posted_entries = entries::of_sales(conn, &listed)?;
    let moved = transfers_of(conn, posted_entries.values().flatten())?;
    for (id, order) in &sales {
        let of_this = refunds_of(order, &refunds);
        let member = wallets.get(id).copied();
        let memberships = store::table::memberships::load(conn, &member.into_iter().collect())?;
        let Said { desired, uncomputed, .. } = desired_of(order, &of_this, member, all_versions, &memberships)?;
        for said in uncomputed.values().filter(|said| said.problem.is_none()) {
            report.found(format!(
                "{id} ({}): the numbers of the program {}, version {}, grow too large on it",
                order.name, said.program, said.version
            ));
        }
        let keys = desired.keys().copied().collect();
        let accounts = accounts::ids_of(conn, &keys)?;
        let mut expected: BTreeMap<AccountId, Points> = BTreeMap::new();
        for (key, desired) in &desired {
            match accounts.get(key) {
                Some(account) => {
                    expected.insert(*account, desired.points);
                }
                None if desired.points.is_zero() => {}
                None => report.found(format!("{id} should have earned {} and has no account", desired.points)),
            }
        }
        let mut actual: BTreeMap<AccountId, Points> = BTreeMap::new();
        for row in posted_entries.get(id).into_iter().flatten() {
            // An unreadable entry was told with its account.
            if let Ok(entry) = row.numbers() {
                // What a member earned is the other's, where its points moved.
                let sum = actual.entry(moved.account_of(entry.account_id, row.sequence)).or_default();
                *sum = sum.add(entry.points)?;
            }
        }
        let noted = postings.get(id).cloned().unwrap_or_default();
        let mut all: Vec<AccountId> = expected.keys().chain(actual.keys()).chain(noted.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        let unchecked = accounts_in(conn, &all, &uncomputed)?;
        for account in all {
            let of = |map: &BTreeMap<AccountId, Points>| map.get(&account).copied().unwrap_or_default();
            let (posted, note) = (of(&actual), of(&noted));
            let wanted = if unchecked.contains(&account) { posted } else { of(&expected) };
            if posted != wanted || note != posted {
                report.found(format!(
                    "{id} ({}): it should have posted {wanted} to account {account}, its entries come to \
                     {posted}, and {note} is noted",
                    order.name
                ));
            }
        }
    }
    Ok((report, ids.last().copied()))
}

/// The transfers of the accounts of these entries.
pub(in crate::ledger) fn transfers_of<'a>(
    conn: &mut AnyConnection,
    rows: impl Iterator<Item = &'a entries::EntryRow>,
) -> Result<transfers::Transfers, LedgerError> {
    let accounts: std::collections::BTreeSet<AccountId> = rows.map(entries::EntryRow::account_id).collect();
    Ok(transfers::from(conn, &accounts)?)
}
