//! SIGTERM: what was begun is finished and answered, and the process is gone within ten seconds, whatever others do.

use std::time::Duration;

use loyalty_sidecar::demo::FaultInjection;
use serde_json::json;

use crate::support::{Load, Service, load, long, seed};

/// Orchestrators send SIGKILL after this.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn sigterm_under_load_loses_no_acknowledgement() {
    stopped_under_load(&[], |_| {});
}

#[test]
fn sigterm_under_load_loses_no_acknowledgement_while_odoo_hangs() {
    stopped_under_load(&[("LOYALTY__SYNC__INTERVAL_SECONDS", "1")], |service| {
        service.shop.shop.inject(FaultInjection::Hang(Duration::from_secs(30)), None, None);
        // Long enough for a pass to begin, and to hang.
        std::thread::sleep(Duration::from_millis(1500));
    });
}

fn stopped_under_load(environment: &[(&str, &str)], trouble: impl Fn(&Service)) {
    let seed = seed();
    println!("LOYALTY_TEST_SEED={seed}");
    let mut service = Service::without_program(environment);
    service.admin.call("program.put", json!({"program": load::program()}));
    let mut load = Load::new(8, seed);
    for stop in 1..=if long() { 40 } else { 4 } {
        trouble(&service);
        let changes = 5 + load.random().place(60);
        let api = service.admin.clone();
        let (code, took) = load.during(&api, |load| {
            load.wait_for(changes);
            service.terminate()
        });
        assert_eq!(code, 0, "stop {stop}: {}", service.log());
        assert!(took < PATIENCE, "stop {stop}: {took:?}");
        service.shop.shop.behave();
        service.launch();
        assert_eq!(load.unanswered(&service.admin), Vec::<String>::new(), "done, and nobody was told: stop {stop}");
        assert_eq!(load.contradictions(&service.admin), Vec::<String>::new(), "stop {stop}");
        load.ask_again(&service.admin);
    }
    assert_eq!(load.contradictions(&service.admin), Vec::<String>::new());
    assert_eq!(load.repeated(&service.admin, 200, 100), Vec::<String>::new());
    service.admin.verified();
}

#[test]
fn sigterm_drains_and_exits_0_whatever_odoo_does() {
    let mut service = Service::without_program(&[("LOYALTY__SYNC__INTERVAL_SECONDS", "1")]);
    service.shop.shop.inject(FaultInjection::Hang(Duration::from_secs(30)), None, None);
    std::thread::sleep(Duration::from_millis(1500));
    let (code, took) = service.terminate();
    assert_eq!(code, 0, "{}", service.log());
    assert!(took < PATIENCE, "{took:?}");
}
