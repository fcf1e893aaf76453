//! The house keeps its rooms: who may call whom, and the same schema on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may name. `app` and `cli` wire and may name all.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("store", &["store", "domain"]),
    ("ledger", &["ledger", "domain", "store"]),
    ("odoo", &["odoo", "domain"]),
    ("sync", &["sync", "domain", "odoo", "ledger", "store"]),
    ("import", &["import", "domain", "odoo", "ledger"]),
    ("auth", &["auth", "domain", "store"]),
    ("rpc", &["rpc", "auth", "domain", "ledger", "store"]),
    ("http", &["http", "auth", "rpc", "domain", "ledger", "store"]),
    ("demo", &["demo"]),
    ("config", &["config", "domain", "http", "odoo", "store", "sync"]),
    ("telemetry", &["telemetry", "config", "domain"]),
    ("fuzzing", &["fuzzing", "domain", "odoo", "rpc"]),
];

/// What the pure room may not know.
const IMPURE: &[&str] =
    &["diesel", "actix", "tokio", "jsonrpsee", "std::env", "std::fs", "std::net", "Utc::now", "SystemTime", "rand"];

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

/// The file's code, without its tests and comments: tests may reach further.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
        || path.components().any(|part| part.as_os_str() == "tests")
}

/// The rooms a piece of code names: `crate::room::…`, and `use crate::{a::…, b::…}`.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_i32;
            let mut word = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut word));
                        continue;
                    }
                    _ => {}
                }
                if depth == 0 && (letter.is_alphanumeric() || letter == '_' || letter == ':') {
                    word.push(letter);
                }
            }
            found.insert(word);
        } else {
            found.insert(rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect());
        }
    }
    found
        .into_iter()
        .map(|word| word.split(':').next().unwrap_or_default().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn each_room_names_only_the_rooms_it_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rules: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for path in files(&source) {
        let inside = path.strip_prefix(&source).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if ["main", "lib", "app", "cli"].contains(&room.as_str()) || is_test(&path) {
            continue;
        }
        let allowed = rules.get(room.as_str()).unwrap_or_else(|| panic!("the room {room} is in no rule"));
        let code = code(&path);
        looked_at += 1;
        for name in named(&code) {
            // Macros and re-exports at the crate's root are not rooms.
            if rules.contains_key(name.as_str()) && !allowed.contains(&name.as_str())
                || ["app", "cli"].contains(&name.as_str())
            {
                wrong.push(format!("{} names {name}", inside.display()));
            }
        }
        if room == "domain" {
            for word in IMPURE {
                if code.contains(word) {
                    wrong.push(format!("{} names {word}", inside.display()));
                }
            }
        }
    }
    assert!(looked_at > 40, "only {looked_at} files were looked at");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn rooms_are_found_in_every_form_of_use() {
    let code = "use crate::store::x;\nuse crate::{domain::ids, ledger::{self, Ledger}};\nlet a = crate::odoo::b();";
    let expected: BTreeSet<String> = ["store", "domain", "ledger", "odoo"].map(str::to_owned).into();
    assert_eq!(named(code), expected);
}

/// Tables of PostgreSQL alone: SQLite itself tells a connection whether another one has written (`PRAGMA data_version`).
const OF_POSTGRESQL: &[&str] = &["shop_version ("];

#[test]
fn both_databases_have_the_same_migrations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let names = |side: &str| -> BTreeSet<String> {
        std::fs::read_dir(root.join(side))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
    // The same tables and columns, in the same order.
    let mut found = 0;
    for name in sqlite {
        let tables = |side: &str| -> Vec<String> {
            let text = std::fs::read_to_string(root.join(side).join(&name).join("up.sql")).unwrap();
            let made = text
                .split("CREATE TABLE ")
                .skip(1)
                .filter_map(|rest| rest.split("\n)").next())
                .filter(|body| side == "sqlite" || OF_POSTGRESQL.iter().all(|table| !body.starts_with(table)))
                .flat_map(|body| body.lines().filter_map(|line| line.split_whitespace().next()));
            let altered = text.lines().filter(|line| line.starts_with("ALTER TABLE "));
            made.chain(altered).map(str::to_owned).collect()
        };
        found += tables("sqlite").len();
        assert_eq!(tables("sqlite"), tables("postgres"), "{name}");
    }
    assert!(found > 100, "the columns were found");
}
