//! The session against the sample shop, which misbehaves as Odoo and what stands before it do: over both protocols, since
//! reading must give the same over either.

use std::time::{Duration, Instant};

use serde_json::json;
use url::Url;

use crate::demo::{FakeOdoo, FaultInjection, Served, fake_odoo, server};
use crate::domain::catalog::records::{Partner, Product};
use crate::domain::sale::order::OrderState;
use crate::domain::value::ids::PartnerId;
use crate::odoo::read::catalog::read_partner;
use crate::odoo::read::pos_orders::{ShopRules, read_page};
use crate::odoo::session::Domain;
use crate::odoo::{Link, OdooFault, OdooSettings, Protocol, Session, doctor, transport};

struct Stand {
    shop: FakeOdoo,
    _server: Served,
    settings: OdooSettings,
}

/// An empty shop that answers, once for each protocol.
fn stands() -> [Stand; 2] {
    [Protocol::JsonRpc, Protocol::Json2].map(stand)
}

/// An empty shop that answers; requests may take 300 ms and are repeated twice.
fn stand(protocol: Protocol) -> Stand {
    let shop = FakeOdoo::new();
    let server = server::serve(shop.clone(), 0).unwrap();
    let url = Url::parse(server.url()).unwrap();
    let mut settings = OdooSettings::new(url, fake_odoo::DATABASE, fake_odoo::LOGIN, fake_odoo::KEY.into());
    settings.timeout_ms = 300;
    settings.retries = 2;
    settings.protocol = protocol;
    Stand { shop, _server: server, settings }
}

async fn open(settings: &OdooSettings) -> Result<Session, OdooFault> {
    Session::open(transport(settings.clone())?).await
}

/// How opening a session fails.
async fn refusal(settings: &OdooSettings) -> OdooFault {
    open(settings).await.err().expect("a fault")
}

fn times(shop: &FakeOdoo, method: &str) -> usize {
    shop.calls().iter().filter(|(_, called)| called == method).count()
}

/// How often the key was shown to log in.
fn logins(shop: &FakeOdoo) -> usize {
    times(shop, "authenticate") + times(shop, "context_get")
}

#[tokio::test]
async fn it_logs_in_and_knows_the_version() {
    for stand in stands() {
        let session = open(&stand.settings).await.unwrap();
        assert_eq!(session.version(), "19.0");
    }
}

#[tokio::test]
async fn a_wrong_key_login_or_database_is_told_apart_and_never_repeated() {
    for stand in stands() {
        let mut wrong = stand.settings.clone();
        wrong.api_key = "nonsense".into();
        assert_eq!(refusal(&wrong).await.kind(), "access_denied");
        assert_eq!(logins(&stand.shop), 1);
        let mut wrong = stand.settings.clone();
        wrong.database = "Demo".to_owned();
        let fault = refusal(&wrong).await;
        // JSON-2 is not answered at all then: nobody sees the key.
        let seen = if stand.settings.protocol == Protocol::Json2 { 1 } else { 2 };
        assert_eq!((fault.kind(), logins(&stand.shop)), ("wrong_database", seen));
        assert!(fault.to_string().contains("\"Demo\""), "{fault}");
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_later_is_noticed() {
    for stand in stands() {
        let session = open(&stand.settings).await.unwrap();
        stand.shop.set_credentials(fake_odoo::LOGIN, "another");
        let fault = session.newest("pos.order", None).await.unwrap_err();
        assert_eq!(fault.kind(), "access_denied");
        assert_eq!(times(&stand.shop, "fields_get"), 1, "not repeated");
    }
}

#[tokio::test]
async fn after_a_refusal_odoo_is_left_alone() {
    for stand in stands() {
        let mut wrong = stand.settings.clone();
        wrong.api_key = "nonsense".into();
        let link = Link::new(transport(wrong).unwrap(), Duration::from_mins(15));
        for _ in 0..5 {
            assert_eq!(link.session().await.err().map(|fault| fault.kind()), Some("access_denied"));
        }
        assert!(link.is_paused().await);
        assert_eq!(logins(&stand.shop), 1);
        link.forget_refusal().await;
        assert!(link.session().await.is_err() && logins(&stand.shop) == 2);
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    for stand in stands() {
        for what in [
            FaultInjection::Status(502),
            FaultInjection::Status(503),
            FaultInjection::Status(429),
            FaultInjection::Html,
            FaultInjection::Truncated,
            FaultInjection::Hang(Duration::from_secs(1)),
        ] {
            stand.shop.inject(what.clone(), None, Some(1));
            assert!(open(&stand.settings).await.is_ok(), "{what:?}");
        }
    }
}

#[tokio::test]
async fn what_does_not_pass_is_said_in_words() {
    for stand in stands() {
        let is_json2 = stand.settings.protocol == Protocol::Json2;
        for (what, kind, words) in [
            (FaultInjection::Status(502), "busy", "HTTP 502"),
            (FaultInjection::Status(404), if is_json2 { "no_json2" } else { "not_odoo" }, "HTTP 404"),
            (FaultInjection::Status(301), "not_odoo", "redirection"),
            (FaultInjection::Html, "not_odoo", "HTML"),
            (FaultInjection::Truncated, "not_odoo", "cut short"),
            (FaultInjection::OtherJson, "not_odoo", "JSON of another kind"),
            (FaultInjection::Hang(Duration::from_secs(30)), "timeout", "300 ms"),
            (FaultInjection::Error("builtins.ZeroDivisionError", "division by zero"), "server", "division by zero"),
        ] {
            stand.shop.inject(what.clone(), None, None);
            let fault = refusal(&stand.settings).await;
            stand.shop.behave();
            assert_eq!(fault.kind(), kind, "{what:?}");
            assert!(fault.to_string().contains(words), "{fault}");
        }
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_says_why() {
    let mut settings = stand(Protocol::Json2).settings;
    settings.url = Url::parse("http://127.0.0.1:1/").unwrap();
    settings.retries = 0;
    let fault = refusal(&settings).await;
    assert_eq!(fault.kind(), "unreachable");
    assert!(fault.to_string().contains("Connection refused"), "{fault}");
}

#[tokio::test]
async fn https_is_spoken_and_a_server_that_does_not_is_unreachable() {
    for stand in stands() {
        let mut settings = stand.settings.clone();
        settings.url.set_scheme("https").unwrap();
        settings.retries = 0;
        let fault = refusal(&settings).await;
        assert_eq!(fault.kind(), "unreachable", "{fault}");
        assert!(stand.shop.calls().is_empty(), "nothing was sent in the clear");
    }
}

#[tokio::test]
async fn counting_names_its_domain_by_position() {
    for stand in stands() {
        for name in ["Ada", "Bob"] {
            stand.shop.insert("res.partner", json!({"name": name, "active": false}));
        }
        let session = open(&stand.settings).await.unwrap();
        assert_eq!(session.count("res.partner", &vec![json!(["name", "=", "Ada"])]).await, Ok(1));
    }
}

#[tokio::test]
async fn a_hanging_odoo_costs_a_bounded_time() {
    for stand in stands() {
        stand.shop.inject(FaultInjection::Hang(Duration::from_secs(30)), None, None);
        let began = Instant::now();
        assert_eq!(refusal(&stand.settings).await.kind(), "timeout");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn missing_rights_name_the_model() {
    for stand in stands() {
        stand.shop.deny(Some("res.partner"));
        let session = open(&stand.settings).await.unwrap();
        let fault = session.newest("res.partner", None).await.unwrap_err();
        assert_eq!(
            fault,
            OdooFault::MissingRights { login: fake_odoo::LOGIN.to_owned(), model: "res.partner".to_owned() }
        );
        assert!(session.newest("pos.order", None).await.is_ok());
    }
}

#[tokio::test]
async fn pages_by_id_show_every_record_of_one_moment_once() {
    for stand in stands() {
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
}

#[tokio::test]
async fn fields_are_asked_once_and_missing_ones_are_not_asked_for() {
    for stand in stands() {
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
}

#[tokio::test]
async fn an_order_of_odoo_14_is_read_whole_and_an_odd_one_is_counted() {
    for stand in stands() {
        for (model, fields) in [
            ("pos.order", &["uuid", "is_refund"][..]),
            (
                "pos.order.line",
                &["uuid", "refunded_orderline_id", "loyalty_hold_id", "is_reward_line", "reward_id"][..],
            ),
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
}

#[tokio::test]
async fn neighbouring_orders_get_their_own_lines_and_not_those_of_orders_in_between() {
    for stand in stands() {
        stand.shop.insert("res.currency", json!({"id": 1, "name": "EUR"}));
        let shop = stand.shop.insert("pos.config", json!({"name": "Main", "company_id": 1, "currency_id": 1}));
        // Every fifth is in another state, and its lines in between those of the others.
        for id in 1..=20 {
            let state = if id % 5 == 3 { "draft" } else { "paid" };
            let order = json!({"id": id, "name": format!("Main/{id}"), "state": state, "date_order": "2026-01-02 03:04:05",
                "company_id": 1, "currency_id": 1, "config_id": shop});
            stand.shop.insert("pos.order", order);
            for part in [0, 1000, 2000] {
                let line = json!({"id": part + id, "order_id": id, "qty": 1, "price_subtotal_incl": id});
                stand.shop.insert("pos.order.line", line);
            }
        }
        let session = open(&stand.settings).await.unwrap();
        let rules = ShopRules::read(&session, 100).await.unwrap();
        for (page_size, domain) in [(100, vec![json!(["state", "=", "paid"])]), (7, Domain::new())] {
            let (mut after, mut read) = (0, 0);
            loop {
                let page = read_page(&session, &rules, &domain, after, page_size).await.unwrap();
                for order in &page.items {
                    let id = order.id.unwrap().0;
                    let lines: Vec<i64> = order.lines.iter().filter_map(|line| line.id).map(|line| line.0).collect();
                    assert_eq!(lines, [id, 1000 + id, 2000 + id]);
                    read += 1;
                }
                if page.is_last {
                    break;
                }
                after = page.last_id;
            }
            assert_eq!(read, if domain.is_empty() { 20 } else { 16 });
        }
    }
}

#[tokio::test]
async fn a_partner_is_read_on_demand_archived_or_not() {
    for stand in stands() {
        let id = stand.shop.insert("res.partner", json!({"name": "Ada", "active": false}));
        let session = open(&stand.settings).await.unwrap();
        let found = read_partner(&session, PartnerId(id)).await.unwrap();
        assert_eq!(found.map(|partner| (partner.name, partner.active)), Some(("Ada".to_owned(), false)));
        assert_eq!(read_partner(&session, PartnerId(id + 1)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn without_rights_on_gift_cards_reading_goes_on() {
    for stand in stands() {
        stand.shop.deny(Some("loyalty.program"));
        let session = open(&stand.settings).await.unwrap();
        let rules = ShopRules::read(&session, 10).await.unwrap();
        assert!(rules.neutral_products().is_empty());
    }
}

#[tokio::test]
async fn the_doctor_finds_what_is_missing() {
    for stand in stands() {
        stand.shop.remove_field("pos.order.line", "loyalty_hold_id");
        stand.shop.remove_field("pos.order", "config_id");
        stand.shop.remove_model("pos.category");
        stand.shop.deny(Some("res.currency"));
        let session = open(&stand.settings).await.unwrap();
        let report = doctor::examine(&session).await.unwrap();
        assert!(!report.addon_installed && report.pos_loyalty_installed);
        let of = |model: &str| report.models.iter().find(|found| found.model == model).unwrap();
        assert_eq!(of("pos.order").missing_fields, ["config_id"]);
        assert_eq!(of("pos.category").fault.as_ref().map(OdooFault::kind), Some("unknown_model"));
        assert_eq!(of("res.currency").fault.as_ref().map(OdooFault::kind), Some("missing_rights"));
        assert!(of("res.partner").fault.is_none() && of("res.partner").missing_fields.is_empty());
        assert!(stand.shop.calls().iter().all(|(_, method)| {
            ["version", "authenticate", "context_get", "read", "fields_get", "search_read"].contains(&method.as_str())
        }));
    }
}

/// A shop that is asked in whatever `auto` chooses.
fn auto() -> Stand {
    stand(Protocol::Auto)
}

#[tokio::test]
async fn auto_takes_json2_from_19_on_and_json_rpc_before() {
    for (version, protocol) in
        [("19.0", "JSON-2"), ("20.0", "JSON-2"), ("18.0", "JSON-RPC"), ("14.0-20230101", "JSON-RPC")]
    {
        let stand = auto();
        stand.shop.set_version(version);
        let session = open(&stand.settings).await.unwrap();
        assert_eq!((session.version(), session.spoken().protocol), (version, protocol));
        assert!(session.spoken().why.contains(version), "{}", session.spoken().why);
        assert_eq!(session.count("res.users", &Domain::new()).await, Ok(1));
        let [over_json2, over_json_rpc] = ["context_get", "authenticate"].map(|login| times(&stand.shop, login));
        assert_eq!((over_json2, over_json_rpc), if protocol == "JSON-2" { (1, 0) } else { (0, 1) }, "{version}");
    }
}

#[tokio::test]
async fn auto_notices_that_odoo_was_brought_up_to_date() {
    let stand = auto();
    stand.shop.set_version("18.0");
    let session = open(&stand.settings).await.unwrap();
    assert_eq!(session.spoken().protocol, "JSON-RPC");
    stand.shop.set_version("19.0");
    let session = session.renewed().await.unwrap();
    assert_eq!(session.spoken().protocol, "JSON-2");
    assert_eq!(session.count("res.users", &Domain::new()).await, Ok(1));
}

#[tokio::test]
async fn auto_never_shows_a_refused_key_to_the_other_protocol() {
    let stand = auto();
    let session = open(&stand.settings).await.unwrap();
    stand.shop.set_credentials(fake_odoo::LOGIN, "another");
    assert_eq!(session.newest("pos.order", None).await.unwrap_err().kind(), "access_denied");
    let fault = refusal(&stand.settings).await;
    assert_eq!(fault.kind(), "access_denied", "{fault}");
    assert_eq!(times(&stand.shop, "authenticate"), 0, "{:?}", stand.shop.calls());
    // Nor what Odoo refuses in another way.
    for name in ["odoo.exceptions.AccessDenied", "odoo.http.SessionExpiredException"] {
        stand.shop.inject(FaultInjection::Error(name, "no"), Some("res.users"), None);
        assert_eq!(refusal(&stand.settings).await.kind(), "access_denied", "{name}");
        stand.shop.behave();
    }
    assert_eq!(times(&stand.shop, "authenticate"), 0);
}

#[tokio::test]
async fn auto_speaks_json_rpc_where_a_proxy_keeps_json2_back() {
    let stand = auto();
    stand.shop.hide_json2();
    let session = open(&stand.settings).await.unwrap();
    let spoken = session.spoken();
    assert!(spoken.protocol == "JSON-RPC" && spoken.why.contains("proxy"), "{spoken:?}");
    // Asked for by name, it is said instead.
    let mut json2 = stand.settings.clone();
    json2.protocol = Protocol::Json2;
    let fault = refusal(&json2).await;
    assert!(fault.to_string().contains("odoo.protocol = \"jsonrpc\""), "{fault}");
    // A password in the address takes the header that a key needs.
    let stand = auto();
    let mut settings = stand.settings.clone();
    settings.url.set_username("proxy").unwrap();
    settings.url.set_password(Some("word")).unwrap();
    let spoken = open(&settings).await.unwrap().spoken();
    assert!(spoken.protocol == "JSON-RPC" && spoken.why.contains("password"), "{spoken:?}");
}

#[tokio::test]
async fn auto_does_not_choose_while_odoo_is_away() {
    let stand = auto();
    stand.shop.inject(FaultInjection::Status(503), None, None);
    assert_eq!(refusal(&stand.settings).await.kind(), "busy");
    assert_eq!(logins(&stand.shop), 0);
}

#[tokio::test]
async fn an_older_odoo_that_is_asked_for_json2_is_told_of() {
    let stand = stand(Protocol::Json2);
    stand.shop.set_version("18.0");
    let fault = refusal(&stand.settings).await;
    assert!(fault.to_string().contains("odoo.protocol = \"auto\""), "{fault}");
}

#[tokio::test]
async fn a_key_of_another_user_is_named() {
    let stand = stand(Protocol::Json2);
    stand.shop.give_key_to("admin");
    let fault = refusal(&stand.settings).await;
    assert!(fault.is_refusal());
    assert!(fault.to_string().contains("\"admin\"") && fault.to_string().contains(fake_odoo::LOGIN), "{fault}");
    // Whoever may not look at users, itself included, is taken at its word.
    stand.shop.deny(Some("res.users"));
    assert!(open(&stand.settings).await.is_ok());
}

#[tokio::test]
async fn json2_tells_what_odoo_s_statuses_mean() {
    let stand = stand(Protocol::Json2);
    let session = open(&stand.settings).await.unwrap();
    for (what, kind) in [
        (FaultInjection::Status(401), "access_denied"),
        (FaultInjection::Error("odoo.exceptions.AccessDenied", "Access Denied"), "access_denied"),
        (FaultInjection::Error("odoo.exceptions.AccessError", "You are not allowed"), "missing_rights"),
        (FaultInjection::Error("odoo.exceptions.MissingError", "Record does not exist"), "missing"),
        (FaultInjection::Error("odoo.exceptions.UserError", "Not so"), "server"),
        (FaultInjection::Error("odoo.exceptions.LockError", "locked"), "busy"),
        (FaultInjection::Error("builtins.ValueError", "Invalid field"), "server"),
        (FaultInjection::Status(403), "not_odoo"),
        (FaultInjection::Status(404), "wrong_database"),
        (FaultInjection::Status(409), "busy"),
        (FaultInjection::Status(429), "busy"),
        (FaultInjection::Status(500), "not_odoo"),
        (FaultInjection::Status(502), "busy"),
    ] {
        let before = times(&stand.shop, "search_count");
        stand.shop.inject(what.clone(), Some("res.users"), None);
        let fault = session.count("res.users", &Domain::new()).await.unwrap_err();
        stand.shop.behave();
        assert_eq!(fault.kind(), kind, "{what:?}");
        let asked = times(&stand.shop, "search_count") - before;
        assert_eq!(asked, if fault.is_transient() { 3 } else { 1 }, "{what:?}: {fault}");
    }
    let retried = [
        FaultInjection::Status(500),
        FaultInjection::Status(409),
        FaultInjection::Error("odoo.exceptions.LockError", "x"),
    ];
    for what in retried {
        stand.shop.inject(what.clone(), Some("res.users"), Some(2));
        assert_eq!(session.count("res.users", &Domain::new()).await, Ok(1), "{what:?}");
    }
    let fault = session.count("no.such", &Domain::new()).await.unwrap_err();
    assert_eq!(fault.kind(), "unknown_model", "{fault}");
}

#[tokio::test]
async fn what_is_gone_is_told_from_what_is_hidden() {
    for stand in stands() {
        let ids: Vec<i64> = (0..9).map(|_| stand.shop.insert("res.partner", json!({"name": "P"}))).collect();
        stand.shop.delete("res.partner", ids[2]);
        stand.shop.delete("res.partner", ids[7]);
        stand.shop.hide("res.partner", ids[3], true);
        let session = open(&stand.settings).await.unwrap();
        assert_eq!(session.gone("res.partner", &ids, 4).await, Ok(vec![ids[2], ids[7]]));
    }
}

#[tokio::test]
async fn the_server_s_clock_is_heard() {
    for stand in stands() {
        let at = chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        stand.shop.set_clock(at);
        let session = open(&stand.settings).await.unwrap();
        assert!(session.server_now().is_some_and(|now| (now - at).num_seconds() < 60), "{:?}", session.server_now());
    }
}

#[tokio::test]
async fn another_key_in_the_file_is_used_without_a_restart() {
    for mut stand in stands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, fake_odoo::KEY).unwrap();
        stand.settings.api_key_file = Some(file.clone());
        let link = Link::new(transport(stand.settings.clone()).unwrap(), Duration::from_mins(15));
        let session = link.session().await.unwrap();
        stand.shop.set_credentials(fake_odoo::LOGIN, "second");
        let fault = session.newest("pos.order", None).await.unwrap_err();
        link.failed(&fault).await;
        assert!(link.is_paused().await);
        let before = logins(&stand.shop);
        for _ in 0..5 {
            assert!(link.session().await.is_err());
        }
        assert_eq!(logins(&stand.shop), before, "a key that is as it was is not tried again");
        std::fs::write(&file, "second\n").unwrap();
        assert!(!link.is_paused().await);
        assert!(link.session().await.unwrap().newest("pos.order", None).await.is_ok());
    }
}
