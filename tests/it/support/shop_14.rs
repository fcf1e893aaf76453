//! A shop in a real Odoo 14, worked through Odoo's own methods as a till and a manager work it.
//!
//! # What Odoo 14 sends
//!
//! Read off the wire of Debian's 14.0, `pos.order` and `pos.order.line` over JSON-RPC:
//!
//! - **A sale** (`create_from_ui`): `name` "Corner/0001", `pos_reference` "Order 00001-001-0001", which the till makes of
//!   session, login and number; `state` `paid`. `done` once its session is closed; `invoiced` when it has an invoice,
//!   and that stays. A draft's `name` is "/", and its `pos_reference` is there already.
//! - **A refund** (`refund()`, in the back office alone: the till of 14 has none) is a copy of the whole order: `name` is
//!   the sale's with " REFUND" behind it, in the language of whoever pressed the button; **`pos_reference` is the
//!   sale's, unchanged**; customer, shop, prices, discounts and taxes are the sale's; each line has `qty`,
//!   `price_subtotal` and `price_subtotal_incl` negated and the sale's `price_unit`; `date_order` is the moment of
//!   the refund; `state` is `draft` until it is paid (`pos.make.payment`), then `paid`, then `done`. An invoiced
//!   sale's refund is `paid`, not `invoiced`. No field names the sale or its lines.
//! - **A partial refund** is the same copy, in which somebody took lines out or changed their `qty` before paying.
//! - Several refunds of one sale all have one `name` and one `pos_reference`. Nothing counts what was refunded
//!   before: `refund()` copies the whole sale each time.
//! - **A refund of a refund** is "… REFUND REFUND", again with the sale's `pos_reference`, its quantities positive.
//! - **An exchange at the till** is a sale with a line whose `qty` the cashier made negative: its `pos_reference` is its
//!   own, so it names no sale.
//! - A refund needs an open session of the sale's shop, and goes there: usually not the sale's session.

use std::cell::{Cell, RefCell};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::odoo_14::Odoo14;
use super::{TestShop, number};

/// A product with what one piece of it comes to.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    pub id: i64,
    /// As on the price tag.
    price: &'static str,
    /// `price_subtotal` of one.
    untaxed: &'static str,
    /// `price_subtotal_incl` of one.
    taxed: &'static str,
    tax: Option<i64>,
}

/// What goes over the counter: a product, how many, and per cent off.
#[derive(Clone, Copy, Debug)]
pub struct Item(pub Product, pub i64, pub i32);

/// One of these.
pub fn pieces(product: Product, quantity: i64) -> Item {
    Item(product, quantity, 0)
}

/// What becomes of an order that a till sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Paid in cash.
    Paid,
    /// Paid in cash, and an invoice asked for.
    Invoiced,
    /// Left open, as a restaurant's table is.
    Draft,
}

/// A shop of its own in an Odoo 14, with an open session.
pub struct Shop14 {
    pub odoo: Odoo14,
    config: i64,
    session: Cell<i64>,
    sold: Cell<i64>,
    orders: RefCell<Vec<i64>>,
    /// Which line of which sale a refund's line takes back, as only the one who pressed the button knows.
    taken_back: RefCell<Vec<(i64, i64)>>,
    /// 30.00 and 10 % tax on top.
    pub lamp: Product,
    /// 24.00, 20 % tax included; of the POS category below [`Shop14::toys`].
    pub train: Product,
    /// 7.50 without tax.
    pub cup: Product,
    /// The POS category "Toys", which has no product of its own.
    pub toys: i64,
    /// The customer tag "Friends".
    pub friends: i64,
}

impl Shop14 {
    pub fn open(odoo: Odoo14) -> Self {
        let config = odoo.create("pos.config", json!({"name": "Corner"}));
        // Copies of the shop's own tax: a session closes only with taxes that have accounts.
        let sales = odoo.search_read("account.tax", json!([["type_tax_use", "=", "sale"]]), &["company_id"]);
        let model = sales.first().expect("a sales tax in the chart of accounts")["id"].clone();
        let tax = |percent: i64, included: bool| {
            let how = if included { "included" } else { "on top" };
            let name = format!("{percent} % {how} {}", super::uuid());
            let values = json!({"name": name, "amount": percent, "price_include": included});
            odoo.call("account.tax", "copy", json!([model, values]), json!({})).as_i64().expect("a tax")
        };
        let (on_top, included) = (tax(10, false), tax(20, true));
        let toys = odoo.create("pos.category", json!({"name": "Toys"}));
        let wooden = odoo.create("pos.category", json!({"name": "Wooden toys", "parent_id": toys}));
        let kitchen = odoo.create("pos.category", json!({"name": "Kitchen"}));
        let product = |name: &str, pos: Value, price: &'static str, untaxed, taxed, tax: Option<i64>| {
            let values = json!({"name": name, "type": "consu", "available_in_pos": true, "list_price": number(price),
                                "pos_categ_id": pos, "taxes_id": [[6, 0, tax.as_slice()]]});
            Product { id: odoo.create("product.product", values), price, untaxed, taxed, tax }
        };
        let shop = Self {
            lamp: product("Lamp", json!(false), "30.00", "30.00", "33.00", Some(on_top)),
            train: product("Train", json!(wooden), "24.00", "20.00", "24.00", Some(included)),
            cup: product("Cup", json!(kitchen), "7.50", "7.50", "7.50", None),
            friends: odoo.create("res.partner.category", json!({"name": "Friends"})),
            toys,
            config,
            session: Cell::default(),
            sold: Cell::default(),
            orders: RefCell::default(),
            taken_back: RefCell::default(),
            odoo,
        };
        shop.open_session();
        shop
    }

    pub fn customer(&self, name: &str, tags: &[i64]) -> i64 {
        self.odoo.create("res.partner", json!({"name": name, "category_id": [[6, 0, tags]]}))
    }

    fn field(&self, model: &str, id: i64, field: &str) -> Value {
        self.odoo.call(model, "read", json!([[id], [field]]), json!({}))[0][field].clone()
    }

    pub fn state(&self, order: i64) -> String {
        self.field("pos.order", order, "state").as_str().expect("a state").to_owned()
    }

    /// The receipt's number.
    pub fn reference(&self, order: i64) -> String {
        self.field("pos.order", order, "pos_reference").as_str().expect("a reference").to_owned()
    }

    pub fn open_session(&self) {
        self.odoo.call("pos.config", "open_session_cb", json!([[self.config]]), json!({}));
        self.session.set(self.field("pos.config", self.config, "current_session_id")[0].as_i64().expect("a session"));
    }

    /// Closes the till for the day: its paid orders become `done`.
    pub fn close_session(&self) {
        let session = self.session.get();
        self.odoo.call("pos.session", "action_pos_session_closing_control", json!([[session]]), json!({}));
        assert_eq!(self.field("pos.session", session, "state"), "closed");
    }

    /// An order as the till sends it.
    pub fn sell(&self, at: &str, partner: Option<i64>, items: &[Item], sent: Sent) -> i64 {
        let config = self.odoo.call("pos.config", "read", json!([[self.config]]), json!({}))[0].clone();
        let (mut untaxed, mut taxed) = (Decimal::ZERO, Decimal::ZERO);
        let lines: Vec<Value> = items
            .iter()
            .map(|Item(product, quantity, discount)| {
                let times = Decimal::from(*quantity) * Decimal::new(i64::from(100 - discount), 2);
                let (net, gross) = (decimal(product.untaxed) * times, decimal(product.taxed) * times);
                untaxed += net;
                taxed += gross;
                json!([0, 0, {"product_id": product.id, "qty": quantity, "discount": discount,
                              "price_unit": number(product.price), "tax_ids": [[6, 0, product.tax.as_slice()]],
                              "price_subtotal": amount(net), "price_subtotal_incl": amount(gross)}])
            })
            .collect();
        self.sold.set(self.sold.get() + 1);
        let number = format!("{:05}-001-{:04}", self.session.get(), self.sold.get());
        let cash =
            json!([0, 0, {"name": at, "amount": amount(taxed), "payment_method_id": config["payment_method_ids"][0]}]);
        let is_draft = sent == Sent::Draft;
        let data = json!({
            "name": format!("Order {number}"), "uid": number, "server_id": false, "pos_session_id": self.session.get(), "user_id": self.odoo.uid,
            "sequence_number": self.sold.get(), "creation_date": at, "partner_id": partner, "fiscal_position_id": false,
            "pricelist_id": config["pricelist_id"][0], "lines": lines,
            "statement_ids": if is_draft { json!([]) } else { json!([cash]) },
            "amount_total": amount(taxed), "amount_tax": amount(taxed - untaxed), "amount_return": 0,
            "amount_paid": if is_draft { json!(0) } else { amount(taxed) }, "to_invoice": sent == Sent::Invoiced,
        });
        let orders = json!([[{"id": number, "data": data, "to_invoice": sent == Sent::Invoiced}]]);
        let made = self.odoo.call("pos.order", "create_from_ui", orders, json!({"draft": is_draft}));
        let order = made[0]["id"].as_i64().expect("an order");
        let state = match sent {
            Sent::Paid => "paid",
            Sent::Invoiced => "invoiced",
            Sent::Draft => "draft",
        };
        assert_eq!(self.state(order), state, "Odoo takes the order as it was sent");
        self.orders.borrow_mut().push(order);
        order
    }

    /// "Return Products" in the back office: a copy of the whole order, not paid yet.
    pub fn refund(&self, sale: i64) -> i64 {
        let action = self.odoo.call("pos.order", "refund", json!([[sale]]), json!({}));
        let refund = action["res_id"].as_i64().expect("the refund");
        // Odoo copies the lines in their order.
        let pairs = self.lines(refund).into_iter().zip(self.lines(sale));
        self.taken_back.borrow_mut().extend(pairs.map(|(taking, sold)| {
            assert_eq!(taking["product_id"], sold["product_id"]);
            (taking["id"].as_i64().unwrap(), sold["id"].as_i64().unwrap())
        }));
        self.orders.borrow_mut().push(refund);
        refund
    }

    /// The manager makes it a refund of as many of one line only, in the order's form: Odoo computes the amounts.
    pub fn keep(&self, refund: i64, Item(product, quantity, discount): Item) {
        // What the form asks Odoo at each change: these are the fields it shows.
        let asks = |model, id: &Value, typed: Value, shown: Value| {
            let field: Vec<&String> = typed.as_object().unwrap().keys().collect();
            self.odoo.call(model, "onchange", json!([[id], typed, field, shown]), json!({}))["value"].clone()
        };
        let commands: Vec<Value> = self
            .lines(refund)
            .iter()
            .map(|line| {
                if line["product_id"][0] != product.id || line["discount"].as_f64() != Some(f64::from(discount)) {
                    return json!([2, line["id"], false]);
                }
                if line["qty"] == number(&format!("-{quantity}.0")) {
                    return json!([4, line["id"], false]);
                }
                let shown = json!({"qty": "1", "price_subtotal": "", "price_subtotal_incl": ""});
                let mut values = asks("pos.order.line", &line["id"], json!({"qty": -quantity}), shown);
                assert!(values["price_subtotal_incl"].is_number(), "Odoo computes the line: {values}");
                values["qty"] = json!(-quantity);
                json!([1, line["id"], values])
            })
            .collect();
        let shown = json!({"lines": "1", "amount_total": "", "amount_tax": ""});
        let mut values = asks("pos.order", &json!(refund), json!({"lines": commands}), shown);
        values["lines"] = json!(commands);
        self.odoo.call("pos.order", "write", json!([[refund], values]), json!({}));
    }

    /// "Payment" in the back office, of all that is open.
    pub fn pay(&self, order: i64) {
        let context = json!({"context": {"active_id": order}});
        let wizard = self.odoo.call("pos.make.payment", "create", json!([{}]), context.clone());
        self.odoo.call("pos.make.payment", "check", json!([[wizard]]), context);
        assert_eq!(self.state(order), "paid");
    }

    /// Somebody remembers whose order it was.
    pub fn name_customer(&self, order: i64, partner: i64) {
        self.odoo.call("pos.order", "write", json!([[order], {"partner_id": partner}]), json!({}));
    }

    fn lines(&self, order: i64) -> Vec<Value> {
        let fields = ["product_id", "qty", "discount", "price_subtotal", "price_subtotal_incl"];
        self.odoo.search_read("pos.order.line", json!([["order_id", "=", order]]), &fields)
    }

    /// Tells the shop that stands in for Odoo 19 all that was sold here, as 19 would have it: several POS categories
    /// a product, `done` for what has an invoice, and each refund's line with the line that it takes back. 19 refunds no
    /// refund: there the customer buys it again.
    pub fn retell(&self, standing_in: &TestShop) {
        let told = |model: &str, record: &Value| standing_in.shop.insert(model, record.clone());
        for category in self.odoo.search_read("pos.category", json!([]), &["name", "parent_id"]) {
            let (id, name) = (&category["id"], &category["name"]);
            told("pos.category", &json!({"id": id, "name": name, "parent_id": bare(&category["parent_id"])}));
        }
        for product in [self.lamp, self.train, self.cup].map(|product| product.id) {
            let pos = bare(&self.field("product.product", product, "pos_categ_id"));
            let pos = if pos.is_number() { json!([pos]) } else { json!([]) };
            told("product.product", &json!({"id": product, "categ_id": 1, "pos_categ_ids": pos, "active": true}));
        }
        let orders = self.orders();
        let partners: Vec<Value> = orders.iter().map(|order| bare(&order["partner_id"])).collect();
        for mut partner in
            self.odoo.search_read("res.partner", json!([["id", "in", partners]]), &["name", "category_id"])
        {
            partner["commercial_partner_id"] = partner["id"].clone();
            partner["active"] = json!(true);
            told("res.partner", &partner);
        }
        for mut order in orders {
            for mut line in self.lines(order["id"].as_i64().unwrap()) {
                let taken_back = self.taken_back.borrow();
                let is_return = line["qty"].as_f64().unwrap() < 0.0;
                let sold = taken_back.iter().find(|(taking, _)| is_return && line["id"] == *taking);
                line["uuid"] = json!(super::uuid());
                line["order_id"] = order["id"].clone();
                line["product_id"] = bare(&line["product_id"]);
                line["refunded_orderline_id"] = sold.map_or(json!(false), |(_, sold)| json!(sold));
                told("pos.order.line", &line);
            }
            if order["state"] == "invoiced" {
                order["state"] = json!("done");
            }
            let uuid = super::uuid();
            order["pos_reference"] = json!(format!("19-{uuid}"));
            order["uuid"] = json!(uuid);
            order["partner_id"] = bare(&order["partner_id"]);
            for field in ["company_id", "currency_id", "config_id"] {
                order[field] = json!(1);
            }
            told("pos.order", &order);
        }
    }

    fn orders(&self) -> Vec<Value> {
        let fields = ["name", "state", "date_order", "partner_id", "lines"];
        self.odoo.search_read("pos.order", json!([["id", "in", *self.orders.borrow()]]), &fields)
    }
}

/// A many2one's id, or `false`.
fn bare(link: &Value) -> Value {
    link.get(0).unwrap_or(&Value::Bool(false)).clone()
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str(text).expect("a decimal")
}

fn amount(decimal: Decimal) -> Value {
    number(&decimal.normalize().to_string())
}
