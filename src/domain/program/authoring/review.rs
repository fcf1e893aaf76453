//! What a good colleague would ask about a program before it goes live. The document is valid; is it meant?

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::words::{weekdays_words, window_words};
use super::worth::Rates;
use crate::domain::catalog::scope::Scope;
use crate::domain::program::Program;
use crate::domain::program::rule::Granularity;
use crate::domain::program::window::Window;
use crate::domain::value::exact::Overflow;

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

const SHORT_HOLD_SECONDS: u32 = 120;
const LONG_HOLD_SECONDS: u32 = 4 * 3600;

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

mod rewards;
mod rules;

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
}

fn text_of(day: Option<chrono::NaiveDate>) -> String {
    day.map_or_else(|| "ever".to_owned(), |day| day.to_string())
}
