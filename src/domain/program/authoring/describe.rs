//! A program in plain words, for whoever wrote its document to read back.

use rust_decimal::Decimal;
use serde::Serialize;

use super::words::{
    amount_words, counted, duration, listed, money_words, one_of, percent, points_words, scope_words, shown,
    window_words,
};
use super::worth::Rates;
use crate::domain::program::rule::{
    Base, Enrolment, Granularity, Reward, RewardKind, Rounding, Rule, RuleKind, Stacking, Step,
};
use crate::domain::program::{Program, RedemptionRules};
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::points::Points;

/// One part of a description: what it is about, and sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// What it is about.
    pub heading: &'static str,
    /// What there is to say.
    pub lines: Vec<String>,
}

/// What `program` does: who takes part, where and when, how orders earn, how long points last, and what they buy.
/// Products, categories, tags and shops are named by their ids in Odoo.
///
/// # Errors
/// [`Overflow`]
pub fn describe(program: &Program) -> Result<Vec<Section>, Overflow> {
    let rates = program.rates()?;
    let rules = program.earning.rules.iter();
    let mut earning: Vec<String> = rules.map(|rule| format!("{}: {}", rule.code, rule_words(program, rule))).collect();
    if earning.is_empty() {
        earning.push("Nothing earns.".to_owned());
    }
    let rewards = program.rewards.iter().map(|reward| reward_words(program, &rates, reward));
    let mut rewards = rewards.collect::<Result<Vec<_>, _>>()?;
    if rewards.is_empty() {
        rewards.push("Points buy nothing.".to_owned());
    }
    let section = |heading, lines| Section { heading, lines };
    Ok(vec![
        section("Who", vec![who(program)]),
        section("Where", vec![place(program)]),
        section("When", vec![when(program)]),
        section("Rules", earning),
        section("Together", together(program, &rates)?),
        section("Expiry", vec![expiry(program)]),
        section("Redeeming", redeeming(program)),
        section("Rewards", rewards),
    ])
}

fn who(program: &Program) -> String {
    match program.enrolment {
        Enrolment::Automatic => "Every identified customer takes part.".to_owned(),
        Enrolment::Explicit => {
            "Customers take part from when they are enrolled: before that their orders earn nothing.".to_owned()
        }
    }
}

fn place(program: &Program) -> String {
    let shops = match program.pos_config_ids.as_slice() {
        [] => "every shop".to_owned(),
        [one] => format!("shop {one}"),
        many => format!("the shops {}", listed(many)),
    };
    let company = program.company_id.map_or_else(|| "any company".to_owned(), |id| format!("company {id}"));
    format!("In {shops} of {company}, for orders in {}.", program.currency)
}

fn when(program: &Program) -> String {
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&program.timezone).format("%Y-%m-%d %H:%M");
    let span = match (program.starts_at, program.ends_at) {
        (None, None) => "At any time; put as a first version, for all orders of the past too".to_owned(),
        (Some(start), None) => format!("For orders from {} on", local(start)),
        (None, Some(end)) => format!("For orders before {}", local(end)),
        (Some(start), Some(end)) => format!("For orders from {} to before {}", local(start), local(end)),
    };
    format!("{span}. Days and hours are those of {}.", program.timezone.name())
}

fn rule_words(program: &Program, rule: &Rule) -> String {
    let scope = scope_words(&rule.scope);
    let goods = scope.as_deref().unwrap_or("goods");
    let mut words = match &rule.kind {
        RuleKind::PerAmount { every, points, step } => {
            let (points, every) = (points_words(program, points.value), money_words(program, every.value));
            match step {
                Step::Whole => format!("{points} for each full {every} of {goods} on an order"),
                Step::Prorata => format!("{points} for every {every} of {goods}, in proportion"),
            }
        }
        RuleKind::PerUnit { points } => format!("{} for each unit of {goods}", points_words(program, points.value)),
        RuleKind::PerOrder { points } => {
            let points = points_words(program, points.value);
            format!("{points} once for an order{}", scope.map_or_else(String::new, |scope| format!(" with {scope}")))
        }
        RuleKind::Multiplier { factor } => {
            format!(
                "the points of {} count {} times",
                scope.as_deref().unwrap_or("all goods"),
                factor.value.normalize()
            )
        }
    };
    let mut add = |more: String| words.push_str(&more);
    if let Some(least) = &rule.min_order_amount {
        add(format!(", when the order comes to {} or more", money_words(program, least.value)));
    }
    if let Some(least) = &rule.min_quantity {
        add(format!(", when there are {} or more of them", least.value.normalize()));
    }
    if let Some(window) = &rule.window {
        add(format!(", {}", window_words(window)));
    }
    if !rule.partner_tag_ids.is_empty() {
        add(format!(", for customers with tag {}", one_of(&rule.partner_tag_ids)));
    }
    if !rule.pos_config_ids.is_empty() {
        add(format!(", in shop {}", one_of(&rule.pos_config_ids)));
    }
    words.push('.');
    words
}

fn together(program: &Program, rates: &Rates) -> Result<Vec<String>, Overflow> {
    let base = match program.earning.base {
        Base::TaxIncluded => "with tax",
        Base::TaxExcluded => "without tax",
    };
    let unit = match program.earning.decimals {
        0 => "whole points",
        1 => "tenths of points",
        _ => "hundredths of points",
    };
    let rounding = match program.earning.rounding {
        Rounding::Down => "rounded down",
        Rounding::HalfUp => "rounded to the nearest",
        Rounding::Up => "rounded up",
    };
    let mut lines = vec![format!(
        "The rules add up. Amounts count {base}, after discounts; an order's total is {rounding} to {unit}."
    )];
    let multipliers = program.earning.rules.iter().filter(|rule| rule.factor().is_some()).count();
    if multipliers > 1 {
        lines.push(match program.earning.stacking {
            Stacking::Highest => "Of several multipliers on one line the highest counts alone.".to_owned(),
            Stacking::Multiply => "Several multipliers on one line multiply.".to_owned(),
        });
    }
    let hundred = |rate: Decimal| -> Result<String, Overflow> {
        Ok(format!("{} points for 100 {} spent", shown(exact::mul(rate, Decimal::ONE_HUNDRED)?), program.currency))
    };
    match (rates.base, rates.best) {
        (Some(base), Some(best)) if best > base => {
            lines.push(format!("That is about {}, and {} at best.", hundred(base)?, hundred(best)?));
        }
        (Some(base), _) => lines.push(format!("That is about {}.", hundred(base)?)),
        (None, Some(best)) => lines.push(format!("That is {} at best: no rule pays for all goods.", hundred(best)?)),
        (None, None) => {}
    }
    Ok(lines)
}

fn expiry(program: &Program) -> String {
    let Some(expiry) = &program.expiry else { return "Points never expire.".to_owned() };
    let end = match expiry.granularity {
        Granularity::Day => "at the end of the day",
        Granularity::Month => "at the end of the month",
        Granularity::Year => "at the end of the year",
    };
    format!("Points expire {end} that is {} after they were earned.", counted(expiry.after_days, "day"))
}

fn redeeming(program: &Program) -> Vec<String> {
    let RedemptionRules { minimum_points, max_share_of_order, hold_seconds } = &program.redemption;
    let mut lines = Vec::new();
    if minimum_points.value.is_positive() {
        lines.push(format!("A customer needs {} before spending any.", points_words(program, minimum_points.value)));
    }
    if max_share_of_order.value < Decimal::ONE {
        let share = percent(max_share_of_order.value);
        lines.push(format!("All rewards of an order together take off at most {share} of it."));
    }
    lines.push(format!("A reward that was put on an order holds its points for {}.", duration(*hold_seconds)));
    lines
}

fn reward_words(program: &Program, rates: &Rates, reward: &Reward) -> Result<String, Overflow> {
    let scope = scope_words(&reward.scope);
    let on = scope.map_or_else(String::new, |scope| format!(" {scope}"));
    let price = |points: Points| format!("for {}", points_words(program, points));
    let gives = match &reward.kind {
        RewardKind::DiscountAmount { points, amount } => {
            format!("{} off{on} {}", money_words(program, amount.value), price(points.value))
        }
        RewardKind::DiscountPercent { points, percent, max_amount, .. } => {
            let most = max_amount.as_ref().map(|most| format!(", at most {}", money_words(program, most.value)));
            let percent = percent.value.normalize();
            format!("{percent} % off{on}{} {}", most.unwrap_or_default(), price(points.value))
        }
        RewardKind::DiscountPerPoint { rate } => {
            format!("{} {} off for each point, as many as the order takes", rate.value.normalize(), program.currency)
        }
        RewardKind::FreeProduct { points, product_id, quantity } => {
            format!("{} of product {product_id} {}", quantity.value.normalize(), price(points.value))
        }
        RewardKind::ProductAtPrice { points, product_id, price: at } => {
            format!("product {product_id} at {} {}", money_words(program, at.value), price(points.value))
        }
    };
    let mut terms = vec![gives];
    let needed = reward.points_needed(program);
    if reward.kind.fixed_points() != Some(needed) && needed > Points::from_e2(1) {
        terms.push(format!("for who has {}", points_words(program, needed)));
    }
    if let Some(limit) = reward.limit {
        let days = limit.days.map(|days| format!(" in {}", counted(days, "day")));
        terms.push(format!("at most {}{}", counted(limit.count, "time"), days.unwrap_or_default()));
    }
    terms.extend(reward.window.as_ref().map(window_words));
    let mut sentences = vec![format!("{} “{}”: {}.", reward.code, reward.name, terms.join(", "))];
    if let Some(points) = reward.kind.fixed_points()
        && let Some(money) = rates.money_for(points)?
    {
        let bound = if rates.base.is_some() { "about" } else { "at least" };
        sentences.push(format!("It takes {bound} {} spent to earn that.", amount_words(program, money)));
    }
    if let Some(worth) = reward.worth_per_point()? {
        let most = if matches!(reward.kind, RewardKind::DiscountPercent { .. }) { "at most " } else { "" };
        let back = match rates.base {
            Some(rate) => format!(", {most}{} of what was spent", percent(cut(exact::mul(worth, rate)?))),
            None => String::new(),
        };
        sentences.push(format!("A point is worth {most}{} {}{back}.", shown(worth), program.currency));
    }
    Ok(sentences.join(" "))
}

#[cfg(test)]
#[path = "describe_tests.rs"]
mod tests;
