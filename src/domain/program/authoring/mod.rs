//! For whoever writes a program: what it says in words, what in it may be a mistake, and what it will do.

pub(in crate::domain::program) mod describe;
pub mod forecast;
pub mod outlook;
pub(in crate::domain::program) mod overlap;
pub(in crate::domain::program) mod review;
pub(in crate::domain::program) mod worth;
