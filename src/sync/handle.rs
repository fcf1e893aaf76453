//! What the rest of the service asks of sync: a pass, a status, a partner, and hints that orders have changed.

use std::sync::{Arc, PoisonError};

use super::PassReport;
use super::error::SyncError;
use super::pass::PassKind;
use super::shared::Shared;
use super::status::SyncState;
use crate::domain::catalog::records::{CatalogRecords, Partner};
use crate::domain::sync_status::SyncStatus;
use crate::domain::value::ids::{OrderId, PartnerId};
use crate::odoo::read::catalog;
use crate::store::FencingToken;
use crate::store::table::{cursors, findings, orders};

/// The most orders that wait after a notification. More come with the next pass: polling is the truth.
const MOST_NOTIFIED: usize = 10_000;
/// How often a pass that somebody asked for is begun when another process overtakes it.
const PASSES_TRIED: u32 = 3;

/// What other rooms use of sync; cheap to clone.
#[derive(Clone)]
pub struct SyncHandle {
    pub(super) shared: Arc<Shared>,
}

impl SyncHandle {
    /// A whole pass of its own, after the one that may be running; from the beginning and with a sweep when `full`.
    ///
    /// # Errors
    /// [`SyncError`] when it ended early; nothing is lost by that.
    pub async fn run(&self, full: bool) -> Result<PassReport, SyncError> {
        self.run_as(if full { PassKind::Full } else { PassKind::Asked }).await
    }

    /// As a full [`SyncHandle::run`], without the limit on withdrawals: everything that Odoo no longer has is taken back.
    ///
    /// # Errors
    /// As [`SyncHandle::run`].
    pub async fn run_accepting(&self) -> Result<PassReport, SyncError> {
        self.run_as(PassKind::Accepting).await
    }

    async fn run_as(&self, kind: PassKind) -> Result<PassReport, SyncError> {
        self.shared.link.forget_refusal().await;
        for _ in 1..PASSES_TRIED {
            match self.shared.pass(kind, None).await {
                // Not for want of Odoo: the lease is waited for again.
                Err(SyncError::Overtaken) => {
                    tracing::info!("the pass was overtaken by another process and is made again");
                }
                outcome => return outcome,
            }
        }
        self.shared.pass(kind, None).await
    }

    /// Gives up reading to other processes: for one that ends.
    pub async fn leave(&self) {
        self.shared.lease.give_back().await;
    }

    /// A hint that these orders changed: they are read at once. How many are queued because of it.
    pub fn notify(&self, orders: impl IntoIterator<Item = OrderId>) -> usize {
        let mut queued = 0;
        {
            let mut notified = self.shared.notified.lock().unwrap_or_else(PoisonError::into_inner);
            for order in orders {
                if notified.len() < MOST_NOTIFIED && order.0 > 0 && notified.insert(order) {
                    queued += 1;
                }
            }
        }
        self.shared.wake.notify_one();
        queued
    }

    /// How sync is doing.
    ///
    /// # Errors
    /// [`SyncError::Database`] when the database cannot say.
    pub async fn state(&self) -> Result<SyncState, SyncError> {
        let database = &self.shared.database;
        let kept = database.pass_state().await?;
        self.shared.board.refresh(&kept);
        let brief = self.brief_state();
        let status = SyncStatus {
            running: brief.status.running || kept.running,
            ignored_orders: u64::try_from(database.run(orders::count_ignored).await?).unwrap_or_default(),
            cursors: database.run(cursors::load).await?,
            findings: database.run(findings::load).await?,
            ..brief.status
        };
        Ok(SyncState { status, ..brief })
    }

    /// How sync is doing, without asking the ledger: for health checks.
    #[must_use]
    pub fn brief_state(&self) -> SyncState {
        let known = self.shared.board.state();
        SyncState { odoo_version: self.shared.link.server_version().or(known.odoo_version.clone()), ..known }
    }

    /// Asks Odoo for one partner and keeps it; `None` when Odoo has none of that id that we may see.
    ///
    /// # Errors
    /// [`SyncError`] when Odoo cannot be asked, at once while a refused login pauses reading.
    pub async fn fetch_partner(&self, id: PartnerId) -> Result<Option<Partner>, SyncError> {
        let shared = &self.shared;
        let session = shared.link.session().await?;
        let token = FencingToken::begin(None);
        let found = match catalog::read_partner(&session, id).await {
            Ok(found) => found,
            Err(fault) => {
                if fault.is_refusal() {
                    shared.link.failed(&fault).await;
                }
                return Err(fault.into());
            }
        };
        if let Some(partner) = &found {
            let records = CatalogRecords { partners: vec![partner.clone()], ..CatalogRecords::default() };
            shared.ledger.ingestion().put_catalog(records, token).await?;
        }
        Ok(found)
    }
}
