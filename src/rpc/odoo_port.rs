//! What the API asks of Odoo's side. The application implements it over `sync` and `odoo`; a test over nothing.

use jsonrpsee::core::async_trait;

use crate::domain::catalog::records::Partner;
use crate::domain::login::KeyEnd;
use crate::domain::sync_status::SyncStatus;
use crate::domain::value::ids::{OrderId, PartnerId};

/// Whether Odoo answers, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OdooVersion {
    /// Whether it answered when it was last asked.
    pub reachable: bool,
    /// `server_version` as Odoo tells it, "19.0"; `None` when it never did.
    pub server_version: Option<String>,
    /// Whether it answered that it refuses the login.
    pub login_refused: bool,
    /// When the key ends that it is read with; `None` while none is known to end.
    pub key_end: Option<KeyEnd>,
}

/// What a whole pass over Odoo did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncRun {
    /// Orders that were read.
    pub orders_read: u64,
    /// Orders that were new or different.
    pub orders_changed: u64,
    /// Entries that were posted because of them.
    pub entries_posted: u64,
}

/// Odoo did not do what it was asked: a sentence for a person, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OdooUnavailable(pub String);

/// Odoo and its sync, seen from the API.
#[async_trait]
pub trait OdooSide: Send + Sync + 'static {
    /// Whether Odoo answers. Itself bounded in time (about three seconds) and remembered for a moment, as health
    /// checks ask often.
    async fn version(&self) -> OdooVersion;

    /// A whole pass of its own, after the one that may be running.
    ///
    /// # Errors
    /// [`OdooUnavailable`] when it ended early; what was read until then is kept.
    async fn sync_run(&self) -> Result<SyncRun, OdooUnavailable>;

    /// A hint that these orders changed. Returns how many are queued because of it.
    fn notify(&self, orders: Vec<OrderId>) -> usize;

    /// How sync is doing.
    ///
    /// # Errors
    /// [`OdooUnavailable`] when that cannot be said now.
    async fn status(&self) -> Result<SyncStatus, OdooUnavailable>;

    /// One partner, as Odoo has it now; `None` when it has none of this id.
    ///
    /// # Errors
    /// [`OdooUnavailable`] when Odoo cannot be asked.
    async fn find_partner(&self, id: PartnerId) -> Result<Option<Partner>, OdooUnavailable>;
}
