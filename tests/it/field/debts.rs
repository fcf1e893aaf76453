//! No debt and no loss without a word.

use chrono::DateTime;
use loyalty_sidecar::domain::ledger::account::{Expiry, LotChange};
use loyalty_sidecar::domain::value::points::Points;
use loyalty_sidecar::store::codec::packed;
use serde_json::{Value, json};

use crate::support::{Service, Sold, club, draft, line, reward_line, uuid};

/// A service whose program has these rewards and this `redemption`.
fn with_rewards(rewards: &Value, redemption: &Value) -> Service {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["rewards"] = rewards.clone();
    program["redemption"] = redemption.clone();
    service.admin.call("program.put", json!({"program": program}));
    service
}

/// What waits for a manager: kind, customer and sentence, oldest first.
fn open(service: &Service) -> Vec<(String, i64, String)> {
    let listed = service.admin.call("exception.list", json!({"state": "open"}));
    let mut all: Vec<(String, i64, String)> = listed["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            (text("kind"), one["partner_id"].as_i64().unwrap_or_default(), text("detail"))
        })
        .collect();
    all.reverse();
    all
}

fn kinds(service: &Service) -> Vec<String> {
    open(service).into_iter().map(|(kind, _, _)| kind).collect()
}

fn id_of(hold: &Value) -> String {
    hold["hold_id"].as_str().unwrap().to_owned()
}

fn capture(service: &Service, hold: &Value, order: &str) {
    service.admin.call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}));
}

/// A hold of 100 points for 5.00 off 25.00 that the till captured; its order and its id.
fn redeemed(service: &Service) -> (String, String) {
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    capture(service, &hold, &order);
    (order, id_of(&hold))
}

/// As [`redeemed`], with the paid order of it, read.
fn redeemed_and_sold(service: &Service) -> (Sold, String) {
    let (order, hold) = redeemed(service);
    let sold = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(&hold, "5.00")]);
    service.admin.sync();
    (sold, hold)
}

/// Odoo deletes the reward line of an order.
fn remove_reward_line(service: &Service, sold: &Sold) {
    service.shop.shop.delete("pos.order.line", sold.lines[1]);
    service.shop.change_order(sold.id, json!({"lines": [sold.lines[0]]}));
    service.admin.sync();
}

#[test]
fn a_refund_of_what_a_hold_then_captures_is_a_debt_of_100() {
    let service = Service::start();
    let sale = service.shop.sell(1, "100.00");
    service.admin.sync();
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "20.00")).unwrap();
    let refund = service.shop.refund(1, sale.lines[0], 1, "-1", "-100.00");
    service.admin.sync();
    assert_eq!(service.admin.points(1), ("0".into(), "100".into(), "-100".into()));
    capture(&service, &hold, &order);
    assert_eq!(service.admin.points(1), ("-100".into(), "0".into(), "-100".into()));
    let listed = service.admin.call("exception.list", json!({"kind": "debt", "partner_id": 1}));
    let [debt] = listed["exceptions"].as_array().unwrap().as_slice() else { panic!("one debt: {listed}") };
    assert_eq!((&debt["state"], &debt["order"]["id"]), (&json!("open"), &json!(refund.id)), "{debt}");
    assert!(debt["detail"].as_str().unwrap().contains("fell to -100"), "{debt}");
    service.admin.verified();

    // What is earned pays it: then nothing waits any more, and the service says that it was it.
    service.shop.sell(1, "120.00");
    service.admin.sync();
    assert_eq!((service.admin.balance(1), kinds(&service)), ("20".into(), vec![]));
    let closed = service.admin.call("exception.list", json!({"state": "resolved"}));
    assert_eq!(closed["exceptions"][0]["exception_id"], debt["exception_id"]);
    assert_eq!(closed["exceptions"][0]["resolved_by"], "loyalty-sidecar");
    // A later debt is another one.
    service.admin.give(1, "-30");
    assert_eq!(kinds(&service), ["debt"]);
    service.admin.verified();
}

#[test]
fn a_debt_that_a_manager_resolved_is_not_told_again_while_it_lasts() {
    let service = Service::start();
    service.admin.give(1, "-10");
    service.admin.give(1, "-10");
    let listed = service.admin.call("exception.list", json!({"state": "open"}));
    let [debt] = listed["exceptions"].as_array().unwrap().as_slice() else { panic!("one debt: {listed}") };
    let resolve = json!({"exception_id": debt["exception_id"], "note": "a good customer"});
    service.admin.call("exception.resolve", resolve);
    service.admin.give(1, "-10");
    assert_eq!(kinds(&service), Vec::<String>::new());
    service.admin.verified();
    // Paid to the last point, and once more in debt.
    service.admin.give(1, "30");
    service.admin.give(1, "-1");
    assert_eq!(kinds(&service), ["debt"]);
    let first = service.admin.call("exception.list", json!({"state": "resolved"}));
    assert_eq!(first["exceptions"][0]["note"], "a good customer");
}

#[test]
fn a_debt_that_lasts_less_than_a_batch_of_calls_or_ends_with_a_release_leaves_nothing_open() {
    let service = Service::start();
    service.admin.give(1, "100");
    let order = draft(&uuid(), 1, "25.00");
    let hold = service.admin.hold(1, "5off", &order).unwrap();
    service.admin.give(1, "-60");
    assert_eq!((service.admin.points(1).2, kinds(&service)), ("-60".into(), vec!["debt".into()]));
    service.admin.call("loyalty.release", json!({"hold_id": hold["hold_id"], "reason": "line removed"}));
    assert_eq!((service.admin.points(1).2, kinds(&service)), ("40".into(), vec![]));
    service.admin.verified();
}

#[test]
fn a_debt_of_before_the_upgrade_is_listed_at_the_start() {
    let mut service = Service::start();
    service.admin.give(1, "-20");
    service.terminate();
    service.database.execute("DELETE FROM exceptions; UPDATE accounts SET debt_exception_id = NULL").unwrap();
    assert_eq!(service.verb(&["verify"]).code, 1);
    service.launch();
    crate::support::eventually("the debt is listed", || kinds(&service) == ["debt"]);
    service.admin.verified();
}

#[test]
fn a_cancelled_order_gives_its_captured_points_back() {
    let service = Service::start();
    service.admin.give(1, "100");
    let (sold, _) = redeemed_and_sold(&service);
    assert_eq!(service.admin.balance(1), "20");
    service.shop.change_order(sold.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "100");
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    let restored = &history["entries"].as_array().unwrap().iter().find(|entry| entry["kind"] == "restore").unwrap();
    assert_eq!((&restored["points"], &restored["cause"]["id"]), (&json!("100"), &json!(sold.id)), "{history}");
    let told = open(&service);
    assert_eq!((told.len(), told[0].0.as_str(), told[0].1), (1, "redemption_reversed", 1), "{told:?}");
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!((service.admin.balance(1), open(&service)), ("100".into(), told));
    service.admin.verified();
    // It is paid after all: the reward is paid for again.
    service.shop.change_order(sold.id, json!({"state": "paid"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn a_deleted_order_gives_its_captured_points_back() {
    let service = Service::start();
    service.admin.give(1, "100");
    let (sold, _) = redeemed_and_sold(&service);
    service.shop.shop.delete("pos.order", sold.id);
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!((service.admin.balance(1), kinds(&service)), ("100".into(), vec!["redemption_reversed".into()]));
    service.admin.verified();
}

#[test]
fn points_of_an_order_paid_without_its_reward_line_return_to_their_own_lots() {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["expiry"] = json!({"after_days": 365});
    service.admin.call("program.put", json!({"program": program}));
    service.admin.give(1, "100");
    let before = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    let (order, hold) = redeemed(&service);
    // The cashier took the line off, and the till had captured already.
    let sold = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "9.00")]);
    service.admin.sync();
    let after = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    assert_eq!(after, before, "the points, and the day they end");
    assert_eq!(kinds(&service), ["captured_without_line"]);
    assert_eq!(
        service.admin.entries(1),
        [("adjust".into(), "100".into()), ("redeem".into(), "-100".into()), ("restore".into(), "100".into())]
    );
    service.admin.verified();
    // The line is there after all.
    let line_id = {
        let mut reward = reward_line(&hold, "5.00");
        reward["order_id"] = json!(sold.id);
        service.shop.shop.insert("pos.order.line", reward)
    };
    service.shop.change_order(sold.id, json!({"lines": [sold.lines[0], line_id]}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    service.admin.verified();
}

#[test]
fn a_reward_line_that_is_deleted_later_gives_its_points_back() {
    let service = Service::start();
    service.admin.give(1, "100");
    let (sold, _) = redeemed_and_sold(&service);
    remove_reward_line(&service, &sold);
    // 25.00 were paid: 20 points, and the 100 are there again.
    assert_eq!((service.admin.balance(1), kinds(&service)), ("120".into(), vec!["captured_without_line".into()]));
    service.admin.verified();
}

#[test]
fn expired_points_come_back_expired() {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["expiry"] = json!({"after_days": 30});
    service.admin.call("program.put", json!({"program": program}));
    service.admin.give(1, "100");
    let (sold, _) = redeemed_and_sold(&service);
    // The lot they came from ended meanwhile, as the entry and its hash would say had it been so.
    let listed = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    let past = DateTime::parse_from_rfc3339("2000-01-01T00:00:00Z").unwrap().to_utc();
    let lot = LotChange { expiry: Expiry::At(past), points: Points::from_e2(-10_000) };
    let lots = service.database.bytes(&packed::lots_to_bytes([lot]).expect("lots are written"));
    service.database.by_hand(&format!("UPDATE entries SET lots = {lots} WHERE kind = 2"));
    assert_eq!(service.admin.balance(1), "20", "{listed}");
    service.shop.change_order(sold.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0", "what came back had expired");
    let entries: Vec<(String, String)> = service.admin.entries(1).into_iter().skip(3).collect();
    let expected = [("clawback", "-20"), ("restore", "100"), ("expire", "-100")];
    assert_eq!(entries, expected.map(|(kind, points)| (kind.to_owned(), points.to_owned())));
}

#[test]
fn an_addon_that_was_removed_gives_nothing_back() {
    let mut service = Service::start();
    service.admin.give(1, "200");
    let (sold, _) = redeemed_and_sold(&service);
    let (unread, _) = redeemed(&service);
    service.shop.shop.remove_field("pos.order.line", "loyalty_hold_id");
    service.kill();
    service.launch();
    // One that was read before, and one that never was: its line says nothing of the hold.
    service.shop.change_order(sold.id, json!({"name": "Shop/again"}));
    service.shop.sell_lines(Some(1), &unread, &[line(1, "1", "25.00"), reward_line("", "5.00")]);
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    // 200 − 100 − 100, and twice 20 earned.
    assert_eq!(service.admin.balance(1), "40", "nothing was given back");
    let told = open(&service);
    assert_eq!(told.iter().map(|(kind, _, _)| kind.as_str()).collect::<Vec<_>>(), ["captured_without_line"; 2]);
    assert!(told.iter().all(|(_, _, detail)| detail.contains("loyalty_hold_id")), "{told:?}");
    service.admin.verified();
}

#[test]
fn an_addon_that_was_reinstalled_empty_gives_nothing_back_either() {
    let service = Service::start();
    service.admin.give(1, "100");
    let (sold, _) = redeemed_and_sold(&service);
    // The field is there and empty, and the line of the reward product still takes 5.00 off.
    service.shop.change_line(sold.lines[1], json!({"loyalty_hold_id": false}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), kinds(&service)), ("20".into(), vec!["captured_without_line".into()]));
    service.admin.verified();
}

#[test]
fn a_captured_hold_without_a_paid_order_is_told_after_the_grace() {
    let mut service = Service::start();
    service.admin.give(1, "200");
    let (order, _) = redeemed(&service);
    service.admin.sync();
    assert_eq!(kinds(&service), Vec::<String>::new(), "72 hours may pass");
    service.set("LOYALTY__SYNC__CAPTURE_GRACE_HOURS", "0");
    service.kill();
    service.launch();
    service.admin.sync();
    service.admin.sync();
    let told = open(&service);
    assert_eq!((told.len(), told[0].0.as_str(), told[0].1), (1, "captured_never_paid", 1), "{told:?}");
    service.admin.verified();
    assert_eq!(service.admin.balance(1), "100", "nothing was given back: the goods may be gone");
    let listed = service.admin.call("exception.list", json!({"kind": "captured_never_paid"}));
    assert_eq!(listed["exceptions"][0]["order"]["uuid"], order, "{listed}");
    // One that is paid is not told of.
    redeemed_and_sold(&service);
    service.admin.sync();
    assert_eq!(open(&service), told);
    service.admin.verified();
}

#[test]
fn two_paid_orders_of_one_uuid_spend_one_hold_and_the_second_is_told() {
    let service = Service::start();
    service.admin.give(1, "100");
    let (sold, hold) = redeemed_and_sold(&service);
    let lines = [line(1, "1", "25.00"), reward_line(&hold, "5.00")];
    let twin = service.shop.sell_lines(Some(1), &sold.uuid, &lines);
    service.admin.sync();
    let listed = service.admin.call("exception.list", json!({}));
    let [told] = listed["exceptions"].as_array().unwrap().as_slice() else { panic!("one: {listed}") };
    assert_eq!((&told["kind"], &told["order"]["id"]), (&json!("foreign_hold"), &json!(twin.id)));
    assert!(told["detail"].as_str().unwrap().contains("twice"), "{told}");
    // One of them is cancelled: the other stands, whichever it is.
    service.shop.change_order(sold.id, json!({"state": "cancel"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn a_second_order_with_the_same_hold_is_told() {
    let service = Service::start();
    service.admin.give(1, "100");
    let (_, hold) = redeemed_and_sold(&service);
    let lines = [line(1, "1", "25.00"), reward_line(&hold, "5.00")];
    let second = service.shop.sell_lines(Some(1), &uuid(), &lines);
    service.admin.sync();
    let listed = service.admin.call("exception.list", json!({"kind": "foreign_hold"}));
    let [told] = listed["exceptions"].as_array().unwrap().as_slice() else { panic!("one: {listed}") };
    assert_eq!(told["order"]["id"], second.id);
    // The first loses its line: the second has it, so nothing is given back.
    assert_eq!(service.admin.balance(1), "40");
    service.admin.verified();
}

#[test]
fn a_limit_of_one_used_twice_through_a_hold_that_is_captured_late_is_told() {
    for by_the_till in [true, false] {
        let reward = json!([{"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100",
                             "amount": "5.00", "limit": {"count": 1}}]);
        let service = with_rewards(&reward, &json!({"hold_seconds": 1}));
        service.admin.give(1, "300");
        let (early, late) = (uuid(), uuid());
        let first = service.admin.hold(1, "5off", &draft(&early, 1, "25.00")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let second = service.admin.hold(1, "5off", &draft(&late, 1, "25.00")).unwrap();
        capture(&service, &second, &late);
        assert_eq!(kinds(&service), Vec::<String>::new());
        if by_the_till {
            capture(&service, &first, &early);
        } else {
            let lines = [line(1, "1", "25.00"), reward_line(&id_of(&first), "5.00")];
            service.shop.sell_lines(Some(1), &early, &lines);
            service.admin.sync();
        }
        let told = open(&service);
        assert_eq!((told.len(), told[0].0.as_str(), told[0].1), (1, "limit_exceeded", 1), "{told:?}");
        service.admin.verified();
    }
}

/// Asks for a reward on a draft, and pays an order of another amount with it.
fn sold_for_less(service: &Service, reward: &str, drafted: &str, off: &str, paid: &str) {
    let order = uuid();
    let hold = service.admin.hold(1, reward, &draft(&order, 1, drafted)).unwrap();
    assert_eq!(hold["discount"], off);
    service.shop.sell_lines(Some(1), &order, &[line(1, "1", paid), reward_line(&id_of(&hold), off)]);
    service.admin.sync();
}

#[test]
fn a_share_of_1000_on_an_order_of_250_no_longer_fits() {
    let rewards = json!([
        {"code": "pay", "name": "Pay", "kind": "discount_per_point", "rate": "0.05"},
        {"code": "200off", "name": "200 off", "kind": "discount_amount", "points": "4000", "amount": "200.00"},
    ]);
    for reward in ["pay", "200off"] {
        let service = with_rewards(&rewards, &json!({"max_share_of_order": "0.2"}));
        service.admin.give(1, "4000");
        sold_for_less(&service, reward, "1000.00", "200.00", "250.00");
        let told = open(&service);
        assert_eq!((told.len(), told[0].0.as_str(), told[0].1), (1, "reward_no_longer_fits", 1), "{told:?}");
        assert!(told[0].2.contains("150.00 too much"), "{told:?}");
        let spent: Vec<String> = service.admin.entries(1).into_iter().map(|(_, points)| points).collect();
        assert_eq!(spent[1], "-4000", "the points stay spent");
        assert_eq!(service.verb(&["sync", "--full"]).code, 0);
        assert_eq!(open(&service), told);
        service.admin.verified();
    }
}

#[test]
fn ten_percent_of_1000_off_an_order_of_120_no_longer_fits() {
    let rewards = json!([{"code": "ten", "name": "10 %", "kind": "discount_percent", "points": "100", "percent": "10",
                          "limit": {"count": 1}}]);
    let service = with_rewards(&rewards, &json!({}));
    service.admin.give(1, "300");
    sold_for_less(&service, "ten", "1000.00", "100.00", "120.00");
    let told = open(&service);
    assert_eq!((told.len(), told[0].0.as_str()), (1, "reward_no_longer_fits"), "{told:?}");
    assert!(told[0].2.contains("88.00 too much"), "{told:?}");
}

#[test]
fn a_reward_that_fits_is_told_of_by_nobody_whatever_the_customer_has_left() {
    let rewards = json!([
        {"code": "ten", "name": "10 %", "kind": "discount_percent", "points": "100", "percent": "10",
         "limit": {"count": 1}, "minimum_points": "150"},
        {"code": "gift", "name": "Train", "kind": "free_product", "points": "50", "product_id": 2},
    ]);
    let service = with_rewards(&rewards, &json!({"max_share_of_order": "0.5"}));
    service.admin.sync();
    service.admin.give(1, "150");
    // Two rewards on one order, and then its goods come back.
    let order = uuid();
    let hold = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
    let gift = service.admin.hold(1, "gift", &draft(&order, 1, "100.00")).unwrap();
    let mut given = line(2, "1", "0.00");
    given["loyalty_hold_id"] = gift["hold_id"].clone();
    let lines = [line(1, "1", "100.00"), reward_line(&id_of(&hold), "10.00"), given];
    let sold = service.shop.sell_lines(Some(1), &order, &lines);
    service.admin.sync();
    service.shop.refund(1, sold.lines[0], 1, "-1", "-100.00");
    service.admin.sync();
    assert_eq!(open(&service), []);
    service.admin.verified();
}

#[test]
fn exceptions_come_in_pages_and_by_kind_and_member() {
    let service = Service::start();
    for partner in 1..=5 {
        service.admin.give(partner, "-1");
    }
    service.shop.sell_lines(Some(2), &uuid(), &[line(1, "1", "5.00"), reward_line("not-a-hold", "1.00")]);
    service.admin.sync();
    let mut seen = Vec::new();
    let mut before = Value::Null;
    loop {
        let page = service.admin.call("exception.list", json!({"limit": 2, "before": before}));
        let listed = page["exceptions"].as_array().unwrap();
        assert!(listed.len() <= 2, "{page}");
        seen.extend(listed.iter().map(|one| one["partner_id"].as_i64().unwrap()));
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(seen, [2, 5, 4, 3, 2, 1], "each once, newest first");
    let of = |params: Value| service.admin.call("exception.list", params)["exceptions"].as_array().unwrap().len();
    assert_eq!(of(json!({})), 6);
    assert_eq!(of(json!({"kind": "debt"})), 5);
    assert_eq!(of(json!({"kind": "unknown_hold"})), 1);
    assert_eq!(of(json!({"partner_id": 2})), 2);
    assert_eq!(of(json!({"partner_id": 2, "kind": "debt", "state": "open"})), 1);
    assert_eq!(of(json!({"partner_id": 2, "kind": "debt", "state": "resolved"})), 0);
    for (params, name) in [
        (json!({"kind": "dept"}), "kind: "),
        (json!({"limit": 501}), "limit: "),
        (json!({"limit": 0}), "limit: "),
        (json!({"before": "yesterday"}), "before: "),
        (json!({"partner_id": "x"}), "partner_id: "),
    ] {
        let refused = service.admin.refused("exception.list", params);
        assert!(refused.code == -32602 && refused.message.starts_with(name), "{refused:?}");
    }
}

#[test]
fn an_account_has_a_hundred_open_holds_at_most() {
    let rewards =
        json!([{"code": "cent", "name": "A cent", "kind": "discount_amount", "points": "1", "amount": "0.01"}]);
    let service = with_rewards(&rewards, &json!({}));
    service.admin.give(1, "1000");
    let mut last = Value::Null;
    for _ in 0..100 {
        last = service.admin.hold(1, "cent", &draft(&uuid(), 1, "1.00")).unwrap();
    }
    let refused = service.admin.hold(1, "cent", &draft(&uuid(), 1, "1.00")).unwrap_err();
    assert_eq!((refused.code, &refused.data["reason"]), (1003, &json!("too_many_holds")), "{refused:?}");
    assert!(refused.message.contains("100 rewards set aside"), "{refused:?}");
    // Another member's are another's, and one that is given up makes room.
    service.admin.give(2, "10");
    service.admin.hold(2, "cent", &draft(&uuid(), 2, "1.00")).unwrap();
    service.admin.call("loyalty.release", json!({"hold_id": last["hold_id"], "reason": "line removed"}));
    service.admin.hold(1, "cent", &draft(&uuid(), 1, "1.00")).unwrap();
    service.admin.verified();
}

#[test]
fn what_waits_is_a_gauge_that_is_right_on_every_replica_and_after_a_restart() {
    let mut service = Service::start();
    let (_replica, other) = service.replica();
    assert_eq!(service.admin.metric("loyalty_exceptions_open"), 0);
    service.admin.give(1, "-1");
    service.admin.give(2, "-1");
    assert_eq!(service.admin.metric("loyalty_exceptions_open"), 2);
    assert_eq!(other.metric("loyalty_exceptions_open"), 2);
    service.kill();
    service.launch();
    assert_eq!(service.admin.metric("loyalty_exceptions_open"), 2);
    service.admin.give(1, "1");
    assert_eq!(service.admin.metric("loyalty_exceptions_open"), 1);
    assert_eq!(other.metric("loyalty_exceptions_open"), 1);
}

#[test]
fn verify_finds_what_was_done_by_hand() {
    for (sql, sign) in [
        ("UPDATE accounts SET balance_e2 = balance_e2 + 1", "entries come to"),
        ("UPDATE entries SET occurred_at_us = occurred_at_us + 1 WHERE kind = 2", "hashes"),
        // A captured hold without entry, three ways.
        ("DELETE FROM open_holds", "is captured but its entries are []"),
        ("UPDATE holds SET ended_as = NULL WHERE ended_as = 1", "is captured but its entries are []"),
        ("DELETE FROM entries WHERE kind = 2", "is captured but its entries are []"),
        ("UPDATE holds SET restored_e2 = 100 WHERE ended_as IS NULL", "were given back but"),
        // Open, and not.
        ("UPDATE open_holds SET points_e2 = points_e2 + 100", "is noted as open, with"),
        ("UPDATE holds SET ended_as = 2 WHERE ended_as IS NULL", "is noted as open, and it has ended"),
        ("UPDATE open_holds SET hold_id = (SELECT id FROM entries WHERE kind = 2 LIMIT 1)", "and it is captured"),
        // A debt without exception, three ways.
        ("DELETE FROM exceptions WHERE kind = 'debt'", "no exception lists the debt"),
        ("UPDATE accounts SET debt_exception_id = NULL", "no exception lists the debt"),
        ("UPDATE exceptions SET kind = 'unknown_hold' WHERE kind = 'debt'", "no exception lists the debt"),
        // A captured hold without its paid sale, and without a word.
        ("DELETE FROM exceptions WHERE kind = 'captured_never_paid'", "no paid order has its line"),
        ("DELETE FROM order_holds", "no paid order has its line"),
        ("UPDATE orders SET state = 3", "no paid order has its line"),
    ] {
        let service = Service::without_program(&[("LOYALTY__SYNC__CAPTURE_GRACE_HOURS", "0")]);
        service.admin.call("program.put", json!({"program": club()}));
        service.admin.give(1, "300");
        service.admin.give(2, "-1");
        redeemed_and_sold(&service);
        redeemed(&service);
        let hold = service.admin.hold(1, "5off", &draft(&uuid(), 1, "25.00")).unwrap();
        service.admin.call("loyalty.release", json!({"hold_id": hold["hold_id"], "reason": "line removed"}));
        service.admin.hold(1, "5off", &draft(&uuid(), 1, "25.00")).unwrap();
        service.admin.sync();
        assert_eq!(kinds(&service), ["debt", "captured_never_paid"]);
        let sound = service.verb(&["verify"]);
        assert_eq!(sound.code, 0, "{sound:?}");
        service.database.by_hand(sql);
        let found = service.verb(&["verify"]);
        assert_eq!(found.code, 1, "{sql}: {found:?}");
        assert!(found.out.contains(sign), "{sql}: {found:?}");
    }
}
