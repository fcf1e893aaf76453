//! Which process reads Odoo: this one, while it holds the lease.
//!
//! The lease's row in the database decides. What is kept here is when it was last renewed, by a clock that nobody sets,
//! so that a process that was stopped for a while does not believe in a lease that has run out meanwhile. Even if it did:
//! what it then writes carries the lease's term, and the ledger refuses a term that is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::domain::lease::LeaseAnswer;

use super::error::SyncError;
use crate::sync::ledger_port::{LeaseAsk, SyncLedger};
use crate::sync::process_id;

/// How often a process that waits for the lease asks again.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How often a holder that is not reading looks whether somebody wants the lease.
const LOOK_ROUND: Duration = Duration::from_secs(1);

/// The lease, as this process has it or not.
pub(super) struct Lease {
    ledger: Arc<dyn SyncLedger>,
    lasts: Duration,
    who: String,
    held: Mutex<Option<Held>>,
}

#[derive(Clone, Copy)]
struct Held {
    term: i64,
    /// When the last renewal was sent off, which is before it was granted.
    renewed: Instant,
}

/// The lease was had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Granted {
    /// Its term.
    pub term: i64,
    /// The database's time.
    pub at: DateTime<Utc>,
    /// Whether its last holder ended without giving it back: nobody knows how far it had come.
    pub left_behind: bool,
}

impl Lease {
    pub fn new(ledger: Arc<dyn SyncLedger>, lasts: Duration) -> Self {
        Self { ledger, lasts, who: process_id::name(), held: Mutex::default() }
    }

    /// What this process calls itself.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// How often it is to be renewed, or asked for: several times in its length.
    pub fn beat(&self) -> Duration {
        self.lasts / 3
    }

    /// Its term, while it is certainly ours.
    pub fn term(&self) -> Option<i64> {
        self.held().filter(|held| held.renewed.elapsed() < self.lasts).map(|held| held.term)
    }

    fn held(&self) -> Option<Held> {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, held: Option<Held>) {
        let before = std::mem::replace(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner), held);
        if before.is_some() != held.is_some() {
            metrics::gauge!("loyalty_sync_leader").set(if held.is_some() { 1.0 } else { 0.0 });
            tracing::info!(reads = held.is_some(), "which process reads Odoo has changed for this one");
        }
    }

    /// Takes it when it is free, or renews it; `None` when another process has it. `busy` says that a pass begins.
    ///
    /// # Errors
    /// [`SyncError::Ledger`] when the database cannot be asked.
    pub async fn ask(&self, busy: bool) -> Result<Option<Granted>, SyncError> {
        self.send(busy, false).await
    }

    /// Waits until it is had: its holder gives it up after its pass.
    ///
    /// # Errors
    /// [`SyncError::Ledger`] when the database cannot be asked.
    pub async fn wait(&self) -> Result<Granted, SyncError> {
        let mut told = false;
        loop {
            if let Some(granted) = self.send(true, true).await? {
                return Ok(granted);
            }
            if !std::mem::replace(&mut told, true) {
                tracing::info!("another process reads Odoo; waiting until it has finished its pass");
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn send(&self, busy: bool, wish: bool) -> Result<Option<Granted>, SyncError> {
        let renewed = Instant::now();
        let ask = LeaseAsk { who: self.who.clone(), lasts: self.lasts, wish, busy, is_gone: process_id::is_gone };
        let (asked, at) = self.ledger.ask_lease(ask).await.map_err(SyncError::Ledger)?;
        Ok(match asked {
            LeaseAnswer::Held { term, left_behind } => {
                self.set(Some(Held { term, renewed }));
                Some(Granted { term, at, left_behind })
            }
            LeaseAnswer::Taken => {
                self.set(None);
                None
            }
        })
    }

    /// Renews it until it is another's. While the database is too busy to say, the pass goes on: should the lease have
    /// moved meanwhile, the ledger refuses what was read under it.
    pub async fn keep(&self) {
        let mut pause = self.beat();
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.ask(false).await {
                Ok(Some(_)) => self.beat(),
                Ok(None) => return,
                Err(problem) => {
                    tracing::warn!(error = %problem, "the lease of whoever reads Odoo could not be renewed");
                    LOOK_ROUND.min(self.beat())
                }
            };
        }
    }

    /// Resolves when it is ours and another process wants it.
    pub async fn wanted(&self) {
        loop {
            tokio::time::sleep(LOOK_ROUND).await;
            if self.is_wanted().await {
                return;
            }
        }
    }

    /// Whether it is ours and another process wants it.
    pub async fn is_wanted(&self) -> bool {
        if self.held().is_none() {
            return false;
        }
        // Who cannot be asked now wants nothing now.
        self.ledger.lease_is_wanted(self.who.clone()).await.unwrap_or(false)
    }

    /// Gives it back, if it is ours: another need not wait until it runs out.
    pub async fn give_back(&self) {
        if self.held().is_none() {
            return;
        }
        self.set(None);
        if let Err(problem) = self.ledger.give_back_lease(self.who.clone()).await {
            tracing::debug!(error = %problem, "the lease was not given back; it runs out");
        }
    }
}
