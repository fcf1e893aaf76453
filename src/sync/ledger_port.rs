//! What sync asks of the ledger. The ledger implements it; tests have one in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};

use crate::domain::catalog::records::{CatalogRecords, Cursor, Ingested, OrderDigest, Partner};
use crate::domain::findings::{FutureRecords, HeldWithdrawals, Place, SyncFindings};
use crate::domain::lease::LeaseAnswer;
use crate::domain::sale::order::Order;
use crate::domain::sale::withdrawal::{KnownLines, KnownOrder};
use crate::domain::value::ids::{LineId, OrderId, PartnerId, ProductId};
use crate::domain::value::points::Points;
pub use crate::ledger::{LeaseAsk, PassEnd, ReadingState, Trail};
use crate::store::FencingToken;

/// Why the ledger failed; its text is a sentence for a person.
pub type LedgerFault = Box<dyn std::error::Error + Send + std::marker::Sync>;

/// An answer that is still on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, LedgerFault>> + Send + 'a>>;

/// Records an order mentions and the ledger does not know yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingRecords {
    /// Products.
    pub products: BTreeSet<ProductId>,
    /// Partners.
    pub partners: BTreeSet<PartnerId>,
}

/// The ledger, as sync sees it. Every write is committed before its answer comes.
pub trait SyncLedger: Send + std::marker::Sync {
    /// Keeps copies of the shop's records, each replacing what stood under its id; how many differed.
    fn put_shop(&self, records: CatalogRecords, token: FencingToken) -> Pending<'_, u64>;

    /// Which of these it does not know.
    fn missing_records(
        &self,
        products: BTreeSet<ProductId>,
        partners: BTreeSet<PartnerId>,
    ) -> Pending<'_, MissingRecords>;

    /// Takes in orders, each whole as Odoo has it now; the same order again changes nothing.
    fn ingest(&self, orders: Vec<Order>, token: FencingToken) -> Pending<'_, Ingested>;

    /// What it knows of orders with an id above `after`, in the order of their ids, at most `limit`.
    fn order_digests(&self, after: OrderId, limit: u32) -> Pending<'_, Vec<OrderDigest>>;

    /// The greatest id of all orders it knows; `None` without orders.
    fn newest_order(&self) -> Pending<'_, Option<OrderId>>;

    /// These orders are gone from Odoo: what they earned and redeemed is undone.
    fn forget_orders(&self, orders: Vec<OrderId>, token: FencingToken) -> Pending<'_, Ingested>;

    /// Customers whom these orders had and no longer have; those that are known to have become another are left out.
    fn customers_left(&self, read: Vec<(OrderId, Option<PartnerId>)>) -> Pending<'_, BTreeSet<PartnerId>>;

    /// Companies that these contacts were of and no longer are, where points are the company's.
    fn companies_left(&self, read: Vec<Partner>) -> Pending<'_, BTreeSet<PartnerId>>;

    /// What it knows of a member that may have become another.
    fn trail(&self, member: PartnerId) -> Pending<'_, Trail>;

    /// Members who have or owe something, with an id above `after`, in the order of their ids, at most `limit`.
    fn members_after(&self, after: PartnerId, limit: u32) -> Pending<'_, Vec<PartnerId>>;

    /// Everything of a member goes to the partner that Odoo merged it into.
    fn merge_member(&self, from: PartnerId, into: Partner, token: FencingToken) -> Pending<'_, Ingested>;

    /// A member is gone from Odoo, and nobody knows whom it became.
    fn orphaned(&self, member: PartnerId, token: FencingToken) -> Pending<'_, ()>;

    /// Where these orders were sold, of those that it knows.
    fn places_of(&self, orders: Vec<OrderId>) -> Pending<'_, BTreeMap<OrderId, Vec<Place>>>;

    /// Remembers which places Odoo shows, and, after all orders were compared, which it does not although so many orders were
    /// sold there.
    fn keep_places(&self, shown: BTreeMap<Place, String>, hidden: Option<BTreeMap<Place, u64>>) -> Pending<'_, ()>;

    /// Remembers which of Odoo's records are written in the future.
    fn keep_future(&self, records: Vec<FutureRecords>) -> Pending<'_, ()>;

    /// By what these orders are known, as far as they are.
    fn known_orders(&self, orders: Vec<OrderId>) -> Pending<'_, BTreeMap<OrderId, KnownOrder>>;

    /// Where these lines stand, as far as they are known.
    fn known_lines(&self, lines: Vec<LineId>) -> Pending<'_, KnownLines>;

    /// How many members have points of these orders, and how many.
    fn worth_of(&self, orders: Vec<OrderId>) -> Pending<'_, (u64, Points)>;

    /// Remembers what would be taken back and waits for a person to decide.
    fn keep_held(&self, held: Option<HeldWithdrawals>) -> Pending<'_, ()>;

    /// What was found that a person should look at.
    fn findings(&self) -> Pending<'_, SyncFindings>;

    /// How far each stream has been read.
    fn cursors(&self) -> Pending<'_, Vec<Cursor>>;

    /// Remembers how far a stream has been read.
    fn set_cursor(&self, cursor: Cursor) -> Pending<'_, ()>;

    /// How many known orders earn nothing because their currency or company is no program's.
    fn ignored_orders(&self) -> Pending<'_, u64>;

    /// Takes or renews the lease of whoever reads Odoo, or notes the wish for it; and the database's time.
    fn ask_lease(&self, ask: LeaseAsk) -> Pending<'_, (LeaseAnswer, DateTime<Utc>)>;

    /// Whether another process waits for the lease that this one may have.
    fn lease_is_wanted(&self, who: String) -> Pending<'_, bool>;

    /// Gives the lease back, if this process has it.
    fn give_back_lease(&self, who: String) -> Pending<'_, ()>;

    /// Remembers how a pass ended, for every process to tell.
    fn end_pass(&self, end: PassEnd) -> Pending<'_, ReadingState>;

    /// What all processes know of reading Odoo.
    fn reading_state(&self) -> Pending<'_, ReadingState>;
}
