//! What is asked of orders, and marked on them, without their lines.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::state_from_code;
use crate::domain::catalog::records::OrderDigest;
use crate::domain::value::ids::{OrderId, PartnerId, SaleId, SaleModel, SourceId};
use crate::domain::value::money::Money;
use crate::store::codec::{sale_ids, uuids};
use crate::store::connection::prepared::{PreparedQuery, padded};
use crate::store::schema::orders;
use crate::store::{AnyConnection, CHUNK, POS_ORDER, SOURCE, StoreError, corrupt};

/// The greatest id of all orders of the Odoo's tills that are kept; `None` without any.
///
/// # Errors
/// [`StoreError`]
pub fn newest(conn: &mut AnyConnection) -> Result<Option<OrderId>, StoreError> {
    let newest: Option<i64> = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::model.eq(POS_ORDER))
        .order(orders::id.desc())
        .select(orders::id)
        .first(conn)
        .optional()?;
    Ok(newest.map(OrderId))
}

/// The orders of one kind that receipts call by these names.
///
/// # Errors
/// [`StoreError`]
pub fn of_references(
    conn: &mut AnyConnection,
    source: SourceId,
    model: SaleModel,
    names: &BTreeSet<&str>,
) -> Result<BTreeSet<SaleId>, StoreError> {
    let names: Vec<&str> = names.iter().copied().collect();
    let mut found = BTreeSet::new();
    for chunk in names.chunks(CHUNK) {
        let query = orders::table
            .filter(orders::source.eq(source.0))
            .filter(orders::model.eq(model.code()))
            // Said besides, for the partial index.
            .filter(orders::reference.is_not_null())
            .filter(orders::reference.eq_any(padded(chunk.iter().copied())))
            .select(orders::id);
        let rows: Vec<i64> = PreparedQuery(query).load(conn)?;
        found.extend(rows.into_iter().map(|id| SaleId { source, model, id }));
    }
    Ok(found)
}

/// Marks which orders no program takes because of their currency or company.
///
/// # Errors
/// [`StoreError`]
pub fn mark_ignored(conn: &mut AnyConnection, ids: &[SaleId], ignored: bool) -> Result<(), StoreError> {
    for ((source, model), ids) in sale_ids::by_kind(ids.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            diesel::update(
                orders::table
                    .filter(orders::source.eq(source))
                    .filter(orders::model.eq(model))
                    .filter(orders::id.eq_any(chunk.to_vec()))
                    .filter(orders::ignored.ne(ignored)),
            )
            .set(orders::ignored.eq(ignored))
            .execute(conn)?;
        }
    }
    Ok(())
}

/// How many orders are ignored.
///
/// # Errors
/// [`StoreError`]
pub fn count_ignored(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(orders::table.filter(orders::ignored.eq(true)).count().get_result(conn)?)
}

/// What is kept of orders, by id, for comparing with Odoo's.
///
/// # Errors
/// [`StoreError`]
pub fn digests(conn: &mut AnyConnection, after: OrderId, limit: i64) -> Result<Vec<OrderDigest>, StoreError> {
    type Row = (i64, Option<Vec<u8>>, Option<String>, i16, Option<i64>, i64, i64);
    let rows: Vec<Row> = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::model.eq(POS_ORDER))
        .filter(orders::id.gt(after.0))
        .order(orders::id)
        .limit(limit)
        .select((
            orders::id,
            orders::uuid,
            orders::reference,
            orders::state,
            orders::partner_id,
            orders::total_incl_e4,
            orders::line_count,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, uuid, reference, state, partner, total, lines)| {
            Ok(OrderDigest {
                id: OrderId(id),
                uuid: uuid.as_deref().map(uuids::text_from_bytes).transpose()?,
                reference,
                state: state_from_code(state)?,
                partner_id: partner.map(PartnerId),
                total_incl: Money::from_e4(total),
                line_count: u32::try_from(lines).map_err(corrupt)?,
            })
        })
        .collect()
}
