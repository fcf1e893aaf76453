//! Keeping orders as they were read: with what their lines were at their first reading.

use std::collections::{BTreeMap, BTreeSet};

use super::sales::refunded_by;
use super::wallets;
use crate::domain::catalog::Catalog;
use crate::domain::catalog::records::Partner;
use crate::domain::sale::order::{Line, Order, OrderState, Wallet};
use crate::domain::value::ids::{PartnerId, ProductId, SaleId, SaleLineId};
use crate::ledger::error::LedgerError;
use crate::store::table::orders::KeptOrder;
use crate::store::table::{catalog, line_index, orders, partners};
use crate::store::{AnyConnection, FencingToken};

/// What keeping orders came to.
pub(super) struct IngestResult {
    /// Orders that were new or different, as they are kept now.
    pub changed: BTreeMap<SaleId, KeptOrder>,
    /// Others to converge because of them: sales they refunded until now, and orders that lost a line to them.
    pub also: BTreeSet<SaleId>,
}

/// `None` when they were read too long ago, or under a lease that another process has now: what that one reads is newer.
pub(super) fn ingest(
    conn: &mut AnyConnection,
    wallet: Wallet,
    read: &[Order],
    token: &FencingToken,
) -> Result<Option<IngestResult>, LedgerError> {
    let ids: BTreeSet<SaleId> = read.iter().filter_map(Order::sale_id).collect();
    orders::lock(conn, &ids)?;
    if !token.still_counts(conn)? {
        return Ok(None);
    }
    let mut known = orders::load_kept(conn, &ids)?;
    let wallets = wallets::of_read(conn, wallet, read, &mut known)?;
    let products: BTreeSet<ProductId> =
        read.iter().flat_map(|order| &order.lines).filter_map(|line| line.product_id).collect();
    let catalog = catalog::load(conn, &products)?;
    let customers: Vec<PartnerId> = read.iter().filter_map(|order| order.partner_id).collect();
    let customers = partners::load(conn, &customers)?;
    // A line that moved here from another order (a split bill) was first read there.
    let read_lines: BTreeSet<SaleLineId> = read.iter().flat_map(Order::lines_by_id).map(|(id, _)| id).collect();
    let elsewhere = line_index::orders_with(conn, &read_lines, &ids)?;
    let before = elsewhere.values().chain(known.values()).map(|kept| &kept.order);
    let lines: BTreeMap<SaleLineId, &Line> = before.flat_map(Order::lines_by_id).collect();
    let placed: Vec<Order> = read
        .iter()
        .map(|order| {
            let mut order = order.clone();
            let before = order.sale_id().and_then(|id| known.get(&id)).map(|kept| &kept.order);
            attach_catalog(&mut order, &catalog, &customers, before, &lines);
            order
        })
        .collect();
    orders::take_lines(conn, &elsewhere, &read_lines)?;
    let changed = orders::put(conn, &placed, &wallets, &known)?;
    let mut also: BTreeSet<SaleId> = elsewhere.into_keys().collect();
    // What they refund now is found by their lines; what they no longer do, only by the lines they had.
    let before = known.iter().filter(|(id, _)| changed.contains_key(id)).map(|(_, kept)| &kept.order);
    also.extend(refunded_by(conn, before)?.into_keys());
    Ok(Some(IngestResult { changed, also }))
}

/// Says where each line's product stands, what it counts as, and which tags product and customer have: as it was when
/// the line was first read (one of `lines`), or the order with this customer (`before`); else as it is now. A line keeps
/// its hold where Odoo does not say it.
pub(in crate::ledger) fn attach_catalog(
    order: &mut Order,
    catalog: &Catalog,
    customers: &BTreeMap<PartnerId, Partner>,
    before: Option<&Order>,
    lines: &BTreeMap<SaleLineId, &Line>,
) {
    if let Some(before) = before.filter(|before| before.partner_id == order.partner_id) {
        order.partner_tags.clone_from(&before.partner_tags);
    } else {
        let customer = order.partner_id.and_then(|id| customers.get(&id));
        order.partner_tags = customer.into_iter().flat_map(|customer| &customer.tag_ids).copied().collect();
    }
    if let Some(before) = before {
        order.links_refunds = before.links_refunds;
    }
    let (keeps_holds, source, model) = (order.hold_field_missing, order.source, order.model);
    for line in &mut order.lines {
        let earlier = line
            .id
            .and_then(|id| lines.get(&SaleLineId { source, model, id }))
            .filter(|earlier| earlier.product_id == line.product_id);
        if let Some(earlier) = earlier {
            line.role = earlier.role;
            line.pos_categories.clone_from(&earlier.pos_categories);
            line.product_categories.clone_from(&earlier.product_categories);
            line.product_tags.clone_from(&earlier.product_tags);
            if keeps_holds {
                line.hold.clone_from(&earlier.hold);
            }
        } else if let Some(product) = line.product_id {
            line.pos_categories = catalog.pos_categories_of(product);
            line.product_categories = catalog.product_categories_of(product);
            line.product_tags = catalog.tags_of(product);
        }
    }
}

/// An order that Odoo deleted is kept as one that was cancelled and has no lines.
pub(super) fn forget(
    conn: &mut AnyConnection,
    gone: &[SaleId],
    token: &FencingToken,
) -> Result<Option<IngestResult>, LedgerError> {
    let ids: BTreeSet<SaleId> = gone.iter().copied().collect();
    orders::lock(conn, &ids)?;
    if !token.still_counts(conn)? {
        return Ok(None);
    }
    let known = orders::load_kept(conn, &ids)?;
    let wallets = known.iter().filter_map(|(id, kept)| Some((*id, kept.wallet?))).collect();
    // Sales that it refunded are found by the lines it had, which must be read before they go.
    let also = refunded_by(conn, known.values().map(|kept| &kept.order))?.into_keys().collect();
    let emptied = known.values().map(|kept| kept.order.clone());
    let emptied: Vec<Order> =
        emptied.map(|order| Order { state: OrderState::Cancelled, lines: Vec::new(), ..order }).collect();
    Ok(Some(IngestResult { changed: orders::put(conn, &emptied, &wallets, &known)?, also }))
}
