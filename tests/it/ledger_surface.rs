//! `Ledger` stays small: the methods that other rooms find on it are counted, so that it grows by decision alone.

use std::path::{Path, PathBuf};

/// How many methods other rooms may find on `Ledger`. A group of questions or of tasks is one method: a handle of its own.
const MOST: usize = 15;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The methods of `impl Ledger` that other rooms can call. Relies on how rustfmt sets out an `impl`.
fn methods(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in code.lines() {
        match line {
            "impl Ledger {" => is_inside = true,
            "}" => is_inside = false,
            _ if is_inside => {
                let of_all = line.strip_prefix("    pub ").or_else(|| line.strip_prefix("    pub(crate) "));
                let name = of_all.and_then(|rest| rest.split_once("fn ")).map(|(_, name)| name);
                found.extend(name.and_then(|name| name.split(['(', '<']).next()).map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn other_rooms_find_few_methods_on_the_ledger() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ledger");
    let mut found: Vec<String> =
        sources(&folder).iter().flat_map(|path| methods(&std::fs::read_to_string(path).unwrap())).collect();
    found.sort();
    assert!(found.iter().any(|name| name == "start"), "{found:?}");
    assert!(found.len() <= MOST, "{} of at most {MOST}: {found:?}", found.len());
}

#[test]
fn methods_are_found_in_every_form() {
    let code = "impl Ledger {\n    pub fn a(&self) {}\n    pub async fn b<T>(\n    pub(crate) const fn c(\n    fn d() {}\n    \
                pub(in crate::ledger) fn e() {}\n}\nimpl Other {\n    pub fn f() {}\n}\n";
    assert_eq!(methods(code), ["a", "b", "c"]);
}
