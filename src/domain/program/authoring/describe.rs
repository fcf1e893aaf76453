//! A program in plain words, for whoever wrote its document to read back.

use std::fmt::Display;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::worth::Rates;
use crate::domain::program::rule::{
    Base, Enrolment, Granularity, Reward, RewardKind, Rounding, Rule, RuleKind, Scope, Stacking, Step,
};
use crate::domain::program::window::{HourSpan, Window};
use crate::domain::program::{Program, RedemptionRules};
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::money::Money;
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

/// The goods in a scope; `None` for all of them.
fn scope_words(scope: &Scope) -> Option<String> {
    fn sides<A: Display, B: Display, C: Display, D: Display>(
        products: &[A],
        pos: &[B],
        categories: &[C],
        tags: &[D],
    ) -> Vec<String> {
        [
            named("product", products),
            named("POS category", pos),
            named("product category", categories),
            named("product tag", tags),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
    let listed =
        sides(&scope.product_ids, &scope.pos_category_ids, &scope.product_category_ids, &scope.product_tag_ids);
    let excluded = sides(
        &scope.exclude_product_ids,
        &scope.exclude_pos_category_ids,
        &scope.exclude_product_category_ids,
        &scope.exclude_product_tag_ids,
    );
    if listed.is_empty() && excluded.is_empty() {
        return None;
    }
    let goods = if listed.is_empty() { "goods".to_owned() } else { format!("goods of {}", listed.join(" or ")) };
    let but = if excluded.is_empty() { String::new() } else { format!(" (but not of {})", excluded.join(" or ")) };
    Some(format!("{goods}{but}"))
}

fn named<T: Display>(what: &str, ids: &[T]) -> Option<String> {
    (!ids.is_empty()).then(|| format!("{what} {}", one_of(ids)))
}

/// When a window holds.
pub(in crate::domain::program) fn window_words(window: &Window) -> String {
    let mut parts = Vec::new();
    if !window.weekdays.is_empty() {
        parts.push(format!("on {}", weekdays_words(&window.weekdays)));
    }
    match (window.from, window.to) {
        (Some(from), Some(to)) if from == to => parts.push(format!("on {from}")),
        (Some(from), Some(to)) => parts.push(format!("from {from} to {to}")),
        (Some(from), None) => parts.push(format!("from {from} on")),
        (None, Some(to)) => parts.push(format!("until {to}")),
        (None, None) => {}
    }
    if let Some(HourSpan { from, to }) = window.hours {
        parts.push(format!("between {} and {}", HourSpan::clock(from), HourSpan::clock(to)));
    }
    parts.join(" ")
}

/// Weekdays by their names.
pub(in crate::domain::program) fn weekdays_words(weekdays: &[u8]) -> String {
    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let names: Vec<&str> =
        weekdays.iter().filter_map(|day| NAMES.get(usize::from(day.saturating_sub(1))).copied()).collect();
    one_of(&names)
}

fn listed<T: Display>(items: &[T]) -> String {
    joined(items, "and")
}

fn one_of<T: Display>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: Display>(items: &[T], last: &str) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

fn counted(number: u32, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn duration(seconds: u32) -> String {
    if seconds.is_multiple_of(60) { counted(seconds.div_euclid(60), "minute") } else { counted(seconds, "second") }
}

/// So many points, by the program's name for them.
pub(in crate::domain::program) fn points_words(program: &Program, points: Points) -> String {
    let name = if points == Points::from_e2(100) && program.points_name == "points" {
        "point"
    } else {
        program.points_name.as_str()
    };
    format!("{points} {name}")
}

/// An amount in the program's currency.
pub(in crate::domain::program) fn money_words(program: &Program, amount: Money) -> String {
    format!("{amount} {}", program.currency)
}

/// A computed amount in the program's currency, rounded to its hundredths.
pub(in crate::domain::program) fn amount_words(program: &Program, amount: Decimal) -> String {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    format!("{rounded} {}", program.currency)
}

/// A share as a percentage.
pub(in crate::domain::program) fn percent(share: Decimal) -> String {
    let hundredfold = exact::mul(share, Decimal::ONE_HUNDRED).unwrap_or(Decimal::MAX);
    format!("{} %", shown(hundredfold))
}

/// A computed number, to four significant digits after the point at most.
pub(in crate::domain::program) fn shown(value: Decimal) -> String {
    value.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero).normalize().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::program::sample::{everything, program};

    /// The lines under one heading.
    fn lines(program: &Program, heading: &str) -> Vec<String> {
        let sections = describe(program).unwrap();
        sections.into_iter().find(|section| section.heading == heading).unwrap().lines
    }

    #[test]
    fn the_contract_s_example_reads_as_it_was_meant() {
        let program = Program::from_json(&everything()).unwrap();
        let expected = [
            ("Who", vec!["Every identified customer takes part."]),
            ("Where", vec!["In every shop of company 1, for orders in USD."]),
            (
                "When",
                vec![
                    "At any time; put as a first version, for all orders of the past too. Days and hours are those of \
                     Europe/Paris.",
                ],
            ),
            (
                "Rules",
                vec![
                    "base: 1 point for each full 10.00 USD of goods on an order.",
                    "toys: 5 points for each unit of goods of POS category 3.",
                    "visit: 2 points once for an order, when the order comes to 20.00 USD or more.",
                    "sunday: the points of all goods count 2 times, on Sunday from 2026-11-01 to 2026-12-31 between \
                     09:00 and 13:00.",
                ],
            ),
            (
                "Together",
                vec![
                    "The rules add up. Amounts count with tax, after discounts; an order's total is rounded down to \
                     whole points.",
                    "That is about 10 points for 100 USD spent, and 20 points for 100 USD spent at best.",
                ],
            ),
            ("Expiry", vec!["Points expire at the end of the month that is 365 days after they were earned."]),
            (
                "Redeeming",
                vec![
                    "A customer needs 50 points before spending any.",
                    "All rewards of an order together take off at most 50 % of it.",
                    "A reward that was put on an order holds its points for 15 minutes.",
                ],
            ),
            (
                "Rewards",
                vec![
                    "5off “5 off”: 5.00 USD off for 100 points. It takes about 1000.00 USD spent to earn that. A point \
                     is worth 0.05 USD, 0.5 % of what was spent.",
                    "ten “10 %”: 10 % off, at most 20.00 USD for 200 points. It takes about 2000.00 USD spent to earn \
                     that. A point is worth at most 0.1 USD, at most 1 % of what was spent.",
                    "pay “Pay with points”: 0.05 USD off for each point, as many as the order takes, for who has 50 \
                     points. A point is worth 0.05 USD, 0.5 % of what was spent.",
                    "mug “A mug”: 1 of product 12 for 300 points. It takes about 3000.00 USD spent to earn that.",
                    "deal “Lamp at 9.90”: product 40 at 9.90 USD for 150 points. It takes about 1500.00 USD spent to \
                     earn that.",
                ],
            ),
        ];
        for (heading, said) in expected {
            assert_eq!(lines(&program, heading), said, "{heading}");
        }
    }

    #[test]
    fn conditions_are_said() {
        let per_unit = |members: &Value| {
            let mut rule = json!({"code": "a", "kind": "per_unit", "points": "0.5"});
            rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            lines(&program(&json!({"points_name": "stars", "earning": {"rules": [rule]}})), "Rules").remove(0)
        };
        let cases = [
            (json!({"min_quantity": "3"}), "goods, when there are 3 or more of them."),
            (json!({"partner_tag_ids": [4, 5]}), "goods, for customers with tag 4 or 5."),
            (json!({"pos_config_ids": [2]}), "goods, in shop 2."),
            (
                json!({"scope": {"product_ids": [1, 2, 3], "product_tag_ids": [9], "exclude_pos_category_ids": [7]}}),
                "goods of product 1, 2 or 3 or product tag 9 (but not of POS category 7).",
            ),
            (
                json!({"window": {"weekdays": [1, 2], "from": "2026-01-01"}}),
                "goods, on Monday or Tuesday from 2026-01-01 on.",
            ),
            (
                json!({"window": {"to": "2026-01-01", "hours": ["22:00", "02:00"]}}),
                "goods, until 2026-01-01 between 22:00 and 02:00.",
            ),
        ];
        for (members, said) in cases {
            assert_eq!(per_unit(&members), format!("a: 0.5 stars for each unit of {said}"), "{members}");
        }
    }

    #[test]
    fn terms_of_rewards_and_of_the_program_are_said() {
        let program = program(&json!({
            "enrolment": "explicit", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-06-30T22:00:00Z",
            "timezone": "Europe/Paris", "pos_config_ids": [2, 3], "redemption": {"hold_seconds": 90},
            "earning": {"stacking": "multiply", "rounding": "half_up", "decimals": 2, "base": "tax_excluded", "rules": [
                {"code": "p", "kind": "per_amount", "every": "1.00", "points": "1", "step": "prorata",
                 "scope": {"product_ids": [5]}},
                {"code": "m", "kind": "multiplier", "factor": "2"}, {"code": "n", "kind": "multiplier", "factor": "3"}]},
            "rewards": [{"code": "r", "kind": "discount_percent", "points": "10", "percent": "5",
                "minimum_points": "40", "scope": {"product_ids": [5]}, "limit": {"count": 1, "days": 7},
                "window": {"weekdays": [7]}}]}));
        let expected = [
            ("Who", "Customers take part from when they are enrolled: before that their orders earn nothing."),
            ("Where", "In the shops 2 and 3 of any company, for orders in USD."),
            (
                "When",
                "For orders from 2026-01-01 01:00 to before 2026-07-01 00:00. Days and hours are those of Europe/Paris.",
            ),
            ("Expiry", "Points never expire."),
            ("Redeeming", "A reward that was put on an order holds its points for 90 seconds."),
            (
                "Rewards",
                "r “r”: 5 % off goods of product 5 for 10 points, for who has 40 points, at most 1 time in 7 days, on \
                 Sunday. It takes at least 1.67 USD spent to earn that.",
            ),
        ];
        for (heading, said) in expected {
            assert_eq!(lines(&program, heading), [said], "{heading}");
        }
        assert_eq!(
            lines(&program, "Together"),
            [
                "The rules add up. Amounts count without tax, after discounts; an order's total is rounded to the \
                 nearest to hundredths of points.",
                "Several multipliers on one line multiply.",
                "That is 600 points for 100 USD spent at best: no rule pays for all goods.",
            ]
        );
    }
}
