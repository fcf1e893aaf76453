//! When the service user's API keys end. Odoo lets a user see its own keys: their names and ends, never which of them a
//! request was made with.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::session::Session;
use crate::domain::login::KeyEnd;
use crate::odoo::error::OdooFault;

/// Odoo's model of them. Keys end from Odoo 18 on; before, it has no `expiration_date`.
const KEYS: &str = "res.users.apikeys";
const END: &str = "expiration_date";
/// The scope of keys for programs, where one is named.
const SCOPE: &str = "rpc";
/// More keys than a user of programs has.
const MOST: u32 = 200;

/// When the key ends that this session was opened with, as far as it can be told.
///
/// # Errors
/// An [`OdooFault`] that concerns the whole of Odoo. One that does not let the user see its keys is no fault.
pub async fn end(session: &Session, now: DateTime<Utc>) -> Result<Option<KeyEnd>, OdooFault> {
    let nothing_told = |fault: OdooFault| match fault {
        OdooFault::MissingRights { .. } | OdooFault::UnknownModel { .. } | OdooFault::Server { .. } => {
            tracing::debug!(%fault, "when the API key ends cannot be told");
            Ok(None)
        }
        fault => Err(fault),
    };
    match session.has_field(KEYS, END).await {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(fault) => return nothing_told(fault),
    }
    let mine = vec![json!(["user_id", "=", session.uid()])];
    let keys = match session.search_read(KEYS, mine, &["scope", END], "id", MOST).await {
        Ok(keys) => keys,
        Err(fault) => return nothing_told(fault),
    };
    let opens_this = keys.iter().filter(|key| match key.text("scope") {
        Ok(scope) => scope.is_none_or(|scope| scope == SCOPE),
        Err(_) => false,
    });
    // A date that cannot be read is taken for none.
    let ends: Vec<Option<DateTime<Utc>>> = opens_this.map(|key| key.moment(END).ok().flatten()).collect();
    // JSON-RPC takes a password, too: then the key is another's.
    let over_key = session.spoken().protocol == "JSON-2";
    Ok(KeyEnd::of(&ends, now).map(|end| KeyEnd { is_sure: end.is_sure && over_key, ..end }))
}
