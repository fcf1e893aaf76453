//! What reading Odoo found: kept for every process to tell.

use std::collections::BTreeMap;

use crate::domain::findings::{FutureRecords, HeldWithdrawals, Place, SyncFindings};
use crate::domain::sale::withdrawal::{KnownLines, KnownOrder};
use crate::domain::value::ids::{LineId, OrderId};
use crate::domain::value::points::Points;
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::{findings, withdrawals};

impl Ledger {
    /// Where these orders were sold.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn places_of(&self, orders: Vec<OrderId>) -> Result<BTreeMap<OrderId, Vec<Place>>, LedgerError> {
        self.pool().run(move |conn| Ok(findings::places_of_orders(conn, &orders)?)).await
    }

    /// Keeps which places Odoo shows, by name, and, after all orders were compared, which it does not although so many orders
    /// were sold there.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn keep_places(
        &self,
        shown: BTreeMap<Place, String>,
        hidden: Option<BTreeMap<Place, u64>>,
    ) -> Result<(), LedgerError> {
        let keep = move |conn: &mut crate::store::AnyConnection| {
            write_transaction(conn, |conn| Ok(findings::keep_places(conn, &shown, hidden.as_ref())?))
        };
        self.pool().run(keep).await
    }

    /// Keeps which of Odoo's records are written in the future, in place of those that were.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn keep_future(&self, records: Vec<FutureRecords>) -> Result<(), LedgerError> {
        let keep = move |conn: &mut crate::store::AnyConnection| {
            write_transaction(conn, |conn| Ok(findings::keep_future(conn, &records)?))
        };
        self.pool().run(keep).await
    }

    /// By what these orders are known, as far as they are.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn known_orders(&self, orders: Vec<OrderId>) -> Result<BTreeMap<OrderId, KnownOrder>, LedgerError> {
        self.pool().run(move |conn| Ok(withdrawals::known_orders(conn, &orders)?)).await
    }

    /// Where these lines stand, as far as they are known.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn known_lines(&self, lines: Vec<LineId>) -> Result<KnownLines, LedgerError> {
        self.pool().run(move |conn| Ok(withdrawals::known_lines(conn, &lines)?)).await
    }

    /// How many members have points of these orders, and how many.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn worth_of(&self, orders: Vec<OrderId>) -> Result<(u64, Points), LedgerError> {
        self.pool().run(move |conn| Ok(withdrawals::worth_of(conn, &orders)?)).await
    }

    /// Keeps what waits for a person to decide, in place of what did.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn keep_held(&self, held: Option<HeldWithdrawals>) -> Result<(), LedgerError> {
        let keep = move |conn: &mut crate::store::AnyConnection| {
            write_transaction(conn, |conn| Ok(withdrawals::keep_held(conn, held.as_ref())?))
        };
        self.pool().run(keep).await
    }

    /// All that was found.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn findings(&self) -> Result<SyncFindings, LedgerError> {
        self.pool().run(|conn| Ok(findings::load(conn)?)).await
    }
}
