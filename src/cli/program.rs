//! `program put|get|list`

use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{Failure, Outcome, Own, print};
use crate::config::Settings;
use crate::domain::program::Program;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Put a version of a program from its document (.json or .toml; - for JSON on stdin)
    Put {
        /// The document
        file: PathBuf,
        /// From when it holds (RFC 3339); a first version holds for all the past, a later one from now
        #[arg(long, value_name = "TIME")]
        effective_from: Option<DateTime<Utc>>,
    },
    /// Print a program's document
    Get {
        /// Its code
        code: String,
        /// Which version; the latest unless given
        #[arg(long)]
        version: Option<i64>,
    },
    /// List all programs
    List,
}

pub(super) async fn run(settings: &Settings, verb: Verb, as_json: bool) -> Outcome {
    match verb {
        Verb::Put { file, effective_from } => {
            // Read and checked before the database is opened: a mistake in the file touches nothing.
            let program = Program::from_json(&read_document(&file)?)?;
            let own = Own::start(settings, false)?;
            let outcome = own.ledger.put_program(program, effective_from, "command line").await;
            own.stop().await;
            let put = outcome?;
            print(as_json, &json!({"code": put.code, "version": put.version}), || {
                format!("{} is at version {}", put.code, put.version)
            });
        }
        Verb::Get { code, version } => {
            let own = Own::start(settings, true)?;
            let outcome = own.ledger.get_program(&code, version).await;
            own.stop().await;
            let found = outcome?;
            print(as_json, &found, || {
                let document = found.get("program").unwrap_or(&Value::Null);
                format!("{document:#}")
            });
        }
        Verb::List => {
            let own = Own::start(settings, true)?;
            let outcome = own.ledger.list_programs().await;
            own.stop().await;
            let found = outcome?;
            print(as_json, &found, || words(&found));
        }
    }
    Ok(true)
}

fn words(found: &Value) -> String {
    let programs = found.get("programs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if programs.is_empty() {
        return "there are no programs yet; put one with `loyalty-sidecar program put FILE`".to_owned();
    }
    let text = |program: &Value, name: &str| match program.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    programs
        .iter()
        .map(|program| {
            let archived = text(program, "archived_at");
            let state = if archived.is_empty() { "running".to_owned() } else { format!("archived {archived}") };
            format!(
                "{}  version {}  {}  ({state})",
                text(program, "code"),
                text(program, "version"),
                text(program, "name")
            )
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn read_document(file: &Path) -> Result<Value, Failure> {
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
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
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
    use super::*;

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
