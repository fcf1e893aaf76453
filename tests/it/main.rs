//! Integration tests through the front door: the real binary, its HTTP API and its command line.
//!
//! `LOYALTY_TEST_DATABASE` is `sqlite` (the default) or `postgres`; the latter wants
//! `LOYALTY_TEST_POSTGRES_URL`, a server whose role may create databases. Every test has a database and a shop
//! of its own. Files are named after what they prove.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect has failed, and says where"
)]

mod support;

mod access;
mod api;
mod authoring;
mod bad_days;
mod bad_input;
mod bank;
mod clock;
mod command_line;
mod crashes;
mod database_gone;
mod database_settings;
mod demo;
mod disk_trouble;
mod earning;
mod field;
mod file_lengths;
mod first_reading;
mod importing;
mod lease;
mod ledger_surface;
mod login;
mod managing;
mod members;
mod model;
mod outlook;
mod pages;
mod power_cuts;
mod programs;
mod protocols;
mod quoting;
mod real_odoo;
mod real_odoo_14;
mod rebuilding;
mod redacting;
mod redeeming;
mod references;
mod refunds;
mod replacing;
mod replicas;
mod rewards;
mod rooms;
mod sales;
mod secrets;
mod source_tree;
mod starting;
mod stopping;
mod sync_faults;
mod type_names;
mod verbs;
mod verifying;
mod versions;
mod wire;
mod withdrawals;
