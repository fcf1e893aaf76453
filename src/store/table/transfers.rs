//! Accounts whose points moved to another account, with all that bears on them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::value::ids::AccountId;
use crate::store::schema::account_transfers;
use crate::store::{AnyConnection, CHUNK, StoreError, on_each};

/// Entries of an account up to a number count for another account, as if they stood there up to another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountTransfer {
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
    /// When, by the database's clock.
    pub recorded_at_us: i64,
}

/// The table's columns, in its order.
type TransferRow = (i64, i64, i64, i64, i64, i64);

fn transfer((id, from, from_sequence, to, to_sequence, recorded_at_us): TransferRow) -> AccountTransfer {
    AccountTransfer { id, from: AccountId(from), from_sequence, to: AccountId(to), to_sequence, recorded_at_us }
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
            let rows: Vec<TransferRow> = account_transfers::table
                .filter(account_transfers::from_account_id.eq_any(chunk.to_vec()))
                .order(account_transfers::id)
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

/// Entries of one account that count for another, or for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The account that has the entries.
    pub account: AccountId,
    /// They come after this number.
    pub after: i64,
    /// The number of the last of them; `None` for all that come.
    pub upto: Option<i64>,
}

/// Which entries count for an account now: its own, less those whose points moved on, and those of the accounts whose
/// points moved to it.
///
/// # Errors
/// [`StoreError`]
pub fn origins(conn: &mut AnyConnection, account: AccountId) -> Result<Vec<Origin>, StoreError> {
    let mut found: BTreeMap<i64, AccountTransfer> = BTreeMap::new();
    let mut asked = BTreeSet::from([account.0]);
    let mut next = vec![account.0];
    while !next.is_empty() {
        let mut came_from = BTreeSet::new();
        for chunk in next.chunks(CHUNK) {
            // Those that left bear on it as well: what has gone to a third account did not go to this one.
            let rows: Vec<TransferRow> = account_transfers::table
                .filter(
                    account_transfers::to_account_id
                        .eq_any(chunk.to_vec())
                        .or(account_transfers::from_account_id.eq_any(chunk.to_vec())),
                )
                .load(conn)?;
            for one in rows.into_iter().map(transfer) {
                if chunk.contains(&one.to.0) {
                    came_from.insert(one.from.0);
                }
                found.insert(one.id, one);
            }
        }
        next = came_from.difference(&asked).copied().collect();
        asked.extend(&next);
    }
    Ok(origins_among(&found, account))
}

/// [`origins`], among all transfers from and to the accounts that led there, by their ids. The inverse of
/// [`Transfers::account_of`]: it follows transfers back in time, not accounts. What came to an account counts for where a
/// later transfer took it only if no transfer in between took it elsewhere.
fn origins_among(transfers: &BTreeMap<i64, AccountTransfer>, account: AccountId) -> Vec<Origin> {
    let mut found = Vec::new();
    // An account, and the transfer that took from there what is looked for; `None` for what is there now.
    let mut next: Vec<(AccountId, Option<AccountTransfer>)> = vec![(account, None)];
    while let Some((account, taken)) = next.pop() {
        let before = taken.map_or(i64::MAX, |taken| taken.id);
        let earlier = || transfers.range(..before).map(|(_, one)| *one);
        let emptied = earlier().rfind(|one| one.from == account);
        let (emptied_id, after) = emptied.map_or((0, 0), |one| (one.id, one.from_sequence));
        let upto = taken.map(|taken| taken.from_sequence);
        if upto.is_none_or(|upto| upto > after) {
            found.push(Origin { account, after, upto });
        }
        next.extend(earlier().filter(|one| one.to == account && one.id > emptied_id).map(|one| (one.from, Some(one))));
    }
    found
}

/// Transfers by the account they began at, each account's in their order.
#[derive(Clone, Debug, Default)]
pub struct Transfers(BTreeMap<AccountId, Vec<AccountTransfer>>);

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

    /// The account that has a hold now which was made on this one at that moment.
    #[must_use]
    pub fn holder_of(&self, account: AccountId, made_at_us: i64) -> AccountId {
        let (mut account, mut last) = (account, 0);
        loop {
            let of = self.0.get(&account).into_iter().flatten();
            let mut later = of.filter(|one| one.id > last && one.recorded_at_us >= made_at_us);
            let Some(one) = later.next() else { return account };
            (account, last) = (one.to, one.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: [AccountId; 4] = [AccountId(1), AccountId(2), AccountId(3), AccountId(4)];

    /// Transfers in their order, one each second: from, how many entries, to, how many entries.
    fn numbered(moves: &[(AccountId, i64, AccountId, i64)]) -> BTreeMap<i64, AccountTransfer> {
        let transfer = |(id, &(from, from_sequence, to, to_sequence)): (i64, _)| {
            (id, AccountTransfer { id, from, from_sequence, to, to_sequence, recorded_at_us: id * 1_000_000 })
        };
        (1..).zip(moves).map(transfer).collect()
    }

    fn by_account(moves: &BTreeMap<i64, AccountTransfer>) -> Transfers {
        let mut transfers = Transfers::default();
        for one in moves.values() {
            transfers.0.entry(one.from).or_default().push(*one);
        }
        transfers
    }

    #[test]
    fn an_entry_counts_where_its_points_went_and_what_came_later_stays() {
        let [a, b, c, d] = ACCOUNTS;
        // B was emptied before A's points came, and got no entry of its own in between or since.
        let moves = [(b, 5, c, 1), (a, 4, b, 5), (b, 5, d, 0), (a, 9, c, 3), (d, 2, a, 12)];
        let transfers = by_account(&numbered(&moves));
        for (account, sequence, counts_for) in
            [(a, 1, a), (a, 4, a), (a, 5, c), (a, 9, c), (a, 10, a), (b, 5, c), (b, 6, b), (c, 9, c), (d, 3, d)]
        {
            assert_eq!(transfers.account_of(account, sequence), counts_for, "{account} {sequence}");
        }
        assert_eq!(Transfers::default().account_of(a, 1), a);
    }

    #[test]
    fn the_entries_that_count_for_an_account_are_those_whose_points_went_there() {
        let [a, b, c, d] = ACCOUNTS;
        let origin = |account, after, upto| Origin { account, after, upto };
        // B's points went to C before A's came to B: none of A's went to C.
        let early = numbered(&[(b, 3, c, 1), (a, 4, b, 4)]);
        assert_eq!(origins_among(&early, c), [origin(c, 0, None), origin(b, 0, Some(3))]);
        // A gave twice: what it had the second time counts as well.
        let twice = numbered(&[(a, 4, b, 2), (a, 9, b, 6)]);
        let mut found = origins_among(&twice, b);
        found.sort_unstable();
        assert_eq!(found, [origin(a, 0, Some(4)), origin(a, 4, Some(9)), origin(b, 0, None)]);
        for moves in [
            early,
            twice,
            numbered(&[]),
            numbered(&[(b, 5, c, 1), (a, 4, b, 5), (b, 5, d, 0), (a, 9, c, 3), (d, 2, a, 12)]),
            // There and back again, and on to a third in between.
            numbered(&[(a, 2, b, 1), (b, 4, a, 4), (a, 6, b, 6), (b, 8, c, 0), (a, 9, b, 9), (b, 11, d, 3)]),
        ] {
            let transfers = by_account(&moves);
            for (account, sequence) in ACCOUNTS.into_iter().flat_map(|one| (1..=14).map(move |number| (one, number))) {
                let counts_for: Vec<AccountId> = ACCOUNTS
                    .into_iter()
                    .flat_map(|target| origins_among(&moves, target).into_iter().map(move |origin| (target, origin)))
                    .filter(|(_, one)| one.account == account && sequence > one.after)
                    .filter(|(_, one)| one.upto.is_none_or(|upto| sequence <= upto))
                    .map(|(target, _)| target)
                    .collect();
                assert_eq!(counts_for, [transfers.account_of(account, sequence)], "{account} {sequence} {moves:?}");
            }
        }
    }

    #[test]
    fn a_hold_went_along_with_the_transfers_after_it_was_made() {
        let [a, b, c, d] = ACCOUNTS;
        let transfers = by_account(&numbered(&[(b, 5, c, 1), (a, 4, b, 5), (b, 9, d, 0), (a, 9, c, 3)]));
        for (account, second, holder) in [(a, 0, d), (a, 2, d), (a, 3, c), (a, 5, a), (b, 1, c), (b, 2, d), (c, 0, c)] {
            assert_eq!(transfers.holder_of(account, second * 1_000_000), holder, "{account} {second}");
        }
    }
}
