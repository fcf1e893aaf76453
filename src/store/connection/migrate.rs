//! The schema's versions. Migrations are in the binary.
//!
//! While a service is brought up to date, processes of the version before and of the new one work on one database. So a
//! migration only *expands*: it adds tables, indexes that allow all that was allowed before, and columns that may be
//! empty or have a default. The program before then neither sees nor misses what is new. What is taken away is taken
//! away one release after nothing uses it any more, by a migration that raises `schema_floor`: the oldest schema whose
//! program may still work here. So does one that lets a column hold what the program before could not read.

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::{Connection, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::store::{AnyConnection, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// How a database's schema stands to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// As this program wants it.
    Current,
    /// These migrations are still to be run; all of them when the database is empty.
    Behind(Vec<String>),
    /// These migrations were run that this program does not know. They only expand: it may work here.
    Ahead(Vec<String>),
    /// This migration was run, and what it leaves is not for this program.
    Newer(String),
    /// This migration was run, of the tables there were before the first release.
    Unreleased(String),
}

/// The first schema. What came before it was never released, and nothing brings it here.
pub const FIRST: &str = "20261201000001";

/// Looks, without changing anything.
///
/// # Errors
/// [`StoreError`]
pub fn inspect(conn: &mut AnyConnection) -> Result<Schema, StoreError> {
    let known = known_versions(conn)?;
    let applied = applied_versions(conn)?;
    let pending: Vec<String> = known.difference(&applied).cloned().collect();
    let unknown: Vec<String> = applied.difference(&known).cloned().collect();
    if let Some(before) = unknown.iter().find(|version| version.as_str() < FIRST) {
        return Ok(Schema::Unreleased(before.clone()));
    }
    let Some(last) = unknown.last() else {
        return Ok(if pending.is_empty() { Schema::Current } else { Schema::Behind(pending) });
    };
    // Of a version that does not follow from this one, nothing can be said: it lacks what this one has.
    let is_for_us = pending.is_empty() && floor(conn)?.is_some_and(|floor| known.contains(&floor));
    Ok(if is_for_us { Schema::Ahead(unknown) } else { Schema::Newer(last.clone()) })
}

/// Whether any version of this program has made its schema here.
///
/// # Errors
/// [`StoreError`]
pub fn is_begun(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    Ok(!applied_versions(conn)?.is_empty())
}

/// Brings the schema up to date; returns what was run. Two processes may call it at once. One that a newer version has
/// expanded is left as it is, and may be worked on.
///
/// # Errors
/// [`StoreError::Newer`] and [`StoreError::Unreleased`] when the database is of a version that has no way to this one; it
/// is left as it is;
/// [`StoreError::Migration`].
pub fn migrate(conn: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    match inspect(conn)? {
        Schema::Current => return Ok(Vec::new()),
        Schema::Ahead(unknown) => {
            tracing::info!(?unknown, "a newer version has migrated the database; this one may go on working on it");
            return Ok(Vec::new());
        }
        Schema::Newer(version) => return Err(StoreError::Newer(version)),
        Schema::Unreleased(version) => return Err(StoreError::Unreleased(version)),
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
struct TextRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// The oldest schema whose program may work on this database; `None` before there was such a thing. Only to be asked of a
/// database that has all our migrations.
fn floor(conn: &mut AnyConnection) -> Result<Option<String>, StoreError> {
    let rows: Vec<TextRow> = sql_query("SELECT version AS value FROM schema_floor").load(conn)?;
    Ok(rows.into_iter().next().map(|row| row.value))
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
    if sql_query(table).load::<TextRow>(conn)?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<TextRow> =
        sql_query("SELECT CAST(version AS TEXT) AS value FROM __diesel_schema_migrations").load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}
