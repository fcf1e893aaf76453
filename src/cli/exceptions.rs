//! `exceptions list|resolve`: what waits for a manager.

use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::adjust::plain;
use super::history::place;
use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print};
use crate::config::Settings;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::ledger::state::EXCEPTION_KINDS;
use crate::domain::value::as_text;
use crate::domain::value::text::one_line;
use crate::ledger::query::exceptions::{ExceptionPage, ListedException};
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
            let outcome = own.ledger.exceptions().list(filter, limit).await;
            own.stop().await;
            let page = outcome?;
            print(as_json, &page, || words(&page));
        }
        ExceptionsVerb::Resolve { id, note, on_behalf_of } => {
            let own = LocalLedger::start(settings, opening)?;
            let resolution = Resolution { note, by: COMMAND_LINE.to_owned(), on_behalf_of };
            let outcome = own.ledger.exceptions().resolve(id.clone(), resolution).await;
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

fn words(page: &ExceptionPage) -> String {
    if page.exceptions.is_empty() {
        return "there are none".to_owned();
    }
    let mut lines: Vec<String> = page.exceptions.iter().map(line).collect();
    if let Some(next) = &page.next {
        lines.push(format!("there is more: --before {next}"));
    }
    lines.join("\n")
}

fn line(exception: &ListedException) -> String {
    let customer = match exception.partner_id {
        None => String::new(),
        Some(id) => {
            let name = exception.partner_name.as_deref().unwrap_or_default();
            format!("  customer {id}{}{}", if name.is_empty() { "" } else { " " }, one_line(name))
        }
    };
    let resolved = exception.resolved.as_ref().map_or_else(String::new, |resolved| {
        let claim = resolved.resolved_on_behalf_of.as_ref();
        let claim = claim.map_or_else(String::new, |claim| format!(" for “{}” as it says", one_line(claim)));
        let (by, note) = (resolved.resolved_by.as_deref(), resolved.note.as_deref());
        format!("  resolved by {}{claim}: {}", one_line(by.unwrap_or_default()), one_line(note.unwrap_or_default()))
    });
    format!(
        "{}  {}  {}{customer}  {}{resolved}",
        exception.exception_id,
        as_text::time(exception.at),
        exception.kind,
        one_line(&exception.detail),
    )
}
