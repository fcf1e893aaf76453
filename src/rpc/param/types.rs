//! Parameters: read exactly or refused by name.
//!
//! Every method takes one object, read into a type that denies unknown members at every depth. The types here
//! bound what a caller can send; serialising one gives its canonical form, of which the fingerprint is made.

use chrono::{DateTime, SubsecRound, Utc};
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::domain::sale::order::QUANTITY_DECIMALS;
use crate::domain::value::calendar;
use crate::domain::value::exact;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;
use crate::domain::value::text::control_in;
use crate::rpc::error::Fault;

/// How much of a message about a parameter is shown: it may repeat what was sent.
const LONGEST_PROBLEM: usize = 300;

/// The parameters of a method that has none.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Reads a call's `params`: absent, `null`, `[]` and `{}` are the same.
///
/// # Errors
/// [`Fault::parameter`], naming the parameter.
pub fn read<P: DeserializeOwned>(params: Option<&str>) -> Result<P, Fault> {
    let text = match params.map(str::trim) {
        None | Some("" | "null") => "{}",
        Some(list) if list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some() => {
            if list.trim_matches(|c: char| matches!(c, '[' | ']') || c.is_ascii_whitespace()).is_empty() {
                "{}"
            } else {
                return Err(Fault::parameter("", "parameters are given by name, in an object"));
            }
        }
        Some(text) => text,
    };
    // Keeping track of where one is costs as much as reading: only what is refused is read again for that.
    if let Ok(params) = serde_json::from_str(text) {
        return Ok(params);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        explain(if path == "." { "" } else { &path }, error.inner())
    })
}

/// serde's words as a sentence that begins with the parameter's name.
fn explain(path: &str, error: &serde_json::Error) -> Fault {
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&position).unwrap_or(&text);
    let member = |prefix: &str| {
        let rest = text.strip_prefix(prefix)?.strip_prefix('`')?;
        let (name, rest) = rest.split_once('`')?;
        let name: String = name.chars().take(60).collect();
        let full = match path {
            "" => name,
            path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
            path => format!("{path}.{name}"),
        };
        Some((full, rest.to_owned()))
    };
    if let Some((name, rest)) = member("unknown field ") {
        let known = rest.trim_start_matches(", ").replace('`', "");
        let known = known.replace("expected one of ", "known are ").replace("expected ", "known are ");
        return Fault::parameter(&name, &format!("there is no such parameter; {known}"));
    }
    if let Some((name, _)) = member("missing field ") {
        return Fault::parameter(&name, "this parameter is required");
    }
    if let Some((name, _)) = member("duplicate field ") {
        return Fault::parameter(&name, "this parameter is given twice");
    }
    Fault::parameter(path, &text.chars().take(LONGEST_PROBLEM).collect::<String>())
}

/// A positive integer: an id of Odoo's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Id(pub i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let id = value.as_i64().filter(|id| *id > 0);
        id.map(Self).ok_or_else(|| D::Error::custom("this must be an id: a positive integer"))
    }
}

/// A text of 1 to `MOST` characters in one line, not blank and without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<const MOST: usize>(pub String);

impl<'de, const MOST: usize> Deserialize<'de> for Text<MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Value::String(text) = Value::deserialize(from)? else {
            return Err(D::Error::custom("this must be a text"));
        };
        let length = text.chars().count();
        if length > MOST || text.trim().is_empty() {
            return Err(D::Error::custom(format!("this must be a text of 1 to {MOST} characters")));
        }
        without_control(&text).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

/// Refuses a text that would not be one plain line wherever it is shown.
pub(in crate::rpc) fn without_control(text: &str) -> Result<(), String> {
    match control_in(text) {
        Some(found) => Err(format!("this text contains control characters ({found}); write it as one plain line")),
        None => Ok(()),
    }
}

/// A list of at most `MOST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const MOST: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(from)?;
        if items.len() > MOST {
            return Err(D::Error::custom(format!("this list has {} items; at most {MOST} are taken", items.len())));
        }
        Ok(Self(items))
    }
}

/// A page's size, 1 to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PageLimit<const MOST: i64>(pub i64);

/// The size of a page of most lists.
pub type Limit = PageLimit<500>;

impl<const MOST: i64> Default for PageLimit<MOST> {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de, const MOST: i64> Deserialize<'de> for PageLimit<MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let limit = Value::deserialize(from)?.as_i64().filter(|limit| (1..=MOST).contains(limit));
        limit.map(Self).ok_or_else(|| D::Error::custom(format!("this must be an integer from 1 to {MOST}")))
    }
}

/// The place that a page begins after, as an earlier page gave it.
///
/// # Errors
/// [`Fault::parameter`] when it is no `next` of this list's.
pub(in crate::rpc) fn place<P, const MOST: usize>(
    before: Option<Text<MOST>>,
    parse: impl FnOnce(&str) -> Option<P>,
) -> Result<Option<P>, Fault> {
    let unknown = || Fault::parameter("before", "this is no `next` of an earlier answer");
    before.map(|text| parse(&text.0).ok_or_else(unknown)).transpose()
}

/// A decimal as it was sent, a text or a JSON number, digit by digit.
fn exactly<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let read = match Value::deserialize(from)? {
        Value::String(text) => exact::parse(&text),
        Value::Number(number) => exact::parse(&number.to_string()),
        _ => None,
    };
    read.ok_or_else(|| D::Error::custom("this must be a decimal number, as a text or a number"))
}

/// Points: at most 2 decimals, below 10^12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsParam(pub Points);

impl<'de> Deserialize<'de> for PointsParam {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Points::from_decimal(exactly(from)?).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for PointsParam {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

/// Money: at most 4 decimals, below 10^12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyParam(pub Money);

impl<'de> Deserialize<'de> for MoneyParam {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Money::from_decimal(exactly(from)?).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for MoneyParam {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0.decimal().normalize())
    }
}

/// How many of a product: at most 6 decimals, below 10^12; negative when taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(pub Decimal);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = exactly(from)?;
        if value.abs() >= exact::MAGNITUDE_LIMIT {
            return Err(D::Error::custom("a quantity must be below 1000000000000 in magnitude"));
        }
        if value.normalize().scale() > QUANTITY_DECIMALS {
            return Err(D::Error::custom("a quantity has at most 6 decimals"));
        }
        Ok(Self(value))
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0.normalize())
    }
}

/// An instant, RFC 3339, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Value::String(text) = Value::deserialize(from)? else {
            return Err(D::Error::custom("this must be a time as RFC 3339 writes it, 2026-11-22T12:00:00Z"));
        };
        let read = DateTime::parse_from_rfc3339(&text).map_err(|_| {
            D::Error::custom("this must be a time as RFC 3339 writes it, with its offset: 2026-11-22T12:00:00Z")
        })?;
        let instant = read.with_timezone(&Utc).trunc_subsecs(6);
        if calendar::holds_instant(instant) { Ok(Self(instant)) } else { Err(D::Error::custom(calendar::OUTSIDE)) }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&crate::domain::value::as_text::time(self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        amount: MoneyParam,
        qty: Option<Quantity>,
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        ids: List<Id, 3>,
        points: Option<PointsParam>,
        lines: Option<Vec<Inner>>,
        at: Option<Instant>,
        name: Option<Text<5>>,
        limit: Option<Limit>,
    }

    fn problem(params: &str) -> String {
        read::<Outer>(Some(params)).unwrap_err().into_message()
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        let cases = [
            ("{}", "ids: this parameter is required"),
            (r#"{"ids":null}"#, "ids: "),
            (r#"{"ids":[1],"id":2}"#, "id: there is no such parameter; known are ids, points"),
            (r#"{"ids":[1],"ids":[2]}"#, "ids: this parameter is given twice"),
            (r#"{"ids":[1,0]}"#, "ids[1]: this must be an id: a positive integer"),
            (r#"{"ids":[1.5]}"#, "ids[0]: this must be an id: a positive integer"),
            (r#"{"ids":["1"]}"#, "ids[0]: this must be an id"),
            (r#"{"ids":[true]}"#, "ids[0]: this must be an id"),
            (r#"{"ids":[99999999999999999999]}"#, "ids[0]: this must be an id"),
            (r#"{"ids":[1,2,3,4]}"#, "ids: this list has 4 items; at most 3 are taken"),
            (r#"{"ids":[],"points":"1.001"}"#, "points: points have at most 2 decimals"),
            (r#"{"ids":[],"points":1000000000000}"#, "points: points must be below"),
            (r#"{"ids":[],"points":"ten"}"#, "points: this must be a decimal number"),
            (r#"{"ids":[],"points":true}"#, "points: this must be a decimal number"),
            (r#"{"ids":[],"lines":[{"amount":"1","price":2}]}"#, "lines[0].price: there is no such parameter"),
            (r#"{"ids":[],"lines":[{"amount":"1.23456"}]}"#, "lines[0].amount: money has at most 4 decimals"),
            (r#"{"ids":[],"lines":[{}]}"#, "lines[0].amount: this parameter is required"),
            (r#"{"ids":[],"lines":[{"amount":1,"qty":1e12}]}"#, "lines[0].qty: a quantity must be below"),
            (
                r#"{"ids":[],"lines":[{"amount":1,"qty":"1.0000001"}]}"#,
                "lines[0].qty: a quantity has at most 6 decimals",
            ),
            (r#"{"ids":[],"at":"2026-11-22 12:00:00"}"#, "at: this must be a time"),
            (r#"{"ids":[],"at":"9999-12-31T23:59:59-05:00"}"#, "at: this must lie in the years 1 to 9999"),
            (r#"{"ids":[],"at":5}"#, "at: this must be a time"),
            (r#"{"ids":[],"name":""}"#, "name: this must be a text of 1 to 5 characters"),
            (r#"{"ids":[],"name":"sixsix"}"#, "name: this must be a text of 1 to 5 characters"),
            ("{\"ids\":[],\"name\":\"a\\u0000\"}", "name: this text contains control characters (U+0000)"),
            ("{\"ids\":[],\"name\":\"a\\nb\"}", "name: this text contains control characters (U+000A)"),
            ("{\"ids\":[],\"name\":\"\\u202eb\"}", "name: this text contains control characters (U+202E)"),
            (r#"{"ids":[],"limit":501}"#, "limit: this must be an integer from 1 to 500"),
            (r#"{"ids":[],"limit":0}"#, "limit: this must be an integer from 1 to 500"),
            ("[1]", "parameters are given by name, in an object"),
        ];
        for (params, begins) in cases {
            let told = problem(params);
            assert!(told.starts_with(begins), "{params}: {told}");
            assert!(!told.contains(" column "), "{told}");
        }
    }

    #[test]
    fn numbers_are_read_digit_by_digit() {
        let sent = r#"{"ids":[7],"points":0.1,"lines":[{"amount":12345678901.2345,"qty":-1.50},{"amount":"-0.1"}]}"#;
        let read: Outer = read(Some(sent)).unwrap();
        let lines = read.lines.unwrap();
        assert_eq!(read.points.unwrap().0, Points::from_e2(10));
        assert_eq!(lines[0].amount.0, Money::from_e4(123_456_789_012_345));
        assert_eq!(lines[0].qty.unwrap().0, Decimal::new(-15, 1));
        assert_eq!(lines[1].amount.0, Money::from_e4(-1000));
    }

    #[test]
    fn serialising_is_canonical() {
        let canonical = |sent: &str| serde_json::to_value(read::<Outer>(Some(sent)).unwrap()).unwrap();
        let one =
            canonical(r#"{"ids":[7],"points":1.10,"lines":[{"amount":"2.50"}],"at":"2026-01-01T01:00:00+01:00"}"#);
        let other = canonical(
            r#"{"at":"2026-01-01T00:00:00Z","lines":[{"qty":null,"amount":2.5}],"points":"1.1","ids":[7],"name":null}"#,
        );
        assert_eq!(one.to_string(), other.to_string());
        assert_eq!(one["points"], json!("1.1"));
        assert_eq!(one["at"], json!("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn no_parameters_may_be_said_in_every_way() {
        for said in [None, Some(""), Some("null"), Some("[]"), Some("{}"), Some(" [ ] ")] {
            assert!(read::<Nothing>(said).is_ok(), "{said:?}");
        }
        assert!(
            read::<Nothing>(Some(r#"{"x":1}"#))
                .unwrap_err()
                .into_message()
                .starts_with("x: there is no such parameter")
        );
        assert!(read::<Nothing>(Some("[1]")).is_err());
    }

    #[test]
    fn a_message_does_not_repeat_a_novel() {
        let long = format!(r#"{{"ids":"{}"}}"#, "x".repeat(10_000));
        assert!(problem(&long).len() < 400);
    }
}
