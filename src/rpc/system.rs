//! `system.*` and `rpc.discover`.

use std::sync::Arc;

use serde_json::json;

use super::params::Nothing;
use super::{Api, Caller, Reply, openrpc};

pub(super) async fn version(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let odoo = api.odoo.version().await;
    let (reachable, server_version) = (odoo.reachable, odoo.server_version);
    // Only where it is so: else nothing is told that was not told before.
    let told = if odoo.login_refused {
        json!({"reachable": reachable, "server_version": server_version, "login_refused": true})
    } else {
        json!({"reachable": reachable, "server_version": server_version})
    };
    Ok(json!({"version": env!("CARGO_PKG_VERSION"), "odoo": told}))
}

pub(super) async fn discover(_api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    Ok(openrpc::document())
}
