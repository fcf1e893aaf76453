//! What `doctor` says of the login to Odoo, and what it leaves in the database for the service beside it.

use chrono::Utc;

use super::findings::{Findings, Mark};
use super::opening::in_database;
use crate::config::Settings;
use crate::domain::login::KeyEnd;
use crate::store::connection::clock::database_now;
use crate::store::table::sync_passes;

/// The login worked: says when its key ends, and tells a service that Odoo refused before that another try is worth it.
pub(super) fn accepted(settings: &Settings, key_end: Option<KeyEnd>, findings: &mut Findings) {
    let now = Utc::now();
    match key_end {
        None => findings.note(Mark::Ok, "odoo.api_key", "Odoo tells of no end of it"),
        Some(end) if end.is_near(now) => findings.note(Mark::Warning, "odoo.api_key", end.advice(now)),
        Some(end) => findings.note(Mark::Ok, "odoo.api_key", end.words(now)),
    }
    let noted = in_database(settings, |conn| {
        let at = database_now(conn)?;
        sync_passes::accept_login(conn, at, key_end)
    });
    if let Err(problem) = noted {
        // That the database cannot be written was told above.
        tracing::debug!(error = %problem, "that the login works could not be noted");
    }
}

/// The login was refused: whether its key is known to have ended.
pub(super) fn refused(settings: &Settings) -> Option<String> {
    let now = Utc::now();
    let last = in_database(settings, sync_passes::load).ok().flatten().flatten()?;
    let end = last.login.key_end.filter(|end| end.at <= now)?;
    Some(end.words(now))
}
