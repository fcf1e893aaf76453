//! Questions to the ledger: nothing here changes points.

pub(in crate::ledger) mod draft;
pub(in crate::ledger) mod explanation;
pub(in crate::ledger) mod history;
pub(in crate::ledger) mod listing;
pub(in crate::ledger) mod names;
pub(in crate::ledger) mod outlook;
pub(in crate::ledger) mod quote;
