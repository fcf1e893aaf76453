//! `POST /jsonrpc`: the token first, then the body, then the call.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use actix_web::body::{BodyStream, MessageBody};
use actix_web::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use tracing::Instrument;
use uuid::Uuid;

use super::connections::has_shown_a_token;
use super::{ServerState, sentence};
use crate::rpc::Caller;
use crate::rpc::envelope::{self, Body, BodyAnswer, refusal};
use crate::rpc::error::Fault;

/// The longest body that is read: 1 MiB.
pub(super) const MOST_BYTES: usize = 1024 * 1024;
/// How much of a body that is too long is read and thrown away, so that its sender gets to read why.
const MOST_DISCARDED: usize = 16 * MOST_BYTES;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(20);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why there is no body.
enum NoBody {
    TooLong,
    TooSlow,
    Broken,
}

pub(super) async fn handle(request: HttpRequest, payload: web::Payload, state: web::Data<ServerState>) -> HttpResponse {
    let id = Uuid::now_v7().to_string();
    let span = tracing::info_span!("jsonrpc", request = %id);
    let started = Instant::now();
    let mut response = respond(&request, payload, &state).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, seconds = started.elapsed().as_secs_f64(), "done"));
    ::metrics::counter!("loyalty_http_requests_total", "status" => response.status().as_str().to_owned()).increment(1);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn respond(request: &HttpRequest, payload: web::Payload, state: &ServerState) -> HttpResponse {
    let caller = match state.inner.authenticator.caller(request.headers()).await {
        Ok(caller) => caller,
        Err(denied) => return denied.response(),
    };
    has_shown_a_token(request);
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let body = match tokio::time::timeout(BODY_PATIENCE, read(payload, announced)).await {
        Ok(Ok(body)) => body,
        Ok(Err(problem)) => return problem.response(),
        Err(_) => return NoBody::TooSlow.response(),
    };
    answer(state.clone(), caller, body).await
}

/// Runs the calls in a task of their own: a caller that hangs up in the middle leaves no batch half done, and a
/// panic ends this answer alone.
async fn answer(state: ServerState, caller: Caller, body: Vec<u8>) -> HttpResponse {
    let work = async move {
        let body = Body::read(&body);
        // A body that is none costs as much as a call.
        let calls = body.as_ref().map_or(1, Body::len);
        state
            .inner
            .rate_limiter
            .as_ref()
            .map_or(Ok(()), |limiter| limiter.take(&caller.token, calls, Instant::now()))?;
        Ok(match body {
            Ok(body) => envelope::answer(&state.inner.methods, &caller, &body).await,
            Err(refused) => refused,
        })
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(Ok(BodyAnswer::Json(text))) => json(HttpResponse::Ok(), text),
        Ok(Ok(BodyAnswer::Malformed(text))) => json(HttpResponse::BadRequest(), text),
        Ok(Ok(BodyAnswer::Nothing)) => HttpResponse::NoContent().finish(),
        Ok(Err(wait)) => too_often(wait),
        Err(ended) => {
            tracing::error!(%ended, "a call did not end well");
            json(HttpResponse::InternalServerError(), refusal("null", &Fault::internal()))
        }
    }
}

fn json(mut response: HttpResponseBuilder, text: String) -> HttpResponse {
    response.content_type("application/json").body(text)
}

/// 429, with the whole seconds after which the same calls are taken.
fn too_often(wait: Duration) -> HttpResponse {
    super::count_refusal("rate_limited");
    let seconds = wait.as_secs().saturating_add(1);
    let mut response = HttpResponse::TooManyRequests();
    response.insert_header((RETRY_AFTER, seconds.to_string()));
    json(response, refusal("null", &Fault::too_often(seconds)))
}

/// The whole body, no longer than allowed.
async fn read(payload: web::Payload, announced: Option<usize>) -> Result<Vec<u8>, NoBody> {
    if announced.is_some_and(|length| length > MOST_DISCARDED) {
        return Err(NoBody::TooLong);
    }
    let mut parts = std::pin::pin!(BodyStream::new(payload));
    let mut body = Vec::with_capacity(announced.unwrap_or(0).min(MOST_BYTES));
    let mut seen: usize = 0;
    while let Some(part) = poll_fn(|context| parts.as_mut().poll_next(context)).await {
        let part = part.map_err(|_| NoBody::Broken)?;
        seen = seen.saturating_add(part.len());
        if seen <= MOST_BYTES {
            body.extend_from_slice(&part);
        } else if seen > MOST_DISCARDED {
            break;
        }
    }
    if seen > MOST_BYTES { Err(NoBody::TooLong) } else { Ok(body) }
}

impl NoBody {
    fn response(self) -> HttpResponse {
        match self {
            Self::TooLong => {
                super::count_refusal("too_long");
                sentence(HttpResponse::PayloadTooLarge(), "a body may have 1 MiB at most")
            }
            Self::TooSlow => sentence(HttpResponse::RequestTimeout(), "the body did not arrive in time"),
            Self::Broken => sentence(HttpResponse::BadRequest(), "the body could not be read"),
        }
    }
}
