//! Worked examples of refunds: a sale, what came back, and what is left of its points, by hand.

use super::earn;
use super::sample::{came_back, decimal, money, points};
use super::shorthand::{examples_of, order_of, program_of};
use crate::domain::ledger::converge::taken_back;
use crate::domain::sale::order::Order;
use crate::domain::sale::refund::{TakenBack, match_by_reference};
use crate::domain::value::ids::{LineId, OrderId};

/// `1:2 3:0.5`: two of line 1 and half of line 3 came back, at their price; `1:2:7.50`: for 7.50, with and without tax.
pub(super) fn back(order: &Order, text: &str) -> TakenBack {
    let mut taken = TakenBack::new();
    for part in text.split_whitespace() {
        let mut parts = part.split(':');
        let id = parts.next().unwrap().parse().unwrap();
        taken.extend(came_back(order, [(id, decimal(parts.next().unwrap()))]));
        if let (Some(paid), Some(of)) = (parts.next(), taken.get_mut(&LineId(id))) {
            (of.subtotal, of.subtotal_incl) = (money(paid), money(paid));
        }
    }
    taken
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_sale_less_what_came_back() {
    let table = "
        per_amount every=10 points=1
            book 1 15.00, pen 1 10.00 less 2:1 => 1          # 25 earned 2, 15 are 1
            book 1 15.00, pen 1 10.00 => 2                   # nothing back
            book 1 15.00, pen 1 10.00 less 1:1 2:1 => 0      # all back
            book 1 15.00, pen 1 10.00 less 1:7 => 1          # more than was sold is all of it: 10
        decimals=2 | per_amount every=10 points=1 step=prorata
            book 3 10.00 less 1:1 => 0.66                    # 10 × 2/3 / 10 = 0.6667
            book 3 10.00 less 1:2 => 0.33                    # 10 × 1/3 / 10 = 0.3333
            book 3 10.00 less 1:3 => 0                       # 10 × 0/3
        rounding=up decimals=1 | per_amount every=10 points=1 step=prorata
            book 3 10.00 less 1:1 => 0.7                     # rounded up: 0.6667 → 0.7
        per_amount every=10 points=1
            book 3 10.00, pen 3 10.00, toy 3 10.00 less 1:2 2:2 3:2 => 1 # 3 × 10/3 = 10, exactly one step
        per_unit points=5
            toy 3 30.00 less 1:1 => 10                       # (3 − 1) × 5
            book 1.5 15.00 less 1:0.5 => 5                   # (1.5 − 0.5) kg × 5
            toy 1 0.00, doll 1 9.00 less 1:1 => 5            # a free one back is a unit back
        per_order points=2
            book 1 15.00, pen 1 10.00 less 1:1 => 2          # the visit stays while something is left
            book 1 15.00, pen 1 10.00 less 1:1 2:1 => 0      # and goes with the last of it
        per_order points=2 min_order_amount=20
            book 1 15.00, pen 1 10.00 less 2:1 => 0          # and when too little is left: 15 of 20
        per_unit points=5 min_quantity=3
            toy 3 30.00 less 1:1 => 0                        # 2 of 3 are too few
        per_amount every=10 points=1 + multiplier factor=2 pos_category_ids=3
            book 1 30.00, toy 1 20.00 less 2:1 => 3          # the toys' double goes with them: 3 + 2 × 2 less that
            book 1 30.00, toy 1 20.00 less 1:1 => 4          # the books' part goes: 2 × 2
        per_amount every=10 points=1 + multiplier factor=2 min_quantity=3
            toy 3 30.00 less 1:1 => 2                        # 2 toys are doubled no more: 20 / 10
        per_amount every=30 points=1
            book 1 10.00, pen 1 10.00, toy 1 10.00 less 3:1 => 0 # thirds: one of three back, 20 of 30
        // Discounts of the sale stay with what is left.
        per_amount every=10 points=1
            book 2 40.00, reward 1 -10.00 less 1:1 => 1      # goods back, reward kept: 20 − 10
            book 2 40.00, reward 1 -10.00 less 1:2 => 0      # 0 − 10 is nothing, not less
            book 2 40.00, reward 1 -10.00 less 2:1 => 4      # the reward back: 40
            book 2 40.00, reward 1 -10.00 less 2:0.5 => 3    # half the reward back: 40 − 5
            book 1 25.00, voucher 1 -5.01 less 2:1 => 2      # the voucher back: 25
            book 1 20.00, toy 1 20.00, toyreward 1 -10.00 less 1:1 => 1 # books back: toys 20 − 10
            book 1 20.00, toy 1 20.00, toyreward 1 -10.00 less 2:1 => 1 # toys back: their reward is off the rest, 20 − 10
            book 1 20.00, toy 1 20.00, toyreward 1 -10.00 less 2:1 3:1 => 2 # both back: 20
            book 1 20.00, tip 1 5.00 less 2:1 => 2           # a tip back
        // Of a combo the parts bring the money back, and its own line the unit.
        per_amount every=1 points=1 product_ids=32
            menu 2 0.00, book 2 14.00 of=1, pen 2 6.00 of=1 less 1:1 2:1 3:1 => 10 # one of two
            menu 2 0.00, book 2 14.00 of=1, pen 2 6.00 of=1 less 3:2 => 14 # the pens alone
        per_unit points=5
            menu 2 0.00, book 2 14.00 of=1, pen 2 6.00 of=1 less 1:1 2:1 3:1 => 5 # one is left
            menu 2 0.00, book 2 14.00 of=1, pen 2 6.00 of=1 less 3:2 => 10 # both are, without their pens
        // Money and units come back each by itself.
        per_amount every=10 points=1
            book 1 100.00 less 1:1:-85.00 => 10              # one that is charged for takes nothing back
            book 1 100.00 less 1:1:85.00 => 1                # 15.00 was kept
            book 1 100.00 less 1:1:120.00 => 0               # more than it cost: nothing, not less
            book 2 100.00, pen 1 10.00 less 1:1:30.00 => 8   # 70 + 10
            book 1 40.00, reward 1 -10.00 less 2:1:-4.00 => 3 # 6.00 of the reward was kept: 34
        per_order points=2 min_order_amount=15
            book 1 100.00 less 1:1:85.00 => 2                # 15.00 was kept
            book 1 100.00 less 1:1:85.01 => 0                # 14.99 of 15
        per_unit points=5
            book 2 100.00 less 1:1:85.00 => 5                # one was kept
            book 1 100.00 less 1:1:85.00 => 0                # none was
        per_amount every=10 points=1 + multiplier factor=2 min_quantity=1
            book 1 100.00 less 1:1:85.00 => 1                # none was kept: not doubled
        per_order points=2
            book 3 25.00 less 1:3:24.99 => 0                 # a cent less by rounding is all of it
        base=tax_excluded | per_amount every=10 points=1
            book 2 24.00 net=20.00 less 1:1 => 1             # without tax: 20 × 1/2
        ";
    for example in examples_of(table) {
        let (sale, came_back) = example.subject.split_once(" less ").unwrap_or((example.subject, ""));
        let sale = order_of(sale);
        let left = earn(&program_of(example.program), &sale, &back(&sale, came_back)).unwrap();
        assert_eq!(left.points, points(example.expected), "{example:?}\n{left:?}");
    }
}

#[test]
fn a_refund_without_a_link_is_the_mirror_of_its_sale() {
    let programs = [
        "per_amount every=10 points=1",
        "rounding=half_up decimals=1 | per_amount every=7 points=3 step=prorata",
        "per_unit points=5 pos_category_ids=3",
        "per_order points=2 min_order_amount=20",
        "per_amount every=10 points=1 + multiplier factor=2 pos_category_ids=3",
    ];
    // By program: floor(45/10) = 4; 45 × 3/7 = 19.2857 → 19.3; 2 × 5; 45 ≥ 20; 4 × (25 + 20 × 2)/45 = 5.7778 → 5.
    let expected = ["4", "19.3", "10", "2", "5"];
    for (program, expected) in programs.iter().zip(expected) {
        let of = |order: &str| earn(&program_of(program), &order_of(order), &TakenBack::new()).unwrap().points;
        assert_eq!(of("book 1 25.00, toy 2 20.00"), points(expected), "{program}");
        assert_eq!(of("book -1 -25.00, toy -2 -20.00"), points(expected).negate().unwrap(), "{program}");
    }
}

#[test]
fn a_refund_of_the_same_receipt_takes_back_its_sale() {
    // Orders in the order of their ids, and the points of each.
    let table = "
        per_amount every=10 points=1
            book 2 20.00, toy 1 5.00; book -1 -10.00 => 1; 0                  # 25 − 10 = 15
            book 2 20.00, toy 1 5.00; book -2 -20.00, toy -1 -5.00 => 0; 0    # all back
            book 2 20.00, toy 1 5.00; book -3 -30.00 => 0; -1                 # 2 were sold: 5 left, and 10 counts alone
            book 2 20.00, toy 1 5.00; pen -1 -25.00 => 2; -2                  # another product counts alone
            book 2 25.00; book -1 -12.50; book -2 -25.00 => 0; 0; -1          # the second takes back one too many
            book 1 20.00, book 1 10.00; book -1 -20.00 => 1; 0                # of two lines the first: 10 left
            book -1 -10.00; book 1 10.00 => -1; 1                             # what was taken back before it was sold
        ";
    for example in examples_of(table) {
        let mut orders: Vec<Order> = (1_i64..)
            .zip(example.subject.split("; "))
            .map(|(number, text)| {
                let mut order = order_of(text);
                order.id = Some(OrderId(number));
                for (position, line) in (0_i64..).zip(&mut order.lines) {
                    line.id = Some(LineId(number.checked_mul(10).unwrap().checked_add(position).unwrap()));
                }
                order
            })
            .collect();
        let tied = match_by_reference(&mut orders, TakenBack::new()).unwrap();
        let taken = taken_back(&tied).unwrap();
        for (order, expected) in orders.iter().zip(example.expected.split("; ")) {
            let earned = earn(&program_of(example.program), order, &taken).unwrap();
            assert_eq!(earned.points, points(expected), "{example:?}: {:?}", order.id);
        }
    }
}
