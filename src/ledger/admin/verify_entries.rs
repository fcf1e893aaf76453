//! Verification of an account's entries: their hash chain, their texts, and what they come to.

use std::collections::BTreeMap;

use super::verify::Report;
use crate::domain::ledger::chain::{ChainHash, FIRST_HASH, chain_hash};
use crate::domain::ledger::entry::Entry;
use crate::domain::value::ids::{AccountId, EntryId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::store::table::entries::EntryRow;
use crate::store::table::entry_texts::{EntryTexts, TextsById};
use crate::store::table::redactions::Redaction;
use crate::store::table::{entries, redactions};
use crate::store::{AnyConnection, StoreError};

/// Entries of one account that are read at once.
const ENTRY_PAGE: i64 = 1000;

/// What an account's entries come to, as far as they were looked at.
pub(in crate::ledger) struct Walk {
    /// How many there are.
    pub sequence: i64,
    /// The hash of the last of them.
    pub head: ChainHash,
    /// Their sum.
    pub balance: Points,
}

/// Looks at all entries of an account.
pub(in crate::ledger) fn check_entries(
    conn: &mut AnyConnection,
    account: AccountId,
    whose: &str,
    report: &mut Report,
) -> Result<Walk, LedgerError> {
    let mut walk = Walk { sequence: 0, head: FIRST_HASH, balance: Points::ZERO };
    loop {
        let rows = entries::of_account(conn, account, walk.sequence.saturating_add(1), ENTRY_PAGE)?;
        let texts = entries::texts_of(conn, &rows)?;
        let redacted = redactions::of(conn, &rows)?;
        check_redactions(conn, account, &redacted, whose, report)?;
        let page = EntryPage { texts, redacted, whose };
        for row in &rows {
            report.entries = report.entries.saturating_add(1);
            walk.step(row, &page, report)?;
        }
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) < ENTRY_PAGE {
            return Ok(walk);
        }
    }
}

/// What belongs to a page of entries.
struct EntryPage<'a> {
    texts: TextsById,
    redacted: BTreeMap<EntryId, Redaction>,
    whose: &'a str,
}

/// `None` when somebody edited it.
fn readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

impl Walk {
    fn step(&mut self, row: &EntryRow, page: &EntryPage<'_>, report: &mut Report) -> Result<(), LedgerError> {
        let whose = page.whose;
        self.sequence = self.sequence.saturating_add(1);
        if row.sequence != self.sequence {
            report.found(format!("{whose}: entry {} is missing", self.sequence));
            self.sequence = row.sequence;
        }
        let texts = row.texts_in(&page.texts);
        let hash = readable(row.hash())?;
        let before = std::mem::replace(&mut self.head, hash.unwrap_or(FIRST_HASH));
        let (entry, digest) = match row.entry(texts).and_then(|entry| Ok((entry, row.texts_digest()?))) {
            Ok(read) => read,
            Err(StoreError::Corrupt(what)) => {
                report.found(format!("{whose}: entry {} was changed: {what} is unreadable", row.id()));
                return Ok(());
            }
            Err(other) => return Err(other.into()),
        };
        if hash != Some(chain_hash(&before, self.sequence, &entry, &digest)) {
            report.found(format!("{whose}: entry {} was changed, or one before it: the hashes do not meet", row.id()));
        }
        if let Some(problem) = check_texts(&entry, texts, &digest, page.redacted.contains_key(&entry.id))? {
            report.found(format!("{whose}: the texts of entry {} {problem}", row.id()));
        }
        self.balance = self.balance.add(entry.points)?;
        if entry.balance_after != self.balance {
            report.found(format!(
                "{whose}: entry {} says the balance was {} after it, its entries come to {}",
                row.id(),
                entry.balance_after,
                self.balance
            ));
        }
        Ok(())
    }
}

/// Texts are there and as they were written, or a redaction says that they were erased.
fn check_texts(
    entry: &Entry,
    texts: Option<&EntryTexts>,
    digest: &[u8; 32],
    is_redacted: bool,
) -> Result<Option<&'static str>, StoreError> {
    Ok(match texts {
        None if is_redacted => None,
        None => Some("are missing, and no redaction says why"),
        Some(_) if is_redacted => Some("are there, although they were redacted"),
        Some(texts) if readable(texts.digest(entry))? == Some(*digest) => None,
        Some(_) => Some("were changed: their digest is another"),
    })
}

/// A redaction names a head that the account's chain had, and had also without the texts.
fn check_redactions(
    conn: &mut AnyConnection,
    account: AccountId,
    redacted: &BTreeMap<EntryId, Redaction>,
    whose: &str,
    report: &mut Report,
) -> Result<(), LedgerError> {
    for (entry, redaction) in redacted {
        let (before, after) = (&redaction.head_before, &redaction.head_after);
        if before != after || !entries::has_hash(conn, account, before)? {
            report.found(format!(
                "{whose}: the redaction of entry {entry} names the chain heads {} and {}, which are not one that the \
                 account had",
                hex::encode(before),
                hex::encode(after)
            ));
        }
    }
    Ok(())
}
