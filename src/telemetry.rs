//! Logs and metrics. Logs go to stderr: stdout belongs to results.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::{LogFormat, LogSettings};
use crate::domain::text::one_line;

/// Bounds of latencies in seconds.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of batch sizes.
const COMMANDS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts logging. A second call in one process changes nothing.
pub fn start_logging(settings: &LogSettings) {
    let level = settings.level.parse::<EnvFilter>().unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = level.and(filter_fn(may_be_shown).with_max_level_hint(LevelFilter::TRACE));
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = match settings.format {
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
        LogFormat::Pretty => {
            // What others wrote is in the fields: names, Odoo's words. Each event stays one line, and commands no terminal.
            let fields = fmt::format::debug_fn(|out, field, value| {
                let text = format!("{value:?}");
                match field.name() {
                    // Where a line of another crate's came from.
                    name if name.starts_with("log.") => Ok(()),
                    "message" => write!(out, "{}", one_line(&text)),
                    name => write!(out, "{name}={}", one_line(&text)),
                }
            });
            let layer = layer.fmt_fields(fields.delimited(" "));
            layer.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed()
        }
    };
    // The only failure is that logging runs already, which is what was asked for.
    let _ = registry().with(layer.with_filter(filter)).try_init();
}

/// jsonrpsee shows bodies below `info`, and Odoo's answers are people's names and, at times, tracebacks: at no level
/// are they anybody's to read.
fn may_be_shown(what: &Metadata<'_>) -> bool {
    *what.level() <= Level::INFO || !what.target().starts_with("jsonrpsee")
}

/// Starts counting; the handle renders what was counted. `None` when counting runs already in this process.
#[must_use]
pub fn start_metrics() -> Option<PrometheusHandle> {
    let built = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), COMMANDS))
        .and_then(PrometheusBuilder::install_recorder);
    match built {
        Ok(handle) => {
            describe();
            Some(handle)
        }
        Err(problem) => {
            tracing::debug!(%problem, "metrics were started before");
            None
        }
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("loyalty_entries_total", "Entries written to the ledger, by kind.");
    describe_counter!(
        "loyalty_exceptions_total",
        "Exceptions raised by this process since it started, by kind; loyalty_exceptions_open says how many wait."
    );
    describe_gauge!("loyalty_exceptions_open", "Exceptions that wait for a manager, as the database says.");
    describe_counter!("loyalty_writer_failures_total", "Commands that could not be written, by command.");
    describe_histogram!("loyalty_writer_batch_commands", "Commands written in one transaction.");
    describe_histogram!("loyalty_writer_batch_seconds", "How long a transaction took, its commit included.");
    describe_counter!(
        "loyalty_http_refusals_total",
        "Requests refused before any method was asked, by reason: no_token, malformed_token, not_accepted, unavailable, \
         rate_limited, too_long."
    );
    describe_counter!(
        "loyalty_http_token_readings_total",
        "How often the accepted tokens were read, at most 50 a second."
    );
    describe_gauge!("loyalty_http_connections", "Connections that are open.");
    describe_counter!(
        "loyalty_http_connections_closed_total",
        "Connections closed to make room: the oldest of too many that had shown no token."
    );
    describe_counter!("loyalty_replies_pruned_total", "Recorded refusals removed after ledger.reply_days.");
    describe_counter!("loyalty_sync_passes_total", "Passes over Odoo, by outcome.");
    describe_counter!("loyalty_sync_orders_read_total", "Orders read whole from Odoo.");
    describe_counter!("loyalty_sync_entries_posted_total", "Entries posted because of what was read.");
    describe_counter!("loyalty_sync_errors_total", "Passes that ended early, by kind of error.");
    describe_counter!(
        "loyalty_sync_missed_by_incremental_total",
        "Orders that a sweep found and no window had: must stay 0."
    );
    describe_counter!(
        "loyalty_sync_sweep_differences_total",
        "Orders that a sweep found changed or gone, which no window can show: merged partners, deletions, raw SQL."
    );
    describe_gauge!(
        "loyalty_odoo_key_expires_timestamp_seconds",
        "When the API key ends that Odoo is read with, Unix time; of several keys the first; +Inf while none is known to end."
    );
    describe_gauge!(
        "loyalty_sync_held_withdrawals",
        "Paid orders that are not in Odoo as they were and wait for a person to decide, as the database says: must be 0."
    );
    describe_gauge!("loyalty_sync_lag_seconds", "Age of what is known of Odoo.");
    describe_gauge!("loyalty_sync_leader", "Whether this process is the one that reads Odoo: 1 or 0.");
    describe_gauge!("loyalty_sync_last_success_timestamp_seconds", "When the last complete pass ended, Unix time.");
    // Zero is a statement; absence is a question.
    metrics::counter!("loyalty_sync_missed_by_incremental_total").absolute(0);
    metrics::counter!("loyalty_sync_sweep_differences_total").absolute(0);
    metrics::gauge!("loyalty_sync_leader").set(0.0);
    metrics::gauge!("loyalty_http_connections").set(0.0);
    metrics::counter!("loyalty_http_connections_closed_total").absolute(0);
    metrics::counter!("loyalty_replies_pruned_total").absolute(0);
}
