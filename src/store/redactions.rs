//! Redactions: whose texts were erased, by whom and on what ground. Rows are never changed.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::entries::EntryRow;
use super::schema::redactions;
use super::{AnyConnection, CHUNK, StoreError, packed};
use crate::domain::ids::EntryId;

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
            found.insert(EntryId(packed::uuid_from(&row.entry_id, "the entry id")?), row);
        }
    }
    Ok(found)
}
