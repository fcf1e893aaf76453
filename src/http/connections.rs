//! Connections: how many there may be, and who goes when it gets crowded.
//!
//! Each takes a file descriptor, and a process that has none left can neither accept a till nor open its database. Whoever
//! has not shown a token that is accepted is a stranger: a stranger's connection is closed after its answer, and of too
//! many the one that came first makes room for the next. So whoever holds connections open keeps nobody out who brings a
//! token. Connections that have shown one stay open, and only their number is bounded.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::rt::net;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections that nobody needs more of, however many descriptors there are.
const MOST: u64 = 20_000;
/// Connections that there are at least, however few descriptors there are.
const LEAST: u64 = 16;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub all: usize,
    /// Of strangers. Each has two descriptors, one of them to close it by.
    pub strangers: usize,
}

impl ConnectionLimits {
    /// What fits into a number of descriptors, of which some are for other things.
    #[must_use]
    pub fn within(descriptors: u64, reserved: u64) -> Self {
        let left = descriptors.saturating_sub(reserved).clamp(LEAST, MOST);
        let strangers = left / 4;
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Self { all: number(left.saturating_sub(strangers)), strangers: number(strangers) }
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self::within(MOST, 0)
    }
}

/// Raises the number of descriptors that this process may have as far as it may by itself; returns what it came to.
#[must_use]
pub fn raise_descriptor_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(problem) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%problem, ?current, "the limit of open files could not be raised");
    }
    // No number is no limit.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// All connections of a server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    strangers: Arc<Mutex<Strangers>>,
    most: usize,
}

/// By the order in which they came: a second descriptor of each, to close it by.
#[derive(Default)]
struct Strangers {
    next: u64,
    waiting: BTreeMap<u64, TcpStream>,
}

impl Connections {
    pub fn new(limits: ConnectionLimits) -> Self {
        Self { strangers: Arc::default(), most: limits.strangers.max(1) }
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a connection that was accepted; `data` is what its requests have at hand.
    pub fn accepted(&self, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<net::TcpStream>() else { return };
        let mut strangers = self.strangers();
        while strangers.waiting.len() >= self.most
            && let Some((_, first)) = strangers.waiting.pop_first()
        {
            // One that hung up by itself is closed already.
            let _ = first.shutdown(Shutdown::Both);
            metrics::counter!("loyalty_http_connections_closed_total").increment(1);
        }
        let number = strangers.next;
        strangers.next = number.saturating_add(1);
        match stream.as_fd().try_clone_to_owned() {
            Ok(descriptor) => drop(strangers.waiting.insert(number, descriptor.into())),
            Err(problem) => tracing::debug!(%problem, "a connection that cannot be closed early"),
        }
        drop(strangers);
        metrics::gauge!("loyalty_http_connections").increment(1.0);
        data.insert(OpenConnection { number, of: self.clone(), is_known: AtomicBool::new(false) });
    }
}

/// One connection, gone with its last request.
pub(super) struct OpenConnection {
    number: u64,
    of: Connections,
    is_known: AtomicBool,
}

impl OpenConnection {
    /// A token that is accepted was shown on it.
    fn becomes_known(&self) {
        if !self.is_known.swap(true, Ordering::Relaxed) {
            self.of.strangers().waiting.remove(&self.number);
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.of.strangers().waiting.remove(&self.number);
        metrics::gauge!("loyalty_http_connections").decrement(1.0);
    }
}

/// The connection of a request has shown a token that is accepted.
pub(super) fn has_shown_a_token(request: &HttpRequest) {
    if let Some(connection) = request.conn_data::<OpenConnection>() {
        connection.becomes_known();
    }
}

/// Closes a stranger's connection after its answer.
pub(super) async fn close_strangers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let connection = response.request().conn_data::<OpenConnection>();
    if !connection.is_some_and(|connection| connection.is_known.load(Ordering::Relaxed)) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_descriptors_that_are_left() {
        for (descriptors, reserved) in [(256, 91), (1024, 100), (65_536, 400)] {
            let limits = ConnectionLimits::within(descriptors, reserved);
            let used = u64::try_from(limits.all + limits.strangers).unwrap();
            assert!(used <= descriptors - reserved && limits.strangers > 0, "{descriptors}: {limits:?}");
        }
        assert_eq!(ConnectionLimits::within(256, 91), ConnectionLimits { all: 124, strangers: 41 });
        assert_eq!(ConnectionLimits::within(64, 400), ConnectionLimits { all: 12, strangers: 4 }, "never none");
        assert_eq!(ConnectionLimits::within(u64::MAX, 0), ConnectionLimits { all: 15_000, strangers: 5_000 });
    }
}
