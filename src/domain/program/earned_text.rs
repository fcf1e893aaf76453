//! What an order earned and why, as the text that is kept with the entry and covered by its hash.
//!
//! A line is a list instead of an object, and leaves out a factor of 1: so an entry of a few lines fits its row, and a
//! person can still read it. `v` is the version of the form, which later ones raise.

use rust_decimal::Decimal;
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::earning::{Earned, EarnedLine};
use super::rule::Rounding;
use crate::domain::value::exact;
use crate::domain::value::points::Points;

/// The form that [`Earned::to_text`] writes.
const VERSION: u64 = 1;

#[derive(Serialize)]
struct EarnedText<'a> {
    v: u64,
    points: Points,
    total: String,
    rounding: Rounding,
    decimals: u32,
    lines: Vec<TextLine<'a>>,
}

struct TextLine<'a>(&'a EarnedLine);

impl Serialize for TextLine<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let EarnedLine { line, line_id, product_id, rule, base, points, factor, multipliers } = self.0;
        let mut list = out.serialize_seq(None)?;
        list.serialize_element(line)?;
        list.serialize_element(line_id)?;
        list.serialize_element(product_id)?;
        list.serialize_element(rule)?;
        list.serialize_element(&base.normalize().to_string())?;
        list.serialize_element(&points.normalize().to_string())?;
        if !multipliers.is_empty() || *factor != Decimal::ONE {
            list.serialize_element(&factor.normalize().to_string())?;
            list.serialize_element(multipliers)?;
        }
        list.end()
    }
}

impl Earned {
    /// The text that is kept.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = EarnedText {
            v: VERSION,
            points: self.points,
            total: self.total_before_rounding.normalize().to_string(),
            rounding: self.rounding,
            decimals: self.decimals,
            lines: self.lines.iter().map(TextLine).collect(),
        };
        // Numbers, words and lists have no way to fail.
        serde_json::to_string(&text).unwrap_or_default()
    }
}

/// The version of a text's form.
#[derive(Deserialize)]
struct Form {
    v: u64,
}

#[derive(Deserialize)]
struct KeptText {
    points: Points,
    total: String,
    rounding: Rounding,
    decimals: u32,
    lines: Vec<KeptLine>,
}

struct KeptLine(EarnedLine);

impl<'de> Deserialize<'de> for KeptLine {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = KeptLine;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a line of six or eight members")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<KeptLine, A::Error> {
        let mut line = EarnedLine {
            line: next(&mut list)?,
            line_id: next(&mut list)?,
            product_id: next(&mut list)?,
            rule: next(&mut list)?,
            base: next_decimal(&mut list)?,
            points: next_decimal(&mut list)?,
            factor: Decimal::ONE,
            multipliers: Vec::new(),
        };
        if let Some(factor) = list.next_element::<String>()? {
            line.factor = decimal(&factor).ok_or_else(no_decimal)?;
            line.multipliers = next(&mut list)?;
        }
        if list.next_element::<de::IgnoredAny>()?.is_some() {
            return Err(de::Error::custom("a line has more than eight members"));
        }
        Ok(KeptLine(line))
    }
}

fn next<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(list: &mut A) -> Result<T, A::Error> {
    list.next_element()?.ok_or_else(|| de::Error::custom("a line has too few members"))
}

fn next_decimal<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<Decimal, A::Error> {
    decimal(&next::<A, String>(list)?).ok_or_else(no_decimal)
}

fn decimal(text: &str) -> Option<Decimal> {
    exact::parse(text)
}

fn no_decimal<E: de::Error>() -> E {
    E::custom("this is no number")
}

impl Earned {
    /// From the text that was kept; `None` when it is none that this version knows.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if serde_json::from_str::<Form>(text).ok()?.v != VERSION {
            return None;
        }
        let KeptText { points, total, rounding, decimals, lines } = serde_json::from_str(text).ok()?;
        let lines = lines.into_iter().map(|line| line.0).collect();
        Some(Self { points, total_before_rounding: decimal(&total)?, rounding, decimals, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::ids::{LineId, ProductId};

    fn line(rule: &str, factor: &str, multipliers: &[&str]) -> EarnedLine {
        EarnedLine {
            line: 1,
            line_id: Some(LineId(2)),
            product_id: Some(ProductId(30)),
            rule: rule.into(),
            base: "30.00".parse().unwrap(),
            points: "1.3333333333333333333333333333".parse().unwrap(),
            factor: factor.parse().unwrap(),
            multipliers: multipliers.iter().map(|&code| code.to_owned()).collect(),
        }
    }

    fn earned() -> Earned {
        let draft = EarnedLine { line_id: None, product_id: None, ..line("unit", "1", &["none"]) };
        Earned {
            points: Points::from_e2(1650),
            total_before_rounding: Decimal::new(16_999, 3),
            rounding: Rounding::HalfUp,
            decimals: 1,
            lines: vec![line("base", "1.00", &[]), line("base", "2", &["sunday"]), draft],
        }
    }

    #[test]
    fn a_person_can_read_what_is_kept() {
        assert_eq!(
            earned().to_text(),
            r#"{"v":1,"points":"16.5","total":"16.999","rounding":"half_up","decimals":1,"lines":[[1,2,30,"base","30","1.3333333333333333333333333333"],[1,2,30,"base","30","1.3333333333333333333333333333","2",["sunday"]],[1,null,null,"unit","30","1.3333333333333333333333333333","1",["none"]]]}"#
        );
    }

    #[test]
    fn what_is_kept_says_all_that_was_computed() {
        assert_eq!(Earned::from_text(&earned().to_text()), Some(earned()));
    }

    #[test]
    fn other_texts_are_none() {
        let of_line = |line: &str| {
            format!(r#"{{"v":1,"points":"1","total":"1","rounding":"down","decimals":0,"lines":[{line}]}}"#)
        };
        assert!(Earned::from_text(&of_line(r#"[0,null,null,"a","1","1"]"#)).is_some());
        let lines = ["[1]", r#"[0,null,null,"a","1","1","2"]"#, r#"[0,null,null,"a","1","1","2",[],1]"#, "{}"];
        let with_lines = lines.map(of_line);
        let others = ["", "{}", r#"{"v":2}"#, r#"{"v":1,"lines":[[1]]}"#, "null"];
        for text in others.into_iter().chain(with_lines.iter().map(String::as_str)) {
            assert_eq!(Earned::from_text(text), None, "{text}");
        }
    }
}
