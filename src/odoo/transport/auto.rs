//! Which protocol to speak: JSON-2 from Odoo 19 on, JSON-RPC before.
//!
//! Only the version and whether `/json/2` is there at all decide, both asked without a key. A key that is refused is
//! refused: it is never tried again over the other protocol, where a password or another check might let it in and hide
//! that it was revoked.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::json2::Json2;
use crate::odoo::error::OdooFault;
use crate::odoo::key::ApiKey;
use crate::odoo::settings::{OdooSettings, Protocol};
use crate::odoo::transport::json_rpc::{JsonRpc, PendingReply, ReadMethod, Spoken, Transport};

/// The first version with JSON-2.
const FIRST: u32 = 19;

/// The transport that the settings ask for.
///
/// # Errors
/// [`OdooFault::Unreachable`] when the URL is of no kind that can be reached.
pub fn transport(settings: OdooSettings) -> Result<Arc<dyn Transport>, OdooFault> {
    Ok(match settings.protocol {
        Protocol::JsonRpc => Arc::new(JsonRpc::new(settings)?),
        Protocol::Json2 => Arc::new(Json2::new(settings)?),
        Protocol::Auto => Arc::new(Auto::new(settings)?),
    })
}

/// Whichever of both this Odoo is best asked in.
pub struct Auto {
    json_rpc: JsonRpc,
    json2: Json2,
    key: Arc<ApiKey>,
    /// Whether the key is sent in a header that the URL's password would take.
    has_password: bool,
    chosen: RwLock<Option<Choice>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    json2: bool,
    why: String,
}

impl Auto {
    /// Prepares both; nothing is sent yet.
    ///
    /// # Errors
    /// [`OdooFault::Unreachable`] when the URL is of no kind that can be reached.
    pub fn new(settings: OdooSettings) -> Result<Self, OdooFault> {
        let key = ApiKey::of(&settings);
        let has_password = settings.url.password().is_some();
        let json2 = Json2::with_key(settings.clone(), Arc::clone(&key))?;
        let json_rpc = JsonRpc::with_key(settings, Arc::clone(&key))?;
        Ok(Self { json_rpc, json2, key, has_password, chosen: RwLock::default() })
    }

    fn chosen(&self) -> Option<Choice> {
        self.chosen.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one that is spoken: JSON-RPC until a version was told, which every session asks first.
    fn spoken_one(&self) -> &dyn Transport {
        if self.chosen().is_some_and(|choice| choice.json2) { &self.json2 } else { &self.json_rpc }
    }

    fn choose(&self, json2: bool, why: String) {
        let choice = Choice { json2, why };
        if self.chosen().as_ref() != Some(&choice) {
            let protocol = if json2 { "JSON-2" } else { "JSON-RPC" };
            tracing::info!("Odoo is read over {protocol} ({})", choice.why);
            *self.chosen.write().unwrap_or_else(PoisonError::into_inner) = Some(choice);
        }
    }

    /// Asks for the version, and chooses by it. Asked anew with each session, so that an Odoo that was brought up to date is
    /// noticed without a restart.
    async fn decide(&self) -> Result<Value, OdooFault> {
        if self.has_password {
            let told = self.json_rpc.version().await?;
            self.choose(false, "odoo.url carries a password, which leaves no place for JSON-2's key".to_owned());
            return Ok(told);
        }
        let told = match self.json2.told_version().await {
            Ok(Ok(version)) => json!({"server_version": version}),
            // Before 19 there is no such page. One that is held back may hide any version.
            Ok(Err(_)) | Err(OdooFault::NotOdoo { .. }) => self.json_rpc.version().await?,
            Err(fault) => return Err(fault),
        };
        let version = told.get("server_version").and_then(Value::as_str).unwrap_or_default();
        if !has_json2(version) {
            self.choose(false, format!("odoo.protocol = auto, and version {version} has no JSON-2"));
        } else if self.chosen().is_some_and(|choice| choice.json2) || !self.json2.is_missing().await? {
            self.choose(true, format!("odoo.protocol = auto, and this is version {version}"));
        } else {
            self.choose(
                false,
                format!(
                    "odoo.protocol = auto, and version {version} has JSON-2, but /json/2 is not answered for \
                     odoo.database: a proxy may hold it back"
                ),
            );
        }
        Ok(told)
    }
}

/// Whether a version ("19.0", "saas~19.1+e", "14.0-20230101") is one that has JSON-2.
fn has_json2(version: &str) -> bool {
    major(version).is_some_and(|major| major >= FIRST)
}

/// The first number of a version.
pub(in crate::odoo) fn major(version: &str) -> Option<u32> {
    let digits = version.chars().skip_while(|letter| !letter.is_ascii_digit());
    digits.take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

impl Transport for Auto {
    fn version(&self) -> PendingReply<'_, Value> {
        Box::pin(self.decide())
    }

    fn spoken(&self) -> Spoken {
        match self.chosen() {
            Some(Choice { json2, why }) => Spoken { protocol: if json2 { "JSON-2" } else { "JSON-RPC" }, why },
            None => {
                Spoken { protocol: "JSON-2 or JSON-RPC", why: "odoo.protocol = auto, and no version yet".to_owned() }
            }
        }
    }

    fn read_key_again(&self) -> bool {
        self.key.read_again()
    }

    fn authenticate(&self) -> PendingReply<'_, i64> {
        self.spoken_one().authenticate()
    }

    fn server_now(&self) -> Option<DateTime<Utc>> {
        self.spoken_one().server_now()
    }

    fn call<'a>(
        &'a self,
        uid: i64,
        model: &'a str,
        method: ReadMethod,
        arguments: Map<String, Value>,
    ) -> PendingReply<'a, Value> {
        self.spoken_one().call(uid, model, method, arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json2_is_of_19_and_what_follows() {
        for (version, has_it) in [
            ("14.0-20230101", false),
            ("18.0", false),
            ("saas~18.4", false),
            ("19.0", true),
            ("saas~19.1+e", true),
            ("20.0", true),
            ("", false),
        ] {
            assert_eq!(has_json2(version), has_it, "{version}");
        }
    }
}
