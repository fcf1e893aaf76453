//! An answer of Odoo's.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| loyalty_sidecar::fuzzing::odoo_reply(bytes));
