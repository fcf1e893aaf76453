//! Orders as they are computed: each refund tied to the sale it takes back, each reward line to what it covers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::ledger::converge::taken_back;
use crate::domain::sale::order::{HoldRef, Line, Order, OrderState};
use crate::domain::sale::refund::{TakenBack, match_by_reference};
use crate::domain::value::ids::{HoldId, PartnerId, SaleId, SaleLineId, SaleModel, SourceId};
use crate::ledger::error::LedgerError;
use crate::store::AnyConnection;
use crate::store::table::orders::KeptOrder;
use crate::store::table::{holds, line_index, orders};

/// Lines of paid orders that take others back, by the line they take back.
pub(in crate::ledger) type Refunds = BTreeMap<SaleLineId, Vec<Line>>;

/// Orders, and what bears on them.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Linked {
    /// The orders asked for. A line that takes back a sale names it, whether Odoo says so or the receipts do.
    pub orders: BTreeMap<SaleId, Order>,
    /// The others that share their receipt's name with one of them.
    pub neighbours: BTreeMap<SaleId, Order>,
    /// What takes their lines back.
    pub refunds: Refunds,
    /// Whose points the orders asked for are, as far as that is kept.
    pub wallets: BTreeMap<SaleId, PartnerId>,
}

impl Linked {
    /// Loads orders. Locks nothing.
    pub fn load(conn: &mut AnyConnection, ids: &BTreeSet<SaleId>) -> Result<Self, LedgerError> {
        Self::beside(conn, ids, BTreeMap::new())
    }

    /// Loads orders, those left out that are there already, as they are kept.
    pub fn beside(
        conn: &mut AnyConnection,
        ids: &BTreeSet<SaleId>,
        mut kept: BTreeMap<SaleId, KeptOrder>,
    ) -> Result<Self, LedgerError> {
        let others: BTreeSet<SaleId> = ids.iter().filter(|id| !kept.contains_key(id)).copied().collect();
        kept.extend(orders::load_kept(conn, &others)?);
        let wallets = kept.iter().filter_map(|(id, one)| Some((*id, one.wallet?))).collect();
        let mut all: BTreeMap<SaleId, Order> = kept.into_iter().map(|(id, one)| (id, one.order)).collect();
        let others: BTreeSet<SaleId> = same_receipt(conn, all.values())?.difference(ids).copied().collect();
        all.extend(orders::load(conn, &others)?);
        let lines: BTreeSet<SaleLineId> = all.values().flat_map(Order::lines_by_id).map(|(id, _)| id).collect();
        let mut refunds = Refunds::new();
        for (by, state, line) in line_index::refunds_of(conn, &lines)? {
            if let (OrderState::Paid, Some(of)) = (state, line.refunds) {
                refunds.entry(by.line(of)).or_default().push(line);
            }
        }
        // Most orders share their receipt's name with none: then there is nothing to match.
        let mut receipts: BTreeMap<(SourceId, SaleModel, String), Vec<SaleId>> = BTreeMap::new();
        for (id, order) in &all {
            if let Some(reference) = &order.reference {
                receipts.entry((order.source, order.model, reference.clone())).or_default().push(*id);
            }
        }
        for of_one in receipts.into_values().filter(|of_one| of_one.len() > 1) {
            let mut group: Vec<Order> = of_one.iter().filter_map(|id| all.remove(id)).collect();
            let lines = group.iter().flat_map(Order::lines_by_id).map(|(id, _)| id);
            let mut taken = TakenBack::new();
            for by in lines.filter_map(|line| refunds.get(&line)) {
                taken.extend(taken_back(by)?);
            }
            let tied = match_by_reference(&mut group, taken)?;
            if let Some(receipt) = group.first() {
                for line in tied {
                    if let Some(of) = line.refunds {
                        refunds.entry(receipt.line_id(of)).or_default().push(line);
                    }
                }
            }
            all.extend(group.into_iter().filter_map(|order| Some((order.sale_id()?, order))));
        }
        let (mut orders, neighbours): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.into_iter().partition(|(id, _)| ids.contains(id));
        cover(conn, orders.values_mut())?;
        Ok(Self { orders, neighbours, refunds, wallets })
    }
}

/// What takes back the lines of one order.
pub(in crate::ledger) fn refunds_of(order: &Order, refunds: &Refunds) -> Vec<Line> {
    order.lines_by_id().filter_map(|(id, _)| refunds.get(&id)).flatten().cloned().collect()
}

/// The orders that share their receipt's name with one of these, themselves among them.
fn same_receipt<'a>(
    conn: &mut AnyConnection,
    of: impl Iterator<Item = &'a Order>,
) -> Result<BTreeSet<SaleId>, LedgerError> {
    let mut names: BTreeMap<(SourceId, SaleModel), BTreeSet<&str>> = BTreeMap::new();
    for order in of {
        if let Some(reference) = &order.reference {
            names.entry((order.source, order.model)).or_default().insert(reference);
        }
    }
    let mut found = BTreeSet::new();
    for ((source, model), names) in names {
        found.extend(orders::of_references(conn, source, model, &names)?);
    }
    Ok(found)
}

/// Says of each reward line which goods its discount is for, and of the first of each hold how many it gives.
pub(in crate::ledger) fn cover<'a>(
    conn: &mut AnyConnection,
    orders: impl Iterator<Item = &'a mut Order>,
) -> Result<(), LedgerError> {
    let mut lines: Vec<(HoldId, &mut Line)> = Vec::new();
    for line in orders.flat_map(|order| &mut order.lines) {
        if let Some(HoldRef::Id(id)) = line.hold {
            lines.push((id, line));
        }
    }
    let ids: Vec<HoldId> = lines.iter().map(|(id, _)| *id).collect();
    let covers = holds::covers(conn, &ids)?;
    let mut counted = BTreeSet::new();
    for (id, line) in lines {
        let Some(coverage) = covers.get(&id) else { continue };
        line.covers = Some(Arc::clone(&coverage.scope));
        // A reward may have a line for each tax; what it gives it gives once.
        if line.subtotal_incl.is_negative() && counted.insert(id) {
            line.gives = coverage.given;
        }
    }
    Ok(())
}
