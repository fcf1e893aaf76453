//! Help for authors of programs: a description in words, warnings, and a forecast.

pub(in crate::domain::program) mod describe;
pub mod forecast;
pub mod outlook;
pub(in crate::domain::program) mod overlap;
pub(in crate::domain::program) mod review;
#[cfg(test)]
pub(in crate::domain::program) mod review_tests;
mod words;
pub(in crate::domain::program) mod worth;
