//! Programs: put, read, versions, archive, and documents that are refused with their place.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Service, club, line, run_in, uuid};

#[test]
fn the_same_document_is_the_same_version() {
    let service = Service::without_program(&[]);
    let put = |document: Value| service.admin.call("program.put", json!({"program": document}));
    assert_eq!(put(club()), json!({"code": "club", "version": 1}));
    let mut same = club();
    same["timezone"] = json!("UTC");
    same["rewards"][0]["points"] = json!("100.0");
    same["rewards"][1]["rate"] = json!(0.05);
    same["expiry"] = Value::Null;
    assert_eq!(put(same), json!({"code": "club", "version": 1}));
    let mut other = club();
    other["name"] = json!("Club 2");
    assert_eq!(put(other), json!({"code": "club", "version": 2}));
    let listed = service.admin.call("program.list", json!({}));
    assert_eq!(listed["programs"], json!([{"code": "club", "name": "Club 2", "version": 2, "archived_at": null}]));
    let first = service.admin.call("program.get", json!({"code": "club", "version": 1}));
    assert_eq!((&first["version"], &first["program"]["name"]), (&json!(1), &json!("Club")));
    assert_eq!(service.admin.refused("program.get", json!({"code": "club", "version": 9})).code, 1101);
}

#[test]
fn a_program_is_told_in_the_words_of_check_when_asked() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.json");
    std::fs::write(&file, club().to_string()).unwrap();
    let checked = service.verb(&["program", "check", file.to_str().unwrap(), "--json"]);
    let checked: Value = serde_json::from_str(&checked.out).unwrap();
    let told = service.admin.call("program.get", json!({"code": "club", "describe": true}));
    assert_eq!(told["description"], checked["description"]);
    assert!(told["description"].as_array().is_some_and(|sections| sections.len() > 5), "{told}");
    for plain in [json!({"code": "club"}), json!({"code": "club", "describe": false})] {
        assert_eq!(service.admin.call("program.get", plain).get("description"), None);
    }
}

#[test]
fn a_wrong_document_is_refused_with_the_path_of_what_is_wrong() {
    let service = Service::without_program(&[]);
    let mut two_of_one_code = club();
    two_of_one_code["earning"]["rules"] = json!([
        {"code": "a", "kind": "per_unit", "points": "1"}, {"code": "a", "kind": "per_unit", "points": "2"}]);
    let mut negative = club();
    negative["earning"]["rules"][0]["every"] = json!("-10.00");
    let mut zone = club();
    zone["timezone"] = json!("Mars/Olympus");
    let mut unknown = club();
    unknown["rewards"][0]["colour"] = json!("red");
    let mut scoped = club();
    scoped["rewards"] = json!([{"code": "mug", "name": "A mug", "kind": "free_product", "points": "3",
        "product_id": 1, "scope": {"product_ids": [1]}}]);
    for (document, path) in [
        (two_of_one_code, "/earning/rules/1/code"),
        (negative, "/earning/rules/0/every"),
        (zone, "/timezone"),
        (unknown, "/rewards/0/colour"),
        (scoped, "/rewards/0/scope"),
        (json!({"code": "x"}), "/name"),
    ] {
        let failed = service.admin.refused("program.put", json!({"program": document}));
        assert_eq!((failed.code, failed.kind.as_str()), (1201, "invalid_program"));
        assert_eq!(failed.data["path"], path, "{failed:?}");
    }
    assert_eq!(service.admin.call("program.list", json!({})), json!({"programs": []}));
}

#[test]
fn old_orders_keep_the_version_of_their_date() {
    let service = Service::start();
    service.shop.sell(1, "10.00");
    service.admin.sync();
    let mut double = club();
    double["earning"]["rules"][0]["points"] = json!("20");
    assert_eq!(service.admin.call("program.put", json!({"program": double}))["version"], 2);
    service.shop.sell_at(Utc::now() + TimeDelta::minutes(1), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "30");
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "30");
    service.admin.verified();
}

#[test]
fn a_put_for_the_past_computes_the_orders_concerned_again() {
    let service = Service::start();
    let at = |days: i64| Utc::now() - TimeDelta::days(days);
    service.shop.sell_at(at(20), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.shop.sell_at(at(5), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "20");
    let mut double = club();
    double["earning"]["rules"][0]["points"] = json!("20");
    let from = at(10).to_rfc3339();
    service.admin.call("program.put", json!({"program": double, "effective_from": from}));
    assert_eq!(service.admin.balance(1), "30", "without another pass");
    service.admin.verified();
}

#[test]
fn the_first_version_holds_for_all_that_was_read_before_it() {
    let service = Service::without_program(&[]);
    service.shop.sell_at(Utc::now() - TimeDelta::days(400), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    service.admin.call("program.put", json!({"program": club()}));
    assert_eq!(service.admin.balance(1), "10");
    service.admin.verified();
}

#[test]
fn an_archived_program_earns_no_more_but_old_sales_converge_and_a_put_revives_it() {
    let service = Service::start();
    let old = service.shop.sell(1, "20.00");
    service.admin.sync();
    let archived = service.admin.call("program.archive", json!({"code": "club"}));
    assert!(archived["archived_at"].is_string());
    assert_eq!(service.admin.call("program.archive", json!({"code": "club"})), archived, "again changes nothing");
    service.shop.sell_at(Utc::now() + TimeDelta::minutes(1), Some(1), &uuid(), &[line(1, "1", "50.00")]);
    service.shop.refund(1, old.lines[0], 1, "-1", "-20.00");
    service.admin.sync();
    assert_eq!(service.admin.entries(1), [("earn".into(), "20".into()), ("clawback".into(), "-20".into())]);
    let revived = service.admin.call("program.put", json!({"program": club()}));
    assert_eq!(revived["version"], 2);
    service.shop.sell_at(Utc::now() + TimeDelta::minutes(2), Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    service.admin.verified();
}

#[test]
fn the_command_line_puts_json_and_toml() {
    let service = Service::without_program(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("club.toml");
    std::fs::write(
        &file,
        "code = \"club\"\nname = \"Club\"\ncurrency = \"USD\"\n\n[[earning.rules]]\ncode = \"base\"\n\
         kind = \"per_amount\"\nevery = \"10.00\"\npoints = 10\n",
    )
    .unwrap();
    let put = service.verb(&["program", "put", file.to_str().unwrap(), "--json"]);
    assert_eq!((put.code, put.out.as_str()), (0, "{\"code\":\"club\",\"version\":1}"), "{put:?}");
    // The running service knows it at once.
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    let got = service.verb(&["program", "get", "club"]);
    let document: Value = serde_json::from_str(&got.out).unwrap();
    assert_eq!(document["earning"]["rules"][0]["every"], "10.00");
    let bad = json!({"code": "club", "name": "Club", "currency": "usd"}).to_string();
    let refused = run_in(folder.path(), Some(&service.database.url()), &[], &["program", "put", "-"], Some(&bad));
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("/currency"), "{refused:?}");
}
