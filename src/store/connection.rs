//! Connections: which database by the URL's scheme, and how each is set up.

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as Problem};
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, sql_query};

use super::StoreError;

mod any {
    #![allow(missing_docs, reason = "the derive writes items that cannot be documented from here")]

    use super::{PgConnection, SqliteConnection};

    /// A connection to either database, both client libraries bundled.
    #[derive(diesel::MultiConnection)]
    pub enum AnyConnection {
        Sqlite(SqliteConnection),
        Postgres(PgConnection),
    }
}
pub use any::AnyConnection;

/// Where the data is, parsed from `database.url`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://PATH`
    Sqlite(PathBuf),
    /// `postgres://…`
    Postgres(String),
}

/// Without the password, which is somebody's secret.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.redacted())
    }
}

impl DatabaseUrl {
    /// From the setting. A scheme is required: a bare word must never become a new, empty SQLite file.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`], with what was expected.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let expected = "expected sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE";
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(StoreError::BadUrl(format!("there is no scheme in it; {expected}")));
        };
        match scheme {
            "sqlite" => match rest {
                "" => Err(StoreError::BadUrl(format!("the path is missing; {expected}"))),
                memory if memory.contains(":memory:") || memory.contains('?') => Err(StoreError::BadUrl(
                    "a SQLite database is a plain file: points must survive a restart, and options are not taken"
                        .to_owned(),
                )),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            },
            "postgres" | "postgresql" => {
                let url = url::Url::parse(text)
                    .map_err(|problem| StoreError::BadUrl(format!("it cannot be read ({problem}); {expected}")))?;
                if url.host_str().is_none_or(str::is_empty) && !url.query().is_some_and(|query| query.contains("host="))
                {
                    return Err(StoreError::BadUrl(format!("the host is missing; {expected}")));
                }
                if url.path().trim_matches('/').is_empty() {
                    return Err(StoreError::BadUrl(format!("the database's name is missing; {expected}")));
                }
                Ok(Self::Postgres(text.to_owned()))
            }
            other => Err(StoreError::BadUrl(format!("“{other}://” is no database we know; {expected}"))),
        }
    }

    /// For logs: the URL without its password.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(text) => url::Url::parse(text).map_or_else(
                |_| "postgres://…".to_owned(),
                |mut url| {
                    if url.password().is_some() {
                        // Both fail only for URLs that cannot have a password.
                        let _ = url.set_password(Some("…"));
                    }
                    url.set_query(None);
                    url.to_string()
                },
            ),
        }
    }

    fn connect(&self) -> Result<AnyConnection, StoreError> {
        match self {
            Self::Sqlite(path) => {
                let text = path.to_str().ok_or_else(|| StoreError::BadUrl("the path is not UTF-8".to_owned()))?;
                let mut conn = SqliteConnection::establish(text).map_err(|problem| {
                    StoreError::Unreachable(format!("{} cannot be opened: {problem}", path.display()))
                })?;
                // busy_timeout first: switching to WAL itself may have to wait for another process.
                conn.batch_execute(
                    "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
                )?;
                Ok(AnyConnection::Sqlite(conn))
            }
            Self::Postgres(url) => {
                // connect_timeout is libpq's own, in seconds; a URL that names one keeps it.
                let mut with_timeout = url.clone();
                if !url.contains("connect_timeout") {
                    with_timeout.push_str(if url.contains('?') { "&" } else { "?" });
                    with_timeout.push_str("connect_timeout=5");
                }
                let mut conn = PgConnection::establish(&with_timeout)
                    .map_err(|problem| StoreError::Unreachable(problem.to_string()))?;
                conn.batch_execute(
                    "SET application_name = 'loyalty-sidecar'; SET timezone = 'UTC'; SET synchronous_commit = on; \
                     SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; \
                     SET client_min_messages = warning;",
                )?;
                Ok(AnyConnection::Postgres(conn))
            }
        }
    }
}

/// A pool's way to make connections of the right kind.
#[derive(Debug)]
pub struct Manager(DatabaseUrl);

impl r2d2::ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = StoreError;

    fn connect(&self) -> Result<AnyConnection, StoreError> {
        self.0.connect()
    }

    /// Asked each time a connection is lent. A file does not hang up; a server may have.
    fn is_valid(&self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        if let AnyConnection::Postgres(conn) = conn {
            conn.batch_execute("SELECT 1")?;
        }
        Ok(())
    }

    fn has_broken(&self, conn: &mut AnyConnection) -> bool {
        use diesel::r2d2::R2D2Connection;
        match conn {
            AnyConnection::Sqlite(conn) => conn.is_broken(),
            AnyConnection::Postgres(conn) => conn.is_broken(),
        }
    }
}

/// Connections to the one database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pool {
    inner: r2d2::Pool<Manager>,
    url: DatabaseUrl,
}

/// A connection lent by the pool.
pub type Lent = r2d2::PooledConnection<Manager>;

impl Pool {
    /// Opens the database, without touching its contents.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when no connection can be had, [`StoreError::OldSqlite`].
    pub fn open(url: DatabaseUrl, size: u32) -> Result<Self, StoreError> {
        let manager = Manager(url.clone());
        // One try in the open, so that a wrong password is an answer at once and not a pool's timeout.
        let mut first = r2d2::ManageConnection::connect(&manager)?;
        check_sqlite_version(&mut first)?;
        drop(first);
        let inner = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(5))
            .error_handler(Box::new(LogErrors))
            .build(manager)
            .map_err(|problem| StoreError::Unreachable(problem.to_string()))?;
        Ok(Self { inner, url })
    }

    /// A connection, waiting up to five seconds for one.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]
    pub fn get(&self) -> Result<Lent, StoreError> {
        self.inner.get().map_err(|problem| StoreError::Unreachable(problem.to_string()))
    }

    /// Where the data is.
    #[must_use]
    pub const fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Runs `work` on a connection, off the asynchronous threads.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Unreachable`].
    pub async fn run<T, E>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let pool = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = pool.get()?;
            work(&mut conn)
        })
        .await
        .unwrap_or_else(|stopped| Err(E::from(StoreError::Unreachable(format!("the reading task ended: {stopped}")))))
    }
}

#[derive(Debug)]
struct LogErrors;

impl r2d2::HandleError<StoreError> for LogErrors {
    fn handle_error(&self, error: StoreError) {
        tracing::warn!(%error, "a database connection failed");
    }
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// Older ones can corrupt a write-ahead log that several connections use (fixed in 3.51.3).
fn check_sqlite_version(conn: &mut AnyConnection) -> Result<(), StoreError> {
    if let AnyConnection::Sqlite(conn) = conn {
        let found: Version = sql_query("SELECT sqlite_version() AS version").get_result(conn)?;
        let parts: Vec<u32> = found.version.split('.').filter_map(|part| part.parse().ok()).collect();
        if parts < vec![3, 51, 3] {
            return Err(StoreError::OldSqlite(found.version));
        }
    }
    Ok(())
}

/// Runs `work` in a transaction that may write from its first statement on.
///
/// SQLite takes the write lock at once (`BEGIN IMMEDIATE`): a transaction that reads first and then writes
/// fails when another wrote in between. PostgreSQL runs at READ COMMITTED, where each statement after the
/// locks sees what the lock waited for.
///
/// # Errors
/// What `work` returns, or a [`StoreError`] of the transaction itself.
pub fn write_transaction<T, E>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError> + From<diesel::result::Error>,
{
    use diesel::connection::TransactionManager;
    match conn {
        AnyConnection::Sqlite(inner) => {
            // diesel's `immediate_transaction` wants a closure on the inner connection, which could not run
            // functions written for both: begin it as diesel does and let its manager end it.
            diesel::connection::AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")
                .map_err(E::from)?;
        }
        AnyConnection::Postgres(inner) => {
            diesel::connection::AnsiTransactionManager::begin_transaction(inner).map_err(E::from)?;
        }
    }
    let done = work(conn);
    match conn {
        AnyConnection::Sqlite(inner) => end(inner, done, uncertain_on_sqlite),
        AnyConnection::Postgres(inner) => end(inner, done, uncertain_on_postgres),
    }
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
        AnyConnection::Sqlite(inner) => end(inner, done, |_| false),
        AnyConnection::Postgres(inner) => end(inner, done, |_| false),
    }
}

/// Whether a commit that failed so may have been made all the same: the server did not answer it.
fn uncertain_on_postgres(problem: &Problem) -> bool {
    match problem {
        // What the server answered with a code is an answer. The rollback that follows a broken commit fails as well.
        Problem::DatabaseError(kind, _) => {
            matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
        }
        Problem::RollbackErrorOnCommit { commit_error, .. } => uncertain_on_postgres(commit_error),
        _ => true,
    }
}

/// The same: the disk failed between the write and its confirmation. A lock or a full disk is an answer.
fn uncertain_on_sqlite(problem: &Problem) -> bool {
    match problem {
        Problem::DatabaseError(_, info) => info.message().contains("I/O"),
        Problem::RollbackErrorOnCommit { commit_error, .. } => uncertain_on_sqlite(commit_error),
        _ => true,
    }
}

fn end<C, T, E>(conn: &mut C, done: Result<T, E>, is_uncertain: impl Fn(&Problem) -> bool) -> Result<T, E>
where
    C: Connection<TransactionManager = diesel::connection::AnsiTransactionManager>,
    diesel::connection::AnsiTransactionManager: diesel::connection::TransactionManager<C>,
    E: From<StoreError>,
{
    use diesel::connection::{AnsiTransactionManager, TransactionManager};
    match done {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn).map_err(|problem| {
                let uncertain = is_uncertain(&problem);
                E::from(if uncertain { StoreError::Uncertain(problem) } else { StoreError::Query(problem) })
            })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_and_a_typo_is_refused() {
        assert_eq!(DatabaseUrl::parse("sqlite://loyalty.db").unwrap(), DatabaseUrl::Sqlite("loyalty.db".into()));
        assert_eq!(DatabaseUrl::parse("sqlite:///var/l.db").unwrap(), DatabaseUrl::Sqlite("/var/l.db".into()));
        for good in ["postgres://u:p@h/db", "postgresql://h:5433/db"] {
            assert!(matches!(DatabaseUrl::parse(good), Ok(DatabaseUrl::Postgres(_))), "{good}");
        }
        for bad in [
            "loyalty.db",
            "sqlite://",
            "sqlite://:memory:",
            "sqlite:loyalty.db",
            "postgre://h/db",
            "mysql://h/db",
            "postgres://",
            "postgres://h",
            "",
        ] {
            let problem = DatabaseUrl::parse(bad).unwrap_err().to_string();
            assert!(problem.starts_with("database.url: "), "{bad}: {problem}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://u:hunter2@h/db?password=hunter3").unwrap();
        assert!(!format!("{url:?}").contains("hunter"), "{url:?}");
    }
}
