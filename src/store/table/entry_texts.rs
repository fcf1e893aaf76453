//! The texts of entries: what people are called in them, and what people wrote. They stand outside the hash chain, which
//! has their digest ([`crate::domain::ledger::chain`]), and are erased by redaction alone.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::domain::ledger::chain::{Salt, TextsDigest, texts_digest};
use crate::domain::ledger::entry::Entry;
use crate::domain::value::ids::EntryId;
use crate::store::codec::{pg_json, uuids};
use crate::store::schema::entry_texts;
use crate::store::{AnyConnection, CHUNK, StoreError, corrupt, write_rows};

/// The texts of one entry, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = entry_texts, treat_none_as_default_value = false)]
pub struct EntryTexts {
    #[serde(with = "pg_json::bytes")]
    pub(in crate::store) entry_id: Vec<u8>,
    #[serde(with = "pg_json::bytes")]
    salt: Vec<u8>,
    /// What a person calls the document that caused the entry.
    pub cause_name: String,
    /// A person's or the service's reason.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// For whom the actor says that it acted.
    pub on_behalf_of: Option<String>,
}

impl EntryTexts {
    /// The texts of an entry, and what they are salted with.
    #[must_use]
    pub fn new(entry: &Entry, salt: &Salt) -> Self {
        Self {
            entry_id: uuids::to_bytes(entry.id.0),
            salt: salt.to_vec(),
            cause_name: entry.cause.name.clone(),
            reason: entry.reason.clone(),
            actor: entry.actor.clone(),
            on_behalf_of: entry.detail.on_behalf_of.clone(),
        }
    }

    /// The digest that an entry with these texts has.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited the salt.
    pub fn digest(&self, entry: &Entry) -> Result<TextsDigest, StoreError> {
        let salt: Salt = self.salt.as_slice().try_into().map_err(|_| corrupt(format!("the salt of {}", entry.id)))?;
        Ok(texts_digest(&salt, entry))
    }
}

/// Texts by their entry.
pub type TextsById = BTreeMap<Vec<u8>, EntryTexts>;

/// Appends the texts of new entries.
///
/// # Errors
/// [`StoreError`]
pub fn append(conn: &mut AnyConnection, rows: &[EntryTexts]) -> Result<(), StoreError> {
    write_rows!(conn, rows, row => diesel::insert_into(entry_texts::table).values(row));
    Ok(())
}

/// The texts of these entries; those that were erased are absent.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn load<'a>(
    conn: &mut AnyConnection,
    entries: impl Iterator<Item = &'a [u8]>,
) -> Result<TextsById, StoreError> {
    let ids: Vec<&[u8]> = entries.collect();
    let mut found = TextsById::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<EntryTexts> = entry_texts::table
            .filter(entry_texts::entry_id.eq_any(chunk.to_vec()))
            .select(EntryTexts::as_select())
            .load(conn)?;
        found.extend(rows.into_iter().map(|row| (row.entry_id.clone(), row)));
    }
    Ok(found)
}

/// Erases the texts of an entry. Its redaction must be noted before, else the database refuses.
///
/// # Errors
/// [`StoreError`]
pub fn erase(conn: &mut AnyConnection, entry: EntryId) -> Result<(), StoreError> {
    diesel::delete(entry_texts::table.find(uuids::to_bytes(entry.0))).execute(conn)?;
    Ok(())
}
