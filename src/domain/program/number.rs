//! A number of a program document: what it is worth, and how its author wrote it.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

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
