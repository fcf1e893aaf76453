//! loyalty-sidecar: a loyalty engine that runs beside an existing Odoo and never writes to it.
//!
//! ARCHITECTURE.md names the rooms and who may call whom.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod import;
pub mod ledger;
pub mod odoo;
pub mod rpc;
pub mod store;
pub mod sync;
pub mod telemetry;
