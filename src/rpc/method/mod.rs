//! The methods, one file a group: its rows of the table, its parameters, its typed results with their schemas, and its
//! handlers.

pub(in crate::rpc) mod exception;
pub(in crate::rpc) mod ledger;
pub(in crate::rpc) mod loyalty;
pub(in crate::rpc) mod member;
pub(in crate::rpc) mod program;
pub(in crate::rpc) mod redemption;
pub(in crate::rpc) mod sync;
pub(super) mod system;

use serde::Serialize;

use super::{Fault, Reply};

/// A typed result as the reply it is.
fn answer<R: Serialize>(result: &R) -> Reply {
    serde_json::to_value(result).map_err(|problem| {
        tracing::error!(%problem, "a result cannot be written");
        Fault::internal()
    })
}
