//! The one seam to the wire. Only here are Odoo's methods named, and every one of them reads.
//!
//! [`JsonRpc`] speaks `/jsonrpc`, which Odoo 19 deprecates; its successor is [`super::json2::Json2`]. All arguments go by
//! name. Readers need not know which of them is spoken.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonrpsee::core::client::{ClientT, Error as ClientError};
use jsonrpsee::core::params::ObjectParams;
use jsonrpsee::http_client::transport::{Error as WireError, HttpBackend};
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder, RpcService, RpcServiceBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tower::ServiceBuilder;

use super::retry::with_retries;
use crate::odoo::error::{FailedRequest, OdooFault, classify};
use crate::odoo::key::{ApiKey, conceal};
use crate::odoo::server_clock::{Listening, ServerClock};
use crate::odoo::settings::OdooSettings;

/// The largest answer that is read, in bytes: a page of orders is far below it, a runaway proxy is not.
pub(in crate::odoo) const LARGEST_ANSWER: u32 = 64 * 1024 * 1024;

/// An answer that is still on its way.
pub type PendingReply<'a, T> = Pin<Box<dyn Future<Output = Result<T, OdooFault>> + Send + 'a>>;

/// Every method of a model that we ever call. There is no other way to name one, and none of these writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadMethod {
    /// `search_read(domain, fields, order, limit, context)`
    SearchRead,
    /// `search_count(domain, context)`
    SearchCount,
    /// `fields_get(allfields, attributes)`
    FieldsGet,
    /// `read(ids, fields)`: tells a record that is gone from one that a rule hides, which no search does.
    Read,
    /// `context_get()` of `res.users`: whose key it is.
    ContextGet,
}

impl ReadMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::SearchRead, Self::SearchCount, Self::FieldsGet, Self::Read, Self::ContextGet];

    /// Its name in Odoo.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SearchRead => "search_read",
            Self::SearchCount => "search_count",
            Self::FieldsGet => "fields_get",
            Self::Read => "read",
            Self::ContextGet => "context_get",
        }
    }
}

/// Which protocol is spoken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// "JSON-RPC" or "JSON-2".
    pub protocol: &'static str,
    /// The reason, to stand in brackets behind it.
    pub why: String,
}

/// A way to talk to one Odoo as one user.
pub trait Transport: Send + Sync {
    /// Its version as an object with `server_version`; needs no login.
    fn version(&self) -> PendingReply<'_, Value>;

    /// Which protocol the last [`Transport::version`] was answered in, or will be asked in.
    fn spoken(&self) -> Spoken;

    /// Reads the key's file again, if there is one; whether it holds another key than before.
    fn read_key_again(&self) -> bool {
        false
    }

    /// Logs in; the user's id.
    fn authenticate(&self) -> PendingReply<'_, i64>;

    /// The time on Odoo's side, by the last answer; `None` before the first.
    fn server_now(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// Calls a method of a model with named arguments, as user `uid`.
    fn call<'a>(
        &'a self,
        uid: i64,
        model: &'a str,
        method: ReadMethod,
        arguments: Map<String, Value>,
    ) -> PendingReply<'a, Value>;
}

/// `/jsonrpc`: Odoo's JSON-RPC 2.0 as jsonrpsee's client speaks it.
pub struct JsonRpc {
    client: HttpClient<RpcService<Listening<HttpBackend>>>,
    clock: ServerClock,
    settings: OdooSettings,
    key: Arc<ApiKey>,
    /// For messages: without user and password.
    shown_url: String,
}

impl JsonRpc {
    /// Prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// [`OdooFault::Unreachable`] when the URL is of no kind that can be reached (neither http nor https).
    pub fn new(settings: OdooSettings) -> Result<Self, OdooFault> {
        let key = ApiKey::of(&settings);
        Self::with_key(settings, key)
    }

    /// As [`JsonRpc::new`], with a key that others use as well.
    ///
    /// # Errors
    /// As [`JsonRpc::new`].
    pub fn with_key(settings: OdooSettings, key: Arc<ApiKey>) -> Result<Self, OdooFault> {
        let shown_url = settings.shown_url();
        let clock = ServerClock::default();
        let client = HttpClientBuilder::default()
            .request_timeout(settings.timeout())
            .connect_timeout(settings.timeout())
            .max_request_size(LARGEST_ANSWER)
            .max_response_size(LARGEST_ANSWER)
            .set_http_middleware(ServiceBuilder::new().layer(clock.clone()))
            // The default one logs every request at trace level, and the API key is in each of them.
            .set_rpc_middleware(RpcServiceBuilder::new())
            .build(settings.endpoint())
            .map_err(|problem| OdooFault::Unreachable { url: shown_url.clone(), detail: problem.to_string() })?;
        Ok(Self { client, clock, settings, key, shown_url })
    }

    /// One `call` of a service, tried again when that may help.
    async fn ask(&self, service: &str, method: &str, args: Value, about: &str) -> Result<Value, OdooFault> {
        with_retries(self.settings.retries, || self.ask_once(service, method, &args, about)).await
    }

    async fn ask_once(&self, service: &str, method: &str, args: &Value, about: &str) -> Result<Value, OdooFault> {
        let mut params = ObjectParams::new();
        let built = params
            .insert("service", service)
            .and_then(|()| params.insert("method", method))
            .and_then(|()| params.insert("args", args));
        let outcome = match built {
            Ok(()) => self.client.request::<Value, _>("call", params).await,
            Err(problem) => Err(ClientError::ParseError(problem)),
        };
        outcome.map_err(|error| self.fault(error, about))
    }

    /// Odoo's or the network's failure in our words.
    fn fault(&self, error: ClientError, about: &str) -> OdooFault {
        let url = self.shown_url.clone();
        match error {
            ClientError::Call(object) => {
                let key = self.key.current();
                let data = object.data().map(|raw| conceal(&key, raw.get()));
                let data = data.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
                let asked =
                    FailedRequest { database: &self.settings.database, login: &self.settings.login, model: about };
                classify(asked, object.code().into(), &conceal(&key, object.message()), &data)
            }
            ClientError::RequestTimeout => OdooFault::Timeout { url, milliseconds: self.settings.timeout_ms },
            ClientError::Transport(problem) => match problem.downcast::<WireError>() {
                Ok(problem) => wire_fault(url, &problem),
                Err(problem) => OdooFault::Unreachable { url, detail: root_cause(problem.as_ref()) },
            },
            ClientError::ParseError(problem) if problem.is_eof() => {
                OdooFault::NotOdoo { url, what: "an answer that was cut short".to_owned(), transient: true }
            }
            ClientError::ParseError(problem) if problem.is_syntax() => {
                OdooFault::NotOdoo { url, what: "broken JSON".to_owned(), transient: true }
            }
            other => {
                tracing::debug!(%other, "not a JSON-RPC answer");
                OdooFault::NotOdoo { url, what: "JSON of another kind".to_owned(), transient: false }
            }
        }
    }
}

/// A failure below JSON-RPC.
pub(in crate::odoo) fn wire_fault(url: String, problem: &WireError) -> OdooFault {
    use jsonrpsee::core::http_helpers::HttpError;
    match problem {
        WireError::Rejected { status_code } => status_fault(url, *status_code),
        WireError::Http(HttpError::Malformed) => {
            OdooFault::NotOdoo { url, what: "HTML or nothing at all".to_owned(), transient: true }
        }
        WireError::Http(HttpError::TooLarge) => too_large(url),
        WireError::Http(HttpError::Stream(problem)) => {
            OdooFault::Unreachable { url, detail: root_cause(problem.as_ref()) }
        }
        other => OdooFault::Unreachable { url, detail: other.to_string() },
    }
}

/// A status that tells of no answer of Odoo's.
pub(in crate::odoo) fn status_fault(url: String, status: u16) -> OdooFault {
    match status {
        429 | 502 | 503 | 504 => OdooFault::Busy { url, status },
        300..=399 => OdooFault::NotOdoo {
            url,
            what: format!("a redirection (HTTP {status}; to https, perhaps)"),
            transient: false,
        },
        _ => OdooFault::NotOdoo { url, what: format!("HTTP {status}"), transient: status >= 500 },
    }
}

/// An answer that is not read to its end.
pub(in crate::odoo) fn too_large(url: String) -> OdooFault {
    OdooFault::NotOdoo { url, what: "more than 64 MiB at once".to_owned(), transient: false }
}

/// The innermost reason, which is the one that a person can use: "Connection refused (os error 111)".
pub(in crate::odoo) fn root_cause(problem: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = problem;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl Transport for JsonRpc {
    fn version(&self) -> PendingReply<'_, Value> {
        Box::pin(self.ask("common", "version", json!([]), "its version"))
    }

    fn spoken(&self) -> Spoken {
        Spoken { protocol: "JSON-RPC", why: "odoo.protocol = jsonrpc".to_owned() }
    }

    fn read_key_again(&self) -> bool {
        self.key.read_again()
    }

    fn authenticate(&self) -> PendingReply<'_, i64> {
        Box::pin(async move {
            let OdooSettings { database, login, .. } = &self.settings;
            let args = json!([database, login, self.key.current().expose_secret(), {}]);
            match self.ask("common", "authenticate", args, "the login").await? {
                // A wrong login or key is no error to Odoo.
                Value::Bool(false) => Err(OdooFault::AccessDenied { login: login.clone() }),
                answer => answer.as_i64().ok_or_else(|| OdooFault::Nonsense {
                    model: "the login".to_owned(),
                    detail: "the user's id is not a number".to_owned(),
                }),
            }
        })
    }

    fn server_now(&self) -> Option<DateTime<Utc>> {
        self.clock.now()
    }

    fn call<'a>(
        &'a self,
        uid: i64,
        model: &'a str,
        method: ReadMethod,
        mut arguments: Map<String, Value>,
    ) -> PendingReply<'a, Value> {
        // By position, as Odoo's own manual calls them: versions name this argument differently (`args` in
        // search_count of 14 and 15), and it has always been the first.
        let by_position = match method {
            ReadMethod::SearchCount | ReadMethod::SearchRead => Vec::from_iter(arguments.remove("domain")),
            ReadMethod::Read => Vec::from_iter(arguments.remove("ids")),
            ReadMethod::FieldsGet | ReadMethod::ContextGet => Vec::new(),
        };
        let key = self.key.current();
        let database = &self.settings.database;
        let args = json!([database, uid, key.expose_secret(), model, method.name(), by_position, arguments]);
        Box::pin(self.ask("object", "execute_kw", args, model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_writes_can_be_named() {
        let names: Vec<_> = ReadMethod::ALL.into_iter().map(ReadMethod::name).collect();
        assert_eq!(names, ["search_read", "search_count", "fields_get", "read", "context_get"]);
    }

    #[test]
    fn a_url_that_is_neither_http_nor_https_is_refused() {
        let url = url::Url::parse("ftp://odoo.example").unwrap();
        let fault = JsonRpc::new(OdooSettings::new(url, "db", "login", "key".into())).err().unwrap();
        assert_eq!(fault.kind(), "unreachable");
    }
}
