//! Accounts whose points moved to another account, with all that bears on them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::schema::account_transfers;
use super::{AnyConnection, CHUNK, StoreError, on_each};
use crate::domain::ids::AccountId;

/// Entries of an account up to a number count for another account, as if they stood there up to another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Counts transfers: a later one has a greater number.
    pub id: i64,
    /// Whose points moved.
    pub from: AccountId,
    /// How many entries it had.
    pub from_sequence: i64,
    /// Where they went.
    pub to: AccountId,
    /// How many entries that one had.
    pub to_sequence: i64,
}

type Row = (i64, i64, i64, i64, i64);

fn transfer((id, from, from_sequence, to, to_sequence): Row) -> Transfer {
    Transfer { id, from: AccountId(from), from_sequence, to: AccountId(to), to_sequence }
}

/// Notes that all that `from` has at its entry `from_sequence` moved to `to`, which has `to_sequence` entries.
///
/// # Errors
/// [`StoreError`]
pub fn note(
    conn: &mut AnyConnection,
    (from, from_sequence): (AccountId, i64),
    (to, to_sequence): (AccountId, i64),
    now_us: i64,
) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(account_transfers::table)
        .values((
            account_transfers::from_account_id.eq(from.0),
            account_transfers::from_sequence.eq(from_sequence),
            account_transfers::to_account_id.eq(to.0),
            account_transfers::to_sequence.eq(to_sequence),
            account_transfers::recorded_at_us.eq(now_us),
        ))
        .execute(c))?;
    Ok(())
}

/// The transfers that began at these accounts, and at those that they led to.
///
/// # Errors
/// [`StoreError`]
pub fn from(conn: &mut AnyConnection, accounts: &BTreeSet<AccountId>) -> Result<Transfers, StoreError> {
    let mut found = Transfers::default();
    let mut asked = BTreeSet::new();
    let mut next: Vec<i64> = accounts.iter().map(|id| id.0).collect();
    while !next.is_empty() {
        let mut led_to = BTreeSet::new();
        for chunk in next.chunks(CHUNK) {
            asked.extend(chunk.iter().copied());
            let rows: Vec<Row> = account_transfers::table
                .filter(account_transfers::from_account_id.eq_any(chunk.to_vec()))
                .order(account_transfers::id)
                .select((
                    account_transfers::id,
                    account_transfers::from_account_id,
                    account_transfers::from_sequence,
                    account_transfers::to_account_id,
                    account_transfers::to_sequence,
                ))
                .load(conn)?;
            for one in rows.into_iter().map(transfer) {
                led_to.insert(one.to.0);
                found.0.entry(one.from).or_default().push(one);
            }
        }
        next = led_to.difference(&asked).copied().collect();
    }
    Ok(found)
}

fn into(conn: &mut AnyConnection, account: AccountId) -> Result<Vec<Transfer>, StoreError> {
    let rows: Vec<Row> = account_transfers::table
        .filter(account_transfers::to_account_id.eq(account.0))
        .select((
            account_transfers::id,
            account_transfers::from_account_id,
            account_transfers::from_sequence,
            account_transfers::to_account_id,
            account_transfers::to_sequence,
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(transfer).collect())
}

/// The accounts whose points moved to this one, and to those: with the number of the last entry that moved; and the account
/// itself, without.
///
/// # Errors
/// [`StoreError`]
pub fn origins(conn: &mut AnyConnection, account: AccountId) -> Result<Vec<(AccountId, Option<i64>)>, StoreError> {
    let mut found = vec![(account, None)];
    let mut asked = BTreeSet::from([account]);
    let mut next = vec![account];
    while let Some(account) = next.pop() {
        for moved in into(conn, account)? {
            if asked.insert(moved.from) {
                found.push((moved.from, Some(moved.from_sequence)));
                next.push(moved.from);
            }
        }
    }
    Ok(found)
}

/// Transfers by the account they began at, each account's in their order.
#[derive(Clone, Debug, Default)]
pub struct Transfers(BTreeMap<AccountId, Vec<Transfer>>);

impl Transfers {
    /// The account that an entry counts for now.
    #[must_use]
    pub fn account_of(&self, account: AccountId, sequence: i64) -> AccountId {
        let (mut account, mut sequence, mut last) = (account, sequence, 0);
        loop {
            let of = self.0.get(&account).into_iter().flatten();
            let mut later = of.filter(|one| one.id > last && one.from_sequence >= sequence);
            let Some(one) = later.next() else { return account };
            (account, sequence, last) = (one.to, one.to_sequence, one.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_counts_where_its_points_went_and_what_came_later_stays() {
        let [a, b, c, d] = [1, 2, 3, 4].map(AccountId);
        let mut transfers = Transfers::default();
        // B was emptied before A's points came, and got no entry of its own in between or since.
        let moves = [(b, 5, c, 1), (a, 4, b, 5), (b, 5, d, 0), (a, 9, c, 3), (d, 2, a, 12)];
        for (id, (from, from_sequence, to, to_sequence)) in (1..).zip(moves) {
            transfers.0.entry(from).or_default().push(Transfer { id, from, from_sequence, to, to_sequence });
        }
        for (account, sequence, counts_for) in
            [(a, 1, a), (a, 4, a), (a, 5, c), (a, 9, c), (a, 10, a), (b, 5, c), (b, 6, b), (c, 9, c), (d, 3, d)]
        {
            assert_eq!(transfers.account_of(account, sequence), counts_for, "{account} {sequence}");
        }
        assert_eq!(Transfers::default().account_of(a, 1), a);
    }
}
