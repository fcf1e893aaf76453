//! `member.*`: who takes part in programs that ask their members to enrol, and members that become others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::value::ids::PartnerId;
use crate::ledger::{MemberFilter, MemberPlace};
use crate::rpc::param::fingerprint::idempotency;
use crate::rpc::param::types::{Id, Instant, PageLimit, Text, place};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Enrol {
    partner_id: Id,
    program: Text<200>,
    since: Option<Instant>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Leave {
    partner_id: Id,
    program: Text<200>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct ListMembers {
    program: Option<Text<200>>,
    search: Option<Text<200>>,
    with_points: Option<bool>,
    limit: Option<PageLimit<1000>>,
    before: Option<Text<200>>,
}

/// Serialised for its fingerprint.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Transfer {
    idempotency_key: Text<200>,
    from_partner_id: Id,
    to_partner_id: Id,
    reason: Text<500>,
}

pub(in crate::rpc) async fn enrol(api: Arc<Api>, caller: Caller, params: Enrol) -> Reply {
    let since = params.since.map(|since| since.0);
    // Being enrolled since last year is points for last year's orders: not a till's to give.
    if since.is_some() && caller.role < Role::Admin {
        return Err(Fault::forbidden("member.enrol with `since`", Role::Admin, caller.role));
    }
    let partner = PartnerId(params.partner_id.0);
    api.require_partner(partner).await?;
    Ok(api.ledger.enrol(partner, &params.program.0, since, &caller.actor()).await?)
}

pub(in crate::rpc) async fn leave(api: Arc<Api>, caller: Caller, params: Leave) -> Reply {
    let partner = PartnerId(params.partner_id.0);
    api.require_partner(partner).await?;
    Ok(api.ledger.leave(partner, &params.program.0, &caller.actor()).await?)
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, params: ListMembers) -> Reply {
    let filter = MemberFilter {
        program: params.program.map(|program| program.0),
        search: params.search.map(|search| search.0),
        with_points: params.with_points.unwrap_or_default(),
        before: place(params.before, MemberPlace::parse)?,
    };
    Ok(api.ledger.members(filter, params.limit.unwrap_or_default().0).await?)
}

/// Moves everything of a member. The one it is taken from may be gone from Odoo, as long as it has an account here.
pub(in crate::rpc) async fn transfer(api: Arc<Api>, caller: Caller, params: Transfer) -> Reply {
    let idempotency = idempotency(&params.idempotency_key.0, "member.transfer", &params)?;
    let (from, to) = (PartnerId(params.from_partner_id.0), PartnerId(params.to_partner_id.0));
    if from == to {
        return Err(Fault::parameter(
            "to_partner_id",
            "is the customer whose points are to be moved; name another one",
        ));
    }
    if !api.ledger.has_account(from).await? {
        api.require_partner(from).await?;
    }
    api.require_partner(to).await?;
    Ok(api.ledger.transfer_member(idempotency, from, to, params.reason.0, caller.actor()).await?)
}
