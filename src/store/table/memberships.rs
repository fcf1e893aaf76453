//! Who is enrolled in which program, and when it was.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::domain::member::membership::{Membership, Period};
use crate::domain::value::ids::{PartnerId, ProgramId};
use crate::store::connection::clock::{from_us, from_us_opt};
use crate::store::connection::prepared::{load_prepared, padded};
use crate::store::schema::memberships;
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, on_each};

/// Memberships by member and program; those who never enrolled are absent.
pub type Memberships = BTreeMap<(PartnerId, ProgramId), Membership>;

/// The memberships of these members in all programs.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, members: &BTreeSet<PartnerId>) -> Result<Memberships, StoreError> {
    let ids: Vec<i64> = members.iter().map(|id| id.0).collect();
    let mut found = Memberships::new();
    for chunk in ids.chunks(CHUNK) {
        let query = memberships::table
            .filter(memberships::source.eq(SOURCE))
            .filter(memberships::partner_id.eq_any(padded(chunk.iter().copied())))
            .order((memberships::partner_id, memberships::program_id, memberships::enrolled_at_us))
            .select((
                memberships::partner_id,
                memberships::program_id,
                memberships::enrolled_at_us,
                memberships::left_at_us,
            ));
        found.extend(from_rows(load_prepared!(conn, query, chunk.len())?)?);
    }
    Ok(found)
}

/// Of rows in their order: member, program, from when, until when.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn from_rows(rows: Vec<(i64, i64, i64, Option<i64>)>) -> Result<Memberships, StoreError> {
    let mut found = Memberships::new();
    for (partner, program, enrolled_at, left_at) in rows {
        let period = Period { enrolled_at: from_us(enrolled_at)?, left_at: from_us_opt(left_at)? };
        found.entry((PartnerId(partner), ProgramId(program))).or_default().periods.push(period);
    }
    Ok(found)
}

/// Begins a time of being enrolled.
///
/// # Errors
/// [`StoreError`]
pub fn begin(
    conn: &mut AnyConnection,
    member: PartnerId,
    program: ProgramId,
    at: DateTime<Utc>,
    actor: &str,
) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(memberships::table)
        .values((
            memberships::source.eq(SOURCE),
            memberships::partner_id.eq(member.0),
            memberships::program_id.eq(program.0),
            memberships::enrolled_at_us.eq(at.timestamp_micros()),
            memberships::enrolled_by.eq(actor),
        ))
        .execute(c))?;
    Ok(())
}

/// Ends the time that lasts.
///
/// # Errors
/// [`StoreError`]
pub fn end(
    conn: &mut AnyConnection,
    member: PartnerId,
    program: ProgramId,
    at: DateTime<Utc>,
    actor: &str,
) -> Result<(), StoreError> {
    diesel::update(
        memberships::table
            .filter(memberships::source.eq(SOURCE))
            .filter(memberships::partner_id.eq(member.0))
            .filter(memberships::program_id.eq(program.0))
            .filter(memberships::left_at_us.is_null()),
    )
    .set((memberships::left_at_us.eq(at.timestamp_micros()), memberships::left_by.eq(actor)))
    .execute(conn)?;
    Ok(())
}

/// Replaces the times of being enrolled of one member in one program.
///
/// # Errors
/// [`StoreError`]
pub fn replace(
    conn: &mut AnyConnection,
    member: PartnerId,
    program: ProgramId,
    periods: &[Period],
    actor: &str,
) -> Result<(), StoreError> {
    diesel::delete(
        memberships::table
            .filter(memberships::source.eq(SOURCE))
            .filter(memberships::partner_id.eq(member.0))
            .filter(memberships::program_id.eq(program.0)),
    )
    .execute(conn)?;
    for period in periods {
        begin(conn, member, program, period.enrolled_at, actor)?;
        if let Some(left_at) = period.left_at {
            end(conn, member, program, left_at, actor)?;
        }
    }
    Ok(())
}
