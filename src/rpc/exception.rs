//! `exception.*`: what a manager must look at, because the service will not guess.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::params::Text;
use super::{Api, Caller, Fault, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
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
pub(super) struct Resolve {
    exception_id: Text<200>,
    note: Text<2000>,
}

pub(super) async fn list(api: Arc<Api>, _caller: Caller, params: Listing) -> Reply {
    Ok(api.ledger.exceptions(params.state.map(|state| state.word().to_owned())).await?)
}

pub(super) async fn resolve(api: Arc<Api>, caller: Caller, params: Resolve) -> Reply {
    if api.ledger.resolve_exception(params.exception_id.0, params.note.0, caller.name).await? {
        Ok(json!({"resolved": true}))
    } else {
        Err(Fault::parameter("exception_id", "there is no such exception"))
    }
}
