//! The ledger's decisions: accounts and lots, holds, entries, and what a sale has yet to post.

pub mod account;
pub mod chain;
pub mod converge;
pub mod decide;
pub(in crate::domain) mod deposit;
pub mod entry;
pub mod hold;
pub mod redemption_review;
pub(in crate::domain) mod replacing;
pub mod returned_rewards;
pub mod sale_lots;
pub mod state;
#[cfg(test)]
mod tests;
pub mod transfer;
