//! Orders that Odoo does not have as they were: which, what they posted, and what waits for a person to decide.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::id_ranges::load_by_ids;
use super::line_index::{self, StandingLine};
use super::orders::state_from_code;
use crate::domain::findings::HeldWithdrawals;
use crate::domain::sale::withdrawal::{KnownLine, KnownLines, KnownOrder};
use crate::domain::value::ids::{LineId, OrderId, SaleLineId, SaleModel, SourceId};
use crate::domain::value::points::Points;
use crate::store::codec::uuids;
use crate::store::connection::clock::from_us;
use crate::store::schema::{accounts, held_withdrawals, order_postings, orders};
use crate::store::{AnyConnection, CHUNK, POS_ORDER, SOURCE, StoreError};

/// By what these orders are known, as far as they are.
///
/// # Errors
/// [`StoreError`]
pub fn known_orders(conn: &mut AnyConnection, ids: &[OrderId]) -> Result<BTreeMap<OrderId, KnownOrder>, StoreError> {
    type Row = (i64, Option<Vec<u8>>, Option<String>, i16);
    let mut found = BTreeMap::new();
    let ids: BTreeSet<i64> = ids.iter().map(|id| id.0).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    for chunk in ids.chunks(CHUNK) {
        let query = || {
            let of_kind = orders::table.filter(orders::source.eq(SOURCE)).filter(orders::model.eq(POS_ORDER));
            of_kind.select((orders::id, orders::uuid, orders::reference, orders::state))
        };
        let rows: Vec<Row> = load_by_ids!(conn, chunk, orders::id, query())?;
        for (id, uuid, reference, state) in rows.into_iter().filter(|(id, ..)| chunk.binary_search(id).is_ok()) {
            let uuid = uuid.as_deref().map(uuids::text_from_bytes).transpose()?;
            found.insert(OrderId(id), KnownOrder { uuid, reference, state: state_from_code(state)? });
        }
    }
    Ok(found)
}

/// Where these lines stand, as far as they are known.
///
/// # Errors
/// [`StoreError`]
pub fn known_lines(conn: &mut AnyConnection, ids: &[LineId]) -> Result<KnownLines, StoreError> {
    let ids: BTreeSet<SaleLineId> =
        ids.iter().map(|id| SaleLineId { source: SourceId::ODOO, model: SaleModel::PosOrder, id: *id }).collect();
    let known = |(sale, state, line): StandingLine| {
        Some((line.id?, KnownLine { order: sale.as_pos_order()?, state, uuid: line.uuid }))
    };
    Ok(line_index::lines(conn, &ids)?.into_iter().filter_map(known).collect())
}

/// How many members have points of these orders, and how many points those are.
///
/// # Errors
/// [`StoreError`]
pub fn worth_of(conn: &mut AnyConnection, ids: &[OrderId]) -> Result<(u64, Points), StoreError> {
    let mut members: BTreeSet<i64> = BTreeSet::new();
    let mut points: i64 = 0;
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<(i64, i64)> = order_postings::table
            .inner_join(accounts::table.on(accounts::id.eq(order_postings::account_id)))
            .filter(order_postings::sale_source.eq(SOURCE))
            .filter(order_postings::sale_model.eq(POS_ORDER))
            .filter(order_postings::sale_id.eq_any(ids))
            .filter(order_postings::earned_e2.ne(0))
            .select((accounts::partner_id, order_postings::earned_e2))
            .load(conn)?;
        for (member, earned) in rows {
            members.insert(member);
            points = points.saturating_add(earned);
        }
    }
    Ok((u64::try_from(members.len()).unwrap_or(u64::MAX), Points::from_e2(points)))
}

/// What waits for a person to decide.
///
/// # Errors
/// [`StoreError`]
pub fn held(conn: &mut AnyConnection) -> Result<Option<HeldWithdrawals>, StoreError> {
    type Row = (i64, i64, i64, i64, i64, i64, i64, i64);
    let row: Option<Row> = held_withdrawals::table
        .filter(held_withdrawals::source.eq(SOURCE))
        .select((
            held_withdrawals::gone,
            held_withdrawals::replaced,
            held_withdrawals::unpaid,
            held_withdrawals::members,
            held_withdrawals::points_e2,
            held_withdrawals::newest_order_id,
            held_withdrawals::most,
            held_withdrawals::since_us,
        ))
        .first(conn)
        .optional()?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    row.map(|(gone, replaced, unpaid, members, points, newest, most, since)| {
        Ok(HeldWithdrawals {
            gone: count(gone),
            replaced: count(replaced),
            unpaid: count(unpaid),
            members: count(members),
            points: Points::from_e2(points),
            newest_order: OrderId(newest),
            most: count(most),
            since: from_us(since)?,
        })
    })
    .transpose()
}

/// Keeps what waits, in place of what did.
///
/// # Errors
/// [`StoreError`]
pub fn keep_held(conn: &mut AnyConnection, what: Option<&HeldWithdrawals>) -> Result<(), StoreError> {
    diesel::delete(held_withdrawals::table.filter(held_withdrawals::source.eq(SOURCE))).execute(conn)?;
    let Some(what) = what else { return Ok(()) };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    diesel::insert_into(held_withdrawals::table)
        .values((
            held_withdrawals::source.eq(SOURCE),
            held_withdrawals::gone.eq(number(what.gone)),
            held_withdrawals::replaced.eq(number(what.replaced)),
            held_withdrawals::unpaid.eq(number(what.unpaid)),
            held_withdrawals::members.eq(number(what.members)),
            held_withdrawals::points_e2.eq(what.points.e2()),
            held_withdrawals::newest_order_id.eq(what.newest_order.0),
            held_withdrawals::most.eq(number(what.most)),
            held_withdrawals::since_us.eq(what.since.timestamp_micros()),
        ))
        .execute(conn)?;
    Ok(())
}
