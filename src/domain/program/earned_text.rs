//! What an order earned and why, as the text that is kept with the entry and covered by its hash.
//!
//! A line is a list instead of an object, and leaves out a factor of 1: so an entry of a few lines fits its row, and a
//! person can still read it. `v` is the version of the form, which later ones raise.

use rust_decimal::Decimal;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::earning::{Earned, EarnedLine};

/// The form that [`Earned::to_text`] writes.
const VERSION: u64 = 1;

/// Members of a line, in the order of its list.
const LINE: [&str; 8] = ["line", "line_id", "product_id", "rule", "base", "points", "factor", "multipliers"];

#[derive(Serialize)]
struct EarnedText<'a> {
    v: u64,
    points: String,
    total: String,
    rounding: super::rule::Rounding,
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
            points: self.points.to_string(),
            total: self.total_before_rounding.normalize().to_string(),
            rounding: self.rounding,
            decimals: self.decimals,
            lines: self.lines.iter().map(TextLine).collect(),
        };
        // Numbers, words and lists have no way to fail.
        serde_json::to_string(&text).unwrap_or_default()
    }
}

/// A kept text in the form of [`Earned`] itself; `None` when it is none that this version knows.
#[must_use]
pub fn earned_from_text(text: &str) -> Option<Value> {
    let kept: Value = serde_json::from_str(text).ok()?;
    if kept.get("v")?.as_u64()? != VERSION {
        return None;
    }
    let lines = kept.get("lines")?.as_array()?.iter().map(line_from).collect::<Option<Vec<_>>>()?;
    Some(json!({
        "points": kept.get("points")?,
        "total_before_rounding": kept.get("total")?,
        "rounding": kept.get("rounding")?,
        "decimals": kept.get("decimals")?,
        "lines": lines,
    }))
}

fn line_from(kept: &Value) -> Option<Value> {
    let kept = kept.as_array()?;
    let defaults = [json!("1"), json!([])];
    let given = match kept.len() {
        6 => kept.iter().chain(&defaults),
        8 => kept.iter().chain(&[]),
        _ => return None,
    };
    Some(Value::Object(LINE.iter().map(|name| (*name).to_owned()).zip(given.cloned()).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::rule::Rounding;
    use super::*;
    use crate::domain::value::ids::{LineId, ProductId};
    use crate::domain::value::points::Points;

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
        assert_eq!(earned_from_text(&earned().to_text()), Some(serde_json::to_value(earned()).unwrap()));
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "{}", r#"{"v":2}"#, r#"{"v":1,"lines":[[1]]}"#, "null"] {
            assert_eq!(earned_from_text(text), None, "{text}");
        }
    }
}
