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
use super::methods::Name;
use super::token::Caller;

/// The most calls in one batch.
pub const MOST_CALLS: usize = 100;
/// How deep a body may nest. The deepest there is, a scope's list in a program of a batch, is at 9.
pub const MOST_LEVELS: usize = 32;

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

/// A body that is JSON: its calls, none of them looked at yet.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    calls: Vec<&'a RawValue>,
    is_batch: bool,
}

impl<'a> Body<'a> {
    /// Takes a body apart.
    ///
    /// # Errors
    /// The answer to what is no JSON, nests too deep, or is a batch of no or too many calls.
    pub fn read(body: &'a [u8]) -> Result<Self, Answer> {
        let malformed = |fault: &Fault| Answer::Malformed(refusal("null", fault));
        // Counted before anything reads it: whoever reads nested JSON does so level by level.
        if nests_too_deep(body) {
            return Err(malformed(&Fault::nested_too_deep(MOST_LEVELS)));
        }
        let whole = serde_json::from_slice::<&RawValue>(body).map_err(|_| malformed(&Fault::parse_error()))?;
        if !whole.get().trim_start().starts_with('[') {
            return Ok(Self { calls: vec![whole], is_batch: false });
        }
        let invalid = |problem: &str| Answer::Json(refusal("null", &Fault::invalid_request(problem)));
        match serde_json::from_str::<Vec<&RawValue>>(whole.get()) {
            Ok(calls) if calls.is_empty() => Err(invalid("a batch has at least one call")),
            Ok(calls) if calls.len() > MOST_CALLS => Err(invalid(&format!("a batch has at most {MOST_CALLS} calls"))),
            Ok(calls) => Ok(Self { calls, is_batch: true }),
            Err(_) => Err(invalid("this batch cannot be read")),
        }
    }

    /// How many calls there are: at least one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.calls.len()
    }

    /// Never: a body without a call is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

/// Whether brackets outside of texts open more than [`MOST_LEVELS`] deep.
fn nests_too_deep(body: &[u8]) -> bool {
    let mut level = 0_usize;
    let (mut in_text, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                level += 1;
                if level > MOST_LEVELS {
                    return true;
                }
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Answers a body.
pub async fn answer(all: &Methods, caller: &Caller, body: &Body<'_>) -> Answer {
    let mut answers = Vec::with_capacity(body.calls.len());
    for call in &body.calls {
        answers.extend(one(all, caller, call).await);
    }
    match (answers.is_empty(), body.is_batch) {
        (true, _) => Answer::Nothing,
        (false, true) => Answer::Json(format!("[{}]", answers.join(","))),
        (false, false) => Answer::Json(answers.concat()),
    }
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
    let method = Name::find(&call.method).map(Name::row);
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

/// Reads a body as far as it can be without anybody to answer it: every call, and its method's parameters.
pub(crate) fn read_only(body: &[u8]) -> Result<(), Answer> {
    for call in Body::read(body)?.calls {
        if let Ok(call) = read(call)
            && let Some(name) = Name::find(&call.method)
        {
            // What is refused here is told to nobody.
            let _ = super::read_params(name, call.params);
        }
    }
    Ok(())
}

/// An error response. `id` is raw JSON.
#[must_use]
pub fn refusal(id: &str, fault: &Fault) -> String {
    let error = serde_json::json!(fault.0);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
}
