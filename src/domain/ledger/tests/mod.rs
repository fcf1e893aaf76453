//! Properties and tables of the ledger's decisions.

#[cfg(test)]
pub(in crate::domain) mod decide_tests;
#[cfg(test)]
pub(in crate::domain) mod expiry_properties;
#[cfg(test)]
pub(in crate::domain) mod state_properties;
