//! Where the reward lines of holds stand, and which orders have a uuid: over all orders that are kept.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::line_index;
use super::orders::state_from_code;
use crate::domain::ledger::redemption_review::Carrier;
use crate::domain::sale::order::OrderState;
use crate::domain::value::ids::{HoldId, SaleId};
use crate::store::codec::{sale_ids, uuids};
use crate::store::connection::prepared::{PreparedQuery, padded};
use crate::store::schema::orders;
use crate::store::{AnyConnection, CHUNK, StoreError};

/// The orders that have a line of these holds, by hold and in the order of their ids. Lines that take such a line back
/// are left out.
///
/// # Errors
/// [`StoreError`]
pub fn carriers(
    conn: &mut AnyConnection,
    ids: &BTreeSet<HoldId>,
) -> Result<BTreeMap<HoldId, Vec<Carrier>>, StoreError> {
    let found: BTreeSet<(HoldId, SaleId)> = line_index::orders_with_holds(conn, ids)?.into_iter().collect();
    let mut carriers = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(found.iter().map(|(_, sale)| *sale)) {
        for chunk in ids.chunks(CHUNK) {
            let query = orders::table
                .filter(orders::source.eq(source))
                .filter(orders::model.eq(model))
                .filter(orders::id.eq_any(padded(chunk.iter().copied())))
                .select((orders::id, orders::name, orders::uuid, orders::state));
            for (id, name, uuid, state) in PreparedQuery(query).load::<(i64, String, Option<Vec<u8>>, i16)>(conn)? {
                let order = sale_ids::from_columns(source, model, id)?;
                let uuid = uuid.as_deref().map(uuids::text_from_bytes).transpose()?;
                carriers.insert(order, Carrier { order, name, uuid, state: state_from_code(state)? });
            }
        }
    }
    let mut by_hold: BTreeMap<HoldId, Vec<Carrier>> = BTreeMap::new();
    for (hold, sale) in found {
        by_hold.entry(hold).or_default().extend(carriers.get(&sale).cloned());
    }
    Ok(by_hold)
}

/// A uuid, and the order that has it: its key, and its state.
type OrderOfUuid = (Option<Vec<u8>>, i16, i16, i64, i16);

/// The orders of these uuids, by uuid: Odoo does not keep uuids unique.
///
/// # Errors
/// [`StoreError`]
pub fn of_uuids(
    conn: &mut AnyConnection,
    uuids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<(SaleId, OrderState)>>, StoreError> {
    let keys: Vec<i64> = uuids.iter().map(|uuid| uuids::text_key(uuid)).collect();
    let mut found: BTreeMap<String, Vec<(SaleId, OrderState)>> = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        let query = orders::table
            // Said besides, for the partial index.
            .filter(orders::uuid_key.is_not_null())
            .filter(orders::uuid_key.eq_any(padded(chunk.iter().copied())))
            .select((orders::uuid, orders::source, orders::model, orders::id, orders::state));
        let rows: Vec<OrderOfUuid> = PreparedQuery(query).load(conn)?;
        for (uuid, source, model, id, state) in rows {
            let Some(uuid) = uuid.as_deref().map(uuids::text_from_bytes).transpose()? else { continue };
            if uuids.contains(&uuid) {
                let sale = sale_ids::from_columns(source, model, id)?;
                found.entry(uuid).or_default().push((sale, state_from_code(state)?));
            }
        }
    }
    Ok(found)
}
