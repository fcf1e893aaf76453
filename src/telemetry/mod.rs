//! Logs and metrics. Logs go to stderr: stdout belongs to results. [`metrics`] declares each metric once.

pub mod metrics;

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
use crate::domain::value::text::one_line;
use metrics::{METRICS, Metric, MetricKind};

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
    let with_bounds = |builder: PrometheusBuilder, metric: &Metric| match metric.kind {
        MetricKind::Histogram(bounds) => builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds),
        MetricKind::Counter | MetricKind::Gauge => Ok(builder),
    };
    let built =
        METRICS.iter().try_fold(PrometheusBuilder::new(), with_bounds).and_then(PrometheusBuilder::install_recorder);
    match built {
        Ok(handle) => {
            metrics::describe();
            Some(handle)
        }
        Err(problem) => {
            tracing::debug!(%problem, "metrics were started before");
            None
        }
    }
}
