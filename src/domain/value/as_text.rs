//! Times and decimals as texts, in the one form in which callers and the command line get them.

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde::Serializer;

/// RFC 3339 in UTC, `2026-11-22T12:00:00Z`, with microseconds where there are any.
#[must_use]
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Without needless zeros.
#[must_use]
pub fn decimal(value: Decimal) -> String {
    value.normalize().to_string()
}

/// For `serialize_with`: a time.
///
/// # Errors
/// What the serializer says.
pub fn serialize_time<S: Serializer>(at: &DateTime<Utc>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&time(*at))
}

/// For `serialize_with`: a time or null.
///
/// # Errors
/// What the serializer says.
pub fn serialize_time_or_null<S: Serializer>(at: &Option<DateTime<Utc>>, out: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize_time(at, out),
        None => out.serialize_none(),
    }
}

/// For `serialize_with`: a decimal.
///
/// # Errors
/// What the serializer says.
pub fn serialize_decimal<S: Serializer>(value: &Decimal, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&decimal(*value))
}

/// For `serialize_with`: a decimal or null.
///
/// # Errors
/// What the serializer says.
pub fn serialize_decimal_or_null<S: Serializer>(value: &Option<Decimal>, out: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serialize_decimal(value, out),
        None => out.serialize_none(),
    }
}
