//! Values that stand in one column as bytes: the number of their form, and then as the crate `postcard` writes them, whose
//! format is specified and stable. A database keeps these bytes for ever: another layout gets another number.
//!
//! A row of few and small columns costs fewer pages than several rows of several tables, and a page is what a write costs.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::value::points::Points;
use crate::store::connection::clock::from_us;
use crate::store::{StoreError, corrupt};

/// The form that is written.
const FORM: u8 = 1;

/// A value as bytes.
///
/// # Errors
/// [`StoreError::Corrupt`] when it cannot be written, as a list of unknown length.
pub(in crate::store) fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(value, vec![FORM]).map_err(corrupt)
}

/// A value from its bytes. `what` names it when they are none that [`to_bytes`] writes.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(in crate::store) fn from_bytes<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&FORM, rest)) => match postcard::take_from_bytes(rest) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(corrupt(format!("{what}: bytes are left over"))),
            Err(problem) => Err(corrupt(format!("{what}: {problem}"))),
        },
        Some((form, _)) => Err(corrupt(format!("{what}: the form {form}"))),
        None => Err(corrupt(format!("{what}: nothing"))),
    }
}

/// A hash from its column. `what` names it where somebody edited it.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(in crate::store) fn hash_from_bytes(bytes: &[u8], what: &str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| corrupt(format!("{what} {}", hex::encode(bytes))))
}

/// A number that is a multiple of `unit` nearly always, and then takes less.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::store) enum InUnits {
    Whole(i64),
    Fine(i64),
}

impl InUnits {
    pub const fn of(number: i64, unit: i64) -> Self {
        if number % unit == 0 { Self::Whole(number / unit) } else { Self::Fine(number) }
    }

    /// # Errors
    /// [`StoreError::Corrupt`] when it is larger than what is written.
    pub fn number(self, unit: i64) -> Result<i64, StoreError> {
        match self {
            Self::Fine(number) => Ok(number),
            Self::Whole(units) => units.checked_mul(unit).ok_or_else(|| corrupt("a number that is too large")),
        }
    }
}

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// Each lot: when it ends, in microseconds (`None`: never), and hundredths of points.
type PackedLots = Vec<(Option<InUnits>, i64)>;

/// Lots, or changes to lots, in their order, for their column. A lot that ends with a day takes about nine bytes.
///
/// # Errors
/// As [`to_bytes`].
pub fn lots_to_bytes(lots: impl IntoIterator<Item = LotChange>) -> Result<Vec<u8>, StoreError> {
    let packed: PackedLots = lots
        .into_iter()
        .map(|lot| {
            let end = match lot.expiry {
                Expiry::At(end) => Some(InUnits::of(end.timestamp_micros(), SECOND)),
                Expiry::Never => None,
            };
            (end, lot.points.e2())
        })
        .collect();
    to_bytes(&packed)
}

/// Lots from their column.
///
/// # Errors
/// [`StoreError::Corrupt`] when this version did not write it.
pub(in crate::store) fn lots_from_bytes(bytes: &[u8]) -> Result<Vec<LotChange>, StoreError> {
    let packed: PackedLots = from_bytes(bytes, "lots")?;
    packed
        .into_iter()
        .map(|(end, points_e2)| {
            let end = end.map(|end| from_us(end.number(SECOND)?)).transpose()?;
            Ok(LotChange { expiry: end.into(), points: Points::from_e2(points_e2) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn at(us: i64) -> Expiry {
        Expiry::At(DateTime::from_timestamp_micros(us).unwrap())
    }

    #[test]
    fn a_lot_of_a_day_is_a_few_bytes() {
        let lot = LotChange { expiry: at(1_798_757_999_000_000), points: Points::from_e2(-10_000) };
        let packed = lots_to_bytes([lot]).unwrap();
        assert_eq!(hex::encode(&packed), "01010100def9b6b30d9f9c01");
        assert_eq!(lots_from_bytes(&packed).unwrap(), [lot]);
        let never = LotChange { expiry: Expiry::Never, points: Points::from_e2(1) };
        assert_eq!(hex::encode(lots_to_bytes([never]).unwrap()), "01010002");
    }

    #[test]
    fn what_was_not_written_so_is_refused() {
        for text in
            ["", "02", "01", "0101", "010100", "0100ff", "01010003ff", "0101010502", "010101ffffffffffffffffffff01"]
        {
            assert!(lots_from_bytes(&hex::decode(text).unwrap()).is_err(), "{text}");
        }
        assert_eq!(lots_from_bytes(&[1, 0]).unwrap(), []);
    }

    proptest! {
        #[test]
        fn lots_come_back_as_they_were(
            list in prop::collection::vec((prop::option::of(-62_000_000_000_000_000_i64..250_000_000_000_000_000), any::<i64>()), 0..6),
            whole in any::<bool>(),
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let list: Vec<LotChange> = list
                .into_iter()
                .map(|(end, points)| {
                    let end = end.map(|us| if whole { us / SECOND * SECOND } else { us });
                    LotChange { expiry: end.map_or(Expiry::Never, at), points: Points::from_e2(points) }
                })
                .collect();
            prop_assert_eq!(lots_from_bytes(&lots_to_bytes(list.iter().copied()).unwrap()).unwrap(), list);
            prop_assert!(matches!(lots_from_bytes(&bytes), Ok(_) | Err(StoreError::Corrupt(_))));
        }

        #[test]
        fn numbers_come_back_whatever_their_unit(number in any::<i64>(), unit in 1_i64..=1_000_000) {
            prop_assert_eq!(InUnits::of(number, unit).number(unit).unwrap(), number);
        }
    }
}
