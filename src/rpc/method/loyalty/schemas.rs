//! The schemas of what `loyalty.*` takes and answers.

use serde_json::{Value, json};

use crate::rpc::param::schema::{
    expiring, flag, list, object, of, or_null, reference, says, text, text_or_null, whole,
};

/// All of them.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    [drafts(), holds(), balances(), explanations()].concat()
}

fn drafts() -> Vec<(&'static str, Value)> {
    let line = [
        ("uuid", says("`pos.order.line.uuid`.")),
        ("product_id", of("Id", "`product.product`.")),
        ("qty", of("Quantity", "How many units; negative when taken back.")),
        ("price_subtotal", of("Money", "The line's price after discounts, without tax.")),
        ("price_subtotal_incl", of("Money", "The line's price after discounts, with tax.")),
        ("hold_id", says("The hold that this reward line spends.")),
        ("refunded_line_id", of("Id", "The line of a sale that this one takes back.")),
        ("combo_parent_uuid", says("`uuid` of the line of the combo that this one is a part of.")),
    ];
    let draft = [
        ("uuid", says("`pos.order.uuid`.")),
        ("company_id", of("Id", "The company that sells.")),
        ("currency", says("ISO 4217 code.")),
        ("pos_config_id", of("Id", "The shop.")),
        ("partner_id", of("Id", "The customer; absent while nobody is chosen.")),
        ("date_order", of("Time", "When the till says it is; now unless given.")),
        ("lines", list("DraftLine")),
    ];
    let paid = [
        ("uuid", says("`pos.order.uuid`, as it was in the draft.")),
        ("id", of("Id", "`pos.order`.")),
        ("name", says("What people call it.")),
    ];
    let reward = [
        ("reward", reference("Code")),
        ("name", text()),
        ("points", of("Points", "What it takes.")),
        ("discount", of("Money", "What it takes off, positive; 0 where a line is to be added.")),
        ("applicable", json!({"description": "Whether the order may have it now.", "type": "boolean"})),
        ("product_id", of("Id", "The product that it gives.")),
        ("reason", says("Why not, as a word for programs.")),
        ("message", says("Why not, as a sentence for people.")),
        ("rate", of("Money", "What one point takes off.")),
        ("minimum_points", of("Points", "The least that may be spent.")),
        ("kind", reference("RewardKind")),
        ("add_quantity", of("Quantity", "How many units the till adds.")),
        ("price", of("Money", "What a unit then costs, with tax.")),
    ];
    vec![
        ("DraftLine", object(&["product_id", "qty", "price_subtotal", "price_subtotal_incl"], &line)),
        ("Draft", object(&["uuid", "company_id", "currency", "lines"], &draft)),
        ("PaidOrder", object(&["uuid"], &paid)),
        ("QuotedReward", object(&["reward", "name", "points", "discount", "applicable"], &reward)),
        ("QuotedProgram", quoted_program()),
        ("Quote", whole(&[("programs", list("QuotedProgram"))])),
    ]
}

fn holds() -> Vec<(&'static str, Value)> {
    let share = whole(&[
        ("line", json!({"description": "Its position in the draft, from 0.", "type": "integer", "minimum": 0})),
        ("uuid", json!({"type": ["string", "null"]})),
        ("discount", reference("Money")),
    ]);
    let hold = [
        ("hold_id", of("Uuid", "What the order's reward line carries.")),
        ("points", of("Points", "How many are held.")),
        ("discount", of("Money", "What the reward line takes off, positive.")),
        ("expires_at", of("Time", "When the points are available again unless the hold was captured.")),
        ("product_id", of("Id", "The product that the reward gives.")),
        ("kind", reference("RewardKind")),
        ("covered_quantity", of("Quantity", "How many units on the order the reward covers.")),
        ("add_quantity", of("Quantity", "How many units the till adds.")),
        ("price", of("Money", "What a unit then costs, with tax.")),
        (
            "lines",
            json!({"description": "What the discount takes off each line of the draft; they sum to it.",
            "type": "array", "items": share}),
        ),
        (
            "max_share_of_order",
            says("How much of an order's goods the program's rewards may take off together, from 0 to 1."),
        ),
    ];
    vec![
        ("Hold", object(&["hold_id", "points", "discount", "expires_at"], &hold)),
        ("Released", whole(&[("released", flag(true))])),
    ]
}

fn quoted_program() -> Value {
    object(
        &["program", "name", "points_name", "earns", "takes_back", "balance_after", "rewards"],
        &[
            ("program", reference("Code")),
            ("name", text()),
            ("points_name", text()),
            ("earns", of("Points", "What the draft would earn.")),
            (
                "takes_back",
                of(
                    "Points",
                    "What the draft's returns take back of the points that other sales earned, less what returned rewards \
                     give back.",
                ),
            ),
            ("balance_after", of("Points", "The balance once the draft is paid.")),
            (
                "would_earn",
                json!({"description": "Of a customer who has not joined the program: what members earn by the draft.",
                       "allOf": [reference("Points")]}),
            ),
            ("rewards", list("QuotedReward")),
        ],
    )
}

fn balances() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ProgramBalance",
            object(
                &["program", "name", "points_name", "balance", "held", "available", "expiring"],
                &[
                    ("program", reference("Code")),
                    ("name", text()),
                    ("points_name", text()),
                    ("balance", of("Points", "All points; below zero for a debt.")),
                    ("held", of("Points", "Of them, what open holds set aside.")),
                    ("available", of("Points", "What may be spent now.")),
                    (
                        "expiring",
                        json!({"description": "What ends next, soonest first.", "type": "array", "items": expiring()}),
                    ),
                    ("enrolled", json!({"description": "Of programs that ask members to enrol.", "type": "boolean"})),
                ],
            ),
        ),
        ("Balance", whole(&[("partner_id", reference("Id")), ("programs", list("ProgramBalance"))])),
        ("Balances", list("Balance")),
        ("History", whole(&[("entries", list("Entry")), ("next", or_null("Place"))])),
    ]
}

fn explanations() -> Vec<(&'static str, Value)> {
    let multiplier = whole(&[
        ("code", reference("Code")),
        ("factor", text()),
        ("product_ids", json!({"type": "array", "items": reference("Id")})),
        ("product_names", json!({"type": "array", "items": text_or_null()})),
    ]);
    let rule = [
        ("code", reference("Code")),
        ("kind", json!({"enum": ["per_amount", "per_unit", "per_order", null]})),
        ("step", json!({"enum": ["whole", "prorata", null]})),
        ("every", or_null("Money")),
        ("points_each", or_null("Points")),
        ("amount", json!({"description": "The money it saw, in the currency's digits.", "type": ["string", "null"]})),
        ("quantity", json!({"description": "The units it saw.", "type": ["string", "null"]})),
        ("points", json!({"description": "What it made, multiplied, to four decimals.", "type": "string"})),
        ("multipliers", json!({"type": "array", "items": multiplier})),
    ];
    vec![
        (
            "Explanation",
            json!({"type": "object", "required": ["entry", "program", "version", "lines", "lots"],
            "properties": {"entry": reference("Entry"), "program": reference("Code"), "version": or_null("Version"),
                "document": or_null("Program"),
                "lines": {"description": "What each rule gave each line, before rounding: `line`, `line_id`, `product_id`, `product_name`, `rule`, `base`, `factor`, `multipliers`, `points`.",
                    "type": "array"},
                "lots": {"description": "What the entry added to or took from which lots: `expires_at`, `points`.", "type": "array"},
                "partner_id": reference("Id"), "program_name": text(), "points_name": text(),
                "currency": text_or_null(), "currency_decimals": reference("Count"),
                "rules": list("ExplainedRule"), "rounded": text_or_null(), "posted_before": text_or_null(),
                "total_before_rounding": text_or_null(), "rounding": {"type": ["object", "null"]},
                "redeemed": {"type": ["object", "null"]},
                "reverses": or_null("Uuid"), "reversed_by": list("Uuid")}}),
        ),
        ("ExplainedRule", whole(&rule)),
    ]
}
