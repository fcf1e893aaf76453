//! `program check|simulate|put|get|list|archive`

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;

use super::check;
use super::opening::Opening;
use super::shortened::shortened;
use super::{LocalLedger, Outcome, print, print_document, put, simulate};
use crate::config::Settings;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::value::as_text;
use crate::domain::value::calendar;
use crate::domain::value::text::one_line;
use crate::ledger::query::programs::{ListedProgram, ProgramList, ProgramState};

#[derive(Debug, Subcommand)]
pub(super) enum ProgramVerb {
    /// Say in words what a document means, and what in it may be a mistake; needs no database. Exit 1 if it is not valid
    Check {
        /// The document (.json or .toml; - for stdin)
        file: PathBuf,
    },
    /// Say what a document would have come to for the orders already read, as if it alone had been in force: points,
    /// members, cost. Changes nothing
    Simulate {
        /// The document (.json or .toml; - for stdin)
        file: PathBuf,
        /// The first day whose orders count, by the program's clock
        #[arg(long, value_name = "DATE", value_parser = day)]
        since: Option<NaiveDate>,
        /// The last day whose orders count
        #[arg(long, value_name = "DATE", value_parser = day)]
        until: Option<NaiveDate>,
    },
    /// Put a version of a program from its document (.json or .toml; - for stdin)
    Put {
        /// The document
        file: PathBuf,
        /// From when it holds (RFC 3339); a first version holds for all the past, a later one from now
        #[arg(long, value_name = "TIME", value_parser = instant)]
        effective_from: Option<DateTime<Utc>>,
        /// Put it although it is in another currency than the version before it
        #[arg(long)]
        force: bool,
    },
    /// Print a program's document, without what is default in it
    Get {
        /// Its code
        code: String,
        /// Which version; the latest unless given
        #[arg(long)]
        version: Option<i64>,
        /// Print every member, also those that are as they would be by themselves; --json always does
        #[arg(long)]
        whole: bool,
    },
    /// List all programs
    List,
    /// End a program: orders dated from now on earn nothing. What was earned stays, and putting it again revives it
    Archive {
        /// Its code
        code: String,
    },
}

fn day(text: &str) -> Result<NaiveDate, String> {
    calendar::parse_day(text).ok_or_else(|| "write a date such as 2026-12-31, in the years 0001 to 9999".to_owned())
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let instant = DateTime::parse_from_rfc3339(text)
        .map_err(|_| "write a time with its offset from UTC, such as 2026-12-31T00:00:00Z".to_owned())?
        .with_timezone(&Utc);
    if calendar::holds_instant(instant) { Ok(instant) } else { Err(calendar::OUTSIDE.to_owned()) }
}

pub(super) async fn run(settings: &Settings, opening: Opening, verb: ProgramVerb, as_json: bool) -> Outcome {
    match verb {
        ProgramVerb::Check { file } => return check::run(&file, as_json),
        ProgramVerb::Simulate { file, since, until } => {
            return simulate::run(settings, opening, &file, (since, until), as_json).await;
        }
        ProgramVerb::Put { file, effective_from, force } => {
            return put::run(settings, opening, &file, effective_from, force, as_json).await;
        }
        ProgramVerb::Get { code, version, whole } => {
            let own = LocalLedger::start(settings, opening)?;
            let outcome = own.ledger.programs().get(&code, version).await;
            own.stop().await;
            let found = outcome?;
            if as_json {
                print(as_json, &found, String::new);
            } else {
                let document = found.program.to_json();
                print_document(&if whole { document } else { shortened(&document) });
            }
        }
        ProgramVerb::Archive { code } => {
            let own = LocalLedger::start(settings, opening)?;
            let outcome = own.ledger.programs().archive(&code, COMMAND_LINE).await;
            own.stop().await;
            let archived = outcome?;
            print(as_json, &archived, || {
                let at = as_text::time(archived.archived_at);
                format!("{code} is archived since {at}: orders dated later earn nothing; `program put` revives it")
            });
        }
        ProgramVerb::List => {
            let own = LocalLedger::start(settings, opening)?;
            let outcome = own.ledger.programs().list_with_state().await;
            own.stop().await;
            let found = outcome?;
            print(as_json, &found, || words(&found));
        }
    }
    Ok(true)
}

fn words(found: &ProgramList) -> String {
    if found.programs.is_empty() {
        return "there are no programs yet; put one with `loyalty-sidecar program put FILE`".to_owned();
    }
    found.programs.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(program: &ListedProgram) -> String {
    let time = |at: Option<DateTime<Utc>>| at.map(as_text::time).unwrap_or_default();
    let state = program.standing.as_ref().map_or_else(String::new, |standing| match standing.state {
        ProgramState::Unreadable => format!("cannot be read: {}", program.problem.as_deref().unwrap_or_default()),
        ProgramState::Archived => format!("archived {}", time(program.archived_at)),
        ProgramState::Ended => format!("ended {}", time(standing.ends_at)),
        ProgramState::NotYet => format!("not yet: from {} on", time(standing.starts_at)),
        ProgramState::Running => "running".to_owned(),
    });
    format!("{}  version {}  {}  ({state})", program.code, program.version, one_line(&program.name))
}
