//! The session against the sample shop, which misbehaves as Odoo and what stands before it do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use url::Url;

use crate::demo::{Misbehaviour, Served, Shop, server, shop};
use crate::domain::ids::PartnerId;
use crate::domain::order::OrderState;
use crate::domain::shop::{Partner, Product};
use crate::odoo::orders::{ShopRules, read_page};
use crate::odoo::session::Domain;
use crate::odoo::shop::read_partner;
use crate::odoo::{Fault, JsonRpc, Link, OdooSettings, Session, doctor};

struct Stand {
    shop: Shop,
    _server: Served,
    settings: OdooSettings,
}

/// An empty shop that answers; requests may take 300 ms and are repeated twice.
fn stand() -> Stand {
    let shop = Shop::new();
    let server = server::serve(shop.clone(), 0).unwrap();
    let url = Url::parse(server.url()).unwrap();
    let mut settings = OdooSettings::new(url, shop::DATABASE, shop::LOGIN, shop::KEY.into());
    settings.timeout_ms = 300;
    settings.retries = 2;
    Stand { shop, _server: server, settings }
}

async fn open(settings: &OdooSettings) -> Result<Session, Fault> {
    Session::open(Arc::new(JsonRpc::new(settings.clone())?)).await
}

/// How opening a session fails.
async fn refusal(settings: &OdooSettings) -> Fault {
    open(settings).await.err().expect("a fault")
}

fn times(shop: &Shop, method: &str) -> usize {
    shop.calls().iter().filter(|(_, called)| called == method).count()
}

#[tokio::test]
async fn it_logs_in_and_knows_the_version() {
    let stand = stand();
    let session = open(&stand.settings).await.unwrap();
    assert_eq!(session.version(), "19.0");
}

#[tokio::test]
async fn a_wrong_key_login_or_database_is_told_apart_and_never_repeated() {
    let stand = stand();
    let mut wrong = stand.settings.clone();
    wrong.api_key = "nonsense".into();
    assert_eq!(refusal(&wrong).await.kind(), "access_denied");
    assert_eq!(times(&stand.shop, "authenticate"), 1);
    let mut wrong = stand.settings.clone();
    wrong.database = "Demo".to_owned();
    let fault = refusal(&wrong).await;
    assert_eq!((fault.kind(), times(&stand.shop, "authenticate")), ("wrong_database", 2));
    assert!(fault.to_string().contains("\"Demo\""), "{fault}");
}

#[tokio::test]
async fn a_key_that_is_revoked_later_is_noticed() {
    let stand = stand();
    let session = open(&stand.settings).await.unwrap();
    stand.shop.set_credentials(shop::LOGIN, "another");
    let fault = session.newest("pos.order", None).await.unwrap_err();
    assert_eq!(fault.kind(), "access_denied");
    assert_eq!(times(&stand.shop, "fields_get"), 1, "not repeated");
}

#[tokio::test]
async fn after_a_refusal_odoo_is_left_alone() {
    let stand = stand();
    let mut wrong = stand.settings.clone();
    wrong.api_key = "nonsense".into();
    let link = Link::new(Arc::new(JsonRpc::new(wrong).unwrap()), Duration::from_mins(15));
    for _ in 0..5 {
        assert_eq!(link.session().await.err().map(|fault| fault.kind()), Some("access_denied"));
    }
    assert!(link.is_paused().await);
    assert_eq!(times(&stand.shop, "authenticate"), 1);
    link.forget_refusal().await;
    assert!(link.session().await.is_err() && times(&stand.shop, "authenticate") == 2);
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    let stand = stand();
    for what in [
        Misbehaviour::Status(502),
        Misbehaviour::Status(503),
        Misbehaviour::Status(429),
        Misbehaviour::Html,
        Misbehaviour::Truncated,
        Misbehaviour::Hang(Duration::from_secs(1)),
    ] {
        stand.shop.misbehave(what.clone(), None, Some(1));
        assert!(open(&stand.settings).await.is_ok(), "{what:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_said_in_words() {
    let stand = stand();
    for (what, kind, words) in [
        (Misbehaviour::Status(502), "busy", "HTTP 502"),
        (Misbehaviour::Status(404), "not_odoo", "HTTP 404"),
        (Misbehaviour::Status(301), "not_odoo", "redirection"),
        (Misbehaviour::Html, "not_odoo", "HTML"),
        (Misbehaviour::Truncated, "not_odoo", "cut short"),
        (Misbehaviour::OtherJson, "not_odoo", "JSON of another kind"),
        (Misbehaviour::Hang(Duration::from_secs(30)), "timeout", "300 ms"),
        (Misbehaviour::Error("builtins.ZeroDivisionError", "division by zero"), "server", "division by zero"),
    ] {
        stand.shop.misbehave(what.clone(), None, None);
        let fault = refusal(&stand.settings).await;
        stand.shop.behave();
        assert_eq!(fault.kind(), kind, "{what:?}");
        assert!(fault.to_string().contains(words), "{fault}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_says_why() {
    let mut settings = stand().settings;
    settings.url = Url::parse("http://127.0.0.1:1/").unwrap();
    settings.retries = 0;
    let fault = refusal(&settings).await;
    assert_eq!(fault.kind(), "unreachable");
    assert!(fault.to_string().contains("Connection refused"), "{fault}");
}

#[tokio::test]
async fn https_is_spoken_and_a_server_that_does_not_is_unreachable() {
    let stand = stand();
    let mut settings = stand.settings.clone();
    settings.url.set_scheme("https").unwrap();
    settings.retries = 0;
    let fault = refusal(&settings).await;
    assert_eq!(fault.kind(), "unreachable", "{fault}");
    assert!(stand.shop.calls().is_empty(), "nothing was sent in the clear");
}

#[tokio::test]
async fn counting_names_its_domain_by_position() {
    let stand = stand();
    for name in ["Ada", "Bob"] {
        stand.shop.insert("res.partner", json!({"name": name, "active": false}));
    }
    let session = open(&stand.settings).await.unwrap();
    assert_eq!(session.count("res.partner", &vec![json!(["name", "=", "Ada"])]).await, Ok(1));
}

#[tokio::test]
async fn a_hanging_odoo_costs_a_bounded_time() {
    let stand = stand();
    stand.shop.misbehave(Misbehaviour::Hang(Duration::from_secs(30)), None, None);
    let began = Instant::now();
    assert_eq!(refusal(&stand.settings).await.kind(), "timeout");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn missing_rights_name_the_model() {
    let stand = stand();
    stand.shop.deny(Some("res.partner"));
    let session = open(&stand.settings).await.unwrap();
    let fault = session.newest("res.partner", None).await.unwrap_err();
    assert_eq!(fault, Fault::MissingRights { login: shop::LOGIN.to_owned(), model: "res.partner".to_owned() });
    assert!(session.newest("pos.order", None).await.is_ok());
}

#[tokio::test]
async fn pages_by_id_show_every_record_of_one_moment_once() {
    let stand = stand();
    stand.shop.set_clock(chrono::DateTime::from_timestamp(1_790_000_000, 5).unwrap());
    for sequence in 0..23 {
        stand.shop.insert("res.partner", json!({"name": format!("P{sequence}"), "active": sequence % 5 != 0}));
    }
    let session = open(&stand.settings).await.unwrap();
    let domain = vec![json!(["write_date", ">=", "2026-09-21 14:13:20"])];
    let (mut after, mut names) = (0, Vec::new());
    loop {
        let page = session.page::<Partner>(&domain, after, 5).await.unwrap();
        names.extend(page.items.into_iter().map(|partner| partner.name));
        // Records vanish and change while we read.
        stand.shop.delete("res.partner", page.last_id - 1);
        if page.is_last {
            break;
        }
        after = page.last_id;
    }
    let all: Vec<String> = (0..23).map(|sequence| format!("P{sequence}")).collect();
    assert_eq!(names, all);
    assert_eq!(session.newest("res.partner", None).await.unwrap().map(|at| at.timestamp()), Some(1_790_000_000));
}

#[tokio::test]
async fn fields_are_asked_once_and_missing_ones_are_not_asked_for() {
    let stand = stand();
    // As in Odoo 14.
    stand.shop.remove_field("product.product", "pos_categ_ids");
    stand.shop.add_link_field("product.product", "pos_categ_id", "pos.category");
    stand.shop.insert("product.product", json!({"name": "Chair", "pos_categ_id": 4, "categ_id": false}));
    let session = open(&stand.settings).await.unwrap();
    for _ in 0..3 {
        let products = session.page::<Product>(&Domain::new(), 0, 10).await.unwrap().items;
        assert_eq!(products.first().map(|product| product.pos_category_ids.len()), Some(1));
    }
    assert_eq!(times(&stand.shop, "fields_get"), 1);
}

#[tokio::test]
async fn an_order_of_odoo_14_is_read_whole_and_an_odd_one_is_counted() {
    let stand = stand();
    for (model, fields) in [
        ("pos.order", &["uuid", "is_refund"][..]),
        ("pos.order.line", &["uuid", "refunded_orderline_id", "loyalty_hold_id", "is_reward_line", "reward_id"][..]),
    ] {
        for field in fields {
            stand.shop.remove_field(model, field);
        }
    }
    stand.shop.remove_model("loyalty.program");
    stand.shop.insert("res.currency", json!({"id": 1, "name": "EUR"}));
    let shop = stand.shop.insert("pos.config", json!({"name": "Main", "company_id": 1, "currency_id": 1}));
    let order = json!({"name": "Main/1", "state": "invoiced", "date_order": "2026-01-02 03:04:05", "company_id": 1,
        "currency_id": 1, "config_id": shop, "pos_reference": "Order 1"});
    let first = stand.shop.insert("pos.order", order);
    stand.shop.insert("pos.order", json!({"name": "odd", "state": "strange"}));
    for _ in 0..7 {
        stand.shop.insert("pos.order.line", json!({"order_id": first, "qty": 1, "price_subtotal_incl": 2.5}));
    }
    let session = open(&stand.settings).await.unwrap();
    // Pages of three: the lines of one order take several.
    let rules = ShopRules::read(&session, 3).await.unwrap();
    let page = read_page(&session, &rules, &Domain::new(), 0, 3).await.unwrap();
    assert_eq!(page.unreadable, 1);
    let [order] = page.items.as_slice() else { panic!("one order") };
    assert_eq!((order.state, order.lines.len(), order.currency.as_str()), (OrderState::Paid, 7, "EUR"));
    assert_eq!((&order.uuid, order.partner_id), (&None, None));
}

#[tokio::test]
async fn a_partner_is_read_on_demand_archived_or_not() {
    let stand = stand();
    let id = stand.shop.insert("res.partner", json!({"name": "Ada", "active": false}));
    let session = open(&stand.settings).await.unwrap();
    let found = read_partner(&session, PartnerId(id)).await.unwrap();
    assert_eq!(found.map(|partner| (partner.name, partner.active)), Some(("Ada".to_owned(), false)));
    assert_eq!(read_partner(&session, PartnerId(id + 1)).await.unwrap(), None);
}

#[tokio::test]
async fn without_rights_on_gift_cards_reading_goes_on() {
    let stand = stand();
    stand.shop.deny(Some("loyalty.program"));
    let session = open(&stand.settings).await.unwrap();
    let rules = ShopRules::read(&session, 10).await.unwrap();
    assert!(rules.neutral_products().is_empty());
}

#[tokio::test]
async fn the_doctor_finds_what_is_missing() {
    let stand = stand();
    stand.shop.remove_field("pos.order.line", "loyalty_hold_id");
    stand.shop.remove_field("pos.order", "config_id");
    stand.shop.remove_model("pos.category");
    stand.shop.deny(Some("res.currency"));
    let session = open(&stand.settings).await.unwrap();
    let report = doctor::examine(&session).await.unwrap();
    assert!(!report.addon_installed && report.pos_loyalty_installed);
    let of = |model: &str| report.models.iter().find(|found| found.model == model).unwrap();
    assert_eq!(of("pos.order").missing_fields, ["config_id"]);
    assert_eq!(of("pos.category").fault.as_ref().map(Fault::kind), Some("unknown_model"));
    assert_eq!(of("res.currency").fault.as_ref().map(Fault::kind), Some("missing_rights"));
    assert!(of("res.partner").fault.is_none() && of("res.partner").missing_fields.is_empty());
    assert!(
        stand
            .shop
            .calls()
            .iter()
            .all(|(_, method)| { ["version", "authenticate", "fields_get", "search_read"].contains(&method.as_str()) })
    );
}
