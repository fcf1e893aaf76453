//! The API of the contract: JSON-RPC 2.0 methods over the ledger and Odoo's side.
//!
//! A call goes [`envelope`] (JSON-RPC itself, and who may call what) → a file of [`method`], one a group (its rows of the
//! table, parameters in, ledger asked, typed result out, schemas) → back. [`registry`] is the one table of what there is;
//! [`error`] the one of what can go wrong; `rpc.discover` and API.md are made of both.

pub mod envelope;
pub mod error;
mod method;
mod openrpc;
pub mod param;
pub mod reference;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use crate::auth::token::{Caller, Role};
pub use crate::rpc::odoo_port::{OdooSide, OdooUnavailable, OdooVersion, SyncRun};
pub use crate::rpc::registry::Name;
pub use error::Fault;

use crate::domain::catalog::records::CatalogRecords;
use crate::domain::refusal::Refusal;
use crate::domain::value::ids::PartnerId;
use crate::ledger::{FencingToken, Ledger, LedgerError};
use crate::store::table::partners;

/// What every method has at hand.
pub struct Api {
    /// The points.
    ledger: Ledger,
    /// Odoo and its sync.
    odoo: Arc<dyn OdooSide>,
    known_partners: Mutex<HashSet<PartnerId>>,
}

/// Partners that are remembered at most.
const MOST_KNOWN: usize = 100_000;

/// What a method answers.
type Reply = Result<Value, Fault>;

impl Api {
    /// The API over a ledger and its Odoo.
    #[must_use]
    pub fn new(ledger: Ledger, odoo: Arc<dyn OdooSide>) -> Self {
        Self { ledger, odoo, known_partners: Mutex::default() }
    }

    /// Makes sure that a partner is one of Odoo's: known already, or asked for now.
    ///
    /// # Errors
    /// `unknown_partner`, or `unavailable` when Odoo would have to be asked and cannot be.
    async fn require_partner(&self, id: PartnerId) -> Result<(), Fault> {
        // Whom we have read once we keep for ever, so that what is remembered stays true.
        if self.remembered().contains(&id) {
            return Ok(());
        }
        let known = self.ledger.pool().run(move |conn| partners::load(conn, &[id])).await.map_err(LedgerError::from)?;
        if known.is_empty() {
            self.fetch_partner(id).await?;
        }
        let mut known = self.remembered();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(id);
        Ok(())
    }

    fn remembered(&self) -> MutexGuard<'_, HashSet<PartnerId>> {
        self.known_partners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch_partner(&self, id: PartnerId) -> Result<(), Fault> {
        let found = self.odoo.find_partner(id).await.map_err(|problem| {
            tracing::warn!(%problem, partner = id.0, "a partner could not be asked for");
            Fault::unavailable(&format!(
                "partner {id} is not known here yet and Odoo cannot be asked now; nothing was done, please try again"
            ))
        })?;
        let partner = found.ok_or(Refusal::UnknownPartner(id))?;
        self.ledger
            .ingestion()
            .put_catalog(
                CatalogRecords { partners: vec![partner], ..CatalogRecords::default() },
                FencingToken::begin(None),
            )
            .await?;
        Ok(())
    }
}

/// All methods, ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Methods(Arc<Api>);

impl Methods {
    /// Those of this API.
    #[must_use]
    pub fn of(api: Api) -> Self {
        Self(Arc::new(api))
    }
}

/// A call under way.
type Running = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// What is done with every method's handler.
macro_rules! handlers {
    ($($name:ident: $group:ident { $row:ident, $handler:ident },)*) => {
        impl Methods {
            /// Runs a method with parameters as they were sent. Who may call it was decided in [`envelope`].
            fn call(&self, name: Name, caller: &Caller, sent: Option<&str>) -> Running {
                match name {
                    $(Name::$name => run(method::$group::$handler, &self.0, caller, sent),)*
                }
            }
        }

        /// Reads parameters as the method does, and does nothing with them.
        ///
        /// # Errors
        /// [`Fault::parameter`]
        pub fn read_params(name: Name, sent: Option<&str>) -> Result<(), Fault> {
            match name {
                $(Name::$name => read_as_taken_by(method::$group::$handler, sent),)*
            }
        }
    };
}

registry::for_each_method!(handlers);

/// Reads `sent` into what a handler takes, and runs it.
fn run<P, H, F>(handler: H, api: &Arc<Api>, caller: &Caller, sent: Option<&str>) -> Running
where
    P: DeserializeOwned,
    H: Fn(Arc<Api>, Caller, P) -> F,
    F: Future<Output = Reply> + Send + 'static,
{
    match param::types::read::<P>(sent) {
        Ok(params) => Box::pin(handler(Arc::clone(api), caller.clone(), params)),
        Err(fault) => Box::pin(std::future::ready(Err(fault))),
    }
}

/// Reads `sent` into whatever a handler takes.
fn read_as_taken_by<P, H, F>(_: H, sent: Option<&str>) -> Result<(), Fault>
where
    P: DeserializeOwned,
    H: Fn(Arc<Api>, Caller, P) -> F,
{
    param::types::read::<P>(sent).map(drop)
}

mod odoo_port;
pub mod registry;
mod row;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
