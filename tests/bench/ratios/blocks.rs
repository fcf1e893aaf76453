//! Interleaved blocks, and what their figures and ratios say.

use serde_json::{Value, json};

use super::setup::Sides;

/// One side of a comparison.
#[derive(Clone, Copy)]
pub struct Side {
    /// What it is.
    pub what: &'static str,
    /// The unit of its figures.
    pub unit: &'static str,
}

/// What must come out.
#[derive(Clone, Copy)]
pub enum Must {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing: the row is there to be known.
    Known,
}

impl Must {
    fn says(self, figure: f64) -> Value {
        match self {
            Self::AtLeast(least) => json!({"must": format!(">= {least}"), "reached": figure >= least}),
            Self::AtMost(limit) => json!({"must": format!("<= {limit}"), "reached": figure <= limit}),
            Self::Known => json!({"must": "–", "reached": true}),
        }
    }
}

/// A row of the table whose figure stands for itself.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub unit: &'static str,
    pub must: Must,
}

/// Figures of the program of now and, in the same blocks, of the one before: `measure` gives one for each row.
pub fn figures<S>(rows: &[Row], blocks: usize, sides: &mut Sides<S>, mut measure: impl FnMut(&mut S) -> Vec<f64>) {
    let before = turns(blocks, sides, |side| {
        let figures = measure(side);
        assert_eq!(figures.len(), rows.len());
        figures
    });
    let (was, is) = before;
    for (number, row) in rows.iter().enumerate() {
        let column = |figures: &[Vec<f64>]| figures.iter().map(|each| each[number]).collect::<Vec<f64>>();
        let (now, figure) = summary(&mut column(&is));
        let mut line = json!({"name": row.name, "unit": row.unit, "now": now, "blocks": blocks});
        if !was.is_empty() {
            line["before"] = summary(&mut column(&was)).0;
        }
        tell(line, row.must.says(figure));
    }
}

/// A comparison of two things: `measure(side, true)` is the first's figure, `measure(side, false)` the second's.
pub fn compare<S>(
    name: &str,
    whats: (Side, Side),
    must: Must,
    blocks: usize,
    sides: &mut Sides<S>,
    mut measure: impl FnMut(&mut S, bool) -> f64,
) {
    let mut first = true;
    let (was, is) = turns(blocks, sides, |side| {
        // The order turns with each block, so that what one leaves behind does not always fall on the other.
        first = !first;
        if first {
            let a = measure(side, true);
            vec![a, measure(side, false)]
        } else {
            let b = measure(side, false);
            vec![measure(side, true), b]
        }
    });
    let ratios = |figures: &[Vec<f64>]| figures.iter().map(|pair| pair[0] / pair[1]).collect::<Vec<f64>>();
    let column =
        |number: usize| summary(&mut is.iter().map(|pair| pair[number]).collect::<Vec<f64>>()).0["median"].clone();
    let (now, ratio) = summary(&mut ratios(&is));
    let mut line = json!({
        "name": name, "unit": "÷", "now": now, "blocks": blocks,
        "a": {"what": whats.0.what, "median": column(0), "unit": whats.0.unit},
        "b": {"what": whats.1.what, "median": column(1), "unit": whats.1.unit},
    });
    if !was.is_empty() {
        line["before"] = summary(&mut ratios(&was)).0;
    }
    tell(line, must.says(ratio));
}

type Figures = Vec<Vec<f64>>;

/// What each block gave: of the program before, if there is one, and of the one of now.
fn turns<S>(blocks: usize, sides: &mut Sides<S>, mut measure: impl FnMut(&mut S) -> Vec<f64>) -> (Figures, Figures) {
    // Once each without counting: caches fill, connections open.
    if blocks > 1 {
        sides.before.as_mut().map(&mut measure);
        measure(&mut sides.now);
    }
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for block in 0..blocks {
        if block % 2 == 0 {
            was.extend(sides.before.as_mut().map(&mut measure));
            is.push(measure(&mut sides.now));
        } else {
            is.push(measure(&mut sides.now));
            was.extend(sides.before.as_mut().map(&mut measure));
        }
        eprintln!("  block {:2}: {:.2?} {:.2?}", block + 1, was.last().unwrap_or(&Vec::new()), is[block]);
    }
    (was, is)
}

fn tell(mut line: Value, says: Value) {
    if let (Some(line), Value::Object(says)) = (line.as_object_mut(), says) {
        line.extend(says);
    }
    println!("{line}");
}

fn summary(figures: &mut [f64]) -> (Value, f64) {
    let (median, low, high) = median_with_interval(figures);
    (json!({"median": round(median), "low": round(low), "high": round(high)}), median)
}

/// To three digits after the point.
pub fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The median and its 95 % interval by order statistics, which asks nothing of the distribution: the interval runs
/// from the k-th smallest to the k-th largest, k being the largest with P(Binomial(n, 1/2) < k) ≤ 2.5 %.
pub fn median_with_interval(values: &mut [f64]) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let median = if n % 2 == 1 { values[n / 2] } else { f64::midpoint(values[n / 2 - 1], values[n / 2]) };
    let (mut k, mut below, mut term) = (0, 0.0, 0.5_f64.powi(n as i32));
    // For thousands of values the first terms are too small to be told from nothing: then k stops in the middle.
    while below + term <= 0.025 && k < n / 2 {
        below += term;
        term *= (n - k) as f64 / (k + 1) as f64;
        k += 1;
    }
    let k = k.max(1);
    (median, values[k - 1], values[n - k])
}

/// The median alone.
pub fn median(values: &mut [f64]) -> f64 {
    median_with_interval(values).0
}

/// What all but one in a hundred are below.
pub fn p99(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * 99).div_ceil(100) - 1]
}
