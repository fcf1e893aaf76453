//! Settings: built-in defaults ← `config/*.toml` (or `--config FILE`) ← `LOYALTY__SECTION__KEY`.
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | `database.url` | `sqlite://loyalty.db` | `sqlite://PATH` or `postgres://…` |
//! | `database.pool_size` | 8 | connections kept at most, beside the writers' own |
//! | `database.synchronous` | `full` | `normal` (SQLite) may lose the last acknowledged points in a power cut |
//! | `http.bind` | `127.0.0.1:8070` | address and port; port 0 picks one |
//! | `http.metrics_public` | false | `/metrics` without a token |
//! | `http.behind_tls_proxy` | false | lets it listen beyond loopback: a proxy in front speaks TLS |
//! | `http.rate_limit_per_second` | 5000 | calls of one token, a batch's each counted; 0 for no limit |
//! | `http.rate_limit_burst` | 10000 | how many of them at once, after a pause |
//! | `odoo.url`, `.database`, `.login`, `.api_key` or `.api_key_file` | – | the service user's Odoo |
//! | `odoo.protocol` | `auto` | `jsonrpc` or `json2`; auto takes JSON-2 from Odoo 19 on |
//! | `odoo.timeout_ms` | 30000 | for one request |
//! | `odoo.retries` | 3 | for transient faults |
//! | `odoo.wallet` | `contact` | whose points an order's are: `contact` or `company` |
//! | `sync.interval_seconds` | 15 | pause between passes |
//! | `sync.overlap_seconds` | 150 | how far each window reaches back |
//! | `sync.allow_unsafe_overlap` | false | lets the overlap be less than 120 |
//! | `sync.page_size` | 500 | records a call |
//! | `sync.sweep_hours` | 24 | the full comparison; 0: with every pass |
//! | `sync.capture_grace_hours` | 72 | how long a captured hold may wait for its paid order |
//! | `sync.since` | – | a date or date-time: orders before it are ignored |
//! | `sync.max_withdrawn_orders` | 20 | how many paid orders may be taken back at once without asking |
//! | `sync.denied_pause_seconds` | 900 | pause after Odoo refused the login |
//! | `sync.lease_seconds` | 30 | of several processes, how long one that died keeps others from reading |
//! | `ledger.reply_days` | 30 | how long recorded refusals are kept; 0 for ever |
//! | `log.format` | `pretty` | or `json` |
//! | `log.level` | `info` | `error`, `warn`, `info`, `debug`, `trace`, or tracing's directives |

mod cautions;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::domain::calendar;
use crate::domain::text::url_without_secrets;
use crate::http::RateLimit;
use crate::odoo::{OdooSettings, Protocol, key};
use crate::store::{DatabaseUrl, Synchronous};
use crate::sync::SyncSettings;

pub use cautions::Caution;

/// The settings, for `--help`.
pub const HELP: &str = "\
Settings: built-in defaults, then config/*.toml (or --config FILE), then the environment.
  database.url          LOYALTY__DATABASE__URL        sqlite://PATH or postgres://…  [sqlite://loyalty.db]
  database.pool_size    LOYALTY__DATABASE__POOL_SIZE  connections kept at most, beside the writers' own  [8]
  database.synchronous                                full, or normal: SQLite then may lose the last acknowledged
                                                      points in a power cut  [full]
  http.bind             LOYALTY__HTTP__BIND           address and port; port 0 picks one  [127.0.0.1:8070]
  http.metrics_public   LOYALTY__HTTP__…              /metrics without a token  [false]
  http.behind_tls_proxy                               listen beyond loopback: a proxy speaks TLS  [false]
  http.rate_limit_per_second, http.rate_limit_burst   calls of one token; 0 for no limit  [5000, 10000]
  odoo.url, odoo.database, odoo.login                 the service user's Odoo
  odoo.api_key          LOYALTY__ODOO__API_KEY        its API key; or odoo.api_key_file, the file that holds it
  odoo.protocol         LOYALTY__ODOO__PROTOCOL       jsonrpc, json2, or auto: JSON-2 from Odoo 19 on  [auto]
  odoo.timeout_ms, odoo.retries                       for one request; for faults that pass  [30000, 3]
  odoo.wallet                                         whose points: contact or company  [contact]
  sync.interval_seconds                               pause between passes  [15]
  sync.overlap_seconds, sync.allow_unsafe_overlap     how far each window reaches back  [150, false]
  sync.page_size        LOYALTY__SYNC__PAGE_SIZE      records a call  [500]
  sync.sweep_hours                                    the full comparison; 0: with every pass  [24]
  sync.capture_grace_hours                            how long a captured hold may wait for its paid order  [72]
  sync.since                                          ignore orders before this date
  sync.max_withdrawn_orders                           paid orders that may be taken back at once without asking  [20]
  sync.denied_pause_seconds                           pause after Odoo refused the login  [900]
  sync.lease_seconds                                  how long a process that died keeps others from reading  [30]
  ledger.reply_days                                   how long recorded refusals are kept; 0 for ever  [30]
  log.format, log.level                               pretty or json; error to trace  [pretty, info]
Exit codes: 0 done, 1 failed, 2 wrong usage or a refused setting.";

/// The least overlap that a two-minute transaction in Odoo cannot slip behind.
const SAFE_OVERLAP_SECONDS: u64 = 120;

/// A lease that is renewed three times in its length must outlast a slow commit.
const LEAST_LEASE_SECONDS: u64 = 5;
/// The least burst: a whole batch must pass at once, or it would never.
const LEAST_BURST: u32 = 100;

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

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, or tracing's directives (`info,loyalty_sidecar=debug`).
    pub level: String,
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines to read.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    database: RawDatabase,
    #[serde(default)]
    http: RawHttp,
    #[serde(default)]
    odoo: RawOdoo,
    #[serde(default)]
    sync: RawSync,
    #[serde(default)]
    ledger: RawLedger,
    #[serde(default)]
    log: RawLog,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawDatabase {
    url: String,
    pool_size: u32,
    synchronous: Synchronous,
}

impl Default for RawDatabase {
    fn default() -> Self {
        Self { url: "sqlite://loyalty.db".to_owned(), pool_size: 8, synchronous: Synchronous::Full }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawHttp {
    bind: String,
    metrics_public: bool,
    behind_tls_proxy: bool,
    rate_limit_per_second: u32,
    rate_limit_burst: u32,
}

impl Default for RawHttp {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8070".to_owned(),
            metrics_public: false,
            behind_tls_proxy: false,
            // One token serves all tills of an Odoo: a hundred of them that each touch their order twice a second
            // make 400 calls. Whoever stays above is no till.
            rate_limit_per_second: 5_000,
            rate_limit_burst: 10_000,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawOdoo {
    url: Option<String>,
    database: Option<String>,
    login: Option<String>,
    api_key: Option<SecretString>,
    api_key_file: Option<PathBuf>,
    timeout_ms: Option<u64>,
    retries: Option<u32>,
    wallet: crate::domain::order::Wallet,
    protocol: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawSync {
    interval_seconds: u64,
    overlap_seconds: u64,
    allow_unsafe_overlap: bool,
    page_size: u32,
    sweep_hours: u64,
    capture_grace_hours: u64,
    since: Option<String>,
    max_withdrawn_orders: u32,
    denied_pause_seconds: u64,
    lease_seconds: u64,
}

impl Default for RawSync {
    fn default() -> Self {
        Self {
            interval_seconds: 15,
            overlap_seconds: 150,
            allow_unsafe_overlap: false,
            page_size: 500,
            sweep_hours: 24,
            capture_grace_hours: 72,
            since: None,
            max_withdrawn_orders: 20,
            denied_pause_seconds: 900,
            lease_seconds: 30,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLedger {
    reply_days: u32,
}

impl Default for RawLedger {
    fn default() -> Self {
        Self { reply_days: 30 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLog {
    format: LogFormat,
    level: String,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, level: "info".to_owned() }
    }
}

impl Settings {
    /// Reads settings from a file, or from `config/*.toml` below the working folder when none is named, and
    /// from the environment.
    ///
    /// # Errors
    /// [`BadSetting`], naming the setting and where it stands.
    pub fn load(file: Option<&Path>) -> Result<Self, BadSetting> {
        let mut builder = config::Config::builder();
        for path in config_files(file)? {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix("LOYALTY").prefix_separator("__").separator("__");
        let read = builder.add_source(environment).build().map_err(|problem| {
            bad(format!("the settings cannot be read: {}", without_excerpt(&problem.to_string())))
        })?;
        let says_database = read.get_string("database.url").is_ok() && std::env::var_os(DATABASE_URL).is_none();
        let raw: Raw = read.try_deserialize().map_err(|problem| bad(format!("a setting is wrong: {problem}")))?;
        let mut settings = raw.validate()?;
        if let Some(file) = file.filter(|_| says_database) {
            settings.database_url = beside(file, settings.database_url)?;
        }
        Ok(settings)
    }
}

/// The setting of the database, as the environment says it.
const DATABASE_URL: &str = "LOYALTY__DATABASE__URL";

/// A relative path that a named file says is one from that file's folder, whatever folder the command is run in. Where
/// such a path used to be one from the working folder, and a ledger is there, nobody is to go on with an empty one.
fn beside(file: &Path, url: DatabaseUrl) -> Result<DatabaseUrl, BadSetting> {
    let DatabaseUrl::Sqlite(path) = &url else { return Ok(url) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (true, Some(folder)) = (path.is_relative(), folder) else { return Ok(url) };
    let resolved = folder.join(path);
    if !resolved.exists() && path.exists() {
        let here = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return Err(bad(format!(
            "database.url: {} means {}, as seen from {}, and there is none; but there is one at {}. Move it there, or write \
             sqlite://{}",
            url.redacted(),
            resolved.display(),
            file.display(),
            here.display(),
            here.display()
        )));
    }
    Ok(DatabaseUrl::Sqlite(resolved))
}

/// What is wrong and where, without the line that it stands in: that may be the one with the password.
fn without_excerpt(problem: &str) -> String {
    let is_excerpt = |line: &&str| {
        line.split_once('|').is_some_and(|(number, _)| number.trim().bytes().all(|digit| digit.is_ascii_digit()))
    };
    problem.lines().filter(|line| !is_excerpt(line)).collect::<Vec<_>>().join("; ")
}

/// The files to read, in order. A file that somebody names must be there.
fn config_files(named: Option<&Path>) -> Result<Vec<PathBuf>, BadSetting> {
    if let Some(path) = named {
        if !path.is_file() {
            return Err(bad(format!("--config {}: there is no such file", path.display())));
        }
        return Ok(vec![path.to_owned()]);
    }
    let Ok(entries) = std::fs::read_dir("config") else { return Ok(Vec::new()) };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| !path.to_string_lossy().ends_with(".example.toml"))
        .collect();
    found.sort();
    Ok(found)
}

impl Raw {
    fn validate(self) -> Result<Settings, BadSetting> {
        let database_url = DatabaseUrl::parse(&self.database.url).map_err(|problem| bad(problem.to_string()))?;
        if !(1..=100).contains(&self.database.pool_size) {
            return Err(bad("database.pool_size: expected a number from 1 to 100"));
        }
        if self.database.synchronous != Synchronous::Full && !matches!(database_url, DatabaseUrl::Sqlite(_)) {
            return Err(bad(
                "database.synchronous: normal is for SQLite alone; PostgreSQL has synchronous_commit of its own, which \
                 the service turns on",
            ));
        }
        let bind = self.http.bind.parse::<SocketAddr>().map_err(|_| {
            let shown = url_without_secrets(&self.http.bind);
            bad(format!("http.bind: “{shown}” is no address and port; an example is 127.0.0.1:8070"))
        })?;
        let log = LogSettings { format: self.log.format, level: self.log.level };
        log.level
            .parse::<tracing_subscriber::EnvFilter>()
            .map_err(|_| bad(format!("log.level: “{}” is none; try error, warn, info, debug or trace", log.level)))?;
        let sync_interval = Duration::from_secs(at_least("sync.interval_seconds", self.sync.interval_seconds, 1)?);
        let capture_grace = Duration::from_secs(self.sync.capture_grace_hours.saturating_mul(3600));
        let denied_pause = Duration::from_secs(self.sync.denied_pause_seconds);
        Ok(Settings {
            database_url,
            pool_size: self.database.pool_size,
            synchronous: self.database.synchronous,
            bind,
            metrics_public: self.http.metrics_public,
            behind_tls_proxy: self.http.behind_tls_proxy,
            rate_limit: self.http.rate_limit()?,
            odoo: self.odoo.validate()?,
            sync: self.sync.validate()?,
            sync_interval,
            capture_grace,
            denied_pause,
            replies_kept: self.ledger.replies_kept(),
            log,
        })
    }
}

impl RawHttp {
    fn rate_limit(&self) -> Result<Option<RateLimit>, BadSetting> {
        let Some(per_second) = NonZeroU32::new(self.rate_limit_per_second) else { return Ok(None) };
        NonZeroU32::new(self.rate_limit_burst)
            .filter(|burst| burst.get() >= LEAST_BURST)
            .map(|burst| Some(RateLimit { per_second, burst }))
            .ok_or_else(|| {
                bad(format!(
                    "http.rate_limit_burst: {} is too little; the least is {LEAST_BURST}, a whole batch; \
                     http.rate_limit_per_second = 0 switches the limit off",
                    self.rate_limit_burst
                ))
            })
    }
}

impl RawLedger {
    fn replies_kept(&self) -> Option<Duration> {
        let seconds = u64::from(self.reply_days).saturating_mul(24 * 60 * 60);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

fn at_least(name: &str, value: u64, least: u64) -> Result<u64, BadSetting> {
    if value < least {
        return Err(bad(format!("{name}: {value} is too little; the least is {least}")));
    }
    Ok(value)
}

impl RawSync {
    fn validate(self) -> Result<SyncSettings, BadSetting> {
        if self.overlap_seconds < SAFE_OVERLAP_SECONDS && !self.allow_unsafe_overlap {
            return Err(bad(format!(
                "sync.overlap_seconds: {} is less than {SAFE_OVERLAP_SECONDS}: a transaction of Odoo may run two \
                 minutes before its orders show, and they would be missed; set sync.allow_unsafe_overlap to accept that",
                self.overlap_seconds
            )));
        }
        if !(1..=5000).contains(&self.page_size) {
            return Err(bad("sync.page_size: expected a number from 1 to 5000"));
        }
        Ok(SyncSettings {
            overlap: Duration::from_secs(self.overlap_seconds),
            page_size: self.page_size,
            sweep_every: Duration::from_secs(self.sweep_hours.saturating_mul(3600)),
            since: self.since.as_deref().map(since).transpose()?,
            max_withdrawn_orders: u64::from(self.max_withdrawn_orders),
            lease: Duration::from_secs(at_least("sync.lease_seconds", self.lease_seconds, LEAST_LEASE_SECONDS)?),
        })
    }
}

/// A date (its first instant, in UTC) or a date-time.
fn since(text: &str) -> Result<DateTime<Utc>, BadSetting> {
    let instant = instant(text)?;
    if calendar::holds_instant(instant) {
        return Ok(instant);
    }
    Err(bad(format!("sync.since: “{text}”: {}", calendar::OUTSIDE)))
}

fn instant(text: &str) -> Result<DateTime<Utc>, BadSetting> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.with_timezone(&Utc));
    }
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"] {
        if let Ok(naive) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(naive.and_utc());
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .map_err(|_| bad(format!("sync.since: “{text}” is no date; write 2026-01-31 or 2026-01-31T08:00:00Z")))
}

fn protocol(text: Option<&str>) -> Result<Protocol, BadSetting> {
    text.map_or(Some(Protocol::Auto), Protocol::parse).ok_or_else(|| {
        bad(format!("odoo.protocol: “{}” is none; choose auto, jsonrpc or json2", text.unwrap_or_default()))
    })
}

impl RawOdoo {
    fn validate(self) -> Result<Option<OdooSettings>, BadSetting> {
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        let api_key_file = self.api_key_file.clone();
        let api_key =
            match (self.api_key, self.api_key_file) {
                (Some(_), Some(_)) => {
                    return Err(bad("odoo.api_key and odoo.api_key_file are both set: choose one"));
                }
                (Some(key), None) => Some(key),
                (None, Some(path)) => Some(key::read_file(&path).map_err(|problem| {
                    bad(format!("odoo.api_key_file: {} cannot be read: {problem}", path.display()))
                })?),
                (None, None) => None,
            };
        if blank(&self.url) && blank(&self.database) && blank(&self.login) && api_key.is_none() {
            return Ok(None);
        }
        let given = |name: &str, value: Option<String>| {
            value.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
                bad(format!("{name} is missing: url, database, login and api_key of [odoo] go together"))
            })
        };
        let text = given("odoo.url", self.url)?;
        let url = Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
            .ok_or_else(|| {
                let shown = url_without_secrets(&text);
                bad(format!("odoo.url: “{shown}” is no address of a web server, such as https://shop.example.com"))
            })?;
        let database = given("odoo.database", self.database)?;
        let login = given("odoo.login", self.login)?;
        let api_key = api_key.ok_or_else(|| {
            bad("odoo.api_key is missing: make one in Odoo under My Preferences, Security, or name its file in odoo.api_key_file")
        })?;
        let mut odoo = OdooSettings::new(url, &database, &login, api_key);
        if let Some(timeout_ms) = self.timeout_ms {
            odoo.timeout_ms = at_least("odoo.timeout_ms", timeout_ms, 100)?;
        }
        if let Some(retries) = self.retries {
            odoo.retries = retries.min(20);
        }
        odoo.wallet = self.wallet;
        odoo.api_key_file = api_key_file;
        odoo.protocol = protocol(self.protocol.as_deref())?;
        if odoo.protocol == Protocol::Json2 && odoo.url.password().is_some() {
            return Err(bad(
                "odoo.protocol: json2 sends the API key in the header that the password in odoo.url goes into; take the \
                 password out of odoo.url, or set jsonrpc",
            ));
        }
        Ok(Some(odoo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Settings, BadSetting> {
        let raw: Raw = config::Config::builder()
            .add_source(config::File::from_str(toml, config::FileFormat::Toml))
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|problem| bad(problem.to_string()))?;
        raw.validate()
    }

    #[test]
    fn nothing_set_is_a_whole_configuration() {
        let settings = read("").unwrap();
        assert_eq!(settings.database_url, DatabaseUrl::Sqlite("loyalty.db".into()));
        assert_eq!(settings.synchronous, Synchronous::Full);
        assert_eq!(settings.bind.to_string(), "127.0.0.1:8070");
        assert!(settings.odoo.is_none());
        assert_eq!(settings.sync_interval, Duration::from_secs(15));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for wrong in
            ["[odoo]\nurl = \"http://h\"\napi_key = 0a1bhunter2\n", "[database]\nurl = \"postgres://u:hunter2@h/d\n"]
        {
            std::fs::write(file.path(), wrong).unwrap();
            let problem = Settings::load(Some(file.path())).unwrap_err().to_string();
            assert!(problem.contains("line") && !problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn every_refusal_names_its_setting() {
        let odoo = "[odoo]\nurl = \"http://h\"\ndatabase = \"d\"\nlogin = \"l\"\n";
        let cases = [
            ("[database]\nurl = \"loyalty.db\"", "database.url"),
            ("[database]\npool_size = 0", "database.pool_size"),
            ("[database]\nsynchronous = \"off\"", "off"),
            ("[database]\nurl = \"postgres://h/db\"\nsynchronous = \"normal\"", "database.synchronous"),
            ("[http]\nbind = \"localhost\"", "http.bind"),
            ("[http]\nbnd = \"127.0.0.1:1\"", "bnd"),
            ("[http]\nrate_limit_burst = 99", "http.rate_limit_burst"),
            ("[sync]\noverlap_seconds = 30", "sync.overlap_seconds"),
            ("[sync]\ninterval_seconds = 0", "sync.interval_seconds"),
            ("[sync]\npage_size = 0", "sync.page_size"),
            ("[sync]\npage_size = \"many\"", "sync.page_size"),
            ("[sync]\nlease_seconds = 4", "sync.lease_seconds"),
            ("[ledger]\nreply_days = -1", "ledger.reply_days"),
            ("[sync]\nsince = \"last year\"", "sync.since"),
            ("[sync]\nsince = \"9999-12-31T23:00:00-05:00\"", "sync.since"),
            ("[log]\nlevel = \"a=b=c\"", "log.level"),
            ("[log]\nformat = \"xml\"", "xml"),
            ("[odoo]\nurl = \"http://h\"", "odoo.database"),
            (odoo, "odoo.api_key"),
            ("[odoo]\nurl = \"shop\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"k\"", "odoo.url"),
            ("[odoo]\nwallet = \"purse\"", "purse"),
        ];
        for (toml, name) in cases {
            let problem = read(toml).unwrap_err().to_string();
            assert!(problem.contains(name), "{toml}: {problem}");
        }
    }

    #[test]
    fn a_refused_address_is_told_without_its_password() {
        let rest = "database = \"d\"\nlogin = \"l\"\napi_key = \"k\"";
        for url in ["ftp://user:hunter2@shop", "htp//user:hunter2@shop", "shop?key=hunter2", "http://user:hunt@er2@:x"]
        {
            let problem = read(&format!("[odoo]\nurl = \"{url}\"\n{rest}")).unwrap_err().to_string();
            assert!(problem.starts_with("odoo.url: “") && !problem.contains("hunt"), "{url}: {problem}");
        }
        let problem = read("[http]\nbind = \"http://user:hunter2@h\"").unwrap_err().to_string();
        assert!(problem.starts_with("http.bind: “") && !problem.contains("hunter2"), "{problem}");
        let settings = read(&format!("[odoo]\nurl = \"https://user:hunter2@shop\"\n{rest}")).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
    }

    #[test]
    fn what_is_not_safe_is_told_and_loopback_is() {
        let odoo = |url: &str| format!("[odoo]\nurl = \"{url}\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"k\"\n");
        let about = |toml: &str| -> Vec<&str> {
            read(toml).unwrap().cautions().into_iter().map(|caution| caution.setting).collect()
        };
        assert_eq!(about(&odoo("http://u:hunter2@shop.example")), ["odoo.url"]);
        assert_eq!(about("[database]\nurl = \"postgres://u:hunter2@db.example/l\""), ["database.url"]);
        for safe in ["https://shop.example", "http://127.0.0.1:8069", "http://localhost:8069", "http://[::1]:8069"] {
            assert_eq!(about(&odoo(safe)), Vec::<&str>::new(), "{safe}");
        }
        for toml in [odoo("http://u:hunter2@h?k=hunter2"), "[database]\nurl = \"postgres://u:hunter2@h/l\"".into()] {
            let told = &read(&toml).unwrap().cautions()[0].what;
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn refusals_are_kept_for_days_or_for_ever() {
        assert_eq!(read("").unwrap().replies_kept, Some(Duration::from_hours(30 * 24)));
        assert_eq!(read("[ledger]\nreply_days = 1").unwrap().replies_kept, Some(Duration::from_hours(24)));
        assert_eq!(read("[ledger]\nreply_days = 0").unwrap().replies_kept, None);
    }

    #[test]
    fn no_calls_a_second_is_no_limit() {
        assert!(read("").unwrap().rate_limit.is_some());
        assert_eq!(read("[http]\nrate_limit_per_second = 0\nrate_limit_burst = 0").unwrap().rate_limit, None);
    }

    #[test]
    fn since_is_a_date_or_a_date_time() {
        for (text, shown) in [
            ("2026-01-31", "2026-01-31T00:00:00+00:00"),
            ("2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00+00:00"),
            ("2026-01-31 08:00:00", "2026-01-31T08:00:00+00:00"),
        ] {
            assert_eq!(since(text).unwrap().to_rfc3339(), shown);
        }
    }

    #[test]
    fn a_sweep_with_every_pass_can_be_asked_for() {
        assert_eq!(read("[sync]\nsweep_hours = 0").unwrap().sync.sweep_every, Duration::ZERO);
    }

    #[test]
    fn a_short_overlap_can_be_accepted() {
        let settings = read("[sync]\noverlap_seconds = 30\nallow_unsafe_overlap = true").unwrap();
        assert_eq!(settings.sync.overlap, Duration::from_secs(30));
    }

    #[test]
    fn a_key_is_never_shown() {
        let settings =
            read("[odoo]\nurl = \"http://h\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"hunter2\"").unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
