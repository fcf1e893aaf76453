//! What the driver and its handles share: how a pass is made, and what every process is told of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify};

use super::database::SyncDatabase;
use super::error::SyncError;
use super::lease::{Granted, LeaseKeeper};
use super::login::Login;
use super::pass::{Pass, PassKind};
use super::passes::PassEnd;
use super::status::StatusBoard;
use super::window::QuietPeriods;
use super::{PassReport, SyncSettings};
use crate::domain::catalog::records::CatalogRecords;
use crate::domain::value::ids::OrderId;
use crate::ledger::Ledger;
use crate::odoo::read::pos_orders::ShopRules;
use crate::odoo::{Link, Session};
use crate::store::FencingToken;

/// How long the shop's rules are believed between passes: a process without the lease makes none.
const RULES_HOLD: Duration = Duration::from_mins(1);

/// What the driver and its handles share.
pub(super) struct Shared {
    pub ledger: Ledger,
    pub database: SyncDatabase,
    pub link: Arc<Link>,
    pub settings: SyncSettings,
    pub board: StatusBoard,
    pub login: Login,
    pub lease: LeaseKeeper,
    /// Held while orders are read: one pass at a time, so that orders are taken in as they were read.
    pub work: Mutex<Work>,
    pub notified: Lock<BTreeSet<OrderId>>,
    pub wake: Notify,
}

/// What is remembered from pass to pass.
#[derive(Default)]
pub(super) struct Work {
    pub quiet: QuietPeriods,
    rules: Option<CachedRules>,
    /// When a pass was last complete.
    complete: Option<Instant>,
}

/// The shop's rules, the session they were read in, and when.
struct CachedRules {
    of: Arc<Session>,
    rules: Arc<ShopRules>,
    read: Instant,
}

impl Shared {
    /// The orders that were notified, each once.
    pub fn take_notified(&self) -> BTreeSet<OrderId> {
        std::mem::take(&mut *self.notified.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn open<'a>(&'a self, work: &mut Work, term: Option<i64>) -> Result<Pass<'a>, SyncError> {
        let session = self.link.session().await?;
        self.board.reached(session.version());
        self.login.accepted(&session).await;
        let rules = match &work.rules {
            Some(kept) if Arc::ptr_eq(&kept.of, &session) && kept.read.elapsed() < RULES_HOLD => {
                Arc::clone(&kept.rules)
            }
            _ => {
                let (token, read) = (FencingToken::begin(term), Instant::now());
                let rules = Arc::new(ShopRules::read(&session, self.settings.page_size).await?);
                let neutral_products = Some(rules.neutral_products());
                let records = CatalogRecords { neutral_products, ..CatalogRecords::default() };
                self.ledger.ingestion().put_catalog(records, token).await?;
                work.rules = Some(CachedRules { of: Arc::clone(&session), rules: Arc::clone(&rules), read });
                rules
            }
        };
        Ok(Pass::new(self, session, rules, term))
    }

    /// A whole pass under the lease: at once or not at all in the background; else as soon as the lease can be had.
    /// One that is `due` since some time is not made when a complete one has ended since: it has read what this one would.
    pub async fn pass(&self, kind: PassKind, due: Option<Instant>) -> Result<PassReport, SyncError> {
        let mut work = self.work.lock().await;
        if due.is_some_and(|due| work.complete.is_some_and(|ended| ended >= due)) {
            return Ok(PassReport::default());
        }
        let granted = match kind {
            PassKind::Background => self.lease.ask(true).await.and_then(|granted| granted.ok_or(SyncError::Overtaken)),
            PassKind::Asked | PassKind::Full | PassKind::Accepting => self.lease.wait().await,
        };
        let granted = match granted {
            Ok(granted) => granted,
            Err(error) => {
                self.note(&error).await;
                return Err(error);
            }
        };
        let _running = self.board.running();
        // A tip product or a gift card may be new since the pass before.
        work.rules = None;
        let whole = async {
            let mut pass = self.open(&mut work, Some(granted.term)).await?;
            pass.run(&mut work, kind).await?;
            Ok(pass.report)
        };
        let outcome = tokio::select! {
            outcome = whole => outcome,
            () = self.lease.keep() => Err(SyncError::Overtaken),
        };
        match &outcome {
            Ok(report) => {
                log_report(*report, "a pass over Odoo is complete");
                StatusBoard::succeeded(*report);
                work.complete = Some(Instant::now());
            }
            Err(error) => self.note(error).await,
        }
        self.publish(&granted, &outcome).await;
        // Another process may reach Odoo where this one cannot, and one that waits for the lease gets it after each pass.
        if matches!(outcome, Err(SyncError::Odoo(_))) || self.lease.is_wanted().await {
            self.lease.give_back().await;
        }
        outcome
    }

    /// Leaves how a pass went where every process finds it. One that was overtaken leaves that to the other.
    async fn publish(&self, granted: &Granted, outcome: &Result<PassReport, SyncError>) {
        let error = match outcome {
            Err(SyncError::Overtaken) => return,
            outcome => outcome.as_ref().err().map(SyncError::to_string),
        };
        let end = PassEnd {
            who: self.lease.who().to_owned(),
            began_at: granted.at,
            error,
            odoo_reachable: !matches!(outcome, Err(SyncError::Odoo(_))),
            odoo_version: self.link.server_version(),
            login: self.login.outcome(outcome.as_ref().err()),
        };
        match self.database.end_pass(end).await {
            Ok(state) => {
                self.board.refresh(&state);
                if let Some(last) = &state.last {
                    self.login.warn_of(last.login.key_end);
                    if let Some(refusal) = self.link.refused_since().await.filter(|_| last.login.refused) {
                        self.login.refused(refusal, state.now);
                    }
                }
            }
            Err(problem) => tracing::warn!(error = %problem, "how the pass went could not be kept"),
        }
    }

    /// Reads the orders that were notified, now.
    ///
    /// The process that was notified reads them, with the lease or without: a till waits for its points. Two processes may
    /// read one order side by side. Nothing is posted twice: both lock the order's row, and each posts what is missing
    /// then. If the older reading is written last, the lease's holder corrects it: its windows reach back further than a
    /// reading without the lease may be old.
    pub async fn read_notified(&self) -> Result<PassReport, SyncError> {
        let mut work = self.work.lock().await;
        let outcome = async {
            let mut pass = self.open(&mut work, self.lease.term()).await?;
            pass.read_notified().await?;
            pass.all_taken_in()?;
            Ok(pass.report)
        }
        .await;
        match &outcome {
            Ok(report) => log_report(*report, "orders that a till told of were read"),
            Err(error) => self.note(error).await,
        }
        outcome
    }

    async fn note(&self, error: &SyncError) {
        if matches!(error, SyncError::Overtaken) {
            tracing::debug!("another process reads Odoo");
            return;
        }
        tracing::warn!(kind = error.kind(), "reading Odoo ended early: {error}");
        if let SyncError::Odoo(fault) = error {
            self.link.failed(fault).await;
            if fault.is_refusal() {
                tracing::warn!(
                    "Odoo is asked nothing for sync.denied_pause_seconds, so that it does not lock this address out; \
                     another key in odoo.api_key_file, or `loyalty-sidecar doctor` or `sync` that logs in, ends that"
                );
            }
        }
        self.board.failed(error);
    }

    /// Whether Odoo is left alone because it refused the login. Another key in the key's file ends that, and so does a
    /// process beside this one that has logged in.
    pub async fn is_paused(&self) -> bool {
        let Some(refusal) = self.link.refused_since().await else { return false };
        match self.database.pass_state().await {
            Ok(state) if self.login.may_be_over(refusal, &state) => {
                tracing::info!("another process has logged in to Odoo: the login is tried again");
                self.link.forget_refusal().await;
                false
            }
            _ => true,
        }
    }

    /// What the process that reads has said of it.
    pub async fn refresh(&self) {
        match self.database.pass_state().await {
            Ok(state) => self.board.refresh(&state),
            Err(problem) => tracing::debug!(error = %problem, "how reading goes cannot be looked up"),
        }
    }
}

/// Logs what reading did. What changed nothing is no news: a pass is made every few seconds.
fn log_report(report: PassReport, what: &'static str) {
    let PassReport { orders_read, orders_changed, entries_posted } = report;
    if orders_changed == 0 && entries_posted == 0 {
        tracing::debug!(orders_read, "{what}; nothing has changed");
    } else {
        tracing::info!(orders_read, orders_changed, entries_posted, "{what}");
    }
}
