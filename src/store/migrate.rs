//! The schema's versions. Migrations are in the binary; they only ever add.

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::{Connection, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{AnyConnection, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// How a database's schema stands to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// As this program wants it.
    Current,
    /// These migrations are still to be run; all of them when the database is empty.
    Behind(Vec<String>),
    /// A migration this program does not know was run.
    Ahead(String),
}

/// Looks, without changing anything.
///
/// # Errors
/// [`StoreError`]
pub fn inspect(conn: &mut AnyConnection) -> Result<Schema, StoreError> {
    let known = known_versions(conn)?;
    let applied = applied_versions(conn)?;
    if let Some(unknown) = applied.difference(&known).last() {
        return Ok(Schema::Ahead(unknown.clone()));
    }
    let pending: Vec<String> = known.difference(&applied).cloned().collect();
    Ok(if pending.is_empty() { Schema::Current } else { Schema::Behind(pending) })
}

/// Brings the schema up to date; returns what was run. Two processes may call it at once.
///
/// # Errors
/// [`StoreError::Newer`] when the database is of a newer version, which is left as it is;
/// [`StoreError::Migration`].
pub fn migrate(conn: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    match inspect(conn)? {
        Schema::Current => return Ok(Vec::new()),
        Schema::Ahead(version) => return Err(StoreError::Newer(version)),
        Schema::Behind(_) => {}
    }
    match conn {
        AnyConnection::Sqlite(inner) => {
            // One transaction around all: a second process waits here and then finds nothing left to do.
            inner.exclusive_transaction(|inner| run(inner, SQLITE))
        }
        AnyConnection::Postgres(inner) => inner.transaction(|inner| {
            // Released with the transaction. The number is ours alone: "loyalty" in ASCII.
            sql_query("SELECT pg_advisory_xact_lock(30519968567653497)").execute(inner)?;
            run(inner, POSTGRES)
        }),
    }
}

fn run<C>(conn: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    C: MigrationHarness<C::Backend> + Connection,
{
    let done = conn.run_pending_migrations(source).map_err(|problem| StoreError::Migration(problem.to_string()))?;
    Ok(done.iter().map(MigrationVersion::to_string).collect())
}

fn known_versions(conn: &AnyConnection) -> Result<BTreeSet<String>, StoreError> {
    fn versions<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<BTreeSet<String>, StoreError> {
        let all: Vec<Box<dyn Migration<DB>>> =
            source.migrations().map_err(|problem| StoreError::Migration(problem.to_string()))?;
        Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
    }
    match conn {
        AnyConnection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        AnyConnection::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// By hand and not by diesel's harness, which would create its table in a database we may not touch.
fn applied_versions(conn: &mut AnyConnection) -> Result<BTreeSet<String>, StoreError> {
    let table = match conn {
        AnyConnection::Sqlite(_) => {
            "SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name = '__diesel_schema_migrations'"
        }
        AnyConnection::Postgres(_) => {
            "SELECT CAST(tablename AS TEXT) AS value FROM pg_tables \
             WHERE schemaname = current_schema() AND tablename = '__diesel_schema_migrations'"
        }
    };
    if sql_query(table).load::<Text>(conn)?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<Text> =
        sql_query("SELECT CAST(version AS TEXT) AS value FROM __diesel_schema_migrations").load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}
