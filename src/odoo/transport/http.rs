//! Plain HTTP requests: for what is not JSON-RPC. The client below is jsonrpsee's own, so that certificates, connections
//! and timeouts are the same whichever protocol is spoken.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use jsonrpsee::http_client::transport::{Error as WireError, HttpTransportClientBuilder};
use jsonrpsee::http_client::{HeaderMap, HeaderValue, HttpBackend, HttpBody, HttpRequest};
use tower::layer::layer_fn;
use tower::{Layer, Service, ServiceBuilder};
use url::Url;

use crate::odoo::error::OdooFault;
use crate::odoo::server_clock::{Listening, ServerClock};
use crate::odoo::settings::OdooSettings;
use crate::odoo::transport::json_rpc::{LARGEST_ANSWER, too_large, wire_fault};

/// A way to send requests to one Odoo.
pub(in crate::odoo) struct Http {
    way: Listening<HttpBackend>,
    clock: ServerClock,
    base: Url,
    timeout: Duration,
    timeout_ms: u64,
    /// For messages: without user and password.
    pub shown_url: String,
}

/// What was answered: any status, any body.
#[derive(Debug)]
pub(in crate::odoo) struct HttpReply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Http {
    /// Prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// [`OdooFault::Unreachable`] when the URL is of no kind that can be reached (neither http nor https).
    pub fn new(settings: &OdooSettings) -> Result<Self, OdooFault> {
        let shown_url = settings.shown_url();
        let unusable = |problem: &dyn std::fmt::Display| OdooFault::Unreachable {
            url: shown_url.clone(),
            detail: problem.to_string(),
        };
        // The builder makes the connection with its certificates, and hands it to the layers: that is where it is kept.
        let built = Arc::new(OnceLock::new());
        let kept = Arc::clone(&built);
        let keep = layer_fn(move |backend: HttpBackend| {
            let _ = kept.set(backend.clone());
            backend
        });
        HttpTransportClientBuilder::new()
            .set_connect_timeout(Some(settings.timeout()))
            .set_service(ServiceBuilder::new().layer(keep))
            .build(settings.url.as_str())
            .map_err(|problem| unusable(&problem))?;
        let backend = built.get().cloned().ok_or_else(|| unusable(&"no connection can be made"))?;
        let clock = ServerClock::default();
        let way = clock.layer(backend);
        let (timeout, timeout_ms) = (settings.timeout(), settings.timeout_ms);
        Ok(Self { way, clock, base: settings.url.clone(), timeout, timeout_ms, shown_url })
    }

    /// The time on Odoo's side, by the last answer.
    pub const fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// Sends one request to a path below the address: a `POST` of a body, or a `GET` without one.
    ///
    /// # Errors
    /// An [`OdooFault`] below HTTP: unreachable, too slow, too large.
    pub async fn send(&self, path: &str, headers: HeaderMap, body: Option<String>) -> Result<HttpReply, OdooFault> {
        tokio::time::timeout(self.timeout, self.exchange(path, headers, body))
            .await
            .unwrap_or_else(|_| Err(OdooFault::Timeout { url: self.shown_url.clone(), milliseconds: self.timeout_ms }))
    }

    async fn exchange(&self, path: &str, headers: HeaderMap, body: Option<String>) -> Result<HttpReply, OdooFault> {
        let fault = |problem: &WireError| wire_fault(self.shown_url.clone(), problem);
        let mut target = self.base.clone();
        target.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let _ = target.set_password(None);
        let _ = target.set_username("");
        target.set_query(None);
        target.set_fragment(None);
        let is_post = body.is_some();
        let start = if is_post { HttpRequest::post(target.as_str()) } else { HttpRequest::get(target.as_str()) };
        let mut request = start
            .body(body.map_or_else(HttpBody::empty, HttpBody::from))
            .map_err(|problem| OdooFault::Unreachable { url: self.shown_url.clone(), detail: problem.to_string() })?;
        *request.headers_mut() = headers;
        request.headers_mut().insert("accept", HeaderValue::from_static("application/json"));
        if is_post {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        }
        let mut way = self.way.clone();
        std::future::poll_fn(|context| Service::<HttpRequest>::poll_ready(&mut way, context))
            .await
            .map_err(|problem| fault(&problem))?;
        let response = way.call(request).await.map_err(|problem| fault(&problem))?;
        let status = response.status().as_u16();
        let limit = usize::try_from(LARGEST_ANSWER).unwrap_or(usize::MAX);
        match Limited::new(response.into_body(), limit).collect().await {
            Ok(body) => Ok(HttpReply { status, body: body.to_bytes().to_vec() }),
            Err(problem) if problem.is::<LengthLimitError>() => Err(too_large(self.shown_url.clone())),
            Err(problem) => Err(OdooFault::Unreachable {
                url: self.shown_url.clone(),
                detail: crate::odoo::transport::json_rpc::root_cause(problem.as_ref()),
            }),
        }
    }
}
