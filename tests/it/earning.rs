//! Points appear for what was paid, once, whatever is read how often.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::support::{Service, eventually, line, number, uuid};

#[test]
fn a_paid_order_earns_once_however_often_it_is_read() {
    let service = Service::start();
    service.shop.sell(1, "45.00");
    let first = service.admin.sync();
    assert_eq!((first["orders_read"].as_i64(), first["entries_posted"].as_i64()), (Some(1), Some(1)), "{first}");
    assert_eq!(service.admin.balance(1), "40");

    let again = service.admin.sync();
    assert_eq!((again["orders_changed"].as_i64(), again["entries_posted"].as_i64()), (Some(0), Some(0)), "{again}");
    let full = service.verb(&["sync", "--full", "--json"]);
    assert_eq!(full.code, 0, "{full:?}");
    let counts: serde_json::Value = serde_json::from_str(&full.out).unwrap();
    assert_eq!(counts, json!({"orders_read": 1, "orders_changed": 0, "entries_posted": 0}));
    assert_eq!(service.admin.entries(1), [("earn".into(), "40".into())]);
    service.admin.verified();
}

#[test]
fn an_entry_names_the_order_that_caused_it() {
    let service = Service::start();
    let order = service.shop.sell(1, "10.00");
    service.admin.sync();
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    let entry = &history["entries"][0];
    assert_eq!(entry["kind"], "earn");
    assert_eq!(entry["points"], "10");
    assert_eq!(entry["balance_after"], "10");
    assert_eq!(entry["cause"]["model"], "pos.order");
    assert_eq!(entry["cause"]["id"], order.id);
    assert_eq!(entry["cause"]["uuid"], order.uuid);
    assert_eq!(entry["actor"], "sync");
    assert_eq!(history["next"], serde_json::Value::Null);
}

#[test]
fn drafts_cancelled_orders_and_strangers_earn_nothing_until_they_do() {
    let service = Service::start();
    let draft = service.shop.sell(1, "10.00");
    service.shop.change_order(draft.id, json!({"state": "draft"}));
    let nobody = service.shop.sell_lines(None, &uuid(), &[line(1, "1", "10.00")]);
    let cancelled = service.shop.sell(1, "10.00");
    service.shop.change_order(cancelled.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");

    // Paid later, a customer named later, done and invoiced: each is one more difference.
    service.shop.change_order(draft.id, json!({"state": "paid"}));
    service.shop.change_order(nobody.id, json!({"partner_id": 2}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("10".into(), "10".into()));
    service.shop.change_order(draft.id, json!({"state": "done"}));
    assert_eq!(service.admin.sync()["entries_posted"], 0);
    // And taken back when it is cancelled after all.
    service.shop.change_order(draft.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.entries(1), [("earn".into(), "10".into()), ("clawback".into(), "-10".into())]);
    service.admin.verified();
}

#[test]
fn a_change_of_customer_takes_from_one_and_gives_to_the_other() {
    let service = Service::start();
    let order = service.shop.sell(1, "20.00");
    service.admin.sync();
    service.shop.change_order(order.id, json!({"partner_id": 2}));
    service.admin.sync();
    assert_eq!(service.admin.entries(1), [("earn".into(), "20".into()), ("clawback".into(), "-20".into())]);
    assert_eq!(service.admin.entries(2), [("earn".into(), "20".into())]);
    service.admin.verified();
}

#[test]
fn a_changed_line_posts_the_difference_though_its_order_was_not_touched() {
    let service = Service::start();
    let order = service.shop.sell(1, "20.00");
    service.admin.sync();
    service.shop.change_line(
        order.lines[0],
        json!({"price_subtotal": number("35.00"), "price_subtotal_incl": number("35.00")}),
    );
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "30");
    service.admin.verified();
}

#[test]
fn an_order_that_odoo_deleted_is_taken_back_by_the_sweep() {
    let service = Service::start();
    let order = service.shop.sell(1, "20.00");
    service.shop.sell(2, "20.00");
    service.shop.sell(3, "20.00");
    service.admin.sync();
    for id in order.lines {
        service.shop.shop.delete("pos.order.line", id);
    }
    service.shop.shop.delete("pos.order", order.id);
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "0");
    service.admin.verified();
}

#[test]
fn a_scope_counts_descendants_and_a_category_loop_ends() {
    let service = Service::start();
    // Product category 1 is the ancestor of Wood; POS category 2 stands below 1, and now 1 below 2.
    service.shop.shop.update("pos.category", 1, json!({"parent_id": 2}));
    service.admin.call(
        "program.put",
        json!({"program": {"code": "club", "name": "Club", "currency": "USD", "earning": {"rules": [
            {"code": "wood", "kind": "per_unit", "points": "5", "scope": {"product_category_ids": [2],
             "exclude_product_ids": [1]}},
            {"code": "toys", "kind": "per_amount", "every": "1.00", "points": "1", "scope": {"pos_category_ids": [2]}},
        ]}}, "effective_from": "2020-01-01T00:00:00Z"}),
    );
    service.shop.sell_lines(Some(1), &uuid(), &[line(1, "2", "30.00"), line(2, "3", "12.00")]);
    service.admin.sync();
    // wood: 3 trains × 5 (desks are excluded) = 15; toys: the loop makes 1 a descendant of 2, so 42.00 → 42.
    assert_eq!(service.admin.balance(1), "57");
    service.admin.verified();
}

#[test]
fn moving_a_product_later_does_not_change_what_an_old_order_earned() {
    let service = Service::without_program(&[]);
    service.admin.call(
        "program.put",
        json!({"program": {"code": "club", "name": "Club", "currency": "USD", "earning": {"rules": [
            {"code": "wood", "kind": "per_unit", "points": "5", "scope": {"product_category_ids": [3]}}]}}}),
    );
    let order = service.shop.sell_lines(Some(1), &uuid(), &[line(2, "1", "12.00")]);
    service.admin.sync();
    service.shop.shop.advance(std::time::Duration::from_secs(5));
    service.shop.shop.update("product.product", 2, json!({"categ_id": 1}));
    service.shop.change_order(order.id, json!({"name": "Shop/renamed"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "5");
    service.shop.sell_lines(Some(1), &uuid(), &[line(2, "1", "12.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "5", "the new order was sold from the other category");
    service.admin.verified();
}

#[test]
fn what_counts_is_what_was_paid() {
    let service = Service::start();
    service.shop.shop.update("pos.config", 1, json!({"tip_product_id": 2}));
    service.shop.sell_lines(
        Some(1),
        &uuid(),
        &[
            json!({"product_id": 1, "qty": 1, "price_subtotal": number("25.00"), "price_subtotal_incl": number("30.00")}),
            // A global discount reduces, a tip does not count.
            line(3, "1", "-10.00"),
            line(2, "1", "50.00"),
        ],
    );
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn an_order_in_another_currency_earns_nothing_and_is_counted() {
    let service = Service::start();
    let order = service.shop.sell(1, "100.00");
    service.shop.change_order(order.id, json!({"currency_id": 2}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    assert_eq!(service.admin.call("sync.status", json!({}))["ignored_orders"], 1);
    service.admin.verified();
}

#[test]
fn with_the_company_s_wallet_all_its_contacts_share_one_account() {
    let service = Service::without_program(&[("LOYALTY__ODOO__WALLET", "company")]);
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    for contact in [2, 3] {
        service.shop.shop.update("res.partner", contact, json!({"commercial_partner_id": 1}));
        service.shop.sell(contact, "50.00");
    }
    service.admin.sync();
    for partner in 1..=3 {
        assert_eq!(service.admin.balance(partner), "100", "partner {partner}");
        assert_eq!(service.admin.entries(partner).len(), 2);
    }
    // A contact spends what all have earned.
    let order = crate::support::draft(&uuid(), 3, "20.00");
    let quote = service.admin.call("loyalty.quote", json!({"order": order}));
    assert_eq!(quote["programs"][0]["rewards"][0]["applicable"], true);
    let hold = service.admin.hold(3, "5off", &order).unwrap();
    let sold = service.shop.sell_lines(
        Some(3),
        order["uuid"].as_str().unwrap(),
        &[line(1, "1", "20.00"), crate::support::reward_line(hold["hold_id"].as_str().unwrap(), "5.00")],
    );
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10", "order {}: 15.00 was paid", sold.id);
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.admin.verified();
}

#[test]
fn a_contact_that_goes_to_another_company_leaves_its_points() {
    let service = Service::without_program(&[("LOYALTY__ODOO__WALLET", "company")]);
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    for contact in [2, 3] {
        service.shop.shop.update("res.partner", contact, json!({"commercial_partner_id": 1}));
    }
    for contact in [2, 3, 3, 5] {
        service.shop.sell(contact, "50.00");
    }
    service.admin.sync();
    let balances = || [1, 3, 4, 5].map(|partner| service.admin.balance(partner));
    assert_eq!(balances(), ["150", "150", "0", "50"]);
    // Nothing of the orders changes, and no window reads them again.
    service.shop.shop.advance(std::time::Duration::from_hours(1));
    service.shop.sell(5, "10.00");
    service.shop.shop.update("res.partner", 3, json!({"commercial_partner_id": 4}));
    service.admin.sync();
    assert_eq!(balances(), ["150", "0", "0", "60"]);
    service.admin.verified();
    service.shop.shop.update("res.partner", 3, json!({"commercial_partner_id": 3}));
    service.admin.sync();
    assert_eq!(balances(), ["150", "0", "0", "60"]);
    service.admin.verified();
}

#[test]
fn a_notified_order_is_there_at_once() {
    let service = Service::start();
    let order = service.shop.sell(1, "10.00");
    let queued = service.api("pos").call("sync.notify", json!({"order_ids": [order.id]}));
    assert_eq!(queued, json!({"queued": 1}));
    eventually("the notified order earns, hours before the next pass", || service.admin.balance(1) == "10");
}

#[test]
fn many_orders_come_in_pages_and_none_is_missed() {
    let service = Service::without_program(&[("LOYALTY__SYNC__PAGE_SIZE", "7")]);
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    for _ in 0..40 {
        service.shop.sell(1, "10.00");
    }
    let counts = service.admin.sync();
    assert_eq!(counts["orders_changed"], 40, "{counts}");
    assert_eq!(service.admin.balance(1), "400");
    service.admin.verified();
}

#[test]
fn points_expire_by_themselves_and_no_read_shows_expired_ones() {
    let service = Service::without_program(&[]);
    let mut program = crate::support::club();
    program["expiry"] = json!({"after_days": 30, "granularity": "day"});
    service.admin.call("program.put", json!({"program": program}));
    service.shop.sell_at(Utc::now() - TimeDelta::days(90), Some(1), &uuid(), &[line(1, "1", "50.00")]);
    service.shop.sell_at(Utc::now() - TimeDelta::days(3), Some(1), &uuid(), &[line(1, "1", "20.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    assert_eq!(
        service.admin.entries(1),
        [("earn".into(), "50".into()), ("expire".into(), "-50".into()), ("earn".into(), "20".into())]
    );
    let balance = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    assert_eq!(balance[0]["programs"][0]["expiring"][0]["points"], "20", "{balance}");
    service.admin.verified();
}
