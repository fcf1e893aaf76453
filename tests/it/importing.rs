//! Switching from Odoo's own loyalty, or from a file: no point is lost, none counts twice.

use chrono::{Days, Utc};
use loyalty_sidecar::demo::FaultInjection;
use serde_json::{Value, json};

use crate::support::{Run, Service, club, number, run_in};

/// A service without orders, and Odoo's program 1 with cards: `(id, partner, points)`.
fn with_cards(cards: &[(i64, Option<i64>, &str)]) -> Service {
    let service = Service::start();
    let shop = &service.shop.shop;
    shop.insert("loyalty.program", json!({"id": 1, "name": "Loyalty Cards", "program_type": "loyalty"}));
    // Cards of other kinds of programs are none of ours.
    shop.insert("loyalty.program", json!({"id": 2, "name": "Gift Cards", "program_type": "gift_card"}));
    shop.insert("loyalty.card", json!({"id": 900, "program_id": 2, "partner_id": 1, "points": 50, "code": "gift"}));
    for (id, partner, points) in cards {
        put_card(&service, *id, *partner, points, json!({}));
    }
    service
}

fn put_card(service: &Service, id: i64, partner: Option<i64>, points: &str, more: Value) {
    let mut card = json!({
        "id": id, "program_id": 1, "partner_id": partner.map_or(json!(false), |id| json!(id)),
        "points": number(points), "code": format!("044-{id}"),
    });
    card.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    service.shop.shop.insert("loyalty.card", card);
}

fn import(service: &Service, more: &[&str]) -> Run {
    let mut arguments = vec!["import", "odoo-loyalty", "--program", "club"];
    arguments.extend(more);
    service.verb(&arguments)
}

/// A result as JSON; it must have ended well.
#[track_caller]
fn imported(service: &Service, more: &[&str]) -> Value {
    let mut arguments = vec!["--json"];
    arguments.extend(more);
    let done = import(service, &arguments);
    assert_eq!(done.code, 0, "{done:?}");
    serde_json::from_str(&done.out).unwrap()
}

/// What became of a card.
fn outcome(report: &Value, card: i64) -> String {
    let listed = report["listed"].as_array().unwrap();
    let row = listed.iter().find(|row| row["card"] == card).expect("the card is listed");
    row["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn every_card_counts_once_and_only_a_difference_is_posted_later() {
    let service = with_cards(&[(11, Some(1), "100"), (12, Some(1), "20.5"), (13, Some(2), "7.005000000000001")]);
    let first = imported(&service, &[]);
    assert_eq!((&first["cards"], &first["imported"], &first["points"]), (&json!(3), &json!(3), &json!("127.51")));
    assert_eq!(service.admin.balance(1), "120.5");
    assert_eq!(service.admin.balance(2), "7.01");
    let entry = &service.admin.call("loyalty.history", json!({"partner_id": 2}))["entries"][0];
    assert_eq!(entry["kind"], "adjust");
    assert_eq!(entry["cause"], json!({"model": "loyalty.card", "id": 13, "uuid": null, "name": "044-13"}));
    assert_eq!((&entry["reason"], &entry["actor"]), (&json!("imported from Odoo loyalty"), &json!("import")));

    let again = imported(&service, &[]);
    assert_eq!((&again["imported"], &again["unchanged"], &again["points"]), (&json!(0), &json!(3), &json!("0")));

    // Up, down, up to where it was: amounts that come back are posted each time.
    for (points, balance) in [("130", "150.5"), ("100", "120.5"), ("130", "150.5"), ("0", "20.5"), ("100", "120.5")] {
        service.shop.shop.update("loyalty.card", 11, json!({"points": number(points)}));
        let report = imported(&service, &[]);
        assert_eq!((&report["imported"], &report["unchanged"]), (&json!(1), &json!(2)), "{points}: {report}");
        assert_eq!(service.admin.balance(1), balance);
    }
    // What was spent here meanwhile stays spent.
    service.admin.give(1, "-15");
    assert_eq!(imported(&service, &[])["imported"], 0);
    assert_eq!(service.admin.balance(1), "105.5");
    service.admin.verified();
}

#[test]
fn a_dry_run_says_it_all_and_does_nothing() {
    let service = with_cards(&[(11, Some(1), "12345.5"), (12, None, "3")]);
    let dry = import(&service, &["--dry-run"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(dry.out.contains("1 would be imported (12,345.5 points), 1 without customer"), "{dry:?}");
    assert!(dry.out.contains("nothing was posted"), "{dry:?}");
    assert_eq!(service.admin.balance(1), "0");
    let real = import(&service, &[]);
    assert!(
        real.out.starts_with("2 cards of Loyalty Cards (1): 1 imported (12,345.5 points), 1 without customer\n"),
        "{real:?}"
    );
    assert!(real.out.contains("card 12 (044-12), 3 points: without customer"), "{real:?}");
    assert_eq!(service.admin.balance(1), "12345.5");
}

#[test]
fn odd_cards_are_counted_and_none_stops_the_others() {
    let service = with_cards(&[(11, Some(1), "-20"), (12, Some(2), "0"), (13, None, "5"), (14, Some(99), "10")]);
    let today = Utc::now().date_naive();
    let day = |day: chrono::NaiveDate| json!({"expiration_date": day.to_string()});
    put_card(&service, 15, Some(3), "30", day(today - Days::new(2)));
    put_card(&service, 16, Some(3), "40", day(today + Days::new(2)));
    put_card(&service, 17, Some(4), "50", json!({"active": false}));
    put_card(&service, 18, Some(5), "1000000000000", json!({}));
    // A customer that is archived, and one that was made after the last pass.
    service.shop.shop.update("res.partner", 5, json!({"active": false}));
    service.shop.shop.insert("res.partner", json!({"id": 50, "name": "New", "commercial_partner_id": 50}));
    put_card(&service, 19, Some(5), "60", json!({}));
    put_card(&service, 20, Some(50), "70", json!({}));

    let done = import(&service, &["--json"]);
    assert_eq!(done.code, 1, "two cards need somebody: {done:?}");
    let report: Value = serde_json::from_str(&done.out).unwrap();
    for (card, expected) in [
        (11, "imported"),
        (12, "without_points"),
        (13, "without_customer"),
        (14, "unknown_customer"),
        (15, "expired"),
        (16, "imported"),
        (17, "archived"),
        (18, "unreadable"),
        (19, "imported"),
        (20, "imported"),
    ] {
        assert_eq!(outcome(&report, card), expected, "card {card}: {report}");
    }
    assert_eq!((&report["imported"], &report["points"]), (&json!(4), &json!("150")));
    let words = import(&service, &[]);
    assert!(words.out.contains("4 unchanged") && words.out.contains("1 expired"), "{words:?}");
    assert!(words.out.contains("customer 99") && words.out.contains("too large"), "{words:?}");

    assert_eq!(service.admin.balance(1), "-20");
    service.admin.give(1, "25");
    assert_eq!(service.admin.balance(1), "5", "new points pay the debt first");
    assert_eq!((service.admin.balance(5), service.admin.balance(50)), ("60".to_owned(), "70".to_owned()));
    let balance = service.admin.call("loyalty.balance", json!({"partner_ids": [3]}));
    let expiring = &balance[0]["programs"][0]["expiring"];
    let end = format!("{}T00:00:00Z", today + Days::new(3));
    assert_eq!(*expiring, json!([{"on": end, "points": "40"}]), "good to the end of the last day");
    service.admin.verified();
}

#[test]
fn points_end_with_the_day_of_the_programs_own_timezone() {
    let service = with_cards(&[(11, Some(2), "8")]);
    let mut program = club();
    program["timezone"] = json!("Pacific/Auckland");
    program["expiry"] = json!({"after_days": 30});
    service.admin.call("program.put", json!({"program": program}));
    put_card(&service, 12, Some(1), "9", json!({"expiration_date": "2099-07-01"}));
    imported(&service, &[]);
    let ends = |partner: i64| {
        let balance = service.admin.call("loyalty.balance", json!({"partner_ids": [partner]}));
        balance[0]["programs"][0]["expiring"][0]["on"].as_str().unwrap().to_owned()
    };
    assert_eq!(ends(1), "2099-07-01T12:00:00Z");
    // A card without an end has that of the program, counted from the import.
    let auckland = Utc::now() + chrono::TimeDelta::hours(13);
    let latest = format!("{}T12:00:00Z", auckland.date_naive() + Days::new(31));
    assert!(ends(2) <= latest && ends(2) > Utc::now().to_rfc3339(), "{}", ends(2));
}

#[test]
fn points_that_expired_after_the_import_neither_come_back_nor_leave_a_debt() {
    let service = with_cards(&[]);
    let today = Utc::now().date_naive();
    put_card(&service, 11, Some(1), "30", json!({"expiration_date": (today + Days::new(5)).to_string()}));
    imported(&service, &[]);
    // Odoo's card ends earlier now, and has fewer points: what was imported ends as it was promised.
    service.shop.shop.update(
        "loyalty.card",
        11,
        json!({"expiration_date": (today - Days::new(2)).to_string(), "points": number("10")}),
    );
    assert_eq!(outcome(&imported(&service, &[]), 11), "expired");
    assert_eq!(service.admin.balance(1), "30");
    service.admin.verified();
}

#[test]
fn a_card_that_changed_hands_is_told_and_left_alone() {
    let service = with_cards(&[(11, Some(1), "30")]);
    imported(&service, &[]);
    service.shop.shop.update("loyalty.card", 11, json!({"partner_id": 2, "points": number("40")}));
    let done = import(&service, &[]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.out.contains("imported for another customer") && done.out.contains("customer 1"), "{done:?}");
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("30".to_owned(), "0".to_owned()));
}

#[test]
fn an_import_that_was_cut_short_is_finished_by_the_next() {
    let shop_of_small_pages = [("LOYALTY__SYNC__PAGE_SIZE", "2"), ("LOYALTY__ODOO__RETRIES", "0")];
    let service = Service::without_program(&shop_of_small_pages);
    service.admin.call("program.put", json!({"program": club()}));
    service.shop.shop.insert("loyalty.program", json!({"id": 1, "name": "Cards", "program_type": "loyalty"}));
    for id in 11..=17 {
        put_card(&service, id, Some(id % 5 + 1), "10", json!({}));
    }
    // The fields and the first two pages are answered.
    service.shop.shop.inject_after(3, FaultInjection::Status(502), "loyalty.card");
    let cut = import(&service, &[]);
    assert!(cut.code == 1 && cut.err.contains("502"), "{cut:?}");
    let posted = "SELECT COUNT(*) FROM entries";
    assert_eq!(service.database.number(posted), 4);
    let rest = imported(&service, &[]);
    assert_eq!((&rest["cards"], &rest["imported"], &rest["unchanged"]), (&json!(7), &json!(3), &json!(4)));
    assert_eq!(service.database.number(posted), 7);
    service.admin.verified();
}

#[test]
fn a_contacts_card_goes_to_its_company_where_that_is_the_wallet() {
    let service = Service::without_program(&[("LOYALTY__ODOO__WALLET", "company")]);
    service.admin.call("program.put", json!({"program": club()}));
    service.shop.shop.insert("loyalty.program", json!({"id": 1, "name": "Cards", "program_type": "loyalty"}));
    // Neither the contact nor its company has been read yet.
    for (id, name) in [(60, "Company"), (61, "Contact")] {
        service.shop.shop.insert("res.partner", json!({"id": id, "name": name, "commercial_partner_id": 60}));
    }
    put_card(&service, 11, Some(61), "30", json!({}));
    put_card(&service, 12, Some(60), "5", json!({}));
    assert_eq!(imported(&service, &[])["imported"], 2);
    assert_eq!(service.database.number("SELECT balance_e2 FROM accounts WHERE partner_id = 60"), 3_500);
    assert_eq!(service.database.number("SELECT COUNT(*) FROM accounts"), 1);
    assert_eq!(imported(&service, &[])["unchanged"], 2);
    service.admin.verified();
}

#[test]
fn of_several_programs_one_must_be_named() {
    let service = with_cards(&[(11, Some(1), "30")]);
    let shop = &service.shop.shop;
    shop.insert("loyalty.program", json!({"id": 3, "name": "Old Club", "program_type": "loyalty", "active": false}));
    assert_eq!(imported(&service, &["--dry-run"])["odoo_program"]["id"], 1, "the archived one is not meant");
    shop.insert("loyalty.program", json!({"id": 4, "name": "Second Club", "program_type": "loyalty"}));
    shop.insert("loyalty.card", json!({"id": 12, "program_id": 4, "partner_id": 2, "points": 5, "code": "s"}));
    let asked = import(&service, &[]);
    assert_eq!(asked.code, 2, "{asked:?}");
    for sign in ["--odoo-program", "1  Loyalty Cards", "4  Second Club", "3  Old Club, archived"] {
        assert!(asked.err.contains(sign), "{asked:?}");
    }
    assert!(!asked.err.contains("Gift"), "{asked:?}");
    assert_eq!(imported(&service, &["--odoo-program", "4"])["cards"], 1);
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".to_owned(), "5".to_owned()));
    let none = import(&service, &["--odoo-program", "2"]);
    assert_eq!(none.code, 2, "a gift card's program is none: {none:?}");
    assert!(none.err.contains("no loyalty program 2"), "{none:?}");
}

#[test]
fn what_keeps_it_from_reading_is_said_plainly() {
    let service = with_cards(&[(11, Some(1), "30")]);
    service.shop.shop.deny(Some("loyalty.card"));
    let denied = import(&service, &[]);
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.err.contains("read loyalty.card") && denied.err.contains("pos_loyalty"), "{denied:?}");
    service.shop.shop.deny(None);
    let unknown = service.verb(&["import", "odoo-loyalty", "--program", "nothing"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.err.contains("nothing"), "{unknown:?}");
    service.shop.shop.delete("loyalty.program", 1);
    let none = import(&service, &[]);
    assert!(none.code == 1 && none.err.contains("no loyalty program"), "{none:?}");
    service.shop.shop.remove_model("loyalty.card");
    let missing = import(&service, &[]);
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.err.contains("`loyalty` is not installed") && missing.err.contains("import csv"), "{missing:?}");
    service.admin.call("program.archive", json!({"code": "club"}));
    let archived = import(&service, &[]);
    assert!(archived.code == 1 && archived.err.contains("archived"), "{archived:?}");
}

#[test]
fn two_imports_at_once_post_once() {
    let cards: Vec<(i64, Option<i64>, &str)> = (100..160).map(|id| (id, Some(id % 5 + 1), "10")).collect();
    let service = with_cards(&cards);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| import(&service, &[]))).collect();
        for run in runs {
            let done = run.join().unwrap();
            assert_eq!(done.code, 0, "{done:?}");
        }
    });
    for partner in 1..=5 {
        assert_eq!(service.admin.balance(partner), "120");
        assert_eq!(service.admin.entries(partner).len(), 12);
    }
    service.admin.verified();
}

#[test]
fn points_that_would_count_twice_are_warned_of() {
    let service = with_cards(&[(11, Some(1), "30")]);
    let open = import(&service, &["--dry-run"]);
    assert!(open.err.contains("no starts_at") && open.err.contains("sync.since"), "{open:?}");
    service.shop.sell(1, "20.00");
    service.admin.sync();
    let report = imported(&service, &["--dry-run"]);
    let warnings = report["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("1 order has earned"), "{report}");
    // What the warning asks for makes it go away, and takes back what counted twice.
    let mut program = club();
    program["starts_at"] = json!((Utc::now() + chrono::TimeDelta::minutes(1)).to_rfc3339());
    service.admin.call("program.put", json!({"program": program, "effective_from": "2000-01-01T00:00:00Z"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    let done = import(&service, &[]);
    assert!(done.code == 0 && !done.err.contains("warning") && !done.out.contains("twice"), "{done:?}");
    assert_eq!(service.admin.balance(1), "30");
    service.admin.verified();
}

/// Gives a file to `import csv`.
fn file(service: &Service, text: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    std::fs::write(&path, text).unwrap();
    let mut arguments = vec!["import", "csv", path.to_str().unwrap(), "--program", "club"];
    arguments.extend(more);
    service.verb(&arguments)
}

#[test]
fn a_file_counts_once_by_its_references() {
    let service = with_cards(&[]);
    let text = "\u{feff}partner_id;points;expires_on;reference;reason\r\n\r\n1;100,5;;K-1;\r\n1;20;2099-12-31;K-2;from the old till\r\n2;-3;;;\r\n3;9;2020-01-01;;\r\n";
    let dry = file(&service, text, &["--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("3 would be imported (117.5 points), 1 expired"), "{dry:?}");
    assert_eq!(service.admin.balance(1), "0");
    let done = file(&service, text, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.starts_with("4 lines of the file: 3 imported (117.5 points), 1 expired\n"), "{done:?}");
    assert!(done.out.contains("line 6 (partner 3), customer 3, 9 points: expired"), "{done:?}");
    let points: Vec<String> = [1, 2, 3].map(|partner| service.admin.balance(partner)).to_vec();
    assert_eq!(points, ["120.5", "-3", "0"]);
    let entry = &service.admin.call("loyalty.history", json!({"partner_id": 2}))["entries"][0];
    assert_eq!(entry["cause"], json!({"model": "loyalty.import", "id": null, "uuid": null, "name": "partner 2"}));
    let again = file(&service, text, &["--json"]);
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&again["imported"], &again["unchanged"]), (&json!(0), &json!(3)));
    let changed = file(&service, "reference,points,partner_id\nK-1,90,1\n", &[]);
    assert!(changed.out.contains("1 imported (-10.5 points)"), "{changed:?}");
    assert_eq!(service.admin.balance(1), "110");
    service.admin.verified();
}

#[test]
fn the_last_day_of_the_calendar_is_never() {
    let service = with_cards(&[]);
    let mut program = club();
    program["expiry"] = json!({"after_days": 30});
    service.admin.call("program.put", json!({"program": program}));
    let done = file(&service, "partner_id,points,expires_on\n1,10,9999-12-31\n2,10,\n", &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let balance = service.admin.call("loyalty.balance", json!({"partner_ids": [1, 2]}));
    let expiring = |place: usize| balance[place]["programs"][0]["expiring"].as_array().unwrap().len();
    assert_eq!((expiring(0), expiring(1)), (0, 1), "{balance}");
    service.admin.verified();
}

#[test]
fn one_bad_line_and_nothing_is_posted() {
    let service = with_cards(&[]);
    let bad = file(&service, "partner_id,points\n1,10\nx,5\n2,1.005\n1,3\n", &[]);
    assert_eq!(bad.code, 1, "{bad:?}");
    for sign in ["line 3: ", "line 4: ", "line 5: ", "nothing was posted"] {
        assert!(bad.err.contains(sign), "{sign}: {bad:?}");
    }
    let stranger = file(&service, "partner_id,points\n1,10\n98,5\n99,5\n", &[]);
    assert!(stranger.code == 1 && stranger.err.contains("line 3: customer 98"), "{stranger:?}");
    assert!(stranger.err.contains("line 4: customer 99"), "{stranger:?}");
    assert_eq!(service.admin.balance(1), "0");
    assert_eq!(file(&service, "partner_id,points,reference\n1,10,K\n", &[]).code, 0);
    let moved = file(&service, "partner_id,points,reference\n3,1,L\n2,10,K\n", &[]);
    assert!(moved.code == 1 && moved.err.contains("line 3: \"K\" was imported for customer 1"), "{moved:?}");
    assert_eq!(service.admin.balance(3), "0");
    let gone = service.verb(&["import", "csv", "nowhere.csv", "--program", "club"]);
    assert!(gone.code == 1 && gone.err.contains("nowhere.csv cannot be read"), "{gone:?}");
    assert_eq!(service.verb(&["import", "csv", "--program", "club"]).code, 2);
    service.admin.verified();
}

#[test]
fn a_malformed_line_refuses_the_file_with_its_line_and_column() {
    let service = with_cards(&[]);
    // The mark that is not closed in line 2 is closed in line 5: three customers would be swallowed.
    let swallowing = "partner_id,points,reason\n1,10,\"from the till\n2,20,x\n3,30,x\n4,40,till\"\n5,50,x\n";
    for (text, sign) in [
        (swallowing, "line 2: column 3: the quotation mark that opens there is not closed"),
        (
            "partner_id,points,reason\n1,10,\u{1b}[31mred\n",
            "line 2: column 3: it contains the control character U+001B",
        ),
        ("partner_id,points,reason\n1,10,a\0b\n", "line 2: column 3: it contains the control character U+0000"),
        ("partner_id,points,reason\n1,10,x\n2,20,\"two\nlines\"\n", "line 3: column 3: the quotation mark"),
        ("partner_id,points,reason\n1,10,x\n2,2", "line 3: it has 2 columns, the first line has 3"),
    ] {
        let refused = file(&service, text, &[]);
        assert!(refused.code == 1 && refused.err.contains(sign), "{sign}: {refused:?}");
        assert!(refused.err.contains("nothing was posted") && !refused.err.contains('\u{1b}'), "{refused:?}");
    }
    assert_eq!(service.database.number("SELECT COUNT(*) FROM entries"), 0);
}

#[test]
fn a_second_file_without_references_lowers_no_balance_unless_it_is_told_to() {
    let service = with_cards(&[]);
    assert_eq!(file(&service, "partner_id,points\n1,100\n2,50\n3,-5\n", &[]).code, 0);
    // A second list of other points, which would replace the first.
    let second = "partner_id,points\n1,20\n2,80\n3,-5\n";
    for more in [&["--dry-run"][..], &[]] {
        let refused = file(&service, second, more);
        assert_eq!(refused.code, 1, "{refused:?}");
        for sign in
            ["line 2: customer 1 has more from an earlier file: -80 points", "--allow-decrease", "nothing was posted"]
        {
            assert!(refused.err.contains(sign), "{sign}: {refused:?}");
        }
        assert!(!refused.err.contains("line 3"), "what it adds is no trouble: {refused:?}");
    }
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("100".into(), "50".into()));
    let dry = file(&service, second, &["--dry-run", "--allow-decrease"]);
    assert!(dry.code == 0 && dry.out.contains("2 would be imported (-50 points), 1 unchanged"), "{dry:?}");
    assert_eq!(file(&service, second, &["--allow-decrease"]).code, 0);
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("20".into(), "80".into()));
    // With references of their own they are other points.
    assert_eq!(file(&service, "partner_id,points,reference\n1,5,second\n", &[]).code, 0);
    assert_eq!(service.admin.balance(1), "25");
    service.admin.verified();
}

#[test]
fn a_file_comes_from_stdin_too_and_needs_no_odoo_for_customers_that_are_known() {
    let service = with_cards(&[]);
    service.shop.stop();
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["import", "csv", "-", "--program", "club"];
    let url = service.database.url();
    let done = run_in(folder.path(), Some(&url), &[], &arguments, Some("partner_id,points\n1,10\n"));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(service.admin.balance(1), "10");
    let unknown = run_in(folder.path(), Some(&url), &[], &arguments, Some("partner_id,points\n77,10\n"));
    assert!(unknown.code == 1 && unknown.err.contains("no Odoo is set"), "{unknown:?}");
}
