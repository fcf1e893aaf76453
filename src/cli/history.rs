//! `history`: a customer's entries, newest first.

use clap::Args;

use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print};
use crate::config::Settings;
use crate::domain::value::as_text;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::points::Points;
use crate::domain::value::text::one_line;
use crate::ledger::HistoryPlace;
use crate::ledger::query::entry::NamedEntry;
use crate::ledger::query::history::HistoryPage;

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
    let outcome =
        own.ledger.queries().history(PartnerId(asked.partner), asked.program.clone(), asked.limit, before).await;
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

/// Points with their sign.
fn signed(points: Points) -> String {
    if points.is_negative() { points.to_string() } else { format!("+{points}") }
}

fn words(page: &HistoryPage, asked: &HistoryArguments) -> String {
    if page.entries.is_empty() {
        return format!("customer {} has no entries", asked.partner);
    }
    let mut lines: Vec<String> = page.entries.iter().map(line).collect();
    if let Some(next) = &page.next {
        lines.push(format!("there is more: --before {next}"));
    }
    lines.join("\n")
}

fn line(named: &NamedEntry) -> String {
    let entry = &named.entry;
    let mut line = format!(
        "{}  {}: {} = {}  {}",
        as_text::time(entry.recorded_at),
        one_line(&named.program_name),
        signed(entry.points),
        entry.balance_after,
        entry.kind,
    );
    let (cause, reason) = (entry.cause.name.as_str(), entry.reason.as_deref().unwrap_or_default());
    let reward = named.reward.as_ref().and_then(|reward| reward.name.as_deref()).unwrap_or_default();
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
    if entry.redacted {
        add("redacted".to_owned());
        return line;
    }
    add(format!("by {}", one_line(&entry.actor)));
    if let Some(claim) = entry.on_behalf_of.as_deref().filter(|claim| !claim.is_empty()) {
        add(format!("for “{}” as it says", one_line(claim)));
    }
    line
}
