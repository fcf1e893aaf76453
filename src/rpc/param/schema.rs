//! The shapes of parameters and results, as JSON Schema, under the names that the method table uses.

use serde_json::{Map, Value, json};

use crate::rpc::method::{exception, ledger, loyalty, member, program, redemption, sync, system};

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

pub(in crate::rpc) fn list(name: &str) -> Value {
    json!({"type": "array", "items": reference(name)})
}

pub(in crate::rpc) fn or_null(name: &str) -> Value {
    json!({"oneOf": [reference(name), {"type": "null"}]})
}

pub(in crate::rpc) fn text() -> Value {
    json!({"type": "string"})
}

/// A text, and what it says.
pub(in crate::rpc) fn says(meaning: &str) -> Value {
    json!({"description": meaning, "type": "string"})
}

/// One of these schemas, and what it is here.
pub(in crate::rpc) fn of(name: &str, meaning: &str) -> Value {
    json!({"description": meaning, "allOf": [reference(name)]})
}

/// Likewise, or null.
pub(in crate::rpc) fn of_or_null(name: &str, meaning: &str) -> Value {
    json!({"description": meaning, "oneOf": [reference(name), {"type": "null"}]})
}

pub(in crate::rpc) fn flag(value: bool) -> Value {
    json!({"const": value})
}

pub(in crate::rpc) fn text_or_null() -> Value {
    json!({"type": ["string", "null"]})
}

/// Points that end together.
pub(in crate::rpc) fn expiring() -> Value {
    whole(&[("on", reference("Time")), ("points", reference("Points"))])
}

/// All schemas, by name: those of every group, and those that groups share.
pub(in crate::rpc) fn all() -> Map<String, Value> {
    let groups = [
        exception::schemas(),
        ledger::schemas(),
        loyalty::schemas(),
        member::schemas(),
        program::schemas(),
        redemption::schemas(),
        sync::schemas(),
        system::schemas(),
    ];
    let shared = values().into_iter().chain(entries());
    shared.chain(groups.into_iter().flatten()).map(|(name, schema)| (name.to_owned(), schema)).collect()
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
    ]
}

/// An entry, and what calls that post one answer.
fn entries() -> Vec<(&'static str, Value)> {
    let cause = whole(&[
        ("model", text()),
        ("id", json!({"type": ["integer", "null"]})),
        ("uuid", json!({"type": ["string", "null"]})),
        ("name", text()),
    ]);
    let entry = [
        ("entry_id", reference("Uuid")),
        ("kind", json!({"enum": ["earn", "redeem", "clawback", "restore", "expire", "adjust", "transfer"]})),
        ("points", of("Points", "Below zero for what was taken.")),
        ("balance_after", reference("Points")),
        ("occurred_at", of("Time", "When it happened.")),
        ("recorded_at", of("Time", "When the ledger learned of it.")),
        ("cause", cause),
        ("reason", text_or_null()),
        ("actor", says("Who did it: a token's name and prefix, or the service.")),
        ("on_behalf_of", text_or_null()),
    ];
    let required: Vec<&str> = entry.iter().map(|(name, _)| *name).collect();
    let mut shown = entry.to_vec();
    shown.push(("redacted", json!({"description": "True if its texts were erased.", "const": true})));
    shown.push(("program", reference("Code")));
    shown.push(("program_name", text()));
    shown.push(("points_name", text()));
    shown.push(("partner_id", json!({"description": "Whose entry it is.", "type": "integer"})));
    let reward = whole(&[("code", reference("Code")), ("name", text_or_null())]);
    shown.push(("reward", json!({"oneOf": [reward, {"type": "null"}]})));
    vec![
        ("Entry", object(&required, &shown)),
        (
            "Posted",
            whole(&[("entry_id", of("Uuid", "The entry.")), ("balance", of("Points", "The balance after it."))]),
        ),
    ]
}
