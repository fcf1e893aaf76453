//! The shop that stands in for Odoo: the demo's server, empty, with the words a test needs.

use chrono::{DateTime, TimeDelta, Utc};
use loyalty_sidecar::demo::{Change, FakeOdoo, Served, fake_odoo, server};
use serde_json::{Value, json};

/// An order that was sold.
#[derive(Clone, Debug)]
pub struct Sold {
    pub id: i64,
    pub uuid: String,
    pub lines: Vec<i64>,
}

/// A shop with a company, a till, one category tree and three products.
pub struct TestShop {
    pub shop: FakeOdoo,
    served: Served,
    runtime: tokio::runtime::Runtime,
}

/// One piece of product 1, without tax.
fn plain(amount: &str) -> Value {
    json!({"product_id": 1, "qty": 1, "price_subtotal": number(amount), "price_subtotal_incl": number(amount)})
}

/// A JSON number as Odoo sends it: digits, not text.
pub fn number(text: &str) -> Value {
    serde_json::from_str(text).expect("a number")
}

impl TestShop {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shop = FakeOdoo::new();
        shop.set_clock(Utc::now() - TimeDelta::hours(1));
        shop.insert("res.currency", json!({"id": 1, "name": "USD", "decimal_places": 2, "active": true}));
        shop.insert("res.currency", json!({"id": 2, "name": "EUR", "decimal_places": 2, "active": true}));
        shop.insert("res.company", json!({"id": 1, "name": "Our Company"}));
        shop.insert("pos.config", json!({"id": 1, "name": "Shop", "company_id": 1, "currency_id": 1, "active": true}));
        shop.insert("pos.category", json!({"id": 1, "name": "All", "parent_id": false}));
        shop.insert("pos.category", json!({"id": 2, "name": "Toys", "parent_id": 1}));
        shop.insert("product.category", json!({"id": 1, "name": "All", "parent_id": false}));
        shop.insert("product.category", json!({"id": 2, "name": "Saleable", "parent_id": 1}));
        shop.insert("product.category", json!({"id": 3, "name": "Wood", "parent_id": 2}));
        for (id, name, category, pos) in
            [(1, "Desk", 2, json!([1])), (2, "Train", 3, json!([2])), (3, "Off", 1, json!([]))]
        {
            shop.insert(
                "product.product",
                json!({"id": id, "name": name, "display_name": name, "categ_id": category, "pos_categ_ids": pos,
                       "active": true}),
            );
        }
        for id in 1..=5 {
            shop.insert(
                "res.partner",
                json!({"id": id, "name": format!("Customer {id}"), "commercial_partner_id": id, "active": true}),
            );
        }
        let served = runtime.block_on(async { server::serve(shop.clone(), 0) }).expect("a port");
        Self { shop, served, runtime }
    }

    /// The settings that lead a service here.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("LOYALTY__ODOO__URL", self.served.url()),
            ("LOYALTY__ODOO__DATABASE", fake_odoo::DATABASE),
            ("LOYALTY__ODOO__LOGIN", fake_odoo::LOGIN),
            ("LOYALTY__ODOO__API_KEY", fake_odoo::KEY),
            ("LOYALTY__ODOO__RETRIES", "1"),
            ("LOYALTY__ODOO__TIMEOUT_MS", "2000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Odoo is gone.
    pub fn stop(&self) {
        self.runtime.block_on(self.served.stop());
    }

    /// Odoo's clock, a second later at each asking: no two orders of a test are alike.
    fn tick(&self) {
        self.shop.advance(std::time::Duration::from_secs(1));
    }

    /// A paid order of one line.
    pub fn sell(&self, partner: i64, total: &str) -> Sold {
        self.sell_lines(Some(partner), &super::uuid(), &[plain(total)])
    }

    /// A paid order, lines as Odoo has them.
    pub fn sell_lines(&self, partner: Option<i64>, uuid: &str, lines: &[Value]) -> Sold {
        self.sell_at(Utc::now() - TimeDelta::minutes(30), partner, uuid, lines)
    }

    /// As [`TestShop::sell_lines`], at a moment.
    pub fn sell_at(&self, at: DateTime<Utc>, partner: Option<i64>, uuid: &str, lines: &[Value]) -> Sold {
        self.tick();
        let id = self.shop.insert(
            "pos.order",
            json!({
                "uuid": uuid, "name": format!("Shop/{}", &uuid[..8]), "pos_reference": format!("Order {uuid}"),
                "state": "paid", "date_order": at.format("%Y-%m-%d %H:%M:%S").to_string(),
                "partner_id": partner.map_or(json!(false), |id| json!(id)), "company_id": 1, "currency_id": 1,
                "config_id": 1, "lines": [],
            }),
        );
        let mut ids: Vec<i64> = Vec::with_capacity(lines.len());
        for line in lines {
            let mut line = line.clone();
            line["order_id"] = json!(id);
            line["uuid"] = json!(super::uuid());
            // The combo that it is a part of stands before it, at this place.
            if let Some(combo) = line.as_object_mut().and_then(|line| line.remove("part_of")) {
                line["combo_parent_id"] = json!(ids[usize::try_from(combo.as_u64().expect("a place")).unwrap()]);
            }
            ids.push(self.shop.insert("pos.order.line", line));
        }
        self.shop.update_silently("pos.order", id, json!({"lines": ids}));
        Sold { id, uuid: uuid.to_owned(), lines: ids }
    }

    /// A paid order that takes back `quantity` of a line.
    pub fn refund(&self, partner: i64, line: i64, product: i64, quantity: &str, amount: &str) -> Sold {
        self.sell_lines(
            Some(partner),
            &super::uuid(),
            &[json!({"product_id": product, "qty": number(quantity), "price_subtotal": number(amount),
                     "price_subtotal_incl": number(amount), "refunded_orderline_id": line})],
        )
    }

    /// Merges one partner into another as Odoo's wizard does: one transaction of raw SQL repoints all that names it, which
    /// touches no `write_date`, and deletes it.
    pub fn merge(&self, from: i64, into: i64) {
        let links =
            [("pos.order", "partner_id"), ("loyalty.card", "partner_id"), ("res.partner", "commercial_partner_id")];
        let mut changes = Vec::new();
        for (model, field) in links {
            for id in self.shop.ids(model) {
                if self.shop.kept(model, id, field) == Some(json!(from)) {
                    changes.push(Change::Write(model.to_owned(), id, json!({field: into})));
                }
            }
        }
        changes.push(Change::Delete("res.partner".to_owned(), from));
        self.shop.commit(changes);
    }

    /// Changes an order as Odoo does, its `write_date` included.
    pub fn change_order(&self, id: i64, values: Value) {
        self.tick();
        self.shop.update("pos.order", id, values);
    }

    /// Changes a line as Odoo does: the order's `write_date` stays.
    pub fn change_line(&self, id: i64, values: Value) {
        self.tick();
        self.shop.update("pos.order.line", id, values);
    }
}

/// A reward line: one piece, this much off, for a hold.
pub fn reward_line(hold: &str, off: &str) -> Value {
    let amount = number(&format!("-{off}"));
    json!({"product_id": 3, "qty": 1, "price_subtotal": amount, "price_subtotal_incl": amount, "loyalty_hold_id": hold})
}

/// A line of a product.
pub fn line(product: i64, quantity: &str, amount: &str) -> Value {
    json!({"product_id": product, "qty": number(quantity), "price_subtotal": number(amount),
           "price_subtotal_incl": number(amount)})
}
