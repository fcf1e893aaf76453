//! Redaction: the texts of an entry are erased, and what it did to points stays.
//!
//! Texts stand outside the hash chain, so the chain verifies afterwards as before. Who erased them, when and on what ground
//! stays for ever, with the chain's head: as it was noted, and as computed anew from entries without texts.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::domain::ledger::chain::{ChainHash, FIRST_HASH, chain_hash};
use crate::domain::ledger::entry::{CauseModel, Entry};
use crate::domain::refusal::Refusal;
use crate::domain::value::as_text;
use crate::domain::value::ids::{AccountId, EntryId};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::debts;
use crate::store::connection::clock::{database_now, from_us};
use crate::store::connection::transaction::erasing_transaction;
use crate::store::table::accounts::{self, AccountSelection, StoredAccount};
use crate::store::table::redactions::{self, Redaction};
use crate::store::table::{entries, entry_texts};
use crate::store::{self, AnyConnection};

/// Entries that are hashed at once.
const PAGE: i64 = 1000;

/// What was erased, by whom and on what ground.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedactionCertificate {
    /// The entry.
    pub entry_id: EntryId,
    /// When.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// On what ground.
    pub ground: String,
    /// The account's last hash before.
    #[serde(serialize_with = "serialize_hash")]
    pub head_before: Vec<u8>,
    /// The same afterwards: it does not change.
    #[serde(serialize_with = "serialize_hash")]
    pub head_after: Vec<u8>,
}

fn serialize_hash<S: Serializer>(hash: &[u8], out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&hex::encode(hash))
}

impl Ledger {
    /// Erases the texts of an entry: the cause's name, the reason, the actor and for whom the actor acted, also where the
    /// ledger has copied them. Answers with a certificate; doing so again answers with the first one.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntry`]
    pub async fn redact(
        &self,
        entry_id: String,
        ground: String,
        by: String,
    ) -> Result<RedactionCertificate, LedgerError> {
        self.pool()
            .run(move |conn| {
                let unknown = || LedgerError::from(Refusal::UnknownEntry(entry_id.clone()));
                let id = EntryId::parse(&entry_id).ok_or_else(unknown)?;
                let done = erasing_transaction(conn, |conn| {
                    let row = entries::find(conn, id)?.ok_or_else(unknown)?;
                    // No entry may be added while the chain is hashed.
                    accounts::lock(conn, &[row.account_id()].into())?;
                    if let Some(before) = redactions::find(conn, id)? {
                        return Ok(before);
                    }
                    let account = accounts::load(conn, &AccountSelection::Ids(&[row.account_id()].into()))?;
                    let account = account
                        .into_iter()
                        .next()
                        .ok_or_else(|| store::corrupt(crate::domain::ledger::state::Missing))?;
                    let texts = entries::texts_of(conn, std::slice::from_ref(&row))?;
                    let redaction = Redaction::new(
                        id,
                        database_now(conn)?,
                        (&by, &ground),
                        &account.last_hash,
                        &head(conn, row.account_id())?,
                    );
                    redactions::note(conn, &redaction)?;
                    erase_copies(conn, &row.entry(row.texts_in(&texts))?, &account)?;
                    entry_texts::erase(conn, id)?;
                    Ok::<_, LedgerError>(redaction)
                })?;
                certificate(id, done)
            })
            .await
    }
}

/// The head of an account's chain, as its entries come to it without texts.
fn head(conn: &mut AnyConnection, account: AccountId) -> Result<ChainHash, LedgerError> {
    let (mut head, mut sequence) = (FIRST_HASH, 0_i64);
    loop {
        let rows = entries::of_account(conn, account, sequence.saturating_add(1), PAGE)?;
        for row in &rows {
            sequence = row.sequence;
            head = chain_hash(&head, sequence, &row.numbers()?, &row.texts_digest()?);
        }
        if rows.is_empty() {
            return Ok(head);
        }
    }
}

/// Erases what else the ledger says in the words of an entry: a debt's exception, and the hold that it captured.
fn erase_copies(conn: &mut AnyConnection, entry: &Entry, account: &StoredAccount) -> Result<(), LedgerError> {
    // The number of an order is the order's: it stays with it.
    if entry.cause.model != CauseModel::PosOrder && !entry.cause.name.is_empty() {
        let partner = account.account.partner_id;
        let words = (debts::named(&entry.cause.name), debts::named("redacted"));
        redactions::replace_in_exceptions(conn, debts::KIND, partner, (&words.0, &words.1))?;
    }
    if let (Some(hold), false) = (entry.hold_id, entry.actor.is_empty()) {
        redactions::forget_actor_of_hold(conn, hold, &entry.actor)?;
    }
    Ok(())
}

fn certificate(entry_id: EntryId, redaction: Redaction) -> Result<RedactionCertificate, LedgerError> {
    Ok(RedactionCertificate {
        entry_id,
        at: from_us(redaction.redacted_at_us)?,
        by: redaction.redacted_by,
        ground: redaction.ground,
        head_before: redaction.head_before,
        head_after: redaction.head_after,
    })
}
