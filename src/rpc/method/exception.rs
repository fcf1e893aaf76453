//! `exception.*`: what a manager must look at, because the service will not guess.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer;
use crate::domain::ledger::state::EXCEPTION_KINDS;
use crate::ledger::{ExceptionFilter, ExceptionPlace, Resolution};
use crate::rpc::param::schema::{flag, list as list_of, or_null, reference, text, text_or_null, whole};
use crate::rpc::param::types::{Id, Limit, Text, place};
use crate::rpc::row::{BEFORE, LIMIT, Method, ON_BEHALF_OF, needs, takes};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

/// The row of `exception.list`.
pub(in crate::rpc) const LIST: Method = Method {
    name: "exception.list",
    role: Role::Viewer,
    summary: "What a manager must look at, newest first, a page at a time: all of it, or of one state, kind or member.",
    params: &[
        takes("state", "ExceptionState", "Only those of this state."),
        takes("kind", "ExceptionKind", "Only those of this kind."),
        takes("partner_id", "Id", "Only this member's."),
        LIMIT,
        BEFORE,
    ],
    result: "Exceptions",
    errors: &[],
    example: include_str!("../reference/examples/exception.list.json"),
};

/// The row of `exception.resolve`.
pub(in crate::rpc) const RESOLVE: Method = Method {
    name: "exception.resolve",
    role: Role::Manager,
    summary: "Notes that a manager has dealt with an exception; doing so again keeps the first note. `on_behalf_of` is \
              kept as the caller's claim.",
    params: &[
        needs("exception_id", "Uuid", "The exception."),
        needs("note", "Note", "What was done about it."),
        ON_BEHALF_OF,
    ],
    result: "Resolved",
    errors: &[],
    example: include_str!("../reference/examples/exception.resolve.json"),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct ListExceptions {
    state: Option<ResolutionState>,
    kind: Option<Text<100>>,
    partner_id: Option<Id>,
    limit: Option<Limit>,
    before: Option<Text<200>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ResolutionState {
    Open,
    Resolved,
}

impl ResolutionState {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Resolve {
    exception_id: Text<200>,
    note: Text<2000>,
    on_behalf_of: Option<Text<200>>,
}

/// What `exception.resolve` answers.
#[derive(Serialize)]
struct Resolved {
    resolved: bool,
}

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("ExceptionState", json!({"enum": ["open", "resolved"]})),
        ("ExceptionKind", json!({"enum": EXCEPTION_KINDS})),
        (
            "Exception",
            json!({"type": "object",
            "required": ["exception_id", "kind", "partner_id", "order", "detail", "at", "state"],
            "properties": {"exception_id": reference("Uuid"), "kind": reference("ExceptionKind"), "partner_id": or_null("Id"),
                "order": {"type": ["object", "null"]}, "detail": text(), "at": reference("Time"),
                "partner_name": text_or_null(),
                "state": reference("ExceptionState"), "resolved_at": reference("Time"),
                "resolved_by": text_or_null(), "resolved_on_behalf_of": text_or_null(), "note": text_or_null()}}),
        ),
        ("Exceptions", whole(&[("exceptions", list_of("Exception")), ("next", or_null("Place"))])),
        ("Resolved", whole(&[("resolved", flag(true))])),
    ]
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, params: ListExceptions) -> Reply {
    let kind = match params.kind {
        Some(Text(kind)) if EXCEPTION_KINDS.contains(&kind.as_str()) => Some(kind),
        Some(_) => {
            let known = EXCEPTION_KINDS.join(", ");
            return Err(Fault::parameter("kind", &format!("there is no such kind of exception; known are {known}")));
        }
        None => None,
    };
    let before = place(params.before, ExceptionPlace::parse)?;
    let filter = ExceptionFilter {
        state: params.state.map(|state| state.name().to_owned()),
        kind,
        partner_id: params.partner_id.map(|id| id.0),
        before,
    };
    answer(&api.ledger.exceptions().list(filter, params.limit.unwrap_or_default().0).await?)
}

pub(in crate::rpc) async fn resolve(api: Arc<Api>, caller: Caller, params: Resolve) -> Reply {
    let resolution =
        Resolution { note: params.note.0, by: caller.actor(), on_behalf_of: params.on_behalf_of.map(|claim| claim.0) };
    if api.ledger.exceptions().resolve(params.exception_id.0, resolution).await? {
        answer(&Resolved { resolved: true })
    } else {
        Err(Fault::parameter("exception_id", "there is no such exception"))
    }
}
