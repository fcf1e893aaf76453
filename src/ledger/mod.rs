//! The use cases of the ledger and its writer: the only room that changes points.

pub mod shop;
