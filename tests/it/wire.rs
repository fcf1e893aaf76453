//! What callers see is decided in `rpc` alone: below it there are types, not JSON, and kinds of refusal, not numbers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rooms that `rpc` stands on, and those beside it that the ledger's results go through.
const BELOW: &[&str] = &["domain", "store", "ledger", "auth", "sync", "import", "odoo"];

/// Where JSON of no type stands all the same, and why.
const UNTYPED: &[(&str, &str)] = &[
    ("domain/program/document.rs", "reads and writes a program's document"),
    ("domain/program/reader.rs", "reads a program's document, and names the place of what it refuses"),
    ("domain/program/shorthand.rs", "reads a program's document"),
    ("domain/program/version.rs", "keeps a stored document that cannot be read"),
    ("ledger/admin/programs.rs", "reads stored documents"),
    ("ledger/query/programs.rs", "shows a stored document that cannot be read"),
    ("odoo/", "Odoo's records are JSON of whatever fields its models have"),
    ("sync/", "search domains are lists in Odoo's own language"),
    ("import/cards.rs", "search domains; members of the command's own result"),
    ("import/file.rs", "members of the command's own result"),
    ("import/report.rs", "the command's own result, whose members differ by what is imported"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code below `rpc` by file, without tests and comments.
fn below() -> Vec<(String, String)> {
    let source = source();
    let mut found = Vec::new();
    for path in BELOW.iter().flat_map(|room| files(&source.join(room))) {
        let name = path.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        let is_test = |part: &str| {
            let part = part.trim_end_matches(".rs");
            part == "tests"
                || part == "sample"
                || part.ends_with("_tests")
                || part.ends_with("_examples")
                || part.ends_with("_properties")
        };
        if name.split('/').any(is_test) {
            continue;
        }
        found.push((name, code(&std::fs::read_to_string(&path).unwrap())));
    }
    assert!(found.len() > 100, "only {} files were looked at", found.len());
    found
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Whether code names `serde_json`'s values: by path, in a group of a `use`, or by the macro.
fn names_untyped_json(code: &str) -> bool {
    let of_values = |rest: &str| {
        let path: String = match rest.strip_prefix('{') {
            Some(group) => group.chars().take_while(|letter| *letter != '}').collect(),
            None => rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect(),
        };
        path.split([',', ' ', '\n'])
            .any(|word| ["Value", "Map", "Number", "json", "to_value", "from_value"].contains(&word))
    };
    code.match_indices("serde_json::").any(|(at, found)| of_values(&code[at + found.len()..])) || code.contains("json!")
}

#[test]
fn json_without_a_type_stays_in_rpc() {
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, code) in below() {
        if !names_untyped_json(&code) {
            continue;
        }
        match UNTYPED.iter().find(|(place, _)| name == *place || place.ends_with('/') && name.starts_with(place)) {
            Some((place, _)) => {
                used.insert(*place);
            }
            None => wrong.push(name),
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "a typed result goes up, and rpc writes it");
    let listed: BTreeSet<&str> = UNTYPED.iter().map(|(place, _)| *place).collect();
    assert_eq!(used, listed, "a place of the list that needs it no more");
}

#[test]
fn untyped_json_is_found_in_every_form() {
    for code in [
        "use serde_json::Value;",
        "use serde_json::{Map, Value};",
        "fn a() -> serde_json::Value {",
        "let a = json!({});",
        "serde_json::to_value(a)",
        "use serde_json::{\n    from_str,\n    Value,\n};",
    ] {
        assert!(names_untyped_json(code), "{code}");
    }
    for code in ["serde_json::from_str::<Typed>(text)", "use serde_json::from_str;", "struct Value;"] {
        assert!(!names_untyped_json(code), "{code}");
    }
}

/// The numbers of errors, as API.md lists them.
fn numbers() -> BTreeSet<String> {
    let api = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("API.md")).unwrap();
    let rows = api.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `"));
    let found: BTreeSet<String> = rows
        .filter(|(number, _)| number.parse::<i32>().is_ok())
        .map(|(number, _)| number.trim_start_matches('-').to_owned())
        .collect();
    assert!(found.contains("32602") && found.contains("1001") && found.len() > 15, "{found:?}");
    found
}

/// The whole numbers in a piece of code.
fn literals(code: &str) -> BTreeSet<String> {
    let words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words
        .filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
        .map(|word| word.replace('_', ""))
        .collect()
}

#[test]
fn no_number_of_the_wire_stands_below_rpc() {
    let numbers = numbers();
    let wrong: Vec<String> = below()
        .into_iter()
        .flat_map(|(name, code)| {
            let found: Vec<String> = literals(&code).intersection(&numbers).cloned().collect();
            found.into_iter().map(move |number| format!("{name} has {number}"))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new(), "the table in rpc/error.rs alone knows the numbers");
    assert_eq!(literals("a(-32602, 1_001, x1003)"), ["32602", "1001"].map(str::to_owned).into());
}
