//! Orders to compute again, because a program changed for the past.

use super::{Answer, AskedBy, Command, NeededSales, Needs};
use crate::domain::ledger::entry::SYNC;
use crate::domain::value::ids::SaleId;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::Batch;
use crate::store::AnyConnection;
use crate::store::table::programs;

/// A part of a piece of work.
#[derive(Clone, Debug)]
pub struct RecomputeOrders {
    /// Which piece of work.
    pub work: i64,
    /// Who has it done, and why.
    pub requester: Requester,
    /// The next orders of it.
    pub orders: Vec<SaleId>,
    /// Where it goes on afterwards; `None` when this is the end.
    pub then_after: Option<SaleId>,
}

/// Who has what was read computed again, and why: entries say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The `actor` of the entries.
    pub actor: String,
    /// The `reason` of those that have none of their own.
    pub reason: Option<String>,
}

impl Default for Requester {
    /// What was read from Odoo asks by itself.
    fn default() -> Self {
        Self { actor: SYNC.to_owned(), reason: None }
    }
}

impl Command for RecomputeOrders {
    fn name(&self) -> &'static str {
        "recompute"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Ledger
    }

    fn needs(&self) -> Needs<'_> {
        Needs { sales: Some(NeededSales::Again(&self.orders)), ..Needs::default() }
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn decide(&self, batch: &mut Batch, conn: &mut AnyConnection, position: usize) -> Result<Answer, LedgerError> {
        let answer = batch.converge(conn, position, &self.requester)?;
        programs::advance_recompute(conn, self.work, self.then_after)?;
        Ok(answer)
    }
}
