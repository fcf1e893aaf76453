//! Entries: written once, read for history, explanation and verification.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::entry_texts::{self, TextsById};
use super::transfers::Origin;
use crate::domain::ledger::entry::{Entry, EntryKind};
use crate::domain::value::ids::{AccountId, EntryId, HoldId, PartnerId, ProgramId, SaleId};
use crate::domain::value::points::Points;
use crate::store::codec::{sale_ids, uuids};
use crate::store::schema::{accounts, entries, entry_texts as texts};
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, corrupt, write_rows};

mod row;

pub use row::EntryRow;

/// The texts of these entries.
///
/// # Errors
/// [`StoreError`]
pub fn texts_of(conn: &mut AnyConnection, rows: &[EntryRow]) -> Result<TextsById, StoreError> {
    entry_texts::load(conn, rows.iter().map(EntryRow::key))
}

/// These entries with their texts, in their order.
///
/// # Errors
/// [`StoreError`]
pub fn with_texts(conn: &mut AnyConnection, rows: &[EntryRow]) -> Result<Vec<Entry>, StoreError> {
    let texts = texts_of(conn, rows)?;
    rows.iter().map(|row| row.entry(row.texts_in(&texts))).collect()
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
pub fn find(conn: &mut AnyConnection, id: EntryId) -> Result<Option<EntryRow>, StoreError> {
    Ok(entries::table.find(uuids::to_bytes(id.0)).select(EntryRow::as_select()).first(conn).optional()?)
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
        .filter(entries::hold_id.eq(uuids::to_bytes(hold.0)))
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
        .filter(entries::kind.eq(EntryKind::Expire.code()))
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

/// Whether an account has an entry with this hash.
///
/// # Errors
/// [`StoreError`]
pub fn has_hash(conn: &mut AnyConnection, account: AccountId, hash: &[u8]) -> Result<bool, StoreError> {
    let found = entries::table.filter(entries::account_id.eq(account.0)).filter(entries::hash.eq(hash));
    let found: Option<i64> = found.select(entries::sequence).first(conn).optional()?;
    Ok(found.is_some())
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

/// The names of the documents that caused these entries, and their ids in Odoo, by the entry's id. Erased names are empty.
///
/// # Errors
/// [`StoreError`]
pub fn causes(
    conn: &mut AnyConnection,
    ids: &[EntryId],
) -> Result<BTreeMap<EntryId, (Option<i64>, String)>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let keys: Vec<Vec<u8>> = chunk.iter().map(|id| uuids::to_bytes(id.0)).collect();
        let rows: Vec<(Vec<u8>, Option<i64>, Option<String>)> = entries::table
            .left_join(texts::table.on(texts::entry_id.eq(entries::id)))
            .filter(entries::id.eq_any(keys))
            .select((entries::id, entries::cause_id, texts::cause_name.nullable()))
            .load(conn)?;
        for (id, cause, name) in rows {
            let id = EntryId(uuids::from_bytes(&id, "the entry id")?);
            found.insert(id, (cause, name.unwrap_or_default()));
        }
    }
    Ok(found)
}

/// What one adjustment carried over from a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOver {
    /// What tells the document from every other.
    pub document_key: i64,
    /// The document's id.
    pub cause_id: Option<i64>,
    /// Its name; `None` when it was erased.
    pub cause_name: Option<String>,
    /// Whose account the points went to.
    pub partner_id: PartnerId,
    /// How many, with their sign.
    pub points: Points,
}

/// The members of a [`CarriedOver`], as columns.
type CarriedOverRow = (Option<i64>, Option<i64>, Option<String>, i64, i64);

/// The adjustments of one program that came from documents with these keys.
///
/// # Errors
/// [`StoreError`]
pub fn carried_over(
    conn: &mut AnyConnection,
    program: ProgramId,
    keys: &[i64],
) -> Result<Vec<CarriedOver>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<CarriedOverRow> = entries::table
            .inner_join(accounts::table.on(accounts::id.eq(entries::account_id)))
            .left_join(texts::table.on(texts::entry_id.eq(entries::id)))
            .filter(accounts::source.eq(SOURCE))
            .filter(accounts::program_id.eq(program.0))
            .filter(entries::document_key.eq_any(chunk.to_vec()))
            .order((entries::recorded_at_us, entries::id))
            .select((
                entries::document_key,
                entries::cause_id,
                texts::cause_name.nullable(),
                accounts::partner_id,
                entries::points_e2,
            ))
            .load(conn)?;
        found.extend(rows.into_iter().filter_map(|(document_key, cause_id, cause_name, partner_id, points)| {
            Some(CarriedOver {
                document_key: document_key?,
                cause_id,
                cause_name,
                partner_id: PartnerId(partner_id),
                points: Points::from_e2(points),
            })
        }));
    }
    Ok(found)
}
