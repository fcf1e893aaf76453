//! The writer: lanes, batches, and what they remember.

pub(in crate::ledger) mod batch;
pub(in crate::ledger) mod cache;
pub mod command;
pub(in crate::ledger) mod debts;
pub(in crate::ledger) mod lane;
#[cfg(test)]
pub(in crate::ledger) mod lanes_tests;
pub(in crate::ledger) mod queue;
pub(in crate::ledger) mod recorded_replies;
pub mod reply;
