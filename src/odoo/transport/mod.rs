//! How Odoo is spoken to: JSON-RPC, JSON-2, and trying again.

pub mod auto;
pub(in crate::odoo) mod http;
pub mod json2;
pub mod json_rpc;
pub mod retry;
