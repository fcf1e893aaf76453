//! Who calls: tokens, roles and rates.

pub mod token;
