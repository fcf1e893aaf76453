//! `[odoo]`: the Odoo that is read.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::declared::{SettingType, section};
use super::{BadSetting, bad};
use crate::domain::sale::order::Wallet;
use crate::domain::value::text::url_without_secrets;
use crate::odoo::{OdooSettings, Protocol, key};

/// How often a request is tried again at most, whatever the settings say.
const MOST_RETRIES: u32 = 20;

section! {
    /// The section, as it is written.
    OdooSection = "odoo" {
        url: Option<String> = None,
            SettingType::Text("`https://…`"),
            "The Odoo to read. With `odoo.database`, `odoo.login` and an API key it goes together; without all of them nothing \
             is read.",
            Example::Needed("\"https://shop.example.com\"");
        database: Option<String> = None,
            SettingType::Text("name"),
            "Odoo's database.",
            Example::Needed("\"shop\"");
        login: Option<String> = None,
            SettingType::Text("login"),
            "The service user.",
            Example::Needed("\"loyalty\"");
        api_key: Option<SecretString> = None,
            SettingType::Text("secret"),
            "An API key of the service user (My Preferences, Security). Choose the longest duration: reading stops when the key \
             ends.",
            Example::Needed("\"…\"");
        api_key_file: Option<PathBuf> = None,
            SettingType::Text("path"),
            "The file that holds the API key, instead of `odoo.api_key`. A new key in it is used within a minute, without a \
             restart.",
            Example::Such("\"/run/secrets/odoo_api_key\"");
        protocol: String = "auto".to_owned(),
            SettingType::Choice(&["auto", "jsonrpc", "json2"]),
            "`auto` takes JSON-2 from Odoo 19 on, and JSON-RPC before. A key that Odoo refuses is never tried over the other.";
        timeout_ms: u64 = OdooSettings::DEFAULT_TIMEOUT_MS,
            SettingType::at_least("milliseconds", 100),
            "How long one request may take.";
        retries: u32 = OdooSettings::DEFAULT_RETRIES,
            SettingType::number("times"),
            "How often a request is tried again after a fault that passes, at most 20. A refused login is never tried again.";
        wallet: Wallet = Wallet::Contact,
            SettingType::Choice(&["contact", "company"]),
            "Whose points an order's are: its contact's, or those of the contact's company. An order keeps its owner from its \
             first reading.";
    }
}

impl OdooSection {
    /// The Odoo to read; `None` when none is set.
    pub(super) fn validate(self) -> Result<Option<OdooSettings>, BadSetting> {
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        let api_key = self.api_key()?;
        if blank(&self.url) && blank(&self.database) && blank(&self.login) && api_key.is_none() {
            return Ok(None);
        }
        self.check_ranges()?;
        let text = given("odoo.url", self.url)?;
        let url = Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
            .ok_or_else(|| {
                let shown = url_without_secrets(&text);
                bad(format!("odoo.url: “{shown}” is no address of a web server, such as https://shop.example.com"))
            })?;
        let database = given("odoo.database", self.database)?;
        let login = given("odoo.login", self.login)?;
        let api_key = api_key.ok_or_else(|| {
            bad("odoo.api_key is missing: make one in Odoo under My Preferences, Security, or name its file in odoo.api_key_file")
        })?;
        let mut odoo = OdooSettings::new(url, &database, &login, api_key);
        odoo.timeout_ms = self.timeout_ms;
        odoo.retries = self.retries.min(MOST_RETRIES);
        odoo.wallet = self.wallet;
        odoo.api_key_file = self.api_key_file;
        odoo.protocol = Protocol::parse(&self.protocol)
            .ok_or_else(|| bad(format!("odoo.protocol: “{}” is none; choose auto, jsonrpc or json2", self.protocol)))?;
        if odoo.protocol == Protocol::Json2 && odoo.url.password().is_some() {
            return Err(bad(
                "odoo.protocol: json2 sends the API key in the header that the password in odoo.url goes into; take the \
                 password out of odoo.url, or set jsonrpc",
            ));
        }
        Ok(Some(odoo))
    }

    /// The key itself, from wherever it is.
    fn api_key(&self) -> Result<Option<SecretString>, BadSetting> {
        match (&self.api_key, &self.api_key_file) {
            (Some(_), Some(_)) => Err(bad("odoo.api_key and odoo.api_key_file are both set: choose one")),
            (Some(key), None) => Ok(Some(key.clone())),
            (None, Some(path)) => key::read_file(path)
                .map(Some)
                .map_err(|problem| bad(format!("odoo.api_key_file: {} cannot be read: {problem}", path.display()))),
            (None, None) => Ok(None),
        }
    }
}

/// One of those that go together.
fn given(name: &str, value: Option<String>) -> Result<String, BadSetting> {
    value
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| bad(format!("{name} is missing: url, database, login and api_key of [odoo] go together")))
}
