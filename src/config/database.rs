//! `[database]`: where the ledger is.

use super::declared::{SettingType, section};
use super::{BadSetting, bad};
use crate::store::{DatabaseUrl, Synchronous};

section! {
    /// The section, as it is written.
    DatabaseSection = "database" {
        url: String = "sqlite://loyalty.db".to_owned(),
            SettingType::Text("`sqlite://PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`"),
            "Where the ledger is: SQLite until the shop grows, PostgreSQL for several replicas. A relative PATH in a file \
             named by `--config` starts at that file's folder, otherwise at the working folder; `serve` logs the whole path.";
        pool_size: u32 = 8,
            SettingType::between("connections", 1, 100),
            "How many connections are kept at most, beside the writers' own.";
        synchronous: Synchronous = Synchronous::Full,
            SettingType::Choice(&["full", "normal"]),
            "SQLite only: `normal` is faster, and a power cut may lose the points that were acknowledged last.";
    }
}

impl DatabaseSection {
    /// The database, if all of this section fits it.
    pub(super) fn validate(&self) -> Result<DatabaseUrl, BadSetting> {
        let url = DatabaseUrl::parse(&self.url).map_err(|problem| bad(problem.to_string()))?;
        self.check_ranges()?;
        if self.synchronous != Synchronous::Full && !matches!(url, DatabaseUrl::Sqlite(_)) {
            return Err(bad(
                "database.synchronous: normal is for SQLite alone; PostgreSQL has synchronous_commit of its own, which \
                 the service turns on",
            ));
        }
        Ok(url)
    }
}
