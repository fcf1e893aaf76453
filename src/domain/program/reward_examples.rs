//! Worked examples of rewards: a program, a draft, and what its first reward costs and takes off, by hand.
//!
//! The tables are written as [`super::shorthand`] says. A draft says besides what is `available`, the `points` offered,
//! the currency's `digits`, the rewards `held` on it already (`code/amount`, and `/quantity` of a product), when
//! rewards were `used` (`code@instant`), and products `archived`.
//!
//! A price reads `100 for 5.00`; then ` = 1: 3.33 + 2: 1.67`, what comes off which line; ` covers 1` and ` adds 2 at
//! 0.00`, how many of a product are there and how many are to be added.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::sample::{at, decimal, money, points};
use super::shorthand::{draft_of, examples_of, program_of};
use super::{Basket, HeldReward, NotPriced, Priced, Program, Reward, Use, price, shares};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{HoldId, ProductId};
use crate::domain::value::money::Money;

fn check(table: &str) {
    for example in examples_of(table) {
        let program = program_of(example.program);
        assert_eq!(answer(&program, example.subject), example.expected, "{example:?}");
    }
}

/// What the program's first reward is on a draft, in words.
pub(super) fn answer(program: &Program, draft: &str) -> String {
    let (order, said) = draft_of(draft);
    let say = |name: &str| said.get(name).copied();
    let list = |name: &str| say(name).into_iter().flat_map(|all| all.split(','));
    let held: Vec<HeldReward> = (1..).zip(list("held")).map(|(number, text)| held(program, number, text)).collect();
    let used = |text: &str| {
        let (reward, when) = text.split_once('@').unwrap();
        Use { reward: reward.to_owned(), at: at(when) }
    };
    let archived: BTreeSet<ProductId> = list("archived").map(|id| ProductId(id.parse().unwrap())).collect();
    let basket = Basket {
        order: &order,
        available: say("available").map(points).unwrap_or_default(),
        holds: &held,
        uses: &list("used").map(used).collect::<Vec<_>>(),
        archived: &archived,
        currency_decimals: say("digits").map_or(2, |digits| digits.parse().unwrap()),
    };
    let reward = program.rewards.first().unwrap();
    match price(program, reward, say("points").map(points), &basket) {
        Ok(priced) => told(&order, reward, priced, &basket),
        Err(NotPriced::Refused(Refusal::BelowMinimum { available, minimum })) => {
            format!("{available} below {minimum}")
        }
        Err(NotPriced::Refused(Refusal::InsufficientPoints { available, required })) => {
            format!("{available} of {required}")
        }
        Err(NotPriced::Refused(Refusal::NotApplicable { reason, maximum_points: None })) => reason.code().to_owned(),
        Err(NotPriced::Refused(Refusal::NotApplicable { reason, maximum_points: Some(most) })) => {
            format!("{}, at most {most}", reason.code())
        }
        Err(other) => panic!("{other}"),
    }
}

/// Another reward of the program that stands on the draft.
fn held(program: &Program, number: u128, text: &str) -> HeldReward {
    let mut parts = text.split('/');
    let reward = program.reward(parts.next().unwrap()).unwrap();
    HeldReward {
        id: HoldId(uuid::Uuid::from_u128(number)),
        is_own: true,
        lines: Vec::new(),
        discount: money(parts.next().unwrap()),
        covers: reward.covers(),
        product_id: reward.product_id(),
        covered_quantity: parts.next().map_or(Decimal::ZERO, decimal),
    }
}

fn told(order: &Order, reward: &Reward, priced: Priced, basket: &Basket<'_>) -> String {
    let shared = shares(reward, &priced, basket).unwrap();
    assert_eq!(Money::sum(shared.iter().map(|(_, share)| *share)), Ok(priced.discount), "its shares sum to it");
    let mut told = vec![format!("{} for {}", priced.points, priced.discount)];
    if order.lines.len() > 1 && !shared.is_empty() {
        let mut shared = shared;
        shared.sort_unstable();
        let shown: Vec<String> =
            shared.iter().map(|(line, share)| format!("{}: {share}", line.saturating_add(1))).collect();
        told.push(format!("= {}", shown.join(" + ")));
    }
    if let Some(gift) = priced.gift {
        if !gift.covered_quantity.is_zero() {
            told.push(format!("covers {}", gift.covered_quantity.normalize()));
        }
        if !gift.add_quantity.is_zero() {
            told.push(format!("adds {} at {}", gift.add_quantity.normalize(), gift.price));
        }
    }
    told.join(" ")
}

#[test]
fn a_fixed_amount_fits_or_is_refused() {
    check(
        "
        discount_amount points=100 amount=5.00
            available=100: book 1 20.00 => 100 for 5.00                       # it fits
            available=99.99: book 1 20.00 => 99.99 of 100                     # a hundredth short
            available=-10: book 1 20.00 => -10 of 100                         # in debt
            available=100: book 1 5.00 => 100 for 5.00                        # the whole order
            available=100: book 1 4.99 => order_too_small                     # never cut
            available=100: nothing => order_too_small                         # 0.00 < 5.00
            available=100: book -1 -20.00 => order_too_small                  # a return
            available=200 points=100: book 1 20.00 => 100 for 5.00            # its price may be said
            available=200 points=99: book 1 20.00 => points_not_variable      # no other
            available=100: book 1 20.00, toy 1 10.00 => 100 for 5.00 = 1: 3.33 + 2: 1.67 # 3.333 and 1.667: the cent goes where more was lost
            available=100: book 1 10.00, pen 1 10.00, toy 1 10.00 => 100 for 5.00 = 1: 1.67 + 2: 1.67 + 3: 1.66 # 1.6667 each: 4.98 and two cents
            available=100: book 1 6.00, tip 1 2.00 => 100 for 5.00 = 1: 5.00  # a tip bears nothing
            available=100: book 1 8.00, reward 1 -4.00 => order_too_small     # 8 − 4 to pay
            available=100: book 1 9.00, reward 1 -4.00 => 100 for 5.00 = 1: 5.00 # 9 − 4 to pay
            available=100: book 1 9.00, giftcard 1 -6.00 => order_too_small   # 9 − 6 to pay
            available=100: book 1 2.00, giftcard 1 3.00 => order_too_small    # 2.00 of goods: points buy no gift card
            available=100: giftcard 1 50.00 => order_too_small                # nor one alone
            available=100: book 1 4.00, tip 1 20.00 => order_too_small        # nor a tip
            available=100: book 1 5.00, giftcard 1 3.00 => 100 for 5.00 = 1: 5.00 # all of them
        discount_amount points=100 amount=4.00 + discount_amount points=10 amount=3.00
            available=100 held=r2/3.00: book 1 10.00, giftcard 1 -6.00 => order_too_small # 10 − 6 − 3 to pay, its line there or not
            available=100 held=r2/3.00: book 1 13.00, giftcard 1 -6.00 => 100 for 4.00 = 1: 4.00 # 13 − 6 − 3
        currency=JPY | discount_amount points=100 amount=500
            available=100 digits=0 currency=JPY: book 1 2000, toy 1 1000 => 100 for 500.00 = 1: 333.00 + 2: 167.00 # 333.33 and 166.67, whole yen
        currency=KWD | discount_amount points=100 amount=5.000
            available=100 digits=3 currency=KWD: book 1 10, pen 1 10, toy 1 10 => 100 for 5.00 = 1: 1.667 + 2: 1.667 + 3: 1.666 # 1.66667 each: 4.998 and two fils
        max_share_of_order=0.5 | discount_amount points=100 amount=5.00
            available=100: book 1 10.00 => 100 for 5.00                       # half of 10.00
            available=100: book 1 9.99 => order_too_small                     # half of 9.99 is 4.995
            available=100: book 1 10.00, reward 1 -4.00 => 100 for 5.00 = 1: 5.00 # half of 10.00 before rewards, 6.00 to pay
            available=100: book 1 10.00, voucher 1 -1.00 => order_too_small   # half of 9.00
            available=100: book 1 10.00, giftcard 1 -4.00 => 100 for 5.00 = 1: 5.00 # a gift card pays, the order was 10.00
        max_share_of_order=0.5 | discount_amount points=100 amount=5.00 + discount_amount points=10 amount=1.00
            available=100 held=r2/1.00: book 1 12.00 => 100 for 5.00          # 6 − 1
            available=100 held=r2/1.00: book 1 11.98 => order_too_small       # 5.99 − 1
            available=100 held=r1/5.00: book 1 20.00 => 100 for 5.00          # itself twice: 10 − 5
            available=100 held=r1/5.00: book 1 19.98 => order_too_small       # 9.99 − 5
        discount_amount points=100 amount=5.00 pos_category_ids=3
            available=100: book 1 20.00, toy 1 5.00 => 100 for 5.00 = 2: 5.00 # all of the toy
            available=100: book 1 20.00, toy 1 4.99 => order_too_small        # of the toys there is 4.99
            available=100: book 1 20.00 => nothing_in_scope                   # no toys
            available=100: book 1 10.00, toy 1 10.00, voucher 1 -10.00 => 100 for 5.00 = 2: 5.00 # the voucher's half: 10 − 5
            available=100: book 1 10.00, toy 1 10.00, voucher 1 -10.02 => order_too_small # 10 − 5.01
            available=100: toy 1 4.00, doll 1 6.00, book 1 9.00 => 100 for 5.00 = 1: 2.00 + 2: 3.00 # 5 × 4/10 and 5 × 6/10
            available=100 held=r1/5.00: book 1 20.00, toy 1 5.00 => nothing_in_scope # the toys are paid for already
            available=100 held=r1/5.00: book 1 20.00, toy 1 9.00 => order_too_small # 4.00 are left of them
        discount_amount points=100 amount=5.00 exclude_product_tag_ids=4
            available=100: book 1 20.00 tag=4, toy 1 5.00 => 100 for 5.00 = 2: 5.00 # what is tagged does not count
        ",
    );
}

#[test]
fn a_percentage_is_of_the_goods_and_cut_to_what_fits() {
    check(
        "
        discount_percent points=200 percent=10
            available=200: book 1 20.00 => 200 for 2.00                       # 10 % of 20
            available=199: book 1 20.00 => 199 of 200                         # one short
            available=200: book 1 19.99 => 200 for 2.00                       # 1.999
            available=200: book 1 19.94 => 200 for 1.99                       # 1.994
            available=200: book 1 0.05 => 200 for 0.01                        # 0.005, half up
            available=200: book 1 0.04 => order_too_small                     # 0.004 is nothing
            available=200: nothing => order_too_small                         # of nothing
            available=200: book 1 20.00, tip 1 5.00 => 200 for 2.00 = 1: 2.00 # a tip is no goods
            available=200: book 1 50.00, voucher 1 -20.00 => 200 for 3.00 = 1: 3.00 # of 30
            available=200: book 2 30.00, pen 1 -10.00 => 200 for 2.00 = 1: 2.00 # of 20: a negative line reduces
            available=200: book 1 10.00, pen 1 10.00, toy 1 10.50 => 200 for 3.05 = 1: 1.00 + 2: 1.00 + 3: 1.05 # each its tenth
        discount_percent points=200 percent=33.333
            available=200: book 1 10.00, pen 1 10.00, toy 1 10.00 => 200 for 10.00 = 1: 3.34 + 2: 3.33 + 3: 3.33 # 9.9999; 3 × 3.33 and a cent
        discount_percent points=200 percent=10 max_amount=20.00
            available=200: book 1 200.00 => 200 for 20.00                     # exactly
            available=200: book 1 300.00 => 200 for 20.00                     # 30, cut
        max_share_of_order=0.05 | discount_percent points=200 percent=10
            available=200: book 1 20.00 => 200 for 1.00                       # cut to the twentieth
            available=200: book 1 19.99 => 200 for 0.99                       # 0.9995, down
        currency=JPY | discount_percent points=200 percent=10
            available=200 digits=0 currency=JPY: book 1 1234 => 200 for 123.00 # 123.4
            available=200 digits=0 currency=JPY: book 1 1235 => 200 for 124.00 # 123.5, half up
            available=200 digits=0 currency=JPY: book 1 4 => order_too_small  # 0.4 yen
        currency=KWD | discount_percent points=200 percent=10
            available=200 digits=3 currency=KWD: book 1 1.235 => 200 for 0.124 # 0.1235, half up
            available=200 digits=3 currency=KWD: book 1 1.234 => 200 for 0.123 # 0.1234
        discount_percent points=200 percent=10 pos_category_ids=3
            available=200: book 1 50.00, toy 1 30.00 => 200 for 3.00 = 2: 3.00 # of the toys
            available=200: book 1 50.00 => nothing_in_scope                   # none
            available=200: book 1 50.00, toy 1 50.00, voucher 1 -20.00 => 200 for 4.00 = 2: 4.00 # of 50 − 10
        discount_percent points=200 percent=10 exclude_product_ids=30
            available=200: book 1 50.00, toy 1 30.00 => 200 for 5.00 = 1: 5.00 # of the rest
        discount_percent points=200 percent=100 pos_category_ids=3
            available=200: book 1 50.00, toy 1 30.00 => 200 for 30.00 = 2: 30.00 # all of them
        discount_percent points=200 percent=10 + discount_amount points=100 amount=5.00
            available=200 held=r2/5.00: book 1 20.00 => 200 for 2.00          # of 20, whichever came first
            available=200 held=r2/19.00: book 1 20.00 => 200 for 1.00         # cut to what is left
            available=200 held=r2/20.00: book 1 20.00 => order_too_small      # nothing left
        discount_percent points=200 percent=50 pos_category_ids=3 + discount_amount points=100 amount=5.00 product_ids=30
            available=200 held=r2/5.00: toy 1 8.00, book 1 9.00 => 200 for 3.00 = 1: 3.00 # 4.00, of which 3.00 are left
        ",
    );
}

#[test]
fn points_pay_at_their_rate() {
    check(
        "
        discount_per_point rate=0.05
            available=150: book 1 20.00 => 150 for 7.50                       # all there are
            available=500: book 1 20.00 => 400 for 20.00                      # 20 / 0.05
            available=150 points=100: book 1 20.00 => 100 for 5.00            # as asked
            available=150 points=151: book 1 20.00 => 150 of 151              # more than there are
            available=500 points=401: book 1 20.00 => order_too_small, at most 400 # 20.05
            available=150 points=0.5: book 1 20.00 => 0.5 for 0.02            # 0.025, down
            available=150 points=0.1: book 1 20.00 => too_few_points          # 0.005
            available=0: book 1 20.00 => 0 of 0.2                             # a cent's worth at least
            available=150: nothing => order_too_small                         # nothing to pay
            available=30: book 1 20.00, toy 1 10.00 => 30 for 1.50 = 1: 1.00 + 2: 0.50 # by amount
        max_share_of_order=0.5 | discount_per_point rate=0.05
            available=500: book 1 20.00 => 200 for 10.00                      # half of it
            available=500 points=201: book 1 20.00 => order_too_small, at most 200 # 10.05
        max_share_of_order=0.5 | discount_per_point rate=0.05 + discount_amount points=100 amount=5.00
            available=500 held=r2/5.00: book 1 20.00 => 100 for 5.00          # 10 − 5
        discount_per_point rate=0.03
            available=100: book 1 1.00 => 33.34 for 1.00                      # 33.34 × 0.03 = 1.0002, down
            available=33: book 1 1.00 => 33 for 0.99                          # all there are
            available=100 points=34: book 1 1.00 => order_too_small, at most 33.34 # 1.02
        discount_per_point rate=5
            available=100: book 1 3.00 => 0.6 for 3.00                        # the largest discount
            available=100: book 1 12.00 => 2.4 for 12.00                      # likewise
            available=2: book 1 12.00 => 2 for 10.00                          # all there are
        discount_per_point rate=500
            available=100: book 1 3.00 => order_too_small                     # a hundredth of a point is 5.00
        currency=JPY | discount_per_point rate=1.5
            available=100 digits=0 currency=JPY: book 1 500 => 100 for 150.00 # 100 × 1.5
            available=33 digits=0 currency=JPY: book 1 500 => 32.67 for 49.00 # 33 are 49.5, whole yen; 49 / 1.5 = 32.67
            available=500 digits=0 currency=JPY: book 1 100 => 66.67 for 100.00 # 100 / 1.5
        currency=KWD | discount_per_point rate=0.001
            available=1234 digits=3 currency=KWD: book 1 20 => 1234 for 1.234 # in fils
        discount_per_point rate=0.05 minimum_points=50
            available=49.99: book 1 20.00 => 49.99 below 50                   # the reward's own minimum
            available=50 points=20: book 1 20.00 => 20 for 1.00               # of what is there, not of what is spent
        minimum_points=60 | discount_per_point rate=0.05 minimum_points=50
            available=59: book 1 20.00 => 59 below 60                         # the higher of both
        minimum_points=60 | discount_amount points=100 amount=5.00
            available=59: book 1 20.00 => 59 below 60                         # before its price
            available=60: book 1 20.00 => 60 of 100                           # then its price
        ",
    );
}

#[test]
fn a_free_product_is_taken_off_or_added() {
    check(
        "
        free_product points=300 product_id=12
            available=300: book 1 20.00 => 300 for 0.00 adds 1 at 0.00        # not there: to be added
            available=300: nothing => 300 for 0.00 adds 1 at 0.00             # nor anything else
            available=299: book 1 20.00 => 299 of 300                         # one short
            available=300: book 1 20.00, mug 1 8.00 => 300 for 8.00 = 2: 8.00 covers 1 # there
            available=300: mug 3 24.00 => 300 for 8.00 covers 1               # one of three
            available=300: mug 3 10.00 => 300 for 3.33 covers 1               # 3.333
            available=300: mug 3 20.00 => 300 for 6.67 covers 1               # 6.667
            available=300: mug 1 8.00, mug 1 7.00 => 300 for 8.00 = 1: 8.00 covers 1 # the first
            available=300: mug 1 0.00, mug 1 7.00 => 300 for 7.00 = 2: 7.00 covers 1 # the first that costs something
            available=300: mug 1 0.00 => already_cheaper                      # it is free as it is
            available=300: mug 1 8.00, voucher 1 -4.00 => 300 for 4.00 = 1: 4.00 covers 1 # what the voucher left of it
            available=300: mug -1 -8.00, book 1 20.00 => 300 for 0.00 adds 1 at 0.00 # one brought back is none there
            available=300 archived=12: book 1 20.00 => product_unavailable    # not sold any more
        free_product points=300 product_id=12 quantity=2
            available=300: book 1 20.00 => 300 for 0.00 adds 2 at 0.00        # both
            available=300: book 1 20.00, mug 1 8.00 => 300 for 8.00 = 2: 8.00 covers 1 adds 1 at 0.00 # one there
            available=300: mug 1 8.00, mug 1 7.00 => 300 for 15.00 = 1: 8.00 + 2: 7.00 covers 2 # in two lines
            available=300: mug 5 40.00 => 300 for 16.00 covers 2              # two of five
        free_product points=300 product_id=12 quantity=0.5
            available=300: mug 2 10.00 => 300 for 2.50 covers 0.5             # half of one of two
        max_share_of_order=0.5 | free_product points=300 product_id=12
            available=300: mug 1 8.00 => order_too_small                      # half of 8.00
            available=300: mug 1 8.00, book 1 8.00 => 300 for 8.00 = 1: 8.00 covers 1 # half of 16.00
        free_product points=300 product_id=12 + discount_amount points=100 amount=5.00
            available=600 held=r1/8.00/1: mug 1 8.00 => 300 for 0.00 adds 1 at 0.00 # one given already: another one
            available=600 held=r1/8.00/1: mug 2 16.00 => 300 for 8.00 covers 1 # the second
            available=600 held=r2/5.00: mug 1 8.00 => 300 for 3.00 covers 1   # what the other reward left of it
        currency=JPY | free_product points=300 product_id=12
            available=300 digits=0 currency=JPY: mug 3 1000 => 300 for 333.00 covers 1 # 333.3
        ",
    );
}

#[test]
fn a_product_at_a_price_is_taken_down_to_it() {
    check(
        "
        product_at_price points=150 product_id=40 price=9.90
            available=150: book 1 20.00 => 150 for 0.00 adds 1 at 9.90        # to be added
            available=149: book 1 20.00 => 149 of 150                         # one short
            available=150: lamp 1 25.00 => 150 for 15.10 covers 1             # 25 − 9.90
            available=150: lamp 2 50.00 => 150 for 15.10 covers 1             # one of two
            available=150: lamp 3 50.00 => 150 for 6.77 covers 1              # 16.6667 − 9.90 = 6.7667
            available=150: lamp 1 9.91 => 150 for 0.01 covers 1               # a cent
            available=150: lamp 1 9.90 => already_cheaper                     # it costs that
            available=150: lamp 1 8.00 => already_cheaper                     # or less
            available=150: lamp 1 8.00, lamp 1 25.00 => 150 for 15.10 = 2: 15.10 covers 1 # the one that costs more
            available=150: lamp 1 25.00, voucher 1 -20.00 => 150 for 5.00 = 1: 5.00 covers 1 # never more than is left of it
            available=150 archived=40: book 1 20.00 => product_unavailable    # not sold any more
        product_at_price points=150 product_id=40 price=0
            available=150: lamp 1 25.00 => 150 for 25.00 covers 1             # at nothing
        max_share_of_order=0.5 | product_at_price points=150 product_id=40 price=9.90
            available=150: lamp 1 25.00 => order_too_small                    # 15.10 of 12.50
        product_at_price points=150 product_id=40 price=9.90 + free_product points=300 product_id=40
            available=450 held=r2/25.00/1: lamp 2 50.00 => 150 for 15.10 covers 1 # one is given, the other at its price
            available=450 held=r2/25.00/1: lamp 1 25.00 => 150 for 0.00 adds 1 at 9.90 # the one there is given
        ",
    );
}

#[test]
fn a_reward_has_its_days_and_its_number() {
    check(
        "
        discount_amount points=100 amount=5.00 weekdays=7
            available=100 at=2026-11-22T12:00:00Z: book 1 20.00 => 100 for 5.00 # a Sunday
            available=100 at=2026-11-21T12:00:00Z: book 1 20.00 => outside_window # a Saturday
        timezone=Europe/Paris | discount_amount points=100 amount=5.00 from=2026-10-25 to=2026-10-25 hours=09:00-13:00
            available=100 at=2026-10-25T07:59:59Z: book 1 20.00 => outside_window # 08:59:59, the clock gone back
            available=100 at=2026-10-25T08:00:00Z: book 1 20.00 => 100 for 5.00 # 09:00
            available=100 at=2026-10-25T12:00:00Z: book 1 20.00 => outside_window # 13:00
        ends_at=2026-12-01T00:00:00Z | discount_amount points=100 amount=5.00
            available=100 at=2026-12-01T00:00:00Z: book 1 20.00 => outside_dates # over
        discount_amount points=100 amount=5.00 count=1
            available=100 used=r1@2020-01-01T00:00:00Z: book 1 20.00 => limit_reached # once ever
            available=100: book 1 20.00 => 100 for 5.00                       # not yet
        discount_amount points=100 amount=5.00 count=2
            available=100 used=r1@2020-01-01T00:00:00Z: book 1 20.00 => 100 for 5.00 # once of twice
            available=100 used=r1@2020-01-01T00:00:00Z,r1@2026-11-18T11:00:00Z: book 1 20.00 => limit_reached # twice
        discount_amount points=100 amount=5.00 count=1 + discount_amount points=10 amount=1.00
            available=100 used=r2@2026-11-18T11:00:00Z: book 1 20.00 => 100 for 5.00 # the other one
        timezone=Europe/Paris | discount_amount points=100 amount=5.00 count=1 days=1
            available=100 used=r1@2026-11-17T22:59:59Z at=2026-11-18T12:00:00Z: book 1 20.00 => 100 for 5.00 # yesterday at 23:59:59
            available=100 used=r1@2026-11-17T23:00:00Z at=2026-11-18T12:00:00Z: book 1 20.00 => limit_reached # today at midnight
            available=100 used=r1@2026-11-18T12:00:00Z at=2026-11-18T23:00:00Z: book 1 20.00 => 100 for 5.00 # tomorrow already
        timezone=Europe/Paris | discount_amount points=100 amount=5.00 count=1 days=7
            available=100 used=r1@2026-11-11T22:59:59Z at=2026-11-18T12:00:00Z: book 1 20.00 => 100 for 5.00 # the 11th: seven days with today begin on the 12th
            available=100 used=r1@2026-11-11T23:00:00Z at=2026-11-18T12:00:00Z: book 1 20.00 => limit_reached # the 12th
            available=100 used=r1@2026-10-22T21:59:59Z at=2026-10-29T12:00:00Z: book 1 20.00 => 100 for 5.00 # the 22nd: the days begin on the 23rd, in summer time
            available=100 used=r1@2026-10-22T22:00:00Z at=2026-10-29T12:00:00Z: book 1 20.00 => limit_reached # the 23rd
        company_id=1 pos_config_ids=2 | discount_amount points=100 amount=5.00
            available=100 company=2: book 1 20.00 => other_company            # not ours
            available=100 currency=EUR: book 1 20.00 => other_currency        # not in dollars
            available=100 shop=3: book 1 20.00 => other_shop                  # not here
        minimum_points=50 | discount_amount points=100 amount=5.00 weekdays=7 count=1 pos_category_ids=3
            available=0: book 1 20.00 => outside_window                       # the day goes before the points
            available=0 at=2026-11-22T12:00:00Z used=r1@2026-11-01T00:00:00Z: book 1 20.00 => limit_reached # and the number
            available=0 at=2026-11-22T12:00:00Z: book 1 20.00 => 0 below 50   # then the points, then what is on the draft
            available=100 at=2026-11-22T12:00:00Z: book 1 20.00 => nothing_in_scope # last of all
        ",
    );
}
