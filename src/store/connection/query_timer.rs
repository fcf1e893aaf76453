//! How long a connection's statements take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::InstrumentationEvent;

use crate::store::AnyConnection;

/// The time that a connection's statements have taken so far: from the statement's start to its last row.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// Takes the time of every statement from now on, until [`Stopwatch::release`].
    #[must_use]
    pub fn on(conn: &mut AnyConnection) -> Self {
        let watch = Self::default();
        let total = Arc::clone(&watch.0);
        let mut begun: Option<Instant> = None;
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => begun = Some(Instant::now()),
            InstrumentationEvent::FinishQuery { .. } => {
                let took =
                    begun.take().map_or(0, |begun| u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
                total.fetch_add(took, Ordering::Relaxed);
            }
            _ => {}
        });
        watch
    }

    /// Leaves the connection, which goes back to its pool, as it was.
    pub fn release(conn: &mut AnyConnection) {
        conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    }

    /// So far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}
