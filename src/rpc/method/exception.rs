//! `exception.*`: what a manager must look at, because the service will not guess.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::domain::ledger::state::EXCEPTION_KINDS;
use crate::ledger::{ExceptionFilter, ExceptionPlace, Resolution};
use crate::rpc::param::types::{Id, Limit, Text, place};
use crate::rpc::{Api, Caller, Fault, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct ListExceptions {
    state: Option<State>,
    kind: Option<Text<100>>,
    partner_id: Option<Id>,
    limit: Option<Limit>,
    before: Option<Text<200>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Resolved,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Resolve {
    exception_id: Text<200>,
    note: Text<2000>,
    on_behalf_of: Option<Text<200>>,
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, params: ListExceptions) -> Reply {
    let kind = match params.kind {
        Some(Text(kind)) if EXCEPTION_KINDS.contains(&kind.as_str()) => Some(kind),
        Some(_) => {
            let known = EXCEPTION_KINDS.join(", ");
            return Err(Fault::parameter("kind", &format!("there is no such kind of exception; known are {known}")));
        }
        None => None,
    };
    let before = place(params.before, ExceptionPlace::parse)?;
    let filter = ExceptionFilter {
        state: params.state.map(|state| state.name().to_owned()),
        kind,
        partner_id: params.partner_id.map(|id| id.0),
        before,
    };
    Ok(api.ledger.exceptions(filter, params.limit.unwrap_or_default().0).await?)
}

pub(in crate::rpc) async fn resolve(api: Arc<Api>, caller: Caller, params: Resolve) -> Reply {
    let resolution =
        Resolution { note: params.note.0, by: caller.actor(), on_behalf_of: params.on_behalf_of.map(|claim| claim.0) };
    if api.ledger.resolve_exception(params.exception_id.0, resolution).await? {
        Ok(json!({"resolved": true}))
    } else {
        Err(Fault::parameter("exception_id", "there is no such exception"))
    }
}
