//! kill -9 at the worst moments: after the restart the ledger is right without a hand laid on it.

use std::time::Duration;

use serde_json::json;

use crate::support::{Load, Service, draft, eventually, line, load, long, reward_line, seed, uuid};

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
fn every_acknowledged_change_survives_kill_9_exactly_once() {
    let seed = seed();
    println!("LOYALTY_TEST_SEED={seed}");
    let mut service = Service::without_program(&[]);
    service.admin.call("program.put", json!({"program": load::program()}));
    let mut load = Load::new(6, seed);
    let kills = if long() { 200 } else { 20 };
    for kill in 1..=kills {
        let changes = 5 + load.random().place(40);
        let moment = Duration::from_micros(load.random().below(10_000));
        let api = service.admin.clone();
        load.during(&api, |load| {
            load.wait_for(changes);
            std::thread::sleep(moment);
            service.kill();
        });
        service.launch();
        // Before anybody asks again: what was on its way may be there or not, all else is as it was told.
        assert_eq!(load.sums(&service.admin), Vec::<String>::new(), "after kill {kill}");
        load.ask_again(&service.admin);
        assert_eq!(load.sums(&service.admin), Vec::<String>::new(), "asked again after kill {kill}");
        assert_eq!(load.repeated(&service.admin, 20, 20), Vec::<String>::new(), "after kill {kill}");
    }
    println!("{kills} kills, {} changes acknowledged", load.acknowledged());
    assert_eq!(load.contradictions(&service.admin), Vec::<String>::new());
    assert_eq!(load.repeated(&service.admin, 1000, 0), Vec::<String>::new());
    service.admin.verified();
}
