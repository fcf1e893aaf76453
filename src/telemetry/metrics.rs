//! The metrics, each declared once: `# HELP`, `# TYPE`, the bounds of histograms and `config/METRICS.md` come from here.
//!
//! What counts names its metric by a text, for the rooms below know nothing of this one. `tests/it/references/metrics.rs` compares
//! every such place, and what a running service serves, with these declarations.

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use serde::{Serialize, Serializer};

/// One metric.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What Prometheus calls its type.
    pub kind: MetricKind,
    /// What one of it is.
    pub unit: &'static str,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it is, in a sentence.
    pub sentence: &'static str,
}

/// The kinds there are.
#[derive(Clone, Copy, Debug)]
pub enum MetricKind {
    /// Grows, from 0 at the start of the process.
    Counter,
    /// Is what it is.
    Gauge,
    /// Counts by size, within these bounds.
    Histogram(&'static [f64]),
}

impl MetricKind {
    /// Prometheus' word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Serialize for MetricKind {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// Bounds of latencies in seconds.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of batch sizes.
const COMMANDS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

const fn counts(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    sentence: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit, labels, sentence }
}

const fn shows(name: &'static str, unit: &'static str, sentence: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit, labels: &[], sentence }
}

const fn measures(
    name: &'static str,
    unit: &'static str,
    bounds: &'static [f64],
    labels: &'static [&'static str],
    sentence: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Histogram(bounds), unit, labels, sentence }
}

/// All metrics, by name.
pub const METRICS: &[Metric] = &[
    counts("loyalty_entries_total", "entries", &["kind"], "Entries written to the ledger, by kind."),
    shows("loyalty_exceptions_open", "exceptions", "Exceptions that wait for a manager, as the database says."),
    counts(
        "loyalty_exceptions_total",
        "exceptions",
        &["kind"],
        "Exceptions raised by this process since it started, by kind; loyalty_exceptions_open says how many wait.",
    ),
    shows("loyalty_http_connections", "connections", "Connections that are open."),
    counts(
        "loyalty_http_connections_closed_total",
        "connections",
        &[],
        "Connections closed to make room: the oldest of too many that had shown no token.",
    ),
    counts(
        "loyalty_http_refusals_total",
        "requests",
        &["reason"],
        "Requests refused before any method was asked, by reason: no_token, malformed_token, not_accepted, unavailable, \
         rate_limited, too_long.",
    ),
    counts("loyalty_http_requests_total", "requests", &["status"], "Requests to /jsonrpc, by HTTP status."),
    counts(
        "loyalty_http_token_readings_total",
        "readings",
        &[],
        "How often the accepted tokens were read, at most 50 a second.",
    ),
    shows(
        "loyalty_odoo_key_expires_timestamp_seconds",
        "Unix time, seconds",
        "When the API key ends that Odoo is read with, Unix time; of several keys the first; +Inf while none is known to end.",
    ),
    counts(
        "loyalty_odoo_retries_total",
        "requests",
        &["kind"],
        "Requests to Odoo that were made again after a fault that passes, by kind of fault.",
    ),
    counts(
        "loyalty_odoo_unreadable_records_total",
        "records",
        &["model"],
        "Records of Odoo that could not be understood and were skipped, by model; the log names each.",
    ),
    counts("loyalty_replies_pruned_total", "replies", &[], "Recorded refusals removed after ledger.reply_days."),
    counts(
        "loyalty_rpc_calls_total",
        "calls",
        &["method", "outcome"],
        "Calls, each of a batch counted, by method and outcome: ok, or the kind of error.",
    ),
    measures("loyalty_rpc_seconds", "seconds", SECONDS, &["method"], "How long calls took, by method."),
    counts("loyalty_sync_entries_posted_total", "entries", &[], "Entries posted because of what was read."),
    counts("loyalty_sync_errors_total", "passes", &["kind"], "Passes that ended early, by kind of error."),
    shows(
        "loyalty_sync_held_withdrawals",
        "orders",
        "Paid orders that are not in Odoo as they were and wait for a person to decide, as the database says: must be 0.",
    ),
    shows("loyalty_sync_lag_seconds", "seconds", "Age of what is known of Odoo."),
    shows(
        "loyalty_sync_last_success_timestamp_seconds",
        "Unix time, seconds",
        "When the last complete pass ended, Unix time.",
    ),
    shows("loyalty_sync_leader", "1 or 0", "Whether this process is the one that reads Odoo: 1 or 0."),
    counts(
        "loyalty_sync_missed_by_incremental_total",
        "orders",
        &[],
        "Orders that a sweep found and no window had: must stay 0.",
    ),
    counts("loyalty_sync_orders_read_total", "orders", &[], "Orders read whole from Odoo."),
    counts("loyalty_sync_passes_total", "passes", &["outcome"], "Passes over Odoo, by outcome."),
    counts(
        "loyalty_sync_sweep_differences_total",
        "orders",
        &[],
        "Orders that a sweep found changed or gone, which no window can show: merged partners, deletions, raw SQL.",
    ),
    measures("loyalty_writer_batch_commands", "commands", COMMANDS, &[], "Commands written in one transaction."),
    measures(
        "loyalty_writer_batch_seconds",
        "seconds",
        SECONDS,
        &[],
        "How long a transaction took, its commit included.",
    ),
    counts(
        "loyalty_writer_failures_total",
        "commands",
        &["command"],
        "Commands that could not be written, by command.",
    ),
];

/// Gauges that are 0 until somebody says otherwise.
const FROM_ZERO: [&str; 2] = ["loyalty_sync_leader", "loyalty_http_connections"];

/// Tells the recorder what there is.
pub(super) fn describe() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.sentence),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.sentence),
            MetricKind::Histogram(_) => describe_histogram!(metric.name, metric.sentence),
        }
        // Zero is a statement; absence is a question.
        if matches!(metric.kind, MetricKind::Counter) && metric.labels.is_empty() {
            counter!(metric.name).absolute(0);
        }
    }
    for name in FROM_ZERO {
        gauge!(name).set(0.0);
    }
}

/// The metrics, one after the other, for a terminal.
#[must_use]
pub fn words() -> String {
    let shown = |metric: &Metric| format!("{}\n  {} ({})", series(metric), metric.sentence, metric.kind.as_str());
    METRICS.iter().map(shown).collect::<Vec<_>>().join("\n")
}

/// `config/METRICS.md`.
#[must_use]
pub fn markdown() -> String {
    let mut lines = vec![
        "\
# Metrics

<!-- Made by `loyalty-sidecar metrics --markdown` from the declarations in src/telemetry/metrics.rs; a test compares. -->

`GET /metrics` serves these in Prometheus' text format, to a token of the role viewer, or to everybody with
`http.metrics_public`. Counters start at 0 with each process; a series with a label appears when it first counts.

| metric | type | unit | meaning |
|---|---|---|---|"
            .to_owned(),
    ];
    lines.extend(METRICS.iter().map(|metric| {
        format!("| `{}` | {} | {} | {} |", series(metric), metric.kind.as_str(), metric.unit, metric.sentence)
    }));
    lines.join("\n") + "\n"
}

/// The name, and in braces the names of its labels.
fn series(metric: &Metric) -> String {
    if metric.labels.is_empty() {
        metric.name.to_owned()
    } else {
        format!("{}{{{}}}", metric.name, metric.labels.join(", "))
    }
}
