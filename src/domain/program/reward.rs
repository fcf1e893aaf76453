//! What a reward costs and is worth on a draft order.

use rust_decimal::{Decimal, RoundingStrategy};

use super::rule::{Reward, RewardKind};
use super::{Applies, Program};
use crate::domain::exact::{self, Overflow};
use crate::domain::ids::ProductId;
use crate::domain::money::Money;
use crate::domain::order::{Line, LineRole, Order};
use crate::domain::points::Points;

/// The draft a reward is asked for, and what stands around it.
#[derive(Clone, Copy, Debug)]
pub struct Basket<'a> {
    /// The draft.
    pub order: &'a Order,
    /// What the member can spend: balance less holds.
    pub available: Points,
    /// The discounts of this program's other open holds on this same order, zero or more.
    pub other_holds: Money,
    /// Digits of the order's currency.
    pub currency_decimals: u32,
}

/// A reward, priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What it costs.
    pub points: Points,
    /// What comes off the order, with tax; zero or more.
    pub discount: Money,
    /// The product it gives.
    pub product_id: Option<ProductId>,
}

/// A reward as a till shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// Which.
    pub reward: &'a Reward,
    /// What it costs: for a reward by the point the most that makes sense now, zero when none does.
    pub points: Points,
    /// What would come off.
    pub discount: Money,
    /// The product it gives.
    pub product_id: Option<ProductId>,
    /// Why it is not for now; `None` when it is.
    pub refusal: Option<Refusal>,
}

/// Why a reward is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Fewer points are available than must be held before any may be spent.
    #[error("The customer has {available} points available and needs at least {minimum} before spending any.")]
    BelowMinimum {
        /// What the member can spend.
        available: Points,
        /// What the program or the reward asks for.
        minimum: Points,
    },
    /// Fewer points are available than it costs.
    #[error("The customer has {available} points available; this takes {required}.")]
    InsufficientPoints {
        /// What the member can spend.
        available: Points,
        /// What it costs.
        required: Points,
    },
    /// It cannot be used on this order.
    #[error("{}", not_applicable_sentence(*reason, *maximum_points))]
    NotApplicable {
        /// Why.
        reason: Reason,
        /// The most points that this order takes, when more were offered.
        maximum_points: Option<Points>,
    },
}

/// Why a reward cannot be used on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It takes off more than the order, or the program's share of it, has left.
    #[error("The order is too small for this reward.")]
    OrderTooSmall,
    /// The points offered are worth less than the currency's smallest amount.
    #[error("That is too few points to take anything off.")]
    TooFewPoints,
    /// Points were offered for a reward of a fixed price, and they are not its price.
    #[error("The price of this reward is fixed: leave the number of points out.")]
    PointsNotVariable,
    /// The hold is for another customer.
    #[error("The order has another customer.")]
    OtherPartner,
    /// The order is in another currency than the program.
    #[error("The program is for another currency than the order's.")]
    OtherCurrency,
    /// The order is another company's.
    #[error("The program is for another company than the order's.")]
    OtherCompany,
    /// The program does not hold in this shop.
    #[error("The program does not hold in this shop.")]
    OtherShop,
    /// The program has not started or is over.
    #[error("The program does not hold at this time.")]
    OutsideDates,
    /// This kind of reward is not computed yet.
    #[error("This kind of reward is not computed yet.")]
    NotComputedYet,
}

impl Reason {
    /// Its stable name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OrderTooSmall => "order_too_small",
            Self::TooFewPoints => "too_few_points",
            Self::PointsNotVariable => "points_not_variable",
            Self::OtherPartner => "other_partner",
            Self::OtherCurrency => "other_currency",
            Self::OtherCompany => "other_company",
            Self::OtherShop => "other_shop",
            Self::OutsideDates => "outside_dates",
            Self::NotComputedYet => "not_computed_yet",
        }
    }
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPriced {
    /// The reward is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A number grew too large.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// What `reward` of `program` costs and takes off. `requested` are the points offered for a reward by the
/// point; none means the most that makes sense: as many as are available and the order takes, and no more
/// than it takes to get that discount.
///
/// Refusals come in this order: what the program is for, [`Refusal::BelowMinimum`], the price asked for,
/// [`Refusal::InsufficientPoints`], and what the order takes.
///
/// # Errors
/// [`NotPriced::Refused`] as above, [`NotPriced::Overflow`].
pub fn price(
    program: &Program,
    reward: &Reward,
    requested: Option<Points>,
    basket: &Basket<'_>,
) -> Result<Priced, NotPriced> {
    match program.applies_to(basket.order) {
        Applies::Yes => {}
        Applies::OtherCompany => return Err(not_applicable(Reason::OtherCompany)),
        Applies::OtherCurrency => return Err(not_applicable(Reason::OtherCurrency)),
        Applies::OtherShop => return Err(not_applicable(Reason::OtherShop)),
        Applies::OutsideDates => return Err(not_applicable(Reason::OutsideDates)),
    }
    let available = basket.available;
    let minimum = program.redemption.minimum_points.value.max(reward.minimum_points.value);
    // Without a minimum, a member in debt is short of points like anyone else.
    if minimum.is_positive() && available < minimum {
        return Err(Refusal::BelowMinimum { available, minimum }.into());
    }
    match &reward.kind {
        RewardKind::DiscountAmount { points, amount } => {
            let required = points.value;
            if requested.is_some_and(|requested| requested != required) {
                return Err(not_applicable(Reason::PointsNotVariable));
            }
            if available < required {
                return Err(Refusal::InsufficientPoints { available, required }.into());
            }
            if amount.value.decimal() > room(program, basket)? {
                return Err(not_applicable(Reason::OrderTooSmall));
            }
            Ok(Priced { points: required, discount: amount.value, product_id: None })
        }
        RewardKind::DiscountPerPoint { rate } => {
            let scale = Scale::new(program, basket, rate.value)?;
            match requested {
                Some(requested) => scale.exactly(requested),
                None => scale.most(),
            }
        }
        RewardKind::DiscountPercent { .. } | RewardKind::FreeProduct { .. } | RewardKind::ProductAtPrice { .. } => {
            Err(not_applicable(Reason::NotComputedYet))
        }
    }
}

/// Every reward of `program`, priced or with the reason why not, for a till to show.
///
/// # Errors
/// [`Overflow`] when a number grows too large.
pub fn offers<'a>(program: &'a Program, basket: &Basket<'_>) -> Result<Vec<Offer<'a>>, Overflow> {
    let offer = |reward: &'a Reward| match price(program, reward, None, basket) {
        Ok(Priced { points, discount, product_id }) => {
            Ok(Offer { reward, points, discount, product_id, refusal: None })
        }
        Err(NotPriced::Refused(refusal)) => {
            let discount = match &reward.kind {
                RewardKind::DiscountAmount { amount, .. } => amount.value,
                _ => Money::ZERO,
            };
            let points = reward.kind.fixed_points().unwrap_or_default();
            let product_id = match &reward.kind {
                RewardKind::FreeProduct { product_id, .. } | RewardKind::ProductAtPrice { product_id, .. } => {
                    Some(*product_id)
                }
                _ => None,
            };
            Ok(Offer { reward, points, discount, product_id, refusal: Some(refusal) })
        }
        Err(NotPriced::Overflow(overflow)) => Err(overflow),
    };
    program.rewards.iter().map(offer).collect()
}

fn not_applicable_sentence(reason: Reason, maximum_points: Option<Points>) -> String {
    maximum_points.map_or_else(
        || reason.to_string(),
        |maximum| format!("The order takes at most {maximum} points for this reward."),
    )
}

fn not_applicable(reason: Reason) -> NotPriced {
    Refusal::NotApplicable { reason, maximum_points: None }.into()
}

/// The most that may still come off the order: the program's share of what it came to before any reward,
/// less what the program's other holds take, and never more than is left to pay.
///
/// What gift cards and eWallets pay is no part of what the order came to, but of what is left to pay.
fn room(program: &Program, basket: &Basket<'_>) -> Result<Decimal, Overflow> {
    let lines = &basket.order.lines;
    let left_to_pay = Money::sum(lines.iter().map(|line| line.subtotal_incl))?;
    let paid_otherwise = |line: &Line| line.role == LineRole::Neutral && line.subtotal_incl.is_negative();
    let sold = lines.iter().filter(|line| line.hold.is_none() && !paid_otherwise(line));
    let before_rewards = Money::sum(sold.map(|line| line.subtotal_incl))?;
    let share = exact::mul(before_rewards.decimal(), program.redemption.max_share_of_order.value)?;
    let share_left = exact::sub(share, basket.other_holds.decimal())?;
    Ok(share_left.min(left_to_pay.decimal()).max(Decimal::ZERO))
}

/// A reward by the point on one order.
struct Scale {
    rate: Decimal,
    available: Points,
    room: Decimal,
    currency_decimals: u32,
    /// To how many decimals points are counted out when the till leaves the number to us.
    digits: u32,
}

impl Scale {
    fn new(program: &Program, basket: &Basket<'_>, rate: Decimal) -> Result<Self, Overflow> {
        // A program of whole points offers whole points, unless the member has a fraction to spend.
        let digits = program.earning.decimals.max(basket.available.decimal().normalize().scale());
        let room = room(program, basket)?;
        let currency_decimals = basket.currency_decimals.min(Money::DECIMALS);
        Ok(Self { rate, available: basket.available, room, currency_decimals, digits })
    }

    fn smallest(&self) -> Decimal {
        Decimal::new(1, self.currency_decimals)
    }

    /// What `points` take off: rounded down to the currency.
    fn worth(&self, points: Decimal) -> Result<Decimal, Overflow> {
        Ok(self.floor(exact::mul(points, self.rate)?))
    }

    fn floor(&self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.currency_decimals, RoundingStrategy::ToZero)
    }

    /// The fewest points that are worth `discount`.
    fn fewest(&self, discount: Decimal) -> Result<Decimal, Overflow> {
        let points = exact::div(discount, self.rate)?;
        Ok(points.round_dp_with_strategy(self.digits, RoundingStrategy::AwayFromZero))
    }

    /// The most points that make sense, whatever is available.
    fn most_of(&self, available: Decimal) -> Result<Decimal, Overflow> {
        let all = self.fewest(self.floor(self.room))?;
        if all <= available && self.worth(all)? <= self.room {
            return Ok(all);
        }
        // Either the points do not reach, or their unit is too coarse to take off the last bit.
        let fitting = exact::div(self.room, self.rate)?.min(available);
        let fitting = fitting.round_dp_with_strategy(self.digits, RoundingStrategy::ToZero);
        self.fewest(self.worth(fitting)?)
    }

    fn most(&self) -> Result<Priced, NotPriced> {
        if self.room < self.smallest() {
            return Err(not_applicable(Reason::OrderTooSmall));
        }
        let points = self.most_of(self.available.decimal().max(Decimal::ZERO))?;
        if points.is_zero() {
            let required = points_of(self.fewest(self.smallest())?)?;
            let refusal = if required > self.available {
                Refusal::InsufficientPoints { available: self.available, required }
            } else {
                Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points: None }
            };
            return Err(refusal.into());
        }
        self.priced(points_of(points)?)
    }

    fn exactly(&self, requested: Points) -> Result<Priced, NotPriced> {
        if requested > self.available {
            return Err(Refusal::InsufficientPoints { available: self.available, required: requested }.into());
        }
        if self.room < self.smallest() {
            return Err(not_applicable(Reason::OrderTooSmall));
        }
        let worth = self.worth(requested.decimal())?;
        if worth > self.room {
            let maximum_points = points_of(self.most_of(requested.decimal())?)?;
            let maximum_points = maximum_points.is_positive().then_some(maximum_points);
            return Err(Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points }.into());
        }
        if worth <= Decimal::ZERO {
            return Err(not_applicable(Reason::TooFewPoints));
        }
        self.priced(requested)
    }

    fn priced(&self, points: Points) -> Result<Priced, NotPriced> {
        let discount = Money::floor_to(self.worth(points.decimal())?, self.currency_decimals)?;
        Ok(Priced { points, discount, product_id: None })
    }
}

/// Points of a decimal that has no more digits than they have.
fn points_of(value: Decimal) -> Result<Points, Overflow> {
    exact::to_scaled_rounded(value, Points::DECIMALS, RoundingStrategy::AwayFromZero).map(Points::from_e2)
}
