//! Odoo's search domains, as far as we use them: `=`, `!=`, `in`, `not in`, `>`, `>=`, `<`, `<=`, `&`, `|`, `!`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::model::{FieldKind, Model};

/// A value that can be compared. Empty is `false` and null; a many2one is its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Empty,
    Flag,
    Number(Decimal),
    Text(String),
}

impl Scalar {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self::Flag,
            Value::Number(number) => number.as_i64().map_or_else(
                || Decimal::from_str(&number.to_string()).map_or(Self::Empty, Self::Number),
                |whole| Self::Number(whole.into()),
            ),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(pair) => pair.first().map_or(Self::Empty, Self::of),
            _ => Self::Empty,
        }
    }
}

/// How finely moments are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// As the database keeps them.
    Microseconds,
    /// As the wire shows them.
    Seconds,
}

impl Precision {
    /// A moment's text with this precision and no other: texts of one length compare like the moments they mean.
    fn cut(self, moment: Scalar) -> Scalar {
        let Scalar::Text(mut text) = moment else { return moment };
        match self {
            Self::Seconds => text.truncate(SECOND),
            Self::Microseconds if text.len() == SECOND => text.push_str(NO_FRACTION),
            Self::Microseconds => {}
        }
        Scalar::Text(text)
    }
}

/// Letters of `YYYY-MM-DD HH:MM:SS`.
const SECOND: usize = 19;
/// What stands behind them at the beginning of a second.
const NO_FRACTION: &str = ".000000";

#[derive(Debug)]
enum Test {
    Equals(Scalar),
    Differs(Scalar),
    In(BTreeSet<Scalar>),
    NotIn(BTreeSet<Scalar>),
    /// Holds when the field compares to the value as one of these.
    Compares(Scalar, [Ordering; 2]),
}

#[derive(Debug)]
enum DomainNode {
    /// A field, the precision it is compared with when it is a moment, and the test.
    Leaf(String, Option<Precision>, Test),
    And(Box<DomainNode>, Box<DomainNode>),
    Or(Box<DomainNode>, Box<DomainNode>),
    Not(Box<DomainNode>),
}

/// A domain, read once and then held against many records.
#[derive(Debug)]
pub(super) struct DomainFilter(Vec<DomainNode>);

impl DomainFilter {
    /// Reads a domain of `model`.
    ///
    /// # Errors
    /// Odoo's own words for what is wrong with it.
    pub fn read(domain: &Value, model: &Model, name: &str, precision: Precision) -> Result<Self, String> {
        let items = match domain {
            Value::Array(items) => items.as_slice(),
            Value::Null => &[],
            _ => return Err(format!("Domain is not a list: {domain}")),
        };
        let mut rest = items.iter();
        let mut nodes = Vec::new();
        while rest.len() > 0 {
            nodes.push(Self::node(&mut rest, &|item| leaf(item, model, name, precision))?);
        }
        Ok(Self(nodes))
    }

    fn node(
        rest: &mut std::slice::Iter<'_, Value>,
        leaf: &dyn Fn(&Value) -> Result<DomainNode, String>,
    ) -> Result<DomainNode, String> {
        let item = rest.next().ok_or("Domain ends too early")?;
        match item.as_str() {
            Some("&") => Ok(DomainNode::And(Box::new(Self::node(rest, leaf)?), Box::new(Self::node(rest, leaf)?))),
            Some("|") => Ok(DomainNode::Or(Box::new(Self::node(rest, leaf)?), Box::new(Self::node(rest, leaf)?))),
            Some("!") => Ok(DomainNode::Not(Box::new(Self::node(rest, leaf)?))),
            _ => leaf(item),
        }
    }

    /// The id that all records must be above, when it says so: paging by id need not look at what lies before.
    pub fn after(&self) -> Option<i64> {
        self.0.iter().find_map(|node| match node {
            DomainNode::Leaf(field, _, Test::Compares(Scalar::Number(id), [Ordering::Greater, Ordering::Greater]))
                if field == "id" =>
            {
                i64::try_from(*id).ok()
            }
            _ => None,
        })
    }

    /// The values one of which a field must have, when it says so: a search need only look at those records.
    pub fn among(&self, field: &str) -> Option<BTreeSet<i64>> {
        let whole = |value: &Scalar| match value {
            Scalar::Number(number) => i64::try_from(*number).ok(),
            _ => None,
        };
        self.0.iter().find_map(|node| match node {
            DomainNode::Leaf(name, _, Test::In(wanted)) if name == field => wanted.iter().map(whole).collect(),
            DomainNode::Leaf(name, _, Test::Equals(wanted)) if name == field => whole(wanted).map(|one| [one].into()),
            _ => None,
        })
    }

    /// From where to where a field must lie, when it says both, ends included: a search need only look at those records.
    pub fn range(&self, field: &str) -> Option<RangeInclusive<i64>> {
        let limit = |end: Ordering| {
            self.0.iter().find_map(|node| match node {
                DomainNode::Leaf(name, _, Test::Compares(Scalar::Number(limit), [way, Ordering::Equal]))
                    if name == field && *way == end =>
                {
                    i64::try_from(*limit).ok()
                }
                _ => None,
            })
        };
        let (first, last) = (limit(Ordering::Greater)?, limit(Ordering::Less)?);
        (first <= last).then_some(first..=last)
    }

    /// Whether all of it holds for a record.
    pub fn holds(&self, record: &Map<String, Value>) -> bool {
        self.0.iter().all(|node| holds(node, record))
    }
}

fn leaf(item: &Value, model: &Model, name: &str, precision: Precision) -> Result<DomainNode, String> {
    let Some([Value::String(field), Value::String(operator), value]) = item.as_array().map(Vec::as_slice) else {
        return Err(format!("Invalid domain term {item}"));
    };
    let Some(kind) = model.fields.get(field) else {
        return Err(format!("Invalid field {name}.{field} in condition {item}"));
    };
    let precision = (*kind == FieldKind::Moment).then_some(precision);
    let scalar = |value| at_precision(Scalar::of(value), precision);
    let all = || value.as_array().map(|values| values.iter().map(scalar).collect());
    let one = scalar(value);
    let test = match operator.as_str() {
        "=" => Test::Equals(one),
        "!=" => Test::Differs(one),
        "in" => Test::In(all().ok_or("in needs a list")?),
        "not in" => Test::NotIn(all().ok_or("not in needs a list")?),
        ">" => Test::Compares(one, [Ordering::Greater, Ordering::Greater]),
        ">=" => Test::Compares(one, [Ordering::Greater, Ordering::Equal]),
        "<" => Test::Compares(one, [Ordering::Less, Ordering::Less]),
        "<=" => Test::Compares(one, [Ordering::Less, Ordering::Equal]),
        _ => return Err(format!("Invalid operator {operator} in condition {item}")),
    };
    Ok(DomainNode::Leaf(field.clone(), precision, test))
}

fn at_precision(value: Scalar, precision: Option<Precision>) -> Scalar {
    match precision {
        Some(precision) => precision.cut(value),
        None => value,
    }
}

fn holds(node: &DomainNode, record: &Map<String, Value>) -> bool {
    match node {
        DomainNode::And(a, b) => holds(a, record) && holds(b, record),
        DomainNode::Or(a, b) => holds(a, record) || holds(b, record),
        DomainNode::Not(node) => !holds(node, record),
        DomainNode::Leaf(field, precision, test) => {
            let value = Model::kept(record, field).unwrap_or(&Value::Null);
            let values: Vec<Scalar> = match value {
                // A many2many matches when any of its records does.
                Value::Array(ids) if !ids.is_empty() => ids.iter().map(Scalar::of).collect(),
                one => vec![at_precision(Scalar::of(one), *precision)],
            };
            match test {
                Test::Equals(wanted) => values.contains(wanted),
                Test::Differs(unwanted) => !values.contains(unwanted),
                Test::In(wanted) => values.iter().any(|value| wanted.contains(value)),
                Test::NotIn(unwanted) => !values.iter().any(|value| unwanted.contains(value)),
                // As in SQL, nothing compares to what is empty.
                Test::Compares(limit, as_one_of) => {
                    values.iter().any(|value| *value != Scalar::Empty && as_one_of.contains(&value.cmp(limit)))
                }
            }
        }
    }
}
