//! The pool: connections that are lent, as long as the database they were opened on is still there.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use crate::store::StoreError;
use crate::store::connection::{AnyConnection, DatabaseUrl, Synchronous, check_sqlite_version};

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
    health: Arc<PoolHealth>,
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
    checkpointed: AtomicU64,
    health: Arc<PoolHealth>,
}

/// What a pool knows of its database.
#[derive(Debug, Default)]
struct PoolHealth {
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
            checkpointed: AtomicU64::new(0),
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
        if self.checkpointed.swap(generation.saturating_add(1), Ordering::AcqRel) <= generation {
            checkpoint_wal(&mut inner);
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
    health: Arc<PoolHealth>,
}

/// A connection lent by the pool.
pub type PooledConnection = r2d2::PooledConnection<Manager>;

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long while no connection can be made: the pool goes on trying, callers need not queue for it.
const PATIENCE_DURING_FAULT: Duration = Duration::from_secs(1);

impl Pool {
    /// Opens the database, without touching its contents. What it commits is on the disk. Up to `size` connections are
    /// lent, and one more to each writer, which keeps it.
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
        let own = u32::try_from(url.writers()).unwrap_or(u32::MAX);
        let inner = r2d2::Pool::builder()
            .max_size(size.saturating_add(own))
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
    pub fn get(&self) -> Result<PooledConnection, StoreError> {
        let asked = Instant::now();
        loop {
            match self.inner.get_timeout(PATIENCE_DURING_FAULT) {
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
    /// connection that was made so stays so when the fault is over; one whose file was moved away goes on with that.
    pub fn invalidate_connections(&self) {
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
fn checkpoint_wal(conn: &mut AnyConnection) {
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
