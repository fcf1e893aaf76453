//! Rewards at the corners: several on one order, products at a price, paying with points.

use serde_json::{Value, json};

use crate::support::{Service, line, reward_line, uuid};

/// A service with these programs, whose customer 1 has 1000 points in each.
fn with_programs(programs: &[Value]) -> Service {
    let service = Service::without_program(&[]);
    for program in programs {
        service.admin.call("program.put", json!({"program": program}));
    }
    service.admin.sync();
    for program in programs {
        give(&service, 1, program["code"].as_str().unwrap(), "1000");
    }
    service
}

fn give(service: &Service, partner: i64, program: &str, points: &str) {
    service.admin.call(
        "ledger.adjust",
        json!({"idempotency_key": uuid(), "partner_id": partner, "program": program, "points": points,
               "reason": "a present"}),
    );
}

fn program(code: &str, rules: &Value, rewards: &Value) -> Value {
    json!({"code": code, "name": code, "currency": "USD", "earning": {"rules": rules}, "rewards": rewards})
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

fn hold(service: &Service, program: &str, reward: &str, draft: &Value) -> Result<Value, crate::support::Failed> {
    service.admin.try_call(
        "loyalty.hold",
        json!({"idempotency_key": uuid(), "partner_id": draft["partner_id"], "program": program, "reward": reward,
               "order": draft}),
    )
}

/// Hundredths of an amount such as `64.70`.
fn cents(amount: &Value) -> i64 {
    let (whole, cents) = amount.as_str().unwrap().split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{amount}");
    format!("{whole}{cents}").parse().unwrap()
}

/// What holds take off each line together, in hundredths.
fn by_line(holds: &[&Value], lines: usize) -> Vec<i64> {
    let mut taken = vec![0; lines];
    for share in holds.iter().flat_map(|hold| hold["lines"].as_array().unwrap()) {
        taken[usize::try_from(share["line"].as_u64().unwrap()).unwrap()] += cents(&share["discount"]);
    }
    taken
}

fn earned(service: &Service, sale: i64) -> Vec<String> {
    let found = service.admin.call("loyalty.history", json!({"partner_id": 1, "limit": 500}));
    let entries = found["entries"].as_array().unwrap();
    let of_sale = entries.iter().filter(|entry| entry["kind"] == "earn" && entry["cause"]["id"] == sale);
    let mut listed: Vec<String> = of_sale
        .map(|entry| format!("{} {}", entry["program"].as_str().unwrap(), entry["points"].as_str().unwrap()))
        .collect();
    listed.sort();
    listed
}

/// A point for each 1.00 in one program, and one for each unit in the other.
fn by_amount_and_by_unit(rewards: &Value) -> Service {
    with_programs(&[
        program("amount", &json!([{"code": "a", "kind": "per_amount", "every": "1.00", "points": "1"}]), rewards),
        program("units", &json!([{"code": "u", "kind": "per_unit", "points": "1"}]), &json!([])),
    ])
}

#[test]
fn goods_of_20_and_a_lamp_for_9_earn_29_and_are_2_units_whichever_was_first() {
    let service = by_amount_and_by_unit(
        &json!([{"code": "lamp", "kind": "product_at_price", "points": "10", "product_id": 2, "price": "9.00"}]),
    );
    // Scanned first: the reward takes 20.00 off the lamp of 29.00.
    let order = uuid();
    let scanned = hold(&service, "amount", "lamp", &basket(&order, &[(1, "1", "20.00"), (2, "1", "29.00")])).unwrap();
    assert_eq!((&scanned["discount"], &scanned["add_quantity"]), (&json!("20.00"), &json!("0")));
    let off = reward_line(scanned["hold_id"].as_str().unwrap(), "20.00");
    let first = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "20.00"), line(2, "1", "29.00"), off]);
    // Added by the reward, at its price.
    let order = uuid();
    let mut draft = basket(&order, &[(1, "1", "20.00")]);
    let added = hold(&service, "amount", "lamp", &draft).unwrap();
    assert_eq!(
        (&added["discount"], &added["add_quantity"], &added["price"]),
        (&json!("0.00"), &json!("1"), &json!("9.00"))
    );
    let mut lamp = line(2, "1", "9.00");
    lamp["loyalty_hold_id"] = added["hold_id"].clone();
    draft["lines"].as_array_mut().unwrap().push(json!({"product_id": 2, "qty": "1", "price_subtotal": "9.00",
        "price_subtotal_incl": "9.00", "hold_id": added["hold_id"]}));
    let quote = service.admin.call("loyalty.quote", json!({"order": draft}));
    let quoted: Vec<&Value> = quote["programs"].as_array().unwrap().iter().map(|one| &one["earns"]).collect();
    assert_eq!(quoted, ["29", "2"]);
    let second = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "20.00"), lamp]);
    service.admin.sync();
    assert_eq!(earned(&service, first.id), ["amount 29", "units 2"]);
    assert_eq!(earned(&service, second.id), ["amount 29", "units 2"]);
    // What comes back was paid for as well: 20.00 and one unit stay.
    service.shop.refund(1, second.lines[1], 2, "-1", "-9.00");
    service.admin.sync();
    let kept = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    assert_eq!(kept[0]["programs"][0]["balance"], "1039", "1000 − 20 spent + 29 + 20, and the reward's 10 are back");
    assert_eq!(kept[0]["programs"][1]["balance"], "1003");
    service.admin.verified();
}

#[test]
fn a_free_product_earns_nothing_and_is_no_unit_whichever_was_first() {
    let service =
        by_amount_and_by_unit(&json!([{"code": "lamp", "kind": "free_product", "points": "10", "product_id": 2}]));
    let order = uuid();
    let scanned = hold(&service, "amount", "lamp", &basket(&order, &[(1, "1", "20.00"), (2, "1", "29.00")])).unwrap();
    let off = reward_line(scanned["hold_id"].as_str().unwrap(), "29.00");
    let first = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "20.00"), line(2, "1", "29.00"), off]);
    let order = uuid();
    let added = hold(&service, "amount", "lamp", &basket(&order, &[(1, "1", "20.00")])).unwrap();
    let mut lamp = line(2, "1", "0.00");
    lamp["loyalty_hold_id"] = added["hold_id"].clone();
    let second = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "20.00"), lamp]);
    service.admin.sync();
    assert_eq!(earned(&service, first.id), ["amount 20", "units 1"]);
    assert_eq!(earned(&service, second.id), ["amount 20", "units 1"]);
    service.admin.verified();
}

#[test]
fn after_10_off_all_100_percent_of_the_first_and_of_the_rest_no_line_bears_more_than_it_costs() {
    let service = with_programs(&[program(
        "club",
        &json!([]),
        &json!([
            {"code": "ten", "kind": "discount_amount", "points": "10", "amount": "10.00"},
            {"code": "first", "kind": "discount_percent", "points": "10", "percent": "100", "scope": {"product_ids": [1]}},
            {"code": "rest", "kind": "discount_percent", "points": "10", "percent": "100",
             "scope": {"exclude_product_ids": [1]}},
        ]),
    )]);
    let draft = basket(&uuid(), &[(1, "1", "60.00"), (2, "1", "40.00")]);
    let ten = hold(&service, "club", "ten", &draft).unwrap();
    assert_eq!(by_line(&[&ten], 2), [600, 400]);
    let first = hold(&service, "club", "first", &draft).unwrap();
    assert_eq!((first["discount"].as_str(), by_line(&[&first], 2)), (Some("54.00"), vec![5400, 0]));
    let rest = hold(&service, "club", "rest", &draft).unwrap();
    assert_eq!((rest["discount"].as_str(), by_line(&[&rest], 2)), (Some("36.00"), vec![0, 3600]));
    assert_eq!(by_line(&[&ten, &first, &rest], 2), [6000, 4000]);
    // One that is given up leaves its own part of each line, whatever was taken after it.
    service.admin.call("loyalty.release", json!({"hold_id": ten["hold_id"], "reason": "changed my mind"}));
    let again = hold(&service, "club", "ten", &draft).unwrap();
    assert_eq!(by_line(&[&again], 2), [600, 400]);
    assert_eq!(hold(&service, "club", "ten", &draft).unwrap_err().data["reason"], "order_too_small");
}

#[test]
fn two_programs_take_no_more_off_a_draft_of_50_than_50() {
    let half = json!([{"code": "all", "kind": "discount_percent", "points": "10", "percent": "100"},
                      {"code": "fifty", "kind": "discount_amount", "points": "10", "amount": "50.00"}]);
    let service = with_programs(&[program("one", &json!([]), &half), program("two", &json!([]), &half)]);
    let mut draft = basket(&uuid(), &[(1, "1", "30.00"), (2, "1", "20.00")]);
    let first = hold(&service, "one", "fifty", &draft).unwrap();
    assert_eq!(first["discount"], "50.00");
    // Its line is not on the draft yet; nor is it afterwards; nor does another customer find goods there.
    for reward in ["all", "fifty"] {
        assert_eq!(hold(&service, "two", reward, &draft).unwrap_err().data["reason"], "order_too_small");
    }
    let quote = service.admin.call("loyalty.quote", json!({"order": draft}));
    for offer in quote["programs"].as_array().unwrap().iter().flat_map(|one| one["rewards"].as_array().unwrap()) {
        assert_eq!(offer["reason"], "order_too_small", "{offer}");
    }
    draft["partner_id"] = json!(2);
    give(&service, 2, "two", "1000");
    assert_eq!(hold(&service, "two", "all", &draft).unwrap_err().data["reason"], "order_too_small");
    // Once the first is given up, the goods are there again.
    service.admin.call("loyalty.release", json!({"hold_id": first["hold_id"], "reason": "changed my mind"}));
    assert_eq!(hold(&service, "two", "all", &draft).unwrap()["discount"], "50.00");
    service.admin.verified();
}

#[test]
fn two_programs_at_once_share_the_goods_as_well() {
    let all = json!([{"code": "all", "kind": "discount_amount", "points": "10", "amount": "50.00"}]);
    let service = with_programs(&[program("one", &json!([]), &all), program("two", &json!([]), &all)]);
    let (_replica, other) = service.replica();
    for _ in 0..8 {
        let draft = basket(&uuid(), &[(1, "1", "50.00")]);
        let ask = |api: &crate::support::Api, program: &str| {
            api.try_call(
                "loyalty.hold",
                json!({"idempotency_key": uuid(), "partner_id": 1, "program": program, "reward": "all", "order": draft}),
            )
        };
        let held = std::thread::scope(|scope| {
            let one = scope.spawn(|| ask(&service.admin, "one"));
            let two = scope.spawn(|| ask(&other, "two"));
            [one.join().unwrap(), two.join().unwrap()]
        });
        assert_eq!(held.iter().filter(|hold| hold.is_ok()).count(), 1, "{held:?}");
    }
}

#[test]
fn what_comes_to_nothing_makes_no_visit() {
    let visit = json!([{"code": "visit", "kind": "per_order", "points": "3"}]);
    let service = with_programs(&[program("club", &visit, &json!([]))]);
    // 10.00 bought and 10.00 brought back that no sale is known of: an order of 0.00.
    let even = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "10.00"), line(2, "-1", "-10.00")]);
    let same = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "10.00"), line(1, "-1", "-10.00")]);
    let sold = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "10.00"), line(2, "-1", "-9.99")]);
    service.admin.sync();
    assert_eq!(earned(&service, even.id), [""; 0]);
    assert_eq!(earned(&service, same.id), [""; 0]);
    assert_eq!(earned(&service, sold.id), ["club 3"]);
    let quote = service
        .admin
        .call("loyalty.quote", json!({"order": basket(&uuid(), &[(1, "1", "10.00"), (2, "-1", "-10.00")])}));
    assert_eq!(quote["programs"][0]["earns"], "0");
    service.admin.verified();
}

#[test]
fn the_maximum_is_the_largest_discount_for_the_fewest_points() {
    let rewards = json!([{"code": "pay", "kind": "discount_per_point", "rate": "0.03"}]);
    let service = with_programs(&[program("club", &json!([]), &rewards)]);
    let draft = basket(&uuid(), &[(1, "1", "1.00")]);
    let quote = service.admin.call("loyalty.quote", json!({"order": draft}));
    let offer = &quote["programs"][0]["rewards"][0];
    assert_eq!((&offer["points"], &offer["discount"]), (&json!("33.34"), &json!("1.00")));
    let held = hold(&service, "club", "pay", &draft).unwrap();
    assert_eq!((&held["points"], &held["discount"]), (&json!("33.34"), &json!("1.00")));
}

#[test]
fn more_than_six_decimals_of_a_quantity_are_refused_by_name() {
    let service = with_programs(&[program("club", &json!([]), &json!([]))]);
    let draft = basket(&uuid(), &[(1, "1", "1.00"), (1, "0.0000001", "1.00")]);
    let refused = service.admin.refused("loyalty.quote", json!({"order": draft}));
    assert_eq!((refused.code, refused.data["parameter"].as_str()), (-32602, Some("order.lines[1].qty")));
    assert!(refused.message.contains("at most 6 decimals"), "{}", refused.message);
    let refused = hold(&service, "club", "any", &draft).unwrap_err();
    assert_eq!((refused.code, refused.data["parameter"].as_str()), (-32602, Some("order.lines[1].qty")));
    let six = basket(&uuid(), &[(1, "0.000001", "1.00"), (1, "1.5000000", "1.00")]);
    service.admin.call("loyalty.quote", json!({"order": six}));
}
