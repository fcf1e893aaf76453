//! Exceptions: what a manager must look at, because the service will not guess.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::schema::exceptions;
use super::{AnyConnection, StoreError, on_each};
use crate::domain::book::Exception;

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = exceptions, treat_none_as_default_value = false)]
pub struct ExceptionRow {
    /// Its UUID.
    pub id: String,
    /// The same trouble found again has the same key.
    pub dedupe_key: String,
    /// What kind of trouble: a word such as `hold_expired`.
    pub kind: String,
    /// The customer.
    pub partner_id: Option<i64>,
    /// `pos.order.id`
    pub order_id: Option<i64>,
    /// `pos.order.uuid`
    pub order_uuid: Option<String>,
    /// `pos.order.name`
    pub order_name: Option<String>,
    /// A sentence for the manager.
    pub detail: String,
    /// When it was found, in microseconds.
    pub at_us: i64,
    /// `open` or `resolved`.
    pub state: String,
    /// When it was resolved, in microseconds.
    pub resolved_at_us: Option<i64>,
    /// By whom.
    pub resolved_by: Option<String>,
    /// What the manager wrote.
    pub note: Option<String>,
}

impl ExceptionRow {
    /// A new exception, open.
    #[must_use]
    pub fn new(exception: &Exception, now: DateTime<Utc>) -> Self {
        Self {
            id: exception.id.to_string(),
            dedupe_key: exception.dedupe_key.clone(),
            kind: exception.kind.to_owned(),
            partner_id: exception.partner_id.map(|id| id.0),
            order_id: exception.order.id.map(|id| id.0),
            order_uuid: exception.order.uuid.clone(),
            order_name: exception.order.name.clone(),
            detail: exception.detail.clone(),
            at_us: now.timestamp_micros(),
            state: "open".to_owned(),
            resolved_at_us: None,
            resolved_by: None,
            note: None,
        }
    }
}

/// Keeps a new exception; one with the same key stays as it is. Whether it was new.
///
/// # Errors
/// [`StoreError`]
pub fn insert(conn: &mut AnyConnection, row: &ExceptionRow) -> Result<bool, StoreError> {
    let inserted = on_each!(conn, c => diesel::insert_into(exceptions::table)
        .values(row)
        .on_conflict(exceptions::dedupe_key)
        .do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Exceptions, newest first.
///
/// # Errors
/// [`StoreError`]
pub fn list(conn: &mut AnyConnection, state: Option<&str>) -> Result<Vec<ExceptionRow>, StoreError> {
    on_each!(conn, c => {
        let mut query = exceptions::table
            .select(ExceptionRow::as_select())
            .order((exceptions::at_us.desc(), exceptions::id.desc()))
            .into_boxed();
        if let Some(state) = state {
            query = query.filter(exceptions::state.eq(state));
        }
        Ok(query.load(c)?)
    })
}

/// Marks an exception as resolved. `None` when there is none of this id; an exception that was resolved
/// before keeps its first note.
///
/// # Errors
/// [`StoreError`]
pub fn resolve(
    conn: &mut AnyConnection,
    id: &str,
    note: &str,
    by: &str,
    now_us: i64,
) -> Result<Option<()>, StoreError> {
    let changed = diesel::update(exceptions::table.filter(exceptions::id.eq(id)).filter(exceptions::state.eq("open")))
        .set((
            exceptions::state.eq("resolved"),
            exceptions::resolved_at_us.eq(now_us),
            exceptions::resolved_by.eq(by),
            exceptions::note.eq(note),
        ))
        .execute(conn)?;
    if changed == 1 {
        return Ok(Some(()));
    }
    let known: i64 = exceptions::table.filter(exceptions::id.eq(id)).count().get_result(conn)?;
    Ok((known == 1).then_some(()))
}

/// How many are open.
///
/// # Errors
/// [`StoreError`]
pub fn count_open(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(exceptions::table.filter(exceptions::state.eq("open")).count().get_result(conn)?)
}

/// The open ones of a kind, oldest first.
///
/// # Errors
/// [`StoreError`]
pub fn open_of_kind(conn: &mut AnyConnection, kind: &str) -> Result<Vec<ExceptionRow>, StoreError> {
    Ok(exceptions::table
        .filter(exceptions::state.eq("open"))
        .filter(exceptions::kind.eq(kind))
        .order((exceptions::at_us, exceptions::id))
        .select(ExceptionRow::as_select())
        .load(conn)?)
}
