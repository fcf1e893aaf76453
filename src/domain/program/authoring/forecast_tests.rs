//! What a program would have come to.
use chrono::TimeZone;
use serde_json::{Value, json};

use super::conclusion::at_share;
use super::*;
use crate::domain::sale::refund::Returned;
use crate::domain::value::ids::{CompanyId, LineId, OrderId, PosConfigId, SaleModel, SourceId};

fn program(members: &Value) -> Program {
    let mut document = json!({"code": "club", "name": "Club", "currency": "USD", "earning": {"rules": [
        {"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"},
        {"code": "piece", "kind": "per_unit", "points": "0.3"}]}});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Program::from_json(&document).unwrap()
}

fn day(month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, month, day, 12, 0, 0).unwrap()
}

/// One line of product 7, numbered as the order: so many, for so much in all.
fn order(id: i64, at: DateTime<Utc>, quantity: i64, amount: i64) -> Order {
    let line = Line {
        id: Some(LineId(id)),
        uuid: None,
        product_id: Some(ProductId(7)),
        quantity: Decimal::from(quantity),
        subtotal: Money::from_e4(amount * 10_000),
        subtotal_incl: Money::from_e4(amount * 10_000),
        refunds: None,
        hold: None,
        role: LineRole::Eligible,
        pos_categories: std::collections::BTreeSet::new(),
        product_categories: std::collections::BTreeSet::new(),
        product_tags: std::collections::BTreeSet::new(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: None,
        combo: None,
    };
    Order {
        source: SourceId::ODOO,
        model: SaleModel::PosOrder,
        id: Some(OrderId(id)),
        uuid: None,
        name: format!("Shop/{id}"),
        reference: None,
        state: OrderState::Paid,
        placed_at: at,
        partner_id: None,
        partner_tags: std::collections::BTreeSet::new(),
        parent_companies: std::collections::BTreeSet::new(),
        links_refunds: false,
        company_id: CompanyId(1),
        currency: "USD".to_owned(),
        pos_config_id: Some(PosConfigId(1)),
        hold_field_missing: false,
        lines: vec![line],
    }
}

fn line_quantity(line: &Line) -> i64 {
    i64::try_from(line.quantity.trunc().mantissa()).unwrap()
}

/// Each order with its member and how many of its line came back.
fn forecast(program: &Program, as_of: DateTime<Utc>, sold: &[(Order, i64, i64)]) -> Forecast {
    let mut totals = ForecastTotals::new(program, as_of);
    for (order, member, returned) in sold {
        let line = &order.lines[0];
        let mut taken = TakenBack::new();
        if *returned > 0 {
            let part = |amount: Money| Money::from_e4(amount.e4() * returned / line_quantity(line));
            let of = Returned {
                quantity: Decimal::from(*returned),
                subtotal: part(line.subtotal),
                subtotal_incl: part(line.subtotal_incl),
                lines: 1,
            };
            taken.insert(line.id.unwrap(), of);
        }
        totals.add(order.clone(), Some(PartnerId(*member)), &taken).unwrap();
    }
    totals.finish().unwrap()
}

fn points(text: &str) -> Points {
    Points::from_decimal(exact::parse(text).unwrap()).unwrap()
}

#[test]
fn what_came_back_is_taken_from_its_sale_and_a_stray_return_from_its_member() {
    let program = program(&json!({}));
    let sold = [
        // 5 for 50.00: 5 + 1.5 = 6.5, of which 3 come back: 2 for 20.00 are 2 + 0.6 = 2.6.
        (order(1, day(1, 10), 5, 50), 1, 3),
        // Returned without its sale: −(1 + 0.3), rounded towards zero.
        (order(2, day(2, 1), -1, -10), 1, 0),
        (order(3, day(2, 2), 1, 9), 2, 0),
    ];
    let forecast = forecast(&program, day(3, 1), &sold);
    let Forecast { points: sum, rules, rounding, months, .. } = &forecast;
    assert_eq!((sum.earned, sum.taken_back), (points("6"), points("5")));
    assert_eq!(sum.left(), Ok(points("1")));
    let of = |code: &str| rules.iter().find(|(rule, _)| rule == code).unwrap().1;
    assert_eq!(of("base"), RuleSum { orders: 2, points: Decimal::ONE });
    assert_eq!(of("piece"), RuleSum { orders: 3, points: exact::parse("0.6").unwrap() });
    // The rules and their rounding are what there is: 1 + 0.6 − 0.6.
    assert_eq!(*rounding, exact::parse("-0.6").unwrap());
    let shown: Vec<_> = months.iter().map(|(month, sum)| (month.as_str(), sum.orders, sum.points.earned)).collect();
    assert_eq!(shown, [("2026-01", 1, points("6")), ("2026-02", 2, Points::ZERO)]);
    assert_eq!(forecast.orders.earning, 1);
    assert_eq!(forecast.top.iter().map(|(id, member)| (id.0, member.points)).collect::<Vec<_>>(), [(1, points("1"))]);
}

#[test]
fn points_past_their_end_are_expired_and_owe_nothing() {
    let program = program(&json!({
        "expiry": {"after_days": 30, "granularity": "month"},
        "rewards": [{"code": "pay", "kind": "discount_per_point", "rate": "0.5"}]}));
    // Earned on 10 January, they last to the end of February.
    let sold = [(order(1, day(1, 10), 1, 100), 1, 0), (order(2, day(2, 10), 1, 40), 1, 0)];
    for (as_of, expired, liability) in [(day(2, 28), "0", "7.0"), (day(3, 1), "10", "2.0"), (day(4, 1), "14", "0.0")] {
        let forecast = forecast(&program, as_of, &sold);
        assert_eq!(forecast.points.expired, points(expired), "{as_of}");
        assert_eq!(forecast.liability, exact::parse(liability), "{as_of}");
        assert_eq!(forecast.rewards[0].cost, exact::parse(liability), "{as_of}");
    }
}

#[test]
fn a_reward_costs_what_each_member_who_can_have_it_gets() {
    let percent = |percent: &str, most: Option<&str>| json!({"code": "r", "kind": "discount_percent", "points": "2", "percent": percent, "max_amount": most});
    // Two members reach 2 points; orders come to 40.00 on average, and pieces to 20.00.
    let sold =
        [(order(1, day(1, 1), 2, 40), 1, 0), (order(2, day(1, 2), 3, 60), 2, 0), (order(3, day(1, 3), 1, 20), 3, 2)];
    let cases = [
        (percent("10", None), "8", Basis::AverageOrder),
        (percent("10", Some("3.00")), "6", Basis::Maximum),
        (percent("10", Some("4.01")), "8", Basis::AverageOrder),
        // No more than half of an order.
        (percent("80", None), "40", Basis::AverageOrder),
        (json!({"code": "r", "kind": "discount_amount", "points": "2", "amount": "1.50"}), "3", Basis::Amount),
        (
            json!({"code": "r", "kind": "free_product", "points": "2", "product_id": 7, "quantity": "2"}),
            "80",
            Basis::AveragePrice,
        ),
        (
            json!({"code": "r", "kind": "product_at_price", "points": "2", "product_id": 7, "price": "15.00"}),
            "10",
            Basis::AveragePrice,
        ),
        (
            json!({"code": "r", "kind": "product_at_price", "points": "2", "product_id": 7, "price": "25.00"}),
            "0",
            Basis::AveragePrice,
        ),
    ];
    for (reward, cost, basis) in cases {
        let program = program(&json!({"rewards": [reward], "redemption": {"max_share_of_order": "0.5"}}));
        let forecast = forecast(&program, day(2, 1), &sold);
        let of_it = &forecast.rewards[0];
        assert_eq!((of_it.members, of_it.basis), (2, basis), "{reward}");
        assert_eq!(of_it.cost.map(|cost| cost.normalize()), exact::parse(cost), "{reward}");
    }
}

#[test]
fn shares_of_the_members_are_by_nearest_rank() {
    let member = |points: i64| {
        (PartnerId(points), MemberForecast { points: Points::from_e2(points), ..MemberForecast::default() })
    };
    let ten: Vec<(PartnerId, MemberForecast)> = (1..=10).rev().map(member).collect();
    for (share, points) in [(1, 1), (10, 1), (11, 2), (50, 5), (75, 8), (99, 10), (100, 10)] {
        assert_eq!(at_share(&ten, share), Some(Points::from_e2(points)), "{share}");
    }
    assert_eq!(at_share(&[], 50), None);
}
