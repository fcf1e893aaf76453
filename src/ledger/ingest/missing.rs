//! What is to be read from Odoo before orders that mention it are taken in.

use std::collections::BTreeSet;

use crate::domain::value::ids::{PartnerId, ProductId};
use crate::ledger::{Ledger, LedgerError};
use crate::store::AnyConnection;
use crate::store::table::{catalog, partners};

/// Records that the ledger does not know yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingRecords {
    /// Products.
    pub products: BTreeSet<ProductId>,
    /// Partners.
    pub partners: BTreeSet<PartnerId>,
}

/// Which of these products and partners are not known yet.
///
/// # Errors
/// [`LedgerError::Store`]
pub async fn missing_records(
    ledger: &Ledger,
    products: BTreeSet<ProductId>,
    partners: BTreeSet<PartnerId>,
) -> Result<MissingRecords, LedgerError> {
    let look = move |conn: &mut AnyConnection| {
        let listed: Vec<PartnerId> = partners.iter().copied().collect();
        let known = partners::load(conn, &listed)?;
        let partners = partners.into_iter().filter(|id| !known.contains_key(id)).collect();
        Ok(MissingRecords { products: catalog::unknown_products(conn, &products)?, partners })
    };
    ledger.pool().run(look).await
}
