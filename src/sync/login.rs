//! The login to Odoo, seen from sync: asks when its key ends, warns of it, and notices when a refusal may be over.

use std::sync::{Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::domain::login::{KeyEnd, LoginState};
use crate::odoo::{Session, keys};

use super::error::SyncError;
use super::passes::PassState;

/// How often Odoo is asked when the key ends: a new one is known soon, and a pass is not longer for it.
const ASK_AGAIN: Duration = Duration::from_mins(5);
/// How often the log warns of a key that ends.
const WARN_AGAIN: Duration = Duration::from_hours(24);
/// How often a refused login is tried again at most because another process has logged in.
const TRY_AGAIN: Duration = Duration::from_mins(1);

/// How the login of a pass went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LoginOutcome {
    /// Nobody can tell: Odoo was not reached, say.
    #[default]
    Unknown,
    /// Odoo refused it.
    Refused,
    /// It was accepted, and nobody asked when its key ends.
    Accepted,
    /// It was accepted, and its key ends then, or never.
    AcceptedUntil(Option<KeyEnd>),
}

impl LoginOutcome {
    /// The login's state after it.
    #[must_use]
    pub fn after(self, before: LoginState, now: DateTime<Utc>) -> LoginState {
        match self {
            Self::Unknown => before,
            Self::Refused => LoginState { refused: true, ..before },
            Self::Accepted => LoginState { refused: false, accepted_at: Some(now), ..before },
            Self::AcceptedUntil(key_end) => LoginState { refused: false, accepted_at: Some(now), key_end },
        }
    }
}

/// What this process remembers of the login.
#[derive(Debug, Default)]
pub(super) struct Login(Lock<LoginNotes>);

#[derive(Debug, Default)]
struct LoginNotes {
    asked: Option<Instant>,
    warned: Option<Instant>,
    outcome: LoginOutcome,
    /// The refusal that lasts, and when it was, by the database's time.
    refused: Option<(Instant, DateTime<Utc>)>,
    /// When a refused login was last tried again since another process had logged in.
    tried_again: Option<Instant>,
}

impl Login {
    fn change<T>(&self, change: impl FnOnce(&mut LoginNotes) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A session is open: its key was accepted. Asks when it ends, unless that is known from just now.
    pub async fn accepted(&self, session: &Session) {
        let is_due = self.change(|notes| {
            if notes.refused.take().is_some() {
                notes.asked = None;
            }
            notes.outcome = LoginOutcome::Accepted;
            notes.asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN)
        });
        if !is_due {
            return;
        }
        match keys::end(session, Utc::now()).await {
            Ok(end) => self.change(|notes| {
                notes.asked = Some(Instant::now());
                notes.outcome = LoginOutcome::AcceptedUntil(end);
            }),
            // The pass goes on, and fails by itself if Odoo is away.
            Err(fault) => tracing::debug!(%fault, "when the API key ends could not be asked"),
        }
    }

    /// How the login of a pass with this end went.
    pub fn outcome(&self, error: Option<&SyncError>) -> LoginOutcome {
        // Taken in any case: what was accepted before a refusal is not to be told after it.
        let accepted = self.change(|notes| std::mem::take(&mut notes.outcome));
        match error {
            Some(SyncError::Odoo(fault)) if fault.is_refusal() => LoginOutcome::Refused,
            _ => accepted,
        }
    }

    /// Takes note of when a refusal was: at this time of the database's.
    pub fn refused(&self, refusal: Instant, now: DateTime<Utc>) {
        self.change(|notes| notes.refused = Some((refusal, now)));
    }

    /// Whether some process has logged in since this refusal: then it is worth another try. Not at once every time: that
    /// process may have another key than this one.
    pub fn may_be_over(&self, refusal: Instant, state: &PassState) -> bool {
        let accepted = state.last.as_ref().and_then(|last| last.login.accepted_at);
        self.change(|notes| {
            // A new refusal counts from when it was noticed. A login that worked before it proves nothing about it.
            let refused_at = match notes.refused {
                Some((known, refused_at)) if known == refusal => refused_at,
                _ => state.now,
            };
            notes.refused = Some((refusal, refused_at));
            let may_try = notes.tried_again.is_none_or(|tried| tried.elapsed() >= TRY_AGAIN);
            let is_over = may_try && accepted.is_some_and(|accepted| accepted > refused_at);
            if is_over {
                notes.tried_again = Some(Instant::now());
            }
            is_over
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::catalog::records::LastPass;
    use crate::odoo::OdooFault;

    fn state(now: DateTime<Utc>, accepted_at: DateTime<Utc>) -> PassState {
        let login = LoginState { accepted_at: Some(accepted_at), ..LoginState::default() };
        PassState { now, last: Some(LastPass { login, ..LastPass::default() }), running: false }
    }

    #[test]
    fn what_was_accepted_before_a_refusal_is_not_told_after_it() {
        let login = Login::default();
        login.change(|notes| notes.outcome = LoginOutcome::Accepted);
        let refused = SyncError::Odoo(OdooFault::AccessDenied { login: "loyalty".to_owned() });
        assert_eq!(login.outcome(Some(&refused)), LoginOutcome::Refused);
        assert_eq!(login.outcome(Some(&SyncError::Overtaken)), LoginOutcome::default());
    }

    #[test]
    fn a_refusal_counts_from_itself_and_is_tried_again_once_a_minute() {
        let (login, now) = (Login::default(), Utc::now());
        let (first, second) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        let later = |seconds| now + TimeDelta::seconds(seconds);
        assert!(!login.may_be_over(first, &state(now, now)), "a login before the refusal proves nothing");
        assert!(login.may_be_over(first, &state(later(2), later(1))));
        // Refused again: another process has another key, and goes on.
        assert!(!login.may_be_over(second, &state(later(3), later(1))));
        assert!(!login.may_be_over(second, &state(later(5), later(4))), "not at once again");
        login.change(|notes| notes.tried_again = Instant::now().checked_sub(TRY_AGAIN));
        assert!(login.may_be_over(second, &state(later(70), later(69))));
    }
}
