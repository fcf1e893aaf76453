//! Odoo down, slow, HTML, wrong database, wrong key, missing rights, `false` everywhere: each says what it is,
//! and nothing is lost.

use std::time::Duration;

use loyalty_sidecar::demo::FaultInjection;
use serde_json::json;

use crate::support::{Service, draft, line, uuid};

/// What `sync.run` says.
fn complaint(service: &Service) -> String {
    let failed = service.admin.refused("sync.run", json!({}));
    assert_eq!((failed.code, failed.kind.as_str()), (1401, "unavailable"), "{failed:?}");
    let status = service.admin.call("sync.status", json!({}));
    assert!(status["last_error"].is_string(), "{status}");
    failed.message
}

#[test]
fn each_way_odoo_fails_has_its_own_words_and_nothing_is_lost() {
    let service = Service::start();
    service.shop.sell(1, "10.00");
    let shop = &service.shop.shop;
    let mut said = Vec::new();

    shop.inject(FaultInjection::Html, None, None);
    said.push(complaint(&service));
    shop.behave();
    shop.inject(FaultInjection::Hang(Duration::from_secs(30)), None, None);
    said.push(complaint(&service));
    shop.behave();
    shop.inject(FaultInjection::Truncated, None, None);
    said.push(complaint(&service));
    shop.behave();
    shop.deny(Some("pos.order.line"));
    let rights = complaint(&service);
    assert!(rights.contains("pos.order.line"), "the model is named: {rights}");
    said.push(rights);
    shop.deny(None);
    shop.set_credentials("loyalty", "another-key");
    said.push(complaint(&service));

    let mut different = said.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), said.len(), "{said:#?}");
    for sentence in &said {
        assert!(!sentence.contains("Traceback") && !sentence.contains("demo-key"), "{sentence}");
    }

    shop.set_credentials("loyalty", "demo-key");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    service.admin.verified();
}

#[test]
fn a_refused_login_is_not_tried_again_by_itself() {
    let service = Service::without_program(&[("LOYALTY__SYNC__INTERVAL_SECONDS", "1")]);
    service.shop.shop.set_credentials("loyalty", "another-key");
    service.admin.refused("sync.run", json!({}));
    let logins = || service.shop.shop.calls().iter().filter(|(_, method)| method == "authenticate").count();
    let before = logins();
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(logins(), before, "ten failed logins a minute lock the shop's own staff out");
}

#[test]
fn while_odoo_is_down_the_ledger_works() {
    let service = Service::start();
    service.shop.sell(1, "100.00");
    service.admin.sync();
    service.shop.stop();
    let order = draft(&uuid(), 1, "25.00");
    let hold = service.admin.hold(1, "5off", &order).unwrap();
    let capture = json!({"hold_id": hold["hold_id"], "order": {"uuid": order["uuid"]}});
    assert_eq!(service.admin.call("loyalty.capture", capture)["balance"], "0");
    // A partner that only Odoo could tell of has to wait.
    let failed = service.admin.refused(
        "ledger.adjust",
        json!({"idempotency_key": uuid(), "partner_id": 999, "program": "club", "points": "1", "reason": "r"}),
    );
    assert_eq!(failed.code, 1401);
}

#[test]
fn false_everywhere_is_normal() {
    let service = Service::start();
    let order = service.shop.sell_lines(Some(1), &uuid(), &[line(1, "1", "10.00")]);
    service.shop.shop.update_silently(
        "pos.order",
        order.id,
        json!({"uuid": false, "pos_reference": false, "config_id": false}),
    );
    service.shop.shop.update_silently(
        "pos.order.line",
        order.lines[0],
        json!({"uuid": false, "loyalty_hold_id": false}),
    );
    service.shop.shop.update_silently("product.product", 1, json!({"categ_id": false, "pos_categ_ids": []}));
    // A line of a product that was deleted, and one without any.
    service.shop.sell_lines(Some(2), &uuid(), &[line(4711, "1", "10.00")]);
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("10".into(), "10".into()));
    service.admin.verified();
}

#[test]
fn an_odoo_that_lacks_a_model_that_only_describes_is_read_all_the_same() {
    let service = Service::start();
    for model in ["pos.config", "pos.category", "loyalty.program", "loyalty.reward"] {
        service.shop.shop.remove_model(model);
    }
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "10");
    service.shop.shop.remove_model("pos.order.line");
    assert!(complaint(&service).contains("pos.order.line"));
    service.admin.verified();
}

#[test]
fn it_never_asks_odoo_to_write() {
    let service = Service::start();
    service.shop.sell(1, "10.00");
    service.admin.sync();
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.verb(&["doctor"]).code, 0);
    let reading = [
        "version",
        "authenticate",
        "context_get",
        "fields_get",
        "search_read",
        "search_count",
        "read",
        "search",
        "check_access_rights",
    ];
    let calls = service.shop.shop.calls();
    assert!(calls.len() > 10);
    for (model, method) in calls {
        assert!(reading.contains(&method.as_str()), "{model}.{method}");
    }
}
