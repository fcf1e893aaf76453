//! How far each stream of Odoo's records has been read.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::catalog::records::Cursor;
use crate::store::connection::clock::from_us;
use crate::store::schema::cursors;
use crate::store::{AnyConnection, SOURCE, StoreError, on_each};

/// How far each stream has been read.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection) -> Result<Vec<Cursor>, StoreError> {
    let rows: Vec<(String, i64)> = cursors::table
        .filter(cursors::source.eq(SOURCE))
        .order(cursors::stream)
        .select((cursors::stream, cursors::high_water_us))
        .load(conn)?;
    rows.into_iter().map(|(stream, us)| Ok(Cursor { stream, high_water: from_us(us)? })).collect()
}

/// Notes how far a stream has been read.
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, cursor: &Cursor) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(cursors::table)
        .values((
            cursors::source.eq(SOURCE),
            cursors::stream.eq(&cursor.stream),
            cursors::high_water_us.eq(cursor.high_water.timestamp_micros()),
        ))
        .on_conflict((cursors::source, cursors::stream))
        .do_update()
        .set(cursors::high_water_us.eq(excluded(cursors::high_water_us)))
        .execute(c))?;
    Ok(())
}
