//! `redemption.*`: what was bought with points.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer;
use crate::domain::value::ids::{PartnerId, PosConfigId};
use crate::ledger::{RedemptionFilter, RedemptionPlace, RedemptionState};
use crate::rpc::param::schema::{list as list_of, or_null, reference, text, text_or_null, whole};
use crate::rpc::param::types::{Id, Instant, Limit, Text, place};
use crate::rpc::row::{BEFORE, LIMIT, Method, takes};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

/// The row of `redemption.list`.
pub(in crate::rpc) const LIST: Method = Method {
    name: "redemption.list",
    role: Role::Viewer,
    summary: "Rewards that were redeemed, by the moment of their capture, newest first, a page at a time; with the state \
              open, holds that wait for their order to be paid, by when they were made. `from` counts, `to` does not.",
    params: &[
        takes("from", "Time", "From when, included."),
        takes("to", "Time", "To when, excluded."),
        takes("program", "Code", "Only this program's."),
        takes("pos_config_id", "Id", "Only this till's."),
        takes("partner_id", "Id", "Only this member's."),
        takes("state", "ListedState", "`captured` lists what was redeemed, `open` holds that wait."),
        LIMIT,
        BEFORE,
    ],
    result: "Redemptions",
    errors: &["unknown_program"],
    example: include_str!("../reference/examples/redemption.list.json"),
};

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    let order = whole(&[("id", or_null("Id")), ("uuid", text()), ("name", text_or_null())]);
    let redemption = [
        ("hold_id", reference("Uuid")),
        ("entry_id", or_null("Uuid")),
        ("partner_id", reference("Id")),
        ("partner_name", text_or_null()),
        ("program", reference("Code")),
        ("program_name", text()),
        ("points_name", text()),
        ("reward", reference("Code")),
        ("reward_name", text_or_null()),
        ("reward_kind", or_null("RewardKind")),
        ("product_id", or_null("Id")),
        ("points", reference("Points")),
        ("restored", json!({"description": "How many of them refunds gave back.", "type": "string"})),
        ("discount", reference("Money")),
        ("currency", text_or_null()),
        ("order", order),
        ("pos_config_id", or_null("Id")),
        ("pos_config_name", text_or_null()),
        ("actor", text()),
        ("at", reference("Time")),
        ("expires_at", or_null("Time")),
        ("state", json!({"enum": ["open", "captured", "partly_reversed", "reversed"]})),
    ];
    vec![
        ("ListedState", json!({"enum": ["captured", "open"], "default": "captured"})),
        ("Redemption", whole(&redemption)),
        ("Redemptions", whole(&[("redemptions", list_of("Redemption")), ("next", or_null("Place"))])),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct ListRedemptions {
    from: Option<Instant>,
    to: Option<Instant>,
    program: Option<Text<200>>,
    pos_config_id: Option<Id>,
    partner_id: Option<Id>,
    state: Option<AskedState>,
    limit: Option<Limit>,
    before: Option<Text<200>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AskedState {
    Captured,
    Open,
}

impl From<AskedState> for RedemptionState {
    fn from(state: AskedState) -> Self {
        match state {
            AskedState::Captured => Self::Captured,
            AskedState::Open => Self::Open,
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
    answer(&api.ledger.queries().redemptions(filter, params.limit.unwrap_or_default().0).await?)
}
