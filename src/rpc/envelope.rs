//! JSON-RPC 2.0 itself: single calls, batches, notifications, and what is neither.
//!
//! A body is parsed once, down to each call's parameters, which the method then reads into their types; what it answers
//! is written once. Ids are carried over byte by byte, as raw JSON. The calls of a batch run in the order they stand in,
//! so that a hold and its capture may travel together.

use std::borrow::Cow;
use std::time::Instant;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tracing::Instrument;

use super::error::Fault;
use super::{Methods, Reply};
use crate::auth::token::Caller;
use crate::rpc::registry::Name;

/// The most calls in one batch.
pub const MOST_CALLS: usize = 100;
/// How deep a body may nest. The deepest there is, a scope's list in a program of a batch, is at 9.
pub const MOST_LEVELS: usize = 32;

/// What a body came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyAnswer {
    /// A response, or a list of them: HTTP 200.
    Json(String),
    /// The body was no JSON: this is the response, with HTTP 400.
    Malformed(String),
    /// Only notifications: HTTP 204.
    Nothing,
}

/// A request object. Members that JSON-RPC does not know are ignored, as it says.
#[derive(Deserialize)]
struct RequestObject<'a> {
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

/// A call that is well formed. Without an id it is a notification.
#[derive(Clone, Debug)]
struct Call<'a> {
    id: Option<&'a str>,
    method: Cow<'a, str>,
    params: Option<&'a str>,
}

/// What is no call: under which id it is refused, and why.
type NoCall<'a> = (&'a str, &'static str);

/// A body that is JSON: its calls, and what among them is none.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    calls: Vec<Result<Call<'a>, NoCall<'a>>>,
    is_batch: bool,
}

impl<'a> Body<'a> {
    /// Takes a body apart.
    ///
    /// # Errors
    /// The answer to what is no JSON, nests too deep, or is a batch of no or too many calls.
    pub fn read(body: &'a [u8]) -> Result<Self, BodyAnswer> {
        let malformed = |fault: &Fault| BodyAnswer::Malformed(refusal("null", fault));
        // Counted before anything reads it: whoever reads nested JSON does so level by level.
        if nests_too_deep(body) {
            return Err(malformed(&Fault::nested_too_deep(MOST_LEVELS)));
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed(&Fault::parse_error()))?;
        // Where something is wrong with it, it is looked at again, piece by piece, to say what.
        Self::well_formed(text).map_or_else(|| Self::in_pieces(text), Ok)
    }

    /// A body whose calls may be anything.
    fn in_pieces(text: &'a str) -> Result<Self, BodyAnswer> {
        let malformed = |fault: &Fault| BodyAnswer::Malformed(refusal("null", fault));
        let whole = serde_json::from_str::<&RawValue>(text).map_err(|_| malformed(&Fault::parse_error()))?;
        if !whole.get().trim_start().starts_with('[') {
            return Ok(Self { calls: vec![read(whole)], is_batch: false });
        }
        let invalid = |problem: &str| BodyAnswer::Json(refusal("null", &Fault::invalid_request(problem)));
        match serde_json::from_str::<Vec<&RawValue>>(whole.get()) {
            Ok(calls) if calls.is_empty() => Err(invalid("a batch has at least one call")),
            Ok(calls) if calls.len() > MOST_CALLS => Err(invalid(&format!("a batch has at most {MOST_CALLS} calls"))),
            Ok(calls) => Ok(Self { calls: calls.into_iter().map(read).collect(), is_batch: true }),
            Err(_) => Err(invalid("this batch cannot be read")),
        }
    }

    /// A body of nothing but request objects, parsed once. `None` for any other.
    fn well_formed(text: &'a str) -> Option<Self> {
        let (requests, is_batch) = match text.trim_start().as_bytes().first()? {
            b'{' => (vec![serde_json::from_str::<RequestObject<'_>>(text).ok()?], false),
            b'[' => (serde_json::from_str::<Vec<RequestObject<'_>>>(text).ok()?, true),
            _ => return None,
        };
        let takes = 1..=MOST_CALLS;
        takes.contains(&requests.len()).then(|| Self { calls: requests.iter().map(call_of).collect(), is_batch })
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
pub async fn answer(all: &Methods, caller: &Caller, body: &Body<'_>) -> BodyAnswer {
    let mut answers = Vec::with_capacity(body.calls.len());
    for call in &body.calls {
        answers.extend(one(all, caller, call).await);
    }
    match (answers.is_empty(), body.is_batch) {
        (true, _) => BodyAnswer::Nothing,
        (false, true) => BodyAnswer::Json(format!("[{}]", answers.join(","))),
        (false, false) => BodyAnswer::Json(answers.concat()),
    }
}

/// Answers one call, or what is none; `None` for a notification.
async fn one(all: &Methods, caller: &Caller, call: &Result<Call<'_>, NoCall<'_>>) -> Option<String> {
    let call = match call {
        Ok(call) => call,
        Err((id, problem)) => return Some(refusal(id, &Fault::invalid_request(problem))),
    };
    let outcome = self::call(all, caller, call).await;
    call.id.map(|id| match outcome {
        Ok(reply) => response(id, &reply),
        Err(fault) => refusal(id, &fault),
    })
}

/// Reads a request object, or says under which id it is refused, and why.
fn read(raw: &RawValue) -> Result<Call<'_>, NoCall<'_>> {
    let request: RequestObject<'_> = serde_json::from_str(raw.get())
        .map_err(|_| ("null", "a call is an object with jsonrpc, method, params and id, each once"))?;
    call_of(&request)
}

fn call_of<'a>(request: &RequestObject<'a>) -> Result<Call<'a>, NoCall<'a>> {
    let id = request.id.map(RawValue::get);
    if id.is_some_and(|id| id.starts_with(['{', '[', 't', 'f'])) {
        return Err(("null", "an id is a text, a number or null"));
    }
    let shown = id.unwrap_or("null");
    if request.jsonrpc.and_then(text_of).as_deref() != Some("2.0") {
        return Err((shown, "jsonrpc must be \"2.0\""));
    }
    let method = request.method.and_then(text_of).ok_or((shown, "method must be a text"))?;
    let params = request.params.map(RawValue::get);
    if params.is_some_and(|params| !params.starts_with(['{', '[']) && params != "null") {
        return Err((shown, "params must be an object"));
    }
    Ok(Call { id, method, params })
}

/// What a JSON text says; `None` where it is none.
fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let plain = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| !text.contains('\\'));
    match plain {
        Some(plain) => Some(Cow::Borrowed(plain)),
        None => serde_json::from_str::<String>(raw.get()).ok().map(Cow::Owned),
    }
}

/// Runs one call: the method is known, then the caller may call it, then its parameters are looked at. What the method
/// answered, or why it was not run.
async fn call(all: &Methods, caller: &Caller, call: &Call<'_>) -> Result<Reply, Fault> {
    let started = Instant::now();
    let name = Name::find(&call.method);
    let word = name.map_or("unknown", |name| name.row().name);
    let span = tracing::info_span!("call", method = word, role = caller.role.as_str());
    let outcome = async {
        let name = name.ok_or_else(|| Fault::method_not_found(&call.method))?;
        let method = name.row();
        if caller.role < method.role {
            return Err(Fault::forbidden(method.name, method.role, caller.role));
        }
        Ok(all.call(name, caller, call.params).await)
    }
    .instrument(span.clone())
    .await;
    let kind = match &outcome {
        Ok(Ok(_)) => "ok",
        Ok(Err(fault)) | Err(fault) => fault.kind(),
    };
    let seconds = started.elapsed().as_secs_f64();
    span.in_scope(|| tracing::debug!(outcome = kind, seconds, "answered"));
    metrics::counter!("loyalty_rpc_calls_total", "method" => word, "outcome" => kind.to_owned()).increment(1);
    metrics::histogram!("loyalty_rpc_seconds", "method" => word).record(seconds);
    outcome
}

/// The response to a call that was run. `id` is raw JSON.
fn response(id: &str, reply: &Reply) -> String {
    let written = match reply {
        Ok(result) => serde_json::to_string(result).map(|result| ("result", result)),
        Err(fault) => serde_json::to_string(fault).map(|error| ("error", error)),
    };
    match written {
        Ok((member, written)) => format!(r#"{{"jsonrpc":"2.0","id":{id},"{member}":{written}}}"#),
        Err(problem) => {
            tracing::error!(%problem, "an answer cannot be written");
            refusal(id, &Fault::internal())
        }
    }
}

/// Reads a body as far as it can be without anybody to answer it: every call, and its method's parameters.
pub(crate) fn read_only(body: &[u8]) -> Result<(), BodyAnswer> {
    for call in Body::read(body)?.calls {
        if let Ok(call) = call
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
    let error = serde_json::json!(fault);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body as both ways read it; the quick one may leave it to the other.
    fn both(body: &str) -> (Option<String>, String) {
        let quick = Body::well_formed(body).map(|body| format!("{body:?}"));
        let slow = Body::in_pieces(body).map_or_else(|refused| format!("{refused:?}"), |body| format!("{body:?}"));
        (quick, slow)
    }

    #[test]
    fn the_quick_way_reads_what_the_other_reads() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/envelope");
        let seeds = std::fs::read_dir(folder).unwrap().map(|seed| std::fs::read(seed.unwrap().path()).unwrap());
        let mut bodies: Vec<String> = seeds.filter_map(|seed| String::from_utf8(seed).ok()).collect();
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#;
        bodies.extend([
            call.to_owned(),
            format!(" \n{call}\t"),
            format!("[{call}, {call}]"),
            r#"{"jsonrpc":"\u0032.0","id":"\u00e9","method":"a\"b","params":[ ],"x":{"y":[1e9]}}"#.to_owned(),
            r#"{"jsonrpc":"2.0","id":null,"method":"m","params":null}"#.to_owned(),
            r#"{"jsonrpc":2.0,"id":{},"method":"m","params":"p"}"#.to_owned(),
            r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#.to_owned(),
        ]);
        let quickly = bodies.iter().filter(|body| {
            let (quick, slow) = both(body);
            assert!(quick.as_ref().is_none_or(|quick| *quick == slow), "{body}: {quick:?}, {slow}");
            quick.is_some()
        });
        assert!(quickly.count() >= 7);
    }

    #[test]
    fn what_is_no_list_of_request_objects_is_looked_at_piece_by_piece() {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"system.version"}"#;
        let many = format!("[{}]", vec![call; MOST_CALLS + 1].join(","));
        for body in ["", "5", "[]", "[5]", "{", r#"{"method":"a","method":"b"}"#, &format!("{call} x"), &many] {
            assert_eq!(both(body).0, None, "{body}");
        }
    }
}
