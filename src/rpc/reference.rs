//! API.md: the method table, the error table, the schemas and the examples as people read them, between two texts that
//! stand in files of their own.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::error::{ERRORS, ErrorKind};
use super::openrpc;
use crate::rpc::param::schema;
use crate::rpc::registry::{COMMON_ERRORS, Method, Name, Param};

/// How to call.
const CALLING: &str = include_str!("reference/calling.txt");
/// What everything means, to the letter.
const MEANING: &str = include_str!("reference/meaning.txt");

/// Columns of the examples.
const WIDTH: usize = 110;

/// API.md.
#[must_use]
pub fn markdown() -> String {
    let schemas = schema::all();
    let mut parts = vec![CALLING.trim_end().to_owned(), errors(), index()];
    let mut group = "";
    for method in Name::ALL.iter().map(|name| name.row()) {
        if method.group() != group {
            group = method.group();
            parts.push(format!("## Methods of `{group}`"));
        }
        parts.push(section(method, &schemas));
    }
    parts.push(types(&schemas));
    parts.push(MEANING.trim_end().to_owned());
    parts.join("\n\n") + "\n"
}

/// The methods, one after the other, for a terminal.
#[must_use]
pub fn words() -> String {
    let row = |method: &Method| format!("{:18}{:9}{}", method.name, method.role.as_str(), method.summary);
    Name::ALL.iter().map(|name| row(name.row())).collect::<Vec<_>>().join("\n")
}

/// The OpenRPC document.
#[must_use]
pub fn document() -> Value {
    openrpc::document()
}

fn errors() -> String {
    let rows = ERRORS.iter().map(|row| {
        let statuses: Vec<String> = row.http_status.iter().map(ToString::to_string).collect();
        format!("| {} | `{}` | {} | {} |", row.code, row.kind, statuses.join(" or "), row.sentence)
    });
    let common = COMMON_ERRORS.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    format!(
        "## Errors\n\n`{{\"code\": n, \"message\": \"a sentence for a person\", \"data\": {{\"kind\": \"…\", …}}}}`\n\n\
         Any call can get {common}; each method lists its own besides. What stands in brackets is in `data`.\n\n\
         | number | kind | HTTP | meaning |\n|---|---|---|---|\n{}",
        rows.collect::<Vec<_>>().join("\n")
    )
}

fn index() -> String {
    let rows = Name::ALL.iter().map(|name| {
        let method = name.row();
        let anchor = method.name.replace('.', "");
        format!("| [`{}`](#{anchor}) | `{}` | {} |", method.name, method.role.as_str(), method.summary)
    });
    format!("## Methods\n\n| method | role | what it does |\n|---|---|---|\n{}", rows.collect::<Vec<_>>().join("\n"))
}

fn section(method: &Method, schemas: &Map<String, Value>) -> String {
    let mut parts = vec![
        format!("### {}", method.name),
        format!("{} Role: `{}`.", method.summary, method.role.as_str()),
        params(method.params),
        result(method, schemas),
    ];
    let refusals: Vec<String> = method.errors.iter().filter_map(|kind| refusal(kind)).collect();
    if !refusals.is_empty() {
        parts.push(format!("Refusals: {}.", refusals.join(", ")));
    }
    parts.push(example(method));
    parts.join("\n\n")
}

fn params(params: &[Param]) -> String {
    if params.is_empty() {
        return "It takes no parameters.".to_owned();
    }
    let rows = params.iter().map(|param| {
        let need = if param.required { "" } else { ", optional" };
        format!("| `{}`{need} | {} | {} |", param.name, link(param.schema), param.meaning)
    });
    format!("| parameter | type | meaning |\n|---|---|---|\n{}", rows.collect::<Vec<_>>().join("\n"))
}

fn result(method: &Method, schemas: &Map<String, Value>) -> String {
    let schema = schemas.get(method.result).unwrap_or(&Value::Null);
    match members(schema) {
        Some(table) => format!("Result: {}\n\n{table}", link(method.result)),
        None => format!("Result: {}, {}.", link(method.result), type_of(schema)),
    }
}

/// `kind` (number, HTTP status where it is not 200).
fn refusal(kind: &str) -> Option<String> {
    let row: &ErrorKind = ERRORS.iter().find(|row| row.kind == kind)?;
    let status = row.http_status.first().filter(|status| **status != 200);
    let status = status.map_or_else(String::new, |status| format!(", HTTP {status}"));
    Some(format!("`{}` ({}{status})", row.kind, row.code))
}

fn example(method: &Method) -> String {
    let example: Value = serde_json::from_str(method.example).unwrap_or_default();
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method.name, "params": example.get("params")});
    let reply = json!({"jsonrpc": "2.0", "id": 1, "result": example.get("result")});
    format!("```json\n{}\n```\n\n```json\n{}\n```", laid_out(&request, 0, 0), laid_out(&reply, 0, 0))
}

/// JSON with what fits on a line on one line. `taken` is what already stands on the first.
fn laid_out(value: &Value, indent: usize, taken: usize) -> String {
    let flat = one_line(value);
    if taken.saturating_add(flat.chars().count()) <= WIDTH {
        return flat;
    }
    let inner = indent.saturating_add(2);
    let (spaces, outer) = (" ".repeat(inner), " ".repeat(indent));
    match value {
        Value::Object(members) => {
            let parts = in_order(members).into_iter().map(|(name, member)| {
                let begins = format!("{spaces}{}: ", Value::from(name.as_str()));
                let member = laid_out(member, inner, begins.chars().count());
                begins + &member
            });
            format!("{{\n{}\n{outer}}}", parts.collect::<Vec<_>>().join(",\n"))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| format!("{spaces}{}", laid_out(item, inner, inner)));
            format!("[\n{}\n{outer}]", items.collect::<Vec<_>>().join(",\n"))
        }
        _ => flat,
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = in_order(members)
                .into_iter()
                .map(|(name, member)| format!("{}: {}", Value::from(name.as_str()), one_line(member)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        _ => value.to_string(),
    }
}

/// A call's and a reply's members stand in JSON-RPC's order, others by name.
fn in_order(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    const FIRST: [&str; 4] = ["jsonrpc", "id", "method", "params"];
    let mut members: Vec<_> = members.iter().collect();
    if members.iter().any(|(name, _)| *name == "jsonrpc") {
        members.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    }
    members
}

/// Types: first those that are one value, then those that are objects.
fn types(schemas: &Map<String, Value>) -> String {
    let mut parts = vec![
        "## Types\n\nAn object has no members but those listed; one that is not *optional* is always there.".to_owned(),
    ];
    let (objects, values): (Vec<_>, Vec<_>) = schemas.iter().partition(|(_, schema)| members(schema).is_some());
    for (name, schema) in values {
        let meaning = schema["description"].as_str().map_or_else(String::new, |meaning| format!(" {meaning}"));
        parts.push(format!("#### {name}\n\n{}.{meaning}", capitalised(&type_of(schema))));
    }
    for (name, schema) in objects {
        let meaning = schema["description"].as_str().map_or_else(String::new, |meaning| format!("{meaning}\n\n"));
        parts.push(format!("#### {name}\n\n{meaning}{}", members(schema).unwrap_or_default()));
    }
    parts.join("\n\n")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The table of an object's members; `None` for what is no object, or one of any members.
fn members(schema: &Value) -> Option<String> {
    let properties = schema["properties"].as_object()?;
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows = properties.iter().map(|(name, member)| {
        let need = if required.contains(name.as_str()) { "" } else { ", optional" };
        let meaning = member["description"].as_str().unwrap_or_default();
        format!("| `{name}`{need} | {} | {meaning} |", type_of(member))
    });
    Some(format!("| member | type | meaning |\n|---|---|---|\n{}", rows.collect::<Vec<_>>().join("\n")))
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

/// A schema in a few words.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return link(name);
    }
    if let Some(only) = schema["allOf"].get(0) {
        return type_of(only);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let shown = |word: &Value| word.as_str().map_or_else(|| word.to_string(), |word| format!("`{word}`"));
        let default =
            schema["default"].as_str().map_or_else(String::new, |default| format!("; `{default}` unless given"));
        return words.iter().map(shown).collect::<Vec<_>>().join(", ") + &default;
    }
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    match &schema["type"] {
        Value::String(word) => simple(word, schema),
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).map(|word| simple(word, schema)).collect::<Vec<_>>().join(" or ")
        }
        _ => "any value".to_owned(),
    }
}

fn simple(word: &str, schema: &Value) -> String {
    match word {
        "string" => match (schema["format"].as_str(), schema["maxLength"].as_u64()) {
            (Some("uuid"), _) => "text: a UUID".to_owned(),
            (Some("date-time"), _) => "text: a time such as `2026-11-22T12:00:00Z`".to_owned(),
            (_, Some(most)) => format!("text of 1 to {most} characters"),
            _ => "text".to_owned(),
        },
        "integer" => {
            let bounds = match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
                (Some(least), Some(most)) => format!(" from {least} to {most}"),
                (Some(least), None) => format!(" from {least} on"),
                _ => String::new(),
            };
            let default =
                schema["default"].as_i64().map_or_else(String::new, |default| format!("; {default} unless given"));
            format!("integer{bounds}{default}")
        }
        "boolean" => "true or false".to_owned(),
        "array" if schema["items"].is_object() => format!("list of {}", type_of(&schema["items"])),
        "array" => "list".to_owned(),
        "object" => match schema["properties"].as_object() {
            Some(members) => {
                let shown = members.iter().map(|(name, member)| format!("`{name}`: {}", type_of(member)));
                format!("object {{ {} }}", shown.collect::<Vec<_>>().join(", "))
            }
            None if schema["additionalProperties"].is_object() => {
                format!("object of {}", type_of(&schema["additionalProperties"]))
            }
            None => "object".to_owned(),
        },
        other => other.to_owned(),
    }
}
