//! Copies of a SQLite database: whole, of one moment, and checked. Others may go on writing meanwhile.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl, SqliteConnection, sql_query};

use crate::store::{AnyConnection, StoreError};

/// Writes a copy of the database into `target`, which must be empty or absent. `false` when the database is none of SQLite's.
///
/// # Errors
/// [`StoreError`]
pub fn copy_into(conn: &mut AnyConnection, target: &str) -> Result<bool, StoreError> {
    let AnyConnection::Sqlite(conn) = conn else { return Ok(false) };
    sql_query("VACUUM INTO ?").bind::<Text, _>(target).execute(conn)?;
    Ok(true)
}

#[derive(diesel::QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// What SQLite finds wrong with a file; nothing when it is whole.
///
/// # Errors
/// [`StoreError`] when it cannot be opened or is no database.
pub fn damage_of(file: &Path) -> Result<Vec<String>, StoreError> {
    let name = file.to_str().ok_or_else(|| StoreError::BadUrl("the path is not UTF-8".to_owned()))?;
    let mut conn = SqliteConnection::establish(name)
        .map_err(|problem| StoreError::Unreachable(format!("{} cannot be opened: {problem}", file.display())))?;
    conn.batch_execute("PRAGMA query_only = ON")?;
    let found: Vec<Finding> = sql_query("PRAGMA integrity_check").load(&mut conn)?;
    Ok(found.into_iter().map(|one| one.integrity_check).filter(|what| what != "ok").collect())
}
