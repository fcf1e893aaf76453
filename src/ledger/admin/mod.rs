//! What managers and ops do: programs, members, carrying over, verification, redaction.

pub(in crate::ledger) mod carry_over;
pub(in crate::ledger) mod members;
pub(in crate::ledger) mod moves;
pub(in crate::ledger) mod programs;
pub(in crate::ledger) mod rebuild;
pub(in crate::ledger) mod redaction;
pub(in crate::ledger) mod repair;
pub(in crate::ledger) mod simulate;
pub(in crate::ledger) mod verify;
pub(in crate::ledger) mod verify_entries;
pub(in crate::ledger) mod verify_redemptions;
