//! The shapes of parameters and results, as JSON Schema, under the names that the method table uses.

use serde_json::{Map, Value, json};

use crate::domain::book::EXCEPTION_KINDS;

/// A reference to one of these.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn object(required: &[&str], members: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

/// An object of which every member is always there.
fn whole(members: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    object(&names, members)
}

fn list(name: &str) -> Value {
    json!({"type": "array", "items": reference(name)})
}

fn or_null(name: &str) -> Value {
    json!({"oneOf": [reference(name), {"type": "null"}]})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn flag(value: bool) -> Value {
    json!({"const": value})
}

/// All schemas, by name.
pub(super) fn all() -> Map<String, Value> {
    let mut schemas = Map::new();
    for (name, schema) in
        values().into_iter().chain(orders()).chain(answers()).chain(versions()).chain(records()).chain(listed())
    {
        schemas.insert(name.to_owned(), schema);
    }
    schemas
}

fn values() -> Vec<(&'static str, Value)> {
    let decimal = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$";
    let number = |meaning: &str| json!({"description": meaning, "oneOf": [{"type": "string", "pattern": decimal}, {"type": "number"}]});
    vec![
        ("Id", json!({"description": "An id of Odoo's.", "type": "integer", "minimum": 1})),
        ("Ids", json!({"type": "array", "items": reference("Id"), "maxItems": 1000})),
        ("Uuid", json!({"description": "An id of this service's.", "type": "string", "format": "uuid"})),
        ("Count", json!({"type": "integer", "minimum": 0})),
        ("Version", json!({"description": "A version's number.", "type": "integer", "minimum": 1})),
        ("Code", json!({"type": "string", "minLength": 1, "maxLength": 200})),
        ("Text", json!({"description": "A sentence.", "type": "string", "minLength": 1, "maxLength": 500})),
        ("Note", json!({"description": "Some sentences.", "type": "string", "minLength": 1, "maxLength": 2000})),
        (
            "IdempotencyKey",
            json!({"description": "Fresh for each new request, repeated on retries.",
            "type": "string", "minLength": 1, "maxLength": 200}),
        ),
        ("Points", number("At most 2 decimals, below 10^12; a string on output.")),
        ("Money", number("At most 4 decimals, below 10^12; a string on output.")),
        ("Quantity", number("Below 10^12; negative when taken back.")),
        ("Time", json!({"description": "RFC 3339; UTC on output.", "type": "string", "format": "date-time"})),
        (
            "Claim",
            json!({"description": "For whom the caller acts, as the caller's own system names the person. Nobody checks it.",
            "type": "string", "minLength": 1, "maxLength": 200}),
        ),
        ("Search", json!({"type": "string", "minLength": 1, "maxLength": 200})),
        ("Flag", json!({"type": "boolean"})),
        ("ListedState", json!({"enum": ["captured", "open"], "default": "captured"})),
        ("LongLimit", json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 50})),
        ("Limit", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50})),
        ("Place", json!({"description": "The `next` of an earlier page.", "type": "string"})),
        (
            "RewardKind",
            json!({"enum": ["discount_amount", "discount_percent", "discount_per_point", "free_product",
                "product_at_price"]}),
        ),
        ("ExceptionState", json!({"enum": ["open", "resolved"]})),
        ("ExceptionKind", json!({"enum": EXCEPTION_KINDS})),
        (
            "Program",
            json!({"description": "A program document, as the contract describes it.", "type": "object",
            "required": ["code", "name", "currency"]}),
        ),
        ("OpenRpc", json!({"description": "An OpenRPC document.", "type": "object"})),
    ]
}

fn orders() -> Vec<(&'static str, Value)> {
    let line = [
        ("uuid", text()),
        ("product_id", reference("Id")),
        ("qty", reference("Quantity")),
        ("price_subtotal", reference("Money")),
        ("price_subtotal_incl", reference("Money")),
        ("hold_id", text()),
        ("refunded_line_id", reference("Id")),
        ("combo_parent_uuid", text()),
    ];
    let draft = [
        ("uuid", text()),
        ("company_id", reference("Id")),
        ("currency", text()),
        ("pos_config_id", reference("Id")),
        ("partner_id", reference("Id")),
        ("date_order", reference("Time")),
        ("lines", list("DraftLine")),
    ];
    let paid = [("uuid", text()), ("id", reference("Id")), ("name", text())];
    vec![
        ("DraftLine", object(&["product_id", "qty", "price_subtotal", "price_subtotal_incl"], &line)),
        ("Draft", object(&["uuid", "company_id", "currency", "lines"], &draft)),
        ("PaidOrder", object(&["uuid"], &paid)),
    ]
}

/// Odoo as the service last found it.
fn odoo_seen() -> Value {
    object(
        &["reachable", "server_version"],
        &[
            ("reachable", json!({"type": "boolean"})),
            ("server_version", json!({"type": ["string", "null"]})),
            (
                "login_refused",
                json!({"description": "Whether Odoo refuses the login; absent when not.", "type": "boolean"}),
            ),
        ],
    )
}

fn answers() -> Vec<(&'static str, Value)> {
    let reward = [
        ("reward", reference("Code")),
        ("name", text()),
        ("points", reference("Points")),
        ("discount", reference("Money")),
        ("applicable", json!({"type": "boolean"})),
        ("product_id", reference("Id")),
        ("reason", text()),
        ("message", text()),
        ("rate", reference("Money")),
        ("minimum_points", reference("Points")),
        ("kind", reference("RewardKind")),
        ("add_quantity", reference("Quantity")),
        ("price", reference("Money")),
    ];
    let share = whole(&[
        ("line", json!({"description": "Its position in the draft, from 0.", "type": "integer", "minimum": 0})),
        ("uuid", json!({"type": ["string", "null"]})),
        ("discount", reference("Money")),
    ]);
    let hold = [
        ("hold_id", reference("Uuid")),
        ("points", reference("Points")),
        ("discount", reference("Money")),
        ("expires_at", reference("Time")),
        ("product_id", reference("Id")),
        ("kind", reference("RewardKind")),
        ("covered_quantity", reference("Quantity")),
        ("add_quantity", reference("Quantity")),
        ("price", reference("Money")),
        (
            "lines",
            json!({"description": "What the discount takes off each line of the draft; they sum to it.",
            "type": "array", "items": share}),
        ),
        // How much of an order's goods the program's rewards may take off together.
        ("max_share_of_order", text()),
    ];
    vec![
        ("SystemVersion", whole(&[("version", text()), ("odoo", odoo_seen())])),
        ("Put", whole(&[("code", reference("Code")), ("version", reference("Version"))])),
        ("Archived", whole(&[("code", reference("Code")), ("archived_at", reference("Time"))])),
        ("Resolved", whole(&[("resolved", flag(true))])),
        ("Released", whole(&[("released", flag(true))])),
        ("Queued", whole(&[("queued", reference("Count"))])),
        ("Redacted", redacted()),
        ("Posted", whole(&[("entry_id", reference("Uuid")), ("balance", reference("Points"))])),
        (
            "Enrolled",
            whole(&[
                ("partner_id", reference("Id")),
                ("program", reference("Code")),
                ("enrolled_at", reference("Time")),
            ]),
        ),
        ("Transferred", whole(&[("entries", list("Entry"))])),
        (
            "Left",
            whole(&[("partner_id", reference("Id")), ("program", reference("Code")), ("left_at", or_null("Time"))]),
        ),
        ("Hold", object(&["hold_id", "points", "discount", "expires_at"], &hold)),
        ("QuotedReward", object(&["reward", "name", "points", "discount", "applicable"], &reward)),
        ("QuotedProgram", quoted_program()),
        ("Quote", whole(&[("programs", list("QuotedProgram"))])),
        (
            "SyncRun",
            whole(&[
                ("orders_read", reference("Count")),
                ("orders_changed", reference("Count")),
                ("entries_posted", reference("Count")),
            ]),
        ),
        (
            "SyncStatus",
            whole(&[
                ("running", json!({"type": "boolean"})),
                ("last_success_at", or_null("Time")),
                ("lag_seconds", or_null("Count")),
                ("last_error", json!({"type": ["string", "null"]})),
                ("ignored_orders", reference("Count")),
                ("cursors", json!({"type": "object", "additionalProperties": reference("Time")})),
                ("held_withdrawals", json!({"type": ["object", "null"]})),
                ("missing_rights", json!({"type": "array", "items": {"type": "object"}})),
                ("future_records", json!({"type": "array", "items": {"type": "object"}})),
            ]),
        ),
        (
            "Verification",
            json!({"type": "object", "required": ["accounts", "entries", "violations"], "properties": {
            "accounts": reference("Count"), "entries": reference("Count"), "violations": {"type": "array"}}}),
        ),
    ]
}

fn redacted() -> Value {
    whole(&[
        ("entry_id", reference("Uuid")),
        ("at", reference("Time")),
        ("by", text()),
        ("ground", text()),
        ("head_before", text()),
        ("head_after", text()),
    ])
}

fn quoted_program() -> Value {
    object(
        &["program", "name", "points_name", "earns", "takes_back", "balance_after", "rewards"],
        &[
            ("program", reference("Code")),
            ("name", text()),
            ("points_name", text()),
            ("earns", reference("Points")),
            // What the draft's returns take back of the points that other sales earned, less what returned rewards
            // give back.
            ("takes_back", reference("Points")),
            ("balance_after", reference("Points")),
            (
                "would_earn",
                json!({"description": "Of a customer who has not joined the program: what members earn by the draft.",
                       "allOf": [reference("Points")]}),
            ),
            ("rewards", list("QuotedReward")),
        ],
    )
}

fn versions() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ProgramVersion",
            object(
                &["code", "version", "effective_from", "program"],
                &[
                    ("code", reference("Code")),
                    ("version", reference("Version")),
                    ("effective_from", or_null("Time")),
                    ("program", reference("Program")),
                    ("problem", text()),
                    ("description", list("Section")),
                ],
            ),
        ),
        ("Section", whole(&[("heading", text()), ("lines", json!({"type": "array", "items": {"type": "string"}}))])),
    ]
}

fn records() -> Vec<(&'static str, Value)> {
    let expiring = whole(&[("on", reference("Time")), ("points", reference("Points"))]);
    let cause = whole(&[
        ("model", text()),
        ("id", json!({"type": ["integer", "null"]})),
        ("uuid", json!({"type": ["string", "null"]})),
        ("name", text()),
    ]);
    let optional_text = || json!({"type": ["string", "null"]});
    let entry = [
        ("entry_id", reference("Uuid")),
        ("kind", json!({"enum": ["earn", "redeem", "clawback", "restore", "expire", "adjust", "transfer"]})),
        ("points", reference("Points")),
        ("balance_after", reference("Points")),
        ("occurred_at", reference("Time")),
        ("recorded_at", reference("Time")),
        ("cause", cause),
        ("reason", optional_text()),
        ("actor", text()),
        ("on_behalf_of", optional_text()),
    ];
    let required: Vec<&str> = entry.iter().map(|(name, _)| *name).collect();
    let mut shown = entry.to_vec();
    shown.push(("redacted", json!({"description": "True if its texts were erased.", "const": true})));
    shown.push(("program", reference("Code")));
    shown.push(("program_name", text()));
    shown.push(("points_name", text()));
    shown.push(("partner_id", json!({"description": "Whose entry it is.", "type": "integer"})));
    let reward = whole(&[("code", reference("Code")), ("name", optional_text())]);
    shown.push(("reward", json!({"oneOf": [reward, {"type": "null"}]})));
    vec![
        (
            "ProgramBalance",
            object(
                &["program", "name", "points_name", "balance", "held", "available", "expiring"],
                &[
                    ("program", reference("Code")),
                    ("name", text()),
                    ("points_name", text()),
                    ("balance", reference("Points")),
                    ("held", reference("Points")),
                    ("available", reference("Points")),
                    ("expiring", json!({"type": "array", "items": expiring})),
                    ("enrolled", json!({"description": "Of programs that ask members to enrol.", "type": "boolean"})),
                ],
            ),
        ),
        ("Balance", whole(&[("partner_id", reference("Id")), ("programs", list("ProgramBalance"))])),
        ("Balances", list("Balance")),
        ("Entry", object(&required, &shown)),
        ("History", whole(&[("entries", list("Entry")), ("next", or_null("Place"))])),
        (
            "Explanation",
            json!({"type": "object", "required": ["entry", "program", "version", "lines", "lots"],
            "properties": {"entry": reference("Entry"), "program": reference("Code"), "version": or_null("Version"),
                "document": or_null("Program"), "lines": {"type": "array"}, "lots": {"type": "array"},
                "partner_id": reference("Id"), "program_name": text(), "points_name": text(),
                "currency": optional_text(), "currency_decimals": reference("Count"),
                "rules": list("ExplainedRule"), "rounded": optional_text(), "posted_before": optional_text(),
                "total_before_rounding": optional_text(), "rounding": {"type": ["object", "null"]},
                "redeemed": {"type": ["object", "null"]},
                "reverses": or_null("Uuid"), "reversed_by": list("Uuid")}}),
        ),
        (
            "ListedProgram",
            object(
                &["code", "name", "version", "archived_at"],
                &[
                    ("code", reference("Code")),
                    ("name", text()),
                    ("version", reference("Version")),
                    ("archived_at", or_null("Time")),
                    ("problem", json!({"description": "Why it cannot be read.", "type": "string"})),
                ],
            ),
        ),
        ("Programs", whole(&[("programs", list("ListedProgram"))])),
        (
            "Exception",
            json!({"type": "object",
            "required": ["exception_id", "kind", "partner_id", "order", "detail", "at", "state"],
            "properties": {"exception_id": reference("Uuid"), "kind": reference("ExceptionKind"), "partner_id": or_null("Id"),
                "order": {"type": ["object", "null"]}, "detail": text(), "at": reference("Time"),
                "partner_name": optional_text(),
                "state": reference("ExceptionState"), "resolved_at": reference("Time"),
                "resolved_by": optional_text(), "resolved_on_behalf_of": optional_text(), "note": optional_text()}}),
        ),
        ("Exceptions", whole(&[("exceptions", list("Exception")), ("next", or_null("Place"))])),
    ]
}

/// The rows of the lists that managers look through, and what a rule made of a sale.
fn listed() -> Vec<(&'static str, Value)> {
    let optional_text = || json!({"type": ["string", "null"]});
    let expiring = whole(&[("on", reference("Time")), ("points", reference("Points"))]);
    let member = [
        ("partner_id", reference("Id")),
        ("partner_name", optional_text()),
        ("program", reference("Code")),
        ("program_name", text()),
        ("points_name", text()),
        ("balance", reference("Points")),
        ("held", reference("Points")),
        ("available", reference("Points")),
        ("expiring", json!({"type": "array", "items": expiring})),
        ("enrolled_at", or_null("Time")),
        ("last_activity_at", or_null("Time")),
    ];
    let order = whole(&[("id", or_null("Id")), ("uuid", text()), ("name", optional_text())]);
    let redemption = [
        ("hold_id", reference("Uuid")),
        ("entry_id", or_null("Uuid")),
        ("partner_id", reference("Id")),
        ("partner_name", optional_text()),
        ("program", reference("Code")),
        ("program_name", text()),
        ("points_name", text()),
        ("reward", reference("Code")),
        ("reward_name", optional_text()),
        ("reward_kind", or_null("RewardKind")),
        ("product_id", or_null("Id")),
        ("points", reference("Points")),
        ("restored", json!({"description": "How many of them refunds gave back.", "type": "string"})),
        ("discount", reference("Money")),
        ("currency", optional_text()),
        ("order", order),
        ("pos_config_id", or_null("Id")),
        ("pos_config_name", optional_text()),
        ("actor", text()),
        ("at", reference("Time")),
        ("expires_at", or_null("Time")),
        ("state", json!({"enum": ["open", "captured", "partly_reversed", "reversed"]})),
    ];
    let multiplier = whole(&[
        ("code", reference("Code")),
        ("factor", text()),
        ("product_ids", json!({"type": "array", "items": reference("Id")})),
        ("product_names", json!({"type": "array", "items": optional_text()})),
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
        ("Member", whole(&member)),
        ("Members", whole(&[("members", list("Member")), ("next", or_null("Place"))])),
        ("Redemption", whole(&redemption)),
        ("Redemptions", whole(&[("redemptions", list("Redemption")), ("next", or_null("Place"))])),
        ("ExplainedRule", whole(&rule)),
    ]
}
