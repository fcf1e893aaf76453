//! A loyalty program for the sample shop, as its manager would put it.

use serde_json::{Value, json};

use super::sample::{FIRST_PRODUCT, TOYS};

/// A point per full 10.00, five more per toy; 5 or 10 % off, a chair cushion, or paying with points.
#[must_use]
pub fn sample_program() -> Value {
    json!({
        "code": "club",
        "name": "Club",
        "points_name": "points",
        "company_id": 1,
        "currency": "USD",
        "timezone": "America/New_York",
        "enrolment": "automatic",
        "earning": {
            "base": "tax_included",
            "rounding": "down",
            "decimals": 0,
            "stacking": "highest",
            "rules": [
                {"code": "base", "kind": "per_amount", "every": "10.00", "points": "1", "step": "whole"},
                {"code": "toys", "kind": "per_unit", "points": "5", "scope": {"pos_category_ids": [TOYS]}},
            ],
        },
        "redemption": {"minimum_points": "20", "hold_seconds": 900},
        "rewards": [
            {"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"},
            {"code": "ten", "name": "10 % off", "kind": "discount_percent", "points": "180", "percent": "10",
             "max_amount": "20.00"},
            {"code": "gift", "name": "A chair cushion", "kind": "free_product", "points": "250",
             "product_id": FIRST_PRODUCT + 5, "limit": {"count": 1, "days": 30}},
            {"code": "pay", "name": "Pay with points", "kind": "discount_per_point", "rate": "0.05", "minimum_points": "20"},
        ],
    })
}
