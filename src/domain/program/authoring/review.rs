//! What a good colleague would ask about a program before it goes live. The document is valid; is it meant?

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::describe::{amount_words, money_words, percent, points_words, shown, weekdays_words, window_words};
use super::worth::Rates;
use crate::domain::program::Program;
use crate::domain::program::rule::{Granularity, Reward, RewardKind, Rounding, Rule, RuleKind, Scope, Stacking, Step};
use crate::domain::program::window::Window;
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::points::Points;

/// Something that may be a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// JSON Pointer to the member it is about.
    pub path: String,
    /// Its stable name.
    pub kind: &'static str,
    /// A sentence for the author.
    pub message: String,
}

/// What gives back less than this of what was spent is as good as nothing: a tenth of a percent.
const NEXT_TO_NOTHING: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// A reward that costs so many times what the cheapest does has a zero too many, or the cheapest one too few.
const TIMES_THE_CHEAPEST: Decimal = Decimal::ONE_HUNDRED;
/// Below this share of an order, most orders are too small for a discount of a fixed amount.
const TINY_SHARE: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
const SHORT_HOLD_SECONDS: u32 = 120;
const LONG_HOLD_SECONDS: u32 = 4 * 3600;
/// Pairs of multipliers that are told one by one.
const PAIRS_TOLD: usize = 5;

/// What may be a mistake in `program`, as of `now`: the rules first, then what holds for all, then the rewards.
///
/// # Errors
/// [`Overflow`]
pub fn review(program: &Program, now: DateTime<Utc>) -> Result<Vec<Warning>, Overflow> {
    let mut review = Review { program, rates: program.rates()?, now, found: Vec::new() };
    review.dates();
    for (position, rule) in program.earning.rules.iter().enumerate() {
        review.rule(&format!("/earning/rules/{position}"), rule);
    }
    review.earning()?;
    review.multipliers()?;
    review.terms();
    for (position, reward) in program.rewards.iter().enumerate() {
        review.reward(&format!("/rewards/{position}"), position, reward)?;
    }
    Ok(review.found)
}

struct Review<'a> {
    program: &'a Program,
    rates: Rates,
    now: DateTime<Utc>,
    found: Vec<Warning>,
}

impl Review<'_> {
    fn warn(&mut self, path: impl Into<String>, kind: &'static str, message: String) {
        self.found.push(Warning { path: path.into(), kind, message });
    }

    fn has_ended(&self) -> bool {
        self.program.ends_at.is_some_and(|end| end <= self.now)
    }

    fn dates(&mut self) {
        if self.has_ended() {
            self.warn("/ends_at", "program_over", "The program has ended: no order from now on earns.".to_owned());
        }
        let by_the_clock = self.program.expiry.is_some()
            || self.program.earning.rules.iter().any(|rule| rule.window.is_some())
            || self.program.rewards.iter().any(|reward| reward.window.is_some());
        if by_the_clock && self.program.timezone == chrono_tz::Tz::UTC {
            self.warn(
                "/timezone",
                "timezone_utc",
                "Days and hours are those of UTC: is that the clock on the shop's wall? Name its timezone, such as \
                 Europe/Paris."
                    .to_owned(),
            );
        }
    }

    fn rule(&mut self, path: &str, rule: &Rule) {
        self.scope(path, &rule.scope, "The rule never earns");
        self.window(path, rule.window.as_ref(), "the rule", "earn by it");
        self.shops(path, rule);
        match &rule.kind {
            RuleKind::Multiplier { factor } => self.factor(path, rule, factor.value),
            RuleKind::PerAmount { points, step: Step::Whole, .. }
            | RuleKind::PerUnit { points }
            | RuleKind::PerOrder { points } => self.fraction(path, points.value),
            RuleKind::PerAmount { .. } => {}
        }
    }

    /// What is both listed and excluded: excludes win.
    fn scope(&mut self, path: &str, scope: &Scope, consequence: &str) {
        if scope.is_swallowed() {
            let message = format!("{consequence}: everything its scope lists is excluded again, and excludes win.");
            return self.warn(format!("{path}/scope"), "scope_swallowed", message);
        }
        let both = |listed: &[i64], excluded: &[i64]| -> Vec<String> {
            listed.iter().filter(|id| excluded.contains(id)).map(ToString::to_string).collect()
        };
        macro_rules! ids {
            ($list:expr) => {
                &$list.iter().map(|id| id.0).collect::<Vec<i64>>()
            };
        }
        for (member, twice) in [
            ("exclude_product_ids", both(ids!(scope.product_ids), ids!(scope.exclude_product_ids))),
            ("exclude_pos_category_ids", both(ids!(scope.pos_category_ids), ids!(scope.exclude_pos_category_ids))),
            (
                "exclude_product_category_ids",
                both(ids!(scope.product_category_ids), ids!(scope.exclude_product_category_ids)),
            ),
            ("exclude_product_tag_ids", both(ids!(scope.product_tag_ids), ids!(scope.exclude_product_tag_ids))),
        ] {
            if !twice.is_empty() {
                let message = format!("{} is both listed and excluded: excludes win.", twice.join(", "));
                self.warn(format!("{path}/scope/{member}"), "listed_and_excluded", message);
            }
        }
    }

    /// A window that never holds, not while the program does, or not any more.
    fn window(&mut self, path: &str, window: Option<&Window>, what: &str, how: &str) {
        let Some(window) = window else { return };
        let path = format!("{path}/window");
        if !window.ever_holds() {
            let weekdays = weekdays_words(&window.weekdays);
            let (from, to) = (text_of(window.from), text_of(window.to));
            let message = format!("No day from {from} to {to} is a {weekdays}: {what} never holds.");
            return self.warn(path, "never_holds", message);
        }
        if !window.meets(&self.program.period()) {
            let message = format!(
                "Outside the program's own dates ({}), {what} never holds: its window is {}.",
                window_words(&self.program.period()),
                window_words(window)
            );
            return self.warn(path, "outside_program", message);
        }
        let today = self.now.with_timezone(&self.program.timezone).date_naive();
        // A night that began on the last day may not be over yet.
        let last = if window.hours.is_some_and(|hours| hours.to < hours.from) { today.pred_opt() } else { Some(today) };
        if !self.has_ended() && window.to.is_some_and(|to| last.is_some_and(|last| to < last)) {
            let message = format!("Since {} {what} is over: no order from now on can {how}.", text_of(window.to));
            self.warn(path, "over", message);
        }
    }

    fn shops(&mut self, path: &str, rule: &Rule) {
        let own = &self.program.pos_config_ids;
        if own.is_empty() {
            return;
        }
        let strange: Vec<String> =
            rule.pos_config_ids.iter().filter(|id| !own.contains(id)).map(ToString::to_string).collect();
        if strange.is_empty() {
            return;
        }
        let shops = strange.join(", ");
        let message = if strange.len() == rule.pos_config_ids.len() {
            format!("The rule never holds: the program does not hold in shop {shops}.")
        } else {
            format!("The program does not hold in shop {shops}: there the rule never holds.")
        };
        self.warn(format!("{path}/pos_config_ids"), "other_shops", message);
    }

    fn factor(&mut self, path: &str, rule: &Rule, factor: Decimal) {
        let path = format!("{path}/factor");
        let program = self.program;
        if factor == Decimal::ONE {
            return self.warn(path, "factor_of_one", "A factor of 1 changes nothing.".to_owned());
        }
        if factor < Decimal::ONE {
            let message = format!("A factor of {factor} takes points away: is that meant?");
            self.warn(path.as_str(), "factor_below_one", message);
        }
        let earns = |other: &&Rule| other.factor().is_none() && other.can_hold(program) && other.may_meet(rule);
        if rule.can_hold(program) && program.earning.rules.iter().filter(earns).count() == 0 {
            let message = "There is nothing to multiply: no rule earns where and when this one holds.".to_owned();
            return self.warn(path, "multiplies_nothing", message);
        }
        let covers = |other: &&Rule| {
            other.code != rule.code
                && other.is_unconditional(program)
                && other.factor().is_some_and(|more| more > factor)
        };
        if let (Stacking::Highest, Some(other)) = (program.earning.stacking, program.earning.rules.iter().find(covers))
        {
            let message = format!(
                "This never matters: {:?} always holds with a higher factor, and of several the highest counts alone.",
                other.code
            );
            self.warn(path, "shadowed_multiplier", message);
        }
    }

    /// Fractions that rounding down throws away.
    fn fraction(&mut self, path: &str, points: Points) {
        let earning = &self.program.earning;
        let unit = Decimal::new(1, earning.decimals);
        if earning.rounding == Rounding::Down && points.decimal() < unit {
            let message = format!(
                "Alone this earns nothing: an order's total is rounded down to {unit}, and {} is less. Set \
                 earning.decimals, or pay more for more.",
                points_words(self.program, points)
            );
            self.warn(format!("{path}/points"), "rounded_away", message);
        }
    }

    fn earning(&mut self) -> Result<(), Overflow> {
        let program = self.program;
        let earns = |rule: &&Rule| rule.factor().is_none() && rule.can_hold(program);
        if program.earning.rules.iter().filter(earns).count() == 0 {
            let message = if program.rewards.is_empty() {
                "No rule earns points.".to_owned()
            } else {
                "No rule earns points: nobody can ever afford a reward.".to_owned()
            };
            self.warn("/earning/rules", "nothing_earns", message);
        }
        if program.rewards.is_empty() {
            self.warn("/rewards", "no_rewards", "There are no rewards: points buy nothing.".to_owned());
        }
        let prorata = |rule: &&Rule| matches!(rule.kind, RuleKind::PerAmount { step: Step::Prorata, .. });
        if program.earning.rounding == Rounding::Up && program.earning.rules.iter().any(|rule| prorata(&rule)) {
            let unit = Points::from_e2(exact::to_scaled_rounded(
                Decimal::new(1, program.earning.decimals),
                Points::DECIMALS,
                RoundingStrategy::ToZero,
            )?);
            let worth = match program.best_worth()? {
                Some((worth, _)) => {
                    format!(", worth {} {}", shown(exact::mul(worth, unit.decimal())?), program.currency)
                }
                None => String::new(),
            };
            let message = format!(
                "Rounded up, an order of the smallest amount earns {}{worth}: buying in many small orders pays.",
                points_words(program, unit)
            );
            self.warn("/earning/rounding", "rounding_up", message);
        }
        Ok(())
    }

    /// Multipliers that can hold for one line at one time, and what stacking makes of it.
    fn multipliers(&mut self) -> Result<(), Overflow> {
        let program = self.program;
        let multipliers: Vec<(usize, &Rule, Decimal)> = program
            .earning
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.can_hold(program))
            .filter_map(|(position, rule)| Some((position, rule, rule.factor()?)))
            .collect();
        let mut pairs: usize = 0;
        for (number, (_, one, first)) in multipliers.iter().enumerate() {
            for (position, two, second) in multipliers.iter().skip(number.saturating_add(1)) {
                if !one.may_meet(two) {
                    continue;
                }
                pairs = pairs.saturating_add(1);
                if pairs > PAIRS_TOLD {
                    continue;
                }
                let comes_to = match program.earning.stacking {
                    Stacking::Highest => format!("the higher counts alone, {} times", shown(*first.max(second))),
                    Stacking::Multiply => format!("they multiply, to {} times", shown(exact::mul(*first, *second)?)),
                };
                let message =
                    format!("{:?} and {:?} can hold for the same goods: then {comes_to}.", one.code, two.code);
                self.warn(format!("/earning/rules/{position}"), "multipliers_overlap", message);
            }
        }
        if let Some(more) = pairs.checked_sub(PAIRS_TOLD).filter(|more| *more > 0) {
            let message = format!("{more} more pairs of multipliers can hold for the same goods.");
            self.warn("/earning/rules", "multipliers_overlap", message);
        }
        Ok(())
    }

    fn terms(&mut self) {
        let hold = self.program.redemption.hold_seconds;
        let path = "/redemption/hold_seconds";
        if hold < SHORT_HOLD_SECONDS {
            let message = format!(
                "A hold ends after {hold} seconds: a customer who looks for a card meanwhile pays with a reward whose \
                 points are free again."
            );
            self.warn(path, "short_hold", message);
        } else if hold > LONG_HOLD_SECONDS {
            let hours = hold.div_euclid(3600);
            let message =
                format!("A till that vanishes keeps the customer's points from being spent for {hours} hours.");
            self.warn(path, "long_hold", message);
        }
        let at_once = |expiry: &crate::domain::program::ExpiryRule| {
            expiry.after_days == 0 && expiry.granularity == Granularity::Day
        };
        if self.program.expiry.as_ref().is_some_and(at_once) {
            let message = "Points expire on the day they are earned: only another order of that day can spend them.";
            self.warn("/expiry/after_days", "expires_at_once", message.to_owned());
        }
    }

    fn reward(&mut self, path: &str, position: usize, reward: &Reward) -> Result<(), Overflow> {
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

fn text_of(day: Option<chrono::NaiveDate>) -> String {
    day.map_or_else(|| "ever".to_owned(), |day| day.to_string())
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
