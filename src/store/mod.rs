//! The database: SQLite or PostgreSQL behind one connection type, one file a table or group of tables.
//!
//! Functions here read and write rows; they decide nothing. Those that lock say so.

pub mod accounts;
pub mod connection;
pub mod entries;
pub mod exceptions;
pub mod holds;
mod kept;
pub mod leases;
pub mod memberships;
pub mod migrate;
pub mod orders;
pub mod passes;
pub mod placed;
pub mod programs;
pub mod schema;
pub mod shop;
pub mod stopwatch;
pub mod time;
pub mod tokens;
pub mod verdicts;

pub use connection::{AnyConnection, DatabaseUrl, Pool};

/// The one Odoo of today. The tables are ready for several.
pub const SOURCE: &str = "odoo";

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `database.url` is none that we understand.
    #[error("database.url: {0}")]
    BadUrl(String),
    /// No connection could be had.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The schema is of a newer version than this program.
    #[error(
        "the database was written by a newer loyalty-sidecar (it has migration {0}); install that version or restore a backup"
    )]
    Newer(String),
    /// A migration failed.
    #[error("migrating the database failed: {0}")]
    Migration(String),
    /// The linked SQLite is one that can corrupt its write-ahead log.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    OldSqlite(String),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Query(#[from] diesel::result::Error),
    /// The connection broke while a transaction was being committed: it is in the database, or it is not.
    #[error("the connection broke during a commit, whose outcome is not known: {0}")]
    Uncertain(diesel::result::Error),
    /// A row holds something that this program never writes.
    #[error("the database holds something unreadable: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether trying the same again may succeed: another writer was in the way, or the connection broke.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match self {
            Self::Query(Error::DatabaseError(kind, info)) => {
                matches!(kind, Kind::SerializationFailure | Kind::ClosedConnection | Kind::UniqueViolation)
                    || ["deadlock", "lock timeout", "locked", "busy", "terminating connection", "server closed"]
                        .iter()
                        .any(|sign| info.message().contains(sign))
            }
            Self::Unreachable(_) | Self::Uncertain(_) | Self::Query(Error::BrokenTransactionManager) => true,
            _ => false,
        }
    }
}

/// For rows that this program never writes.
pub(crate) fn corrupt(what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}

/// Runs one expression on whichever backend the connection is: diesel's query language is checked for both.
macro_rules! on_each {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::store::AnyConnection::Sqlite($c) => $body,
            $crate::store::AnyConnection::Postgres($c) => $body,
        }
    };
}
pub(crate) use on_each;

/// Writes rows by one statement, written with `$row`. SQLite keeps it prepared for a single row and runs it for each;
/// with many rows in one text it would be parsed anew each time. PostgreSQL pays for each round trip: there `$row` is
/// as many rows as fit.
macro_rules! write_rows {
    ($conn:expr, $rows:expr, $row:ident => $statement:expr) => {
        match $conn {
            $crate::store::AnyConnection::Sqlite(c) => {
                for $row in $rows {
                    $crate::store::kept::execute_kept(c, $statement)?;
                }
            }
            $crate::store::AnyConnection::Postgres(c) => {
                for $row in $rows.chunks($crate::store::CHUNK) {
                    diesel::RunQueryDsl::execute($statement, c)?;
                }
            }
        }
    };
}
pub(crate) use write_rows;

/// Rows a statement writes or looks up at once: SQLite allows 32,766 binds, PostgreSQL 65,535, and the widest
/// table has 20 columns.
pub(crate) const CHUNK: usize = 500;
