//! How values stand in columns as bytes.

pub(in crate::store) mod id_lists;
pub(in crate::store) mod order_lines;
pub mod packed;
pub(in crate::store) mod pg_json;
pub(in crate::store) mod sale_ids;
pub(in crate::store) mod uuids;
