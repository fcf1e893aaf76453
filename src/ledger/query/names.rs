//! What people call what the ledger knows by number: partners and products, as Odoo last said.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::value::ids::{PartnerId, ProductId};
use crate::ledger::error::LedgerError;
use crate::store::AnyConnection;
use crate::store::table::{catalog, partners};

/// Names of partners that were read and have one.
pub(in crate::ledger) type PartnerNames = BTreeMap<PartnerId, String>;

/// The names of these partners.
pub(in crate::ledger) fn partners(conn: &mut AnyConnection, ids: &[PartnerId]) -> Result<PartnerNames, LedgerError> {
    let unique: Vec<PartnerId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let known = partners::load(conn, &unique)?;
    Ok(known
        .into_iter()
        .filter(|(_, partner)| !partner.name.trim().is_empty())
        .map(|(id, partner)| (id, partner.name))
        .collect())
}

/// The names of these products.
pub(in crate::ledger) fn products(
    conn: &mut AnyConnection,
    ids: &BTreeSet<ProductId>,
) -> Result<BTreeMap<ProductId, String>, LedgerError> {
    Ok(catalog::product_names(conn, ids)?)
}
