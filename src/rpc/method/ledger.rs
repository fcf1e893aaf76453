//! `ledger.*`: points by hand, and the proof that the books are right.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer;
use crate::domain::ledger::decide::Correction;
use crate::domain::value::ids::PartnerId;
use crate::ledger::{AdjustPoints, Posted};
use crate::rpc::param::fingerprint::idempotency;
use crate::rpc::param::schema::{reference, says, text, whole};
use crate::rpc::param::types::{Id, Nothing, PointsParam, Text};
use crate::rpc::row::{KEY, Method, ON_BEHALF_OF, needs};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

/// The row of `ledger.adjust`.
pub(in crate::rpc) const ADJUST: Method = Method {
    name: "ledger.adjust",
    role: Role::Manager,
    summary: "Adds points to a member by hand, or takes them, with a reason. `on_behalf_of` is kept as the caller's \
              claim, beside the actor.",
    params: &[
        KEY,
        needs("partner_id", "Id", "The member."),
        needs("program", "Code", "The program's code."),
        needs("points", "Points", "How many are added; below zero they are taken."),
        needs("reason", "Text", "Why; it is shown in the history."),
        ON_BEHALF_OF,
    ],
    result: "Posted",
    errors: &["idempotency_conflict", "unknown_program", "unknown_partner"],
    example: include_str!("../reference/examples/ledger.adjust.json"),
};

/// The row of `ledger.redact`.
pub(in crate::rpc) const REDACT: Method = Method {
    name: "ledger.redact",
    role: Role::Admin,
    summary: "Erases the texts of an entry (reason, name of the cause, actor), on a ground that is kept. Points, ids and \
              the hash chain stay. Doing so again answers the first certificate.",
    params: &[
        needs("entry_id", "Uuid", "The entry."),
        needs("ground", "Text", "Why; it is kept for ever, so it must name nobody."),
    ],
    result: "Redacted",
    errors: &["unknown_entry"],
    example: include_str!("../reference/examples/ledger.redact.json"),
};

/// The row of `ledger.verify`.
pub(in crate::rpc) const VERIFY: Method = Method {
    name: "ledger.verify",
    role: Role::Admin,
    summary: "Checks every invariant of the books and lists what breaks one.",
    params: &[],
    result: "Verification",
    errors: &[],
    example: include_str!("../reference/examples/ledger.verify.json"),
};

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Redacted",
            whole(&[
                ("entry_id", reference("Uuid")),
                ("at", reference("Time")),
                ("by", text()),
                ("ground", text()),
                ("head_before", says("The account's last hash before, in hexadecimal digits.")),
                ("head_after", says("The same afterwards: it does not change.")),
            ]),
        ),
        (
            "Verification",
            json!({"type": "object", "required": ["accounts", "entries", "violations"], "properties": {
            "accounts": reference("Count"), "entries": reference("Count"),
            "violations": {"description": "A sentence for each invariant that does not hold.", "type": "array"}}}),
        ),
    ]
}

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
    let command = AdjustPoints {
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
    let posted: Posted = api.ledger.reply(command).await?;
    answer(&posted)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Redact {
    entry_id: Text<200>,
    ground: Text<500>,
}

/// Erases the texts of an entry.
pub(in crate::rpc) async fn redact(api: Arc<Api>, caller: Caller, params: Redact) -> Reply {
    answer(&api.ledger.redact(params.entry_id.0, params.ground.0, caller.actor()).await?)
}

pub(in crate::rpc) async fn verify(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    answer(&api.ledger.verify().await?)
}
