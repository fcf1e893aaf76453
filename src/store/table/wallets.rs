//! Whose points orders are: kept with each order from its first reading with its customer.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::id_ranges::load_by_ids;
use crate::domain::value::ids::{PartnerId, SaleId};
use crate::store::codec::sale_ids;
use crate::store::schema::orders;
use crate::store::{AnyConnection, CHUNK, StoreError};

/// A wallet's owner, and the contacts whose orders are the owner's where that is not kept with the order yet.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Whose the points are.
    pub member: PartnerId,
    /// The owner itself and its known contacts.
    pub contacts: Vec<PartnerId>,
}

/// What is kept of an order's customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// Who bought.
    pub partner_id: Option<PartnerId>,
    /// Whose points they are; `None` when they are nobody's, or that was not kept yet.
    pub wallet: Option<PartnerId>,
}

/// The customers of these orders, as far as the orders are known.
///
/// # Errors
/// [`StoreError`]
pub fn customers(
    conn: &mut AnyConnection,
    wanted: &BTreeSet<SaleId>,
) -> Result<BTreeMap<SaleId, Customer>, StoreError> {
    let mut found = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(wanted.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let query = || {
                let of_kind = orders::table.filter(orders::source.eq(source)).filter(orders::model.eq(model));
                of_kind.select((orders::id, orders::partner_id, orders::wallet_partner_id))
            };
            let rows: Vec<(i64, Option<i64>, Option<i64>)> = load_by_ids!(conn, chunk, orders::id, query())?;
            for (id, partner, wallet) in rows.into_iter().filter(|(id, ..)| chunk.binary_search(id).is_ok()) {
                let customer = Customer { partner_id: partner.map(PartnerId), wallet: wallet.map(PartnerId) };
                found.insert(sale_ids::from_columns(source, model, id)?, customer);
            }
        }
    }
    Ok(found)
}

/// What names an order, as its columns.
type Key = (i16, i16, i64);

fn sales(keys: Vec<Key>) -> impl Iterator<Item = Result<SaleId, StoreError>> {
    keys.into_iter().map(|(source, model, id)| sale_ids::from_columns(source, model, id))
}

/// The orders whose points are an owner's.
///
/// # Errors
/// [`StoreError`]
pub fn orders_of(conn: &mut AnyConnection, owner: &Owner) -> Result<BTreeSet<SaleId>, StoreError> {
    let kept: Vec<Key> = orders::table
        .filter(orders::wallet_partner_id.eq(owner.member.0))
        .select((orders::source, orders::model, orders::id))
        .load(conn)?;
    let mut found = sales(kept).collect::<Result<BTreeSet<_>, _>>()?;
    let contacts: Vec<i64> = owner.contacts.iter().map(|id| id.0).collect();
    for chunk in contacts.chunks(CHUNK) {
        let rows: Vec<Key> = orders::table
            .filter(orders::partner_id.eq_any(chunk.to_vec()))
            .filter(orders::wallet_partner_id.is_null())
            .select((orders::source, orders::model, orders::id))
            .load(conn)?;
        for sale in sales(rows) {
            found.insert(sale?);
        }
    }
    Ok(found)
}

/// The orders of these customers, whichever account got the points.
///
/// # Errors
/// [`StoreError`]
pub fn orders_of_customers(conn: &mut AnyConnection, customers: &[PartnerId]) -> Result<BTreeSet<SaleId>, StoreError> {
    let ids: Vec<i64> = customers.iter().map(|id| id.0).collect();
    let mut found = BTreeSet::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Key> = orders::table
            .filter(orders::partner_id.eq_any(chunk.to_vec()))
            .select((orders::source, orders::model, orders::id))
            .load(conn)?;
        for sale in sales(rows) {
            found.insert(sale?);
        }
    }
    Ok(found)
}

/// Keeps whose points these orders are.
///
/// # Errors
/// [`StoreError`]
pub fn keep(conn: &mut AnyConnection, wallets: &BTreeMap<SaleId, PartnerId>) -> Result<(), StoreError> {
    let mut by_owner: BTreeMap<PartnerId, Vec<SaleId>> = BTreeMap::new();
    for (order, owner) in wallets {
        by_owner.entry(*owner).or_default().push(*order);
    }
    for (owner, sales) in by_owner {
        for ((source, model), ids) in sale_ids::by_kind(sales) {
            for chunk in ids.chunks(CHUNK) {
                diesel::update(
                    orders::table
                        .filter(orders::source.eq(source))
                        .filter(orders::model.eq(model))
                        .filter(orders::id.eq_any(chunk.to_vec())),
                )
                .set(orders::wallet_partner_id.eq(owner.0))
                .execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Keeps an owner with those orders of a customer that have none kept yet.
///
/// # Errors
/// [`StoreError`]
pub fn keep_for_customer(conn: &mut AnyConnection, customer: PartnerId, owner: PartnerId) -> Result<(), StoreError> {
    diesel::update(orders::table.filter(orders::partner_id.eq(customer.0)).filter(orders::wallet_partner_id.is_null()))
        .set(orders::wallet_partner_id.eq(owner.0))
        .execute(conn)?;
    Ok(())
}
