//! `system.*` and `rpc.discover`.

use std::sync::Arc;

use serde_json::json;

use super::params::Nothing;
use super::{Api, Caller, Reply, openrpc};

pub(super) async fn version(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let odoo = api.odoo.version().await;
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "odoo": {"reachable": odoo.reachable, "server_version": odoo.server_version},
    }))
}

pub(super) async fn discover(_api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    Ok(openrpc::document())
}
