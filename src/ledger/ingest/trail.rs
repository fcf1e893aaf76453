//! What the ledger knows of members that may have become others.

use std::collections::{BTreeMap, BTreeSet};

use super::wallets;
use crate::domain::catalog::records::Partner;
use crate::domain::sale::order::Wallet;
use crate::domain::value::ids::{OrderId, PartnerId, SaleId};
use crate::ledger::error::LedgerError;
use crate::ledger::writer::command::orphan_key;
use crate::store::table::{exceptions, merges, wallets as owners};
use crate::store::{AnyConnection, StoreError};

/// What is known of a member that may have become another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Its orders, and its contacts' orders if it is a company. Their customer today shows whom it became.
    pub orders: Vec<OrderId>,
    /// Whether it is a company whose contacts' orders are its own.
    pub is_company: bool,
    /// Whom it is known to have become. What is still on its account was put there while its points moved.
    pub became: Option<PartnerId>,
    /// Whether an exception says already that its successor is unknown: from then on a person decides.
    pub told: bool,
}

/// What is known of a member that may have become another.
///
/// # Errors
/// [`LedgerError::Store`]
pub fn of(conn: &mut AnyConnection, wallet: Wallet, member: PartnerId) -> Result<Trail, LedgerError> {
    let mut contacts = wallets::owner_of(conn, wallet, member)?.contacts;
    let is_company = wallet == Wallet::Company && contacts.contains(&member);
    if !is_company {
        contacts = vec![member];
    }
    let orders = owners::orders_of_customers(conn, &contacts)?.into_iter();
    let orders = orders.filter_map(SaleId::as_pos_order).collect();
    let told = exceptions::state_of(conn, &orphan_key(member))?.is_some();
    let became = merges::of(conn, &[member])?.remove(&member);
    Ok(Trail { orders, is_company, became, told })
}

/// Customers whom these orders had and no longer have, each once. Those that became another are not among them.
///
/// # Errors
/// [`StoreError`]
pub fn customers_left(
    conn: &mut AnyConnection,
    read: impl IntoIterator<Item = (OrderId, Option<PartnerId>)>,
) -> Result<BTreeSet<PartnerId>, StoreError> {
    let read = read.into_iter().map(|(id, customer)| (SaleId::pos_order(id), customer));
    let read: BTreeMap<SaleId, Option<PartnerId>> = read.collect();
    let known = owners::customers(conn, &read.keys().copied().collect())?;
    let left = known.iter().filter(|(id, known)| read.get(id) != Some(&known.partner_id));
    let left = left.filter_map(|(_, known)| known.partner_id).collect();
    not_merged(conn, left)
}

/// Companies that these contacts were of and no longer are, each once, where points are the company's.
///
/// # Errors
/// [`LedgerError::Store`]
pub fn companies_left(
    conn: &mut AnyConnection,
    wallet: Wallet,
    read: &[Partner],
) -> Result<BTreeSet<PartnerId>, LedgerError> {
    let left = wallets::companies_left(conn, wallet, read)?.into_values().collect();
    Ok(not_merged(conn, left)?)
}

fn not_merged(conn: &mut AnyConnection, partners: BTreeSet<PartnerId>) -> Result<BTreeSet<PartnerId>, StoreError> {
    let became = merges::of(conn, &partners.iter().copied().collect::<Vec<_>>())?;
    Ok(partners.into_iter().filter(|id| !became.contains_key(id)).collect())
}
