//! The house keeps its rooms: who may call whom, and the same schema on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source_tree::{self, Module, Named};

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

/// The rooms that wire the others, and may name all.
const WIRING: [&str; 2] = ["app", "cli"];

/// What the pure room may not name: other crates that reach outside, and the clock, the environment and chance.
const IMPURE: &[&str] = &[
    "diesel",
    "actix_web",
    "actix_rt",
    "tokio",
    "futures_util",
    "jsonrpsee",
    "reqwest",
    "r2d2",
    "metrics",
    "tracing",
    "rand",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Utc::now",
    "Local",
    "Uuid::new_v4",
    "Uuid::now_v7",
];

/// What a module names that its room may not, each with its line.
fn wrong_in(module: &Module) -> Vec<String> {
    let rules: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let Some(room) = module.path.first() else { return Vec::new() };
    if WIRING.contains(&room.as_str()) {
        return Vec::new();
    }
    let allowed = rules.get(room.as_str()).unwrap_or_else(|| panic!("the room {room} is in no rule"));
    let mut wrong = Vec::new();
    for Named { segments, line } in module.named() {
        let path = segments.join("::");
        if segments[0] == "crate" {
            let other = segments.get(1).map_or("*", String::as_str);
            if !allowed.contains(&other) {
                let may = allowed.iter().filter(|name| *name != room).copied().collect::<Vec<_>>().join(", ");
                let may = if may.is_empty() { "no other room".to_owned() } else { format!("only {may}") };
                wrong.push(format!("src/{}:{line} names {path}; {room} may name {may}", module.file));
            }
        } else if room == "domain" {
            let is_named = |impure: &&str| {
                let impure: Vec<&str> = impure.split("::").collect();
                segments.windows(impure.len()).any(|window| window.iter().zip(&impure).all(|(one, other)| one == other))
            };
            if IMPURE.iter().any(is_named) {
                wrong.push(format!("src/{}:{line} names {path}; domain is pure", module.file));
            }
        }
    }
    wrong
}

#[test]
fn each_room_names_only_the_rooms_it_may() {
    let modules = source_tree::modules();
    assert!(modules.len() > 200, "only {} modules were found", modules.len());
    let known: BTreeSet<&str> = MAY_NAME.iter().map(|(room, _)| *room).chain(WIRING).collect();
    let rooms: BTreeSet<&str> = modules.iter().filter_map(|module| module.path.first()).map(String::as_str).collect();
    assert_eq!(rooms, known, "the rooms of src, and those of the rules");
    let named: usize = modules.iter().map(|module| module.named().len()).sum();
    assert!(named > 5_000, "only {named} paths were found");
    let wrong: Vec<String> = modules.iter().flat_map(wrong_in).collect();
    assert!(wrong.is_empty(), "ARCHITECTURE.md says which room may name which:\n{}", wrong.join("\n"));
}

/// What is wrong with a module of domain written as `text`.
fn planted(text: &str) -> Vec<String> {
    source_tree::parsed(text, &["domain", "program", "rule"]).iter().flat_map(wrong_in).collect()
}

#[test]
fn a_room_is_found_in_every_form_of_naming_it() {
    for forbidden in [
        "use crate::{domain::value::ids, store::{self, Pool}};",
        "use crate::{ledger, store};",
        "use super::super::super::store::Pool as Connections;",
        "use crate::store::*;",
        "pub use crate::ledger::Ledger;",
        "fn call() { let one = crate::odoo::read(1); }",
        "fn call() { match one { crate::sync::PassKind::Full => {} } }",
        "fn call(of: &mut Vec<crate::store::AnyConnection>) {}",
        "impl From<crate::ledger::LedgerError> for Rule { fn from() {} }",
        "struct Rule<T: super::super::super::sync::SyncHandle>(T);",
        "fn call() { assert!(crate::config::is_set(), \"{}\", 1); }",
        "macro_rules! each { ($one:expr) => { $crate::store::on_each!($one) }; }",
        "macro_rules! each { () => { use crate::{domain, http}; }; }",
        "#[derive(Serialize)] struct Rule { #[serde(with = \"crate::store::codec\")] at: i64 }",
        "mod inner { use super::super::super::super::rpc; }",
        "#[cfg(not(test))] use crate::app;",
        "use std::{collections, fs};",
        "fn call() { let now = chrono::Utc::now(); }",
        "fn call() -> std::time::SystemTime { todo() }",
        "use tokio::sync::Mutex;",
    ] {
        assert!(!planted(forbidden).is_empty(), "{forbidden}");
    }
    let said = planted("\nuse crate::{\n    domain, ledger,\n};");
    assert_eq!(said, ["src/planted.rs:3 names crate::ledger; domain may name no other room"]);
    for allowed in [
        "use crate::domain::{program, sale::order::Line};",
        "use super::{super::value::ids::PartnerId, Program};",
        "pub(in crate::domain) fn call(line: &crate::domain::sale::order::Line) {}",
        "/// As [`crate::ledger`] says.\nfn call() { let text = \"crate::store is not named here\"; }",
        "// use crate::store;\nuse chrono::{DateTime, Utc};",
        "#[cfg(test)] use crate::store;",
        "#[cfg(test)] mod tests { use crate::ledger::Ledger; }",
    ] {
        assert_eq!(planted(allowed), Vec::<String>::new(), "{allowed}");
    }
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
