//! `restore-check`: whether a backup is worth restoring. It looks at a copy: the backup itself is not touched.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::opening::Opening;
use super::{Failure, LocalLedger, Outcome, print};
use crate::config::Settings;
use crate::domain::value::text::one_line;
use crate::store::connection::backup;
use crate::store::connection::migrate::{self, Schema};
use crate::store::{DatabaseUrl, Pool, StoreError};

/// How the custom format of `pg_dump` begins.
const DUMP: &[u8] = b"PGDMP";
/// How a database of SQLite begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What was found, in order.
struct RestoreCheckReport {
    integrity: Option<Vec<String>>,
    migrations_missing: usize,
    accounts: u64,
    entries: u64,
    violations: Vec<String>,
}

pub(super) async fn run(settings: &Settings, named: &str, as_json: bool) -> Outcome {
    let report = if named.contains("://") {
        match DatabaseUrl::parse(named)? {
            DatabaseUrl::Sqlite(file) => check_file(settings, &file).await?,
            url @ DatabaseUrl::Postgres(_) => check_database(settings, url, None).await?,
        }
    } else {
        check_file(settings, Path::new(named)).await?
    };
    let good = report.integrity.as_ref().is_none_or(Vec::is_empty) && report.violations.is_empty();
    print(as_json, &to_json(&report, good), || words(&report, good));
    Ok(good)
}

async fn check_file(settings: &Settings, file: &Path) -> Result<RestoreCheckReport, Failure> {
    let unreadable = |problem: std::io::Error| Failure::Other(format!("{} cannot be read: {problem}", file.display()));
    let mut start = Vec::new();
    std::fs::File::open(file).and_then(|opened| opened.take(16).read_to_end(&mut start)).map_err(unreadable)?;
    if start.starts_with(DUMP) {
        return Err(Failure::Other(format!(
            "{} is a dump of PostgreSQL's, which only PostgreSQL can look into: restore it into an empty database \
             (`createdb check`, then `pg_restore --exit-on-error --no-owner --dbname=check {}`) and name that: \
             `loyalty-sidecar restore-check postgres://…/check`",
            file.display(),
            file.display()
        )));
    }
    if !start.starts_with(SQLITE) {
        return Err(Failure::Other(format!("{} is no database of SQLite's and no dump of pg_dump's", file.display())));
    }
    let copy = Copy::of(file).map_err(unreadable)?;
    let damage = backup::damage_of(&copy.file())?;
    if !damage.is_empty() {
        // Of a damaged file no sum says anything.
        return Ok(RestoreCheckReport {
            integrity: Some(damage),
            migrations_missing: 0,
            accounts: 0,
            entries: 0,
            violations: Vec::new(),
        });
    }
    check_database(settings, DatabaseUrl::Sqlite(copy.file()), Some(damage)).await
}

async fn check_database(
    settings: &Settings,
    url: DatabaseUrl,
    integrity: Option<Vec<String>>,
) -> Result<RestoreCheckReport, Failure> {
    let is_copy = integrity.is_some();
    let settings = Settings { database_url: url, ..settings.clone() };
    let schema = {
        let pool = Pool::open(settings.database_url.clone(), 1)?;
        migrate::inspect(&mut *pool.get()?)?
    };
    let migrations_missing = match schema {
        Schema::Current | Schema::Ahead(_) => 0,
        Schema::Newer(version) => return Err(StoreError::Newer(version).into()),
        Schema::Unreleased(version) => return Err(StoreError::Unreleased(version).into()),
        Schema::Behind(missing) if missing.iter().any(|version| version == migrate::FIRST) => {
            return Err(Failure::Other("there is no ledger in it: it has none of the tables".to_owned()));
        }
        Schema::Behind(missing) if is_copy => missing.len(),
        Schema::Behind(missing) => {
            return Err(Failure::Other(format!(
                "the database is of an older version ({} migrations are missing), and a check changes nothing; run \
                 `loyalty-sidecar migrate` on it first",
                missing.len()
            )));
        }
    };
    let own = LocalLedger::start(&settings, if is_copy { Opening::Migrated } else { Opening::AsItIs })?;
    let outcome = own.ledger.verify().await;
    own.stop().await;
    let report = outcome?;
    Ok(RestoreCheckReport {
        integrity,
        migrations_missing,
        accounts: report.accounts,
        entries: report.entries,
        violations: report.violations,
    })
}

fn to_json(report: &RestoreCheckReport, good: bool) -> Value {
    json!({
        "good": good,
        "integrity": report.integrity,
        "migrations_missing": report.migrations_missing,
        "accounts": report.accounts,
        "entries": report.entries,
        "violations": report.violations,
    })
}

fn words(report: &RestoreCheckReport, good: bool) -> String {
    let mut lines = Vec::new();
    match report.integrity.as_deref() {
        Some([]) => lines.push("integrity: the file is whole".to_owned()),
        Some(damage) => {
            lines.extend(damage.iter().map(|what| format!("DAMAGED {}", one_line(what))));
            lines.push("the file is damaged; take another backup".to_owned());
            return lines.join("\n");
        }
        None => {}
    }
    lines.push(match report.migrations_missing {
        0 => "schema: of this version".to_owned(),
        many => format!("schema: of an older version; the first start brings it up to date ({many} migrations)"),
    });
    lines.push(format!("ledger: {} accounts, {} entries", report.accounts, report.entries));
    lines.extend(report.violations.iter().map(|violation| format!("VIOLATION {}", one_line(violation))));
    lines.push(if good {
        "every invariant holds: it can be restored".to_owned()
    } else {
        format!("{} violations; take another backup", report.violations.len())
    });
    lines.join("\n")
}

/// A copy of a database file, and of the log beside it, in a folder that goes with it.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn of(file: &Path) -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("loyalty-sidecar-check-{}", uuid::Uuid::now_v7().simple()));
        std::fs::DirBuilder::new().create(&folder)?;
        let copy = Self { folder };
        std::fs::set_permissions(&copy.folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        std::fs::copy(file, copy.file())?;
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        // A file that was copied by hand from a running service may have a log.
        if Path::new(&log).exists() {
            std::fs::copy(&log, copy.folder.join("ledger.db-wal"))?;
        }
        Ok(copy)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("ledger.db")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What stays is in the system's temporary folder and goes with it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
