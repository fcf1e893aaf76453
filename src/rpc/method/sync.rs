//! `sync.*`: reading Odoo, on demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer;
use crate::domain::findings::{FutureRecords, HeldWithdrawals, HiddenPlace};
use crate::domain::sync_status::SyncStatus;
use crate::domain::value::as_text;
use crate::domain::value::ids::OrderId;
use crate::domain::value::points::Points;
use crate::rpc::param::schema::{of, of_or_null, reference, whole};
use crate::rpc::param::types::{Id, List, Nothing};
use crate::rpc::row::{Method, needs};
use crate::rpc::{Api, Caller, Fault, OdooUnavailable, Reply, Role};

/// The row of `sync.notify`.
pub(in crate::rpc) const NOTIFY: Method = Method {
    name: "sync.notify",
    role: Role::Pos,
    summary: "A hint that these orders changed in Odoo; polling remains the truth.",
    params: &[needs("order_ids", "Ids", "Ids of `pos.order`, at most 1000.")],
    result: "Queued",
    errors: &[],
    example: include_str!("../reference/examples/sync.notify.json"),
};

/// The row of `sync.run`.
pub(in crate::rpc) const RUN: Method = Method {
    name: "sync.run",
    role: Role::Admin,
    summary: "A whole pass over Odoo, after the one that may be running; answers when it is done.",
    params: &[],
    result: "SyncRun",
    errors: &[],
    example: include_str!("../reference/examples/sync.run.json"),
};

/// The row of `sync.status`.
pub(in crate::rpc) const STATUS: Method = Method {
    name: "sync.status",
    role: Role::Viewer,
    summary: "How far Odoo has been read, and what stood in the way.",
    params: &[],
    result: "SyncStatus",
    errors: &[],
    example: include_str!("../reference/examples/sync.status.json"),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Notify {
    order_ids: List<Id, 1000>,
}

/// What `sync.notify` answers.
#[derive(Serialize)]
struct Queued {
    queued: usize,
}

/// What `sync.run` answers.
#[derive(Serialize)]
struct RunResult {
    orders_read: u64,
    orders_changed: u64,
    entries_posted: u64,
}

/// What `sync.status` answers.
#[derive(Serialize)]
struct StatusResult<'a> {
    running: bool,
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    last_success_at: Option<DateTime<Utc>>,
    lag_seconds: Option<u64>,
    last_error: Option<&'a str>,
    ignored_orders: u64,
    cursors: BTreeMap<&'a str, String>,
    held_withdrawals: Option<HeldResult>,
    missing_rights: Vec<MissingRight<'a>>,
    future_records: Vec<FutureResult<'a>>,
}

#[derive(Serialize)]
struct HeldResult {
    orders: u64,
    gone: u64,
    replaced: u64,
    unpaid: u64,
    members: u64,
    points: Points,
    newest_order_id: OrderId,
    #[serde(serialize_with = "as_text::serialize_time")]
    since: DateTime<Utc>,
    message: String,
}

#[derive(Serialize)]
struct MissingRight<'a> {
    model: &'static str,
    id: i64,
    name: &'a str,
    orders: u64,
    message: String,
}

#[derive(Serialize)]
struct FutureResult<'a> {
    model: &'a str,
    count: u64,
    latest: FutureRecord<'a>,
}

#[derive(Serialize)]
struct FutureRecord<'a> {
    id: i64,
    name: &'a str,
    #[serde(serialize_with = "as_text::serialize_time")]
    write_date: DateTime<Utc>,
}

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("Queued", whole(&[("queued", reference("Count"))])),
        (
            "SyncRun",
            whole(&[
                ("orders_read", of("Count", "Orders that were read.")),
                ("orders_changed", of("Count", "Orders that were new or different.")),
                ("entries_posted", of("Count", "Entries that were posted because of them.")),
            ]),
        ),
        (
            "SyncStatus",
            whole(&[
                ("running", json!({"description": "Whether a pass is under way.", "type": "boolean"})),
                ("last_success_at", of_or_null("Time", "When the last complete pass ended.")),
                ("lag_seconds", of_or_null("Count", "Age of what is known of Odoo, in seconds.")),
                (
                    "last_error",
                    json!({"description": "Why the last pass ended early; null when it did not.",
                    "type": ["string", "null"]}),
                ),
                ("ignored_orders", of("Count", "Orders that no program takes because of their currency or company.")),
                (
                    "cursors",
                    json!({"description": "How far each kind of record has been read.", "type": "object",
                    "additionalProperties": reference("Time")}),
                ),
                (
                    "held_withdrawals",
                    json!({"description": "Paid orders that are not in Odoo as they were and wait for a \
                    person: how many `orders`, of them `gone`, `replaced` and `unpaid`, `members`, `points`, \
                    `newest_order_id`, `since`, and a `message`; null when there are none.", "type": ["object", "null"]}),
                ),
                (
                    "missing_rights",
                    json!({"description": "Companies and tills that the service user does not see any more: \
                    `model`, `id`, `name`, `orders`, `message`.", "type": "array", "items": {"type": "object"}}),
                ),
                (
                    "future_records",
                    json!({"description": "Records that Odoo's clock wrote in the future: `model`, `count`, \
                    `latest`.", "type": "array", "items": {"type": "object"}}),
                ),
            ]),
        ),
    ]
}

pub(in crate::rpc) async fn run(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let run = api.odoo.sync_run().await.map_err(|problem| unavailable(&problem))?;
    answer(&RunResult {
        orders_read: run.orders_read,
        orders_changed: run.orders_changed,
        entries_posted: run.entries_posted,
    })
}

pub(in crate::rpc) async fn status(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let status = api.odoo.status().await.map_err(|problem| unavailable(&problem))?;
    answer(&StatusResult::from(&status))
}

pub(in crate::rpc) async fn notify(api: Arc<Api>, _caller: Caller, params: Notify) -> Reply {
    let orders = params.order_ids.0.into_iter().map(|id| OrderId(id.0)).collect();
    answer(&Queued { queued: api.odoo.notify(orders) })
}

impl<'a> From<&'a SyncStatus> for StatusResult<'a> {
    fn from(status: &'a SyncStatus) -> Self {
        let cursors = status.cursors.iter();
        Self {
            running: status.running,
            last_success_at: status.last_success_at,
            lag_seconds: status.lag_seconds,
            last_error: status.last_error.as_deref(),
            ignored_orders: status.ignored_orders,
            cursors: cursors.map(|cursor| (cursor.stream.as_str(), as_text::time(cursor.high_water))).collect(),
            held_withdrawals: status.findings.held.as_ref().map(HeldResult::from),
            missing_rights: status.findings.hidden.iter().map(MissingRight::from).collect(),
            future_records: status.findings.future.iter().map(FutureResult::from).collect(),
        }
    }
}

impl From<&HeldWithdrawals> for HeldResult {
    fn from(held: &HeldWithdrawals) -> Self {
        Self {
            orders: held.orders(),
            gone: held.gone,
            replaced: held.replaced,
            unpaid: held.unpaid,
            members: held.members,
            points: held.points,
            newest_order_id: held.newest_order,
            since: held.since,
            message: held.message(),
        }
    }
}

impl<'a> From<&'a HiddenPlace> for MissingRight<'a> {
    fn from(hidden: &'a HiddenPlace) -> Self {
        Self {
            model: hidden.place.model(),
            id: hidden.place.id(),
            name: &hidden.name,
            orders: hidden.orders,
            message: hidden.message(),
        }
    }
}

impl<'a> From<&'a FutureRecords> for FutureResult<'a> {
    fn from(found: &'a FutureRecords) -> Self {
        Self {
            model: &found.model,
            count: found.records,
            latest: FutureRecord { id: found.latest_id, name: &found.latest_name, write_date: found.latest_written_at },
        }
    }
}

fn unavailable(problem: &OdooUnavailable) -> Fault {
    Fault::unavailable(&problem.0)
}
