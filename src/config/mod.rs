//! Settings: built-in defaults ← `config/*.toml` (or `--config FILE`) ← `LOYALTY__SECTION__KEY`.
//!
//! Each setting is declared once, in the file of its section, with its default, its unit and a sentence. [`reference`]
//! makes `--help`, `config/README.md` and the example file from that.

mod cautions;
mod database;
mod declared;
mod http;
mod ledger;
mod load;
mod log;
mod odoo;
pub mod reference;
mod sync;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::http::RateLimit;
use crate::odoo::OdooSettings;
use crate::store::{DatabaseUrl, Synchronous};
use crate::sync::SyncSettings;

pub use cautions::Caution;
pub use declared::{Example, Setting, SettingType};
pub use log::{LogFormat, LogSettings};

/// A setting that cannot be used; its text names it and says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSetting(String);

impl fmt::Display for BadSetting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadSetting {}

fn bad(text: impl Into<String>) -> BadSetting {
    BadSetting(text.into())
}

/// Everything, validated.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the data is.
    pub database_url: DatabaseUrl,
    /// Connections kept at most.
    pub pool_size: u32,
    /// When a SQLite commit counts as made.
    pub synchronous: Synchronous,
    /// Where the API listens.
    pub bind: SocketAddr,
    /// `/metrics` without a token.
    pub metrics_public: bool,
    /// Whether a proxy in front speaks TLS, so that listening beyond loopback shows no token to anybody.
    pub behind_tls_proxy: bool,
    /// How often a token may call; `None` for as often as it likes.
    pub rate_limit: Option<RateLimit>,
    /// The Odoo to read; `None` when none is set, and then nothing is read.
    pub odoo: Option<OdooSettings>,
    /// How it is read.
    pub sync: SyncSettings,
    /// Pause between passes.
    pub sync_interval: Duration,
    /// How long a captured hold may wait for its paid order.
    pub capture_grace: Duration,
    /// Pause after Odoo refused the login.
    pub denied_pause: Duration,
    /// How long recorded refusals are kept; `None` for ever.
    pub replies_kept: Option<Duration>,
    /// What is logged, and how.
    pub log: LogSettings,
}

/// The sections as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sections {
    database: database::DatabaseSection,
    http: http::HttpSection,
    odoo: odoo::OdooSection,
    sync: sync::SyncSection,
    ledger: ledger::LedgerSection,
    log: log::LogSection,
}

/// All settings there are, section by section.
#[must_use]
pub fn declared() -> Vec<Setting> {
    [
        database::DatabaseSection::declared(),
        http::HttpSection::declared(),
        odoo::OdooSection::declared(),
        sync::SyncSection::declared(),
        ledger::LedgerSection::declared(),
        log::LogSection::declared(),
    ]
    .concat()
}

impl Settings {
    /// What holds when nothing is set.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub fn built_in() -> Result<Self, BadSetting> {
        Sections::default().validate()
    }
}

impl Sections {
    fn validate(self) -> Result<Settings, BadSetting> {
        let database_url = self.database.validate()?;
        self.http.check_ranges()?;
        let bind = self.http.address()?;
        let log = self.log.validate()?;
        let sync = self.sync.validate()?;
        self.ledger.check_ranges()?;
        Ok(Settings {
            database_url,
            pool_size: self.database.pool_size,
            synchronous: self.database.synchronous,
            bind,
            metrics_public: self.http.metrics_public,
            behind_tls_proxy: self.http.behind_tls_proxy,
            rate_limit: self.http.rate_limit()?,
            odoo: self.odoo.validate()?,
            sync,
            sync_interval: Duration::from_secs(self.sync.interval_seconds),
            capture_grace: self.sync.capture_grace(),
            denied_pause: Duration::from_secs(self.sync.denied_pause_seconds),
            replies_kept: self.ledger.replies_kept(),
            log,
        })
    }
}

#[cfg(test)]
mod tests;
