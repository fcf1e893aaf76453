//! The writer: one loop that makes all changes.
//!
//! It takes what is queued, decides it in one transaction, commits, and only then answers. There is no
//! timer: the next batch is what queued during the last commit, so an idle service answers after one fsync
//! and a busy one shares it among many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::batch::{self, Context};
use super::command::{Answer, Command};
use super::reply::LedgerError;
use crate::store::StoreError;

/// Commands that are taken into one transaction at most: bounds how long a lock is held.
const BATCH_LIMIT: usize = 256;
/// How often a batch is tried when another writer was in its way.
const TRIES: u32 = 6;

/// A command and whoever waits for it.
pub(super) struct Job {
    pub command: Command,
    pub answer: oneshot::Sender<Result<Answer, LedgerError>>,
}

/// Runs until every sender is gone and the queue is empty.
pub(super) fn run(context: &Arc<Context>, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCH_LIMIT);
    while queue.blocking_recv_many(&mut jobs, BATCH_LIMIT) > 0 {
        metrics::histogram!("loyalty_writer_batch_commands").record(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        let started = Instant::now();
        work(context, std::mem::take(&mut jobs), false);
        metrics::histogram!("loyalty_writer_batch_seconds").record(started.elapsed());
    }
    tracing::debug!("the writer has written everything and ends");
}

fn work(context: &Arc<Context>, jobs: Vec<Job>, mut uncertain: bool) {
    let (commands, callers): (Vec<Command>, Vec<_>) = jobs.into_iter().map(|job| (job.command, job.answer)).unzip();
    match attempt(context, &commands, &mut uncertain) {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                // A caller that went away has its answer in the ledger.
                let _ = caller.send(Ok(answer));
            }
        }
        // When the database is away it is so for all of them: they are not made to wait one after the other.
        Err(problem) if commands.len() == 1 || is_away(&problem) => {
            for (caller, command) in callers.into_iter().zip(&commands) {
                metrics::counter!("loyalty_writer_failures_total", "command" => command.word()).increment(1);
                let answer = if uncertain {
                    tracing::error!(command = command.word(), error = %problem, "a command may or may not be committed");
                    LedgerError::Uncertain
                } else {
                    tracing::error!(command = command.word(), error = %problem, "a command failed; nothing of it was done");
                    LedgerError::Unavailable(
                        "the change could not be written; nothing was done, please try again".to_owned(),
                    )
                };
                let _ = caller.send(Err(answer));
            }
        }
        Err(problem) => {
            // One of them may be at fault: each gets a transaction of its own, so that its neighbours commit.
            tracing::warn!(error = %problem, commands = commands.len(), "a batch failed and is tried one by one");
            for (command, answer) in commands.into_iter().zip(callers) {
                work(context, vec![Job { command, answer }], uncertain);
            }
        }
    }
}

/// Whether no connection could be had, for which the pool has tried for some seconds.
const fn is_away(problem: &LedgerError) -> bool {
    matches!(problem, LedgerError::Store(StoreError::Unreachable(_)))
}

/// Tries a batch, again after a pause when another writer was in the way or the connection broke.
///
/// A commit whose answer was lost is tried again like any other: every command finds what it did before, by its key, its
/// hold or what was posted, and gets the one reply. `uncertain` stays behind when it never came to that.
fn attempt(context: &Arc<Context>, commands: &[Command], uncertain: &mut bool) -> Result<Vec<Answer>, LedgerError> {
    let mut pause = Duration::from_millis(5);
    let mut tried = 1;
    loop {
        let result =
            context.pool.get().map_err(LedgerError::from).and_then(|mut conn| batch::run(context, &mut conn, commands));
        *uncertain |= matches!(result, Err(LedgerError::Store(StoreError::Uncertain(_))));
        match result {
            Err(problem) if is_away(&problem) => return Err(problem),
            Err(LedgerError::Store(problem)) if problem.is_transient() && tried < TRIES => {
                tracing::debug!(error = %problem, tried, "a batch is tried again");
                std::thread::sleep(pause);
                pause = pause.saturating_mul(3);
                tried += 1;
            }
            other => return other,
        }
    }
}
