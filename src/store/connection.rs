//! Connections: which database by the URL's scheme, and how each is set up.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, sql_query};

use super::StoreError;
use super::kept::Kept;

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

    fn connect(&self, synchronous: Synchronous) -> Result<AnyConnection, StoreError> {
        match self {
            Self::Sqlite(path) => {
                let text = path.to_str().ok_or_else(|| StoreError::BadUrl("the path is not UTF-8".to_owned()))?;
                let mut conn = SqliteConnection::establish(text).map_err(|problem| {
                    StoreError::Unreachable(format!("{} cannot be opened: {problem}", path.display()))
                })?;
                // busy_timeout first: switching to WAL itself may have to wait for another process.
                conn.batch_execute(&format!(
                    "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; \
                     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{CACHE_KIB}; \
                     PRAGMA wal_autocheckpoint = {LOG_PAGES};",
                    synchronous.word()
                ))?;
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

/// Pages of a SQLite database that a connection keeps at most, in KiB. SQLite's own 2 MiB are less than the accounts and
/// indexes that the members of a busy day touch; it takes what it uses, no more.
const CACHE_KIB: u32 = 16 * 1024;
/// Pages that SQLite's write-ahead log grows to before it is written back: 32 MiB. Members come at random, so a batch
/// changes many pages a little, and the same ones again soon; each is written back once, however often it changed.
const LOG_PAGES: u32 = 8000;

/// When a SQLite commit counts as made. PostgreSQL has a setting of its own for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// Once the disk has it: what was acknowledged survives a power cut.
    #[default]
    Full,
    /// Once the operating system has it: a power cut may lose what was acknowledged last.
    Normal,
}

impl Synchronous {
    const fn word(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// A file by what the file system calls it: another file of the same name is another.
type FileId = (u64, u64);

fn file_id(path: &Path) -> Result<FileId, StoreError> {
    let found = std::fs::metadata(path).map_err(|_| StoreError::Missing(path.display().to_string()))?;
    Ok((found.dev(), found.ino()))
}

/// A connection of a pool, and what it was opened on.
pub struct Pooled {
    inner: AnyConnection,
    generation: u64,
    /// The SQLite file, and where it was.
    file: Option<(PathBuf, FileId)>,
    health: Arc<Health>,
}

impl Pooled {
    /// Whether it is of its pool's generation, and its file is where it was. A file that was moved or deleted can still
    /// be written by those who have it open: what is acknowledged then is nowhere.
    ///
    /// # Errors
    /// [`StoreError::Stale`], [`StoreError::Missing`]
    pub fn still_holds(&self) -> Result<(), StoreError> {
        if self.generation != self.health.generation.load(Ordering::Acquire) {
            return Err(StoreError::Stale);
        }
        match &self.file {
            Some((path, opened)) if file_id(path)? != *opened => Err(StoreError::Missing(path.display().to_string())),
            _ => Ok(()),
        }
    }
}

impl std::ops::Deref for Pooled {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.inner
    }
}

impl std::ops::DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

/// A pool's way to make connections of the right kind.
#[derive(Debug)]
pub struct Manager {
    url: DatabaseUrl,
    synchronous: Synchronous,
    /// Whether a database was found, or made, before: from then on none is made.
    opened: AtomicBool,
    /// The generation, counted from one, whose log was written back.
    written_back: AtomicU64,
    health: Arc<Health>,
}

/// What a pool knows of its database.
#[derive(Debug, Default)]
struct Health {
    /// Connections of earlier generations are not used any more.
    generation: AtomicU64,
    /// Whether the last attempt to connect failed.
    failing: AtomicBool,
}

impl Manager {
    fn new(url: DatabaseUrl, synchronous: Synchronous) -> Self {
        Self {
            url,
            synchronous,
            opened: AtomicBool::new(false),
            written_back: AtomicU64::new(0),
            health: Arc::default(),
        }
    }

    fn open(&self) -> Result<Pooled, StoreError> {
        let generation = self.health.generation.load(Ordering::Acquire);
        let path = match &self.url {
            DatabaseUrl::Sqlite(path) => Some(path),
            DatabaseUrl::Postgres(_) => None,
        };
        if let (Some(path), true) = (path, self.opened.load(Ordering::Acquire)) {
            // SQLite would make an empty one, which stands in the way of the one to be put back.
            file_id(path)?;
        }
        let mut inner = self.url.connect(self.synchronous)?;
        if self.written_back.swap(generation.saturating_add(1), Ordering::AcqRel) <= generation {
            write_back(&mut inner);
        }
        let file = path.map(|path| file_id(path).map(|id| (path.clone(), id))).transpose()?;
        self.opened.store(true, Ordering::Release);
        Ok(Pooled { inner, generation, file, health: Arc::clone(&self.health) })
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> Result<Pooled, StoreError> {
        let opened = self.open();
        self.health.failing.store(opened.is_err(), Ordering::Release);
        opened
    }

    /// Asked each time a connection is lent.
    fn is_valid(&self, conn: &mut Pooled) -> Result<(), StoreError> {
        conn.still_holds()?;
        // A file does not hang up; a server may have.
        if let AnyConnection::Postgres(conn) = &mut conn.inner {
            conn.batch_execute("SELECT 1")?;
        }
        Ok(())
    }

    fn has_broken(&self, conn: &mut Pooled) -> bool {
        use diesel::r2d2::R2D2Connection;
        if conn.generation != self.health.generation.load(Ordering::Acquire) {
            return true;
        }
        match &mut conn.inner {
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
    health: Arc<Health>,
}

/// A connection lent by the pool.
pub type Lent = r2d2::PooledConnection<Manager>;

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long while no connection can be made: the pool goes on trying, callers need not queue for it.
const PATIENCE_IN_TROUBLE: Duration = Duration::from_secs(1);

impl Pool {
    /// Opens the database, without touching its contents. What it commits is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when no connection can be had, [`StoreError::OldSqlite`].
    pub fn open(url: DatabaseUrl, size: u32) -> Result<Self, StoreError> {
        Self::open_with(url, size, Synchronous::Full)
    }

    /// As [`Pool::open`], with a say in when a SQLite commit counts as made.
    ///
    /// # Errors
    /// As [`Pool::open`].
    pub fn open_with(url: DatabaseUrl, size: u32, synchronous: Synchronous) -> Result<Self, StoreError> {
        let manager = Manager::new(url.clone(), synchronous);
        let health = Arc::clone(&manager.health);
        // One try in the open, so that a wrong password is an answer at once and not a pool's timeout.
        let mut first = r2d2::ManageConnection::connect(&manager)?;
        check_sqlite_version(&mut first)?;
        drop(first);
        let inner = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(PATIENCE)
            .error_handler(Box::new(LogErrors))
            .build(manager)
            .map_err(|problem| StoreError::Unreachable(problem.to_string()))?;
        Ok(Self { inner, url, health })
    }

    /// A connection, waiting up to five seconds for one; a second while none can be made.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]
    pub fn get(&self) -> Result<Lent, StoreError> {
        let asked = Instant::now();
        loop {
            match self.inner.get_timeout(PATIENCE_IN_TROUBLE) {
                Ok(lent) => return Ok(lent),
                Err(problem) if self.health.failing.load(Ordering::Acquire) || asked.elapsed() >= PATIENCE => {
                    // The pool tells why to one of those who wait; a file that is gone can be seen by each.
                    if let DatabaseUrl::Sqlite(path) = &self.url {
                        file_id(path)?;
                    }
                    return Err(StoreError::Unreachable(problem.to_string()));
                }
                Err(_) => {}
            }
        }
    }

    /// Uses none of today's connections again. SQLite opens a file that it may not write for reading alone, and a
    /// connection that was made so stays so when the trouble is over; one whose file was moved away goes on with that.
    pub fn renew(&self) {
        self.health.generation.fetch_add(1, Ordering::AcqRel);
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

/// Writes SQLite's log back into the database file, and begins it anew.
///
/// Whoever opens a database takes from its log what was committed, a commit included that the disk did not make durable
/// and that was therefore not acknowledged. The kernel may hold its pages for written, and never write them; what is
/// committed after them in the same log would be cut off with them when the power goes. Written back, they are new
/// pages of another file, which are made durable. Another program that reads just now may hinder it: then that one has
/// the log open, and nothing was taken from it anew.
fn write_back(conn: &mut AnyConnection) {
    if let AnyConnection::Sqlite(conn) = conn
        && let Err(problem) = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
    {
        tracing::warn!(error = %problem, "the log could not be written back into the database");
    }
}

#[derive(Debug)]
struct LogErrors;

impl r2d2::HandleError<StoreError> for LogErrors {
    fn handle_error(&self, error: StoreError) {
        if matches!(error, StoreError::Stale) {
            tracing::debug!(%error, "a connection is closed");
        } else {
            tracing::warn!(%error, "a database connection failed");
        }
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

/// A number that is another one once another connection has written to the database; to be compared with what the same
/// connection said before. `None` on PostgreSQL, which has no such thing.
///
/// # Errors
/// [`StoreError`]
pub fn data_version(conn: &mut AnyConnection) -> Result<Option<i64>, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        data_version: i64,
    }
    let AnyConnection::Sqlite(conn) = conn else { return Ok(None) };
    let row: Row = Kept(sql_query("PRAGMA data_version")).get_result(conn)?;
    Ok(Some(row.data_version))
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
    let committed = |problem| E::from(StoreError::of_commit(problem));
    match conn {
        AnyConnection::Sqlite(inner) => end(inner, done, committed),
        AnyConnection::Postgres(inner) => end(inner, done, committed),
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
