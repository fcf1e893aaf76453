//! The login to Odoo, seen from sync: asks when its key ends, warns of it, and notices when a refusal may be over.

use std::sync::{Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::domain::login::KeyEnd;
use crate::ledger::LoginOutcome;
use crate::odoo::{Session, keys};

use super::error::SyncError;
use super::ledger::ReadingState;

/// How often Odoo is asked when the key ends: a new one is known soon, and a pass is not longer for it.
const ASK_AGAIN: Duration = Duration::from_mins(5);
/// How often the log warns of a key that ends.
const WARN_AGAIN: Duration = Duration::from_hours(24);

/// What this process remembers of the login.
#[derive(Debug, Default)]
pub(super) struct Login(Lock<Notes>);

#[derive(Debug, Default)]
struct Notes {
    asked: Option<Instant>,
    warned: Option<Instant>,
    outcome: LoginOutcome,
    /// When it was refused, by the database's time.
    refused_at: Option<DateTime<Utc>>,
}

impl Login {
    fn change<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A session is open: its key was accepted. Asks when it ends, unless that is known from just now.
    pub async fn accepted(&self, session: &Session) {
        let is_due = self.change(|notes| {
            if notes.refused_at.take().is_some() {
                notes.asked = None;
            }
            notes.outcome = LoginOutcome::Accepted(None);
            notes.asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN)
        });
        if !is_due {
            return;
        }
        match keys::end(session, Utc::now()).await {
            Ok(end) => self.change(|notes| {
                notes.asked = Some(Instant::now());
                notes.outcome = LoginOutcome::Accepted(Some(end));
            }),
            // The pass goes on, and fails by itself if Odoo is away.
            Err(fault) => tracing::debug!(%fault, "when the API key ends could not be asked"),
        }
    }

    /// How the login of a pass with this end went.
    pub fn outcome(&self, error: Option<&SyncError>) -> LoginOutcome {
        match error {
            Some(SyncError::Odoo(fault)) if fault.is_refusal() => LoginOutcome::Refused,
            _ => self.change(|notes| std::mem::take(&mut notes.outcome)),
        }
    }

    /// Takes note that the login was refused, at this time of the database's.
    pub fn refused(&self, now: DateTime<Utc>) {
        self.change(|notes| notes.refused_at = Some(now));
    }

    /// Whether some process has logged in since the login was refused here: then it is worth another try.
    pub fn may_be_over(&self, state: &ReadingState) -> bool {
        let accepted = state.last.as_ref().and_then(|last| last.login.accepted_at);
        self.change(|notes| {
            let refused_at = *notes.refused_at.get_or_insert(state.now);
            accepted.is_some_and(|accepted| accepted > refused_at)
        })
    }

    /// Warns in the log of a key that ends soon, once a day.
    pub fn warn_of(&self, end: Option<KeyEnd>) {
        let now = Utc::now();
        let Some(end) = end.filter(|end| end.is_near(now)) else { return };
        let is_due = self.change(|notes| {
            let is_due = notes.warned.is_none_or(|warned| warned.elapsed() >= WARN_AGAIN);
            if is_due {
                notes.warned = Some(Instant::now());
            }
            is_due
        });
        if is_due {
            tracing::warn!(kind = "key_ends", "{}", end.advice(now));
        }
    }
}
