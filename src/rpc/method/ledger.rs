//! `ledger.*`: points by hand, and the proof that the books are right.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::ledger::decide::Correction;
use crate::domain::value::ids::PartnerId;
use crate::ledger::Command;
use crate::rpc::param::fingerprint::idempotency;
use crate::rpc::param::types::{Id, Nothing, PointsParam, Text};
use crate::rpc::{Api, Caller, Fault, Reply};

/// Serialised for its fingerprint.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Adjust {
    idempotency_key: Text<200>,
    partner_id: Id,
    program: Text<200>,
    points: PointsParam,
    reason: Text<500>,
    // Left out where it is: a retry across an upgrade is still the same call.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<Text<200>>,
}

/// Adds or takes points. A partner that is not known here yet is asked for in Odoo first.
pub(in crate::rpc) async fn adjust(api: Arc<Api>, caller: Caller, params: Adjust) -> Reply {
    let idempotency = idempotency(&params.idempotency_key.0, "ledger.adjust", &params)?;
    if params.points.0.is_zero() {
        return Err(Fault::parameter("points", "an adjustment of no points changes nothing"));
    }
    let partner_id = PartnerId(params.partner_id.0);
    api.require_partner(partner_id).await?;
    let command = Command::Adjust {
        idempotency,
        partner_id,
        program: params.program.0,
        correction: Correction {
            points: params.points.0,
            reason: params.reason.0,
            on_behalf_of: params.on_behalf_of.map(|claim| claim.0),
            cause: None,
            expiry: None,
        },
        actor: caller.actor(),
    };
    Ok(api.ledger.reply(command).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Redact {
    entry_id: Text<200>,
    ground: Text<500>,
}

/// Erases the texts of an entry.
pub(in crate::rpc) async fn redact(api: Arc<Api>, caller: Caller, params: Redact) -> Reply {
    Ok(api.ledger.redact(params.entry_id.0, params.ground.0, caller.actor()).await?)
}

pub(in crate::rpc) async fn verify(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    Ok(api.ledger.verify().await?.to_json())
}
