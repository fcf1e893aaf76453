//! kill -9 at the worst moments: after the restart the ledger is right without a hand laid on it.

use std::time::Duration;

use serde_json::json;

use crate::support::{Service, draft, eventually, line, reward_line, uuid};

#[test]
fn killed_between_hold_and_payment() {
    let mut service = Service::start();
    service.admin.give(1, "100");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    service.kill();
    let id = hold["hold_id"].as_str().unwrap();
    service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    service.launch();
    // The first pass after the start reads the paid order and captures.
    eventually("the hold is captured", || service.admin.points(1) == ("20".into(), "0".into(), "20".into()));
    service.admin.verified();
}

#[test]
fn killed_between_payment_and_capture() {
    let mut service = Service::start();
    service.admin.give(1, "100");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap();
    let sold = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    service.kill();
    assert!(service.admin.post("{}").is_err(), "nobody is there for the capture");
    service.launch();
    eventually("the sync captures", || service.admin.balance(1) == "20");
    let late = json!({"hold_id": id, "order": {"uuid": order, "id": sold.id}});
    assert_eq!(service.admin.call("loyalty.capture", late)["balance"], "0", "the reply that was lost");
    assert_eq!(service.admin.balance(1), "20");
    service.admin.verified();
}

#[test]
fn every_acknowledged_point_survives() {
    let mut service = Service::start();
    let mut acknowledged = 0_i64;
    for round in 0..5 {
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..4)
                .map(|caller| {
                    let api = service.admin.clone();
                    scope.spawn(move || {
                        let mut done = 0_i64;
                        for number in 0..200 {
                            let params = json!({"idempotency_key": format!("{round}-{caller}-{number}"), "partner_id": 1,
                                                "program": "club", "points": "1", "reason": "load"});
                            match api.answer("ledger.adjust", &params) {
                                Ok(answer) if answer.get("result").is_some() => done += 1,
                                _ => break,
                            }
                        }
                        done
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(60 + 37 * round));
            service.kill();
            acknowledged += callers.into_iter().map(|caller| caller.join().unwrap()).sum::<i64>();
        });
        service.launch();
        let balance: i64 = service.admin.balance(1).parse().unwrap();
        assert!(balance >= acknowledged, "{balance} of {acknowledged} acknowledged");
        // At most what was on its way when it was killed was written and not acknowledged: one per caller.
        assert!(balance <= acknowledged + 4, "{balance} for {acknowledged} acknowledged");
        acknowledged = balance;
    }
    assert!(acknowledged > 0);
    service.admin.verified();
}

#[test]
fn sigterm_drains_and_exits_0_whatever_odoo_does() {
    let mut service = Service::without_program(&[("LOYALTY__SYNC__INTERVAL_SECONDS", "1")]);
    service.shop.shop.misbehave(loyalty_sidecar::demo::Misbehaviour::Hang(Duration::from_secs(30)), None, None);
    std::thread::sleep(Duration::from_millis(1500));
    let (code, took) = service.terminate();
    assert_eq!(code, 0, "{}", service.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
}
