//! What a manager must look at, because the service will not guess.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::listing::cut_to_page;
use super::names::{self, PartnerNames};
use crate::domain::value::as_text;
use crate::domain::value::ids::PartnerId;
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::store::connection::clock::{database_now, from_us, from_us_opt};
use crate::store::table::exceptions::{self, ExceptionFilter, ExceptionPlace, ExceptionRow, Resolution};

/// A page of exceptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionPage {
    /// The exceptions, newest first.
    pub exceptions: Vec<ListedException>,
    /// Where the next page goes on.
    pub next: Option<String>,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedException {
    /// Its id.
    pub exception_id: String,
    /// What kind: a word such as `hold_expired`.
    pub kind: String,
    /// The customer.
    pub partner_id: Option<PartnerId>,
    /// The customer's name.
    pub partner_name: Option<String>,
    /// The order it is about.
    pub order: Option<ConcernedOrder>,
    /// A sentence for the manager.
    pub detail: String,
    /// When it was found.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub at: DateTime<Utc>,
    /// `open` or `resolved`.
    pub state: String,
    /// How it was dealt with.
    #[serde(flatten)]
    pub resolved: Option<NotedResolution>,
}

/// The order that an exception is about, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConcernedOrder {
    /// Its id in Odoo.
    pub id: Option<i64>,
    /// Its UUID.
    pub uuid: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// How an exception was dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotedResolution {
    /// When.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub resolved_at: DateTime<Utc>,
    /// By whom.
    pub resolved_by: Option<String>,
    /// For whom, as the caller said.
    pub resolved_on_behalf_of: Option<String>,
    /// What the manager wrote.
    pub note: Option<String>,
}

/// The exceptions of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Exceptions<'a>(&'a Ledger);

impl Ledger {
    /// What waits for a manager.
    #[must_use]
    pub const fn exceptions(&self) -> Exceptions<'_> {
        Exceptions(self)
    }
}

impl Exceptions<'_> {
    /// A page of exceptions, newest first.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn list(self, filter: ExceptionFilter, limit: i64) -> Result<ExceptionPage, LedgerError> {
        self.0
            .pool()
            .run(move |conn| {
                let (rows, more) = cut_to_page(exceptions::list(conn, &filter, limit.saturating_add(1))?, limit);
                let next = rows.last().filter(|_| more).map(|row| ExceptionPlace::from(row).text());
                let concerned: Vec<PartnerId> = rows.iter().filter_map(|row| row.partner_id.map(PartnerId)).collect();
                let names = names::partners(conn, &concerned)?;
                let exceptions = rows.into_iter().map(|row| listed(row, &names)).collect::<Result<_, LedgerError>>()?;
                Ok(ExceptionPage { exceptions, next })
            })
            .await
    }

    /// How many wait for a manager.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn open(self) -> Result<i64, LedgerError> {
        self.0.pool().run(|conn| Ok(exceptions::count_open(conn)?)).await
    }

    /// Notes that a manager has dealt with an exception. Doing so again changes nothing. `false` when there is
    /// no such exception.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn resolve(self, id: String, resolution: Resolution) -> Result<bool, LedgerError> {
        self.0
            .pool()
            .run(move |conn| {
                let now = database_now(conn)?.timestamp_micros();
                Ok(exceptions::resolve(conn, &id, &resolution, now)?.is_some())
            })
            .await
    }
}

fn listed(row: ExceptionRow, names: &PartnerNames) -> Result<ListedException, LedgerError> {
    let order = ConcernedOrder { id: row.sale_id, uuid: row.order_uuid, name: row.order_name };
    let is_about_one = order.id.is_some() || order.uuid.is_some() || order.name.is_some();
    let partner_id = row.partner_id.map(PartnerId);
    let resolved = from_us_opt(row.resolved_at_us)?.map(|resolved_at| NotedResolution {
        resolved_at,
        resolved_by: row.resolved_by,
        resolved_on_behalf_of: row.resolved_on_behalf_of,
        note: row.note,
    });
    Ok(ListedException {
        exception_id: row.id,
        kind: row.kind,
        partner_id,
        partner_name: partner_id.and_then(|id| names.get(&id).cloned()),
        order: is_about_one.then_some(order),
        detail: row.detail,
        at: from_us(row.at_us)?,
        state: row.state,
        resolved,
    })
}
