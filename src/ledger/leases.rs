//! Who reads Odoo: the lease that moves between processes, and how the last pass went.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Ledger;
use crate::domain::catalog::records::LastPass;
use crate::domain::lease::{LeaseAnswer, LeaseRequest};
use crate::domain::login::{KeyEnd, LoginState};
use crate::ledger::error::LedgerError;
use crate::store;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::leases::READING;

/// A process asks for the lease, or renews its own.
#[derive(Clone, Debug)]
pub struct LeaseAsk {
    /// The process.
    pub who: String,
    /// How long it wants it at a time.
    pub lasts: Duration,
    /// Whether the holder shall give it up when it is done with its pass.
    pub wish: bool,
    /// Whether a pass begins.
    pub busy: bool,
    /// Tells of a process whether it has certainly ended.
    pub is_gone: fn(&str) -> bool,
}

/// How a pass ended.
#[derive(Clone, Debug)]
pub struct PassEnd {
    /// The process that made it.
    pub who: String,
    /// When it began, by the database's time.
    pub began_at: DateTime<Utc>,
    /// Why it ended early, in words; `None` when it was complete.
    pub error: Option<String>,
    /// Whether Odoo answered.
    pub odoo_reachable: bool,
    /// Odoo's version, if it is known.
    pub odoo_version: Option<String>,
    /// How the login went.
    pub login: LoginOutcome,
}

/// How the login of a pass went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginOutcome {
    /// Nobody can tell: Odoo was not reached, say.
    #[default]
    Unknown,
    /// Odoo refused it.
    Refused,
    /// It was accepted; when its key ends, if that was asked.
    Accepted(Option<Option<KeyEnd>>),
}

impl LoginOutcome {
    /// The login's state after it.
    #[must_use]
    pub fn after(self, before: LoginState, now: DateTime<Utc>) -> LoginState {
        match self {
            Self::Unknown => before,
            Self::Refused => LoginState { refused: true, ..before },
            Self::Accepted(asked) => {
                LoginState { refused: false, accepted_at: Some(now), key_end: asked.unwrap_or(before.key_end) }
            }
        }
    }
}

/// What all processes know of reading Odoo.
#[derive(Clone, Debug)]
pub struct ReadingState {
    /// How the last pass went; `None` before the first.
    pub last: Option<LastPass>,
    /// Whether one is under way anywhere.
    pub running: bool,
    /// The database's time.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Takes or renews the lease of whoever reads Odoo, or notes the wish for it; and the database's time.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn ask_lease(&self, ask: LeaseAsk) -> Result<(LeaseAnswer, DateTime<Utc>), LedgerError> {
        self.pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    let mut lease = store::table::leases::lock(conn, READING)?;
                    // After the lock: however long that took, the lease counts from when it is had.
                    let now = database_now(conn)?;
                    let before = lease.clone();
                    let lasts = TimeDelta::from_std(ask.lasts).unwrap_or(TimeDelta::MAX);
                    let (wish, busy, is_gone) = (ask.wish, ask.busy, ask.is_gone);
                    let asked = lease.ask(&LeaseRequest { who: &ask.who, lasts, wish, busy, is_gone }, now);
                    if lease != before {
                        store::table::leases::save(conn, READING, &lease)?;
                    }
                    Ok((asked, now))
                })
            })
            .await
    }

    /// Whether another process waits for the lease that this one may have.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn lease_is_wanted(&self, who: String) -> Result<bool, LedgerError> {
        self.pool()
            .run(move |conn| {
                let lease = store::table::leases::load(conn, READING)?;
                Ok(lease.wanted_by_other_than(&who, database_now(conn)?))
            })
            .await
    }

    /// Gives the lease back; nothing when it is another's.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn give_back_lease(&self, who: String) -> Result<(), LedgerError> {
        self.pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    let mut lease = store::table::leases::lock(conn, READING)?;
                    lease.give_back(&who);
                    Ok(store::table::leases::save(conn, READING, &lease)?)
                })
            })
            .await
    }

    /// Notes how a pass ended, for every process to tell.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn end_pass(&self, end: PassEnd) -> Result<ReadingState, LedgerError> {
        self.pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    let mut lease = store::table::leases::lock(conn, READING)?;
                    if lease.holder.as_ref() == Some(&end.who) && lease.busy {
                        lease.busy = false;
                        store::table::leases::save(conn, READING, &lease)?;
                    }
                    let now = database_now(conn)?;
                    let before = store::table::sync_passes::load(conn)?.unwrap_or_default();
                    let complete = if end.error.is_none() { Some((end.began_at, now)) } else { before.complete };
                    let last = LastPass {
                        complete,
                        error: end.error,
                        odoo_reachable: end.odoo_reachable,
                        odoo_version: end.odoo_version,
                        login: end.login.after(before.login, now),
                    };
                    store::table::sync_passes::save(conn, &last)?;
                    Ok(ReadingState { last: Some(last), running: false, now })
                })
            })
            .await
    }

    /// What all processes know of reading Odoo.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn reading_state(&self) -> Result<ReadingState, LedgerError> {
        self.pool()
            .run(|conn| {
                let now = database_now(conn)?;
                let lease = store::table::leases::load(conn, READING)?;
                let running = lease.busy && lease.is_running(now);
                Ok(ReadingState { last: store::table::sync_passes::load(conn)?, running, now })
            })
            .await
    }
}
