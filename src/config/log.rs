//! `[log]`: what is logged, and how.

use serde::Deserialize;

use super::declared::{SettingType, section};
use super::{BadSetting, bad};

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

section! {
    /// The section, as it is written.
    LogSection = "log" {
        format: LogFormat = LogFormat::Pretty,
            SettingType::Choice(&["pretty", "json"]),
            "`json` is for machines: one object a line.";
        level: String = "info".to_owned(),
            SettingType::Text("`error`, `warn`, `info`, `debug`, `trace`, or tracing's directives"),
            "How much is logged.";
    }
}

impl LogSection {
    /// What is logged, and how.
    pub(super) fn validate(self) -> Result<LogSettings, BadSetting> {
        self.check_ranges()?;
        let log = LogSettings { format: self.format, level: self.level };
        log.level
            .parse::<tracing_subscriber::EnvFilter>()
            .map_err(|_| bad(format!("log.level: “{}” is none; try error, warn, info, debug or trace", log.level)))?;
        Ok(log)
    }
}
