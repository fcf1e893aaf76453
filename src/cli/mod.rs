//! The command line. Results go to stdout, logs to stderr; exit 0, 1 when it failed, 2 for wrong usage.

mod adjust;
mod api;
mod backup;
mod check;
mod demo;
mod doctor;
mod doctor_login;
mod doctor_shop;
mod document;
mod exceptions;
mod findings;
mod history;
mod import;
mod metrics;
mod opening;
mod outlook;
mod output;
mod program;
mod put;
mod rebuild;
mod redact;
mod restore_check;
mod serve;
mod settings;
mod shortened;
mod simulate;
mod token;
mod wrapping;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::TimeDelta;
use clap::{Parser, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::app;
use crate::config::{self, BadSetting, Settings};
use crate::domain::program::InvalidProgram;
use crate::domain::value::text;
use crate::import::ImportError;
use crate::ledger::{Ledger, LedgerError, Options, Writers};
use crate::odoo::{OdooFault, Wallet};
use crate::store::table::withdrawals;
use crate::store::{self, Pool, StoreError};
use crate::sync::{PassReport, SyncError};
use crate::telemetry;
use opening::Opening;
use output::say;

/// A loyalty engine that runs beside an existing Odoo and never writes to it
#[derive(Debug, Parser)]
#[command(name = "loyalty-sidecar", version, max_term_width = 110, after_help = config::reference::help())]
struct Arguments {
    /// Read settings from this TOML file instead of config/*.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Migrate the database, read Odoo on an interval and answer the API until stopped
    Serve,
    /// Try it all without an Odoo: a sample shop, its own database in a temporary folder, a token, things to try
    Demo {
        /// The port to answer on; 0 picks a free one
        #[arg(long, default_value_t = 8070)]
        port: u16,
    },
    /// Read Odoo once and post what changed
    Sync {
        /// Read everything again, and compare every order
        #[arg(long)]
        full: bool,
        /// Take back the points of paid orders that are not in Odoo as they were, however many those are
        #[arg(long, requires = "full")]
        accept_withdrawals: bool,
    },
    /// Compute every invariant of the ledger again; exit 1 if any does not hold
    Verify,
    /// Check database, Odoo's login, rights, versions, fields and the addon, and say what to do
    Doctor,
    /// Make, list and revoke the tokens that callers show
    #[command(subcommand)]
    Token(token::TokenVerb),
    /// Check, try out, put, show and list programs
    #[command(subcommand)]
    Program(program::ProgramVerb),
    /// Carry over points from Odoo's own loyalty, or from a file of another system
    #[command(subcommand)]
    Import(import::ImportVerb),
    /// Give a customer points by hand, or take them, with a reason
    Adjust(adjust::AdjustArguments),
    /// Erase the texts of an entry (reason, name of the cause, actor); its points and the hash chain stay
    Redact(redact::RedactArguments),
    /// Show a customer's entries, newest first
    History(history::HistoryArguments),
    /// List what waits for a manager, and note that it was dealt with
    #[command(subcommand)]
    Exceptions(exceptions::ExceptionsVerb),
    /// Copy the ledger into a file while the service runs: checked, and on the disk when it ends
    Backup {
        /// The file to make; none is overwritten. Of SQLite a database, of PostgreSQL a dump made by `pg_dump`
        file: PathBuf,
    },
    /// Say whether a backup can be restored: its integrity, its schema, every invariant. It is not touched
    RestoreCheck {
        /// A backup's file, or the URL of a database that a dump was restored into
        backup: String,
    },
    /// Make a ledger that was lost anew from Odoo: orders earn again, and rewards are redeemed again from what the addon
    /// keeps on orders; what cannot be had is listed. Exit 1 if a redemption was not rebuilt
    Rebuild {
        /// Also on a ledger that has entries: put back what it lacks of Odoo's redemptions
        #[arg(long)]
        yes: bool,
    },
    /// Bring the database's schema up to date
    Migrate,
    /// List the settings: what each is for, its default, its environment variable
    Config(settings::ConfigArguments),
    /// List the metrics that /metrics serves
    Metrics(metrics::MetricsArguments),
    /// List the methods of the API; --json prints its OpenRPC document
    Api(api::ApiArguments),
}

/// Why a verb did not succeed: a sentence for a person.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// A setting cannot be used: wrong usage.
    #[error("{0}")]
    Setting(#[from] BadSetting),
    /// Something else about how it was called.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Sync(#[from] SyncError),
    #[error("{0}")]
    Odoo(#[from] OdooFault),
    #[error("{0}")]
    Start(#[from] app::StartError),
    #[error("the program is not valid: {0}")]
    Program(#[from] InvalidProgram),
    #[error("{0}")]
    Import(#[from] ImportError),
    #[error("{0}")]
    Other(String),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Setting(_)
            | Self::Usage(_)
            | Self::Store(StoreError::BadUrl(_))
            | Self::Start(app::StartError::PlainHttp { .. })
            | Self::Import(ImportError::WhichProgram(_)) => 2,
            _ => 1,
        }
    }
}

/// Whether the verb found what it hoped for.
type Outcome = Result<bool, Failure>;

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::begin(matches!(arguments.verb, Verb::Serve));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(problem) => {
            say(&format!("no threads can be started: {problem}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(arguments));
    // Reads that hang on a silent Odoo or database must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            say(&failure.to_string());
            ExitCode::from(failure.code())
        }
    }
}

async fn run(arguments: Arguments) -> Outcome {
    if let Verb::Demo { port } = arguments.verb {
        return demo::run(port).await;
    }
    // These need no service, nor settings for one.
    match &arguments.verb {
        Verb::Program(program::ProgramVerb::Check { file }) => return check::run(file, arguments.json),
        Verb::Config(asked) => settings::run(asked, arguments.json),
        Verb::Metrics(asked) => metrics::run(asked, arguments.json),
        Verb::Api(asked) => api::run(asked, arguments.json),
        _ => return on_settings(arguments).await,
    }
    Ok(true)
}

/// Runs a verb that works on what the settings name.
async fn on_settings(arguments: Arguments) -> Outcome {
    let settings = Settings::load(arguments.config.as_deref())?;
    output::follow(&settings.log, matches!(arguments.verb, Verb::Serve));
    telemetry::start_logging(&settings.log);
    let json = arguments.json;
    let opening = arguments.verb.opening();
    match arguments.verb {
        Verb::Serve => serve::run(settings).await,
        Verb::Demo { .. } | Verb::Config(_) | Verb::Metrics(_) | Verb::Api(_) => Ok(true),
        Verb::Sync { full, accept_withdrawals } => sync(&settings, opening, (full, accept_withdrawals), json).await,
        Verb::Verify => verify(&settings, opening, json).await,
        Verb::Doctor => doctor::run(&settings, json).await,
        Verb::Token(verb) => token::run(&settings, opening, verb, json).await,
        Verb::Program(verb) => program::run(&settings, opening, verb, json).await,
        Verb::Import(verb) => import::run(&settings, opening, verb, json).await,
        Verb::Adjust(asked) => adjust::run(&settings, opening, asked, json).await,
        Verb::Redact(asked) => redact::run(&settings, opening, asked, json).await,
        Verb::History(asked) => history::run(&settings, opening, asked, json).await,
        Verb::Exceptions(verb) => exceptions::run(&settings, opening, verb, json).await,
        Verb::Backup { file } => backup::run(&settings, opening, &file, json),
        Verb::RestoreCheck { backup } => restore_check::run(&settings, &backup, json).await,
        Verb::Rebuild { yes } => rebuild::run(&settings, opening, yes, json).await,
        Verb::Migrate => migrate(&settings, json),
    }
}

/// Prints a result: as JSON when asked for, its members by name as the API has them, else in words. What others wrote in it
/// commands no terminal.
fn print(as_json: bool, result: &impl Serialize, words: impl FnOnce() -> String) {
    if as_json {
        match serde_json::to_value(result) {
            Ok(value) => println!("{}", text::json(&value.to_string())),
            Err(problem) => say(&format!("the result cannot be written as JSON: {problem}")),
        }
    } else {
        let words = words();
        let shown = text::many_lines(&words);
        println!("{}", wrapping::width().map_or_else(|| shown.to_string(), |width| wrapping::wrapped(&shown, width)));
    }
}

/// Prints a document, which is whole lines whatever the terminal: somebody may copy it.
fn print_document(document: &Value) {
    println!("{}", text::many_lines(&format!("{document:#}")));
}

/// A ledger of this process's own, beside whatever else works on the database.
struct LocalLedger {
    ledger: Ledger,
    writers: Writers,
}

impl LocalLedger {
    fn start(settings: &Settings, opening: Opening) -> Result<Self, Failure> {
        let wallet = settings.odoo.as_ref().map_or(Wallet::default(), |odoo| odoo.wallet);
        let pool = opening.pool(settings)?;
        let (ledger, writers) = Ledger::start(
            pool,
            Options::for_database(&settings.database_url, wallet).with_capture_grace(settings.capture_grace),
        )?;
        Ok(Self { ledger, writers })
    }

    async fn stop(self) {
        drop(self.ledger);
        let writers = self.writers;
        // A panic in a writer was logged; there is nothing more to wait for.
        let _ = tokio::task::spawn_blocking(move || writers.join()).await;
    }
}

async fn sync(settings: &Settings, opening: Opening, (full, accepts): (bool, bool), json: bool) -> Outcome {
    if settings.odoo.is_none() {
        return Err(no_odoo());
    }
    let own = LocalLedger::start(settings, opening)?;
    let outcome = async {
        let report = read_odoo(settings, &own, full, accepts).await?;
        Ok::<_, Failure>((report, own.ledger.pool().run(withdrawals::held).await?))
    }
    .await;
    own.stop().await;
    let (report, held) = outcome?;
    let mut value = json!({
        "orders_read": report.orders_read,
        "orders_changed": report.orders_changed,
        "entries_posted": report.entries_posted,
    });
    if let (Some(held), Some(object)) = (&held, value.as_object_mut()) {
        object.insert("held_withdrawals".into(), json!({"orders": held.orders(), "message": held.message()}));
    }
    print(json, &value, || {
        let done = format!(
            "{} orders read, {} changed, {} entries posted",
            report.orders_read, report.orders_changed, report.entries_posted
        );
        held.as_ref()
            .map_or_else(|| done.clone(), |held| format!("{done}\nNothing was taken back: {}.", held.message()))
    });
    // A person must decide.
    Ok(held.is_none())
}

fn no_odoo() -> Failure {
    Failure::Usage("odoo.url is not set: there is no Odoo to read".to_owned())
}

/// One pass over Odoo, and what follows it.
async fn read_odoo(settings: &Settings, own: &LocalLedger, full: bool, accepts: bool) -> Result<PassReport, Failure> {
    let odoo = settings.odoo.clone().ok_or_else(no_odoo)?;
    own.ledger.recompute().await?;
    let link = app::link(odoo, settings.denied_pause)?;
    let service = crate::sync::SyncService::new(own.ledger.clone(), link, settings.sync.clone());
    // Beside a running service this waits for its pass, and gives reading back to it.
    let handle = service.handle();
    let outcome = if accepts { handle.run_accepting().await } else { handle.run(full).await };
    handle.leave().await;
    own.ledger.upkeep().review_captures(TimeDelta::zero()).await?;
    Ok(outcome?)
}

async fn verify(settings: &Settings, opening: Opening, json: bool) -> Outcome {
    let own = LocalLedger::start(settings, opening)?;
    let outcome = own.ledger.verify().await;
    own.stop().await;
    let report = outcome?;
    print(json, &report, || {
        let mut lines = vec![format!("{} accounts, {} entries", report.accounts, report.entries)];
        lines.extend(report.violations.iter().map(|violation| format!("VIOLATION {}", text::one_line(violation))));
        lines.push(match report.violations.len() {
            0 => "every invariant holds".to_owned(),
            many => format!("{many} violations; restore a backup or ask for help before changing anything"),
        });
        lines.join("\n")
    });
    Ok(report.violations.is_empty())
}

fn migrate(settings: &Settings, json: bool) -> Outcome {
    let pool = Pool::open(settings.database_url.clone(), settings.pool_size)?;
    let done = store::connection::migrate::migrate(&mut *pool.get()?)?;
    print(json, &json!({ "migrations": done }), || {
        if done.is_empty() { "the schema is up to date".to_owned() } else { format!("migrated: {}", done.join(", ")) }
    });
    Ok(true)
}
