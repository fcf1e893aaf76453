//! How passes over Odoo went: kept where every process finds it.

use chrono::{DateTime, Utc};

use super::database::SyncDatabase;
use super::error::SyncError;
use super::login::LoginOutcome;
use crate::domain::catalog::records::LastPass;
use crate::store::connection::clock::database_now;
use crate::store::table::leases::{self, READING};
use crate::store::table::sync_passes;

/// How a pass ended.
#[derive(Clone, Debug)]
pub(super) struct PassEnd {
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

/// What all processes know of the passes over Odoo.
#[derive(Clone, Debug)]
pub(super) struct PassState {
    /// How the last pass went; `None` before the first.
    pub last: Option<LastPass>,
    /// Whether one is under way anywhere.
    pub running: bool,
    /// The database's time.
    pub now: DateTime<Utc>,
}

impl SyncDatabase {
    /// Keeps how a pass ended, for every process to show.
    ///
    /// # Errors
    /// [`SyncError::Database`]
    pub async fn end_pass(&self, end: PassEnd) -> Result<PassState, SyncError> {
        self.transaction(move |conn| {
            let mut lease = leases::lock(conn, READING)?;
            if lease.holder.as_ref() == Some(&end.who) && lease.busy {
                lease.busy = false;
                leases::save(conn, READING, &lease)?;
            }
            let now = database_now(conn)?;
            let before = sync_passes::load(conn)?.unwrap_or_default();
            let complete = if end.error.is_none() { Some((end.began_at, now)) } else { before.complete };
            let last = LastPass {
                complete,
                error: end.error,
                odoo_reachable: end.odoo_reachable,
                odoo_version: end.odoo_version,
                login: end.login.after(before.login, now),
            };
            sync_passes::save(conn, &last)?;
            Ok(PassState { last: Some(last), running: false, now })
        })
        .await
    }

    /// What all processes know of the passes over Odoo.
    ///
    /// # Errors
    /// [`SyncError::Database`]
    pub async fn pass_state(&self) -> Result<PassState, SyncError> {
        self.run(|conn| {
            let now = database_now(conn)?;
            let lease = leases::load(conn, READING)?;
            let running = lease.busy && lease.is_running(now);
            Ok(PassState { last: sync_passes::load(conn)?, running, now })
        })
        .await
    }
}
