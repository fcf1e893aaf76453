//! The examples of the project's pages: whoever copies one has a valid program.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::run_in;

/// The JSON blocks of a page.
fn examples(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(path).unwrap();
    text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn each_program_on_the_pages_is_valid_and_every_kind_has_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let mut kinds = BTreeSet::new();
    for page in ["README.md", "PROGRAMS.md"] {
        let examples = examples(page);
        assert!(!examples.is_empty(), "{page} has no example");
        for example in examples {
            let said = run_in(folder.path(), None, &[], &["program", "check", "-"], Some(&example));
            assert_eq!(said.code, 0, "{page}: {example}\n{said:?}");
            let document: Value = serde_json::from_str(&example).unwrap();
            for part in [&document["earning"]["rules"], &document["rewards"]] {
                let listed = part.as_array().into_iter().flatten();
                kinds.extend(listed.map(|one| one["kind"].as_str().unwrap().to_owned()));
            }
        }
    }
    let all = [
        "discount_amount",
        "discount_per_point",
        "discount_percent",
        "free_product",
        "multiplier",
        "per_amount",
        "per_order",
        "per_unit",
        "product_at_price",
    ];
    assert_eq!(kinds, all.map(str::to_owned).into());
}
