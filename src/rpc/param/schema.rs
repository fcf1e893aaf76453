//! The shapes of parameters and results, as JSON Schema, under the names that the method table uses.

use serde_json::{Map, Value, json};

use crate::domain::ledger::state::EXCEPTION_KINDS;
use crate::rpc::method::system;

/// A reference to one of these.
pub(in crate::rpc) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(in crate::rpc) fn object(required: &[&str], members: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

/// An object of which every member is always there.
pub(in crate::rpc) fn whole(members: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    object(&names, members)
}

fn list(name: &str) -> Value {
    json!({"type": "array", "items": reference(name)})
}

fn or_null(name: &str) -> Value {
    json!({"oneOf": [reference(name), {"type": "null"}]})
}

pub(in crate::rpc) fn text() -> Value {
    json!({"type": "string"})
}

/// A text, and what it says.
fn says(meaning: &str) -> Value {
    json!({"description": meaning, "type": "string"})
}

/// One of these schemas, and what it is here.
fn of(name: &str, meaning: &str) -> Value {
    json!({"description": meaning, "allOf": [reference(name)]})
}

/// Likewise, or null.
fn of_or_null(name: &str, meaning: &str) -> Value {
    json!({"description": meaning, "oneOf": [reference(name), {"type": "null"}]})
}

fn flag(value: bool) -> Value {
    json!({"const": value})
}

/// All schemas, by name.
pub(in crate::rpc) fn all() -> Map<String, Value> {
    let mut schemas = Map::new();
    for (name, schema) in values()
        .into_iter()
        .chain(orders())
        .chain(answers())
        .chain(reports())
        .chain(versions())
        .chain(records())
        .chain(listed())
        .chain(system::schemas())
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
        (
            "Ids",
            json!({"description": "Ids of Odoo's, at most 1000.", "type": "array", "items": reference("Id"), "maxItems": 1000}),
        ),
        ("Uuid", json!({"description": "An id of this service's.", "type": "string", "format": "uuid"})),
        ("Count", json!({"description": "How many.", "type": "integer", "minimum": 0})),
        ("Version", json!({"description": "A version's number.", "type": "integer", "minimum": 1})),
        (
            "Code",
            json!({"description": "A code of a program, rule or reward.", "type": "string", "minLength": 1, "maxLength": 200}),
        ),
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
        (
            "Search",
            json!({"description": "A part of a name, or an id.", "type": "string", "minLength": 1, "maxLength": 200}),
        ),
        ("Flag", json!({"description": "Yes or no; no unless given.", "type": "boolean"})),
        ("ListedState", json!({"enum": ["captured", "open"], "default": "captured"})),
        (
            "LongLimit",
            json!({"description": "How many rows a long page has at most.", "type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
        ),
        (
            "Limit",
            json!({"description": "How many rows a page has at most.", "type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
        ),
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
            json!({"description": "A program document; PROGRAMS.md describes it.", "type": "object",
            "required": ["code", "name", "currency"]}),
        ),
    ]
}

fn orders() -> Vec<(&'static str, Value)> {
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
    vec![
        ("DraftLine", object(&["product_id", "qty", "price_subtotal", "price_subtotal_incl"], &line)),
        ("Draft", object(&["uuid", "company_id", "currency", "lines"], &draft)),
        ("PaidOrder", object(&["uuid"], &paid)),
    ]
}

fn answers() -> Vec<(&'static str, Value)> {
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
        ("Put", whole(&[("code", reference("Code")), ("version", reference("Version"))])),
        ("Archived", whole(&[("code", reference("Code")), ("archived_at", reference("Time"))])),
        ("Resolved", whole(&[("resolved", flag(true))])),
        ("Released", whole(&[("released", flag(true))])),
        ("Queued", whole(&[("queued", reference("Count"))])),
        ("Redacted", redacted()),
        (
            "Posted",
            whole(&[("entry_id", of("Uuid", "The entry.")), ("balance", of("Points", "The balance after it."))]),
        ),
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
            whole(&[
                ("partner_id", reference("Id")),
                ("program", reference("Code")),
                ("left_at", of_or_null("Time", "Null when the member was not in it.")),
            ]),
        ),
        ("Hold", object(&["hold_id", "points", "discount", "expires_at"], &hold)),
        ("QuotedReward", object(&["reward", "name", "points", "discount", "applicable"], &reward)),
        ("QuotedProgram", quoted_program()),
        ("Quote", whole(&[("programs", list("QuotedProgram"))])),
    ]
}

/// What reading Odoo and verifying the ledger come to.
fn reports() -> Vec<(&'static str, Value)> {
    vec![
        (
            "SyncRun",
            whole(&[
                ("orders_read", of("Count", "Orders that were read.")),
                ("orders_changed", of("Count", "Orders that were new or different.")),
                ("entries_posted", of("Count", "Entries that were posted because of them.")),
            ]),
        ),
        (
            "SyncStatus",
            whole(&[
                ("running", json!({"description": "Whether a pass is under way.", "type": "boolean"})),
                ("last_success_at", of_or_null("Time", "When the last complete pass ended.")),
                ("lag_seconds", of_or_null("Count", "Age of what is known of Odoo, in seconds.")),
                (
                    "last_error",
                    json!({"description": "Why the last pass ended early; null when it did not.",
                    "type": ["string", "null"]}),
                ),
                ("ignored_orders", of("Count", "Orders that no program takes because of their currency or company.")),
                (
                    "cursors",
                    json!({"description": "How far each kind of record has been read.", "type": "object",
                    "additionalProperties": reference("Time")}),
                ),
                (
                    "held_withdrawals",
                    json!({"description": "Paid orders that are not in Odoo as they were and wait for a \
                    person: how many `orders`, of them `gone`, `replaced` and `unpaid`, `members`, `points`, \
                    `newest_order_id`, `since`, and a `message`; null when there are none.", "type": ["object", "null"]}),
                ),
                (
                    "missing_rights",
                    json!({"description": "Companies and tills that the service user does not see any more: \
                    `model`, `id`, `name`, `orders`, `message`.", "type": "array", "items": {"type": "object"}}),
                ),
                (
                    "future_records",
                    json!({"description": "Records that Odoo's clock wrote in the future: `model`, `count`, \
                    `latest`.", "type": "array", "items": {"type": "object"}}),
                ),
            ]),
        ),
        (
            "Verification",
            json!({"type": "object", "required": ["accounts", "entries", "violations"], "properties": {
            "accounts": reference("Count"), "entries": reference("Count"),
            "violations": {"description": "A sentence for each invariant that does not hold.", "type": "array"}}}),
        ),
    ]
}

fn redacted() -> Value {
    whole(&[
        ("entry_id", reference("Uuid")),
        ("at", reference("Time")),
        ("by", text()),
        ("ground", text()),
        ("head_before", says("The account's last hash before, in hexadecimal digits.")),
        ("head_after", says("The same afterwards: it does not change.")),
    ])
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

fn versions() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ProgramVersion",
            object(
                &["code", "version", "effective_from", "program"],
                &[
                    ("code", reference("Code")),
                    ("version", reference("Version")),
                    ("effective_from", of_or_null("Time", "From when it holds; null for all the past.")),
                    ("program", of("Program", "The document, every default filled in.")),
                    ("problem", says("Why it cannot be read.")),
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
        ("points", of("Points", "Below zero for what was taken.")),
        ("balance_after", reference("Points")),
        ("occurred_at", of("Time", "When it happened.")),
        ("recorded_at", of("Time", "When the ledger learned of it.")),
        ("cause", cause),
        ("reason", optional_text()),
        ("actor", says("Who did it: a token's name and prefix, or the service.")),
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
                    ("balance", of("Points", "All points; below zero for a debt.")),
                    ("held", of("Points", "Of them, what open holds set aside.")),
                    ("available", of("Points", "What may be spent now.")),
                    (
                        "expiring",
                        json!({"description": "What ends next, soonest first.", "type": "array", "items": expiring}),
                    ),
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
                "document": or_null("Program"),
                "lines": {"description": "What each rule gave each line, before rounding: `line`, `line_id`, `product_id`, `product_name`, `rule`, `base`, `factor`, `multipliers`, `points`.",
                    "type": "array"},
                "lots": {"description": "What the entry added to or took from which lots: `expires_at`, `points`.", "type": "array"},
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
