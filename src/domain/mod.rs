//! The pure part: it decides everything and touches nothing.
//!
//! No database, network, clock, environment or randomness: times and ids come in as arguments. What is
//! here can be tested with tables and properties, and replayed by hand.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod catalog;
pub mod findings;
pub mod lease;
pub mod ledger;
pub mod login;
pub mod member;
pub mod program;
pub mod refusal;
pub mod sale;
pub mod sync_status;
pub mod value;
