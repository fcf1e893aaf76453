//! What may be a mistake in how a program's orders earn.

use rust_decimal::{Decimal, RoundingStrategy};

use super::Review;
use crate::domain::program::authoring::words::{points_words, shown};
use crate::domain::program::rule::{Rounding, Rule, RuleKind, Stacking, Step};
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::points::Points;

/// Pairs of multipliers that are told one by one.
const PAIRS_TOLD: usize = 5;

impl Review<'_> {
    pub(super) fn rule(&mut self, path: &str, rule: &Rule) {
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

    pub(super) fn earning(&mut self) -> Result<(), Overflow> {
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
    pub(super) fn multipliers(&mut self) -> Result<(), Overflow> {
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
}
