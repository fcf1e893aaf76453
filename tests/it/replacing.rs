//! A hold that takes the place of another, because the order changed: `loyalty.hold` with `replaces`.

use chrono::{NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{
    Api, Clock, Cluster, Database, Failed, Service, club, draft, eventually, line, reward_line, uuid,
};

/// A service whose program takes 10 % off for 100 points, and whose customer 1 has so many.
fn with_ten_percent(points: &str, redemption: Value) -> Service {
    let service = Service::without_program(&[]);
    service.admin.call("program.put", json!({"program": ten_percent(redemption)}));
    service.admin.give(1, points);
    service
}

fn ten_percent(redemption: Value) -> Value {
    let mut program = club();
    program["redemption"] = redemption;
    program["rewards"] = json!([
        {"code": "ten", "name": "10 %", "kind": "discount_percent", "points": "100", "percent": "10"},
        {"code": "once", "kind": "discount_amount", "points": "10", "amount": "1.00", "limit": {"count": 1}},
        {"code": "pay", "kind": "discount_per_point", "rate": "0.05"},
        {"code": "deal", "kind": "product_at_price", "points": "50", "product_id": 2, "price": "9.90"},
    ]);
    program
}

fn request(key: &str, reward: &str, draft: &Value, replaces: Option<&Value>) -> Value {
    json!({"idempotency_key": key, "partner_id": 1, "program": "club", "reward": reward, "order": draft,
           "replaces": replaces})
}

fn replace(api: &Api, reward: &str, draft: &Value, old: &Value) -> Result<Value, Failed> {
    api.try_call("loyalty.hold", request(&uuid(), reward, draft, Some(&old["hold_id"])))
}

fn capture(api: &Api, hold: &Value, order: &str) -> Result<Value, Failed> {
    api.try_call("loyalty.capture", json!({"hold_id": hold["hold_id"], "order": {"uuid": order}}))
}

/// A draft as the till has it with a reward on it: the goods, and the line that carries the hold.
fn with_line(order: &str, total: &str, hold: &Value) -> Value {
    let mut draft = draft(order, 1, total);
    let off = format!("-{}", hold["discount"].as_str().unwrap());
    let line = json!({"uuid": uuid(), "product_id": 3, "qty": "1", "price_subtotal": off, "price_subtotal_incl": off,
                      "hold_id": hold["hold_id"]});
    draft["lines"].as_array_mut().unwrap().push(line);
    draft
}

#[test]
fn ten_percent_of_a_hundred_becomes_ten_percent_of_three_hundred_and_back() {
    // The member has the points of one reward alone: the old hold's must count as free.
    let service = with_ten_percent("100", json!({}));
    let order = uuid();
    let small = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
    assert_eq!(small["discount"], "10.00");
    let large = replace(&service.admin, "ten", &with_line(&order, "300.00", &small), &small).unwrap();
    assert_eq!((&large["discount"], &large["points"]), (&json!("30.00"), &json!("100")));
    assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
    // The basket shrinks again, line and all.
    let back = replace(&service.admin, "ten", &with_line(&order, "100.00", &large), &large).unwrap();
    assert_eq!(back["discount"], "10.00");
    assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
    for over in [&small, &large] {
        assert_eq!(capture(&service.admin, over, &order).unwrap_err().kind, "hold_released");
    }
    assert_eq!(capture(&service.admin, &back, &order).unwrap()["balance"], "0");
    service.admin.verified();
}

#[test]
fn a_share_a_limit_and_paying_with_points_are_decided_as_if_the_old_hold_were_absent() {
    let service = with_ten_percent("2000", json!({"max_share_of_order": "0.2"}));
    let order = uuid();
    let paid = service.admin.hold(1, "pay", &draft(&order, 1, "100.00")).unwrap();
    // All of the share of 100.00; the same again would have no room beside it.
    assert_eq!((&paid["points"], &paid["discount"]), (&json!("400"), &json!("20.00")));
    assert_eq!(service.admin.hold(1, "pay", &draft(&order, 1, "100.00")).unwrap_err().code, 1003);
    let more = replace(&service.admin, "pay", &with_line(&order, "300.00", &paid), &paid).unwrap();
    assert_eq!((&more["points"], &more["discount"]), (&json!("1200"), &json!("60.00")));
    let less = replace(&service.admin, "pay", &with_line(&order, "50.00", &more), &more).unwrap();
    assert_eq!((&less["points"], &less["discount"]), (&json!("200"), &json!("10.00")));
    // Another reward may take its place as well.
    let ten = replace(&service.admin, "ten", &with_line(&order, "50.00", &less), &less).unwrap();
    assert_eq!(ten["discount"], "5.00");
    // Once for each customer, and that once is the one that is replaced.
    let other = uuid();
    let once = service.admin.hold(1, "once", &draft(&other, 1, "40.00")).unwrap();
    assert_eq!(service.admin.hold(1, "once", &draft(&other, 1, "50.00")).unwrap_err().data["reason"], "limit_reached");
    let again = replace(&service.admin, "once", &draft(&other, 1, "50.00"), &once).unwrap();
    assert_eq!(again["discount"], "1.00");
    assert_eq!(service.admin.points(1).1, "110");
    service.admin.verified();
}

#[test]
fn a_product_at_a_price_after_a_percentage_costs_its_price() {
    let service = with_ten_percent("1000", json!({}));
    service.admin.sync();
    let order = uuid();
    let basket = |lines: &[(&str, i64, &str)], hold: Option<&Value>| {
        let mut lines: Vec<Value> = lines
            .iter()
            .map(|(id, product, amount)| {
                json!({"uuid": format!("{order}-{id}"), "product_id": product, "qty": "1", "price_subtotal": amount,
                       "price_subtotal_incl": amount})
            })
            .collect();
        if let Some(hold) = hold {
            lines.push(json!({"product_id": 3, "qty": "1", "price_subtotal": "0.00", "price_subtotal_incl": "0.00",
                              "hold_id": hold["hold_id"]}));
        }
        json!({"uuid": order, "company_id": 1, "currency": "USD", "partner_id": 1, "lines": lines})
    };
    // 10 % of lamp (product 2, 30.00) and desk (70.00) bears on both.
    let both = basket(&[("a", 2, "30.00"), ("b", 1, "70.00")], None);
    let ten = service.admin.hold(1, "ten", &both).unwrap();
    assert_eq!(ten["discount"], "10.00");
    // What is left of the lamp is 27.00: the deal takes 17.10, and the lamp costs 9.90.
    let deal = service.admin.hold(1, "deal", &both).unwrap();
    assert_eq!(deal["discount"], "17.10");
    // Asked for anew, in whatever order, each is decided beside the other.
    let again = replace(&service.admin, "ten", &both, &ten).unwrap();
    assert_eq!(again["discount"], "10.00");
    let deal = replace(&service.admin, "deal", &both, &deal).unwrap();
    let cents_off_lamp = |hold: &Value| -> i64 {
        let lines = hold["lines"].as_array().unwrap().iter().filter(|line| line["line"] == 0);
        lines.map(|line| line["discount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap()).sum()
    };
    assert_eq!(cents_off_lamp(&again) + cents_off_lamp(&deal), 2010, "30.00 less 20.10 is 9.90: {again} {deal}");
    // A product that the deal added itself is not there without its hold.
    let alone = uuid();
    let mut empty = basket(&[("b", 1, "70.00")], None);
    empty["uuid"] = json!(alone);
    let added = service.admin.hold(1, "deal", &empty).unwrap();
    assert_eq!((&added["add_quantity"], &added["price"]), (&json!("1"), &json!("9.90")));
    let mut there = empty.clone();
    there["lines"].as_array_mut().unwrap().push(json!({"product_id": 2, "qty": "1", "price_subtotal": "9.90",
        "price_subtotal_incl": "9.90", "hold_id": added["hold_id"]}));
    let renewed = replace(&service.admin, "deal", &there, &added).unwrap();
    assert_eq!((&renewed["add_quantity"], &renewed["discount"]), (&json!("1"), &json!("0.00")));
    service.admin.verified();
}

#[test]
fn a_refusal_leaves_the_old_hold_as_it_was() {
    let service = with_ten_percent("100", json!({}));
    let order = uuid();
    let old = service.admin.hold(1, "pay", &draft(&order, 1, "5.00")).unwrap();
    assert_eq!(old["points"], "100");
    // Nothing is left in the basket, and 150 points are not there.
    let mut empty = draft(&order, 1, "5.00");
    empty["lines"] = json!([]);
    assert_eq!(replace(&service.admin, "ten", &empty, &old).unwrap_err().kind, "reward_not_applicable");
    let mut more = request(&uuid(), "pay", &draft(&order, 1, "50.00"), Some(&old["hold_id"]));
    more["points"] = json!("150");
    let refused = service.admin.refused("loyalty.hold", more.clone());
    assert_eq!(
        (refused.code, &refused.data["available"]),
        (1001, &json!("100")),
        "the old hold's points count as free"
    );
    assert_eq!(service.admin.refused("loyalty.hold", more).code, 1001, "the key's first reply");
    assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
    assert_eq!(capture(&service.admin, &old, &order).unwrap()["balance"], "0");
    service.admin.verified();
}

#[test]
fn what_cannot_be_replaced_is_told_and_nothing_is_done() {
    let service = with_ten_percent("1000", json!({"hold_seconds": 1}));
    let order = uuid();
    let hold = |order: &str| service.admin.hold(1, "ten", &draft(order, 1, "100.00")).unwrap();
    let expired = hold(&order);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    service.admin.call("program.put", json!({"program": ten_percent(json!({}))}));
    let (captured, released) = (hold(&order), hold(&order));
    capture(&service.admin, &captured, &order).unwrap();
    service.admin.call("loyalty.release", json!({"hold_id": released["hold_id"], "reason": "line removed"}));
    let elsewhere = hold(&uuid());
    let before = service.admin.points(1);
    let draft = draft(&order, 1, "300.00");
    for (old, code, kind) in [
        (&expired, 1004, "hold_expired"),
        (&captured, 1005, "hold_captured"),
        (&released, 1006, "hold_released"),
        (&elsewhere, 1007, "hold_of_other_order"),
        (&json!({"hold_id": uuid()}), 1104, "unknown_hold"),
        (&json!({"hold_id": "not-a-hold"}), 1104, "unknown_hold"),
    ] {
        let refused = replace(&service.admin, "ten", &draft, old).unwrap_err();
        assert_eq!((refused.code, refused.kind.as_str()), (code, kind), "{refused:?}");
        assert_eq!(service.admin.points(1), before, "{kind}");
    }
    let refused = replace(&service.admin, "ten", &draft, &expired).unwrap_err();
    assert!(refused.message.contains("expired") && refused.message.contains("without `replaces`"), "{refused:?}");
    let exceptions = service.admin.call("exception.list", json!({}));
    assert_eq!(exceptions["exceptions"], json!([]), "nobody has to decide anything");
    let ask = request(&uuid(), "ten", &draft, Some(&expired["hold_id"]));
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "loyalty.hold", "params": ask}).to_string();
    let answer: Value = serde_json::from_str(&service.admin.post(&body).unwrap().1).unwrap();
    assert_eq!(answer["error"]["data"], json!({"kind": "hold_expired"}), "and no exception is named");
    // Another program's or customer's reward on the same order may give way, too.
    service.admin.give(2, "100");
    let other = uuid();
    let first = hold(&other);
    let mut theirs = crate::support::draft(&other, 2, "300.00");
    theirs["partner_id"] = json!(2);
    let mut ask = request(&uuid(), "ten", &theirs, Some(&first["hold_id"]));
    ask["partner_id"] = json!(2);
    assert_eq!(service.admin.call("loyalty.hold", ask)["discount"], "30.00");
    assert_eq!((service.admin.points(1).1, service.admin.points(2).1), ("100".into(), "100".into()));
    service.admin.verified();
}

#[test]
fn a_key_has_one_reply_and_what_it_replaces_is_a_part_of_the_question() {
    let mut service = with_ten_percent("100", json!({}));
    let order = uuid();
    let old = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
    let larger = draft(&order, 1, "300.00");
    let ask = request("again", "ten", &larger, Some(&old["hold_id"]));
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "loyalty.hold", "params": ask}).to_string();
    let first = service.admin.post(&body).unwrap();
    assert!(first.1.contains("\"30.00\""), "{first:?}");
    // The service ends after the commit, before the answer arrives.
    service.kill();
    service.launch();
    assert_eq!(service.admin.post(&body).unwrap(), first);
    let without = request("again", "ten", &larger, None);
    assert_eq!(service.admin.refused("loyalty.hold", without).kind, "idempotency_conflict");
    let another = request("again", "ten", &larger, Some(&json!(uuid())));
    assert_eq!(service.admin.refused("loyalty.hold", another).kind, "idempotency_conflict");
    assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
    service.admin.verified();
}

#[test]
fn of_tills_that_replace_the_same_hold_one_does_and_a_payment_at_that_moment_has_one_outcome() {
    let service = with_ten_percent("1000", json!({}));
    let (_replica, other) = service.replica();
    for round in 0..20 {
        let order = uuid();
        let old = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
        let larger = draft(&order, 1, "300.00");
        let (replaced, paid): (Vec<_>, Result<Value, Failed>) = std::thread::scope(|scope| {
            let tills: Vec<_> = [&service.admin, &other, &service.admin]
                .into_iter()
                .map(|api| scope.spawn(|| replace(api, "ten", &larger, &old)))
                .collect();
            // In half of the rounds the order is paid meanwhile.
            let payment = (round % 2 == 0).then(|| scope.spawn(|| capture(&other, &old, &order)));
            let replaced = tills.into_iter().map(|till| till.join().unwrap()).collect();
            let paid = payment.map_or_else(|| capture(&other, &old, &order), |payment| payment.join().unwrap());
            (replaced, paid)
        });
        let given: Vec<&Value> = replaced.iter().filter_map(|one| one.as_ref().ok()).collect();
        let refused: Vec<&str> =
            replaced.iter().filter_map(|one| one.as_ref().err()).map(|failed| failed.kind.as_str()).collect();
        match (given.as_slice(), &paid) {
            ([new], Err(failed)) => {
                assert_eq!(failed.kind, "hold_released");
                assert!(refused.iter().all(|kind| *kind == "hold_released"), "{refused:?}");
                service.admin.call("loyalty.release", json!({"hold_id": new["hold_id"], "reason": "test"}));
            }
            ([], Ok(_)) => {
                assert!(refused.iter().all(|kind| *kind == "hold_captured"), "{refused:?}");
                service.admin.give(1, "100");
            }
            outcome => panic!("round {round}: {outcome:?} {refused:?}"),
        }
        assert_eq!(service.admin.points(1), ("1000".into(), "0".into(), "1000".into()), "round {round}");
    }
    service.admin.verified();
}

#[test]
fn killed_between_replacing_and_payment_the_sync_captures_the_new_hold() {
    let mut service = with_ten_percent("100", json!({}));
    let order = uuid();
    let old = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
    let new = replace(&service.admin, "ten", &draft(&order, 1, "300.00"), &old).unwrap();
    service.kill();
    let id = new["hold_id"].as_str().unwrap();
    service.shop.sell_lines(Some(1), &order, &[line(1, "1", "300.00"), reward_line(id, "30.00")]);
    service.launch();
    eventually("the hold is captured", || service.admin.points(1) == ("270".into(), "0".into(), "270".into()));
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.admin.verified();
}

/// A service whose clock stands shortly before midnight, when the 100 points of customer 1 end; the moment of midnight.
fn before_midnight(test: impl FnOnce(&Service, &dyn Fn(i64))) {
    let clock = Clock::new();
    let on_postgres = std::env::var("LOYALTY_TEST_DATABASE").as_deref() == Ok("postgres");
    if on_postgres && !Cluster::is_possible() {
        eprintln!("left out: PostgreSQL's server programs are not here");
        return;
    }
    let cluster = on_postgres.then(|| Cluster::start_with(&clock.environment()));
    let database = cluster.as_ref().map_or_else(Database::sqlite, |cluster| Database::on(cluster.url()));
    let environment = clock.environment();
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let service = Service::on(database, &environment);
    let mut program = ten_percent(json!({"hold_seconds": 600}));
    program["expiry"] = json!({"after_days": 1});
    let midnight = (Utc::now() + TimeDelta::days(2)).date_naive().and_time(NaiveTime::MIN).and_utc();
    let set = |seconds: i64| clock.set((midnight - Utc::now()).num_seconds() + seconds);
    // Points of the day before end at this midnight.
    set(-86_400 - 3_600);
    service.admin.call("program.put", json!({"program": program}));
    service.admin.give(1, "100");
    set(-300);
    test(&service, &set);
    service.admin.verified();
}

#[test]
fn points_that_the_old_hold_kept_beyond_their_end_stay_kept_and_no_longer_than_before() {
    before_midnight(|service, set| {
        let order = uuid();
        let old = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
        set(100);
        // 100 seconds after their end they are the old hold's alone.
        assert_eq!(service.admin.points(1), ("100".into(), "100".into(), "0".into()));
        let new = replace(&service.admin, "ten", &draft(&order, 1, "300.00"), &old).unwrap();
        assert_eq!((&new["discount"], &new["expires_at"]), (&json!("30.00"), &old["expires_at"]));
        set(200);
        let third = replace(&service.admin, "ten", &draft(&order, 1, "200.00"), &new).unwrap();
        assert_eq!(third["expires_at"], old["expires_at"], "however often it is replaced");
        // Fewer points are needed now: what nothing keeps any more is gone.
        let fewer = replace(&service.admin, "deal", &draft(&order, 1, "200.00"), &third).unwrap();
        assert_eq!(service.admin.points(1), ("50".into(), "50".into(), "0".into()));
        assert_eq!(capture(&service.admin, &fewer, &order).unwrap()["balance"], "0");
    });
}

#[test]
fn what_was_kept_ends_with_the_old_holds_time_and_points_that_are_good_do_not_shorten_the_new_one() {
    before_midnight(|service, set| {
        let order = uuid();
        let old = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
        // Before midnight nothing is past its end: the new hold lives as long as any.
        set(-200);
        let new = replace(&service.admin, "ten", &draft(&order, 1, "300.00"), &old).unwrap();
        assert_ne!(new["expires_at"], old["expires_at"]);
        set(100);
        let third = replace(&service.admin, "ten", &draft(&order, 1, "100.00"), &new).unwrap();
        assert_eq!(third["expires_at"], new["expires_at"]);
        set(450);
        assert_eq!(service.admin.points(1), ("0".into(), "0".into(), "0".into()), "the hold's time is over");
        // Fresh points beside expired ones that another order's hold keeps: they alone are this one's.
        service.admin.give(1, "100");
        let hold = service.admin.hold(1, "ten", &draft(&order, 1, "100.00")).unwrap();
        set(460);
        let next = replace(&service.admin, "ten", &draft(&order, 1, "300.00"), &hold).unwrap();
        assert_ne!(next["expires_at"], hold["expires_at"]);
    });
}
