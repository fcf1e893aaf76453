//! How the last pass over Odoo went: one row, whichever process made it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::catalog::records::LastPass;
use crate::domain::login::{KeyEnd, LoginState};
use crate::store::connection::clock::from_us_opt;
use crate::store::schema::sync_passes;
use crate::store::{AnyConnection, SOURCE, StoreError, on_each};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sync_passes, treat_none_as_default_value = false)]
struct PassRow {
    source: i16,
    began_at_us: Option<i64>,
    ended_at_us: Option<i64>,
    last_error: Option<String>,
    odoo_reachable: bool,
    odoo_version: Option<String>,
    login_refused: bool,
    login_accepted_us: Option<i64>,
    key_ends_us: Option<i64>,
    key_is_sure: bool,
}

/// The last pass; `None` before the first.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection) -> Result<Option<LastPass>, StoreError> {
    let row: Option<PassRow> = sync_passes::table
        .filter(sync_passes::source.eq(SOURCE))
        .select(PassRow::as_select())
        .first(conn)
        .optional()?;
    row.map(|row| {
        let key_end = from_us_opt(row.key_ends_us)?.map(|at| KeyEnd { at, is_sure: row.key_is_sure });
        let login = LoginState {
            // An older version beside this one ends its passes without a word of the login.
            refused: row.login_refused && row.last_error.is_some(),
            accepted_at: from_us_opt(row.login_accepted_us)?,
            key_end,
        };
        Ok(LastPass {
            complete: from_us_opt(row.began_at_us)?.zip(from_us_opt(row.ended_at_us)?),
            login,
            error: row.last_error,
            odoo_reachable: row.odoo_reachable,
            odoo_version: row.odoo_version,
        })
    })
    .transpose()
}

/// Up to when captured holds were looked at; `None` when they never were.
///
/// # Errors
/// [`StoreError`]
pub fn captures_reviewed(conn: &mut AnyConnection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at_us: Option<Option<i64>> = sync_passes::table
        .filter(sync_passes::source.eq(SOURCE))
        .select(sync_passes::captures_reviewed_us)
        .first(conn)
        .optional()?;
    from_us_opt(at_us.flatten())
}

/// Notes up to when captured holds were looked at. Another process may have come further.
///
/// # Errors
/// [`StoreError`]
pub fn set_captures_reviewed(conn: &mut AnyConnection, upto: DateTime<Utc>) -> Result<(), StoreError> {
    let upto_us = upto.timestamp_micros();
    let is_behind = sync_passes::captures_reviewed_us.is_null().or(sync_passes::captures_reviewed_us.lt(upto_us));
    diesel::update(sync_passes::table.filter(sync_passes::source.eq(SOURCE)).filter(is_behind))
        .set(sync_passes::captures_reviewed_us.eq(upto_us))
        .execute(conn)?;
    Ok(())
}

/// Notes that a process has logged in to Odoo, outside of any pass, and when its key ends.
///
/// # Errors
/// [`StoreError`]
pub fn accept_login(conn: &mut AnyConnection, at: DateTime<Utc>, key_end: Option<KeyEnd>) -> Result<(), StoreError> {
    diesel::update(sync_passes::table.filter(sync_passes::source.eq(SOURCE)))
        .set((
            sync_passes::login_accepted_us.eq(Some(at.timestamp_micros())),
            sync_passes::key_ends_us.eq(key_end.map(|end| end.at.timestamp_micros())),
            sync_passes::key_is_sure.eq(key_end.is_some_and(|end| end.is_sure)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Keeps how a pass went.
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, pass: &LastPass) -> Result<(), StoreError> {
    let row = PassRow {
        source: SOURCE,
        began_at_us: pass.complete.map(|(began, _)| began.timestamp_micros()),
        ended_at_us: pass.complete.map(|(_, ended)| ended.timestamp_micros()),
        last_error: pass.error.clone(),
        odoo_reachable: pass.odoo_reachable,
        odoo_version: pass.odoo_version.clone(),
        login_refused: pass.login.refused,
        login_accepted_us: pass.login.accepted_at.map(|at| at.timestamp_micros()),
        key_ends_us: pass.login.key_end.map(|end| end.at.timestamp_micros()),
        key_is_sure: pass.login.key_end.is_some_and(|end| end.is_sure),
    };
    on_each!(conn, c => diesel::insert_into(sync_passes::table)
        .values(&row)
        .on_conflict(sync_passes::source)
        .do_update()
        .set((
            sync_passes::began_at_us.eq(excluded(sync_passes::began_at_us)),
            sync_passes::ended_at_us.eq(excluded(sync_passes::ended_at_us)),
            sync_passes::last_error.eq(excluded(sync_passes::last_error)),
            sync_passes::odoo_reachable.eq(excluded(sync_passes::odoo_reachable)),
            sync_passes::odoo_version.eq(excluded(sync_passes::odoo_version)),
            sync_passes::login_refused.eq(excluded(sync_passes::login_refused)),
            sync_passes::login_accepted_us.eq(excluded(sync_passes::login_accepted_us)),
            sync_passes::key_ends_us.eq(excluded(sync_passes::key_ends_us)),
            sync_passes::key_is_sure.eq(excluded(sync_passes::key_is_sure)),
        ))
        .execute(c))?;
    Ok(())
}
