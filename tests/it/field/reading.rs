//! Odoo as it is read: what the service user may no longer see, and clocks that are ahead.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Service, club};

/// A service that compares all orders with every pass.
fn comparing() -> Service {
    let service = Service::without_program(&[("LOYALTY__SYNC__SWEEP_HOURS", "0")]);
    service.admin.call("program.put", json!({"program": club()}));
    service
}

/// Twelve orders of 10.00, of customer 1, at a till of a company.
fn sell_twelve(service: &Service, company: i64, till: i64) -> Vec<i64> {
    let sold: Vec<_> = (0..12).map(|_| service.shop.sell(1, "10.00")).collect();
    for order in &sold {
        service.shop.change_order(order.id, json!({"company_id": company, "config_id": till}));
    }
    sold.into_iter().map(|order| order.id).collect()
}

/// The orders, and the places they were sold at, are not shown any more.
fn hide(service: &Service, orders: &[i64], places: &[(&str, i64)]) {
    for (model, id) in orders.iter().map(|id| ("pos.order", *id)).chain(places.iter().copied()) {
        service.shop.shop.delete(model, id);
    }
}

fn missing_rights(service: &Service) -> Vec<(String, i64, String, u64)> {
    let status = service.admin.call("sync.status", json!({}));
    let text = |right: &Value, name: &str| right[name].as_str().unwrap().to_owned();
    let rights = status["missing_rights"].as_array().unwrap().iter();
    rights
        .map(|right| {
            assert!(text(right, "message").contains(&text(right, "name")), "{right}");
            (
                text(right, "model"),
                right["id"].as_i64().unwrap(),
                text(right, "name"),
                right["orders"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_company_that_the_service_user_loses_takes_no_points_along() {
    let service = comparing();
    let shop = &service.shop.shop;
    let bar = json!({"id": 2, "name": "Bar", "company_id": 2, "currency_id": 1, "active": true});
    shop.insert("res.company", json!({"id": 2, "name": "Paris SARL"}));
    shop.insert("pos.config", bar.clone());
    let orders = sell_twelve(&service, 2, 2);
    let deleted = service.shop.sell(2, "50.00");
    service.admin.sync();
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("120".into(), "50".into()));
    hide(&service, &orders, &[("res.company", 2), ("pos.config", 2), ("pos.order", deleted.id)]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "120", "nothing came back: the right to see it was lost");
    assert_eq!(service.admin.balance(2), "0", "what Odoo would show is gone");
    let expected =
        [("pos.config".to_owned(), 2, "Bar".to_owned(), 12), ("res.company".into(), 2, "Paris SARL".into(), 12)];
    assert_eq!(missing_rights(&service), expected);
    let doctor = service.verb(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.out.contains("may no longer read company “Paris SARL” (2)"), "{}", doctor.out);
    // The right is back, and with it nothing is missing; the orders were deleted meanwhile.
    shop.insert("res.company", json!({"id": 2, "name": "Paris SARL"}));
    shop.insert("pos.config", bar);
    service.admin.sync();
    assert_eq!((missing_rights(&service), service.admin.balance(1)), (vec![], "0".into()));
    assert_eq!(service.verb(&["doctor"]).code, 0);
    service.admin.verified();
}

#[test]
fn a_till_that_the_service_user_loses_takes_no_points_along() {
    let service = Service::start();
    let shop = &service.shop.shop;
    let bar = json!({"id": 2, "name": "Bar", "company_id": 1, "currency_id": 1, "active": true});
    shop.insert("pos.config", bar.clone());
    let orders = sell_twelve(&service, 1, 2);
    // The second pass compares all orders; then that is not due for a day.
    service.admin.sync();
    service.admin.sync();
    hide(&service, &orders, &[("pos.config", 2)]);
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "120");
    assert_eq!(missing_rights(&service), [("pos.config".to_owned(), 2, "Bar".to_owned(), 12)]);
    let doctor = service.verb(&["doctor", "--json"]);
    assert!(doctor.out.contains("may no longer read till “Bar” (2)"), "{}", doctor.out);
    service.admin.sync();
    assert_eq!(missing_rights(&service).len(), 1, "it is told until it is looked for again");
    // Once it is shown again, all orders are compared with the next pass.
    shop.insert("pos.config", bar);
    service.admin.sync();
    assert_eq!((missing_rights(&service), service.admin.balance(1)), (vec![], "0".into()));
    service.admin.verified();
}

#[test]
fn no_right_to_read_companies_at_all_forgets_nothing() {
    let service = comparing();
    let orders = sell_twelve(&service, 1, 1);
    service.admin.sync();
    service.admin.sync();
    service.shop.shop.deny(Some("res.company"));
    hide(&service, &orders, &[]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "120");
    assert_eq!(missing_rights(&service), [("res.company".to_owned(), 1, "Our Company".to_owned(), 12)]);
}

#[test]
fn a_record_of_next_month_hides_no_change_from_the_windows() {
    let service = Service::start();
    let shop = &service.shop.shop;
    let sale = service.shop.sell(1, "100.00");
    service.admin.sync();
    service.admin.sync();
    let ahead = service.shop.sell(3, "10.00");
    let next_month = (shop.now() + TimeDelta::days(30)).format("%Y-%m-%d %H:%M:%S").to_string();
    for (model, id) in [("pos.order", ahead.id), ("pos.order.line", ahead.lines[0]), ("res.partner", 3)] {
        shop.update_silently(model, id, json!({"write_date": next_month}));
    }
    service.admin.sync();
    assert_eq!(service.admin.balance(3), "10");
    // Later changes are behind that record, and must be read all the same: an order, a line alone, a customer.
    shop.advance(Duration::from_mins(10));
    service.shop.change_order(sale.id, json!({"partner_id": 2}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "100".into()));
    shop.advance(Duration::from_mins(10));
    service.shop.change_line(sale.lines[0], json!({"price_subtotal": 50, "price_subtotal_incl": 50}));
    shop.update("res.partner", 4, json!({"name": "Somebody else"}));
    service.admin.sync();
    assert_eq!(service.admin.balance(2), "50");
    assert_eq!(service.database.texts("SELECT name AS value FROM partners WHERE id = 4"), ["Somebody else"]);
    let status = service.admin.call("sync.status", json!({}));
    let future = status["future_records"].as_array().unwrap();
    let told: Vec<(&str, u64, i64)> = future
        .iter()
        .map(|found| {
            let latest = found["latest"]["id"].as_i64().unwrap();
            (found["model"].as_str().unwrap(), found["count"].as_u64().unwrap(), latest)
        })
        .collect();
    assert_eq!(told, [("pos.order", 1, ahead.id), ("pos.order.line", 1, ahead.lines[0]), ("res.partner", 1, 3)]);
    assert!(future[0]["latest"]["name"].as_str().unwrap().starts_with("Shop/"), "{future:?}");
    // It is mended in Odoo, and no longer told.
    for (model, id) in [("pos.order", ahead.id), ("pos.order.line", ahead.lines[0]), ("res.partner", 3)] {
        shop.update(model, id, json!({}));
    }
    service.admin.sync();
    assert_eq!(service.admin.call("sync.status", json!({}))["future_records"], json!([]));
    service.admin.verified();
}

#[test]
fn a_cursor_that_an_earlier_version_left_in_the_future_is_not_believed() {
    let service = Service::start();
    let shop = &service.shop.shop;
    let sale = service.shop.sell(1, "100.00");
    service.admin.sync();
    service.admin.sync();
    // Changed while windows began in the future; the record that did that is gone, and much was written since.
    service.shop.change_order(sale.id, json!({"partner_id": 2}));
    shop.advance(Duration::from_hours(1));
    let later = service.shop.sell(3, "10.00");
    let ahead = (shop.now() + TimeDelta::days(30)).timestamp_micros();
    service.database.execute(&format!("UPDATE cursors SET high_water_us = {ahead} WHERE stream <> 'sweep'")).unwrap();
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("0".into(), "100".into()));
    // From then on, windows are short again.
    shop.advance(Duration::from_hours(1));
    service.shop.change_order(later.id, json!({"partner_id": 4}));
    assert_eq!(service.admin.sync()["orders_read"], 1);
    service.admin.verified();
}
