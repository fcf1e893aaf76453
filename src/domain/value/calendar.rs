//! The calendar that documents, parameters and the database share.
//!
//! RFC 3339 writes a year with four digits. An instant outside them can be stored, but what is written of it cannot be
//! read again. So what a person gives is refused unless it lies in the years 1 to 9999, counted in UTC.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// What a refusal says of an instant or a day outside the calendar.
pub const OUTSIDE: &str = "this must lie in the years 1 to 9999, in UTC";

/// Whether the instant can be written and read again.
#[must_use]
pub fn holds_instant(at: DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

/// Whether the day can be written and read again.
#[must_use]
pub fn holds_day(day: NaiveDate) -> bool {
    (1..=9999).contains(&day.year())
}

/// A day as `2026-12-31`, with exactly these digits; `None` for anything else.
#[must_use]
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let shape = |(position, byte): (usize, u8)| match position {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    if text.len() != "2026-12-31".len() || !text.bytes().enumerate().all(shape) {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| holds_day(*day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_counts_by_its_year_in_utc() {
        let read = |text: &str| holds_instant(DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc));
        for text in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59+05:00"] {
            assert!(read(text), "{text}");
        }
        for text in ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "0000-06-01T00:00:00Z"] {
            assert!(!read(text), "{text}");
        }
    }

    #[test]
    fn a_day_has_four_digits_of_a_year() {
        assert_eq!(parse_day("2026-12-31"), NaiveDate::from_ymd_opt(2026, 12, 31));
        for text in ["0000-12-31", "-001-12-31", "+999-12-31", "2026-2-031", "2026-02-30", "26-12-31", "2026-12-3١"] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
