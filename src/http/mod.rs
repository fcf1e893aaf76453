//! The service on the wire: routes, who is let in, health and metrics. What a call means is decided in `rpc`.
//!
//! `POST /jsonrpc` (a token), `GET /healthz` and `GET /readyz` (anybody), `GET /metrics` (a viewer's token, unless
//! the settings say anybody). Everything else is told what there is.

mod auth;
mod connections;
mod health;
mod jsonrpc;
mod metrics;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, guard, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::http::rate_limit::RateLimiter;
use crate::ledger::Ledger;
use crate::rpc::{Methods, OdooSide};
use auth::TokenAuthenticator;
use connections::{Connections, close_strangers};

pub use crate::http::rate_limit::RateLimit;
pub use connections::{ConnectionLimits, raise_descriptor_limit};

/// How the service listens.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// Threads that answer.
    pub workers: usize,
    /// How long calls under way may take to end when the service stops.
    pub shutdown_seconds: u64,
    /// Whether `/metrics` is for anybody.
    pub metrics_public: bool,
    /// How often a token may call; `None` for as often as it likes.
    pub rate_limit: Option<RateLimit>,
    /// How many connections there may be.
    pub connections: ConnectionLimits,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            workers: 2,
            shutdown_seconds: 8,
            metrics_public: false,
            rate_limit: None,
            connections: ConnectionLimits::default(),
        }
    }
}

/// What every request has at hand. Cheap to clone.
#[derive(Clone)]
pub struct ServerState {
    inner: Arc<ServerParts>,
}

struct ServerParts {
    ledger: Ledger,
    odoo: Arc<dyn OdooSide>,
    methods: Methods,
    authenticator: TokenAuthenticator,
    rate_limiter: Option<RateLimiter>,
    ready: health::Readiness,
    metrics: Option<PrometheusHandle>,
    draining: AtomicBool,
    metrics_public: bool,
}

impl ServerState {
    /// From the parts: `methods` are those of the API over the same ledger.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        odoo: Arc<dyn OdooSide>,
        methods: Methods,
        metrics: Option<PrometheusHandle>,
        options: ServerOptions,
    ) -> Self {
        let authenticator = TokenAuthenticator::new(ledger.pool().clone());
        let inner = ServerParts {
            ledger,
            odoo,
            methods,
            authenticator,
            rate_limiter: options.rate_limit.map(RateLimiter::new),
            ready: health::Readiness::default(),
            metrics,
            draining: AtomicBool::new(false),
            metrics_public: options.metrics_public,
        };
        Self { inner: Arc::new(inner) }
    }

    /// From now on `/readyz` says no, so that a balancer sends nobody here any more; calls are still answered.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Relaxed)
    }
}

/// How long a connection that has shown a token stays open between two requests. One that has not is closed at once.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a connection's first request may take to arrive.
const FIRST_REQUEST: Duration = Duration::from_secs(5);

/// Listens. The server runs when it is awaited; stopping it through its handle, gracefully, ends calls under way
/// first. Signals are the application's.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, state: ServerState, options: ServerOptions) -> std::io::Result<Server> {
    let workers = options.workers.max(1);
    let connections = Connections::new(options.connections);
    let server = HttpServer::new(move || {
        let headers = DefaultHeaders::new()
            .add((CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .add((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
        App::new()
            .app_data(web::Data::new(state.clone()))
            .wrap(headers)
            .wrap(from_fn(close_strangers))
            .configure(routes)
    })
    .workers(workers)
    .max_connections((options.connections.all / workers).max(1))
    .on_connect(move |stream, data| connections.accepted(stream, data))
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(FIRST_REQUEST)
    .shutdown_timeout(options.shutdown_seconds)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// The routes.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let reading = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let only_get = || web::to(|request: HttpRequest| std::future::ready(not_allowed(&request, "GET, HEAD")));
    config
        .service(
            web::resource("/jsonrpc")
                .route(web::post().to(jsonrpc::handle))
                .default_service(web::to(|request: HttpRequest| std::future::ready(not_allowed(&request, "POST")))),
        )
        .service(web::resource("/healthz").route(reading().to(health::alive)).default_service(only_get()))
        .service(web::resource("/readyz").route(reading().to(health::ready)).default_service(only_get()))
        .service(web::resource("/metrics").route(reading().to(metrics::show)).default_service(only_get()))
        .default_service(web::to(not_found));
}

/// Counts what was refused before any method was asked.
fn count_refusal(reason: &'static str) {
    ::metrics::counter!("loyalty_http_refusals_total", "reason" => reason).increment(1);
}

/// An error as everything but JSON-RPC tells it.
fn sentence(mut response: actix_web::HttpResponseBuilder, text: &str) -> HttpResponse {
    response.json(json!({ "error": text }))
}

async fn not_found() -> HttpResponse {
    let there_is = "there is nothing here; the API is POST /jsonrpc, and there are GET /healthz, /readyz and /metrics";
    sentence(HttpResponse::NotFound(), there_is)
}

fn not_allowed(request: &HttpRequest, allowed: &'static str) -> HttpResponse {
    let mut response = HttpResponse::MethodNotAllowed();
    response.insert_header((ALLOW, HeaderValue::from_static(allowed)));
    sentence(response, &format!("{} is answered to {allowed} only", request.path()))
}

mod rate_limit;
#[cfg(test)]
mod tests;
