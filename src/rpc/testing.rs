//! For tests of this room and of `http`: the API over an empty SQLite database and an Odoo that is made up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use jsonrpsee::core::async_trait;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::envelope::{self, Body, BodyAnswer};
use super::{Api, Caller, Methods, OdooSide, OdooUnavailable, OdooVersion, Role, SyncRun};
use crate::domain::catalog::records::{Cursor, Partner};
use crate::domain::login::KeyEnd;
use crate::domain::sync_status::SyncStatus;
use crate::domain::value::ids::{OrderId, PartnerId};
use crate::ledger::{Ledger, Options, Wallet};
use crate::store::connection::migrate;
use crate::store::{DatabaseUrl, Pool};

/// An Odoo with the partners 1 to 99.
#[derive(Default)]
pub struct MadeUp {
    pub away: AtomicBool,
    pub refuses: AtomicBool,
    pub key_end: Mutex<Option<KeyEnd>>,
}

#[async_trait]
impl OdooSide for MadeUp {
    async fn version(&self) -> OdooVersion {
        let reachable = !self.away.load(Ordering::Relaxed);
        let key_end = *self.key_end.lock().unwrap();
        let login_refused = self.refuses.load(Ordering::Relaxed);
        OdooVersion { reachable, server_version: Some("19.0".into()), login_refused, key_end }
    }

    async fn sync_run(&self) -> Result<SyncRun, OdooUnavailable> {
        if self.away.load(Ordering::Relaxed) {
            return Err(OdooUnavailable("Odoo does not answer".into()));
        }
        Ok(SyncRun { orders_read: 3, orders_changed: 2, entries_posted: 1 })
    }

    fn notify(&self, orders: Vec<OrderId>) -> usize {
        orders.len()
    }

    async fn status(&self) -> Result<SyncStatus, OdooUnavailable> {
        let high_water = chrono::DateTime::from_timestamp(0, 0).unwrap();
        let cursors = vec![Cursor { stream: "pos.order".into(), high_water }];
        Ok(SyncStatus { cursors, ..SyncStatus::default() })
    }

    async fn find_partner(&self, id: PartnerId) -> Result<Option<Partner>, OdooUnavailable> {
        if self.away.load(Ordering::Relaxed) {
            return Err(OdooUnavailable("Odoo does not answer".into()));
        }
        Ok((id.0 < 100).then(|| Partner {
            id,
            name: format!("Partner {id}"),
            commercial_partner_id: id,
            company_id: None,
            tag_ids: vec![],
            active: true,
        }))
    }
}

/// A service to call.
pub struct Bench {
    pub ledger: Ledger,
    pub odoo: Arc<MadeUp>,
    pub methods: Methods,
    _folder: TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("l.db").display())).unwrap();
        let options = Options::for_database(&url, Wallet::Contact);
        let pool = Pool::open(url, 4).unwrap();
        pool.run(migrate::migrate).await.unwrap();
        let (ledger, _writers) = Ledger::start(pool, options).unwrap();
        let odoo = Arc::new(MadeUp::default());
        let api = Api::new(ledger.clone(), Arc::<MadeUp>::clone(&odoo));
        let methods = Methods::of(api);
        Self { ledger, odoo, methods, _folder: folder }
    }

    /// A body's answer.
    pub async fn send(&self, role: Role, body: &str) -> BodyAnswer {
        let caller = Caller { role, name: "till 1".into(), token: "testtesttest".into() };
        match Body::read(body.as_bytes()) {
            Ok(body) => envelope::answer(&self.methods, &caller, &body).await,
            Err(refused) => refused,
        }
    }

    /// A call's whole response.
    pub async fn respond(&self, role: Role, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        match self.send(role, &body.to_string()).await {
            BodyAnswer::Json(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// A call's result, as an administrator.
    pub async fn ok(&self, method: &str, params: Value) -> Value {
        let response = self.respond(Role::Admin, method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// A call's error, as an administrator: code, kind, message.
    pub async fn refused(&self, method: &str, params: Value) -> (i64, String, String) {
        let response = self.respond(Role::Admin, method, params).await;
        let error = response.get("error").unwrap_or_else(|| panic!("{method}: {response}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (error["code"].as_i64().unwrap(), text(&error["data"]["kind"]), text(&error["message"]))
    }
}

/// A program of a point for each full unit, and five off for a hundred points.
pub fn club() -> Value {
    json!({"code": "club", "name": "Club", "currency": "EUR",
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "1.00", "points": "1"}]},
        "rewards": [{"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"},
                    {"code": "pay", "name": "Pay", "kind": "discount_per_point", "rate": "0.05"}]})
}

/// A draft of one line.
pub fn draft(uuid: &str) -> Value {
    json!({"uuid": uuid, "company_id": 1, "currency": "EUR", "partner_id": 7, "lines": [
        {"product_id": 3, "qty": 1, "price_subtotal": "20.00", "price_subtotal_incl": "24.00"}]})
}
