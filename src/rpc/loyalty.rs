//! `loyalty.*`: what a till asks for, and what a manager looks up.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::fingerprint::idempotency;
use super::params::{Id, Limit, List, PointsParam, Text};
use super::{Api, Caller, Fault, Reply, register};
use crate::domain::book::OrderRef;
use crate::domain::ids::{HoldId, OrderId, PartnerId};
use crate::domain::refusal::Refusal;
use crate::ledger::{Command, Place, QuoteAsk};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    partner_ids: List<Id, 1000>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quote {
    order: Draft,
}

/// Serialised for its fingerprint.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    idempotency_key: Text<200>,
    partner_id: Id,
    program: Text<200>,
    reward: Text<200>,
    points: Option<PointsParam>,
    order: Draft,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capture {
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
struct Release {
    hold_id: Text<200>,
    reason: Text<500>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    partner_id: Id,
    program: Option<Text<200>>,
    limit: Option<Limit>,
    before: Option<Text<200>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explain {
    entry_id: Text<200>,
}

pub(super) fn register_all(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    register(module, "loyalty.balance", |api, _caller, params: Balance| async move {
        let partners = params.partner_ids.0.into_iter().map(|id| PartnerId(id.0)).collect();
        Ok(api.ledger.balances(partners).await?)
    })?;
    register(module, "loyalty.quote", |api, _caller, params: Quote| async move {
        let dated = params.order.is_dated();
        let draft = params.order.into_order();
        Ok(api.ledger.quote(QuoteAsk { draft, dated }).await?)
    })?;
    register(module, "loyalty.hold", |api, caller, params: Hold| async move { hold(&api, caller, params).await })?;
    register(module, "loyalty.capture", |api, caller, params: Capture| async move {
        let order = OrderRef {
            id: params.order.id.map(|id| OrderId(id.0)),
            uuid: Some(params.order.uuid.0),
            name: params.order.name.map(|name| name.0),
        };
        let hold_id = known_form(&params.hold_id.0)?;
        Ok(api.ledger.reply(Command::Capture { hold_id, order, actor: caller.name }).await?)
    })?;
    register(module, "loyalty.release", |api, caller, params: Release| async move {
        let hold_id = known_form(&params.hold_id.0)?;
        Ok(api.ledger.reply(Command::Release { hold_id, reason: params.reason.0, actor: caller.name }).await?)
    })?;
    register(module, "loyalty.history", |api, _caller, params: History| async move {
        let unknown_place = || Fault::parameter("before", "this is no `next` of an earlier answer");
        let before = match params.before {
            Some(text) => Some(Place::parse(&text.0).ok_or_else(unknown_place)?),
            None => None,
        };
        let limit = params.limit.unwrap_or_default().0;
        let program = params.program.map(|program| program.0);
        Ok(api.ledger.history(PartnerId(params.partner_id.0), program, limit, before).await?)
    })?;
    register(module, "loyalty.explain", |api, _caller, params: Explain| async move {
        Ok(api.ledger.explain(params.entry_id.0).await?)
    })
}

/// Sets points aside. A partner that is not known here yet is asked for in Odoo first.
async fn hold(api: &Api, caller: Caller, params: Hold) -> Reply {
    let idempotency = idempotency(&params.idempotency_key.0, "loyalty.hold", &params)?;
    if params.points.is_some_and(|points| !points.0.is_positive()) {
        return Err(Fault::parameter("points", "this must be above zero; leave it out for the most that fits"));
    }
    let partner_id = PartnerId(params.partner_id.0);
    api.require_partner(partner_id).await?;
    let command = Command::Hold {
        idempotency,
        partner_id,
        program: params.program.0,
        reward: params.reward.0,
        points: params.points.map(|points| points.0),
        draft: Box::new(params.order.into_order()),
        actor: caller.name,
    };
    Ok(api.ledger.reply(command).await?)
}

/// A text that is not even of our ids' form names no hold, like any other that nobody knows.
fn known_form(hold_id: &str) -> Result<HoldId, Fault> {
    HoldId::parse(hold_id).ok_or_else(|| Refusal::UnknownHold(format!("“{hold_id}”")).into())
}
