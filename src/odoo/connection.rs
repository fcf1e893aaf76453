//! The link to Odoo: opens a session when one is needed, renews it, and leaves Odoo alone once it refused us.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::session::Session;
use crate::odoo::error::OdooFault;
use crate::odoo::transport::json_rpc::Transport;

/// How long a session's knowledge of fields and shops is trusted. Shorter than any window's overlap, so that
/// what was read before a module added a field is read again after it.
const RENEW_AFTER: Duration = Duration::from_mins(1);

/// One Odoo, shared by everybody who reads it.
pub struct Link {
    transport: Arc<dyn Transport>,
    denied_pause: Duration,
    state: Mutex<LinkState>,
    /// Beside the state, whose lock is held while a session opens: a status must not wait for that.
    version: RwLock<Option<String>>,
}

#[derive(Default)]
struct LinkState {
    open: Option<(Arc<Session>, Instant)>,
    denied: Option<(OdooFault, Instant)>,
}

impl Link {
    /// A link that, once the login was refused, asks nothing of Odoo for `denied_pause`.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, denied_pause: Duration) -> Self {
        Self { transport, denied_pause, state: Mutex::default(), version: RwLock::default() }
    }

    /// The open session, or a new one.
    ///
    /// # Errors
    /// [`OdooFault::AccessDenied`] without asking Odoo while the pause after a refusal lasts; else why it cannot be opened.
    pub async fn session(&self) -> Result<Arc<Session>, OdooFault> {
        let mut state = self.state.lock().await;
        if let Some((fault, _)) = self.pause(&mut state) {
            return Err(fault);
        }
        let opened = match &state.open {
            Some((session, since)) if since.elapsed() < RENEW_AFTER => return Ok(Arc::clone(session)),
            // Another key may be another user's: it logs in anew.
            Some((session, _)) if !self.transport.read_key_again() => session.renewed().await,
            _ => Session::open(Arc::clone(&self.transport)).await,
        };
        match opened {
            Ok(session) => {
                let session = Arc::new(session);
                *self.version.write().unwrap_or_else(PoisonError::into_inner) = Some(session.version().to_owned());
                state.open = Some((Arc::clone(&session), Instant::now()));
                Ok(session)
            }
            Err(fault) => {
                state.note(&fault);
                Err(fault)
            }
        }
    }

    /// Takes note of how a read failed: the session is opened anew, and after a refusal nothing is asked for a while.
    pub async fn failed(&self, fault: &OdooFault) {
        self.state.lock().await.note(fault);
    }

    /// Forgets a refusal: somebody asks for another try on purpose.
    pub async fn forget_refusal(&self) {
        let mut state = self.state.lock().await;
        if state.denied.take().is_some() {
            state.open = None;
        }
    }

    /// Whether Odoo is left alone just now because it refused the login. Another key in the key's file ends that.
    pub async fn is_paused(&self) -> bool {
        self.refused_since().await.is_some()
    }

    /// Since when [`Link::is_paused`]: of each refusal another moment.
    pub async fn refused_since(&self) -> Option<Instant> {
        self.pause(&mut *self.state.lock().await).map(|(_, since)| since)
    }

    /// The refusal and when it was, while the pause after it lasts.
    fn pause(&self, state: &mut LinkState) -> Option<(OdooFault, Instant)> {
        let (fault, since) = state.denied.as_ref()?;
        if since.elapsed() < self.denied_pause && !self.transport.read_key_again() {
            return Some((fault.clone(), *since));
        }
        state.denied = None;
        state.open = None;
        None
    }

    /// The server's version, once it was reached.
    #[must_use]
    pub fn server_version(&self) -> Option<String> {
        self.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LinkState {
    fn note(&mut self, fault: &OdooFault) {
        self.open = None;
        if fault.is_refusal() {
            self.denied = Some((fault.clone(), Instant::now()));
        }
    }
}
