//! `exceptions list|resolve`: what waits for a manager.

use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::adjust::plain;
use super::history::{place, text};
use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print};
use crate::config::Settings;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::ledger::state::EXCEPTION_KINDS;
use crate::domain::value::text::one_line;
use crate::ledger::{ExceptionFilter, ExceptionPlace, Resolution};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum StateFilter {
    /// Those that wait
    Open,
    /// Those that were dealt with
    Resolved,
    /// Both
    All,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExceptionsVerb {
    /// List exceptions, newest first
    List {
        /// Which
        #[arg(long, value_enum, default_value_t = StateFilter::Open)]
        state: StateFilter,
        /// Only of this kind
        #[arg(long, value_parser = PossibleValuesParser::new(EXCEPTION_KINDS))]
        kind: Option<String>,
        /// Only of this customer, by the id in Odoo
        #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
        partner: Option<i64>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=500))]
        limit: i64,
        /// Go on where an earlier page ended
        #[arg(long, value_name = "NEXT")]
        before: Option<String>,
    },
    /// Note that an exception was dealt with; the first note stays
    Resolve {
        /// Its id, as `exceptions list` shows it
        id: String,
        /// What was done
        #[arg(long, value_parser = plain::<2000>)]
        note: String,
        /// For whom you do it; kept as a claim beside “command line”
        #[arg(long, value_name = "NAME", value_parser = plain::<200>)]
        on_behalf_of: Option<String>,
    },
}

pub(super) async fn run(settings: &Settings, opening: Opening, verb: ExceptionsVerb, as_json: bool) -> Outcome {
    match verb {
        ExceptionsVerb::List { state, kind, partner, limit, before } => {
            let before = place(before.as_deref(), ExceptionPlace::parse)?;
            let state = match state {
                StateFilter::Open => Some("open".to_owned()),
                StateFilter::Resolved => Some("resolved".to_owned()),
                StateFilter::All => None,
            };
            let own = LocalLedger::start(settings, opening)?;
            let filter = ExceptionFilter { state, kind, partner_id: partner, before };
            let outcome = own.ledger.exceptions(filter, limit).await;
            own.stop().await;
            let page = outcome?;
            print(as_json, &page, || words(&page));
        }
        ExceptionsVerb::Resolve { id, note, on_behalf_of } => {
            let own = LocalLedger::start(settings, opening)?;
            let resolution = Resolution { note, by: COMMAND_LINE.to_owned(), on_behalf_of };
            let outcome = own.ledger.resolve_exception(id.clone(), resolution).await;
            own.stop().await;
            if !outcome? {
                return Err(Failure::Other(format!(
                    "there is no exception {}; `loyalty-sidecar exceptions list --state all` shows them",
                    one_line(&id)
                )));
            }
            print(as_json, &json!({"resolved": true}), || "it is resolved".to_owned());
        }
    }
    Ok(true)
}

fn words(page: &Value) -> String {
    let listed = page.get("exceptions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if listed.is_empty() {
        return "there are none".to_owned();
    }
    let mut lines: Vec<String> = listed.iter().map(line).collect();
    if let Some(next) = page.get("next").and_then(Value::as_str) {
        lines.push(format!("there is more: --before {next}"));
    }
    lines.join("\n")
}

fn line(exception: &Value) -> String {
    let customer = match exception.get("partner_id").and_then(Value::as_i64) {
        None => String::new(),
        Some(id) => {
            let name = text(exception, "/partner_name");
            format!("  customer {id}{}{}", if name.is_empty() { "" } else { " " }, one_line(name))
        }
    };
    let resolved = match text(exception, "/state") {
        "resolved" => {
            let (by, claim) = (text(exception, "/resolved_by"), text(exception, "/resolved_on_behalf_of"));
            let claim =
                if claim.is_empty() { String::new() } else { format!(" for “{}” as it says", one_line(claim)) };
            format!("  resolved by {}{claim}: {}", one_line(by), one_line(text(exception, "/note")))
        }
        _ => String::new(),
    };
    format!(
        "{}  {}  {}{customer}  {}{resolved}",
        text(exception, "/exception_id"),
        text(exception, "/at"),
        text(exception, "/kind"),
        one_line(text(exception, "/detail")),
    )
}
