//! The driver: one pass at a time, on an interval, on demand, and at once for orders somebody tells us about.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{Mutex, Notify};

use crate::domain::ids::{OrderId, PartnerId};
use crate::domain::shop::{Partner, ShopRecords};
use crate::odoo::orders::ShopRules;
use crate::odoo::{Fault, Link, Session, shop};

use super::error::SyncError;
use super::ledger::SyncLedger;
use super::pass::{Kind, Pass};
use super::status::{Board, SyncStatus};
use super::window::Stillness;
use super::{PassReport, SyncSettings};

/// The most orders that wait after a notification. More come with the next pass: polling is the truth.
const MOST_NOTIFIED: usize = 10_000;

/// What everybody shares.
pub(super) struct Shared {
    pub ledger: Arc<dyn SyncLedger>,
    pub link: Arc<Link>,
    pub settings: SyncSettings,
    pub board: Board,
    /// Whoever reads orders holds this: one pass at a time, and what is read later is taken in later.
    work: Mutex<Work>,
    notified: Lock<BTreeSet<OrderId>>,
    wake: Notify,
}

/// What is remembered from pass to pass.
#[derive(Default)]
pub(super) struct Work {
    pub stillness: Stillness,
    /// The shop's rules, and the session they were read in.
    rules: Option<(Arc<Session>, Arc<ShopRules>)>,
}

impl Shared {
    /// The orders somebody told us about, each once.
    pub fn take_notified(&self) -> BTreeSet<OrderId> {
        std::mem::take(&mut *self.notified.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn open<'a>(&'a self, work: &mut Work) -> Result<Pass<'a>, SyncError> {
        let session = self.link.session().await?;
        let rules = match &work.rules {
            Some((of, rules)) if Arc::ptr_eq(of, &session) => Arc::clone(rules),
            _ => {
                let rules = Arc::new(ShopRules::read(&session, self.settings.page_size).await?);
                let neutral_products = Some(rules.neutral_products());
                let records = ShopRecords { neutral_products, ..ShopRecords::default() };
                self.ledger.put_shop(records).await.map_err(SyncError::Ledger)?;
                work.rules = Some((Arc::clone(&session), Arc::clone(&rules)));
                rules
            }
        };
        Ok(Pass::new(self, session, rules))
    }

    async fn pass(&self, kind: Kind) -> Result<PassReport, SyncError> {
        let mut work = self.work.lock().await;
        let _running = self.board.running();
        let began = Utc::now();
        // A tip product or a gift card may be new since the pass before.
        work.rules = None;
        let outcome = async {
            let mut pass = self.open(&mut work).await?;
            pass.run(&mut work, kind).await?;
            Ok(pass.report)
        }
        .await;
        match &outcome {
            Ok(report) => {
                if *report == PassReport::default() {
                    tracing::debug!(?kind, "a pass found nothing");
                } else {
                    let PassReport { orders_read, orders_changed, entries_posted } = report;
                    tracing::debug!(?kind, orders_read, orders_changed, entries_posted, "a pass is complete");
                }
                self.board.succeeded(began, *report);
            }
            Err(error) => self.note(error).await,
        }
        outcome
    }

    /// Reads the orders somebody told us about, now.
    async fn read_notified(&self) -> Result<PassReport, SyncError> {
        let mut work = self.work.lock().await;
        let outcome = async {
            let mut pass = self.open(&mut work).await?;
            pass.read_notified().await?;
            Ok(pass.report)
        }
        .await;
        if let Err(error) = &outcome {
            self.note(error).await;
        }
        outcome
    }

    async fn note(&self, error: &SyncError) {
        tracing::warn!(kind = error.kind(), "reading Odoo ended early: {error}");
        if let SyncError::Odoo(fault) = error {
            self.link.failed(fault).await;
        }
        self.board.failed(error);
    }
}

/// Keeps the ledger in step with Odoo.
pub struct SyncService {
    shared: Arc<Shared>,
}

/// For everybody who wants something of sync; cheap to clone.
#[derive(Clone)]
pub struct SyncHandle {
    shared: Arc<Shared>,
}

impl SyncService {
    /// Between this ledger and this Odoo. Nothing is read yet.
    #[must_use]
    pub fn new(ledger: Arc<dyn SyncLedger>, link: Arc<Link>, mut settings: SyncSettings) -> Self {
        settings.page_size = settings.page_size.max(1);
        let shared = Shared {
            ledger,
            link,
            settings,
            board: Board::default(),
            work: Mutex::default(),
            notified: Lock::default(),
            wake: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A handle on it.
    #[must_use]
    pub fn handle(&self) -> SyncHandle {
        SyncHandle { shared: Arc::clone(&self.shared) }
    }

    /// Passes with a pause of `interval` between them, and orders somebody tells us about at once, until `shutdown`.
    ///
    /// Ends at once on `shutdown`, whatever Odoo does: an interrupted pass has moved no cursor. While a refused login
    /// pauses reading, Odoo is asked nothing.
    pub async fn serve(&self, interval: Duration, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            () = self.keep_passing(interval) => {}
        }
    }

    async fn keep_passing(&self, interval: Duration) {
        loop {
            if !self.shared.link.is_paused().await {
                // How it went stands in the status; the next interval tries again.
                let _ = self.shared.pass(Kind::Background).await;
            }
            let pause = tokio::time::sleep(interval);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    () = self.shared.wake.notified() => {
                        if !self.shared.link.is_paused().await {
                            let _ = self.shared.read_notified().await;
                        }
                    }
                }
            }
        }
    }
}

impl SyncHandle {
    /// A whole pass of its own, after the one that may be running; from the beginning and with a sweep when `full`.
    ///
    /// # Errors
    /// [`SyncError`] when it ended early; nothing is lost by that.
    pub async fn run(&self, full: bool) -> Result<PassReport, SyncError> {
        self.shared.link.forget_refusal().await;
        self.shared.pass(if full { Kind::Full } else { Kind::Asked }).await
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
    /// [`SyncError::Ledger`] when the ledger cannot say.
    pub async fn status(&self) -> Result<SyncStatus, SyncError> {
        Ok(SyncStatus {
            ignored_orders: self.shared.ledger.ignored_orders().await.map_err(SyncError::Ledger)?,
            cursors: self.shared.ledger.cursors().await.map_err(SyncError::Ledger)?,
            ..self.brief_status()
        })
    }

    /// How sync is doing, without asking the ledger: for health checks.
    #[must_use]
    pub fn brief_status(&self) -> SyncStatus {
        SyncStatus { odoo_version: self.shared.link.server_version(), ..self.shared.board.status() }
    }

    /// Asks Odoo for one partner and keeps it; `None` when Odoo has none of that id that we may see.
    ///
    /// # Errors
    /// [`SyncError`] when Odoo cannot be asked, at once while a refused login pauses reading.
    pub async fn fetch_partner(&self, id: PartnerId) -> Result<Option<Partner>, SyncError> {
        let shared = &self.shared;
        let session = shared.link.session().await?;
        let found = match shop::read_partner(&session, id).await {
            Ok(found) => found,
            Err(fault) => {
                if matches!(fault, Fault::AccessDenied { .. }) {
                    shared.link.failed(&fault).await;
                }
                return Err(fault.into());
            }
        };
        if let Some(partner) = &found {
            let records = ShopRecords { partners: vec![partner.clone()], ..ShopRecords::default() };
            shared.ledger.put_shop(records).await.map_err(SyncError::Ledger)?;
        }
        Ok(found)
    }
}
