//! `member.*`: who takes part in programs that ask their members to enrol, and members that become others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer;
use crate::domain::value::ids::PartnerId;
use crate::ledger::{MemberFilter, MemberPlace};
use crate::rpc::param::fingerprint::idempotency;
use crate::rpc::param::schema::{expiring, list as list_of, of_or_null, or_null, reference, text, text_or_null, whole};
use crate::rpc::param::types::{Id, Instant, PageLimit, Text, place};
use crate::rpc::row::{BEFORE, KEY, LIMIT, Method, needs, takes};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

/// The row of `member.enrol`.
pub(in crate::rpc) const ENROL: Method = Method {
    name: "member.enrol",
    role: Role::Pos,
    summary: "Enrols a member in a program that asks for it: orders placed from now on earn; from `since` on with a token \
              of the role admin.",
    params: &[
        needs("partner_id", "Id", "The member."),
        needs("program", "Code", "The program's code."),
        takes("since", "Time", "From when orders count; now unless given. Needs the role admin."),
    ],
    result: "Enrolled",
    errors: &["unknown_program", "unknown_partner"],
    example: include_str!("../reference/examples/member.enrol.json"),
};

/// The row of `member.leave`.
pub(in crate::rpc) const LEAVE: Method = Method {
    name: "member.leave",
    role: Role::Pos,
    summary: "Ends a member's enrolment: points stay, none are earned or spent until the member enrols again.",
    params: &[needs("partner_id", "Id", "The member."), needs("program", "Code", "The program's code.")],
    result: "Left",
    errors: &["unknown_program", "unknown_partner"],
    example: include_str!("../reference/examples/member.leave.json"),
};

/// The row of `member.list`.
pub(in crate::rpc) const LIST: Method = Method {
    name: "member.list",
    role: Role::Viewer,
    summary: "Members and their points, a row for each member and program, by partner from the greatest id down, a page \
              at a time. `search` is part of the name, or the partner's id. With `with_points` a page may be shorter \
              than `limit`: only a `next` of null is the end.",
    params: &[
        takes("program", "Code", "Only this program's members."),
        takes("search", "Search", "Part of the name, or the partner's id."),
        takes("with_points", "Flag", "Only those with a balance above zero."),
        takes("limit", "LongLimit", LIMIT.meaning),
        BEFORE,
    ],
    result: "Members",
    errors: &["unknown_program"],
    example: include_str!("../reference/examples/member.list.json"),
};

/// The row of `member.transfer`.
pub(in crate::rpc) const TRANSFER: Method = Method {
    name: "member.transfer",
    role: Role::Admin,
    summary: "Moves everything of a member to another, in all programs: points with their expiry, debts and open holds.",
    params: &[
        KEY,
        needs("from_partner_id", "Id", "Whose points, debts and holds are moved."),
        needs("to_partner_id", "Id", "Who gets them."),
        needs("reason", "Text", "Why; it is shown in both histories."),
    ],
    result: "Transferred",
    errors: &["idempotency_conflict", "unknown_partner"],
    example: include_str!("../reference/examples/member.transfer.json"),
};

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    let member = [
        ("partner_id", reference("Id")),
        ("partner_name", text_or_null()),
        ("program", reference("Code")),
        ("program_name", text()),
        ("points_name", text()),
        ("balance", reference("Points")),
        ("held", reference("Points")),
        ("available", reference("Points")),
        ("expiring", json!({"type": "array", "items": expiring()})),
        ("enrolled_at", or_null("Time")),
        ("last_activity_at", or_null("Time")),
    ];
    vec![
        (
            "Enrolled",
            whole(&[
                ("partner_id", reference("Id")),
                ("program", reference("Code")),
                ("enrolled_at", reference("Time")),
            ]),
        ),
        (
            "Left",
            whole(&[
                ("partner_id", reference("Id")),
                ("program", reference("Code")),
                ("left_at", of_or_null("Time", "Null when the member was not in it.")),
            ]),
        ),
        ("Member", whole(&member)),
        ("Members", whole(&[("members", list_of("Member")), ("next", or_null("Place"))])),
        ("Transferred", whole(&[("entries", list_of("Entry"))])),
    ]
}

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
pub(in crate::rpc) struct TransferPoints {
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
    answer(&api.ledger.members().enrol(partner, &params.program.0, since, &caller.actor()).await?)
}

pub(in crate::rpc) async fn leave(api: Arc<Api>, caller: Caller, params: Leave) -> Reply {
    let partner = PartnerId(params.partner_id.0);
    api.require_partner(partner).await?;
    answer(&api.ledger.members().leave(partner, &params.program.0, &caller.actor()).await?)
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, params: ListMembers) -> Reply {
    let filter = MemberFilter {
        program: params.program.map(|program| program.0),
        search: params.search.map(|search| search.0),
        with_points: params.with_points.unwrap_or_default(),
        before: place(params.before, MemberPlace::parse)?,
    };
    answer(&api.ledger.queries().members(filter, params.limit.unwrap_or_default().0).await?)
}

/// Moves everything of a member. The one it is taken from may be gone from Odoo, as long as it has an account here.
pub(in crate::rpc) async fn transfer(api: Arc<Api>, caller: Caller, params: TransferPoints) -> Reply {
    let idempotency = idempotency(&params.idempotency_key.0, "member.transfer", &params)?;
    let (from, to) = (PartnerId(params.from_partner_id.0), PartnerId(params.to_partner_id.0));
    if from == to {
        return Err(Fault::parameter(
            "to_partner_id",
            "is the customer whose points are to be moved; name another one",
        ));
    }
    if !api.ledger.members().has_account(from).await? {
        api.require_partner(from).await?;
    }
    api.require_partner(to).await?;
    answer(&api.ledger.members().transfer(idempotency, from, to, params.reason.0, caller.actor()).await?)
}
