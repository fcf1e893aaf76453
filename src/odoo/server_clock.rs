//! What time it is for Odoo: by the `Date` of its answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use jsonrpsee::core::http_helpers::Response;
use tower::{Layer, Service};

/// The clock of whoever answers, as it was last told, going on since; cheap to clone, all clones are one.
#[derive(Clone, Debug, Default)]
pub struct ServerClock(Arc<RwLock<Option<Told>>>);

/// What a clock showed, and when that was heard.
type Told = (DateTime<Utc>, Instant);

impl ServerClock {
    /// What it shows now; `None` while no answer has told.
    #[must_use]
    pub fn now(&self) -> Option<DateTime<Utc>> {
        let (told, heard) = (*self.0.read().unwrap_or_else(PoisonError::into_inner))?;
        told.checked_add_signed(TimeDelta::from_std(heard.elapsed()).ok()?)
    }

    fn hear(&self, date: &str) {
        if let Ok(told) = DateTime::parse_from_rfc2822(date) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((told.to_utc(), Instant::now()));
        }
    }
}

impl<S> Layer<S> for ServerClock {
    type Service = Listening<S>;

    fn layer(&self, inner: S) -> Listening<S> {
        Listening { inner, clock: self.clone() }
    }
}

/// A way to the server that listens to what time it is there.
#[derive(Clone, Debug)]
pub struct Listening<S> {
    inner: S,
    clock: ServerClock,
}

impl<S, R, B> Service<R> for Listening<S>
where
    S: Service<R, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (answer, clock) = (self.inner.call(request), self.clock.clone());
        Box::pin(async move {
            let answer = answer.await?;
            if let Some(date) = answer.headers().get("date").and_then(|date| date.to_str().ok()) {
                clock.hear(date);
            }
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_believed_and_nonsense_is_not() {
        let clock = ServerClock::default();
        assert_eq!(clock.now(), None);
        clock.hear("Sun, 06 Nov 1994 08:49:37 GMT");
        let told = clock.now().unwrap();
        assert_eq!(told.timestamp(), 784_111_777);
        clock.hear("yesterday");
        assert!(clock.now().unwrap() >= told);
    }
}
