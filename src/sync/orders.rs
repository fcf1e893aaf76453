//! Orders, always read whole: those of a window, those with a changed line, those somebody told us about.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::domain::sale::order::Order;
use crate::domain::value::ids::OrderId;
use crate::ledger::CHUNK;
use crate::odoo::read::pos_orders::{ORDER, orders_of_lines, read_page};
use crate::odoo::read::record::moment_text;
use crate::odoo::session::Domain;

use super::error::SyncError;
use super::pass::Pass;
use super::progress::Progress;
use super::withdrawals::{Sorted, Taking};
use crate::store::FencingToken;

/// Orders a chunk of the ledger's at a time, the first ones last.
fn pieces_of(mut orders: Vec<Order>) -> Vec<Vec<Order>> {
    let mut pieces = Vec::new();
    while !orders.is_empty() {
        let rest = orders.split_off(orders.len().min(CHUNK));
        pieces.push(std::mem::replace(&mut orders, rest));
    }
    pieces.reverse();
    pieces
}

impl Pass<'_> {
    /// `domain` without orders from before `sync.since`.
    pub fn since(&self, domain: &Domain) -> Domain {
        let mut domain = domain.clone();
        if let Some(since) = self.settings().since {
            domain.push(json!(["date_order", ">=", moment_text(since)]));
        }
        domain
    }

    /// Takes in all orders of `domain`; their ids.
    pub async fn read_orders(&mut self, domain: &Domain, is_long: bool) -> Result<BTreeSet<OrderId>, SyncError> {
        let domain = self.since(domain);
        let mut progress =
            if is_long { Some(Progress::new(ORDER, self.session.count(ORDER, &domain).await?)) } else { None };
        let mut done = BTreeSet::new();
        let (session, rules, page_size) =
            (Arc::clone(&self.session), Arc::clone(&self.rules), self.settings().page_size);
        let mut token = self.token();
        let mut page = read_page(&session, &rules, &domain, 0, page_size).await?;
        loop {
            done.extend(page.items.iter().filter_map(|order| order.id));
            if let Some(progress) = &mut progress {
                progress.advance(page.items.len());
            }
            if page.is_last {
                self.take_in(page.items, token).await?;
                self.read_notified().await?;
                return Ok(done);
            }
            // The next page is read while this one is written: neither Odoo nor the database waits for the other.
            let of_next = self.token();
            let (next, written) = tokio::join!(
                read_page(&session, &rules, &domain, page.last_id, page_size),
                self.take_in(page.items, token),
            );
            written?;
            (page, token) = (next?, of_next);
            // What is read now is read later than the page at hand, which must not undo it.
            let fresh = self.read_notified().await?;
            page.items.retain(|order| order.id.is_none_or(|id| !fresh.contains(&id)));
            done.extend(fresh);
        }
    }

    /// Takes in the orders whose lines are in `domain`, but for those just read.
    pub async fn read_orders_of_lines(&mut self, domain: &Domain, done: &BTreeSet<OrderId>) -> Result<(), SyncError> {
        let orders = orders_of_lines(&self.session, domain, self.settings().page_size).await?;
        let orders: Vec<OrderId> = orders.difference(done).copied().collect();
        self.read_orders_by_id(&orders).await
    }

    /// Takes in these orders, as far as they exist.
    pub async fn read_orders_by_id(&mut self, orders: &[OrderId]) -> Result<(), SyncError> {
        let page_size = self.settings().page_size;
        for ids in orders.chunks(usize::try_from(page_size).unwrap_or(usize::MAX).max(1)) {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            let domain = self.since(&vec![json!(["id", "in", ids])]);
            let token = self.token();
            let page = read_page(&self.session, &self.rules, &domain, 0, page_size).await?;
            self.take_in(page.items, token).await?;
        }
        Ok(())
    }

    /// Takes in the orders somebody told us about, and says which. Called between pages, so that they wait for a page at most,
    /// and so that whatever is read later is also taken in later.
    pub async fn read_notified(&mut self) -> Result<BTreeSet<OrderId>, SyncError> {
        let orders = self.shared.take_notified();
        if !orders.is_empty() {
            let listed: Vec<OrderId> = orders.iter().copied().collect();
            self.read_orders_by_id(&listed).await?;
        }
        Ok(orders)
    }

    /// Takes in the orders that are newer than any that was known or read, whatever their `write_date` says. Odoo's clock
    /// may have been set back, or one of its rows have a date in the future: then no window reaches them.
    pub async fn read_newer(&mut self, known: Option<OrderId>, done: &BTreeSet<OrderId>) -> Result<(), SyncError> {
        let Some(OrderId(newest)) = known.max(done.last().copied()) else { return Ok(()) };
        self.read_orders(&vec![json!(["id", ">", newest])], false).await?;
        Ok(())
    }

    /// Has the ledger take in orders. One that it cannot take in is left out, and [`Pass::all_taken_in`] says so at the
    /// pass's end: the others must not wait for it.
    async fn take_in(&mut self, orders: Vec<Order>, token: FencingToken) -> Result<(), SyncError> {
        let Sorted { orders, strangers } = self.set_aside(orders).await?;
        if orders.is_empty() {
            return Ok(());
        }
        if self.taking != Taking::AsNew {
            self.follow_customers(&orders, &strangers).await?;
        }
        self.read_mentioned(&orders).await?;
        // As many as the ledger writes at once: of what it cannot take in, no more is tried again.
        let mut pieces = pieces_of(orders);
        while let Some(mut piece) = pieces.pop() {
            let read = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            match self.shared.ledger.ingestion().ingest(piece.clone(), token).await {
                Ok(done) => {
                    self.report.orders_read = self.report.orders_read.saturating_add(read);
                    self.count(done);
                }
                Err(problem) if problem.is_of_the_command() => {
                    let second = piece.split_off(piece.len() / 2);
                    if let ([], [order]) = (piece.as_slice(), second.as_slice()) {
                        let id = order.id.unwrap_or(OrderId(0));
                        tracing::error!(order = id.0, error = %problem, "an order of Odoo cannot be taken in");
                        self.refused.insert(id);
                    } else {
                        pieces.extend([second, piece]);
                    }
                }
                Err(problem) => return Err(problem.into()),
            }
        }
        Ok(())
    }

    /// To be asked last.
    ///
    /// # Errors
    /// [`SyncError::NotTakenIn`] when orders were left out.
    pub fn all_taken_in(&self) -> Result<(), SyncError> {
        let Some(first) = self.refused.first().copied() else { return Ok(()) };
        Err(SyncError::NotTakenIn { first, more: self.refused.len().saturating_sub(1) })
    }

    /// Adds what the ledger did to the report.
    pub fn count(&mut self, done: crate::domain::catalog::records::Ingested) {
        self.report.orders_changed = self.report.orders_changed.saturating_add(done.orders_changed);
        self.report.entries_posted = self.report.entries_posted.saturating_add(done.entries_posted);
    }
}
