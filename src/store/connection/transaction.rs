//! Transactions: how they begin on each database, and how they end.

use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl, SqliteConnection, sql_query};

use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::prepared::PreparedHere;

/// SQLite's `data_version`: it changes when another connection commits. Compare only values read on the same connection.
///
/// # Errors
/// [`StoreError`]
pub fn data_version(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        data_version: i64,
    }
    let row: Row = PreparedHere::<_, Row>::new(sql_query("PRAGMA data_version")).get_result(conn)?;
    Ok(row.data_version)
}

/// Runs `work` in a transaction that may write from its first statement on.
///
/// SQLite takes the write lock at once (`BEGIN IMMEDIATE`): a transaction that reads first and then writes
/// fails when another wrote in between. PostgreSQL runs at READ COMMITTED, where each statement after the
/// locks sees what the lock waited for.
///
/// # Errors
/// What `work` returns, or a [`StoreError`] of the transaction itself: [`StoreError::InDoubt`] when its COMMIT failed
/// and may hold all the same.
pub fn write_transaction<T, E>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError> + From<diesel::result::Error>,
{
    write_transaction_begun_with(conn, "BEGIN", work)
}

/// As [`write_transaction`]; on PostgreSQL with statements that come with its `BEGIN`, in the same round trip.
///
/// # Errors
/// As [`write_transaction`].
pub(in crate::store) fn write_transaction_begun_with<T, E>(
    conn: &mut AnyConnection,
    beginning: &str,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError> + From<diesel::result::Error>,
{
    use diesel::connection::AnsiTransactionManager;
    match conn {
        AnyConnection::Sqlite(inner) => {
            // diesel's `immediate_transaction` wants a closure on the inner connection, which could not run
            // functions written for both: begin it as diesel does and let its manager end it.
            AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE").map_err(E::from)?;
        }
        AnyConnection::Postgres(inner) => {
            let begun = AnsiTransactionManager::begin_transaction_sql(inner, beginning);
            if let Err(problem) = begun {
                // diesel knows of no transaction then, but the server may: it had begun when a lock could not be had.
                let _ = inner.batch_execute("ROLLBACK");
                return Err(E::from(problem));
            }
        }
    }
    let done = work(conn);
    let committed = |problem| E::from(StoreError::of_commit(problem));
    match conn {
        AnyConnection::Sqlite(inner) => end(inner, done, committed),
        AnyConnection::Postgres(inner) => end(inner, done, committed),
    }
}

/// As [`write_transaction`], for what must leave nothing behind in SQLite's files: what is deleted is overwritten, and the
/// log is written back and emptied, since it has the pages of before. PostgreSQL clears away dead rows when it vacuums.
///
/// # Errors
/// As [`write_transaction`].
pub fn erasing_transaction<T, E>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError> + From<diesel::result::Error>,
{
    if let AnyConnection::Sqlite(conn) = conn {
        conn.batch_execute("PRAGMA secure_delete = ON").map_err(E::from)?;
    }
    let done = write_transaction(conn, work);
    if let AnyConnection::Sqlite(conn) = conn {
        conn.batch_execute("PRAGMA secure_delete = OFF").map_err(E::from)?;
        if done.is_ok() {
            empty_log(conn).map_err(E::from)?;
        }
    }
    done
}

/// Readers hinder it, and it would keep writers waiting: it tries for a second. Else the log is emptied later, as ever.
fn empty_log(conn: &mut diesel::SqliteConnection) -> Result<(), diesel::result::Error> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        busy: i64,
    }
    conn.batch_execute("PRAGMA busy_timeout = 1000")?;
    let emptied = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Row>(conn);
    conn.batch_execute("PRAGMA busy_timeout = 10000")?;
    if emptied?.busy != 0 {
        tracing::warn!("others read the database: its log still has what was erased, until it is next written back");
    }
    Ok(())
}

/// Runs `work` on one state of the database, whatever others write meanwhile.
///
/// # Errors
/// As [`write_transaction`].
pub fn read_transaction<T, E>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError> + From<diesel::result::Error>,
{
    use diesel::connection::{AnsiTransactionManager, TransactionManager};
    match conn {
        AnyConnection::Sqlite(inner) => AnsiTransactionManager::begin_transaction(inner).map_err(E::from)?,
        AnyConnection::Postgres(inner) => {
            AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .map_err(E::from)?;
        }
    }
    let done = work(conn);
    // Nothing was written: there is no outcome to be in doubt about.
    match conn {
        AnyConnection::Sqlite(inner) => end(inner, done, E::from),
        AnyConnection::Postgres(inner) => end(inner, done, E::from),
    }
}

fn end<C, T, E>(
    conn: &mut C,
    done: Result<T, E>,
    not_committed: impl FnOnce(diesel::result::Error) -> E,
) -> Result<T, E>
where
    C: Connection<TransactionManager = diesel::connection::AnsiTransactionManager>,
    diesel::connection::AnsiTransactionManager: diesel::connection::TransactionManager<C>,
{
    use diesel::connection::{AnsiTransactionManager, TransactionManager};
    match done {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn).map_err(not_committed)?;
            Ok(value)
        }
        Err(problem) => {
            // What went wrong first is what is told; a failing rollback only breaks the connection, which
            // the pool then drops.
            if let Err(rollback) = AnsiTransactionManager::rollback_transaction(conn) {
                tracing::debug!(%rollback, "a rollback failed");
            }
            Err(problem)
        }
    }
}
