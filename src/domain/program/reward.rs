//! What a reward costs and is worth on a draft order.

use rust_decimal::Decimal;

use super::basket::{Basket, DiscountableGoods};
use super::gift::{self, Gift};
use super::pay_with_points::PayWithPoints;
use super::rule::{Reward, RewardKind};
use super::{Applicability, Program};
use crate::domain::refusal::{Reason, Refusal};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::ProductId;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// A reward, priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What it costs.
    pub points: Points,
    /// What comes off the order, with tax; zero or more.
    pub discount: Money,
    /// The product it gives.
    pub gift: Option<Gift>,
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
    /// How it gives that product; `None` when it does not, or is not for now.
    pub gift: Option<Gift>,
    /// Why it is not for now; `None` when it is.
    pub refusal: Option<Refusal>,
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
/// Refusals come in this order: what the program is for, when and how often the reward is given, whether its
/// product is there, [`Refusal::BelowMinimum`], the price asked for, [`Refusal::InsufficientPoints`], and what the
/// order takes.
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
        Applicability::Yes => {}
        Applicability::OtherCompany => return Err(not_applicable(Reason::OtherCompany)),
        Applicability::OtherCurrency => return Err(not_applicable(Reason::OtherCurrency)),
        Applicability::OtherShop => return Err(not_applicable(Reason::OtherShop)),
        Applicability::OutsideDates => return Err(not_applicable(Reason::OutsideDates)),
    }
    let now = basket.order.placed_at;
    if reward.window.as_ref().is_some_and(|window| !window.holds_at(now, program.timezone)) {
        return Err(not_applicable(Reason::OutsideWindow));
    }
    if reward.limit.is_some_and(|limit| basket.uses_of(program, reward, limit) >= limit.count) {
        return Err(not_applicable(Reason::LimitReached));
    }
    if reward.product_id().is_some_and(|product| basket.archived.contains(&product)) {
        return Err(not_applicable(Reason::ProductUnavailable));
    }
    let available = basket.available;
    let minimum = program.redemption.minimum_points.value.max(reward.minimum_points.value);
    // Without a minimum, a member in debt is short of points like anyone else.
    if minimum.is_positive() && available < minimum {
        return Err(Refusal::BelowMinimum { available, minimum }.into());
    }
    let Some(required) = reward.kind.fixed_points() else {
        return by_the_point(program, reward, requested, basket);
    };
    if requested.is_some_and(|requested| requested != required) {
        return Err(not_applicable(Reason::PointsNotVariable));
    }
    if available < required {
        return Err(Refusal::InsufficientPoints { available, required }.into());
    }
    let discountable = DiscountableGoods::of(basket)?;
    let room = discountable.room(program, basket)?;
    let (discount, gift) = match &reward.kind {
        RewardKind::DiscountAmount { amount, .. } => (amount_off(reward, amount.value, &discountable, room)?, None),
        RewardKind::DiscountPercent { percent, max_amount, .. } => {
            let most = max_amount.as_ref().map_or(room, |most| room.min(most.value.decimal()));
            (percent_off(reward, percent.value, &discountable, most, basket)?, None)
        }
        RewardKind::FreeProduct { product_id, quantity, .. } => {
            let (discount, gift) = gift::give(*product_id, quantity.value, Money::ZERO, &discountable, basket, room)?;
            (discount, Some(gift))
        }
        RewardKind::ProductAtPrice { product_id, price, .. } => {
            let (discount, gift) = gift::give(*product_id, Decimal::ONE, price.value, &discountable, basket, room)?;
            (discount, Some(gift))
        }
        RewardKind::DiscountPerPoint { .. } => return by_the_point(program, reward, requested, basket),
    };
    Ok(Priced { points: required, discount, gift })
}

fn by_the_point(
    program: &Program,
    reward: &Reward,
    requested: Option<Points>,
    basket: &Basket<'_>,
) -> Result<Priced, NotPriced> {
    let RewardKind::DiscountPerPoint { rate } = &reward.kind else {
        return Err(not_applicable(Reason::PointsNotVariable));
    };
    let room = DiscountableGoods::of(basket)?.room(program, basket)?;
    let paying = PayWithPoints::new(basket, rate.value, room);
    match requested {
        Some(requested) => paying.exactly(requested),
        None => paying.most(),
    }
}

/// A fixed amount fits as it is, or not at all.
fn amount_off(
    reward: &Reward,
    amount: Money,
    discountable: &DiscountableGoods<'_>,
    room: Decimal,
) -> Result<Money, NotPriced> {
    if !reward.scope.is_everything() {
        let left = discountable.left_in(&reward.scope)?;
        if left.is_zero() {
            return Err(not_applicable(Reason::NothingInScope));
        }
        if amount.decimal() > left {
            return Err(not_applicable(Reason::OrderTooSmall));
        }
    }
    if amount.decimal() > room {
        return Err(not_applicable(Reason::OrderTooSmall));
    }
    Ok(amount)
}

/// A part of what the goods come to before any reward, so that the order in which rewards are taken does not
/// matter; rounded to the currency like any price, and cut to what is left of the goods and of the order.
fn percent_off(
    reward: &Reward,
    percent: Decimal,
    discountable: &DiscountableGoods<'_>,
    most: Decimal,
    basket: &Basket<'_>,
) -> Result<Money, NotPriced> {
    let left = discountable.left_in(&reward.scope)?;
    if left.is_zero() && !reward.scope.is_everything() {
        return Err(not_applicable(Reason::NothingInScope));
    }
    let part = exact::div(exact::mul(discountable.before_in(&reward.scope)?, percent)?, Decimal::ONE_HUNDRED)?;
    let discount = basket.rounded(part).min(basket.floor(left)).min(basket.floor(most));
    if discount < basket.smallest() {
        return Err(not_applicable(Reason::OrderTooSmall));
    }
    Ok(Money::floor_to(discount, Money::DECIMALS)?)
}

/// What `discount` of `reward` takes off each line of the draft: positions and amounts, which sum to it.
///
/// # Errors
/// [`Overflow`]
pub fn shares(reward: &Reward, priced: &Priced, basket: &Basket<'_>) -> Result<Vec<(usize, Money)>, Overflow> {
    let discountable = DiscountableGoods::of(basket)?;
    match (&reward.kind, &priced.gift) {
        (RewardKind::FreeProduct { .. } | RewardKind::ProductAtPrice { .. }, Some(gift)) => {
            gift::shares(gift, priced.discount, &discountable, basket)
        }
        (RewardKind::DiscountPercent { .. }, _) => discountable.share_evenly(priced.discount, &reward.scope, basket),
        _ => discountable.share(priced.discount, &reward.scope, basket),
    }
}

/// Every reward of `program`, priced or with the reason why not, for a till to show.
#[must_use]
pub fn offers<'a>(program: &'a Program, basket: &Basket<'_>) -> Vec<Offer<'a>> {
    let offer = |reward: &'a Reward| match price(program, reward, None, basket) {
        Ok(Priced { points, discount, gift }) => {
            Offer { reward, points, discount, product_id: reward.product_id(), gift, refusal: None }
        }
        Err(problem) => {
            let refusal = match problem {
                NotPriced::Refused(refusal) => refusal,
                NotPriced::Overflow(_) => Refusal::not_applicable(Reason::TooLarge),
            };
            let discount = match &reward.kind {
                RewardKind::DiscountAmount { amount, .. } => amount.value,
                _ => Money::ZERO,
            };
            let points = reward.kind.fixed_points().unwrap_or_default();
            let product_id = reward.product_id();
            Offer { reward, points, discount, product_id, gift: None, refusal: Some(refusal) }
        }
    };
    program.rewards.iter().map(offer).collect()
}

pub(super) fn not_applicable(reason: Reason) -> NotPriced {
    Refusal::not_applicable(reason).into()
}
