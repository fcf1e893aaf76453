//! Values: points, money, exact arithmetic and what names things.

pub mod as_text;
pub mod calendar;
pub mod exact;
pub(in crate::domain) mod fixed;
pub mod ids;
pub mod money;
pub mod points;
pub mod text;
