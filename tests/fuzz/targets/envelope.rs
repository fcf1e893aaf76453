//! A body of `POST /jsonrpc`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| loyalty_sidecar::fuzzing::envelope(bytes));
