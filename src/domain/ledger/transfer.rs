//! A member's points move to another member, whole: balance, lots with their end, debt and open holds.

use super::account::LotChange;
use super::entry::{Cause, EntryDetail, EntryKind};
use super::state::{DecisionContext, LedgerState, LedgerStateError, Posting};
use crate::domain::value::ids::{AccountId, EntryId};
use crate::domain::value::points::Points;

/// What the two entries of a transfer say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferNote {
    /// On the account that gives: where its points went.
    pub out: Cause,
    /// On the account that gets them: where they came from.
    pub into: Cause,
    /// A person's reason.
    pub reason: Option<String>,
}

impl LedgerState {
    /// Moves all that an account has to another one of the same program, and returns the entries: that of the giving
    /// account, then that of the other. An account without points or debt leaves no entry.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn transfer(
        &mut self,
        from: AccountId,
        to: AccountId,
        note: &TransferNote,
        context: &mut DecisionContext<'_>,
    ) -> Result<Vec<EntryId>, LedgerStateError> {
        self.settle(from, context)?;
        self.settle(to, context)?;
        let giving = self.account_mut(from)?;
        let balance = giving.balance();
        let holds: Vec<_> = giving.holds().iter().map(|(id, hold)| (*id, *hold)).collect();
        for (id, _) in &holds {
            giving.end_hold(*id);
        }
        let lots: Vec<_> = giving.lots().iter().map(|(expiry, points)| (*expiry, *points)).collect();
        let taken = giving.take(Points::sum(lots.iter().map(|(_, points)| *points))?, &[])?;
        let debt = giving.debt()?;
        if debt.is_positive() {
            giving.put(debt, super::account::Expiry::Never)?;
        }
        let getting = self.account_mut(to)?;
        let mut put: Vec<LotChange> = Vec::new();
        // Soonest to end first: those pay a debt, as they would have been spent first.
        for (expiry, points) in lots {
            put.extend(getting.put(points, expiry)?);
        }
        if debt.is_positive() {
            put.extend(getting.take(debt, &[])?);
        }
        for (id, hold) in holds {
            getting.open_hold(id, hold);
        }
        for hold in self.holds.values_mut().filter(|hold| hold.account_id == from) {
            hold.account_id = to;
        }
        if balance.is_zero() {
            return Ok(Vec::new());
        }
        let mut posting = |account, points, cause: &Cause, lots: &[LotChange], state: &mut Self| {
            let posting = Posting {
                kind: EntryKind::Transfer,
                points,
                occurred_at: context.now,
                cause: cause.clone(),
                program_version: None,
                sale: None,
                hold_id: None,
                reason: note.reason.clone(),
                detail: EntryDetail::default(),
            };
            state.post(account, posting, lots, context)
        };
        let out = posting(from, balance.negate()?, &note.out, &taken, self)?;
        let into = posting(to, balance, &note.into, &put, self)?;
        Ok(vec![out, into])
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeZone, Utc};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::account::{Account, Expiry, OpenHold};
    use super::super::entry::CauseModel;
    use super::*;
    use crate::domain::value::ids::{HoldId, PartnerId, ProgramId};

    fn at(day: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, day, 0, 0, 0).unwrap()
    }

    fn points(whole: i64) -> Points {
        Points::from_e2(whole * 100)
    }

    fn note() -> TransferNote {
        let cause = |name: &str| Cause { model: CauseModel::Partner, id: Some(1), uuid: None, name: name.into() };
        TransferNote { out: cause("merged into B"), into: cause("merged into B from A"), reason: None }
    }

    fn state(of_a: &[(i64, u32)], of_b: &[(i64, u32)]) -> LedgerState {
        let mut state = LedgerState::default();
        for (id, of) in [(1, of_a), (2, of_b)] {
            let mut account = Account::empty(AccountId(id), PartnerId(id), ProgramId(1));
            for (amount, day) in of {
                if *amount > 0 {
                    account.put(points(*amount), Expiry::At(at(*day))).unwrap();
                } else {
                    account.take(points(-amount), &[]).unwrap();
                }
            }
            state.accounts.insert(account.id, account);
        }
        state
    }

    fn moved(state: &mut LedgerState, now: u32) -> Vec<EntryId> {
        let mut ids = Uuid::now_v7;
        let mut context = DecisionContext { now: at(now), actor: "sync", ids: &mut ids };
        state.transfer(AccountId(1), AccountId(2), &note(), &mut context).unwrap()
    }

    #[test]
    fn lots_move_with_their_end_and_pay_a_debt_soonest_first() {
        let mut both = state(&[(10, 10), (5, 20)], &[(-12, 0)]);
        assert_eq!(moved(&mut both, 1).len(), 2);
        let [a, b] = [1, 2].map(|id| both.account(AccountId(id)).unwrap());
        assert_eq!((a.balance(), a.lots().len()), (Points::ZERO, 0));
        assert_eq!((b.balance(), b.lots()), (points(3), &[(Expiry::At(at(20)), points(3))].into()));
        let said: Vec<_> =
            both.entries.iter().map(|one| (one.points, one.balance_after, one.cause.name.as_str())).collect();
        assert_eq!(
            said,
            [(points(-15), Points::ZERO, "merged into B"), (points(15), points(3), "merged into B from A")]
        );
    }

    #[test]
    fn a_debt_moves_too_and_an_empty_account_leaves_no_entry() {
        let mut both = state(&[(-12, 0)], &[(10, 10), (5, 20)]);
        moved(&mut both, 1);
        let [a, b] = [1, 2].map(|id| both.account(AccountId(id)).unwrap());
        assert_eq!((a.balance(), b.balance()), (Points::ZERO, points(3)));
        assert_eq!(b.lots(), &[(Expiry::At(at(20)), points(3))].into());
        assert_eq!(moved(&mut state(&[], &[(5, 10)]), 1), []);
    }

    #[test]
    fn points_that_a_hold_keeps_from_expiring_move_with_it() {
        let mut both = state(&[(10, 10)], &[(4, 20)]);
        let hold = HoldId(Uuid::from_u128(7));
        let open = OpenHold { points: points(6), good_at: at(1), expires_at: at(15), carried: None };
        both.accounts.get_mut(&AccountId(1)).unwrap().open_hold(hold, open);
        // Day 12: 4 of the 10 expire, 6 are promised.
        moved(&mut both, 12);
        let [a, b] = [1, 2].map(|id| both.account(AccountId(id)).unwrap());
        assert!(a.holds().is_empty());
        assert_eq!(b.holds(), &[(hold, open)].into());
        assert_eq!((b.balance(), b.available(at(12)).unwrap()), (points(10), points(4)));
    }

    proptest! {
        /// Whatever two accounts hold, together they hold the same afterwards, and the books balance.
        #[test]
        fn nothing_is_lost_or_made(
            of_a in prop::collection::vec((-50_i64..50, 2_u32..28), 0..8),
            of_b in prop::collection::vec((-50_i64..50, 2_u32..28), 0..8),
        ) {
            let mut both = state(&of_a, &of_b);
            let sum = |state: &LedgerState| Points::sum(state.accounts.values().map(Account::balance)).unwrap();
            let before = sum(&both);
            let mut late = both.clone();
            moved(&mut both, 1);
            prop_assert_eq!(sum(&both), before);
            prop_assert_eq!(both.account(AccountId(1)).unwrap().balance(), Points::ZERO);
            moved(&mut late, 14);
            for state in [&both, &late] {
                for account in state.accounts.values() {
                    prop_assert_eq!(account.violation().unwrap(), None);
                }
            }
        }
    }
}
