use std::time::Duration;

use serde_json::{Value, json};

use super::domain::{DomainFilter, Precision};
use super::fake_odoo::{FakeOdoo, SearchRequest};
use super::*;

fn stocked() -> FakeOdoo {
    let shop = FakeOdoo::new();
    shop.set_clock(DateTime::from_timestamp(1_790_000_000, 750_000_000).unwrap());
    for (id, name, active) in [(1, "Ada", true), (2, "Bob", true), (3, "Cleo", false), (4, "Dan", true)] {
        let company = if id == 4 { json!(9) } else { json!(false) };
        shop.insert("res.partner", json!({"id": id, "name": name, "active": active, "company_id": company}));
    }
    shop.insert("product.product", json!({"id": 1, "name": "Chair", "pos_categ_ids": [4, 5]}));
    shop
}

fn found(shop: &FakeOdoo, model: &str, domain: &Value) -> Vec<i64> {
    let search = SearchRequest { domain, order: "id", limit: 0, offset: 0, active_test: false };
    shop.database().search(model, &search).unwrap()
}

#[test]
fn domains_mean_what_they_mean_in_odoo() {
    let shop = stocked();
    for (domain, ids) in [
        (json!([]), vec![1, 2, 3, 4]),
        (json!([["id", ">", 2]]), vec![3, 4]),
        (json!([["id", ">=", 2], ["id", "<", 4]]), vec![2, 3]),
        (json!([["name", "=", "Ada"]]), vec![1]),
        (json!([["name", "!=", "Ada"]]), vec![2, 3, 4]),
        (json!([["id", "in", [1, 4, 99]]]), vec![1, 4]),
        (json!([["id", "not in", [1, 4]]]), vec![2, 3]),
        (json!(["|", ["id", "=", 1], ["id", "=", 3]]), vec![1, 3]),
        (json!(["!", ["id", "<=", 3]]), vec![4]),
        (json!(["&", ["id", ">", 1], ["id", "<", 3]]), vec![2]),
        (json!([["id", ">", 1], "|", ["name", "=", "Ada"], ["name", "=", "Bob"]]), vec![2]),
        (json!([["company_id", "=", false]]), vec![1, 2, 3]),
        (json!([["company_id", "!=", false]]), vec![4]),
        (json!([["company_id", "in", [9]]]), vec![4]),
        (json!([["company_id", ">", 0]]), vec![4]),
        (json!([["active", "=", false]]), vec![3]),
    ] {
        assert_eq!(found(&shop, "res.partner", &domain), ids, "{domain}");
    }
    assert_eq!(found(&shop, "product.product", &json!([["pos_categ_ids", "in", [5, 6]]])), [1]);
    for order in [3, 5, 4, 9, 4] {
        shop.insert("pos.order.line", json!({"order_id": order}));
    }
    for (domain, ids) in [
        (json!([["order_id", ">=", 4], ["order_id", "<=", 5]]), vec![2, 3, 5]),
        (json!([["order_id", "<=", 5], ["order_id", ">=", 4], ["id", ">", 2]]), vec![3, 5]),
        (json!([["order_id", ">=", 5], ["order_id", "<=", 4]]), vec![]),
        (json!([["order_id", ">=", 5]]), vec![2, 4]),
        (json!([["order_id", ">", 3], ["order_id", "<", 9]]), vec![2, 3, 5]),
        (json!(["!", ["order_id", ">=", 4], ["order_id", "<=", 5]]), vec![1]),
    ] {
        assert_eq!(found(&shop, "pos.order.line", &domain), ids, "{domain}");
    }
}

#[test]
fn moments_are_compared_as_old_and_as_new_versions_do() {
    let shop = stocked();
    // All were written in the middle of this second.
    let found =
        |operator: &str| found(&shop, "res.partner", &json!([["write_date", operator, "2026-09-21 14:13:20"]])).len();
    assert_eq!([">", ">=", "=", "<=", "<"].map(found), [4, 4, 0, 0, 0]);
    shop.compare_whole_seconds();
    assert_eq!([">", ">=", "=", "<=", "<"].map(found), [0, 4, 4, 4, 0]);
}

#[test]
fn a_commit_shows_at_once_and_a_reserved_id_is_nobody_else_s() {
    let shop = stocked();
    let id = shop.reserve("res.partner");
    assert_eq!(shop.insert("res.partner", json!({"name": "Eve"})), id + 1);
    let model = || "res.partner".to_owned();
    shop.commit([
        Change::Insert(model(), json!({"id": id, "name": "Fay"})),
        Change::Write(model(), 1, json!({"name": "Adah"})),
        Change::Delete(model(), 2),
    ]);
    assert_eq!(shop.ids("res.partner"), [1, 3, 4, id, id + 1]);
    assert_eq!(shop.kept("res.partner", 1, "name"), Some(json!("Adah")));
}

#[test]
fn a_write_date_is_finer_than_what_the_wire_shows() {
    let shop = stocked();
    let second = "2026-09-21 14:13:20";
    let rows = shop.database().read("res.partner", &[1], &["write_date".to_owned()]).unwrap();
    assert_eq!(rows[0]["write_date"], second);
    assert_eq!(found(&shop, "res.partner", &json!([["write_date", ">=", second]])).len(), 4);
    assert_eq!(found(&shop, "res.partner", &json!([["write_date", "=", second]])).len(), 0);
    shop.advance(Duration::from_secs(1));
    shop.update("res.partner", 2, json!({"name": "Bobby"}));
    assert_eq!(found(&shop, "res.partner", &json!([["write_date", ">=", "2026-09-21 14:13:21"]])), [2]);
    shop.update_silently("res.partner", 3, json!({"name": "Cleopatra"}));
    assert_eq!(found(&shop, "res.partner", &json!([["write_date", ">=", "2026-09-21 14:13:21"]])), [2]);
}

#[test]
fn orders_limits_and_archives() {
    let shop = stocked();
    let search = |order, limit, offset, active_test| {
        let search = SearchRequest { domain: &json!([]), order, limit, offset, active_test };
        shop.database().search("res.partner", &search).unwrap()
    };
    assert_eq!(search("name desc", 2, 0, false), [4, 3]);
    assert_eq!(search("id", 2, 1, true), [2, 4]);
    shop.advance(Duration::from_secs(5));
    shop.update("res.partner", 2, json!({}));
    assert_eq!(search("write_date desc", 1, 0, false), [2]);
}

#[test]
fn what_does_not_exist_is_said_in_odoo_s_words() {
    let shop = stocked();
    let database = shop.database();
    assert_eq!(
        database.read("res.partner", &[1], &["nofield".to_owned()]).unwrap_err(),
        "Invalid field 'nofield' on 'res.partner'"
    );
    let partners = &database.models["res.partner"];
    let words =
        DomainFilter::read(&json!([["nofield", "=", 1]]), partners, "res.partner", Precision::Seconds).unwrap_err();
    assert!(words.starts_with("Invalid field res.partner.nofield in condition"), "{words}");
    assert!(DomainFilter::read(&json!([["id", "ilike", 1]]), partners, "res.partner", Precision::Seconds).is_err());
    assert!(DomainFilter::read(&json!(["&", ["id", "=", 1]]), partners, "res.partner", Precision::Seconds).is_err());
}

#[test]
fn links_are_pairs_and_what_is_empty_is_false() {
    let shop = stocked();
    shop.insert("res.company", json!({"id": 9, "name": "Nine"}));
    let fields = ["company_id", "display_name", "commercial_partner_id"].map(str::to_owned);
    let rows = shop.database().read("res.partner", &[1, 4], &fields).unwrap();
    assert_eq!(
        rows,
        json!([
            {"id": 1, "company_id": false, "display_name": "Ada", "commercial_partner_id": false},
            {"id": 4, "company_id": [9, "Nine"], "display_name": "Dan", "commercial_partner_id": false},
        ])
    );
}
