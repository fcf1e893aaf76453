//! Parameters and answers that methods share.

pub(in crate::rpc) mod draft_order;
pub(in crate::rpc) mod fingerprint;
pub(in crate::rpc) mod schema;
pub(in crate::rpc) mod types;
