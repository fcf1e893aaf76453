//! Benchmarks: in interleaved blocks, of the program of now and, if one is named, of the one before; the median, its
//! 95 % interval, and what must come out.
//!
//! `tests/bench/run` starts what they need and prints the table; by hand:
//!
//! ```text
//! cargo bench --bench ratios -- [--only NAME]... [--blocks N] [--before PROGRAM] [--list]
//! cargo bench --bench ratios -- load --url U --token T --clients N --seconds S --members M
//! cargo bench --bench ratios -- odoo-reads --url U --database D --login L --key K
//! cargo bench --bench ratios -- instructions --kept FILE [--keep]
//! ```
//!
//! The program is `LOYALTY_SIDECAR_BIN`, or the one built with this benchmark. Programs are driven from outside alone, so
//! that one of another version, with other tables, can be measured beside it. Each row ends as one line of JSON on stdout;
//! progress goes to stderr. The PostgreSQL ones want `LOYALTY_BENCH_POSTGRES_URL`, a server with default settings, and
//! `pgbench`. But for `instructions`, nothing here asserts a figure.

#![allow(
    missing_docs,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::default_trait_access,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark that meets what it did not expect ends, and says where; its figures are not money"
)]

mod balances;
mod beside;
mod blocks;
mod clocks;
mod disk;
mod instructions;
mod load;
mod postgres;
mod proxy;
mod reading;
mod service;
mod setup;
mod shop;
mod simulate;
mod sqlite;
mod usage;

use std::collections::BTreeSet;
use std::path::PathBuf;

use setup::{Binary, Setup};

/// A benchmark by name.
struct Bench {
    name: &'static str,
    run: fn(&Setup),
}

const BENCHES: &[Bench] = &[
    Bench { name: "acknowledgements", run: sqlite::acknowledgements },
    Bench { name: "instructions", run: instructions::rows },
    Bench { name: "log-pages", run: sqlite::log_pages },
    Bench { name: "hold-latency", run: sqlite::hold_latency },
    Bench { name: "postgres-defaults", run: postgres::defaults },
    Bench { name: "postgres-round-trips", run: postgres::round_trips },
    Bench { name: "postgres-hot", run: postgres::hot },
    Bench { name: "postgres-spread", run: postgres::spread },
    Bench { name: "first-reading", run: reading::beside_tills },
    Bench { name: "full-sync", run: reading::full_sync },
    Bench { name: "bytes", run: sqlite::bytes_a_redemption },
    Bench { name: "simulate", run: simulate::simulate },
    Bench { name: "balances", run: balances::by_history },
    Bench { name: "beside", run: beside::work },
    Bench { name: "durable", run: sqlite::durable },
    Bench { name: "idle-latency", run: sqlite::idle_latency },
    Bench { name: "reads-alone", run: reading::reads_alone },
    Bench { name: "usage", run: usage::report },
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut only = BTreeSet::new();
    let built = || env!("CARGO_BIN_EXE_loyalty-sidecar").into();
    let now = Binary(std::env::var_os("LOYALTY_SIDECAR_BIN").map_or_else(built, PathBuf::from));
    let mut setup = Setup { blocks: 20, now, before: None };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo's own.
            "--bench" => {}
            "load" => return load::from_arguments(arguments),
            "odoo-reads" => return reading::beside_odoo(arguments, &setup),
            "instructions" => return instructions::check(arguments, &setup.now),
            "--list" => return BENCHES.iter().for_each(|bench| println!("{}", bench.name)),
            "--only" => {
                only.insert(arguments.next().expect("--only wants a name"));
            }
            "--before" => {
                let path = arguments.next().expect("--before wants a program");
                setup.before = Some(Binary(std::fs::canonicalize(path).expect("--before names a program")));
            }
            "--blocks" => {
                setup.blocks = arguments.next().and_then(|text| text.parse().ok()).expect("--blocks wants a number");
            }
            other => panic!("unknown argument {other}; see the head of tests/bench/ratios/main.rs"),
        }
    }
    let unknown: Vec<_> = only.iter().filter(|name| !BENCHES.iter().any(|bench| bench.name == *name)).collect();
    assert!(unknown.is_empty(), "no such benchmark: {unknown:?}");
    for bench in BENCHES.iter().filter(|bench| only.is_empty() || only.contains(bench.name)) {
        eprintln!("{} …", bench.name);
        (bench.run)(&setup);
    }
}
