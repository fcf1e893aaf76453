//! What a program would have come to: orders that were sold, tallied one by one as if it alone had been in force,
//! and read as points, members and money.
//!
//! Each order counts as [`earn`] computes it, refunds taken off the sale they take back. Nobody redeems: what is
//! left is what orders earned, less what has expired.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Utc};
use rust_decimal::Decimal;

use crate::domain::program::{Applicability, Program, Reward, RewardKind, earn};
use crate::domain::sale::order::{Line, LineRole, Order, OrderState};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::ids::{PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// Members that are named one by one.
const TOP: usize = 10;

/// The sums of a forecast, while orders are added.
#[derive(Debug)]
pub struct ForecastTotals<'a> {
    program: &'a Program,
    /// Points that end by then are expired.
    as_of: DateTime<Utc>,
    orders: Orders,
    points: PointsSum,
    before_rounding: Decimal,
    rules: BTreeMap<&'a str, RuleSum>,
    months: BTreeMap<String, MonthSum>,
    members: HashMap<PartnerId, MemberForecast>,
    products: BTreeMap<ProductId, ProductSum>,
    sales: Money,
    member_sales: Money,
    /// Orders of members that came to more than nothing, and what they came to.
    positive: (u64, Money),
}

/// How many orders there were, by what became of them. All but the first sum to it, less those of `earning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Looked at.
    pub read: u64,
    /// Drafts and cancelled ones.
    pub not_paid: u64,
    /// In another currency, or another company's.
    pub ignored: u64,
    /// In a shop or at a time in which the program does not hold.
    pub outside: u64,
    /// Of nobody known.
    pub without_customer: u64,
    /// Of members, in the program.
    pub counted: u64,
    /// Those of them that earn something, after refunds.
    pub earning: u64,
}

/// Points, and where they went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointsSum {
    /// Before anything was returned.
    pub earned: Points,
    /// By refunds, linked with their sale or not.
    pub taken_back: Points,
    /// Past their end.
    pub expired: Points,
}

impl PointsSum {
    /// What is there.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn left(&self) -> Result<Points, Overflow> {
        self.earned.sub(self.taken_back)?.sub(self.expired)
    }
}

/// What one rule paid, before rounding, after refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleSum {
    /// On how many orders.
    pub orders: u64,
    /// How many points.
    pub points: Decimal,
}

/// One month by the program's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthSum {
    /// Orders of members.
    pub orders: u64,
    /// What they came to.
    pub sales: Money,
    /// Points of its orders, whenever they were taken back or expired.
    pub points: PointsSum,
}

/// One member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberForecast {
    /// Orders that counted.
    pub orders: u64,
    /// What they came to.
    pub sales: Money,
    /// Points left; below zero for who returned more than was bought.
    pub points: Points,
}

#[derive(Clone, Copy, Debug, Default)]
struct ProductSum {
    quantity: Decimal,
    amount: Money,
}

/// What it all came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// How many orders.
    pub orders: Orders,
    /// Goods sold less returned, with tax, where and when the program holds.
    pub sales: Money,
    /// The part of it that members bought.
    pub member_sales: Money,
    /// How many points.
    pub points: PointsSum,
    /// By rule, in the program's order.
    pub rules: Vec<(String, RuleSum)>,
    /// What rounding made of the rules' sum.
    pub rounding: Decimal,
    /// By month, `2026-11`.
    pub months: Vec<(String, MonthSum)>,
    /// How many members bought something.
    pub members: u64,
    /// How many of them have points left.
    pub with_points: u64,
    /// Points left a member, at these shares of the members (in percent), fewest first.
    pub spread: Vec<(usize, Points)>,
    /// Points left a member, on average.
    pub average: Decimal,
    /// The members with most points left.
    pub top: Vec<(PartnerId, MemberForecast)>,
    /// What one point is worth at most, and the reward that makes it so.
    pub best_worth: Option<(Decimal, String)>,
    /// What the points that are left can take off at most.
    pub liability: Option<Decimal>,
    /// What each reward would come to.
    pub rewards: Vec<RewardSum>,
}

/// What a reward comes to when every member who can has it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardSum {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What a member needs for it.
    pub needed: Points,
    /// How many members have that.
    pub members: u64,
    /// What it comes to; `None` where nothing says what it is worth.
    pub cost: Option<Decimal>,
    /// What that is computed from.
    pub basis: Basis,
}

/// What the cost of a reward is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Its amount.
    Amount,
    /// All points of those members, at its rate.
    AllPoints,
    /// Its percentage of what members' orders come to on average.
    AverageOrder,
    /// Its maximum, which is less than that.
    Maximum,
    /// What its product was sold for on average, with tax.
    AveragePrice,
    /// Its product was never sold in these orders, or nobody bought anything.
    Unknown,
}

impl Basis {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::AllPoints => "all_points",
            Self::AverageOrder => "average_order",
            Self::Maximum => "maximum",
            Self::AveragePrice => "average_price",
            Self::Unknown => "unknown",
        }
    }
}

fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}

impl<'a> ForecastTotals<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(program: &'a Program, as_of: DateTime<Utc>) -> Self {
        let products = program.rewards.iter().filter_map(Reward::product_id);
        Self {
            program,
            as_of,
            orders: Orders::default(),
            points: PointsSum::default(),
            before_rounding: Decimal::ZERO,
            rules: BTreeMap::new(),
            months: BTreeMap::new(),
            members: HashMap::new(),
            products: products.map(|product| (product, ProductSum::default())).collect(),
            sales: Money::ZERO,
            member_sales: Money::ZERO,
            positive: (0, Money::ZERO),
        }
    }

    /// Adds an order as it was read: `member` is whose its points are, `returned` what refunds have taken
    /// back of its lines.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn add(&mut self, mut order: Order, member: Option<PartnerId>, returned: &TakenBack) -> Result<(), Overflow> {
        count(&mut self.orders.read);
        if order.state != OrderState::Paid {
            count(&mut self.orders.not_paid);
            return Ok(());
        }
        match self.program.applies_to(&order) {
            Applicability::Yes => {}
            Applicability::OtherCompany | Applicability::OtherCurrency => {
                count(&mut self.orders.ignored);
                return Ok(());
            }
            Applicability::OtherShop | Applicability::OutsideDates => {
                count(&mut self.orders.outside);
                return Ok(());
            }
        }
        let sold =
            Money::sum(order.lines.iter().filter(|line| line.role == LineRole::Eligible).map(|l| l.subtotal_incl))?;
        self.sales = self.sales.add(sold)?;
        self.note_prices(&order.lines)?;
        let Some(member) = member else {
            count(&mut self.orders.without_customer);
            return Ok(());
        };
        count(&mut self.orders.counted);
        self.member_sales = self.member_sales.add(sold)?;
        if sold.is_positive() {
            self.positive = (self.positive.0.saturating_add(1), self.positive.1.add(sold)?);
        }
        // Lines that take back another sale's count there, not here.
        order.lines.retain(|line| line.refunds.is_none());
        let points = self.earn(&order, returned)?;
        let month = order.placed_at.with_timezone(&self.program.timezone);
        let month = self.months.entry(format!("{:04}-{:02}", month.year(), month.month())).or_default();
        count(&mut month.orders);
        month.sales = month.sales.add(sold)?;
        for sum in [&mut month.points, &mut self.points] {
            sum.earned = sum.earned.add(points.earned)?;
            sum.taken_back = sum.taken_back.add(points.taken_back)?;
            sum.expired = sum.expired.add(points.expired)?;
        }
        let member = self.members.entry(member).or_default();
        count(&mut member.orders);
        member.sales = member.sales.add(sold)?;
        member.points = member.points.add(points.left()?)?;
        Ok(())
    }

    /// What one order earns, with and without what came back.
    fn earn(&mut self, order: &Order, returned: &TakenBack) -> Result<PointsSum, Overflow> {
        let net = earn(self.program, order, returned)?;
        let mut last = None;
        for line in &net.lines {
            let rules = &self.program.earning.rules;
            let Some(rule) = rules.iter().find(|rule| rule.code == line.rule) else { continue };
            let sum = self.rules.entry(rule.code.as_str()).or_default();
            sum.points = exact::add(sum.points, line.points)?;
            if last != Some(rule.code.as_str()) {
                count(&mut sum.orders);
                last = Some(rule.code.as_str());
            }
        }
        self.before_rounding = exact::add(self.before_rounding, net.total_before_rounding)?;
        if net.points.is_positive() {
            count(&mut self.orders.earning);
        }
        let whole = if returned.is_empty() { net.points } else { earn(self.program, order, &TakenBack::new())?.points };
        // A return that names no sale earns less than nothing: all of that is taken back.
        let earned = whole.max(Points::ZERO);
        let over =
            net.points.is_positive() && self.program.expires_at(order.placed_at).is_some_and(|end| end <= self.as_of);
        Ok(PointsSum {
            earned,
            taken_back: earned.sub(net.points)?,
            expired: if over { net.points } else { Points::ZERO },
        })
    }

    /// What the products that rewards give are sold for.
    fn note_prices(&mut self, lines: &[Line]) -> Result<(), Overflow> {
        if self.products.is_empty() {
            return Ok(());
        }
        for line in lines.iter().filter(|line| line.hold.is_none() && line.quantity > Decimal::ZERO) {
            if let Some(sum) = line.product_id.and_then(|product| self.products.get_mut(&product)) {
                sum.quantity = exact::add(sum.quantity, line.quantity)?;
                sum.amount = sum.amount.add(line.subtotal_incl)?;
            }
        }
        Ok(())
    }

    /// What it all comes to.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn finish(mut self) -> Result<Forecast, Overflow> {
        let mut members: Vec<(PartnerId, MemberForecast)> = self.members.drain().collect();
        members.sort_unstable_by_key(|(id, member)| (std::cmp::Reverse(member.points), *id));
        let many = u64::try_from(members.len()).unwrap_or(u64::MAX);
        let all = Points::sum(members.iter().map(|(_, member)| member.points))?;
        let average = if members.is_empty() {
            Decimal::ZERO
        } else {
            exact::div(all.decimal(), Decimal::from(many))?.round_dp(2)
        };
        let owed = Points::sum(members.iter().map(|(_, member)| member.points.max(Points::ZERO)))?;
        let best_worth = self.program.best_worth()?.map(|(worth, reward)| (worth, reward.code.clone()));
        let liability = match &best_worth {
            Some((worth, _)) => Some(exact::mul(owed.decimal(), *worth)?),
            None => None,
        };
        let rewards = self.program.rewards.iter().map(|reward| self.reward(reward, &members));
        Ok(Forecast {
            rewards: rewards.collect::<Result<_, _>>()?,
            orders: self.orders,
            sales: self.sales,
            member_sales: self.member_sales,
            points: self.points,
            rounding: exact::sub(self.points.earned.sub(self.points.taken_back)?.decimal(), cut(self.before_rounding))?,
            rules: self
                .program
                .earning
                .rules
                .iter()
                .filter(|rule| !matches!(rule.kind, crate::domain::program::RuleKind::Multiplier { .. }))
                .map(|rule| {
                    let sum = self.rules.get(rule.code.as_str()).copied().unwrap_or_default();
                    (rule.code.clone(), RuleSum { points: cut(sum.points), ..sum })
                })
                .collect(),
            months: self.months.into_iter().collect(),
            members: many,
            with_points: counted(members.iter().filter(|(_, member)| member.points.is_positive())),
            spread: [10, 25, 50, 75, 90, 99, 100]
                .into_iter()
                .filter_map(|share| Some((share, at_share(&members, share)?)))
                .collect(),
            average,
            top: members.iter().filter(|(_, member)| member.points.is_positive()).take(TOP).copied().collect(),
            best_worth,
            liability,
        })
    }

    fn reward(&self, reward: &Reward, members: &[(PartnerId, MemberForecast)]) -> Result<RewardSum, Overflow> {
        let needed = reward.points_needed(self.program);
        let able = || members.iter().map(|(_, member)| member.points).filter(|points| *points >= needed);
        let many = counted(able());
        let (each, basis) = self.worth(reward)?;
        let cost = match (&reward.kind, each) {
            (RewardKind::DiscountPerPoint { rate }, _) => Some(exact::mul(Points::sum(able())?.decimal(), rate.value)?),
            (_, Some(each)) => Some(exact::mul(each, Decimal::from(many))?),
            (_, None) => None,
        };
        let (code, name) = (reward.code.clone(), reward.name.clone());
        Ok(RewardSum { code, name, needed, members: many, cost, basis })
    }

    /// What giving the reward once costs.
    fn worth(&self, reward: &Reward) -> Result<(Option<Decimal>, Basis), Overflow> {
        let of_product = |product: &ProductId| {
            let sum = self.products.get(product).copied().unwrap_or_default();
            if sum.quantity.is_zero() { Ok(None) } else { exact::div(sum.amount.decimal(), sum.quantity).map(Some) }
        };
        let known = |worth: Option<Decimal>, basis| (worth, if worth.is_some() { basis } else { Basis::Unknown });
        Ok(match &reward.kind {
            RewardKind::DiscountAmount { amount, .. } => (Some(amount.value.decimal()), Basis::Amount),
            RewardKind::DiscountPerPoint { .. } => (None, Basis::AllPoints),
            RewardKind::DiscountPercent { percent, max_amount, .. } => {
                let most = max_amount.as_ref().map(|most| most.value.decimal());
                let (orders, sales) = self.positive;
                if orders == 0 {
                    return Ok(known(most, Basis::Maximum));
                }
                let order = exact::div(sales.decimal(), Decimal::from(orders))?;
                let share = exact::div(percent.value, Decimal::ONE_HUNDRED)?;
                let off = exact::mul(order, share.min(self.program.redemption.max_share_of_order.value))?;
                match most {
                    Some(most) if most < off => (Some(most), Basis::Maximum),
                    _ => (Some(off), Basis::AverageOrder),
                }
            }
            RewardKind::FreeProduct { product_id, quantity, .. } => {
                let price = of_product(product_id)?;
                known(price.map(|price| exact::mul(price, quantity.value)).transpose()?, Basis::AveragePrice)
            }
            RewardKind::ProductAtPrice { product_id, price: at, .. } => {
                let price = of_product(product_id)?;
                let off = price.map(|price| exact::sub(price, at.value.decimal())).transpose()?;
                known(off.map(|off| off.max(Decimal::ZERO)), Basis::AveragePrice)
            }
        })
    }
}

fn counted<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

/// What the member has who has more than, or as much as, `share` percent of all; they come with most first.
fn at_share(members: &[(PartnerId, MemberForecast)], share: usize) -> Option<Points> {
    // Nearest rank: the first member with at least that share at or below.
    let rank = members.len().saturating_mul(share).div_ceil(100).max(1);
    members.get(members.len().checked_sub(rank)?).map(|(_, member)| member.points)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::sale::refund::Returned;
    use crate::domain::value::ids::{CompanyId, LineId, OrderId, PosConfigId, SaleModel, SourceId};

    fn program(members: &Value) -> Program {
        let mut document = json!({"code": "club", "name": "Club", "currency": "USD", "earning": {"rules": [
            {"code": "base", "kind": "per_amount", "every": "10.00", "points": "1"},
            {"code": "piece", "kind": "per_unit", "points": "0.3"}]}});
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Program::from_json(&document).unwrap()
    }

    fn day(month: u32, day: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, month, day, 12, 0, 0).unwrap()
    }

    /// One line of product 7, numbered as the order: so many, for so much in all.
    fn order(id: i64, at: DateTime<Utc>, quantity: i64, amount: i64) -> Order {
        let line = Line {
            id: Some(LineId(id)),
            uuid: None,
            product_id: Some(ProductId(7)),
            quantity: Decimal::from(quantity),
            subtotal: Money::from_e4(amount * 10_000),
            subtotal_incl: Money::from_e4(amount * 10_000),
            refunds: None,
            hold: None,
            role: LineRole::Eligible,
            pos_categories: std::collections::BTreeSet::new(),
            product_categories: std::collections::BTreeSet::new(),
            product_tags: std::collections::BTreeSet::new(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: None,
            combo: None,
        };
        Order {
            source: SourceId::ODOO,
            model: SaleModel::PosOrder,
            id: Some(OrderId(id)),
            uuid: None,
            name: format!("Shop/{id}"),
            reference: None,
            state: OrderState::Paid,
            placed_at: at,
            partner_id: None,
            partner_tags: std::collections::BTreeSet::new(),
            parent_companies: std::collections::BTreeSet::new(),
            links_refunds: false,
            company_id: CompanyId(1),
            currency: "USD".to_owned(),
            pos_config_id: Some(PosConfigId(1)),
            hold_field_missing: false,
            lines: vec![line],
        }
    }

    fn line_quantity(line: &Line) -> i64 {
        i64::try_from(line.quantity.trunc().mantissa()).unwrap()
    }

    /// Each order with its member and how many of its line came back.
    fn forecast(program: &Program, as_of: DateTime<Utc>, sold: &[(Order, i64, i64)]) -> Forecast {
        let mut totals = ForecastTotals::new(program, as_of);
        for (order, member, returned) in sold {
            let line = &order.lines[0];
            let mut taken = TakenBack::new();
            if *returned > 0 {
                let part = |amount: Money| Money::from_e4(amount.e4() * returned / line_quantity(line));
                let of = Returned {
                    quantity: Decimal::from(*returned),
                    subtotal: part(line.subtotal),
                    subtotal_incl: part(line.subtotal_incl),
                    lines: 1,
                };
                taken.insert(line.id.unwrap(), of);
            }
            totals.add(order.clone(), Some(PartnerId(*member)), &taken).unwrap();
        }
        totals.finish().unwrap()
    }

    fn points(text: &str) -> Points {
        Points::from_decimal(exact::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn what_came_back_is_taken_from_its_sale_and_a_stray_return_from_its_member() {
        let program = program(&json!({}));
        let sold = [
            // 5 for 50.00: 5 + 1.5 = 6.5, of which 3 come back: 2 for 20.00 are 2 + 0.6 = 2.6.
            (order(1, day(1, 10), 5, 50), 1, 3),
            // Returned without its sale: −(1 + 0.3), rounded towards zero.
            (order(2, day(2, 1), -1, -10), 1, 0),
            (order(3, day(2, 2), 1, 9), 2, 0),
        ];
        let forecast = forecast(&program, day(3, 1), &sold);
        let Forecast { points: sum, rules, rounding, months, .. } = &forecast;
        assert_eq!((sum.earned, sum.taken_back), (points("6"), points("5")));
        assert_eq!(sum.left(), Ok(points("1")));
        let of = |code: &str| rules.iter().find(|(rule, _)| rule == code).unwrap().1;
        assert_eq!(of("base"), RuleSum { orders: 2, points: Decimal::ONE });
        assert_eq!(of("piece"), RuleSum { orders: 3, points: exact::parse("0.6").unwrap() });
        // The rules and their rounding are what there is: 1 + 0.6 − 0.6.
        assert_eq!(*rounding, exact::parse("-0.6").unwrap());
        let shown: Vec<_> = months.iter().map(|(month, sum)| (month.as_str(), sum.orders, sum.points.earned)).collect();
        assert_eq!(shown, [("2026-01", 1, points("6")), ("2026-02", 2, Points::ZERO)]);
        assert_eq!(forecast.orders.earning, 1);
        assert_eq!(
            forecast.top.iter().map(|(id, member)| (id.0, member.points)).collect::<Vec<_>>(),
            [(1, points("1"))]
        );
    }

    #[test]
    fn points_past_their_end_are_expired_and_owe_nothing() {
        let program = program(&json!({
            "expiry": {"after_days": 30, "granularity": "month"},
            "rewards": [{"code": "pay", "kind": "discount_per_point", "rate": "0.5"}]}));
        // Earned on 10 January, they last to the end of February.
        let sold = [(order(1, day(1, 10), 1, 100), 1, 0), (order(2, day(2, 10), 1, 40), 1, 0)];
        for (as_of, expired, liability) in
            [(day(2, 28), "0", "7.0"), (day(3, 1), "10", "2.0"), (day(4, 1), "14", "0.0")]
        {
            let forecast = forecast(&program, as_of, &sold);
            assert_eq!(forecast.points.expired, points(expired), "{as_of}");
            assert_eq!(forecast.liability, exact::parse(liability), "{as_of}");
            assert_eq!(forecast.rewards[0].cost, exact::parse(liability), "{as_of}");
        }
    }

    #[test]
    fn a_reward_costs_what_each_member_who_can_have_it_gets() {
        let percent = |percent: &str, most: Option<&str>| json!({"code": "r", "kind": "discount_percent", "points": "2", "percent": percent, "max_amount": most});
        // Two members reach 2 points; orders come to 40.00 on average, and pieces to 20.00.
        let sold = [
            (order(1, day(1, 1), 2, 40), 1, 0),
            (order(2, day(1, 2), 3, 60), 2, 0),
            (order(3, day(1, 3), 1, 20), 3, 2),
        ];
        let cases = [
            (percent("10", None), "8", Basis::AverageOrder),
            (percent("10", Some("3.00")), "6", Basis::Maximum),
            (percent("10", Some("4.01")), "8", Basis::AverageOrder),
            // No more than half of an order.
            (percent("80", None), "40", Basis::AverageOrder),
            (json!({"code": "r", "kind": "discount_amount", "points": "2", "amount": "1.50"}), "3", Basis::Amount),
            (
                json!({"code": "r", "kind": "free_product", "points": "2", "product_id": 7, "quantity": "2"}),
                "80",
                Basis::AveragePrice,
            ),
            (
                json!({"code": "r", "kind": "product_at_price", "points": "2", "product_id": 7, "price": "15.00"}),
                "10",
                Basis::AveragePrice,
            ),
            (
                json!({"code": "r", "kind": "product_at_price", "points": "2", "product_id": 7, "price": "25.00"}),
                "0",
                Basis::AveragePrice,
            ),
        ];
        for (reward, cost, basis) in cases {
            let program = program(&json!({"rewards": [reward], "redemption": {"max_share_of_order": "0.5"}}));
            let forecast = forecast(&program, day(2, 1), &sold);
            let of_it = &forecast.rewards[0];
            assert_eq!((of_it.members, of_it.basis), (2, basis), "{reward}");
            assert_eq!(of_it.cost.map(|cost| cost.normalize()), exact::parse(cost), "{reward}");
        }
    }

    #[test]
    fn shares_of_the_members_are_by_nearest_rank() {
        let member = |points: i64| {
            (PartnerId(points), MemberForecast { points: Points::from_e2(points), ..MemberForecast::default() })
        };
        let ten: Vec<(PartnerId, MemberForecast)> = (1..=10).rev().map(member).collect();
        for (share, points) in [(1, 1), (10, 1), (11, 2), (50, 5), (75, 8), (99, 10), (100, 10)] {
            assert_eq!(at_share(&ten, share), Some(Points::from_e2(points)), "{share}");
        }
        assert_eq!(at_share(&[], 50), None);
    }
}
