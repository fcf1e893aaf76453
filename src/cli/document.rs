//! Program documents: files of JSON or TOML, or stdin.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::Failure;

/// Reads a document as JSON. One on stdin is JSON when it begins as an object does, and TOML otherwise.
pub(super) fn read_document(file: &Path) -> Result<Value, Failure> {
    let shown = file.display();
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|problem| Failure::Other(format!("stdin cannot be read: {problem}")))?;
        text
    } else {
        std::fs::read_to_string(file).map_err(|problem| Failure::Other(format!("{shown} cannot be read: {problem}")))?
    };
    let is_toml = if file.as_os_str() == "-" {
        !text.trim_start().starts_with('{')
    } else {
        file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
    };
    let shown = if file.as_os_str() == "-" { "stdin".to_owned() } else { shown.to_string() };
    if is_toml {
        let table: toml::Table =
            toml::from_str(&text).map_err(|problem| Failure::Other(format!("{shown} is no TOML: {problem}")))?;
        return from_toml(toml::Value::Table(table))
            .ok_or_else(|| Failure::Other(format!("{shown} holds a number that JSON cannot: write it as a text")));
    }
    serde_json::from_str(&text).map_err(|problem| Failure::Other(format!("{shown} is no JSON: {problem}")))
}

/// TOML as JSON. Dates become texts; `None` for numbers that JSON does not have (nan, inf).
fn from_toml(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        // The shortest digits that name this float are the digits in the file.
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(number)?),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(at) => Value::String(at.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(from_toml).collect::<Option<_>>()?),
        toml::Value::Table(members) => {
            let converted = members.into_iter().map(|(name, member)| Some((name, from_toml(member)?)));
            Value::Object(converted.collect::<Option<Map<_, _>>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::program::Program;

    #[test]
    fn toml_and_json_say_the_same() {
        let table: toml::Table = toml::from_str(
            "code = \"club\"\nname = \"Club\"\ncurrency = \"EUR\"\nstarts_at = 2026-01-01T00:00:00Z\n\
             [[earning.rules]]\ncode = \"base\"\nkind = \"per_amount\"\nevery = \"10.00\"\npoints = 1.25\n",
        )
        .unwrap();
        let expected = json!({
            "code": "club", "name": "Club", "currency": "EUR", "starts_at": "2026-01-01T00:00:00Z",
            "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10.00", "points": "1.25"}]},
        });
        let converted = Program::from_json(&from_toml(toml::Value::Table(table)).unwrap()).unwrap();
        assert_eq!(converted, Program::from_json(&expected).unwrap());
    }
}
