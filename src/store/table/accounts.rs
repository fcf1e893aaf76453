//! Accounts: a balance, what is left of its points by their end, and the end of the hash chain. What their open holds set
//! aside is read with them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use serde::{Deserialize, Serialize};

use super::open_holds;
use crate::domain::ledger::account::{Account, Expiry, LotChange};
use crate::domain::ledger::chain::{ChainHash, FIRST_HASH};
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::value::ids::{AccountId, PartnerId, ProgramId};
use crate::domain::value::points::Points;
use crate::store::codec::{packed, pg_json};
use crate::store::connection::prepared::{execute_prepared, load_prepared, padded};
use crate::store::schema::accounts;
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, on_each, write_rows};

/// An account and the end of its hash chain.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    /// Its state.
    pub account: Account,
    /// How many entries it has.
    pub entry_count: i64,
    /// The hash of the last of them.
    pub last_hash: ChainHash,
    /// The exception that stands for its debt; `None` while its available points are zero or more.
    pub debt_exception_id: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
pub(in crate::store) struct AccountRow {
    id: i64,
    source: i16,
    partner_id: i64,
    program_id: i64,
    balance_e2: i64,
    entry_count: i64,
    #[serde(with = "pg_json::bytes")]
    last_hash: Vec<u8>,
    #[serde(with = "pg_json::bytes")]
    lots: Vec<u8>,
    first_lot_ends_us: Option<i64>,
    debt_exception_id: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct NewAccount {
    source: i16,
    partner_id: i64,
    program_id: i64,
    balance_e2: i64,
    entry_count: i64,
    last_hash: &'static [u8],
    lots: Vec<u8>,
}

/// When the first of an account's lots ends, in microseconds.
fn first_end_us(lots: &BTreeMap<Expiry, Points>) -> Option<i64> {
    // Never comes last.
    match lots.keys().next() {
        Some(Expiry::At(end)) => Some(end.timestamp_micros()),
        Some(Expiry::Never) | None => None,
    }
}

/// An account's lots, for their column.
fn pack_lots(lots: &BTreeMap<Expiry, Points>) -> Result<Vec<u8>, StoreError> {
    packed::lots_to_bytes(lots.iter().map(|(expiry, left)| LotChange { expiry: *expiry, points: *left }))
}

/// From the column.
fn unpack_lots(bytes: &[u8]) -> Result<BTreeMap<Expiry, Points>, StoreError> {
    Ok(packed::lots_from_bytes(bytes)?.into_iter().map(|lot| (lot.expiry, lot.points)).collect())
}

/// Makes the accounts that do not exist yet.
///
/// # Errors
/// [`StoreError`]
pub fn ensure(conn: &mut AnyConnection, keys: &BTreeSet<(PartnerId, ProgramId)>) -> Result<(), StoreError> {
    let lots = pack_lots(&BTreeMap::new())?;
    let rows: Vec<NewAccount> = keys
        .iter()
        .map(|(partner, program)| NewAccount {
            source: SOURCE,
            partner_id: partner.0,
            program_id: program.0,
            balance_e2: 0,
            entry_count: 0,
            last_hash: &FIRST_HASH,
            lots: lots.clone(),
        })
        .collect();
    write_rows!(conn, &rows, row => diesel::insert_into(accounts::table)
        .values(row)
        .on_conflict((accounts::source, accounts::partner_id, accounts::program_id))
        .do_nothing());
    Ok(())
}

/// Which accounts to load.
#[derive(Clone, Debug)]
pub enum AccountSelection<'a> {
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
        let query = accounts::table
            .filter(accounts::source.eq(SOURCE))
            .filter(accounts::partner_id.eq_any(padded(chunk.iter().copied())))
            .select((accounts::partner_id, accounts::program_id, accounts::id));
        let rows: Vec<(i64, i64, i64)> = load_prepared!(conn, query, chunk.len())?;
        for (partner, program, id) in rows {
            let key = (PartnerId(partner), ProgramId(program));
            if keys.contains(&key) {
                found.insert(key, AccountId(id));
            }
        }
    }
    Ok(found)
}

/// Since when accounts are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// Since the transaction began: what it has read stands.
    Already,
    /// Since just now: what was read before must be read again.
    Now,
}

/// Locks accounts until the transaction ends, in the order of their ids, so that two writers wait for each
/// other in one direction only. On SQLite the transaction itself is the lock.
///
/// # Errors
/// [`StoreError`]
pub fn lock(conn: &mut AnyConnection, ids: &BTreeSet<AccountId>) -> Result<Locked, StoreError> {
    let AnyConnection::Postgres(conn) = conn else { return Ok(Locked::Already) };
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    accounts::table
        .filter(accounts::id.eq_any(ids))
        .order(accounts::id)
        .select(accounts::id)
        .for_update()
        .load::<i64>(conn)?;
    Ok(Locked::Now)
}

/// Loads accounts, in the order of their ids.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, which: &AccountSelection<'_>) -> Result<Vec<StoredAccount>, StoreError> {
    let rows = load_rows(conn, which)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let open = open_holds::of_accounts(conn, &ids)?;
    restore(rows, open)
}

fn load_rows(conn: &mut AnyConnection, which: &AccountSelection<'_>) -> Result<Vec<AccountRow>, StoreError> {
    let mut rows: Vec<AccountRow> = Vec::new();
    match which {
        AccountSelection::Ids(ids) => {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            for chunk in ids.chunks(CHUNK) {
                let query = accounts::table
                    .filter(accounts::id.eq_any(padded(chunk.iter().copied())))
                    .order(accounts::id)
                    .select(AccountRow::as_select());
                rows.extend::<Vec<AccountRow>>(load_prepared!(conn, query, chunk.len())?);
            }
        }
        AccountSelection::Partners(partners) => {
            let ids: Vec<i64> = partners.iter().map(|id| id.0).collect();
            for chunk in ids.chunks(CHUNK) {
                let query = accounts::table
                    .filter(accounts::source.eq(SOURCE))
                    .filter(accounts::partner_id.eq_any(padded(chunk.iter().copied())))
                    .order(accounts::id)
                    .select(AccountRow::as_select());
                rows.extend::<Vec<AccountRow>>(load_prepared!(conn, query, chunk.len())?);
            }
        }
        AccountSelection::After(after, limit) => {
            rows = accounts::table
                .filter(accounts::id.gt(after.0))
                .order(accounts::id)
                .limit(*limit)
                .select(AccountRow::as_select())
                .load(conn)?;
        }
    }
    Ok(rows)
}

/// Loads accounts whose open holds are known already.
///
/// # Errors
/// [`StoreError`]
pub fn load_with<'a>(
    conn: &mut AnyConnection,
    ids: &BTreeSet<AccountId>,
    open_holds: impl Iterator<Item = &'a Hold>,
) -> Result<Vec<StoredAccount>, StoreError> {
    restore_with(load_rows(conn, &AccountSelection::Ids(ids))?, open_holds)
}

/// Accounts of their rows and their holds, of which the open ones count.
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn restore_with<'a>(
    rows: Vec<AccountRow>,
    holds: impl Iterator<Item = &'a Hold>,
) -> Result<Vec<StoredAccount>, StoreError> {
    let mut open = open_holds::OpenHolds::new();
    for hold in holds.filter(|hold| hold.state == HoldState::Open) {
        open.entry(hold.account_id).or_default().insert(hold.id, hold.as_open());
    }
    restore(rows, open)
}

fn restore(rows: Vec<AccountRow>, mut open: open_holds::OpenHolds) -> Result<Vec<StoredAccount>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let id = AccountId(row.id);
            let account = Account::restored(
                id,
                PartnerId(row.partner_id),
                ProgramId(row.program_id),
                Points::from_e2(row.balance_e2),
                unpack_lots(&row.lots)?,
                open.remove(&id).unwrap_or_default(),
            );
            Ok(StoredAccount {
                account,
                entry_count: row.entry_count,
                last_hash: packed::hash_from_bytes(&row.last_hash, "the chain's head")?,
                debt_exception_id: row.debt_exception_id,
            })
        })
        .collect()
}

/// An account to be written back.
#[derive(Clone, Debug)]
pub struct Changed<'a> {
    /// Its state.
    pub account: &'a Account,
    /// Its lots as they were loaded: where the first of them ends is written only when it changed.
    pub lots_before: &'a BTreeMap<Expiry, Points>,
    /// How many entries it has.
    pub entry_count: i64,
    /// How many it had when it was loaded.
    pub entry_count_before: i64,
    /// The hash of the last of them.
    pub last_hash: &'a ChainHash,
    /// The exception that stands for its debt.
    pub debt_exception_id: Option<&'a str>,
}

/// Writes accounts back, lots included. PostgreSQL writes them with all else ([`crate::store::batch::changes`]).
///
/// # Errors
/// [`StoreError`]
pub(in crate::store) fn save(conn: &mut SqliteConnection, changed: &[Changed<'_>]) -> Result<(), StoreError> {
    struct State;
    struct FirstEnd;
    for one in changed {
        let row = AccountRow::of(one)?;
        execute_prepared::<State, _>(
            conn,
            diesel::update(accounts::table.find(row.id)).set((
                accounts::balance_e2.eq(row.balance_e2),
                accounts::entry_count.eq(row.entry_count),
                accounts::last_hash.eq(row.last_hash),
                accounts::lots.eq(row.lots),
                accounts::debt_exception_id.eq(row.debt_exception_id),
            )),
        )?;
        // By itself: a column that is set has its index written, changed or not.
        if row.first_lot_ends_us != first_end_us(one.lots_before) {
            execute_prepared::<FirstEnd, _>(
                conn,
                diesel::update(accounts::table.find(row.id)).set(accounts::first_lot_ends_us.eq(row.first_lot_ends_us)),
            )?;
        }
    }
    Ok(())
}

impl AccountRow {
    pub(in crate::store) fn of(one: &Changed<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: one.account.id.0,
            source: SOURCE,
            partner_id: one.account.partner_id.0,
            program_id: one.account.program_id.0,
            balance_e2: one.account.balance().e2(),
            entry_count: one.entry_count,
            last_hash: one.last_hash.to_vec(),
            lots: pack_lots(one.account.lots())?,
            first_lot_ends_us: first_end_us(one.account.lots()),
            debt_exception_id: one.debt_exception_id.map(str::to_owned),
        })
    }
}

/// An account with an open hold.
const HOLDS_BACK: &str = "EXISTS (SELECT 1 FROM open_holds WHERE open_holds.account_id = accounts.id)";

/// Accounts whose available points may be below zero and that no exception stands for, after an id. Reads the whole
/// table. At most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn unlisted_debts(
    conn: &mut AnyConnection,
    after: AccountId,
    limit: i64,
) -> Result<BTreeSet<AccountId>, StoreError> {
    let below = "EXISTS (SELECT 1 FROM open_holds WHERE open_holds.account_id = accounts.id \
                 GROUP BY open_holds.account_id HAVING SUM(open_holds.points_e2) > accounts.balance_e2)";
    let ids: Vec<i64> = on_each!(conn, c => accounts::table
        .filter(accounts::id.gt(after.0))
        .filter(accounts::balance_e2.lt(0).or(sql::<Bool>(below)))
        .filter(accounts::debt_exception_id.is_null())
        .order(accounts::id)
        .limit(limit)
        .select(accounts::id)
        .load(c)?);
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Accounts that time has done something to: a hold or a lot has run out. At most `limit` of each.
///
/// # Errors
/// [`StoreError`]
pub fn due(conn: &mut AnyConnection, now_us: i64, limit: i64) -> Result<BTreeSet<AccountId>, StoreError> {
    let mut due = open_holds::run_out(conn, now_us, limit)?;
    // A running hold may protect what is past its end, which would then be found again and again: it waits until no
    // hold of the account runs.
    let idle = sql::<Bool>(
        "NOT EXISTS (SELECT 1 FROM open_holds WHERE open_holds.account_id = accounts.id AND open_holds.expires_at_us > ",
    )
    .bind::<BigInt, _>(now_us)
    .sql(")");
    let ids: Vec<i64> = on_each!(conn, c => accounts::table
        // Written out: only then does SQLite use the partial index.
        .filter(sql::<Bool>("accounts.first_lot_ends_us IS NOT NULL"))
        .filter(accounts::first_lot_ends_us.le(now_us))
        .filter(idle)
        .order(accounts::first_lot_ends_us)
        .limit(limit)
        .select(accounts::id)
        .load(c)?);
    due.extend(ids.into_iter().map(AccountId));
    Ok(due)
}

/// Members with an account that holds, owes or holds back anything, with an id above `after`; at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn members(conn: &mut AnyConnection, after: PartnerId, limit: i64) -> Result<Vec<PartnerId>, StoreError> {
    let ids: Vec<i64> = on_each!(conn, c => accounts::table
        .filter(accounts::source.eq(SOURCE))
        .filter(accounts::partner_id.gt(after.0))
        .filter(accounts::balance_e2.ne(0).or(sql::<Bool>(HOLDS_BACK)))
        .order(accounts::partner_id)
        .limit(limit)
        .select(accounts::partner_id)
        .load(c)?);
    Ok(ids.into_iter().map(PartnerId).collect())
}
