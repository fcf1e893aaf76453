//! The figures of a forecast.

use rust_decimal::Decimal;

use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

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
