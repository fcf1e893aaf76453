//! What a program would earn of orders that were sold, and why not: for the person who puts it or wonders about it.
//!
//! [`Outlook::of`] computes each order as posting does, as if the program were in force at all of them. [`problems`]
//! compares what the program names with what the shop has. Both speak in sentences that say what to do.

mod problems;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::catalog::records::{Category, PosConfig, Product};
use crate::domain::program::{Applicability, Program, RuleKind, earn};
use crate::domain::sale::order::{Order, OrderState};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{CompanyId, PartnerId, PosCategoryId, PosConfigId, ProductCategoryId};
use crate::domain::value::points::Points;

pub use problems::{Problem, problems};

/// How many orders are looked at: the newest.
pub const RECENT_ORDERS: u32 = 100;

/// What is known of the shop, by which ids get names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownCatalog {
    /// Companies that the service user sees.
    pub companies: BTreeMap<CompanyId, String>,
    /// For each branch, the companies above it.
    pub branches: BTreeMap<CompanyId, BTreeSet<CompanyId>>,
    /// Tills.
    pub tills: Vec<PosConfig>,
    /// Products.
    pub products: Vec<Product>,
    /// POS categories.
    pub pos_categories: Vec<Category<PosCategoryId>>,
    /// Product categories.
    pub product_categories: Vec<Category<ProductCategoryId>>,
}

/// An order that was sold, with what decides whether it earns.
#[derive(Clone, Debug)]
pub struct SoldOrder {
    /// The order as it was read.
    pub order: Order,
    /// Whose points it is; `None` when it has no customer.
    pub member: Option<PartnerId>,
    /// Whether that member takes part in the program at the time of the order.
    pub takes_part: bool,
    /// What refunds have taken back of its lines.
    pub returned: TakenBack,
}

/// Why an order earns nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyNot {
    /// It is a draft or was cancelled.
    NotPaid,
    /// It is another company's.
    OtherCompany(CompanyId),
    /// It is in another currency.
    OtherCurrency(String),
    /// It was sold at a till that the program does not name, or at none that is known.
    OtherTill(Option<PosConfigId>),
    /// It was sold before `starts_at`.
    BeforeStart,
    /// It was sold at `ends_at` or later.
    AfterEnd,
    /// It has no customer.
    NoCustomer,
    /// Its customer is not enrolled.
    NotEnrolled,
    /// It only takes back what was sold before: that counts with the sale.
    Refund,
    /// No earning rule covers any of its lines.
    NothingCovered,
    /// Its lines are covered, and come to less than a point.
    TooLittle,
    /// The program's numbers grow too large on it.
    TooLarge,
}

/// What a program would earn of the orders that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// How many orders were looked at.
    pub orders: u64,
    /// How many of them earn something.
    pub earning: u64,
    /// What those earn, together.
    pub points: Points,
    /// When the newest was sold.
    pub newest: Option<DateTime<Utc>>,
    /// How many of the others earn nothing, by reason.
    pub why_not: BTreeMap<WhyNot, u64>,
}

impl Outlook {
    /// Looks at these orders.
    ///
    /// # Errors
    /// [`Overflow`] when the points of all orders are more than can be kept.
    pub fn of<'a>(program: &Program, sold: impl IntoIterator<Item = &'a SoldOrder>) -> Result<Self, Overflow> {
        let mut outlook = Self::default();
        for one in sold {
            outlook.orders = outlook.orders.saturating_add(1);
            outlook.newest = outlook.newest.max(Some(one.order.placed_at));
            match earned(program, one) {
                Ok(points) => {
                    outlook.earning = outlook.earning.saturating_add(1);
                    outlook.points = outlook.points.add(points)?;
                }
                Err(why) => {
                    let count = outlook.why_not.entry(why).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        Ok(outlook)
    }

    /// The reason that most orders have.
    #[must_use]
    pub fn main_reason(&self) -> Option<&WhyNot> {
        // A draft or a refund says nothing about the program.
        let says = |why: &&WhyNot| !matches!(why, WhyNot::NotPaid | WhyNot::Refund);
        let most = |only: bool| {
            let reasons = self.why_not.iter().filter(|(why, _)| !only || says(why));
            reasons.max_by_key(|(_, orders)| **orders).map(|(why, _)| why)
        };
        most(true).or_else(|| most(false))
    }
}

/// What one order earns, or the first reason why it earns nothing.
fn earned(program: &Program, sold: &SoldOrder) -> Result<Points, WhyNot> {
    let SoldOrder { order, member, takes_part, returned } = sold;
    if order.state != OrderState::Paid {
        return Err(WhyNot::NotPaid);
    }
    match program.applies_to(order) {
        Applicability::Yes => {}
        Applicability::OtherCompany => return Err(WhyNot::OtherCompany(order.company_id)),
        Applicability::OtherCurrency => return Err(WhyNot::OtherCurrency(order.currency.clone())),
        Applicability::OtherShop => return Err(WhyNot::OtherTill(order.pos_config_id)),
        Applicability::OutsideDates if program.starts_at.is_some_and(|start| order.placed_at < start) => {
            return Err(WhyNot::BeforeStart);
        }
        Applicability::OutsideDates => return Err(WhyNot::AfterEnd),
    }
    if !order.lines.is_empty() && order.lines.iter().all(|line| line.refunds.is_some()) {
        return Err(WhyNot::Refund);
    }
    if member.is_none() {
        return Err(WhyNot::NoCustomer);
    }
    if !takes_part {
        return Err(WhyNot::NotEnrolled);
    }
    let points = earn(program, order, returned).map_err(|Overflow| WhyNot::TooLarge)?.points;
    if points.is_positive() {
        return Ok(points);
    }
    let covered = program.earning.rules.iter().any(|rule| {
        !matches!(rule.kind, RuleKind::Multiplier { .. })
            && order.lines.iter().any(|line| line.counts() && rule.scope.covers(line))
    });
    Err(if covered { WhyNot::TooLittle } else { WhyNot::NothingCovered })
}

#[cfg(test)]
mod tests;
