//! Accounts with their lots and open holds.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use super::schema::{accounts, holds, lots};
use super::time::{expiry_from_us, expiry_to_us, from_us};
use super::{AnyConnection, CHUNK, SOURCE, StoreError, corrupt, on_each};
use crate::domain::account::{Account, Expiry, OpenHold};
use crate::domain::entry::FIRST_HASH;
use crate::domain::ids::{AccountId, HoldId, PartnerId, ProgramId};
use crate::domain::points::Points;

/// An account and the end of its hash chain.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    /// Its state.
    pub account: Account,
    /// What was noted as held when it was last written.
    pub held: Points,
    /// How many entries it has.
    pub entry_count: i64,
    /// The hash of the last of them.
    pub last_hash: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct AccountRow {
    id: i64,
    source: String,
    partner_id: i64,
    program_id: i64,
    balance_e2: i64,
    held_e2: i64,
    entry_count: i64,
    last_hash: String,
}

#[derive(Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct NewAccount {
    source: &'static str,
    partner_id: i64,
    program_id: i64,
    balance_e2: i64,
    held_e2: i64,
    entry_count: i64,
    last_hash: &'static str,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = lots, treat_none_as_default_value = false)]
struct LotRow {
    account_id: i64,
    expires_at_us: i64,
    points_e2: i64,
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = BigInt)]
    account_id: i64,
}

/// Makes the accounts that do not exist yet.
///
/// # Errors
/// [`StoreError`]
pub fn ensure(conn: &mut AnyConnection, keys: &BTreeSet<(PartnerId, ProgramId)>) -> Result<(), StoreError> {
    let rows: Vec<NewAccount> = keys
        .iter()
        .map(|(partner, program)| NewAccount {
            source: SOURCE,
            partner_id: partner.0,
            program_id: program.0,
            balance_e2: 0,
            held_e2: 0,
            entry_count: 0,
            last_hash: FIRST_HASH,
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        on_each!(conn, c => diesel::insert_into(accounts::table)
            .values(chunk)
            .on_conflict((accounts::source, accounts::partner_id, accounts::program_id))
            .do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Which accounts to load.
#[derive(Clone, Debug)]
pub enum Which<'a> {
    /// These.
    Ids(&'a BTreeSet<AccountId>),
    /// All of these members.
    Partners(&'a [PartnerId]),
    /// Those after this id, so many: for reading all, page by page.
    After(AccountId, i64),
}

/// The ids of the accounts of these keys, without locking them: an account's key never changes.
///
/// # Errors
/// [`StoreError`]
pub fn ids_of(
    conn: &mut AnyConnection,
    keys: &BTreeSet<(PartnerId, ProgramId)>,
) -> Result<BTreeMap<(PartnerId, ProgramId), AccountId>, StoreError> {
    let partners: Vec<i64> = keys.iter().map(|(partner, _)| partner.0).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = BTreeMap::new();
    for chunk in partners.chunks(CHUNK) {
        let rows: Vec<(i64, i64, i64)> = accounts::table
            .filter(accounts::source.eq(SOURCE))
            .filter(accounts::partner_id.eq_any(chunk.to_vec()))
            .select((accounts::partner_id, accounts::program_id, accounts::id))
            .load(conn)?;
        for (partner, program, id) in rows {
            let key = (PartnerId(partner), ProgramId(program));
            if keys.contains(&key) {
                found.insert(key, AccountId(id));
            }
        }
    }
    Ok(found)
}

/// Locks accounts until the transaction ends, in the order of their ids, so that two writers wait for each
/// other in one direction only. On SQLite the transaction itself is the lock.
///
/// # Errors
/// [`StoreError`]
pub fn lock(conn: &mut AnyConnection, ids: &BTreeSet<AccountId>) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        accounts::table
            .filter(accounts::id.eq_any(ids))
            .order(accounts::id)
            .select(accounts::id)
            .for_update()
            .load::<i64>(conn)?;
    }
    Ok(())
}

/// Loads accounts, in the order of their ids.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, which: &Which<'_>) -> Result<Vec<StoredAccount>, StoreError> {
    let mut rows: Vec<AccountRow> = Vec::new();
    match which {
        Which::Ids(ids) => {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            for chunk in ids.chunks(CHUNK) {
                rows.extend(
                    accounts::table
                        .filter(accounts::id.eq_any(chunk.to_vec()))
                        .order(accounts::id)
                        .select(AccountRow::as_select())
                        .load::<AccountRow>(conn)?,
                );
            }
        }
        Which::Partners(partners) => {
            let ids: Vec<i64> = partners.iter().map(|id| id.0).collect();
            for chunk in ids.chunks(CHUNK) {
                rows.extend(
                    accounts::table
                        .filter(accounts::source.eq(SOURCE))
                        .filter(accounts::partner_id.eq_any(chunk.to_vec()))
                        .order(accounts::id)
                        .select(AccountRow::as_select())
                        .load::<AccountRow>(conn)?,
                );
            }
        }
        Which::After(after, limit) => {
            rows = accounts::table
                .filter(accounts::id.gt(after.0))
                .order(accounts::id)
                .limit(*limit)
                .select(AccountRow::as_select())
                .load(conn)?;
        }
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut lots = load_lots(conn, &ids)?;
    let mut open = load_open_holds(conn, &ids)?;
    rows.into_iter()
        .map(|row| {
            let account = Account::restored(
                AccountId(row.id),
                PartnerId(row.partner_id),
                ProgramId(row.program_id),
                Points::from_e2(row.balance_e2),
                lots.remove(&row.id).unwrap_or_default(),
                open.remove(&row.id).unwrap_or_default(),
            );
            Ok(StoredAccount {
                account,
                held: Points::from_e2(row.held_e2),
                entry_count: row.entry_count,
                last_hash: row.last_hash,
            })
        })
        .collect()
}

fn load_lots(conn: &mut AnyConnection, ids: &[i64]) -> Result<BTreeMap<i64, BTreeMap<Expiry, Points>>, StoreError> {
    let mut found: BTreeMap<i64, BTreeMap<Expiry, Points>> = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<LotRow> =
            lots::table.filter(lots::account_id.eq_any(chunk.to_vec())).select(LotRow::as_select()).load(conn)?;
        for row in rows {
            let expiry = expiry_from_us(row.expires_at_us)?;
            found.entry(row.account_id).or_default().insert(expiry, Points::from_e2(row.points_e2));
        }
    }
    Ok(found)
}

fn load_open_holds(
    conn: &mut AnyConnection,
    ids: &[i64],
) -> Result<BTreeMap<i64, BTreeMap<HoldId, OpenHold>>, StoreError> {
    let mut found: BTreeMap<i64, BTreeMap<HoldId, OpenHold>> = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(i64, String, i64, i64)> = holds::table
            .filter(holds::account_id.eq_any(chunk.to_vec()))
            .filter(holds::state.eq("open"))
            .select((holds::account_id, holds::id, holds::points_e2, holds::expires_at_us))
            .load(conn)?;
        for (account, id, points, expires_at) in rows {
            let hold = OpenHold { points: Points::from_e2(points), expires_at: from_us(expires_at)? };
            let id = HoldId::parse(&id).ok_or_else(|| corrupt(format!("the hold id {id}")))?;
            found.entry(account).or_default().insert(id, hold);
        }
    }
    Ok(found)
}

/// Writes accounts back, lots included. They must be locked. Holds are written by [`super::holds`].
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, changed: &[StoredAccount]) -> Result<(), StoreError> {
    for chunk in changed.chunks(CHUNK) {
        let mut rows = Vec::with_capacity(chunk.len());
        let mut lot_rows = Vec::new();
        for stored in chunk {
            let account = &stored.account;
            let held = account.held().map_err(corrupt)?;
            rows.push(AccountRow {
                id: account.id.0,
                source: SOURCE.to_owned(),
                partner_id: account.partner_id.0,
                program_id: account.program_id.0,
                balance_e2: account.balance().e2(),
                held_e2: held.e2(),
                entry_count: stored.entry_count,
                last_hash: stored.last_hash.clone(),
            });
            lot_rows.extend(account.lots().iter().map(|(expiry, left)| LotRow {
                account_id: account.id.0,
                expires_at_us: expiry_to_us(*expiry),
                points_e2: left.e2(),
            }));
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        on_each!(conn, c => diesel::insert_into(accounts::table)
            .values(&rows)
            .on_conflict(accounts::id)
            .do_update()
            .set((
                accounts::balance_e2.eq(excluded(accounts::balance_e2)),
                accounts::held_e2.eq(excluded(accounts::held_e2)),
                accounts::entry_count.eq(excluded(accounts::entry_count)),
                accounts::last_hash.eq(excluded(accounts::last_hash)),
            ))
            .execute(c))?;
        diesel::delete(lots::table.filter(lots::account_id.eq_any(ids))).execute(conn)?;
        for part in lot_rows.chunks(CHUNK) {
            on_each!(conn, c => diesel::insert_into(lots::table).values(part).execute(c))?;
        }
    }
    Ok(())
}

/// Accounts that time has done something to: a hold or a lot has run out. At most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn due(conn: &mut AnyConnection, now_us: i64, limit: i64) -> Result<BTreeSet<AccountId>, StoreError> {
    let mut ids: Vec<i64> = holds::table
        .filter(holds::state.eq("open"))
        .filter(holds::expires_at_us.le(now_us))
        .order(holds::expires_at_us)
        .limit(limit)
        .select(holds::account_id)
        .load(conn)?;
    // What running holds protect is not due: it would be found again and again.
    let past: Vec<Due> = diesel::sql_query(
        "SELECT lots.account_id AS account_id FROM lots JOIN accounts ON accounts.id = lots.account_id \
         WHERE lots.expires_at_us <= $1 GROUP BY lots.account_id, accounts.held_e2 \
         HAVING SUM(lots.points_e2) > accounts.held_e2 LIMIT $2",
    )
    .bind::<BigInt, _>(now_us)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    ids.extend(past.into_iter().map(|row| row.account_id));
    Ok(ids.into_iter().map(AccountId).collect())
}
