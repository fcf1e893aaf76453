//! Switching to the sidecar: points carried over from Odoo's own loyalty, or from a file of any other system.
//!
//! Both are *documents* to the ledger, cards or lines, each of which counts once and as it now is: see
//! [`Ledger::carry_over`](crate::ledger::Ledger::carry_over). [`cards`] takes Odoo's, [`lines`] reads a CSV
//! file and [`file`] takes it; [`report`] says what became of them.

pub mod cards;
pub mod file;
mod grammar;
pub mod lines;
pub mod report;

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::domain::catalog::records::{CatalogRecords, Partner};
use crate::domain::ledger::account::Expiry;
use crate::domain::program::Program;
use crate::domain::value::ids::PartnerId;
use crate::ledger::ingest::missing::missing_records;
use crate::ledger::{Destination, FencingToken, Ledger, LedgerError};
use crate::odoo::{Link, OdooFault};

pub use crate::domain::ledger::entry::IMPORT as ACTOR;
pub use report::{ImportReport, RowOutcome};

/// The last year of four digits, which all that we write and read times with can hold.
const LAST_YEAR: i32 = 9999;

/// Why nothing, or not all, could be carried over: a sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Odoo could not be read.
    #[error("{0}")]
    Odoo(#[from] OdooFault),
    /// The ledger did not take it.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// This Odoo keeps no loyalty cards.
    #[error(
        "this Odoo has no loyalty programs with cards: its module `loyalty` is not installed, or it is older than 16. \
         Export the points as CSV and use `loyalty-sidecar import csv`."
    )]
    NoLoyalty,
    /// The service user may not read the cards.
    #[error(
        "Odoo does not let {login:?} read {model}. With Odoo's module `pos_loyalty`, Point of Sale / User covers it; \
         else give the user read access to loyalty.program and loyalty.card."
    )]
    NoRight {
        /// The service user.
        login: String,
        /// What it may not read.
        model: String,
    },
    /// It must be said which of Odoo's programs is meant.
    #[error("{0}")]
    WhichProgram(String),
    /// Odoo has no loyalty program.
    #[error("Odoo has no loyalty program that the service user may see: there are no points to import")]
    NoProgram,
    /// The program here takes no points.
    #[error(
        "the program {code} was archived: points in it could not be spent. Put it again with `loyalty-sidecar program \
         put`, or name another with --program."
    )]
    Archived {
        /// Its code.
        code: String,
    },
    /// The file would take back points that an earlier one brought, and does not say that it means them.
    #[error(
        "nothing was posted: lines without a reference count by their customer, so that these would take points away that \
         an earlier file brought. If they are other points, give each line a reference of its own; if the file says what the \
         customers have now, use --allow-decrease\n{}",
        .0.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
    )]
    Decrease(Vec<lines::LineProblem>),
    /// The file cannot be carried over as it is; nothing was posted.
    #[error("{}", lines::listed(.0))]
    File(Vec<lines::LineProblem>),
}

/// The program that points go into, if it runs.
async fn destination(ledger: &Ledger, code: &str) -> Result<Destination, ImportError> {
    let found = ledger.imports().destination(code).await?;
    match found.archived_at {
        Some(_) => Err(ImportError::Archived { code: code.to_owned() }),
        None => Ok(found),
    }
}

/// The end of points that are good through a day. A day that no calendar goes past, 9999-12-31, is how other systems
/// write "never".
fn end_of(program: &Program, day: NaiveDate) -> Expiry {
    let end = program.end_of(day).filter(|end| end.year() <= LAST_YEAR);
    end.map_or(Expiry::Never, Expiry::At)
}

/// What a person should know before points count twice: once as they are carried over, once for the orders that
/// earned them.
fn double_counting(destination: &Destination, since: Option<DateTime<Utc>>) -> Option<String> {
    let code = &destination.program.code;
    let remedy = "Set starts_at of the program to the moment of switching (`loyalty-sidecar program put`, with \
                  --effective-from before the first order if orders have earned already), or sync.since before the \
                  first start.";
    if destination.orders_credited > 0 {
        let orders = match destination.orders_credited {
            1 => "1 order has".to_owned(),
            many => format!("{many} orders have"),
        };
        return Some(format!(
            "{orders} earned points in {code} already. Points that are carried over and were earned by the same \
             orders count twice. {remedy}"
        ));
    }
    if destination.program.starts_at.is_none() && since.is_none() {
        return Some(format!(
            "{code} has no starts_at, so that past orders earn points as well as soon as they are read: those would \
             count twice. {remedy}"
        ));
    }
    None
}

/// Which of these customers nobody knows, neither here nor in Odoo. Those that only Odoo knew are known here
/// afterwards, with their companies, if `keep`.
///
/// # Errors
/// [`ImportError`]
pub async fn unknown_customers(
    ledger: &Ledger,
    odoo: Option<(&Link, u32)>,
    customers: BTreeSet<PartnerId>,
    keep: bool,
) -> Result<BTreeSet<PartnerId>, ImportError> {
    let mut unknown = missing_records(ledger, BTreeSet::new(), customers).await?.partners;
    let Some((link, page_size)) = odoo.filter(|_| !unknown.is_empty()) else { return Ok(unknown) };
    let session = link.session().await?;
    let ids: Vec<i64> = unknown.iter().map(|id| id.0).collect();
    let mut found = session.by_ids::<Partner>(&ids, page_size).await?;
    let companies: BTreeSet<PartnerId> = found.iter().map(|partner| partner.commercial_partner_id).collect();
    let companies: Vec<i64> = companies.difference(&unknown).map(|id| id.0).collect();
    for partner in &found {
        unknown.remove(&partner.id);
    }
    if keep {
        found.extend(session.by_ids::<Partner>(&companies, page_size).await?);
        ledger
            .ingestion()
            .put_catalog(CatalogRecords { partners: found, ..CatalogRecords::default() }, FencingToken::begin(None))
            .await?;
    }
    Ok(unknown)
}
