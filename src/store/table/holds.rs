//! Holds: points set aside, each ending exactly once.
//!
//! A hold's row is written once, with the reply that its caller got. While it is open, a row of `open_holds` says so; when it
//! is captured, the entry that has its id does; only a hold that is released or runs out is written again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use rust_decimal::Decimal;

pub use super::hold_rows::HoldReply;
use super::hold_rows::{End, HoldRow, StateRow, scope_from_text};
use super::open_holds;
use crate::domain::catalog::scope::Scope;
use crate::domain::ledger::hold::Hold;
use crate::domain::sale::order::QUANTITY_DECIMALS;
use crate::domain::value::ids::{AccountId, HoldId};
use crate::store::batch::prefetch::lock_numbers;
use crate::store::codec::uuids;
use crate::store::connection::prepared::{load_prepared, padded};
use crate::store::schema::{entries, holds, open_holds as open};
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::{AnyConnection, CHUNK, StoreError, on_each, write_rows};

/// What the discount of a hold is for.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Which goods.
    pub scope: Arc<Scope>,
    /// How many of them it gives for nothing.
    pub given: Decimal,
}

/// A hold's id, its scope, how many of its product are in the draft, and their price.
type CoverageRow = (Vec<u8>, Option<String>, i64, Option<i64>);

/// What the discounts of these holds are for; those for all goods are absent.
///
/// # Errors
/// [`StoreError`]
pub fn covers(conn: &mut AnyConnection, ids: &[HoldId]) -> Result<BTreeMap<HoldId, Coverage>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<Vec<u8>> = chunk.iter().copied().map(|id| uuids::to_bytes(id.0)).collect();
        let rows: Vec<CoverageRow> = holds::table
            .filter(holds::id.eq_any(ids))
            .filter(holds::covers.is_not_null())
            .select((holds::id, holds::covers, holds::covered_quantity_e6, holds::price_e4))
            .load(conn)?;
        for (id, covers, covered_e6, price_e4) in rows {
            if let Some(covers) = covers {
                let id = HoldId(uuids::from_bytes(&id, "the hold id")?);
                let free_e6 = if price_e4 == Some(0) { covered_e6 } else { 0 };
                let given = Decimal::new(free_e6, QUANTITY_DECIMALS).normalize();
                found.insert(id, Coverage { scope: Arc::new(scope_from_text(&covers)?), given });
            }
        }
    }
    Ok(found)
}

/// Which holds to load.
#[derive(Clone, Copy, Debug)]
pub enum HoldSelection<'a> {
    /// These.
    Ids(&'a [HoldId]),
    /// All that were made for these draft orders.
    Orders(&'a [String]),
    /// The open ones of these accounts.
    OpenOf(&'a [AccountId]),
    /// All of these accounts, ended ones included.
    AllOf(&'a [AccountId]),
    /// The open and captured ones of these accounts for these rewards, made at or after a moment: what limits count.
    Uses {
        /// Whose.
        accounts: &'a [AccountId],
        /// The rewards' codes.
        rewards: &'a [String],
        /// The moment; `None` for ever.
        from: Option<DateTime<Utc>>,
    },
}

/// Keeps others from making holds for these drafts until the transaction ends: all holds of an order share its goods, and
/// on PostgreSQL two writers, each with an account of its own, would not see each other's. To be called before accounts
/// are locked. On SQLite the transaction itself keeps them.
///
/// `keys` are the idempotency keys that are decided on: a reply stands in one of two tables, so that no index alone keeps two
/// replicas from answering one key.
///
/// # Errors
/// [`StoreError`]
pub fn lock_drafts(
    conn: &mut AnyConnection,
    uuids: &BTreeSet<String>,
    keys: &BTreeSet<KeyDigest>,
) -> Result<(), StoreError> {
    let AnyConnection::Postgres(conn) = conn else { return Ok(()) };
    let numbers = lock_numbers(uuids, keys);
    if numbers.is_empty() {
        return Ok(());
    }
    diesel::sql_query("SELECT count(pg_advisory_xact_lock(number)) FROM unnest($1) AS number")
        .bind::<diesel::sql_types::Array<diesel::sql_types::BigInt>, _>(numbers)
        .execute(conn)?;
    Ok(())
}

/// The holds with what stands of them elsewhere, as [`HoldRow::hold`] takes them.
macro_rules! with_state {
    () => {
        holds::table
            .left_join(open::table.on(open::account_id.eq(holds::account_id).and(open::hold_id.eq(holds::id))))
            .left_join(entries::table.on(entries::id.eq(holds::id)))
            .select((
                HoldRow::as_select(),
                open::account_id.nullable(),
                (entries::recorded_at_us, entries::balance_after_e2).nullable(),
            ))
    };
}

/// Loads holds by id.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, which: HoldSelection<'_>) -> Result<BTreeMap<HoldId, Hold>, StoreError> {
    let mut rows: Vec<StateRow> = Vec::new();
    match which {
        HoldSelection::Ids(ids) => {
            for chunk in ids.chunks(CHUNK) {
                let ids = padded(chunk.iter().copied().map(|id| uuids::to_bytes(id.0)));
                let query = with_state!().filter(holds::id.eq_any(ids));
                rows.extend::<Vec<StateRow>>(load_prepared!(conn, query, chunk.len())?);
            }
        }
        HoldSelection::Orders(uuids) => {
            for chunk in uuids.chunks(CHUNK) {
                let keys = padded(chunk.iter().map(|uuid| uuids::text_key(uuid)));
                let query = with_state!().filter(holds::order_key.eq_any(keys));
                let found: Vec<StateRow> = load_prepared!(conn, query, chunk.len())?;
                for row in found {
                    // Two drafts may have one key.
                    if chunk.contains(&row.0.order_uuid()?) {
                        rows.push(row);
                    }
                }
            }
        }
        HoldSelection::AllOf(accounts) => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                rows.extend(with_state!().filter(holds::account_id.eq_any(ids)).load::<StateRow>(conn)?);
            }
        }
        HoldSelection::Uses { accounts, rewards, from } => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = with_state!()
                    .filter(holds::account_id.eq_any(ids))
                    .filter(holds::reward.eq_any(rewards.to_vec()))
                    .filter(open::account_id.is_not_null().or(entries::recorded_at_us.is_not_null()))
                    .filter(holds::created_at_us.ge(from.map_or(i64::MIN, |from| from.timestamp_micros())));
                rows.extend(query.load::<StateRow>(conn)?);
            }
        }
        HoldSelection::OpenOf(accounts) => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = open::table
                    .inner_join(holds::table.on(holds::id.eq(open::hold_id)))
                    .filter(open::account_id.eq_any(padded(ids)))
                    .select((HoldRow::as_select(), open::account_id));
                let open: Vec<(HoldRow, i64)> = load_prepared!(conn, query, chunk.len())?;
                rows.extend(open.into_iter().map(|(row, account)| (row, Some(account), None)));
            }
        }
    }
    rows.into_iter().map(|row| HoldRow::hold(row).map(|hold| (hold.id, hold))).collect()
}

/// The holds that were given under these keys, with what they were asked and answered.
///
/// # Errors
/// [`StoreError`]
pub fn replied(conn: &mut AnyConnection, keys: &[KeyDigest]) -> Result<Vec<(Hold, HoldReply)>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        // With its condition written out: only then does SQLite use the partial index.
        let query = with_state!()
            .filter(holds::reply_key.eq_any(padded(chunk.iter().map(|key| Some(key.start())))))
            .filter(sql::<Bool>("holds.reply_key IS NOT NULL"));
        let rows: Vec<StateRow> = load_prepared!(conn, query, chunk.len())?;
        for row in rows {
            // Two keys may begin alike.
            let Some(reply) = row.0.reply()?.filter(|reply| chunk.contains(&reply.key)) else { continue };
            found.push((HoldRow::hold(row)?, reply));
        }
    }
    Ok(found)
}

/// Holds that were captured after one moment and up to another, in the order of their captures, from the one after
/// `after` (when it was captured, and its id) on; at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn captured_between(
    conn: &mut AnyConnection,
    from: Option<DateTime<Utc>>,
    upto: DateTime<Utc>,
    after: Option<(DateTime<Utc>, HoldId)>,
    limit: i64,
) -> Result<Vec<Hold>, StoreError> {
    let rows: Vec<(HoldRow, (i64, i64))> = on_each!(conn, c => {
        let mut query = entries::table
            .inner_join(holds::table.on(holds::id.eq(entries::id)))
            // Written out: only then the partial index serves.
            .filter(sql::<Bool>("entries.kind = 2"))
            .filter(entries::recorded_at_us.gt(from.map_or(i64::MIN, |from| from.timestamp_micros())))
            .filter(entries::recorded_at_us.le(upto.timestamp_micros()))
            .order((entries::recorded_at_us, entries::id))
            .limit(limit)
            .select((HoldRow::as_select(), (entries::recorded_at_us, entries::balance_after_e2)))
            .into_boxed();
        if let Some((at, id)) = after {
            let at_us = at.timestamp_micros();
            query = query
                .filter(entries::recorded_at_us.ge(at_us))
                .filter(entries::recorded_at_us.gt(at_us).or(entries::id.gt(uuids::to_bytes(id.0))));
        }
        query.load(c)?
    });
    rows.into_iter().map(|(row, entry)| HoldRow::hold((row, None, Some(entry)))).collect()
}

/// How many there are.
///
/// # Errors
/// [`StoreError`]
pub fn count(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(holds::table.count().get_result(conn)?)
}

/// Writes new holds, each with the reply that its caller gets. Their accounts must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn insert(conn: &mut AnyConnection, new: &[(&Hold, Option<&HoldReply>)]) -> Result<(), StoreError> {
    let rows: Vec<HoldRow> =
        new.iter().map(|(hold, reply)| HoldRow::of(hold, *reply)).collect::<Result<_, StoreError>>()?;
    write_rows!(conn, &rows, row => diesel::insert_into(holds::table).values(row));
    open_holds::insert(conn, new.iter().map(|(hold, _)| *hold))
}

/// Writes what the rows of holds say that were released, ran out, or of which points were given back. Their accounts must
/// be locked.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn update<'a>(
    conn: &mut AnyConnection,
    changed: impl Iterator<Item = &'a Hold>,
) -> Result<(), StoreError> {
    for hold in changed {
        let End { ended_as, ended_at_us } = End::of(hold);
        let (id, restored_e2) = (uuids::to_bytes(hold.id.0), hold.restored.e2());
        match ended_as {
            Some(_) => on_each!(conn, c => diesel::update(holds::table.filter(holds::id.eq(id)))
                .set((
                    holds::ended_as.eq(ended_as),
                    holds::ended_at_us.eq(ended_at_us),
                    holds::reason.eq(hold.reason.as_deref()),
                    holds::restored_e2.eq(restored_e2),
                ))
                .execute(c))?,
            None => on_each!(conn, c => diesel::update(holds::table.filter(holds::id.eq(id)))
                .set(holds::restored_e2.eq(restored_e2))
                .execute(c))?,
        };
    }
    Ok(())
}

/// Has all holds of one account, ended ones included, belong to another. Both must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn hand_over(conn: &mut AnyConnection, from: AccountId, to: AccountId) -> Result<(), StoreError> {
    diesel::update(holds::table.filter(holds::account_id.eq(from.0))).set(holds::account_id.eq(to.0)).execute(conn)?;
    open_holds::hand_over(conn, from, to)
}
