//! Values as few bytes: ids of 16 bytes, hashes of 32, lots as lists of numbers that take only the bytes they need, and
//! what a hold takes off its lines. A row of few and small columns costs fewer pages than several rows of several tables,
//! and a page is what a write costs.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{StoreError, corrupt};
use crate::domain::account::{Expiry, LotChange};
use crate::domain::hold::{LineShare, ReplyTerms};
use crate::domain::ids::ProductId;
use crate::domain::money::Money;
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

/// The form of what the crate `postcard` writes, whose format is specified and stable.
const FORMAT: u8 = 1;

fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(value, vec![FORMAT]).map_err(corrupt)
}

/// `what` is named when they are not such bytes.
fn unpack<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => match postcard::take_from_bytes(rest) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(corrupt(format!("{what}: bytes are left over"))),
            Err(problem) => Err(corrupt(format!("{what}: {problem}"))),
        },
        Some((format, _)) => Err(corrupt(format!("{what}: the format {format}"))),
        None => Err(corrupt(format!("{what}: nothing"))),
    }
}

/// A name that is a UUID nearly always. One in the form we print takes 16 bytes.
#[derive(Serialize, Deserialize)]
enum Name {
    Uuid([u8; 16]),
    Text(String),
}

impl Name {
    fn of(text: &str) -> Self {
        match Uuid::try_parse(text) {
            Ok(uuid) if uuid.hyphenated().to_string() == text => Self::Uuid(*uuid.as_bytes()),
            _ => Self::Text(text.to_owned()),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Uuid(bytes) => Uuid::from_bytes(bytes).hyphenated().to_string(),
            Self::Text(text) => text,
        }
    }
}

/// What a hold takes off one line: the line's position, its name, its product, and ten-thousandths of money.
type PackedShare = (u32, Option<Name>, Option<i64>, i64);

/// What a hold takes off which line, for its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(super) fn shares_to_bytes(lines: &[LineShare]) -> Result<Vec<u8>, StoreError> {
    let packed: Vec<PackedShare> = lines
        .iter()
        .map(|share| {
            let position = u32::try_from(share.position).map_err(corrupt)?;
            Ok((position, share.uuid.as_deref().map(Name::of), share.product_id.map(|id| id.0), share.off.e4()))
        })
        .collect::<Result<_, StoreError>>()?;
    pack(&packed)
}

/// From the column.
///
/// # Errors
/// [`StoreError::Corrupt`] when it says something that is never written.
pub(super) fn shares_from_bytes(bytes: &[u8]) -> Result<Vec<LineShare>, StoreError> {
    let packed: Vec<PackedShare> = unpack(bytes, "the lines of a hold")?;
    packed
        .into_iter()
        .map(|(position, uuid, product_id, off_e4)| {
            Ok(LineShare {
                position: usize::try_from(position).map_err(corrupt)?,
                uuid: uuid.map(Name::text),
                product_id: product_id.map(ProductId),
                off: Money::from_e4(off_e4),
            })
        })
        .collect()
}

/// The reward's kind, the digits of the currency, and the share: its digits and how many are after the point.
type PackedTerms = (String, u32, i128, u32);

/// What a hold's reply says beside the hold, for its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(super) fn terms_to_bytes(terms: &ReplyTerms) -> Result<Vec<u8>, StoreError> {
    let share = terms.max_share;
    let packed: PackedTerms = (terms.kind.clone(), terms.decimals, share.mantissa(), share.scale());
    pack(&packed)
}

/// From the column.
///
/// # Errors
/// [`StoreError::Corrupt`] when it says something that is never written.
pub(super) fn terms_from_bytes(bytes: &[u8]) -> Result<ReplyTerms, StoreError> {
    let (kind, decimals, digits, scale): PackedTerms = unpack(bytes, "the reply of a hold")?;
    let max_share = Decimal::try_from_i128_with_scale(digits, scale).map_err(corrupt)?;
    Ok(ReplyTerms { kind, decimals, max_share })
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

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).hyphenated().to_string()),
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).hyphenated().to_string().to_uppercase()),
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).simple().to_string()),
            ".{0,40}",
        ]
    }

    proptest! {
        #[test]
        fn shares_come_back_as_they_were(
            lines in proptest::collection::vec(
                (0_usize..500, proptest::option::of(any_name()), proptest::option::of(any::<i64>()), any::<i64>()),
                0..20,
            ),
        ) {
            let lines: Vec<LineShare> = lines
                .into_iter()
                .map(|(position, uuid, product, off)| LineShare {
                    position,
                    uuid,
                    product_id: product.map(ProductId),
                    off: Money::from_e4(off),
                })
                .collect();
            prop_assert_eq!(shares_from_bytes(&shares_to_bytes(&lines).unwrap()).unwrap(), lines);
        }

        #[test]
        fn terms_come_back_to_the_letter(share in 0_i64..=1_000_000_000, scale in 0_u32..20, decimals in 0_u32..6) {
            let terms = ReplyTerms { kind: "discount_amount".into(), decimals, max_share: Decimal::new(share, scale) };
            let back = terms_from_bytes(&terms_to_bytes(&terms).unwrap()).unwrap();
            prop_assert_eq!(back.max_share.to_string(), terms.max_share.to_string());
            prop_assert_eq!(back, terms);
        }

        #[test]
        fn other_bytes_are_refused_and_never_panicked_over(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = lots_from(&bytes);
            let _ = shares_from_bytes(&bytes);
            let _ = terms_from_bytes(&bytes);
        }

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
