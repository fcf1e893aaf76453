//! How to reach Odoo: the `[odoo]` section of the configuration, already validated.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use crate::domain::sale::order::Wallet;
use crate::domain::value::text::url_without_secrets;

/// Which of Odoo's protocols is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// JSON-2 from Odoo 19 on, JSON-RPC before.
    #[default]
    Auto,
    /// `/jsonrpc`: each version has it, and 19 logs a warning for each call.
    JsonRpc,
    /// `/json/2`: from Odoo 19 on, with API keys alone.
    Json2,
}

impl Protocol {
    /// As it stands in the settings; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "jsonrpc" => Some(Self::JsonRpc),
            "json2" => Some(Self::Json2),
            _ => None,
        }
    }
}

/// The service user and its Odoo.
#[derive(Clone)]
pub struct OdooSettings {
    /// `https://shop.example.com`; a path in it is kept, `jsonrpc` is added to it.
    pub url: Url,
    /// The database's name.
    pub database: String,
    /// The service user's login.
    pub login: String,
    /// Its API key. A password works too, unless the user has two-factor authentication.
    pub api_key: SecretString,
    /// The file that the key came from: another key in it is used without a restart.
    pub api_key_file: Option<PathBuf>,
    /// Which of Odoo's protocols is spoken.
    pub protocol: Protocol,
    /// How long one request may take, in milliseconds.
    pub timeout_ms: u64,
    /// How often a request that failed for a transient reason is tried again.
    pub retries: u32,
    /// Whose points a purchase gives.
    pub wallet: Wallet,
}

/// Without what may be a secret: the key, and a password in the URL.
impl std::fmt::Debug for OdooSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OdooSettings")
            .field("url", &url_without_secrets(self.url.as_str()))
            .field("database", &self.database)
            .field("login", &self.login)
            .field("protocol", &self.protocol)
            .field("timeout_ms", &self.timeout_ms)
            .field("retries", &self.retries)
            .field("wallet", &self.wallet)
            .finish_non_exhaustive()
    }
}

impl OdooSettings {
    /// `timeout_ms` when nothing else is said: Odoo's slowest honest answers take a few seconds.
    pub const DEFAULT_TIMEOUT_MS: u64 = 30_000;
    /// `retries` when nothing else is said.
    pub const DEFAULT_RETRIES: u32 = 3;

    /// With the default timeout, retries and wallet.
    #[must_use]
    pub fn new(url: Url, database: &str, login: &str, api_key: SecretString) -> Self {
        Self {
            url,
            database: database.to_owned(),
            login: login.to_owned(),
            api_key,
            api_key_file: None,
            protocol: Protocol::default(),
            timeout_ms: Self::DEFAULT_TIMEOUT_MS,
            retries: Self::DEFAULT_RETRIES,
            wallet: Wallet::default(),
        }
    }

    /// How long one request may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The URL for messages: without user, password and whatever else may be secret.
    #[must_use]
    pub fn shown_url(&self) -> String {
        let mut shown = self.url.clone();
        // Both fail only for URLs without a host, which cannot be reached either.
        let _ = shown.set_password(None);
        let _ = shown.set_username("");
        shown.set_query(None);
        shown.set_fragment(None);
        shown.as_str().trim_end_matches('/').to_owned()
    }

    /// Where JSON-RPC is spoken: the URL with `jsonrpc` after its path.
    #[must_use]
    pub fn endpoint(&self) -> Url {
        let mut endpoint = self.url.clone();
        let path = format!("{}/jsonrpc", self.url.path().trim_end_matches('/'));
        endpoint.set_path(&path);
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        endpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_keeps_a_path() {
        for (url, endpoint) in [
            ("http://localhost:8069", "http://localhost:8069/jsonrpc"),
            ("https://x.example/odoo/?db=a#b", "https://x.example/odoo/jsonrpc"),
        ] {
            let settings = OdooSettings::new(Url::parse(url).unwrap(), "db", "login", "key".into());
            assert_eq!(settings.endpoint().as_str(), endpoint);
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        let url = Url::parse("http://localhost").unwrap();
        let settings = OdooSettings::new(url, "db", "login", "very-secret".into());
        assert!(!format!("{settings:?}").contains("very-secret"));
    }
}
