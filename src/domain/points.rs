//! Points: an exact amount, an integer number of hundredths (Odoo's own two digits).

use std::fmt;

use rust_decimal::Decimal;

use super::exact::{self, Overflow};

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

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);
    /// Digits after the decimal point.
    pub const DECIMALS: u32 = 2;

    /// From hundredths, as stored.
    #[must_use]
    pub const fn from_e2(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// As hundredths, for storage.
    #[must_use]
    pub const fn e2(self) -> i64 {
        self.0
    }

    /// From an exact decimal.
    ///
    /// # Errors
    /// [`NotPoints`] when it has more than two decimals or is 10^12 or more.
    pub fn from_decimal(value: Decimal) -> Result<Self, NotPoints> {
        exact::to_scaled(value, Self::DECIMALS).map(Self).map_err(|problem| match problem {
            exact::NotScaled::TooPrecise => NotPoints::TooPrecise,
            exact::NotScaled::TooLarge => NotPoints::TooLarge,
        })
    }

    /// As an exact decimal.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, Self::DECIMALS)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether this is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// This plus `other`.
    ///
    /// # Errors
    /// [`Overflow`] past the range of an `i64` of hundredths.
    pub fn add(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// This less `other`.
    ///
    /// # Errors
    /// [`Overflow`] past the range of an `i64` of hundredths.
    pub fn sub(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// The same amount with the other sign.
    ///
    /// # Errors
    /// [`Overflow`] for the one value without a counterpart.
    pub fn negate(self) -> Result<Self, Overflow> {
        self.0.checked_neg().map(Self).ok_or(Overflow)
    }

    /// The sum of many.
    ///
    /// # Errors
    /// [`Overflow`] past the range of an `i64` of hundredths.
    pub fn sum(all: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        all.into_iter().try_fold(Self::ZERO, Self::add)
    }
}

/// Without needless zeros: `100`, `47.5`, `-0.25`.
impl fmt::Display for Points {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal().normalize().fmt(out)
    }
}

#[cfg(test)]
mod tests {
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
