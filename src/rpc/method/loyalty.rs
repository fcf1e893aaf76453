//! `loyalty.*`: what a till asks for, and what a manager looks up.

mod schemas;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer;
use crate::domain::ledger::state::OrderRef;
use crate::domain::refusal::Refusal;
use crate::domain::value::ids::{HoldId, OrderId, PartnerId, SaleId};
use crate::ledger::{
    CaptureHold, HistoryPlace, HoldResult, LedgerError, PlaceHold, Posted, QuoteAsk, Refused, ReleaseHold, Released,
};
use crate::rpc::param::draft_order::Draft;
use crate::rpc::param::fingerprint::idempotency;
use crate::rpc::param::types::{Id, Limit, List, PointsParam, Text, place};
use crate::rpc::row::{BEFORE, KEY, LIMIT, Method, needs, takes};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

pub(in crate::rpc) use schemas::schemas;

/// The row of `loyalty.balance`.
pub(in crate::rpc) const BALANCE: Method = Method {
    name: "loyalty.balance",
    role: Role::Pos,
    summary: "Balances of members, one for each id in the order asked for; unknown members have zeros.",
    params: &[needs("partner_ids", "Ids", "The members, at most 1000.")],
    result: "Balances",
    errors: &[],
    example: include_str!("../reference/examples/loyalty.balance.json"),
};

/// The row of `loyalty.capture`.
pub(in crate::rpc) const CAPTURE: Method = Method {
    name: "loyalty.capture",
    role: Role::Pos,
    summary: "Spends a hold, because its order is paid. The same call again gives the same reply.",
    params: &[
        needs("hold_id", "Uuid", "The hold."),
        needs("order", "PaidOrder", "The paid order: the one whose draft the hold was made for."),
    ],
    result: "Posted",
    errors: &["unknown_hold", "hold_expired", "hold_captured", "hold_released", "hold_of_other_order"],
    example: include_str!("../reference/examples/loyalty.capture.json"),
};

/// The row of `loyalty.explain`.
pub(in crate::rpc) const EXPLAIN: Method = Method {
    name: "loyalty.explain",
    role: Role::Viewer,
    summary: "Why an entry is what it is, so that it can be computed again by hand.",
    params: &[needs("entry_id", "Uuid", "The entry.")],
    result: "Explanation",
    errors: &["unknown_entry"],
    example: include_str!("../reference/examples/loyalty.explain.json"),
};

/// The row of `loyalty.history`.
pub(in crate::rpc) const HISTORY: Method = Method {
    name: "loyalty.history",
    role: Role::Pos,
    summary: "A member's entries, newest first, a page at a time. Each program's entries come in the order of its \
              balance.",
    params: &[
        needs("partner_id", "Id", "The member."),
        takes("program", "Code", "Only this program's entries."),
        LIMIT,
        BEFORE,
    ],
    result: "History",
    errors: &["unknown_program"],
    example: include_str!("../reference/examples/loyalty.history.json"),
};

/// The row of `loyalty.hold`.
pub(in crate::rpc) const HOLD: Method = Method {
    name: "loyalty.hold",
    role: Role::Pos,
    summary: "Sets points aside for a reward on a draft order. With `replaces`, the new hold takes the place of an \
              open hold of the same order, or the old one stays. The same key again gives the same reply.",
    params: &[
        KEY,
        needs("partner_id", "Id", "The member whose points it takes."),
        needs("program", "Code", "The program's code."),
        needs("reward", "Code", "The reward's code."),
        takes("points", "Points", "For `discount_per_point` alone: how many to spend; absent for the most that fits."),
        takes("replaces", "Uuid", "An open hold of the same order that the new one takes the place of."),
        needs("order", "Draft", "The draft order."),
    ],
    result: "Hold",
    errors: &[
        "insufficient_points",
        "below_minimum",
        "reward_not_applicable",
        "idempotency_conflict",
        "unknown_program",
        "unknown_reward",
        "unknown_partner",
        "unknown_hold",
        "hold_expired",
        "hold_captured",
        "hold_released",
        "hold_of_other_order",
    ],
    example: include_str!("../reference/examples/loyalty.hold.json"),
};

/// The row of `loyalty.quote`.
pub(in crate::rpc) const QUOTE: Method = Method {
    name: "loyalty.quote",
    role: Role::Pos,
    summary: "What a draft order would earn, and which rewards it could have.",
    params: &[needs("order", "Draft", "The draft order.")],
    result: "Quote",
    errors: &[],
    example: include_str!("../reference/examples/loyalty.quote.json"),
};

/// The row of `loyalty.release`.
pub(in crate::rpc) const RELEASE: Method = Method {
    name: "loyalty.release",
    role: Role::Pos,
    summary: "Gives a hold up: its points are available again. The same call again gives the same reply.",
    params: &[needs("hold_id", "Uuid", "The hold."), needs("reason", "Text", "Why.")],
    result: "Released",
    errors: &["unknown_hold", "hold_captured"],
    example: include_str!("../reference/examples/loyalty.release.json"),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Balance {
    partner_ids: List<Id, 1000>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Quote {
    order: Draft,
}

/// Serialised for its fingerprint.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct HoldPoints {
    idempotency_key: Text<200>,
    partner_id: Id,
    program: Text<200>,
    reward: Text<200>,
    points: Option<PointsParam>,
    /// Left out of the fingerprint where it is absent: a call that was made before this existed, and is made again, is
    /// the same call.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<Text<200>>,
    order: Draft,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Capture {
    hold_id: Text<200>,
    order: PaidOrder,
}

/// A paid order, as Odoo names it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaidOrder {
    uuid: Text<100>,
    id: Option<Id>,
    name: Option<Text<200>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Release {
    hold_id: Text<200>,
    reason: Text<500>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct History {
    partner_id: Id,
    program: Option<Text<200>>,
    limit: Option<Limit>,
    // A number for each of the member's programs.
    before: Option<Text<4000>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Explain {
    entry_id: Text<200>,
}

pub(in crate::rpc) async fn balance(api: Arc<Api>, _caller: Caller, params: Balance) -> Reply {
    let partners = params.partner_ids.0.into_iter().map(|id| PartnerId(id.0)).collect();
    answer(&api.ledger.queries().balances(partners).await?)
}

pub(in crate::rpc) async fn quote(api: Arc<Api>, _caller: Caller, params: Quote) -> Reply {
    let dated = params.order.is_dated();
    let draft = params.order.into_order();
    answer(&api.ledger.queries().quote(QuoteAsk { draft, dated }).await?)
}

/// Sets points aside. A partner that is not known here yet is asked for in Odoo first.
pub(in crate::rpc) async fn hold(api: Arc<Api>, caller: Caller, params: HoldPoints) -> Reply {
    let idempotency = idempotency(&params.idempotency_key.0, "loyalty.hold", &params)?;
    if params.points.is_some_and(|points| !points.0.is_positive()) {
        return Err(Fault::parameter("points", "this must be above zero; leave it out for the most that fits"));
    }
    let replaces = params.replaces.as_ref().map(|hold_id| known_form(&hold_id.0)).transpose()?;
    let partner_id = PartnerId(params.partner_id.0);
    let command = PlaceHold {
        idempotency,
        partner_id,
        program: params.program.0,
        reward: params.reward.0,
        points: params.points.map(|points| points.0),
        replaces,
        draft: Box::new(params.order.into_order()),
        actor: caller.actor(),
    };
    let held: HoldResult = match api.ledger.reply(command.clone()).await {
        Err(LedgerError::Refused(Refused { refusal: Refusal::UnknownPartner(_), .. })) => {
            api.require_partner(partner_id).await?;
            api.ledger.reply(command).await?
        }
        outcome => outcome?,
    };
    answer(&held)
}

pub(in crate::rpc) async fn capture(api: Arc<Api>, caller: Caller, params: Capture) -> Reply {
    let order = OrderRef {
        id: params.order.id.map(|id| SaleId::pos_order(OrderId(id.0))),
        uuid: Some(params.order.uuid.0),
        name: params.order.name.map(|name| name.0),
    };
    let hold_id = known_form(&params.hold_id.0)?;
    let posted: Posted = api.ledger.reply(CaptureHold { hold_id, order, actor: caller.actor() }).await?;
    answer(&posted)
}

pub(in crate::rpc) async fn release(api: Arc<Api>, caller: Caller, params: Release) -> Reply {
    let hold_id = known_form(&params.hold_id.0)?;
    let command = ReleaseHold { hold_id, reason: params.reason.0, actor: caller.actor() };
    let released: Released = api.ledger.reply(command).await?;
    answer(&released)
}

pub(in crate::rpc) async fn history(api: Arc<Api>, _caller: Caller, params: History) -> Reply {
    let before = place(params.before, HistoryPlace::parse)?;
    let limit = params.limit.unwrap_or_default().0;
    let program = params.program.map(|program| program.0);
    answer(&api.ledger.queries().history(PartnerId(params.partner_id.0), program, limit, before).await?)
}

pub(in crate::rpc) async fn explain(api: Arc<Api>, _caller: Caller, params: Explain) -> Reply {
    answer(&api.ledger.queries().explain(params.entry_id.0).await?)
}

/// A text that is not even of our ids' form names no hold, like any other that nobody knows.
fn known_form(hold_id: &str) -> Result<HoldId, Fault> {
    HoldId::parse(hold_id).ok_or_else(|| Refusal::UnknownHold(format!("“{hold_id}”")).into())
}
