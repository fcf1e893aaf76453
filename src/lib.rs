//! loyalty-sidecar: a loyalty engine that runs beside an existing Odoo and never writes to it.
//!
//! ARCHITECTURE.md names the rooms and who may call whom.

pub mod domain;
pub mod ledger;
