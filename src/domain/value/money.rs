//! Money: an exact amount in an order's currency, an integer number of ten-thousandths.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use super::exact::{self, Overflow};
use super::fixed::fixed_point;

/// An amount of money, as ten-thousandths of the currency's unit in an `i64`.
///
/// Which currency is said by the order or program it belongs to; amounts of two currencies never meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Why a number is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMoney {
    /// More than four digits after the decimal point; money is never rounded silently.
    #[error("money has at most 4 decimals")]
    TooPrecise,
    /// A magnitude of 10^12 or more.
    #[error("money must be below 1000000000000 in magnitude")]
    TooLarge,
}

/// A currency as Odoo knows it (`res.currency`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// Its ISO 4217 code, `USD`.
    pub code: String,
    /// Its digits after the decimal point (`res.currency.decimal_places`), at most 4.
    pub decimals: u32,
}

fixed_point!(Money, 4, from_e4, e4, NotMoney);

impl Money {
    /// From a decimal with more digits, rounded half away from zero to ten-thousandths: for what Odoo
    /// sends, whose floats may carry noise past the currency's digits.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn from_decimal_rounded(value: Decimal) -> Result<Self, Overflow> {
        exact::to_scaled_rounded(value, Self::DECIMALS, RoundingStrategy::MidpointAwayFromZero).map(Self)
    }

    /// `value` cut to `decimals` digits towards zero: a discount is never more than was earned for.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn floor_to(value: Decimal, decimals: u32) -> Result<Self, Overflow> {
        let cut = value.round_dp_with_strategy(decimals.min(Self::DECIMALS), RoundingStrategy::ToZero);
        exact::to_scaled_rounded(cut, Self::DECIMALS, RoundingStrategy::ToZero).map(Self)
    }

    /// As text with a currency's digits (`5.00`, `500`), and more where the amount has more.
    #[must_use]
    pub fn to_text(self, decimals: u32) -> String {
        let mut shown = self.decimal().normalize();
        if shown.scale() < decimals {
            shown.rescale(decimals);
        }
        shown.to_string()
    }
}

/// With at least two digits: `5.00`, `-0.125`.
impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_text(2))
    }
}

/// An amount with the digits of its currency, by which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyAmount {
    /// How much.
    pub amount: Money,
    /// Digits of the currency after the decimal point.
    pub decimals: u32,
}

impl fmt::Display for CurrencyAmount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.amount.to_text(self.decimals))
    }
}

impl serde::Serialize for CurrencyAmount {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_currency_s_digits() {
        assert_eq!(Money::from_e4(50_000).to_string(), "5.00");
        assert_eq!(Money::from_e4(-1_250).to_string(), "-0.125");
        assert_eq!(Money::from_e4(5_000_000).to_text(0), "500");
        assert_eq!(Money::ZERO.to_string(), "0.00");
    }

    #[test]
    fn refuses_a_fifth_digit_and_rounds_it_only_when_asked() {
        let five_digits = Decimal::new(123_456, 5);
        assert_eq!(Money::from_decimal(five_digits), Err(NotMoney::TooPrecise));
        assert_eq!(Money::from_decimal_rounded(five_digits), Ok(Money::from_e4(12_346)));
        assert_eq!(Money::from_decimal_rounded(Decimal::MAX), Err(Overflow));
    }

    #[test]
    fn floors_to_the_currency() {
        assert_eq!(Money::floor_to(Decimal::new(12_399, 3), 2), Ok(Money::from_e4(123_900)));
        assert_eq!(Money::floor_to(Decimal::new(12_399, 3), 0), Ok(Money::from_e4(120_000)));
    }
}
