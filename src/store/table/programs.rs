//! Programs and their versions. A version's document is never edited.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::domain::value::ids::{ProgramId, SaleId};
use crate::store::codec::sale_ids;
use crate::store::schema::{program_versions, programs, recomputes};
use crate::store::{AnyConnection, StoreError, on_each};

/// One version of a program.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = program_versions, treat_none_as_default_value = false)]
pub struct VersionRow {
    /// Which program.
    pub program_id: i64,
    /// 1 for the first.
    pub version: i64,
    /// From when it holds, in microseconds; `None` from the beginning of time.
    pub effective_from_us: Option<i64>,
    /// From when it no longer does, in microseconds.
    pub archived_at_us: Option<i64>,
    /// The document as JSON.
    pub document: String,
    /// When it was put, in microseconds.
    pub created_at_us: i64,
    /// By whom.
    pub created_by: String,
}

/// Work left over from a put for the past, or from a member that enrolled or left.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = recomputes)]
pub struct RecomputeRow {
    /// Which piece of work.
    pub id: i64,
    /// Orders placed from here on are concerned, in microseconds; `None` for all.
    pub from_us: Option<i64>,
    after_sale_source: Option<i16>,
    after_sale_model: Option<i16>,
    after_sale_id: Option<i64>,
    /// Only this member's orders; `None` for everyone's.
    pub partner_id: Option<i64>,
    /// Who asked for it; `None` for what was read from Odoo.
    pub requested_by: Option<String>,
    /// Why, as the entries that come of it say.
    pub reason: Option<String>,
}

impl RecomputeRow {
    /// The orders up to this one are done; `None` when none is.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn after(&self) -> Result<Option<SaleId>, StoreError> {
        sale_ids::from_optional_columns(self.after_sale_source, self.after_sale_model, self.after_sale_id)
    }
}

/// Who has orders computed again, and why.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecomputeRequest<'a> {
    /// Whoever put, archived, enrolled or left; `None` for what was read from Odoo.
    pub by: Option<&'a str>,
    /// What that was.
    pub reason: Option<&'a str>,
}

/// Ours alone: "programs" in ASCII.
const GUARD: i64 = 0x7072_6f67_7261_6d73;

/// Until the transaction ends, no other one takes orders in, or puts or archives a version. What these do not see of each
/// other nobody would ever make good: an order that is being taken in while a version is put, which the recomputation does
/// not find yet; a sale and its refund that two processes take in side by side, each without the other. On SQLite the
/// transaction itself is the guard.
///
/// # Errors
/// [`StoreError`]
pub fn lock_sales_and_programs(conn: &mut AnyConnection) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<diesel::sql_types::BigInt, _>(GUARD)
            .execute(conn)?;
    }
    Ok(())
}

/// The id of a program's code, made when it is new. Writes first, so that two putting one code meet here.
///
/// # Errors
/// [`StoreError`]
pub fn ensure(conn: &mut AnyConnection, code: &str, now_us: i64) -> Result<i64, StoreError> {
    on_each!(conn, c => diesel::insert_into(programs::table)
        .values((programs::code.eq(code), programs::created_at_us.eq(now_us)))
        .on_conflict(programs::code)
        .do_nothing()
        .execute(c))?;
    if let AnyConnection::Postgres(conn) = conn {
        return Ok(programs::table.filter(programs::code.eq(code)).select(programs::id).for_update().first(conn)?);
    }
    Ok(programs::table.filter(programs::code.eq(code)).select(programs::id).first(conn)?)
}

/// All versions of all programs with their codes, by program and version.
///
/// # Errors
/// [`StoreError`]
pub fn load_all(conn: &mut AnyConnection) -> Result<Vec<(String, VersionRow)>, StoreError> {
    Ok(program_versions::table
        .inner_join(programs::table.on(programs::id.eq(program_versions::program_id)))
        .order((program_versions::program_id, program_versions::version))
        .select((programs::code, VersionRow::as_select()))
        .load(conn)?)
}

/// The codes of all programs.
///
/// # Errors
/// [`StoreError`]
pub fn codes(conn: &mut AnyConnection) -> Result<BTreeMap<ProgramId, String>, StoreError> {
    let rows: Vec<(i64, String)> = programs::table.select((programs::id, programs::code)).load(conn)?;
    Ok(rows.into_iter().map(|(id, code)| (ProgramId(id), code)).collect())
}

/// A number that changes whenever a version is added or archived: (how many versions, how many archived).
///
/// # Errors
/// [`StoreError`]
pub fn revision(conn: &mut AnyConnection) -> Result<(i64, i64), StoreError> {
    use diesel::dsl::count;
    Ok(program_versions::table
        .select((count(program_versions::version), count(program_versions::archived_at_us)))
        .first(conn)?)
}

/// Keeps a new version.
///
/// # Errors
/// [`StoreError`]
pub fn insert_version(conn: &mut AnyConnection, row: &VersionRow) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(program_versions::table).values(row).execute(c))?;
    Ok(())
}

/// Ends all versions of a program that have not ended.
///
/// # Errors
/// [`StoreError`]
pub fn archive(conn: &mut AnyConnection, program_id: i64, now_us: i64) -> Result<(), StoreError> {
    diesel::update(
        program_versions::table
            .filter(program_versions::program_id.eq(program_id))
            .filter(program_versions::archived_at_us.is_null()),
    )
    .set(program_versions::archived_at_us.eq(now_us))
    .execute(conn)?;
    Ok(())
}

/// A write that changes nothing, for transactions that must not read before they write.
///
/// # Errors
/// [`StoreError`]
pub fn touch(conn: &mut AnyConnection) -> Result<(), StoreError> {
    diesel::update(recomputes::table.filter(recomputes::id.eq(-1))).set(recomputes::id.eq(-1)).execute(conn)?;
    Ok(())
}

/// Notes that orders must be computed again because of what was read from Odoo.
///
/// # Errors
/// [`StoreError`]
pub fn request_recompute(
    conn: &mut AnyConnection,
    program_id: i64,
    partner_id: Option<i64>,
    from_us: Option<i64>,
    now_us: i64,
) -> Result<(), StoreError> {
    request_recompute_by(conn, program_id, partner_id, from_us, now_us, RecomputeRequest::default())
}

/// As [`request_recompute`], because somebody asked for it.
///
/// # Errors
/// [`StoreError`]
pub fn request_recompute_by(
    conn: &mut AnyConnection,
    program_id: i64,
    partner_id: Option<i64>,
    from_us: Option<i64>,
    now_us: i64,
    request: RecomputeRequest<'_>,
) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(recomputes::table)
        .values((
            recomputes::program_id.eq(program_id),
            recomputes::from_us.eq(from_us),
            recomputes::partner_id.eq(partner_id),
            recomputes::created_at_us.eq(now_us),
            recomputes::requested_by.eq(request.by),
            recomputes::reason.eq(request.reason),
        ))
        .execute(c))?;
    Ok(())
}

/// The oldest piece of work that is left.
///
/// # Errors
/// [`StoreError`]
pub fn next_recompute(conn: &mut AnyConnection) -> Result<Option<RecomputeRow>, StoreError> {
    Ok(recomputes::table.order(recomputes::id).select(RecomputeRow::as_select()).first(conn).optional()?)
}

/// Notes how far a piece of work has come; `None` when it is done.
///
/// # Errors
/// [`StoreError`]
pub fn advance_recompute(conn: &mut AnyConnection, id: i64, after: Option<SaleId>) -> Result<(), StoreError> {
    match after {
        Some(after) => diesel::update(recomputes::table.filter(recomputes::id.eq(id)))
            .set((
                recomputes::after_sale_source.eq(after.source.0),
                recomputes::after_sale_model.eq(after.model.code()),
                recomputes::after_sale_id.eq(after.id),
            ))
            .execute(conn)?,
        None => diesel::delete(recomputes::table.filter(recomputes::id.eq(id))).execute(conn)?,
    };
    Ok(())
}
