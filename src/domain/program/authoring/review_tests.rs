//! What is warned of, and what is not.

use serde_json::{Value, json};

use crate::domain::program::review;
use crate::domain::program::sample::{at, everything, program};
use crate::domain::program::{Program, Warning};

/// Sunday, in Paris and in UTC.
const NOW: &str = "2026-11-22T12:00:00Z";

fn warnings(program: &Program) -> Vec<Warning> {
    review(program, at(NOW)).unwrap()
}

/// 1 point per 10.00.
fn base() -> Value {
    json!({"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"})
}

fn times(code: &str, factor: &str, members: &Value) -> Value {
    let mut rule = json!({"code": code, "kind": "multiplier", "factor": factor});
    rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    rule
}

/// 100 points take 5.00 off: half a percent.
fn five_off() -> Value {
    json!({"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"})
}

/// A sound program in Paris, with members over it.
fn with(members: &Value) -> Program {
    let mut all = json!({"timezone": "Europe/Paris", "earning": {"rules": [base()]}, "rewards": [five_off()]});
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    program(&all)
}

/// One warning, at this place, of this kind, with these words in it.
fn assert_warns(program: &Program, path: &str, kind: &str, words: &str) {
    let found = warnings(program);
    let of_it: Vec<&Warning> = found.iter().filter(|warning| warning.kind == kind).collect();
    assert_eq!(of_it.len(), 1, "{kind}: {found:?}");
    assert_eq!(of_it[0].path, path, "{kind}");
    assert!(of_it[0].message.contains(words), "{kind}: {:?} lacks {words:?}", of_it[0].message);
}

#[test]
fn a_sound_program_is_left_alone() {
    assert_eq!(warnings(&with(&json!({}))), []);
    let december = json!({"from": "2026-12-01", "to": "2026-12-31", "weekdays": [7]});
    let rich = with(&json!({
        "earning": {"rules": [base(), times("sundays", "2", &json!({"window": december}))]},
        "expiry": {"after_days": 365, "granularity": "month"}, "pos_config_ids": [1, 2],
        "rewards": [five_off(), {"code": "pay", "kind": "discount_per_point", "rate": "0.05", "minimum_points": "50"}]}));
    assert_eq!(warnings(&rich), []);
}

#[test]
fn the_contract_s_example_has_what_a_colleague_would_ask() {
    let kinds: Vec<(String, &str)> = warnings(&Program::from_json(&everything()).unwrap())
        .into_iter()
        .map(|warning| (warning.path, warning.kind))
        .collect();
    let expected = [("/rewards/3", "product_above_share"), ("/rewards/4", "product_above_share")];
    assert_eq!(kinds, expected.map(|(path, kind)| (path.to_owned(), kind)));
}

#[test]
fn rules_that_never_hold_are_told() {
    let rule = |members: Value| {
        let mut rule = base();
        rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"rules": [rule, {"code": "visit", "kind": "per_order", "points": "1"}]})
    };
    let cases = [
        (
            // Monday to Friday.
            json!({"earning": rule(json!({"window": {"from": "2026-12-07", "to": "2026-12-11", "weekdays": [6, 7]}}))}),
            "/earning/rules/0/window",
            "never_holds",
            "No day from 2026-12-07 to 2026-12-11 is a Saturday or Sunday",
        ),
        (
            json!({"starts_at": "2027-01-01T00:00:00Z", "earning": rule(json!({"window": {"to": "2026-12-31"}}))}),
            "/earning/rules/0/window",
            "outside_program",
            "from 2027-01-01 on",
        ),
        (
            // The program ends with the last of June in Paris; the rule begins with July.
            json!({"ends_at": "2027-06-30T22:00:00Z", "earning": rule(json!({"window": {"from": "2027-07-01"}}))}),
            "/earning/rules/0/window",
            "outside_program",
            "until 2027-06-30",
        ),
        (
            json!({"earning": rule(json!({"window": {"to": "2026-11-21"}}))}),
            "/earning/rules/0/window",
            "over",
            "Since 2026-11-21",
        ),
        (
            json!({"earning": rule(json!({"scope": {"product_ids": [4], "exclude_product_ids": [4, 5]}}))}),
            "/earning/rules/0/scope",
            "scope_swallowed",
            "excludes win",
        ),
        (
            json!({"earning": rule(json!({"scope": {"product_ids": [4, 6], "exclude_product_ids": [4, 5]}}))}),
            "/earning/rules/0/scope/exclude_product_ids",
            "listed_and_excluded",
            "4 is both",
        ),
        (
            json!({"pos_config_ids": [1], "earning": rule(json!({"pos_config_ids": [2, 3]}))}),
            "/earning/rules/0/pos_config_ids",
            "other_shops",
            "never holds: the program does not hold in shop 2, 3",
        ),
        (
            json!({"pos_config_ids": [1], "earning": rule(json!({"pos_config_ids": [1, 3]}))}),
            "/earning/rules/0/pos_config_ids",
            "other_shops",
            "in shop 3: there",
        ),
        (json!({"ends_at": NOW}), "/ends_at", "program_over", "has ended"),
        (
            json!({"earning": rule(json!({"points": "0.5"}))}),
            "/earning/rules/0/points",
            "rounded_away",
            "rounded down to 1, and 0.5 points is less",
        ),
    ];
    for (members, path, kind, words) in cases {
        assert_warns(&with(&members), path, kind, words);
    }
    // Today still counts, and so does the night that began yesterday.
    for window in [json!({"to": "2026-11-22"}), json!({"to": "2026-11-21", "hours": ["22:00", "14:00"]})] {
        assert_eq!(warnings(&with(&json!({"earning": rule(json!({"window": window}))}))), [], "{window}");
    }
    assert_eq!(warnings(&with(&json!({"earning": rule(json!({"points": "0.5"})), "starts_at": NOW}))).len(), 1);
}

#[test]
fn multipliers_that_meet_or_do_nothing_are_told() {
    let toys = json!({"scope": {"pos_category_ids": [3]}});
    let sundays = json!({"window": {"weekdays": [7]}});
    let both = [base(), times("a", "2", &toys), times("b", "3", &sundays)];
    let cases = [
        (
            json!({"rules": both}),
            "/earning/rules/2",
            "multipliers_overlap",
            "\"a\" and \"b\" can hold for the same goods: then the higher counts alone, 3 times.",
        ),
        (
            json!({"rules": both, "stacking": "multiply"}),
            "/earning/rules/2",
            "multipliers_overlap",
            "they multiply, to 6 times",
        ),
        (json!({"rules": [base(), times("a", "1", &toys)]}), "/earning/rules/1/factor", "factor_of_one", "nothing"),
        (json!({"rules": [base(), times("a", "0.5", &toys)]}), "/earning/rules/1/factor", "factor_below_one", "0.5"),
        (
            json!({"rules": [base(), times("a", "3", &json!({})), times("b", "2", &toys)]}),
            "/earning/rules/2/factor",
            "shadowed_multiplier",
            "\"a\" always holds",
        ),
        (
            json!({"rules": [
                {"code": "u", "kind": "per_unit", "points": "1", "scope": {"product_ids": [1]}},
                times("a", "2", &json!({"scope": {"product_ids": [2]}}))]}),
            "/earning/rules/1/factor",
            "multiplies_nothing",
            "nothing to multiply",
        ),
    ];
    for (earning, path, kind, words) in cases {
        assert_warns(&with(&json!({"earning": earning})), path, kind, words);
    }
    let apart =
        json!({"rules": [base(), times("a", "2", &json!({"window": {"weekdays": [1]}})), times("b", "3", &sundays)]});
    assert_eq!(warnings(&with(&json!({"earning": apart}))), []);
    let many: Vec<Value> =
        std::iter::once(base()).chain((0..5).map(|n| times(&format!("m{n}"), "2", &sundays))).collect();
    let found = warnings(&with(&json!({"earning": {"rules": many}})));
    assert_eq!(found.len(), 6, "five of ten pairs, and a line for the rest: {found:?}");
    assert!(found[5].message.starts_with("5 more pairs"), "{found:?}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn rewards_out_of_reach_are_told_with_the_money_they_need() {
    let per_point = |rate: &str| json!({"code": "pay", "kind": "discount_per_point", "rate": rate});
    let product = |points: &str| json!({"code": "mug", "kind": "free_product", "points": points, "product_id": 7});
    let amount = |points: &str| json!({"code": "off", "kind": "discount_amount", "points": points, "amount": "5.00"});
    let visits = json!({"rules": [{"code": "visit", "kind": "per_order", "points": "2"}]});
    let cases = [
        (json!({"earning": {}}), "/earning/rules", "nothing_earns", "nobody can ever afford"),
        (
            json!({"earning": {"rules": [times("a", "2", &json!({}))]}}),
            "/earning/rules",
            "nothing_earns",
            "No rule earns points",
        ),
        (json!({"rewards": []}), "/rewards", "no_rewards", "buy nothing"),
        // 1 000 000 points at 1 per 10.00.
        (json!({"rewards": [amount("1000000")]}), "/rewards/0", "out_of_reach", "10000000.00 USD must be spent"),
        (json!({"rewards": [per_point("0.0001")]}), "/rewards/0", "out_of_reach", "0.001 %"),
        (
            json!({"rewards": [five_off(), product("10000")]}),
            "/rewards/1/points",
            "out_of_reach",
            "100 times what the cheapest reward does: 100000.00 USD",
        ),
        // 365 000.00 in 365 days.
        (
            json!({"rewards": [product("36500")], "expiry": {"after_days": 365}}),
            "/rewards/0",
            "expires_first",
            "1000.00 USD every day",
        ),
        (
            json!({"rewards": [product("100")], "expiry": {"after_days": 49}, "earning": visits}),
            "/rewards/0",
            "expires_first",
            "50 orders within 49 days",
        ),
        (
            json!({"redemption": {"minimum_points": "150"}}),
            "/rewards/0/minimum_points",
            "minimum_above_price",
            "costs 100 points, but a customer must have 150 points",
        ),
        (
            json!({"redemption": {"max_share_of_order": "0.01"}}),
            "/rewards/0",
            "order_too_small",
            "an order of 500.00 USD to get 5.00 USD off",
        ),
        (
            json!({"redemption": {"max_share_of_order": "0.2"}, "rewards": [
                {"code": "half", "kind": "discount_percent", "points": "100", "percent": "50", "max_amount": "5.00"}]}),
            "/rewards/0/percent",
            "cut_by_share",
            "cuts it to 20 %",
        ),
        (
            json!({"redemption": {"max_share_of_order": "0.2"}, "rewards": [product("100")]}),
            "/rewards/0",
            "product_above_share",
            "more than 20 %",
        ),
        (
            json!({"rewards": [{"code": "r", "kind": "discount_amount", "points": "100", "amount": "5.00",
                "scope": {"product_ids": [1], "exclude_product_ids": [1]}}]}),
            "/rewards/0/scope",
            "scope_swallowed",
            "never given",
        ),
    ];
    for (members, path, kind, words) in cases {
        assert_warns(&with(&members), path, kind, words);
    }
    for fine in [
        json!({"rewards": [product("9999"), five_off()]}),
        json!({"timezone": "Europe/Paris", "rewards": [product("36499")], "expiry": {"after_days": 365}}),
        json!({"rewards": [product("100")], "expiry": {"after_days": 50}, "earning": visits}),
    ] {
        assert_eq!(warnings(&with(&fine)), [], "{fine}");
    }
}

#[test]
fn rewards_worth_more_than_they_cost_are_told() {
    let amount =
        |off: &str| json!({"rewards": [{"code": "off", "kind": "discount_amount", "points": "100", "amount": off}]});
    // 100 points cost 1000.00.
    assert_warns(&with(&amount("1000.00")), "/rewards/0", "worth_more_than_it_costs", "100 %");
    assert_eq!(warnings(&with(&amount("999.99"))), []);
    let mut doubled = amount("500.00");
    doubled["earning"] = json!({"rules": [base(), times("a", "2", &json!({"window": {"weekdays": [7]}}))]});
    assert_warns(&with(&doubled), "/rewards/0", "worth_more_at_best", "gives back 100 %");
    let percent = json!({"rewards": [{"code": "ten", "kind": "discount_percent", "points": "100", "percent": "10"}]});
    assert_warns(&with(&percent), "/rewards/0", "no_maximum", "an order of more than 10000.00 USD");
    let pay = json!({"code": "pay", "kind": "discount_per_point", "rate": "0.06"});
    assert_warns(&with(&json!({"rewards": [five_off(), pay]})), "/rewards/0", "dominated", "takes off 6.00 USD");
}

#[test]
fn terms_that_look_like_slips_are_told() {
    let prorata = json!({"rounding": "up", "rules": [
        {"code": "p", "kind": "per_amount", "every": "1.00", "points": "1", "step": "prorata"}]});
    let cases = [
        (json!({"redemption": {"hold_seconds": 15}}), "/redemption/hold_seconds", "short_hold", "15 seconds"),
        (json!({"redemption": {"hold_seconds": 86400}}), "/redemption/hold_seconds", "long_hold", "24 hours"),
        (json!({"expiry": {"after_days": 0}}), "/expiry/after_days", "expires_at_once", "another order of that day"),
        (json!({"timezone": "UTC", "expiry": {"after_days": 90}}), "/timezone", "timezone_utc", "Europe/Paris"),
        (json!({"earning": prorata}), "/earning/rounding", "rounding_up", "earns 1 point, worth 0.05 USD"),
        (
            json!({"rewards": [five_off(), {"code": "b", "name": "5 off", "kind": "free_product", "points": "100",
                "product_id": 1}]}),
            "/rewards/1/name",
            "same_name",
            "\"5off\" has the same name",
        ),
    ];
    for (members, path, kind, words) in cases {
        assert_warns(&with(&members), path, kind, words);
    }
}
