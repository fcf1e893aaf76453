//! Where the reward lines of holds stand, and which orders have a uuid: over all orders that are kept.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::orders::state_from_word;
use super::schema::{order_lines, orders};
use super::{AnyConnection, CHUNK, StoreError, sale_ids};
use crate::domain::ids::{HoldId, SaleId};
use crate::domain::order::OrderState;
use crate::domain::redemption_review::Carrier;

#[derive(Queryable)]
struct CarrierRow {
    hold_ref: Option<String>,
    source: i16,
    model: i16,
    order_id: i64,
    name: String,
    uuid: Option<String>,
    state: String,
}

/// The orders that have a line of these holds, by hold and in the order of their ids. Lines that take such a line back
/// are left out.
///
/// # Errors
/// [`StoreError`]
pub fn carriers(
    conn: &mut AnyConnection,
    ids: &BTreeSet<HoldId>,
) -> Result<BTreeMap<HoldId, Vec<Carrier>>, StoreError> {
    let texts: Vec<String> = ids.iter().map(HoldId::to_string).collect();
    let mut found: BTreeMap<HoldId, BTreeMap<SaleId, Carrier>> = BTreeMap::new();
    for chunk in texts.chunks(CHUNK) {
        let rows: Vec<CarrierRow> = order_lines::table
            .inner_join(
                orders::table.on(orders::source
                    .eq(order_lines::source)
                    .and(orders::model.eq(order_lines::model))
                    .and(orders::id.eq(order_lines::order_id))),
            )
            // Said besides, for the partial index.
            .filter(order_lines::hold_ref.is_not_null())
            .filter(order_lines::hold_ref.eq_any(chunk))
            .filter(order_lines::refunds_line_id.is_null())
            .select((
                order_lines::hold_ref,
                orders::source,
                orders::model,
                orders::id,
                orders::name,
                orders::uuid,
                orders::state,
            ))
            .load(conn)?;
        for CarrierRow { hold_ref, source, model, order_id, name, uuid, state } in rows {
            let Some(hold) = hold_ref.as_deref().and_then(HoldId::parse) else { continue };
            let order = sale_ids::from_columns(source, model, order_id)?;
            let carrier = Carrier { order, name, uuid, state: state_from_word(&state)? };
            found.entry(hold).or_default().insert(order, carrier);
        }
    }
    Ok(found.into_iter().map(|(hold, carriers)| (hold, carriers.into_values().collect())).collect())
}

/// The orders of these uuids, by uuid: Odoo does not keep uuids unique.
///
/// # Errors
/// [`StoreError`]
pub fn of_uuids(
    conn: &mut AnyConnection,
    uuids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<(SaleId, OrderState)>>, StoreError> {
    let uuids: Vec<&str> = uuids.iter().map(String::as_str).collect();
    let mut found: BTreeMap<String, Vec<(SaleId, OrderState)>> = BTreeMap::new();
    for chunk in uuids.chunks(CHUNK) {
        let rows: Vec<(Option<String>, i16, i16, i64, String)> = orders::table
            .filter(orders::uuid.eq_any(chunk.to_vec()))
            .select((orders::uuid, orders::source, orders::model, orders::id, orders::state))
            .load(conn)?;
        for (uuid, source, model, id, state) in rows {
            if let Some(uuid) = uuid {
                let sale = sale_ids::from_columns(source, model, id)?;
                found.entry(uuid).or_default().push((sale, state_from_word(&state)?));
            }
        }
    }
    Ok(found)
}
