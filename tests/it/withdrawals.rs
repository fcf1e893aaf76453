//! Odoo was restored from a backup, or is another database: nothing is taken back before somebody says so.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Database, Service, Sold, TestShop, club, draft, line, number, reward_line, uuid};

/// A shop whose morning is in the backup, and whose 30 orders of the afternoon are not. All are read.
struct Restored {
    service: Service,
    afternoon: Vec<Sold>,
}

const HELD: &str = "loyalty_sync_held_withdrawals";

/// What makes an order, but its id and its lines.
const ORDER_FIELDS: [&str; 9] =
    ["uuid", "name", "pos_reference", "state", "date_order", "partner_id", "company_id", "currency_id", "config_id"];

impl Restored {
    /// As it was before the accident.
    fn before() -> Self {
        let service = Service::start();
        for _ in 0..10 {
            service.shop.sell(1, "10.00");
        }
        let afternoon = (0..30).map(|number| service.shop.sell(2 + number % 2, "20.00")).collect();
        service.admin.sync();
        service.admin.sync();
        assert_eq!([1, 2, 3].map(|id| service.admin.balance(id)), ["100", "300", "300"].map(str::to_owned));
        Self { service, afternoon }
    }

    /// The backup is restored: what came after it is gone.
    fn restore(&self) {
        for sold in &self.afternoon {
            for line in &sold.lines {
                self.service.shop.shop.delete("pos.order.line", *line);
            }
            self.service.shop.shop.delete("pos.order", sold.id);
        }
    }

    /// A sale under the number of one that is lost, as PostgreSQL's sequence gives it again.
    fn sell_again(&self, lost: &Sold, customer: i64, total: &str) {
        let new = self.service.shop.sell(customer, total);
        let shop = &self.service.shop.shop;
        let field = |name: &str| shop.kept("pos.order", new.id, name).unwrap();
        let mut order = json!({"id": lost.id, "lines": new.lines});
        for name in ORDER_FIELDS {
            order[name] = field(name);
        }
        shop.delete("pos.order", new.id);
        shop.insert("pos.order", order);
        for line in &new.lines {
            shop.update("pos.order.line", *line, json!({"order_id": lost.id}));
        }
    }

    fn sweep(&self, more: &[&str]) -> crate::support::Run {
        self.service.verb(&[&["sync", "--full"][..], more].concat())
    }

    fn status(&self) -> Value {
        self.service.admin.call("sync.status", json!({}))
    }
}

#[test]
fn a_restored_odoo_takes_nothing_back_before_somebody_says_so() {
    let shop = Restored::before();
    let service = &shop.service;
    shop.restore();
    let held = shop.sweep(&[]);
    assert_eq!(held.code, 1, "a person must decide: {held:?}");
    for sign in [
        "30 paid orders",
        "30 gone from Odoo",
        "2 members 600 points",
        "sync.max_withdrawn_orders = 20",
        "--accept-withdrawals",
    ] {
        assert!(held.out.contains(sign), "{sign}: {held:?}");
    }
    assert_eq!([1, 2, 3].map(|id| service.admin.balance(id)), ["100", "300", "300"].map(str::to_owned));
    // Everybody is told: metric, readiness, status, doctor.
    assert_eq!(service.admin.metric(HELD), 30);
    let (code, ready) = service.admin.get("/readyz");
    assert_eq!(code, 200, "the tills go on");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["status"], "degraded");
    assert!(ready["checks"]["withdrawals"].as_str().unwrap().starts_with("30 paid orders"), "{ready}");
    let told = shop.status()["held_withdrawals"].clone();
    assert_eq!(
        (&told["gone"], &told["replaced"], &told["members"], &told["points"]),
        (&json!(30), &json!(0), &json!(2), &json!("600"))
    );
    assert_eq!(told["newest_order_id"], shop.afternoon.last().unwrap().id);
    let doctor = service.verb(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.out.contains("failed   withdrawals: 30 paid orders"), "{}", doctor.out);
    // Reading goes on meanwhile, and members spend what they have.
    service.shop.sell(4, "50.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(4), "50");
    assert!(service.admin.hold(2, "5off", &draft(&uuid(), 2, "40.00")).is_ok());
    assert_eq!(service.admin.metric(HELD), 30, "it still waits");
    service.admin.verified();
    let accepted = shop.sweep(&["--accept-withdrawals"]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    assert_eq!([1, 2, 3, 4].map(|id| service.admin.balance(id)), ["100", "0", "0", "50"].map(str::to_owned));
    assert_eq!((service.admin.metric(HELD), &shop.status()["held_withdrawals"]), (0, &Value::Null));
    service.admin.verified();
}

#[test]
fn orders_under_the_numbers_of_lost_ones_wait_and_nobody_inherits_their_points() {
    let shop = Restored::before();
    let service = &shop.service;
    shop.restore();
    // The customers of the afternoon are lost as well.
    service.shop.shop.delete("res.partner", 2);
    service.shop.shop.delete("res.partner", 3);
    for lost in &shop.afternoon[..5] {
        shop.sell_again(lost, 5, "70.00");
    }
    service.shop.sell(4, "50.00");
    // An ordinary pass finds them, and compares all orders because of it.
    service.admin.sync();
    let told = shop.status()["held_withdrawals"].clone();
    assert_eq!((&told["gone"], &told["replaced"]), (&json!(25), &json!(5)), "{told}");
    let balances = || [1, 2, 3, 4, 5].map(|id| service.admin.balance(id));
    assert_eq!(balances(), ["100", "300", "300", "50", "0"].map(str::to_owned));
    service.admin.sync();
    assert_eq!(balances(), ["100", "300", "300", "50", "0"].map(str::to_owned));
    assert_eq!(shop.sweep(&["--accept-withdrawals"]).code, 0);
    assert_eq!(
        balances(),
        ["100", "0", "0", "50", "350"].map(str::to_owned),
        "the new sales earn, the lost ones do not"
    );
    service.admin.verified();
}

#[test]
fn an_odoo_that_is_put_right_again_ends_it_by_itself() {
    let shop = Restored::before();
    let service = &shop.service;
    let orders: Vec<(i64, Value)> = shop
        .afternoon
        .iter()
        .map(|sold| {
            let order: serde_json::Map<String, Value> = ORDER_FIELDS
                .iter()
                .chain(&["id", "lines"])
                .filter_map(|name| Some(((*name).to_owned(), service.shop.shop.kept("pos.order", sold.id, name)?)))
                .collect();
            (sold.id, Value::Object(order))
        })
        .collect();
    for (id, _) in &orders {
        service.shop.shop.delete("pos.order", *id);
    }
    assert_eq!(shop.sweep(&[]).code, 1);
    for (id, order) in orders {
        let mut order = order;
        order["id"] = json!(id);
        service.shop.shop.insert("pos.order", order);
    }
    // Somebody asks: at once; by itself it is looked at again every ten minutes.
    service.admin.sync();
    assert_eq!(shop.status()["held_withdrawals"], Value::Null);
    assert_eq!([2, 3].map(|id| service.admin.balance(id)), ["300", "300"].map(str::to_owned));
    assert_eq!(service.admin.metric(HELD), 0);
    service.admin.verified();
}

#[test]
fn sales_that_are_drafts_again_are_asked_about_when_all_is_read() {
    let shop = Restored::before();
    let service = &shop.service;
    for sold in &shop.afternoon {
        service.shop.shop.update_silently("pos.order", sold.id, json!({"state": "draft"}));
    }
    assert_eq!(shop.sweep(&[]).code, 1);
    assert_eq!(shop.status()["held_withdrawals"]["unpaid"], 30);
    assert_eq!(service.admin.balance(2), "300");
    assert_eq!(shop.sweep(&["--accept-withdrawals"]).code, 0);
    assert_eq!(service.admin.balance(2), "0");
    service.admin.verified();
}

#[test]
fn a_few_go_without_asking_and_their_redemptions_come_back() {
    let shop = Restored::before();
    let service = &shop.service;
    let order = uuid();
    let hold = service.admin.hold(2, "5off", &draft(&order, 2, "40.00")).unwrap();
    let hold = hold["hold_id"].as_str().unwrap().to_owned();
    let lines = [crate::support::line(1, "1", "40.00"), reward_line(&hold, "5.00")];
    let spent = service.shop.sell_lines(Some(2), &order, &lines);
    service.admin.sync();
    assert_eq!(service.admin.balance(2), "230", "300 - 100 + 30");
    service.shop.shop.delete("pos.order", spent.id);
    for sold in &shop.afternoon[..19] {
        service.shop.shop.delete("pos.order", sold.id);
    }
    assert_eq!(shop.sweep(&[]).code, 0, "20 are not too many");
    assert_eq!([2, 3].map(|id| service.admin.balance(id)), ["100", "120"].map(str::to_owned));
    assert_eq!(shop.status()["held_withdrawals"], Value::Null);
    assert!(service.log().contains("what they earned is taken back") || service.admin.metric(HELD) == 0);
    service.admin.verified();
}

#[test]
fn the_number_that_may_go_is_a_setting_and_drafts_are_no_sales() {
    let service = Service::without_program(&[("LOYALTY__SYNC__MAX_WITHDRAWN_ORDERS", "0")]);
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    let sold = service.shop.sell(1, "10.00");
    let drafts: Vec<Sold> = (0..30).map(|_| service.shop.sell(1, "10.00")).collect();
    for draft in &drafts {
        service.shop.change_order(draft.id, json!({"state": "draft"}));
    }
    service.admin.sync();
    service.admin.sync();
    for draft in &drafts {
        service.shop.shop.delete("pos.order", draft.id);
    }
    assert_eq!(service.verb(&["sync", "--full"]).code, 0, "a draft has earned nothing");
    service.shop.shop.delete("pos.order", sold.id);
    assert_eq!(service.verb(&["sync", "--full"]).code, 1);
    assert_eq!(service.admin.balance(1), "10");
    assert_eq!(service.verb(&["sync", "--accept-withdrawals"]).code, 2, "only with --full");
}

/// A sale of one line, under numbers as PostgreSQL's sequences give them again.
fn sell_under(service: &Service, order: i64, line: i64, customer: i64, total: &str) {
    let shop = &service.shop.shop;
    shop.advance(Duration::from_secs(1));
    let id = uuid();
    shop.insert(
        "pos.order.line",
        json!({"id": line, "uuid": uuid(), "order_id": order, "product_id": 1, "qty": 1,
               "price_subtotal": number(total), "price_subtotal_incl": number(total)}),
    );
    let at = (chrono::Utc::now() - chrono::TimeDelta::minutes(20)).format("%Y-%m-%d %H:%M:%S").to_string();
    shop.insert(
        "pos.order",
        json!({"id": order, "uuid": id, "name": format!("Shop/{}", &id[..8]), "pos_reference": format!("Order {id}"),
               "state": "paid", "date_order": at, "partner_id": customer, "company_id": 1, "currency_id": 1,
               "config_id": 1, "lines": [line]}),
    );
}

fn lose(service: &Service, lost: &[Sold]) {
    for sold in lost {
        for line in &sold.lines {
            service.shop.shop.delete("pos.order.line", *line);
        }
        service.shop.shop.delete("pos.order", sold.id);
    }
}

#[test]
fn the_numbers_of_lost_lines_take_nothing_from_the_orders_that_are_held() {
    for has_uuids in [true, false] {
        let shop = TestShop::new();
        if !has_uuids {
            shop.shop.remove_field("pos.order", "uuid");
            shop.shop.remove_field("pos.order.line", "uuid");
        }
        let service = Service::reading(Arc::new(shop), Database::new(), &[]);
        service.admin.call("program.put", json!({"program": club()}));
        service.shop.sell(1, "10.00");
        let lines = [line(1, "1", "10.00"), line(1, "1", "10.00")];
        let lost: Vec<Sold> =
            (0..30).map(|count| service.shop.sell_lines(Some(2 + count % 2), &uuid(), &lines)).collect();
        service.admin.sync();
        service.admin.sync();
        lose(&service, &lost);
        // 30 sales of one line under the same numbers, and a thirty-first whose line had been the sixteenth lost order's.
        let lost_lines: Vec<i64> = lost.iter().flat_map(|sold| sold.lines.clone()).collect();
        for (sold, line) in lost.iter().zip(&lost_lines) {
            sell_under(&service, sold.id, *line, 5, "70.00");
        }
        service.admin.sync();
        sell_under(&service, lost[29].id + 1, lost_lines[30], 4, "50.00");
        if has_uuids {
            // It comes back at once: what it takes back was no part of a lost sale.
            let fields = json!({"product_id": 1, "qty": -1, "price_subtotal": number("-50.00"),
                                "price_subtotal_incl": number("-50.00"), "refunded_orderline_id": lost_lines[30]});
            service.shop.sell_lines(Some(4), &uuid(), &[fields]);
        }
        let balances = || [1, 2, 3, 4, 5].map(|id| service.admin.balance(id));
        for _ in 0..3 {
            service.admin.sync();
            assert_eq!(balances(), ["10", "300", "300", "0", "0"].map(str::to_owned), "uuids: {has_uuids}");
            let told = service.admin.call("sync.status", json!({}))["held_withdrawals"].clone();
            assert_eq!((&told["gone"], &told["replaced"]), (&json!(0), &json!(30)), "{told}");
        }
        assert_eq!(service.admin.metric("loyalty_sync_missed_by_incremental_total"), 0);
        service.admin.verified();
        let accepted = service.verb(&["sync", "--full", "--accept-withdrawals"]);
        assert_eq!(accepted.code, 0, "{accepted:?}");
        let of_the_last = if has_uuids { "0" } else { "50" };
        assert_eq!(balances(), ["10", "0", "0", of_the_last, "2100"].map(str::to_owned), "uuids: {has_uuids}");
        service.admin.verified();
    }
}

#[test]
fn nobody_inherits_points_through_the_number_of_a_lost_draft() {
    for is_forgotten in [true, false] {
        let service = Service::start();
        service.shop.sell(1, "10.00");
        let draft = service.shop.sell(2, "15.00");
        service.shop.change_order(draft.id, json!({"state": "draft"}));
        let lost: Vec<Sold> = (0..30).map(|_| service.shop.sell(2, "20.00")).collect();
        service.admin.sync();
        service.admin.sync();
        assert_eq!(service.admin.balance(2), "600");
        // The customer and all its orders came after the backup.
        lose(&service, &lost);
        lose(&service, std::slice::from_ref(&draft));
        service.shop.shop.delete("res.partner", 2);
        if is_forgotten {
            assert_eq!(service.verb(&["sync", "--full"]).code, 1);
        }
        sell_under(&service, draft.id, draft.lines[0], 5, "70.00");
        let balances = || [1, 2, 5].map(|id| service.admin.balance(id));
        for _ in 0..2 {
            service.admin.sync();
            assert_eq!(balances(), ["10", "600", "70"].map(str::to_owned), "forgotten: {is_forgotten}");
        }
        assert_eq!(service.verb(&["sync", "--full"]).code, 1, "a person must decide");
        assert_eq!(service.verb(&["sync", "--full", "--accept-withdrawals"]).code, 0);
        assert_eq!(balances(), ["10", "0", "70"].map(str::to_owned), "forgotten: {is_forgotten}");
        service.admin.verified();
    }
}

#[test]
fn what_looks_like_the_lost_order_waits_as_long_as_the_others() {
    let shop = Restored::before();
    let service = &shop.service;
    shop.restore();
    // Same customer, same total, as many lines: only their uuids tell that these are other sales.
    for (number, lost) in (0..).zip(&shop.afternoon[..25]) {
        shop.sell_again(lost, 2 + number % 2, "20.00");
    }
    let replaced = || {
        let told = shop.status()["held_withdrawals"].clone();
        (told["gone"].clone(), told["replaced"].clone())
    };
    service.admin.sync();
    assert_eq!(replaced(), (json!(5), json!(25)));
    for _ in 0..2 {
        // Long enough that no window reads them again.
        service.shop.shop.advance(Duration::from_mins(20));
        service.shop.sell(4, "50.00");
        service.admin.sync();
        assert_eq!(replaced(), (json!(5), json!(25)));
    }
    service.admin.verified();
}
