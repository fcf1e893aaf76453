//! Amounts that are an integer number of 10^-n: what points and money share.

/// Gives a newtype over `i64` its storage form and its exact arithmetic.
macro_rules! fixed_point {
    ($name:ident, $decimals:literal, $from_stored:ident, $stored:ident, $problem:ident) => {
        impl $name {
            /// None.
            pub const ZERO: Self = Self(0);
            /// Digits after the decimal point.
            pub const DECIMALS: u32 = $decimals;

            /// From the integer in storage.
            #[must_use]
            pub const fn $from_stored(stored: i64) -> Self {
                Self(stored)
            }

            /// The integer in storage.
            #[must_use]
            pub const fn $stored(self) -> i64 {
                self.0
            }

            /// From an exact decimal.
            ///
            /// # Errors
            /// When digits would be lost, or it is 10^12 or more.
            pub fn from_decimal(value: rust_decimal::Decimal) -> Result<Self, $problem> {
                $crate::domain::value::exact::to_scaled(value, Self::DECIMALS).map(Self).map_err(
                    |problem| match problem {
                        $crate::domain::value::exact::NotScaled::TooPrecise => $problem::TooPrecise,
                        $crate::domain::value::exact::NotScaled::TooLarge => $problem::TooLarge,
                    },
                )
            }

            /// As an exact decimal.
            #[must_use]
            pub fn decimal(self) -> rust_decimal::Decimal {
                rust_decimal::Decimal::new(self.0, Self::DECIMALS)
            }

            /// Whether there is none.
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
            /// [`Overflow`] past the range of storage.
            pub fn add(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_add(other.0).map(Self).ok_or(Overflow)
            }

            /// This less `other`.
            ///
            /// # Errors
            /// [`Overflow`] past the range of storage.
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
            /// [`Overflow`] past the range of storage.
            pub fn sum(all: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
                all.into_iter().try_fold(Self::ZERO, Self::add)
            }
        }
    };
}
pub(in crate::domain) use fixed_point;
