//! `sync.*`: reading Odoo, on demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::findings::{FutureRecords, HeldWithdrawals, HiddenPlace};
use crate::domain::value::ids::OrderId;
use crate::ledger::error::time;
use crate::rpc::param::types::{Id, List, Nothing};
use crate::rpc::{Api, Caller, Fault, OdooTrouble, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Notify {
    order_ids: List<Id, 1000>,
}

pub(in crate::rpc) async fn run(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let run = api.odoo.sync_run().await.map_err(|trouble| unavailable(&trouble))?;
    Ok(json!({
        "orders_read": run.orders_read,
        "orders_changed": run.orders_changed,
        "entries_posted": run.entries_posted,
    }))
}

pub(in crate::rpc) async fn status(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let status = api.odoo.status().await.map_err(|trouble| unavailable(&trouble))?;
    let cursors: BTreeMap<&str, String> =
        status.cursors.iter().map(|cursor| (cursor.stream.as_str(), time(cursor.high_water))).collect();
    Ok(json!({
        "running": status.running,
        "last_success_at": status.last_success_at.map(time),
        "lag_seconds": status.lag_seconds,
        "last_error": status.last_error,
        "ignored_orders": status.ignored_orders,
        "cursors": cursors,
        "held_withdrawals": status.findings.held.as_ref().map(held_withdrawals),
        "missing_rights": status.findings.hidden.iter().map(missing_right).collect::<Vec<_>>(),
        "future_records": status.findings.future.iter().map(future_records).collect::<Vec<_>>(),
    }))
}

pub(in crate::rpc) async fn notify(api: Arc<Api>, _caller: Caller, params: Notify) -> Reply {
    let orders = params.order_ids.0.into_iter().map(|id| OrderId(id.0)).collect();
    Ok(json!({"queued": api.odoo.notify(orders)}))
}

fn held_withdrawals(held: &HeldWithdrawals) -> Value {
    json!({
        "orders": held.orders(),
        "gone": held.gone,
        "replaced": held.replaced,
        "unpaid": held.unpaid,
        "members": held.members,
        "points": held.points.to_string(),
        "newest_order_id": held.newest_order.0,
        "since": time(held.since),
        "message": held.message(),
    })
}

fn missing_right(hidden: &HiddenPlace) -> Value {
    json!({
        "model": hidden.place.model(),
        "id": hidden.place.id(),
        "name": hidden.name,
        "orders": hidden.orders,
        "message": hidden.message(),
    })
}

fn future_records(found: &FutureRecords) -> Value {
    json!({
        "model": found.model,
        "count": found.records,
        "latest": {"id": found.latest_id, "name": found.latest_name, "write_date": time(found.latest_written_at)},
    })
}

fn unavailable(trouble: &OdooTrouble) -> Fault {
    Fault::unavailable(&trouble.0)
}
