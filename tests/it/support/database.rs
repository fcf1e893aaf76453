//! A database of a test's own, gone with the test.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};

/// SQLite in a temporary folder, or a database of the PostgreSQL server.
pub enum Database {
    Sqlite { folder: tempfile::TempDir },
    Postgres { server: String, name: String },
}

impl Database {
    pub fn new() -> Self {
        match std::env::var("LOYALTY_TEST_DATABASE").as_deref() {
            Err(_) | Ok("sqlite") => Self::sqlite(),
            Ok("postgres") => {
                let server = std::env::var("LOYALTY_TEST_POSTGRES_URL")
                    .expect("LOYALTY_TEST_DATABASE=postgres wants LOYALTY_TEST_POSTGRES_URL");
                Self::on(server)
            }
            Ok(other) => panic!("LOYALTY_TEST_DATABASE={other}: sqlite or postgres"),
        }
    }

    /// A fresh one on this PostgreSQL.
    pub fn on(server: String) -> Self {
        let name = format!("loyalty_{}", uuid::Uuid::new_v4().simple());
        let mut conn = PgConnection::establish(&server).expect("the test's PostgreSQL");
        conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database of its own");
        Self::Postgres { server, name }
    }

    pub fn sqlite() -> Self {
        Self::Sqlite { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// The path of the SQLite file; `None` on PostgreSQL.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite { folder } => Some(folder.path().join("loyalty.db")),
            Self::Postgres { .. } => None,
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => format!("sqlite://{}", folder.path().join("loyalty.db").display()),
            Self::Postgres { server, name } => {
                let mut url = url::Url::parse(server).expect("a URL");
                url.set_path(name);
                url.to_string()
            }
        }
    }

    /// Runs SQL behind the service's back; the message of the database when it refuses.
    pub fn execute(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite { .. } => {
                let path = self.file().expect("a file");
                let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                conn.batch_execute(sql).map_err(|problem| problem.to_string())
            }
            Self::Postgres { .. } => {
                let mut conn = PgConnection::establish(&self.url()).unwrap();
                conn.batch_execute(sql).map_err(|problem| problem.to_string())
            }
        }
    }

    /// Does what nobody may: without the triggers that keep the ledger append-only.
    pub fn by_hand(&self, sql: &str) {
        let drop = match self {
            Self::Sqlite { .. } => {
                "DROP TRIGGER IF EXISTS entries_no_update; DROP TRIGGER IF EXISTS entries_no_delete; \
                 DROP TRIGGER IF EXISTS entry_texts_no_update; DROP TRIGGER IF EXISTS entry_texts_no_delete; \
                 DROP TRIGGER IF EXISTS redactions_no_update; DROP TRIGGER IF EXISTS redactions_no_delete; "
            }
            Self::Postgres { .. } => {
                "DROP TRIGGER IF EXISTS entries_no_change ON entries; \
                 DROP TRIGGER IF EXISTS entry_texts_no_change ON entry_texts; \
                 DROP TRIGGER IF EXISTS entry_texts_no_delete ON entry_texts; \
                 DROP TRIGGER IF EXISTS redactions_no_change ON redactions; "
            }
        };
        self.execute(&format!("{drop}{sql}")).unwrap();
    }

    /// Bytes as SQL writes them.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        let digits = hex::encode(bytes);
        match self {
            Self::Sqlite { .. } => format!("x'{digits}'"),
            Self::Postgres { .. } => format!("'\\x{digits}'::bytea"),
        }
    }

    /// A UUID as SQL writes the bytes that a column has of it.
    pub fn uuid(&self, text: &str) -> String {
        self.bytes(uuid::Uuid::parse_str(text).unwrap().as_bytes())
    }

    /// An expression for a column's bytes in hexadecimal digits.
    pub fn hex(&self, column: &str) -> String {
        match self {
            Self::Sqlite { .. } => format!("lower(hex({column}))"),
            Self::Postgres { .. } => format!("encode({column}, 'hex')"),
        }
    }

    /// Keeps everybody from writing orders until what this returns is dropped.
    pub fn block_writing(&self) -> Blocked {
        match self {
            Self::Sqlite { .. } => {
                let path = self.file().expect("a file");
                let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
                Blocked::Sqlite { _transaction: conn }
            }
            Self::Postgres { .. } => {
                let mut conn = PgConnection::establish(&self.url()).unwrap();
                conn.batch_execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").unwrap();
                Blocked::Postgres { _transaction: conn }
            }
        }
    }

    /// One number.
    pub fn number(&self, sql: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            value: i64,
        }
        let query = diesel::sql_query(format!("SELECT CAST(({sql}) AS BIGINT) AS value"));
        let row: Row = match self {
            Self::Sqlite { .. } => {
                let path = self.file().expect("a file");
                query.get_result(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap()).unwrap()
            }
            Self::Postgres { .. } => query.get_result(&mut PgConnection::establish(&self.url()).unwrap()).unwrap(),
        };
        row.value
    }
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

impl Database {
    /// The rows of a query that has one text column, `value`.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let query = diesel::sql_query(sql);
        let rows: Vec<Text> = match self {
            Self::Sqlite { .. } => {
                let path = self.file().expect("a file");
                let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                query.load(&mut conn).unwrap()
            }
            Self::Postgres { .. } => query.load(&mut PgConnection::establish(&self.url()).unwrap()).unwrap(),
        };
        rows.into_iter().map(|row| row.value).collect()
    }

    /// All rows of a table as one text, the same for the same rows.
    pub fn rows(&self, table: &str) -> String {
        let rows = match self {
            Self::Sqlite { .. } => {
                let columns = self.texts(&format!(
                    "SELECT group_concat('quote(' || name || ')', ' || '','' || ') AS value FROM pragma_table_info('{table}')"
                ));
                self.texts(&format!("SELECT {} AS value FROM {table} ORDER BY 1", columns.concat()))
            }
            Self::Postgres { .. } => self.texts(&format!("SELECT t::text AS value FROM {table} t ORDER BY 1")),
        };
        rows.into_iter().map(|row| row + "\n").collect()
    }
}

/// A transaction that stands in the way of others, undone when this is dropped.
pub enum Blocked {
    Sqlite { _transaction: SqliteConnection },
    Postgres { _transaction: PgConnection },
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
