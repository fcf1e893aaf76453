//! The use cases of the ledger and its writer: the only room that changes points.

pub mod admin;
pub mod error;
pub mod ingest;
pub mod query;
mod upkeep;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::domain::catalog::records;
pub use crate::domain::sale::order::Wallet;
use crate::domain::value::ids::PartnerId;
pub use crate::ledger::admin::carry_over::{Destination, ImportItem, ImportOutcome};
pub use crate::ledger::admin::programs::{CurrencyChange, Put, unreadable_in};
pub use crate::ledger::admin::rebuild::{KeptGrant, KeptRedemption, PutBack};
pub use crate::ledger::admin::repair::ProgramFault;
pub use crate::ledger::admin::simulate::{Simulated, Simulation, simulate};
pub use crate::ledger::admin::verify::Report;
pub use crate::ledger::error::{LedgerError, Refused};
pub use crate::ledger::ingest::Ingestion;
pub use crate::ledger::query::history::HistoryPlace;
pub use crate::ledger::query::members::{MemberFilter, MemberPlace};
pub use crate::ledger::query::outlook::{Outlooks, ProgramOutlook, outlooks};
pub use crate::ledger::query::quote::QuoteAsk;
pub use crate::ledger::query::redemptions::{RedemptionFilter, RedemptionPlace, RedemptionState};
pub use crate::ledger::upkeep::Upkeep;
use crate::ledger::writer::batch::Context;
pub use crate::ledger::writer::command::{
    AdjustPoints, Answer, CallersCommand, CaptureHold, Command, Idempotency, PlaceHold, ReleaseHold, TransferMember,
    TransferReason,
};
use crate::ledger::writer::command::{RecomputeOrders, Requester};
use crate::ledger::writer::lane::Job;
use crate::ledger::writer::queue::{Lane, Lanes};
pub use crate::ledger::writer::reply::{CommandReply, HoldResult, Posted, Released, Transferred};
pub use crate::store::FencingToken;
use crate::store::connection::transaction::write_transaction;
pub use crate::store::table::exceptions::{ExceptionFilter, ExceptionPlace, Resolution};
use crate::store::table::placed::Stretch;
use crate::store::{self, DatabaseFault, Pool};
use records::Ingested;

/// What the ledger is told at start.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whose points an order's are.
    pub wallet: Wallet,
    /// How many loops write: one on SQLite, a few on PostgreSQL.
    pub writers: usize,
    /// How long a captured hold may wait for its paid order (`sync.capture_grace_hours`).
    pub capture_grace: Duration,
}

impl Options {
    /// What suits a database.
    #[must_use]
    pub const fn for_database(url: &store::DatabaseUrl, wallet: Wallet) -> Self {
        Self { wallet, writers: url.writers(), capture_grace: Duration::from_hours(72) }
    }

    /// The same with another grace for captured holds.
    #[must_use]
    pub const fn with_capture_grace(self, capture_grace: Duration) -> Self {
        Self { capture_grace, ..self }
    }
}

/// Orders, or accounts that time has done something to, that are written in one transaction at most.
pub const CHUNK: usize = writer::queue::CHUNK;

/// The ledger. Cheap to clone; the writer ends when the last clone is gone and all that was queued is written.
#[derive(Clone, Debug)]
pub struct Ledger {
    context: Arc<Context>,
    lanes: Arc<Lanes>,
}

/// The writer's threads, to wait for at the end.
#[derive(Debug)]
pub struct Writers(Vec<std::thread::JoinHandle<()>>);

impl Writers {
    /// Waits until all that was queued is written. To be called when every [`Ledger`] is dropped, off the
    /// asynchronous threads.
    pub fn join(self) {
        for thread in self.0 {
            if thread.join().is_err() {
                tracing::error!("a writer ended in a panic");
            }
        }
    }
}

impl Ledger {
    /// Starts the ledger on a migrated database.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] when no thread can be started.
    pub fn start(pool: Pool, options: Options) -> Result<(Self, Writers), LedgerError> {
        Self::start_with(pool, options, writer::batch::run)
    }

    fn start_with(pool: Pool, options: Options, run: writer::batch::Run) -> Result<(Self, Writers), LedgerError> {
        let context = Arc::new(Context {
            pool,
            run,
            options,
            programs: admin::programs::ProgramCache::default(),
            health: writer::lane::Health::default(),
        });
        let mut lanes = Lanes(Vec::new());
        let mut threads = Vec::new();
        for number in 0..options.writers.max(1) {
            let lane = Arc::new(Lane::default());
            lanes.0.push(Arc::clone(&lane));
            let context = Arc::clone(&context);
            let thread = std::thread::Builder::new()
                .name(format!("writer-{number}"))
                .spawn(move || writer::lane::run(&context, &lane))
                .map_err(|problem| LedgerError::Unavailable(format!("no thread for the writer: {problem}")))?;
            threads.push(thread);
        }
        Ok((Self { context, lanes: Arc::new(lanes) }, Writers(threads)))
    }

    fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The database, for reading.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.context.pool
    }

    /// Has one change made, and waits until it is committed or refused.
    ///
    /// # Errors
    /// As [`Ledger::reply`], but for a refusal, which is an answer here.
    pub(in crate::ledger) async fn execute(&self, command: impl Command) -> Result<Answer, LedgerError> {
        let busy = || LedgerError::Unavailable("the service is busy or stopping; please try again".to_owned());
        let group = command.group();
        let lanes = &self.lanes.0;
        let lane = usize::from(group).checked_rem(lanes.len()).and_then(|number| lanes.get(number)).ok_or_else(busy)?;
        let (answer, waiting) = oneshot::channel();
        if !lane.push(Job { command: Box::new(command), answer }) {
            return Err(busy());
        }
        // A writer that ended without an answer may have written.
        waiting.await.map_err(|_| LedgerError::Unwritten { fault: DatabaseFault::Other, in_doubt: true })?
    }

    /// Has one change made that a caller asks for, and waits until it is committed: what the caller is answered.
    ///
    /// # Errors
    /// [`LedgerError::Refused`]: nothing was done, and asking again gives the same.
    /// [`LedgerError::Unavailable`] when the queue is full or the service is stopping: nothing was done.
    /// [`LedgerError::Unwritten`] when the database failed: nothing was done, unless it says that this is in doubt;
    /// the same call again then gives the reply that was lost, or makes the change.
    pub async fn reply<C: CallersCommand>(&self, command: C) -> Result<C::Result, LedgerError> {
        let other = || LedgerError::Unavailable("the writer answered another question".to_owned());
        match self.execute(command).await? {
            Answer::Reply(Ok(reply)) => C::Result::try_from(reply).map_err(|_| other()),
            Answer::Reply(Err(refused)) => Err(LedgerError::Refused(refused)),
            Answer::Ingested(_) | Answer::Outdated => Err(other()),
        }
    }

    async fn ingested(&self, command: impl Command) -> Result<Ingested, LedgerError> {
        match self.execute(command).await? {
            Answer::Ingested(ingested) => Ok(ingested),
            Answer::Outdated => Err(LedgerError::Outdated),
            Answer::Reply(_) => Err(LedgerError::Unavailable("the writer answered another question".to_owned())),
        }
    }

    /// How many orders, or accounts, a command of the ledger's own work may bring now: fewer while tills wait for it.
    fn chunk(&self) -> usize {
        self.lanes.0.first().map_or(CHUNK, |lane| lane.chunk())
    }

    /// Has a long list written a chunk a transaction, in its order. What was written before a chunk that fails stays.
    async fn ingested_in_chunks<T, C: Command>(
        &self,
        mut all: Vec<T>,
        command: impl Fn(Vec<T>) -> C,
    ) -> Result<Ingested, LedgerError> {
        let mut done = Ingested::default();
        loop {
            let rest = all.split_off(all.len().min(self.chunk()));
            done.add(self.ingested(command(all)).await?);
            if rest.is_empty() {
                return Ok(done);
            }
            all = rest;
        }
    }

    /// Computes the orders again that a program's put for the past concerns. Returns how many entries that
    /// took. Work that was interrupted goes on where it stopped.
    ///
    /// # Errors
    /// As [`Ledger::reply`].
    pub async fn recompute(&self) -> Result<u64, LedgerError> {
        self.watch_programs().await?;
        let mut posted: u64 = 0;
        let wallet = self.context.options.wallet;
        loop {
            let chunk = i64::try_from(self.chunk()).unwrap_or(i64::MAX);
            let next = self
                .pool()
                .run(move |conn| {
                    let Some(work) = store::table::programs::next_recompute(conn)? else {
                        return Ok::<_, LedgerError>(None);
                    };
                    let after = work.after()?;
                    let of = match work.partner_id {
                        Some(member) => Some(ingest::wallets::owner_of(conn, wallet, PartnerId(member))?),
                        None => None,
                    };
                    let of = of.as_ref();
                    let since = Stretch { from_us: work.from_us, until_us: None };
                    let orders = store::table::placed::ids(conn, since, of, after, chunk)?;
                    let requester = Requester {
                        actor: work.requested_by.unwrap_or_else(|| Requester::default().actor),
                        reason: work.reason,
                    };
                    Ok(Some((work.id, requester, orders)))
                })
                .await?;
            let Some((work, requester, orders)) = next else { return Ok(posted) };
            let then_after = orders.last().copied();
            let done = self.ingested(RecomputeOrders { work, requester, orders, then_after }).await?;
            posted = posted.saturating_add(done.entries_posted);
        }
    }

    /// As [`Ledger::recompute`], after a change that stands already: what fails now is done by the housekeeping, and the
    /// caller is not told that nothing was done.
    async fn recompute_or_later(&self) {
        if let Err(problem) = self.recompute().await {
            tracing::warn!(error = %problem, "the orders that this concerns will be computed again later");
        }
    }

    /// Whether the database takes writes and is of this program's version, in words when not.
    ///
    /// # Errors
    /// What is wrong, in a sentence for anybody.
    pub async fn ready(&self) -> Result<(), String> {
        let asked = self
            .pool()
            .run(|conn| match store::connection::migrate::inspect(conn)? {
                store::connection::migrate::Schema::Current | store::connection::migrate::Schema::Ahead(_) => {
                    Ok(write_transaction(conn, store::connection::readiness::probe_write)?)
                }
                other => Err(LedgerError::Unavailable(format!("the schema is {other:?}"))),
            })
            .await;
        let Err(problem) = asked else {
            return self.context.health.database_fault().map_or(Ok(()), |fault| Err(fault.sentence().to_owned()));
        };
        let Some((fault, _)) = problem.database_fault() else {
            tracing::warn!(error = %problem, "not ready");
            return Err("the database is of another version".to_owned());
        };
        let fault = fault.looked_at_closely(self.pool().url());
        tracing::warn!(error = %problem, todo = fault.advice(self.pool().url()), "not ready: {}", fault.sentence());
        if fault.stays_in_connections() {
            self.pool().invalidate_connections();
        }
        Err(fault.sentence().to_owned())
    }
}

/// Counts and logs an exception, once it is committed.
fn announce(kind: &'static str, detail: &str) {
    tracing::warn!(kind, detail, "an exception waits for a manager");
    metrics::counter!("loyalty_exceptions_total", "kind" => kind).increment(1);
}
