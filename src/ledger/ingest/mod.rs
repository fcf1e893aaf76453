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

use crate::domain::catalog::records::{CatalogRecords, Company, Ingested};
use crate::domain::sale::order::{Order, Wallet};
use crate::domain::value::ids::{OrderId, SaleId};
use crate::ledger::writer::command::{ForgetOrders, IngestOrders};
use crate::ledger::{Ledger, LedgerError};
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::{AnyConnection, FencingToken, table};

/// What was read elsewhere is taken into the ledger here: orders, the catalog, and whom members became.
#[derive(Clone, Copy, Debug)]
pub struct Ingestion<'a>(pub(in crate::ledger) &'a Ledger);

impl Ledger {
    /// Takes in what was read elsewhere.
    #[must_use]
    pub const fn ingestion(&self) -> Ingestion<'_> {
        Ingestion(self)
    }
}

impl Ingestion<'_> {
    /// Whose points an order's are.
    #[must_use]
    pub fn wallet(self) -> Wallet {
        self.0.context.options.wallet
    }

    /// Takes in orders as they now are in Odoo, and posts what they change. Of more than [`crate::ledger::CHUNK`], those
    /// before one that fails stay taken in; taking them in again changes nothing.
    ///
    /// # Errors
    /// As [`Ledger::reply`], and [`LedgerError::Outdated`].
    pub async fn ingest(self, orders: Vec<Order>, token: FencingToken) -> Result<Ingested, LedgerError> {
        self.0.ingested_in_chunks(orders, |orders| IngestOrders { orders, token }).await
    }

    /// Takes back what orders earned that Odoo deleted.
    ///
    /// # Errors
    /// As [`Ingestion::ingest`].
    pub async fn forget_orders(self, orders: Vec<OrderId>, token: FencingToken) -> Result<Ingested, LedgerError> {
        let orders: Vec<SaleId> = orders.into_iter().map(SaleId::pos_order).collect();
        self.0.ingested_in_chunks(orders, |orders| ForgetOrders { orders, token }).await
    }

    /// Keeps copies of Odoo's records; returns how many were new or different.
    ///
    /// # Errors
    /// [`LedgerError::Store`], and [`LedgerError::Outdated`].
    pub async fn put_catalog(self, records: CatalogRecords, token: FencingToken) -> Result<u64, LedgerError> {
        let wallet = self.wallet();
        let (changed, joined) = self
            .0
            .pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    if !token.still_counts(conn)? {
                        return Err(LedgerError::Outdated);
                    }
                    wallets::keep_what_was(conn, wallet, &records.partners)?;
                    let joined = joined_branches(conn, &records.companies)?;
                    Ok((table::catalog::put(conn, &records)?, joined))
                })
            })
            .await?;
        if joined {
            self.0.recompute().await?;
        }
        Ok(changed)
    }
}

/// Keeps companies, and has all orders computed again when one of them became known as a branch: programs of the company
/// above hold in it. Whether there was one.
fn joined_branches(conn: &mut AnyConnection, read: &[Company]) -> Result<bool, LedgerError> {
    let fresh = table::companies::put(conn, read)?;
    if fresh.iter().all(|company| company.parent_ids.is_empty()) || table::orders::newest(conn)?.is_none() {
        return Ok(false);
    }
    table::programs::lock_sales_and_programs(conn)?;
    let programs = table::programs::load_all(conn)?;
    let Some(program) = programs.first().map(|(_, row)| row.program_id) else { return Ok(false) };
    let now_us = database_now(conn)?.timestamp_micros();
    table::programs::request_recompute(conn, program, None, None, now_us)?;
    Ok(true)
}
