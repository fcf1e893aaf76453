//! What was bought with points, a page at a time, with the orders it was bought on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool};

use super::hold_rows::{HoldRow, StateRow};
use crate::domain::ledger::hold::Hold;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, PosConfigId, ProgramId};
use crate::store::codec::uuids;
use crate::store::schema::{accounts, entries, holds, open_holds, orders, pos_configs};
use crate::store::{AnyConnection, CHUNK, POS_ORDER, SOURCE, StoreError, on_each};

/// Which holds are listed, and by which moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedState {
    /// Those that were captured, by when they were.
    Captured,
    /// Those whose time has not run out, by when they were made.
    OpenAt(DateTime<Utc>),
}

/// Which to list; what is `None` may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionQuery {
    /// In which state.
    pub state: ListedState,
    /// From this moment on, in microseconds.
    pub from_us: Option<i64>,
    /// Before this moment, in microseconds.
    pub to_us: Option<i64>,
    /// Of this program.
    pub program: Option<ProgramId>,
    /// Of these accounts.
    pub accounts: Option<Vec<AccountId>>,
    /// On an order of this till.
    pub pos_config_id: Option<PosConfigId>,
    /// Older than the hold of this moment and id.
    pub before: Option<(i64, HoldId)>,
}

/// A hold and whose it is.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The hold.
    pub hold: Hold,
    /// Whose points.
    pub partner_id: PartnerId,
    /// Of which program.
    pub program_id: ProgramId,
}

/// Narrows a query of holds and their accounts to what is wanted, in the order of `$moment`.
macro_rules! narrowed {
    ($query:expr, $wanted:expr, $moment:literal) => {{
        let wanted = $wanted;
        let mut query = $query;
        if let Some(from) = wanted.from_us {
            query = query.filter(sql::<Bool>(concat!($moment, " >= ")).bind::<BigInt, _>(from));
        }
        if let Some(to) = wanted.to_us {
            query = query.filter(sql::<Bool>(concat!($moment, " < ")).bind::<BigInt, _>(to));
        }
        if let Some((at_us, id)) = wanted.before {
            query = query.filter(sql::<Bool>(concat!($moment, " <= ")).bind::<BigInt, _>(at_us)).filter(
                sql::<Bool>(concat!("(", $moment, " < "))
                    .bind::<BigInt, _>(at_us)
                    .sql(" OR holds.id < ")
                    .bind::<Binary, _>(uuids::to_bytes(id.0))
                    .sql(")"),
            );
        }
        if let Some(program) = wanted.program {
            // With its sign it is no index's: the holds are walked in their order, not all of a program's members.
            query = query.filter(sql::<Bool>("+accounts.program_id = ").bind::<BigInt, _>(program.0));
        }
        if let Some(of) = &wanted.accounts {
            query = query.filter(holds::account_id.eq_any(of.iter().map(|id| id.0).collect::<Vec<_>>()));
        }
        if let Some(till) = wanted.pos_config_id {
            query = query.filter(
                sql::<Bool>(
                    "EXISTS (SELECT 1 FROM orders sold WHERE sold.source = 1 AND sold.model = 1 AND sold.uuid_key = holds.order_key \
                     AND sold.pos_config_id = ",
                )
                .bind::<BigInt, _>(till.0)
                .sql(")"),
            );
        }
        query
    }};
}

/// Redemptions, newest first; at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn list(conn: &mut AnyConnection, filter: &RedemptionQuery, limit: i64) -> Result<Vec<Redemption>, StoreError> {
    let rows: Vec<(StateRow, i64, i64)> = match filter.state {
        ListedState::Captured => captured(conn, filter, limit)?,
        ListedState::OpenAt(now) => open(conn, filter, now, limit)?,
    };
    rows.into_iter()
        .map(|(row, partner, program)| {
            Ok(Redemption { hold: HoldRow::hold(row)?, partner_id: PartnerId(partner), program_id: ProgramId(program) })
        })
        .collect()
}

fn captured(
    conn: &mut AnyConnection,
    filter: &RedemptionQuery,
    limit: i64,
) -> Result<Vec<(StateRow, i64, i64)>, StoreError> {
    let rows: Vec<(HoldRow, (i64, i64), i64, i64)> = on_each!(conn, c => {
        let query = entries::table
            .inner_join(holds::table.on(holds::id.eq(entries::id)))
            .inner_join(accounts::table.on(accounts::id.eq(holds::account_id)))
            // Written out, not bound: only so does the partial index serve.
            .filter(sql::<Bool>("entries.kind = 2"))
            .order((entries::recorded_at_us.desc(), entries::id.desc()))
            .limit(limit)
            .select((
                HoldRow::as_select(),
                (entries::recorded_at_us, entries::balance_after_e2),
                accounts::partner_id,
                accounts::program_id,
            ))
            .into_boxed();
        narrowed!(query, filter, "entries.recorded_at_us").load(c)?
    });
    Ok(rows.into_iter().map(|(row, entry, partner, program)| ((row, None, Some(entry)), partner, program)).collect())
}

fn open(
    conn: &mut AnyConnection,
    filter: &RedemptionQuery,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(StateRow, i64, i64)>, StoreError> {
    let rows: Vec<(HoldRow, i64, i64, i64)> = on_each!(conn, c => {
        let query = open_holds::table
            .inner_join(holds::table.on(holds::id.eq(open_holds::hold_id)))
            .inner_join(accounts::table.on(accounts::id.eq(holds::account_id)))
            .filter(open_holds::expires_at_us.gt(now.timestamp_micros()))
            .order((open_holds::created_at_us.desc(), open_holds::hold_id.desc()))
            .limit(limit)
            .select((HoldRow::as_select(), open_holds::account_id, accounts::partner_id, accounts::program_id))
            .into_boxed();
        narrowed!(query, filter, "open_holds.created_at_us").load(c)?
    });
    Ok(rows
        .into_iter()
        .map(|(row, account, partner, program)| ((row, Some(account), None), partner, program))
        .collect())
}

/// An order as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderNote {
    /// `pos.order.id`
    pub id: i64,
    /// `pos.order.name`
    pub name: String,
    /// The till.
    pub pos_config_id: Option<PosConfigId>,
}

/// The orders of these UUIDs that were read.
///
/// # Errors
/// [`StoreError`]
pub fn orders_of(conn: &mut AnyConnection, uuids: &[String]) -> Result<BTreeMap<String, OrderNote>, StoreError> {
    type Row = (Option<Vec<u8>>, i64, String, Option<i64>);
    let mut found = BTreeMap::new();
    for chunk in uuids.chunks(CHUNK) {
        let keys: Vec<i64> = chunk.iter().map(|uuid| uuids::text_key(uuid)).collect();
        let rows: Vec<Row> = orders::table
            .filter(orders::source.eq(SOURCE))
            .filter(orders::model.eq(POS_ORDER))
            // Said besides, for the partial index.
            .filter(orders::uuid_key.is_not_null())
            .filter(orders::uuid_key.eq_any(keys))
            .order(orders::id)
            .select((orders::uuid, orders::id, orders::name, orders::pos_config_id))
            .load(conn)?;
        for (uuid, id, name, till) in rows {
            if let Some(uuid) = uuid.as_deref().map(uuids::text_from_bytes).transpose()? {
                found.insert(uuid, OrderNote { id, name, pos_config_id: till.map(PosConfigId) });
            }
        }
    }
    Ok(found)
}

/// What the tills are called.
///
/// # Errors
/// [`StoreError`]
pub fn tills(conn: &mut AnyConnection) -> Result<BTreeMap<PosConfigId, String>, StoreError> {
    let rows: Vec<(i64, String)> = pos_configs::table
        .filter(pos_configs::source.eq(SOURCE))
        .select((pos_configs::id, pos_configs::name))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, name)| (PosConfigId(id), name)).collect())
}
