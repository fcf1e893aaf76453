//! What holds for every reward on every draft, however many are taken in whatever sequence.
#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::sample::{line, neutral, order};
use super::shorthand::program_of;
use super::{Basket, HeldReward, Offer, Priced, Program, RewardKind, offers, price, shares};
use crate::domain::catalog::scope::Scope;
use crate::domain::ledger::hold::LineShare;
use crate::domain::sale::order::{HoldRef, Line, LineRole, Order};
use crate::domain::value::ids::HoldId;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// Every kind of reward, over all goods and over some.
fn program(share: i64, amount: i64, percent: i64, rate: i64, cost: i64) -> Program {
    let cents = |cents: i64| Decimal::new(cents, 2);
    program_of(&format!(
        "max_share_of_order={share} | discount_amount points=1 amount={amount} \
         + discount_amount points=1 amount={amount} pos_category_ids=3 \
         + discount_percent points=1 percent={percent} + discount_percent points=1 percent={percent} product_ids=10,31 \
         + discount_percent points=1 percent=100 max_amount={amount} exclude_product_ids=10 \
         + discount_per_point rate={rate} + free_product points=1 product_id=12 quantity=1.5 \
         + product_at_price points=1 product_id=30 price={cost} + free_product points=1 product_id=30",
        share = cents(share),
        amount = cents(amount),
        percent = cents(percent),
        rate = cents(rate),
        cost = cents(cost),
    ))
}

/// Books, a doll, a toy, mugs; a voucher, a tip, a gift card that pays.
fn drafts() -> impl Strategy<Value = Order> {
    let good = (prop::sample::select(&[10_i64, 12, 30, 31, 12, 30][..]), 1_i64..5, 0_i64..5_000);
    let rest = (0_i64..3_000, 0_i64..500, 0_i64..3_000);
    (prop::collection::vec(good, 0..6), rest).prop_map(|(goods, (voucher, tip, paid))| {
        let text = |cents: i64| Decimal::new(cents, 2).to_string();
        let mut lines: Vec<Line> = goods
            .into_iter()
            .map(|(product, quantity, cents)| line(product, &quantity.to_string(), &text(cents)))
            .collect();
        for (cents, line) in
            [(voucher, line(90, "1", &text(-voucher))), (tip, neutral(&text(tip))), (paid, neutral(&text(-paid)))]
        {
            if cents % 3 == 0 {
                lines.push(line);
            }
        }
        order(lines)
    })
}

fn total(lines: &[Line], of: impl Fn(&Line) -> bool) -> Decimal {
    lines.iter().filter(|line| of(line)).map(|line| line.subtotal_incl.decimal()).sum()
}

/// What a hold keeps of what it takes off each line.
fn lines_of(draft: &Order, shared: &[(usize, Money)]) -> Vec<LineShare> {
    let share = |(position, off): &(usize, Money)| {
        let line = &draft.lines[*position];
        LineShare { position: *position, uuid: line.uuid.clone(), product_id: line.product_id, off: *off }
    };
    shared.iter().map(share).collect()
}

/// What holds take off each line together.
fn by_line(holds: &[HeldReward]) -> BTreeMap<usize, Decimal> {
    let mut taken = BTreeMap::new();
    for share in holds.iter().flat_map(|held| &held.lines) {
        *taken.entry(share.position).or_default() += share.off.decimal();
    }
    taken
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Two programs, holds made and given up in any sequence, their lines on the draft or not: no line ever bears more
    /// than it costs, and all of them together no more than the goods.
    #[test]
    fn holds_of_several_programs_share_the_goods_line_by_line(
        sold in drafts(), amount in 1_i64..2_000, percent in 1_i64..=10_000, rate in 1_i64..300, cost in 0_i64..2_000,
        shares_of_order in [1_i64..=100, 1_i64..=100],
        wanted in prop::collection::vec((any::<bool>(), 0_usize..9, any::<bool>(), 0_usize..4), 1..14), named in any::<bool>(),
    ) {
        let programs = shares_of_order.map(|share| program(share, amount, percent, rate, cost));
        let nothing = BTreeSet::new();
        let mut sold = sold;
        if named {
            for (number, line) in (0..).zip(&mut sold.lines) {
                line.uuid = Some(format!("line-{number}"));
            }
        }
        let mut draft = sold.clone();
        // Each with the program it is of.
        let mut holds: Vec<(bool, HeldReward)> = Vec::new();
        let goods: Decimal = sold.lines.iter().filter(|line| line.role == LineRole::Eligible)
            .map(|line| line.subtotal_incl.decimal()).sum();
        for (number, (second, which, is_on_draft, given_up)) in (1_u128..).zip(wanted) {
            if given_up == 0 && !holds.is_empty() {
                let (_, gone) = holds.remove(which % holds.len());
                draft.lines.retain(|line| line.hold != Some(HoldRef::Id(gone.id)));
                continue;
            }
            let program = &programs[usize::from(second)];
            let reward = &program.rewards[which];
            let standing: Vec<HeldReward> =
                holds.iter().map(|(of, held)| HeldReward { is_own: *of == second, ..held.clone() }).collect();
            let basket = Basket {
                order: &draft, available: Points::from_e2(100_000), holds: &standing, uses: &[], archived: &nothing,
                currency_decimals: 2,
            };
            let Ok(priced @ Priced { discount, gift, .. }) = price(program, reward, None, &basket) else { continue };
            let shared = shares(reward, &priced, &basket).unwrap();
            prop_assert_eq!(Money::sum(shared.iter().map(|(_, share)| *share)).unwrap(), discount);
            let id = HoldId(uuid::Uuid::from_u128(number));
            holds.push((second, HeldReward {
                id, is_own: true, discount, lines: lines_of(&draft, &shared), covers: reward.covers(),
                product_id: reward.product_id(),
                covered_quantity: gift.map_or(Decimal::ZERO, |gift| gift.covered_quantity),
            }));
            if is_on_draft {
                let taken = Money::ZERO.sub(discount).unwrap();
                let covers = reward.covers().map(Arc::new);
                let hold = Some(HoldRef::Id(id));
                draft.lines.push(Line { hold, covers, subtotal: taken, subtotal_incl: taken, ..line(99, "1", "0") });
            }
            let all: Vec<HeldReward> = holds.iter().map(|(_, held)| held.clone()).collect();
            for (line, taken) in by_line(&all) {
                let cost = sold.lines[line].subtotal_incl.decimal();
                prop_assert!(taken <= cost, "line {line} bears {taken} of {cost}");
            }
            let taken: Decimal = all.iter().map(|held| held.discount.decimal()).sum();
            prop_assert!(taken <= goods.max(Decimal::ZERO), "{taken} off {goods}");
        }
    }

    #[test]
    fn rewards_together_never_exceed_what_they_are_for(
        sold in drafts(), share in 1_i64..=100, amount in 1_i64..2_000, percent in 1_i64..=10_000, rate in 1_i64..300,
        cost in 0_i64..2_000, wanted in prop::collection::vec((0_usize..9, any::<bool>()), 1..8), digits in 0_u32..=3,
    ) {
        let program = program(share, amount, percent, rate, cost);
        let share = program.redemption.max_share_of_order.value;
        let nothing = BTreeSet::new();
        let mut draft = sold.clone();
        let mut holds: Vec<HeldReward> = Vec::new();
        let smallest = Decimal::new(1, digits);
        let available = Points::from_e2(100_000);
        let is_gift_card = |line: &Line| line.role == LineRole::Excluded && line.subtotal_incl.is_negative();
        for (number, (which, is_on_draft)) in (1_u128..).zip(wanted) {
            let reward = &program.rewards[which];
            let basket = |order| Basket {
                order, available, holds: &holds, uses: &[], archived: &nothing, currency_decimals: digits,
            };
            let answer = price(&program, reward, None, &basket(&draft));
            // Whether the lines of earlier rewards are on the draft yet makes no difference.
            prop_assert_eq!(&answer, &price(&program, reward, None, &basket(&sold)));
            let Ok(priced @ Priced { discount, gift, .. }) = answer else { continue };
            let shared = shares(reward, &priced, &basket(&draft)).unwrap();
            prop_assert_eq!(Money::sum(shared.iter().map(|(_, share)| *share)).unwrap(), discount);
            prop_assert!(shared.iter().all(|(_, share)| share.is_positive()));
            // A fixed amount is as the program says it; what is computed is in the currency's amounts.
            let is_fixed = matches!(reward.kind, RewardKind::DiscountAmount { .. });
            prop_assert!(is_fixed || (discount.decimal() / smallest).fract().is_zero());

            let id = HoldId(uuid::Uuid::from_u128(number));
            holds.push(HeldReward {
                id, is_own: true, discount, lines: lines_of(&draft, &shared), covers: reward.covers(),
                product_id: reward.product_id(),
                covered_quantity: gift.map_or(Decimal::ZERO, |gift| gift.covered_quantity),
            });
            let all: Decimal = holds.iter().map(|held| held.discount.decimal()).sum();
            // Of the order: its share, and what is left to pay.
            prop_assert!(discount.is_zero() || all <= total(&sold.lines, |line| !is_gift_card(line)) * share);
            prop_assert!(discount.is_zero() || all <= total(&sold.lines, |_| true));
            // Of what it is for: the goods in scope, a rounding for each product that was given aside.
            let in_scope = |covers: &Option<Scope>| -> BTreeSet<usize> {
                let covered = |line: &Line| covers.as_ref().is_none_or(|scope| scope.covers(line));
                (0..sold.lines.len()).filter(|at| covered(&sold.lines[*at])).collect()
            };
            prop_assert!(shared.iter().all(|(line, _)| in_scope(&reward.covers()).contains(line)));
            for (line, taken) in by_line(&holds) {
                let cost = sold.lines[line].subtotal_incl.decimal();
                prop_assert!(taken <= cost, "line {line} bears {taken} of {cost}");
            }
            for scope in holds.iter().map(|held| in_scope(&held.covers)) {
                let within = holds.iter().filter(|held| in_scope(&held.covers).is_subset(&scope));
                let taken: Decimal = within.map(|held| held.discount.decimal()).sum();
                let worth: Decimal = scope.iter().map(|at| sold.lines[*at].subtotal_incl.decimal().max(Decimal::ZERO)).sum();
                prop_assert!(taken <= worth, "{taken} off {worth}");
            }
            if is_on_draft {
                let taken = Money::ZERO.sub(discount).unwrap();
                let covers = reward.covers().map(Arc::new);
                let hold = Some(HoldRef::Id(id));
                draft.lines.push(Line { hold, covers, subtotal: taken, subtotal_incl: taken, ..line(99, "1", "0") });
            }
        }
    }

    /// What is offered is what is given.
    #[test]
    fn an_offer_holds_what_it_says(sold in drafts(), amount in 1_i64..2_000, available in 0_i64..30_000) {
        let program = program(100, amount, 1_000, 5, 500);
        let nothing = BTreeSet::new();
        let available = Points::from_e2(available);
        let basket =
            Basket { order: &sold, available, holds: &[], uses: &[], archived: &nothing, currency_decimals: 2 };
        for Offer { reward, points, discount, gift, refusal, .. } in offers(&program, &basket) {
            match price(&program, reward, None, &basket) {
                Ok(priced) => {
                    prop_assert_eq!(priced, Priced { points, discount, gift });
                    prop_assert!(refusal.is_none() && points <= available);
                }
                Err(problem) => prop_assert_eq!(problem, super::NotPriced::Refused(refusal.unwrap())),
            }
        }
    }
}
