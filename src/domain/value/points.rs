//! Points: an exact amount, an integer number of hundredths (Odoo's own two digits).

use std::fmt;

use super::exact::Overflow;
use super::fixed::fixed_point;

/// Points of one program, as hundredths in an `i64`. May be negative (a clawback, a debt).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(i64);

/// Why a number is not an amount of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPoints {
    /// More than two digits after the decimal point; points are never rounded silently.
    #[error("points have at most 2 decimals")]
    TooPrecise,
    /// A magnitude of 10^12 or more.
    #[error("points must be below 1000000000000 in magnitude")]
    TooLarge,
}

fixed_point!(Points, 2, from_e2, e2, NotPoints);

/// Without needless zeros: `100`, `47.5`, `-0.25`.
impl fmt::Display for Points {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal().normalize().fmt(out)
    }
}

/// As text, in the one form: never a JSON number, which a reader may take for a float.
impl serde::Serialize for Points {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Points {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let value = super::exact::parse(&text).ok_or_else(|| serde::de::Error::custom("this is no number"))?;
        Self::from_decimal(value).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn shows_only_the_digits_it_needs() {
        let cases = [(0, "0"), (100, "1"), (10_000, "100"), (4_750, "47.5"), (-25, "-0.25"), (1, "0.01")];
        for (hundredths, shown) in cases {
            assert_eq!(Points::from_e2(hundredths).to_string(), shown);
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_round() {
        assert_eq!(Points::from_decimal(Decimal::new(1_001, 3)), Err(NotPoints::TooPrecise));
        assert_eq!(Points::from_decimal(Decimal::new(1_010, 3)), Ok(Points::from_e2(101)));
        assert_eq!(Points::from_decimal(Decimal::from(1_000_000_000_000_i64)), Err(NotPoints::TooLarge));
        assert_eq!(Points::from_decimal(Decimal::new(99_999_999_999_999, 2)), Ok(Points::from_e2(99_999_999_999_999)));
    }

    #[test]
    fn never_wraps() {
        assert_eq!(Points::from_e2(i64::MAX).add(Points::from_e2(1)), Err(Overflow));
        assert_eq!(Points::from_e2(i64::MIN).negate(), Err(Overflow));
    }
}
