//! A number of a program document: what it is worth, and how its author wrote it.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::domain::value::points::Points;

/// A number as its author wrote it, so that `program.get` shows `10.00` where `10.00` was put.
///
/// Equality is by value alone.
#[derive(Clone, Copy, Debug)]
pub struct AsWritten<T> {
    /// What it is worth.
    pub value: T,
    written: Decimal,
}

impl<T> AsWritten<T> {
    /// `value`, written as `written`.
    pub(super) const fn new(value: T, written: Decimal) -> Self {
        Self { value, written }
    }
}

impl<T: PartialEq> PartialEq for AsWritten<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for AsWritten<T> {}

impl<T> Serialize for AsWritten<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.written)
    }
}

/// Serialises a decimal as text, without needless zeros.
pub(super) fn decimal_text<S: Serializer>(value: &Decimal, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&value.normalize())
}

/// Serialises points as text.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
pub(super) fn points_text<S: Serializer>(value: &Points, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(value)
}
