//! Times in storage: microseconds since 1970 in UTC, in columns named `…_us`.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::BigInt};

use crate::domain::ledger::account::Expiry;
use crate::store::connection::prepared::PreparedHere;
use crate::store::{AnyConnection, StoreError, corrupt};

/// The column's value for "never".
pub const NEVER_US: i64 = i64::MAX;

/// From a column.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is outside the calendar.
pub fn from_us(us: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(us).ok_or_else(|| corrupt(format!("the time {us}")))
}

/// From a column that may be empty.
///
/// # Errors
/// As [`from_us`].
pub fn from_us_opt(us: Option<i64>) -> Result<Option<DateTime<Utc>>, StoreError> {
    us.map(from_us).transpose()
}

/// A lot's end for its column.
#[must_use]
pub fn expiry_to_us(expiry: Expiry) -> i64 {
    match expiry {
        Expiry::At(end) => end.timestamp_micros(),
        Expiry::Never => NEVER_US,
    }
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    now_us: i64,
}

/// The database's time: replicas with clocks of their own must agree on what has expired.
///
/// # Errors
/// [`StoreError`]
pub fn database_now(conn: &mut AnyConnection) -> Result<DateTime<Utc>, StoreError> {
    let query = match conn {
        // julianday has a resolution of a millisecond, which is SQLite's own.
        AnyConnection::Sqlite(_) => {
            "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000 \
             + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000 AS now_us"
        }
        AnyConnection::Postgres(_) => {
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now_us"
        }
    };
    let row: Now = PreparedHere::<_, Now>::new(sql_query(query)).get_result(conn)?;
    from_us(row.now_us)
}
