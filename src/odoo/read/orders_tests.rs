use serde_json::{Value, json};

use super::*;

fn record(text: &str) -> Record {
    Record::new(serde_json::from_str(text).unwrap()).unwrap()
}

/// As Odoo 19 sends it, recorded.
const ORDER_19: &str = r#"{"id": 4, "uuid": "5e8dbcd8-55bd-4c1d-bc7c-8b0d4c1d3f10", "name": "Furniture Shop/0004",
    "pos_reference": "2500-001-0004", "state": "paid", "date_order": "2026-11-21 20:11:02", "partner_id": [11, "Azure"],
    "company_id": [1, "YourCompany"], "currency_id": [1, "USD"], "config_id": [1, "Furniture Shop"],
    "write_date": "2026-11-21 20:11:02"}"#;

const LINE_19: &str = r#"{"id": 8, "uuid": "c1a1", "order_id": [4, "Furniture Shop/0004"], "product_id": [7, "Chair"],
    "qty": 3.0, "price_subtotal": 209.99999999999997, "price_subtotal_incl": 241.5, "refunded_orderline_id": false,
    "loyalty_hold_id": false, "is_reward_line": false, "reward_id": false, "write_date": "2026-11-21 20:11:02"}"#;

#[test]
fn an_order_of_odoo_19() {
    let read = order(&record(ORDER_19), &[record(LINE_19)], &ShopRules::default()).unwrap();
    assert_eq!((read.id, read.state, read.partner_id), (Some(OrderId(4)), OrderState::Paid, Some(PartnerId(11))));
    assert_eq!((read.currency.as_str(), read.pos_config_id), ("USD", Some(PosConfigId(1))));
    assert_eq!(read.placed_at.to_rfc3339(), "2026-11-21T20:11:02+00:00");
    let [line] = read.lines.as_slice() else { panic!("one line") };
    assert_eq!((line.subtotal, line.subtotal_incl), (Money::from_e4(2_100_000), Money::from_e4(2_415_000)));
    assert_eq!((line.quantity.to_string().as_str(), line.role), ("3", LineRole::Eligible));
    assert_eq!((&line.hold, line.refunds), (&None, None));
}

#[test]
fn an_order_of_odoo_14_with_false_everywhere_else() {
    let old = r#"{"id": 4, "name": "/", "pos_reference": false, "state": "invoiced", "date_order": "2021-01-02 03:04:05",
        "partner_id": false, "company_id": [1, "Us"], "config_id": [2, "Shop"], "currency_id": false}"#;
    let line = r#"{"id": 8, "order_id": [4, "/"], "product_id": false, "qty": -1.5, "price_subtotal": 0.0,
        "price_subtotal_incl": false}"#;
    let rules = ShopRules { currencies: [(2, "EUR".to_owned())].into(), ..ShopRules::default() };
    let read = order(&record(old), &[record(line)], &rules).unwrap();
    assert_eq!((read.state, read.uuid, read.partner_id, read.reference), (OrderState::Paid, None, None, None));
    assert_eq!(read.name, "");
    assert_eq!(read.currency, "EUR");
    let [line] = read.lines.as_slice() else { panic!("one line") };
    assert_eq!((line.product_id, &line.uuid, line.subtotal_incl), (None, &None, Money::ZERO));
    assert_eq!(line.quantity.to_string(), "-1.5");
}

#[test]
fn an_order_without_a_number_is_called_by_its_receipt() {
    let unnumbered = record(&ORDER_19.replace("Furniture Shop/0004", "/"));
    assert_eq!(order(&unnumbered, &[], &ShopRules::default()).unwrap().name, "2500-001-0004");
}

#[test]
fn what_cannot_be_understood_is_named() {
    for (from, to, words) in [
        ("\"paid\"", "\"parked\"", "state is none that we know"),
        ("\"2026-11-21 20:11:02\", \"partner", "false, \"partner", "date_order is empty"),
        ("[1, \"YourCompany\"]", "false", "company_id is empty"),
        ("[1, \"USD\"]", "false", "currency_id is empty, and so is the shop's"),
    ] {
        let broken = record(&ORDER_19.replace(from, to));
        assert_eq!(order(&broken, &[], &ShopRules::default()).unwrap_err().to_string(), words);
    }
}

#[test]
fn what_could_not_be_kept_is_not_read_either() {
    let long = format!("\"uuid\": \"{}\"", "x".repeat(501));
    let broken = record(&ORDER_19.replace("\"uuid\": \"5e8dbcd8-55bd-4c1d-bc7c-8b0d4c1d3f10\"", &long));
    let told = |order: Result<Order, Unreadable>| order.unwrap_err().to_string();
    assert_eq!(told(order(&broken, &[], &ShopRules::default())), "uuid is too long a text");
    let with = |from: &str, to: &str| record(&LINE_19.replace(from, to));
    let whole = record(ORDER_19);
    for (lines, words) in [
        (vec![with("3.0", "1000000000.5")], "qty is too large a quantity"),
        (vec![with("3.0", "-1e13")], "qty is too large a quantity"),
        (vec![with("241.5", "1e15")], "price_subtotal_incl is too large an amount"),
        (vec![with("241.5", "9e14"), with("241.5", "9e14")], "lines add up to too large an amount"),
    ] {
        assert_eq!(told(order(&whole, &lines, &ShopRules::default())), words);
    }
    let read = order(
        &whole,
        &[with("\"loyalty_hold_id\": false", &format!("\"loyalty_hold_id\": \"{}\"", "x".repeat(9_000)))],
        &ShopRules::default(),
    );
    assert_eq!(read.unwrap().lines[0].hold, Some(HoldRef::Malformed("x".repeat(100))));
}

#[test]
fn tips_vouchers_and_their_payments_are_neutral() {
    let rules = ShopRules {
        neutral: [(1, [ProductId(30), ProductId(32)].into())].into(),
        currencies: BTreeMap::new(),
        payments: [90].into(),
        vouchers: [ProductId(31)].into(),
        links_refunds: true,
        hold_field_missing: false,
    };
    let role = |product: i64, reward: Value, is_reward: bool| {
        let record = Record::new(json!({"id": 1, "is_reward_line": is_reward, "reward_id": reward})).unwrap();
        rules.role(&record, Some(ProductId(product)), Some(1)).unwrap()
    };
    assert_eq!(role(7, json!(false), false), LineRole::Eligible);
    assert_eq!(role(30, json!(false), false), LineRole::Excluded, "the tip product");
    assert_eq!(role(31, json!(false), false), LineRole::Excluded, "a gift card sold");
    assert_eq!(role(32, json!(false), false), LineRole::Excluded, "a debt paid");
    assert_eq!(role(7, json!([90, "Gift card"]), true), LineRole::Excluded, "paid by gift card");
    assert_eq!(role(7, json!([91, "10 %"]), true), LineRole::Eligible, "a discount of pos_loyalty");
    let elsewhere = Record::new(json!({"id": 1})).unwrap();
    assert_eq!(rules.role(&elsewhere, Some(ProductId(30)), Some(2)).unwrap(), LineRole::Eligible, "another shop's tip");
    assert_eq!(rules.role(&elsewhere, None, Some(2)).unwrap(), LineRole::Eligible, "no product is no tip");
}

#[test]
fn holds_of_ours_are_told_from_anything_else() {
    let with = |hold: &str| {
        let record = Record::new(json!({"id": 1, "loyalty_hold_id": hold})).unwrap();
        line(&record, &ShopRules::default(), None).unwrap().hold
    };
    let ours = "01990b3e-1111-7222-8333-444455556666";
    assert!(matches!(with(ours), Some(HoldRef::Id(_))));
    assert_eq!(with("scribble"), Some(HoldRef::Malformed("scribble".to_owned())));
    assert_eq!(with("  "), None);
}

#[test]
fn a_digest_sums_the_lines() {
    let read = digest(&record(ORDER_19), &[record(LINE_19), record(LINE_19)]).unwrap();
    assert_eq!((read.total_incl, read.line_count), (Money::from_e4(4_830_000), 2));
}

#[test]
fn the_lines_of_a_refund_that_the_till_of_odoo_19_wrote_are_turned_round() {
    // As recorded: a book of 30.00 and a discount of 5.00 come back; a lamp of 30.00 goes out; the same from the back office.
    for (quantity, price, written, means) in [
        ("-1.0", "30.0", "30.0", "-30.00"),
        ("-1.0", "-5.0", "-5.0", "5.00"),
        ("1.0", "30.0", "-30.0", "30.00"),
        ("-1.0", "30.0", "-30.0", "-30.00"),
        ("1.0", "-5.0", "-5.0", "-5.00"),
        ("-1.0", "0.0", "0.0", "0.00"),
    ] {
        let text = LINE_19
            .replace("\"qty\": 3.0", &format!("\"qty\": {quantity}, \"price_unit\": {price}"))
            .replace("209.99999999999997", written)
            .replace("241.5", written);
        let read = line(&record(&text), &ShopRules::default(), None).unwrap();
        assert_eq!((read.subtotal.to_text(2), read.subtotal_incl.to_text(2)), (means.to_owned(), means.to_owned()));
        assert_eq!(digest(&record(ORDER_19), &[record(&text)]).unwrap().total_incl, read.subtotal_incl);
    }
}

#[test]
fn lines_are_asked_for_by_a_range_where_their_orders_are_neighbours() {
    let list = |orders: &[i64]| vec![json!(["order_id", "in", orders])];
    let range = |first: i64, last: i64| vec![json!(["order_id", ">=", first]), json!(["order_id", "<=", last])];
    for (orders, expected) in [
        (vec![7], list(&[7])),
        (vec![7, 8, 9], list(&[7, 8, 9])),
        (vec![7, 8, 9, 10], range(7, 10)),
        (vec![7, 8, 9, 11], range(7, 11)),
        (vec![7, 8, 9, 12], list(&[7, 8, 9, 12])),
        ((1..=500).map(|id| id * 5 / 4).collect(), range(1, 625)),
        (vec![1, 2, 3, i64::MAX], list(&[1, 2, 3, i64::MAX])),
    ] {
        assert_eq!(condition_for_lines(&orders), expected, "{orders:?}");
    }
}
