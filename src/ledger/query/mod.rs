//! Questions to the ledger: nothing here changes points.

pub mod balance;
pub(in crate::ledger) mod draft;
pub mod entry;
pub mod exceptions;
pub mod explanation;
pub mod history;
mod listing;
pub mod members;
pub(in crate::ledger) mod names;
pub(in crate::ledger) mod outlook;
pub mod programs;
pub mod quote;
pub mod redemptions;

use crate::ledger::Ledger;

/// The questions to a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a>(&'a Ledger);

impl Ledger {
    /// What the ledger can be asked without anything being changed.
    #[must_use]
    pub const fn queries(&self) -> Queries<'_> {
        Queries(self)
    }
}
