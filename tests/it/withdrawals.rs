//! Odoo was restored from a backup, or is another database: nothing is taken back before somebody says so.

use serde_json::{Value, json};

use crate::support::{Service, Sold, draft, reward_line, uuid};

/// A shop whose morning is in the backup, and whose 30 orders of the afternoon are not. All are read.
struct Restored {
    service: Service,
    afternoon: Vec<Sold>,
}

const HELD: &str = "loyalty_sync_held_withdrawals";

impl Restored {
    /// As it was before the accident.
    fn before() -> Self {
        let service = Service::start();
        for _ in 0..10 {
            service.shop.sell(1, "10.00");
        }
        let afternoon = (0..30).map(|number| service.shop.sell(2 + number % 2, "20.00")).collect();
        service.admin.sync();
        service.admin.sync();
        assert_eq!([1, 2, 3].map(|id| service.admin.balance(id)), ["100", "300", "300"].map(str::to_owned));
        Self { service, afternoon }
    }

    /// The backup is restored: what came after it is gone.
    fn restore(&self) {
        for sold in &self.afternoon {
            for line in &sold.lines {
                self.service.shop.shop.delete("pos.order.line", *line);
            }
            self.service.shop.shop.delete("pos.order", sold.id);
        }
    }

    /// A sale under the number of one that is lost, as PostgreSQL's sequence gives it again.
    fn sell_again(&self, lost: &Sold, customer: i64, total: &str) {
        let new = self.service.shop.sell(customer, total);
        let shop = &self.service.shop.shop;
        let field = |name: &str| shop.kept("pos.order", new.id, name).unwrap();
        let mut order = json!({"id": lost.id, "lines": new.lines});
        for name in [
            "uuid",
            "name",
            "pos_reference",
            "state",
            "date_order",
            "partner_id",
            "company_id",
            "currency_id",
            "config_id",
        ] {
            order[name] = field(name);
        }
        shop.delete("pos.order", new.id);
        shop.insert("pos.order", order);
        for line in &new.lines {
            shop.update("pos.order.line", *line, json!({"order_id": lost.id}));
        }
    }

    fn sweep(&self, more: &[&str]) -> crate::support::Run {
        self.service.verb(&[&["sync", "--full"][..], more].concat())
    }

    fn status(&self) -> Value {
        self.service.admin.call("sync.status", json!({}))
    }
}

#[test]
fn a_restored_odoo_takes_nothing_back_before_somebody_says_so() {
    let shop = Restored::before();
    let service = &shop.service;
    shop.restore();
    let held = shop.sweep(&[]);
    assert_eq!(held.code, 1, "a person must decide: {held:?}");
    for sign in [
        "30 paid orders",
        "30 gone from Odoo",
        "2 members 600 points",
        "sync.max_withdrawn_orders = 20",
        "--accept-withdrawals",
    ] {
        assert!(held.out.contains(sign), "{sign}: {held:?}");
    }
    assert_eq!([1, 2, 3].map(|id| service.admin.balance(id)), ["100", "300", "300"].map(str::to_owned));
    // Everybody is told: metric, readiness, status, doctor.
    assert_eq!(service.admin.metric(HELD), 30);
    let (code, ready) = service.admin.get("/readyz");
    assert_eq!(code, 200, "the tills go on");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["status"], "degraded");
    assert!(ready["checks"]["withdrawals"].as_str().unwrap().starts_with("30 paid orders"), "{ready}");
    let told = shop.status()["held_withdrawals"].clone();
    assert_eq!(
        (&told["gone"], &told["replaced"], &told["members"], &told["points"]),
        (&json!(30), &json!(0), &json!(2), &json!("600"))
    );
    assert_eq!(told["newest_order_id"], shop.afternoon.last().unwrap().id);
    let doctor = service.verb(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.out.contains("failed   withdrawals: 30 paid orders"), "{}", doctor.out);
    // Reading goes on meanwhile, and members spend what they have.
    service.shop.sell(4, "50.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(4), "50");
    assert!(service.admin.hold(2, "5off", &draft(&uuid(), 2, "40.00")).is_ok());
    assert_eq!(service.admin.metric(HELD), 30, "it still waits");
    service.admin.verified();
    let accepted = shop.sweep(&["--accept-withdrawals"]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    assert_eq!([1, 2, 3, 4].map(|id| service.admin.balance(id)), ["100", "0", "0", "50"].map(str::to_owned));
    assert_eq!((service.admin.metric(HELD), &shop.status()["held_withdrawals"]), (0, &Value::Null));
    service.admin.verified();
}

#[test]
fn orders_under_the_numbers_of_lost_ones_wait_and_nobody_inherits_their_points() {
    let shop = Restored::before();
    let service = &shop.service;
    shop.restore();
    // The customers of the afternoon are lost as well.
    service.shop.shop.delete("res.partner", 2);
    service.shop.shop.delete("res.partner", 3);
    for lost in &shop.afternoon[..5] {
        shop.sell_again(lost, 5, "70.00");
    }
    service.shop.sell(4, "50.00");
    // An ordinary pass finds them, and compares all orders because of it.
    service.admin.sync();
    let told = shop.status()["held_withdrawals"].clone();
    assert_eq!((&told["gone"], &told["replaced"]), (&json!(25), &json!(5)), "{told}");
    let balances = || [1, 2, 3, 4, 5].map(|id| service.admin.balance(id));
    assert_eq!(balances(), ["100", "300", "300", "50", "0"].map(str::to_owned));
    service.admin.sync();
    assert_eq!(balances(), ["100", "300", "300", "50", "0"].map(str::to_owned));
    assert_eq!(shop.sweep(&["--accept-withdrawals"]).code, 0);
    assert_eq!(
        balances(),
        ["100", "0", "0", "50", "350"].map(str::to_owned),
        "the new sales earn, the lost ones do not"
    );
    service.admin.verified();
}

#[test]
fn an_odoo_that_is_put_right_again_ends_it_by_itself() {
    let shop = Restored::before();
    let service = &shop.service;
    let orders: Vec<(i64, Value)> = shop
        .afternoon
        .iter()
        .map(|sold| {
            let fields = [
                "id",
                "uuid",
                "name",
                "pos_reference",
                "state",
                "date_order",
                "partner_id",
                "company_id",
                "currency_id",
                "config_id",
                "lines",
            ];
            let order: serde_json::Map<String, Value> = fields
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), service.shop.shop.kept("pos.order", sold.id, name)?)))
                .collect();
            (sold.id, Value::Object(order))
        })
        .collect();
    for (id, _) in &orders {
        service.shop.shop.delete("pos.order", *id);
    }
    assert_eq!(shop.sweep(&[]).code, 1);
    for (id, order) in orders {
        let mut order = order;
        order["id"] = json!(id);
        service.shop.shop.insert("pos.order", order);
    }
    // Somebody asks: at once; by itself it is looked at again every ten minutes.
    service.admin.sync();
    assert_eq!(shop.status()["held_withdrawals"], Value::Null);
    assert_eq!([2, 3].map(|id| service.admin.balance(id)), ["300", "300"].map(str::to_owned));
    assert_eq!(service.admin.metric(HELD), 0);
    service.admin.verified();
}

#[test]
fn sales_that_are_drafts_again_are_asked_about_when_all_is_read() {
    let shop = Restored::before();
    let service = &shop.service;
    for sold in &shop.afternoon {
        service.shop.shop.update_silently("pos.order", sold.id, json!({"state": "draft"}));
    }
    assert_eq!(shop.sweep(&[]).code, 1);
    assert_eq!(shop.status()["held_withdrawals"]["unpaid"], 30);
    assert_eq!(service.admin.balance(2), "300");
    assert_eq!(shop.sweep(&["--accept-withdrawals"]).code, 0);
    assert_eq!(service.admin.balance(2), "0");
    service.admin.verified();
}

#[test]
fn a_few_go_without_asking_and_their_redemptions_come_back() {
    let shop = Restored::before();
    let service = &shop.service;
    let order = uuid();
    let hold = service.admin.hold(2, "5off", &draft(&order, 2, "40.00")).unwrap();
    let hold = hold["hold_id"].as_str().unwrap().to_owned();
    let lines = [crate::support::line(1, "1", "40.00"), reward_line(&hold, "5.00")];
    let spent = service.shop.sell_lines(Some(2), &order, &lines);
    service.admin.sync();
    assert_eq!(service.admin.balance(2), "230", "300 - 100 + 30");
    service.shop.shop.delete("pos.order", spent.id);
    for sold in &shop.afternoon[..19] {
        service.shop.shop.delete("pos.order", sold.id);
    }
    assert_eq!(shop.sweep(&[]).code, 0, "20 are not too many");
    assert_eq!([2, 3].map(|id| service.admin.balance(id)), ["100", "120"].map(str::to_owned));
    assert_eq!(shop.status()["held_withdrawals"], Value::Null);
    assert!(service.log().contains("what they earned is taken back") || service.admin.metric(HELD) == 0);
    service.admin.verified();
}

#[test]
fn the_number_that_may_go_is_a_setting_and_drafts_are_no_sales() {
    let service = Service::without_program(&[("LOYALTY__SYNC__MAX_WITHDRAWN_ORDERS", "0")]);
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    let sold = service.shop.sell(1, "10.00");
    let drafts: Vec<Sold> = (0..30).map(|_| service.shop.sell(1, "10.00")).collect();
    for draft in &drafts {
        service.shop.change_order(draft.id, json!({"state": "draft"}));
    }
    service.admin.sync();
    service.admin.sync();
    for draft in &drafts {
        service.shop.shop.delete("pos.order", draft.id);
    }
    assert_eq!(service.verb(&["sync", "--full"]).code, 0, "a draft has earned nothing");
    service.shop.shop.delete("pos.order", sold.id);
    assert_eq!(service.verb(&["sync", "--full"]).code, 1);
    assert_eq!(service.admin.balance(1), "10");
    assert_eq!(service.verb(&["sync", "--accept-withdrawals"]).code, 2, "only with --full");
}
