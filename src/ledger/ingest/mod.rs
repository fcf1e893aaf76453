//! From orders to sales: what was read, refunds, and whose points they are.

pub(in crate::ledger) mod before;
pub(in crate::ledger) mod keeping;
pub mod missing;
pub(in crate::ledger) mod redemptions;
pub(in crate::ledger) mod refund_links;
pub(in crate::ledger) mod returns;
pub(in crate::ledger) mod sales;
pub mod trail;
pub(in crate::ledger) mod wallets;
