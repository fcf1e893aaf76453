//! Sales: an order, its lines and what each counts as, refunds, and what Odoo has withdrawn.

mod coverage;
pub mod order;
pub mod refund;
pub mod withdrawal;
