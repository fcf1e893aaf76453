//! `serve`: the service, until SIGTERM or Ctrl-C.

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Outcome, output};
use crate::app::Application;
use crate::config::Settings;
use crate::telemetry;

pub(super) async fn run(settings: Settings) -> Outcome {
    let application = Application::build(settings, telemetry::start_metrics())?;
    let address = application.address();
    let stop = stop_signal()?;
    application
        .run_until_stopped(stop, || {
            output::listening(&format!("http://{address}"));
        })
        .await?;
    Ok(true)
}

/// Resolves at SIGTERM or Ctrl-C.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send, Failure> {
    let listen = |kind| signal(kind).map_err(|problem| Failure::Other(format!("signals cannot be heard: {problem}")));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("interrupted: stopping"),
        }
    })
}
