//! JSON-2, Odoo's API from version 19 on: `POST /json/2/<model>/<method>` with a bearer key, named arguments and true
//! HTTP statuses.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonrpsee::http_client::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::http::{Http, HttpReply};
use super::retry::with_retries;
use crate::odoo::error::{FailedRequest, OdooFault, classify};
use crate::odoo::key::{ApiKey, conceal};
use crate::odoo::settings::OdooSettings;
use crate::odoo::transport::json_rpc::{PendingReply, ReadMethod, Spoken, Transport, status_fault};

/// Where an Odoo of 19 or later tells its version, without a login.
const VERSION: &str = "/web/version";
/// Names the database where a server has several. Odoo then keeps no session of the request either.
const DATABASE_HEADER: &str = "x-odoo-database";
/// Whose key it is, and what users are called.
const USERS: &str = "res.users";

/// `/json/2`: plain HTTP requests with JSON in them.
pub struct Json2 {
    http: Http,
    key: Arc<ApiKey>,
    settings: OdooSettings,
}

impl Json2 {
    /// Prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// [`OdooFault::Unreachable`] when the URL is of no kind that can be reached (neither http nor https).
    pub fn new(settings: OdooSettings) -> Result<Self, OdooFault> {
        let key = ApiKey::of(&settings);
        Self::with_key(settings, key)
    }

    /// As [`Json2::new`], with a key that others use as well.
    ///
    /// # Errors
    /// As [`Json2::new`].
    pub fn with_key(settings: OdooSettings, key: Arc<ApiKey>) -> Result<Self, OdooFault> {
        Ok(Self { http: Http::new(&settings)?, key, settings })
    }

    /// Whether something other than Odoo answers in the place of `/json/2`, or Odoo without it. Sends no key, so that it
    /// counts as no login, whatever is behind.
    ///
    /// # Errors
    /// Any [`OdooFault`] that keeps an answer away.
    pub async fn is_missing(&self) -> Result<bool, OdooFault> {
        let path = path_of(USERS, ReadMethod::ContextGet);
        let answer = with_retries(self.settings.retries, || async {
            let answer = self.http.send(&path, self.headers(None)?, Some("{}".to_owned())).await?;
            match self.transient(&answer) {
                Some(fault) => Err(fault),
                None => Ok(answer),
            }
        })
        .await?;
        // Odoo asks for a key (401). A database that it does not serve, or a proxy, has a page for it.
        Ok(matches!(answer.status, 300..=399 | 404 | 405) && said(&answer).is_none())
    }

    fn headers(&self, key: Option<&str>) -> Result<HeaderMap, OdooFault> {
        let mut headers = HeaderMap::new();
        // A name that no header can carry is no database's.
        let wrong = |_| OdooFault::WrongDatabase { database: self.settings.database.clone() };
        headers.insert(DATABASE_HEADER, HeaderValue::from_bytes(self.settings.database.as_bytes()).map_err(wrong)?);
        if let Some(key) = key {
            // Nor is what no header can carry a key.
            let mut bearer = HeaderValue::from_str(&format!("bearer {key}")).map_err(|_| self.refused())?;
            bearer.set_sensitive(true);
            headers.insert("authorization", bearer);
        }
        Ok(headers)
    }

    /// One call, tried again when that may help.
    async fn ask(&self, model: &str, method: ReadMethod, arguments: Map<String, Value>) -> Result<Value, OdooFault> {
        let path = path_of(model, method);
        let body = Value::Object(arguments).to_string();
        with_retries(self.settings.retries, || self.ask_once(&path, body.clone(), model)).await
    }

    async fn ask_once(&self, path: &str, body: String, model: &str) -> Result<Value, OdooFault> {
        let key = self.key.current();
        let headers = self.headers(Some(key.expose_secret()))?;
        let answer = self.http.send(path, headers, Some(body)).await?;
        if (200..300).contains(&answer.status) {
            return self.value(&answer);
        }
        if answer.status == 401 {
            return Err(self.refused());
        }
        if let Some(fault) = self.transient(&answer) {
            return Err(fault);
        }
        let Some(error) = self.error_in(&answer) else {
            let url = self.http.shown_url.clone();
            return Err(match answer.status {
                404 => OdooFault::NotServed { url, database: self.settings.database.clone() },
                status => status_fault(url, status),
            });
        };
        let asked = FailedRequest { database: &self.settings.database, login: &self.settings.login, model };
        let fault = classify(asked, answer.status.into(), "Odoo Server Error", &error);
        // A session that has expired is one that the key did not open.
        let is_session = error.get("name").and_then(Value::as_str).is_some_and(|name| name.contains("SessionExpired"));
        Err(if is_session { self.refused() } else { fault })
    }

    /// The error object that Odoo answered with, without the key.
    fn error_in(&self, answer: &HttpReply) -> Option<Value> {
        let error = said(answer)?;
        serde_json::from_str(&conceal(&self.key.current(), &error.to_string())).ok()
    }

    fn refused(&self) -> OdooFault {
        OdooFault::AccessDenied { login: self.settings.login.clone() }
    }

    /// What may pass by itself: somebody asks for patience, a lock was held, or something between us and Odoo failed.
    fn transient(&self, answer: &HttpReply) -> Option<OdooFault> {
        let url = self.http.shown_url.clone();
        match answer.status {
            409 | 429 | 502..=504 => Some(OdooFault::Busy { url, status: answer.status }),
            500.. if said(answer).is_none() => Some(status_fault(url, answer.status)),
            _ => None,
        }
    }

    /// A bare JSON value.
    fn value(&self, answer: &HttpReply) -> Result<Value, OdooFault> {
        serde_json::from_slice(&answer.body).map_err(|problem| {
            let first = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
            let what = match first {
                None | Some(b'<') => "HTML or nothing at all",
                Some(_) if problem.is_eof() => "an answer that was cut short",
                Some(_) => "broken JSON",
            };
            OdooFault::NotOdoo { url: self.http.shown_url.clone(), what: what.to_owned(), transient: true }
        })
    }

    /// The version, or the status with which there is none.
    pub(in crate::odoo) async fn told_version(&self) -> Result<Result<String, u16>, OdooFault> {
        with_retries(self.settings.retries, || async {
            let answer = self.http.send(VERSION, self.headers(None)?, None).await?;
            if let Some(fault) = self.transient(&answer) {
                return Err(fault);
            }
            let url = || self.http.shown_url.clone();
            match answer.status {
                200..=299 => match self.value(&answer)?.get("version").and_then(Value::as_str) {
                    Some(version) => Ok(Ok(version.to_owned())),
                    None => Err(OdooFault::NotOdoo {
                        url: url(),
                        what: "JSON of another kind".to_owned(),
                        transient: false,
                    }),
                },
                status => match self.error_in(&answer).filter(|_| status >= 500) {
                    Some(error) => {
                        let OdooSettings { database, login, .. } = &self.settings;
                        let asked = FailedRequest { database, login, model: "its version" };
                        Err(classify(asked, status.into(), "Odoo Server Error", &error))
                    }
                    None => Ok(Err(status)),
                },
            }
        })
        .await
    }

    /// Checks that the key belongs to `odoo.login`. The rights that count are the key's user's, not those of the login in
    /// the settings.
    async fn log_in(&self) -> Result<i64, OdooFault> {
        let nonsense = |detail: &str| OdooFault::Nonsense { model: "the login".to_owned(), detail: detail.to_owned() };
        let context = self.ask(USERS, ReadMethod::ContextGet, Map::new()).await?;
        let uid =
            context.get("uid").and_then(Value::as_i64).ok_or_else(|| nonsense("the user's id is not a number"))?;
        let mut arguments = Map::new();
        arguments.insert("ids".to_owned(), json!([uid]));
        arguments.insert("fields".to_owned(), json!(["login"]));
        let read = match self.ask(USERS, ReadMethod::Read, arguments).await {
            // A user who may not look at users, not even at itself, is taken at its word.
            Err(OdooFault::MissingRights { .. }) => return Ok(uid),
            read => read?,
        };
        let owner =
            read.pointer("/0/login").and_then(Value::as_str).ok_or_else(|| nonsense("the user has no login"))?;
        if owner != self.settings.login {
            return Err(OdooFault::KeyOfAnother { login: self.settings.login.clone(), owner: owner.to_owned() });
        }
        Ok(uid)
    }
}

fn path_of(model: &str, method: ReadMethod) -> String {
    format!("/json/2/{model}/{}", method.name())
}

/// The error object that Odoo answered with; `None` for whatever else was answered.
fn said(answer: &HttpReply) -> Option<Value> {
    serde_json::from_slice::<Value>(&answer.body).ok().filter(|body| body.get("name").is_some_and(Value::is_string))
}

impl Transport for Json2 {
    fn version(&self) -> PendingReply<'_, Value> {
        Box::pin(async move {
            match self.told_version().await? {
                Ok(version) => Ok(json!({"server_version": version})),
                Err(status @ 300..=399) => Err(status_fault(self.http.shown_url.clone(), status)),
                Err(status) => Err(OdooFault::NoJson2 { url: self.http.shown_url.clone(), status }),
            }
        })
    }

    fn spoken(&self) -> Spoken {
        Spoken { protocol: "JSON-2", why: "odoo.protocol = json2".to_owned() }
    }

    fn read_key_again(&self) -> bool {
        self.key.read_again()
    }

    fn authenticate(&self) -> PendingReply<'_, i64> {
        Box::pin(self.log_in())
    }

    fn server_now(&self) -> Option<DateTime<Utc>> {
        self.http.clock().now()
    }

    fn call<'a>(
        &'a self,
        _uid: i64,
        model: &'a str,
        method: ReadMethod,
        arguments: Map<String, Value>,
    ) -> PendingReply<'a, Value> {
        Box::pin(self.ask(model, method, arguments))
    }
}
