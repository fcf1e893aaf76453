//! Programs for enrolled members alone, and rules for customers and products with a tag.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Service, club, draft, line, uuid};

fn explicit() -> Value {
    let mut program = club();
    program["enrolment"] = json!("explicit");
    program
}

fn with_program(program: &Value) -> Service {
    let service = Service::without_program(&[]);
    service.admin.call("program.put", json!({"program": program}));
    service
}

#[test]
fn only_orders_placed_while_enrolled_earn() {
    let service = with_program(&explicit());
    let minutes = |minutes| Utc::now() + TimeDelta::minutes(minutes);
    let sell = |at, amount: &str| service.shop.sell_at(at, Some(1), &uuid(), &[line(1, "1", amount)]);
    sell(minutes(-30), "10.00");
    // A till whose clock is ahead: this one is placed after the enrolment below.
    sell(minutes(5), "20.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    let member = json!({"partner_id": 1, "program": "club"});
    let enrolled = service.api("pos").call("member.enrol", member.clone());
    assert_eq!((&enrolled["partner_id"], &enrolled["program"]), (&json!(1), &json!("club")));
    // What was known already and lies in the time of being enrolled is computed again.
    assert_eq!(service.admin.balance(1), "20");
    assert_eq!(service.admin.call("member.enrol", member.clone()), enrolled, "once enrolled, enrolled");
    let left = service.admin.call("member.leave", member.clone());
    assert!(left["left_at"].is_string(), "{left}");
    // It lies behind the leaving now, and what was earned then is taken back; what was earned before stays.
    assert_eq!(service.admin.balance(1), "0");
    assert_eq!(service.admin.call("member.leave", member), left);
    service.admin.verified();
}

#[test]
fn leaving_keeps_the_points_and_spends_none_until_the_member_is_back() {
    let service = with_program(&explicit());
    let since = (Utc::now() - TimeDelta::hours(2)).to_rfc3339();
    service.admin.call("member.enrol", json!({"partner_id": 1, "program": "club", "since": since}));
    let sale = service.shop.sell(1, "150.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "150");
    let order = draft(&uuid(), 1, "50.00");
    let hold = service.admin.hold(1, "5off", &order).unwrap();
    service.admin.call("loyalty.release", json!({"hold_id": hold["hold_id"], "reason": "no"}));
    service.admin.call("member.leave", json!({"partner_id": 1, "program": "club"}));
    let refused = service.admin.hold(1, "5off", &order).unwrap_err();
    assert_eq!((refused.code, &refused.data["reason"]), (1003, &json!("not_enrolled")));
    let quote = service.admin.call("loyalty.quote", json!({"order": order}));
    assert_eq!(quote["programs"][0]["earns"], "0");
    // What a member would have earned, for a till that tells so.
    assert_eq!(quote["programs"][0]["would_earn"], "50");
    assert_eq!(
        (&quote["programs"][0]["name"], &quote["programs"][0]["points_name"]),
        (&json!("Club"), &json!("points"))
    );
    let mut nobodys = order.clone();
    nobodys.as_object_mut().unwrap().remove("partner_id");
    let of_nobody = service.admin.call("loyalty.quote", json!({"order": nobodys}));
    let of_nobody = &of_nobody["programs"][0];
    assert_eq!((&of_nobody["earns"], of_nobody.get("would_earn")), (&json!("50"), None));
    assert_eq!(quote["programs"][0]["rewards"][0]["reason"], "not_enrolled");
    let shown = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    assert_eq!((&shown[0]["programs"][0]["enrolled"], service.admin.balance(1)), (&json!(false), "150".into()));
    // A refund of what was bought then still converges.
    service.shop.refund(1, sale.lines[0], 1, "-1", "-150.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    service.admin.call("member.enrol", json!({"partner_id": 1, "program": "club"}));
    let shown = service.admin.call("loyalty.balance", json!({"partner_ids": [1]}));
    assert_eq!(shown[0]["programs"][0]["enrolled"], true);
    service.admin.verified();
}

#[test]
fn enrolling_names_what_is_not_there() {
    let service = with_program(&explicit());
    let failed = service.admin.refused("member.enrol", json!({"partner_id": 1, "program": "nobody"}));
    assert_eq!((failed.code, failed.kind.as_str()), (1101, "unknown_program"));
    let failed = service.admin.refused("member.enrol", json!({"partner_id": 999, "program": "club"}));
    assert_eq!((failed.code, failed.kind.as_str()), (1103, "unknown_partner"));
}

#[test]
fn tags_of_customers_and_products_count_as_they_were() {
    let mut program = club();
    program["earning"] = json!({"rules": [
        {"code": "gold", "kind": "per_order", "points": "7", "partner_tag_ids": [4]},
        {"code": "eco", "kind": "per_unit", "points": "3", "scope": {"product_tag_ids": [9]}},
    ]});
    let service = with_program(&program);
    service.shop.shop.update("res.partner", 1, json!({"category_id": [4, 5]}));
    service.shop.shop.update("product.product", 1, json!({"product_tag_ids": [8], "additional_product_tag_ids": [9]}));
    service.shop.sell_lines(Some(1), &uuid(), &[line(1, "2", "10.00"), line(2, "1", "10.00")]);
    service.shop.sell_lines(Some(2), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    // 7 + 2 × 3 for the gold customer, 3 for the other.
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("13".into(), "3".into()));
    let quote = service.admin.call("loyalty.quote", json!({"order": draft(&uuid(), 1, "10.00")}));
    assert_eq!(quote["programs"][0]["earns"], "10", "7 for the visit and 3 for the piece");
    // What is bought later is bought with the tags of later.
    service.shop.shop.update("res.partner", 1, json!({"category_id": []}));
    service.shop.shop.update("product.product", 1, json!({"additional_product_tag_ids": []}));
    service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.admin.sync();
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "13");
    service.admin.verified();
}
