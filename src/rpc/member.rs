//! `member.*`: who takes part in programs that ask their members to enrol.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::params::{Id, Instant, Text};
use super::{Api, Caller, Fault, Reply, Role};
use crate::domain::ids::PartnerId;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrol {
    partner_id: Id,
    program: Text<200>,
    since: Option<Instant>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    partner_id: Id,
    program: Text<200>,
}

pub(super) async fn enrol(api: Arc<Api>, caller: Caller, params: Enrol) -> Reply {
    let since = params.since.map(|since| since.0);
    // Being enrolled since last year is points for last year's orders: not a till's to give.
    if since.is_some() && caller.role < Role::Admin {
        return Err(Fault::forbidden("member.enrol with `since`", Role::Admin, caller.role));
    }
    let partner = PartnerId(params.partner_id.0);
    api.require_partner(partner).await?;
    Ok(api.ledger.enrol(partner, &params.program.0, since, &caller.actor()).await?)
}

pub(super) async fn leave(api: Arc<Api>, caller: Caller, params: Leave) -> Reply {
    let partner = PartnerId(params.partner_id.0);
    api.require_partner(partner).await?;
    Ok(api.ledger.leave(partner, &params.program.0, &caller.actor()).await?)
}
