//! One type name, one meaning: a name that two modules define makes a reader look up which one is meant.

use std::collections::BTreeMap;

use syn::Item;

use crate::source_tree;

/// Names that more than one module defines, and why they may.
const SHARED: &[(&str, &str)] = &[];

/// Each type's name with the modules that define it. A type inside a function has no meaning outside it, and does not
/// count; nor do associated types, whose names their traits give.
fn definitions() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in source_tree::modules() {
        for item in &module.items {
            let name = match item {
                Item::Enum(item) => &item.ident,
                Item::Struct(item) => &item.ident,
                Item::Trait(item) => &item.ident,
                Item::TraitAlias(item) => &item.ident,
                Item::Type(item) => &item.ident,
                Item::Union(item) => &item.ident,
                _ => continue,
            };
            let place = format!("src/{}:{}", module.file, name.span().start().line);
            found.entry(name.to_string()).or_default().push(place);
        }
    }
    found
}

#[test]
fn each_type_name_has_one_definition() {
    let found = definitions();
    assert!(found.len() > 500, "only {} types were found", found.len());
    let allowed: BTreeMap<&str, &str> = SHARED.iter().copied().collect();
    let is_shared = |name: &str| found.get(name).is_some_and(|places| places.len() > 1);
    let second: Vec<String> = found
        .iter()
        .filter(|(name, places)| places.len() > 1 && !allowed.contains_key(name.as_str()))
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect();
    assert!(
        second.is_empty(),
        "name all but one of these by what they are there, or say in SHARED why they share a name:\n{}",
        second.join("\n")
    );
    let idle: Vec<&str> = allowed.keys().copied().filter(|name| !is_shared(name)).collect();
    assert!(idle.is_empty(), "no longer shared, so that SHARED need not allow them: {}", idle.join(", "));
    for (name, reason) in SHARED {
        assert!(reason.split_whitespace().count() > 3, "why may {name} be shared?");
    }
}
