//! kill -9 at the worst moments: after the restart the ledger is right without a hand laid on it.

use std::time::{Duration, Instant};

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
fn killed_between_two_chunks_of_a_page_of_orders() {
    const ORDERS: i64 = 400;
    let mut service = Service::start();
    for _ in 0..ORDERS {
        service.shop.sell(1, "10.00");
    }
    let kept = |service: &Service| service.database.number("SELECT count(*) FROM orders");
    let reading = service.admin.clone();
    let run = json!({"jsonrpc": "2.0", "id": 1, "method": "sync.run"}).to_string();
    let reader = std::thread::spawn(move || reading.post(&run).is_ok());
    // All of them are one page of Odoo's.
    let began = Instant::now();
    while kept(&service) == 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "no chunk was ever written");
        std::thread::sleep(Duration::from_millis(1));
    }
    service.kill();
    assert!(!reader.join().unwrap(), "the pass was not over");
    let (taken_in, cursors) =
        (kept(&service), service.database.number("SELECT count(*) FROM cursors WHERE stream = 'pos.order'"));
    assert!(taken_in < ORDERS && taken_in % 100 == 0, "{taken_in}: chunks are whole");
    assert_eq!(cursors, 0, "nothing says that the page was read");
    service.launch();
    eventually("the others are taken in", || service.admin.balance(1) == (10 * ORDERS).to_string());
    assert_eq!(kept(&service), ORDERS);
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
