//! A large shop for the stand-in: orders of one to four lines over a year, four in five of a known customer.

use loyalty_sidecar::demo::FakeOdoo;
use serde_json::json;

pub const CUSTOMERS: i64 = 20_000;
const PRODUCTS: i64 = 500;

/// A shop that sells desks to so many customers, and has sold none yet.
pub fn with_customers(customers: u64) -> FakeOdoo {
    let shop = FakeOdoo::new();
    places(&shop);
    shop.insert("product.product", json!({"id": 1, "name": "Desk", "display_name": "Desk", "write_date": DATE}));
    for id in 1..=customers {
        shop.insert(
            "res.partner",
            json!({"id": id, "name": format!("Customer {id}"), "commercial_partner_id": id, "write_date": DATE}),
        );
    }
    shop
}

fn places(shop: &FakeOdoo) {
    shop.set_clock(chrono::Utc::now());
    shop.insert("res.currency", json!({"id": 1, "name": "USD", "decimal_places": 2, "write_date": DATE}));
    shop.insert("res.company", json!({"id": 1, "name": "Us", "write_date": DATE}));
    shop.insert("pos.config", json!({"id": 1, "name": "Shop", "company_id": 1, "currency_id": 1, "write_date": DATE}));
}

/// The same shop each time.
pub fn filled(orders: i64) -> FakeOdoo {
    let shop = FakeOdoo::new();
    places(&shop);
    for id in 1..=20 {
        let parent = if id == 1 { json!(false) } else { json!(1) };
        for model in ["pos.category", "product.category"] {
            let category = json!({"id": id, "name": format!("Category {id}"), "parent_id": parent, "write_date": DATE});
            shop.insert(model, category);
        }
    }
    for id in 1..=PRODUCTS {
        shop.insert(
            "product.product",
            json!({"id": id, "name": format!("Product {id}"), "display_name": format!("Product {id}"),
                   "categ_id": id % 20 + 1, "pos_categ_ids": [id % 20 + 1], "write_date": DATE}),
        );
    }
    for id in 1..=CUSTOMERS {
        shop.insert(
            "res.partner",
            json!({"id": id, "name": format!("Customer {id}"), "commercial_partner_id": id, "write_date": DATE}),
        );
    }
    let mut random = Random(20_261_126);
    let mut line = 0;
    for id in 1..=orders {
        let partner = if random.below(5) < 4 { json!(random.below(CUSTOMERS) + 1) } else { json!(false) };
        let mut lines = Vec::new();
        for _ in 0..=random.below(4) {
            line += 1;
            let cents = random.below(6000) + 100;
            let (net, gross) = (cents * 100 / 120, cents);
            shop.insert(
                "pos.order.line",
                json!({"id": line, "order_id": id, "uuid": format!("line-{line}"), "product_id": random.below(PRODUCTS) + 1,
                       "qty": 1, "price_subtotal": money(net), "price_subtotal_incl": money(gross), "write_date": DATE}),
            );
            lines.push(line);
        }
        let day = id * 330 / orders.max(1);
        let date = format!("2026-{:02}-{:02} {:02}:{:02}:00", day / 28 + 1, day % 28 + 1, 8 + id % 12, id % 60);
        shop.insert(
            "pos.order",
            json!({"id": id, "uuid": format!("order-{id}"), "name": format!("Shop/{id:07}"),
                   "pos_reference": format!("Order {id:05}"), "state": "paid", "date_order": date, "partner_id": partner,
                   "company_id": 1, "currency_id": 1, "config_id": 1, "lines": lines, "write_date": DATE}),
        );
    }
    shop
}

/// Long ago, so that no window asks for anything twice.
const DATE: &str = "2026-01-01 00:00:00.000000";

/// An amount as Odoo sends it: a number with digits after the point.
fn money(cents: i64) -> serde_json::Value {
    serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap()
}

/// A linear congruential generator (Knuth's constants): enough for a shop.
struct Random(u64);

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % end
    }
}
