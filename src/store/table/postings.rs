//! What has been posted for each sale, per account.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde::Serialize;

use super::id_ranges::load_by_ids;
use crate::domain::value::ids::{AccountId, ProgramId, SaleId};
use crate::domain::value::points::Points;
use crate::store::codec::sale_ids;
use crate::store::schema::{accounts, order_postings};
use crate::store::{AnyConnection, CHUNK, StoreError, corrupt, write_rows};

/// What has been posted for these sales, per account.
///
/// # Errors
/// [`StoreError`]
pub fn of_sales(
    conn: &mut AnyConnection,
    sales: &BTreeSet<SaleId>,
) -> Result<BTreeMap<SaleId, BTreeMap<AccountId, Points>>, StoreError> {
    let mut found: BTreeMap<SaleId, BTreeMap<AccountId, Points>> = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(sales.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let query = || {
                let of_source = order_postings::table.filter(order_postings::sale_source.eq(source));
                let of_kind = of_source.filter(order_postings::sale_model.eq(model));
                of_kind.select((order_postings::sale_id, order_postings::account_id, order_postings::earned_e2))
            };
            let rows: Vec<(i64, i64, i64)> = load_by_ids!(conn, chunk, order_postings::sale_id, query())?;
            for (id, account, earned) in rows.into_iter().filter(|(id, ..)| chunk.binary_search(id).is_ok()) {
                let sale = sale_ids::from_columns(source, model, id)?;
                found.entry(sale).or_default().insert(AccountId(account), Points::from_e2(earned));
            }
        }
    }
    Ok(found)
}

/// Has what was posted for these sales on one account count for another.
///
/// # Errors
/// [`StoreError`]
pub fn hand_over(conn: &mut AnyConnection, sales: &[SaleId], from: AccountId, to: AccountId) -> Result<(), StoreError> {
    for chunk in sales.chunks(CHUNK) {
        let known = of_sales(conn, &chunk.iter().copied().collect())?;
        let mut moved = BTreeMap::new();
        for (sale, by_account) in known {
            let Some(there) = by_account.get(&from) else { continue };
            let here = by_account.get(&to).copied().unwrap_or_default();
            moved.insert((sale, to), here.add(*there).map_err(corrupt)?);
        }
        for ((source, model), ids) in sale_ids::by_kind(chunk.iter().copied()) {
            diesel::delete(
                order_postings::table
                    .filter(order_postings::sale_source.eq(source))
                    .filter(order_postings::sale_model.eq(model))
                    .filter(order_postings::sale_id.eq_any(ids))
                    .filter(order_postings::account_id.eq(from.0)),
            )
            .execute(conn)?;
        }
        save(conn, &moved)?;
    }
    Ok(())
}

#[derive(Insertable, Serialize)]
#[diesel(table_name = order_postings, treat_none_as_default_value = false)]
pub(in crate::store) struct PostingRow {
    sale_source: i16,
    sale_model: i16,
    sale_id: i64,
    account_id: i64,
    earned_e2: i64,
}

impl PostingRow {
    pub(in crate::store) fn all(postings: &BTreeMap<(SaleId, AccountId), Points>) -> Vec<Self> {
        let row = |((sale, account), earned): (&(SaleId, AccountId), &Points)| Self {
            sale_source: sale.source.0,
            sale_model: sale.model.code(),
            sale_id: sale.id,
            account_id: account.0,
            earned_e2: earned.e2(),
        };
        postings.iter().map(row).collect()
    }
}

/// Notes what has now been posted for sales.
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, changed: &BTreeMap<(SaleId, AccountId), Points>) -> Result<(), StoreError> {
    let rows = PostingRow::all(changed);
    write_rows!(conn, &rows, row => diesel::insert_into(order_postings::table)
        .values(row)
        .on_conflict((
            order_postings::sale_source,
            order_postings::sale_model,
            order_postings::sale_id,
            order_postings::account_id,
        ))
        .do_update()
        .set(order_postings::earned_e2.eq(excluded(order_postings::earned_e2))));
    Ok(())
}

/// How many orders have earned in a program, by what is noted of them now.
///
/// # Errors
/// [`StoreError`]
pub fn count_credited(conn: &mut AnyConnection, program: ProgramId) -> Result<i64, StoreError> {
    Ok(order_postings::table
        .inner_join(accounts::table.on(accounts::id.eq(order_postings::account_id)))
        .filter(accounts::program_id.eq(program.0))
        .filter(order_postings::earned_e2.ne(0))
        .count()
        .get_result(conn)?)
}
