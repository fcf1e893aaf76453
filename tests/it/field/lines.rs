//! What a line is: goods or not, a part of a combo, what takes back a sale and whose.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Api, Database, Service, Sold, TestShop, line, reward_line, uuid};

/// 1 point for each full 10.00, and rewards of each kind.
fn program() -> Value {
    json!({
        "code": "club", "name": "Club", "currency": "USD",
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"}]},
        "rewards": [
            {"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"},
            {"code": "half", "name": "Half", "kind": "discount_percent", "points": "100", "percent": "50"},
            {"code": "pay", "name": "Pay with points", "kind": "discount_per_point", "rate": "0.05"},
            {"code": "desk", "name": "A desk", "kind": "free_product", "points": "100", "product_id": 1},
        ],
    })
}

/// A program of one rule.
fn of_rule(code: &str, rule: Value) -> Value {
    let mut rule = rule;
    rule["code"] = json!("only");
    json!({"code": code, "name": code, "currency": "USD", "earning": {"rules": [rule]}})
}

fn service_with(programs: &[Value]) -> Service {
    let service = Service::without_program(&[]);
    for program in programs {
        service.admin.call("program.put", json!({"program": program}));
    }
    service
}

fn product(shop: &TestShop, id: i64, name: &str, category: i64) {
    shop.shop.insert(
        "product.product",
        json!({"id": id, "name": name, "display_name": name, "categ_id": category, "active": true}),
    );
}

/// The same lines as a till sends them: `part_of` names a line by its place, `refunded_orderline_id` a line of a sale.
fn draft_of(partner: i64, lines: &[Value]) -> Value {
    let lines: Vec<Value> = (0..)
        .zip(lines)
        .map(|(place, line)| {
            let mut sent = json!({"uuid": format!("line-{place}"), "product_id": line["product_id"]});
            for name in ["qty", "price_subtotal", "price_subtotal_incl"] {
                sent[name] = json!(line[name].to_string());
            }
            if let Some(combo) = line.get("part_of") {
                sent["combo_parent_uuid"] = json!(format!("line-{combo}"));
            }
            if let Some(of) = line.get("refunded_orderline_id") {
                sent["refunded_line_id"] = of.clone();
            }
            if let Some(hold) = line.get("loyalty_hold_id") {
                sent["hold_id"] = hold.clone();
            }
            sent
        })
        .collect();
    json!({"uuid": uuid(), "company_id": 1, "currency": "USD", "pos_config_id": 1, "partner_id": partner, "lines": lines})
}

/// What each program says that a draft earns, by code.
#[track_caller]
fn quoted(api: &Api, draft: &Value) -> Value {
    let answer = api.call("loyalty.quote", json!({"order": draft}));
    let programs = answer["programs"].as_array().unwrap();
    programs.iter().map(|one| (one["program"].as_str().unwrap().to_owned(), one["earns"].clone())).collect()
}

/// A member's balance in each program, by code.
#[track_caller]
fn balances(api: &Api, partner: i64) -> Value {
    let all = api.call("loyalty.balance", json!({"partner_ids": [partner]}));
    let programs = all[0]["programs"].as_array().unwrap();
    programs.iter().map(|one| (one["program"].as_str().unwrap().to_owned(), one["balance"].clone())).collect()
}

/// These lines earn this: as the till is told and as it is posted, for a customer without points.
#[track_caller]
fn earns(service: &Service, partner: i64, lines: &[Value], expected: &Value) -> Sold {
    assert_eq!(quoted(&service.admin, &draft_of(partner, lines)), *expected, "quoted");
    let sold = service.shop.sell_lines(Some(partner), &uuid(), lines);
    service.admin.sync();
    assert_eq!(balances(&service.admin, partner), *expected, "posted");
    sold
}

#[test]
fn a_line_stays_what_it_was_when_the_till_s_tip_product_is_switched_off() {
    let service = service_with(&[program()]);
    product(&service.shop, 8, "Tips", 2);
    service.shop.shop.update("pos.config", 1, json!({"tip_product_id": 8}));
    service.admin.sync();
    let sold = earns(&service, 1, &[line(1, "1", "95.00"), line(8, "1", "20.00")], &json!({"club": "9"}));
    service.shop.shop.update("pos.config", 1, json!({"tip_product_id": false}));
    service.shop.change_order(sold.id, json!({"name": "Shop/again"}));
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "9", "the tip of an old order is still one");
    // A line of another product is a new line.
    service.shop.change_line(sold.lines[1], json!({"product_id": 2}));
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "11");
    service.admin.verified();
}

#[test]
fn a_line_that_moves_to_another_order_stays_what_it_was() {
    let service = service_with(&[program()]);
    product(&service.shop, 8, "Tips", 2);
    let shop = &service.shop.shop;
    shop.update("pos.config", 1, json!({"tip_product_id": 8}));
    service.admin.sync();
    let first = earns(&service, 1, &[line(1, "1", "95.00"), line(8, "1", "20.00")], &json!({"club": "9"}));
    let second = service.shop.sell(2, "95.00");
    service.admin.sync();
    // The bill is split: the tip goes to the other order, after the shop takes tips no more.
    shop.update("pos.config", 1, json!({"tip_product_id": false}));
    shop.update("pos.order", first.id, json!({"lines": [first.lines[0]]}));
    shop.update("pos.order", second.id, json!({"lines": [second.lines[0], first.lines[1]]}));
    service.shop.change_line(first.lines[1], json!({"order_id": second.id}));
    service.admin.sync();
    assert_eq!((service.admin.balance(1), service.admin.balance(2)), ("9".into(), "9".into()));
    service.admin.verified();
}

#[test]
fn a_line_stays_what_it_was_when_the_gift_card_s_product_is_replaced() {
    let service = service_with(&[program()]);
    product(&service.shop, 8, "Gift card", 2);
    let cards = service.shop.shop.insert(
        "loyalty.program",
        json!({"name": "Gift cards", "program_type": "gift_card", "reward_ids": [1], "trigger_product_ids": [8]}),
    );
    service.admin.sync();
    let sold = earns(&service, 1, &[line(1, "1", "95.00"), line(8, "1", "20.00")], &json!({"club": "9"}));
    service.shop.shop.update("loyalty.program", cards, json!({"trigger_product_ids": [2]}));
    service.shop.change_order(sold.id, json!({"name": "Shop/again"}));
    assert_eq!(service.verb(&["sync", "--full"]).code, 0);
    assert_eq!(service.admin.balance(1), "9");
    service.admin.verified();
}

/// What a reward is worth on a draft, or why it is refused.
#[track_caller]
fn held(service: &Service, reward: &str, draft: &Value) -> Result<String, String> {
    let hold = service.admin.hold(1, reward, draft).map_err(|refused| {
        let most = refused.data["maximum_points"].as_str().map(|most| format!(" {most}")).unwrap_or_default();
        format!("{}{most}", refused.data["reason"].as_str().unwrap_or(&refused.kind))
    })?;
    service.admin.call("loyalty.release", json!({"hold_id": hold["hold_id"], "reason": "seen"}));
    Ok(hold["discount"].as_str().unwrap().to_owned())
}

/// What a hold takes off which of the draft's lines.
fn off(hold: &Value) -> Value {
    hold["lines"].as_array().unwrap().iter().map(|line| json!([line["line"], line["discount"]])).collect()
}

#[test]
fn points_pay_for_goods_alone() {
    let service = service_with(&[program()]);
    for (id, name) in [(6, "Gift card"), (7, "Settle due"), (8, "Tips")] {
        product(&service.shop, id, name, 2);
    }
    let shop = &service.shop.shop;
    shop.insert("loyalty.program", json!({"program_type": "gift_card", "reward_ids": [1], "trigger_product_ids": [6]}));
    shop.update("pos.config", 1, json!({"tip_product_id": 8, "settle_due_product_id": 7}));
    service.admin.sync();
    service.admin.give(1, "10000");
    let refused = |reason: &str| Err(reason.to_owned());
    for (product, what) in [(6, "a gift card"), (7, "a debt"), (8, "a tip")] {
        let alone = draft_of(1, &[line(product, "1", "50.00")]);
        for reward in ["5off", "half", "pay"] {
            assert_eq!(held(&service, reward, &alone), refused("order_too_small"), "{what} alone, by {reward}");
        }
        let quote = service.admin.call("loyalty.quote", json!({"order": alone}));
        for reward in quote["programs"][0]["rewards"].as_array().unwrap() {
            assert!(reward["applicable"] == json!(false) || reward["discount"] == "0.00", "{what}: {reward}");
        }
        let with_goods = draft_of(1, &[line(1, "1", "10.00"), line(product, "1", "20.00")]);
        assert_eq!(held(&service, "half", &with_goods), Ok("5.00".into()), "{what} with goods");
        assert_eq!(held(&service, "pay", &with_goods), Ok("10.00".into()), "{what} with goods");
        assert_eq!(held(&service, "desk", &with_goods), Ok("10.00".into()), "{what} with goods");
        let beyond = service.admin.refused(
            "loyalty.hold",
            json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "reward": "pay", "points": "600",
                   "order": with_goods}),
        );
        assert_eq!(beyond.data["maximum_points"], "200", "{what} with goods: {}", beyond.message);
        let cheaper = draft_of(1, &[line(1, "1", "4.99"), line(product, "1", "20.00")]);
        assert_eq!(held(&service, "5off", &cheaper), refused("order_too_small"), "{what} with goods");
    }
    // What comes off is off the goods' lines.
    let hold = service.admin.hold(1, "pay", &draft_of(1, &[line(8, "1", "20.00"), line(1, "1", "10.00")])).unwrap();
    assert_eq!(off(&hold), json!([[1, "10.00"]]));
    service.admin.verified();
}

#[test]
fn the_share_of_an_order_is_of_its_goods() {
    let mut shared = program();
    shared["redemption"] = json!({"max_share_of_order": "0.5"});
    let service = service_with(&[shared]);
    product(&service.shop, 8, "Tips", 2);
    service.shop.shop.update("pos.config", 1, json!({"tip_product_id": 8}));
    service.admin.sync();
    service.admin.give(1, "10000");
    let draft = draft_of(1, &[line(1, "1", "10.00"), line(8, "1", "20.00")]);
    assert_eq!(held(&service, "pay", &draft), Ok("5.00".into()));
    assert_eq!(held(&service, "5off", &draft), Ok("5.00".into()));
    let draft = draft_of(1, &[line(1, "1", "9.00"), line(8, "1", "20.00")]);
    assert_eq!(held(&service, "5off", &draft), Err("order_too_small".into()));
}

#[test]
fn a_debt_that_is_paid_at_the_till_earns_nothing() {
    let shop = TestShop::new();
    shop.shop.add_link_field("pos.config", "gift_card_product_id", "product.product");
    let service = Service::reading(Arc::new(shop), Database::new(), &[]);
    service.admin.call("program.put", json!({"program": program()}));
    let fields = [
        "tip_product_id",
        "settle_due_product_id",
        "settle_invoice_product_id",
        "deposit_product_id",
        "down_payment_product_id",
        "gift_card_product_id",
    ];
    for (product_id, field) in (20..).zip(fields) {
        product(&service.shop, product_id, field, 2);
        service.shop.shop.update("pos.config", 1, json!({field: product_id}));
    }
    service.admin.sync();
    for (partner, product_id) in (1..).zip(20..25) {
        earns(&service, partner, &[line(1, "1", "10.00"), line(product_id, "1", "100.00")], &json!({"club": "1"}));
    }
    let card = [line(1, "1", "10.00"), line(25, "1", "100.00")];
    assert_eq!(quoted(&service.admin, &draft_of(1, &card)), json!({"club": "1"}));
    // Another shop's are goods here.
    let mut elsewhere = draft_of(1, &[line(1, "1", "10.00"), line(21, "1", "100.00")]);
    elsewhere["pos_config_id"] = json!(2);
    assert_eq!(quoted(&service.admin, &elsewhere), json!({"club": "11"}));
    service.admin.verified();
}

#[test]
fn a_down_payment_earns_nothing_and_takes_nothing_off_the_goods_it_was_for() {
    let service = service_with(&[program()]);
    product(&service.shop, 8, "Down payment", 2);
    service.shop.shop.update("pos.config", 1, json!({"down_payment_product_id": 8}));
    service.admin.sync();
    earns(&service, 1, &[line(8, "1", "20.00")], &json!({"club": "0"}));
    earns(&service, 1, &[line(1, "1", "100.00"), line(8, "-1", "-20.00")], &json!({"club": "10"}));
    service.admin.verified();
}

const MENU: i64 = 10;
const BURGER: i64 = 11;
const DRINK: i64 = 12;

/// A part of the combo that stands at a place of the order.
fn part(of: u64, product: i64, quantity: &str, amount: &str) -> Value {
    let mut line = line(product, quantity, amount);
    line["part_of"] = json!(of);
    line
}

/// `quantity` menus of 10.00: the burger brings 7.00, and the drink 3.00.
fn menus(quantity: i64) -> [Value; 3] {
    let pieces = quantity.to_string();
    let of = |cents: i64| format!("{:.2}", rust_decimal::Decimal::new(cents * quantity, 2));
    [line(MENU, &pieces, "0.00"), part(0, BURGER, &pieces, &of(700)), part(0, DRINK, &pieces, &of(300))]
}

/// A shop with menus in product category 3, their parts in 2, and programs of these rules.
fn restaurant(programs: &[Value]) -> Service {
    let service = service_with(programs);
    product(&service.shop, MENU, "Menu", 3);
    product(&service.shop, BURGER, "Burger", 2);
    product(&service.shop, DRINK, "Drink", 2);
    service.admin.sync();
    service
}

#[test]
fn a_menu_earns_what_its_parts_cost() {
    let whole = json!({"kind": "per_amount", "every": "1.00", "points": "1"});
    let with = |scope: Value| {
        let mut rule = whole.clone();
        rule["scope"] = scope;
        rule
    };
    let mut doubled = of_rule("doubled", with(json!({"product_ids": [MENU]})));
    doubled["earning"]["rules"]
        .as_array_mut()
        .unwrap()
        .push(json!({"code": "menus", "kind": "multiplier", "factor": "2", "scope": {"product_ids": [MENU]}}));
    let service = restaurant(&[
        of_rule("all", whole.clone()),
        of_rule("menu", with(json!({"product_ids": [MENU]}))),
        of_rule("category", with(json!({"product_category_ids": [3]}))),
        of_rule("no_menu", with(json!({"exclude_product_ids": [MENU]}))),
        of_rule("no_wood", with(json!({"exclude_product_category_ids": [3]}))),
        of_rule("no_drink", with(json!({"exclude_product_ids": [DRINK]}))),
        of_rule("burger", with(json!({"product_ids": [BURGER]}))),
        doubled,
    ]);
    let mut lines = menus(1).to_vec();
    lines.push(line(DRINK, "1", "4.00"));
    let expected = json!({"all": "14", "menu": "10", "category": "10", "no_menu": "4", "no_wood": "4", "no_drink": "7",
                          "burger": "7", "doubled": "20"});
    let sold = earns(&service, 1, &lines, &expected);
    // The menu comes back, all of it.
    let back: Vec<Value> = sold
        .lines
        .iter()
        .zip(menus(-1))
        .map(|(of, mut line)| {
            line["refunded_orderline_id"] = json!(of);
            line
        })
        .collect();
    service.shop.sell_lines(Some(1), &uuid(), &back);
    service.admin.sync();
    let left = json!({"all": "4", "menu": "0", "category": "0", "no_menu": "4", "no_wood": "4", "no_drink": "0",
                      "burger": "0", "doubled": "0"});
    assert_eq!(balances(&service.admin, 1), left);
    service.admin.verified();
}

#[test]
fn a_menu_is_one_unit() {
    let unit = |scope: Value| json!({"kind": "per_unit", "points": "1", "scope": scope});
    let at_least = |quantity: &str| json!({"kind": "per_order", "points": "1", "min_quantity": quantity});
    let service = restaurant(&[
        of_rule("all", unit(json!({}))),
        of_rule("menu", unit(json!({"product_ids": [MENU]}))),
        of_rule("burger", unit(json!({"product_ids": [BURGER]}))),
        of_rule("both", unit(json!({"product_ids": [MENU, BURGER]}))),
        of_rule("parts", unit(json!({"product_category_ids": [2], "exclude_product_category_ids": [3]}))),
        // Category 2 is above 3: it lists the menu and its parts.
        of_rule("category", unit(json!({"product_category_ids": [2]}))),
        of_rule("no_drink", unit(json!({"exclude_product_ids": [DRINK]}))),
        of_rule("two", at_least("2")),
        of_rule("three", at_least("3")),
    ]);
    let expected = json!({"all": "2", "menu": "2", "burger": "2", "both": "4", "parts": "0", "category": "2",
                          "no_drink": "2", "two": "1", "three": "0"});
    let sold = earns(&service, 1, &menus(2), &expected);
    // One of the two comes back.
    let back: Vec<Value> = sold
        .lines
        .iter()
        .zip(menus(-1))
        .map(|(of, mut line)| {
            line["refunded_orderline_id"] = json!(of);
            line
        })
        .collect();
    service.shop.sell_lines(Some(1), &uuid(), &back);
    service.admin.sync();
    let left = json!({"all": "1", "menu": "1", "burger": "1", "both": "2", "parts": "0", "category": "1",
                      "no_drink": "1", "two": "0", "three": "0"});
    assert_eq!(balances(&service.admin, 1), left);
    service.admin.verified();
}

#[test]
fn a_reward_for_menus_is_off_their_parts() {
    let mut program = program();
    program["rewards"] = json!([
        {"code": "tenth", "name": "10 % off menus", "kind": "discount_percent", "points": "1", "percent": "10",
         "scope": {"product_ids": [MENU]}},
        {"code": "others", "name": "10 % off all but menus", "kind": "discount_percent", "points": "1", "percent": "10",
         "scope": {"exclude_product_ids": [MENU]}},
    ]);
    let service = restaurant(&[program]);
    service.admin.give(1, "100");
    let mut lines = menus(1).to_vec();
    lines.push(line(1, "1", "40.00"));
    let draft = draft_of(1, &lines);
    assert_eq!(held(&service, "others", &draft), Ok("4.00".into()));
    let hold = service.admin.hold(1, "tenth", &draft).unwrap();
    assert_eq!(hold["discount"], "1.00");
    assert_eq!(off(&hold), json!([[1, "0.70"], [2, "0.30"]]));
    // 9.00 of menus and 40.00: 4 points for 49.00.
    lines.push(reward_line(hold["hold_id"].as_str().unwrap(), "1.00"));
    service.shop.sell_lines(Some(1), draft["uuid"].as_str().unwrap(), &lines);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "103", "100 less 1, and 4");
    service.admin.verified();
}

#[test]
fn a_free_menu_takes_off_what_its_parts_cost() {
    let mut program = program();
    program["rewards"] = json!([
        {"code": "free", "name": "A menu", "kind": "free_product", "points": "100", "product_id": MENU},
        {"code": "cheap", "name": "A menu for 4", "kind": "product_at_price", "points": "50", "product_id": MENU,
         "price": "4.00"},
    ]);
    let service = restaurant(&[program, of_rule("units", json!({"kind": "per_unit", "points": "1"}))]);
    service.admin.give(1, "100");
    let mut lines = menus(2).to_vec();
    lines.push(line(1, "1", "40.00"));
    let draft = draft_of(1, &lines);
    let cheap = service.admin.hold(1, "cheap", &draft).unwrap();
    assert_eq!((&cheap["discount"], off(&cheap)), (&json!("6.00"), json!([[1, "4.20"], [2, "1.80"]])), "{cheap}");
    service.admin.call("loyalty.release", json!({"hold_id": cheap["hold_id"], "reason": "another one"}));
    let hold = service.admin.hold(1, "free", &draft).unwrap();
    assert_eq!((&hold["discount"], off(&hold)), (&json!("10.00"), json!([[1, "7.00"], [2, "3.00"]])), "{hold}");
    assert_eq!(hold["add_quantity"], "0");
    lines.push(reward_line(hold["hold_id"].as_str().unwrap(), "10.00"));
    service.shop.sell_lines(Some(1), draft["uuid"].as_str().unwrap(), &lines);
    service.admin.sync();
    // 10.00 of menus and 40.00 were paid: 5 points; one menu and a desk: 2 units.
    assert_eq!(balances(&service.admin, 1), json!({"club": "5", "units": "2"}));
    service.admin.verified();
}

#[test]
fn a_refund_for_less_than_was_paid_leaves_the_points_of_the_rest() {
    let service = service_with(&[
        program(),
        of_rule("visit", json!({"kind": "per_order", "points": "2"})),
        of_rule("large", json!({"kind": "per_order", "points": "2", "min_order_amount": "50.00"})),
        of_rule("piece", json!({"kind": "per_unit", "points": "5"})),
        of_rule("some", json!({"kind": "per_amount", "every": "10.00", "points": "1", "min_quantity": "1"})),
    ]);
    let all = json!({"club": "10", "visit": "2", "large": "2", "piece": "5", "some": "10"});
    let sale = earns(&service, 1, &[line(1, "1", "100.00")], &all);
    service.shop.refund(1, sale.lines[0], 1, "-1", "-85.00");
    service.admin.sync();
    let left = json!({"club": "1", "visit": "2", "large": "0", "piece": "0", "some": "0"});
    assert_eq!(balances(&service.admin, 1), left, "15.00 were kept, and no piece");
    // More than was paid: nothing is left, and not less.
    let sale = service.shop.sell(2, "100.00");
    service.shop.refund(2, sale.lines[0], 1, "-1", "-120.00");
    service.admin.sync();
    let nothing = json!({"club": "0", "visit": "0", "large": "0", "piece": "0", "some": "0"});
    assert_eq!(balances(&service.admin, 2), nothing);
    service.admin.verified();
}

#[test]
fn an_exchange_is_quoted_as_it_is_posted() {
    let service = service_with(&[program()]);
    let sale = earns(&service, 1, &[line(1, "1", "50.00")], &json!({"club": "5"}));
    let mut back = line(1, "-1", "-50.00");
    back["refunded_orderline_id"] = json!(sale.lines[0]);
    back["uuid"] = json!("line-1");
    let exchange = [line(2, "1", "80.00"), back];
    let draft = draft_of(1, &exchange);
    let quote = service.admin.call("loyalty.quote", json!({"order": draft}));
    let quoted = &quote["programs"][0];
    assert_eq!(
        (&quoted["earns"], &quoted["takes_back"]),
        (&json!("8"), &json!("5")),
        "the earning and the clawback below"
    );
    let balance_after = quoted["balance_after"].clone();
    assert_eq!(balance_after, "8", "5 before");
    // Points pay for what is bought now, and for no more than is left to pay.
    service.admin.give(1, "10000");
    assert_eq!(held(&service, "half", &draft), Ok("30.00".into()), "40.00 is half; 30.00 is left to pay");
    service.shop.sell_lines(Some(1), draft["uuid"].as_str().unwrap(), &exchange);
    service.admin.sync();
    let entries = service.admin.entries(1);
    assert!(entries.contains(&("earn".into(), "8".into())), "{entries:?}");
    assert!(entries.contains(&("clawback".into(), "-5".into())), "{entries:?}");
    assert_eq!(service.admin.balance(1), "10008", "what was quoted, and the 10000 given meanwhile");
    service.admin.verified();
    // Quoted once more after it was read: what it takes back is taken already.
    let again = service.admin.call("loyalty.quote", json!({"order": draft}));
    assert_eq!(again["programs"][0]["takes_back"], "0");
}

#[test]
fn an_exchange_that_returns_a_reward_is_quoted_as_it_is_posted() {
    let service = service_with(&[program()]);
    service.admin.give(1, "100");
    let draft = draft_of(1, &[line(1, "1", "50.00")]);
    let hold = service.admin.hold(1, "5off", &draft).unwrap();
    let reward = reward_line(hold["hold_id"].as_str().unwrap(), "5.00");
    let paid = service.shop.sell_lines(Some(1), draft["uuid"].as_str().unwrap(), &[line(1, "1", "50.00"), reward]);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "4", "45.00 were paid, and the 100 are spent");
    // Both lines come back, and something else is bought.
    let back = |product, amount: &str, of: i64| {
        let mut back = line(product, "-1", amount);
        back["refunded_orderline_id"] = json!(of);
        back
    };
    let exchange = [line(2, "1", "80.00"), back(1, "-50.00", paid.lines[0]), back(3, "5.00", paid.lines[1])];
    let draft = draft_of(1, &exchange);
    let quote = service.admin.call("loyalty.quote", json!({"order": draft}));
    let quoted = &quote["programs"][0];
    assert_eq!((&quoted["earns"], &quoted["takes_back"]), (&json!("8"), &json!("-96")), "4 go and 100 come back");
    assert_eq!(quoted["balance_after"], "108");
    service.shop.sell_lines(Some(1), draft["uuid"].as_str().unwrap(), &exchange);
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "108");
    service.admin.verified();
}

#[test]
fn a_refund_written_by_the_till_of_odoo_19_is_read_the_right_way_round() {
    let service = service_with(&[program()]);
    let sale = earns(&service, 1, &[line(1, "2", "50.00")], &json!({"club": "5"}));
    // On an order that is a refund the till writes each amount with the opposite sign, what is sold on it too.
    let mut back = line(1, "-1", "25.00");
    back["refunded_orderline_id"] = json!(sale.lines[0]);
    back["price_unit"] = json!(25);
    let mut sold = line(2, "1", "-80.00");
    sold["price_unit"] = json!(80);
    service.shop.sell_lines(Some(1), &uuid(), &[back, sold]);
    service.admin.sync();
    let entries = service.admin.entries(1);
    assert!(entries.contains(&("earn".into(), "8".into())), "{entries:?}");
    assert!(entries.contains(&("clawback".into(), "-3".into())), "5 for 50.00, 2 for 25.00: {entries:?}");
    assert_eq!(service.admin.balance(1), "10");
    // The sweep compares what it sees with what was kept.
    let swept = service.verb(&["sync", "--full", "--json"]);
    let counts: Value = serde_json::from_str(&swept.out).unwrap();
    assert_eq!((&counts["orders_changed"], &counts["entries_posted"]), (&json!(0), &json!(0)), "{counts}");
    service.admin.verified();
}

/// A sale of this receipt.
fn of_receipt(service: &Service, partner: i64, receipt: &str, lines: &[Value]) -> Sold {
    let sold = service.shop.sell_lines(Some(partner), &uuid(), lines);
    service.shop.shop.update("pos.order", sold.id, json!({"pos_reference": receipt}));
    sold
}

#[test]
fn of_two_receipts_of_one_number_a_return_takes_back_its_own_customer_s() {
    let shop = TestShop::new();
    shop.shop.remove_field("pos.order.line", "refunded_orderline_id");
    let service = Service::reading(Arc::new(shop), Database::new(), &[]);
    service.admin.call("program.put", json!({"program": program()}));
    of_receipt(&service, 1, "Order 00001-001-0001", &[line(1, "1", "25.00")]);
    of_receipt(&service, 2, "Order 00001-001-0001", &[line(1, "1", "25.00")]);
    of_receipt(&service, 2, "Order 00001-001-0001", &[line(1, "-1", "-25.00")]);
    // Nobody bought what this customer brings back: it counts alone.
    of_receipt(&service, 3, "Order 00001-001-0001", &[line(1, "-1", "-25.00")]);
    service.admin.sync();
    let of = |partner: i64| service.admin.balance(partner);
    assert_eq!((of(1), of(2), of(3)), ("2".into(), "0".into(), "-2".into()));
    service.admin.verified();
}

#[test]
fn where_odoo_links_refunds_a_return_is_not_matched_by_its_receipt_s_number() {
    let service = service_with(&[program()]);
    of_receipt(&service, 1, "Order 00001-001-0001", &[line(1, "1", "25.00")]);
    of_receipt(&service, 1, "Order 00001-001-0001", &[line(1, "-1", "-8.00")]);
    service.admin.sync();
    // Alone, 8.00 lose nothing; taken off the sale, they would lose a point.
    assert_eq!(service.admin.balance(1), "2");
    service.admin.verified();
}

#[test]
fn a_program_of_a_company_holds_in_its_branches() {
    let service = Service::without_program(&[]);
    let shop = &service.shop.shop;
    for (id, parents) in [(1, json!([1])), (2, json!([1, 2])), (3, json!([1, 2, 3])), (4, json!([4]))] {
        let parent = if parents.as_array().unwrap().len() > 1 { json!(id - 1) } else { json!(false) };
        shop.insert(
            "res.company",
            json!({"id": id, "name": format!("Company {id}"), "parent_id": parent,
                                          "parent_ids": parents}),
        );
    }
    let mut own = program();
    own["company_id"] = json!(2);
    service.admin.call("program.put", json!({"program": own}));
    service.admin.sync();
    for (partner, company, expected) in [(1, 1, "0"), (2, 2, "9"), (3, 3, "9"), (4, 4, "0")] {
        let mut draft = draft_of(partner, &[line(1, "1", "90.00")]);
        draft["company_id"] = json!(company);
        let says = if expected == "0" { json!({}) } else { json!({"club": expected}) };
        assert_eq!(quoted(&service.admin, &draft), says, "company {company}");
        let sold = service.shop.sell(partner, "90.00");
        shop.update("pos.order", sold.id, json!({"company_id": company}));
        service.admin.sync();
        assert_eq!(service.admin.balance(partner), expected, "company {company}");
    }
    assert_eq!(service.admin.call("sync.status", json!({}))["ignored_orders"], 2);
    service.admin.verified();
}

#[test]
fn what_a_branch_sold_before_it_was_known_as_one_earns_when_it_is() {
    let service = Service::without_program(&[]);
    let mut own = program();
    own["company_id"] = json!(7);
    service.admin.call("program.put", json!({"program": own}));
    service.shop.sell(1, "90.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
    service.shop.shop.insert("res.company", json!({"id": 1, "name": "Branch", "parent_id": 7, "parent_ids": [7, 1]}));
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "9");
    service.admin.verified();
}

#[test]
fn before_odoo_17_a_parent_company_is_another_company() {
    let shop = TestShop::new();
    shop.shop.set_version("16.0");
    shop.shop.insert("res.company", json!({"id": 1, "name": "Daughter", "parent_id": 7}));
    let service = Service::reading(Arc::new(shop), Database::new(), &[]);
    let mut own = program();
    own["company_id"] = json!(7);
    service.admin.call("program.put", json!({"program": own}));
    service.shop.sell(1, "90.00");
    service.admin.sync();
    assert_eq!(service.admin.balance(1), "0");
}
