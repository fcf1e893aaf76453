//! The writer: one loop that makes all changes.
//!
//! It takes what is queued, decides it in one transaction, commits, and only then answers. There is no
//! timer: the next batch is what queued during the last commit, so an idle service answers after one fsync
//! and a busy one shares it among many. What is taken next, [`super::queue`] says.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::batch::Context;
use super::command::{Answer, Command};
use super::queue::Lane;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::cache::WriterCache;
use crate::store::DatabaseFault;
use crate::store::connection::pool::PooledConnection;

/// How often a batch is tried when another writer was in its way.
const TRIES: u32 = 6;

/// For how long a fault that the writers met speaks against readiness, while none has written since. Then callers may
/// come again: without them nobody would learn that it is over.
const SPEAKS_FOR: Duration = Duration::from_secs(5);

/// What the writers last met. A row that is updated in place may be written while those that need new space may not.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Health(Mutex<Option<(Instant, DatabaseFault)>>);

impl Health {
    fn met(&self, fault: DatabaseFault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), fault));
    }

    fn is_well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A fault that speaks against readiness.
    pub fn database_fault(&self) -> Option<DatabaseFault> {
        let met = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.filter(|(at, _)| at.elapsed() < SPEAKS_FOR).map(|(_, fault)| fault)
    }
}

/// What a writer keeps at hand: a connection of its own, and what it knows by it.
#[derive(Default)]
struct WriterState {
    conn: Option<PooledConnection>,
    cache: WriterCache,
}

/// A command and the channel for its answer.
#[derive(Debug)]
pub(in crate::ledger) struct Job {
    pub command: Box<dyn Command>,
    pub answer: oneshot::Sender<Result<Answer, LedgerError>>,
}

/// Ends a lane when its writer ends, however that comes about: nobody waits for an answer that will not come.
struct Attended<'a>(&'a Lane);

impl Drop for Attended<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Runs until the lane is closed and empty.
pub(in crate::ledger) fn run(context: &Arc<Context>, lane: &Lane) {
    let attended = Attended(lane);
    let mut state = WriterState::default();
    while let Some(jobs) = attended.0.take() {
        metrics::histogram!("loyalty_writer_batch_commands").record(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        let started = Instant::now();
        for together in batches(jobs) {
            work(context, &mut state, together, false);
        }
        metrics::histogram!("loyalty_writer_batch_seconds").record(started.elapsed());
    }
    tracing::debug!("the writer has written everything and ends");
}

/// What is queued, in batches and in its order: a transfer has one of its own.
fn batches(jobs: Vec<Job>) -> Vec<Vec<Job>> {
    let mut batches: Vec<Vec<Job>> = Vec::new();
    let mut is_alone = true;
    for job in jobs {
        let alone = job.command.is_alone();
        match batches.last_mut() {
            Some(last) if !alone && !is_alone => last.push(job),
            _ => batches.push(vec![job]),
        }
        is_alone = alone;
    }
    batches
}

/// Has `jobs` written together; `doubted` when they may have been before.
fn work(context: &Arc<Context>, state: &mut WriterState, jobs: Vec<Job>, mut doubted: bool) {
    let (commands, callers): (Vec<Box<dyn Command>>, Vec<_>) =
        jobs.into_iter().map(|job| (job.command, job.answer)).unzip();
    let problem = match attempt(context, state, &commands, &mut doubted) {
        Ok(answers) => {
            context.health.is_well();
            for (caller, answer) in callers.into_iter().zip(answers) {
                // A caller that went away has its answer in the ledger.
                let _ = caller.send(Ok(answer));
            }
            return;
        }
        Err(problem) => problem,
    };
    let fault = problem.database_fault().map_or(DatabaseFault::Other, |(fault, _)| fault);
    let fault = fault.looked_at_closely(context.pool.url());
    if commands.len() > 1 && !fault.concerns_all() {
        // One of them may be at fault: each gets a transaction of its own, so that its neighbours commit.
        tracing::warn!(error = %problem, commands = commands.len(), "a batch failed and is tried one by one");
        for (command, answer) in commands.into_iter().zip(callers) {
            work(context, state, vec![Job { command, answer }], doubted);
        }
        return;
    }
    for (caller, command) in callers.into_iter().zip(&commands) {
        let outcome = if doubted { "it may have been done all the same" } else { "nothing of it was done" };
        tracing::error!(command = command.name(), error = %problem, outcome, "a command failed");
        metrics::counter!("loyalty_writer_failures_total", "command" => command.name()).increment(1);
        let _ = caller.send(Err(LedgerError::Unwritten { fault, in_doubt: doubted }));
    }
    if fault.concerns_all() {
        context.health.met(fault);
        tracing::error!(
            what = fault.sentence(),
            todo = fault.advice(context.pool.url()),
            "nothing can be written; the service goes on by itself once that is mended"
        );
    }
}

/// Tries a batch, again after a pause when another writer was in the way or the connection broke. `doubted` becomes
/// true when it may have been committed although it failed; trying again finds what was, by its key.
fn attempt(
    context: &Arc<Context>,
    state: &mut WriterState,
    commands: &[Box<dyn Command>],
    doubted: &mut bool,
) -> Result<Vec<Answer>, LedgerError> {
    let mut pause = Duration::from_millis(5);
    let mut tried = 1;
    loop {
        let problem = match once(context, state, commands) {
            Ok(answers) => return Ok(answers),
            Err(problem) => problem,
        };
        if let Some((fault, in_doubt)) = problem.database_fault() {
            *doubted |= in_doubt;
            if fault.stays_in_connections() {
                context.pool.invalidate_connections();
            }
        }
        match &problem {
            LedgerError::Store(failed) if failed.is_transient() && tried < TRIES => {
                tracing::debug!(error = %problem, tried, "a batch is tried again");
                std::thread::sleep(pause);
                pause = pause.saturating_mul(3);
                tried += 1;
            }
            _ => return Err(problem),
        }
    }
}

/// One transaction. A panic in it ends this batch and not the writer: diesel panics where SQLite reports a failing
/// disk once more while a statement is put away. Whether it came before or after the COMMIT is not known.
///
/// Whatever fails leaves nothing in the state: the connection goes back to the pool, which looks at it, and nothing that
/// was known is believed any more.
fn once(
    context: &Arc<Context>,
    state: &mut WriterState,
    commands: &[Box<dyn Command>],
) -> Result<Vec<Answer>, LedgerError> {
    let WriterState { conn, mut cache } = std::mem::take(state);
    let work = || {
        let mut conn = if let Some(own) = conn.filter(|conn| conn.still_holds().is_ok()) {
            own
        } else {
            cache = WriterCache::default();
            context.pool.get()?
        };
        let answers = (context.run)(context, &mut conn, &mut cache, commands)?;
        *state = WriterState { conn: Some(conn), cache };
        Ok(answers)
    };
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        context.pool.invalidate_connections();
        Err(LedgerError::Unwritten { fault: DatabaseFault::Other, in_doubt: true })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::batch;
    use super::super::command::{AdjustPoints, Idempotency};
    use super::super::queue::Lanes;
    use super::*;
    use crate::domain::ledger::decide::Correction;
    use crate::domain::program::Program;
    use crate::domain::value::ids::PartnerId;
    use crate::domain::value::points::Points;
    use crate::ledger::admin::programs::ProgramCache;
    use crate::ledger::{Ledger, Options, Wallet};
    use crate::store::connection::migrate;
    use crate::store::{AnyConnection, DatabaseUrl, Pool};

    /// Whoever is this one's has a panic in the middle of it.
    const UNLUCKY: PartnerId = PartnerId(13);

    /// A batch, as far as nobody in it is unlucky. What diesel panics over cannot be had at will.
    fn run_or_panic(
        context: &Context,
        conn: &mut AnyConnection,
        cache: &mut WriterCache,
        commands: &[Box<dyn Command>],
    ) -> Result<Vec<Answer>, LedgerError> {
        let customer = |command: &dyn Command| command.needs().account.map(|(customer, _)| customer);
        assert!(!commands.iter().any(|command| customer(command.as_ref()) == Some(UNLUCKY)), "a panic in a batch");
        batch::run(context, conn, cache, commands)
    }

    fn give(partner: i64) -> AdjustPoints {
        AdjustPoints {
            idempotency: Idempotency { key: format!("key {partner}"), params_sha256: "5a3e".into() },
            partner_id: PartnerId(partner),
            program: "club".into(),
            correction: Correction {
                points: Points::from_e2(500),
                reason: "a present".into(),
                on_behalf_of: None,
                cause: None,
                expiry: None,
            },
            actor: "test".into(),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_in_a_batch_is_answered_and_neither_its_neighbours_nor_the_writer_die_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("l.db").display())).unwrap();
        let pool = Pool::open(url.clone(), 4).unwrap();
        pool.run(migrate::migrate).await.unwrap();
        let options = Options::for_database(&url, Wallet::Contact);
        let (ledger, _writers) = Ledger::start(pool.clone(), options).unwrap();
        let club = Program::from_json(&json!({"code": "club", "name": "Club", "currency": "EUR"})).unwrap();
        ledger.programs().put(club, None, "test").await.unwrap();
        let context =
            Context { pool, run: run_or_panic, options, programs: ProgramCache::default(), health: Health::default() };

        let lane = Arc::new(Lane::default());
        let asked = Lanes(vec![Arc::clone(&lane)]);
        let ask = |partner| {
            let (answer, answered) = oneshot::channel();
            assert!(lane.push(Job { command: Box::new(give(partner)), answer }));
            answered
        };
        // All three wait before the writer begins: they are one batch.
        let (before, unlucky, after) = (ask(1), ask(UNLUCKY.0), ask(2));
        let writer = std::thread::spawn({
            let lane = Arc::clone(&lane);
            move || run(&Arc::new(context), &lane)
        });
        for neighbour in [before, after] {
            assert!(matches!(neighbour.await.unwrap(), Ok(Answer::Reply(Ok(_)))));
        }
        match unlucky.await.unwrap() {
            // Nobody knows how far it came.
            Err(LedgerError::Unwritten { in_doubt, .. }) => assert!(in_doubt),
            answer => panic!("{answer:?}"),
        }
        assert!(matches!(ask(3).await.unwrap(), Ok(Answer::Reply(Ok(_)))), "the writer goes on");
        drop(asked);
        writer.join().unwrap();
        assert_eq!(ledger.verify().await.unwrap().entries, 3);
    }
}
