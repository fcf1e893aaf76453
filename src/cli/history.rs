//! `history`: a customer's entries, newest first.

use clap::Args;
use serde_json::Value;

use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print};
use crate::config::Settings;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::text::one_line;
use crate::ledger::HistoryPlace;

#[derive(Args, Debug)]
pub(super) struct HistoryArguments {
    /// The customer's id in Odoo
    #[arg(value_name = "PARTNER", value_parser = clap::value_parser!(i64).range(1..))]
    partner: i64,
    /// Only this program's, by its code
    #[arg(long, value_name = "CODE")]
    program: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=500))]
    limit: i64,
    /// Go on where an earlier page ended
    #[arg(long, value_name = "NEXT")]
    before: Option<String>,
}

pub(super) async fn run(settings: &Settings, opening: Opening, asked: HistoryArguments, as_json: bool) -> Outcome {
    let before = place(asked.before.as_deref(), HistoryPlace::parse)?;
    let own = LocalLedger::start(settings, opening)?;
    let outcome = own.ledger.history(PartnerId(asked.partner), asked.program.clone(), asked.limit, before).await;
    own.stop().await;
    let page = outcome?;
    print(as_json, &page, || words(&page, &asked));
    Ok(true)
}

/// Where an earlier page ended, as `--before` gives it.
pub(super) fn place<T>(before: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
    let unknown = || Failure::Usage("--before: this is no `next` of an earlier page".to_owned());
    before.map(|text| parse(text).ok_or_else(unknown)).transpose()
}

/// A text of an object of the API; empty where it has none.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Points with their sign.
fn signed(points: &str) -> String {
    if points.starts_with('-') { points.to_owned() } else { format!("+{points}") }
}

fn words(page: &Value, asked: &HistoryArguments) -> String {
    let entries = page.get("entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return format!("customer {} has no entries", asked.partner);
    }
    let mut lines: Vec<String> = entries.iter().map(line).collect();
    if let Some(next) = page.get("next").and_then(Value::as_str) {
        lines.push(format!("there is more: --before {next}"));
    }
    lines.join("\n")
}

fn line(entry: &Value) -> String {
    let mut line = format!(
        "{}  {}: {} = {}  {}",
        text(entry, "/recorded_at"),
        one_line(text(entry, "/program_name")),
        signed(text(entry, "/points")),
        text(entry, "/balance_after"),
        text(entry, "/kind"),
    );
    let (cause, reason) = (text(entry, "/cause/name"), text(entry, "/reason"));
    let reward = text(entry, "/reward/name");
    let mut add = |what: String| {
        line.push_str("  ");
        line.push_str(&what);
    };
    if !reward.is_empty() {
        add(format!("“{}”", one_line(reward)));
    }
    if !cause.is_empty() {
        add(one_line(cause).into_owned());
    }
    if !reason.is_empty() && reason != cause {
        add(one_line(reason).into_owned());
    }
    if entry.get("redacted").is_some() {
        add("redacted".to_owned());
        return line;
    }
    add(format!("by {}", one_line(text(entry, "/actor"))));
    let claim = text(entry, "/on_behalf_of");
    if !claim.is_empty() {
        add(format!("for “{}” as it says", one_line(claim)));
    }
    line
}
