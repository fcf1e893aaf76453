//! The procedures of OPERATIONS.md: a ledger that is lost, and one of yesterday.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Database, Service, TestShop, club, draft, line, reward_line, uuid};

/// A shop that was served by a ledger: 200.00 in the morning, and in the afternoon 40.00 with a reward for 100 points.
struct Day {
    shop: Arc<TestShop>,
    /// The ledger as it was at noon.
    noon: Service,
    /// The ledger in the evening, about to be lost.
    evening: Service,
}

impl Day {
    fn new() -> Self {
        let shop = Arc::new(TestShop::new());
        let ledger = || {
            let service = Service::reading(Arc::clone(&shop), Database::new(), &[]);
            service.admin.call("program.put", json!({"program": club()}));
            service
        };
        shop.sell(1, "200.00");
        let mut noon = ledger();
        noon.admin.sync();
        assert_eq!(noon.admin.balance(1), "200");
        noon.kill();
        let evening = ledger();
        evening.admin.sync();
        let order = uuid();
        let hold = evening.admin.hold(1, "5off", &draft(&order, 1, "40.00")).unwrap()["hold_id"].clone();
        shop.sell_lines(Some(1), &order, &[line(1, "1", "40.00"), reward_line(hold.as_str().unwrap(), "5.00")]);
        evening.admin.sync();
        assert_eq!(evening.admin.balance(1), "130", "200 - 100 + 30");
        Self { shop, noon, evening }
    }
}

/// The kinds of the exceptions that wait.
fn exceptions(service: &Service) -> Vec<String> {
    let listed = service.admin.call("exception.list", json!({"state": "open"}));
    let kind = |one: &Value| one["kind"].as_str().unwrap().to_owned();
    listed["exceptions"].as_array().unwrap().iter().map(kind).collect()
}

#[test]
fn a_lost_ledger_earns_again_from_odoo() {
    let mut day = Day::new();
    day.evening.kill();
    let empty = Service::reading(Arc::clone(&day.shop), Database::new(), &[]);
    empty.admin.call("program.put", json!({"program": club()}));
    assert_eq!(empty.verb(&["sync", "--full"]).code, 0);
    assert_eq!(empty.admin.balance(1), "230", "all that was earned; what was spent only the order knows");
    assert_eq!(exceptions(&empty), ["unknown_hold"], "and says so");
    empty.admin.verified();
}

#[test]
fn a_ledger_of_yesterday_catches_up() {
    let mut day = Day::new();
    day.evening.kill();
    day.noon.launch();
    day.noon.admin.sync();
    assert_eq!(day.noon.admin.balance(1), "230");
    assert_eq!(exceptions(&day.noon), ["unknown_hold"]);
    // It goes on as if nothing had been.
    day.shop.sell(1, "10.00");
    day.noon.admin.sync();
    assert_eq!(day.noon.admin.balance(1), "240");
    assert!(day.noon.admin.hold(1, "5off", &draft(&uuid(), 1, "40.00")).is_ok());
    day.noon.admin.verified();
}
