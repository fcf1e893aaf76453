//! One row that is written to know whether the database can be written.

use diesel::prelude::*;

use crate::store::connection::clock::database_now;
use crate::store::schema::readiness;
use crate::store::{AnyConnection, StoreError, on_each};

/// Writes the row. An update that meets no row, or changes nothing, would succeed on a full disk as well: SQLite then
/// has nothing to write.
///
/// # Errors
/// [`StoreError`]
pub fn probe_write(conn: &mut AnyConnection) -> Result<(), StoreError> {
    let now_us = database_now(conn)?.timestamp_micros();
    on_each!(conn, c => diesel::update(readiness::table).set((
        readiness::asked_at_us.eq(now_us),
        readiness::times.eq(readiness::times + 1),
    )).execute(c))?;
    Ok(())
}
