//! What managers and ops do: programs, members, carrying over, verification, redaction.

pub mod carry_over;
pub mod members;
pub(in crate::ledger) mod moves;
pub mod programs;
pub mod rebuild;
pub mod redaction;
pub mod repair;
pub(in crate::ledger) mod simulate;
pub(in crate::ledger) mod verify;
pub(in crate::ledger) mod verify_entries;
pub(in crate::ledger) mod verify_redemptions;
