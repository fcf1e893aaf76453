//! The command line's entry; `loyalty_sidecar::cli` says what it can do.

use std::process::ExitCode;

/// Nearly all memory here is asked for by one thread and freed by another: a request is read by a worker, written by the
/// writer, answered by a worker. Such memory costs the C library's allocator a lock and a fight over its arenas. Without
/// the kernel's huge pages (`no_thp`), which would double what the process holds.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    loyalty_sidecar::cli::main()
}
