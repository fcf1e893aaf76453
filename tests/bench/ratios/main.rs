//! Benchmarks that compare two things in one run: interleaved blocks, the median of their ratios, its 95 % interval.
//!
//! `tests/bench/run` starts what they need and prints the table; by hand:
//!
//! ```text
//! cargo bench --bench ratios -- [--only NAME]... [--blocks N] [--list]
//! cargo bench --bench ratios -- load --url U --token T --clients N --seconds S --members M
//! cargo bench --bench ratios -- texts URL    # the statements of a redemption, on an empty database
//! ```
//!
//! Each ratio ends as one line of JSON on stdout; progress goes to stderr. The PostgreSQL ones want
//! `LOYALTY_BENCH_POSTGRES_URL`, a server that waits for its disk, and `pgbench`. Nothing here asserts a time.

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
mod blocks;
mod commands;
mod disk;
mod load;
mod pgbench;
mod reading;
mod same_sql;
mod service;
mod shop;
mod sqlite;
mod usage;

use std::collections::BTreeSet;

/// A benchmark by name.
struct Bench {
    name: &'static str,
    run: fn(usize),
}

const BENCHES: &[Bench] = &[
    Bench { name: "sqlite-same-sql", run: sqlite::same_sql },
    Bench { name: "sqlite-durable", run: sqlite::durable },
    Bench { name: "idle-latency", run: sqlite::idle_latency },
    Bench { name: "postgres-spread", run: pgbench::spread },
    Bench { name: "postgres-hot", run: pgbench::hot },
    Bench { name: "balances", run: balances::by_history },
    Bench { name: "reading", run: reading::full_sync },
    Bench { name: "usage", run: usage::report },
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut only = BTreeSet::new();
    let mut blocks = 20;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo's own.
            "--bench" => {}
            "load" => return load::from_arguments(arguments),
            "texts" => return texts(&arguments.next().expect("texts wants the URL of an empty database")),
            "--list" => return BENCHES.iter().for_each(|bench| println!("{}", bench.name)),
            "--only" => {
                only.insert(arguments.next().expect("--only wants a name"));
            }
            "--blocks" => {
                blocks = arguments.next().and_then(|text| text.parse().ok()).expect("--blocks wants a number");
            }
            other => panic!("unknown argument {other}; see the head of tests/bench/ratios/main.rs"),
        }
    }
    let unknown: Vec<_> = only.iter().filter(|name| !BENCHES.iter().any(|bench| bench.name == *name)).collect();
    assert!(unknown.is_empty(), "no such benchmark: {unknown:?}");
    for bench in BENCHES.iter().filter(|bench| only.is_empty() || only.contains(bench.name)) {
        eprintln!("{} …", bench.name);
        (bench.run)(blocks);
    }
}

fn texts(url: &str) {
    service::fill(url, 1);
    commands::print(url);
}
