//! The driver: one pass at a time, on an interval, on demand, and at once for orders somebody tells us about. Of several
//! processes on one database, the one that holds the lease passes.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify};

use crate::domain::catalog::records::{CatalogRecords, Partner};
use crate::domain::sync_status::SyncStatus;
use crate::domain::value::ids::{OrderId, PartnerId};
use crate::ledger::Ledger;
use crate::odoo::read::catalog;
use crate::odoo::read::pos_orders::ShopRules;
use crate::odoo::{Link, Session};

use super::database::SyncDatabase;
use super::error::SyncError;
use super::lease::{Granted, LeaseKeeper};
use super::login::Login;
use super::pass::{Pass, PassKind};
use super::passes::PassEnd;
use super::status::{StatusBoard, SyncState};
use super::window::QuietPeriods;
use super::{PassReport, SyncSettings};
use crate::store::FencingToken;
use crate::store::table::{cursors, findings, orders};

/// The most orders that wait after a notification. More come with the next pass: polling is the truth.
const MOST_NOTIFIED: usize = 10_000;

/// How long the shop's rules are believed between passes: a process without the lease makes none.
const RULES_HOLD: Duration = Duration::from_mins(1);
/// How long the end of the service waits for the lease to be given back.
const GIVING_BACK: Duration = Duration::from_millis(800);
/// How often a pass that somebody asked for is begun when another process overtakes it.
const PASSES_TRIED: u32 = 3;

/// What everybody shares.
pub(super) struct Shared {
    pub ledger: Ledger,
    pub database: SyncDatabase,
    pub link: Arc<Link>,
    pub settings: SyncSettings,
    pub board: StatusBoard,
    login: Login,
    lease: LeaseKeeper,
    /// Whoever reads orders holds this: one pass at a time, and what is read later is taken in later.
    work: Mutex<Work>,
    notified: Lock<BTreeSet<OrderId>>,
    wake: Notify,
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
    /// The orders somebody told us about, each once.
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
                self.ledger.put_shop(records, token).await?;
                work.rules = Some(CachedRules { of: Arc::clone(&session), rules: Arc::clone(&rules), read });
                rules
            }
        };
        Ok(Pass::new(self, session, rules, term))
    }

    /// A whole pass under the lease: at once or not at all in the background; else as soon as the lease can be had.
    /// One that is `due` since some time is not made when a complete one has ended since: it has read what this one would.
    async fn pass(&self, kind: PassKind, due: Option<Instant>) -> Result<PassReport, SyncError> {
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
        // Where this process cannot reach Odoo, another may. And nobody is kept waiting for a second pass.
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

    /// Reads the orders somebody told us about, now.
    ///
    /// Whoever was told reads, with the lease or without: a till waits for its points. Two processes may then read one
    /// order side by side, which posts nothing twice: both lock the order's row, and each posts what is lacking then. That
    /// the older of two readings comes last is put right by the lease's holder, whose windows reach back further than a
    /// reading without the lease may be old.
    async fn read_notified(&self) -> Result<PassReport, SyncError> {
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
    async fn is_paused(&self) -> bool {
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
    async fn refresh(&self) {
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
    pub fn new(ledger: Ledger, link: Arc<Link>, mut settings: SyncSettings) -> Self {
        settings.page_size = settings.page_size.max(1);
        let database = SyncDatabase(ledger.pool().clone());
        let shared = Shared {
            lease: LeaseKeeper::new(database.clone(), settings.lease),
            ledger,
            database,
            link,
            settings,
            board: StatusBoard::default(),
            login: Login::default(),
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

    /// Passes with a pause of `interval` between them while this process has the lease, and orders somebody tells us about
    /// at once, until `shutdown`. When another process left the lease behind, the next pass is at once.
    ///
    /// Ends at once on `shutdown`, whatever Odoo does: an interrupted pass has moved no cursor. While a refused login
    /// pauses reading, Odoo is asked nothing.
    pub async fn serve(&self, interval: Duration, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            () = self.keep_passing(interval) => {}
        }
        if tokio::time::timeout(GIVING_BACK, self.shared.lease.give_back()).await.is_err() {
            tracing::debug!("the database did not take the lease back in time; it runs out");
        }
    }

    async fn keep_passing(&self, interval: Duration) {
        let shared = &self.shared;
        let mut next = Instant::now();
        let mut was_paused = false;
        loop {
            let is_paused = shared.is_paused().await;
            if was_paused && !is_paused {
                next = Instant::now();
            }
            was_paused = is_paused;
            // How it went stands in the status; the next interval tries again.
            let granted = shared.lease.ask(false).await.unwrap_or(None);
            let is_due = next <= Instant::now();
            if granted.is_none() {
                shared.refresh().await;
            } else if (is_due || granted.is_some_and(|granted| granted.left_behind)) && !is_paused {
                let _ = shared.pass(PassKind::Background, Some(next)).await;
                next = Instant::now() + interval;
            }
            if next <= Instant::now() {
                next = Instant::now() + interval;
            }
            let until = next.min(Instant::now() + shared.lease.beat());
            let pause = tokio::time::sleep_until(until.into());
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    () = shared.wake.notified() => {
                        if !shared.link.is_paused().await {
                            let _ = shared.read_notified().await;
                        }
                    }
                    () = shared.lease.wanted() => {
                        // While somebody of this process reads, it is not to be had: the end of that pass looks again.
                        if let Ok(_nobody_reads) = shared.work.try_lock() {
                            shared.lease.give_back().await;
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
        self.run_as(if full { PassKind::Full } else { PassKind::Asked }).await
    }

    /// As a full [`SyncHandle::run`], which takes back whatever is not in Odoo as it was, however much that is.
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
            shared.ledger.put_shop(records, token).await?;
        }
        Ok(found)
    }
}
