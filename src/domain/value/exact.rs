//! Exact arithmetic that says when a result would not fit, instead of wrapping or panicking.
//!
//! Everything that computes with money or points goes through here, so that a rounding always has a
//! name at the place where it happens.

use rust_decimal::{Decimal, RoundingStrategy};

/// A result does not fit the numbers we keep. With inputs below 10^12 it takes a hostile document to get here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number grew past what can be stored exactly")]
pub struct Overflow;

/// Why a decimal is not an integer number of 10^-n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotScaled {
    /// It has more digits after the point than are kept.
    TooPrecise,
    /// Its magnitude is 10^12 or more.
    TooLarge,
}

/// The first magnitude that is refused on input (contract: "magnitudes below 10^12").
pub const MAGNITUDE_LIMIT: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// The number that a text says, exactly and in the scale it is written in: `10.00` keeps its two zeros.
///
/// Digits, at most one point between digits, a leading `-`; an exponent as JSON numbers may have one.
/// `None` for anything else, and for more digits than can be kept exactly (about 28).
#[must_use]
pub fn parse(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let plain = unsigned.split_once('.').map_or_else(|| digits(unsigned), |(whole, cut)| digits(whole) && digits(cut));
    if !plain {
        return None;
    }
    let value = Decimal::from_str_exact(mantissa).ok()?;
    let mut value = if value.is_zero() { value.abs() } else { value };
    if exponent < 0 {
        value.set_scale(value.scale().checked_add(exponent.unsigned_abs())?).ok()?;
    }
    for _ in 0..exponent.max(0) {
        if value.is_zero() {
            break;
        }
        value = value.checked_mul(Decimal::TEN)?;
    }
    Some(value)
}

/// `value` × 10^`digits` as an integer, when that is exact.
///
/// # Errors
/// [`NotScaled`] when digits would be lost or the magnitude is too large.
pub fn to_scaled(value: Decimal, digits: u32) -> Result<i64, NotScaled> {
    if value.abs() >= MAGNITUDE_LIMIT {
        return Err(NotScaled::TooLarge);
    }
    let mut exact = value.normalize();
    if exact.scale() > digits {
        return Err(NotScaled::TooPrecise);
    }
    exact.rescale(digits);
    i64::try_from(exact.mantissa()).map_err(|_| NotScaled::TooLarge)
}

/// `value` × 10^`digits` as an integer, rounded as named.
///
/// # Errors
/// [`Overflow`] when it does not fit an `i64`.
pub fn to_scaled_rounded(value: Decimal, digits: u32, strategy: RoundingStrategy) -> Result<i64, Overflow> {
    let mut rounded = value.round_dp_with_strategy(digits, strategy);
    rounded.rescale(digits);
    if rounded.scale() != digits {
        return Err(Overflow);
    }
    i64::try_from(rounded.mantissa()).map_err(|_| Overflow)
}

/// a + b
///
/// # Errors
/// [`Overflow`]
pub fn add(a: Decimal, b: Decimal) -> Result<Decimal, Overflow> {
    a.checked_add(b).ok_or(Overflow)
}

/// a − b
///
/// # Errors
/// [`Overflow`]
pub fn sub(a: Decimal, b: Decimal) -> Result<Decimal, Overflow> {
    a.checked_sub(b).ok_or(Overflow)
}

/// a × b
///
/// # Errors
/// [`Overflow`]
pub fn mul(a: Decimal, b: Decimal) -> Result<Decimal, Overflow> {
    a.checked_mul(b).ok_or(Overflow)
}

/// a ÷ b, to 28 significant digits.
///
/// # Errors
/// [`Overflow`], also when `b` is zero.
pub fn div(a: Decimal, b: Decimal) -> Result<Decimal, Overflow> {
    a.checked_div(b).ok_or(Overflow)
}

/// Digits that are kept of a division that does not end, once its parts are summed. Amounts have 4 digits and
/// divisions are made to 28, so thirds that sum to a whole do so here, and no whole is made of less.
const KEPT_DIGITS: u32 = 12;

/// `value` to the 12 digits after the point that are kept of a division.
#[must_use]
pub fn cut(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(KEPT_DIGITS, RoundingStrategy::MidpointAwayFromZero)
}

/// The sum of these.
///
/// # Errors
/// [`Overflow`]
pub fn sum(values: impl IntoIterator<Item = Decimal>) -> Result<Decimal, Overflow> {
    values.into_iter().try_fold(Decimal::ZERO, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_ten_to_the_twelve() {
        assert_eq!(MAGNITUDE_LIMIT, Decimal::from(1_000_000_000_000_i64));
    }

    #[test]
    fn a_text_is_read_exactly_or_not_at_all() {
        let read = |text: &str| parse(text).map(|value| value.to_string());
        let cases = [
            ("10.00", "10.00"),
            ("-0.10", "-0.10"),
            ("-0", "0"),
            ("1e3", "1000"),
            ("1.5E+2", "150.0"),
            ("25e-1", "2.5"),
        ];
        for (text, shown) in cases {
            assert_eq!(read(text).as_deref(), Some(shown), "{text}");
        }
        let refused = ["", "-", "1.", ".5", "+1", "1_000", "1,5", " 1", "0x1", "NaN", "1e", "1e99", "1e-99", "--1"];
        for text in refused {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("0.12345678901234567890123456789012"), None);
        assert_eq!(read("0e999999999").as_deref(), Some("0"));
    }

    #[test]
    fn scaling_keeps_every_digit_or_says_so() {
        assert_eq!(to_scaled(Decimal::new(12_345, 4), 4), Ok(12_345));
        assert_eq!(to_scaled(Decimal::new(12_300, 4), 2), Ok(123));
        assert_eq!(to_scaled(Decimal::new(12_345, 4), 2), Err(NotScaled::TooPrecise));
        assert_eq!(to_scaled(Decimal::from(1_000_000_000_000_i64), 2), Err(NotScaled::TooLarge));
    }

    #[test]
    fn rounding_is_named() {
        let half = Decimal::new(-25, 1);
        assert_eq!(to_scaled_rounded(half, 0, RoundingStrategy::ToZero), Ok(-2));
        assert_eq!(to_scaled_rounded(half, 0, RoundingStrategy::MidpointAwayFromZero), Ok(-3));
        assert_eq!(to_scaled_rounded(Decimal::MAX, 4, RoundingStrategy::ToZero), Err(Overflow));
    }

    #[test]
    fn a_division_by_zero_is_an_answer_not_a_panic() {
        assert_eq!(div(Decimal::ONE, Decimal::ZERO), Err(Overflow));
    }
}
