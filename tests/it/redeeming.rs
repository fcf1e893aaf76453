//! Hold, capture, release: points are spent once, by one, for what they are worth.

use serde_json::{Value, json};

use crate::support::{Service, draft, line, reward_line, uuid};

#[test]
fn a_redemption_from_quote_to_paid_order() {
    let service = Service::start();
    let till = service.api("pos");
    service.admin.give(1, "150");
    let order = uuid();
    let draft_order = draft(&order, 1, "40.00");

    let quote = till.call("loyalty.quote", json!({"order": draft_order}));
    let club = &quote["programs"][0];
    assert_eq!(
        (&club["program"], &club["earns"], &club["balance_after"]),
        (&json!("club"), &json!("40"), &json!("190"))
    );
    assert_eq!(club["rewards"][0]["applicable"], true);
    assert_eq!(club["rewards"][0]["discount"], "5.00");

    let hold = till.hold(1, "5off", &draft_order).unwrap();
    assert_eq!((&hold["points"], &hold["discount"]), (&json!("100"), &json!("5.00")));
    assert_eq!(service.admin.points(1), ("150".into(), "100".into(), "50".into()));

    let id = hold["hold_id"].as_str().unwrap();
    let sold = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "40.00"), reward_line(id, "5.00")]);
    let params = json!({"hold_id": id, "order": {"uuid": order, "id": sold.id, "name": "Shop/0001"}});
    let captured = till.call("loyalty.capture", params.clone());
    assert_eq!(captured["balance"], "50");
    service.admin.sync();
    // 35.00 was paid: an order that redeems still earns.
    assert_eq!(service.admin.points(1), ("80".into(), "0".into(), "80".into()));
    assert_eq!(till.call("loyalty.capture", params), captured, "the same reply again");
    service.admin.verified();
}

#[test]
fn a_lost_capture_is_made_by_the_sync_and_the_till_gets_that_reply() {
    let service = Service::start();
    service.admin.give(1, "100");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap();
    service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    service.admin.sync();
    assert_eq!(
        service.admin.entries(1),
        [("adjust".into(), "100".into()), ("redeem".into(), "-100".into()), ("earn".into(), "20".into()),]
    );
    let late = service.admin.call("loyalty.capture", json!({"hold_id": id, "order": {"uuid": order}}));
    assert_eq!(late["balance"], "0");
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn two_tills_never_spend_the_same_points() {
    let service = Service::start();
    service.admin.give(1, "100");
    let outcomes: Vec<Result<Value, String>> = std::thread::scope(|scope| {
        let tills: Vec<_> = (0..8)
            .map(|_| {
                let till = service.admin.clone();
                scope.spawn(move || till.hold(1, "5off", &draft(&uuid(), 1, "25.00")).map_err(|failed| failed.kind))
            })
            .collect();
        tills.into_iter().map(|till| till.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|kind| kind == "insufficient_points"));
    assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
    service.admin.verified();
}

#[test]
fn two_replicas_never_spend_the_same_points_and_a_key_has_one_reply_at_both() {
    let service = Service::start();
    let (_replica, other) = service.replica();
    // Ten rewards' worth for each of three members; 48 presses each, spread over both replicas.
    for partner in 1..=3 {
        service.admin.give(partner, "1000");
    }
    let outcomes: Vec<Result<i64, String>> = std::thread::scope(|scope| {
        let tills: Vec<_> = (0..8)
            .map(|till: i64| {
                let api = if till % 2 == 0 { service.admin.clone() } else { other.clone() };
                scope.spawn(move || {
                    (0..18)
                        .map(|press: i64| {
                            let partner = (till + press) % 3 + 1;
                            let order = draft(&uuid(), partner, "25.00");
                            let hold = api.hold(partner, "5off", &order).map_err(|failed| failed.kind)?;
                            let paid = json!({"hold_id": hold["hold_id"], "order": {"uuid": order["uuid"]}});
                            api.try_call("loyalty.capture", paid).map_err(|failed| failed.kind)?;
                            Ok(partner)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        tills.into_iter().flat_map(|till| till.join().unwrap()).collect()
    });
    for partner in 1..=3 {
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(partner)).count(), 10, "{outcomes:?}");
        assert_eq!(service.admin.points(partner), ("0".into(), "0".into(), "0".into()));
    }
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|kind| kind == "insufficient_points"));

    let params = json!({"idempotency_key": "both", "partner_id": 1, "program": "club", "points": "5", "reason": "r"});
    let replies: Vec<Value> = std::thread::scope(|scope| {
        let callers: Vec<_> = [&service.admin, &other, &service.admin, &other]
            .map(|api| scope.spawn(|| api.call("ledger.adjust", params.clone())))
            .into_iter()
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
    assert_eq!(service.admin.balance(1), "5");
    service.admin.verified();
}

#[test]
fn a_key_has_one_reply_byte_for_byte_even_after_a_restart() {
    let mut service = Service::start();
    service.admin.give(1, "100");
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": "loyalty.hold", "params": {
        "idempotency_key": "press-1", "partner_id": 1, "program": "club", "reward": "pay", "points": "60.0",
        "order": draft("0b8f9c1e-7a52-4a44-8d0e-6c8b7b4e1f00", 1, "25.00")}});
    let first = service.admin.post(&request.to_string()).unwrap();
    assert!(first.1.contains("\"discount\":\"3.00\""), "{first:?}");
    assert_eq!(service.admin.post(&request.to_string()).unwrap(), first);
    service.kill();
    service.launch();
    assert_eq!(service.admin.post(&request.to_string()).unwrap(), first);

    // The same number written otherwise is the same; another number is a conflict.
    let mut same = request.clone();
    same["params"]["points"] = json!(60);
    assert_eq!(service.admin.post(&same.to_string()).unwrap(), first);
    let mut other = request["params"].clone();
    other["points"] = json!("61");
    assert_eq!(service.admin.refused("loyalty.hold", other).code, 1008);
    assert_eq!(service.admin.points(1).1, "60");
    service.admin.verified();
}

#[test]
fn a_refusal_is_a_verdict_too() {
    let service = Service::start();
    let params = json!({"idempotency_key": "poor", "partner_id": 1, "program": "club", "reward": "5off",
                        "order": draft(&uuid(), 1, "25.00")});
    let refused = service.admin.refused("loyalty.hold", params.clone());
    assert_eq!(refused.code, 1001);
    assert_eq!((&refused.data["available"], &refused.data["required"]), (&json!("0"), &json!("100")));
    service.admin.give(1, "100");
    assert_eq!(service.admin.refused("loyalty.hold", params).code, 1001, "the key's first reply");
}

#[test]
fn a_release_gives_the_points_back_and_ends_the_hold_for_good() {
    let service = Service::start();
    service.admin.give(1, "100");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let release = json!({"hold_id": hold["hold_id"], "reason": "line removed"});
    assert_eq!(service.admin.call("loyalty.release", release.clone()), json!({"released": true}));
    assert_eq!(service.admin.call("loyalty.release", release), json!({"released": true}));
    assert_eq!(service.admin.points(1), ("100".into(), "0".into(), "100".into()));
    let late = service.admin.refused("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}));
    assert_eq!(late.code, 1006);
    service.admin.verified();
}

#[test]
fn a_hold_is_for_its_order_its_customer_its_currency_and_its_company() {
    let service = Service::start();
    service.admin.give(1, "300");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let elsewhere = json!({"hold_id": hold["hold_id"], "order": {"uuid": uuid()}});
    assert_eq!(service.admin.refused("loyalty.capture", elsewhere.clone()).code, 1007);
    service.admin.call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}));
    assert_eq!(service.admin.refused("loyalty.capture", elsewhere).code, 1007);
    let release = json!({"hold_id": hold["hold_id"], "reason": "too late"});
    assert_eq!(service.admin.refused("loyalty.release", release).code, 1005);

    let reason = |draft: &Value| {
        let refused = service.admin.hold(1, "5off", draft).unwrap_err();
        assert_eq!(refused.code, 1003, "{refused:?}");
        refused.data["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(&draft(&uuid(), 2, "25.00")), "other_partner");
    let mut euros = draft(&uuid(), 1, "25.00");
    euros["currency"] = json!("EUR");
    assert_eq!(reason(&euros), "other_currency");
    assert_eq!(reason(&draft(&uuid(), 1, "4.99")), "order_too_small");
    service.admin.verified();
}

#[test]
fn paying_with_points_takes_the_maximum_unless_told_how_many() {
    let service = Service::start();
    service.admin.give(1, "1100");
    // 25.00 at 0.05 a point: 500 points cover it.
    let order = draft(&uuid(), 1, "25.00");
    let maximum = service.admin.hold(1, "pay", &order).unwrap();
    assert_eq!((&maximum["points"], &maximum["discount"]), (&json!("500"), &json!("25.00")));
    let mut ask = json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "reward": "pay",
                         "points": "600", "order": draft(&uuid(), 1, "20.00")});
    let refused = service.admin.refused("loyalty.hold", ask.clone());
    assert_eq!((refused.code, &refused.data["maximum_points"]), (1003, &json!("400")), "{refused:?}");
    ask["idempotency_key"] = json!(uuid());
    ask["points"] = json!("61");
    let some = service.admin.call("loyalty.hold", ask);
    assert_eq!((&some["points"], &some["discount"]), (&json!("61"), &json!("3.05")));
}

#[test]
fn the_minimum_is_told_before_the_lack() {
    let service = Service::start();
    service.admin.give(1, "20");
    let refused = service.admin.hold(1, "pay", &draft(&uuid(), 1, "25.00")).unwrap_err();
    assert_eq!((refused.code, refused.kind.as_str()), (1002, "below_minimum"));
    assert_eq!((&refused.data["available"], &refused.data["minimum"]), (&json!("20"), &json!("50")));
}

#[test]
fn an_expired_hold_is_captured_if_the_points_are_there_and_else_becomes_an_exception() {
    let service = Service::without_program(&[]);
    let mut program = crate::support::club();
    program["redemption"] = json!({"hold_seconds": 1});
    service.admin.call("program.put", json!({"program": program}));
    service.admin.give(1, "100");
    let (first, second) = (uuid(), uuid());
    let early = service.admin.hold(1, "5off", &draft(&first, 1, "25.00")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(service.admin.points(1).2, "100", "an expired hold holds nothing");
    let late = service.admin.hold(1, "5off", &draft(&second, 1, "25.00")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let capture = |hold: &Value, order: &str| json!({"hold_id": hold["hold_id"], "order": {"uuid": order}});
    assert_eq!(service.admin.call("loyalty.capture", capture(&late, &second))["balance"], "0");
    let refused = service.admin.refused("loyalty.capture", capture(&early, &first));
    assert_eq!(refused.code, 1004);
    let again = service.admin.refused("loyalty.capture", capture(&early, &first));
    assert_eq!(again.data["exception_id"], refused.data["exception_id"]);
    assert_eq!(
        service.admin.call("loyalty.release", json!({"hold_id": early["hold_id"], "reason": "x"}))["released"],
        true
    );

    let open = service.admin.call("exception.list", json!({"state": "open"}));
    assert_eq!(open["exceptions"].as_array().unwrap().len(), 1, "{open}");
    assert_eq!(open["exceptions"][0]["exception_id"], refused.data["exception_id"]);
    assert_eq!(open["exceptions"][0]["kind"], "hold_expired");
    let resolve = json!({"exception_id": refused.data["exception_id"], "note": "paid by the house"});
    assert_eq!(service.admin.call("exception.resolve", resolve), json!({"resolved": true}));
    assert_eq!(service.admin.call("exception.list", json!({"state": "open"}))["exceptions"], json!([]));
    assert_eq!(service.admin.balance(1), "0", "never an overdraft");
    service.admin.verified();
}

#[test]
fn a_hold_that_the_till_captured_on_an_order_that_another_one_paid_is_an_exception() {
    let service = Service::start();
    service.admin.give(1, "200");
    let sell = |customer: Option<i64>| {
        let order = uuid();
        let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
        let id = hold["hold_id"].as_str().unwrap().to_owned();
        service.admin.call("loyalty.capture", json!({"hold_id": id, "order": {"uuid": order}}));
        service.shop.sell_lines(customer, &order, &[line(1, "1", "25.00"), reward_line(&id, "5.00")])
    };
    let sold = [Some(1), Some(2)].map(sell);
    service.admin.sync();
    let listed = service.admin.call("exception.list", json!({}));
    let [exception] = listed["exceptions"].as_array().unwrap().as_slice() else { panic!("one exception: {listed}") };
    assert_eq!(
        (&exception["kind"], &exception["order"]["id"]),
        (&json!("foreign_hold"), &json!(sold[1].id)),
        "{listed}"
    );
    assert!(exception["detail"].as_str().unwrap().contains("the till had captured it"), "{listed}");
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("20".into(), "20".into()));
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.call("exception.list", json!({})), listed);
    service.admin.verified();
}

#[test]
fn a_paid_order_that_does_not_fit_its_hold_becomes_an_exception() {
    let service = Service::start();
    service.admin.give(1, "300");
    // More off than the hold allows.
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap().to_owned();
    service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(&id, "9.00")]);
    // A stranger's hold, and one nobody gave.
    service.shop.sell_lines(Some(2), &uuid(), &[line(1, "1", "25.00"), reward_line(&id, "5.00")]);
    service.shop.sell_lines(Some(2), &uuid(), &[line(1, "1", "25.00"), reward_line("not-a-hold", "5.00")]);
    service.admin.sync();
    let kinds = || {
        let open = service.admin.call("exception.list", json!({}));
        let mut kinds: Vec<String> =
            open["exceptions"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(), ["discount_exceeds_hold", "foreign_hold", "unknown_hold"]);
    assert_eq!(service.admin.balance(1), "210", "the hold's points are spent: 300 − 100 + 10 for 16.00 paid");
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(kinds().len(), 3, "the same trouble is one exception");
    service.admin.verified();
}
