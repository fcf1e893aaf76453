//! Orders as they now are in Odoo: what they change is posted.

use super::{Answer, AskedBy, Command, NeededSales, Needs};
use crate::domain::sale::order::Order;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::Batch;
use crate::store::{AnyConnection, FencingToken};

/// Orders that were read.
#[derive(Clone, Debug)]
pub struct IngestOrders {
    /// The orders, with ids.
    pub orders: Vec<Order>,
    /// When and by what right they were read.
    pub token: FencingToken,
}

impl Command for IngestOrders {
    fn name(&self) -> &'static str {
        "ingest"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Ledger
    }

    fn needs(&self) -> Needs<'_> {
        Needs { sales: Some(NeededSales::Read(&self.orders, &self.token)), ..Needs::default() }
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn decide(&self, batch: &mut Batch, conn: &mut AnyConnection, position: usize) -> Result<Answer, LedgerError> {
        batch.converge_read(conn, position)
    }
}
