//! Reading JSON with a finger on the place: every refusal names its JSON Pointer.
//!
//! A missing member and a `null` are the same, at any depth; a member nobody asked for is refused by name.
//! This is done by hand, not by `serde`, so that each refusal points at the member itself and says in a
//! sentence what to do.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::number::AsWritten;
use crate::domain::value::calendar;
use crate::domain::value::exact::{self, NotScaled};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// A program document that is refused: where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", if path.is_empty() { "the document" } else { path.as_str() })]
pub struct InvalidProgram {
    /// JSON Pointer (RFC 6901) to the member at fault; empty for the document itself.
    pub path: String,
    /// A sentence for the author.
    pub message: String,
}

pub(super) type Read<T> = Result<T, InvalidProgram>;

/// A value and where it stands. Never `null`: that reads as absent.
#[derive(Clone)]
pub(super) struct Node<'a> {
    path: String,
    value: &'a Value,
}

/// An object whose members are all known. An absent one has none.
pub(super) struct ObjectMembers<'a> {
    path: String,
    what: &'static str,
    all: Option<&'a Map<String, Value>>,
}

/// The smallest number that makes sense.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Least {
    /// Zero.
    Zero,
    /// Anything above zero.
    AboveZero,
}

/// `path` with one more token, escaped as RFC 6901 says.
fn deeper(path: &str, token: &str) -> String {
    format!("{path}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// `value` in a word or as written, cut short: what stands where something else should.
fn found(value: &Value) -> String {
    const LONGEST: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = value.to_string();
            if text.chars().count() <= LONGEST {
                return text;
            }
            text.chars().take(LONGEST).chain(['…']).collect()
        }
    }
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// Where this is.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A refusal of what stands here.
    pub(super) fn refuse(&self, message: impl Into<String>) -> InvalidProgram {
        InvalidProgram { path: self.path.clone(), message: message.into() }
    }

    fn expected(&self, what: &str) -> InvalidProgram {
        self.refuse(format!("This must be {what}, not {}.", found(self.value)))
    }

    /// An object of which every member is one of `known`.
    pub(super) fn object(&self, what: &'static str, known: &[&str]) -> Read<ObjectMembers<'a>> {
        let members = self.value.as_object().ok_or_else(|| self.expected(&format!("an object: {what}")))?;
        if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(InvalidProgram {
                path: deeper(&self.path, unknown),
                message: format!(
                    "There is no such member in {what}: correct its name or remove it. Known are {}.",
                    known.join(", ")
                ),
            });
        }
        Ok(ObjectMembers { path: self.path.clone(), what, all: Some(members) })
    }

    /// A list of at most `most` things.
    pub(super) fn list(&self, most: usize) -> Read<Vec<Node<'a>>> {
        let items = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        if items.len() > most {
            return Err(self.refuse(format!("This list has {} items: at most {most} are allowed.", items.len())));
        }
        let node = |(index, value): (usize, &'a Value)| Node { path: deeper(&self.path, &index.to_string()), value };
        Ok(items.iter().enumerate().map(node).collect())
    }

    /// A text without line breaks, neither empty nor longer than `most` characters.
    pub(super) fn text(&self, most: usize) -> Read<String> {
        let text = self.value.as_str().ok_or_else(|| self.expected("a text"))?;
        if text.trim().is_empty() {
            return Err(self.refuse("This must not be empty."));
        }
        if text.chars().count() > most {
            return Err(self.refuse(format!("This is too long: at most {most} characters are allowed.")));
        }
        if text.chars().any(crate::domain::value::text::is_control) {
            return Err(self.refuse("This must be one line, without line breaks or control characters."));
        }
        Ok(text.to_owned())
    }

    /// A name for machines.
    pub(super) fn code(&self) -> Read<String> {
        const LONGEST: usize = 64;
        let code = self.text(LONGEST)?;
        let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        if plain {
            return Ok(code);
        }
        Err(self.refuse(format!("A code has only the letters a to z, digits, “_”, “-” and “.”, not {code:?}.")))
    }

    /// One of a closed set of words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Read<T> {
        let meant = self.value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        meant.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.expected(&format!("one of {}", all.join(", ")))
        })
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, least: i64, most: i64) -> Read<i64> {
        let number = self.value.as_i64().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| {
            self.expected(&if most == i64::MAX {
                format!("a whole number of at least {least}")
            } else {
                format!("a whole number from {least} to {most}")
            })
        })
    }

    /// The integer id of a record in Odoo.
    pub(super) fn id(&self) -> Read<i64> {
        let id = self.value.as_i64().filter(|id| *id > 0);
        id.ok_or_else(|| self.expected("the id of a record in Odoo, a whole number above zero"))
    }

    /// Ids, each named once.
    pub(super) fn ids<Id>(&self, id: impl Fn(i64) -> Id) -> Read<Vec<Id>> {
        const MOST: usize = 1000;
        let mut seen = std::collections::BTreeSet::new();
        self.list(MOST)?
            .iter()
            .map(|item| {
                let number = item.id()?;
                if seen.insert(number) {
                    Ok(id(number))
                } else {
                    Err(item.refuse(format!("{number} is listed twice: name it once.")))
                }
            })
            .collect()
    }

    /// An instant, with its offset from UTC.
    pub(super) fn instant(&self) -> Read<DateTime<Utc>> {
        let instant = self.value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let instant = instant
            .ok_or_else(|| self.expected("a time with its offset, such as \"2026-01-31T00:00:00Z\""))?
            .with_timezone(&Utc);
        if calendar::holds_instant(instant) {
            return Ok(instant);
        }
        Err(self.refuse(
            "In UTC this time is outside the years 1 to 9999: leave it out where no end or beginning is meant.",
        ))
    }

    /// A day.
    pub(super) fn date(&self) -> Read<NaiveDate> {
        let date = self.value.as_str().and_then(calendar::parse_day);
        date.ok_or_else(|| self.expected("a date such as \"2026-12-31\", in the years 0001 to 9999"))
    }

    /// A time of day as minutes after midnight, up to `24:00`.
    pub(super) fn minutes(&self) -> Read<u16> {
        let read = || {
            let (hours, minutes) = self.value.as_str()?.split_once(':')?;
            let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if !(two(hours) && two(minutes)) {
                return None;
            }
            let minutes = minutes.parse::<u16>().ok().filter(|minutes| *minutes < 60)?;
            let total = hours.parse::<u16>().ok()?.checked_mul(60)?.checked_add(minutes)?;
            (total <= 24 * 60).then_some(total)
        };
        read().ok_or_else(|| self.expected("a time of day such as \"09:30\", from \"00:00\" to \"24:00\""))
    }

    /// An exact number, as a text or a JSON number.
    fn decimal(&self, least: Least) -> Read<Decimal> {
        let text = match self.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.expected("a number such as \"10.00\"")),
        };
        let value = exact::parse(&text).ok_or_else(|| self.expected("a number such as \"10.00\""))?;
        match least {
            Least::Zero if value < Decimal::ZERO => Err(self.expected("zero or more")),
            Least::AboveZero if value <= Decimal::ZERO => Err(self.expected("above zero")),
            Least::Zero | Least::AboveZero => Ok(value),
        }
    }

    /// A number with at most `digits` decimals, below 10^12, with its integer number of 10^-`digits`.
    fn scaled(&self, what: &str, digits: u32, least: Least) -> Read<(Decimal, i64)> {
        let value = self.decimal(least)?;
        match exact::to_scaled(value, digits) {
            Ok(scaled) => Ok((value, scaled)),
            Err(NotScaled::TooPrecise) => Err(self.refuse(format!(
                "{} has too many decimals: {what} at most {digits}, and nothing is rounded silently.",
                found(self.value)
            ))),
            Err(NotScaled::TooLarge) => {
                Err(self.refuse(format!("{} is too large: it must be below 1000000000000.", found(self.value))))
            }
        }
    }

    /// Points, to hundredths.
    pub(super) fn points(&self, least: Least) -> Read<AsWritten<Points>> {
        let (written, hundredths) = self.scaled("points have", Points::DECIMALS, least)?;
        Ok(AsWritten::new(Points::from_e2(hundredths), written))
    }

    /// Money, to ten-thousandths.
    pub(super) fn money(&self, least: Least) -> Read<AsWritten<Money>> {
        let (written, ten_thousandths) = self.scaled("money has", Money::DECIMALS, least)?;
        Ok(AsWritten::new(Money::from_e4(ten_thousandths), written))
    }

    /// A factor, rate, share or quantity, to ten-thousandths, and at most `most`.
    pub(super) fn ratio(&self, least: Least, most: Option<Decimal>) -> Read<AsWritten<Decimal>> {
        const DIGITS: u32 = 4;
        let (written, _) = self.scaled("this has", DIGITS, least)?;
        match most {
            Some(most) if written > most => Err(self.expected(&format!("at most {most}"))),
            _ => Ok(AsWritten::new(written, written)),
        }
    }
}

impl<'a> ObjectMembers<'a> {
    /// The member, unless it is absent or `null`.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.all?.get(name).filter(|value| !value.is_null())?;
        Some(Node { path: deeper(&self.path, name), value })
    }

    /// The member, which must be there.
    pub(super) fn require(&self, name: &str) -> Read<Node<'a>> {
        self.get(name).ok_or_else(|| InvalidProgram {
            path: deeper(&self.path, name),
            message: format!("This is missing: {} needs it.", self.what),
        })
    }

    /// The member, an object whose own members all have defaults; absent, it has none.
    pub(super) fn part(&self, name: &str, what: &'static str, known: &[&str]) -> Read<ObjectMembers<'a>> {
        let absent = || ObjectMembers { path: deeper(&self.path, name), what, all: None };
        self.get(name).map_or_else(|| Ok(absent()), |node| node.object(what, known))
    }

    /// Whether every known member is absent.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_none_or(|members| members.values().all(Value::is_null))
    }

    /// What `read` makes of the member, if it is there.
    pub(super) fn optional<T>(&self, name: &str, read: impl FnOnce(&Node<'a>) -> Read<T>) -> Read<Option<T>> {
        self.get(name).map(|node| read(&node)).transpose()
    }

    /// What `read` makes of the member, or the default.
    pub(super) fn or<T>(&self, name: &str, default: T, read: impl FnOnce(&Node<'a>) -> Read<T>) -> Read<T> {
        Ok(self.optional(name, read)?.unwrap_or(default))
    }

    /// Refuses members that are known here but mean nothing for this `kind`.
    pub(super) fn only(&self, kind: &str, meant: &[&[&str]]) -> Read<()> {
        let present = self.all.into_iter().flat_map(Map::keys).filter_map(|name| Some((name, self.get(name)?)));
        let mut foreign = present.filter(|(name, _)| !meant.concat().contains(&name.as_str()));
        foreign.next().map_or(Ok(()), |(name, node)| {
            Err(node.refuse(format!("“{name}” means nothing for the kind {kind}: remove it, or correct the kind.")))
        })
    }
}
