//! What rewards cost and take off: worked examples with their arithmetic, and what holds for every draft.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::sample::{at, decimal, line, money, neutral, order, points, program, reward_line};
use super::{Basket, HeldReward, NotPriced, Priced, Program, offers, price};
use crate::domain::refusal::{Reason, Refusal};
use crate::domain::sale::order::{Line, Order};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::{CompanyId, HoldId, PosConfigId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

static NOTHING: BTreeSet<ProductId> = BTreeSet::new();

/// A reward of the program that takes this much off the order already.
fn held(discount: Money) -> [HeldReward; 1] {
    let id = HoldId::parse("0190b0b0-0000-7000-8000-000000000009").unwrap();
    let covered_quantity = Decimal::ZERO;
    [HeldReward { id, is_own: true, discount, lines: Vec::new(), covers: None, product_id: None, covered_quantity }]
}

fn basket<'a>(order: &'a Order, available: &str) -> Basket<'a> {
    Basket { order, available: points(available), holds: &[], uses: &[], archived: &NOTHING, currency_decimals: 2 }
}

/// 100 points for 5.00, or 0.05 a point, under these redemption terms.
fn shop(redemption: &Value) -> Program {
    program(&json!({
        "redemption": redemption,
        "rewards": [
            {"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"},
            {"code": "pay", "name": "Pay with points", "kind": "discount_per_point", "rate": "0.05"},
        ]
    }))
}

/// A price or the refusal; these cases' numbers all fit.
type Answer = Result<Priced, Refusal>;

fn try_price(program: &Program, reward: &str, requested: Option<&str>, basket: &Basket<'_>) -> Answer {
    match price(program, program.reward(reward).unwrap(), requested.map(points), basket) {
        Ok(priced) => Ok(priced),
        Err(NotPriced::Refused(refusal)) => Err(refusal),
        Err(NotPriced::Overflow(overflow)) => panic!("{overflow}"),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer like the refusals beside it")]
fn priced(cost: &str, discount: &str) -> Answer {
    Ok(Priced { points: points(cost), discount: money(discount), gift: None })
}

fn below(available: &str, minimum: &str) -> Answer {
    Err(Refusal::BelowMinimum { available: points(available), minimum: points(minimum) })
}

fn insufficient(available: &str, required: &str) -> Answer {
    Err(Refusal::InsufficientPoints { available: points(available), required: points(required) })
}

fn refused(reason: Reason) -> Answer {
    Err(Refusal::NotApplicable { reason, maximum_points: None })
}

fn too_many(maximum: &str) -> Answer {
    Err(Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points: Some(points(maximum)) })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn worked_examples() {
    use Reason::{OrderTooSmall, PointsNotVariable, TooFewPoints};
    let goods = |amount| vec![line(10, "1", amount)];
    let rewarded = |amount, off| vec![line(10, "1", amount), reward_line(off)];
    let free = json!({});
    let half = json!({"max_share_of_order": "0.5"});
    let least = json!({"minimum_points": "50"});
    #[expect(clippy::type_complexity, reason = "a table: why, terms, lines, available, reward, requested, answer")]
    let cases: Vec<(&str, &Value, Vec<Line>, &str, &str, Option<&str>, Answer)> = vec![
        // A fixed amount: it fits or it does not.
        ("fits", &free, goods("20.00"), "100", "5off", None, priced("100", "5.00")),
        ("its price may be named", &free, goods("20.00"), "100", "5off", Some("100.00"), priced("100", "5.00")),
        ("no other price", &free, goods("20.00"), "100", "5off", Some("99"), refused(PointsNotVariable)),
        ("one hundredth short", &free, goods("20.00"), "99.99", "5off", None, insufficient("99.99", "100")),
        ("a debt", &free, goods("20.00"), "-10", "5off", None, insufficient("-10", "100")),
        ("the whole order", &free, goods("5.00"), "100", "5off", None, priced("100", "5.00")),
        ("never cut to 4.99", &free, goods("4.99"), "100", "5off", None, refused(OrderTooSmall)),
        ("half of 10.00", &half, goods("10.00"), "100", "5off", None, priced("100", "5.00")),
        ("half of 9.99 is 4.995", &half, goods("9.99"), "100", "5off", None, refused(OrderTooSmall)),
        ("an empty draft", &free, vec![], "100", "5off", None, refused(OrderTooSmall)),
        ("a return", &free, vec![line(10, "-1", "-20.00")], "100", "5off", None, refused(OrderTooSmall)),
        ("points before the order", &free, vec![], "99", "5off", None, insufficient("99", "100")),
        // What is left to pay, and what the share is of.
        ("8.00 − 4.00 leaves 4.00", &free, rewarded("8.00", "-4.00"), "100", "5off", None, refused(OrderTooSmall)),
        ("9.00 − 4.00 leaves 5.00", &free, rewarded("9.00", "-4.00"), "100", "5off", None, priced("100", "5.00")),
        (
            "half of 10.00 before rewards, 6.00 left",
            &half,
            rewarded("10.00", "-4.00"),
            "100",
            "5off",
            None,
            priced("100", "5.00"),
        ),
        (
            "a voucher comes off first: half of 10 − 1",
            &half,
            vec![line(10, "1", "10.00"), line(90, "1", "-1.00")],
            "100",
            "5off",
            None,
            refused(OrderTooSmall),
        ),
        (
            "a gift card leaves the share, 6.00 to pay",
            &half,
            vec![line(10, "1", "10.00"), neutral("-4.00")],
            "100",
            "5off",
            None,
            priced("100", "5.00"),
        ),
        (
            "a gift card leaves 4.00 to pay",
            &half,
            vec![line(10, "1", "10.00"), neutral("-6.00")],
            "100",
            "5off",
            None,
            refused(OrderTooSmall),
        ),
        // The minimum is of what is available, and comes before the price.
        ("49.99 of 50", &least, goods("20.00"), "49.99", "5off", None, below("49.99", "50")),
        ("50 of 50, but 100 to pay", &least, goods("20.00"), "50", "5off", None, insufficient("50", "100")),
        ("20 points spent of 50 held", &least, goods("20.00"), "50", "pay", Some("20"), priced("20", "1.00")),
        // By the point, as many as asked for.
        ("100 × 0.05", &free, goods("20.00"), "150", "pay", Some("100"), priced("100", "5.00")),
        ("0.5 × 0.05 = 0.025, down", &free, goods("20.00"), "150", "pay", Some("0.5"), priced("0.5", "0.02")),
        ("0.1 × 0.05 = 0.005", &free, goods("20.00"), "150", "pay", Some("0.1"), refused(TooFewPoints)),
        ("zero", &free, goods("20.00"), "150", "pay", Some("0"), refused(TooFewPoints)),
        ("below zero", &free, goods("20.00"), "150", "pay", Some("-5"), refused(TooFewPoints)),
        ("more than there are", &free, goods("20.00"), "150", "pay", Some("151"), insufficient("150", "151")),
        ("all of 20.00", &free, goods("20.00"), "500", "pay", Some("400"), priced("400", "20.00")),
        ("401 × 0.05 = 20.05", &free, goods("20.00"), "500", "pay", Some("401"), too_many("400")),
        (
            "400.1 × 0.05 = 20.005, down to 20.00",
            &free,
            goods("20.00"),
            "500",
            "pay",
            Some("400.1"),
            priced("400.1", "20.00"),
        ),
        ("half of 20.00", &half, goods("20.00"), "500", "pay", Some("201"), too_many("200")),
        ("by the point on nothing", &free, vec![], "500", "pay", Some("10"), refused(OrderTooSmall)),
        // By the point, the maximum.
        ("all there are", &free, goods("20.00"), "150", "pay", None, priced("150", "7.50")),
        ("all the order takes", &free, goods("20.00"), "500", "pay", None, priced("400", "20.00")),
        (
            "12.37 / 0.05 = 247.4: the largest discount, for the fewest points",
            &free,
            goods("12.37"),
            "500",
            "pay",
            None,
            priced("247.4", "12.37"),
        ),
        ("12.37 × 0.5 = 6.185: 123.6 × 0.05", &half, goods("12.37"), "500", "pay", None, priced("123.6", "6.18")),
        ("on nothing", &free, vec![], "500", "pay", None, refused(OrderTooSmall)),
        ("of nothing", &free, goods("20.00"), "0", "pay", None, insufficient("0", "0.2")),
        ("one point is 0.05, and 0.04 is left", &free, goods("0.04"), "10", "pay", None, priced("0.8", "0.04")),
    ];
    for (why, redemption, lines, available, reward, requested, expected) in cases {
        let order = order(lines);
        assert_eq!(try_price(&shop(redemption), reward, requested, &basket(&order, available)), expected, "{why}");
    }
}

#[test]
fn other_holds_of_the_program_share_the_order() {
    let half = shop(&json!({"max_share_of_order": "0.5"}));
    // Half of 20.00 is 10.00. One hold of 5.00, on the draft as a line or not yet, leaves 5.00.
    let bare = order(vec![line(10, "1", "20.00")]);
    let with_line = order(vec![line(10, "1", "20.00"), reward_line("-5.00")]);
    for order in [&bare, &with_line] {
        let one = Basket { holds: &held(money("5.00")), ..basket(order, "500") };
        assert_eq!(try_price(&half, "5off", None, &one), priced("100", "5.00"));
        assert_eq!(try_price(&half, "pay", None, &one), priced("100", "5.00"));
        assert_eq!(try_price(&half, "pay", Some("101"), &one), too_many("100"));
        let two = Basket { holds: &held(money("5.01")), ..one };
        assert_eq!(try_price(&half, "5off", None, &two), refused(Reason::OrderTooSmall));
        let all = Basket { holds: &held(money("12.00")), ..one };
        assert_eq!(try_price(&half, "pay", None, &all), refused(Reason::OrderTooSmall));
    }
    // Another program's reward takes nothing from this one's share, but its goods are discounted already: as a line of a
    // hold that nobody knows, or as a hold whose line is not there yet.
    let others = order(vec![line(10, "1", "20.00"), reward_line("-16.00")]);
    assert_eq!(try_price(&half, "pay", None, &basket(&others, "500")), priced("80", "4.00"));
    let mut other = held(money("16.00"));
    other[0].is_own = false;
    assert_eq!(try_price(&half, "pay", None, &Basket { holds: &other, ..basket(&bare, "500") }), priced("80", "4.00"));
}

#[test]
fn the_currency_s_digits_bound_what_a_point_takes_off() {
    let yen =
        program(&json!({"currency": "JPY", "rewards": [{"code": "pay", "kind": "discount_per_point", "rate": "0.3"}]}));
    let mut sold = order(vec![line(10, "1", "1000")]);
    sold.currency = "JPY".to_owned();
    let basket = Basket { currency_decimals: 0, ..basket(&sold, "11") };
    // 11 × 0.3 = 3.3, 3 yen. 10 points are worth 3 yen too, so that is what the maximum takes.
    assert_eq!(try_price(&yen, "pay", Some("11"), &basket), priced("11", "3"));
    assert_eq!(try_price(&yen, "pay", None, &basket), priced("10", "3"));
    assert_eq!(try_price(&yen, "pay", Some("3"), &basket), refused(Reason::TooFewPoints));
    // One yen takes 3.33… points: 3.34 × 0.3 = 1.002.
    let little = Basket { available: points("3"), ..basket };
    assert_eq!(try_price(&yen, "pay", None, &little), insufficient("3", "3.34"));
    let mut one = order(vec![line(10, "1", "1")]);
    one.currency = "JPY".to_owned();
    assert_eq!(try_price(&yen, "pay", None, &Basket { order: &one, ..basket }), priced("3.34", "1"));
}

#[test]
fn no_maximum_is_named_where_not_a_hundredth_of_a_point_fits() {
    let coarse = program(&json!({"rewards": [{"code": "pay", "kind": "discount_per_point", "rate": "500"}]}));
    let sold = order(vec![line(10, "1", "3.00")]);
    assert_eq!(try_price(&coarse, "pay", Some("1"), &basket(&sold, "10")), refused(Reason::OrderTooSmall));
    assert_eq!(try_price(&coarse, "pay", None, &basket(&sold, "10")), refused(Reason::OrderTooSmall));
}

#[test]
fn a_reward_s_own_minimum_counts_beside_the_program_s() {
    let strict = |program_minimum: &str, reward_minimum: &str| {
        program(&json!({
            "redemption": {"minimum_points": program_minimum},
            "rewards": [{"code": "r", "kind": "discount_amount", "points": 10, "amount": 1, "minimum_points": reward_minimum}]
        }))
    };
    let sold = order(vec![line(10, "1", "20.00")]);
    let basket = basket(&sold, "40");
    assert_eq!(try_price(&strict("0", "50"), "r", None, &basket), below("40", "50"));
    assert_eq!(try_price(&strict("60", "50"), "r", None, &basket), below("40", "60"));
    assert_eq!(try_price(&strict("40", "30"), "r", None, &basket), priced("10", "1"));
}

#[test]
fn a_program_for_others_is_refused_before_anything_else() {
    let program = program(&json!({
        "company_id": 1, "pos_config_ids": [2], "ends_at": "2026-12-01T00:00:00Z",
        "rewards": [{"code": "r", "kind": "discount_amount", "points": 10, "amount": 1}]
    }));
    let sold = order(vec![line(10, "1", "20.00")]);
    let cases = [
        (Order { company_id: CompanyId(2), ..sold.clone() }, Reason::OtherCompany),
        (Order { currency: "EUR".to_owned(), ..sold.clone() }, Reason::OtherCurrency),
        (Order { pos_config_id: Some(PosConfigId(9)), ..sold.clone() }, Reason::OtherShop),
        (Order { placed_at: at("2026-12-01T00:00:00Z"), ..sold }, Reason::OutsideDates),
    ];
    for (order, reason) in cases {
        assert_eq!(try_price(&program, "r", None, &basket(&order, "0")), refused(reason));
    }
}

#[test]
fn offers_show_every_reward_with_its_price_or_the_reason() {
    let program = shop(&json!({}));
    let shown = |available: &str, lines: Vec<Line>| {
        let order = order(lines);
        let offers = offers(&program, &basket(&order, available));
        let shown = |offer: &super::Offer<'_>| {
            let why = offer.refusal.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {} {} {why}", offer.reward.code, offer.points, offer.discount).trim_end().to_owned()
        };
        offers.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(shown("150", vec![line(10, "1", "20.00")]), ["5off 100 5.00", "pay 150 7.50"]);
    assert_eq!(
        shown("40", vec![line(10, "1", "20.00")]),
        ["5off 100 5.00 The customer has 40 points available; this takes 100.", "pay 40 2.00"]
    );
    assert_eq!(
        shown("150", vec![]),
        ["5off 100 5.00 The order is too small for this reward.", "pay 0 0.00 The order is too small for this reward."]
    );
}

#[test]
fn refusals_are_sentences() {
    let sentence = |refusal: Answer| refusal.unwrap_err().to_string();
    assert_eq!(
        sentence(below("40", "50")),
        "The customer has 40 points available and needs at least 50 before spending any."
    );
    assert_eq!(sentence(too_many("400")), "The order takes at most 400 points for this reward.");
    assert_eq!(Reason::OrderTooSmall.code(), "order_too_small");
}

#[test]
fn numbers_too_large_are_an_answer_not_a_panic() {
    let program = shop(&json!({}));
    let sold = order(vec![Line { subtotal_incl: Money::from_e4(i64::MAX), ..line(10, "1", "1") }; 2]);
    let refused = price(&program, program.reward("pay").unwrap(), None, &basket(&sold, "10"));
    assert_eq!(refused, Err(NotPriced::Overflow(Overflow)));
}

proptest! {
    #[test]
    fn a_discount_never_exceeds_the_order_its_share_or_the_points(
        amount in -10_000_i64..1_000_000, reward in 0_i64..100_000, holds in 0_i64..100_000,
        available in -1_000_i64..10_000_000, rate in 1_i64..100_000, share in 1_i64..=10_000,
        decimals in 0_u32..=2, currency_decimals in 0_u32..=3,
        requested in proptest::option::of(1_i64..10_000_000),
    ) {
        let rate = Decimal::new(rate, 4);
        let share = Decimal::new(share, 4);
        let program = program(&json!({
            "earning": {"decimals": decimals},
            "redemption": {"max_share_of_order": share.to_string()},
            "rewards": [{"code": "pay", "kind": "discount_per_point", "rate": rate.to_string()}]
        }));
        let cents = |cents: i64| Decimal::new(cents, 2);
        let sold = order(vec![
            line(10, "1", &cents(amount).to_string()),
            reward_line(&cents(reward.saturating_neg()).to_string()),
        ]);
        let other_holds = Money::from_decimal(cents(holds)).unwrap();
        let basket = Basket { available: Points::from_e2(available), holds: &held(other_holds), currency_decimals, ..basket(&sold, "0") };
        let reward_of = program.reward("pay").unwrap();
        let room = cents(amount)
            .checked_mul(share).unwrap()
            .checked_sub(cents(holds)).unwrap()
            .min(cents(amount.saturating_sub(reward)));
        let answer = price(&program, reward_of, requested.map(Points::from_e2), &basket);
        prop_assert!(!matches!(answer, Err(NotPriced::Overflow(_))));
        let worth = |points: Points| points.decimal().checked_mul(rate).unwrap();
        match answer {
            Ok(Priced { points, discount, .. }) => {
                prop_assert!(discount.is_positive() && discount.decimal() <= room);
                prop_assert!(points.is_positive() && points <= basket.available);
                prop_assert_eq!(discount, Money::floor_to(worth(points), currency_decimals).unwrap());
                if let Some(requested) = requested {
                    prop_assert_eq!(points, Points::from_e2(requested));
                } else {
                    // What it proposes is granted when asked for, at the same discount.
                    let again = price(&program, reward_of, Some(points), &basket);
                    prop_assert_eq!(again, Ok(Priced { points, discount, gift: None }));
                    // And fewer points are worth less.
                    let unit = Decimal::new(1, Points::DECIMALS);
                    let fewer = points.decimal().checked_sub(unit).unwrap().checked_mul(rate).unwrap();
                    prop_assert!(Money::floor_to(fewer, currency_decimals).unwrap() < discount);
                    // And no number of points that there are takes off more and still fits.
                    let fitting = room.checked_div(rate).unwrap().min(basket.available.decimal());
                    let fitting = worth(Points::from_e2(exact::to_scaled_rounded(
                        fitting, Points::DECIMALS, RoundingStrategy::ToZero,
                    ).unwrap()));
                    let left = cents(amount.saturating_sub(reward).saturating_sub(holds));
                    prop_assert!(left < room || Money::floor_to(fitting, currency_decimals).unwrap() <= discount);
                }
            }
            Err(NotPriced::Refused(Refusal::NotApplicable { maximum_points: Some(maximum), .. })) => {
                // The maximum it names is granted.
                let granted = price(&program, reward_of, Some(maximum), &basket);
                prop_assert!(granted.is_ok(), "{maximum}: {granted:?}");
                prop_assert!(maximum < Points::from_e2(requested.unwrap()));
            }
            Err(_) => {}
        }
    }

    #[test]
    fn a_fixed_discount_is_given_whole_or_not_at_all(amount in 0_i64..2_000, holds in 0_i64..500, share in 1_i64..=100) {
        let share = Decimal::new(share, 2);
        let program = shop(&json!({"max_share_of_order": share.to_string()}));
        let total = Decimal::new(amount, 2);
        let sold = order(vec![line(10, "1", &total.to_string())]);
        let holds = Decimal::new(holds, 2);
        let basket = Basket { holds: &held(Money::from_decimal(holds).unwrap()), ..basket(&sold, "100") };
        let fits = total.checked_mul(share).unwrap().checked_sub(holds).unwrap() >= decimal("5");
        let expected = if fits { priced("100", "5.00") } else { refused(Reason::OrderTooSmall) };
        prop_assert_eq!(try_price(&program, "5off", None, &basket), expected);
    }
}
