//! Entries: written once, read for history, explanation and verification.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::{accounts, entries};
use super::time::from_us;
use super::transfers::Origin;
use super::{AnyConnection, CHUNK, SOURCE, StoreError, corrupt, on_each, sale_ids, write_rows};
use crate::domain::entry::{Cause, Detail, Entry, EntryKind};
use crate::domain::ids::{AccountId, EntryId, HoldId, PartnerId, ProgramId, SaleId};
use crate::domain::points::Points;

/// An entry with its place in its account's chain, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = entries, treat_none_as_default_value = false)]
pub struct EntryRow {
    /// Its UUID.
    pub id: String,
    account_id: i64,
    /// 1 for an account's first entry.
    pub sequence: i64,
    kind: String,
    points_e2: i64,
    balance_after_e2: i64,
    occurred_at_us: i64,
    /// When it was taken in, in microseconds.
    pub recorded_at_us: i64,
    cause_model: String,
    cause_id: Option<i64>,
    cause_uuid: Option<String>,
    cause_name: String,
    program_version: Option<i64>,
    sale_source: Option<i16>,
    sale_model: Option<i16>,
    sale_id: Option<i64>,
    hold_id: Option<String>,
    reason: Option<String>,
    actor: String,
    /// Its detail, as hashed.
    pub detail: String,
    /// The hash of the entry before it.
    pub previous_hash: String,
    /// Its own.
    pub hash: String,
}

impl EntryRow {
    /// An entry and its place in the chain as a row.
    #[must_use]
    pub fn new(entry: &Entry, sequence: i64, detail: String, previous_hash: String, hash: String) -> Self {
        Self {
            id: entry.id.to_string(),
            account_id: entry.account_id.0,
            sequence,
            kind: entry.kind.word().to_owned(),
            points_e2: entry.points.e2(),
            balance_after_e2: entry.balance_after.e2(),
            occurred_at_us: entry.occurred_at.timestamp_micros(),
            recorded_at_us: entry.recorded_at.timestamp_micros(),
            cause_model: entry.cause.model.clone(),
            cause_id: entry.cause.id,
            cause_uuid: entry.cause.uuid.clone(),
            cause_name: entry.cause.name.clone(),
            program_version: entry.program_version,
            sale_source: entry.sale.map(|sale| sale.source.0),
            sale_model: entry.sale.map(|sale| sale.model.code()),
            sale_id: entry.sale.map(|sale| sale.id),
            hold_id: entry.hold_id.map(|id| id.to_string()),
            reason: entry.reason.clone(),
            actor: entry.actor.clone(),
            detail,
            previous_hash,
            hash,
        }
    }

    /// The account it stands in.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        AccountId(self.account_id)
    }

    /// The word of its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The sale whose earning it belongs to.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn sale(&self) -> Result<Option<SaleId>, StoreError> {
        match (self.sale_source, self.sale_model, self.sale_id) {
            (None, None, None) => Ok(None),
            (Some(source), Some(model), Some(id)) => sale_ids::from_columns(source, model, id).map(Some),
            _ => Err(corrupt(format!("the entry {} names half a sale", self.id))),
        }
    }

    /// The entry it holds.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn entry(&self) -> Result<Entry, StoreError> {
        let hold_id = match &self.hold_id {
            None => None,
            Some(text) => Some(HoldId::parse(text).ok_or_else(|| corrupt(format!("the hold id {text}")))?),
        };
        let detail: Detail = serde_json::from_str(&self.detail)
            .map_err(|problem| corrupt(format!("the detail of entry {}: {problem}", self.id)))?;
        Ok(Entry {
            id: EntryId::parse(&self.id).ok_or_else(|| corrupt(format!("the entry id {}", self.id)))?,
            account_id: AccountId(self.account_id),
            kind: EntryKind::from_word(&self.kind).ok_or_else(|| corrupt(format!("the entry kind {}", self.kind)))?,
            points: Points::from_e2(self.points_e2),
            balance_after: Points::from_e2(self.balance_after_e2),
            occurred_at: from_us(self.occurred_at_us)?,
            recorded_at: from_us(self.recorded_at_us)?,
            cause: Cause {
                model: self.cause_model.clone(),
                id: self.cause_id,
                uuid: self.cause_uuid.clone(),
                name: self.cause_name.clone(),
            },
            program_version: self.program_version,
            sale: self.sale()?,
            hold_id,
            reason: self.reason.clone(),
            actor: self.actor.clone(),
            detail,
        })
    }
}

/// Appends entries.
///
/// # Errors
/// [`StoreError`]
pub fn append(conn: &mut AnyConnection, rows: &[EntryRow]) -> Result<(), StoreError> {
    write_rows!(conn, rows, row => diesel::insert_into(entries::table).values(row));
    Ok(())
}

/// One entry.
///
/// # Errors
/// [`StoreError`]
pub fn find(conn: &mut AnyConnection, id: &str) -> Result<Option<EntryRow>, StoreError> {
    Ok(entries::table.filter(entries::id.eq(id)).select(EntryRow::as_select()).first(conn).optional()?)
}

/// Entries of a sale, in the order they were written.
///
/// # Errors
/// [`StoreError`]
pub fn of_sale(conn: &mut AnyConnection, sale: SaleId) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::sale_source.eq(sale.source.0))
        .filter(entries::sale_model.eq(sale.model.code()))
        .filter(entries::sale_id.eq(sale.id))
        .order((entries::account_id, entries::sequence))
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// Entries of several sales, by sale, in the order they were written.
///
/// # Errors
/// [`StoreError`]
pub fn of_sales(conn: &mut AnyConnection, sales: &[SaleId]) -> Result<BTreeMap<SaleId, Vec<EntryRow>>, StoreError> {
    let mut found: BTreeMap<SaleId, Vec<EntryRow>> = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(sales.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<EntryRow> = entries::table
                .filter(entries::sale_source.eq(source))
                .filter(entries::sale_model.eq(model))
                .filter(entries::sale_id.eq_any(chunk.to_vec()))
                .order((entries::account_id, entries::sequence))
                .select(EntryRow::as_select())
                .load(conn)?;
            for row in rows {
                if let Some(sale) = row.sale()? {
                    found.entry(sale).or_default().push(row);
                }
            }
        }
    }
    Ok(found)
}

/// The entries that captured or gave back a hold, in the order they were written.
///
/// # Errors
/// [`StoreError`]
pub fn of_hold(conn: &mut AnyConnection, hold: HoldId) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::hold_id.eq(hold.to_string()))
        .order(entries::sequence)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// The sales that entries of an account belong to.
///
/// # Errors
/// [`StoreError`]
pub fn sales_of_account(conn: &mut AnyConnection, account: AccountId) -> Result<BTreeSet<SaleId>, StoreError> {
    let rows: Vec<(Option<i16>, Option<i16>, Option<i64>)> = entries::table
        .filter(entries::account_id.eq(account.0))
        .filter(entries::sale_id.is_not_null())
        .select((entries::sale_source, entries::sale_model, entries::sale_id))
        .load(conn)?;
    let named = rows.into_iter().filter_map(|(source, model, id)| Some((source?, model?, id?)));
    named.map(|(source, model, id)| sale_ids::from_columns(source, model, id)).collect()
}

/// How many points of an account's lots have expired, by the moment they ended: what left then, less what was given
/// back because its sale was taken back. Only the entries that the origin names count.
///
/// # Errors
/// [`StoreError`]
pub fn expired(
    conn: &mut AnyConnection,
    origin: Origin,
    ended_at_us: &[i64],
) -> Result<BTreeMap<i64, Points>, StoreError> {
    let mut found: BTreeMap<i64, Points> = BTreeMap::new();
    let rows: Vec<(i64, i64)> = entries::table
        .filter(entries::account_id.eq(origin.account.0))
        .filter(entries::kind.eq(EntryKind::Expire.word()))
        .filter(entries::occurred_at_us.eq_any(ended_at_us.to_vec()))
        .filter(entries::sequence.gt(origin.after))
        .filter(entries::sequence.le(origin.upto.unwrap_or(i64::MAX)))
        .select((entries::occurred_at_us, entries::points_e2))
        .load(conn)?;
    for (at, points) in rows {
        let sum = found.entry(at).or_default();
        *sum = sum.sub(Points::from_e2(points)).map_err(corrupt)?;
    }
    Ok(found)
}

/// All entries of an account from a sequence number on, for verification.
///
/// # Errors
/// [`StoreError`]
pub fn of_account(
    conn: &mut AnyConnection,
    account: AccountId,
    from_sequence: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::account_id.eq(account.0))
        .filter(entries::sequence.ge(from_sequence))
        .order(entries::sequence)
        .limit(limit)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// How many there are.
///
/// # Errors
/// [`StoreError`]
pub fn count(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(entries::table.count().get_result(conn)?)
}

/// Entries of an account below a sequence number, newest first, at most `limit`: the order of its balance.
///
/// # Errors
/// [`StoreError`]
pub fn newest_of(
    conn: &mut AnyConnection,
    account: AccountId,
    below_sequence: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::account_id.eq(account.0))
        .filter(entries::sequence.lt(below_sequence))
        .order(entries::sequence.desc())
        .limit(limit)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// When the last entry of each of these accounts was taken in, in microseconds; those without entries are absent.
///
/// # Errors
/// [`StoreError`]
pub fn last_recorded(conn: &mut AnyConnection, of: &[AccountId]) -> Result<BTreeMap<AccountId, i64>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in of.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<(i64, i64)> = accounts::table
            .inner_join(
                entries::table
                    .on(entries::account_id.eq(accounts::id).and(entries::sequence.eq(accounts::entry_count))),
            )
            .filter(accounts::id.eq_any(ids))
            .select((accounts::id, entries::recorded_at_us))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, at)| (AccountId(id), at)));
    }
    Ok(found)
}

/// The names of the documents that caused these entries, and their ids in Odoo, by the entry's id.
///
/// # Errors
/// [`StoreError`]
pub fn causes(conn: &mut AnyConnection, ids: &[String]) -> Result<BTreeMap<String, (Option<i64>, String)>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(String, Option<i64>, String)> = entries::table
            .filter(entries::id.eq_any(chunk))
            .select((entries::id, entries::cause_id, entries::cause_name))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, cause, name)| (id, (cause, name))));
    }
    Ok(found)
}

/// The documents of one model that adjustments may have come from.
#[derive(Clone, Copy, Debug)]
pub enum Causes<'a> {
    /// By their ids in Odoo.
    Ids(&'a [i64]),
    /// By their names, of documents that have no id.
    Names(&'a [String]),
}

/// What one adjustment carried over from a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOver {
    /// The document's id.
    pub cause_id: Option<i64>,
    /// Its name.
    pub cause_name: String,
    /// Whose account the points went to.
    pub partner_id: PartnerId,
    /// How many, with their sign.
    pub points: Points,
}

/// The adjustments of one program that came from these documents.
///
/// # Errors
/// [`StoreError`]
pub fn carried_over(
    conn: &mut AnyConnection,
    program: ProgramId,
    model: &str,
    causes: Causes<'_>,
) -> Result<Vec<CarriedOver>, StoreError> {
    let mut found = Vec::new();
    let mut load = |conn: &mut AnyConnection, part: Causes<'_>| -> Result<(), StoreError> {
        let rows: Vec<(Option<i64>, String, i64, i64)> = on_each!(conn, c => {
            let query = entries::table
                .inner_join(accounts::table.on(accounts::id.eq(entries::account_id)))
                .filter(accounts::source.eq(SOURCE))
                .filter(accounts::program_id.eq(program.0))
                // Written out, not bound: only so does SQLite use the index of adjustments.
                .filter(sql::<Bool>("entries.kind = 'adjust'"))
                .filter(entries::cause_model.eq(model))
                .order((entries::recorded_at_us, entries::id))
                .select((entries::cause_id, entries::cause_name, accounts::partner_id, entries::points_e2))
                .into_boxed();
            let query = match part {
                Causes::Ids(ids) => query.filter(entries::cause_id.eq_any(ids.to_vec())),
                Causes::Names(names) => {
                    query.filter(entries::cause_id.is_null().and(entries::cause_name.eq_any(names.to_vec())))
                }
            };
            query.load(c)
        })?;
        found.extend(rows.into_iter().map(|(cause_id, cause_name, partner_id, points)| CarriedOver {
            cause_id,
            cause_name,
            partner_id: PartnerId(partner_id),
            points: Points::from_e2(points),
        }));
        Ok(())
    };
    match causes {
        Causes::Ids(ids) => ids.chunks(CHUNK).try_for_each(|chunk| load(conn, Causes::Ids(chunk)))?,
        Causes::Names(names) => names.chunks(CHUNK).try_for_each(|chunk| load(conn, Causes::Names(chunk)))?,
    }
    Ok(found)
}
