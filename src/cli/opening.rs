//! How each verb meets the database: the one table of it.

use super::{Failure, Verb, exceptions, import, program, token};
use crate::config::Settings;
use crate::store::connection::migrate::{self, Schema};
use crate::store::{AnyConnection, DatabaseUrl, Pool, StoreError};

/// What a verb may do to the database before it does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing: it opens none, or looks for itself (`doctor` says what it finds, and changes no schema).
    None,
    /// It reads. A database of another version is said to be one and left as it is, and none is made. (`verify` first
    /// finishes what was asked to be computed again, as the running service does.)
    AsItIs,
    /// It copies all of it, whichever version it is of: the backup before an upgrade is made by either program. None is
    /// made.
    OfAnyVersion,
    /// It changes what is there: brings the schema up to date, and makes no database.
    Migrated,
    /// As `Migrated`, and makes the database if there is none.
    Made,
}

impl Verb {
    /// How this verb meets the database.
    pub(super) const fn opening(&self) -> Opening {
        match self {
            Self::Demo { .. }
            | Self::Doctor
            | Self::Config(_)
            | Self::Metrics(_)
            | Self::Api(_)
            | Self::RestoreCheck { .. }
            | Self::Program(program::ProgramVerb::Check { .. }) => Opening::None,
            Self::Verify
            | Self::History(_)
            | Self::Exceptions(exceptions::ExceptionsVerb::List { .. })
            | Self::Token(token::TokenVerb::List)
            | Self::Program(
                program::ProgramVerb::Simulate { .. } | program::ProgramVerb::Get { .. } | program::ProgramVerb::List,
            )
            | Self::Import(
                import::ImportVerb::OdooLoyalty { dry_run: true, .. } | import::ImportVerb::Csv { dry_run: true, .. },
            ) => Opening::AsItIs,
            Self::Backup { .. } => Opening::OfAnyVersion,
            Self::Token(token::TokenVerb::Revoke { .. })
            | Self::Program(program::ProgramVerb::Archive { .. })
            | Self::Adjust(_)
            | Self::Redact(_)
            | Self::Rebuild { .. }
            | Self::Exceptions(exceptions::ExceptionsVerb::Resolve { .. })
            | Self::Import(_) => Opening::Migrated,
            Self::Serve
            | Self::Sync { .. }
            | Self::Token(token::TokenVerb::Create { .. })
            | Self::Program(program::ProgramVerb::Put { .. })
            | Self::Migrate => Opening::Made,
        }
    }
}

impl Opening {
    /// Opens the database so.
    pub(super) fn pool(self, settings: &Settings) -> Result<Pool, Failure> {
        if self != Self::Made {
            // A typo must not make an empty one that verifies clean.
            must_be_there(settings)?;
        }
        let pool = Pool::open(settings.database_url.clone(), settings.pool_size)?;
        let mut conn = pool.get()?;
        match self {
            Self::None => {}
            Self::OfAnyVersion => must_be_a_ledger(&mut conn)?,
            Self::AsItIs => must_be_of_this_version(migrate::inspect(&mut conn)?)?,
            Self::Migrated | Self::Made => drop(migrate::migrate(&mut conn)?),
        }
        drop(conn);
        Ok(pool)
    }
}

/// Works on the database as it is, for a verb that looks for itself. `None` where there is none of this version: it is
/// neither made nor changed.
pub(super) fn in_database<T, E: From<StoreError>>(
    settings: &Settings,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<Option<T>, E> {
    if must_be_there(settings).is_err() {
        return Ok(None);
    }
    let pool = Pool::open(settings.database_url.clone(), 1)?;
    let mut conn = pool.get()?;
    match migrate::inspect(&mut conn)? {
        Schema::Current | Schema::Ahead(_) => work(&mut conn).map(Some),
        Schema::Behind(_) | Schema::Newer(_) | Schema::Unreleased(_) => Ok(None),
    }
}

fn must_be_there(settings: &Settings) -> Result<(), Failure> {
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(Failure::Other(format!(
            "there is no database at {}; check database.url, or make one with `loyalty-sidecar migrate`",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn must_be_a_ledger(conn: &mut AnyConnection) -> Result<(), Failure> {
    if migrate::is_begun(conn)? {
        return Ok(());
    }
    Err(Failure::Other(
        "there is no ledger in this database: it has no schema of this program's; check database.url".to_owned(),
    ))
}

fn must_be_of_this_version(schema: Schema) -> Result<(), Failure> {
    match schema {
        // A newer version has only added to it: what this one reads is as it was.
        Schema::Current | Schema::Ahead(_) => Ok(()),
        Schema::Behind(pending) => Err(Failure::Other(format!(
            "the database is older than this program: its schema lacks {} migrations, and a verb that reads changes nothing; \
             run `loyalty-sidecar migrate` first",
            pending.len()
        ))),
        Schema::Newer(version) => Err(StoreError::Newer(version).into()),
        Schema::Unreleased(version) => Err(StoreError::Unreleased(version).into()),
    }
}
