//! `loyalty.*`: what a till asks for, and what a manager looks up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::ledger::refusal::Refusal;
use crate::domain::ledger::state::OrderRef;
use crate::domain::value::ids::{HoldId, OrderId, PartnerId, SaleId};
use crate::ledger::{Command, HistoryPlace, LedgerError, QuoteAsk};
use crate::rpc::param::draft_order::Draft;
use crate::rpc::param::fingerprint::idempotency;
use crate::rpc::param::types::{Id, Limit, List, PointsParam, Text, place};
use crate::rpc::{Api, Caller, Fault, Reply};

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
pub(in crate::rpc) struct Hold {
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
    Ok(api.ledger.balances(partners).await?)
}

pub(in crate::rpc) async fn quote(api: Arc<Api>, _caller: Caller, params: Quote) -> Reply {
    let dated = params.order.is_dated();
    let draft = params.order.into_order();
    Ok(api.ledger.quote(QuoteAsk { draft, dated }).await?)
}

/// Sets points aside. A partner that is not known here yet is asked for in Odoo first.
pub(in crate::rpc) async fn hold(api: Arc<Api>, caller: Caller, params: Hold) -> Reply {
    let idempotency = idempotency(&params.idempotency_key.0, "loyalty.hold", &params)?;
    if params.points.is_some_and(|points| !points.0.is_positive()) {
        return Err(Fault::parameter("points", "this must be above zero; leave it out for the most that fits"));
    }
    let replaces = params.replaces.as_ref().map(|hold_id| known_form(&hold_id.0)).transpose()?;
    let partner_id = PartnerId(params.partner_id.0);
    let command = Command::Hold {
        idempotency,
        partner_id,
        program: params.program.0,
        reward: params.reward.0,
        points: params.points.map(|points| points.0),
        replaces,
        draft: Box::new(params.order.into_order()),
        actor: caller.actor(),
    };
    match api.ledger.reply(command.clone()).await {
        Err(LedgerError::Refused(refusal)) if refusal.is_unknown_partner() => {
            api.require_partner(partner_id).await?;
            Ok(api.ledger.reply(command).await?)
        }
        answer => Ok(answer?),
    }
}

pub(in crate::rpc) async fn capture(api: Arc<Api>, caller: Caller, params: Capture) -> Reply {
    let order = OrderRef {
        id: params.order.id.map(|id| SaleId::pos_order(OrderId(id.0))),
        uuid: Some(params.order.uuid.0),
        name: params.order.name.map(|name| name.0),
    };
    let hold_id = known_form(&params.hold_id.0)?;
    Ok(api.ledger.reply(Command::Capture { hold_id, order, actor: caller.actor() }).await?)
}

pub(in crate::rpc) async fn release(api: Arc<Api>, caller: Caller, params: Release) -> Reply {
    let hold_id = known_form(&params.hold_id.0)?;
    Ok(api.ledger.reply(Command::Release { hold_id, reason: params.reason.0, actor: caller.actor() }).await?)
}

pub(in crate::rpc) async fn history(api: Arc<Api>, _caller: Caller, params: History) -> Reply {
    let before = place(params.before, HistoryPlace::parse)?;
    let limit = params.limit.unwrap_or_default().0;
    let program = params.program.map(|program| program.0);
    Ok(api.ledger.history(PartnerId(params.partner_id.0), program, limit, before).await?)
}

pub(in crate::rpc) async fn explain(api: Arc<Api>, _caller: Caller, params: Explain) -> Reply {
    Ok(api.ledger.explain(params.entry_id.0).await?)
}

/// A text that is not even of our ids' form names no hold, like any other that nobody knows.
fn known_form(hold_id: &str) -> Result<HoldId, Fault> {
    HoldId::parse(hold_id).ok_or_else(|| Refusal::UnknownHold(format!("“{hold_id}”")).into())
}
