//! What can happen to a ledger, and how often.

use proptest::prelude::*;
use proptest::sample::select;

use super::reference::{Held, Ledger, Reward};

/// A sale of some pieces of one product.
#[derive(Clone, Debug)]
pub struct Sale {
    /// The customer, if there was one.
    pub to: Option<usize>,
    pub pieces: i64,
    /// Of a piece, in cents.
    pub price: i64,
    /// How old the order is when it is read.
    pub days_ago: i64,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// Orders are paid in Odoo.
    Sell(Vec<Sale>),
    /// A till asks for a reward on a draft.
    Hold { by: usize, reward: Reward, pieces: i64, price: i64 },
    /// A till says that the order of a hold was paid.
    Capture(usize),
    /// The order of a hold is paid in Odoo.
    Pay(usize),
    /// A till gives a hold up.
    Release(usize),
    /// Pieces of a sale come back.
    ReturnGoods { sale: usize, pieces: i64 },
    /// Halves of a sale's reward line come back.
    ReturnReward { sale: usize, halves: i64 },
    /// An order, or a refund, is cancelled.
    Cancel(usize),
    /// An order is given to another customer, or to nobody.
    Customer { sale: usize, is: Option<usize> },
    /// A manager gives or takes hundredths of points.
    Adjust { of: usize, points: i64 },
    /// Odoo merges one partner into another.
    Merge { from: usize, into: usize },
    /// Time goes by.
    Wait { days: i64, seconds: i64 },
    /// A call with a key is made once more, in the order of those calls.
    Replay(usize),
    /// Odoo is read, whatever changed there.
    Read,
    /// kill -9, and a new start, which reads Odoo.
    Restart,
}

/// Members that Odoo still has.
fn present(ledger: &Ledger) -> Vec<usize> {
    (0..ledger.members.len()).filter(|member| !ledger.members[*member].gone).collect()
}

fn sales(ledger: &Ledger) -> Vec<usize> {
    (0..ledger.orders.len()).filter(|order| ledger.orders[*order].refunds.is_none()).collect()
}

fn rewarded(ledger: &Ledger) -> Vec<usize> {
    sales(ledger).into_iter().filter(|sale| ledger.orders[*sale].hold.is_some()).collect()
}

/// Holds whose order can still be paid.
fn payable(ledger: &Ledger) -> Vec<usize> {
    (0..ledger.holds.len())
        .filter(|hold| ledger.holds[*hold].order.is_none() && !ledger.members[ledger.holds[*hold].member].gone)
        .collect()
}

/// Whether a step can happen now. While a failing case is made shorter, what it was about may be gone.
pub fn possible(ledger: &Ledger, step: &Step) -> bool {
    let here = |member: usize| ledger.members.get(member).is_some_and(|member| !member.gone);
    let is_sale = |order: usize| ledger.orders.get(order).is_some_and(|order| order.refunds.is_none());
    match step {
        Step::Sell(sales) => sales.iter().all(|sale| sale.to.is_none_or(here)),
        Step::Hold { by, .. } => here(*by),
        Step::Adjust { of, .. } => here(*of),
        Step::Capture(hold) | Step::Release(hold) => *hold < ledger.holds.len(),
        Step::Pay(hold) => payable(ledger).contains(hold),
        Step::ReturnGoods { sale, .. } => is_sale(*sale),
        Step::ReturnReward { sale, .. } => rewarded(ledger).contains(sale),
        Step::Cancel(order) => ledger.orders.get(*order).is_some_and(|order| !order.cancelled),
        Step::Customer { sale, is } => is_sale(*sale) && is.is_none_or(here),
        Step::Merge { from, into } => here(*from) && here(*into) && from != into,
        Step::Replay(call) => *call < ledger.keyed,
        Step::Wait { .. } | Step::Read | Step::Restart => true,
    }
}

fn price() -> impl Strategy<Value = i64> {
    // At least 10.00, so that every reward fits.
    1_000_i64..20_000
}

fn reward() -> impl Strategy<Value = Reward> {
    prop_oneof![Just(Reward::Fixed), (1_i64..=60).prop_map(Reward::Pay)]
}

fn points() -> impl Strategy<Value = i64> {
    prop_oneof![1_i64..=20_000, -12_000_i64..=-1]
}

/// The next step.
pub fn next(ledger: &Ledger) -> BoxedStrategy<Step> {
    let present = present(ledger);
    let somebody = || select(present.clone());
    let anybody = || prop_oneof![4 => somebody().prop_map(Some), 1 => Just(None)];
    let sale = || {
        (anybody(), 1_i64..=4, price(), prop_oneof![4 => Just(0_i64), 1 => 1_i64..=4])
            .prop_map(|(to, pieces, price, days_ago)| Sale { to, pieces, price, days_ago })
    };
    let wait = prop_oneof![
        2 => Just(Step::Wait { days: 0, seconds: 500 }),
        1 => (1_i64..=2).prop_map(|days| Step::Wait { days, seconds: 0 }),
    ];
    let mut steps: Vec<(u32, BoxedStrategy<Step>)> = vec![
        (12, prop::collection::vec(sale(), 1..=3).prop_map(Step::Sell).boxed()),
        (
            16,
            (somebody(), reward(), 1_i64..=3, price())
                .prop_map(|(by, reward, pieces, price)| Step::Hold { by, reward, pieces, price })
                .boxed(),
        ),
        (14, (somebody(), points()).prop_map(|(of, points)| Step::Adjust { of, points }).boxed()),
        (6, wait.boxed()),
        (28, Just(Step::Read).boxed()),
        (1, Just(Step::Restart).boxed()),
    ];
    let mut add = |weight, step: BoxedStrategy<Step>| steps.push((weight, step));
    let holds: Vec<usize> = (0..ledger.holds.len()).collect();
    if !holds.is_empty() {
        add(8, select(holds.clone()).prop_map(Step::Capture).boxed());
        add(6, select(holds).prop_map(Step::Release).boxed());
    }
    let open: Vec<usize> = (0..ledger.holds.len()).filter(|hold| ledger.holds[*hold].state == Held::Open).collect();
    if !open.is_empty() {
        add(8, select(open).prop_map(Step::Capture).boxed());
    }
    let payable = payable(ledger);
    if !payable.is_empty() {
        add(12, select(payable).prop_map(Step::Pay).boxed());
    }
    let sales = sales(ledger);
    if !sales.is_empty() {
        let back = (select(sales.clone()), 1_i64..=4);
        add(8, back.prop_map(|(sale, pieces)| Step::ReturnGoods { sale, pieces }).boxed());
        let other = (select(sales), anybody());
        add(4, other.prop_map(|(sale, is)| Step::Customer { sale, is }).boxed());
        let orders: Vec<usize> = (0..ledger.orders.len()).filter(|order| !ledger.orders[*order].cancelled).collect();
        if !orders.is_empty() {
            add(3, select(orders).prop_map(Step::Cancel).boxed());
        }
    }
    let rewarded = rewarded(ledger);
    if !rewarded.is_empty() {
        let back = (select(rewarded), 1_i64..=2);
        add(7, back.prop_map(|(sale, halves)| Step::ReturnReward { sale, halves }).boxed());
    }
    if ledger.keyed > 0 {
        add(6, (0..ledger.keyed).prop_map(Step::Replay).boxed());
    }
    if present.len() > 2 {
        let two = (somebody(), somebody()).prop_filter("two of them", |(from, into)| from != into);
        add(2, two.prop_map(|(from, into)| Step::Merge { from, into }).boxed());
    }
    prop::strategy::Union::new_weighted(steps).boxed()
}
