//! `/metrics` serves what is declared, and nothing else: names, types, sentences and labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Api, Service, eventually, line, parsed, reward_line, run, uuid};

/// Of a metric: its type, its sentence, and the names of its labels.
type Shape = (String, String, BTreeSet<String>);

/// What `loyalty-sidecar metrics` lists.
fn declared() -> BTreeMap<String, Shape> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let listed = parsed(&run(None, &[], &["metrics", "--json"]));
    let shape = |metric: &Value| {
        let labels = metric["labels"].as_array().unwrap().iter().map(text).collect();
        (text(&metric["name"]), (text(&metric["kind"]), text(&metric["sentence"]), labels))
    };
    listed["metrics"].as_array().unwrap().iter().map(shape).collect()
}

/// The name of a sample's metric, and the names of the sample's labels.
fn sample(text: &str, types: &BTreeMap<String, String>) -> (String, BTreeSet<String>) {
    let (name, rest) = text.split_at(text.find(['{', ' ']).expect("a value"));
    let mut labels: BTreeSet<String> = rest
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .map_or("", |(labels, _)| labels)
        .split(',')
        .filter_map(|label| label.split_once('=').map(|(label, _)| label.to_owned()))
        .collect();
    let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| {
        let base = name.strip_suffix(suffix)?;
        (types.get(base)? == "histogram").then(|| base.to_owned())
    });
    labels.remove("le");
    (of_histogram.unwrap_or_else(|| name.to_owned()), labels)
}

/// What `/metrics` serves.
fn served(api: &Api) -> BTreeMap<String, Shape> {
    let (status, text) = api.get("/metrics");
    assert_eq!(status, 200, "{text}");
    let comments = |word: &str| -> BTreeMap<String, String> {
        text.lines()
            .filter_map(|line| line.strip_prefix(word)?.trim_start().split_once(' '))
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            .collect()
    };
    let (types, sentences) = (comments("# TYPE"), comments("# HELP"));
    let mut found: BTreeMap<String, Shape> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, labels) = sample(line, &types);
        let kind = types.get(&name).unwrap_or_else(|| panic!("{line} has no type"));
        let sentence = sentences.get(&name).unwrap_or_else(|| panic!("{line} has no sentence"));
        let shape = (kind.clone(), sentence.clone(), labels);
        assert_eq!(found.entry(name).or_insert_with(|| shape.clone()), &shape, "{line}");
    }
    found
}

/// A service to which everything happens that is counted.
#[test]
fn a_running_service_serves_what_is_declared() {
    let service = Service::start();
    // A sale, one that names a hold nobody made, and a customer that cannot be read.
    service.shop.sell(1, "10.00");
    service.shop.sell_lines(Some(2), &uuid(), &[line(1, "1", "10.00"), reward_line(&uuid(), "5.00")]);
    service.shop.shop.insert("res.partner", json!({"id": 9, "name": "Odd", "commercial_partner_id": "odd"}));
    service.admin.sync();
    assert_eq!(Api::new(&service.admin.base, None).get("/metrics").0, 401);
    // A command that the database cannot write.
    service.database.execute("ALTER TABLE entries RENAME TO put_away").unwrap();
    let asked = json!({"idempotency_key": uuid(), "partner_id": 1, "program": "club", "points": "1", "reason": "r"});
    assert_eq!(service.admin.refused("ledger.adjust", asked).kind, "unavailable");
    service.database.execute("ALTER TABLE put_away RENAME TO entries").unwrap();
    // An Odoo that is gone.
    service.shop.stop();
    assert_eq!(service.admin.refused("sync.run", json!({})).kind, "unavailable");
    let declared = declared();
    assert!(declared.len() > 20, "{declared:?}");
    eventually("everything has been counted", || served(&service.admin).len() >= declared.len());
    assert_eq!(served(&service.admin), declared);
}

/// Every place in the source that counts: of which kind, which metric, by which labels.
fn places() -> Vec<(String, String, BTreeSet<String>)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for kind in ["counter", "gauge", "histogram"] {
                    let begins = format!("metrics::{kind}!(\"");
                    for (at, _) in text.match_indices(&begins) {
                        let (name, rest) = text[at + begins.len()..].split_once('"').unwrap();
                        let arguments = rest.split_once(';').unwrap().0;
                        let labels = arguments
                            .match_indices("\" =>")
                            .map(|(end, _)| arguments[..end].rsplit('"').next().expect("a label").to_owned());
                        found.push((kind.to_owned(), name.to_owned(), labels.collect()));
                    }
                }
            }
        }
    }
    found
}

#[test]
fn every_place_that_counts_counts_something_declared() {
    let declared = declared();
    let places = places();
    let mut counted = BTreeSet::new();
    for (kind, name, labels) in &places {
        let known = declared.get(name).unwrap_or_else(|| panic!("{name} is not declared"));
        assert_eq!((&known.0, &known.2), (kind, labels), "{name}");
        counted.insert(name.clone());
    }
    assert_eq!(counted, declared.keys().cloned().collect(), "each metric is counted somewhere");
}
