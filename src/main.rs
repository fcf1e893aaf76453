//! The command line's entry; `loyalty_sidecar::cli` says what it can do.

use std::process::ExitCode;

fn main() -> ExitCode {
    loyalty_sidecar::cli::main()
}
