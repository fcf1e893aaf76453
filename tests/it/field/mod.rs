//! What happens in shops: situations from public bug reports of this trade and from an attack, each with its numbers.
//!
//! One file a theme. Every test states a situation and its right outcome, through the front door, on both databases.

mod access;
mod debts;
mod expiry;
mod lines;
mod members;
mod programs;
mod reading;
mod rewards;
