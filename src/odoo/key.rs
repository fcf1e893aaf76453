//! The API key: read again from its file, so that a new one is used without a restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::settings::OdooSettings;

/// The key that is used now, and the file it came from.
pub struct ApiKey {
    file: Option<PathBuf>,
    current: RwLock<SecretString>,
}

impl ApiKey {
    /// The key of these settings.
    #[must_use]
    pub fn of(settings: &OdooSettings) -> Arc<Self> {
        Arc::new(Self { file: settings.api_key_file.clone(), current: RwLock::new(settings.api_key.clone()) })
    }

    /// The key to use for the next request.
    #[must_use]
    pub fn current(&self) -> SecretString {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the key's file again; whether it holds another key than before. A file that is gone, or still empty
    /// because it is being written, changes nothing.
    #[must_use]
    pub fn read_again(&self) -> bool {
        let Some(read) = self.file.as_deref().and_then(|file| read_file(file).ok()) else { return false };
        let is_new = !read.expose_secret().is_empty() && read.expose_secret() != self.current().expose_secret();
        if is_new {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
            tracing::info!("odoo.api_key_file holds another key: it is used from now on");
        }
        is_new
    }
}

/// The key in a file, without the space around it.
///
/// # Errors
/// When the file cannot be read.
pub fn read_file(file: &Path) -> std::io::Result<SecretString> {
    std::fs::read_to_string(file).map(|text| SecretString::from(text.trim().to_owned()))
}

/// An Odoo that fails may repeat what it was sent: the key goes no further, as it is or as JSON writes it.
#[must_use]
pub fn conceal(key: &SecretString, text: &str) -> String {
    let key = key.expose_secret();
    if key.is_empty() {
        return text.to_owned();
    }
    let as_json = json!(key).to_string();
    text.replace(as_json.trim_matches('"'), "…").replace(key, "…")
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn the_key_is_taken_out_of_what_odoo_says() {
        let key = SecretString::from("a\"b\\c");
        assert_eq!(conceal(&key, r#"{"message": "('a\"b\\c')"}"#), r#"{"message": "('…')"}"#);
        assert_eq!(conceal(&key, "login a\"b\\c failed"), "login … failed");
        assert_eq!(conceal(&SecretString::from(""), "as it is"), "as it is");
    }

    #[test]
    fn a_file_that_changes_brings_another_key_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let mut settings = OdooSettings::new(Url::parse("http://odoo").unwrap(), "db", "login", "first".into());
        assert!(!ApiKey::of(&settings).read_again(), "without a file the key stays");
        settings.api_key_file = Some(file.clone());
        let key = ApiKey::of(&settings);
        assert!(!key.read_again(), "no file yet");
        for (written, is_new, now) in [
            ("first\n", false, "first"),
            ("", false, "first"),
            (" second \n", true, "second"),
            ("second", false, "second"),
        ] {
            std::fs::write(&file, written).unwrap();
            assert_eq!(key.read_again(), is_new, "{written:?}");
            assert_eq!(key.current().expose_secret(), now);
        }
    }
}
