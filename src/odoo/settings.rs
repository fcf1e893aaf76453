//! How to reach Odoo: the `[odoo]` section of the configuration, already validated.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use crate::domain::order::Wallet;
use crate::domain::text::url_without_secrets;

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
