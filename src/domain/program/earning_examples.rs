//! Worked examples of earning: what each kind of rule pays, and how rules and multipliers come together.
//!
//! The tables are written as [`super::shorthand`] says; their figures follow from the contract, by the arithmetic
//! beside them.

use rust_decimal::Decimal;

use super::earn;
use super::sample::points;
use super::shorthand::{examples_of, order_of, program_of};
use crate::domain::sale::refund::TakenBack;

/// Each order of the table earns what stands beside it.
pub(super) fn check(table: &str) {
    for example in examples_of(table) {
        let earned = earn(&program_of(example.program), &order_of(example.subject), &TakenBack::new()).unwrap();
        assert_eq!(earned.points, points(example.expected), "{example:?}\n{earned:?}");
        let listed: Decimal = earned.lines.iter().map(|line| line.points).sum();
        assert_eq!(listed, earned.total_before_rounding, "its lines sum to it: {example:?}");
    }
}

#[test]
fn an_amount_pays_for_each_full_step() {
    check(
        "
        per_amount every=10 points=1
            book 1 9.99 => 0                         # floor(9.99 / 10) = 0
            book 1 10.00 => 1                        # floor(10.00 / 10) = 1
            book 1 99.99 => 9                        # floor(99.99 / 10) = 9
            book 1 9.99, pen 1 9.99, toy 1 9.99 => 2 # floor(3 × 9.99 / 10) = floor(2.997)
            book 7 20.00 => 2                        # seven for 20.00 are 20.00
        per_amount every=0.50 points=0.25
            book 1 100.00 => 50                      # floor(100.00 / 0.50) × 0.25 = 200 × 0.25
        per_amount every=0.30 points=1
            book 1 1.00 => 3                         # floor(1.00 / 0.30) = 3
        decimals=2 | per_amount every=10 points=1.25
            book 1 35.00 => 3.75                     # floor(35 / 10) × 1.25 = 3.75
        per_amount every=10 points=1.25
            book 1 35.00 => 3                        # 3.75 in whole points
        per_amount every=10 points=1
            nothing => 0                             # nothing bought
            book 1 0.00 => 0                         # nothing paid
        ",
    );
}

#[test]
fn an_amount_pays_in_proportion_and_is_rounded_once() {
    check(
        "
        decimals=2 | per_amount every=10 points=1 step=prorata
            book 1 12.34 => 1.23                     # 12.34 / 10 = 1.234
        decimals=2 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 4.28                     # 10 × 3 / 7 = 4.2857
        rounding=half_up decimals=2 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 4.29                     # 4.2857
        rounding=up decimals=2 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 4.29                     # 4.2857
        rounding=down decimals=1 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 4.2                      # 4.2857
        rounding=half_up decimals=1 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 4.3                      # 4.2857
        rounding=half_up decimals=0 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 4                        # 4.2857
        rounding=up decimals=0 | per_amount every=7 points=3 step=prorata
            book 1 10.00 => 5                        # 4.2857
        rounding=up decimals=1 | per_amount every=9 points=1 step=prorata
            book 1 10.00 => 1.2                      # 10 / 9 = 1.111
        per_amount every=10 points=1 step=prorata
            book 1 3.33, pen 1 3.33, toy 1 3.33 => 0 # (3 × 3.33) / 10 = 0.999
        rounding=half_up | per_amount every=10 points=1 step=prorata
            book 1 3.33, pen 1 3.33, toy 1 3.33 => 1 # 0.999
        rounding=up | per_amount every=10 points=1 step=prorata
            book 1 10.01 => 2                        # 10.01 / 10 = 1.001
            book 1 10.00 => 1                        # exactly 1 is not rounded up
        rounding=up | per_amount every=0.3 points=0.1 step=prorata
            book 1 3.00 => 1                         # 10 / 3 × 3 × 0.1 = 1, a third is no trace
        rounding=half_up | per_amount every=10 points=1 step=prorata
            book 1 5.00 => 1                         # 5.00 / 10 = 0.5
            book 1 4.99 => 0                         # 4.99 / 10 = 0.499
        rounding=half_up decimals=2 | per_amount every=10 points=1 step=prorata
            book 1 10.05 => 1.01                     # 10.05 / 10 = 1.005
        rounding=half_up decimals=1 | per_amount every=10 points=1 step=prorata
            book 1 12.50 => 1.3                      # 12.50 / 10 = 1.25
        rounding=down decimals=1 | per_amount every=10 points=1 step=prorata
            book 1 12.50 => 1.2                      # 1.25
        rounding=half_up decimals=1 | per_amount every=10 points=1 step=prorata
            book -1 -12.50 => -1.3                   # a return of 12.50 loses what it earned
        rounding=up | per_amount every=10 points=1 step=prorata
            book -1 -12.50 => -2                     # a return rounded up: away from zero
        ",
    );
}

#[test]
fn units_and_orders_pay() {
    check(
        "
        per_unit points=5
            toy 3 30.00 => 15                        # 3 × 5
        per_unit points=4
            book 0.750 9.00 => 3                     # 0.750 kg × 4 = 3
        per_unit points=0.35
            book 2 9.00 => 0                         # 2 × 0.35 = 0.70
        decimals=1 | per_unit points=0.35
            book 2 9.00 => 0.7                       # 2 × 0.35 = 0.70
        rounding=half_up decimals=2 | per_unit points=0.33
            book 1.5 9.00 => 0.5                     # 1.5 × 0.33 = 0.495
        rounding=down decimals=2 | per_unit points=0.33
            book 1.5 9.00 => 0.49                    # 1.5 × 0.33 = 0.495
        per_unit points=5 pos_category_ids=3
            toy 2 20.00, book 3 9.00 => 10           # 2 toys of 5 goods × 5
        per_unit points=5
            toy 3 30.00, doll -1 -10.00 => 10        # (3 − 1) × 5
            toy 2 0.00 => 10                         # a toy for nothing is a unit: 2 × 5
            toy 1 9.00, voucher 1 -2.00 => 5         # a voucher is no unit
        per_order points=2
            book 1 1.00, pen 1 1.00, toy 1 1.00 => 2 # once for three lines
            nothing => 0                             # an order of nothing
            tip 1 5.00 => 0                          # a tip is no purchase
            toy 1 0.00 => 0                          # nor is a free sample
            toy 1 10.00, voucher 1 -10.00 => 0       # 10 − 10: nothing was paid
        per_order points=2 pos_category_ids=3
            book 1 10.00 => 0                        # no toy on it
            book 1 10.00, toy 1 1.00 => 2            # a toy on it
        per_order points=2 min_order_amount=20
            book 1 20.00 => 2                        # 20.00 of 20
            book 1 19.99 => 0                        # 19.99 of 20
        per_order points=2
            book -1 -10.00 => -2                     # a whole return loses its visit
        ",
    );
}

#[test]
fn a_multiplier_works_on_the_points_of_its_lines() {
    check(
        "
        per_amount every=10 points=1 + multiplier factor=2
            book 1 25.00 => 4                        # floor(25 / 10) × 2
        multiplier factor=2 + per_amount every=10 points=1
            book 1 25.00 => 4                        # said before its rule: the same
        per_amount every=10 points=1 step=prorata + multiplier factor=2
            book 1 25.00 => 5                        # 2.5 × 2 = 5, rounded after
        decimals=2 | per_amount every=10 points=1 step=prorata + multiplier factor=1.1
            book 1 25.00 => 2.75                     # 2.5 × 1.1 = 2.75
        per_amount every=10 points=1 + multiplier factor=0.5
            book 1 40.00 => 2                        # 4 × 0.5
        multiplier factor=2
            book 1 25.00 => 0                        # alone it is nothing
        // For toys: the lines' own points.
        per_amount every=10 points=1 step=prorata + multiplier factor=2 pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 7           # 30/10 + 20/10 × 2 = 7
        per_unit points=5 + multiplier factor=3 pos_category_ids=3
            toy 2 20.00, book 1 5.00 => 35           # 2 × 5 × 3 + 1 × 5 = 35
        // For toys: their share of the order's points, by amount.
        per_amount every=10 points=1 + multiplier factor=2 pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 7           # 5 as 3 + 2: 3 + 2 × 2
            book 1 15.00, toy 1 10.00 => 2           # 2 as 1.2 + 0.8: 1.2 + 1.6 = 2.8
        decimals=1 | per_amount every=10 points=1 + multiplier factor=2 pos_category_ids=3
            book 1 15.00, toy 1 10.00 => 2.8         # 1.2 + 1.6
        decimals=1 | per_order points=10 + multiplier factor=2 pos_category_ids=3
            book 1 30.00, toy 1 10.00 => 12.5        # 10 as 7.5 + 2.5: 7.5 + 5 = 12.5
        decimals=2 | per_amount every=30 points=1 + multiplier factor=2 pos_category_ids=3
            book 1 10.00, pen 1 10.00, toy 1 10.00 => 1.33 # thirds: 1/3 + 1/3 + 2/3 = 4/3
        per_amount every=30 points=1 + multiplier factor=4 pos_category_ids=3
            book 1 10.00, pen 1 10.00, toy 1 10.00 => 2 # thirds: 1/3 + 1/3 + 4/3 = 2, exactly
        per_amount every=30 points=1 + multiplier factor=2
            book 1 10.00, pen 1 10.00, toy 1 10.00 => 2 # thirds: 3 × 2/3 = 2, exactly
        decimals=2 | per_order points=1 + multiplier factor=1.5 pos_category_ids=3
            book 1 1.00, toy 1 6.00 => 1.42          # sevenths: 1/7 + 6/7 × 1.5 = 10/7
        per_amount every=10 points=1 pos_category_ids=3 + multiplier factor=5 product_ids=10
            book 1 30.00, toy 1 20.00 => 2           # toys earn alone, books are multiplied
        per_amount every=10 points=1 step=prorata + multiplier factor=2 exclude_product_ids=10
            book 1 30.00, toy 1 20.00 => 7           # all but books: 3 + 2 × 2
        per_amount every=10 points=1 step=prorata + multiplier factor=2 pos_category_ids=3
            book 1 40.00, toy 1 40.00, reward 1 -20.00 => 9 # after the reward: 30/10 + 30/10 × 2
        per_amount every=10 points=1 + multiplier factor=2 pos_category_ids=3
            book -1 -30.00, toy -1 -20.00 => -7      # a return: −(3 + 2 × 2)
        // Its own conditions.
        per_amount every=10 points=1 + multiplier factor=2 min_order_amount=50
            book 1 49.99 => 4                        # 49.99 of 50: floor(4.999)
            book 1 50.00 => 10                       # 50 of 50: 5 × 2
        per_unit points=5 + multiplier factor=2 pos_category_ids=3 min_quantity=3
            toy 2 20.00, book 3 9.00 => 25           # 2 toys of 3
            toy 2 20.00, doll 1 9.00, book 1 9.00 => 35 # 3 toys of 3: 3 × 5 × 2 + 5
        per_unit points=5 + multiplier factor=2 partner_tag_ids=7
            tags=7,8: toy 1 9.00 => 10               # a customer of tag 7
            tags=8: toy 1 9.00 => 5                  # no customer of tag 7
        per_unit points=5 + multiplier factor=2 pos_config_ids=3
            shop=3: toy 1 9.00 => 10                 # in shop 3
            shop=2: toy 1 9.00 => 5                  # in shop 2
        per_unit points=5 + multiplier factor=2 product_tag_ids=4
            book 1 9.00 tag=4, pen 1 9.00 => 15      # a product of tag 4: 5 × 2 + 5
        ",
    );
}

#[test]
fn several_multipliers_stack_as_the_program_says() {
    check(
        "
        per_unit points=2 + multiplier factor=2 + multiplier factor=3
            book 1 9.00 => 6                         # highest: 2 × 3
        per_unit points=2 + multiplier factor=3 + multiplier factor=2
            book 1 9.00 => 6                         # the other way round
        stacking=multiply | per_unit points=2 + multiplier factor=2 + multiplier factor=3
            book 1 9.00 => 12                        # multiply: 2 × 2 × 3
        per_amount every=10 points=1 step=prorata + multiplier factor=2 + multiplier factor=3 pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 12          # 3/1 × 2 + 2/1 × 3 = 12
        stacking=multiply | per_amount every=10 points=1 step=prorata + multiplier factor=2 + multiplier factor=3 pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 18          # 3 × 2 + 2 × 2 × 3 = 18
        per_amount every=10 points=1 step=prorata + multiplier factor=0.5 pos_category_ids=3
            book 1 30.00, toy 1 20.00 => 4           # one below 1 counts alone: 3 + 2 × 0.5
        per_amount every=10 points=1 step=prorata + multiplier factor=0.5 pos_category_ids=3 + multiplier factor=2 product_ids=30
            book 1 30.00, toy 1 20.00 => 7           # the higher of 0.5 and 2: 3 + 2 × 2
        stacking=multiply | per_amount every=10 points=1 step=prorata + multiplier factor=0.5 pos_category_ids=3 + multiplier factor=2 product_ids=30
            book 1 30.00, toy 1 20.00 => 5           # 0.5 × 2 = 1: 3 + 2
        stacking=multiply | per_unit points=1 + multiplier factor=2 + multiplier factor=1.5 + multiplier factor=3
            book 1 9.00 => 9                         # 2 × 1.5 × 3 = 9
        stacking=multiply | per_unit points=1 + multiplier factor=2 + multiplier factor=3 pos_config_ids=9
            book 1 9.00 => 2                         # the one out of its shop stacks not
        ",
    );
}

#[test]
fn rules_add_up_and_are_rounded_together() {
    check(
        "
        per_amount every=10 points=1 step=prorata + per_amount every=10 points=1 step=prorata
            book 1 25.00 => 5                        # 2.5 + 2.5
        per_amount every=10 points=1 step=prorata + per_amount every=10 points=1 step=prorata + per_amount every=10 points=1 step=prorata
            book 1 5.00 => 1                         # 3 × 0.5 = 1.5
        rounding=half_up | per_amount every=10 points=1 step=prorata + per_amount every=10 points=1 step=prorata + per_amount every=10 points=1 step=prorata
            book 1 5.00 => 2                         # 1.5
        per_amount every=3 points=1 step=prorata + per_amount every=3 points=1 step=prorata + per_amount every=3 points=1 step=prorata
            book 1 1.00 => 1                         # three thirds
        // floor(45/10) = 4; 2 toys × 5 = 10; the visit 2 → 16; toys ×2: 4 × 20/45 = 1.7778 more, 10 more, 2 × 20/45 = 0.8889 more.
        decimals=2 | per_amount every=10 points=1 + per_unit points=5 pos_category_ids=3 + per_order points=2 min_order_amount=20 + multiplier factor=2 pos_category_ids=3
            book 1 25.00, toy 2 20.00 => 28.66       # 16 + 1.7778 + 10 + 0.8889 = 28.6667
        rounding=half_up | per_amount every=10 points=1 + per_unit points=5 pos_category_ids=3 + per_order points=2 min_order_amount=20 + multiplier factor=2 pos_category_ids=3
            book 1 25.00, toy 2 20.00 => 29          # 28.6667
        ",
    );
}

#[test]
fn each_program_counts_the_whole_order_by_itself() {
    // floor(45 / 10) in one, 2 toys × 5 in another, 45 / 4 = 11.25 rounded by a third, and two that are another
    // shop's and another company's.
    let programs = [
        ("per_amount every=10 points=1", "4"),
        ("per_unit points=5 pos_category_ids=3", "10"),
        ("rounding=up decimals=1 | per_amount every=4 points=1 step=prorata", "11.3"),
        ("pos_config_ids=9 | per_order points=2", "0"),
        ("company_id=9 | per_order points=2", "0"),
    ];
    let order = order_of("book 1 25.00, toy 2 20.00");
    let earned = programs.map(|(program, _)| earn(&program_of(program), &order, &TakenBack::new()).unwrap().points);
    assert_eq!(earned, programs.map(|(_, expected)| points(expected)));
}
