//! Leases: which process does what only one should do.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::lease::LeaseState;
use crate::store::connection::clock::from_us;
use crate::store::schema::leases;
use crate::store::{AnyConnection, StoreError, on_each};

/// The lease of whoever reads Odoo.
pub const READING: &str = "odoo";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = leases, treat_none_as_default_value = false)]
struct LeaseRow {
    name: String,
    term: i64,
    holder: Option<String>,
    renewed_at_us: i64,
    lasts_us: i64,
    busy: bool,
    wanted_by: Option<String>,
    wanted_at_us: Option<i64>,
}

impl LeaseRow {
    fn new(name: &str, lease: &LeaseState) -> Self {
        Self {
            name: name.to_owned(),
            term: lease.term,
            holder: lease.holder.clone(),
            renewed_at_us: lease.renewed_at.timestamp_micros(),
            lasts_us: lease.lasts.num_microseconds().unwrap_or(i64::MAX),
            busy: lease.busy,
            wanted_by: lease.wish.as_ref().map(|(by, _)| by.clone()),
            wanted_at_us: lease.wish.as_ref().map(|(_, at)| at.timestamp_micros()),
        }
    }

    fn lease(self) -> Result<LeaseState, StoreError> {
        let wish = match (self.wanted_by, self.wanted_at_us) {
            (Some(by), Some(at)) => Some((by, from_us(at)?)),
            _ => None,
        };
        Ok(LeaseState {
            term: self.term,
            holder: self.holder,
            renewed_at: from_us(self.renewed_at_us)?,
            lasts: TimeDelta::microseconds(self.lasts_us),
            busy: self.busy,
            wish,
        })
    }
}

/// A lease as it is, without locking it; one that nobody ever had when there is none of the name.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, name: &str) -> Result<LeaseState, StoreError> {
    let row: Option<LeaseRow> =
        leases::table.filter(leases::name.eq(name)).select(LeaseRow::as_select()).first(conn).optional()?;
    row.map_or_else(|| Ok(LeaseState::default()), LeaseRow::lease)
}

/// A lease, locked until the transaction ends. Whoever takes in what it read holds it too, shared: the lease does not
/// move while that is being written.
///
/// # Errors
/// [`StoreError`]
pub fn lock(conn: &mut AnyConnection, name: &str) -> Result<LeaseState, StoreError> {
    let fresh = LeaseRow::new(name, &LeaseState::default());
    on_each!(conn, c => diesel::insert_into(leases::table)
        .values(&fresh)
        .on_conflict(leases::name)
        .do_nothing()
        .execute(c))?;
    if let AnyConnection::Postgres(conn) = conn {
        leases::table.filter(leases::name.eq(name)).select(leases::name).for_update().load::<String>(conn)?;
    }
    load(conn, name)
}

/// Writes a lease back. It must be locked.
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, name: &str, lease: &LeaseState) -> Result<(), StoreError> {
    let row = LeaseRow::new(name, lease);
    on_each!(conn, c => diesel::insert_into(leases::table)
        .values(&row)
        .on_conflict(leases::name)
        .do_update()
        .set((
            leases::term.eq(excluded(leases::term)),
            leases::holder.eq(excluded(leases::holder)),
            leases::renewed_at_us.eq(excluded(leases::renewed_at_us)),
            leases::lasts_us.eq(excluded(leases::lasts_us)),
            leases::busy.eq(excluded(leases::busy)),
            leases::wanted_by.eq(excluded(leases::wanted_by)),
            leases::wanted_at_us.eq(excluded(leases::wanted_at_us)),
        ))
        .execute(c))?;
    Ok(())
}

/// A lease's term, which stays so until the transaction ends: whoever takes the lease waits for it.
///
/// # Errors
/// [`StoreError`]
pub fn hold_term(conn: &mut AnyConnection, name: &str) -> Result<i64, StoreError> {
    let named = leases::table.filter(leases::name.eq(name)).select(leases::term);
    let term: Option<i64> = match conn {
        // The transaction itself is the lock.
        AnyConnection::Sqlite(conn) => named.first(conn).optional()?,
        AnyConnection::Postgres(conn) => named.for_share().first(conn).optional()?,
    };
    Ok(term.unwrap_or_default())
}
