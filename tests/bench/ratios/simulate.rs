//! `program simulate` on the orders of a large shop.

use serde_json::{Value, json};

use super::blocks::{Must, Row, figures};
use super::clocks::of_child;
use super::reading::synced;
use super::service::StandIn;
use super::setup::{Setup, folder, sqlite};
use super::shop;

const ORDERS: i64 = 1_000_000;

/// A million orders through a program with something of everything.
pub fn simulate(setup: &Setup) {
    eprintln!("  making {ORDERS} orders …");
    let stand_in = StandIn::of(shop::filled(ORDERS));
    eprintln!("  reading them …");
    let mut sides = setup.sides(|binary| {
        let folder = folder();
        let (_, report) = synced(binary, folder.path(), "loyalty.db", stand_in.served.url());
        assert_eq!(report["orders_read"], ORDERS, "{report}");
        std::fs::write(folder.path().join("candidate.json"), candidate().to_string()).unwrap();
        (binary.clone(), folder)
    });
    drop(stand_in);
    let rows = [
        Row { name: "simulate, 1,000,000 orders: processor s", unit: "s", must: Must::AtMost(9.0) },
        Row { name: "(its peak of memory)", unit: "MiB", must: Must::Known },
        Row { name: "(the share of SQL in its time)", unit: "", must: Must::Known },
    ];
    figures(&rows, setup.at_most(5), &mut sides, |(binary, folder)| {
        let folder = folder.path();
        let report = folder.join("report.json");
        let mut command = binary.command(folder, &sqlite(&folder.join("loyalty.db")));
        command.args(["program", "simulate", "candidate.json", "--json"]);
        command.stdout(std::fs::File::create(&report).unwrap());
        let (processor_s, peak_mib) = of_child(command.spawn().unwrap());
        let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
        assert_eq!(report["orders"]["read"], ORDERS, "{report}");
        let seconds = |name: &str| report[name].as_f64().unwrap_or_else(|| panic!("no {name}: {report}"));
        vec![processor_s, peak_mib, seconds("sql_seconds") / seconds("seconds")]
    });
}

fn candidate() -> Value {
    json!({
        "code": "candidate", "name": "Candidate", "currency": "USD", "timezone": "Europe/Paris",
        "earning": {"rules": [
            {"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"},
            {"code": "toys", "kind": "per_unit", "points": "5", "scope": {"pos_category_ids": [3]}},
            {"code": "visit", "kind": "per_order", "points": "2", "min_order_amount": "20.00"},
            {"code": "sundays", "kind": "multiplier", "factor": "2", "window": {"weekdays": [7]}},
        ]},
        "expiry": {"after_days": 365, "granularity": "month"},
        "rewards": [
            {"code": "5off", "kind": "discount_amount", "points": "100", "amount": "5.00"},
            {"code": "ten", "kind": "discount_percent", "points": "200", "percent": "10", "max_amount": "20.00"},
            {"code": "pay", "kind": "discount_per_point", "rate": "0.05", "minimum_points": "50"},
            {"code": "mug", "kind": "free_product", "points": "300", "product_id": 12},
        ],
    })
}
