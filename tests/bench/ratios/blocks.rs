//! Interleaved blocks, and what their ratios say.

use serde_json::json;

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
}

/// A comparison of two sides: `measure(true)` is the first's figure, `measure(false)` the second's.
pub fn compare(name: &str, sides: (Side, Side), must: Must, blocks: usize, mut measure: impl FnMut(bool) -> f64) {
    // Once each without counting: caches fill, connections open.
    measure(true);
    measure(false);
    let (mut first, mut second, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for block in 0..blocks {
        // The order turns with each block, so that what one leaves behind does not always fall on the other.
        let (a, b) = if block % 2 == 0 {
            let a = measure(true);
            (a, measure(false))
        } else {
            let b = measure(false);
            (measure(true), b)
        };
        eprintln!("  block {:2}: {a:.2} / {b:.2} = {:.3}", block + 1, a / b);
        first.push(a);
        second.push(b);
        ratios.push(a / b);
    }
    let (ratio, low, high) = median_with_interval(&mut ratios);
    let (text, reached) = match must {
        Must::AtLeast(least) => (format!(">= {least}"), ratio >= least),
        Must::AtMost(limit) => (format!("<= {limit}"), ratio <= limit),
    };
    let side = |side: Side, figures: &mut Vec<f64>| {
        let (median, ..) = median_with_interval(figures);
        json!({"what": side.what, "median": round(median), "unit": side.unit})
    };
    let line = json!({
        "name": name, "a": side(sides.0, &mut first), "b": side(sides.1, &mut second),
        "ratio": round(ratio), "low": round(low), "high": round(high), "blocks": blocks,
        "must": text, "reached": reached,
    });
    println!("{line}");
}

fn round(value: f64) -> f64 {
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
