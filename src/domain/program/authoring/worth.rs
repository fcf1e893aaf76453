//! What points cost to earn and what they are worth, as far as the document alone says it.

use rust_decimal::Decimal;

use crate::domain::program::Program;
use crate::domain::program::rule::{Reward, RewardKind, Rule, RuleKind, Stacking};
use crate::domain::value::exact::{self, Overflow, cut};
use crate::domain::value::points::Points;

/// How fast money becomes points: points for one unit of the program's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// What any customer earns in any shop at any time; `None` when no rule pays that for money.
    pub base: Option<Decimal>,
    /// The most that rules which may hold together pay, multipliers included; `None` when no rule pays for money.
    pub best: Option<Decimal>,
}

impl Rates {
    /// What must be spent for so many points: at the base rate, or where there is none at the best.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn money_for(&self, points: Points) -> Result<Option<Decimal>, Overflow> {
        self.base.or(self.best).map(|rate| exact::div(points.decimal(), rate)).transpose()
    }
}

impl Program {
    /// How fast it turns money into points.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn rates(&self) -> Result<Rates, Overflow> {
        let live = || self.earning.rules.iter().filter(|rule| rule.can_hold(self));
        let mut base = Decimal::ZERO;
        let mut best = Decimal::ZERO;
        for rule in live() {
            let Some(rate) = rule.per_money()? else { continue };
            if rule.always_holds(self) && rule.min_quantity.is_none() {
                base = exact::add(base, rate)?;
            }
            let mut together = Decimal::ZERO;
            for other in live().filter(|other| other.may_meet(rule)) {
                together = exact::add(together, other.per_money()?.unwrap_or_default())?;
            }
            let factor = self.highest_factor(live().filter(|other| other.may_meet(rule)))?;
            best = best.max(exact::mul(together, factor)?);
        }
        let base = exact::mul(base, self.highest_factor(live().filter(|rule| rule.is_unconditional(self)))?)?;
        let some = |rate: Decimal| (!rate.is_zero()).then(|| cut(rate));
        Ok(Rates { base: some(base), best: some(best) })
    }

    /// The highest factor that these multipliers can come to. One that holds only sometimes need not lower it.
    fn highest_factor<'a>(&self, rules: impl Iterator<Item = &'a Rule>) -> Result<Decimal, Overflow> {
        let (mut always, mut sometimes) = (Vec::new(), Vec::new());
        for rule in rules {
            let Some(factor) = rule.factor() else { continue };
            if rule.is_unconditional(self) { always.push(factor) } else { sometimes.push(factor) }
        }
        match self.earning.stacking {
            Stacking::Highest => {
                let least = always.into_iter().max().unwrap_or(Decimal::ONE);
                Ok(sometimes.into_iter().fold(least, Decimal::max))
            }
            Stacking::Multiply => {
                let helping = sometimes.into_iter().map(|factor| factor.max(Decimal::ONE));
                always.into_iter().chain(helping).try_fold(Decimal::ONE, exact::mul)
            }
        }
    }

    /// What a point is worth at most: in the reward that takes most money off for it. `None` when none does.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn best_worth(&self) -> Result<Option<(Decimal, &Reward)>, Overflow> {
        let mut best: Option<(Decimal, &Reward)> = None;
        for reward in &self.rewards {
            let Some(worth) = reward.worth_per_point()? else { continue };
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, reward));
            }
        }
        Ok(best)
    }
}

impl Rule {
    /// Whether it holds for every line of every order of the program.
    pub(in crate::domain::program) fn is_unconditional(&self, program: &Program) -> bool {
        self.always_holds(program) && self.min_order_amount.is_none() && self.min_quantity.is_none()
    }

    /// The factor of a multiplier.
    pub(in crate::domain::program) fn factor(&self) -> Option<Decimal> {
        match &self.kind {
            RuleKind::Multiplier { factor } => Some(factor.value),
            _ => None,
        }
    }

    /// Points for one unit of money, of a rule that pays for money.
    pub(in crate::domain::program) fn per_money(&self) -> Result<Option<Decimal>, Overflow> {
        match &self.kind {
            RuleKind::PerAmount { every, points, .. } => {
                exact::div(points.value.decimal(), every.value.decimal()).map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl Reward {
    /// What money one of its points takes off at most; `None` for products, and for a percentage without a
    /// maximum: what those are worth, the document does not say.
    ///
    /// # Errors
    /// [`Overflow`]
    pub fn worth_per_point(&self) -> Result<Option<Decimal>, Overflow> {
        let worth = match &self.kind {
            RewardKind::DiscountAmount { points, amount } => Some((amount.value, points.value)),
            RewardKind::DiscountPercent { points, max_amount, .. } => {
                max_amount.as_ref().map(|most| (most.value, points.value))
            }
            RewardKind::DiscountPerPoint { rate } => return Ok(Some(rate.value)),
            RewardKind::FreeProduct { .. } | RewardKind::ProductAtPrice { .. } => None,
        };
        worth.map(|(amount, points)| exact::div(amount.decimal(), points.decimal()).map(cut)).transpose()
    }

    /// What a member must have available to get it: its price, and the minimums of program and reward.
    #[must_use]
    pub fn points_needed(&self, program: &Program) -> Points {
        let minimum = program.redemption.minimum_points.value.max(self.minimum_points.value);
        self.kind.fixed_points().unwrap_or(Points::from_e2(1)).max(minimum)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::program::sample::{decimal, program};

    /// `rate` points a unit of money, and what else the rule says.
    fn per_amount(code: &str, points: &str, members: &Value) -> Value {
        let mut rule = json!({"code": code, "kind": "per_amount", "every": "10.00", "points": points});
        rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        rule
    }

    fn times(code: &str, factor: &str, members: &Value) -> Value {
        let mut rule = json!({"code": code, "kind": "multiplier", "factor": factor});
        rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        rule
    }

    #[test]
    fn the_base_is_what_always_holds_and_the_best_what_may_hold_together() {
        let (toys, sundays) = (json!({"scope": {"pos_category_ids": [3]}}), json!({"window": {"weekdays": [7]}}));
        let (always, never) = (json!({}), json!({"scope": {"product_ids": [1], "exclude_product_ids": [1]}}));
        let cases = [
            (json!([]), "highest", None, None),
            (json!([per_amount("a", "1", &always)]), "highest", Some("0.1"), Some("0.1")),
            (json!([per_amount("a", "1", &always), per_amount("b", "2", &toys)]), "highest", Some("0.1"), Some("0.3")),
            (json!([per_amount("b", "2", &toys)]), "highest", None, Some("0.2")),
            (json!([per_amount("b", "2", &never)]), "highest", None, None),
            (
                json!([per_amount("a", "1", &always), times("m", "2", &sundays), times("n", "3", &toys)]),
                "highest",
                Some("0.1"),
                Some("0.3"),
            ),
            (
                json!([per_amount("a", "1", &always), times("m", "2", &sundays), times("n", "3", &toys)]),
                "multiply",
                Some("0.1"),
                Some("0.6"),
            ),
            // One that always holds is part of the base; one below 1 lowers it.
            (json!([per_amount("a", "1", &always), times("m", "2", &always)]), "highest", Some("0.2"), Some("0.2")),
            (json!([per_amount("a", "1", &always), times("m", "0.5", &always)]), "highest", Some("0.05"), Some("0.05")),
        ];
        for (rules, stacking, base, best) in cases {
            let program = program(&json!({"earning": {"rules": rules, "stacking": stacking}}));
            let expected = Rates { base: base.map(decimal), best: best.map(decimal) };
            assert_eq!(program.rates().unwrap(), expected, "{stacking} {rules}");
        }
    }

    #[test]
    fn money_is_counted_at_the_base_rate() {
        let rates = Rates { base: Some(decimal("0.1")), best: Some(decimal("0.4")) };
        assert_eq!(rates.money_for(Points::from_e2(10_000)), Ok(Some(decimal("1000"))));
        assert_eq!(Rates { base: None, ..rates }.money_for(Points::from_e2(10_000)), Ok(Some(decimal("250"))));
        assert_eq!(Rates { base: None, best: None }.money_for(Points::from_e2(1)), Ok(None));
    }

    #[test]
    fn a_point_is_worth_what_its_best_reward_takes_off() {
        let rewards = json!([
            {"code": "a", "kind": "discount_amount", "points": "100", "amount": "5.00"},
            {"code": "b", "kind": "discount_percent", "points": "100", "percent": "10", "max_amount": "6.00"},
            {"code": "c", "kind": "discount_percent", "points": "1", "percent": "10"},
            {"code": "d", "kind": "discount_per_point", "rate": "0.055"},
            {"code": "e", "kind": "free_product", "points": "1", "product_id": 7}]);
        let program = program(&json!({"rewards": rewards, "redemption": {"minimum_points": "50"}}));
        let worths: Vec<Option<Decimal>> = program.rewards.iter().map(|one| one.worth_per_point().unwrap()).collect();
        let expected = [Some("0.05"), Some("0.06"), None, Some("0.055"), None];
        assert_eq!(worths, expected.map(|worth| worth.map(decimal)));
        let (best, reward) = program.best_worth().unwrap().unwrap();
        assert_eq!((best, reward.code.as_str()), (decimal("0.06"), "b"));
        let needed: Vec<String> = program.rewards.iter().map(|one| one.points_needed(&program).to_string()).collect();
        assert_eq!(needed, ["100", "100", "50", "50", "50"]);
    }
}
