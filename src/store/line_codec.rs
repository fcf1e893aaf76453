//! The lines of an order as bytes: they stand in their order's row.
//!
//! Numbers are of variable length, seven bits a byte. First comes the version, then how many lines there are, then each
//! line: what it has (a byte of flags), its id less the one before it, and what the flags say. Amounts of whole cents and
//! quantities of whole units take less than others. A database keeps these bytes for ever: another layout gets another
//! version.

use std::collections::BTreeSet;

use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use super::{StoreError, corrupt, uuid_codec};
use crate::domain::exact::to_scaled_rounded;
use crate::domain::ids::{HoldId, LineId, PosCategoryId, ProductCategoryId, ProductId, ProductTagId};
use crate::domain::money::Money;
use crate::domain::order::{HoldRef, Line, LineRef, LineRole, QUANTITY_DECIMALS};

const VERSION: u8 = 1;

/// How many e4 are a cent.
const CENT: i64 = 100;
/// How many e6 are a unit.
const UNIT: i64 = 1_000_000;

const UUID: u8 = 1;
const UUID_IS_TEXT: u8 = 1 << 1;
const PRODUCT: u8 = 1 << 2;
const REFUNDS: u8 = 1 << 3;
const COMBO: u8 = 1 << 4;
const HOLD: u8 = 1 << 5;
const HOLD_IS_TEXT: u8 = 1 << 6;
const NEUTRAL: u8 = 1 << 7;

/// How much of lines is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that is kept.
    Kept,
    /// What was read: without categories and tags, which are ours.
    Read,
}

/// Lines as bytes.
///
/// # Errors
/// [`StoreError::Corrupt`] when a line has no id, or a quantity that cannot be kept.
pub(super) fn encode(lines: &[Line], extent: Extent) -> Result<Vec<u8>, StoreError> {
    let mut out = Out(Vec::with_capacity(lines.len().saturating_mul(48).saturating_add(2)));
    out.0.push(VERSION);
    out.count(lines.len());
    let mut before = 0;
    for line in lines {
        let id = line.id.ok_or_else(|| corrupt("a line without an id"))?.0;
        out.flags(line);
        out.signed(i128::from(id) - i128::from(before));
        before = id;
        out.rest(line, extent)?;
    }
    Ok(out.0)
}

/// Lines from their bytes.
///
/// # Errors
/// [`StoreError::Corrupt`] when they are none that [`encode`] writes.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Line>, StoreError> {
    let mut from = Reader(bytes);
    match from.byte()? {
        VERSION => {}
        other => return Err(broken(&format!("the version {other}"))),
    }
    let count = from.count()?;
    // Each takes more than a byte, whatever a broken number says.
    let mut lines = Vec::with_capacity(count.min(bytes.len()));
    let mut before = 0;
    for _ in 0..count {
        let line = from.line(before)?;
        before = line.id.map_or(0, |id| id.0);
        lines.push(line);
    }
    if from.0.is_empty() { Ok(lines) } else { Err(broken("bytes after the last")) }
}

fn broken(what: &str) -> StoreError {
    corrupt(format!("the lines of an order: {what}"))
}

struct Out(Vec<u8>);

impl Out {
    fn unsigned(&mut self, number: u128) {
        let mut rest = number;
        loop {
            // The mask leaves seven bits.
            let low = u8::try_from(rest & 0x7f).unwrap_or_default();
            rest >>= 7;
            if rest == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    /// Small numbers of either sign take little.
    fn signed(&mut self, number: i128) {
        self.unsigned(zigzag(number));
    }

    /// A number that is often a multiple of `unit`.
    fn in_units(&mut self, number: i64, unit: i64) {
        let (whole, rest) = (number / unit, number % unit);
        let (number, fine) = if rest == 0 { (whole, 0) } else { (number, 1) };
        self.unsigned((zigzag(i128::from(number)) << 1) | fine);
    }

    fn count(&mut self, count: usize) {
        self.unsigned(u128::try_from(count).unwrap_or_default());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn ids(&mut self, ids: impl ExactSizeIterator<Item = i64>) {
        self.count(ids.len());
        let mut before = 0;
        for id in ids {
            self.signed(i128::from(id) - i128::from(before));
            before = id;
        }
    }

    fn flags(&mut self, line: &Line) {
        let mut flags = 0;
        let mut set = |flag: u8, is: bool| flags |= if is { flag } else { 0 };
        set(UUID, line.uuid.is_some());
        set(UUID_IS_TEXT, line.uuid.as_deref().is_some_and(|uuid| uuid_codec::canonical(uuid).is_none()));
        set(PRODUCT, line.product_id.is_some());
        set(REFUNDS, line.refunds.is_some());
        // Only drafts name a line by its uuid, and they are not kept.
        set(COMBO, matches!(line.combo_parent, Some(LineRef::Id(_))));
        set(HOLD, line.hold.is_some());
        set(HOLD_IS_TEXT, matches!(line.hold, Some(HoldRef::Malformed(_))));
        set(NEUTRAL, line.role == LineRole::Neutral);
        self.0.push(flags);
    }

    fn rest(&mut self, line: &Line, extent: Extent) -> Result<(), StoreError> {
        if let Some(uuid) = &line.uuid {
            match uuid_codec::canonical(uuid) {
                Some(uuid) => self.0.extend_from_slice(uuid.as_bytes()),
                None => self.text(uuid),
            }
        }
        if let Some(product) = line.product_id {
            self.signed(i128::from(product.0));
        }
        let quantity = to_scaled_rounded(line.quantity, QUANTITY_DECIMALS, RoundingStrategy::MidpointAwayFromZero);
        self.in_units(quantity.map_err(corrupt)?, UNIT);
        self.in_units(line.subtotal.e4(), CENT);
        self.in_units(line.subtotal_incl.e4(), CENT);
        if let Some(refunds) = line.refunds {
            self.signed(i128::from(refunds.0));
        }
        if let Some(LineRef::Id(combo)) = &line.combo_parent {
            self.signed(i128::from(combo.0));
        }
        match &line.hold {
            Some(HoldRef::Id(id)) => self.0.extend_from_slice(id.0.as_bytes()),
            Some(HoldRef::Malformed(text)) => self.text(text),
            None => {}
        }
        if extent == Extent::Kept {
            self.ids(line.pos_categories.iter().map(|id| id.0));
            self.ids(line.product_categories.iter().map(|id| id.0));
            self.ids(line.product_tags.iter().map(|id| id.0));
        }
        Ok(())
    }
}

const fn zigzag(number: i128) -> u128 {
    ((number << 1) ^ (number >> 127)).cast_unsigned()
}

const fn unzigzag(number: u128) -> i128 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, StoreError> {
        let (first, rest) = self.0.split_first().ok_or_else(|| broken("they end too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn unsigned(&mut self) -> Result<u128, StoreError> {
        let mut number: u128 = 0;
        // No number that is written has more than 67 bits.
        for place in 0..10_u32 {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << (place * 7);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(broken("a number without an end"))
    }

    fn number(&mut self) -> Result<i64, StoreError> {
        i64::try_from(unzigzag(self.unsigned()?)).map_err(|_| broken("a number that is too large"))
    }

    fn next_after(&mut self, before: i64) -> Result<i64, StoreError> {
        let step = unzigzag(self.unsigned()?);
        i64::try_from(i128::from(before).saturating_add(step)).map_err(|_| broken("a number that is too large"))
    }

    fn in_units(&mut self, unit: i64) -> Result<i64, StoreError> {
        let read = self.unsigned()?;
        let number = i64::try_from(unzigzag(read >> 1)).map_err(|_| broken("a number that is too large"))?;
        if read & 1 == 1 {
            return Ok(number);
        }
        number.checked_mul(unit).ok_or_else(|| broken("a number that is too large"))
    }

    fn count(&mut self) -> Result<usize, StoreError> {
        usize::try_from(self.unsigned()?).map_err(|_| broken("a number that is too large"))
    }

    fn bytes(&mut self, count: usize) -> Result<&[u8], StoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| broken("they end too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn text(&mut self) -> Result<String, StoreError> {
        let count = self.count()?;
        String::from_utf8(self.bytes(count)?.to_vec()).map_err(|_| broken("a text that is none"))
    }

    fn uuid(&mut self) -> Result<Uuid, StoreError> {
        Uuid::from_slice(self.bytes(16)?).map_err(|_| broken("a uuid that is none"))
    }

    fn ids<T: Ord>(&mut self, id: impl Fn(i64) -> T) -> Result<BTreeSet<T>, StoreError> {
        let mut found = BTreeSet::new();
        let mut before = 0;
        for _ in 0..self.count()? {
            before = self.next_after(before)?;
            found.insert(id(before));
        }
        Ok(found)
    }

    fn line(&mut self, before: i64) -> Result<Line, StoreError> {
        let flags = self.byte()?;
        let has = |flag: u8| flags & flag != 0;
        let id = self.next_after(before)?;
        let uuid = match (has(UUID), has(UUID_IS_TEXT)) {
            (false, _) => None,
            (true, false) => Some(self.uuid()?.hyphenated().to_string()),
            (true, true) => Some(self.text()?),
        };
        let product_id = if has(PRODUCT) { Some(ProductId(self.number()?)) } else { None };
        let quantity = self.in_units(UNIT)?;
        let (subtotal, subtotal_incl) = (self.in_units(CENT)?, self.in_units(CENT)?);
        let refunds = if has(REFUNDS) { Some(LineId(self.number()?)) } else { None };
        let combo_parent = if has(COMBO) { Some(LineRef::Id(LineId(self.number()?))) } else { None };
        let hold = match (has(HOLD), has(HOLD_IS_TEXT)) {
            (false, _) => None,
            (true, false) => Some(HoldRef::Id(HoldId(self.uuid()?))),
            (true, true) => Some(HoldRef::Malformed(self.text()?)),
        };
        Ok(Line {
            id: Some(LineId(id)),
            uuid,
            product_id,
            quantity: Decimal::new(quantity, QUANTITY_DECIMALS).normalize(),
            subtotal: Money::from_e4(subtotal),
            subtotal_incl: Money::from_e4(subtotal_incl),
            refunds,
            hold,
            role: if has(NEUTRAL) { LineRole::Neutral } else { LineRole::Counts },
            pos_categories: self.ids(PosCategoryId)?,
            product_categories: self.ids(ProductCategoryId)?,
            product_tags: self.ids(ProductTagId)?,
            covers: None,
            gives: Decimal::ZERO,
            combo_parent,
            combo: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn uuid() -> impl Strategy<Value = Option<String>> {
        let canonical = any::<u128>().prop_map(|number| Uuid::from_u128(number).hyphenated().to_string());
        prop_oneof![Just(None), canonical.prop_map(Some), "[0-9A-F-]{0,40}".prop_map(Some), ".{0,17}".prop_map(Some)]
    }

    fn hold() -> impl Strategy<Value = Option<HoldRef>> {
        let ours = any::<u128>().prop_map(|number| HoldRef::Id(HoldId(Uuid::from_u128(number))));
        prop_oneof![Just(None), ours.prop_map(Some), ".{0,20}".prop_map(|text| HoldRef::parse(&text))]
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-2_000_i64..2_000, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
    }

    /// Numbers such as they are, and the largest that there may be.
    fn line() -> impl Strategy<Value = Line> {
        let names = (number(), uuid(), proptest::option::of(number()), hold(), proptest::option::of(number()));
        let amounts = (number(), number(), number(), proptest::option::of(number()), any::<bool>());
        let places = (btree_set(number(), 0..4), btree_set(number(), 0..4), btree_set(number(), 0..4));
        (names, amounts, places).prop_map(|(names, amounts, places)| {
            let (id, uuid, product, hold, combo) = names;
            let (quantity, subtotal, incl, refunds, neutral) = amounts;
            Line {
                id: Some(LineId(id)),
                uuid,
                product_id: product.map(ProductId),
                quantity: Decimal::new(quantity, QUANTITY_DECIMALS).normalize(),
                subtotal: Money::from_e4(subtotal),
                subtotal_incl: Money::from_e4(incl),
                refunds: refunds.map(LineId),
                hold,
                role: if neutral { LineRole::Neutral } else { LineRole::Counts },
                pos_categories: places.0.into_iter().map(PosCategoryId).collect(),
                product_categories: places.1.into_iter().map(ProductCategoryId).collect(),
                product_tags: places.2.into_iter().map(ProductTagId).collect(),
                covers: None,
                gives: Decimal::ZERO,
                combo_parent: combo.map(|id| LineRef::Id(LineId(id))),
                combo: None,
            }
        })
    }

    proptest! {
        #[test]
        fn lines_come_back_as_they_went(lines in vec(line(), 0..6)) {
            prop_assert_eq!(decode(&encode(&lines, Extent::Kept).unwrap()).unwrap(), lines);
        }

        #[test]
        fn what_was_spoilt_is_an_error_or_other_lines_and_never_a_panic(
            lines in vec(line(), 0..4),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            noise in vec(any::<u8>(), 0..80),
        ) {
            let whole = encode(&lines, Extent::Kept).unwrap();
            for end in 0..whole.len() {
                prop_assert!(matches!(decode(&whole[..end]), Err(StoreError::Corrupt(_))), "cut at {}", end);
            }
            let mut longer = whole.clone();
            longer.push(0);
            prop_assert!(matches!(decode(&longer), Err(StoreError::Corrupt(_))));
            let mut spoilt = whole.clone();
            spoilt[at.index(whole.len())] = byte;
            for bytes in [spoilt, noise] {
                let read = decode(&bytes);
                prop_assert!(matches!(read, Ok(_) | Err(StoreError::Corrupt(_))));
            }
        }

        #[test]
        fn what_is_ours_is_not_among_what_was_read(lines in vec(line(), 1..4)) {
            let mut moved = lines.clone();
            moved[0].pos_categories.insert(PosCategoryId(77));
            prop_assert_eq!(encode(&moved, Extent::Read).unwrap(), encode(&lines, Extent::Read).unwrap());
            let mut other = lines.clone();
            other[0].role = if lines[0].role == LineRole::Neutral { LineRole::Counts } else { LineRole::Neutral };
            prop_assert_ne!(encode(&other, Extent::Read).unwrap(), encode(&lines, Extent::Read).unwrap());
        }
    }

    #[test]
    fn a_line_as_it_is_in_a_shop_takes_few_bytes() {
        let line = Line {
            id: Some(LineId(2_000_001)),
            uuid: Some("01936f3c-97b1-7c6e-9d3f-0c1f2a3b4c5d".to_owned()),
            product_id: Some(ProductId(1_234)),
            quantity: Decimal::from(2),
            subtotal: Money::from_e4(123_400),
            subtotal_incl: Money::from_e4(146_800),
            refunds: None,
            hold: None,
            role: LineRole::Counts,
            pos_categories: BTreeSet::from([PosCategoryId(3), PosCategoryId(12)]),
            product_categories: BTreeSet::from([ProductCategoryId(1), ProductCategoryId(9)]),
            product_tags: BTreeSet::new(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: None,
            combo: None,
        };
        let next = Line { id: Some(LineId(2_000_002)), ..line.clone() };
        let one = encode(std::slice::from_ref(&line), Extent::Kept).unwrap().len();
        let two = encode(&[line, next], Extent::Kept).unwrap().len();
        assert!(two - one <= 36, "{one}, {two}");
    }
}
