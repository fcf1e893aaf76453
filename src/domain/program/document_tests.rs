//! What a program document may say, and how a wrong one is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::sample::{document, everything, minimal, program};
use super::{Program, RuleKind};

/// Puts `value` at a JSON Pointer, making the last member when it is missing.
fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match base.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => panic!("nothing can stand in {other}"),
    }
    base
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_refusal_names_its_place_and_says_what_to_do() {
    let long = "x".repeat(65);
    let cases: Vec<(&str, Value, &str)> = vec![
        // Members nobody knows, at any depth: the path is the member itself.
        ("/colour", json!(1), "no such member in a program"),
        ("/a~1b", json!(null), "no such member"),
        ("/earning/rate", json!(1), "no such member in the earning part"),
        ("/earning/rules/0/evry", json!("1"), "no such member in a rule"),
        ("/earning/rules/1/scope/tag_ids", json!([1]), "no such member in a scope"),
        ("/earning/rules/3/window/day", json!(1), "no such member in a window"),
        ("/expiry/days", json!(1), "no such member"),
        ("/redemption/max", json!(1), "Known are minimum_points, max_share_of_order, hold_seconds"),
        // The program itself.
        ("/code", json!(null), "This is missing: a program needs it"),
        ("/code", json!(""), "must not be empty"),
        ("/code", json!("a b"), "A code has only"),
        ("/code", json!(long), "too long: at most 64"),
        ("/code", json!(7), "must be a text, not 7"),
        ("/name", json!("  "), "must not be empty"),
        ("/name", json!("a\nb"), "one line"),
        ("/points_name", json!([]), "must be a text, not a list"),
        ("/company_id", json!(0), "the id of a record in Odoo"),
        ("/company_id", json!("1"), "the id of a record in Odoo"),
        ("/currency", json!("usd"), "three capital letters"),
        ("/currency", json!("EURO"), "three capital letters"),
        ("/timezone", json!("Europe/Pariss"), "such as Europe/Paris"),
        ("/timezone", json!("+01:00"), "is no timezone"),
        ("/starts_at", json!("2026-01-01"), "a time with its offset"),
        ("/pos_config_ids", json!(3), "must be a list"),
        ("/pos_config_ids/1", json!(-3), "the id of a record"),
        ("/enrolment", json!("manual"), "one of automatic, explicit"),
        // Earning.
        ("/earning", json!([]), "must be an object"),
        ("/earning/base", json!("net"), "one of tax_included, tax_excluded"),
        ("/earning/rounding", json!("floor"), "one of down, half_up, up"),
        ("/earning/decimals", json!(3), "a whole number from 0 to 2"),
        ("/earning/decimals", json!(1.5), "a whole number from 0 to 2"),
        ("/earning/stacking", json!("sum"), "one of highest, multiply"),
        ("/earning/rules", json!({}), "must be a list"),
        ("/earning/rules/1", json!("rule"), "must be an object: a rule"),
        ("/earning/rules/1/code", json!("base"), "already the code of rule 0"),
        ("/earning/rules/1/kind", json!("per_line"), "one of per_amount, per_unit, per_order, multiplier"),
        ("/earning/rules/1/kind", json!(null), "This is missing: a rule needs it"),
        ("/earning/rules/0/every", json!(null), "This is missing"),
        ("/earning/rules/0/every", json!("0"), "above zero"),
        ("/earning/rules/0/every", json!("-10.00"), "above zero, not \"-10.00\""),
        ("/earning/rules/0/every", json!("10.00001"), "too many decimals: money has at most 4"),
        ("/earning/rules/0/every", json!("10,00"), "a number such as"),
        ("/earning/rules/0/every", json!(true), "a number such as"),
        ("/earning/rules/0/points", json!("0.001"), "points have at most 2"),
        ("/earning/rules/0/points", json!("1000000000000"), "must be below 1000000000000"),
        ("/earning/rules/0/step", json!("each"), "one of whole, prorata"),
        ("/earning/rules/0/factor", json!("2"), "“factor” means nothing for the kind per_amount"),
        ("/earning/rules/1/every", json!("2"), "“every” means nothing for the kind per_unit"),
        ("/earning/rules/2/min_order_amount", json!("-1"), "zero or more"),
        ("/earning/rules/2/min_quantity", json!("0.00001"), "at most 4"),
        ("/earning/rules/2/partner_tag_ids", json!(["vip"]), "/0"),
        ("/earning/rules/3/factor", json!("0"), "above zero"),
        ("/earning/rules/3/window", json!("sunday"), "must be an object: a window"),
        ("/earning/rules/3/window/from", json!("2027-01-01"), "/to"),
        ("/earning/rules/3/window/to", json!("31.12.2026"), "a date such as"),
        ("/earning/rules/3/window/weekdays/0", json!(0), "1 (Monday) to 7 (Sunday)"),
        ("/earning/rules/3/window/weekdays", json!([7, 7]), "/1"),
        ("/earning/rules/3/window/hours", json!(["09:00"]), "two times of day"),
        ("/earning/rules/3/window/hours/0", json!("9:00"), "a time of day such as"),
        ("/earning/rules/3/window/hours/1", json!("25:00"), "a time of day such as"),
        ("/earning/rules/3/window/hours", json!(["09:00", "09:00"]), "end when they begin"),
        ("/earning/rules/3/window/hours/0", json!("24:00"), "A day begins at"),
        ("/earning/rules/1/scope/pos_category_ids", json!([3, 4, 3]), "/2"),
        ("/earning/rules/1/scope/product_ids", json!("all"), "must be a list"),
        // Expiry and redemption.
        ("/expiry/after_days", json!(-1), "a whole number from 0"),
        ("/expiry/after_days", json!(null), "This is missing"),
        ("/expiry/granularity", json!("week"), "one of day, month, year"),
        ("/redemption/minimum_points", json!("-1"), "zero or more"),
        ("/redemption/max_share_of_order", json!("0"), "above zero"),
        ("/redemption/max_share_of_order", json!("1.01"), "at most 1"),
        ("/redemption/hold_seconds", json!(0), "a whole number from 1 to 86400"),
        // Rewards.
        ("/rewards", json!("none"), "must be a list"),
        ("/rewards/1/code", json!("5off"), "already the code of reward 0"),
        ("/rewards/0/kind", json!("gift"), "one of discount_amount, discount_percent"),
        ("/rewards/0/amount", json!("0.00"), "above zero"),
        ("/rewards/0/amount", json!(null), "This is missing"),
        ("/rewards/0/percent", json!("10"), "“percent” means nothing for the kind discount_amount"),
        ("/rewards/1/percent", json!("100.5"), "at most 100"),
        ("/rewards/2/points", json!("10"), "“points” means nothing for the kind discount_per_point"),
        ("/rewards/2/rate", json!("0.00001"), "at most 4"),
        ("/rewards/3/quantity", json!("0"), "above zero"),
        ("/rewards/3/product_id", json!(12.5), "the id of a record"),
        ("/rewards/4/price", json!("-0.01"), "zero or more"),
        ("/rewards/3/scope", json!({"product_ids": [1]}), "“scope” means nothing for the kind free_product"),
        ("/rewards/1/scope/tags", json!([1]), "no such member in a scope"),
        ("/rewards/0/limits", json!(1), "no such member in a reward"),
        ("/rewards/0/limit", json!(1), "must be an object: a limit"),
        ("/rewards/0/limit/times", json!(1), "no such member in a limit"),
        ("/rewards/0/limit/count", json!(null), "This is missing"),
        ("/rewards/0/limit/count", json!(0), "a whole number from 1"),
        ("/rewards/0/limit/days", json!(0), "a whole number from 1"),
        ("/rewards/0/window/weekdays", json!([8]), "/0"),
    ];
    assert!(cases.len() > 40);
    let mut base = with(everything(), "/pos_config_ids", json!([1, 2]));
    for (pointer, value) in [
        ("/rewards/0/limit", json!({"count": 1, "days": 30})),
        ("/rewards/0/window", json!({"weekdays": [1]})),
        ("/rewards/1/scope", json!({"product_ids": [7]})),
    ] {
        base = with(base, pointer, value);
    }
    for (pointer, value, excerpt) in cases {
        let refused = match pointer {
            "/a~1b" => Program::from_json(&document(&json!({"a/b": null}))),
            _ => Program::from_json(&with(base.clone(), pointer, value.clone())),
        };
        let refused = refused.expect_err(&format!("{pointer} = {value}"));
        // An excerpt that is a path says where below, or beside, the fault is.
        let (path, excerpt) = match excerpt {
            "/to" => ("/earning/rules/3/window/to".to_owned(), "must not be before"),
            "/0" | "/1" | "/2" => (format!("{pointer}{excerpt}"), ""),
            _ => (pointer.to_owned(), excerpt),
        };
        assert_eq!(refused.path, path, "{pointer} = {value}: {}", refused.message);
        assert!(refused.message.contains(excerpt), "{pointer} = {value}: {}", refused.message);
        assert!(refused.message.ends_with('.'), "{}", refused.message);
    }
}

#[test]
fn a_document_that_is_none_is_refused_as_a_whole() {
    for value in [json!(null), json!([]), json!("club")] {
        let refused = Program::from_json(&value).unwrap_err();
        assert_eq!(refused.path, "");
        assert!(refused.to_string().starts_with("the document: This must be an object"), "{refused}");
    }
    let backwards = json!({"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-02-01T01:00:00+01:00"});
    assert_eq!(Program::from_json(&document(&backwards)).unwrap_err().path, "/ends_at");
    let many: Vec<Value> =
        (0..201).map(|n| json!({"code": format!("r{n}"), "kind": "per_unit", "points": 1})).collect();
    let refused = Program::from_json(&document(&json!({"earning": {"rules": many}}))).unwrap_err();
    assert_eq!(
        (refused.path.as_str(), refused.message.as_str()),
        ("/earning/rules", "This list has 201 items: at most 200 are allowed.")
    );
}

#[test]
fn absent_null_and_default_are_one() {
    let bare = Program::from_json(&minimal()).unwrap();
    let defaults = json!({
        "points_name": "points", "company_id": null, "timezone": "UTC", "starts_at": null, "ends_at": null,
        "pos_config_ids": [], "enrolment": "automatic",
        "earning": {"base": "tax_included", "rounding": "down", "decimals": 0, "stacking": "highest", "rules": []},
        "expiry": {}, "redemption": {"minimum_points": 0, "max_share_of_order": "1.00", "hold_seconds": 900},
        "rewards": [],
    });
    assert_eq!(Program::from_json(&document(&defaults)).unwrap(), bare);
    let nulls = json!({
        "points_name": null, "company_id": null, "timezone": null, "pos_config_ids": null, "enrolment": null,
        "earning": {"base": null, "rounding": null, "decimals": null, "stacking": null, "rules": null},
        "expiry": null, "redemption": {"minimum_points": null, "max_share_of_order": null, "hold_seconds": null},
        "rewards": null,
    });
    assert_eq!(Program::from_json(&document(&nulls)).unwrap(), bare);
    let one = |rule: Value| Program::from_json(&document(&json!({"earning": {"rules": [rule]}}))).unwrap();
    assert_eq!(
        one(json!({"code": "a", "kind": "per_amount", "every": 10, "points": 1})),
        one(json!({"code": "a", "kind": "per_amount", "every": "10.00", "points": "1.0", "step": "whole",
            "factor": null, "scope": {"product_ids": null}, "window": {"weekdays": [], "hours": null},
            "min_order_amount": "0.00", "min_quantity": 0, "partner_tag_ids": [], "pos_config_ids": null})),
    );
    assert_ne!(bare, Program::from_json(&document(&json!({"redemption": {"hold_seconds": 901}}))).unwrap());
}

#[test]
fn a_document_comes_back_as_it_was_written_with_its_defaults() {
    let read_once = Program::from_json(&everything()).unwrap();
    let shown = read_once.to_json();
    assert_eq!(Program::from_json(&shown).unwrap(), read_once);
    assert_eq!(Program::from_json(&shown).unwrap().to_json(), shown);
    assert_eq!(shown["earning"]["rules"][0]["every"], json!("10.00"));
    assert_eq!(shown["earning"]["rules"][0]["kind"], json!("per_amount"));
    assert_eq!(shown["earning"]["rules"][3]["window"]["hours"], json!(["09:00", "13:00"]));
    assert_eq!(shown["rewards"][0]["minimum_points"], json!("0"));
    assert_eq!(shown["timezone"], json!("Europe/Paris"));
    assert_eq!(shown["pos_config_ids"], json!(null));
    let dated = program(&json!({"starts_at": "2026-11-01T00:00:00+01:00"})).to_json();
    assert_eq!(dated["starts_at"], json!("2026-10-31T23:00:00Z"));
    let last = &read_once.earning.rules[3];
    assert!(matches!(&last.kind, RuleKind::Multiplier { factor } if factor.value == rust_decimal::Decimal::TWO));
}

#[test]
fn numbers_are_read_exactly_from_texts_and_numbers() {
    let every = |number: &str| {
        let text = format!(
            r#"{{"code":"c","name":"C","currency":"USD","earning":{{"rules":[
                {{"code":"a","kind":"per_amount","every":{number},"points":1}}]}}}}"#
        );
        Program::from_json(&serde_json::from_str(&text).unwrap()).map(|program| program.to_json())
    };
    for (number, shown) in
        [("10.10", "10.10"), ("\"10.10\"", "10.10"), ("1e2", "100"), ("999999999999.9999", "999999999999.9999")]
    {
        assert_eq!(every(number).unwrap()["earning"]["rules"][0]["every"], json!(shown));
    }
    for number in ["0.10000000000000000000000000001", "1e400", "\"\"", "\" 1\"", "\"1e\"", "\"NaN\""] {
        assert_eq!(every(number).unwrap_err().path, "/earning/rules/0/every", "{number}");
    }
}

fn amount() -> impl Strategy<Value = Value> {
    (1_i64..1_000_000, 0_u32..=2, any::<bool>()).prop_map(|(mantissa, scale, text)| {
        let number = rust_decimal::Decimal::new(mantissa, scale).to_string();
        if text { json!(number) } else { serde_json::from_str(&number).unwrap() }
    })
}

proptest! {
    #[test]
    fn whatever_is_read_reads_the_same_again(
        every in amount(), paid in amount(), price in amount(), days in 0_u32..4000,
        weekdays in proptest::sample::subsequence(vec![1, 2, 3, 4, 5, 6, 7], 0..=7),
        (from, to) in (0_u32..1440, 1_u32..=1440), prorata in any::<bool>(),
    ) {
        prop_assume!(from != to);
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60));
        let written = document(&json!({
            "earning": {"decimals": 2, "rules": [{
                "code": "a", "kind": "per_amount", "every": every, "points": paid,
                "step": if prorata { "prorata" } else { "whole" },
                "window": {"weekdays": weekdays, "hours": [clock(from), clock(to)]}}]},
            "expiry": {"after_days": days},
            "rewards": [{"code": "r", "kind": "discount_amount", "points": price, "amount": every}],
        }));
        let once = Program::from_json(&written).unwrap();
        let again = Program::from_json(&once.to_json()).unwrap();
        prop_assert_eq!(&again, &once);
        prop_assert_eq!(again.to_json(), once.to_json());
    }
}
