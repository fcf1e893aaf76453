//! Members: who takes part in which program, and since when.

pub mod membership;
