//! The API of the contract: JSON-RPC 2.0 methods over the ledger and Odoo's side.
//!
//! A call goes [`envelope`] (JSON-RPC itself, and who may call what) → one file per namespace (parameters in,
//! ledger asked, result out) → back. A group that has typed results lives in [`method`], with its rows and schemas.
//! [`methods`] is the one table of what there is; [`error`] the one of what can go wrong; `rpc.discover` is made of both.

mod draft;
pub mod envelope;
pub mod error;
mod exception;
mod fingerprint;
mod ledger;
mod loyalty;
mod member;
mod method;
pub mod methods;
mod odoo_side;
mod openrpc;
mod params;
mod program;
mod redemption;
pub mod reference;
mod schemas;
mod sync;
pub mod token;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::Fault;
pub use methods::Name;
pub use odoo_side::{OdooSide, OdooTrouble, OdooVersion, SyncRun, SyncStatus};
pub use token::{Caller, Role};

use crate::domain::catalog::records::ShopRecords;
use crate::domain::ledger::refusal::Refusal;
use crate::domain::value::ids::PartnerId;
use crate::ledger::Ledger;

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
        if self.ledger.partner(id).await?.is_none() {
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
        let found = self.odoo.find_partner(id).await.map_err(|trouble| {
            tracing::warn!(%trouble, partner = id.0, "a partner could not be asked for");
            Fault::unavailable(&format!(
                "partner {id} is not known here yet and Odoo cannot be asked now; nothing was done, please try again"
            ))
        })?;
        let partner = found.ok_or(Refusal::UnknownPartner(id))?;
        self.ledger.put_shop(ShopRecords { partners: vec![partner], ..ShopRecords::default() }).await?;
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

/// Of `Name => handler, …`: what is done with every method's handler. A name without one does not compile.
macro_rules! handlers {
    ($($name:ident => $handler:path,)*) => {
        impl Methods {
            /// Runs a method with parameters as they were sent. Who may call it was decided in [`envelope`].
            fn call(&self, name: Name, caller: &Caller, sent: Option<&str>) -> Running {
                match name {
                    $(Name::$name => run($handler, &self.0, caller, sent),)*
                }
            }
        }

        /// Reads parameters as the method does, and does nothing with them.
        ///
        /// # Errors
        /// [`Fault::parameter`]
        pub fn read_params(name: Name, sent: Option<&str>) -> Result<(), Fault> {
            match name {
                $(Name::$name => read_as_taken_by($handler, sent),)*
            }
        }
    };
}

handlers! {
    ExceptionList => exception::list,
    ExceptionResolve => exception::resolve,
    LedgerAdjust => ledger::adjust,
    LedgerRedact => ledger::redact,
    LedgerVerify => ledger::verify,
    LoyaltyBalance => loyalty::balance,
    LoyaltyCapture => loyalty::capture,
    LoyaltyExplain => loyalty::explain,
    LoyaltyHistory => loyalty::history,
    LoyaltyHold => loyalty::hold,
    LoyaltyQuote => loyalty::quote,
    LoyaltyRelease => loyalty::release,
    MemberEnrol => member::enrol,
    MemberLeave => member::leave,
    MemberList => member::list,
    MemberTransfer => member::transfer,
    ProgramArchive => program::archive,
    ProgramGet => program::get,
    ProgramList => program::list,
    ProgramPut => program::put,
    RedemptionList => redemption::list,
    RpcDiscover => method::system::discover,
    SyncNotify => sync::notify,
    SyncRun => sync::run,
    SyncStatus => sync::status,
    SystemVersion => method::system::version,
}

/// Reads `sent` into what a handler takes, and runs it.
fn run<P, H, F>(handler: H, api: &Arc<Api>, caller: &Caller, sent: Option<&str>) -> Running
where
    P: DeserializeOwned,
    H: Fn(Arc<Api>, Caller, P) -> F,
    F: Future<Output = Reply> + Send + 'static,
{
    match params::read::<P>(sent) {
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
    params::read::<P>(sent).map(drop)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
