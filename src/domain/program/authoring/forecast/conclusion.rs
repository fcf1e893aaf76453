//! From the sums of a forecast to its figures: shares, averages, and what rewards would cost.

use rust_decimal::Decimal;

use super::{Basis, Forecast, ForecastTotals, MemberForecast, RewardSum, RuleSum};
use crate::domain::program::{Reward, RewardKind, RuleKind};
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::ids::{PartnerId, ProductId};
use crate::domain::value::points::Points;

/// Members that are named one by one.
const TOP: usize = 10;

impl ForecastTotals<'_> {
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
                .filter(|rule| !matches!(rule.kind, RuleKind::Multiplier { .. }))
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
pub(super) fn at_share(members: &[(PartnerId, MemberForecast)], share: usize) -> Option<Points> {
    // Nearest rank: the first member with at least that share at or below.
    let rank = members.len().saturating_mul(share).div_ceil(100).max(1);
    members.get(members.len().checked_sub(rank)?).map(|(_, member)| member.points)
}
