//! Accounts with their lots and open holds.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::upsert::excluded;

use super::holds::carried_from;
use super::kept::{execute_kept, load_kept, padded};
use super::schema::{accounts, holds, lots};
use super::time::{expiry_from_us, expiry_to_us, from_us};
use super::{AnyConnection, CHUNK, SOURCE, StoreError, corrupt, packed, write_rows};
use crate::domain::account::{Account, Expiry, OpenHold};
use crate::domain::chain::{ChainHash, FIRST_HASH};
use crate::domain::exact::Overflow;
use crate::domain::hold::Hold;
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
    pub last_hash: ChainHash,
    /// The exception that stands for its debt; `None` while its available points are zero or more.
    pub debt_exception_id: Option<String>,
}

impl StoredAccount {
    /// An account as [`save`] has just written it.
    ///
    /// # Errors
    /// [`Overflow`], which `save` would have met.
    pub fn written(
        account: Account,
        entry_count: i64,
        last_hash: ChainHash,
        debt_exception_id: Option<String>,
    ) -> Result<Self, Overflow> {
        Ok(Self { held: account.held()?, account, entry_count, last_hash, debt_exception_id })
    }
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct AccountRow {
    id: i64,
    source: i16,
    partner_id: i64,
    program_id: i64,
    balance_e2: i64,
    held_e2: i64,
    entry_count: i64,
    last_hash: Vec<u8>,
    debt_exception_id: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct NewAccount {
    source: i16,
    partner_id: i64,
    program_id: i64,
    balance_e2: i64,
    held_e2: i64,
    entry_count: i64,
    last_hash: &'static [u8],
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
            last_hash: &FIRST_HASH,
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
        let query = accounts::table
            .filter(accounts::source.eq(SOURCE))
            .filter(accounts::partner_id.eq_any(padded(chunk.iter().copied())))
            .select((accounts::partner_id, accounts::program_id, accounts::id));
        let rows: Vec<(i64, i64, i64)> = load_kept!(conn, query, chunk.len())?;
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
pub fn load(conn: &mut AnyConnection, which: &Which<'_>) -> Result<Vec<StoredAccount>, StoreError> {
    let rows = load_rows(conn, which)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let open = load_open_holds(conn, &ids)?;
    restore(conn, rows, open)
}

fn load_rows(conn: &mut AnyConnection, which: &Which<'_>) -> Result<Vec<AccountRow>, StoreError> {
    let mut rows: Vec<AccountRow> = Vec::new();
    match which {
        Which::Ids(ids) => {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            for chunk in ids.chunks(CHUNK) {
                let query = accounts::table
                    .filter(accounts::id.eq_any(padded(chunk.iter().copied())))
                    .order(accounts::id)
                    .select(AccountRow::as_select());
                rows.extend::<Vec<AccountRow>>(load_kept!(conn, query, chunk.len())?);
            }
        }
        Which::Partners(partners) => {
            let ids: Vec<i64> = partners.iter().map(|id| id.0).collect();
            for chunk in ids.chunks(CHUNK) {
                let query = accounts::table
                    .filter(accounts::source.eq(SOURCE))
                    .filter(accounts::partner_id.eq_any(padded(chunk.iter().copied())))
                    .order(accounts::id)
                    .select(AccountRow::as_select());
                rows.extend::<Vec<AccountRow>>(load_kept!(conn, query, chunk.len())?);
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
    let mut open = OpenHolds::new();
    for hold in open_holds {
        open.entry(hold.account_id.0).or_default().insert(hold.id, hold.as_open());
    }
    let rows = load_rows(conn, &Which::Ids(ids))?;
    restore(conn, rows, open)
}

/// Open holds by account.
type OpenHolds = BTreeMap<i64, BTreeMap<HoldId, OpenHold>>;

fn restore(
    conn: &mut AnyConnection,
    rows: Vec<AccountRow>,
    mut open: OpenHolds,
) -> Result<Vec<StoredAccount>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut lots = load_lots(conn, &ids)?;
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
                last_hash: packed::hash_from(&row.last_hash, "the chain's head")?,
                debt_exception_id: row.debt_exception_id,
            })
        })
        .collect()
}

fn load_lots(conn: &mut AnyConnection, ids: &[i64]) -> Result<BTreeMap<i64, BTreeMap<Expiry, Points>>, StoreError> {
    let mut found: BTreeMap<i64, BTreeMap<Expiry, Points>> = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let query =
            lots::table.filter(lots::account_id.eq_any(padded(chunk.iter().copied()))).select(LotRow::as_select());
        let rows: Vec<LotRow> = load_kept!(conn, query, chunk.len())?;
        for row in rows {
            let expiry = expiry_from_us(row.expires_at_us)?;
            found.entry(row.account_id).or_default().insert(expiry, Points::from_e2(row.points_e2));
        }
    }
    Ok(found)
}

/// Account, id, points, when it was made and ends; and what it carries.
type OpenRow = ((i64, String, i64, i64, i64), (Option<i64>, Option<i64>));

fn load_open_holds(conn: &mut AnyConnection, ids: &[i64]) -> Result<OpenHolds, StoreError> {
    let mut found = OpenHolds::new();
    for chunk in ids.chunks(CHUNK) {
        let query = holds::table
            .filter(holds::account_id.eq_any(padded(chunk.iter().copied())))
            .filter(holds::state.eq("open"))
            .select((
                (holds::account_id, holds::id, holds::points_e2, holds::created_at_us, holds::expires_at_us),
                (holds::carried_points_e2, holds::carried_good_at_us),
            ));
        let rows: Vec<OpenRow> = load_kept!(conn, query, chunk.len())?;
        for ((account, id, points, created_at, expires_at), (carried_points, carried_good_at)) in rows {
            let hold = OpenHold {
                points: Points::from_e2(points),
                good_at: from_us(created_at)?,
                expires_at: from_us(expires_at)?,
                carried: carried_from(carried_points, carried_good_at)?,
            };
            let id = HoldId::parse(&id).ok_or_else(|| corrupt(format!("the hold id {id}")))?;
            found.entry(account).or_default().insert(id, hold);
        }
    }
    Ok(found)
}

/// An account to be written back.
#[derive(Clone, Debug)]
pub struct Changed<'a> {
    /// Its state.
    pub account: &'a Account,
    /// Its lots as they were loaded: only those that differ are written.
    pub lots_before: &'a BTreeMap<Expiry, Points>,
    /// How many entries it has.
    pub entry_count: i64,
    /// The hash of the last of them.
    pub last_hash: &'a ChainHash,
    /// The exception that stands for its debt.
    pub debt_exception_id: Option<&'a str>,
}

#[derive(AsChangeset)]
#[diesel(table_name = accounts, treat_none_as_null = true)]
struct AccountChange<'a> {
    balance_e2: i64,
    held_e2: i64,
    entry_count: i64,
    last_hash: &'a [u8],
    debt_exception_id: Option<String>,
}

/// Writes accounts back, lots included. They must be locked. Holds are written by [`super::holds`].
///
/// # Errors
/// [`StoreError`]
pub fn save(conn: &mut AnyConnection, changed: &[Changed<'_>]) -> Result<(), StoreError> {
    let mut lot_rows = Vec::new();
    let mut spent: Vec<(i64, i64)> = Vec::new();
    for one in changed {
        let (id, now) = (one.account.id.0, one.account.lots());
        let fresh = now.iter().filter(|(expiry, left)| one.lots_before.get(expiry) != Some(left));
        lot_rows.extend(fresh.map(|(expiry, left)| LotRow {
            account_id: id,
            expires_at_us: expiry_to_us(*expiry),
            points_e2: left.e2(),
        }));
        let gone = one.lots_before.keys().filter(|expiry| !now.contains_key(expiry));
        spent.extend(gone.map(|expiry| (id, expiry_to_us(*expiry))));
    }
    save_states(conn, changed)?;
    for (account, expires_at_us) in spent {
        let gone = lots::account_id.eq(account).and(lots::expires_at_us.eq(expires_at_us));
        diesel::delete(lots::table.filter(gone)).execute(conn)?;
    }
    write_rows!(conn, &lot_rows, row => diesel::insert_into(lots::table)
        .values(row)
        .on_conflict((lots::account_id, lots::expires_at_us))
        .do_update()
        .set(lots::points_e2.eq(excluded(lots::points_e2))));
    Ok(())
}

fn save_states(conn: &mut AnyConnection, changed: &[Changed<'_>]) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Sqlite(conn) => {
            for one in changed {
                let change = AccountChange {
                    balance_e2: one.account.balance().e2(),
                    held_e2: one.account.held().map_err(corrupt)?.e2(),
                    entry_count: one.entry_count,
                    last_hash: one.last_hash,
                    debt_exception_id: one.debt_exception_id.map(str::to_owned),
                };
                execute_kept::<AccountChange<'static>, _>(
                    conn,
                    diesel::update(accounts::table.find(one.account.id.0)).set(change),
                )?;
            }
        }
        AnyConnection::Postgres(conn) => {
            for chunk in changed.chunks(CHUNK) {
                let rows = chunk.iter().map(AccountRow::of).collect::<Result<Vec<_>, _>>()?;
                diesel::insert_into(accounts::table)
                    .values(&rows)
                    .on_conflict(accounts::id)
                    .do_update()
                    .set((
                        accounts::balance_e2.eq(excluded(accounts::balance_e2)),
                        accounts::held_e2.eq(excluded(accounts::held_e2)),
                        accounts::entry_count.eq(excluded(accounts::entry_count)),
                        accounts::last_hash.eq(excluded(accounts::last_hash)),
                        accounts::debt_exception_id.eq(excluded(accounts::debt_exception_id)),
                    ))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

impl AccountRow {
    fn of(one: &Changed<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: one.account.id.0,
            source: SOURCE,
            partner_id: one.account.partner_id.0,
            program_id: one.account.program_id.0,
            balance_e2: one.account.balance().e2(),
            held_e2: one.account.held().map_err(corrupt)?.e2(),
            entry_count: one.entry_count,
            last_hash: one.last_hash.to_vec(),
            debt_exception_id: one.debt_exception_id.map(str::to_owned),
        })
    }
}

/// Accounts whose points are below zero and that no exception stands for, after an id: those of a version that did not
/// raise any. Reads the whole table. At most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn unlisted_debts(
    conn: &mut AnyConnection,
    after: AccountId,
    limit: i64,
) -> Result<BTreeSet<AccountId>, StoreError> {
    let ids: Vec<i64> = accounts::table
        .filter(accounts::id.gt(after.0))
        .filter(accounts::balance_e2.lt(accounts::held_e2))
        .filter(accounts::debt_exception_id.is_null())
        .order(accounts::id)
        .limit(limit)
        .select(accounts::id)
        .load(conn)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Accounts that time has done something to: a hold or a lot has run out. At most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn due(conn: &mut AnyConnection, now_us: i64, limit: i64) -> Result<BTreeSet<AccountId>, StoreError> {
    let mut ids: Vec<i64> = holds::table
        // Written out, not bound: only so does SQLite use the index of holds that run out, which has open ones only.
        .filter(sql::<Bool>("holds.state = 'open'"))
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

/// Members with an account that holds, owes or holds back anything, with an id above `after`; at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn members(conn: &mut AnyConnection, after: PartnerId, limit: i64) -> Result<Vec<PartnerId>, StoreError> {
    let ids: Vec<i64> = accounts::table
        .filter(accounts::source.eq(SOURCE))
        .filter(accounts::partner_id.gt(after.0))
        .filter(accounts::balance_e2.ne(0).or(accounts::held_e2.ne(0)))
        .order(accounts::partner_id)
        .limit(limit)
        .select(accounts::partner_id)
        .load(conn)?;
    Ok(ids.into_iter().map(PartnerId).collect())
}
