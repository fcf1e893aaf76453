//! What a program's description says.
use serde_json::{Value, json};

use super::*;
use crate::domain::program::sample::{everything, program};

/// The lines under one heading.
fn lines(program: &Program, heading: &str) -> Vec<String> {
    let sections = describe(program).unwrap();
    sections.into_iter().find(|section| section.heading == heading).unwrap().lines
}

#[test]
fn the_contract_s_example_reads_as_it_was_meant() {
    let program = Program::from_json(&everything()).unwrap();
    let expected = [
        ("Who", vec!["Every identified customer takes part."]),
        ("Where", vec!["In every shop of company 1, for orders in USD."]),
        (
            "When",
            vec![
                "At any time; put as a first version, for all orders of the past too. Days and hours are those of \
                 Europe/Paris.",
            ],
        ),
        (
            "Rules",
            vec![
                "base: 1 point for each full 10.00 USD of goods on an order.",
                "toys: 5 points for each unit of goods of POS category 3.",
                "visit: 2 points once for an order, when the order comes to 20.00 USD or more.",
                "sunday: the points of all goods count 2 times, on Sunday from 2026-11-01 to 2026-12-31 between \
                 09:00 and 13:00.",
            ],
        ),
        (
            "Together",
            vec![
                "The rules add up. Amounts count with tax, after discounts; an order's total is rounded down to \
                 whole points.",
                "That is about 10 points for 100 USD spent, and 20 points for 100 USD spent at best.",
            ],
        ),
        ("Expiry", vec!["Points expire at the end of the month that is 365 days after they were earned."]),
        (
            "Redeeming",
            vec![
                "A customer needs 50 points before spending any.",
                "All rewards of an order together take off at most 50 % of it.",
                "A reward that was put on an order holds its points for 15 minutes.",
            ],
        ),
        (
            "Rewards",
            vec![
                "5off “5 off”: 5.00 USD off for 100 points. It takes about 1000.00 USD spent to earn that. A point \
                 is worth 0.05 USD, 0.5 % of what was spent.",
                "ten “10 %”: 10 % off, at most 20.00 USD for 200 points. It takes about 2000.00 USD spent to earn \
                 that. A point is worth at most 0.1 USD, at most 1 % of what was spent.",
                "pay “Pay with points”: 0.05 USD off for each point, as many as the order takes, for who has 50 \
                 points. A point is worth 0.05 USD, 0.5 % of what was spent.",
                "mug “A mug”: 1 of product 12 for 300 points. It takes about 3000.00 USD spent to earn that.",
                "deal “Lamp at 9.90”: product 40 at 9.90 USD for 150 points. It takes about 1500.00 USD spent to \
                 earn that.",
            ],
        ),
    ];
    for (heading, said) in expected {
        assert_eq!(lines(&program, heading), said, "{heading}");
    }
}

#[test]
fn conditions_are_said() {
    let per_unit = |members: &Value| {
        let mut rule = json!({"code": "a", "kind": "per_unit", "points": "0.5"});
        rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        lines(&program(&json!({"points_name": "stars", "earning": {"rules": [rule]}})), "Rules").remove(0)
    };
    let cases = [
        (json!({"min_quantity": "3"}), "goods, when there are 3 or more of them."),
        (json!({"partner_tag_ids": [4, 5]}), "goods, for customers with tag 4 or 5."),
        (json!({"pos_config_ids": [2]}), "goods, in shop 2."),
        (
            json!({"scope": {"product_ids": [1, 2, 3], "product_tag_ids": [9], "exclude_pos_category_ids": [7]}}),
            "goods of product 1, 2 or 3 or product tag 9 (but not of POS category 7).",
        ),
        (
            json!({"window": {"weekdays": [1, 2], "from": "2026-01-01"}}),
            "goods, on Monday or Tuesday from 2026-01-01 on.",
        ),
        (
            json!({"window": {"to": "2026-01-01", "hours": ["22:00", "02:00"]}}),
            "goods, until 2026-01-01 between 22:00 and 02:00.",
        ),
    ];
    for (members, said) in cases {
        assert_eq!(per_unit(&members), format!("a: 0.5 stars for each unit of {said}"), "{members}");
    }
}

#[test]
fn terms_of_rewards_and_of_the_program_are_said() {
    let program = program(&json!({
        "enrolment": "explicit", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-06-30T22:00:00Z",
        "timezone": "Europe/Paris", "pos_config_ids": [2, 3], "redemption": {"hold_seconds": 90},
        "earning": {"stacking": "multiply", "rounding": "half_up", "decimals": 2, "base": "tax_excluded", "rules": [
            {"code": "p", "kind": "per_amount", "every": "1.00", "points": "1", "step": "prorata",
             "scope": {"product_ids": [5]}},
            {"code": "m", "kind": "multiplier", "factor": "2"}, {"code": "n", "kind": "multiplier", "factor": "3"}]},
        "rewards": [{"code": "r", "kind": "discount_percent", "points": "10", "percent": "5",
            "minimum_points": "40", "scope": {"product_ids": [5]}, "limit": {"count": 1, "days": 7},
            "window": {"weekdays": [7]}}]}));
    let expected = [
        ("Who", "Customers take part from when they are enrolled: before that their orders earn nothing."),
        ("Where", "In the shops 2 and 3 of any company, for orders in USD."),
        (
            "When",
            "For orders from 2026-01-01 01:00 to before 2026-07-01 00:00. Days and hours are those of Europe/Paris.",
        ),
        ("Expiry", "Points never expire."),
        ("Redeeming", "A reward that was put on an order holds its points for 90 seconds."),
        (
            "Rewards",
            "r “r”: 5 % off goods of product 5 for 10 points, for who has 40 points, at most 1 time in 7 days, on \
             Sunday. It takes at least 1.67 USD spent to earn that.",
        ),
    ];
    for (heading, said) in expected {
        assert_eq!(lines(&program, heading), [said], "{heading}");
    }
    assert_eq!(
        lines(&program, "Together"),
        [
            "The rules add up. Amounts count without tax, after discounts; an order's total is rounded to the \
             nearest to hundredths of points.",
            "Several multipliers on one line multiply.",
            "That is 600 points for 100 USD spent at best: no rule pays for all goods.",
        ]
    );
}
