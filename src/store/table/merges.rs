//! Partners that are gone from Odoo, and whom they became.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::value::ids::PartnerId;
use crate::store::connection::prepared::{load_prepared, padded};
use crate::store::schema::partner_merges;
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, on_each};

/// Whom these partners became; those that are themselves are absent.
///
/// # Errors
/// [`StoreError`]
pub fn of(conn: &mut AnyConnection, partners: &[PartnerId]) -> Result<BTreeMap<PartnerId, PartnerId>, StoreError> {
    let ids: Vec<i64> = partners.iter().map(|id| id.0).collect();
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let query = partner_merges::table
            .filter(partner_merges::source.eq(SOURCE))
            .filter(partner_merges::partner_id.eq_any(padded(chunk.iter().copied())))
            .select((partner_merges::partner_id, partner_merges::into_partner_id));
        let rows: Vec<(i64, i64)> = load_prepared!(conn, query, chunk.len())?;
        found.extend(rows.into_iter().map(|(from, into)| (PartnerId(from), PartnerId(into))));
    }
    Ok(found)
}

/// Notes that a partner became another. Those that became the first one are the other now, too.
///
/// # Errors
/// [`StoreError`]
pub fn note(conn: &mut AnyConnection, from: PartnerId, into: PartnerId, now_us: i64) -> Result<(), StoreError> {
    diesel::update(
        partner_merges::table
            .filter(partner_merges::source.eq(SOURCE))
            .filter(partner_merges::into_partner_id.eq(from.0)),
    )
    .set(partner_merges::into_partner_id.eq(into.0))
    .execute(conn)?;
    on_each!(conn, c => diesel::insert_into(partner_merges::table)
        .values((
            partner_merges::source.eq(SOURCE),
            partner_merges::partner_id.eq(from.0),
            partner_merges::into_partner_id.eq(into.0),
            partner_merges::recorded_at_us.eq(now_us),
        ))
        .on_conflict((partner_merges::source, partner_merges::partner_id))
        .do_update()
        .set(partner_merges::into_partner_id.eq(excluded(partner_merges::into_partner_id)))
        .execute(c))?;
    Ok(())
}
