//! Holds: points set aside, each ending exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;
use rust_decimal::{Decimal, RoundingStrategy};
use sha2::{Digest, Sha256};

use super::kept::{load_kept, padded};
use super::schema::holds;
use super::time::{from_us, from_us_opt};
use super::{AnyConnection, CHUNK, StoreError, corrupt, write_rows};
use crate::domain::account::Carried;
use crate::domain::exact::to_scaled_rounded;
use crate::domain::hold::{Hold, HoldState, LineShare};
use crate::domain::ids::{AccountId, HoldId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::QUANTITY_DECIMALS;
use crate::domain::points::Points;
use crate::domain::program::Scope;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
pub(super) struct HoldRow {
    id: String,
    account_id: i64,
    order_uuid: String,
    program_version: i64,
    reward: String,
    points_e2: i64,
    discount_e4: i64,
    product_id: Option<i64>,
    state: String,
    created_at_us: i64,
    expires_at_us: i64,
    ended_at_us: Option<i64>,
    reason: Option<String>,
    entry_id: Option<String>,
    restored_e2: i64,
    actor: String,
    covered_quantity_e6: i64,
    add_quantity_e6: i64,
    price_e4: Option<i64>,
    covers: Option<String>,
    lines: Option<String>,
    replaces: Option<String>,
    carried_points_e2: Option<i64>,
    carried_good_at_us: Option<i64>,
}

/// What a hold takes off one line, as its column says it.
#[derive(serde::Serialize, serde::Deserialize)]
struct LineNote {
    line: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    product_id: Option<i64>,
    off_e4: i64,
}

fn lines_to_text(lines: &[LineShare]) -> Result<String, StoreError> {
    let note = |share: &LineShare| LineNote {
        line: share.position,
        uuid: share.uuid.clone(),
        product_id: share.product_id.map(|id| id.0),
        off_e4: share.off.e4(),
    };
    serde_json::to_string(&lines.iter().map(note).collect::<Vec<_>>()).map_err(corrupt)
}

fn lines_from_text(text: &str) -> Result<Vec<LineShare>, StoreError> {
    let notes: Vec<LineNote> =
        serde_json::from_str(text).map_err(|problem| corrupt(format!("the lines of a hold: {problem}")))?;
    let share = |note: LineNote| LineShare {
        position: note.line,
        uuid: note.uuid,
        product_id: note.product_id.map(ProductId),
        off: Money::from_e4(note.off_e4),
    };
    Ok(notes.into_iter().map(share).collect())
}

impl HoldRow {
    fn of(hold: &Hold) -> Result<Self, StoreError> {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        let millionths = |quantity: Decimal| {
            to_scaled_rounded(quantity, QUANTITY_DECIMALS, RoundingStrategy::ToZero).map_err(corrupt)
        };
        Ok(Self {
            id: hold.id.to_string(),
            account_id: hold.account_id.0,
            order_uuid: hold.order_uuid.clone(),
            program_version: hold.program_version,
            reward: hold.reward.clone(),
            points_e2: hold.points.e2(),
            discount_e4: hold.discount.e4(),
            product_id: hold.product_id.map(|id| id.0),
            state: hold.state.word().to_owned(),
            created_at_us: micros(hold.created_at),
            expires_at_us: micros(hold.expires_at),
            ended_at_us: hold.ended_at.map(micros),
            reason: hold.reason.clone(),
            entry_id: hold.entry_id.clone(),
            restored_e2: hold.restored.e2(),
            actor: hold.actor.clone(),
            covered_quantity_e6: millionths(hold.covered_quantity)?,
            add_quantity_e6: millionths(hold.add_quantity)?,
            price_e4: hold.price.map(Money::e4),
            covers: hold.covers.as_ref().map(serde_json::to_string).transpose().map_err(corrupt)?,
            lines: (!hold.lines.is_empty()).then(|| lines_to_text(&hold.lines)).transpose()?,
            replaces: hold.replaces.map(|id| id.to_string()),
            carried_points_e2: hold.carried.map(|carried| carried.points.e2()),
            carried_good_at_us: hold.carried.map(|carried| micros(carried.good_at)),
        })
    }

    /// The hold it says.
    pub(super) fn hold(self) -> Result<Hold, StoreError> {
        Ok(Hold {
            id: HoldId::parse(&self.id).ok_or_else(|| corrupt(format!("the hold id {}", self.id)))?,
            account_id: AccountId(self.account_id),
            order_uuid: self.order_uuid,
            program_version: self.program_version,
            reward: self.reward,
            points: Points::from_e2(self.points_e2),
            discount: Money::from_e4(self.discount_e4),
            product_id: self.product_id.map(ProductId),
            state: HoldState::from_word(&self.state)
                .ok_or_else(|| corrupt(format!("the hold state {}", self.state)))?,
            created_at: from_us(self.created_at_us)?,
            expires_at: from_us(self.expires_at_us)?,
            ended_at: from_us_opt(self.ended_at_us)?,
            reason: self.reason,
            entry_id: self.entry_id,
            restored: Points::from_e2(self.restored_e2),
            actor: self.actor,
            covered_quantity: Decimal::new(self.covered_quantity_e6, QUANTITY_DECIMALS).normalize(),
            add_quantity: Decimal::new(self.add_quantity_e6, QUANTITY_DECIMALS).normalize(),
            price: self.price_e4.map(Money::from_e4),
            covers: self.covers.as_deref().map(scope_from_text).transpose()?,
            lines: self.lines.as_deref().map(lines_from_text).transpose()?.unwrap_or_default(),
            replaces: self
                .replaces
                .map(|id| HoldId::parse(&id).ok_or_else(|| corrupt(format!("the replaced hold's id {id}"))))
                .transpose()?,
            carried: carried_from(self.carried_points_e2, self.carried_good_at_us)?,
        })
    }
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

/// What the discounts of these holds are for; those for all goods are absent.
///
/// # Errors
/// [`StoreError`]
pub fn covers(conn: &mut AnyConnection, ids: &[HoldId]) -> Result<BTreeMap<HoldId, Coverage>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<String> = chunk.iter().map(HoldId::to_string).collect();
        let rows: Vec<(String, Option<String>, i64, Option<i64>)> = holds::table
            .filter(holds::id.eq_any(ids))
            .filter(holds::covers.is_not_null())
            .select((holds::id, holds::covers, holds::covered_quantity_e6, holds::price_e4))
            .load(conn)?;
        for (id, covers, covered_e6, price_e4) in rows {
            if let (Some(id), Some(covers)) = (HoldId::parse(&id), covers) {
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
/// # Errors
/// [`StoreError`]
pub fn lock_drafts(conn: &mut AnyConnection, uuids: &BTreeSet<String>) -> Result<(), StoreError> {
    let AnyConnection::Postgres(conn) = conn else { return Ok(()) };
    if uuids.is_empty() {
        return Ok(());
    }
    let mut keys: Vec<i64> = uuids.iter().map(|uuid| draft_key(uuid)).collect();
    keys.sort_unstable();
    // In the order of the list, which is everybody's.
    diesel::sql_query("SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1) AS key")
        .bind::<diesel::sql_types::Array<diesel::sql_types::BigInt>, _>(keys)
        .execute(conn)?;
    Ok(())
}

/// A number for a draft. Two drafts of one number wait for each other without need.
fn draft_key(uuid: &str) -> i64 {
    let digest: [u8; 32] = Sha256::digest(uuid).into();
    digest.first_chunk().map_or(0, |start| i64::from_be_bytes(*start))
}

/// Loads holds by id.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, which: Which<'_>) -> Result<BTreeMap<HoldId, Hold>, StoreError> {
    let mut rows: Vec<HoldRow> = Vec::new();
    match which {
        Which::Ids(ids) => {
            for chunk in ids.chunks(CHUNK) {
                let ids: Vec<String> = chunk.iter().map(HoldId::to_string).collect();
                let query = holds::table.filter(holds::id.eq_any(padded(ids))).select(HoldRow::as_select());
                rows.extend::<Vec<HoldRow>>(load_kept!(conn, query, chunk.len())?);
            }
        }
        Which::Orders(uuids) => {
            for chunk in uuids.chunks(CHUNK) {
                let uuids = padded(chunk.iter().cloned());
                let query = holds::table.filter(holds::order_uuid.eq_any(uuids)).select(HoldRow::as_select());
                rows.extend::<Vec<HoldRow>>(load_kept!(conn, query, chunk.len())?);
            }
        }
        Which::AllOf(accounts) => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = holds::table.filter(holds::account_id.eq_any(ids)).select(HoldRow::as_select());
                rows.extend(query.load::<HoldRow>(conn)?);
            }
        }
        Which::Uses { accounts, rewards, from } => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = holds::table
                    .filter(holds::account_id.eq_any(ids))
                    .filter(holds::reward.eq_any(rewards.to_vec()))
                    .filter(holds::state.eq_any(["open", "captured"]))
                    .filter(holds::created_at_us.ge(from.map_or(i64::MIN, |from| from.timestamp_micros())))
                    .select(HoldRow::as_select());
                rows.extend(query.load::<HoldRow>(conn)?);
            }
        }
        Which::OpenOf(accounts) => {
            for chunk in accounts.chunks(CHUNK) {
                let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
                let query = holds::table
                    .filter(holds::account_id.eq_any(padded(ids)))
                    .filter(holds::state.eq("open"))
                    .select(HoldRow::as_select());
                rows.extend::<Vec<HoldRow>>(load_kept!(conn, query, chunk.len())?);
            }
        }
    }
    rows.into_iter().map(|row| row.hold().map(|hold| (hold.id, hold))).collect()
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
    let mut query = holds::table
        // Written out: only then the partial index serves.
        .filter(sql::<Bool>("holds.state = 'captured'"))
        .filter(holds::ended_at_us.gt(from.map_or(i64::MIN, |from| from.timestamp_micros())))
        .filter(holds::ended_at_us.le(upto.timestamp_micros()))
        .order((holds::ended_at_us, holds::id))
        .limit(limit)
        .select(HoldRow::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        let at_us = at.timestamp_micros();
        query = query
            .filter(holds::ended_at_us.ge(at_us))
            .filter(holds::ended_at_us.gt(at_us).or(holds::id.gt(id.to_string())));
    }
    let rows: Vec<HoldRow> = query.load(conn)?;
    rows.into_iter().map(HoldRow::hold).collect()
}

/// How many there are.
///
/// # Errors
/// [`StoreError`]
pub fn count(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(holds::table.count().get_result(conn)?)
}

/// Writes holds, new or changed. Their accounts must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, changed: &[&Hold]) -> Result<(), StoreError> {
    let rows: Vec<HoldRow> = changed.iter().map(|hold| HoldRow::of(hold)).collect::<Result<_, _>>()?;
    write_rows!(conn, &rows, row => diesel::insert_into(holds::table)
    .values(row)
    .on_conflict(holds::id)
    .do_update()
    .set((
        holds::state.eq(excluded(holds::state)),
        holds::ended_at_us.eq(excluded(holds::ended_at_us)),
        holds::reason.eq(excluded(holds::reason)),
        holds::entry_id.eq(excluded(holds::entry_id)),
        holds::restored_e2.eq(excluded(holds::restored_e2)),
    )));
    Ok(())
}

/// Has all holds of one account, ended ones included, belong to another. Both must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn hand_over(conn: &mut AnyConnection, from: AccountId, to: AccountId) -> Result<(), StoreError> {
    diesel::update(holds::table.filter(holds::account_id.eq(from.0))).set(holds::account_id.eq(to.0)).execute(conn)?;
    Ok(())
}
