//! `redemption.*`: what was bought with points.

use std::sync::Arc;

use serde::Deserialize;

use crate::domain::value::ids::{PartnerId, PosConfigId};
use crate::ledger::{RedemptionFilter, RedemptionPlace, RedemptionState};
use crate::rpc::param::types::{Id, Instant, Limit, Text, place};
use crate::rpc::{Api, Caller, Fault, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct ListRedemptions {
    from: Option<Instant>,
    to: Option<Instant>,
    program: Option<Text<200>>,
    pos_config_id: Option<Id>,
    partner_id: Option<Id>,
    state: Option<State>,
    limit: Option<Limit>,
    before: Option<Text<200>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Captured,
    Open,
}

impl From<State> for RedemptionState {
    fn from(state: State) -> Self {
        match state {
            State::Captured => Self::Captured,
            State::Open => Self::Open,
        }
    }
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, params: ListRedemptions) -> Reply {
    let (from, to) = (params.from.map(|from| from.0), params.to.map(|to| to.0));
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        return Err(Fault::parameter("to", "this must be later than `from`"));
    }
    let filter = RedemptionFilter {
        from,
        to,
        program: params.program.map(|program| program.0),
        pos_config_id: params.pos_config_id.map(|id| PosConfigId(id.0)),
        partner_id: params.partner_id.map(|id| PartnerId(id.0)),
        state: params.state.map_or(RedemptionState::Captured, RedemptionState::from),
        before: place(params.before, RedemptionPlace::parse)?,
    };
    Ok(api.ledger.redemptions(filter, params.limit.unwrap_or_default().0).await?)
}
