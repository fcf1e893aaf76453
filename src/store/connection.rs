//! Connections: which database by the URL's scheme, and how each is set up.

pub mod backup;
pub mod clock;
pub(in crate::store) mod fault;
pub mod file;
pub mod host;
pub mod migrate;
pub mod pool;
pub(in crate::store) mod prepared;
pub mod query_timer;
pub mod readiness;
pub mod transaction;

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, sql_query};

use super::StoreError;
use crate::store::connection::host::is_this_machine;

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
                if !escapes_are_whole(text) {
                    // libpq would say so, too, and show the password with it.
                    return Err(StoreError::BadUrl(format!(
                        "a % must be followed by two hexadecimal digits; a % of the password is written %25; {expected}"
                    )));
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

    /// Where it is, for people: as [`DatabaseUrl::redacted`], with the whole path of a file.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("sqlite://{}", whole.display())
            }
            Self::Postgres(_) => self.redacted(),
        }
    }

    /// The host on another machine that is talked to without a word on encryption; libpq then takes what it gets.
    #[must_use]
    pub fn host_without_tls(&self) -> Option<String> {
        let Self::Postgres(text) = self else { return None };
        let url = url::Url::parse(text).ok()?;
        let said = |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        if said("sslmode").is_some() || std::env::var_os("PGSSLMODE").is_some() {
            return None;
        }
        let hosts = said("hostaddr").or_else(|| said("host")).or_else(|| url.host_str().map(str::to_owned))?;
        // A path is a socket of this machine; libpq takes several hosts.
        let is_elsewhere = |host: &&str| {
            let is_socket = host.is_empty() || host.starts_with(['/', '@']) || host.to_lowercase().starts_with("%2f");
            !is_socket && !is_this_machine(host)
        };
        hosts.split(',').find(is_elsewhere).map(str::to_owned)
    }

    /// How many loops write to it, each on a connection of its own.
    #[must_use]
    pub const fn writers(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => WRITERS,
        }
    }

    pub(super) fn connect(&self, synchronous: Synchronous) -> Result<AnyConnection, StoreError> {
        match self {
            Self::Sqlite(path) => {
                let text = path.to_str().ok_or_else(|| StoreError::BadUrl("the path is not UTF-8".to_owned()))?;
                crate::store::connection::file::make_private(path);
                let mut conn = SqliteConnection::establish(text).map_err(|problem| {
                    StoreError::Unreachable(format!("{} cannot be opened: {problem}", path.display()))
                })?;
                // busy_timeout first: switching to WAL itself may have to wait for another process.
                conn.batch_execute(&format!(
                    "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; \
                     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{CACHE_KIB}; \
                     PRAGMA wal_autocheckpoint = {LOG_PAGES};",
                    synchronous.pragma_value()
                ))?;
                Ok(AnyConnection::Sqlite(conn))
            }
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_patience(url))
                    .map_err(|problem| StoreError::Unreachable(problem.to_string()))?;
                // idle_in_transaction…: a process that was stopped in the middle of a transaction keeps others from its
                // locks no longer than that; ours say the next thing within milliseconds.
                // enable_seqscan: what a young table's statistics say, that reading all of it is best, a kept statement
                // would go on doing while the table grows. All that is asked often has an index.
                // jit: where a scan cannot be avoided, that makes it look so dear that PostgreSQL would compile the
                // statement first, anew in each transaction, for longer than it runs.
                conn.batch_execute(
                    "SET application_name = 'loyalty-sidecar'; SET timezone = 'UTC'; SET synchronous_commit = on; \
                     SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '5s'; \
                     SET client_min_messages = warning; SET enable_seqscan = off; SET jit = off; \
                     SET bytea_output = hex;",
                )?;
                Ok(AnyConnection::Postgres(conn))
            }
        }
    }
}

/// Loops that write to a PostgreSQL: while one waits for its commit, another decides.
const WRITERS: usize = 2;

/// How long libpq waits, in seconds but for the last, in milliseconds. A server that went without a word, or a router that
/// forgot an idle connection, would else be waited for as long as TCP tries: a quarter of an hour.
const PATIENCE: &[(&str, u32)] = &[
    ("connect_timeout", 5),
    ("keepalives_idle", 30),
    ("keepalives_interval", 5),
    ("keepalives_count", 3),
    ("tcp_user_timeout", 15_000),
];

/// The URL with libpq's own parameters of that kind; those that it names itself are kept.
fn with_patience(url: &str) -> String {
    let mut patient = url.to_owned();
    for (name, value) in PATIENCE {
        if !url.contains(&format!("{name}=")) {
            let sign = if patient.contains('?') { '&' } else { '?' };
            patient = format!("{patient}{sign}{name}={value}");
        }
    }
    patient
}

/// Pages of a SQLite database that a connection keeps at most, in KiB. SQLite's own 2 MiB are less than the accounts and
/// indexes that the members of a busy day touch; it takes what it uses, no more.
const CACHE_KIB: u32 = 16 * 1024;
/// Pages that SQLite's write-ahead log grows to before it is written back: 32 MiB. Members come at random, so a batch
/// changes many pages a little, and the same ones again soon; each is written back once, however often it changed.
const LOG_PAGES: u32 = 8000;

/// Whether every `%` begins an escape.
fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let code = rest.get(..2).filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        code.is_some_and(|code| code != "00")
    })
}

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
    const fn pragma_value(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

#[derive(diesel::QueryableByName)]
struct SqliteVersion {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// Older ones can corrupt a write-ahead log that several connections use (fixed in 3.51.3).
pub(super) fn check_sqlite_version(conn: &mut AnyConnection) -> Result<(), StoreError> {
    if let AnyConnection::Sqlite(conn) = conn {
        let found: SqliteVersion = sql_query("SELECT sqlite_version() AS version").get_result(conn)?;
        let parts: Vec<u32> = found.version.split('.').filter_map(|part| part.parse().ok()).collect();
        if parts < vec![3, 51, 3] {
            return Err(StoreError::OldSqlite(found.version));
        }
    }
    Ok(())
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
            "postgres://u:50%off@h/db",
            "postgres://u:p%0@h/db",
            "",
        ] {
            let problem = DatabaseUrl::parse(bad).unwrap_err().to_string();
            assert!(problem.starts_with("database.url: ") && !problem.contains("50%off"), "{bad}: {problem}");
        }
    }

    #[test]
    fn a_connection_is_patient_as_its_url_says_else_as_we_do() {
        let patient = with_patience("postgres://h/db?connect_timeout=60");
        assert_eq!(
            patient,
            "postgres://h/db?connect_timeout=60&keepalives_idle=30&keepalives_interval=5&keepalives_count=3\
             &tcp_user_timeout=15000"
        );
        assert!(with_patience("postgres://h/db").starts_with("postgres://h/db?connect_timeout=5&"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://u:hunter2@h/db?password=hunter3").unwrap();
        assert!(!format!("{url:?}").contains("hunter"), "{url:?}");
    }

    #[test]
    fn another_machine_without_a_word_on_encryption_is_named() {
        for (url, host) in [
            ("postgres://u:p@db.example/l", Some("db.example")),
            ("postgres://u:p@10.0.0.5:5433/l?connect_timeout=3", Some("10.0.0.5")),
            ("postgres://localhost,db2/l", Some("db2")),
            ("postgres:///l?host=db.example", Some("db.example")),
            ("postgres://db.example/l?sslmode=verify-full", None),
            ("postgres://db.example/l?sslmode=disable", None),
            ("postgres://u:p@127.0.0.1:5432/l", None),
            ("postgres://[::1]/l", None),
            ("postgres:///l?host=/var/run/postgresql", None),
            ("postgres://%2Fvar%2Frun%2Fpostgresql/l", None),
        ] {
            assert_eq!(DatabaseUrl::parse(url).unwrap().host_without_tls().as_deref(), host, "{url}");
        }
    }

    #[test]
    fn sqlite_is_built_as_the_cargo_configuration_says() {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            compile_options: String,
        }
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        let options: Vec<Row> = sql_query("PRAGMA compile_options").load(&mut conn).unwrap();
        let options: Vec<String> = options.into_iter().map(|row| row.compile_options).collect();
        // Beside HAVE_FDATASYNC, which is not among what SQLite tells of itself.
        for option in ["THREADSAFE=2", "DEFAULT_MEMSTATUS=0"] {
            assert!(options.iter().any(|one| one == option), "{option} is not among {options:?}");
        }
        assert!(!options.iter().any(|one| one == "ENABLE_API_ARMOR"), "{options:?}");
    }
}
