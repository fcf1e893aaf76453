//! A member's entries, in the order of the balance.
//!
//! An account's entries have numbers, and each `balance_after` follows from the one before it in that order, whatever the
//! clocks of replicas said. So each program's entries are read by their numbers; those of several programs are merged by
//! when they were taken in, and none is ever shown before one of its own program that came later.

use std::collections::BTreeMap;

use serde::Serialize;

use super::listing::program_id;
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::hold::Hold;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets;
use crate::ledger::query::Queries;
use crate::ledger::query::entry::NamedEntry;
use crate::store::AnyConnection;
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::entries::EntryRow;
use crate::store::table::{entries, holds};

/// A place in a history, as the API's opaque text: below which number each account's entries go on. An account that it
/// does not name came later, and is no part of what is being paged through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPlace(BTreeMap<AccountId, i64>);

impl HistoryPlace {
    /// From its text; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let one = |part: &str| {
            let (account, below) = part.split_once(':')?;
            Some((AccountId(account.parse().ok()?), below.parse().ok()?))
        };
        text.split('.').map(one).collect::<Option<_>>().map(Self)
    }

    fn text(&self) -> String {
        self.0.iter().map(|(account, below)| format!("{account}:{below}")).collect::<Vec<_>>().join(".")
    }
}

/// Entries of one account that were read and are not listed yet, the newest last.
struct Pile {
    account: AccountId,
    left: Vec<EntryRow>,
    /// The number below which the account's entries are not listed yet.
    below: i64,
}

/// Takes the newest entries off all piles together, at most `limit`, each pile in its own order.
fn merge(piles: &mut [Pile], limit: usize) -> Vec<EntryRow> {
    let mut listed = Vec::new();
    while listed.len() < limit {
        let newest = piles
            .iter_mut()
            .filter(|pile| !pile.left.is_empty())
            .max_by_key(|pile| pile.left.last().map(|row| (row.recorded_at_us, row.account_id(), row.sequence)));
        let Some(pile) = newest else { break };
        if let Some(row) = pile.left.pop() {
            pile.below = row.sequence;
            listed.push(row);
        }
    }
    listed
}

/// A page of a member's entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryPage {
    /// The entries, newest first.
    pub entries: Vec<NamedEntry>,
    /// Where the next page goes on.
    pub next: Option<String>,
}

impl Queries<'_> {
    /// A member's entries, newest first.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when a program is named that does not exist.
    pub async fn history(
        self,
        partner: PartnerId,
        program: Option<String>,
        limit: i64,
        before: Option<HistoryPlace>,
    ) -> Result<HistoryPage, LedgerError> {
        self.ask(move |conn, all_versions, wallet| {
            let wanted = program_id(all_versions, program.as_ref())?;
            let shown = wallets::shown_for(conn, wallet, &[partner])?;
            let member = shown.get(&partner).copied().unwrap_or(partner);
            let mut of_account: BTreeMap<AccountId, &ProgramVersions> = BTreeMap::new();
            let mut piles = Vec::new();
            for known in accounts::load(conn, &AccountSelection::Partners(&[member]))? {
                let id = known.account.id;
                let Some(program_versions) = all_versions.iter().find(|one| one.id == known.account.program_id) else {
                    continue;
                };
                let below = match &before {
                    Some(place) => place.0.get(&id).copied(),
                    None => Some(known.entry_count.saturating_add(1)),
                };
                let (Some(below), true) = (below, wanted.is_none_or(|program| program_versions.id == program)) else {
                    continue;
                };
                // One more than asked for tells whether there is a next page.
                let mut left = entries::newest_of(conn, id, below, limit.saturating_add(1))?;
                left.reverse();
                of_account.insert(id, program_versions);
                piles.push(Pile { account: id, left, below });
            }
            let listed = merge(&mut piles, usize::try_from(limit).unwrap_or(usize::MAX));
            let more = piles.iter().any(|pile| !pile.left.is_empty());
            let place = HistoryPlace(piles.iter().map(|pile| (pile.account, pile.below)).collect());
            let entries = entries::with_texts(conn, &listed)?;
            let holds = holds_of(conn, &entries)?;
            let entries = entries
                .iter()
                .filter_map(|entry| {
                    let hold = entry.hold_id.and_then(|id| holds.get(&id));
                    Some(NamedEntry::new(entry, member, of_account.get(&entry.account_id)?, hold))
                })
                .collect();
            Ok(HistoryPage { entries, next: more.then(|| place.text()) })
        })
        .await
    }
}

fn holds_of(conn: &mut AnyConnection, entries: &[Entry]) -> Result<BTreeMap<HoldId, Hold>, LedgerError> {
    let ids: Vec<HoldId> = entries.iter().filter_map(|entry| entry.hold_id).collect();
    Ok(holds::load(conn, holds::HoldSelection::Ids(&ids))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ledger::chain::FIRST_HASH;
    use crate::domain::ledger::entry::{Cause, CauseModel, EntryDetail, EntryKind};
    use crate::domain::value::ids::EntryId;
    use crate::domain::value::points::Points;

    fn row(account: i64, sequence: i64, recorded_at_us: i64) -> EntryRow {
        let at = chrono::DateTime::from_timestamp_micros(recorded_at_us).unwrap();
        let entry = Entry {
            id: EntryId(uuid::Uuid::from_u128(u128::try_from(account * 1000 + sequence).unwrap())),
            account_id: AccountId(account),
            kind: EntryKind::Adjust,
            points: Points::from_e2(100),
            balance_after: Points::from_e2(100 * sequence),
            occurred_at: at,
            recorded_at: at,
            cause: Cause { model: CauseModel::Adjustment, id: None, uuid: None, name: "a present".into() },
            program_version: None,
            sale: None,
            hold_id: None,
            reason: None,
            actor: "test".into(),
            detail: EntryDetail::default(),
            is_redacted: false,
        };
        EntryRow::new(&entry, sequence, &FIRST_HASH, &FIRST_HASH).unwrap()
    }

    fn pile(account: i64, moments: &[i64]) -> Pile {
        let left: Vec<EntryRow> =
            moments.iter().enumerate().map(|(at, us)| row(account, i64::try_from(at).unwrap() + 1, *us)).collect();
        let below = i64::try_from(left.len()).unwrap() + 1;
        Pile { account: AccountId(account), left, below }
    }

    fn listed(rows: &[EntryRow]) -> Vec<(i64, i64)> {
        rows.iter().map(|row| (row.account_id().0, row.sequence)).collect()
    }

    #[test]
    fn a_clock_that_was_set_back_puts_no_entry_before_a_later_one_of_its_account() {
        // The second account's clock said 50, then 10.
        let mut piles = [pile(1, &[20, 40]), pile(2, &[50, 10])];
        assert_eq!(listed(&merge(&mut piles, 10)), [(1, 2), (1, 1), (2, 2), (2, 1)]);
    }

    #[test]
    fn pages_go_on_where_each_account_was_left() {
        let mut piles = [pile(1, &[10, 30]), pile(2, &[20, 40])];
        assert_eq!(listed(&merge(&mut piles, 3)), [(2, 2), (1, 2), (2, 1)]);
        assert_eq!((piles[0].below, piles[1].below), (2, 1));
        assert_eq!(listed(&merge(&mut piles, 3)), [(1, 1)]);
    }

    #[test]
    fn a_place_is_read_as_it_is_told_and_nothing_else_is() {
        let place = HistoryPlace(BTreeMap::from([(AccountId(3), 17), (AccountId(8), 1)]));
        assert_eq!(HistoryPlace::parse(&place.text()), Some(place));
        for other in ["", "3", "3:", ":1", "3:1.", "3:x", "1700000000000000.5.0191e0a0-0000-7000-8000-000000000000"] {
            assert_eq!(HistoryPlace::parse(other), None, "{other}");
        }
    }
}
