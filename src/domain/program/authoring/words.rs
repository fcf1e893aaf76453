//! Numbers, amounts, windows and scopes of a program in words.

use std::fmt::Display;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::catalog::scope::Scope;
use crate::domain::program::Program;
use crate::domain::program::window::{HourSpan, Window};
use crate::domain::value::exact;
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// The goods in a scope; `None` for all of them.
pub(super) fn scope_words(scope: &Scope) -> Option<String> {
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

pub(super) fn listed<T: Display>(items: &[T]) -> String {
    joined(items, "and")
}

pub(super) fn one_of<T: Display>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: Display>(items: &[T], last: &str) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

pub(super) fn counted(number: u32, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

pub(super) fn duration(seconds: u32) -> String {
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
