//! JSON-RPC 2.0 itself: single calls, batches, notifications, and what is neither.
//!
//! jsonrpsee holds the methods and runs one call; it has no envelope for actix. Results and ids are carried over
//! byte by byte, as raw JSON. The calls of a batch run in the order they stand in, so that a hold and its capture
//! may travel together.

use std::time::Instant;

use jsonrpsee::types::{Id, Params};
use jsonrpsee::{ConnectionId, Extensions, MethodCallback, Methods};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tracing::Instrument;

use super::error::Fault;
use super::methods;
use super::token::Caller;

/// The most calls in one batch.
pub const MOST_CALLS: usize = 100;

/// What a body came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A response, or a list of them: HTTP 200.
    Json(String),
    /// The body was no JSON: this is the response, with HTTP 400.
    Malformed(String),
    /// Only notifications: HTTP 204.
    Nothing,
}

/// A request object. Members that JSON-RPC does not know are ignored, as it says.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
}

/// `null` is not absence here: a call with the id `null` is answered, a call without an id is not.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// The two parts a response of jsonrpsee's can have.
#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Answers a body.
pub async fn answer(all: &Methods, caller: &Caller, body: &[u8]) -> Answer {
    let Ok(whole) = serde_json::from_slice::<&RawValue>(body) else {
        return Answer::Malformed(refusal("null", &Fault::parse_error()));
    };
    if !whole.get().trim_start().starts_with('[') {
        return one(all, caller, whole).await.map_or(Answer::Nothing, Answer::Json);
    }
    let calls = match serde_json::from_str::<Vec<&RawValue>>(whole.get()) {
        Ok(calls) if calls.is_empty() => Err("a batch has at least one call".to_owned()),
        Ok(calls) if calls.len() > MOST_CALLS => Err(format!("a batch has at most {MOST_CALLS} calls")),
        Ok(calls) => Ok(calls),
        Err(_) => Err("this batch cannot be read".to_owned()),
    };
    let calls = match calls {
        Ok(calls) => calls,
        Err(problem) => return Answer::Json(refusal("null", &Fault::invalid_request(&problem))),
    };
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        answers.extend(one(all, caller, call).await);
    }
    if answers.is_empty() { Answer::Nothing } else { Answer::Json(format!("[{}]", answers.join(","))) }
}

/// Answers one request object; `None` for a notification.
async fn one(all: &Methods, caller: &Caller, raw: &RawValue) -> Option<String> {
    let request = match read(raw) {
        Ok(request) => request,
        Err((id, problem)) => return Some(refusal(id, &Fault::invalid_request(problem))),
    };
    let (outcome, id) = (call(all, caller, &request).await, request.id);
    id.map(|id| match outcome {
        Ok(answered) => rewrap(id, &answered),
        Err(fault) => refusal(id, &fault),
    })
}

/// A call that is well formed. Without an id it is a notification.
struct Call<'a> {
    id: Option<&'a str>,
    method: String,
    params: Option<&'a str>,
}

/// Reads a request object, or says under which id it is refused, and why.
fn read(raw: &RawValue) -> Result<Call<'_>, (&str, &'static str)> {
    let request: Request<'_> = serde_json::from_str(raw.get())
        .map_err(|_| ("null", "a call is an object with jsonrpc, method, params and id, each once"))?;
    let id = request.id.map(RawValue::get);
    if id.is_some_and(|id| id.starts_with(['{', '[', 't', 'f'])) {
        return Err(("null", "an id is a text, a number or null"));
    }
    let shown = id.unwrap_or("null");
    let text = |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    if text(request.jsonrpc).as_deref() != Some("2.0") {
        return Err((shown, "jsonrpc must be \"2.0\""));
    }
    let method = text(request.method).ok_or((shown, "method must be a text"))?;
    let params = request.params.map(RawValue::get);
    if params.is_some_and(|params| !params.starts_with(['{', '[']) && params != "null") {
        return Err((shown, "params must be an object"));
    }
    Ok(Call { id, method, params })
}

/// Runs one call: the method is known, then the caller may call it, then its parameters are looked at.
async fn call(all: &Methods, caller: &Caller, call: &Call<'_>) -> Result<String, Fault> {
    let started = Instant::now();
    let method = methods::find(&call.method);
    let name = method.map_or("unknown", |method| method.name);
    let span = tracing::info_span!("call", method = name, role = caller.role.word());
    let outcome = async {
        let method = method.ok_or_else(|| Fault::method_not_found(&call.method))?;
        if caller.role < method.role {
            return Err(Fault::forbidden(method.name, method.role, caller.role));
        }
        run(all, caller, method.name, call.params).await
    }
    .instrument(span.clone())
    .await;
    let kind = match &outcome {
        Ok(answered) => kind_of(answered),
        Err(fault) => fault.kind().to_owned(),
    };
    let seconds = started.elapsed().as_secs_f64();
    span.in_scope(|| tracing::debug!(outcome = kind, seconds, "answered"));
    metrics::counter!("loyalty_rpc_calls_total", "method" => name, "outcome" => kind).increment(1);
    metrics::histogram!("loyalty_rpc_seconds", "method" => name).record(seconds);
    outcome
}

/// Has jsonrpsee run a method; its whole response.
async fn run(all: &Methods, caller: &Caller, name: &str, params: Option<&str>) -> Result<String, Fault> {
    let Some(MethodCallback::Async(callback)) = all.method(name) else {
        tracing::error!(name, "a method of the table is not registered");
        return Err(Fault::internal());
    };
    let mut extensions = Extensions::new();
    extensions.insert(caller.clone());
    let params = Params::new(params).into_owned();
    let answered = callback(Id::Null, params, ConnectionId(0), usize::MAX, extensions).await;
    Ok(answered.as_json().get().to_owned())
}

/// `ok`, or the kind of the error.
fn kind_of(answered: &str) -> String {
    #[derive(Deserialize)]
    struct Failed {
        error: Option<Error>,
    }
    #[derive(Deserialize)]
    struct Error {
        data: Option<Data>,
    }
    #[derive(Deserialize)]
    struct Data {
        kind: String,
    }
    match serde_json::from_str::<Failed>(answered) {
        Ok(Failed { error: None }) => "ok".to_owned(),
        Ok(Failed { error: Some(Error { data: Some(data) }) }) => data.kind,
        _ => "error".to_owned(),
    }
}

/// jsonrpsee's response under the caller's own id, whose spelling it could not have kept.
fn rewrap(id: &str, answered: &str) -> String {
    match serde_json::from_str::<Response<'_>>(answered) {
        Ok(Response { error: Some(error), .. }) => format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{}}}"#, error.get()),
        Ok(Response { result: Some(result), .. }) => {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{}}}"#, result.get())
        }
        _ => refusal(id, &Fault::internal()),
    }
}

/// An error response. `id` is raw JSON.
#[must_use]
pub fn refusal(id: &str, fault: &Fault) -> String {
    let error = serde_json::json!(fault.0);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
}
