//! Members move whole.
