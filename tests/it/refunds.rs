//! A sale and its refunds are one.

use std::sync::Arc;

use serde_json::json;

use crate::support::{Database, Service, Sold, TestShop, club, draft, eventually, line, reward_line, uuid};

#[test]
fn a_series_of_partial_refunds_ends_exactly_where_it_should() {
    let service = Service::start();
    // 3 pieces, 25.00 in all: 10 points per full 10.00 make 20.
    let sale = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "3", "25.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    for (expected, quantity, amount) in [("10", "-1", "-8.33"), ("0", "-1", "-8.33"), ("0", "-1", "-8.34")] {
        // Whoever the refund names, the account that earned pays back.
        service.shop.refund(2, sale.lines[0], 1, quantity, amount);
        service.admin.sync();
        assert_eq!(service.admin.balance(1), expected);
    }
    assert_eq!(service.admin.balance(2), "0");
    service.admin.verified();
}

#[test]
fn a_clawback_names_the_refund_and_past_zero_it_is_a_debt() {
    let service = Service::start();
    let sale = service.shop.sell(1, "100.00");
    service.admin.sync();
    let draft = draft(&uuid(), 1, "20.00");
    let hold = service.admin.hold(1, "5off", &draft).unwrap();
    service.admin.call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": draft["uuid"]}}));
    assert_eq!(service.admin.balance(1), "0");
    let refund = service.shop.refund(1, sale.lines[0], 1, "-1", "-100.00");
    service.admin.sync();
    assert_eq!(service.admin.points(1), ("-100".into(), "0".into(), "-100".into()));
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    assert_eq!(history["entries"][0]["kind"], "clawback");
    assert_eq!(history["entries"][0]["cause"]["id"], refund.id);
    // Later earnings pay the debt first.
    service.shop.sell(1, "120.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn refunding_the_reward_line_gives_its_points_back_and_refunding_goods_alone_does_not() {
    let service = Service::start();
    service.admin.give(1, "100");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap();
    let sale = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    service.admin.sync();
    // 20.00 was paid: 20 points; the 100 are spent.
    assert_eq!(service.admin.balance(1), "20");
    service.shop.refund(1, sale.lines[0], 1, "-1", "-25.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0", "the goods' points are back, the reward's are not");
    service.shop.refund(1, sale.lines[1], 3, "-1", "5.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "100");
    let kinds: Vec<String> = service.admin.entries(1).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["adjust", "redeem", "earn", "clawback", "restore"]);
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "100");
    service.admin.verified();
}

#[test]
fn a_cancelled_refund_gives_back_what_it_took() {
    let service = Service::start();
    let sale = service.shop.sell(1, "50.00");
    let refund = service.shop.refund(1, sale.lines[0], 1, "-1", "-50.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    service.shop.change_order(refund.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "50");
    service.admin.verified();
}

#[test]
fn a_refund_that_no_longer_names_its_sale_gives_back_what_it_took() {
    let service = Service::start();
    let sale = service.shop.sell(1, "50.00");
    let other = service.shop.sell(1, "30.00");
    let refund = service.shop.refund(1, sale.lines[0], 1, "-1", "-50.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "30");
    // It was the other sale's line that came back.
    service.shop.change_line(refund.lines[0], json!({"refunded_orderline_id": other.lines[0]}));
    let counts = service.admin.sync();
    assert_eq!(counts["orders_changed"], 1, "the sales it bears on did not change themselves: {counts}");
    assert_eq!(service.admin.balance(1), "50");
    // And then the refund's line was removed altogether.
    service.shop.shop.delete("pos.order.line", refund.lines[0]);
    service.shop.change_order(refund.id, json!({"lines": []}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "80");
    service.admin.verified();
}

#[test]
fn a_line_that_moves_to_another_order_takes_its_points_along() {
    follows_a_line(&Service::start());
    // Odoo 14 has no uuids by which a line is known.
    let shop = TestShop::new();
    shop.shop.remove_field("pos.order", "uuid");
    shop.shop.remove_field("pos.order.line", "uuid");
    let service = Service::reading(Arc::new(shop), Database::new(), &[]);
    service.admin.call("program.put", json!({"program": club()}));
    follows_a_line(&service);
}

fn follows_a_line(service: &Service) {
    let first = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "20.00"), line(1, "1", "30.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "50");
    // Long enough ago that no window reads it again.
    service.shop.shop.advance(std::time::Duration::from_mins(10));
    service.shop.sell(3, "10.00");
    service.admin.sync();
    service.shop.shop.advance(std::time::Duration::from_mins(10));
    // A split bill: only the order that gains the line is written.
    let second = service.shop.sell_lines(Some(2), &uuid(), &[]);
    service.shop.shop.update_silently("pos.order", first.id, json!({"lines": [first.lines[0]]}));
    service.shop.shop.update_silently("pos.order", second.id, json!({"lines": [first.lines[1]]}));
    service.shop.change_line(first.lines[1], json!({"order_id": second.id}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("20".into(), "30".into()));
    service.admin.verified();
    // And back again: the first order is then as it was when it was read.
    service.shop.shop.update("pos.order", first.id, json!({"lines": first.lines}));
    service.shop.shop.update("pos.order", second.id, json!({"lines": []}));
    service.shop.change_line(first.lines[1], json!({"order_id": first.id}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("50".into(), "0".into()));
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("50".into(), "0".into()));
    service.admin.verified();
}

#[test]
fn a_refund_without_a_link_is_matched_by_its_receipt() {
    // As Odoo 14 makes them: a copy of the order with the same receipt number, no link, negative quantities.
    let shop = TestShop::new();
    shop.shop.remove_field("pos.order.line", "refunded_orderline_id");
    let service = Service::reading(Arc::new(shop), Database::new(), &[]);
    service.admin.call("program.put", json!({"program": club()}));
    let receipt = |order: &Sold| service.shop.shop.update("pos.order", order.id, json!({"pos_reference": "Order 1"}));
    // 3 pieces, 25.00 in all: 10 points per full 10.00 make 20; then one comes back, and two with a third unknown.
    let sale = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "3", "25.00")]);
    receipt(&sale);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    let one = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "-1", "-8.33")]);
    receipt(&one);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    let rest = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "-2", "-16.67"), line(2, "-1", "-10.00")]);
    receipt(&rest);
    service.admin.sync();
    // The train was never sold on that receipt: it counts alone.
    assert_eq!(service.admin.balance(1), "-10");
    service.shop.change_order(one.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "-10", "8.33 is no full 10.00");
    service.shop.change_order(rest.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    service.admin.verified();
}

#[test]
fn a_sale_and_its_refund_that_two_processes_take_in_side_by_side_meet() {
    let service = Service::start();
    let (_replica, other) = service.replica();
    let pairs: Vec<(i64, i64)> = (0..30)
        .map(|_| {
            let sale = service.shop.sell(1, "100.00");
            (sale.id, service.shop.refund(2, sale.lines[0], 1, "-1", "-100.00").id)
        })
        .collect();
    let notify = |api: &crate::support::Api, order: i64| api.call("sync.notify", json!({"order_ids": [order]}));
    for (sale, refund) in pairs {
        std::thread::scope(|scope| {
            scope.spawn(|| notify(&service.admin, sale));
            scope.spawn(|| notify(&other, refund));
        });
        let known = format!("SELECT COUNT(*) FROM orders WHERE id IN ({sale}, {refund})");
        eventually("both are taken in", || service.database.number(&known) == 2);
    }
    // Nothing of them is news any more: whoever had not seen the other would never learn of it.
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "0".into()));
    service.admin.verified();
}

#[test]
fn points_that_have_expired_are_not_taken_back_once_more() {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["expiry"] = json!({"after_days": 30});
    service.admin.call("program.put", json!({"program": program}));
    let long_ago = chrono::Utc::now() - chrono::TimeDelta::days(90);
    let sale = service.shop.sell_at(long_ago, Some(1), &uuid(), &[line(1, "2", "50.00")]);
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    service.shop.refund(1, sale.lines[0], 1, "-1", "-25.00");
    service.admin.sync();
    assert_eq!(
        service.admin.balance(1),
        "10",
        "30 of the 50 expired points were the refund's: 25.00 would have earned 20"
    );
    service.shop.refund(1, sale.lines[0], 1, "-1", "-25.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    let entries = service.admin.entries(1);
    let of =
        |kind: &str| entries.iter().filter(|(of, _)| of == kind).map(|(_, points)| points.clone()).collect::<Vec<_>>();
    assert_eq!(
        (of("expire"), of("clawback")),
        (vec!["-50".into(), "30".into(), "20".into()], vec!["-30".to_owned(), "-20".into()])
    );
    service.admin.verified();
}
