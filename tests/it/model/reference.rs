//! The ledger as a page of arithmetic: what members, holds and orders come to, step by step.
//!
//! Written from what the ledger promises and sharing none of its code. Points are hundredths, money is cents, days are
//! counted from the case's first, and seconds from its midnight. Time moves only by [`Step::Wait`], [`Step::Evening`] and
//! [`Step::Merge`], which also write what time has done to everybody.
//!
//! The program: [`earned`] points, which end with the second day after the order's; two rewards, [`Reward`]; a hold
//! lasts [`HOLD_SECONDS`].

use std::collections::{BTreeMap, BTreeSet};

use super::steps::Step;

/// How long a hold lasts.
pub const HOLD_SECONDS: i64 = 900;
/// When a case begins: early, so that days end only when a step says so.
pub const BEGINNING: i64 = 1_800;
/// When the evening is: the day ends during a hold that is made then, and during the shortest wait.
const EVENING: i64 = 86_400 - 420;
/// How long after what was before it a merge happens: so late that only a comparison of all orders can show it.
pub const MERGE_SECONDS: i64 = 500;
/// Points of a day are gone at the beginning of the day this many days later.
pub const DAYS_GOOD: i64 = 3;
/// What the fixed reward costs, and takes off.
pub const FIXED_POINTS: i64 = 4_000;
/// Cents.
pub const FIXED_DISCOUNT: i64 = 500;
/// The end of points that have none.
pub const NEVER: i64 = i64::MAX;

/// What is earned on an amount in quarter cents: 3 points for each full 10.00, and half a point for each 1.00,
/// rounded down to hundredths once.
pub const fn earned(quarter_cents: i64) -> i64 {
    300 * (quarter_cents / 4_000) + quarter_cents / 8
}

/// What points are spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reward {
    /// 40 points for 5.00 off.
    Fixed,
    /// So many whole points, at 0.05 each.
    Pay(i64),
}

impl Reward {
    pub const fn points(self) -> i64 {
        match self {
            Self::Fixed => FIXED_POINTS,
            Self::Pay(points) => points * 100,
        }
    }

    pub const fn discount(self) -> i64 {
        match self {
            Self::Fixed => FIXED_DISCOUNT,
            Self::Pay(points) => points * 5,
        }
    }
}

/// Points of one end.
pub type Lots = BTreeMap<i64, i64>;

/// A member's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub balance: i64,
    /// By the day they are gone.
    pub lots: Lots,
    /// What has expired of each lot, less what was taken back of that.
    expired: Lots,
    /// Kind, points and balance after, oldest first.
    pub entries: Vec<(&'static str, i64, i64)>,
    /// Whether Odoo has no such partner any more.
    pub gone: bool,
    /// Whether it is known whom the partner became.
    pub merged: bool,
}

/// How far a hold has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Open,
    Captured,
    Released,
    Expired,
}

/// Points set aside for a reward on one order.
#[derive(Clone, Debug)]
pub struct Hold {
    pub member: usize,
    pub reward: Reward,
    /// Which draft it was made for, and what was on that: pieces and the price of one, in cents.
    pub draft: usize,
    pub pieces: i64,
    pub price: i64,
    pub state: Held,
    pub ends_at: i64,
    made_at: i64,
    /// What it keeps beyond their end for the one it replaced: how many, which were good at this second.
    carried: (i64, i64),
    /// From which lots it was spent, in that order.
    lots: Vec<(i64, i64)>,
    restored: i64,
    /// The one reply of its capture: the balance, or that it came too late.
    pub verdict: Option<Result<i64, ()>>,
    /// The order that was paid with it.
    pub order: Option<usize>,
}

impl Hold {
    /// Since when the points must have been good that it keeps, and how many of each it keeps.
    fn claims(&self) -> [(i64, i64); 2] {
        let (carried, good_at) = self.carried;
        [(good_at, carried), (self.made_at, self.reward.points() - carried)]
    }
}

/// Whether points that are gone with a day's beginning were still good at a second.
const fn is_good(end: i64, second: i64) -> bool {
    end == NEVER || second < end * 86_400
}

/// An order in Odoo.
#[derive(Clone, Debug)]
pub struct Order {
    pub member: Option<usize>,
    pub pieces: i64,
    pub price: i64,
    pub hold: Option<usize>,
    pub cancelled: bool,
    /// When what it earned is gone.
    end: i64,
    /// The sale it takes back, with pieces and half reward lines.
    pub refunds: Option<(usize, i64, i64)>,
    /// What was posted, per member.
    posted: BTreeMap<usize, Posted>,
}

/// What a sale has posted to one member.
#[derive(Clone, Debug, Default)]
struct Posted {
    points: i64,
    /// What of it is left in its own lot.
    own: i64,
    /// What was taken back and has not come again, with the lot it was taken from; `None` where it was owed.
    taken: Vec<(Option<i64>, i64)>,
}

/// How the last step was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to say.
    Done,
    /// A hold, or a correction after which the balance is this.
    Balance(i64),
    /// Refused with an error of this kind.
    Refused(&'static str),
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub members: Vec<Member>,
    pub orders: Vec<Order>,
    pub holds: Vec<Hold>,
    pub seconds: i64,
    /// Calls with a key so far: holds asked for and corrections.
    pub keyed: usize,
    /// Sales that something changed about since Odoo was last read.
    unread: BTreeSet<usize>,
    /// What waits for a manager: each once.
    pub exceptions: BTreeMap<(&'static str, usize), u32>,
    pub last: Outcome,
}

impl Member {
    fn debt(&self) -> i64 {
        (-self.balance).max(0)
    }

    fn put(&mut self, points: i64, end: i64) -> i64 {
        let into = points - self.debt().min(points);
        self.balance += points;
        if into > 0 {
            *self.lots.entry(end).or_default() += into;
        }
        into
    }

    fn take_from(&mut self, end: i64, wanted: i64) -> i64 {
        let here = self.lots.get(&end).copied().unwrap_or_default().min(wanted).max(0);
        if here > 0 {
            *self.lots.entry(end).or_default() -= here;
            self.lots.retain(|_, left| *left > 0);
        }
        here
    }

    /// Takes from some lots first, up to so many points each, then from the soonest to end; what no lot has is owed. What
    /// each lot gave, in order.
    fn take(&mut self, points: i64, first: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let mut taken = Vec::new();
        let mut left = points;
        let ends: Vec<(i64, i64)> = self.lots.keys().map(|end| (*end, i64::MAX)).collect();
        for (end, most) in first.iter().copied().chain(ends) {
            let here = self.take_from(end, left.min(most));
            left -= here;
            if here > 0 {
                taken.push((end, here));
            }
        }
        self.balance -= points;
        taken
    }

    /// Puts in what is still good; what has ended came too late, and goes again at once. Points that were owed undo that
    /// first, whatever their end. What each lot got, for good or not.
    fn bring_in(&mut self, kind: &'static str, parts: &[(i64, i64, bool)], day: i64) -> Vec<(i64, i64)> {
        let (mut put, mut late) = (Vec::new(), Lots::new());
        for owed in [true, false] {
            for (end, points, _) in parts.iter().filter(|(_, _, was_owed)| *was_owed == owed) {
                if *end > day {
                    put.push((*end, self.put(*points, *end)));
                    continue;
                }
                let undone = if owed { self.debt().min(*points) } else { 0 };
                self.balance += undone;
                if *points > undone {
                    *late.entry(*end).or_default() += points - undone;
                }
            }
        }
        let mut passing: i64 = late.values().sum();
        self.entries.push((kind, parts.iter().map(|(_, points, _)| points).sum(), self.balance + passing));
        for (end, points) in late {
            passing -= points;
            *self.expired.entry(end).or_default() += points;
            self.entries.push(("expire", -points, self.balance + passing));
            put.push((end, points));
        }
        put
    }

    /// Takes back: first the expiry of what has expired of these lots, then from them, then from the others. What each lot
    /// gave, in order.
    fn take_back(&mut self, kind: &'static str, points: i64, own: &[(i64, i64)], day: i64) -> Vec<(i64, i64)> {
        let (mut left, mut passing, mut taken) = (points, 0, Vec::new());
        for (end, most) in own.iter().filter(|(end, _)| *end <= day) {
            let expired = self.expired.entry(*end).or_default();
            let back = left.min(*most).min(*expired);
            if back > 0 {
                *expired -= back;
                left -= back;
                passing += back;
                self.entries.push(("expire", back, self.balance + passing));
                taken.push((*end, back));
            }
        }
        taken.extend(self.take(left, own));
        self.note(kind, -points);
        taken
    }

    fn note(&mut self, kind: &'static str, points: i64) {
        self.entries.push((kind, points, self.balance));
    }

    /// What its entries come to.
    pub fn sum(&self) -> i64 {
        self.entries.iter().map(|(_, points, _)| points).sum()
    }
}

impl Ledger {
    pub fn new(members: usize) -> Self {
        Self {
            members: vec![Member::default(); members],
            orders: Vec::new(),
            holds: Vec::new(),
            seconds: BEGINNING,
            keyed: 0,
            unread: BTreeSet::new(),
            exceptions: BTreeMap::new(),
            last: Outcome::Done,
        }
    }

    pub const fn day(&self) -> i64 {
        self.seconds.div_euclid(86_400)
    }

    /// Whether the day ends within the shortest wait.
    pub const fn is_evening(&self) -> bool {
        self.seconds.rem_euclid(86_400) >= EVENING
    }

    /// Whether somebody has points that are gone with this day.
    pub fn ends_at_midnight(&self, member: usize) -> bool {
        self.members[member].lots.contains_key(&(self.day() + 1))
    }

    pub fn held(&self, member: usize) -> i64 {
        self.open_holds(member).map(|hold| hold.reward.points()).sum()
    }

    fn open_holds(&self, member: usize) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(move |hold| hold.member == member && hold.state == Held::Open)
    }

    pub fn available(&self, member: usize) -> i64 {
        self.members[member].balance - self.held(member)
    }

    /// Whether a hold ran out and nobody has asked for its points since.
    pub fn is_late(&self, hold: usize) -> bool {
        self.holds[hold].state == Held::Expired && self.holds[hold].verdict.is_none()
    }

    /// The holds that were made for the same draft, itself among them.
    pub fn on_the_draft_of(&self, hold: usize) -> impl Iterator<Item = &Hold> {
        let draft = self.holds[hold].draft;
        self.holds.iter().filter(move |other| other.draft == draft)
    }

    /// What will be lost when, of the points that no hold will have spent by then.
    pub fn expiring(&self, member: usize) -> Lots {
        let mut free = self.free(member);
        free.retain(|end, left| *left > 0 && *end > self.day() && *end != NEVER);
        free
    }

    /// What no open hold keeps of each lot. A hold keeps the soonest to end of the points that were good when it was made.
    fn free(&self, member: usize) -> Lots {
        self.free_without(member, None)
    }

    /// What of each lot would be free if this hold were not there.
    fn free_without(&self, member: usize, absent: Option<usize>) -> Lots {
        let open = (0..self.holds.len()).filter(|hold| Some(*hold) != absent).map(|hold| &self.holds[hold]);
        let open = open.filter(|hold| hold.member == member && hold.state == Held::Open);
        let mut holds: Vec<(i64, i64)> = open.flat_map(Hold::claims).collect();
        holds.sort_unstable();
        let mut free = self.members[member].lots.clone();
        for (end, left) in &mut free {
            for (_, points) in holds.iter_mut().filter(|(made_at, _)| is_good(*end, *made_at)) {
                let kept = (*points).min(*left);
                *points -= kept;
                *left -= kept;
            }
        }
        free
    }

    /// How many points past their end an open hold alone keeps.
    fn kept_beyond_their_end(&self, hold: usize) -> i64 {
        let (member, day) = (self.holds[hold].member, self.day());
        let gone = |free: Lots| free.into_iter().filter(|(end, _)| *end <= day).map(|(_, points)| points).sum::<i64>();
        gone(self.free_without(member, Some(hold))) - gone(self.free(member))
    }

    /// Whether an open hold alone keeps points past their end.
    pub fn keeps_beyond_their_end(&self, hold: usize) -> bool {
        self.holds[hold].state == Held::Open && self.kept_beyond_their_end(hold) > 0
    }

    /// Ends what time has ended, of one member.
    fn settle(&mut self, member: usize) {
        let (now, day) = (self.seconds, self.day());
        for hold in &mut self.holds {
            if hold.member == member && hold.state == Held::Open && hold.ends_at <= now {
                hold.state = Held::Expired;
            }
        }
        let free = self.free(member);
        let account = &mut self.members[member];
        for (end, points) in free.into_iter().filter(|(end, points)| *end <= day && *points > 0) {
            let gone = account.take_from(end, points);
            account.balance -= gone;
            *account.expired.entry(end).or_default() += gone;
            account.note("expire", -gone);
        }
    }

    fn raise(&mut self, kind: &'static str, subject: usize) {
        self.exceptions.insert((kind, subject), 1);
    }

    /// Spends a hold, for the API or for a paid order.
    fn capture(&mut self, hold: usize) -> Outcome {
        match self.holds[hold].verdict {
            Some(Ok(balance)) => return Outcome::Balance(balance),
            Some(Err(())) => return Outcome::Refused("hold_expired"),
            None => {}
        }
        let (member, points) = (self.holds[hold].member, self.holds[hold].reward.points());
        match self.holds[hold].state {
            Held::Released => return Outcome::Refused("hold_released"),
            Held::Expired if self.available(member) < points => {
                self.holds[hold].verdict = Some(Err(()));
                self.raise("hold_expired", hold);
                return Outcome::Refused("hold_expired");
            }
            Held::Open | Held::Expired | Held::Captured => {}
        }
        let late = self.holds[hold].state == Held::Expired;
        self.holds[hold].state = Held::Captured;
        // A hold spends what was good when it was made; what another keeps beyond its end is not for one that is over.
        let (good_at, (mut carried, carried_at)) =
            if late { (self.seconds, (0, 0)) } else { (self.holds[hold].made_at, self.holds[hold].carried) };
        let account = &mut self.members[member];
        let mut good: Vec<(i64, i64)> = Vec::new();
        for (end, left) in account.lots.iter().filter(|(end, _)| is_good(**end, carried_at)) {
            good.push((*end, carried.min(*left)));
            carried -= carried.min(*left);
        }
        good.extend(account.lots.iter().filter(|(end, _)| is_good(**end, good_at)).map(|(end, left)| (*end, *left)));
        let lots = account.take(points, &good);
        account.note("redeem", -points);
        let balance = account.balance;
        self.holds[hold].lots = lots;
        self.holds[hold].verdict = Some(Ok(balance));
        Outcome::Balance(balance)
    }

    /// Half reward lines and pieces of a sale that paid refunds took back.
    fn returned(&self, sale: usize) -> (i64, i64) {
        let refunds = self.orders.iter().filter(|order| !order.cancelled).filter_map(|order| order.refunds);
        let (pieces, halves) = refunds
            .filter(|(of, _, _)| *of == sale)
            .fold((0, 0), |(pieces, halves), (_, more, half)| (pieces + more, halves + half));
        (pieces.min(self.orders[sale].pieces), halves.min(2))
    }

    /// What a sale should have earned.
    fn desired(&self, sale: usize) -> i64 {
        let order = &self.orders[sale];
        if order.cancelled || order.refunds.is_some() {
            return 0;
        }
        let (pieces, halves) = self.returned(sale);
        let goods = 4 * order.price * (order.pieces - pieces);
        let discount = order.hold.map_or(0, |hold| self.holds[hold].reward.discount()) * 2 * (2 - halves);
        earned((goods - discount).max(0))
    }

    /// Brings a sale's postings to what they should be, after its order or a refund of it changed.
    fn converge(&mut self, sale: usize) {
        let Order { member: customer, hold, cancelled, .. } = self.orders[sale].clone();
        if let (Some(hold), false) = (hold, cancelled) {
            let captured = self.holds[hold].state == Held::Captured;
            // What the owner once earned by it shows that it was theirs, and that they were merged since.
            let was_theirs = self.orders[sale].posted.contains_key(&self.holds[hold].member);
            let is_strange = customer != Some(self.holds[hold].member);
            if is_strange && !(captured && was_theirs) {
                self.raise("foreign_hold", sale);
            } else if !captured
                && self.holds[hold].verdict.is_none()
                && self.capture(hold) == Outcome::Refused("hold_released")
            {
                self.raise("hold_released", sale);
            }
        }
        let desired = self.desired(sale);
        let mut differences: Vec<(usize, i64)> = (0..self.members.len())
            .map(|member| {
                let posted = self.orders[sale].posted.get(&member).map_or(0, |posted| posted.points);
                (member, if customer == Some(member) { desired - posted } else { -posted })
            })
            .filter(|(_, difference)| *difference != 0)
            .collect();
        differences.sort_by_key(|(_, difference)| *difference > 0);
        for (member, difference) in differences {
            self.post(sale, member, difference);
        }
        if let Some(hold) = hold {
            self.review(sale, hold);
        }
    }

    /// Gives back what the holds of an order spent, as far as their rewards do not stand on it: all of it where it was
    /// cancelled or has no line of theirs, else what was taken back.
    fn review(&mut self, sale: usize, carried: usize) {
        let draft = self.holds[carried].draft;
        let cancelled = self.orders[sale].cancelled;
        let mut holds: Vec<usize> = (0..self.holds.len()).filter(|hold| self.holds[*hold].draft == draft).collect();
        // What came back of the one whose line is there goes before what never stood on the order.
        holds.sort_by_key(|hold| !cancelled && *hold != carried);
        for hold in holds {
            let points = self.holds[hold].reward.points();
            let (target, kind) = if cancelled {
                (points, Some("redemption_reversed"))
            } else if hold == carried {
                (points * self.returned(sale).1 / 2, None)
            } else {
                (points, Some("captured_without_line"))
            };
            if self.restore(hold, target)
                && let Some(kind) = kind
            {
                self.raise(kind, hold);
            }
        }
    }

    fn post(&mut self, sale: usize, member: usize, difference: i64) {
        let (end, day) = (self.orders[sale].end, self.day());
        let mut posted = self.orders[sale].posted.remove(&member).unwrap_or_default();
        let account = &mut self.members[member];
        posted.points += difference;
        if difference > 0 {
            // What was taken back last is undone first, into the lot it came from.
            let (mut left, mut parts) = (difference, Vec::new());
            while left > 0 {
                let (from, points) = posted.taken.pop().unwrap_or((Some(end), left));
                let here = points.min(left);
                left -= here;
                parts.push((from.unwrap_or(end), here, from.is_none()));
                if here < points {
                    posted.taken.push((from, points - here));
                }
            }
            let put = account.bring_in("earn", &parts, day);
            posted.own += put.iter().filter(|(lot, _)| *lot == end).map(|(_, points)| points).sum::<i64>();
        } else {
            let taken = account.take_back("clawback", -difference, &[(end, posted.own)], day);
            let owed = -difference - taken.iter().map(|(_, points)| points).sum::<i64>();
            posted.own -= taken.iter().filter(|(from, _)| *from == end).map(|(_, points)| points).sum::<i64>();
            posted.taken.extend(taken.into_iter().map(|(from, points)| (Some(from), points)));
            posted.taken.extend((owed > 0).then_some((None, owed)));
        }
        self.orders[sale].posted.insert(member, posted);
        self.settle(member);
    }

    /// Gives back, to their own lots, so many points of a hold in all; whether that was more or less than before.
    fn restore(&mut self, hold: usize, target: i64) -> bool {
        if self.holds[hold].state != Held::Captured {
            return false;
        }
        let Hold { member, restored, ref lots, .. } = self.holds[hold];
        let difference = target - restored;
        if difference == 0 {
            return false;
        }
        let (mut skip, mut left, mut parts) = (restored.min(target), difference.abs(), Vec::new());
        // What was taken last comes back first.
        for (end, points) in lots.iter().rev() {
            let skipped = skip.min(*points);
            skip -= skipped;
            let back = (points - skipped).min(left);
            if back > 0 {
                left -= back;
                parts.push((*end, back, false));
            }
        }
        if left > 0 {
            parts.push((lots.iter().map(|(end, _)| *end).max().unwrap_or(NEVER), left, true));
        }
        let day = self.day();
        let account = &mut self.members[member];
        if difference > 0 {
            account.bring_in("restore", &parts, day);
        } else {
            let own: Vec<(i64, i64)> = parts.into_iter().rev().map(|(end, points, _)| (end, points)).collect();
            account.take_back("restore", -difference, &own, day);
        }
        self.holds[hold].restored = target;
        self.settle(member);
        true
    }

    /// The sale an order bears on: itself, or the one it takes back.
    fn sale_of(&self, order: usize) -> usize {
        self.orders[order].refunds.map_or(order, |(sale, _, _)| sale)
    }

    fn place(&mut self, member: Option<usize>, goods: (i64, i64), days_ago: i64, hold: Option<usize>) -> usize {
        self.orders.push(Order {
            member,
            pieces: goods.0,
            price: goods.1,
            hold,
            cancelled: false,
            end: self.day() - days_ago + DAYS_GOOD,
            refunds: None,
            posted: BTreeMap::new(),
        });
        self.orders.len() - 1
    }

    fn refund(&mut self, sale: usize, pieces: i64, halves: i64) {
        let member = self.orders[sale].member;
        let refund = self.place(member, (0, 0), 0, None);
        self.orders[refund].refunds = Some((sale, pieces, halves));
        self.unread.insert(sale);
    }

    /// Odoo is read: what changed there counts now, the sales in the order of their ids.
    fn read(&mut self) {
        for sale in std::mem::take(&mut self.unread) {
            self.converge(sale);
        }
        for member in 0..self.members.len() {
            let Member { gone, merged, balance, .. } = self.members[member];
            if gone && !merged && (balance != 0 || self.held(member) != 0) {
                self.raise("orphaned_account", member);
            }
        }
    }

    /// All that one member has, and all that bears on it, is another's from now on.
    fn merge(&mut self, from: usize, into: usize) {
        let Member { balance, lots, expired, .. } = self.members[from].clone();
        let giving = &mut self.members[from];
        giving.merged = true;
        (giving.balance, giving.lots, giving.expired) = (0, Lots::new(), Lots::new());
        let getting = &mut self.members[into];
        for (end, points) in lots {
            getting.put(points, end);
        }
        if balance < 0 {
            getting.take(-balance, &[]);
        }
        for (end, points) in expired {
            *getting.expired.entry(end).or_default() += points;
        }
        if balance != 0 {
            self.members[from].note("transfer", -balance);
            self.members[into].note("transfer", balance);
        }
        for hold in self.holds.iter_mut().filter(|hold| hold.member == from) {
            hold.member = into;
        }
        for order in &mut self.orders {
            if let Some(mut moved) = order.posted.remove(&from) {
                let here = order.posted.entry(into).or_default();
                here.points += moved.points;
                here.own += moved.own;
                moved.taken.append(&mut here.taken);
                here.taken = moved.taken;
            }
        }
    }

    fn hold(&mut self, member: usize, reward: Reward, draft: usize, goods: (i64, i64), replaced: Option<usize>) {
        let (pieces, price) = goods;
        self.keyed += 1;
        let mut free = self.available(member);
        let (mut carried, mut ends_at) = ((0, 0), self.seconds + HOLD_SECONDS);
        if let Some(old) = replaced {
            let refused = match self.holds[old].state {
                Held::Open => None,
                Held::Captured => Some("hold_captured"),
                Held::Released => Some("hold_released"),
                Held::Expired => Some("hold_expired"),
            };
            if let Some(refused) = refused {
                self.last = Outcome::Refused(refused);
                return;
            }
            free += self.holds[old].reward.points();
            let kept = self.kept_beyond_their_end(old).min(reward.points());
            if kept > 0 {
                let (before, since) = self.holds[old].carried;
                carried = (kept, if before > 0 { since } else { self.holds[old].made_at });
                ends_at = ends_at.min(self.holds[old].ends_at);
            }
        }
        if free < reward.points() {
            self.last = Outcome::Refused("insufficient_points");
            return;
        }
        if let Some(old) = replaced {
            self.holds[old].state = Held::Released;
        }
        self.holds.push(Hold {
            member,
            reward,
            draft,
            pieces,
            price,
            state: Held::Open,
            ends_at,
            made_at: self.seconds,
            carried,
            lots: Vec::new(),
            restored: 0,
            verdict: None,
            order: None,
        });
        // What the hold that was replaced kept beyond its end, and this one does not, goes now.
        self.settle(member);
    }

    fn wait(&mut self, seconds: i64) {
        self.seconds += seconds;
        for member in 0..self.members.len() {
            self.settle(member);
        }
    }

    /// Takes one step.
    #[expect(clippy::too_many_lines, reason = "one arm a step")]
    pub fn step(&mut self, step: &Step) {
        self.last = Outcome::Done;
        match step {
            Step::Sell(sales) => {
                for sale in sales {
                    let placed = self.place(sale.to, (sale.pieces, sale.price), sale.days_ago, None);
                    self.unread.insert(placed);
                }
            }
            Step::Hold { by, reward, pieces, price } => {
                self.hold(*by, *reward, self.holds.len(), (*pieces, *price), None);
            }
            Step::HoldAgain { beside, reward } => {
                let Hold { member, draft, pieces, price, .. } = self.holds[*beside];
                self.hold(member, *reward, draft, (pieces, price), None);
            }
            Step::Replace { hold, reward, pieces, price } => {
                let Hold { member, draft, .. } = self.holds[*hold];
                self.hold(member, *reward, draft, (*pieces, *price), Some(*hold));
            }
            Step::Capture(hold) => self.last = self.capture(*hold),
            Step::Release(hold) => {
                if self.holds[*hold].state == Held::Captured {
                    self.last = Outcome::Refused("hold_captured");
                    return;
                }
                if self.holds[*hold].state == Held::Open {
                    self.holds[*hold].state = Held::Released;
                    // What the hold kept from expiring goes now.
                    self.settle(self.holds[*hold].member);
                }
            }
            Step::Pay(hold) => {
                let Hold { member, pieces, price, .. } = self.holds[*hold];
                let order = self.place(Some(member), (pieces, price), 0, Some(*hold));
                self.holds[*hold].order = Some(order);
                self.unread.insert(order);
            }
            Step::ReturnGoods { sale, pieces } => self.refund(*sale, *pieces, 0),
            Step::ReturnReward { sale, halves } => self.refund(*sale, 0, *halves),
            Step::Cancel(order) => {
                self.orders[*order].cancelled = true;
                self.unread.insert(self.sale_of(*order));
            }
            Step::Customer { sale, is } => {
                self.orders[*sale].member = *is;
                self.unread.insert(*sale);
            }
            Step::Adjust { of, points } => {
                self.keyed += 1;
                let end = self.day() + DAYS_GOOD;
                let account = &mut self.members[*of];
                if *points > 0 {
                    account.put(*points, end);
                } else {
                    account.take(-points, &[]);
                }
                account.note("adjust", *points);
                self.last = Outcome::Balance(account.balance);
            }
            Step::Merge { from, into } => {
                self.wait(MERGE_SECONDS);
                self.read();
                self.members[*from].gone = true;
                let moved: Vec<usize> =
                    (0..self.orders.len()).filter(|order| self.orders[*order].member == Some(*from)).collect();
                for order in &moved {
                    self.orders[*order].member = Some(*into);
                }
                // Whom a partner became is told by its orders alone.
                if !moved.is_empty() {
                    self.merge(*from, *into);
                }
                let sales: Vec<usize> = moved.iter().map(|order| self.sale_of(*order)).collect();
                self.unread.extend(sales);
                self.read();
            }
            Step::Wait { days, seconds } => self.wait(days * 86_400 + seconds),
            Step::Evening => {
                let to_go = EVENING - self.seconds.rem_euclid(86_400);
                self.wait(if to_go > 0 { to_go } else { to_go + 86_400 });
            }
            // A start reads Odoo by itself.
            Step::Read | Step::Restart => self.read(),
            Step::Replay(_) => {}
        }
    }
}
