//! One record as Odoo sends it, read strictly: exact numbers, naive UTC times, `false` for anything empty.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};

use crate::domain::sale::order::QUANTITY_DECIMALS;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// How Odoo writes a moment: naive, in UTC, in whole seconds.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

/// Digits that a float says truly: what follows them is its noise.
const FLOAT_DIGITS: u32 = 15;
/// What is left of a difference of floats that should be nothing: 0.000000000001.
const FLOAT_NOISE: Decimal = Decimal::from_parts(1, 0, 0, false, 12);
/// More of a product than any till sells at once: what is typed, or scanned, into the wrong field. Both the storage and the
/// points of a rule a piece have room for it.
const MOST_PIECES: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// Characters of a text that is looked up by an index: PostgreSQL's take 2,700 bytes.
const LONGEST_KEY: usize = 500;

/// Why a record could not be understood: its field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct Unreadable {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong with it, as the end of a sentence.
    pub problem: &'static str,
}

const fn unreadable(field: &'static str, problem: &'static str) -> Unreadable {
    Unreadable { field, problem }
}

/// A record of any model.
#[derive(Clone, Debug)]
pub struct Record(Map<String, Value>);

impl Record {
    /// From a JSON object; `None` for anything else.
    #[must_use]
    pub fn new(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self(fields)),
            _ => None,
        }
    }

    /// The field, unless it is absent or empty (`false` or null).
    fn filled(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !matches!(value, Value::Bool(false) | Value::Null))
    }

    /// Its id.
    ///
    /// # Errors
    /// [`Unreadable`] when there is none: Odoo always sends it.
    pub fn id(&self) -> Result<i64, Unreadable> {
        self.filled("id").and_then(Value::as_i64).ok_or(unreadable("id", "is not a number"))
    }

    /// A char, text or selection field; `None` when empty.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no text.
    pub fn text(&self, field: &'static str) -> Result<Option<String>, Unreadable> {
        match self.filled(field) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(unreadable(field, "is not a text")),
        }
    }

    /// A text that something is found by.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no text, or far longer than any that Odoo makes.
    pub fn key(&self, field: &'static str) -> Result<Option<String>, Unreadable> {
        match self.text(field)? {
            Some(text) if text.chars().count() > LONGEST_KEY => Err(unreadable(field, "is too long a text")),
            text => Ok(text),
        }
    }

    /// A many2one's id (`[7, "Chairs"]`, or a bare 7); `None` when empty.
    ///
    /// # Errors
    /// [`Unreadable`] when it is neither.
    pub fn link(&self, field: &'static str) -> Result<Option<i64>, Unreadable> {
        let Some(value) = self.filled(field) else { return Ok(None) };
        value
            .as_i64()
            .or_else(|| value.get(0)?.as_i64())
            .map(Some)
            .ok_or(unreadable(field, "is not a link to a record"))
    }

    /// A many2one that must not be empty.
    ///
    /// # Errors
    /// [`Unreadable`] when it is empty or no link.
    pub fn required_link(&self, field: &'static str) -> Result<i64, Unreadable> {
        self.link(field)?.ok_or(unreadable(field, "is empty"))
    }

    /// A many2one's name; `None` when empty, or when Odoo sent only an id.
    #[must_use]
    pub fn link_name(&self, field: &str) -> Option<&str> {
        self.filled(field)?.get(1)?.as_str().filter(|name| !name.is_empty())
    }

    /// A many2many's or one2many's ids; none when absent.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no list of numbers.
    pub fn links(&self, field: &'static str) -> Result<Vec<i64>, Unreadable> {
        match self.filled(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(ids)) => {
                ids.iter().map(|id| id.as_i64().ok_or(unreadable(field, "is not a list of ids"))).collect()
            }
            Some(_) => Err(unreadable(field, "is not a list of ids")),
        }
    }

    /// A float or monetary field, exactly as its text says; empty is zero.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no number, or one past 28 digits.
    pub fn number(&self, field: &'static str) -> Result<Decimal, Unreadable> {
        match self.filled(field) {
            None => Ok(Decimal::ZERO),
            Some(Value::Number(number)) => {
                let text = number.to_string();
                Decimal::from_str(&text)
                    .or_else(|_| Decimal::from_scientific(&text))
                    .map_err(|_| unreadable(field, "is too large a number"))
            }
            Some(_) => Err(unreadable(field, "is not a number")),
        }
    }

    /// A quantity: a number without its float's noise.
    ///
    /// # Errors
    /// [`Unreadable`] as for [`Record::number`], when it is none that a till sells, and when it has more decimals than
    /// are kept.
    pub fn quantity(&self, field: &'static str) -> Result<Decimal, Unreadable> {
        let quantity = self.number(field)?;
        if quantity.abs() > MOST_PIECES {
            return Err(unreadable(field, "is too large a quantity"));
        }
        let said = quantity.round_sf(FLOAT_DIGITS).unwrap_or(quantity);
        let kept = said.round_dp(QUANTITY_DECIMALS);
        if said.checked_sub(kept).is_none_or(|lost| lost.abs() > FLOAT_NOISE) {
            return Err(unreadable(field, "is a quantity with more than 6 decimals"));
        }
        Ok(kept.normalize())
    }

    /// An amount of money, rounded once to the four digits that are kept.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no number or does not fit.
    pub fn money(&self, field: &'static str) -> Result<Money, Unreadable> {
        Money::from_decimal_rounded(self.number(field)?).map_err(|_| unreadable(field, "is too large an amount"))
    }

    /// A datetime field; `None` when empty.
    ///
    /// # Errors
    /// [`Unreadable`] when it is none of Odoo's.
    pub fn moment(&self, field: &'static str) -> Result<Option<DateTime<Utc>>, Unreadable> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        parse_moment(&text).map(Some).ok_or(unreadable(field, "is not a date with a time"))
    }

    /// A date field; `None` when empty.
    ///
    /// # Errors
    /// [`Unreadable`] when it is none of Odoo's.
    pub fn day(&self, field: &'static str) -> Result<Option<NaiveDate>, Unreadable> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        NaiveDate::parse_from_str(&text, "%Y-%m-%d").map(Some).map_err(|_| unreadable(field, "is not a date"))
    }

    /// Points, rounded once to the hundredths that are kept, half away from zero: what follows them is a float's
    /// noise.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no number or does not fit.
    pub fn points(&self, field: &'static str) -> Result<Points, Unreadable> {
        let rounded =
            self.number(field)?.round_dp_with_strategy(Points::DECIMALS, RoundingStrategy::MidpointAwayFromZero);
        Points::from_decimal(rounded).map_err(|_| unreadable(field, "is too large a number of points"))
    }

    /// A JSON field; `None` when empty.
    #[must_use]
    pub fn json(&self, field: &str) -> Option<&Value> {
        self.filled(field)
    }

    /// A boolean field; `absent` when it was not among the fields read.
    #[must_use]
    pub fn flag(&self, field: &str, absent: bool) -> bool {
        self.0.get(field).and_then(Value::as_bool).unwrap_or(absent)
    }
}

/// Odoo's way to write a moment, for domains. Cuts below the second.
#[must_use]
pub fn moment_text(at: DateTime<Utc>) -> String {
    at.format(MOMENT).to_string()
}

/// Odoo's way to write a moment, read back; with or without a fraction.
#[must_use]
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|naive| naive.and_utc())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(value: Value) -> Record {
        Record::new(value).unwrap()
    }

    /// As it arrives: a number keeps the text it was sent with.
    fn wire(text: &str) -> Record {
        record(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn false_everywhere_is_empty_everywhere() {
        let empty =
            record(json!({"id": 1, "name": false, "partner_id": false, "lines": false, "qty": false, "at": false}));
        assert_eq!(empty.text("name"), Ok(None));
        assert_eq!(empty.link("partner_id"), Ok(None));
        assert_eq!(empty.link_name("partner_id"), None);
        assert_eq!(empty.links("lines"), Ok(vec![]));
        assert_eq!(empty.number("qty"), Ok(Decimal::ZERO));
        assert_eq!(empty.money("qty"), Ok(Money::ZERO));
        assert_eq!(empty.moment("at"), Ok(None));
        assert!(empty.required_link("partner_id").is_err());
        assert!(empty.flag("absent", true) && !empty.flag("name", true));
    }

    #[test]
    fn numbers_are_exact_and_rounded_once() {
        let floats = wire(r#"{"a": 0.30000000000000004, "b": 1e-05, "c": 125.0, "d": -4.995, "e": 1E3, "f": 0.1}"#);
        assert_eq!(floats.number("a").unwrap().to_string(), "0.30000000000000004");
        assert_eq!(floats.money("a"), Ok(Money::from_e4(3_000)));
        assert_eq!(floats.quantity("a").unwrap().to_string(), "0.3");
        let quantities = wire(r#"{"nothing": 5.551115123125783e-17, "six": 1.000001, "seven": 1.0000001}"#);
        assert_eq!(quantities.quantity("nothing"), Ok(Decimal::ZERO));
        assert_eq!(quantities.quantity("six").unwrap().to_string(), "1.000001");
        assert_eq!(
            quantities.quantity("seven").unwrap_err().to_string(),
            "seven is a quantity with more than 6 decimals"
        );
        assert_eq!(floats.number("b").unwrap().to_string(), "0.00001");
        assert_eq!(floats.money("c"), Ok(Money::from_e4(1_250_000)));
        assert_eq!(floats.money("d"), Ok(Money::from_e4(-49_950)));
        assert_eq!(floats.number("e"), Ok(Decimal::from(1000)));
        assert_eq!(floats.number("f").unwrap().to_string(), "0.1");
    }

    #[test]
    fn points_lose_their_noise_and_half_a_hundredth_goes_away_from_zero() {
        let floats = wire(
            r#"{"noise": 1234.5000000000002, "half": 10.005, "owed": -10.005, "below": 10.00499, "none": false,
                "huge": 1000000000000.0}"#,
        );
        let cases = [("noise", 123_450), ("half", 1_001), ("owed", -1_001), ("below", 1_000), ("none", 0)];
        for (field, hundredths) in cases {
            assert_eq!(floats.points(field), Ok(Points::from_e2(hundredths)), "{field}");
        }
        assert!(floats.points("huge").is_err());
    }

    #[test]
    fn a_day_has_no_time() {
        let record = record(json!({"a": "2026-12-31", "b": "2026-12-31 10:00:00", "c": false}));
        assert_eq!(record.day("a"), Ok(NaiveDate::from_ymd_opt(2026, 12, 31)));
        assert!(record.day("b").is_err());
        assert_eq!(record.day("c"), Ok(None));
    }

    #[test]
    fn what_is_not_a_number_or_too_large_is_said() {
        let odd = wire(r#"{"a": "12", "b": 1e300, "c": [], "id": "x"}"#);
        assert_eq!(odd.number("a").unwrap_err().to_string(), "a is not a number");
        assert_eq!(odd.number("b").unwrap_err().to_string(), "b is too large a number");
        assert!(odd.money("c").is_err() && odd.id().is_err() && odd.text("b").is_err() && odd.links("a").is_err());
    }

    #[test]
    fn a_link_is_a_pair_or_a_bare_id() {
        let links = record(json!({"a": [7, "Chairs"], "b": 7, "c": [7, ""], "d": "7"}));
        assert_eq!((links.link("a"), links.link_name("a")), (Ok(Some(7)), Some("Chairs")));
        assert_eq!((links.link("b"), links.link_name("b")), (Ok(Some(7)), None));
        assert_eq!(links.link_name("c"), None);
        assert!(links.link("d").is_err());
    }

    #[test]
    fn moments_are_naive_utc_in_whole_seconds() {
        let at = record(json!({"a": "2026-03-29 01:30:59", "b": "yesterday"}));
        let moment = at.moment("a").unwrap().unwrap();
        assert_eq!(moment.to_rfc3339(), "2026-03-29T01:30:59+00:00");
        assert_eq!(moment_text(moment), "2026-03-29 01:30:59");
        assert!(at.moment("b").is_err());
        assert!(parse_moment("2026-03-29 01:30:59.123456").is_some());
    }
}
