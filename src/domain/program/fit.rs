//! What a reward may take off an order that is paid already: priced like on a draft, and where it is refused there, the
//! most that the order would have allowed.

use rust_decimal::Decimal;

use super::Program;
use super::basket::{Basket, DiscountableGoods};
use super::reward::{NotPriced, price};
use super::rule::{Reward, RewardKind};
use crate::domain::refusal::{Reason, Refusal};
use crate::domain::value::exact::Overflow;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// The most that `reward`, bought for `points`, takes off this order; nothing where it is not for this order.
///
/// # Errors
/// [`Overflow`] when a number grows too large.
pub fn most_off(program: &Program, reward: &Reward, points: Points, basket: &Basket<'_>) -> Result<Money, Overflow> {
    let by_the_point = reward.kind.fixed_points().is_none();
    let priced = |points: Points| price(program, reward, by_the_point.then_some(points), basket);
    match priced(points) {
        Ok(priced) => Ok(priced.discount),
        Err(NotPriced::Overflow(overflow)) => Err(overflow),
        Err(NotPriced::Refused(Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points })) => {
            match maximum_points {
                Some(maximum) => match priced(maximum) {
                    Ok(priced) => Ok(priced.discount),
                    Err(NotPriced::Overflow(overflow)) => Err(overflow),
                    Err(NotPriced::Refused(_)) => Ok(Money::ZERO),
                },
                None => what_is_left(program, reward, basket),
            }
        }
        Err(NotPriced::Refused(_)) => Ok(Money::ZERO),
    }
}

/// A fixed amount that does not fit is refused whole on a draft. Once it was given, only what does not fit is too much.
fn what_is_left(program: &Program, reward: &Reward, basket: &Basket<'_>) -> Result<Money, Overflow> {
    let discountable = DiscountableGoods::of(basket)?;
    let room = discountable.room(program, basket)?;
    let left = match &reward.kind {
        RewardKind::DiscountPercent { .. } => Decimal::ZERO,
        RewardKind::DiscountAmount { .. } if !reward.scope.is_everything() => {
            room.min(discountable.left_in(&reward.scope)?)
        }
        _ => room,
    };
    Money::floor_to(basket.floor(left.max(Decimal::ZERO)), Money::DECIMALS)
}
