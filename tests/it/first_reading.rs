//! A first reading of a shop that is killed in the middle, again and again, comes to what any other reading comes to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Database, Random, Service, TestShop, club, line, parsed, seed};

const CUSTOMERS: i64 = 300;
const ORDERS: usize = 560;
/// Pages of Odoo that are no multiple of what the ledger writes at once.
const PAGES: [(&str, &str); 1] = [("LOYALTY__SYNC__PAGE_SIZE", "150")];

fn reader(shop: &Arc<TestShop>) -> Service {
    let service = Service::reading(Arc::clone(shop), Database::new(), &PAGES);
    let mut program = club();
    program["expiry"] = json!({"after_days": 30});
    service.admin.call("program.put", json!({"program": program, "effective_from": "2020-01-01T00:00:00Z"}));
    service
}

/// Reads all of the shop, whatever is known of it; what that came to.
fn read_all(service: &Service) -> Value {
    parsed(&service.verb(&["sync", "--full", "--json"]))
}

/// Customers, and their orders as drafts: of one to three lines, some of them long ago, and every fifth takes a line of
/// another one back. The ids of the orders.
fn fill(shop: &TestShop, random: &mut Random) -> Vec<i64> {
    for id in 6..=CUSTOMERS {
        let customer = json!({"id": id, "name": format!("Customer {id}"), "commercial_partner_id": id, "active": true});
        shop.shop.insert("res.partner", customer);
    }
    let mut sold: Vec<(i64, i64, u64)> = Vec::new();
    let mut orders = Vec::with_capacity(ORDERS);
    for number in 0..ORDERS {
        let taken = (number % 5 == 4).then(|| sold.swap_remove(random.place(sold.len())));
        let partner = taken.map_or_else(|| i64::try_from(random.below(300)).unwrap() + 1, |(partner, ..)| partner);
        let lines = match taken {
            Some((_, of, dollars)) => {
                let mut back = line(1, "-1", &format!("-{dollars}"));
                back["refunded_orderline_id"] = json!(of);
                vec![back]
            }
            None => (0..=random.below(3)).map(|_| line(1, "1", &(10 + random.below(90)).to_string())).collect(),
        };
        let days = i64::try_from(random.below(60)).unwrap();
        let at = Utc::now() - TimeDelta::days(days) - TimeDelta::hours(1);
        let order = shop.sell_at(at, Some(partner), &crate::support::uuid(), &lines);
        shop.shop.update_silently("pos.order", order.id, json!({"state": "draft"}));
        if taken.is_none() {
            sold.push((partner, order.lines[0], lines[0]["price_subtotal"].as_u64().unwrap()));
        }
        orders.push(order.id);
    }
    orders
}

/// What was posted for which sale, what each customer has, and what is kept of the orders.
fn come_to(service: &Service) -> [Vec<String>; 3] {
    let posted = service.database.texts(
        "SELECT p.sale_id || ' gave ' || a.partner_id || ' ' || p.earned_e2 AS value \
         FROM order_postings p JOIN accounts a ON a.id = p.account_id WHERE p.earned_e2 <> 0 ORDER BY p.sale_id, a.partner_id",
    );
    let all: Vec<i64> = (1..=CUSTOMERS).collect();
    let mut balances = Vec::new();
    for some in all.chunks(100) {
        let told = service.admin.call("loyalty.balance", json!({"partner_ids": some}));
        balances.extend(told.as_array().unwrap().iter().map(ToString::to_string));
    }
    let mut kept: Vec<String> = Vec::new();
    for table in ["orders", "order_line_blocks", "order_refunds", "partners"] {
        kept.extend(service.database.rows(table).lines().map(str::to_owned));
    }
    kept.sort_unstable();
    [posted, balances, kept]
}

#[test]
fn a_first_reading_that_is_killed_and_begun_again_comes_to_what_a_general_one_does() {
    let seed = seed();
    println!("LOYALTY_TEST_SEED={seed}");
    let shop = Arc::new(TestShop::new());
    let (mut killed, general) = (reader(&shop), reader(&shop));
    let orders = fill(&shop, &mut Random::seeded(seed));

    // This one knows each order already when it is paid: nothing about it is new.
    general.admin.sync();
    let number = |service: &Service, sql: &str| service.database.number(sql);
    let kept = |service: &Service| usize::try_from(number(service, "SELECT count(*) FROM orders")).unwrap();
    assert_eq!((kept(&general), number(&general, "SELECT count(*) FROM entries")), (ORDERS, 0));
    for order in &orders {
        shop.change_order(*order, json!({"state": "paid"}));
    }
    read_all(&general);
    let expected = come_to(&general);
    assert!(expected[0].len() > ORDERS / 2 && expected[2].len() > ORDERS, "{expected:?}");
    general.admin.verified();

    // And this one reads all of it for the first time. A till tells it of the newest order, which it knows before the others.
    let told = json!({"jsonrpc": "2.0", "id": 1, "method": "sync.notify", "params": {"order_ids": [orders.last()]}});
    let run = json!({"jsonrpc": "2.0", "id": 1, "method": "sync.run"}).to_string();
    let mut cut = Vec::new();
    let mut next = 1;
    while next + 100 < ORDERS {
        let reading = killed.admin.clone();
        let (told, run) = (told.to_string(), run.clone());
        let reader = std::thread::spawn(move || {
            let _ = reading.post(&told);
            reading.post(&run).is_ok()
        });
        let began = Instant::now();
        while kept(&killed) < next {
            assert!(began.elapsed() < Duration::from_secs(30), "no chunk was ever written after {cut:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        killed.kill();
        let was_over = reader.join().unwrap();
        let read = kept(&killed);
        assert!(!was_over && read < ORDERS, "the reading was over: {read} after {cut:?}");
        cut.push(read);
        next = read + 90;
        killed.launch();
    }
    assert!(cut.len() >= 2, "killed in the middle: {cut:?}");

    killed.admin.sync();
    let is = come_to(&killed);
    for (is, expected) in is.iter().zip(&expected) {
        let lost: Vec<&String> = expected.iter().filter(|one| !is.contains(one)).collect();
        let instead: Vec<&String> = is.iter().filter(|one| !expected.contains(one)).collect();
        assert!(is == expected, "killed with {cut:?} orders; lost: {lost:?}; instead: {instead:?}");
    }
    killed.admin.verified();
    assert_eq!(read_all(&killed)["entries_posted"], 0, "read once more, nothing is posted");
    println!("killed with {cut:?} of {ORDERS} orders");
}
