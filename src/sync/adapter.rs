//! The real ledger, as sync sees it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::catalog::records::{CatalogRecords, Cursor, Ingested, OrderDigest, Partner};
use crate::domain::findings::{FutureRecords, HeldWithdrawals, Place, SyncFindings};
use crate::domain::lease::LeaseAnswer;
use crate::domain::sale::order::Order;
use crate::domain::sale::withdrawal::{KnownLines, KnownOrder};
use crate::domain::value::ids::{LineId, OrderId, PartnerId, ProductId};
use crate::domain::value::points::Points;
use crate::ledger::{Ledger, LedgerError};
use crate::store::FencingToken;

use crate::sync::ledger_port::{
    LeaseAsk, LedgerFault, MissingRecords, PassEnd, Pending, ReadingState, SyncLedger, Trail,
};

/// The status shows a pass's failure to callers: the database's own words go to the log alone.
fn fault(error: LedgerError) -> LedgerFault {
    match error {
        LedgerError::Store(detail) => {
            tracing::error!(error = %detail, "the database failed");
            "the database failed; the service's log says how".into()
        }
        told => told.into(),
    }
}

impl SyncLedger for Ledger {
    fn put_shop(&self, records: CatalogRecords, token: FencingToken) -> Pending<'_, u64> {
        Box::pin(async move { Self::put_shop_as_read(self, records, token).await.map_err(fault) })
    }

    fn missing_records(
        &self,
        products: BTreeSet<ProductId>,
        partners: BTreeSet<PartnerId>,
    ) -> Pending<'_, MissingRecords> {
        Box::pin(async move {
            let (products, partners) = Self::missing_records(self, products, partners).await.map_err(fault)?;
            Ok(MissingRecords { products, partners })
        })
    }

    fn ingest(&self, orders: Vec<Order>, token: FencingToken) -> Pending<'_, Ingested> {
        Box::pin(async move { Self::ingest(self, orders, token).await.map_err(fault) })
    }

    fn order_digests(&self, after: OrderId, limit: u32) -> Pending<'_, Vec<OrderDigest>> {
        Box::pin(async move { Self::order_digests(self, after, i64::from(limit)).await.map_err(fault) })
    }

    fn newest_order(&self) -> Pending<'_, Option<OrderId>> {
        Box::pin(async move { Self::newest_order(self).await.map_err(fault) })
    }

    fn forget_orders(&self, orders: Vec<OrderId>, token: FencingToken) -> Pending<'_, Ingested> {
        Box::pin(async move { Self::forget_orders(self, orders, token).await.map_err(fault) })
    }

    fn customers_left(&self, read: Vec<(OrderId, Option<PartnerId>)>) -> Pending<'_, BTreeSet<PartnerId>> {
        Box::pin(async move { Self::customers_left(self, read).await.map_err(fault) })
    }

    fn companies_left(&self, read: Vec<Partner>) -> Pending<'_, BTreeSet<PartnerId>> {
        Box::pin(async move { Self::companies_left(self, read).await.map_err(fault) })
    }

    fn trail(&self, member: PartnerId) -> Pending<'_, Trail> {
        Box::pin(async move { Self::trail(self, member).await.map_err(fault) })
    }

    fn members_after(&self, after: PartnerId, limit: u32) -> Pending<'_, Vec<PartnerId>> {
        Box::pin(async move { Self::members_after(self, after, i64::from(limit)).await.map_err(fault) })
    }

    fn merge_member(&self, from: PartnerId, into: Partner, token: FencingToken) -> Pending<'_, Ingested> {
        Box::pin(async move { Self::merge_member(self, from, into, token).await.map_err(fault) })
    }

    fn orphaned(&self, member: PartnerId, token: FencingToken) -> Pending<'_, ()> {
        Box::pin(async move { Self::orphaned(self, member, token).await.map_err(fault) })
    }

    fn places_of(&self, orders: Vec<OrderId>) -> Pending<'_, BTreeMap<OrderId, Vec<Place>>> {
        Box::pin(async move { Self::places_of(self, orders).await.map_err(fault) })
    }

    fn keep_places(&self, shown: BTreeMap<Place, String>, hidden: Option<BTreeMap<Place, u64>>) -> Pending<'_, ()> {
        Box::pin(async move { Self::keep_places(self, shown, hidden).await.map_err(fault) })
    }

    fn keep_future(&self, records: Vec<FutureRecords>) -> Pending<'_, ()> {
        Box::pin(async move { Self::keep_future(self, records).await.map_err(fault) })
    }

    fn known_orders(&self, orders: Vec<OrderId>) -> Pending<'_, BTreeMap<OrderId, KnownOrder>> {
        Box::pin(async move { Self::known_orders(self, orders).await.map_err(fault) })
    }

    fn known_lines(&self, lines: Vec<LineId>) -> Pending<'_, KnownLines> {
        Box::pin(async move { Self::known_lines(self, lines).await.map_err(fault) })
    }

    fn worth_of(&self, orders: Vec<OrderId>) -> Pending<'_, (u64, Points)> {
        Box::pin(async move { Self::worth_of(self, orders).await.map_err(fault) })
    }

    fn keep_held(&self, held: Option<HeldWithdrawals>) -> Pending<'_, ()> {
        Box::pin(async move { Self::keep_held(self, held).await.map_err(fault) })
    }

    fn findings(&self) -> Pending<'_, SyncFindings> {
        Box::pin(async move { Self::findings(self).await.map_err(fault) })
    }

    fn cursors(&self) -> Pending<'_, Vec<Cursor>> {
        Box::pin(async move { Self::cursors(self).await.map_err(fault) })
    }

    fn set_cursor(&self, cursor: Cursor) -> Pending<'_, ()> {
        Box::pin(async move { Self::set_cursor(self, cursor).await.map_err(fault) })
    }

    fn ignored_orders(&self) -> Pending<'_, u64> {
        Box::pin(async move { Self::ignored_orders(self).await.map_err(fault) })
    }

    fn ask_lease(&self, ask: LeaseAsk) -> Pending<'_, (LeaseAnswer, DateTime<Utc>)> {
        Box::pin(async move { Self::ask_lease(self, ask).await.map_err(fault) })
    }

    fn lease_is_wanted(&self, who: String) -> Pending<'_, bool> {
        Box::pin(async move { Self::lease_is_wanted(self, who).await.map_err(fault) })
    }

    fn give_back_lease(&self, who: String) -> Pending<'_, ()> {
        Box::pin(async move { Self::give_back_lease(self, who).await.map_err(fault) })
    }

    fn end_pass(&self, end: PassEnd) -> Pending<'_, ReadingState> {
        Box::pin(async move { Self::end_pass(self, end).await.map_err(fault) })
    }

    fn reading_state(&self) -> Pending<'_, ReadingState> {
        Box::pin(async move { Self::reading_state(self).await.map_err(fault) })
    }
}
