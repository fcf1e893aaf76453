//! Members move whole: merged, deleted and moved contacts, and customers that a service user no longer sees.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Api, Closing, Service, club, draft, eventually, line, reward_line, uuid};

/// One point for each full 1.00; a point is worth 0.05.
fn points_per_unit() -> Value {
    let mut program = club();
    program["earning"] = json!({"rules": [{"code": "base", "kind": "per_amount", "every": "1.00", "points": "1"}]});
    program
}

/// A service that compares every order in each pass.
fn service_with(program: &Value, environment: &[(&str, &str)]) -> Service {
    let mut all = vec![("LOYALTY__SYNC__SWEEP_HOURS", "0")];
    all.extend(environment);
    let service = Service::without_program(&all);
    service.admin.call("program.put", json!({"program": program}));
    service
}

fn service() -> Service {
    service_with(&points_per_unit(), &[])
}

/// A hold of so many points on a draft.
fn hold(service: &Service, partner: i64, points: &str, order: &str, total: &str) -> Value {
    service.admin.call(
        "loyalty.hold",
        json!({"idempotency_key": uuid(), "partner_id": partner, "program": "club", "reward": "pay", "points": points,
               "order": draft(order, partner, total)}),
    )
}

fn id_of(hold: &Value) -> String {
    hold["hold_id"].as_str().unwrap().to_owned()
}

/// Sells for `total` and pays `off` of it with the hold.
fn pay_with(service: &Service, partner: i64, order: &str, total: &str, hold: &Value, off: &str) -> Vec<i64> {
    let lines = [line(1, "1", total), reward_line(&id_of(hold), off)];
    service.shop.sell_lines(Some(partner), order, &lines).lines
}

/// Kind, points and cause of a member's entries, oldest first.
fn story(api: &Api, partner: i64) -> Vec<(String, String, String)> {
    let found = api.call("loyalty.history", json!({"partner_id": partner, "limit": 500}));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut listed: Vec<_> = found["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (text(&entry["kind"]), text(&entry["points"]), text(&entry["cause"]["name"])))
        .collect();
    listed.reverse();
    listed
}

/// The points of a member's transfers, oldest first.
fn transfers(api: &Api, partner: i64) -> Vec<String> {
    story(api, partner).into_iter().filter(|(kind, _, _)| kind == "transfer").map(|(_, points, _)| points).collect()
}

fn exceptions(service: &Service, kind: &str) -> Vec<Value> {
    let listed = service.admin.call("exception.list", json!({"state": "open"}));
    listed["exceptions"].as_array().unwrap().iter().filter(|one| one["kind"] == kind).cloned().collect()
}

/// Partner 1 earned 100, spent 80 and earned 4; partner 2 has 2. The lines of the order that was paid with points.
fn earned_spent_earned(service: &Service) -> (crate::support::Sold, Vec<i64>) {
    let first = service.shop.sell(1, "100.00");
    service.shop.sell(2, "2.00");
    service.admin.sync();
    let order = uuid();
    let held = hold(service, 1, "80", &order, "8.00");
    assert_eq!(held["discount"], "4.00");
    let lines = pay_with(service, 1, &order, "8.00", &held, "4.00");
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("24".into(), "2".into()));
    (first, lines)
}

#[test]
fn a_merged_contact_takes_everything_along_once() {
    let service = service();
    earned_spent_earned(&service);
    service.shop.merge(1, 2);
    service.admin.sync();
    assert_eq!(service.admin.points(2), ("26".into(), "0".into(), "26".into()));
    assert_eq!(service.admin.balance(1), "0");
    let left = story(&service.admin, 1).pop().unwrap();
    assert_eq!(left, ("transfer".into(), "-24".into(), "merged into Customer 2".into()));
    let came = story(&service.admin, 2).pop().unwrap();
    assert_eq!(came, ("transfer".into(), "24".into(), "merged into Customer 2 from Customer 1".into()));
    let entry = &service.admin.call("loyalty.history", json!({"partner_id": 2}))["entries"][0];
    assert_eq!((&entry["cause"]["model"], &entry["cause"]["id"]), (&json!("res.partner"), &json!(1)));
    assert_eq!(entry["actor"], "sync");
    service.admin.verified();
    // Reading all of it again finds nothing to do, and nobody is bothered.
    for _ in 0..2 {
        assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    }
    assert_eq!((story(&service.admin, 1).len(), story(&service.admin, 2).len()), (4, 2));
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.admin.verified();
}

#[test]
fn a_merge_that_a_window_sees_first_is_no_change_of_customer() {
    // No comparison of all orders: one order of the merged contact is written, and a till tells of another.
    let service = Service::without_program(&[]);
    service.admin.call("program.put", json!({"program": points_per_unit()}));
    let (first, _) = earned_spent_earned(&service);
    service.shop.merge(1, 2);
    service.shop.change_order(first.id, json!({"state": "done"}));
    service.api("pos").call("sync.notify", json!({"order_ids": [first.id]}));
    eventually("the merge is noticed", || service.admin.balance(2) == "26");
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "26".into()));
    assert_eq!((transfers(&service.admin, 1), transfers(&service.admin, 2)), (vec!["-24".into()], vec!["24".into()]));
    service.admin.verified();
}

#[test]
fn imported_and_adjusted_points_come_along_and_are_not_imported_again() {
    let service = service_with(&club(), &[]);
    let shop = &service.shop.shop;
    shop.insert("loyalty.program", json!({"id": 1, "name": "Cards", "program_type": "loyalty"}));
    for (id, partner, points) in [(11, 1, 30), (12, 2, 5)] {
        shop.insert("loyalty.card", json!({"id": id, "program_id": 1, "partner_id": partner, "points": points}));
    }
    let import = || service.verb(&["import", "odoo-loyalty", "--program", "club", "--json"]);
    assert_eq!(import().code, 0);
    service.admin.give(1, "7");
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("47".into(), "5".into()));
    service.shop.merge(1, 2);
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "52".into()));
    // Odoo's card is the other customer's now, and says the same.
    let again: Value = serde_json::from_str(&import().out).unwrap();
    assert_eq!((&again["imported"], &again["unchanged"]), (&json!(0), &json!(2)), "{again}");
    shop.update("loyalty.card", 11, json!({"points": 40}));
    let more: Value = serde_json::from_str(&import().out).unwrap();
    assert_eq!((&more["imported"], &more["points"]), (&json!(1), &json!("10")), "{more}");
    assert_eq!(service.admin.balance(2), "62");
    service.admin.verified();
}

#[test]
fn two_merges_in_a_row_end_at_the_last_whether_they_are_seen_one_by_one_or_together() {
    for together in [false, true] {
        let service = service();
        earned_spent_earned(&service);
        service.shop.sell(3, "30.00");
        service.admin.sync();
        service.shop.merge(1, 2);
        if !together {
            service.admin.sync();
        }
        service.shop.merge(2, 3);
        service.admin.sync();
        let balances = [1, 2, 3].map(|partner| service.admin.balance(partner));
        assert_eq!(balances, ["0", "0", "56"], "together: {together}");
        service.admin.verified();
        // A till that still names the first asks for points of the last.
        let held = hold(&service, 1, "56", &uuid(), "100.00");
        assert_eq!(service.admin.points(3), ("56".into(), "56".into(), "0".into()));
        service.admin.call("loyalty.release", json!({"hold_id": id_of(&held), "reason": "no"}));
        assert_eq!(exceptions(&service, "orphaned_account"), Vec::<Value>::new());
        service.admin.verified();
    }
}

#[test]
fn open_holds_move_and_are_captured_by_their_id() {
    let service = service();
    service.shop.sell(1, "100.00");
    service.shop.sell(2, "60.00");
    service.admin.sync();
    let (paid, tilled) = (uuid(), uuid());
    let by_sync = hold(&service, 1, "50", &paid, "100.00");
    let by_till = hold(&service, 1, "50", &tilled, "100.00");
    let open = hold(&service, 2, "60", &uuid(), "100.00");
    service.shop.merge(1, 2);
    service.admin.sync();
    assert_eq!(service.admin.points(1), ("0".into(), "0".into(), "0".into()));
    assert_eq!(service.admin.points(2), ("160".into(), "160".into(), "0".into()));
    let captured = json!({"hold_id": id_of(&by_till), "order": {"uuid": tilled}});
    assert_eq!(service.api("pos").call("loyalty.capture", captured)["balance"], "110");
    service.admin.call("loyalty.release", json!({"hold_id": id_of(&open), "reason": "no"}));
    // The paid order names the customer that Odoo has now.
    pay_with(&service, 2, &paid, "100.00", &by_sync, "2.50");
    service.admin.sync();
    assert_eq!(service.admin.points(2), ("157".into(), "0".into(), "157".into()), "160 less 100, and 97 earned");
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.admin.verified();
}

/// A contact that is still in Odoo pays with the hold it had when all its points were moved to another by hand.
#[test]
fn a_hold_of_a_living_contact_is_spent_on_its_order_after_its_points_moved() {
    for heirs in [&[2][..], &[2, 3]] {
        let service = service();
        service.shop.sell(1, "160.00");
        service.admin.sync();
        let (paid, tilled, early) = (uuid(), uuid(), uuid());
        let [by_sync, by_till, before] = [&paid, &tilled, &early].map(|order| hold(&service, 1, "50", order, "100.00"));
        let capture = |held: &Value, order: &str| {
            service.api("pos").call("loyalty.capture", json!({"hold_id": id_of(held), "order": {"uuid": order}}));
        };
        capture(&before, &early);
        let mut from = 1;
        for heir in heirs {
            let asked = json!({"idempotency_key": uuid(), "from_partner_id": from, "to_partner_id": heir,
                               "reason": "one person"});
            service.admin.call("member.transfer", asked);
            from = *heir;
        }
        capture(&by_till, &tilled);
        for (order, held) in [(&paid, &by_sync), (&tilled, &by_till), (&early, &before)] {
            pay_with(&service, 1, order, "100.00", held, "2.50");
        }
        service.admin.sync();
        assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]), "{heirs:?}");
        let spent = ("10".into(), "0".into(), "10".into());
        assert_eq!(service.admin.points(from), spent, "160 less three times 50");
        assert_eq!(service.admin.balance(1), "291", "what it buys since is its own: three times 97");
        service.admin.verified();

        // A hold that the heir made since was never the contact's.
        service.shop.sell(from, "60.00");
        service.admin.sync();
        let order = uuid();
        let of_heir = hold(&service, from, "50", &order, "100.00");
        pay_with(&service, 1, &order, "100.00", &of_heir, "2.50");
        service.admin.sync();
        assert_eq!(exceptions(&service, "foreign_hold").len(), 1, "{heirs:?}");
        assert_eq!(service.admin.points(from), ("70".into(), "50".into(), "20".into()));
        service.admin.verified();
    }
}

#[test]
fn a_debt_moves_and_what_the_other_has_pays_it() {
    for (of_the_merged, of_the_other, together) in [("-50", "20", "-30"), ("-50", "70", "20"), ("30", "-50", "-20")] {
        let service = service_with(&club(), &[]);
        service.shop.sell(1, "1.00");
        service.admin.give(1, of_the_merged);
        service.admin.give(2, of_the_other);
        service.admin.sync();
        service.shop.merge(1, 2);
        service.admin.sync();
        assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), together.into()));
        service.admin.verified();
    }
}

#[test]
fn lots_keep_their_end() {
    let mut program = club();
    program["expiry"] = json!({"after_days": 30, "granularity": "day"});
    let service = service_with(&program, &[]);
    let days = |days| Utc::now() - TimeDelta::days(days);
    for (partner, ago, amount) in [(1, 20, "50.00"), (1, 5, "30.00"), (2, 20, "10.00"), (2, 2, "20.00")] {
        service.shop.sell_at(days(ago), Some(partner), &uuid(), &[line(1, "1", amount)]);
    }
    // Points that ended with the one or the other stay ended.
    service.shop.sell_at(days(90), Some(1), &uuid(), &[line(1, "1", "70.00")]);
    service.admin.give(1, "8");
    service.admin.sync();
    let expiring = |partner: i64| -> Vec<String> {
        let shown = service.admin.call("loyalty.balance", json!({"partner_ids": [partner]}));
        let listed = shown[0]["programs"][0]["expiring"].as_array().unwrap().clone();
        listed.iter().map(|lot| lot["points"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (expiring(1), expiring(2)),
        (vec!["50".into(), "30".into(), "8".into()], vec!["10".into(), "20".into()])
    );
    service.shop.merge(1, 2);
    service.admin.sync();
    assert_eq!(expiring(2), ["60", "30", "20", "8"]);
    assert_eq!((expiring(1).len(), service.admin.balance(2)), (0, "118".into()));
    service.admin.verified();
}

#[test]
fn a_limit_counts_the_rewards_of_both() {
    let mut program = points_per_unit();
    program["rewards"][1]["limit"] = json!({"count": 2});
    let service = service_with(&program, &[]);
    for partner in [1, 2] {
        service.shop.sell(partner, "200.00");
        service.admin.sync();
        let order = uuid();
        let held = hold(&service, partner, "50", &order, "100.00");
        pay_with(&service, partner, &order, "100.00", &held, "2.50");
    }
    service.admin.sync();
    service.shop.merge(1, 2);
    service.admin.sync();
    let refused = service.admin.hold(2, "pay", &draft(&uuid(), 2, "100.00")).unwrap_err();
    assert_eq!((refused.code, &refused.data["reason"]), (1003, &json!("limit_reached")), "{refused:?}");
    service.admin.verified();
}

#[test]
fn the_earlier_enrolment_holds() {
    let mut program = club();
    program["enrolment"] = json!("explicit");
    let service = service_with(&program, &[]);
    let hours = |hours| Utc::now() - TimeDelta::hours(hours);
    let enrol = |partner: i64, since| {
        let member = json!({"partner_id": partner, "program": "club", "since": since});
        service.admin.call("member.enrol", member)
    };
    enrol(1, hours(9).to_rfc3339());
    enrol(2, hours(3).to_rfc3339());
    for (partner, ago) in [(1, 8), (1, 2), (2, 7), (2, 1)] {
        service.shop.sell_at(hours(ago), Some(partner), &uuid(), &[line(1, "1", "10.00")]);
    }
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("20".into(), "10".into()));
    service.shop.merge(1, 2);
    service.admin.sync();
    // The member takes part since the earlier date: so the order of seven hours ago counts, too.
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "40".into()));
    let shown = service.admin.call("loyalty.balance", json!({"partner_ids": [2]}));
    assert_eq!(shown[0]["programs"][0]["enrolled"], true);
    let since = service.database.texts("SELECT enrolled_at_us || '' AS value FROM memberships WHERE partner_id = 2");
    assert_eq!(
        since,
        service.database.texts("SELECT enrolled_at_us || '' AS value FROM memberships WHERE partner_id = 1")
    );
    service.admin.verified();
}

#[test]
fn orders_of_one_who_never_enrolled_earn_for_the_enrolled_member_that_gets_them() {
    let mut program = club();
    program["enrolment"] = json!("explicit");
    let service = service_with(&program, &[]);
    let hours = |hours| Utc::now() - TimeDelta::hours(hours);
    service.admin.call("member.enrol", json!({"partner_id": 2, "program": "club", "since": hours(9).to_rfc3339()}));
    service.shop.sell_at(hours(5), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(2), "0");
    service.admin.call(
        "member.transfer",
        json!({"idempotency_key": uuid(), "from_partner_id": 1, "to_partner_id": 2, "reason": "one person"}),
    );
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "10".into()));
    service.admin.verified();
}

#[test]
fn refunds_after_the_merge_are_the_new_customers() {
    let service = service();
    let (first, paid) = earned_spent_earned(&service);
    service.shop.merge(1, 2);
    service.admin.sync();
    // Half of the first sale comes back, then the reward line of the other.
    service.shop.sell_lines(
        Some(2),
        &uuid(),
        &[json!({"product_id": 1, "qty": -1, "price_subtotal": -100, "price_subtotal_incl": -100,
                 "refunded_orderline_id": first.lines[0]})],
    );
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "-74".into()));
    service.shop.sell_lines(
        Some(2),
        &uuid(),
        &[json!({"product_id": 3, "qty": -1, "price_subtotal": 4, "price_subtotal_incl": 4,
                 "refunded_orderline_id": paid[1]})],
    );
    service.admin.sync();
    // 80 points come back, and the sale of 8.00 was paid in full: 8 instead of 4.
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "10".into()));
    service.admin.verified();
}

#[test]
fn what_expired_before_the_merge_is_not_taken_once_more() {
    let mut program = club();
    program["expiry"] = json!({"after_days": 30, "granularity": "day"});
    let service = service_with(&program, &[]);
    let sold = service.shop.sell_at(Utc::now() - TimeDelta::days(90), Some(1), &uuid(), &[line(1, "1", "50.00")]);
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    service.shop.merge(1, 2);
    service.admin.sync();
    service.shop.refund(2, sold.lines[0], 1, "-1", "-50.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(2), "10", "the 50 points had expired with the old customer");
    service.admin.verified();
}

#[test]
fn a_contact_that_is_gone_without_a_heir_is_told_and_moved_by_hand() {
    for heirs in [&[2_i64, 3][..], &[]] {
        let service = service();
        let sold = [service.shop.sell(1, "60.00"), service.shop.sell(1, "40.00")];
        service.admin.give(1, "5");
        service.admin.sync();
        let order = uuid();
        let held = hold(&service, 1, "80", &order, "100.00");
        service.admin.call("loyalty.capture", json!({"hold_id": id_of(&held), "order": {"uuid": order}}));
        assert_eq!(service.admin.balance(1), "25");
        for (number, one) in sold.iter().enumerate() {
            let heir = heirs.get(number).map_or(json!(false), |heir| json!(heir));
            service.shop.shop.update_silently("pos.order", one.id, json!({"partner_id": heir}));
        }
        service.shop.shop.delete("res.partner", 1);
        service.admin.sync();
        service.admin.sync();
        let [told] = &exceptions(&service, "orphaned_account")[..] else { panic!("{heirs:?}") };
        let left = service.admin.balance(1);
        assert_eq!(
            (&told["partner_id"], left.as_str()),
            (&json!(1), "-75"),
            "what its orders had earned went with them"
        );
        assert!(told["detail"].as_str().unwrap().contains("-75"), "{told}");
        service.admin.verified();

        let asked =
            json!({"idempotency_key": uuid(), "from_partner_id": 1, "to_partner_id": 4, "reason": "one person"});
        assert_eq!(service.api("viewer").refused("member.transfer", asked.clone()).kind, "forbidden");
        let moved = service.admin.call("member.transfer", asked.clone());
        let entries = moved["entries"].as_array().unwrap();
        let brief: Vec<_> = entries.iter().map(|one| (one["kind"].clone(), one["points"].clone())).collect();
        assert_eq!(brief, [(json!("transfer"), json!("75")), (json!("transfer"), json!("-75"))]);
        assert_eq!(entries[0]["reason"], "one person");
        assert_eq!(service.admin.call("member.transfer", asked), moved, "the same key, the same reply");
        assert_eq!((service.admin.balance(1), service.admin.balance(4)), ("0".into(), "-75".into()));
        assert_eq!(exceptions(&service, "orphaned_account"), Vec::<Value>::new());
        service.admin.sync();
        assert_eq!(exceptions(&service, "orphaned_account"), Vec::<Value>::new());
        service.admin.verified();
    }
}

#[test]
fn moving_by_hand_refuses_what_makes_no_sense_and_leaves_later_orders_where_they_are() {
    let service = service();
    let sold = service.shop.sell(1, "100.00");
    service.admin.sync();
    let ask = |from: i64, to: i64, key: &str| {
        let reason = "the wrong card";
        json!({"idempotency_key": key, "from_partner_id": from, "to_partner_id": to, "reason": reason})
    };
    let same = service.admin.refused("member.transfer", ask(1, 1, "a"));
    assert_eq!((same.code, &same.data["parameter"]), (-32602, &json!("to_partner_id")), "{same:?}");
    for (from, to) in [(1, 999), (999, 1)] {
        let unknown = service.admin.refused("member.transfer", ask(from, to, "b"));
        assert_eq!((unknown.code, unknown.kind.as_str()), (1103, "unknown_partner"), "{unknown:?}");
    }
    service.admin.call("member.transfer", ask(1, 2, "c"));
    let conflict = service.admin.refused("member.transfer", ask(1, 3, "c"));
    assert_eq!(conflict.kind, "idempotency_conflict");
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "100".into()));
    // The customer is still there: what it buys is its own, what it gives back of before is the other's.
    service.shop.sell(1, "7.00");
    service.shop.refund(1, sold.lines[0], 1, "-1", "-100.00");
    service.admin.sync();
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("7".into(), "0".into()));
    service.admin.verified();
    // And back again.
    service.admin.call("member.transfer", ask(2, 1, "d"));
    service.admin.call("member.transfer", ask(1, 2, "e"));
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "7".into()));
    assert_eq!(exceptions(&service, "orphaned_account"), Vec::<Value>::new());
    service.admin.verified();
}

#[test]
fn a_contact_that_is_hidden_from_the_service_user_was_not_merged() {
    let service = service();
    earned_spent_earned(&service);
    service.shop.shop.hide("res.partner", 1, true);
    service.shop.shop.update("res.partner", 2, json!({"active": false}));
    service.admin.sync();
    // Nor is it, when one of its orders gets another customer.
    service.shop.sell(1, "3.00");
    let other = service.shop.sell(1, "5.00");
    service.admin.sync();
    service.shop.change_order(other.id, json!({"partner_id": 2}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("27".into(), "7".into()));
    assert_eq!(transfers(&service.admin, 1), Vec::<String>::new());
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.shop.shop.hide("res.partner", 1, false);
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("27".into(), "7".into()));
    service.admin.verified();
}

#[test]
fn a_paid_order_gets_another_customer_after_its_points_were_spent() {
    let service = service();
    let (first, _) = earned_spent_earned(&service);
    service.shop.change_order(first.id, json!({"partner_id": 3}));
    service.admin.sync();
    let balances = [1, 2, 3].map(|partner| service.admin.balance(partner));
    assert_eq!(
        balances,
        ["-76", "2", "100"],
        "the customer is still there: what the order earned goes, the debt stays"
    );
    service.admin.verified();
}

/// Contacts 2 and 3 of company 1; 4 and 5 stand alone.
fn company() -> Service {
    let service = service_with(&points_per_unit(), &[("LOYALTY__ODOO__WALLET", "company")]);
    for contact in [2, 3] {
        service.shop.shop.update("res.partner", contact, json!({"commercial_partner_id": 1}));
    }
    service
}

#[test]
fn a_contact_that_goes_to_another_company_leaves_what_was() {
    let service = company();
    service.shop.sell(3, "100.00");
    service.admin.sync();
    let order = uuid();
    let held = hold(&service, 3, "80", &order, "100.00");
    pay_with(&service, 3, &order, "100.00", &held, "4.00");
    service.admin.sync();
    let balances = || [1, 4].map(|partner| service.admin.balance(partner));
    assert_eq!(balances(), ["116", "0"]);
    service.shop.shop.advance(std::time::Duration::from_hours(1));
    service.shop.shop.update("res.partner", 3, json!({"commercial_partner_id": 4}));
    service.admin.sync();
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(balances(), ["116", "0"], "no point that was spent is there again");
    let later = service.shop.sell(3, "7.00");
    service.admin.sync();
    assert_eq!(balances(), ["116", "7"]);
    // An old order that is written again stays the old company's; one that gets a customer is the customer's now.
    service.shop.change_order(later.id, json!({"partner_id": 5}));
    let nobody = service.shop.sell_lines(None, &uuid(), &[line(1, "1", "9.00")]);
    service.admin.sync();
    service.shop.change_order(nobody.id, json!({"partner_id": 3}));
    service.admin.sync();
    assert_eq!(balances(), ["116", "9"]);
    assert_eq!(exceptions(&service, "orphaned_account"), Vec::<Value>::new());
    service.admin.verified();
}

#[test]
fn a_merged_company_takes_its_wallet_along_and_a_merged_contact_leaves_it() {
    let service = company();
    service.shop.sell(2, "100.00");
    service.shop.sell(3, "10.00");
    service.shop.sell(4, "5.00");
    service.admin.sync();
    // A contact becomes one of another company: the company it was of is still there.
    service.shop.merge(3, 4);
    service.admin.sync();
    let balances = || [1, 4, 5].map(|partner| service.admin.balance(partner));
    assert_eq!(balances(), ["110", "5", "0"]);
    assert_eq!(transfers(&service.admin, 1), Vec::<String>::new());
    service.shop.shop.hide("res.partner", 1, true);
    service.admin.sync();
    assert_eq!(balances(), ["110", "5", "0"], "a right that was lost is no merge");
    service.shop.shop.hide("res.partner", 1, false);
    // The company itself, which never bought anything: its contacts go along.
    service.shop.merge(1, 5);
    service.admin.sync();
    assert_eq!(balances(), ["0", "5", "110"]);
    service.shop.sell(2, "1.00");
    service.admin.sync();
    assert_eq!(balances(), ["0", "5", "111"]);
    assert_eq!(service.admin.balance(2), "111");
    assert_eq!(service.admin.call("exception.list", json!({}))["exceptions"], json!([]));
    service.admin.verified();
}

#[test]
fn a_merge_among_tills_that_do_not_wait_loses_and_doubles_nothing() {
    let service = service();
    service.shop.sell(1, "400.00");
    service.shop.sell(2, "300.00");
    service.admin.sync();
    let (_replica, other) = service.replica();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let spent = std::thread::scope(|scope| {
        let _closing = Closing(&stop);
        let tills: Vec<_> = [(1, service.admin.clone()), (1, other.clone()), (2, service.admin.clone()), (2, other)]
            .into_iter()
            .map(|(partner, api)| {
                let stop = &stop;
                scope.spawn(move || {
                    let mut spent = 0;
                    while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                        let order = uuid();
                        let Ok(held) = api.try_call(
                            "loyalty.hold",
                            json!({"idempotency_key": uuid(), "partner_id": partner, "program": "club",
                                   "reward": "pay", "points": "50", "order": draft(&order, partner, "10.00")}),
                        ) else {
                            api.give(partner, "1");
                            spent -= 1;
                            continue;
                        };
                        let captured = json!({"hold_id": held["hold_id"], "order": {"uuid": order}});
                        api.call("loyalty.capture", captured.clone());
                        assert!(api.call("loyalty.capture", captured)["entry_id"].is_string());
                        spent += 50;
                        api.give(partner, "40");
                        spent -= 40;
                    }
                    spent
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(300));
        service.shop.merge(1, 2);
        service.admin.sync();
        std::thread::sleep(std::time::Duration::from_millis(300));
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        tills.into_iter().map(|till| till.join().unwrap()).sum::<i64>()
    });
    service.admin.sync();
    assert_eq!(service.admin.points(1), ("0".into(), "0".into(), "0".into()));
    assert_eq!(service.admin.balance(2), (700 - spent).to_string());
    service.admin.verified();
}

#[test]
fn a_service_that_is_killed_while_it_reads_a_merge_moves_all_of_it_once() {
    let mut service = service();
    for _ in 0..30 {
        service.shop.sell(1, "10.00");
    }
    service.shop.sell(2, "5.00");
    service.admin.give(1, "-20");
    service.admin.sync();
    service.shop.merge(1, 2);
    for milliseconds in [0, 3, 8, 15, 30, 60] {
        let api = service.admin.clone();
        let asking = std::thread::spawn(move || {
            let _ = api.answer("sync.run", &json!({}));
        });
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        service.kill();
        asking.join().unwrap();
        service.launch();
        let (a, b) = (service.admin.balance(1), service.admin.balance(2));
        assert!([("280", "5"), ("0", "285")].contains(&(a.as_str(), b.as_str())), "half of it moved: {a} and {b}");
    }
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "285".into()));
    assert_eq!((transfers(&service.admin, 1), transfers(&service.admin, 2)), (vec!["-280".into()], vec!["280".into()]));
    service.admin.verified();
}
