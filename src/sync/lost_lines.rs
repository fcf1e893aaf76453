//! Numbers of lost lines that a restored Odoo gives again.
//!
//! A line that is known under another order has moved there (a split bill), and takes its points along. After a backup was
//! restored it may be another line altogether, of an order or of a sale that an order takes back. Followed, it would take
//! a lost order back in part without asking.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::domain::sale::order::{Order, OrderState};
use crate::domain::sale::withdrawal::KnownLine;
use crate::domain::value::ids::{LineId, OrderId};
use crate::odoo::read::pos_orders::{LINE, ORDER};
use crate::odoo::read::record::Record;
use crate::store::table::withdrawals;

use super::error::SyncError;
use super::pass::Pass;

/// Whether an order has one of these lines, or takes one back.
pub(super) fn has_any(order: &Order, lines: &BTreeSet<LineId>) -> bool {
    let of_it = order.lines.iter().flat_map(|line| line.id.into_iter().chain(line.refunds));
    !lines.is_empty() && of_it.into_iter().any(|id| lines.contains(&id))
}

impl Pass<'_> {
    /// The lines of these orders, and those that they take back, whose numbers were lines' of lost paid orders. The lost
    /// orders are noted.
    pub async fn lost_lines(&mut self, orders: &[Order]) -> Result<BTreeSet<LineId>, SyncError> {
        let own: BTreeMap<LineId, (OrderId, Option<&str>)> = orders
            .iter()
            .filter_map(|order| Some((order.id?, order)))
            .flat_map(|(id, order)| order.lines.iter().map(move |line| (id, line)))
            .filter_map(|(id, line)| Some((line.id?, (id, line.uuid.as_deref()))))
            .collect();
        let taken_back: BTreeSet<LineId> =
            orders.iter().flat_map(|order| &order.lines).filter_map(|line| line.refunds).collect();
        let asked: BTreeSet<LineId> = own.keys().chain(&taken_back).copied().collect();
        if asked.is_empty() {
            return Ok(BTreeSet::new());
        }
        let asked: Vec<LineId> = asked.into_iter().collect();
        let known = self.shared.database.run(move |conn| withdrawals::known_lines(conn, &asked)).await?;
        let (mut lost, mut unsure, mut elsewhere) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (id, line) in known.iter().filter(|(_, line)| line.state == OrderState::Paid) {
            match own.get(id) {
                Some((order, _)) if *order == line.order => {}
                Some((_, uuid)) => match line.is_replaced_by(*uuid) {
                    Some(true) => {
                        lost.insert(*id, line.order);
                    }
                    Some(false) => {}
                    None => unsure.push((*id, line)),
                },
                None if line.uuid.is_some() => elsewhere.push((*id, line)),
                None => {}
            }
        }
        self.lost_by_their_orders(&unsure, &mut lost).await?;
        self.lost_by_their_uuids(&elsewhere, &mut lost).await?;
        self.withdrawals.lost.extend(lost.values());
        Ok(lost.into_keys().collect())
    }

    /// Where there are no uuids, a line has moved while the order that it was in is still there.
    async fn lost_by_their_orders(
        &self,
        lines: &[(LineId, &KnownLine)],
        lost: &mut BTreeMap<LineId, OrderId>,
    ) -> Result<(), SyncError> {
        let orders: BTreeSet<OrderId> = lines.iter().map(|(_, line)| line.order).collect();
        let orders: Vec<OrderId> = orders.into_iter().collect();
        let asked = orders.clone();
        let known = self.shared.database.run(move |conn| withdrawals::known_orders(conn, &asked)).await?;
        let mut there = BTreeSet::new();
        for record in self.fields_of(ORDER, orders.iter().map(|id| id.0), &["uuid", "pos_reference"]).await? {
            let Ok(id) = record.id().map(OrderId) else { continue };
            let (uuid, reference) = (record.key("uuid").ok().flatten(), record.key("pos_reference").ok().flatten());
            if known.get(&id).is_some_and(|known| !known.is_replaced_by(uuid.as_deref(), reference.as_deref())) {
                there.insert(id);
            }
        }
        let gone = lines.iter().filter(|(_, line)| !there.contains(&line.order));
        lost.extend(gone.map(|(id, line)| (*id, line.order)));
        Ok(())
    }

    /// Lines that are taken back were read in their own orders, as far as these are not set aside.
    async fn lost_by_their_uuids(
        &self,
        lines: &[(LineId, &KnownLine)],
        lost: &mut BTreeMap<LineId, OrderId>,
    ) -> Result<(), SyncError> {
        let known: BTreeMap<LineId, &KnownLine> = lines.iter().copied().collect();
        for record in self.fields_of(LINE, known.keys().map(|id| id.0), &["uuid"]).await? {
            let Ok(id) = record.id().map(LineId) else { continue };
            let uuid = record.key("uuid").ok().flatten();
            let line = known.get(&id).filter(|line| line.is_replaced_by(uuid.as_deref()) == Some(true));
            lost.extend(line.map(|line| (id, line.order)));
        }
        Ok(())
    }

    /// These fields of the records with these ids, as far as Odoo has both.
    pub async fn fields_of(
        &self,
        model: &str,
        ids: impl Iterator<Item = i64>,
        fields: &[&str],
    ) -> Result<Vec<Record>, SyncError> {
        let page_size = self.settings().page_size;
        let ids: Vec<i64> = ids.collect();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(usize::try_from(page_size).unwrap_or(usize::MAX).max(1)) {
            let domain = vec![json!(["id", "in", ids])];
            found.extend(self.session.raw_page(model, &domain, fields, 0, page_size).await?.items);
        }
        Ok(found)
    }
}
