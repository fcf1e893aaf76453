//! Sync between the sample shop and a ledger in memory: what each window, sweep and interruption must give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use crate::demo::{FakeOdoo, FaultInjection, Served, fake_odoo, sample, server};
use crate::domain::catalog::records::{CatalogRecords, Cursor, Ingested, LastPass, OrderDigest, Partner};
use crate::domain::findings::{FutureRecords, HeldWithdrawals, HiddenPlace, Place, SyncFindings};
use crate::domain::lease::LeaseAnswer;
use crate::domain::sale::order::{Order, OrderState};
use crate::domain::sale::withdrawal::{KnownLine, KnownLines, KnownOrder};
use crate::domain::value::ids::{LineId, OrderId, PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;
use crate::ledger::LedgerError;
use crate::odoo::{JsonRpc, Link, OdooSettings};
use crate::store::{DatabaseFault, FencingToken};

use super::*;
use crate::sync::ledger_port::{
    LeaseAsk, LedgerFault, MissingRecords, PassEnd, Pending, ReadingState, SyncLedger, Trail,
};

mod driving;
mod reading;

/// A ledger in memory, with a log of what it was told.
#[derive(Default)]
struct Book {
    orders: BTreeMap<OrderId, Order>,
    products: BTreeSet<ProductId>,
    partners: BTreeMap<PartnerId, String>,
    categories: BTreeSet<i64>,
    cursors: BTreeMap<String, DateTime<Utc>>,
    ingested: Vec<OrderId>,
    /// Products that an ingested order mentioned before they were known.
    unknown: BTreeSet<ProductId>,
    broken: bool,
    /// An order that cannot be taken in.
    poison: Option<OrderId>,
    last_pass: Option<LastPass>,
    findings: SyncFindings,
}

#[derive(Default)]
struct Memory(Mutex<Book>);

impl Memory {
    fn now<T: Send + 'static>(&self, answer: impl FnOnce(&mut Book) -> T) -> Pending<'_, T> {
        let mut book = self.0.lock().unwrap();
        let answer = if book.broken { Err(LedgerFault::from("the disk is full")) } else { Ok(answer(&mut book)) };
        Box::pin(std::future::ready(answer))
    }

    fn look<T>(&self, at: impl FnOnce(&Book) -> T) -> T {
        at(&self.0.lock().unwrap())
    }
}

impl SyncLedger for Memory {
    fn put_shop(&self, records: CatalogRecords, _: FencingToken) -> Pending<'_, u64> {
        self.now(move |book| {
            book.products.extend(records.products.iter().map(|product| product.id));
            book.partners.extend(records.partners.into_iter().map(|partner| (partner.id, partner.name)));
            book.categories.extend(records.pos_categories.iter().map(|category| category.id.0));
            0
        })
    }

    fn missing_records(
        &self,
        products: BTreeSet<ProductId>,
        partners: BTreeSet<PartnerId>,
    ) -> Pending<'_, MissingRecords> {
        self.now(move |book| MissingRecords {
            products: products.difference(&book.products).copied().collect(),
            partners: partners.into_iter().filter(|id| !book.partners.contains_key(id)).collect(),
        })
    }

    fn ingest(&self, orders: Vec<Order>, _: FencingToken) -> Pending<'_, Ingested> {
        if self.look(|book| book.poison.is_some() && orders.iter().any(|order| order.id == book.poison)) {
            let fault: LedgerFault = LedgerError::Unwritten { trouble: DatabaseFault::Other, in_doubt: false }.into();
            return Box::pin(std::future::ready(Err(fault)));
        }
        self.now(move |book| {
            let mut done = Ingested::default();
            for order in orders {
                let id = order.id.unwrap();
                book.ingested.push(id);
                let mentioned: BTreeSet<_> = order.lines.iter().filter_map(|line| line.product_id).collect();
                let unknown: Vec<_> = mentioned.difference(&book.products).copied().collect();
                book.unknown.extend(unknown);
                if book.orders.get(&id) != Some(&order) {
                    done.orders_changed += 1;
                    done.entries_posted += u64::from(order.partner_id.is_some());
                    book.orders.insert(id, order);
                }
            }
            done
        })
    }

    fn order_digests(&self, after: OrderId, limit: u32) -> Pending<'_, Vec<OrderDigest>> {
        self.now(move |book| {
            let rows = book.orders.range(OrderId(after.0 + 1)..).take(usize::try_from(limit).unwrap());
            rows.map(|(id, order)| OrderDigest {
                id: *id,
                uuid: order.uuid.clone(),
                reference: order.reference.clone(),
                state: order.state,
                partner_id: order.partner_id,
                total_incl: Money::sum(order.lines.iter().map(|line| line.subtotal_incl)).unwrap(),
                line_count: u32::try_from(order.lines.len()).unwrap(),
            })
            .collect()
        })
    }

    fn newest_order(&self) -> Pending<'_, Option<OrderId>> {
        self.now(|book| book.orders.keys().max().copied())
    }

    fn forget_orders(&self, orders: Vec<OrderId>, _: FencingToken) -> Pending<'_, Ingested> {
        self.now(move |book| {
            let known = orders.iter().filter(|id| book.orders.remove(id).is_some()).count();
            Ingested { orders_changed: u64::try_from(known).unwrap(), entries_posted: 0 }
        })
    }

    fn customers_left(&self, _: Vec<(OrderId, Option<PartnerId>)>) -> Pending<'_, BTreeSet<PartnerId>> {
        self.now(|_| BTreeSet::new())
    }

    fn companies_left(&self, _: Vec<Partner>) -> Pending<'_, BTreeSet<PartnerId>> {
        self.now(|_| BTreeSet::new())
    }

    fn trail(&self, _: PartnerId) -> Pending<'_, Trail> {
        self.now(|_| Trail::default())
    }

    fn members_after(&self, _: PartnerId, _: u32) -> Pending<'_, Vec<PartnerId>> {
        self.now(|_| Vec::new())
    }

    fn merge_member(&self, _: PartnerId, _: Partner, _: FencingToken) -> Pending<'_, Ingested> {
        self.now(|_| Ingested::default())
    }

    fn orphaned(&self, _: PartnerId, _: FencingToken) -> Pending<'_, ()> {
        self.now(|_| ())
    }

    fn places_of(&self, orders: Vec<OrderId>) -> Pending<'_, BTreeMap<OrderId, Vec<Place>>> {
        self.now(move |book| {
            let known = orders.iter().filter_map(|id| book.orders.get(id)).map(|order| {
                let till = order.pos_config_id.map(Place::Till);
                (order.id.unwrap(), std::iter::once(Place::Company(order.company_id)).chain(till).collect())
            });
            known.collect()
        })
    }

    fn keep_places(&self, _: BTreeMap<Place, String>, hidden: Option<BTreeMap<Place, u64>>) -> Pending<'_, ()> {
        let Some(hidden) = hidden else { return self.now(|_| ()) };
        let hidden = hidden.into_iter().map(|(place, orders)| HiddenPlace { place, name: String::new(), orders });
        let hidden = hidden.collect();
        self.now(move |book| book.findings.hidden = hidden)
    }

    fn keep_future(&self, records: Vec<FutureRecords>) -> Pending<'_, ()> {
        self.now(move |book| book.findings.future = records)
    }

    fn known_orders(&self, orders: Vec<OrderId>) -> Pending<'_, BTreeMap<OrderId, KnownOrder>> {
        self.now(move |book| {
            let known = orders.iter().filter_map(|id| book.orders.get(id)).map(|order| {
                let (uuid, reference) = (order.uuid.clone(), order.reference.clone());
                (order.id.unwrap(), KnownOrder { uuid, reference, state: order.state })
            });
            known.collect()
        })
    }

    fn known_lines(&self, lines: Vec<LineId>) -> Pending<'_, KnownLines> {
        self.now(move |book| {
            let all = book.orders.values().flat_map(|order| order.lines.iter().map(move |line| (order, line)));
            let known = all.filter_map(|(order, line)| {
                let id = line.id.filter(|id| lines.contains(id))?;
                Some((id, KnownLine { order: order.id?, state: order.state, uuid: line.uuid.clone() }))
            });
            known.collect()
        })
    }

    fn worth_of(&self, orders: Vec<OrderId>) -> Pending<'_, (u64, Points)> {
        self.now(move |_| (u64::try_from(orders.len()).unwrap(), Points::ZERO))
    }

    fn keep_held(&self, held: Option<HeldWithdrawals>) -> Pending<'_, ()> {
        self.now(move |book| book.findings.held = held)
    }

    fn findings(&self) -> Pending<'_, SyncFindings> {
        self.now(|book| book.findings.clone())
    }

    fn cursors(&self) -> Pending<'_, Vec<Cursor>> {
        self.now(|book| {
            let cursors = book.cursors.iter();
            cursors.map(|(stream, high_water)| Cursor { stream: stream.clone(), high_water: *high_water }).collect()
        })
    }

    fn set_cursor(&self, cursor: Cursor) -> Pending<'_, ()> {
        self.now(move |book| {
            book.cursors.insert(cursor.stream, cursor.high_water);
        })
    }

    fn ignored_orders(&self) -> Pending<'_, u64> {
        self.now(|_| 3)
    }

    /// Nobody shares it: the lease is always had.
    fn ask_lease(&self, _: LeaseAsk) -> Pending<'_, (LeaseAnswer, DateTime<Utc>)> {
        Box::pin(std::future::ready(Ok((LeaseAnswer::Held { term: 1, left_behind: false }, Utc::now()))))
    }

    fn lease_is_wanted(&self, _: String) -> Pending<'_, bool> {
        self.now(|_| false)
    }

    fn give_back_lease(&self, _: String) -> Pending<'_, ()> {
        self.now(|_| ())
    }

    fn end_pass(&self, end: PassEnd) -> Pending<'_, ReadingState> {
        self.now(move |book| {
            let now = Utc::now();
            let before = book.last_pass.take().unwrap_or_default();
            book.last_pass = Some(LastPass {
                complete: if end.error.is_none() { Some((end.began_at, now)) } else { before.complete },
                login: end.login.after(before.login, now),
                error: end.error,
                odoo_reachable: end.odoo_reachable,
                odoo_version: end.odoo_version,
            });
            ReadingState { last: book.last_pass.clone(), running: false, now }
        })
    }

    fn reading_state(&self) -> Pending<'_, ReadingState> {
        self.now(|book| ReadingState { last: book.last_pass.clone(), running: false, now: Utc::now() })
    }
}

struct World {
    shop: FakeOdoo,
    _server: Served,
    ledger: Arc<Memory>,
    link: Arc<Link>,
    service: Arc<SyncService>,
    sync: SyncHandle,
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn world(settings: SyncSettings) -> World {
    let shop = FakeOdoo::new();
    shop.set_clock(noon());
    let server = server::serve(shop.clone(), 0).unwrap();
    let mut odoo = OdooSettings::new(
        Url::parse(server.url()).unwrap(),
        fake_odoo::DATABASE,
        fake_odoo::LOGIN,
        fake_odoo::KEY.into(),
    );
    odoo.timeout_ms = 2_000;
    odoo.retries = 0;
    shop.insert("res.currency", json!({"id": 1, "name": "USD", "decimal_places": 2}));
    shop.insert("res.company", json!({"id": 1, "name": "Us"}));
    shop.insert("pos.config", json!({"id": 1, "name": "Main", "company_id": 1, "currency_id": 1}));
    let link = Arc::new(Link::new(Arc::new(JsonRpc::new(odoo).unwrap()), Duration::from_mins(15)));
    let ledger = Arc::new(Memory::default());
    let its_ledger: Arc<dyn SyncLedger> = ledger.clone();
    let service = SyncService::new(its_ledger, Arc::clone(&link), settings);
    let sync = service.handle();
    World { shop, _server: server, ledger, link, service: Arc::new(service), sync }
}

/// Small pages, so that everything takes several.
fn small() -> SyncSettings {
    SyncSettings { page_size: 4, ..SyncSettings::default() }
}

impl World {
    /// A paid order with one line of 10.00; the order's and the line's ids.
    fn sell(&self, more: &Value) -> (OrderId, i64) {
        let mut order = json!({"name": "Main/1", "state": "paid", "date_order": "2026-09-21 12:00:00", "company_id": 1,
            "currency_id": 1, "config_id": 1, "partner_id": 5});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = self.shop.insert("pos.order", order);
        let mut line =
            json!({"order_id": id, "product_id": 6, "qty": 1, "price_subtotal": 10, "price_subtotal_incl": 10});
        if let Some(written) = more.get("write_date") {
            line["write_date"] = written.clone();
        }
        (OrderId(id), self.shop.insert("pos.order.line", line))
    }

    fn known(&self) -> Vec<i64> {
        self.ledger.look(|book| book.orders.keys().map(|id| id.0).collect())
    }

    /// Which orders were taken in since this was last asked.
    fn ingested(&self) -> BTreeSet<i64> {
        std::mem::take(&mut self.ledger.0.lock().unwrap().ingested).into_iter().map(|id| id.0).collect()
    }

    async fn pass(&self) -> PassReport {
        self.sync.run(false).await.unwrap()
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// A running `serve`.
struct Serving {
    stop: tokio::sync::oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

impl Serving {
    async fn stop(self) {
        let _ = self.stop.send(());
        self.ended.await.unwrap();
    }
}

fn serve(world: &World, interval: Duration) -> Serving {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let service = Arc::clone(&world.service);
    let ended = tokio::spawn(async move {
        service
            .serve(interval, async {
                let _ = stopped.await;
            })
            .await;
    });
    Serving { stop, ended }
}

async fn wait_until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(10), "waited too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
