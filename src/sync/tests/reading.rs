//! What a window, a sweep and an interruption must give.

use super::*;

#[tokio::test]
async fn a_year_of_orders_comes_in_whole_and_a_second_reading_changes_nothing() {
    let world = world(SyncSettings::default());
    sample::fill(&world.shop, noon());
    let orders = u64::try_from(world.shop.count("pos.order")).unwrap();
    let first = world.pass().await;
    assert_eq!((first.orders_read, first.orders_changed), (orders, orders));
    let kept = world.orders();
    let lines: Vec<_> = kept.values().flat_map(|order| &order.lines).collect();
    assert_eq!(lines.len(), world.shop.count("pos.order.line"));
    let products: BTreeSet<_> = lines.iter().filter_map(|line| line.product_id).collect();
    let (counted, catalog) = world.look(|conn| {
        let partners: i64 = schema::partners::table.count().get_result(conn)?;
        let products_kept: i64 = schema::products::table.count().get_result(conn)?;
        let categories: i64 =
            schema::categories::table.filter(schema::categories::tree.eq("pos")).count().get_result(conn)?;
        Ok(((partners, products_kept, categories), catalog::load(conn, &products)?))
    });
    assert_eq!(counted, (300, 60, 12));
    // A line's categories are those of its first reading: each product was known by then.
    assert!(lines.iter().filter(|line| !line.pos_categories.is_empty()).count() > lines.len() / 2);
    for line in lines {
        let Some(product) = line.product_id else { continue };
        assert_eq!(line.pos_categories, catalog.pos_categories_of(product), "{product:?}");
    }
    let full = world.sync.run(true).await.unwrap();
    assert_eq!((full.orders_read, full.orders_changed, full.entries_posted), (orders, 0, 0));
    assert_eq!(world.sync.state().await.unwrap().missed_by_incremental, 0);
    let writing = ["create", "write", "unlink"];
    assert!(world.shop.calls().iter().all(|(_, method)| !writing.contains(&method.as_str())));
}

#[tokio::test]
async fn rows_of_one_timestamp_span_pages() {
    let world = world(small());
    for _ in 0..18 {
        world.sell(&json!({}));
    }
    assert_eq!(world.pass().await.orders_changed, 18);
    // A bulk write later, all in one microsecond.
    world.shop.advance(Duration::from_hours(1));
    for id in 1..=18 {
        world.shop.update("pos.order", id, json!({"state": "done", "name": "Main/closed"}));
    }
    assert_eq!(world.pass().await.orders_changed, 18);
}

#[tokio::test]
async fn a_changed_line_alone_is_noticed() {
    let world = world(small());
    let (order, line) = world.sell(&json!({}));
    world.shop.advance(Duration::from_hours(1));
    let (other, _) = world.sell(&json!({}));
    world.pass().await;
    world.shop.advance(Duration::from_hours(1));
    world.rename_all("read again");
    world.shop.update("pos.order.line", line, json!({"qty": 2, "price_subtotal_incl": 20}));
    world.pass().await;
    assert_eq!(world.named("read again"), [order.0, other.0].into(), "the other one is the newest order still");
    assert_eq!(world.orders()[&order].lines[0].subtotal_incl, Money::from_e4(200_000));
    world.shop.update("pos.order.line", line, json!({"qty": 3, "price_subtotal_incl": 30}));
    assert_eq!(world.pass().await.orders_changed, 1);
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_caught() {
    let world = world(small());
    world.sell(&json!({}));
    world.shop.advance(Duration::from_hours(1));
    world.sell(&json!({}));
    world.pass().await;
    // It began 110 s before the newest order that the last pass saw, and shows only now.
    let began = noon() + TimeDelta::seconds(3_600 - 110);
    let (late, late_line) = world.sell(&json!({"write_date": stamp(began)}));
    assert!(!world.known().contains(&late.0));
    world.pass().await;
    assert!(world.known().contains(&late.0));
    // The same for a line, and for the partner of an order.
    world.shop.update_silently("pos.order.line", late_line, json!({"qty": 3, "write_date": stamp(began)}));
    assert_eq!(world.pass().await.orders_changed, 1);
    assert_eq!(world.sync.run(true).await.unwrap().orders_changed, 0);
    assert_eq!(world.sync.state().await.unwrap().missed_by_incremental, 0);
}

#[tokio::test]
async fn an_order_that_cannot_be_taken_in_keeps_nobody_waiting_and_is_not_forgotten() {
    let world = world(small());
    world.sell(&json!({}));
    world.pass().await;
    world.shop.advance(Duration::from_mins(10));
    let sold: Vec<OrderId> = (0..10).map(|_| world.sell(&json!({})).0).collect();
    let poison = sold[5];
    world.break_at(&format!("BEFORE INSERT ON orders WHEN NEW.id = {poison}"));
    for _ in 0..2 {
        let problem = world.sync.run(false).await.unwrap_err();
        let words = format!("could not take in order {poison}: ");
        assert!(matches!(problem, SyncError::NotTakenIn { more: 0, .. }) && problem.to_string().contains(&words));
        assert!(sold.iter().all(|id| *id == poison || world.known().contains(&id.0)), "{:?}", world.known());
        assert!(!world.known().contains(&poison.0));
        // Long after it left every window but the one from the cursor, which stays where it was.
        world.shop.advance(Duration::from_hours(9));
        world.sell(&json!({}));
    }
    assert_eq!(world.sync.state().await.unwrap().status.last_error.map(|text| text.contains(" order ")), Some(true));
    world.sync.notify([poison]);
    assert!(world.sync.run(false).await.is_err());
    // What only a sweep finds is found meanwhile.
    world.shop.delete("pos.order", sold[0].0);
    assert!(world.sync.run(true).await.is_err());
    assert!(!world.known().contains(&sold[0].0));
    world.mend();
    world.pass().await;
    assert!(world.known().contains(&poison.0));
    assert_eq!(world.sync.run(true).await.unwrap().orders_changed, 0);
}

#[tokio::test]
async fn orders_of_an_odoo_whose_clock_was_set_back_are_read() {
    let world = world(small());
    let (ahead, _) = world.sell(&json!({"write_date": stamp(noon() + TimeDelta::days(400))}));
    world.pass().await;
    assert_eq!(world.known(), [ahead.0]);
    // Whatever is written now lies far behind the newest that was seen.
    let sold: Vec<i64> = (0..9).map(|_| world.sell(&json!({})).0.0).collect();
    world.pass().await;
    assert!(sold.iter().all(|id| world.known().contains(id)), "{:?}", world.known());
    // And once: but the newest, and the one that is still ahead.
    world.shop.advance(Duration::from_hours(1));
    let (newest, _) = world.sell(&json!({}));
    world.pass().await;
    assert_eq!(world.pass().await, PassReport { orders_read: 2, ..PassReport::default() });
    world.rename_all("read again");
    world.pass().await;
    assert_eq!(world.named("read again"), [ahead.0, newest.0].into());
    let future = world.sync.state().await.unwrap().status.findings.future;
    let told: Vec<(&str, u64, i64)> =
        future.iter().map(|found| (found.model.as_str(), found.records, found.latest_id)).collect();
    assert_eq!(told, [("pos.order", 1, ahead.0), ("pos.order.line", 1, ahead.0)]);
}

#[tokio::test]
async fn a_sweep_finds_what_no_window_can_and_counts_what_one_should_have() {
    let world = world(SyncSettings { sweep_every: Duration::ZERO, ..small() });
    let early = world.shop.reserve("pos.order");
    let orders: Vec<_> = (0..9).map(|_| world.sell(&json!({}))).collect();
    world.shop.advance(Duration::from_hours(1));
    world.sell(&json!({}));
    world.pass().await;
    // Deleted, merged by raw SQL, one line deleted, and one that appeared far behind everything, by its id as well.
    world.shop.delete("pos.order", orders[2].0.0);
    world.shop.delete("pos.order.line", orders[2].1);
    world.shop.update_silently("pos.order", orders[4].0.0, json!({"partner_id": 77}));
    world.shop.delete("pos.order.line", orders[6].1);
    let (hidden, _) = world.sell(&json!({"id": early, "write_date": stamp(noon() - TimeDelta::days(3))}));
    world.pass().await;
    let kept = world.orders();
    assert!(!world.known().contains(&orders[2].0.0), "gone");
    assert_eq!(kept[&orders[4].0].partner_id, Some(PartnerId(77)));
    assert!(kept[&orders[6].0].lines.is_empty());
    assert!(kept.contains_key(&hidden));
    assert_eq!(world.sync.state().await.unwrap().missed_by_incremental, 1);
    assert!(world.pass().await.orders_read < 9, "the sweep reads whole only what differs");
}

#[tokio::test]
async fn a_lost_right_is_not_taken_for_thirty_deleted_orders() {
    let world = world(small());
    for _ in 0..30 {
        world.sell(&json!({}));
    }
    world.pass().await;
    for id in 2..=30 {
        world.shop.delete("pos.order", id);
    }
    world.sync.run(true).await.unwrap();
    assert_eq!(world.known().len(), 30);
    let held = world.sync.state().await.unwrap().status.findings.held.unwrap();
    assert_eq!((held.gone, held.replaced, held.unpaid), (29, 0, 0));
    assert!(held.message().starts_with("29 paid orders"), "{}", held.message());
    // Others are read meanwhile, and what was held back goes once somebody says so.
    let (new, _) = world.sell(&json!({}));
    world.pass().await;
    assert!(world.known().contains(&new.0));
    world.sync.run_accepting().await.unwrap();
    assert_eq!(world.known(), [1, new.0]);
    assert_eq!(world.sync.state().await.unwrap().status.findings.held, None);
}

#[tokio::test]
async fn orders_before_since_are_ignored_everywhere_and_not_forgotten() {
    let since = noon() - TimeDelta::days(1);
    let world = world(SyncSettings { since: Some(since), ..small() });
    let (old, old_line) = world.sell(&json!({"date_order": "2026-01-01 00:00:00"}));
    let (new, _) = world.sell(&json!({}));
    world.pass().await;
    world.shop.update("pos.order.line", old_line, json!({"qty": 9}));
    world.sync.notify([old]);
    world.sync.run(true).await.unwrap();
    assert_eq!(world.known(), [new.0]);
}

#[tokio::test]
async fn what_an_order_mentions_is_known_before_it() {
    let world = world(small());
    world.pass().await;
    world.shop.deny(Some("nothing"));
    world.shop.insert("pos.category", json!({"id": 1, "name": "Toys", "parent_id": 2}));
    // A loop, as raw SQL makes them.
    world.shop.insert("pos.category", json!({"id": 2, "name": "All", "parent_id": 1}));
    world.shop.insert("product.product", json!({"id": 6, "name": "Duck", "pos_categ_ids": [1]}));
    world.shop.insert("res.partner", json!({"id": 5, "name": "Ada", "commercial_partner_id": 8}));
    world.shop.insert("res.partner", json!({"id": 8, "name": "Ada's firm"}));
    let (order, _) = world.sell(&json!({}));
    world.sync.notify([order]);
    let serving = serve(&world, Duration::from_hours(1));
    wait_until(|| world.known() == [order.0]).await;
    // Of its first reading: the product was known by then, and all above it.
    assert_eq!(world.orders()[&order].lines[0].pos_categories, [PosCategoryId(1), PosCategoryId(2)].into());
    assert!(world.partner(PartnerId(5)).is_some() && world.partner(PartnerId(8)).is_some());
    serving.stop().await;
}

#[tokio::test]
async fn an_interrupted_pass_loses_nothing() {
    let world = world(small());
    for _ in 0..10 {
        world.sell(&json!({}));
    }
    // Its fields, its newest, the first page of lines and its empty end; then it fails, half way through the orders.
    world.shop.inject_after(4, FaultInjection::Error("builtins.MemoryError", "enough"), "pos.order.line");
    let error = world.sync.run(false).await.unwrap_err();
    assert_eq!(error.kind(), "server");
    assert_eq!(world.known().len(), 4);
    assert!(world.cursors().iter().all(|cursor| !cursor.stream.starts_with("pos.order")));
    world.pass().await;
    assert_eq!(world.known().len(), 10);
    // A ledger that fails moves no cursor either.
    world.shop.insert("res.partner", json!({"name": "Bo"}));
    world.pass().await;
    let before = world.cursors();
    world.shop.advance(Duration::from_hours(1));
    // Before the partners' window: the order brings it, in the midst of the stream of orders.
    let longer_ago = stamp(noon() - TimeDelta::days(9));
    let buyer = world.shop.insert("res.partner", json!({"name": "Ada", "write_date": longer_ago}));
    world.sell(&json!({"partner_id": buyer}));
    world.break_at(&format!("BEFORE INSERT ON partners WHEN NEW.id = {buyer}"));
    assert_eq!(world.sync.run(false).await.unwrap_err().kind(), "ledger");
    world.mend();
    assert_eq!(world.cursors(), before);
    world.pass().await;
    assert_eq!(world.known().len(), 11);
}

#[tokio::test]
async fn a_refund_and_a_cancelled_order_arrive_as_they_are() {
    let world = world(small());
    let (sold, line) = world.sell(&json!({}));
    let (back, back_line) = world.sell(&json!({}));
    world.shop.update("pos.order.line", back_line, json!({"qty": -1, "refunded_orderline_id": line}));
    let (cancelled, _) = world.sell(&json!({"state": "cancel", "partner_id": false}));
    world.pass().await;
    let kept = world.orders();
    assert_eq!(kept[&back].lines[0].refunds, kept[&sold].lines[0].id);
    assert_eq!((kept[&cancelled].state, kept[&cancelled].partner_id), (OrderState::Cancelled, None));
}
