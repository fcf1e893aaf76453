//! Whether rules can hold together: for one line of one order, at one moment.
//!
//! Which products stand in which category only the shop knows, so scopes that name different things *may* meet;
//! only what the document itself rules out does not.

use chrono::{Days, NaiveDate};

use crate::domain::catalog::scope::Scope;
use crate::domain::program::Program;
use crate::domain::program::rule::Rule;
use crate::domain::program::window::Window;

const DAY_MINUTES: i64 = 24 * 60;
/// Whoever looks at these many days in a row has seen every weekday, with the night before and the night after.
const ENOUGH_DAYS: u64 = 11;

impl Window {
    /// Whether there is a moment at which both hold, on the clock of one timezone.
    pub(in crate::domain::program) fn meets(&self, other: &Self) -> bool {
        let first = self.from.max(other.from);
        let last = match (self.to, other.to) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let start = match (first, last) {
            (Some(first), _) => first.pred_opt().unwrap_or(first),
            (None, Some(last)) => last.checked_sub_days(Days::new(ENOUGH_DAYS.saturating_sub(2))).unwrap_or(last),
            (None, None) => NaiveDate::default(),
        };
        let spans = |window: &Self| -> Vec<(i64, i64)> {
            let (from, to) = window.hours.map_or((0, DAY_MINUTES), |hours| {
                let (from, to) = (i64::from(hours.from), i64::from(hours.to));
                (from, if from < to { to } else { to.saturating_add(DAY_MINUTES) })
            });
            let days = start.iter_days().take(usize::try_from(ENOUGH_DAYS).unwrap_or_default());
            (0_i64..)
                .zip(days)
                .filter(|(_, day)| window.holds_on(*day))
                .map(|(number, _)| number.saturating_mul(DAY_MINUTES))
                .map(|midnight| (midnight.saturating_add(from), midnight.saturating_add(to)))
                .collect()
        };
        let theirs = spans(other);
        spans(self).iter().any(|one| theirs.iter().any(|two| one.0 < two.1 && two.0 < one.1))
    }

    /// Whether it holds at any moment at all.
    pub(in crate::domain::program) fn ever_holds(&self) -> bool {
        self.meets(self)
    }
}

impl Scope {
    /// Whether all it lists is excluded again, so that no line counts.
    pub(in crate::domain::program) fn is_swallowed(&self) -> bool {
        let lists_something = !(self.pos_category_ids.is_empty()
            && self.product_category_ids.is_empty()
            && self.product_ids.is_empty()
            && self.product_tag_ids.is_empty());
        lists_something && self.is_excluded_by(self)
    }

    /// Whether everything that this scope lists is excluded by name in `other`.
    fn is_excluded_by(&self, other: &Self) -> bool {
        self.pos_category_ids.iter().all(|id| other.exclude_pos_category_ids.contains(id))
            && self.product_category_ids.iter().all(|id| other.exclude_product_category_ids.contains(id))
            && self.product_ids.iter().all(|id| other.exclude_product_ids.contains(id))
            && self.product_tag_ids.iter().all(|id| other.exclude_product_tag_ids.contains(id))
    }

    /// Whether it lists single products and nothing else.
    fn is_of_products(&self) -> bool {
        !self.product_ids.is_empty()
            && self.pos_category_ids.is_empty()
            && self.product_category_ids.is_empty()
            && self.product_tag_ids.is_empty()
    }

    /// Whether one line may be in both.
    pub(in crate::domain::program) fn may_meet(&self, other: &Self) -> bool {
        let lists = |scope: &Self| {
            scope.is_of_products()
                || !scope.pos_category_ids.is_empty()
                || !scope.product_category_ids.is_empty()
                || !scope.product_tag_ids.is_empty()
        };
        let disjoint = self.is_of_products()
            && other.is_of_products()
            && !self.product_ids.iter().any(|id| other.product_ids.contains(id));
        let excluded = (lists(self) && self.is_excluded_by(other)) || (lists(other) && other.is_excluded_by(self));
        !disjoint && !excluded && !self.is_swallowed() && !other.is_swallowed()
    }
}

impl Rule {
    /// Whether both may hold for one line of one order.
    pub(in crate::domain::program) fn may_meet(&self, other: &Self) -> bool {
        let shops = self.pos_config_ids.is_empty()
            || other.pos_config_ids.is_empty()
            || self.pos_config_ids.iter().any(|id| other.pos_config_ids.contains(id));
        let (always, ours, theirs) = (Window::default(), self.window.as_ref(), other.window.as_ref());
        shops && self.scope.may_meet(&other.scope) && ours.unwrap_or(&always).meets(theirs.unwrap_or(&always))
    }

    /// Whether it can hold for any order of the program.
    pub(in crate::domain::program) fn can_hold(&self, program: &Program) -> bool {
        let shops = self.pos_config_ids.is_empty()
            || program.pos_config_ids.is_empty()
            || self.pos_config_ids.iter().any(|id| program.pos_config_ids.contains(id));
        shops && !self.scope.is_swallowed() && self.window.as_ref().is_none_or(|window| window.meets(&program.period()))
    }

    /// Whether it holds for every line of every order of the program that is large enough.
    pub(in crate::domain::program) fn always_holds(&self, program: &Program) -> bool {
        let everywhere = self.pos_config_ids.is_empty()
            || (!program.pos_config_ids.is_empty()
                && program.pos_config_ids.iter().all(|id| self.pos_config_ids.contains(id)));
        everywhere && self.scope.is_everything() && self.window.is_none() && self.partner_tag_ids.is_empty()
    }
}

impl Program {
    /// The local days on which it holds.
    pub(in crate::domain::program) fn period(&self) -> Window {
        let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&self.timezone).date_naive();
        // It has ended when the end comes: a midnight belongs to the day before.
        let last = |end: chrono::DateTime<chrono::Utc>| end.checked_sub_signed(chrono::TimeDelta::microseconds(1));
        Window { from: self.starts_at.map(local), to: self.ends_at.and_then(last).map(local), ..Window::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::program::sample::rules;

    /// A rule of these members.
    fn rule(members: &Value) -> Rule {
        let mut rule = json!({"code": "a", "kind": "per_unit", "points": "1"});
        rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        rules(&json!([rule])).earning.rules.remove(0)
    }

    #[test]
    fn windows_meet_when_a_moment_is_in_both() {
        let cases = [
            (json!({}), json!({}), true),
            (json!({"weekdays": [1]}), json!({"weekdays": [2]}), false),
            (json!({"weekdays": [1, 2]}), json!({"weekdays": [2]}), true),
            (json!({"to": "2026-01-31"}), json!({"from": "2026-02-01"}), false),
            (json!({"to": "2026-01-31"}), json!({"from": "2026-01-31"}), true),
            // 31 January 2026 is a Saturday, and its night reaches into February.
            (json!({"to": "2026-01-31", "hours": ["22:00", "02:00"]}), json!({"from": "2026-02-01"}), true),
            (json!({"weekdays": [6], "hours": ["22:00", "02:00"]}), json!({"weekdays": [7]}), true),
            (
                json!({"weekdays": [6], "hours": ["22:00", "02:00"]}),
                json!({"weekdays": [7], "hours": ["02:00", "03:00"]}),
                false,
            ),
            (json!({"hours": ["09:00", "12:00"]}), json!({"hours": ["12:00", "13:00"]}), false),
            (json!({"hours": ["22:00", "02:00"]}), json!({"hours": ["01:00", "03:00"]}), true),
            // 2 to 6 November 2026 are Monday to Friday.
            (json!({"from": "2026-11-02", "to": "2026-11-06"}), json!({"weekdays": [6, 7]}), false),
            (json!({"to": "2020-01-05"}), json!({"weekdays": [3]}), true),
        ];
        for (one, two, meet) in cases {
            let (a, b) = (rule(&json!({"window": one})), rule(&json!({"window": two})));
            assert_eq!((a.may_meet(&b), b.may_meet(&a)), (meet, meet), "{one} {two}");
        }
    }

    #[test]
    fn scopes_may_meet_unless_the_document_rules_it_out() {
        let cases = [
            (json!({}), json!({"product_ids": [1]}), true),
            (json!({"product_ids": [1]}), json!({"product_ids": [2]}), false),
            (json!({"product_ids": [1, 2]}), json!({"product_ids": [2]}), true),
            // The product may stand in that category.
            (json!({"product_ids": [1]}), json!({"pos_category_ids": [3]}), true),
            (json!({"pos_category_ids": [3]}), json!({"exclude_pos_category_ids": [3]}), false),
            (json!({"pos_category_ids": [3, 4]}), json!({"exclude_pos_category_ids": [3]}), true),
            (json!({"exclude_pos_category_ids": [3]}), json!({"exclude_pos_category_ids": [3]}), true),
            (json!({"product_ids": [1], "exclude_product_ids": [1]}), json!({}), false),
        ];
        for (one, two, meet) in cases {
            let (a, b) = (rule(&json!({"scope": one})), rule(&json!({"scope": two})));
            assert_eq!((a.may_meet(&b), b.may_meet(&a)), (meet, meet), "{one} {two}");
        }
    }

    #[test]
    fn shops_that_differ_never_meet() {
        let (a, b) = (rule(&json!({"pos_config_ids": [1]})), rule(&json!({"pos_config_ids": [2]})));
        assert!(!a.may_meet(&b) && a.may_meet(&a) && a.may_meet(&rule(&json!({}))));
    }
}
