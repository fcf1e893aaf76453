//! Where lines stand: which order has a line, which take it back, and which have reward lines of a hold.
//!
//! The lines themselves are in their orders' rows. For each line there is a block of numbers that it is in, and for the
//! block the orders that have lines of it: the lines of an order have neighbouring numbers, so that one small row serves
//! most orders. Lines that take others back, and reward lines, are few and have rows of their own.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::id_ranges::load_by_ids;
use super::orders::{self, KeptOrder, state_from_code};
use crate::domain::sale::order::{HoldRef, Line, Order, OrderState};
use crate::domain::value::ids::{HoldId, LineId, SaleId, SaleLineId};
use crate::store::codec::{order_lines, sale_ids, uuids};
use crate::store::connection::prepared::{PreparedQuery, padded};
use crate::store::schema::{order_holds, order_line_blocks, order_refunds, orders as order_rows};
use crate::store::{AnyConnection, CHUNK, StoreError, write_rows};

/// Bits of a line's number that its block leaves out.
const BLOCK_BITS: u32 = 4;

const fn block_of(line: LineId) -> i64 {
    line.0 >> BLOCK_BITS
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable, Queryable)]
#[diesel(table_name = order_line_blocks)]
struct BlockRow {
    sale_source: i16,
    sale_model: i16,
    block: i64,
    sale_id: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable, Queryable)]
#[diesel(table_name = order_refunds)]
struct RefundRow {
    sale_source: i16,
    sale_model: i16,
    refunded_line_id: i64,
    sale_id: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable, Queryable)]
#[diesel(table_name = order_holds)]
struct OrderHoldRow {
    hold_id: Vec<u8>,
    sale_source: i16,
    sale_model: i16,
    sale_id: i64,
}

/// The rows of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rows {
    blocks: BTreeSet<BlockRow>,
    refunds: BTreeSet<RefundRow>,
    holds: BTreeSet<OrderHoldRow>,
}

impl Rows {
    fn of(sale: SaleId, order: &Order) -> Self {
        let (sale_source, sale_model, sale_id) = (sale.source.0, sale.model.code(), sale.id);
        let mut rows = Self::default();
        for line in &order.lines {
            if let Some(id) = line.id {
                rows.blocks.insert(BlockRow { sale_source, sale_model, block: block_of(id), sale_id });
            }
            match (line.refunds, &line.hold) {
                (Some(refunded), _) => {
                    let refunded_line_id = refunded.0;
                    rows.refunds.insert(RefundRow { sale_source, sale_model, refunded_line_id, sale_id });
                }
                (None, Some(HoldRef::Id(hold))) => {
                    let hold_id = uuids::to_bytes(hold.0);
                    rows.holds.insert(OrderHoldRow { hold_id, sale_source, sale_model, sale_id });
                }
                (None, _) => {}
            }
        }
        rows
    }

    fn add(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.refunds.extend(other.refunds);
        self.holds.extend(other.holds);
    }

    fn without(&self, other: &Self) -> Self {
        Self {
            blocks: self.blocks.difference(&other.blocks).cloned().collect(),
            refunds: self.refunds.difference(&other.refunds).cloned().collect(),
            holds: self.holds.difference(&other.holds).cloned().collect(),
        }
    }
}

/// What changes, because orders do.
#[derive(Debug, Default)]
pub(in crate::store) struct LineChanges {
    gone: Rows,
    fresh: Rows,
}

impl LineChanges {
    /// An order that was as `before`, and is as `now`.
    pub fn add(&mut self, sale: SaleId, before: Option<&Order>, now: &Order) {
        let now = Rows::of(sale, now);
        if let Some(before) = before.map(|before| Rows::of(sale, before)) {
            self.gone.add(before.without(&now));
            self.fresh.add(now.without(&before));
        } else {
            self.fresh.add(now);
        }
    }

    /// Writes it.
    pub fn write(self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        for row in self.gone.blocks {
            let key = (row.sale_source, row.sale_model, row.block, row.sale_id);
            diesel::delete(order_line_blocks::table.find(key)).execute(conn)?;
        }
        for row in self.gone.refunds {
            let key = (row.sale_source, row.sale_model, row.refunded_line_id, row.sale_id);
            diesel::delete(order_refunds::table.find(key)).execute(conn)?;
        }
        for row in self.gone.holds {
            let key = (row.hold_id, row.sale_source, row.sale_model, row.sale_id);
            diesel::delete(order_holds::table.find(key)).execute(conn)?;
        }
        let blocks: Vec<BlockRow> = self.fresh.blocks.into_iter().collect();
        write_rows!(conn, &blocks, row => diesel::insert_into(order_line_blocks::table)
            .values(row).on_conflict_do_nothing());
        let refunds: Vec<RefundRow> = self.fresh.refunds.into_iter().collect();
        write_rows!(conn, &refunds, row => diesel::insert_into(order_refunds::table)
            .values(row).on_conflict_do_nothing());
        let holds: Vec<OrderHoldRow> = self.fresh.holds.into_iter().collect();
        write_rows!(conn, &holds, row => diesel::insert_into(order_holds::table)
            .values(row).on_conflict_do_nothing());
        Ok(())
    }
}

fn blocks_of(conn: &mut AnyConnection, lines: impl Iterator<Item = SaleLineId>) -> Result<Vec<BlockRow>, StoreError> {
    let mut found = Vec::new();
    for ((source, model), ids) in sale_ids::lines_by_kind(lines) {
        let blocks: BTreeSet<i64> = ids.into_iter().map(|id| block_of(LineId(id))).collect();
        let blocks: Vec<i64> = blocks.into_iter().collect();
        for chunk in blocks.chunks(CHUNK) {
            let query = || {
                let of_source = order_line_blocks::table.filter(order_line_blocks::sale_source.eq(source));
                of_source.filter(order_line_blocks::sale_model.eq(model))
            };
            let rows: Vec<BlockRow> = load_by_ids!(conn, chunk, order_line_blocks::block, query())?;
            found.extend(rows.into_iter().filter(|row| chunk.binary_search(&row.block).is_ok()));
        }
    }
    Ok(found)
}

/// The orders that may have one of these lines.
fn candidates(
    conn: &mut AnyConnection,
    lines: impl Iterator<Item = SaleLineId>,
) -> Result<BTreeSet<SaleId>, StoreError> {
    let rows = blocks_of(conn, lines)?.into_iter();
    rows.map(|row| sale_ids::from_columns(row.sale_source, row.sale_model, row.sale_id)).collect()
}

/// The orders that have any of these lines, those in `except` left out.
///
/// # Errors
/// [`StoreError`]
pub fn orders_with(
    conn: &mut AnyConnection,
    lines: &BTreeSet<SaleLineId>,
    except: &BTreeSet<SaleId>,
) -> Result<BTreeMap<SaleId, KeptOrder>, StoreError> {
    let mut ids = candidates(conn, lines.iter().copied())?;
    ids.retain(|id| !except.contains(id));
    let mut found = orders::load_kept(conn, &ids)?;
    found.retain(|_, kept| kept.order.lines_by_id().any(|(id, _)| lines.contains(&id)));
    Ok(found)
}

/// Lines with the order that they stand in, and its state.
pub type StandingLine = (SaleId, OrderState, Line);

/// The lines of orders.
fn lines_of(conn: &mut AnyConnection, orders: BTreeSet<SaleId>) -> Result<Vec<StandingLine>, StoreError> {
    let mut found = Vec::new();
    for ((source, model), ids) in sale_ids::by_kind(orders) {
        for chunk in ids.chunks(CHUNK) {
            let query = || {
                let of_kind =
                    order_rows::table.filter(order_rows::source.eq(source)).filter(order_rows::model.eq(model));
                of_kind.select((order_rows::id, order_rows::state, order_rows::lines))
            };
            let rows: Vec<(i64, i16, Vec<u8>)> = load_by_ids!(conn, chunk, order_rows::id, query())?;
            for (id, state, lines) in rows.into_iter().filter(|(id, ..)| chunk.binary_search(id).is_ok()) {
                let (sale, state) = (sale_ids::from_columns(source, model, id)?, state_from_code(state)?);
                found.extend(order_lines::from_bytes(&lines)?.into_iter().map(|line| (sale, state, line)));
            }
        }
    }
    Ok(found)
}

/// These lines, as far as they are known.
///
/// # Errors
/// [`StoreError`]
pub fn lines(conn: &mut AnyConnection, ids: &BTreeSet<SaleLineId>) -> Result<Vec<StandingLine>, StoreError> {
    let orders = candidates(conn, ids.iter().copied())?;
    let mut found = lines_of(conn, orders)?;
    found.retain(|(sale, _, line)| line.id.is_some_and(|id| ids.contains(&sale.line(id))));
    Ok(found)
}

/// Lines that take back one of these, in the order of their orders.
///
/// # Errors
/// [`StoreError`]
pub fn refunds_of(conn: &mut AnyConnection, of: &BTreeSet<SaleLineId>) -> Result<Vec<StandingLine>, StoreError> {
    let mut orders = BTreeSet::new();
    for ((source, model), ids) in sale_ids::lines_by_kind(of.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let query = || {
                let of_source = order_refunds::table.filter(order_refunds::sale_source.eq(source));
                let of_kind = of_source.filter(order_refunds::sale_model.eq(model));
                of_kind.select((order_refunds::refunded_line_id, order_refunds::sale_id))
            };
            let rows: Vec<(i64, i64)> = load_by_ids!(conn, chunk, order_refunds::refunded_line_id, query())?;
            for (_, id) in rows.into_iter().filter(|(line, _)| chunk.binary_search(line).is_ok()) {
                orders.insert(sale_ids::from_columns(source, model, id)?);
            }
        }
    }
    let mut found = lines_of(conn, orders)?;
    found.retain(|(sale, _, line)| line.refunds.is_some_and(|id| of.contains(&sale.line(id))));
    found.sort_by_key(|(sale, _, line)| (*sale, line.id));
    Ok(found)
}

/// The orders that have reward lines of these holds, by hold.
pub(in crate::store) fn orders_with_holds(
    conn: &mut AnyConnection,
    holds: &BTreeSet<HoldId>,
) -> Result<Vec<(HoldId, SaleId)>, StoreError> {
    let ids: Vec<Vec<u8>> = holds.iter().map(|hold| uuids::to_bytes(hold.0)).collect();
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let query = order_holds::table.filter(order_holds::hold_id.eq_any(padded(chunk.iter().cloned())));
        let rows: Vec<OrderHoldRow> = PreparedQuery(query).load(conn)?;
        for row in rows {
            found.push((hold_of(&row)?, sale_ids::from_columns(row.sale_source, row.sale_model, row.sale_id)?));
        }
    }
    Ok(found)
}

fn hold_of(row: &OrderHoldRow) -> Result<HoldId, StoreError> {
    uuids::from_bytes(&row.hold_id, "the hold id").map(HoldId)
}

/// What is not found although these orders have it, in sentences.
///
/// # Errors
/// [`StoreError`]
pub fn missing(conn: &mut AnyConnection, orders: &BTreeMap<SaleId, Order>) -> Result<Vec<String>, StoreError> {
    let mut told = Vec::new();
    let lines: BTreeSet<SaleLineId> = orders.values().flat_map(Order::lines_by_id).map(|(id, _)| id).collect();
    let found: BTreeSet<BlockRow> = blocks_of(conn, lines.iter().copied())?.into_iter().collect();
    let refunded: BTreeSet<SaleLineId> = orders.values().flat_map(Order::refunded_lines).collect();
    let refunds: BTreeSet<(SaleId, Option<LineId>)> =
        refunds_of(conn, &refunded)?.into_iter().map(|(sale, _, line)| (sale, line.id)).collect();
    let mut holds = BTreeSet::new();
    for (sale, order) in orders {
        let rows = Rows::of(*sale, order);
        if !rows.blocks.is_subset(&found) {
            told.push(format!("{sale} ({}): its lines are not found by their numbers", order.name));
        }
        let mut taking = order.lines.iter().filter(|line| line.refunds.is_some());
        if taking.any(|line| !refunds.contains(&(*sale, line.id))) {
            told.push(format!("{sale} ({}): its lines are not found by those they take back", order.name));
        }
        for row in &rows.holds {
            holds.insert((hold_of(row)?, *sale));
        }
    }
    let ids = holds.iter().map(|(hold, _)| *hold).collect();
    let found: BTreeSet<(HoldId, SaleId)> = orders_with_holds(conn, &ids)?.into_iter().collect();
    for (hold, sale) in holds.difference(&found) {
        told.push(format!("{sale}: its reward line is not found by the hold {hold}"));
    }
    Ok(told)
}
