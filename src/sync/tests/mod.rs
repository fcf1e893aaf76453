//! Sync between the sample shop and a ledger on SQLite: what each window, sweep and interruption must give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};
use url::Url;

use crate::demo::{FakeOdoo, FaultInjection, Served, fake_odoo, sample, server};
use crate::domain::catalog::records::{Cursor, Partner};
use crate::domain::program::Program;
use crate::domain::sale::order::{Order, OrderState, Wallet};
use crate::domain::value::ids::{OrderId, PartnerId, PosCategoryId, SaleId};
use crate::domain::value::money::Money;
use crate::ledger::{Ledger, Options};
use crate::odoo::{JsonRpc, Link, OdooSettings};
use crate::store::connection::migrate;
use crate::store::table::{catalog, cursors, orders, partners};
use crate::store::{AnyConnection, DatabaseUrl, Pool, StoreError, schema};

use super::*;

mod driving;
mod reading;

struct SyncWorld {
    shop: FakeOdoo,
    _server: Served,
    ledger: Ledger,
    link: Arc<Link>,
    service: Arc<SyncService>,
    sync: SyncHandle,
    _folder: tempfile::TempDir,
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn world(settings: SyncSettings) -> SyncWorld {
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
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("ledger.db").display())).unwrap();
    let pool = Pool::open(url.clone(), 4).unwrap();
    migrate::migrate(&mut pool.get().unwrap()).unwrap();
    let (ledger, _) = Ledger::start(pool, Options::for_database(&url, Wallet::Contact)).unwrap();
    let service = SyncService::new(ledger.clone(), Arc::clone(&link), settings);
    let sync = service.handle();
    SyncWorld { shop, _server: server, ledger, link, service: Arc::new(service), sync, _folder: folder }
}

/// Small pages, so that everything takes several.
fn small() -> SyncSettings {
    SyncSettings { page_size: 4, ..SyncSettings::default() }
}

impl SyncWorld {
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

    fn look<T>(&self, at: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>) -> T {
        at(&mut self.ledger.pool().get().unwrap()).unwrap()
    }

    /// The orders that the ledger has, but for those that are gone from Odoo: these it keeps cancelled and empty.
    fn known(&self) -> Vec<i64> {
        let all = self.look(|conn| orders::digests(conn, OrderId(0), 100_000));
        let left = all.iter().filter(|order| order.state != OrderState::Cancelled || order.line_count > 0);
        left.map(|order| order.id.0).collect()
    }

    /// All orders as the ledger has them.
    fn orders(&self) -> BTreeMap<OrderId, Order> {
        let kept = self.look(|conn| {
            let all = orders::digests(conn, OrderId(0), 100_000)?;
            orders::load_kept(conn, &all.iter().map(|order| SaleId::pos_order(order.id)).collect())
        });
        kept.into_values().map(|kept| (kept.order.id.unwrap(), kept.order)).collect()
    }

    /// Gives all orders another name in Odoo, which no window shows: those that are read again have it.
    fn rename_all(&self, name: &str) {
        for id in self.known() {
            self.shop.update_silently("pos.order", id, json!({ "name": name }));
        }
    }

    fn named(&self, name: &str) -> BTreeSet<i64> {
        self.orders().into_values().filter(|order| order.name == name).map(|order| order.id.unwrap().0).collect()
    }

    /// Has the database refuse what this trigger says, until [`SyncWorld::mend`].
    fn break_at(&self, when: &str) {
        let trigger = format!("CREATE TRIGGER broken {when} BEGIN SELECT RAISE(ABORT, 'broken by a test'); END");
        self.look(|conn| Ok(diesel::sql_query(trigger).execute(conn)?));
    }

    fn mend(&self) {
        self.look(|conn| Ok(diesel::sql_query("DROP TRIGGER broken").execute(conn)?));
    }

    fn cursors(&self) -> Vec<Cursor> {
        self.look(cursors::load)
    }

    fn partner(&self, id: PartnerId) -> Option<Partner> {
        self.look(|conn| partners::load(conn, &[id])).remove(&id)
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

fn serve(world: &SyncWorld, interval: Duration) -> Serving {
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
