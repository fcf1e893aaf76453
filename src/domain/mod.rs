//! The pure part: it decides everything and touches nothing.
//!
//! No database, network, clock, environment or randomness: times and ids come in as arguments. What is
//! here can be tested with tables and properties, and replayed by hand.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod account;
pub mod book;
#[cfg(test)]
mod book_properties;
pub mod catalog;
pub mod chain;
pub mod converge;
pub mod decide;
#[cfg(test)]
mod decide_tests;
mod deposit;
pub mod entry;
#[cfg(test)]
mod expiry_properties;
pub mod findings;
pub mod forecast;
pub mod hold;
pub mod lease;
pub mod login;
pub mod membership;
pub mod outlook;
pub mod program;
pub mod redemption_review;
pub mod refusal;
mod replacing;
pub mod returned_rewards;
pub mod sale;
pub mod sale_lots;
pub mod timeline;
pub mod transfer;
pub mod value;
