//! What managers do in the office: correct points, resolve exceptions, look through members, redemptions and histories.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Api, Clock, Database, Service, club, draft, line, reward_line, uuid};

fn adjust(partner: i64, points: &str, on_behalf_of: Option<&str>) -> Value {
    let mut asked = json!({"idempotency_key": uuid(), "partner_id": partner, "program": "club", "points": points,
                           "reason": "forgotten at the till"});
    if let Some(claim) = on_behalf_of {
        asked["on_behalf_of"] = json!(claim);
    }
    asked
}

fn entries(api: &Api, params: Value) -> Vec<Value> {
    api.call("loyalty.history", params)["entries"].as_array().unwrap().clone()
}

/// All rows of a list, page by page, each page of at most `limit`.
fn paged(api: &Api, method: &str, rows: &str, mut params: Value, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    params["limit"] = json!(limit);
    for _ in 0..1000 {
        let page = api.call(method, params.clone());
        let listed = page[rows].as_array().unwrap();
        assert!(listed.len() <= limit, "{page}");
        found.extend(listed.iter().cloned());
        if page["next"].is_null() {
            return found;
        }
        params["before"] = page["next"].clone();
    }
    panic!("a list without an end");
}

/// Redeems 100 points for 5.00 on an order that is paid and read.
fn redeem(service: &Service, partner: i64) -> (String, String) {
    let order = uuid();
    let hold = service.admin.hold(partner, "5off", &draft(&order, partner, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap().to_owned();
    service.shop.sell_lines(Some(partner), &order, &[line(1, "1", "25.00"), reward_line(&id, "5.00")]);
    service.admin.sync();
    (id, order)
}

#[test]
fn a_manager_corrects_points_and_resolves_exceptions_and_puts_no_program() {
    let service = Service::start();
    let manager = service.api("manager");
    let posted = manager.call("ledger.adjust", adjust(1, "40", None));
    assert_eq!(posted["balance"], "40");
    // Below zero: what was spent elsewhere. A debt is an exception, which the manager sees and resolves.
    manager.call("ledger.adjust", adjust(1, "-50", None));
    let open = manager.call("exception.list", json!({"state": "open"}));
    let debt = &open["exceptions"][0];
    assert_eq!((&debt["kind"], &debt["partner_name"]), (&json!("debt"), &json!("Customer 1")), "{open}");
    let note = json!({"exception_id": debt["exception_id"], "note": "talked to her", "on_behalf_of": "Anna Schmidt"});
    manager.call("exception.resolve", note);
    let resolved = &manager.call("exception.list", json!({"state": "resolved"}))["exceptions"][0];
    assert_eq!(resolved["resolved_on_behalf_of"], "Anna Schmidt", "{resolved}");
    assert!(resolved["resolved_by"].as_str().unwrap().starts_with("manager "), "the token: {resolved}");
    for (method, params) in [
        ("program.put", json!({"program": club()})),
        ("program.archive", json!({"code": "club"})),
        ("ledger.verify", json!({})),
        ("sync.run", json!({})),
    ] {
        let refused = manager.refused(method, params);
        assert_eq!((refused.code, &refused.data["required"]), (1301, &json!("admin")), "{method}: {refused:?}");
    }
    for role in ["pos", "viewer"] {
        let refused = service.api(role).refused("ledger.adjust", adjust(1, "1", None));
        assert_eq!((refused.code, &refused.data["required"]), (1301, &json!("manager")), "{role}: {refused:?}");
    }
    let listed: Value = serde_json::from_str(&service.verb(&["token", "list", "--json"]).out).unwrap();
    let roles: BTreeSet<&str> =
        listed["tokens"].as_array().unwrap().iter().filter_map(|token| token["role"].as_str()).collect();
    assert_eq!(roles, BTreeSet::from(["admin", "manager", "pos", "viewer"]));
    service.admin.verified();
}

#[test]
fn for_whom_a_manager_acted_is_a_claim_beside_the_actor() {
    let service = Service::start();
    let token = service.token("manager");
    let manager = Api::new(&service.admin.base, Some(&token));
    // It looks like a token's name, and stands where no token's name does.
    let claim = "office (lsk_aaaaaaaaaaaa)";
    let asked = adjust(1, "40", Some(claim));
    let posted = manager.call("ledger.adjust", asked.clone());
    assert_eq!(manager.call("ledger.adjust", asked.clone()), posted, "the same call again");
    let entry = entries(&service.admin, json!({"partner_id": 1}))[0].clone();
    let actor = entry["actor"].as_str().unwrap();
    assert!(actor.ends_with(&format!("({})", token.rsplit_once('_').unwrap().0)), "{entry}");
    assert!(!actor.contains(claim), "{entry}");
    assert_eq!(entry["on_behalf_of"], claim);
    let explained = manager.call("loyalty.explain", json!({"entry_id": entry["entry_id"]}));
    assert_eq!(explained["entry"]["on_behalf_of"], claim);
    // It belongs to what was asked: another person, or none, is another call.
    for other in [json!("Bertrand"), Value::Null] {
        let mut asked = asked.clone();
        asked["on_behalf_of"] = other;
        assert_eq!(manager.refused("ledger.adjust", asked).kind, "idempotency_conflict");
    }
    for bad in [json!(""), json!("  "), json!("a\nb"), json!("\u{202e}b"), json!("x".repeat(201)), json!(7)] {
        let mut asked = adjust(1, "1", None);
        asked["on_behalf_of"] = bad.clone();
        let refused = manager.refused("ledger.adjust", asked);
        assert_eq!(refused.code, -32602, "{bad}");
        assert!(refused.message.starts_with("on_behalf_of: "), "{bad}: {refused:?}");
    }
    // It is part of the hash chain: changed behind the service's back, it shows.
    service.admin.verified();
    assert_eq!(entries(&service.admin, json!({"partner_id": 1})).len(), 1);
}

#[test]
fn members_are_listed_a_page_at_a_time_and_nothing_that_is_written_meanwhile_moves_them() {
    let service = Service::start();
    assert_eq!(service.admin.call("member.list", json!({})), json!({"members": [], "next": null}));
    let mut second = club();
    second["code"] = json!("stars");
    second["name"] = json!("Stars");
    second["points_name"] = json!("stars");
    service.admin.call("program.put", json!({"program": second}));
    for partner in 1..=5 {
        service.shop.sell(partner, "100.00");
    }
    service.admin.sync();
    let viewer = service.api("viewer");
    let key = |row: &Value| (row["partner_id"].as_i64().unwrap(), row["program"].as_str().unwrap().to_owned());
    let all = paged(&viewer, "member.list", "members", json!({}), 3);
    let expected: Vec<(i64, String)> =
        (1..=5).rev().flat_map(|id| ["stars", "club"].map(|code| (id, code.to_owned()))).collect();
    assert_eq!(all.iter().map(key).collect::<Vec<_>>(), expected);
    let row = &all[1];
    assert_eq!((&row["partner_name"], &row["program_name"]), (&json!("Customer 5"), &json!("Club")));
    assert_eq!(
        (&row["points_name"], &row["balance"], &row["available"]),
        (&json!("points"), &json!("100"), &json!("100"))
    );
    assert!(row["last_activity_at"].is_string() && row["enrolled_at"].is_null(), "{row}");
    assert_eq!(all[0]["points_name"], "stars");

    // Between two pages one gets points, one loses them, and somebody new comes.
    let first = viewer.call("member.list", json!({"program": "club", "limit": 2}));
    service
        .shop
        .shop
        .insert("res.partner", json!({"id": 9, "name": "Late", "commercial_partner_id": 9, "active": true}));
    service.admin.give(5, "7");
    service.admin.give(3, "-100");
    service.admin.give(9, "1");
    let rest = paged(&viewer, "member.list", "members", json!({"program": "club", "before": first["next"]}), 2);
    let ids = |rows: &[Value]| rows.iter().map(|row| row["partner_id"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!([ids(first["members"].as_array().unwrap()), ids(&rest)].concat(), [5, 4, 3, 2, 1]);
    assert_eq!(ids(&paged(&viewer, "member.list", "members", json!({"program": "club"}), 1000)), [9, 5, 4, 3, 2, 1]);
    let with_points = json!({"program": "club", "with_points": true});
    assert_eq!(ids(&paged(&viewer, "member.list", "members", with_points, 2)), [9, 5, 4, 2, 1]);

    // A merged customer is no member any more.
    service.shop.merge(4, 2);
    service.admin.sync();
    assert_eq!(ids(&paged(&viewer, "member.list", "members", json!({"program": "club"}), 2)), [9, 5, 3, 2, 1]);
    let merged = viewer.call("member.list", json!({"program": "club", "search": "Customer 2"}));
    assert_eq!(merged["members"][0]["balance"], "200");
    service.admin.verified();
}

#[test]
fn members_are_found_by_name_and_by_id() {
    let service = Service::start();
    for (id, name) in [(11, "Élodie Müller"), (12, "100%_Off!"), (13, "Anna"), (14, "MÜLLER & Söhne")] {
        service
            .shop
            .shop
            .insert("res.partner", json!({"id": id, "name": name, "commercial_partner_id": id, "active": true}));
        service.admin.give(id, "1");
    }
    let found = |search: &str| {
        let page = service.admin.call("member.list", json!({"search": search}));
        page["members"].as_array().unwrap().iter().map(|row| row["partner_id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("élodie"), [11]);
    assert_eq!(found("ÉLODIE"), [11]);
    assert_eq!(found("müller"), [14, 11]);
    assert_eq!(found("ANN"), [13]);
    assert_eq!(found(" anna "), [13]);
    assert_eq!(found("%_o"), [12]);
    assert_eq!(found("%"), [12]);
    assert_eq!(found("14"), [14]);
    assert_eq!(found("'; DROP TABLE accounts; --"), [0_i64; 0]);
    assert_eq!(found("Zoë"), [0_i64; 0]);
}

#[test]
fn who_enrolled_and_has_no_points_yet_is_listed() {
    let mut program = club();
    program["enrolment"] = json!("explicit");
    let service = Service::without_program(&[]);
    service.admin.call("program.put", json!({"program": program}));
    for partner in [2, 3] {
        let member = json!({"partner_id": partner, "program": "club"});
        service.admin.call("member.enrol", member.clone());
        service.admin.call("member.leave", member.clone());
        service.admin.call("member.enrol", member);
    }
    service.admin.call("member.leave", json!({"partner_id": 3, "program": "club"}));
    service.admin.give(1, "5");
    let rows = paged(&service.admin, "member.list", "members", json!({}), 1);
    let seen: Vec<(i64, bool, &str)> = rows
        .iter()
        .map(|row| {
            (row["partner_id"].as_i64().unwrap(), row["enrolled_at"].is_string(), row["balance"].as_str().unwrap())
        })
        .collect();
    assert_eq!(seen, [(3, false, "0"), (2, true, "0"), (1, false, "5")], "{rows:?}");
    assert_eq!(rows[1]["last_activity_at"], Value::Null);
    let by_name = service.admin.call("member.list", json!({"search": "customer 2"}));
    assert_eq!(by_name["members"].as_array().unwrap().len(), 1, "{by_name}");
    let with_points = service.admin.call("member.list", json!({"with_points": true}));
    assert_eq!(with_points["members"].as_array().unwrap().len(), 1, "{with_points}");
}

#[test]
fn redemptions_are_listed_by_day_till_program_and_member() {
    let service = Service::start();
    assert_eq!(service.admin.call("redemption.list", json!({})), json!({"redemptions": [], "next": null}));
    service
        .shop
        .shop
        .insert("pos.config", json!({"id": 2, "name": "Kiosk", "company_id": 1, "currency_id": 1, "active": true}));
    for partner in 1..=3 {
        service.admin.give(partner, "500");
    }
    let viewer = service.api("viewer");
    let began = Utc::now() - TimeDelta::seconds(2);
    let (first, first_order) = redeem(&service, 1);
    let (second, second_order) = redeem(&service, 2);
    let order = service.shop.sell_lines(Some(3), &uuid(), &[line(1, "1", "5.00")]);
    service.shop.change_order(order.id, json!({"config_id": 2}));
    let kiosk_order = uuid();
    let kiosk = service.admin.hold(3, "5off", &draft(&kiosk_order, 3, "25.00")).unwrap();
    let kiosk_id = kiosk["hold_id"].as_str().unwrap().to_owned();
    let sold = service.shop.sell_lines(Some(3), &kiosk_order, &[line(1, "1", "25.00"), reward_line(&kiosk_id, "5.00")]);
    service.shop.change_order(sold.id, json!({"config_id": 2}));
    service.admin.sync();

    let all = paged(&viewer, "redemption.list", "redemptions", json!({}), 2);
    let ids = |rows: &[Value]| rows.iter().map(|row| row["hold_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&all), [&*kiosk_id, &*second, &*first]);
    let row = &all[2];
    for (member, expected) in [
        ("partner_id", json!(1)),
        ("partner_name", json!("Customer 1")),
        ("program", json!("club")),
        ("program_name", json!("Club")),
        ("points_name", json!("points")),
        ("reward", json!("5off")),
        ("reward_name", json!("5 off")),
        ("reward_kind", json!("discount_amount")),
        ("product_id", Value::Null),
        ("points", json!("100")),
        ("restored", json!("0")),
        ("discount", json!("5.00")),
        ("currency", json!("USD")),
        ("pos_config_id", json!(1)),
        ("pos_config_name", json!("Shop")),
        ("expires_at", Value::Null),
        ("state", json!("captured")),
    ] {
        assert_eq!(row[member], expected, "{member}: {row}");
    }
    assert_eq!(
        (&row["order"]["uuid"], &row["order"]["name"]),
        (&json!(first_order), &json!(format!("Shop/{}", &first_order[..8])))
    );
    assert!(row["order"]["id"].is_i64() && row["entry_id"].is_string(), "{row}");

    let listed = |params: Value| ids(&paged(&viewer, "redemption.list", "redemptions", params, 1));
    assert_eq!(listed(json!({"pos_config_id": 2})), [&*kiosk_id]);
    assert_eq!(listed(json!({"partner_id": 2})), [&*second]);
    assert_eq!(listed(json!({"partner_id": 5})), [""; 0]);
    assert_eq!(listed(json!({"program": "club", "from": began.to_rfc3339()})).len(), 3);
    assert_eq!(listed(json!({"to": began.to_rfc3339()})), [""; 0]);
    // From counts, to does not: a day after the other has each redemption once.
    let at = all[1]["at"].clone();
    assert_eq!(listed(json!({"from": at})), [&*kiosk_id, &*second]);
    assert_eq!(listed(json!({"to": at})), [&*first]);

    // Between two pages somebody redeems: what is older stays where it was.
    let page = viewer.call("redemption.list", json!({"limit": 1}));
    redeem(&service, 1);
    let rest = viewer.call("redemption.list", json!({"limit": 500, "before": page["next"]}));
    assert_eq!(ids(rest["redemptions"].as_array().unwrap()), [&*second, &*first]);
    let _ = second_order;
    service.admin.verified();
}

#[test]
fn a_redemption_that_was_taken_back_says_so_and_one_that_waits_is_open() {
    let service = Service::start();
    service.admin.give(1, "500");
    let order = uuid();
    let hold = service.admin.hold(1, "5off", &draft(&order, 1, "25.00")).unwrap();
    let id = hold["hold_id"].as_str().unwrap();
    let open = service.admin.call("redemption.list", json!({"state": "open"}));
    let row = &open["redemptions"][0];
    assert_eq!(
        (&row["hold_id"], &row["state"], &row["entry_id"]),
        (&json!(id), &json!("open"), &Value::Null),
        "{open}"
    );
    assert_eq!(row["expires_at"], hold["expires_at"]);
    assert_eq!((&row["pos_config_id"], &row["order"]["id"]), (&Value::Null, &Value::Null));
    assert_eq!(service.admin.call("redemption.list", json!({}))["redemptions"], json!([]));

    let sold = service.shop.sell_lines(Some(1), &order, &[line(1, "1", "25.00"), reward_line(id, "5.00")]);
    service.admin.sync();
    let state = || service.admin.call("redemption.list", json!({}))["redemptions"][0].clone();
    assert_eq!((&state()["state"], &state()["restored"]), (&json!("captured"), &json!("0")));
    assert_eq!(service.admin.call("redemption.list", json!({"state": "open"}))["redemptions"], json!([]));
    // Two fifths of the reward line come back, then all of it.
    service.shop.refund(1, sold.lines[1], 3, "-0.4", "2.00");
    service.admin.sync();
    assert_eq!((&state()["state"], &state()["restored"]), (&json!("partly_reversed"), &json!("40")));
    service.shop.refund(1, sold.lines[1], 3, "-0.6", "3.00");
    service.admin.sync();
    assert_eq!((&state()["state"], &state()["restored"]), (&json!("reversed"), &json!("100")));
    service.admin.verified();
}

#[test]
fn lists_refuse_what_they_cannot_read_by_name() {
    let service = Service::start();
    let viewer = service.api("viewer");
    for (method, params, names) in [
        ("member.list", json!({"limit": 1001}), "limit: this must be an integer from 1 to 1000"),
        ("member.list", json!({"limit": 0}), "limit"),
        ("member.list", json!({"before": "yesterday"}), "before"),
        ("member.list", json!({"search": ""}), "search"),
        ("member.list", json!({"search": "a\nb"}), "search"),
        ("member.list", json!({"with_points": "yes"}), "with_points"),
        ("member.list", json!({"colour": 1}), "colour"),
        ("redemption.list", json!({"limit": 501}), "limit"),
        ("redemption.list", json!({"state": "reversed"}), "state"),
        ("redemption.list", json!({"from": "2026-11-29"}), "from"),
        (
            "redemption.list",
            json!({"from": "2026-11-29T00:00:00Z", "to": "2026-11-29T00:00:00Z"}),
            "to: this must be later",
        ),
        ("redemption.list", json!({"before": "7.1"}), "before"),
        ("redemption.list", json!({"pos_config_id": "1"}), "pos_config_id"),
        ("loyalty.history", json!({"partner_id": 1, "before": "1700000000000000.5.nonsense"}), "before"),
    ] {
        let refused = viewer.refused(method, params.clone());
        assert_eq!(refused.code, -32602, "{method} {params}");
        assert!(refused.message.starts_with(names), "{method} {params}: {}", refused.message);
    }
    for method in ["member.list", "redemption.list"] {
        assert_eq!(viewer.refused(method, json!({"program": "pub"})).kind, "unknown_program");
        assert_eq!(service.api("pos").refused(method, json!({})).data["required"], "viewer");
    }
}

/// A step of a plan of SQLite's.
#[derive(diesel::QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[test]
fn the_lists_use_indexes() {
    let service = Service::start();
    let Database::Sqlite { .. } = service.database else { return };
    // SQLite says how it would go about what the lists ask.
    let plan = |sql: &str| {
        let path = service.database.file().unwrap();
        let mut conn = <diesel::SqliteConnection as diesel::Connection>::establish(path.to_str().unwrap()).unwrap();
        let query = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps: Vec<Step> = diesel::RunQueryDsl::load(query, &mut conn).unwrap();
        steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n")
    };
    for (sql, index) in [
        (
            "SELECT partner_id, program_id FROM accounts WHERE source = 1 AND partner_id <= 9 \
             AND (partner_id < 9 OR program_id < 2) ORDER BY partner_id DESC, program_id DESC LIMIT 10",
            "sqlite_autoindex_accounts_1",
        ),
        (
            "SELECT partner_id, program_id FROM accounts WHERE source = 1 AND program_id = 1 AND partner_id <= 9 \
             AND (partner_id < 9 OR program_id < 2) ORDER BY partner_id DESC, program_id DESC LIMIT 10",
            "accounts_by_program",
        ),
        (
            "SELECT holds.id FROM entries JOIN holds ON holds.id = entries.id JOIN accounts ON accounts.id = holds.account_id \
             WHERE entries.kind = 2 AND entries.recorded_at_us <= 9 \
             AND (entries.recorded_at_us < 9 OR holds.id < X'00') AND +accounts.program_id = 1 \
             ORDER BY entries.recorded_at_us DESC, entries.id DESC LIMIT 10",
            "entries_redeemed",
        ),
    ] {
        let plan = plan(sql);
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}

#[test]
fn a_history_is_in_the_order_of_the_balance_whatever_the_clock_says() {
    let clock = Clock::new();
    let environment = clock.environment();
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // PostgreSQL's time is its own; there the order is the same without a clock that goes back.
    let service = match std::env::var("LOYALTY_TEST_DATABASE").as_deref() {
        Ok("postgres") => Service::without_program(&[]),
        _ => Service::without_program(&environment),
    };
    let mut second = club();
    second["code"] = json!("stars");
    second["name"] = json!("Stars");
    for program in [club(), second] {
        service.admin.call("program.put", json!({"program": program}));
    }
    let give = |program: &str, points: &str| {
        let mut asked = adjust(1, points, None);
        asked["program"] = json!(program);
        service.admin.call("ledger.adjust", asked);
    };
    give("club", "1");
    give("stars", "100");
    clock.set(3600);
    give("club", "2");
    clock.set(-3600);
    give("club", "3");
    give("stars", "200");
    clock.set(0);
    give("club", "4");
    for limit in [1, 2, 3, 500] {
        for (program, expected) in [(Some("club"), 4), (Some("stars"), 2), (None, 6)] {
            let mut params = json!({"partner_id": 1});
            if let Some(program) = program {
                params["program"] = json!(program);
            }
            let listed = paged(&service.admin, "loyalty.history", "entries", params, limit);
            assert_eq!(listed.len(), expected, "{program:?} {limit}");
            for code in ["club", "stars"] {
                let mut balance = rust_decimal::Decimal::ZERO;
                for entry in listed.iter().rev().filter(|entry| entry["program"] == code) {
                    let number =
                        |member: &str| entry[member].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
                    balance += number("points");
                    assert_eq!(number("balance_after"), balance, "{listed:#?}");
                }
            }
        }
    }
}

#[test]
fn pages_of_a_history_stay_where_they_were_while_entries_are_written() {
    let service = Service::start();
    for points in ["1", "2", "3"] {
        service.admin.give(1, points);
    }
    let page = service.admin.call("loyalty.history", json!({"partner_id": 1, "limit": 1}));
    service.admin.give(1, "4");
    let mut stars = club();
    stars["code"] = json!("stars");
    service.admin.call("program.put", json!({"program": stars}));
    let mut asked = adjust(1, "9", None);
    asked["program"] = json!("stars");
    service.admin.call("ledger.adjust", asked);
    let rest = paged(&service.admin, "loyalty.history", "entries", json!({"partner_id": 1, "before": page["next"]}), 1);
    let points: Vec<&str> = rest.iter().map(|entry| entry["points"].as_str().unwrap()).collect();
    assert_eq!(points, ["2", "1"], "{rest:#?}");
}

#[test]
fn a_history_says_names_and_an_explanation_says_money_as_money() {
    let service = Service::without_program(&[]);
    let mut program = club();
    program["points_name"] = json!("stars");
    program["earning"]["rules"] = json!([
        {"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"},
        {"code": "piece", "kind": "per_unit", "points": "2"},
        {"code": "visit", "kind": "per_order", "points": "3"},
        {"code": "double", "kind": "multiplier", "factor": "2", "scope": {"product_ids": [2]}},
    ]);
    service.admin.call("program.put", json!({"program": program}));
    // 59.14 after a discount that is spread over three lines in thirds.
    let lines = [line(1, "1", "20.00"), line(1, "1", "20.00"), line(2, "1", "20.00"), line(3, "1", "-0.86")];
    service.shop.sell_lines(Some(1), &uuid(), &lines);
    service.admin.sync();
    let entry = entries(&service.admin, json!({"partner_id": 1}))[0].clone();
    for (member, expected) in
        [("program_name", "Club"), ("points_name", "stars"), ("actor", "sync"), ("program", "club")]
    {
        assert_eq!(entry[member], expected, "{entry}");
    }
    assert_eq!(
        (&entry["reward"], &entry["on_behalf_of"], &entry["partner_id"]),
        (&Value::Null, &Value::Null, &json!(1))
    );
    let explained = service.api("viewer").call("loyalty.explain", json!({"entry_id": entry["entry_id"]}));
    assert_eq!(
        (&explained["partner_id"], &explained["currency"], &explained["currency_decimals"]),
        (&json!(1), &json!("USD"), &json!(2))
    );
    let rules = explained["rules"].as_array().unwrap();
    let of = |code: &str| rules.iter().find(|rule| rule["code"] == code).unwrap();
    let base = of("base");
    assert_eq!(base["amount"], "59.14", "{base}");
    assert_eq!((&base["every"], &base["points_each"], &base["step"]), (&json!("10.00"), &json!("1"), &json!("whole")));
    let doubled = json!([{"code": "double", "factor": "2", "product_ids": [2], "product_names": ["Train"]}]);
    assert_eq!(base["multipliers"], doubled, "{base}");
    assert_eq!(
        (&of("piece")["quantity"], &of("piece")["amount"], &of("piece")["points"]),
        (&json!("3"), &Value::Null, &json!("8"))
    );
    assert_eq!(of("visit")["points_each"], "3");
    for line in explained["lines"].as_array().unwrap() {
        let expected = if line["product_id"] == 1 { "Desk" } else { "Train" };
        assert_eq!(line["product_name"], expected);
    }
    // 6.6667 for the amount, 8 for the pieces, 4 for the visit.
    assert_eq!((&explained["rounded"], &explained["posted_before"]), (&entry["points"], &json!("0")), "{explained}");
    assert!(!explained["rules"].to_string().contains("999"), "{}", explained["rules"]);
}

#[test]
fn an_explanation_says_what_had_been_posted_before_and_what_was_redeemed() {
    let service = Service::start();
    let sale = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "2", "200.00")]);
    service.admin.sync();
    service.shop.refund(1, sale.lines[0], 1, "-1", "-100.00");
    service.admin.sync();
    let clawback = entries(&service.admin, json!({"partner_id": 1}))[0].clone();
    assert_eq!(clawback["kind"], "clawback");
    let explained = service.admin.call("loyalty.explain", json!({"entry_id": clawback["entry_id"]}));
    assert_eq!((&explained["rounded"], &explained["posted_before"]), (&json!("100"), &json!("200")), "{explained}");
    redeem(&service, 1);
    let listed = entries(&service.admin, json!({"partner_id": 1}));
    let redeemed = listed.iter().find(|entry| entry["kind"] == "redeem").unwrap();
    assert_eq!(redeemed["reward"], json!({"code": "5off", "name": "5 off"}));
    let explained = service.admin.call("loyalty.explain", json!({"entry_id": redeemed["entry_id"]}));
    assert_eq!(
        (&explained["redeemed"]["discount"], &explained["redeemed"]["currency"]),
        (&json!("5.00"), &json!("USD"))
    );
    assert_eq!((&explained["rules"], &explained["rounded"]), (&json!([]), &Value::Null));
}

#[test]
fn what_the_new_methods_answer_is_what_discovery_says() {
    let service = Service::start();
    service.admin.give(1, "300");
    redeem(&service, 1);
    let document = service.admin.call("rpc.discover", json!({}));
    let schemas = &document["components"]["schemas"];
    let members = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let listed = service.admin.call("member.list", json!({}));
    assert_eq!(keys(&listed["members"][0]), members(&schemas["Member"]));
    let redeemed = service.admin.call("redemption.list", json!({}));
    assert_eq!(keys(&redeemed["redemptions"][0]), members(&schemas["Redemption"]));
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    // That its texts were erased is said of such an entry alone.
    let mut of_an_entry = members(&schemas["Entry"]);
    assert!(of_an_entry.remove("redacted"), "{of_an_entry:?}");
    assert_eq!(keys(&history["entries"][0]), of_an_entry);
    for entry in history["entries"].as_array().unwrap() {
        let explained = service.admin.call("loyalty.explain", json!({"entry_id": entry["entry_id"]}));
        assert_eq!(keys(&explained), members(&schemas["Explanation"]));
        for rule in explained["rules"].as_array().unwrap() {
            assert_eq!(keys(rule), members(&schemas["ExplainedRule"]));
        }
    }
    let redact = json!({"entry_id": history["entries"][0]["entry_id"], "ground": "asked for"});
    let certificate = service.admin.call("ledger.redact", redact);
    assert_eq!(keys(&certificate), members(&schemas["Redacted"]));
    let history = service.admin.call("loyalty.history", json!({"partner_id": 1}));
    assert_eq!(keys(&history["entries"][0]), members(&schemas["Entry"]));
}
