//! When a rule holds: dates, weekdays and hours on the clock of the program's timezone.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

/// When a rule holds. What is left out restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first local day.
    pub from: Option<NaiveDate>,
    /// The last local day.
    pub to: Option<NaiveDate>,
    /// ISO weekdays, 1 = Monday; empty for every day.
    pub weekdays: Vec<u8>,
    /// The hours of each of those days; `None` for all of them.
    pub hours: Option<HourSpan>,
}

/// A half-open span of the day, in minutes after midnight. One that ends before it begins crosses midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourSpan {
    /// The first minute, below 1440.
    pub from: u16,
    /// The first minute past it, at most 1440 (`24:00`), never equal to `from`.
    pub to: u16,
}

impl Window {
    /// Whether it holds at `at`, on the clock of `timezone`.
    ///
    /// A span across midnight belongs to the day it begins on: Saturday's 22:00–02:00 still holds at one
    /// o'clock on Sunday morning, and Sunday's does not.
    #[must_use]
    pub fn holds_at(&self, at: DateTime<Utc>, timezone: Tz) -> bool {
        let local = at.with_timezone(&timezone).naive_local();
        let minute = u16::try_from(local.hour().saturating_mul(60).saturating_add(local.minute())).unwrap_or(u16::MAX);
        let day = match self.hours {
            None => Some(local.date()),
            Some(HourSpan { from, to }) if from < to => (from <= minute && minute < to).then(|| local.date()),
            Some(HourSpan { from, .. }) if from <= minute => Some(local.date()),
            Some(HourSpan { to, .. }) => (minute < to).then(|| local.date().pred_opt()).flatten(),
        };
        day.is_some_and(|day| self.holds_on(day))
    }

    pub(super) fn holds_on(&self, day: NaiveDate) -> bool {
        let weekday = day.weekday().number_from_monday();
        self.from.is_none_or(|first| first <= day)
            && self.to.is_none_or(|last| day <= last)
            && (self.weekdays.is_empty() || self.weekdays.iter().any(|listed| u32::from(*listed) == weekday))
    }
}

impl HourSpan {
    /// Minutes after midnight as `HH:MM`.
    pub(super) fn clock(minutes: u16) -> String {
        format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60))
    }
}

/// As in a document: `["22:00", "02:00"]`.
impl Serialize for HourSpan {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        [Self::clock(self.from), Self::clock(self.to)].serialize(out)
    }
}
