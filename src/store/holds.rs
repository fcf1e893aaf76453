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
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use super::kept::{execute_kept, load_kept, padded};
use super::packed::{shares_from_bytes, shares_to_bytes, terms_from_bytes, terms_to_bytes};
use super::replies::KeyDigest;
use super::schema::{entries, holds, open_holds};
use super::time::{from_us, from_us_opt};
use super::{AnyConnection, CHUNK, SOURCE, StoreError, corrupt, on_each, write_rows};
use crate::domain::account::{Carried, OpenHold};
use crate::domain::exact::to_scaled_rounded;
use crate::domain::hold::{Hold, HoldState, ReplyTerms};
use crate::domain::ids::{AccountId, HoldId, ProductId, SaleModel};
use crate::domain::money::Money;
use crate::domain::order::QUANTITY_DECIMALS;
use crate::domain::points::Points;
use crate::domain::program::Scope;

/// How a hold ended, as its column says it.
const RELEASED: i16 = 1;
const EXPIRED: i16 = 2;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
pub(super) struct HoldRow {
    pub(super) id: Vec<u8>,
    account_id: i64,
    sale_source: i16,
    sale_model: i16,
    order_uuid: String,
    order_key: i64,
    program_version: i64,
    reward: String,
    points_e2: i64,
    discount_e4: i64,
    product_id: Option<i64>,
    covered_quantity_e6: i64,
    add_quantity_e6: i64,
    price_e4: Option<i64>,
    covers: Option<String>,
    lines: Option<Vec<u8>>,
    created_at_us: i64,
    expires_at_us: i64,
    ended_as: Option<i16>,
    ended_at_us: Option<i64>,
    reason: Option<String>,
    restored_e2: i64,
    replaces: Option<Vec<u8>>,
    carried_points_e2: Option<i64>,
    carried_good_at_us: Option<i64>,
    actor: String,
    reply_key: Option<i64>,
    reply_key_sha256: Option<Vec<u8>>,
    params_sha256: Option<Vec<u8>>,
    reply_terms: Option<Vec<u8>>,
}

/// A hold's row, and what stands elsewhere: the account of its open hold, and when its entry was recorded and what the
/// balance was after it.
pub(super) type StateRow = (HoldRow, Option<i64>, Option<(i64, i64)>);

/// What a hold was asked for under, and what its reply says beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldReply {
    /// The key.
    pub key: KeyDigest,
    /// SHA-256 of the method and its canonical parameters.
    pub params_sha256: Vec<u8>,
    /// What the reply says beside the hold.
    pub terms: ReplyTerms,
}

/// A hold's id from its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(super) fn id_from_bytes(bytes: &[u8]) -> Result<HoldId, StoreError> {
    Uuid::from_slice(bytes).map(HoldId).map_err(|problem| corrupt(format!("a hold's id: {problem}")))
}

/// A hold's id for its column.
pub(super) fn id_to_bytes(id: HoldId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

impl HoldRow {
    fn of(hold: &Hold, reply: Option<&HoldReply>) -> Result<Self, StoreError> {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        let millionths = |quantity: Decimal| {
            to_scaled_rounded(quantity, QUANTITY_DECIMALS, RoundingStrategy::ToZero).map_err(corrupt)
        };
        let end = End::of(hold);
        Ok(Self {
            id: id_to_bytes(hold.id),
            account_id: hold.account_id.0,
            sale_source: SOURCE,
            sale_model: SaleModel::PosOrder.code(),
            order_uuid: hold.order_uuid.clone(),
            order_key: draft_key(&hold.order_uuid),
            program_version: hold.program_version,
            reward: hold.reward.clone(),
            points_e2: hold.points.e2(),
            discount_e4: hold.discount.e4(),
            product_id: hold.product_id.map(|id| id.0),
            covered_quantity_e6: millionths(hold.covered_quantity)?,
            add_quantity_e6: millionths(hold.add_quantity)?,
            price_e4: hold.price.map(Money::e4),
            covers: hold.covers.as_ref().map(serde_json::to_string).transpose().map_err(corrupt)?,
            lines: (!hold.lines.is_empty()).then(|| shares_to_bytes(&hold.lines)).transpose()?,
            created_at_us: micros(hold.created_at),
            expires_at_us: micros(hold.expires_at),
            ended_as: end.ended_as,
            ended_at_us: end.ended_at_us,
            reason: hold.reason.clone(),
            restored_e2: hold.restored.e2(),
            replaces: hold.replaces.map(id_to_bytes),
            carried_points_e2: hold.carried.map(|carried| carried.points.e2()),
            carried_good_at_us: hold.carried.map(|carried| micros(carried.good_at)),
            actor: hold.actor.clone(),
            reply_key: reply.map(|reply| reply.key.start()),
            reply_key_sha256: reply.map(|reply| reply.key.0.to_vec()),
            params_sha256: reply.map(|reply| reply.params_sha256.clone()),
            reply_terms: reply.map(|reply| terms_to_bytes(&reply.terms)).transpose()?,
        })
    }

    /// The hold it says, with what stands of it elsewhere.
    pub(super) fn hold((row, open_of, entry): StateRow) -> Result<Hold, StoreError> {
        let ended_at = from_us_opt(row.ended_at_us)?;
        let (state, ended_at, balance_after) = match (entry, open_of, row.ended_as) {
            (Some((recorded_at_us, balance_e2)), _, _) => {
                (HoldState::Captured, Some(from_us(recorded_at_us)?), Some(Points::from_e2(balance_e2)))
            }
            (None, Some(_), _) => (HoldState::Open, None, None),
            (None, None, Some(RELEASED)) => (HoldState::Released, ended_at, None),
            (None, None, Some(EXPIRED)) => (HoldState::Expired, ended_at, None),
            (None, None, Some(other)) => return Err(corrupt(format!("the end {other} of a hold"))),
            // Its entry was taken away by hand, which a verification tells.
            (None, None, None) => (HoldState::Captured, None, None),
        };
        Ok(Hold {
            id: id_from_bytes(&row.id)?,
            account_id: AccountId(row.account_id),
            order_uuid: row.order_uuid,
            program_version: row.program_version,
            reward: row.reward,
            points: Points::from_e2(row.points_e2),
            discount: Money::from_e4(row.discount_e4),
            product_id: row.product_id.map(ProductId),
            state,
            created_at: from_us(row.created_at_us)?,
            expires_at: from_us(row.expires_at_us)?,
            ended_at,
            reason: row.reason,
            balance_after,
            restored: Points::from_e2(row.restored_e2),
            actor: row.actor,
            covered_quantity: Decimal::new(row.covered_quantity_e6, QUANTITY_DECIMALS).normalize(),
            add_quantity: Decimal::new(row.add_quantity_e6, QUANTITY_DECIMALS).normalize(),
            price: row.price_e4.map(Money::from_e4),
            covers: row.covers.as_deref().map(scope_from_text).transpose()?,
            lines: row.lines.as_deref().map(shares_from_bytes).transpose()?.unwrap_or_default(),
            replaces: row.replaces.as_deref().map(id_from_bytes).transpose()?,
            carried: carried_from(row.carried_points_e2, row.carried_good_at_us)?,
        })
    }
}

/// How a hold ended without being captured.
struct End {
    ended_as: Option<i16>,
    ended_at_us: Option<i64>,
}

impl End {
    fn of(hold: &Hold) -> Self {
        let ended_as = match hold.state {
            HoldState::Released => Some(RELEASED),
            HoldState::Expired => Some(EXPIRED),
            HoldState::Open | HoldState::Captured => None,
        };
        Self { ended_as, ended_at_us: ended_as.and(hold.ended_at).map(|at| at.timestamp_micros()) }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = open_holds, treat_none_as_default_value = false)]
struct OpenRow {
    account_id: i64,
    hold_id: Vec<u8>,
    points_e2: i64,
    created_at_us: i64,
    expires_at_us: i64,
    carried_points_e2: Option<i64>,
    carried_good_at_us: Option<i64>,
}

impl OpenRow {
    fn of(hold: &Hold) -> Self {
        Self {
            account_id: hold.account_id.0,
            hold_id: id_to_bytes(hold.id),
            points_e2: hold.points.e2(),
            created_at_us: hold.created_at.timestamp_micros(),
            expires_at_us: hold.expires_at.timestamp_micros(),
            carried_points_e2: hold.carried.map(|carried| carried.points.e2()),
            carried_good_at_us: hold.carried.map(|carried| carried.good_at.timestamp_micros()),
        }
    }
}

/// An open hold's id and points, the points and the end that its hold's row says, and when its entry was recorded.
type Noted = (Vec<u8>, i64, Option<(i64, Option<i16>)>, Option<i64>);

/// Open holds by account.
pub(super) type OpenHolds = BTreeMap<AccountId, BTreeMap<HoldId, OpenHold>>;

/// What the open holds of these accounts set aside.
///
/// # Errors
/// [`StoreError`]
pub(super) fn open_of(conn: &mut AnyConnection, accounts: &[i64]) -> Result<OpenHolds, StoreError> {
    let mut found = OpenHolds::new();
    for chunk in accounts.chunks(CHUNK) {
        let query = open_holds::table
            .filter(open_holds::account_id.eq_any(padded(chunk.iter().copied())))
            .select(OpenRow::as_select());
        let rows: Vec<OpenRow> = load_kept!(conn, query, chunk.len())?;
        for row in rows {
            let hold = OpenHold {
                points: Points::from_e2(row.points_e2),
                good_at: from_us(row.created_at_us)?,
                expires_at: from_us(row.expires_at_us)?,
                carried: carried_from(row.carried_points_e2, row.carried_good_at_us)?,
            };
            found.entry(AccountId(row.account_id)).or_default().insert(id_from_bytes(&row.hold_id)?, hold);
        }
    }
    Ok(found)
}

/// What a hold carries of the one it replaced, of its two columns.
///
/// # Errors
/// [`StoreError`]
pub(super) fn carried_from(points_e2: Option<i64>, good_at_us: Option<i64>) -> Result<Option<Carried>, StoreError> {
    let Some((points_e2, good_at_us)) = points_e2.zip(good_at_us) else { return Ok(None) };
    Ok(Some(Carried { points: Points::from_e2(points_e2), good_at: from_us(good_at_us)? }))
}

fn scope_from_text(text: &str) -> Result<Scope, StoreError> {
    serde_json::from_str(text).map_err(|problem| corrupt(format!("the scope of a hold: {problem}")))
}

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
        let ids: Vec<Vec<u8>> = chunk.iter().copied().map(id_to_bytes).collect();
        let rows: Vec<CoverageRow> = holds::table
            .filter(holds::id.eq_any(ids))
            .filter(holds::covers.is_not_null())
            .select((holds::id, holds::covers, holds::covered_quantity_e6, holds::price_e4))
            .load(conn)?;
        for (id, covers, covered_e6, price_e4) in rows {
            if let Some(covers) = covers {
                let id = id_from_bytes(&id)?;
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
pub enum Which<'a> {
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
    let mut keys: Vec<i64> =
        uuids.iter().map(|uuid| draft_key(uuid)).chain(keys.iter().map(|key| key.start())).collect();
    if keys.is_empty() {
        return Ok(());
    }
    keys.sort_unstable();
    // In the order of the list, which is everybody's.
    diesel::sql_query("SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1) AS key")
        .bind::<diesel::sql_types::Array<diesel::sql_types::BigInt>, _>(keys)
        .execute(conn)?;
    Ok(())
}

/// A number for a draft. Two drafts of one number wait for each other without need.
pub(super) fn draft_key(uuid: &str) -> i64 {
    KeyDigest::of(uuid).start()
}

/// The holds with what stands of them elsewhere, as [`HoldRow::hold`] takes them.
macro_rules! with_state {
    () => {
        holds::table
            .left_join(
                open_holds::table
                    .on(open_holds::account_id.eq(holds::account_id).and(open_holds::hold_id.eq(holds::id))),
            )
            .left_join(entries::table.on(entries::id.eq(holds::id)))
            .select((
                HoldRow::as_select(),
                open_holds::account_id.nullable(),
                (entries::recorded_at_us, entries::balance_after_e2).nullable(),
            ))
    };
}

/// Loads holds by id.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, which: Which<'_>) -> Result<BTreeMap<HoldId, Hold>, StoreError> {
    let mut rows: Vec<StateRow> = Vec::new();
    match which {
        Which::Ids(ids) => {
            for chunk in ids.chunks(CHUNK) {
                let ids = padded(chunk.iter().copied().map(id_to_bytes));
                let query = with_state!().filter(holds::id.eq_any(ids));
                rows.extend::<Vec<StateRow>>(load_kept!(conn, query, chunk.len())?);
            }
        }
        Which::Orders(uuids) => {
            for chunk in uuids.chunks(CHUNK) {
                let keys = padded(chunk.iter().map(|uuid| draft_key(uuid)));
                let query = with_state!().filter(holds::order_key.eq_any(keys));
                let found: Vec<StateRow> = load_kept!(conn, query, chunk.len())?;
                rows.extend(found.into_iter().filter(|(row, ..)| chunk.contains(&row.order_uuid)));
            }
        }
        Which::AllOf(accounts) => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                rows.extend(with_state!().filter(holds::account_id.eq_any(ids)).load::<StateRow>(conn)?);
            }
        }
        Which::Uses { accounts, rewards, from } => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = with_state!()
                    .filter(holds::account_id.eq_any(ids))
                    .filter(holds::reward.eq_any(rewards.to_vec()))
                    .filter(open_holds::account_id.is_not_null().or(entries::recorded_at_us.is_not_null()))
                    .filter(holds::created_at_us.ge(from.map_or(i64::MIN, |from| from.timestamp_micros())));
                rows.extend(query.load::<StateRow>(conn)?);
            }
        }
        Which::OpenOf(accounts) => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = open_holds::table
                    .inner_join(holds::table.on(holds::id.eq(open_holds::hold_id)))
                    .filter(open_holds::account_id.eq_any(padded(ids)))
                    .select((HoldRow::as_select(), open_holds::account_id));
                let open: Vec<(HoldRow, i64)> = load_kept!(conn, query, chunk.len())?;
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
        let rows: Vec<StateRow> = load_kept!(conn, query, chunk.len())?;
        for row in rows {
            let recorded =
                row.0.reply_key_sha256.clone().zip(row.0.params_sha256.clone()).zip(row.0.reply_terms.clone());
            let Some(((key, params_sha256), terms)) = recorded else { continue };
            // Two keys may begin alike.
            let Some(key) = key.try_into().ok().map(KeyDigest).filter(|key| chunk.contains(key)) else { continue };
            let reply = HoldReply { key, params_sha256, terms: terms_from_bytes(&terms)? };
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
                .filter(entries::recorded_at_us.gt(at_us).or(entries::id.gt(id_to_bytes(id))));
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
    let open: Vec<OpenRow> =
        new.iter().filter(|(hold, _)| hold.state == HoldState::Open).map(|(hold, _)| OpenRow::of(hold)).collect();
    write_rows!(conn, &open, row => diesel::insert_into(open_holds::table).values(row));
    Ok(())
}

/// Writes how holds have changed, after their entries: an open one that ended is open no more, one that was released or
/// ran out says so, and so does one of which points were given back. That one was captured stands in its entry alone:
/// `captured` are those whose entries are new. Their accounts must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn update(conn: &mut AnyConnection, changed: &[&Hold], captured: &BTreeSet<HoldId>) -> Result<(), StoreError> {
    let ended: Vec<&Hold> = changed.iter().copied().filter(|hold| hold.state != HoldState::Open).collect();
    remove_open(conn, &ended)?;
    for hold in changed {
        if captured.contains(&hold.id) && hold.restored.is_zero() {
            continue;
        }
        let End { ended_as, ended_at_us } = End::of(hold);
        let (id, restored_e2) = (id_to_bytes(hold.id), hold.restored.e2());
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

fn remove_open(conn: &mut AnyConnection, ended: &[&Hold]) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Sqlite(c) => {
            struct Here;
            for hold in ended {
                let row = open_holds::table
                    .filter(open_holds::account_id.eq(hold.account_id.0))
                    .filter(open_holds::hold_id.eq(id_to_bytes(hold.id)));
                execute_kept::<Here, _>(c, diesel::delete(row))?;
            }
        }
        AnyConnection::Postgres(c) => {
            for chunk in ended.chunks(CHUNK) {
                let accounts: Vec<i64> = chunk.iter().map(|hold| hold.account_id.0).collect();
                let ids: Vec<Vec<u8>> = chunk.iter().map(|hold| id_to_bytes(hold.id)).collect();
                let these = open_holds::table
                    .filter(open_holds::account_id.eq_any(accounts))
                    .filter(open_holds::hold_id.eq_any(ids));
                diesel::delete(these).execute(c)?;
            }
        }
    }
    Ok(())
}

/// Has all holds of one account, ended ones included, belong to another. Both must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn hand_over(conn: &mut AnyConnection, from: AccountId, to: AccountId) -> Result<(), StoreError> {
    diesel::update(holds::table.filter(holds::account_id.eq(from.0))).set(holds::account_id.eq(to.0)).execute(conn)?;
    diesel::update(open_holds::table.filter(open_holds::account_id.eq(from.0)))
        .set(open_holds::account_id.eq(to.0))
        .execute(conn)?;
    Ok(())
}

/// The accounts of open holds whose time has run out; at most `limit` of the holds.
///
/// # Errors
/// [`StoreError`]
pub(super) fn run_out(conn: &mut AnyConnection, now_us: i64, limit: i64) -> Result<BTreeSet<AccountId>, StoreError> {
    let ids: Vec<i64> = open_holds::table
        .filter(open_holds::expires_at_us.le(now_us))
        .order(open_holds::expires_at_us)
        .limit(limit)
        .select(open_holds::account_id)
        .load(conn)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// What does not fit of the open holds of an account, in words: an open hold without its row, or one that has ended.
///
/// # Errors
/// [`StoreError`]
pub fn misfits_of(conn: &mut AnyConnection, account: AccountId) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Noted> = on_each!(conn, c => open_holds::table
        .left_join(holds::table.on(holds::id.eq(open_holds::hold_id)))
        .left_join(entries::table.on(entries::id.eq(open_holds::hold_id)))
        .filter(open_holds::account_id.eq(account.0))
        .select((
            open_holds::hold_id,
            open_holds::points_e2,
            (holds::points_e2, holds::ended_as).nullable(),
            entries::recorded_at_us.nullable(),
        ))
        .load(c)?);
    let mut found = Vec::new();
    for (id, points_e2, row, entry) in rows {
        let id = id_from_bytes(&id)?;
        let problem = match (row, entry) {
            (None, _) => "and there is no such hold".to_owned(),
            (Some(_), Some(_)) => "and it is captured".to_owned(),
            (Some((_, Some(_))), _) => "and it has ended".to_owned(),
            (Some((held_e2, None)), None) if held_e2 != points_e2 => {
                format!("with {} points held, and it is of {}", Points::from_e2(points_e2), Points::from_e2(held_e2))
            }
            (Some((_, None)), None) => continue,
        };
        found.push(format!("hold {id} is noted as open, {problem}"));
    }
    Ok(found)
}
