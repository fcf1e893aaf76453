//! Redactions: whose texts were erased, by whom and on what ground. Rows are never changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::entries::EntryRow;
use crate::domain::ledger::chain::ChainHash;
use crate::domain::value::ids::{EntryId, HoldId, PartnerId};
use crate::store::codec::uuids;
use crate::store::schema::{exceptions, holds, redactions};
use crate::store::{AnyConnection, CHUNK, StoreError, on_each};

/// That the texts of an entry were erased.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = redactions)]
pub struct Redaction {
    entry_id: Vec<u8>,
    /// When, by the database's clock, in microseconds.
    pub redacted_at_us: i64,
    /// By whom.
    pub redacted_by: String,
    /// On what ground.
    pub ground: String,
    /// The head of the account's chain, as it was noted before.
    pub head_before: Vec<u8>,
    /// The head that the entries come to without the texts.
    pub head_after: Vec<u8>,
}

impl Redaction {
    /// That the texts of an entry were erased at a time, by somebody on a ground.
    #[must_use]
    pub fn new(
        entry: EntryId,
        at: DateTime<Utc>,
        (by, ground): (&str, &str),
        head_before: &ChainHash,
        head_after: &ChainHash,
    ) -> Self {
        Self {
            entry_id: uuids::to_bytes(entry.0),
            redacted_at_us: at.timestamp_micros(),
            redacted_by: by.to_owned(),
            ground: ground.to_owned(),
            head_before: head_before.to_vec(),
            head_after: head_after.to_vec(),
        }
    }
}

/// Notes one, for ever.
///
/// # Errors
/// [`StoreError`]
pub fn note(conn: &mut AnyConnection, redaction: &Redaction) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(redactions::table).values(redaction).execute(c))?;
    Ok(())
}

/// That of an entry, if there is one.
///
/// # Errors
/// [`StoreError`]
pub fn find(conn: &mut AnyConnection, entry: EntryId) -> Result<Option<Redaction>, StoreError> {
    let found = redactions::table.find(uuids::to_bytes(entry.0)).select(Redaction::as_select());
    Ok(found.first(conn).optional()?)
}

/// The redactions of these entries.
///
/// # Errors
/// [`StoreError`]
pub fn of(conn: &mut AnyConnection, entries: &[EntryRow]) -> Result<BTreeMap<EntryId, Redaction>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in entries.chunks(CHUNK) {
        let ids: Vec<&[u8]> = chunk.iter().map(EntryRow::key).collect();
        let rows: Vec<Redaction> =
            redactions::table.filter(redactions::entry_id.eq_any(ids)).select(Redaction::as_select()).load(conn)?;
        for row in rows {
            found.insert(EntryId(uuids::from_bytes(&row.entry_id, "the entry id")?), row);
        }
    }
    Ok(found)
}

/// Puts other words in the place of these, in what exceptions of a kind say of a customer.
///
/// # Errors
/// [`StoreError`]
pub fn replace_in_exceptions(
    conn: &mut AnyConnection,
    kind: &str,
    partner: PartnerId,
    (words, others): (&str, &str),
) -> Result<(), StoreError> {
    let of_customer = exceptions::kind.eq(kind).and(exceptions::partner_id.eq(partner.0));
    let said: Vec<(String, String)> =
        exceptions::table.filter(of_customer).select((exceptions::id, exceptions::detail)).load(conn)?;
    for (id, detail) in said.into_iter().filter(|(_, detail)| detail.contains(words)) {
        let detail = detail.replace(words, others);
        diesel::update(exceptions::table.find(id)).set(exceptions::detail.eq(detail)).execute(conn)?;
    }
    Ok(())
}

/// Forgets who made a hold, if that was this actor.
///
/// # Errors
/// [`StoreError`]
pub fn forget_actor_of_hold(conn: &mut AnyConnection, hold: HoldId, actor: &str) -> Result<(), StoreError> {
    let made_by = holds::table.find(uuids::to_bytes(hold.0)).filter(holds::actor.eq(actor));
    diesel::update(made_by).set(holds::actor.eq("")).execute(conn)?;
    Ok(())
}
