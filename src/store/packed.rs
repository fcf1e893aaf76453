//! Values as few bytes: ids of 16 bytes, hashes of 32, and lots as lists of numbers that take only the bytes they need.

use uuid::Uuid;

use super::{StoreError, corrupt};
use crate::domain::account::{Expiry, LotChange};
use crate::domain::points::Points;
use crate::store::time::from_us;

/// The first byte of a list of lots: the form that [`lots`] writes.
const LOTS: u8 = 1;
/// How the end of a lot is written: it has none, whole seconds, microseconds.
const NEVER: u8 = 0;
const SECONDS: u8 = 1;
const MICROSECONDS: u8 = 2;
/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// A UUID as a column.
#[must_use]
pub fn uuid(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A UUID from its column. `what` names it where somebody edited it.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub fn uuid_from(bytes: &[u8], what: &str) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| corrupt(format!("{what} {}", hex::encode(bytes))))
}

/// A UUID as its column, if the text is the one spelling of it that we print.
#[must_use]
pub fn canonical_uuid(text: &str) -> Option<Vec<u8>> {
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then(|| uuid(id))
}

/// A hash from its column. `what` names it where somebody edited it.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub fn hash_from(bytes: &[u8], what: &str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| corrupt(format!("{what} {}", hex::encode(bytes))))
}

/// A whole number of any size, seven bits a byte, the lowest first; the sign is the lowest bit.
fn write_number(out: &mut Vec<u8>, value: i64) {
    let mut left = (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned();
    loop {
        let [byte, ..] = (left & 0x7f).to_le_bytes();
        left >>= 7;
        if left == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn read_number(bytes: &mut &[u8]) -> Option<i64> {
    let mut value: u64 = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if (bits << shift) >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg());
        }
    }
    None
}

/// Lots, or changes to lots, in their order. A lot that ends with a day takes about eight bytes.
#[must_use]
pub fn lots(list: impl IntoIterator<Item = LotChange>) -> Vec<u8> {
    let mut out = vec![LOTS];
    for lot in list {
        match lot.expiry {
            Expiry::Never => out.push(NEVER),
            Expiry::At(end) => {
                let us = end.timestamp_micros();
                let (form, value) = if us % SECOND == 0 { (SECONDS, us / SECOND) } else { (MICROSECONDS, us) };
                out.push(form);
                write_number(&mut out, value);
            }
        }
        write_number(&mut out, lot.points.e2());
    }
    out
}

/// Lots from their column.
///
/// # Errors
/// [`StoreError::Corrupt`] when this version did not write it.
pub fn lots_from(bytes: &[u8]) -> Result<Vec<LotChange>, StoreError> {
    let unreadable = || corrupt(format!("the lots {}", hex::encode(bytes)));
    let mut left = bytes.strip_prefix(&[LOTS]).ok_or_else(unreadable)?;
    let mut list = Vec::new();
    while let Some((form, rest)) = left.split_first() {
        left = rest;
        let expiry = match *form {
            NEVER => Expiry::Never,
            SECONDS => {
                let seconds = read_number(&mut left).ok_or_else(unreadable)?;
                Expiry::At(from_us(seconds.checked_mul(SECOND).ok_or_else(unreadable)?)?)
            }
            MICROSECONDS => Expiry::At(from_us(read_number(&mut left).ok_or_else(unreadable)?)?),
            _ => return Err(unreadable()),
        };
        list.push(LotChange { expiry, points: Points::from_e2(read_number(&mut left).ok_or_else(unreadable)?) });
    }
    Ok(list)
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
        let packed = lots([lot]);
        assert_eq!(hex::encode(&packed), "0101def9b6b30d9f9c01");
        assert_eq!(lots_from(&packed).unwrap(), [lot]);
        assert_eq!(hex::encode(lots([LotChange { expiry: Expiry::Never, points: Points::from_e2(1) }])), "010002");
    }

    #[test]
    fn what_was_not_written_so_is_refused() {
        for text in
            ["", "02", "01", "0103", "0101", "010180", "0100ffffffffffffffffffff01", "0102ffffffffffffffffff0102"]
        {
            let read = lots_from(&hex::decode(text).unwrap());
            assert_eq!(read.is_ok(), text == "01", "{text}: {read:?}");
        }
    }

    #[test]
    fn one_spelling_of_a_uuid_is_sixteen_bytes() {
        let text = "0191e0a0-0000-7000-8000-00000000abcd";
        let bytes = canonical_uuid(text).unwrap();
        assert_eq!((bytes.len(), uuid_from(&bytes, "it").unwrap().to_string()), (16, text.to_owned()));
        for other in ["", "00001-001-0001", "0191e0a0-0000-7000-8000-00000000ABCD", "0191e0a000007000800000000000abcd"]
        {
            assert_eq!(canonical_uuid(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn lots_come_back_as_they_were(
            list in prop::collection::vec((prop::option::of(-62_000_000_000_000_000_i64..250_000_000_000_000_000), any::<i64>()), 0..6),
            whole in any::<bool>(),
        ) {
            let list: Vec<LotChange> = list
                .into_iter()
                .map(|(end, points)| {
                    let end = end.map(|us| if whole { us / SECOND * SECOND } else { us });
                    LotChange { expiry: end.map_or(Expiry::Never, at), points: Points::from_e2(points) }
                })
                .collect();
            prop_assert_eq!(lots_from(&lots(list.iter().copied())).unwrap(), list);
        }
    }
}
