//! `exception.*`: what a manager must look at, because the service will not guess.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde::Deserialize;
use serde_json::json;

use super::params::Text;
use super::{Api, Fault, register};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    state: Option<State>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Resolved,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolve {
    exception_id: Text<200>,
    note: Text<2000>,
}

pub(super) fn register_all(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    register(module, "exception.list", |api, _caller, params: Listing| async move {
        Ok(api.ledger.exceptions(params.state.map(|state| state.word().to_owned())).await?)
    })?;
    register(module, "exception.resolve", |api, caller, params: Resolve| async move {
        if api.ledger.resolve_exception(params.exception_id.0, params.note.0, caller.name).await? {
            Ok(json!({"resolved": true}))
        } else {
            Err(Fault::parameter("exception_id", "there is no such exception"))
        }
    })
}
