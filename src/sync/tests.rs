//! Sync between the sample shop and a ledger in memory: what each window, sweep and interruption must give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use crate::demo::{Misbehaviour, Served, Shop, sample, server, shop};
use crate::domain::ids::{OrderId, PartnerId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::{Order, OrderState};
use crate::domain::shop::{Cursor, Ingested, OrderDigest, ShopRecords};
use crate::odoo::{JsonRpc, Link, OdooSettings};

use super::ledger::{LedgerFault, MissingRecords, Pending, SyncLedger};
use super::*;

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
    fn put_shop(&self, records: ShopRecords) -> Pending<'_, u64> {
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

    fn ingest(&self, orders: Vec<Order>) -> Pending<'_, Ingested> {
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
                state: order.state,
                partner_id: order.partner_id,
                total_incl: Money::sum(order.lines.iter().map(|line| line.subtotal_incl)).unwrap(),
                line_count: u32::try_from(order.lines.len()).unwrap(),
            })
            .collect()
        })
    }

    fn forget_orders(&self, orders: Vec<OrderId>) -> Pending<'_, Ingested> {
        self.now(move |book| {
            let known = orders.iter().filter(|id| book.orders.remove(id).is_some()).count();
            Ingested { orders_changed: u64::try_from(known).unwrap(), entries_posted: 0 }
        })
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
}

struct World {
    shop: Shop,
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
    let shop = Shop::new();
    shop.set_clock(noon());
    let server = server::serve(shop.clone(), 0).unwrap();
    let mut odoo = OdooSettings::new(Url::parse(server.url()).unwrap(), shop::DATABASE, shop::LOGIN, shop::KEY.into());
    odoo.timeout_ms = 2_000;
    odoo.retries = 0;
    shop.insert("res.currency", json!({"id": 1, "name": "USD", "decimal_places": 2}));
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

#[tokio::test]
async fn a_year_of_orders_comes_in_whole_and_a_second_reading_changes_nothing() {
    let world = world(SyncSettings::default());
    sample::fill(&world.shop, noon());
    let orders = u64::try_from(world.shop.count("pos.order")).unwrap();
    let first = world.pass().await;
    assert_eq!((first.orders_read, first.orders_changed), (orders, orders));
    let lines: usize = world.ledger.look(|book| book.orders.values().map(|order| order.lines.len()).sum());
    assert_eq!(lines, world.shop.count("pos.order.line"));
    world.ledger.look(|book| {
        assert_eq!((book.partners.len(), book.products.len(), book.categories.len()), (300, 60, 12));
        assert!(book.unknown.is_empty());
    });
    let full = world.sync.run(true).await.unwrap();
    assert_eq!((full.orders_read, full.orders_changed, full.entries_posted), (orders, 0, 0));
    assert_eq!(world.sync.status().await.unwrap().missed_by_incremental, 0);
    let writing = ["create", "write", "unlink"];
    assert!(world.shop.calls().iter().all(|(_, method)| !writing.contains(&method.as_str())));
}

#[tokio::test]
async fn rows_of_one_timestamp_span_pages() {
    let world = world(small());
    for _ in 0..18 {
        world.sell(&json!({}));
    }
    assert_eq!(world.pass().await.orders_changed, 18);
    // A bulk write later, all in one microsecond.
    world.shop.advance(Duration::from_hours(1));
    for id in 1..=18 {
        world.shop.update("pos.order", id, json!({"state": "done", "name": "Main/closed"}));
    }
    assert_eq!(world.pass().await.orders_changed, 18);
}

#[tokio::test]
async fn a_changed_line_alone_is_noticed() {
    let world = world(small());
    let (order, line) = world.sell(&json!({}));
    world.shop.advance(Duration::from_hours(1));
    let (other, _) = world.sell(&json!({}));
    world.pass().await;
    world.shop.advance(Duration::from_hours(1));
    world.ingested();
    world.shop.update("pos.order.line", line, json!({"qty": 2, "price_subtotal_incl": 20}));
    assert_eq!(world.pass().await.orders_changed, 1);
    assert_eq!(world.ingested(), [order.0, other.0].into(), "the other one is the newest order still");
    world.ledger.look(|book| assert_eq!(book.orders[&order].lines[0].subtotal_incl, Money::from_e4(200_000)));
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_caught() {
    let world = world(small());
    world.sell(&json!({}));
    world.shop.advance(Duration::from_hours(1));
    world.sell(&json!({}));
    world.pass().await;
    // It began 110 s before the newest order that the last pass saw, and shows only now.
    let began = noon() + TimeDelta::seconds(3_600 - 110);
    let (late, late_line) = world.sell(&json!({"write_date": stamp(began)}));
    assert!(!world.known().contains(&late.0));
    world.pass().await;
    assert!(world.known().contains(&late.0));
    // The same for a line, and for the partner of an order.
    world.shop.update_silently("pos.order.line", late_line, json!({"qty": 3, "write_date": stamp(began)}));
    assert_eq!(world.pass().await.orders_changed, 1);
    assert_eq!(world.sync.run(true).await.unwrap().orders_changed, 0);
    assert_eq!(world.sync.status().await.unwrap().missed_by_incremental, 0);
}

#[tokio::test]
async fn a_sweep_finds_what_no_window_can_and_counts_what_one_should_have() {
    let world = world(SyncSettings { sweep_every: Duration::ZERO, ..small() });
    let orders: Vec<_> = (0..9).map(|_| world.sell(&json!({}))).collect();
    world.shop.advance(Duration::from_hours(1));
    world.sell(&json!({}));
    world.pass().await;
    // Deleted, merged by raw SQL, one line deleted, and one that appeared far behind everything.
    world.shop.delete("pos.order", orders[2].0.0);
    world.shop.delete("pos.order.line", orders[2].1);
    world.shop.update_silently("pos.order", orders[4].0.0, json!({"partner_id": 77}));
    world.shop.delete("pos.order.line", orders[6].1);
    let (hidden, _) = world.sell(&json!({"write_date": stamp(noon() - TimeDelta::days(3))}));
    world.pass().await;
    world.ledger.look(|book| {
        assert!(!book.orders.contains_key(&orders[2].0), "gone");
        assert_eq!(book.orders[&orders[4].0].partner_id, Some(PartnerId(77)));
        assert!(book.orders[&orders[6].0].lines.is_empty());
        assert!(book.orders.contains_key(&hidden));
    });
    assert_eq!(world.sync.status().await.unwrap().missed_by_incremental, 1);
    world.ingested();
    world.pass().await;
    assert!(world.ingested().len() < 9, "the sweep reads whole only what differs");
}

#[tokio::test]
async fn a_lost_right_is_not_taken_for_thirty_deleted_orders() {
    let world = world(small());
    for _ in 0..30 {
        world.sell(&json!({}));
    }
    world.pass().await;
    for id in 2..=30 {
        world.shop.delete("pos.order", id);
    }
    let error = world.sync.run(true).await.unwrap_err();
    assert!(error.to_string().contains("29 of 30 orders"), "{error}");
    assert_eq!(world.known().len(), 30);
}

#[tokio::test]
async fn orders_before_since_are_ignored_everywhere_and_not_forgotten() {
    let since = noon() - TimeDelta::days(1);
    let world = world(SyncSettings { since: Some(since), ..small() });
    let (old, old_line) = world.sell(&json!({"date_order": "2026-01-01 00:00:00"}));
    let (new, _) = world.sell(&json!({}));
    world.pass().await;
    world.shop.update("pos.order.line", old_line, json!({"qty": 9}));
    world.sync.notify([old]);
    world.sync.run(true).await.unwrap();
    assert_eq!(world.known(), [new.0]);
}

#[tokio::test]
async fn what_an_order_mentions_is_known_before_it() {
    let world = world(small());
    world.pass().await;
    world.shop.deny(Some("nothing"));
    world.shop.insert("pos.category", json!({"id": 1, "name": "Toys", "parent_id": 2}));
    // A loop, as raw SQL makes them.
    world.shop.insert("pos.category", json!({"id": 2, "name": "All", "parent_id": 1}));
    world.shop.insert("product.product", json!({"id": 6, "name": "Duck", "pos_categ_ids": [1]}));
    world.shop.insert("res.partner", json!({"id": 5, "name": "Ada", "commercial_partner_id": 8}));
    world.shop.insert("res.partner", json!({"id": 8, "name": "Ada's firm"}));
    let (order, _) = world.sell(&json!({}));
    world.sync.notify([order]);
    let serving = serve(&world, Duration::from_hours(1));
    wait_until(|| world.known() == [order.0]).await;
    world.ledger.look(|book| {
        assert!(book.unknown.is_empty(), "{:?}", book.unknown);
        assert_eq!(book.categories, [1, 2].into());
        assert_eq!(book.partners.len(), 2);
    });
    serving.stop().await;
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

#[tokio::test]
async fn a_notified_order_is_read_at_once_not_at_the_next_interval() {
    let world = world(small());
    let serving = serve(&world, Duration::from_hours(1));
    wait_until(|| world.sync.brief_status().last_success_at.is_some()).await;
    let (order, _) = world.sell(&json!({}));
    let began = Instant::now();
    assert_eq!(world.sync.notify([order, order, OrderId(-1)]), 1);
    wait_until(|| world.known() == [order.0]).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(world.sync.notify([OrderId(424_242)]), 1, "one that does not exist harms nobody");
    serving.stop().await;
}

#[tokio::test]
async fn notifications_are_bounded() {
    let world = world(small());
    assert_eq!(world.sync.notify((1..=20_000).map(OrderId)), 10_000);
}

#[tokio::test]
async fn the_interval_brings_what_nobody_told() {
    let world = world(small());
    let serving = serve(&world, Duration::from_millis(20));
    wait_until(|| world.sync.brief_status().last_success_at.is_some()).await;
    let (order, _) = world.sell(&json!({}));
    wait_until(|| world.known() == [order.0]).await;
    world.shop.misbehave(Misbehaviour::Status(503), None, None);
    wait_until(|| world.sync.brief_status().last_error.is_some()).await;
    assert!(!world.sync.brief_status().odoo_reachable);
    world.shop.behave();
    wait_until(|| world.sync.brief_status().last_error.is_none()).await;
    assert!(world.sync.brief_status().odoo_reachable);
    serving.stop().await;
}

#[tokio::test]
async fn serving_stops_at_once_although_odoo_hangs() {
    let world = world(small());
    world.shop.misbehave(Misbehaviour::Hang(Duration::from_mins(1)), None, None);
    let serving = serve(&world, Duration::from_millis(20));
    wait_until(|| world.sync.brief_status().running).await;
    let began = Instant::now();
    serving.stop().await;
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert!(!world.sync.brief_status().running);
}

#[tokio::test]
async fn after_a_refused_login_odoo_is_left_alone_until_somebody_asks() {
    let world = world(small());
    world.shop.set_credentials(shop::LOGIN, "another");
    let serving = serve(&world, Duration::from_millis(5));
    wait_until(|| world.sync.brief_status().last_error.is_some()).await;
    let logins = || world.shop.calls().iter().filter(|(_, method)| method == "authenticate").count();
    for _ in 0..10 {
        world.sync.notify([OrderId(1)]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(world.sync.fetch_partner(PartnerId(1)).await.is_err());
    assert_eq!(logins(), 1);
    assert!(world.link.is_paused().await);
    assert!(world.sync.run(false).await.is_err());
    assert_eq!(logins(), 2);
    world.shop.set_credentials(shop::LOGIN, shop::KEY);
    world.sync.run(false).await.unwrap();
    assert_eq!(world.sync.brief_status().last_error, None);
    serving.stop().await;
}

#[tokio::test]
async fn an_interrupted_pass_loses_nothing() {
    let world = world(small());
    for _ in 0..10 {
        world.sell(&json!({}));
    }
    // Its fields, its newest, the first page of lines and its empty end; then it fails, half way through the orders.
    world.shop.misbehave_after(4, Misbehaviour::Error("builtins.MemoryError", "enough"), "pos.order.line");
    let error = world.sync.run(false).await.unwrap_err();
    assert_eq!(error.kind(), "server");
    assert_eq!(world.known().len(), 4);
    world
        .ledger
        .look(|book| assert!(!book.cursors.contains_key("pos.order") && !book.cursors.contains_key("pos.order.line")));
    world.pass().await;
    assert_eq!(world.known().len(), 10);
    // A ledger that fails moves no cursor either.
    let before = world.ledger.look(|book| book.cursors.clone());
    world.shop.advance(Duration::from_hours(1));
    world.sell(&json!({}));
    world.ledger.0.lock().unwrap().broken = true;
    assert_eq!(world.sync.run(false).await.unwrap_err().kind(), "ledger");
    world.ledger.0.lock().unwrap().broken = false;
    assert_eq!(world.ledger.look(|book| book.cursors.clone()), before);
    world.pass().await;
    assert_eq!(world.known().len(), 11);
}

#[tokio::test]
async fn missing_rights_on_one_model_are_named_in_the_status() {
    let world = world(small());
    world.shop.deny(Some("res.partner"));
    assert!(world.sync.run(false).await.is_err());
    let status = world.sync.status().await.unwrap();
    assert!(status.last_error.is_some_and(|words| words.contains("res.partner")));
    assert_eq!(status.ignored_orders, 3);
    world.shop.deny(None);
    world.pass().await;
    let status = world.sync.status().await.unwrap();
    assert_eq!((status.last_error, status.odoo_version.as_deref()), (None, Some("19.0")));
    assert!(status.lag_seconds.is_some_and(|lag| lag < 10) && !status.running);
}

#[tokio::test]
async fn passes_wait_for_one_another() {
    let world = world(small());
    for _ in 0..10 {
        world.sell(&json!({}));
    }
    let reports = tokio::join!(world.sync.run(false), world.sync.run(false), world.sync.run(true));
    let changed: Vec<_> = [reports.0, reports.1, reports.2].map(|report| report.unwrap().orders_changed).into();
    assert_eq!(changed.iter().sum::<u64>(), 10, "{changed:?}");
}

#[tokio::test]
async fn a_partner_is_fetched_and_kept_on_demand() {
    let world = world(small());
    let id = PartnerId(world.shop.insert("res.partner", json!({"name": "Ada"})));
    assert_eq!(world.sync.fetch_partner(id).await.unwrap().map(|partner| partner.name), Some("Ada".to_owned()));
    world.ledger.look(|book| assert!(book.partners.contains_key(&id)));
    assert_eq!(world.sync.fetch_partner(PartnerId(999)).await.unwrap(), None);
}

#[tokio::test]
async fn a_refund_and_a_cancelled_order_arrive_as_they_are() {
    let world = world(small());
    let (sold, line) = world.sell(&json!({}));
    let (back, back_line) = world.sell(&json!({}));
    world.shop.update("pos.order.line", back_line, json!({"qty": -1, "refunded_orderline_id": line}));
    let (cancelled, _) = world.sell(&json!({"state": "cancel", "partner_id": false}));
    world.pass().await;
    world.ledger.look(|book| {
        assert_eq!(book.orders[&back].lines[0].refunds, book.orders[&sold].lines[0].id);
        assert_eq!((book.orders[&cancelled].state, book.orders[&cancelled].partner_id), (OrderState::Cancelled, None));
    });
}
