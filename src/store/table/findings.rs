//! What reading Odoo found: places that it shows or no longer does, and records written in the future.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::withdrawals;
use crate::domain::findings::{FutureRecords, HiddenPlace, Place, SyncFindings};
use crate::domain::value::ids::{CompanyId, OrderId, PosConfigId};
use crate::store::connection::clock::from_us;
use crate::store::schema::{future_records, odoo_places, orders};
use crate::store::{AnyConnection, CHUNK, POS_ORDER, SOURCE, StoreError, on_each};

fn places_of(company: i64, till: Option<i64>) -> impl Iterator<Item = Place> {
    std::iter::once(Place::Company(CompanyId(company))).chain(till.map(|till| Place::Till(PosConfigId(till))))
}

/// Where these orders were sold.
///
/// # Errors
/// [`StoreError`]
pub fn places_of_orders(
    conn: &mut AnyConnection,
    ids: &[OrderId],
) -> Result<BTreeMap<OrderId, Vec<Place>>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<(i64, i64, Option<i64>)> = orders::table
            .filter(orders::source.eq(SOURCE))
            .filter(orders::model.eq(POS_ORDER))
            .filter(orders::id.eq_any(ids))
            .select((orders::id, orders::company_id, orders::pos_config_id))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, company, till)| (OrderId(id), places_of(company, till).collect())));
    }
    Ok(found)
}

/// Every place that an order was sold at, with its name as far as it is known.
///
/// # Errors
/// [`StoreError`]
pub fn known_places(conn: &mut AnyConnection) -> Result<BTreeMap<Place, String>, StoreError> {
    let rows: Vec<(i64, Option<i64>)> = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::model.eq(POS_ORDER))
        .select((orders::company_id, orders::pos_config_id))
        .distinct()
        .load(conn)?;
    let names: BTreeMap<Place, String> = load_places(conn)?.into_iter().map(|one| (one.place, one.name)).collect();
    let places = rows.into_iter().flat_map(|(company, till)| places_of(company, till));
    Ok(places.map(|place| (place, names.get(&place).cloned().unwrap_or_default())).collect())
}

/// Keeps which places Odoo shows, and, after all orders were compared, which it does not although so many orders were sold
/// there.
///
/// # Errors
/// [`StoreError`]
pub fn keep_places(
    conn: &mut AnyConnection,
    shown: &BTreeMap<Place, String>,
    hidden: Option<&BTreeMap<Place, u64>>,
) -> Result<(), StoreError> {
    let before: BTreeMap<Place, HiddenPlace> =
        load_places(conn)?.into_iter().map(|known| (known.place, known)).collect();
    let all: BTreeSet<Place> =
        shown.keys().chain(hidden.into_iter().flat_map(BTreeMap::keys)).chain(before.keys()).copied().collect();
    for place in all {
        let known = before.get(&place);
        let name = shown.get(&place).or(known.map(|known| &known.name)).cloned().unwrap_or_default();
        let orders = match hidden {
            Some(hidden) => hidden.get(&place).copied(),
            None => known.map(|known| known.orders),
        };
        let now = HiddenPlace { place, name, orders: orders.unwrap_or_default() };
        if known != Some(&now) {
            save_place(conn, &now)?;
        }
    }
    Ok(())
}

fn load_places(conn: &mut AnyConnection) -> Result<Vec<HiddenPlace>, StoreError> {
    let rows: Vec<(String, i64, String, i64)> = odoo_places::table
        .filter(odoo_places::source.eq(SOURCE))
        .order((odoo_places::model, odoo_places::id))
        .select((odoo_places::model, odoo_places::id, odoo_places::name, odoo_places::hidden_orders))
        .load(conn)?;
    let places = rows.into_iter().filter_map(|(model, id, name, orders)| {
        let orders = u64::try_from(orders).unwrap_or_default();
        Some(HiddenPlace { place: Place::of(&model, id)?, name, orders })
    });
    Ok(places.collect())
}

fn save_place(conn: &mut AnyConnection, one: &HiddenPlace) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(odoo_places::table)
        .values((
            odoo_places::source.eq(SOURCE),
            odoo_places::model.eq(one.place.model()),
            odoo_places::id.eq(one.place.id()),
            odoo_places::name.eq(&one.name),
            odoo_places::hidden_orders.eq(i64::try_from(one.orders).unwrap_or(i64::MAX)),
        ))
        .on_conflict((odoo_places::source, odoo_places::model, odoo_places::id))
        .do_update()
        .set((
            odoo_places::name.eq(excluded(odoo_places::name)),
            odoo_places::hidden_orders.eq(excluded(odoo_places::hidden_orders)),
        ))
        .execute(c))?;
    Ok(())
}

/// Keeps which records are written in the future, in place of those that were.
///
/// # Errors
/// [`StoreError`]
pub fn keep_future(conn: &mut AnyConnection, all: &[FutureRecords]) -> Result<(), StoreError> {
    diesel::delete(future_records::table.filter(future_records::source.eq(SOURCE))).execute(conn)?;
    for one in all {
        diesel::insert_into(future_records::table)
            .values((
                future_records::source.eq(SOURCE),
                future_records::model.eq(&one.model),
                future_records::records.eq(i64::try_from(one.records).unwrap_or(i64::MAX)),
                future_records::latest_id.eq(one.latest_id),
                future_records::latest_name.eq(&one.latest_name),
                future_records::latest_written_at_us.eq(one.latest_written_at.timestamp_micros()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// All that was found.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection) -> Result<SyncFindings, StoreError> {
    let rows: Vec<(String, i64, i64, String, i64)> = future_records::table
        .filter(future_records::source.eq(SOURCE))
        .order(future_records::model)
        .select((
            future_records::model,
            future_records::records,
            future_records::latest_id,
            future_records::latest_name,
            future_records::latest_written_at_us,
        ))
        .load(conn)?;
    let future = rows.into_iter().map(|(model, records, latest_id, latest_name, written)| {
        let records = u64::try_from(records).unwrap_or_default();
        Ok(FutureRecords { model, records, latest_id, latest_name, latest_written_at: from_us(written)? })
    });
    let future = future.collect::<Result<_, StoreError>>()?;
    let hidden = load_places(conn)?.into_iter().filter(|place| place.orders > 0).collect();
    Ok(SyncFindings { held: withdrawals::held(conn)?, hidden, future })
}
