//! Verdicts: the reply each idempotency key got, and gets again.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::kept::{Kept, padded};
use super::schema::verdicts;
use super::{AnyConnection, CHUNK, StoreError, write_rows};

/// One verdict.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = verdicts, treat_none_as_default_value = false)]
pub struct Verdict {
    /// The key, with a prefix that says whose keys they are.
    pub idempotency_key: String,
    /// SHA-256 of the method and its canonical parameters, in hex.
    pub params_sha256: String,
    /// The reply as JSON: `{"result":…}` or `{"error":…}`.
    pub reply: String,
    /// When, in microseconds.
    pub recorded_at_us: i64,
}

/// The verdicts on these keys.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, keys: &[String]) -> Result<BTreeMap<String, Verdict>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        let query = verdicts::table
            .filter(verdicts::idempotency_key.eq_any(padded(chunk.iter().cloned())))
            .select(Verdict::as_select());
        let rows: Vec<Verdict> = Kept(query).load(conn)?;
        found.extend(rows.into_iter().map(|row| (row.idempotency_key.clone(), row)));
    }
    Ok(found)
}

/// Keeps new verdicts. A key that exists already fails the transaction: another replica was first.
///
/// # Errors
/// [`StoreError`]
pub fn append(conn: &mut AnyConnection, rows: &[Verdict]) -> Result<(), StoreError> {
    write_rows!(conn, rows, row => diesel::insert_into(verdicts::table).values(row));
    Ok(())
}
