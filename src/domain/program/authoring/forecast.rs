//! What a program would have come to: orders that were sold, tallied one by one as if it alone had been in force,
//! and read as points, members and money.
//!
//! Each order counts as [`earn`] computes it, refunds taken off the sale they take back. Nobody redeems: what is
//! left is what orders earned, less what has expired.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Utc};
use rust_decimal::Decimal;

use crate::domain::program::{Applicability, Program, Reward, earn};
use crate::domain::sale::order::{Line, LineRole, Order, OrderState};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::{PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

pub use figures::{Basis, Forecast, MemberForecast, MonthSum, Orders, PointsSum, RewardSum, RuleSum};

mod conclusion;
mod figures;

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

#[derive(Clone, Copy, Debug, Default)]
struct ProductSum {
    quantity: Decimal,
    amount: Money,
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
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;
