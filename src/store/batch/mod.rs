//! What a batch of the ledger reads and writes together.

pub mod changes;
pub mod prefetch;
