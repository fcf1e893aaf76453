//! `member.*`: who takes part in programs that ask their members to enrol.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde::{Deserialize, Serialize};

use super::params::{Id, Instant, Text};
use super::{Api, register};
use crate::domain::ids::PartnerId;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Enrol {
    partner_id: Id,
    program: Text<200>,
    since: Option<Instant>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    partner_id: Id,
    program: Text<200>,
}

pub(super) fn register_all(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    register(module, "member.enrol", |api, caller, params: Enrol| async move {
        let partner = PartnerId(params.partner_id.0);
        api.require_partner(partner).await?;
        let since = params.since.map(|since| since.0);
        Ok(api.ledger.enrol(partner, &params.program.0, since, &caller.name).await?)
    })?;
    register(module, "member.leave", |api, caller, params: Leave| async move {
        let partner = PartnerId(params.partner_id.0);
        api.require_partner(partner).await?;
        Ok(api.ledger.leave(partner, &params.program.0, &caller.name).await?)
    })
}
