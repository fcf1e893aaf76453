//! The lines of an order as bytes: they stand in their order's row. A line's id is kept as the step from the one before
//! it, and amounts in whole cents and quantities in whole units where they are such.

use std::collections::BTreeSet;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::packed::{self, InUnits};
use super::uuids;
use crate::domain::sale::order::{HoldRef, Line, LineRef, LineRole, QUANTITY_DECIMALS};
use crate::domain::value::exact::to_scaled_rounded;
use crate::domain::value::ids::{LineId, PosCategoryId, ProductCategoryId, ProductId, ProductTagId};
use crate::domain::value::money::Money;
use crate::store::{StoreError, corrupt};

/// How many e4 are a cent.
const CENT: i64 = 100;
/// How many e6 are a unit.
const UNIT: i64 = 1_000_000;

/// How much of lines is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Extent {
    /// All that is kept.
    Kept,
    /// What was read: without categories and tags, which are ours.
    Read,
}

/// A line in its row.
#[derive(Serialize, Deserialize)]
struct PackedLine {
    /// Its id less the one before it.
    id_step: i64,
    uuid: Option<Vec<u8>>,
    product_id: Option<i64>,
    quantity_e6: InUnits,
    subtotal_e4: InUnits,
    subtotal_incl_e4: InUnits,
    refunds_line_id: Option<i64>,
    combo_line_id: Option<i64>,
    /// What its reward line says of its hold, as a text.
    hold: Option<Vec<u8>>,
    is_neutral: bool,
    pos_category_ids: Vec<i64>,
    product_category_ids: Vec<i64>,
    product_tag_ids: Vec<i64>,
}

impl PackedLine {
    fn of(line: &Line, id_before: i64, extent: Extent) -> Result<Self, StoreError> {
        let id = line.id.ok_or_else(|| corrupt("a line without an id"))?.0;
        let quantity = to_scaled_rounded(line.quantity, QUANTITY_DECIMALS, RoundingStrategy::MidpointAwayFromZero);
        let ours = extent == Extent::Kept;
        Ok(Self {
            id_step: id.wrapping_sub(id_before),
            uuid: line.uuid.as_deref().map(uuids::text_to_bytes),
            product_id: line.product_id.map(|id| id.0),
            quantity_e6: InUnits::of(quantity.map_err(corrupt)?, UNIT),
            subtotal_e4: InUnits::of(line.subtotal.e4(), CENT),
            subtotal_incl_e4: InUnits::of(line.subtotal_incl.e4(), CENT),
            refunds_line_id: line.refunds.map(|id| id.0),
            combo_line_id: match line.combo_parent {
                Some(LineRef::Id(id)) => Some(id.0),
                // Only drafts name a line by its uuid, and they are not kept.
                _ => None,
            },
            hold: line.hold.as_ref().map(|hold| uuids::text_to_bytes(&hold.as_text())),
            is_neutral: line.role == LineRole::Excluded,
            pos_category_ids: line.pos_categories.iter().filter(|_| ours).map(|id| id.0).collect(),
            product_category_ids: line.product_categories.iter().filter(|_| ours).map(|id| id.0).collect(),
            product_tag_ids: line.product_tags.iter().filter(|_| ours).map(|id| id.0).collect(),
        })
    }

    fn line(self, id_before: i64) -> Result<Line, StoreError> {
        let hold = self.hold.as_deref().map(uuids::text_from_bytes).transpose()?;
        Ok(Line {
            id: Some(LineId(id_before.wrapping_add(self.id_step))),
            uuid: self.uuid.as_deref().map(uuids::text_from_bytes).transpose()?,
            product_id: self.product_id.map(ProductId),
            quantity: Decimal::new(self.quantity_e6.number(UNIT)?, QUANTITY_DECIMALS).normalize(),
            subtotal: Money::from_e4(self.subtotal_e4.number(CENT)?),
            subtotal_incl: Money::from_e4(self.subtotal_incl_e4.number(CENT)?),
            refunds: self.refunds_line_id.map(LineId),
            hold: hold.as_deref().and_then(HoldRef::parse),
            role: if self.is_neutral { LineRole::Excluded } else { LineRole::Eligible },
            pos_categories: ids(self.pos_category_ids, PosCategoryId),
            product_categories: ids(self.product_category_ids, ProductCategoryId),
            product_tags: ids(self.product_tag_ids, ProductTagId),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: self.combo_line_id.map(|id| LineRef::Id(LineId(id))),
            combo: None,
        })
    }
}

fn ids<T: Ord>(packed: Vec<i64>, id: impl Fn(i64) -> T) -> BTreeSet<T> {
    packed.into_iter().map(id).collect()
}

/// Lines for their column.
///
/// # Errors
/// [`StoreError::Corrupt`] when a line has no id, or a quantity that cannot be kept.
pub(in crate::store) fn to_bytes(lines: &[Line], extent: Extent) -> Result<Vec<u8>, StoreError> {
    let mut id_before = 0;
    let mut packed = Vec::with_capacity(lines.len());
    for line in lines {
        packed.push(PackedLine::of(line, id_before, extent)?);
        id_before = line.id.map_or(0, |id| id.0);
    }
    packed::to_bytes(&packed)
}

/// Lines from their column.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is none that [`to_bytes`] writes.
pub(in crate::store) fn from_bytes(bytes: &[u8]) -> Result<Vec<Line>, StoreError> {
    let packed: Vec<PackedLine> = packed::from_bytes(bytes, "the lines of an order")?;
    let mut id_before = 0;
    let mut lines = Vec::with_capacity(packed.len());
    for packed in packed {
        let line = packed.line(id_before)?;
        id_before = line.id.map_or(0, |id| id.0);
        lines.push(line);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::value::ids::HoldId;

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
                role: if neutral { LineRole::Excluded } else { LineRole::Eligible },
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
            prop_assert_eq!(from_bytes(&to_bytes(&lines, Extent::Kept).unwrap()).unwrap(), lines);
        }

        #[test]
        fn what_was_spoilt_is_an_error_or_other_lines_and_never_a_panic(
            lines in vec(line(), 0..4),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            noise in vec(any::<u8>(), 0..80),
        ) {
            let whole = to_bytes(&lines, Extent::Kept).unwrap();
            for end in 0..whole.len() {
                prop_assert!(matches!(from_bytes(&whole[..end]), Err(StoreError::Corrupt(_))), "cut at {}", end);
            }
            let mut longer = whole.clone();
            longer.push(0);
            prop_assert!(matches!(from_bytes(&longer), Err(StoreError::Corrupt(_))));
            let mut spoilt = whole.clone();
            spoilt[at.index(whole.len())] = byte;
            for bytes in [spoilt, noise] {
                let read = from_bytes(&bytes);
                prop_assert!(matches!(read, Ok(_) | Err(StoreError::Corrupt(_))));
            }
        }

        #[test]
        fn what_is_ours_is_not_among_what_was_read(lines in vec(line(), 1..4)) {
            let mut moved = lines.clone();
            moved[0].pos_categories.insert(PosCategoryId(77));
            prop_assert_eq!(to_bytes(&moved, Extent::Read).unwrap(), to_bytes(&lines, Extent::Read).unwrap());
            let mut other = lines.clone();
            other[0].role = if lines[0].role == LineRole::Excluded { LineRole::Eligible } else { LineRole::Excluded };
            prop_assert_ne!(to_bytes(&other, Extent::Read).unwrap(), to_bytes(&lines, Extent::Read).unwrap());
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
            role: LineRole::Eligible,
            pos_categories: BTreeSet::from([PosCategoryId(3), PosCategoryId(12)]),
            product_categories: BTreeSet::from([ProductCategoryId(1), ProductCategoryId(9)]),
            product_tags: BTreeSet::new(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: None,
            combo: None,
        };
        let next = Line { id: Some(LineId(2_000_002)), ..line.clone() };
        let one = to_bytes(std::slice::from_ref(&line), Extent::Kept).unwrap().len();
        let two = to_bytes(&[line, next], Extent::Kept).unwrap().len();
        assert!(two - one <= 44, "{one}, {two}");
    }
}
