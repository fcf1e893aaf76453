//! The holds that set points aside now, in a table of their own: a few small rows, however many holds have ended.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::Serialize;

use crate::domain::ledger::account::{CarriedProtection, OpenHold};
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::value::ids::{AccountId, HoldId};
use crate::domain::value::points::Points;
use crate::store::codec::{pg_json, uuids};
use crate::store::connection::clock::from_us;
use crate::store::connection::prepared::{execute_prepared, load_prepared, padded};
use crate::store::schema::{entries, holds, open_holds};
use crate::store::{AnyConnection, CHUNK, StoreError, on_each, write_rows};

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = open_holds, treat_none_as_default_value = false)]
pub(in crate::store) struct OpenRow {
    account_id: i64,
    #[serde(with = "pg_json::bytes")]
    hold_id: Vec<u8>,
    points_e2: i64,
    created_at_us: i64,
    expires_at_us: i64,
    carried_points_e2: Option<i64>,
    carried_good_at_us: Option<i64>,
}

impl OpenRow {
    pub(in crate::store) fn of(hold: &Hold) -> Self {
        Self {
            account_id: hold.account_id.0,
            hold_id: uuids::to_bytes(hold.id.0),
            points_e2: hold.points.e2(),
            created_at_us: hold.created_at.timestamp_micros(),
            expires_at_us: hold.expires_at.timestamp_micros(),
            carried_points_e2: hold.carried.map(|carried| carried.points.e2()),
            carried_good_at_us: hold.carried.map(|carried| carried.good_at.timestamp_micros()),
        }
    }
}

/// An open hold's id and points, the points and the end that its hold's row says, and when its entry was recorded.
type Noted = (Vec<u8>, i64, Option<(i64, Option<i16>)>, Option<i64>);

/// Open holds by account.
pub(in crate::store) type OpenHolds = BTreeMap<AccountId, BTreeMap<HoldId, OpenHold>>;

/// What the open holds of these accounts set aside.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn of_accounts(conn: &mut AnyConnection, accounts: &[i64]) -> Result<OpenHolds, StoreError> {
    let mut found = OpenHolds::new();
    for chunk in accounts.chunks(CHUNK) {
        let query = open_holds::table
            .filter(open_holds::account_id.eq_any(padded(chunk.iter().copied())))
            .select(OpenRow::as_select());
        let rows: Vec<OpenRow> = load_prepared!(conn, query, chunk.len())?;
        for row in rows {
            let hold = OpenHold {
                points: Points::from_e2(row.points_e2),
                good_at: from_us(row.created_at_us)?,
                expires_at: from_us(row.expires_at_us)?,
                carried: carried_from(row.carried_points_e2, row.carried_good_at_us)?,
            };
            found
                .entry(AccountId(row.account_id))
                .or_default()
                .insert(HoldId(uuids::from_bytes(&row.hold_id, "the hold id")?), hold);
        }
    }
    Ok(found)
}

/// What a hold carries of the one it replaced, of its two columns.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn carried_from(
    points_e2: Option<i64>,
    good_at_us: Option<i64>,
) -> Result<Option<CarriedProtection>, StoreError> {
    let Some((points_e2, good_at_us)) = points_e2.zip(good_at_us) else { return Ok(None) };
    Ok(Some(CarriedProtection { points: Points::from_e2(points_e2), good_at: from_us(good_at_us)? }))
}

/// Has open holds set their points aside.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn insert<'a>(
    conn: &mut AnyConnection,
    new: impl Iterator<Item = &'a Hold>,
) -> Result<(), StoreError> {
    let rows: Vec<OpenRow> = new.filter(|hold| hold.state == HoldState::Open).map(OpenRow::of).collect();
    write_rows!(conn, &rows, row => diesel::insert_into(open_holds::table).values(row));
    Ok(())
}

/// Has holds that ended set aside nothing more. Their accounts must be locked.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn remove<'a>(
    conn: &mut AnyConnection,
    ended: impl Iterator<Item = &'a Hold>,
) -> Result<(), StoreError> {
    struct Here;
    for hold in ended {
        let row = open_holds::table
            .filter(open_holds::account_id.eq(hold.account_id.0))
            .filter(open_holds::hold_id.eq(uuids::to_bytes(hold.id.0)));
        match conn {
            AnyConnection::Sqlite(conn) => execute_prepared::<Here, _>(conn, diesel::delete(row))?,
            AnyConnection::Postgres(conn) => {
                diesel::delete(row).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Has all open holds of one account belong to another. Both must be locked.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn hand_over(conn: &mut AnyConnection, from: AccountId, to: AccountId) -> Result<(), StoreError> {
    diesel::update(open_holds::table.filter(open_holds::account_id.eq(from.0)))
        .set(open_holds::account_id.eq(to.0))
        .execute(conn)?;
    Ok(())
}

/// The accounts of open holds whose time has run out; at most `limit` of the holds.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn run_out(
    conn: &mut AnyConnection,
    now_us: i64,
    limit: i64,
) -> Result<BTreeSet<AccountId>, StoreError> {
    let ids: Vec<i64> = open_holds::table
        .filter(open_holds::expires_at_us.le(now_us))
        .order(open_holds::expires_at_us)
        .limit(limit)
        .select(open_holds::account_id)
        .load(conn)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// What does not fit of the open holds of an account, in words: an open hold without its row, or one that has ended.
///
/// # Errors
/// [`StoreError`]
pub fn misfits_of(conn: &mut AnyConnection, account: AccountId) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Noted> = on_each!(conn, c => open_holds::table
        .left_join(holds::table.on(holds::id.eq(open_holds::hold_id)))
        .left_join(entries::table.on(entries::id.eq(open_holds::hold_id)))
        .filter(open_holds::account_id.eq(account.0))
        .select((
            open_holds::hold_id,
            open_holds::points_e2,
            (holds::points_e2, holds::ended_as).nullable(),
            entries::recorded_at_us.nullable(),
        ))
        .load(c)?);
    let mut found = Vec::new();
    for (id, points_e2, row, entry) in rows {
        let id = HoldId(uuids::from_bytes(&id, "the hold id")?);
        let problem = match (row, entry) {
            (None, _) => "and there is no such hold".to_owned(),
            (Some(_), Some(_)) => "and it is captured".to_owned(),
            (Some((_, Some(_))), _) => "and it has ended".to_owned(),
            (Some((held_e2, None)), None) if held_e2 != points_e2 => {
                format!("with {} points held, and it is of {}", Points::from_e2(points_e2), Points::from_e2(held_e2))
            }
            (Some((_, None)), None) => continue,
        };
        found.push(format!("hold {id} is noted as open, {problem}"));
    }
    Ok(found)
}
