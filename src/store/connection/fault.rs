//! What stands between the service and its database, in words for a caller and for whoever can mend it.
//!
//! Both client libraries say it in texts: SQLite in a fixed English one a code, PostgreSQL in its own language or in
//! that of its locale, so that an SQLSTATE's kind goes first where diesel knows it.

use std::io::ErrorKind;
use std::path::Path;

use diesel::result::{DatabaseErrorKind as Kind, Error};

use crate::store::{DatabaseUrl, StoreError};

/// Why the database does not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// No space is left.
    DiskFull,
    /// It, its file or its file system takes no writes.
    ReadOnly,
    /// The disk reports errors.
    DiskFault,
    /// Its files are there no more, or may not be opened.
    Files,
    /// It cannot be reached, or went away.
    Away,
    /// Somebody else keeps it busy.
    Busy,
    /// Its file is damaged.
    Damaged,
    /// Anything else, such as a mistake of ours.
    Other,
}

/// What the texts of SQLite, PostgreSQL and libpq have in them, the surest signs first.
const SIGNS: &[(&str, DatabaseFault)] = &[
    ("database or disk is full", DatabaseFault::DiskFull),
    ("No space left on device", DatabaseFault::DiskFull),
    ("Disk quota exceeded", DatabaseFault::DiskFull),
    ("readonly database", DatabaseFault::ReadOnly),
    ("read-only", DatabaseFault::ReadOnly),
    ("Read-only", DatabaseFault::ReadOnly),
    ("disk I/O error", DatabaseFault::DiskFault),
    ("Input/output error", DatabaseFault::DiskFault),
    ("malformed", DatabaseFault::Damaged),
    ("not a database", DatabaseFault::Damaged),
    ("unable to open database file", DatabaseFault::Files),
    ("is not there any more", DatabaseFault::Files),
    ("database is locked", DatabaseFault::Busy),
    ("lock timeout", DatabaseFault::Busy),
    ("deadlock", DatabaseFault::Busy),
    ("terminating connection", DatabaseFault::Away),
    ("server closed", DatabaseFault::Away),
    ("shutting down", DatabaseFault::Away),
    ("starting up", DatabaseFault::Away),
    ("no connection to the server", DatabaseFault::Away),
    ("could not receive data", DatabaseFault::Away),
    ("could not send data", DatabaseFault::Away),
];

impl DatabaseFault {
    /// What an error of the store comes from.
    #[must_use]
    pub fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Missing(_) => Self::Files,
            StoreError::Moved => Self::Busy,
            StoreError::Stale => Self::Away,
            StoreError::Unreachable(text) => signed(text).unwrap_or(Self::Away),
            StoreError::Query(problem) | StoreError::InDoubt(problem) => Self::of_query(problem),
            StoreError::Migration(text) => signed(text).unwrap_or(Self::Other),
            StoreError::BadUrl(_)
            | StoreError::Newer(_)
            | StoreError::Unreleased(_)
            | StoreError::OldSqlite(_)
            | StoreError::Corrupt(_) => Self::Other,
        }
    }

    fn of_query(problem: &Error) -> Self {
        match problem {
            Error::DatabaseError(Kind::ReadOnlyTransaction, _) => Self::ReadOnly,
            Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, info) => {
                signed(info.message()).unwrap_or(Self::Away)
            }
            // diesel has no kind for a deadlock, and the server may speak any language; of the errors without a kind
            // it is the one that comes with details: who waited for whom.
            Error::DatabaseError(Kind::Unknown, info) if info.details().is_some() => {
                signed(info.message()).unwrap_or(Self::Busy)
            }
            Error::DatabaseError(_, info) => signed(info.message()).unwrap_or(Self::Other),
            // The first thing that went wrong is the cause; that the rollback failed as well follows from it.
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::of_query(commit_error),
            Error::BrokenTransactionManager => Self::Away,
            _ => Self::Other,
        }
    }

    /// The same, said more closely where SQLite cannot: it has one error for a disk that fails and for a file system
    /// that was made read-only under its open files, and opens a file for reading alone on both.
    #[must_use]
    pub fn looked_at_closely(self, url: &DatabaseUrl) -> Self {
        match (self, url) {
            (Self::DiskFault | Self::ReadOnly | Self::Files, DatabaseUrl::Sqlite(path)) if path.exists() => {
                writable_beside(path).err().unwrap_or(self)
            }
            _ => self,
        }
    }

    /// Whether it is the whole database's and not a single statement's: whatever is tried next fails alike.
    #[must_use]
    pub const fn concerns_all(self) -> bool {
        matches!(self, Self::DiskFull | Self::ReadOnly | Self::DiskFault | Self::Files | Self::Away | Self::Damaged)
    }

    /// Whether connections that met it are of no use when it is over. A failing disk is none of these: SQLite writes
    /// over a commit that could not be made durable, as long as a connection remembers that it failed.
    #[must_use]
    pub const fn stays_in_connections(self) -> bool {
        matches!(self, Self::ReadOnly | Self::Files)
    }

    /// What it is, for anybody: no path, no SQL.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::DiskFull => "the database's disk is full",
            Self::ReadOnly => "the database is read-only",
            Self::DiskFault => "the database's disk reports errors",
            Self::Files => "the database's files cannot be opened",
            Self::Away => "the database cannot be reached",
            Self::Busy => "another writer keeps the database busy",
            Self::Damaged => "the database's file is damaged",
            Self::Other => "the database did not do what it was asked",
        }
    }

    /// What to do about it, for the log of whoever runs the service. No restart is needed afterwards.
    #[must_use]
    pub fn advice(self, url: &DatabaseUrl) -> String {
        let place = match url {
            DatabaseUrl::Sqlite(path) => path.display().to_string(),
            DatabaseUrl::Postgres(_) => format!("the server of {}", url.redacted()),
        };
        match self {
            Self::DiskFull => format!("free space on the disk of {place}"),
            Self::ReadOnly => match url {
                DatabaseUrl::Sqlite(_) => format!(
                    "let the service's user write {place} and its folder, and see whether the file system was mounted read-only"
                ),
                DatabaseUrl::Postgres(_) => {
                    format!("make {place} writable: see default_transaction_read_only, and whether it is a standby")
                }
            },
            Self::DiskFault => format!(
                "look at the kernel's log for the disk of {place}: it fails, or its file system was mounted read-only"
            ),
            Self::Files => format!("put {place} back, readable and writable for the service's user, with its folder"),
            Self::Away => format!("see that {place} runs, takes connections and the password is right"),
            Self::Busy => format!("see which other program keeps a transaction open on {place}"),
            Self::Damaged => format!("stop the service and restore a backup of {place}"),
            Self::Other => "see the error; if it stays, it is a mistake of this program's".to_owned(),
        }
    }
}

/// Whether a file can be written in the database's folder. Never the database itself: closing it here would take away
/// the locks that SQLite has on it.
fn writable_beside(path: &Path) -> Result<(), DatabaseFault> {
    let mut name = path.as_os_str().to_owned();
    name.push("-probe");
    let written = std::fs::write(&name, "may this be written?");
    // If it was not made there is nothing to remove.
    let _ = std::fs::remove_file(&name);
    written.map_err(|problem| match problem.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DatabaseFault::DiskFull,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => DatabaseFault::ReadOnly,
        _ => DatabaseFault::DiskFault,
    })
}

fn signed(text: &str) -> Option<DatabaseFault> {
    SIGNS.iter().find(|(sign, _)| text.contains(sign)).map(|(_, fault)| *fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> StoreError {
        StoreError::Query(Error::DatabaseError(Kind::Unknown, Box::new(text.to_owned())))
    }

    #[test]
    fn what_the_libraries_say_is_understood() {
        for (text, fault) in [
            ("database or disk is full", DatabaseFault::DiskFull),
            ("could not extend file \"base/5/16384\": No space left on device", DatabaseFault::DiskFull),
            ("attempt to write a readonly database", DatabaseFault::ReadOnly),
            ("cannot execute INSERT in a read-only transaction", DatabaseFault::ReadOnly),
            ("disk I/O error", DatabaseFault::DiskFault),
            ("unable to open database file", DatabaseFault::Files),
            ("is not there any more", DatabaseFault::Files),
            ("database is locked", DatabaseFault::Busy),
            ("terminating connection due to administrator command", DatabaseFault::Away),
            ("duplicate column", DatabaseFault::Other),
        ] {
            assert_eq!(DatabaseFault::of(&refused(text)), fault, "{text}");
        }
        assert_eq!(DatabaseFault::of(&StoreError::Unreachable("Connection refused".into())), DatabaseFault::Away);
    }

    /// An error of a server that speaks German.
    struct Verklemmung;

    impl diesel::result::DatabaseErrorInformation for Verklemmung {
        fn message(&self) -> &'static str {
            "Verklemmung (Deadlock) entdeckt"
        }

        fn details(&self) -> Option<&str> {
            Some("Prozess 1 wartet auf ShareLock-Sperre auf Transaktion 2")
        }

        fn hint(&self) -> Option<&str> {
            None
        }

        fn table_name(&self) -> Option<&str> {
            None
        }

        fn column_name(&self) -> Option<&str> {
            None
        }

        fn constraint_name(&self) -> Option<&str> {
            None
        }

        fn statement_position(&self) -> Option<i32> {
            None
        }
    }

    #[test]
    fn a_deadlock_is_tried_again_in_whatever_language_it_is_told() {
        let error = StoreError::Query(Error::DatabaseError(Kind::Unknown, Box::new(Verklemmung)));
        assert_eq!(DatabaseFault::of(&error), DatabaseFault::Busy);
        assert!(error.is_transient());
    }

    #[test]
    fn the_cause_of_a_failed_commit_goes_before_that_of_its_rollback() {
        let both = Error::RollbackErrorOnCommit {
            commit_error: Box::new(Error::DatabaseError(Kind::Unknown, Box::new("disk I/O error".to_owned()))),
            rollback_error: Box::new(Error::BrokenTransactionManager),
        };
        assert_eq!(DatabaseFault::of(&StoreError::InDoubt(both)), DatabaseFault::DiskFault);
    }

    #[test]
    fn the_advice_names_the_place_and_no_secret() {
        let file = DatabaseUrl::Sqlite("/var/lib/loyalty.db".into());
        assert!(DatabaseFault::DiskFull.advice(&file).contains("/var/lib/loyalty.db"));
        let server = DatabaseUrl::Postgres("postgres://u:hunter2@h/db".into());
        assert!(!DatabaseFault::Away.advice(&server).contains("hunter2"));
    }
}
