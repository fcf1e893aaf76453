//! `[sync]`: how Odoo is read.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::declared::{SettingType, section};
use super::{BadSetting, bad};
use crate::domain::value::calendar;
use crate::sync::SyncSettings;

/// The least overlap that a two-minute transaction in Odoo cannot slip behind.
const SAFE_OVERLAP_SECONDS: u64 = 120;

section! {
    /// The section, as it is written.
    SyncSection = "sync" {
        interval_seconds: u64 = 15,
            SettingType::at_least("seconds", 1),
            "The pause between passes.";
        overlap_seconds: u64 = 150,
            SettingType::number("seconds"),
            "How far each window reaches back. Less than 120 is refused unless `sync.allow_unsafe_overlap` is set.";
        allow_unsafe_overlap: bool = false,
            SettingType::Flag,
            "Accepts an overlap of less than 120 seconds. Orders of slow transactions in Odoo are then missed until the next \
             full comparison.";
        page_size: u32 = 500,
            SettingType::between("records", 1, 5000),
            "How many records one call to Odoo reads.";
        sweep_hours: u64 = 24,
            SettingType::number("hours"),
            "How often every order is compared with Odoo; 0 compares with every pass.";
        capture_grace_hours: u64 = 72,
            SettingType::number("hours"),
            "How long a captured hold may wait for its paid order before it is an exception.";
        since: Option<String> = None,
            SettingType::Text("date or date-time"),
            "Orders dated before this are ignored.",
            Example::Such("\"2026-01-01\"");
        max_withdrawn_orders: u32 = 20,
            SettingType::number("orders"),
            "How many paid orders may be taken back at once because Odoo no longer has them as they were. More wait for a \
             person.";
        denied_pause_seconds: u64 = 900,
            SettingType::number("seconds"),
            "The pause after Odoo refused the login.";
        // A lease that is renewed three times in its length must outlast a slow commit.
        lease_seconds: u64 = 30,
            SettingType::at_least("seconds", 5),
            "Of several replicas, how long one that died keeps the others from reading.";
    }
}

impl SyncSection {
    /// How Odoo is read.
    pub(super) fn validate(&self) -> Result<SyncSettings, BadSetting> {
        if self.overlap_seconds < SAFE_OVERLAP_SECONDS && !self.allow_unsafe_overlap {
            return Err(bad(format!(
                "sync.overlap_seconds: {} is less than {SAFE_OVERLAP_SECONDS}: a transaction of Odoo may run two \
                 minutes before its orders show, and they would be missed; set sync.allow_unsafe_overlap to accept that",
                self.overlap_seconds
            )));
        }
        self.check_ranges()?;
        Ok(SyncSettings {
            overlap: Duration::from_secs(self.overlap_seconds),
            page_size: self.page_size,
            sweep_every: hours(self.sweep_hours),
            since: self.since.as_deref().map(since).transpose()?,
            max_withdrawn_orders: u64::from(self.max_withdrawn_orders),
            lease: Duration::from_secs(self.lease_seconds),
        })
    }

    /// How long a captured hold may wait for its paid order.
    pub(super) fn capture_grace(&self) -> Duration {
        hours(self.capture_grace_hours)
    }
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours.saturating_mul(3600))
}

/// A date (its first instant, in UTC) or a date-time.
pub(super) fn since(text: &str) -> Result<DateTime<Utc>, BadSetting> {
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
