//! What the program says of itself, and the files in the repository that say the same.

mod examples;
mod metrics;

use std::path::Path;

use serde_json::Value;

use crate::support::{parsed, run, run_in};

/// A file of the repository.
fn kept(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{file}: {problem}"))
}

/// The file is what the command prints.
#[track_caller]
fn is_what_is_printed(file: &str, arguments: &[&str]) {
    let printed = run(None, &[], arguments);
    assert_eq!(printed.code, 0, "{printed:?}");
    let kept = kept(file);
    let differs = kept.trim_end().lines().zip(printed.out.lines()).find(|(kept, printed)| kept != printed);
    assert!(
        kept.trim_end() == printed.out,
        "{file} is not what the program prints; run: loyalty-sidecar {} > {file}\nfirst difference: {differs:?}",
        arguments.join(" ")
    );
}

#[test]
fn the_settings_in_the_repository_are_those_that_are_declared() {
    is_what_is_printed("config/README.md", &["config", "--markdown"]);
    is_what_is_printed("config/loyalty-sidecar.example.toml", &["config", "--example"]);
}

#[test]
fn the_metrics_in_the_repository_are_those_that_are_declared() {
    is_what_is_printed("config/METRICS.md", &["metrics", "--markdown"]);
}

#[test]
fn the_api_in_the_repository_is_the_one_that_is_declared() {
    is_what_is_printed("API.md", &["api", "--markdown"]);
}

#[test]
fn help_names_every_setting() {
    let help = run(None, &[], &["--help"]).out;
    let settings = parsed(&run(None, &[], &["config", "--json"]))["settings"].clone();
    let settings = settings.as_array().unwrap();
    assert!(settings.len() > 25, "{settings:?}");
    for setting in settings {
        let name = format!("{}.{}", setting["section"].as_str().unwrap(), setting["key"].as_str().unwrap());
        assert!(help.contains(&format!("\n  {name} ")), "{name}");
        if let Value::String(default) = &setting["default"] {
            assert!(help.contains(&format!("[{}]", default.trim_matches('"'))), "{name}: {default}");
        }
    }
}

/// Whoever fills in the four of `[odoo]` has settings that are taken; with every default written out they mean the same.
#[test]
fn the_example_file_is_taken_and_its_commented_lines_are_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        run_in(folder.path(), None, &[], &["--config", file.to_str().unwrap(), "--json", "verify"], None)
    };
    let example = kept("config/loyalty-sidecar.example.toml");
    let written_out: Vec<&str> = example
        .lines()
        .filter(|line| !line.contains("api_key_file ="))
        .map(|line| {
            let bare = line.strip_prefix("# ").unwrap_or(line);
            let is_setting = bare.split_once(" = ").is_some_and(|(key, _)| {
                !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            });
            if is_setting { bare } else { line }
        })
        .collect();
    let written_out = written_out.join("\n");
    assert!(written_out.contains("\nsince = ") && written_out.contains("\npool_size = 8\n"), "{written_out}");
    for (name, text) in [("example.toml", example.as_str()), ("whole.toml", written_out.as_str())] {
        // Taken: what stops it is that there is no database yet, not a setting.
        let ended = doctor(name, text);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains("there is no database"), "{ended:?}");
    }
    let misspelt = doctor("misspelt.toml", &written_out.replace("pool_size", "pool_sise"));
    assert_eq!(misspelt.code, 2, "{misspelt:?}");
    assert!(misspelt.err.contains("pool_sise"), "{misspelt:?}");
}
