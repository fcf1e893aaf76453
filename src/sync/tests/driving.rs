//! One pass at a time, on an interval, on demand and at once; and what is said of it.

use super::*;

#[tokio::test]
async fn a_notified_order_is_read_at_once_not_at_the_next_interval() {
    let world = world(small());
    let serving = serve(&world, Duration::from_hours(1));
    wait_until(|| world.sync.brief_state().status.last_success_at.is_some()).await;
    let (order, _) = world.sell(&json!({}));
    let began = Instant::now();
    assert_eq!(world.sync.notify([order, order, OrderId(-1)]), 1);
    wait_until(|| world.known() == [order.0]).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(world.sync.notify([OrderId(424_242)]), 1, "one that does not exist harms nobody");
    serving.stop().await;
}

#[tokio::test]
async fn notifications_are_bounded() {
    let world = world(small());
    assert_eq!(world.sync.notify((1..=20_000).map(OrderId)), 10_000);
}

#[tokio::test]
async fn the_interval_brings_what_nobody_told() {
    let world = world(small());
    let serving = serve(&world, Duration::from_millis(20));
    wait_until(|| world.sync.brief_state().status.last_success_at.is_some()).await;
    let (order, _) = world.sell(&json!({}));
    wait_until(|| world.known() == [order.0]).await;
    world.shop.inject(FaultInjection::Status(503), None, None);
    wait_until(|| world.sync.brief_state().status.last_error.is_some()).await;
    assert!(!world.sync.brief_state().odoo_reachable);
    world.shop.behave();
    wait_until(|| world.sync.brief_state().status.last_error.is_none()).await;
    assert!(world.sync.brief_state().odoo_reachable);
    serving.stop().await;
}

#[tokio::test]
async fn odoo_counts_as_reached_while_the_first_pass_still_reads() {
    let world = world(small());
    world.sell(&json!({}));
    world.shop.inject(FaultInjection::Hang(Duration::from_secs(1)), Some("pos.order"), None);
    let serving = serve(&world, Duration::from_hours(1));
    wait_until(|| world.sync.brief_state().odoo_reachable).await;
    let state = world.sync.brief_state();
    assert!(
        state.status.running && state.status.last_success_at.is_none() && state.odoo_version.is_some(),
        "{state:?}"
    );
    serving.stop().await;
}

#[tokio::test]
async fn serving_stops_at_once_although_odoo_hangs() {
    let world = world(small());
    world.shop.inject(FaultInjection::Hang(Duration::from_mins(1)), None, None);
    let serving = serve(&world, Duration::from_millis(20));
    wait_until(|| world.sync.brief_state().status.running).await;
    let began = Instant::now();
    serving.stop().await;
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert!(!world.sync.brief_state().status.running);
}

#[tokio::test]
async fn after_a_refused_login_odoo_is_left_alone_until_somebody_asks() {
    let world = world(small());
    world.shop.set_credentials(fake_odoo::LOGIN, "another");
    let serving = serve(&world, Duration::from_millis(5));
    wait_until(|| world.sync.brief_state().status.last_error.is_some()).await;
    let logins = || world.shop.calls().iter().filter(|(_, method)| method == "authenticate").count();
    for _ in 0..10 {
        world.sync.notify([OrderId(1)]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(world.sync.fetch_partner(PartnerId(1)).await.is_err());
    assert_eq!(logins(), 1);
    assert!(world.link.is_paused().await);
    assert!(world.sync.run(false).await.is_err());
    assert_eq!(logins(), 2);
    world.shop.set_credentials(fake_odoo::LOGIN, fake_odoo::KEY);
    world.sync.run(false).await.unwrap();
    assert_eq!(world.sync.brief_state().status.last_error, None);
    serving.stop().await;
}

#[tokio::test]
async fn missing_rights_on_one_model_are_named_in_the_status() {
    let world = world(small());
    let rules = json!({"rules": [{"code": "base", "kind": "per_amount", "every": "1.00", "points": "1"}]});
    let club = json!({"code": "club", "name": "Club", "currency": "EUR", "earning": rules});
    world.ledger.programs().put(Program::from_json(&club).unwrap(), None, "test").await.unwrap();
    for _ in 0..3 {
        world.sell(&json!({}));
    }
    world.pass().await;
    world.shop.deny(Some("res.partner"));
    assert!(world.sync.run(false).await.is_err());
    let state = world.sync.state().await.unwrap();
    assert!(state.status.last_error.is_some_and(|words| words.contains("res.partner")));
    assert_eq!(state.status.ignored_orders, 3);
    world.shop.deny(None);
    world.pass().await;
    let state = world.sync.state().await.unwrap();
    assert_eq!((state.status.last_error, state.odoo_version.as_deref()), (None, Some("19.0")));
    assert!(state.status.lag_seconds.is_some_and(|lag| lag < 10) && !state.status.running);
}

#[tokio::test]
async fn passes_wait_for_one_another() {
    let world = world(small());
    for _ in 0..10 {
        world.sell(&json!({}));
    }
    let reports = tokio::join!(world.sync.run(false), world.sync.run(false), world.sync.run(true));
    let changed: Vec<_> = [reports.0, reports.1, reports.2].map(|report| report.unwrap().orders_changed).into();
    assert_eq!(changed.iter().sum::<u64>(), 10, "{changed:?}");
}

#[tokio::test]
async fn a_partner_is_fetched_and_kept_on_demand() {
    let world = world(small());
    let id = PartnerId(world.shop.insert("res.partner", json!({"name": "Ada"})));
    assert_eq!(world.sync.fetch_partner(id).await.unwrap().map(|partner| partner.name), Some("Ada".to_owned()));
    assert_eq!(world.partner(id).map(|partner| partner.name), Some("Ada".to_owned()));
    assert_eq!(world.sync.fetch_partner(PartnerId(999)).await.unwrap(), None);
}
