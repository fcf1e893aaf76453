//! `system.*` and `rpc.discover`.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde_json::json;

use super::params::Nothing;
use super::{Api, openrpc, register};

pub(super) fn register_all(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    register(module, "system.version", |api, _caller, _: Nothing| async move {
        let odoo = api.odoo.version().await;
        Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "odoo": {"reachable": odoo.reachable, "server_version": odoo.server_version},
        }))
    })?;
    register(module, "rpc.discover", |_api, _caller, _: Nothing| async move { Ok(openrpc::document()) })
}
