//! Verdicts: the reply each idempotency key got, and gets again.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::kept::{load_kept, padded};
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
    /// Whether it is a caller's refusal, which is not kept for ever: nothing was done.
    pub refusal: bool,
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
        let rows: Vec<Verdict> = load_kept!(conn, query, chunk.len())?;
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

/// The keys of the oldest refusals that were recorded before a moment, of those that begin with `beginning`.
///
/// # Errors
/// [`StoreError`]
pub fn refusals_before(
    conn: &mut AnyConnection,
    beginning: &str,
    before_us: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(verdicts::table
        .filter(is_refusal())
        .filter(verdicts::idempotency_key.like(format!("{beginning}%")))
        .filter(verdicts::recorded_at_us.lt(before_us))
        .order(verdicts::recorded_at_us)
        .limit(limit)
        .select(verdicts::idempotency_key)
        .load(conn)?)
}

/// Removes these refusals; returns how many were still there. The database lets nothing else be removed.
///
/// # Errors
/// [`StoreError`]
pub fn remove_refusals(conn: &mut AnyConnection, keys: &[String]) -> Result<u64, StoreError> {
    let mut removed: usize = 0;
    for chunk in keys.chunks(CHUNK) {
        let these = verdicts::table.filter(verdicts::idempotency_key.eq_any(chunk)).filter(is_refusal());
        removed = removed.saturating_add(diesel::delete(these).execute(conn)?);
    }
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

/// Written out: a partial index is used only if its condition is in the statement's text.
fn is_refusal() -> diesel::expression::SqlLiteral<Bool> {
    sql("refusal")
}
