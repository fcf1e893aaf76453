//! What may be a mistake in what a program's points buy.

use rust_decimal::Decimal;

use super::Review;
use crate::domain::program::authoring::words::{amount_words, money_words, percent, points_words, shown};
use crate::domain::program::rule::{Reward, RewardKind, RuleKind};
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::points::Points;

/// What gives back less than this of what was spent is as good as nothing: a tenth of a percent.
const NEXT_TO_NOTHING: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// A reward that costs so many times what the cheapest does has a zero too many, or the cheapest one too few.
const TIMES_THE_CHEAPEST: Decimal = Decimal::ONE_HUNDRED;
/// Below this share of an order, most orders are too small for a discount of a fixed amount.
const TINY_SHARE: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

impl Review<'_> {
    pub(super) fn reward(&mut self, path: &str, position: usize, reward: &Reward) -> Result<(), Overflow> {
        self.scope(path, &reward.scope, "The reward is never given");
        self.window(path, reward.window.as_ref(), "the reward", "have it");
        let program = self.program;
        let earlier = program.rewards.iter().take(position).find(|earlier| earlier.name == reward.name);
        if let Some(earlier) = earlier {
            let message = format!("The reward {:?} has the same name: at the till they look alike.", earlier.code);
            self.warn(format!("{path}/name"), "same_name", message);
        }
        if let Some(price) = reward.kind.fixed_points() {
            let needed = reward.points_needed(program);
            if needed > price {
                let message = format!(
                    "It costs {}, but a customer must have {} before getting it.",
                    points_words(program, price),
                    points_words(program, needed)
                );
                self.warn(format!("{path}/minimum_points"), "minimum_above_price", message);
            }
        }
        self.out_of_reach(path, reward)?;
        self.too_generous(path, reward)?;
        self.share(path, reward)?;
        self.dominated(path, reward)
    }

    /// A price that is absurd against what orders earn, or that points do not last for.
    fn out_of_reach(&mut self, path: &str, reward: &Reward) -> Result<(), Overflow> {
        let program = self.program;
        let needed = reward.points_needed(program);
        let Some(money) = self.rates.money_for(needed)? else { return self.visits(path, needed) };
        let spent = amount_words(program, money);
        let back = match (reward.worth_per_point()?, self.rates.best) {
            (Some(worth), Some(rate)) => Some(cut(exact::mul(worth, rate)?)),
            _ => None,
        };
        if let Some(back) = back.filter(|back| *back < NEXT_TO_NOTHING) {
            let message = format!(
                "It gives back {} of what was spent: {} must be spent before it can be had.",
                percent(back),
                spent
            );
            self.warn(path, "out_of_reach", message);
        }
        if back.is_none()
            && let Some(cheapest) = program.rewards.iter().filter_map(|other| other.kind.fixed_points()).min()
            && let Some(price) = reward.kind.fixed_points()
            && price.decimal() >= exact::mul(cheapest.decimal(), TIMES_THE_CHEAPEST)?
        {
            let times = shown(exact::div(price.decimal(), cheapest.decimal())?);
            let message = format!(
                "It costs {times} times what the cheapest reward does: {spent} must be spent before it can be had."
            );
            self.warn(format!("{path}/points"), "out_of_reach", message);
        }
        if let Some(expiry) = &program.expiry {
            let daily = exact::div(money, Decimal::from(expiry.after_days.max(1)))?;
            if daily >= heavy_day(&program.currency) {
                let message = format!(
                    "Points expire before most can reach it: {spent} must be spent within {} days, {} every day.",
                    expiry.after_days,
                    amount_words(program, daily)
                );
                self.warn(path, "expires_first", message);
            }
        }
        Ok(())
    }

    /// Where only visits earn, points may expire before there were enough of them.
    fn visits(&mut self, path: &str, needed: Points) -> Result<(), Overflow> {
        let program = self.program;
        let mut per_visit = Decimal::ZERO;
        for rule in program.earning.rules.iter().filter(|rule| rule.can_hold(program)) {
            match &rule.kind {
                RuleKind::PerOrder { points } => per_visit = exact::add(per_visit, points.value.decimal())?,
                // As many units as somebody cares to buy.
                RuleKind::PerUnit { .. } => return Ok(()),
                RuleKind::PerAmount { .. } | RuleKind::Multiplier { .. } => {}
            }
        }
        let Some(expiry) = program.expiry.as_ref().filter(|_| !per_visit.is_zero()) else { return Ok(()) };
        let visits = exact::div(needed.decimal(), per_visit)?.ceil();
        if visits > Decimal::from(expiry.after_days.max(1)) {
            let message = format!(
                "Points expire before most can reach it: it takes {visits} orders within {} days.",
                expiry.after_days
            );
            self.warn(path, "expires_first", message);
        }
        Ok(())
    }

    /// A discount worth more than it cost to earn.
    fn too_generous(&mut self, path: &str, reward: &Reward) -> Result<(), Overflow> {
        let program = self.program;
        if let RewardKind::DiscountPercent { points, percent: part, max_amount: None } = &reward.kind
            && let Some(money) = self.rates.money_for(points.value)?
        {
            let from = exact::div(exact::mul(money, Decimal::ONE_HUNDRED)?, part.value)?;
            let message = format!(
                "There is no max_amount: on an order of more than {} it takes off more than the {} that were spent to \
                 earn it.",
                amount_words(program, from),
                amount_words(program, money)
            );
            self.warn(path, "no_maximum", message);
        }
        let Some(worth) = reward.worth_per_point()? else { return Ok(()) };
        let back = |rate: Option<Decimal>| rate.map(|rate| exact::mul(worth, rate).map(cut)).transpose();
        let (base, best) = (back(self.rates.base)?, back(self.rates.best)?);
        if let Some(base) = base.filter(|base| *base >= Decimal::ONE) {
            let message =
                format!("It gives back {} of what was spent: points are worth more than they cost.", percent(base));
            self.warn(path, "worth_more_than_it_costs", message);
        } else if let Some(best) = best.filter(|best| *best >= Decimal::ONE) {
            let message = format!(
                "Where the best rules and multipliers hold together it gives back {} of what was spent: points are \
                 then worth more than they cost.",
                percent(best)
            );
            self.warn(path, "worth_more_at_best", message);
        }
        Ok(())
    }

    /// What the program's share of an order leaves of the reward.
    fn share(&mut self, path: &str, reward: &Reward) -> Result<(), Overflow> {
        let share = self.program.redemption.max_share_of_order.value;
        if share >= Decimal::ONE {
            return Ok(());
        }
        match &reward.kind {
            RewardKind::DiscountPercent { percent: part, .. } => {
                let most = exact::mul(share, Decimal::ONE_HUNDRED)?;
                if part.value > most && reward.scope.is_everything() {
                    let message = format!(
                        "It never takes off {} %: redemption.max_share_of_order cuts it to {}.",
                        part.value.normalize(),
                        percent(share)
                    );
                    self.warn(format!("{path}/percent"), "cut_by_share", message);
                }
            }
            RewardKind::DiscountAmount { amount, .. } if share < TINY_SHARE => {
                let order = exact::div(amount.value.decimal(), share)?;
                let message = format!(
                    "With redemption.max_share_of_order at {} it takes an order of {} to get {} off.",
                    percent(share),
                    amount_words(self.program, order),
                    money_words(self.program, amount.value)
                );
                self.warn(path, "order_too_small", message);
            }
            RewardKind::FreeProduct { product_id, .. } | RewardKind::ProductAtPrice { product_id, .. } => {
                let message = format!(
                    "On an order that has product {product_id} already, it is refused when it takes off more than {} \
                     of the order (redemption.max_share_of_order).",
                    percent(share)
                );
                self.warn(path, "product_above_share", message);
            }
            _ => {}
        }
        Ok(())
    }

    /// Nobody should take what another reward gives more money for.
    fn dominated(&mut self, path: &str, reward: &Reward) -> Result<(), Overflow> {
        let RewardKind::DiscountAmount { points, amount } = &reward.kind else { return Ok(()) };
        for other in &self.program.rewards {
            let RewardKind::DiscountPerPoint { rate } = &other.kind else { continue };
            let instead = exact::mul(points.value.decimal(), rate.value)?;
            if instead > amount.value.decimal() && other.points_needed(self.program) <= points.value {
                let message = format!(
                    "Nobody gains by it: for the same points {:?} takes off {}.",
                    other.code,
                    amount_words(self.program, instead)
                );
                self.warn(path, "dominated", message);
            }
        }
        Ok(())
    }
}

/// What hardly anybody spends in a shop every day: a thousand, where the currency has cents.
fn heavy_day(currency: &str) -> Decimal {
    /// Currencies of ISO 4217 without a smaller unit, and those whose unit buys as little.
    const SMALL: &[&str] = &[
        "BIF", "CLP", "COP", "DJF", "GNF", "IDR", "IRR", "ISK", "JPY", "KMF", "KRW", "LBP", "MMK", "PYG", "RWF", "UGX",
        "UZS", "VND", "VUV", "XAF", "XOF", "XPF",
    ];
    if SMALL.contains(&currency) { Decimal::from(1_000_000) } else { Decimal::ONE_THOUSAND }
}
