//! What the tests stand on: a database, a shop that speaks Odoo's JSON-RPC, the service, and a caller.

mod api;
mod clock;
mod cluster;
mod database;
mod disk;
pub mod load;
pub mod odoo_14;
mod proxy;
mod random;
mod service;
mod shop;
pub mod shop_14;
mod transactional_odoo;

pub use api::{Api, Failed};
pub use clock::Clock;
pub use cluster::{Cluster, Stop};
pub use database::Database;
pub use disk::{Detached, Disk, DiskFault, Left};
pub use load::Load;
pub use proxy::Proxy;
pub use random::{Random, long, seed};
pub use service::{Replica, Run, Service, eventually, parsed, run, run_in};
pub use shop::{Sold, TestShop, line, number, reward_line};
pub use transactional_odoo::{Transaction, TransactionalOdoo};

use serde_json::{Value, json};

/// The program most tests use: 1 point for each full 10.00, 5 for each piece of product category 3's products.
pub fn club() -> Value {
    json!({
        "code": "club", "name": "Club", "currency": "USD",
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10.00", "points": "10"}]},
        "rewards": [
            {"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"},
            {"code": "pay", "name": "Pay with points", "kind": "discount_per_point", "rate": "0.05",
             "minimum_points": "50"},
        ],
    })
}

/// A draft of one line, priced with tax.
pub fn draft(uuid: &str, partner: i64, total: &str) -> Value {
    json!({
        "uuid": uuid, "company_id": 1, "currency": "USD", "pos_config_id": 1, "partner_id": partner,
        "lines": [{"uuid": format!("{uuid}-1"), "product_id": 1, "qty": "1", "price_subtotal": total,
                   "price_subtotal_incl": total}],
    })
}

/// Tells threads to end when it is dropped, also by a test that fails.
pub struct Closing<'a>(pub &'a std::sync::atomic::AtomicBool);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

/// A fresh UUID as text.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
