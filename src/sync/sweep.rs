//! The sweep: compares every order with what the ledger knows, and finds what no window can.
//!
//! Deleted orders leave no trace, raw SQL (a merge of partners) touches no `write_date`, a line deleted alone does not
//! either. The sweep reads by what each order is known, its state, customer, total and number of lines, page by page,
//! re-reads whole what differs, and has the ledger forget what is gone: of a company and a till that are still shown.
//! Sales that are gone are collected for the decision at the pass's end ([`super::withdrawals`]).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::catalog::records::OrderDigest;
use crate::domain::sale::order::OrderState;
use crate::domain::value::ids::OrderId;
use crate::odoo::read::pos_orders::{ORDER, read_digests};
use crate::odoo::session::Domain;
use crate::store::table::orders;

use super::error::SyncError;
use super::pass::Pass;
use super::progress::Progress;

/// Whether an order looks as the ledger leaves one that is gone: it has nothing left to lose. Otherwise every order
/// that was ever deleted would be found gone by every sweep, until together they were too many.
fn is_forgotten(order: &OrderDigest) -> bool {
    order.state == OrderState::Cancelled && order.line_count == 0
}

impl Pass<'_> {
    /// Compares all orders. One that the ledger does not know although it was last written before `settled` should have
    /// come by a window, and is counted as missed.
    pub async fn sweep(&mut self, settled: Option<DateTime<Utc>>) -> Result<(), SyncError> {
        let domain = self.since(&Domain::new());
        let mut progress = Progress::new("pos.order again, to compare", self.session.count(ORDER, &domain).await?);
        let mut differing = 0_u64;
        let mut missed = 0_u64;
        let (mut gone, mut paid) = (Vec::new(), BTreeSet::new());
        let read_all_before = std::mem::replace(&mut self.reads_all, true);
        let mut after = 0;
        loop {
            let page = read_digests(&self.session, &domain, after, self.settings().page_size).await?;
            progress.advance(page.items.len());
            let upto = if page.is_last { i64::MAX } else { page.last_id };
            let mut known = self.known(after, upto).await?;
            let (mut again, mut unknown) = (Vec::new(), Vec::new());
            for (order, written) in &page.items {
                match known.remove(&order.id) {
                    Some(same) if same == *order => {}
                    Some(_) => {
                        differing = differing.saturating_add(1);
                        again.push(order.id);
                    }
                    None => {
                        if settled.zip(*written).is_some_and(|(settled, written)| written < settled) {
                            unknown.push((order.id, written));
                        }
                        again.push(order.id);
                    }
                }
            }
            self.read_orders_by_id(&again).await?;
            // What was set aside was not missed: it waits.
            for (order, written) in unknown.into_iter().filter(|(id, _)| !self.withdrawals.set_aside.contains_key(id)) {
                missed = missed.saturating_add(1);
                tracing::warn!(order = order.0, ?written, "an order was missed until the sweep found it");
            }
            known.retain(|_, order| !is_forgotten(order));
            paid.extend(known.values().filter(|order| order.state == OrderState::Paid).map(|order| order.id));
            let no_more = self.really_gone(known.into_keys().collect()).await?;
            differing = differing.saturating_add(u64::try_from(no_more.len()).unwrap_or(u64::MAX));
            gone.extend(no_more);
            self.read_notified().await?;
            if page.is_last {
                break;
            }
            after = page.last_id;
        }
        self.shared.board.missed(missed);
        metrics::counter!("loyalty_sync_sweep_differences_total").increment(differing);
        self.reads_all = read_all_before;
        self.forget(gone, &paid).await
    }

    /// What the ledger knows of the orders with ids above `after` up to `upto`.
    async fn known(&self, after: i64, upto: i64) -> Result<BTreeMap<OrderId, OrderDigest>, SyncError> {
        let limit = i64::from(self.settings().page_size);
        let mut known = BTreeMap::new();
        let mut after = OrderId(after);
        loop {
            let digests = self.shared.database.run(move |conn| orders::digests(conn, after, limit)).await?;
            let is_last = i64::try_from(digests.len()).is_ok_and(|count| count < limit);
            for digest in digests {
                after = after.max(digest.id);
                if digest.id.0 > upto {
                    return Ok(known);
                }
                known.insert(digest.id, digest);
            }
            if is_last {
                return Ok(known);
            }
        }
    }

    /// Those of `orders` that Odoo does not have: neither filtered out by `sync.since` nor merely unreadable.
    async fn really_gone(&self, orders: Vec<OrderId>) -> Result<Vec<OrderId>, SyncError> {
        let page_size = self.settings().page_size;
        let mut gone = Vec::new();
        for ids in orders.chunks(usize::try_from(page_size).unwrap_or(usize::MAX).max(1)) {
            let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
            let page = self.session.raw_page(ORDER, &vec![json!(["id", "in", raw])], &[], 0, page_size).await?;
            let there: Vec<i64> = page.items.iter().filter_map(|record| record.id().ok()).collect();
            gone.extend(ids.iter().copied().filter(|id| !there.contains(&id.0)));
        }
        Ok(gone)
    }

    /// What was never paid goes at once. Of what was paid, the end of the pass decides.
    async fn forget(&mut self, missing: Vec<OrderId>, paid: &BTreeSet<OrderId>) -> Result<(), SyncError> {
        let gone = self.gone_for_good(missing).await?;
        let (of_sales, others): (Vec<OrderId>, Vec<OrderId>) = gone.into_iter().partition(|id| paid.contains(id));
        self.withdrawals.gone.extend(of_sales);
        if others.is_empty() {
            return Ok(());
        }
        tracing::info!(orders = ?others, "orders that were not paid are gone from Odoo");
        let done = self.shared.ledger.ingestion().forget_orders(others, self.token()).await?;
        self.count(done);
        Ok(())
    }
}
