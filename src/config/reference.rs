//! The settings as people read them: for `--help`, as `config/README.md`, and as a file to start from.

use super::{Example, Setting, declared};

/// Columns of `--help` and of a comment in the example file.
const WIDTH: usize = 110;
/// Columns of the names in `--help`, with what stands around them.
const MARGIN: usize = 30;

/// The settings for `--help`.
#[must_use]
pub fn help() -> String {
    format!(
        "Settings: built-in defaults, then config/*.toml (or --config FILE), then the environment, where database.url is\n\
         LOYALTY__DATABASE__URL. A default stands in brackets.\n{}\n\
         Exit codes: 0 done, 1 failed, 2 wrong usage or a refused setting.",
        words()
    )
}

/// The settings, one after the other, for a terminal.
#[must_use]
pub fn words() -> String {
    declared().iter().map(in_words).collect::<Vec<_>>().join("\n")
}

fn in_words(setting: &Setting) -> String {
    let default = setting.default.as_deref().map(|default| format!("  [{}]", default.trim_matches('"')));
    let text = format!("{} ({}){}", setting.sentence, setting.value.words(), default.unwrap_or_default());
    let name = format!("  {:width$}", setting.name(), width = MARGIN.saturating_sub(2));
    let hanging = " ".repeat(MARGIN);
    format!("{name}{}", broken(&text.replace('`', ""), WIDTH.saturating_sub(MARGIN)).join(&format!("\n{hanging}")))
}

/// `config/README.md`.
#[must_use]
pub fn markdown() -> String {
    let mut lines = vec![
        "\
# Settings

<!-- Made by `loyalty-sidecar config --markdown` from the declarations in src/config; a test compares. -->

Built-in defaults ← `config/*.toml` in the working folder (or `--config FILE`) ← the environment. A setting that is unknown
or wrong is refused by name, with exit code 2. `loyalty-sidecar.example.toml` is a file to start from; files that end in
`.example.toml` are not read. `loyalty-sidecar config` prints this list."
            .to_owned(),
    ];
    let mut section = "";
    for setting in declared() {
        if setting.section != section {
            section = setting.section;
            lines.push(format!(
                "\n## {section}\n\n| setting | environment | value | default | meaning |\n|---|---|---|---|---|"
            ));
        }
        let default = setting.default.as_deref().map(|default| format!("`{}`", default.trim_matches('"')));
        lines.push(format!(
            "| `{}` | `{}` | {} | {} | {} |",
            setting.name(),
            setting.variable(),
            setting.value.words(),
            default.as_deref().unwrap_or("–"),
            setting.sentence
        ));
    }
    lines.join("\n") + "\n"
}

/// `config/loyalty-sidecar.example.toml`.
#[must_use]
pub fn example() -> String {
    let mut lines = vec![
        "\
# Copy to config/loyalty-sidecar.toml (read from the working folder), or name the copy with --config.
# Every value can also come from the environment: odoo.api_key is LOYALTY__ODOO__API_KEY.
# A line such as \"# pool_size = 8\" shows what holds without it.
# Made by `loyalty-sidecar config --example`."
            .to_owned(),
    ];
    let mut section = "";
    for setting in declared() {
        lines.push(String::new());
        if setting.section != section {
            section = setting.section;
            lines.push(format!("[{section}]"));
        }
        let text = format!("{} ({})", setting.sentence, setting.value.words()).replace('`', "");
        lines.extend(broken(&text, WIDTH).into_iter().map(|line| format!("# {line}")));
        lines.extend(match (setting.example, &setting.default) {
            (Example::Needed(value), _) => Some(format!("{} = {value}", setting.key)),
            (Example::Such(value), _) => Some(format!("# {} = {value}", setting.key)),
            (Example::Default, Some(value)) => Some(format!("# {} = {value}", setting.key)),
            (Example::Default, None) => None,
        });
    }
    lines.join("\n") + "\n"
}

/// A text in lines of at most so many columns, broken between words.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if let Some(line) = lines.last_mut() {
            let full = line.chars().count().saturating_add(word.chars().count()) >= width;
            if !line.is_empty() && full {
                lines.push(word.to_owned());
            } else {
                // Two spaces before a default in brackets stay two.
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}
