//! A file tells one story: past some 400 lines it tells two.

use std::collections::BTreeMap;

use crate::source_tree;

const MOST_LINES: usize = 400;

/// Files that are longer, and why they may be.
const LONGER: &[(&str, &str)] = &[("store/schema.rs", "every table, as diesel declares it")];

#[test]
fn a_file_is_short_unless_there_is_a_reason() {
    let lines: BTreeMap<String, usize> = source_tree::modules()
        .into_iter()
        .map(|module| {
            let text = std::fs::read_to_string(source_tree::source().join(&module.file)).unwrap();
            (module.file, text.lines().count())
        })
        .collect();
    assert!(lines.len() > 200, "only {} files were found", lines.len());
    let allowed: BTreeMap<&str, &str> = LONGER.iter().copied().collect();
    let long: Vec<String> = lines
        .iter()
        .filter(|(file, lines)| **lines > MOST_LINES && !allowed.contains_key(file.as_str()))
        .map(|(file, lines)| format!("src/{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "divide these by concept, or say in LONGER why they are long:\n{}", long.join("\n"));
    let idle: Vec<&str> =
        allowed.keys().copied().filter(|file| lines.get(*file).is_none_or(|lines| *lines <= MOST_LINES)).collect();
    assert!(idle.is_empty(), "not long, so that LONGER need not allow them: {}", idle.join(", "));
}
