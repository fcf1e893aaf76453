//! What works and is not safe: settings that are taken, and that `doctor` and the log warn of.

use super::Settings;
use crate::domain::value::text::url_without_secrets;
use crate::store::DatabaseUrl;
use crate::store::connection::file;
use crate::store::connection::host::is_this_machine;

/// Something that a person should change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caution {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong with it, and what to do.
    pub what: String,
}

impl Settings {
    /// What of these settings, and of the files they name, is not safe. Looks at files, and changes nothing.
    #[must_use]
    pub fn cautions(&self) -> Vec<Caution> {
        let mut found = Vec::new();
        if let Some(odoo) = &self.odoo
            && odoo.url.scheme() == "http"
            && !odoo.url.host_str().is_some_and(is_this_machine)
        {
            found.push(Caution {
                setting: "odoo.url",
                what: format!(
                    "{} is plain HTTP to another machine: the API key and the customers' names can be read on the way; \
                     use https://, or a tunnel",
                    url_without_secrets(odoo.url.as_str())
                ),
            });
        }
        match &self.database_url {
            DatabaseUrl::Sqlite(path) => {
                let open = file::open_to_others(path);
                if let Some((_, mode)) = open.first() {
                    let files: Vec<String> = open.iter().map(|(file, _)| file.display().to_string()).collect();
                    found.push(Caution {
                        setting: "database.url",
                        what: format!(
                            "others on this machine may read the ledger (permissions {mode:03o}); run: chmod 600 {}",
                            files.join(" ")
                        ),
                    });
                }
            }
            DatabaseUrl::Postgres(url) => {
                if let Some(host) = self.database_url.host_without_tls() {
                    found.push(Caution {
                        setting: "database.url",
                        what: format!(
                            "{} says no sslmode, and {host} is another machine: the password and all points may cross the \
                             network in the open; add ?sslmode=verify-full (or require), or sslmode=disable if the network \
                             is yours alone",
                            url_without_secrets(url)
                        ),
                    });
                }
            }
        }
        found
    }
}
