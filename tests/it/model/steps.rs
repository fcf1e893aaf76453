//! What can happen to a ledger, and how often.

use proptest::prelude::*;
use proptest::sample::select;

use super::reference::{HOLD_SECONDS, Held, Ledger, Reward};

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
    /// A till asks for another on the draft of a hold.
    HoldAgain { beside: usize, reward: Reward },
    /// A till asks for a reward in place of a hold, because its draft changed.
    Replace { hold: usize, reward: Reward, pieces: i64, price: i64 },
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
    /// Time goes by until shortly before midnight: points end while a hold keeps them.
    Evening,
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

/// Whether the draft of a hold can still be paid.
fn is_payable(ledger: &Ledger, hold: usize) -> bool {
    let unpaid = ledger.on_the_draft_of(hold).all(|hold| hold.order.is_none());
    unpaid && !ledger.members[ledger.holds[hold].member].gone
}

/// Whether one more reward fits on the draft of a hold, whatever both are.
fn has_room(ledger: &Ledger, hold: usize) -> bool {
    is_payable(ledger, hold) && ledger.on_the_draft_of(hold).count() < 2
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
        Step::Pay(hold) | Step::Replace { hold, .. } => *hold < ledger.holds.len() && is_payable(ledger, *hold),
        Step::HoldAgain { beside, .. } => *beside < ledger.holds.len() && has_room(ledger, *beside),
        Step::ReturnGoods { sale, .. } => is_sale(*sale),
        Step::ReturnReward { sale, .. } => rewarded(ledger).contains(sale),
        Step::Cancel(order) => ledger.orders.get(*order).is_some_and(|order| !order.cancelled),
        Step::Customer { sale, is } => is_sale(*sale) && is.is_none_or(here),
        Step::Merge { from, into } => here(*from) && here(*into) && from != into,
        Step::Replay(call) => *call < ledger.keyed,
        Step::Wait { .. } | Step::Evening | Step::Read | Step::Restart => true,
    }
}

/// Whether there is less than a hold would spend.
fn is_short(ledger: &Ledger, hold: usize) -> bool {
    ledger.available(ledger.holds[hold].member) < ledger.holds[hold].reward.points()
}

fn price() -> impl Strategy<Value = i64> {
    // At least 10.00, so that any two rewards fit.
    1_000_i64..20_000
}

fn reward() -> impl Strategy<Value = Reward> {
    prop_oneof![Just(Reward::Fixed), (1_i64..=60).prop_map(Reward::Pay)]
}

fn points() -> impl Strategy<Value = i64> {
    prop_oneof![1_i64..=20_000, -12_000_i64..=-1]
}

/// A step, and how often it comes.
type Weighted = (u32, BoxedStrategy<Step>);

fn holds(ledger: &Ledger, which: &dyn Fn(usize) -> bool) -> Vec<usize> {
    (0..ledger.holds.len()).filter(|hold| which(*hold)).collect()
}

/// What becomes of holds. Of what is rare and matters there is more than chance would bring: holds that ran out and are
/// asked for all the same, with the points still there and with the points gone.
fn about_holds(ledger: &Ledger) -> Vec<Weighted> {
    let of = |which: &dyn Fn(usize) -> bool| holds(ledger, which);
    let mut steps: Vec<Weighted> = Vec::new();
    let mut among = |some: Vec<usize>, weight, step: fn(usize) -> Step| {
        if !some.is_empty() {
            steps.push((weight, select(some).prop_map(step).boxed()));
        }
    };
    among(of(&|_| true), 6, Step::Capture);
    among(of(&|_| true), 6, Step::Release);
    among(of(&|hold| ledger.holds[hold].state == Held::Open), 6, Step::Capture);
    among(of(&|hold| is_payable(ledger, hold)), 8, Step::Pay);
    among(of(&|hold| ledger.is_late(hold)), 4, Step::Capture);
    among(of(&|hold| ledger.is_late(hold) && is_payable(ledger, hold)), 4, Step::Pay);
    among(of(&|hold| ledger.is_late(hold) && is_short(ledger, hold)), 20, Step::Capture);
    among(of(&|hold| ledger.is_late(hold) && is_short(ledger, hold) && is_payable(ledger, hold)), 20, Step::Pay);
    let roomy = of(&|hold| has_room(ledger, hold));
    if !roomy.is_empty() {
        let again = (select(roomy), reward());
        steps.push((4, again.prop_map(|(beside, reward)| Step::HoldAgain { beside, reward }).boxed()));
    }
    // A draft changes; more often than by chance while its hold keeps points beyond their end.
    let mut changed = |some: Vec<usize>, weight| {
        if !some.is_empty() {
            let another = (select(some), reward(), 1_i64..=3, price());
            let step = another.prop_map(|(hold, reward, pieces, price)| Step::Replace { hold, reward, pieces, price });
            steps.push((weight, step.boxed()));
        }
    };
    changed(of(&|hold| is_payable(ledger, hold)), 2);
    changed(of(&|hold| is_payable(ledger, hold) && ledger.holds[hold].state == Held::Open), 6);
    changed(of(&|hold| is_payable(ledger, hold) && ledger.keeps_beyond_their_end(hold)), 25);
    // Somebody's points go, all but fewer than a hold that ran out would spend.
    let enough: Vec<(usize, i64, i64)> = of(&|hold| ledger.is_late(hold) && !is_short(ledger, hold))
        .into_iter()
        .map(|hold| (ledger.holds[hold].member, ledger.holds[hold].reward.points()))
        .filter(|(member, _)| !ledger.members[*member].gone)
        .map(|(member, points)| (member, points, ledger.available(member)))
        .collect();
    if !enough.is_empty() {
        let gone = select(enough).prop_flat_map(|(of, points, available)| {
            (0..points).prop_map(move |left| Step::Adjust { of, points: left - available })
        });
        steps.push((25, gone.boxed()));
    }
    steps
}

/// Points end this midnight: in the evening they are promised, and midnight comes before the promise is over.
fn about_midnight(ledger: &Ledger, present: &[usize]) -> Vec<Weighted> {
    let mut steps: Vec<Weighted> = Vec::new();
    let ending: Vec<usize> = present
        .iter()
        .copied()
        .filter(|member| ledger.ends_at_midnight(*member) && ledger.available(*member) >= 100)
        .collect();
    if !ending.is_empty() && !ledger.is_evening() {
        steps.push((10, Just(Step::Evening).boxed()));
    } else if !ending.is_empty() {
        let most: Vec<(usize, i64)> =
            ending.into_iter().map(|member| (member, (ledger.available(member) / 100).min(60))).collect();
        let promised = (select(most), 1_i64..=3, price()).prop_flat_map(|((by, most), pieces, price)| {
            (1..=most).prop_map(move |points| Step::Hold { by, reward: Reward::Pay(points), pieces, price })
        });
        steps.push((25, promised.boxed()));
    }
    let kept =
        |hold: usize| ledger.holds[hold].state == Held::Open && ledger.ends_at_midnight(ledger.holds[hold].member);
    if ledger.is_evening() && !holds(ledger, &kept).is_empty() {
        steps.push((25, Just(Step::Wait { days: 0, seconds: 500 }).boxed()));
    }
    steps
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
        3 => Just(Step::Wait { days: 0, seconds: 500 }),
        2 => Just(Step::Wait { days: 0, seconds: HOLD_SECONDS }),
        2 => Just(Step::Evening),
        2 => (1_i64..=2).prop_map(|days| Step::Wait { days, seconds: 0 }),
    ];
    let mut steps: Vec<Weighted> = vec![
        (12, prop::collection::vec(sale(), 1..=3).prop_map(Step::Sell).boxed()),
        (
            16,
            (somebody(), reward(), 1_i64..=3, price())
                .prop_map(|(by, reward, pieces, price)| Step::Hold { by, reward, pieces, price })
                .boxed(),
        ),
        (14, (somebody(), points()).prop_map(|(of, points)| Step::Adjust { of, points }).boxed()),
        (9, wait.boxed()),
        (28, Just(Step::Read).boxed()),
        (1, Just(Step::Restart).boxed()),
    ];
    steps.extend(about_holds(ledger));
    steps.extend(about_midnight(ledger, &present));
    let mut add = |weight, step: BoxedStrategy<Step>| steps.push((weight, step));
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
        add(14, back.prop_map(|(sale, halves)| Step::ReturnReward { sale, halves }).boxed());
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
