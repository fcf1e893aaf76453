//! A ledger that was lost is rebuilt from Odoo's orders and what the addon keeps on them.

use serde_json::{Value, json};

use crate::support::{Database, Run, Service, club, draft, line, parsed, reward_line, run, uuid};

/// An empty database beside the shop of a service whose ledger is gone.
struct Lost {
    database: Database,
    environment: Vec<(String, String)>,
}

impl Lost {
    fn ledger(service: &Service) -> Self {
        Self { database: Database::new(), environment: service.shop.environment() }
    }

    fn verb(&self, arguments: &[&str]) -> Run {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(Some(&self.database.url()), &environment, arguments)
    }

    fn put_club(&self) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("club.json");
        std::fs::write(&file, club().to_string()).unwrap();
        assert_eq!(self.verb(&["program", "put", file.to_str().unwrap()]).code, 0);
    }
}

/// What the addon keeps on an order of a hold.
fn keep(service: &Service, order: i64, hold: &Value, name: &str, program: &str) {
    let id = hold["hold_id"].as_str().unwrap();
    let discount: f64 = hold["discount"].as_str().unwrap().parse().unwrap();
    let grant = json!({"program": program, "partner": 1, "name": name, "points": hold["points"], "kind": hold["kind"],
                       "discount": discount, "maxShare": 1, "product": false, "quantity": 0, "price": 0, "carrier": 3,
                       "covers": [], "lines": []});
    service.shop.shop.update_silently("pos.order", order, json!({"loyalty_sidecar_data": {"holds": {id: grant}}}));
}

/// A paid order on which a reward for 100 points was taken, and the line of the reward.
fn redeem(service: &Service, partner: i64, kept: bool) -> (i64, i64) {
    let order = uuid();
    let hold = service.admin.hold(partner, "5off", &draft(&order, partner, "25.00")).unwrap();
    let reward = reward_line(hold["hold_id"].as_str().unwrap(), "5.00");
    let sold = service.shop.sell_lines(Some(partner), &order, &[line(1, "1", "25.00"), reward]);
    if kept {
        keep(service, sold.id, &hold, "5 off", "club");
    }
    service.admin.sync();
    (sold.id, sold.lines[1])
}

#[test]
fn a_ledger_that_was_lost_is_rebuilt_from_orders_and_what_the_addon_keeps_on_them() {
    let service = Service::start();
    for partner in [1, 2] {
        service.shop.sell(partner, "300.00");
    }
    service.admin.sync();
    redeem(&service, 1, true);
    // Two fifths of a reward came back; another left nothing but its line.
    let (_, reward) = redeem(&service, 1, true);
    service.shop.refund(1, reward, 3, "-0.4", "2.00");
    service.admin.sync();
    redeem(&service, 2, false);
    // A correction, which no order shows.
    service.admin.give(3, "7");
    let before = [service.admin.balance(1), service.admin.balance(2)];
    assert_eq!(before, ["180", "220"].map(String::from));

    // The ledger is gone: a new database beside the same shop.
    let lost = Lost::ledger(&service);
    let verb = |arguments: &[&str]| lost.verb(arguments);
    assert_eq!(verb(&["migrate"]).code, 0);
    let early = verb(&["rebuild"]);
    assert!(early.code == 1 && early.err.contains("program put FILE"), "{early:?}");
    lost.put_club();
    let rebuilt = verb(&["rebuild", "--json"]);
    assert_eq!(rebuilt.code, 1, "one redemption is not rebuilt: {rebuilt:?}");
    let told: Value = serde_json::from_str(&rebuilt.out).unwrap();
    assert_eq!((&told["redemptions"]["rebuilt"], &told["redemptions"]["known"]), (&json!(2), &json!(0)), "{told}");
    let missing = told["redemptions"]["not_rebuilt"].as_array().unwrap();
    assert_eq!(missing.len(), 1, "{told}");
    assert!(missing[0]["reason"].as_str().unwrap().contains("kept nothing"), "{told}");

    let balance = |partner: &str| parsed(&verb(&["history", partner, "--json"]))["entries"][0]["balance_after"].clone();
    assert_eq!(balance("1"), before[0]);
    assert_eq!(balance("2"), "320", "its redemption left nothing but a line");
    let history = parsed(&verb(&["history", "1", "--json"]));
    let kinds: Vec<&str> =
        history["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "redeem").count(), 2, "{history:#}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "restore").count(), 1, "{history:#}");
    assert_eq!(verb(&["verify"]).code, 0);

    // A ledger that has entries is not rebuilt by mistake; and twice is once.
    let refused = verb(&["rebuild"]);
    assert!(
        refused.code == 2 && refused.err.contains("it is not lost") && refused.err.contains("--yes"),
        "{refused:?}"
    );
    let again = verb(&["rebuild", "--yes", "--json"]);
    let told: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&told["redemptions"]["rebuilt"], &told["redemptions"]["known"]), (&json!(0), &json!(2)), "{told}");
    assert_eq!(balance("1"), before[0]);
    let words = verb(&["rebuild", "--yes"]).out;
    assert!(words.contains("0 redemptions rebuilt, 2 were there already, 1 not rebuilt"), "{words}");
    assert!(words.contains("corrections by hand"), "{words}");
}

#[test]
fn what_was_read_before_the_rebuild_is_redeemed_all_the_same() {
    let service = Service::start();
    service.shop.sell(1, "300.00");
    service.admin.sync();
    let (order, _) = redeem(&service, 1, true);
    let lost = Lost::ledger(&service);
    let verb = |arguments: &[&str]| lost.verb(arguments);
    lost.put_club();
    // Somebody started the service first: the order is known, and its hold a stranger's.
    assert_eq!(verb(&["sync", "--full"]).code, 0);
    let open = parsed(&verb(&["exceptions", "list", "--json"]));
    assert_eq!(open["exceptions"][0]["kind"], "unknown_hold", "{open}");
    assert_eq!(verb(&["rebuild"]).code, 2, "it has entries");
    let rebuilt = parsed(&verb(&["rebuild", "--yes", "--json"]));
    assert_eq!(rebuilt["redemptions"]["rebuilt"], 1, "{rebuilt}");
    assert_eq!(parsed(&verb(&["history", "1", "--json"]))["entries"][0]["balance_after"], service.admin.balance(1));
    assert_eq!(verb(&["exceptions", "list"]).out, "there are none");
    assert_eq!(verb(&["verify"]).code, 0);
    // What the ledger has is not lost when Odoo keeps nothing of it any more.
    service.shop.shop.update_silently("pos.order", order, json!({"loyalty_sidecar_data": false}));
    let again = parsed(&verb(&["rebuild", "--yes", "--json"]));
    assert_eq!(again["redemptions"], json!({"rebuilt": 0, "known": 1, "not_rebuilt": []}));
}

#[test]
fn points_that_were_imported_and_spent_do_not_come_back_by_a_rebuild() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let cards = folder.path().join("cards.csv");
    std::fs::write(&cards, "partner_id;points\n1;100\n").unwrap();
    let cards = cards.to_str().unwrap();
    let import = ["import", "csv", cards, "--program", "club"];
    assert_eq!(service.verb(&import).code, 0);
    redeem(&service, 1, true);
    assert_eq!(service.admin.balance(1), "20", "what its order earned");

    // As the manual says: what no order shows comes first.
    let lost = Lost::ledger(&service);
    let verb = |arguments: &[&str]| lost.verb(arguments);
    lost.put_club();
    assert_eq!(verb(&import).code, 0);
    assert_eq!(parsed(&verb(&["rebuild", "--yes", "--json"]))["redemptions"]["rebuilt"], 1);
    assert_eq!(parsed(&verb(&["history", "1", "--json"]))["entries"][0]["balance_after"], "20");

    // Forgotten, and done later.
    let lost = Lost::ledger(&service);
    let verb = |arguments: &[&str]| lost.verb(arguments);
    lost.put_club();
    for arguments in [&["rebuild", "--json"][..], &["rebuild", "--yes", "--json"]] {
        let early = verb(arguments);
        let told: Value = serde_json::from_str(&early.out).unwrap();
        assert_eq!((early.code, &told["redemptions"]["known"]), (1, &json!(0)), "{told}");
        let reason = told["redemptions"]["not_rebuilt"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("points were not there"), "{told}");
    }
    assert_eq!(verb(&["exceptions", "list"]).out.matches("hold_expired").count(), 1);
    assert_eq!(verb(&import).code, 0);
    let told = parsed(&verb(&["rebuild", "--yes", "--json"]));
    assert_eq!(told["redemptions"], json!({"rebuilt": 1, "known": 0, "not_rebuilt": []}));
    assert_eq!(parsed(&verb(&["history", "1", "--json"]))["entries"][0]["balance_after"], "20");
    assert_eq!(verb(&["exceptions", "list"]).out, "there are none", "it is redeemed");
    let told = parsed(&verb(&["rebuild", "--yes", "--json"]));
    assert_eq!(told["redemptions"], json!({"rebuilt": 0, "known": 1, "not_rebuilt": []}));
    assert_eq!(verb(&["verify"]).code, 0);
}

#[test]
fn what_somebody_decided_by_hand_is_not_redeemed_by_a_later_rebuild() {
    let service = Service::start();
    service.admin.give(1, "100");
    redeem(&service, 1, true);
    let lost = Lost::ledger(&service);
    let verb = |arguments: &[&str]| lost.verb(arguments);
    lost.put_club();
    assert_eq!(verb(&["rebuild"]).code, 1);
    let open = parsed(&verb(&["exceptions", "list", "--json"]));
    let id = open["exceptions"][0]["exception_id"].as_str().unwrap();
    let resolved = verb(&["exceptions", "resolve", id, "--note", "corrected by hand"]);
    assert_eq!(resolved.code, 0, "{resolved:?}");
    let adjust = ["adjust", "--partner", "1", "--program", "club", "--points", "200", "--reason", "a card"];
    assert_eq!(verb(&adjust).code, 0);
    let again = verb(&["rebuild", "--yes", "--json"]);
    let told: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((again.code, &told["redemptions"]["rebuilt"]), (1, &json!(0)), "{told}");
    assert_eq!(told["redemptions"]["not_rebuilt"].as_array().unwrap().len(), 1, "it is told: {told}");
    assert_eq!(parsed(&verb(&["history", "1", "--json"]))["entries"][0]["balance_after"], "220");
}
