//! `config`: the settings there are. Needs neither settings nor a database.

use serde_json::json;

use super::print;
use crate::config::{declared, reference};

#[derive(Debug, clap::Args)]
pub(super) struct ConfigArguments {
    /// Print them as config/README.md
    #[arg(long, conflicts_with = "example")]
    markdown: bool,
    /// Print a file to start from, config/loyalty-sidecar.example.toml
    #[arg(long)]
    example: bool,
}

pub(super) fn run(asked: &ConfigArguments, as_json: bool) {
    if asked.markdown {
        print!("{}", reference::markdown());
    } else if asked.example {
        print!("{}", reference::example());
    } else {
        print(as_json, &json!({ "settings": declared() }), reference::words);
    }
}
