//! Lots, debts and holds of one account.
use chrono::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, day, 0, 0, 0).unwrap()
}

fn points(whole: i64) -> Points {
    Points::from_e2(whole * 100)
}

fn hold_id(n: u128) -> HoldId {
    HoldId(Uuid::from_u128(n))
}

/// A hold that is made on one day and ends on another.
fn hold_of(whole: i64, made: u32, ends: u32) -> OpenHold {
    OpenHold { points: points(whole), good_at: at(made), expires_at: at(ends), carried: None }
}

fn account() -> Account {
    Account::empty(AccountId(1), PartnerId(1), ProgramId(1))
}

#[test]
fn spends_the_soonest_expiring_first() {
    let mut account = account();
    account.put(points(10), Expiry::Never).unwrap();
    account.put(points(5), Expiry::At(at(20))).unwrap();
    account.put(points(5), Expiry::At(at(10))).unwrap();
    let taken = account.take(points(7), &[]).unwrap();
    assert_eq!(
        taken,
        vec![
            LotChange { expiry: Expiry::At(at(10)), points: points(-5) },
            LotChange { expiry: Expiry::At(at(20)), points: points(-2) }
        ]
    );
    assert_eq!(account.balance(), points(13));
}

#[test]
fn a_clawback_takes_its_own_lot_first_and_the_rest_shows_as_debt_that_earnings_pay() {
    let mut account = account();
    account.put(points(10), Expiry::At(at(20))).unwrap();
    account.put(points(3), Expiry::At(at(10))).unwrap();
    let own = [LotChange { expiry: Expiry::At(at(20)), points: points(4) }];
    assert_eq!(
        account.take(points(4), &own).unwrap(),
        vec![LotChange { expiry: Expiry::At(at(20)), points: points(-4) }]
    );
    account.take(points(14), &[]).unwrap();
    assert_eq!((account.balance(), account.debt().unwrap()), (points(-5), points(5)));
    assert!(account.lots().is_empty());
    // 8 earned: 5 pay the debt, 3 can be spent.
    let put = account.put(points(8), Expiry::Never).unwrap();
    assert_eq!(put, vec![LotChange { expiry: Expiry::Never, points: points(3) }]);
    assert_eq!(account.balance(), points(3));
}

#[test]
fn a_hold_protects_the_points_it_will_spend_until_it_ends() {
    let mut account = account();
    account.put(points(10), Expiry::At(at(10))).unwrap();
    account.put(points(4), Expiry::Never).unwrap();
    account.open_hold(hold_id(1), hold_of(6, 5, 12));
    // Day 11: 10 have expired, 6 of them are promised.
    assert_eq!(account.available(at(11)).unwrap(), points(4));
    assert_eq!(account.balance_at(at(11)).unwrap(), points(10));
    assert_eq!(account.expire_lots(at(11)).unwrap().first().map(|change| change.points), Some(points(-4)));
    assert_eq!(account.available(at(11)).unwrap(), points(4));
    // Day 12: the hold is over, the promise too.
    assert!(account.is_due(at(12)));
    assert_eq!(account.expire_holds(at(12)), vec![hold_id(1)]);
    account.expire_lots(at(12)).unwrap();
    assert_eq!(account.balance(), points(4));
}

#[test]
fn a_hold_does_not_protect_points_that_were_past_their_end_when_it_was_made() {
    let mut account = account();
    account.put(points(10), Expiry::At(at(10))).unwrap();
    account.put(points(10), Expiry::Never).unwrap();
    account.open_hold(hold_id(1), hold_of(10, 9, 12));
    // On day 11 the 10 that ended on day 10 are there for the first hold alone; the second is of the others.
    account.expire_lots(at(11)).unwrap();
    assert_eq!(account.available(at(11)).unwrap(), points(10));
    account.open_hold(hold_id(2), hold_of(10, 11, 15));
    assert_eq!((account.balance(), account.available(at(11)).unwrap()), (points(20), Points::ZERO));
    // Once the first has ended, nothing protects them.
    account.expire_holds(at(12));
    let gone = account.expire_lots(at(12)).unwrap();
    assert_eq!(gone, [LotChange { expiry: Expiry::At(at(10)), points: points(-10) }]);
    assert_eq!((account.balance(), account.available(at(12)).unwrap()), (points(10), Points::ZERO));
}

#[test]
fn a_hold_spends_points_that_were_good_when_it_was_made() {
    let mut account = account();
    account.put(points(10), Expiry::At(at(10))).unwrap();
    account.put(points(10), Expiry::Never).unwrap();
    account.open_hold(hold_id(1), hold_of(10, 9, 12));
    account.open_hold(hold_id(2), hold_of(10, 11, 15));
    account.end_hold(hold_id(2));
    assert_eq!(
        account.spend(&hold_of(10, 11, 31)).unwrap(),
        [LotChange { expiry: Expiry::Never, points: points(-10) }],
        "those that ended are the first hold's"
    );
    account.end_hold(hold_id(1));
    assert_eq!(account.spend(&hold_of(10, 9, 31)).unwrap()[0].expiry, Expiry::At(at(10)));
}

#[test]
fn expiring_lists_what_will_be_lost() {
    let mut account = account();
    account.put(points(10), Expiry::At(at(10))).unwrap();
    account.put(points(5), Expiry::At(at(20))).unwrap();
    account.put(points(1), Expiry::Never).unwrap();
    account.open_hold(hold_id(1), hold_of(4, 1, 9));
    assert_eq!(account.expiring(at(1)).unwrap(), vec![(at(10), points(6)), (at(20), points(5))]);
}

proptest! {
    /// Whatever is put in, taken out, held and expired, in any order, the books balance.
    #[test]
    fn the_books_balance(steps in prop::collection::vec((0_u8..5, 1_i64..500, 1_u32..28), 1..60)) {
        let mut account = account();
        let mut posted = 0_i64;
        for (step, amount, day) in steps {
            let amount = Points::from_e2(amount);
            match step {
                0 | 1 => {
                    account.put(amount, Expiry::At(at(day))).unwrap();
                    posted += amount.e2();
                }
                2 => {
                    account.take(amount, &[LotChange { expiry: Expiry::At(at(day)), points: amount }]).unwrap();
                    posted -= amount.e2();
                }
                3 => account.open_hold(hold_id(u128::from(day)), OpenHold { points: amount, good_at: at(1), expires_at: at(day), carried: None }),
                _ => {
                    account.expire_holds(at(day));
                    for change in account.expire_lots(at(day)).unwrap() {
                        posted += change.points.e2();
                    }
                    prop_assert!(account.expired_at(at(day)).unwrap().is_zero());
                }
            }
            prop_assert_eq!(account.violation().unwrap(), None);
            prop_assert_eq!(account.balance().e2(), posted);
        }
    }
}
