//! Which process reads Odoo: this one, while it holds the lease.
//!
//! The lease's row in the database decides. What is kept here is when it was last renewed, by a clock that nobody sets,
//! so that a process that was stopped for a while does not believe in a lease that has run out meanwhile. Even if it did:
//! what it then writes carries the lease's term, and the ledger refuses a term that is over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::database::SyncDatabase;
use super::error::SyncError;
use super::process_id;
use crate::domain::lease::{LeaseAnswer, LeaseRequest};
use crate::store::connection::clock::database_now;
use crate::store::table::leases::{self, READING};
use crate::store::{AnyConnection, StoreError};

/// How often a process that waits for the lease asks again.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How often a holder that is not reading looks whether somebody wants the lease.
const LOOK_ROUND: Duration = Duration::from_secs(1);

/// The lease, as this process has it or not.
pub(super) struct LeaseKeeper {
    database: SyncDatabase,
    lasts: Duration,
    who: String,
    held: Mutex<Option<HeldTerm>>,
}

#[derive(Clone, Copy)]
struct HeldTerm {
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

impl LeaseKeeper {
    pub fn new(database: SyncDatabase, lasts: Duration) -> Self {
        Self { database, lasts, who: process_id::name(), held: Mutex::default() }
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

    fn held(&self) -> Option<HeldTerm> {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, held: Option<HeldTerm>) {
        let before = std::mem::replace(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner), held);
        if before.is_some() != held.is_some() {
            metrics::gauge!("loyalty_sync_leader").set(if held.is_some() { 1.0 } else { 0.0 });
            tracing::info!(reads = held.is_some(), "which process reads Odoo has changed for this one");
        }
    }

    /// Takes it when it is free, or renews it; `None` when another process has it. `busy` says that a pass begins.
    ///
    /// # Errors
    /// [`SyncError::Database`] when the database cannot be asked.
    pub async fn ask(&self, busy: bool) -> Result<Option<Granted>, SyncError> {
        self.send(busy, false).await
    }

    /// Waits until it is had: its holder gives it up after its pass.
    ///
    /// # Errors
    /// [`SyncError::Database`] when the database cannot be asked.
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
        let (who, lasts) = (self.who.clone(), TimeDelta::from_std(self.lasts).unwrap_or(TimeDelta::MAX));
        let asked = self.database.transaction(move |conn| {
            ask_for(conn, &LeaseRequest { who: &who, lasts, wish, busy, is_gone: process_id::is_gone })
        });
        let (asked, at) = asked.await?;
        Ok(match asked {
            LeaseAnswer::Held { term, left_behind } => {
                self.set(Some(HeldTerm { term, renewed }));
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
        let who = self.who.clone();
        let wanted = self.database.run(move |conn| {
            let lease = leases::load(conn, READING)?;
            Ok(lease.wanted_by_other_than(&who, database_now(conn)?))
        });
        // Who cannot be asked now wants nothing now.
        wanted.await.unwrap_or(false)
    }

    /// Gives it back, if it is ours: another need not wait until it runs out.
    pub async fn give_back(&self) {
        if self.held().is_none() {
            return;
        }
        self.set(None);
        let who = self.who.clone();
        let given_back = self.database.transaction(move |conn| {
            let mut lease = leases::lock(conn, READING)?;
            lease.give_back(&who);
            leases::save(conn, READING, &lease)
        });
        if let Err(problem) = given_back.await {
            tracing::debug!(error = %problem, "the lease was not given back; it runs out");
        }
    }
}

/// Takes or renews the lease, or notes the wish for it; and the database's time.
fn ask_for(conn: &mut AnyConnection, request: &LeaseRequest<'_>) -> Result<(LeaseAnswer, DateTime<Utc>), StoreError> {
    let mut lease = leases::lock(conn, READING)?;
    // After the lock: however long that took, the lease counts from when it is had.
    let now = database_now(conn)?;
    let before = lease.clone();
    let asked = lease.ask(request, now);
    if lease != before {
        leases::save(conn, READING, &lease)?;
    }
    Ok((asked, now))
}
