//! Orders that are no longer in Odoo: what they earned is taken back.

use super::{Answer, AskedBy, Command, NeededSales, Needs};
use crate::domain::value::ids::SaleId;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::Batch;
use crate::store::{AnyConnection, FencingToken};

/// Orders that were looked for and not found.
#[derive(Clone, Debug)]
pub struct ForgetOrders {
    /// Their ids.
    pub orders: Vec<SaleId>,
    /// When and by what right they were looked for.
    pub token: FencingToken,
}

impl Command for ForgetOrders {
    fn name(&self) -> &'static str {
        "forget"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Ledger
    }

    fn needs(&self) -> Needs<'_> {
        Needs { sales: Some(NeededSales::Gone(&self.orders, &self.token)), ..Needs::default() }
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn decide(&self, batch: &mut Batch, conn: &mut AnyConnection, position: usize) -> Result<Answer, LedgerError> {
        batch.converge_read(conn, position)
    }
}
