//! Exceptions: what a manager must look at, because the service will not guess.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::domain::ledger::state::Exception;
use crate::domain::value::ids::SaleId;
use crate::store::codec::sale_ids;
use crate::store::schema::exceptions;
use crate::store::{AnyConnection, CHUNK, StoreError, on_each};

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = exceptions, treat_none_as_default_value = false)]
pub struct ExceptionRow {
    /// Its UUID.
    pub id: String,
    /// The same exception found again has the same key.
    pub dedupe_key: String,
    /// What kind: a word such as `hold_expired`.
    pub kind: String,
    /// The customer.
    pub partner_id: Option<i64>,
    sale_source: Option<i16>,
    sale_model: Option<i16>,
    /// The number of the order in its system.
    pub sale_id: Option<i64>,
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
    /// For whom, as the caller said.
    pub resolved_on_behalf_of: Option<String>,
}

/// How a manager dealt with an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// What the manager writes.
    pub note: String,
    /// Who calls.
    pub by: String,
    /// For whom, as the caller says.
    pub on_behalf_of: Option<String>,
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
            sale_source: exception.order.id.map(|sale| sale.source.0),
            sale_model: exception.order.id.map(|sale| sale.model.code()),
            sale_id: exception.order.id.map(|sale| sale.id),
            order_uuid: exception.order.uuid.clone(),
            order_name: exception.order.name.clone(),
            detail: exception.detail.clone(),
            at_us: now.timestamp_micros(),
            state: "open".to_owned(),
            resolved_at_us: None,
            resolved_by: None,
            note: None,
            resolved_on_behalf_of: None,
        }
    }

    /// The sale that it is about.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn sale(&self) -> Result<Option<SaleId>, StoreError> {
        sale_ids::from_optional_columns(self.sale_source, self.sale_model, self.sale_id)
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

/// A place in the list of exceptions: strictly older than this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionPlace {
    /// When it was found, in microseconds.
    pub at_us: i64,
    /// Its id, where the moment is the same.
    pub id: String,
}

impl ExceptionPlace {
    /// From its text; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at_us, id) = text.split_once('.')?;
        let id = uuid::Uuid::try_parse(id).ok()?.hyphenated().to_string();
        Some(Self { at_us: at_us.parse().ok()?, id })
    }

    /// As the API shows it: opaque.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}.{}", self.at_us, self.id)
    }
}

impl From<&ExceptionRow> for ExceptionPlace {
    fn from(row: &ExceptionRow) -> Self {
        Self { at_us: row.at_us, id: row.id.clone() }
    }
}

/// Which exceptions to list; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExceptionFilter {
    /// `open` or `resolved`.
    pub state: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// About this customer.
    pub partner_id: Option<i64>,
    /// Older than this one.
    pub before: Option<ExceptionPlace>,
}

/// Exceptions, newest first; at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn list(conn: &mut AnyConnection, filter: &ExceptionFilter, limit: i64) -> Result<Vec<ExceptionRow>, StoreError> {
    on_each!(conn, c => {
        let mut query = exceptions::table
            .select(ExceptionRow::as_select())
            .order((exceptions::at_us.desc(), exceptions::id.desc()))
            .limit(limit)
            .into_boxed();
        match filter.state.as_deref() {
            // Written out, not bound: only so does SQLite use the index of what is open.
            Some("open") => query = query.filter(sql::<Bool>("exceptions.state = 'open'")),
            Some(state) => query = query.filter(exceptions::state.eq(state)),
            None => {}
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(exceptions::kind.eq(kind));
        }
        if let Some(partner) = filter.partner_id {
            query = query.filter(exceptions::partner_id.eq(partner));
        }
        if let Some(ExceptionPlace { at_us, id }) = &filter.before {
            let older = exceptions::at_us.lt(*at_us).or(exceptions::at_us.eq(*at_us).and(exceptions::id.lt(id)));
            query = query.filter(older);
        }
        Ok(query.load(c)?)
    })
}

/// Closes exceptions whose cause is over, for the service itself. One that a manager resolved stays as it is.
///
/// # Errors
/// [`StoreError`]
pub fn close(conn: &mut AnyConnection, ids: &[String], note: &str, now_us: i64) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        diesel::update(exceptions::table.filter(exceptions::id.eq_any(chunk)).filter(exceptions::state.eq("open")))
            .set((
                exceptions::state.eq("resolved"),
                exceptions::resolved_at_us.eq(now_us),
                exceptions::resolved_by.eq("loyalty-sidecar"),
                exceptions::note.eq(note),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Those of these keys under which an exception was raised.
///
/// # Errors
/// [`StoreError`]
pub fn raised(conn: &mut AnyConnection, keys: &[String]) -> Result<BTreeSet<String>, StoreError> {
    let mut found = BTreeSet::new();
    for chunk in keys.chunks(CHUNK) {
        let known: Vec<String> =
            exceptions::table.filter(exceptions::dedupe_key.eq_any(chunk)).select(exceptions::dedupe_key).load(conn)?;
        found.extend(known);
    }
    Ok(found)
}

/// Whether there is an exception of this id and kind.
///
/// # Errors
/// [`StoreError`]
pub fn exists(conn: &mut AnyConnection, id: &str, kind: &str) -> Result<bool, StoreError> {
    let known: i64 =
        exceptions::table.filter(exceptions::id.eq(id)).filter(exceptions::kind.eq(kind)).count().get_result(conn)?;
    Ok(known == 1)
}

/// Marks an exception as resolved. `None` when there is none of this id; an exception that was resolved
/// before keeps its first note.
///
/// # Errors
/// [`StoreError`]
pub fn resolve(
    conn: &mut AnyConnection,
    id: &str,
    resolution: &Resolution,
    now_us: i64,
) -> Result<Option<()>, StoreError> {
    let changed = diesel::update(exceptions::table.filter(exceptions::id.eq(id)).filter(exceptions::state.eq("open")))
        .set((
            exceptions::state.eq("resolved"),
            exceptions::resolved_at_us.eq(now_us),
            exceptions::resolved_by.eq(&resolution.by),
            exceptions::note.eq(&resolution.note),
            exceptions::resolved_on_behalf_of.eq(&resolution.on_behalf_of),
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
    Ok(exceptions::table.filter(sql::<Bool>("exceptions.state = 'open'")).count().get_result(conn)?)
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

/// The state of the exception of this key; `None` when there is none.
///
/// # Errors
/// [`StoreError`]
pub fn state_of(conn: &mut AnyConnection, dedupe_key: &str) -> Result<Option<String>, StoreError> {
    let found = exceptions::table.filter(exceptions::dedupe_key.eq(dedupe_key)).select(exceptions::state);
    Ok(found.first(conn).optional()?)
}

/// Says of an open exception what is so now.
///
/// # Errors
/// [`StoreError`]
pub fn update_detail(conn: &mut AnyConnection, dedupe_key: &str, detail: &str) -> Result<(), StoreError> {
    let open = exceptions::dedupe_key.eq(dedupe_key).and(exceptions::state.eq("open"));
    diesel::update(exceptions::table.filter(open)).set(exceptions::detail.eq(detail)).execute(conn)?;
    Ok(())
}

/// Marks the open exception of this key as resolved, if there is one.
///
/// # Errors
/// [`StoreError`]
pub fn resolve_key(
    conn: &mut AnyConnection,
    dedupe_key: &str,
    note: &str,
    by: &str,
    now_us: i64,
) -> Result<(), StoreError> {
    let open = exceptions::dedupe_key.eq(dedupe_key).and(exceptions::state.eq("open"));
    diesel::update(exceptions::table.filter(open))
        .set((
            exceptions::state.eq("resolved"),
            exceptions::resolved_at_us.eq(now_us),
            exceptions::resolved_by.eq(by),
            exceptions::note.eq(note),
        ))
        .execute(conn)?;
    Ok(())
}
