//! Every kind of reward, from quote to paid order.

use chrono::{Datelike, Utc};
use serde_json::{Value, json};

use crate::support::{Service, club, line, reward_line, uuid};

/// A service whose program has these rewards (and 1 point per 1.00), and whose customer 1 has 1000 points.
fn with_rewards(rewards: &Value) -> Service {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["rewards"] = rewards.clone();
    service.admin.call("program.put", json!({"program": program}));
    service.admin.sync();
    service.admin.give(1, "1000");
    service
}

/// A draft of customer 1 with these lines: product, quantity, amount.
fn basket(order: &str, lines: &[(i64, &str, &str)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(product, quantity, amount)| {
            json!({"uuid": uuid(), "product_id": product, "qty": quantity, "price_subtotal": amount,
                   "price_subtotal_incl": amount})
        })
        .collect();
    json!({"uuid": order, "company_id": 1, "currency": "USD", "pos_config_id": 1, "partner_id": 1, "lines": lines})
}

/// What comes off each line.
fn shares(hold: &Value) -> Vec<(i64, &str)> {
    let lines = hold["lines"].as_array().unwrap();
    lines.iter().map(|line| (line["line"].as_i64().unwrap(), line["discount"].as_str().unwrap())).collect()
}

/// The kinds of the open exceptions.
fn exceptions(service: &Service) -> Vec<String> {
    let found = service.admin.call("exception.list", json!({"state": "open"}));
    found["exceptions"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_percentage_of_some_goods_reduces_those_alone() {
    // 20 % off toys (product 2), and 1 point per 1.00 spent on desks (product 1) besides 1 per 1.00 on everything.
    let service = with_rewards(&json!([{"code": "toys", "name": "20 % off toys", "kind": "discount_percent",
        "points": "100", "percent": "20", "scope": {"pos_category_ids": [2]}}]));
    let mut program = club();
    program["rewards"] = json!([{"code": "toys", "kind": "discount_percent", "points": "100", "percent": "20",
        "scope": {"pos_category_ids": [2]}}]);
    program["earning"] = json!({"rules": [{"code": "desks", "kind": "per_amount", "every": "1.00", "points": "1",
        "scope": {"product_ids": [1]}}]});
    service.admin.call("program.put", json!({"program": program, "effective_from": "2020-01-01T00:00:00Z"}));
    let order = uuid();
    let draft = basket(&order, &[(1, "1", "50.00"), (2, "2", "30.00")]);
    let hold = service.admin.hold(1, "toys", &draft).unwrap();
    // 20 % of 30.00, all of it on the trains.
    assert_eq!((&hold["discount"], &hold["kind"]), (&json!("6.00"), &json!("discount_percent")));
    assert_eq!(shares(&hold), [(1, "6.00")]);
    assert_eq!(hold["lines"][0]["uuid"], draft["lines"][1]["uuid"]);
    let id = hold["hold_id"].as_str().unwrap();
    let sold = [line(1, "1", "50.00"), line(2, "2", "30.00"), reward_line(id, "6.00")];
    service.shop.sell_lines(Some(1), &order, &sold);
    service.admin.sync();
    // 1000 − 100, and 50 for the desk: the discount was for the trains.
    assert_eq!(service.admin.balance(1), "950");
    assert_eq!(exceptions(&service), [""; 0]);
    service.admin.verified();
}

#[test]
fn a_hold_says_what_share_of_an_order_its_program_lets_points_pay() {
    // With it, a till sees for itself when an order that changes has no room for the reward any more.
    let service =
        with_rewards(&json!([{"code": "200off", "kind": "discount_amount", "points": "100", "amount": "200.00"}]));
    let draft = |amount: &str| basket(&uuid(), &[(1, "1", amount)]);
    let whole = service.admin.hold(1, "200off", &draft("200.00")).unwrap();
    assert_eq!(whole["max_share_of_order"], "1");
    let mut program = club();
    program["rewards"] = json!([{"code": "200off", "kind": "discount_amount", "points": "100", "amount": "200.00"}]);
    program["redemption"] = json!({"max_share_of_order": "0.20"});
    service.admin.call("program.put", json!({"program": program}));
    let fifth = service.admin.hold(1, "200off", &draft("1000.00")).unwrap();
    assert_eq!((&fifth["discount"], &fifth["max_share_of_order"]), (&json!("200.00"), &json!("0.2")));
    let refused = service.admin.hold(1, "200off", &draft("999.00")).unwrap_err();
    assert_eq!(refused.data["reason"], "order_too_small");
}

#[test]
fn a_percentage_is_cut_to_its_maximum_and_is_refused_where_nothing_is_in_scope() {
    let service = with_rewards(&json!([
        {"code": "ten", "kind": "discount_percent", "points": "100", "percent": "10", "max_amount": "7.00"},
        {"code": "toys", "kind": "discount_percent", "points": "100", "percent": "50", "scope": {"pos_category_ids": [2]}},
    ]));
    let draft = basket(&uuid(), &[(1, "1", "90.00"), (1, "1", "10.00")]);
    let hold = service.admin.hold(1, "ten", &draft).unwrap();
    assert_eq!((hold["discount"].as_str(), shares(&hold)), (Some("7.00"), vec![(0, "6.30"), (1, "0.70")]));
    let refused = service.admin.hold(1, "toys", &draft).unwrap_err();
    assert_eq!((refused.code, &refused.data["reason"]), (1003, &json!("nothing_in_scope")));
}

#[test]
fn a_free_product_is_discounted_where_it_is_and_added_where_it_is_not() {
    let service = with_rewards(
        &json!([{"code": "train", "name": "A train", "kind": "free_product", "points": "100", "product_id": 2}]),
    );
    // Two trains at 12.00 each are in the draft: one of them is free.
    let there = service.admin.hold(1, "train", &basket(&uuid(), &[(1, "1", "50.00"), (2, "2", "24.00")])).unwrap();
    assert_eq!(
        (&there["discount"], &there["add_quantity"], &there["product_id"]),
        (&json!("12.00"), &json!("0"), &json!(2))
    );
    assert_eq!(shares(&there), [(1, "12.00")]);
    // None is: one is to be added, for nothing.
    let order = uuid();
    let added = service.admin.hold(1, "train", &basket(&order, &[(1, "1", "50.00")])).unwrap();
    assert_eq!(
        (&added["discount"], &added["add_quantity"], &added["price"]),
        (&json!("0.00"), &json!("1"), &json!("0.00"))
    );
    let id = added["hold_id"].as_str().unwrap();
    let mut free = line(2, "1", "0.00");
    free["loyalty_hold_id"] = json!(id);
    service.shop.sell_lines(Some(1), &order, &[line(1, "1", "50.00"), free]);
    service.admin.sync();
    // 1000 − 100 spent, 50 earned on the desk; 100 more are held by the other draft.
    assert_eq!(service.admin.points(1), ("950".into(), "100".into(), "850".into()));
    assert_eq!(exceptions(&service), [""; 0]);
    service.admin.verified();
}

#[test]
fn giving_more_than_the_hold_allows_waits_for_the_manager() {
    let service = with_rewards(&json!([
        {"code": "train", "kind": "free_product", "points": "100", "product_id": 2},
        {"code": "deal", "kind": "product_at_price", "points": "100", "product_id": 2, "price": "9.90"},
    ]));
    let give = |reward: &str, product: i64, quantity: &str, amount: &str| {
        let order = uuid();
        let hold = service.admin.hold(1, reward, &basket(&order, &[(1, "1", "50.00")])).unwrap();
        let mut given = line(product, quantity, amount);
        given["loyalty_hold_id"] = hold["hold_id"].clone();
        service.shop.sell_lines(Some(1), &order, &[line(1, "1", "50.00"), given]);
        service.admin.sync();
        exceptions(&service).len()
    };
    assert_eq!(give("train", 2, "1", "0.00"), 0, "as allowed");
    assert_eq!(give("deal", 2, "1", "9.90"), 0, "as allowed");
    assert_eq!(give("train", 2, "3", "0.00"), 1, "three for one");
    assert_eq!(give("train", 1, "1", "0.00"), 2, "a desk for a train");
    assert_eq!(give("deal", 2, "1", "5.00"), 3, "cheaper than the deal");
    assert!(exceptions(&service).iter().all(|kind| kind == "product_exceeds_hold"));
    service.admin.verified();
}

#[test]
fn a_product_at_a_price_is_refused_where_it_costs_no_more() {
    let service = with_rewards(
        &json!([{"code": "deal", "kind": "product_at_price", "points": "150", "product_id": 2, "price": "9.90"}]),
    );
    let hold = service.admin.hold(1, "deal", &basket(&uuid(), &[(2, "1", "29.90")])).unwrap();
    assert_eq!(
        (&hold["discount"], &hold["add_quantity"], &hold["price"]),
        (&json!("20.00"), &json!("0"), &json!("9.90"))
    );
    let refused = service.admin.hold(1, "deal", &basket(&uuid(), &[(2, "1", "9.90")])).unwrap_err();
    assert_eq!(refused.data["reason"], "already_cheaper");
}

#[test]
fn several_rewards_on_one_order_never_take_more_than_there_is() {
    let service = with_rewards(&json!([
        {"code": "trains", "kind": "discount_amount", "points": "100", "amount": "20.00", "scope": {"product_ids": [2]}},
        {"code": "half", "kind": "discount_percent", "points": "100", "percent": "50"},
    ]));
    let draft = basket(&uuid(), &[(1, "1", "10.00"), (2, "1", "30.00")]);
    assert_eq!(service.admin.hold(1, "trains", &draft).unwrap()["discount"], "20.00");
    // 10.00 of the trains are left: another 20.00 does not fit them.
    let refused = service.admin.hold(1, "trains", &draft).unwrap_err();
    assert_eq!(refused.data["reason"], "order_too_small");
    // Half of what the order came to before rewards; 10.00 of the desk and 10.00 of the trains are left.
    let hold = service.admin.hold(1, "half", &draft).unwrap();
    assert_eq!((hold["discount"].as_str(), shares(&hold)), (Some("20.00"), vec![(0, "10.00"), (1, "10.00")]));
    let refused = service.admin.hold(1, "half", &draft).unwrap_err();
    assert_eq!(refused.data["reason"], "order_too_small");
}

#[test]
fn a_limit_counts_what_a_customer_has_had_and_not_what_was_given_up() {
    let service = with_rewards(&json!([{"code": "once", "kind": "discount_amount", "points": "10", "amount": "1.00",
        "limit": {"count": 1, "days": 30}}]));
    let draft = || basket(&uuid(), &[(1, "1", "50.00")]);
    let first = service.admin.hold(1, "once", &draft()).unwrap();
    let refused = service.admin.hold(1, "once", &draft()).unwrap_err();
    assert_eq!((refused.code, &refused.data["reason"]), (1003, &json!("limit_reached")));
    let quote = service.admin.call("loyalty.quote", json!({"order": draft()}));
    assert_eq!(quote["programs"][0]["rewards"][0]["reason"], "limit_reached");
    service.admin.call("loyalty.release", json!({"hold_id": first["hold_id"], "reason": "changed my mind"}));
    let order = uuid();
    let again = service.admin.hold(1, "once", &basket(&order, &[(1, "1", "50.00")])).unwrap();
    let captured = json!({"hold_id": again["hold_id"], "order": {"uuid": order}});
    service.admin.call("loyalty.capture", captured);
    assert_eq!(service.admin.hold(1, "once", &draft()).unwrap_err().data["reason"], "limit_reached");
    // Another customer has a limit of its own.
    service.admin.give(2, "10");
    let mut other = draft();
    other["partner_id"] = json!(2);
    assert!(service.admin.hold(2, "once", &other).is_ok());
}

#[test]
fn a_window_and_an_archived_product_say_why_a_reward_is_not_for_now() {
    let yesterday = Utc::now().date_naive().pred_opt().unwrap().weekday().number_from_monday();
    let service = with_rewards(&json!([
        {"code": "then", "kind": "discount_amount", "points": "10", "amount": "1.00", "window": {"weekdays": [yesterday]}},
        {"code": "train", "kind": "free_product", "points": "10", "product_id": 2},
    ]));
    let draft = basket(&uuid(), &[(1, "1", "50.00")]);
    assert_eq!(service.admin.hold(1, "then", &draft).unwrap_err().data["reason"], "outside_window");
    assert!(service.admin.hold(1, "train", &draft).is_ok());
    service.shop.shop.update("product.product", 2, json!({"active": false}));
    service.admin.sync();
    let refused = service.admin.hold(1, "train", &draft).unwrap_err();
    assert_eq!(refused.data["reason"], "product_unavailable");
    assert!(refused.message.contains("not sold any more"), "{}", refused.message);
}

#[test]
fn a_gift_earns_nothing_whether_it_was_in_the_order_or_is_added() {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["earning"] = json!({"rules": [{"code": "train", "kind": "per_unit", "points": "7",
        "scope": {"product_ids": [2]}}]});
    program["rewards"] = json!([{"code": "train", "kind": "free_product", "points": "100", "product_id": 2}]);
    service.admin.call("program.put", json!({"program": program}));
    service.admin.give(1, "200");
    let order = uuid();
    let hold = service.admin.hold(1, "train", &basket(&order, &[(2, "2", "24.00")])).unwrap();
    let reward = reward_line(hold["hold_id"].as_str().unwrap(), "12.00");
    let mut draft = basket(&order, &[(2, "2", "24.00"), (3, "1", "-12.00")]);
    draft["lines"][1]["hold_id"] = hold["hold_id"].clone();
    let quote = service.admin.call("loyalty.quote", json!({"order": draft}));
    assert_eq!(quote["programs"][0]["earns"], "7", "one of the two was bought");
    service.shop.sell_lines(Some(1), &order, &[line(2, "2", "24.00"), reward]);
    let order = uuid();
    let hold = service.admin.hold(1, "train", &basket(&order, &[(2, "1", "12.00"), (1, "1", "5.00")])).unwrap();
    assert_eq!(hold["discount"], "12.00");
    let reward = reward_line(hold["hold_id"].as_str().unwrap(), "12.00");
    let sold = [line(2, "1", "12.00"), line(1, "1", "5.00"), reward];
    let sale = service.shop.sell_lines(Some(1), &order, &sold);
    service.admin.sync();
    // 200 spent; 7 for the one train that was paid.
    assert_eq!(service.admin.balance(1), "7");
    // The gift is bought after all: its reward line comes back, and with it its price and its unit.
    service.shop.refund(1, sale.lines[2], 3, "-1", "12.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "114");
    service.admin.verified();
}
