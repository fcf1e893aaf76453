//! `metrics`: the metrics there are. Needs neither settings nor a database.

use serde_json::json;

use super::print;
use crate::telemetry::metrics::{METRICS, markdown, words};

#[derive(Debug, clap::Args)]
pub(super) struct MetricsArguments {
    /// Print them as config/METRICS.md
    #[arg(long)]
    markdown: bool,
}

pub(super) fn run(asked: &MetricsArguments, as_json: bool) {
    if asked.markdown {
        print!("{}", markdown());
    } else {
        print(as_json, &json!({ "metrics": METRICS }), words);
    }
}
