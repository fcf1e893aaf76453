//! The database: SQLite or PostgreSQL behind one connection type, one file a table or group of tables.
//!
//! Functions here read and write rows; they decide nothing. Those that lock say so.

pub mod batch;
pub mod codec;
pub mod connection;
mod fencing;
pub mod schema;
pub mod table;

use crate::domain::value::ids::{SaleModel, SourceId};

pub use crate::store::connection::fault::DatabaseFault;
pub use crate::store::connection::pool::Pool;
pub use crate::store::fencing::FencingToken;
pub use connection::{AnyConnection, DatabaseUrl, Synchronous};

/// The number of [`SourceId::ODOO`]: the one Odoo of today. The tables are ready for several.
pub const SOURCE: i16 = SourceId::ODOO.0;
/// The kind of its tills' orders.
pub(crate) const POS_ORDER: i16 = SaleModel::PosOrder.code();

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `database.url` is none that we understand.
    #[error("database.url: {0}")]
    BadUrl(String),
    /// No connection could be had.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The SQLite file is not where it was.
    #[error("{0} is not there any more, or another file is in its place")]
    Missing(String),
    /// A pooled connection of before [`Pool::invalidate_connections`].
    #[error("the connection is from before the database's last fault")]
    Stale,
    /// The schema is of a newer version than this program.
    #[error(
        "the database was written by a newer loyalty-sidecar (it has migration {0}); install that version or restore a backup"
    )]
    Newer(String),
    /// The database is of before the first release.
    #[error(
        "the database was made by a loyalty-sidecar of before the first release (it has migration {0}); its tables cannot be \
         brought up to date, and nothing in it was changed. Set database.url to an empty database: `loyalty-sidecar \
         rebuild` computes the ledger from Odoo again"
    )]
    Unreleased(String),
    /// A migration failed.
    #[error("migrating the database failed: {0}")]
    Migration(String),
    /// An account's points moved to another account while this transaction waited for it.
    #[error("a customer's points moved to another account meanwhile")]
    Moved,
    /// The linked SQLite is one that can corrupt its write-ahead log.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    OldSqlite(String),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Query(#[from] diesel::result::Error),
    /// A COMMIT failed in a way that leaves open whether it holds.
    #[error("the database did not say whether it committed: {0}")]
    InDoubt(#[source] diesel::result::Error),
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
            Self::Query(problem) | Self::InDoubt(problem) => {
                matches!(
                    problem,
                    Error::DatabaseError(
                        Kind::SerializationFailure | Kind::ClosedConnection | Kind::UniqueViolation,
                        _
                    )
                ) || matches!(DatabaseFault::of(self), DatabaseFault::Busy | DatabaseFault::Away)
            }
            Self::Moved => true,
            // The pool has waited for a connection as long as is good for a caller.
            _ => false,
        }
    }

    /// A COMMIT that failed. Where it is certain that nothing of the transaction holds, the error is as any other.
    ///
    /// PostgreSQL answers a COMMIT it refuses; only a connection that broke leaves it open. SQLite undoes what it
    /// could not write; but once the last page is in the log, and the disk then fails to make it durable, the
    /// transaction is undone for now and comes back if the machine goes down before the next one.
    #[must_use]
    pub fn of_commit(problem: diesel::result::Error) -> Self {
        let error = Self::Query(problem);
        let undone = matches!(
            DatabaseFault::of(&error),
            DatabaseFault::DiskFull | DatabaseFault::ReadOnly | DatabaseFault::Busy
        ) || matches!(&error, Self::Query(problem) if refused_by_server(problem));
        match error {
            Self::Query(problem) if !undone => Self::InDoubt(problem),
            error => error,
        }
    }
}

/// Whether PostgreSQL lived to say that it does not commit: its own errors name a constraint or a conflict.
fn refused_by_server(problem: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error};
    matches!(
        problem,
        Error::DatabaseError(
            Kind::SerializationFailure
                | Kind::ReadOnlyTransaction
                | Kind::UniqueViolation
                | Kind::ForeignKeyViolation
                | Kind::NotNullViolation
                | Kind::CheckViolation
                | Kind::RestrictViolation
                | Kind::ExclusionViolation,
            _
        )
    )
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
                struct Here;
                for $row in $rows {
                    $crate::store::connection::prepared::execute_prepared::<Here, _>(c, $statement)?;
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
