//! Odoo over JSON-RPC and over JSON-2: reading gives the same over either.

use serde_json::{Value, json};

use crate::support::{Service, uuid};

/// The names of what the shop was asked.
fn asked(service: &Service) -> Vec<String> {
    service.shop.shop.calls().into_iter().map(|(_, method)| method).collect()
}

/// Sales, a merge, a deletion and a till that is hidden: what of them the ledger says.
fn read_over(protocol: &str) -> Value {
    let service = Service::without_program(&[("LOYALTY__ODOO__PROTOCOL", protocol), ("LOYALTY__SYNC__PAGE_SIZE", "3")]);
    service.admin.call("program.put", json!({"program": crate::support::club()}));
    let shop = &service.shop.shop;
    let sold: Vec<_> = (0..10).map(|_| service.shop.sell(1, "20.00")).collect();
    let of_two = service.shop.sell(2, "30.00");
    let of_three = service.shop.sell(3, "50.00");
    service.admin.sync();
    // Customer 2 is merged into 4 by raw SQL, one order is deleted, another hidden by a rule.
    shop.update_silently("pos.order", of_two.id, json!({"partner_id": 4}));
    shop.delete("res.partner", 2);
    shop.delete("pos.order", sold[3].id);
    shop.hide("pos.order", of_three.id, true);
    let full = service.verb(&["sync", "--full"]);
    assert_eq!(full.code, 0, "{protocol}: {full:?}");
    service.admin.verified();
    let asked = asked(&service);
    let [old, new] = ["authenticate", "context_get"].map(|login| asked.iter().any(|method| method == login));
    assert_eq!((old, new), (protocol == "jsonrpc", protocol != "jsonrpc"), "{protocol}");
    let balances: Vec<String> = (1..=5).map(|partner| service.admin.balance(partner)).collect();
    let exceptions = &service.admin.call("exception.list", json!({}))["exceptions"];
    let kinds: Vec<&Value> = exceptions.as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    json!({"balances": balances, "exceptions": kinds})
}

#[test]
fn both_protocols_read_the_same() {
    let read = ["jsonrpc", "json2", "auto"].map(read_over);
    assert_eq!(read[0], read[1]);
    assert_eq!(read[0], read[2]);
    assert_eq!(read[0]["balances"][0], "180");
    assert_eq!(read[0]["balances"][3], "30", "{}", read[0]);
}

#[test]
fn doctor_says_which_protocol_is_spoken_and_why() {
    let mut service = Service::start();
    let says = |service: &Service, words: &str| {
        let doctor = service.verb(&["doctor"]);
        assert!(doctor.out.contains(words), "{words}: {doctor:?}");
    };
    says(&service, "read over JSON-2 (odoo.protocol = auto, and this is version 19.0)");
    service.shop.shop.set_version("18.0");
    says(&service, "read over JSON-RPC (odoo.protocol = auto, and version 18.0 has no JSON-2)");
    service.set("LOYALTY__ODOO__PROTOCOL", "json2");
    says(&service, "has no JSON-2 (HTTP 404): that came with Odoo 19");
    service.shop.shop.set_version("19.0");
    service.set("LOYALTY__ODOO__PROTOCOL", "jsonrpc");
    says(&service, "read over JSON-RPC (odoo.protocol = jsonrpc)");
}

#[test]
fn a_protocol_that_is_none_is_refused_by_name() {
    let mut service = Service::start();
    service.set("LOYALTY__ODOO__PROTOCOL", "xmlrpc");
    let refused = service.verb(&["sync"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("odoo.protocol") && refused.err.contains("json2"), "{refused:?}");
    let environment = service.shop.environment();
    let (_, address) = environment.iter().find(|(name, _)| name == "LOYALTY__ODOO__URL").unwrap();
    let mut address = url::Url::parse(address).unwrap();
    address.set_username("proxy").unwrap();
    address.set_password(Some("word")).unwrap();
    service.set("LOYALTY__ODOO__URL", address.as_str());
    service.set("LOYALTY__ODOO__PROTOCOL", "json2");
    let refused = service.verb(&["sync"]);
    assert!(refused.code == 2 && refused.err.contains("odoo.protocol"), "{refused:?}");
    assert!(!refused.err.contains("word@"), "{refused:?}");
}

#[test]
fn a_key_that_is_revoked_stays_refused_whatever_else_is_spoken() {
    let service = Service::start();
    service.shop.shop.set_credentials("loyalty", &uuid());
    let failed = service.admin.try_call("sync.run", json!({})).unwrap_err();
    assert!(failed.message.contains("Odoo refused the login"), "{failed:?}");
    assert!(!asked(&service).contains(&"authenticate".to_owned()), "nor tried over JSON-RPC");
}
