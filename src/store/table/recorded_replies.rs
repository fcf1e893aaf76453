//! Recorded replies: what each idempotency key was answered, and is answered again.
//!
//! Those of holds that were given stand in the hold's own row ([`super::holds`]), those of captures in the entry.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::codec::pg_json;
use crate::store::connection::prepared::{load_prepared, padded};
use crate::store::schema::recorded_replies;
use crate::store::{AnyConnection, CHUNK, StoreError, write_rows};

/// The SHA-256 of a key, by which its reply is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// Of a key, with the prefix that says whose keys it is one of.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Its first eight bytes, as a number: by these it is looked up where an index has to be small.
    pub(in crate::store) fn start(self) -> i64 {
        self.0.first_chunk().map_or(0, |start| i64::from_be_bytes(*start))
    }
}

/// One recorded reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedReply {
    /// Of which key.
    pub key: KeyDigest,
    /// SHA-256 of the method and its canonical parameters; empty for a capture.
    pub params_sha256: Vec<u8>,
    /// The reply as JSON: `{"result":…}` or `{"error":…}`.
    pub reply: String,
    /// When, in microseconds.
    pub recorded_at_us: i64,
    /// Whether it is a refusal that is not kept for ever: nothing was done.
    pub refusal: bool,
}

#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = recorded_replies, treat_none_as_default_value = false)]
pub(in crate::store) struct ReplyRow {
    #[serde(with = "pg_json::bytes")]
    key_sha256: Vec<u8>,
    #[serde(with = "pg_json::bytes")]
    params_sha256: Vec<u8>,
    reply: String,
    recorded_at_us: i64,
    refusal: bool,
}

impl ReplyRow {
    pub(in crate::store) fn of(reply: &RecordedReply) -> Self {
        Self {
            key_sha256: reply.key.0.to_vec(),
            params_sha256: reply.params_sha256.clone(),
            reply: reply.reply.clone(),
            recorded_at_us: reply.recorded_at_us,
            refusal: reply.refusal,
        }
    }

    /// The reply it says; `None` when somebody edited its key.
    pub(in crate::store) fn reply(self) -> Option<RecordedReply> {
        let Self { key_sha256, params_sha256, reply, recorded_at_us, refusal } = self;
        let key = KeyDigest(key_sha256.try_into().ok()?);
        Some(RecordedReply { key, params_sha256, reply, recorded_at_us, refusal })
    }
}

/// The replies that these keys got.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, keys: &[KeyDigest]) -> Result<BTreeMap<KeyDigest, RecordedReply>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        let query = recorded_replies::table
            .filter(recorded_replies::key_sha256.eq_any(padded(chunk.iter().map(|key| key.0.to_vec()))))
            .select(ReplyRow::as_select());
        let rows: Vec<ReplyRow> = load_prepared!(conn, query, chunk.len())?;
        found.extend(rows.into_iter().filter_map(ReplyRow::reply).map(|reply| (reply.key, reply)));
    }
    Ok(found)
}

/// Records new replies. A key that exists already fails the transaction: another replica was first.
///
/// # Errors
/// [`StoreError`]
pub fn append(conn: &mut AnyConnection, replies: &[RecordedReply]) -> Result<(), StoreError> {
    let rows: Vec<ReplyRow> = replies.iter().map(ReplyRow::of).collect();
    write_rows!(conn, &rows, row => diesel::insert_into(recorded_replies::table).values(row));
    Ok(())
}

/// The keys of the oldest refusals of callers that were recorded before a moment. What a capture was refused stays.
///
/// # Errors
/// [`StoreError`]
pub fn refusals_before(conn: &mut AnyConnection, before_us: i64, limit: i64) -> Result<Vec<KeyDigest>, StoreError> {
    let keys: Vec<Vec<u8>> = recorded_replies::table
        .filter(is_refusal())
        .filter(recorded_replies::recorded_at_us.lt(before_us))
        .filter(recorded_replies::params_sha256.ne(Vec::<u8>::new()))
        .order(recorded_replies::recorded_at_us)
        .limit(limit)
        .select(recorded_replies::key_sha256)
        .load(conn)?;
    Ok(keys.into_iter().filter_map(|key| key.try_into().ok().map(KeyDigest)).collect())
}

/// Removes these refusals; returns how many were still there. The database lets nothing else be removed.
///
/// # Errors
/// [`StoreError`]
pub fn remove_refusals(conn: &mut AnyConnection, keys: &[KeyDigest]) -> Result<u64, StoreError> {
    let mut removed: usize = 0;
    for chunk in keys.chunks(CHUNK) {
        let chunk: Vec<Vec<u8>> = chunk.iter().map(|key| key.0.to_vec()).collect();
        let these = recorded_replies::table.filter(recorded_replies::key_sha256.eq_any(chunk)).filter(is_refusal());
        removed = removed.saturating_add(diesel::delete(these).execute(conn)?);
    }
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

/// Written out: a partial index is used only if its condition is in the statement's text.
fn is_refusal() -> diesel::expression::SqlLiteral<Bool> {
    sql("refusal")
}
