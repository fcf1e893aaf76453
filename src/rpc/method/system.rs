//! `system.*` and `rpc.discover`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::answer;
use crate::rpc::param::schema::{object, text, whole};
use crate::rpc::param::types::Nothing;
use crate::rpc::row::Method;
use crate::rpc::{Api, Caller, Reply, Role, openrpc};

/// The row of `system.version`.
pub(in crate::rpc) const VERSION: Method = Method {
    name: "system.version",
    role: Role::Pos,
    summary: "This service's version, and whether Odoo answers.",
    params: &[],
    result: "SystemVersion",
    errors: &[],
    example: include_str!("../reference/examples/system.version.json"),
};

/// The row of `rpc.discover`.
pub(in crate::rpc) const DISCOVER: Method = Method {
    name: "rpc.discover",
    role: Role::Pos,
    summary: "This document.",
    params: &[],
    result: "OpenRpc",
    errors: &[],
    example: include_str!("../reference/examples/rpc.discover.json"),
};

/// What `system.version` answers.
#[derive(Serialize)]
struct SystemVersion {
    version: &'static str,
    odoo: OdooSeen,
}

/// Odoo as the service last found it.
#[derive(Serialize)]
struct OdooSeen {
    reachable: bool,
    server_version: Option<String>,
    /// Told only where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    login_refused: bool,
}

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    let seen = object(
        &["reachable", "server_version"],
        &[
            ("reachable", json!({"type": "boolean"})),
            ("server_version", json!({"type": ["string", "null"]})),
            (
                "login_refused",
                json!({"description": "Whether Odoo refuses the login; absent when not.", "type": "boolean"}),
            ),
        ],
    );
    vec![
        ("SystemVersion", whole(&[("version", text()), ("odoo", seen)])),
        ("OpenRpc", json!({"description": "An OpenRPC document.", "type": "object"})),
    ]
}

pub(in crate::rpc) async fn version(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    let odoo = api.odoo.version().await;
    answer(&SystemVersion {
        version: env!("CARGO_PKG_VERSION"),
        odoo: OdooSeen {
            reachable: odoo.reachable,
            server_version: odoo.server_version,
            login_refused: odoo.login_refused,
        },
    })
}

pub(in crate::rpc) async fn discover(_api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    Ok(openrpc::document())
}
