//! Rewards priced again on what was paid: what a hold took off beyond that is an exception.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Standing, spends};
use crate::domain::ledger::converge::{Sale, order_ref};
use crate::domain::ledger::hold::Hold;
use crate::domain::ledger::state::{DecisionContext, LedgerState, Missing};
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{self, Basket, Program, Reward};
use crate::domain::sale::order::{HoldRef, Line, Order, OrderState};
use crate::domain::value::exact;
use crate::domain::value::ids::{HoldId, SaleId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// What a balance is taken for when a reward is priced again: it does not matter any more.
const PLENTY: Points = Points::from_e2(99_999_999_999_999);

/// The programs by which rewards are looked at again, and the currency of the order they stand on.
#[derive(Clone, Copy, Debug)]
pub struct ReviewRules<'a> {
    /// All programs.
    pub all_versions: &'a [ProgramVersions],
    /// Digits of the order's currency after the decimal point.
    pub currency_decimals: u32,
}

impl LedgerState {
    /// Prices the rewards of a paid order again, on what was paid: what a hold took off beyond that is an exception.
    /// Refunds, limits and balance are left aside; the points stay spent.
    ///
    /// # Errors
    /// [`Missing`]
    pub fn review_prices(
        &mut self,
        sale: &Sale<'_>,
        rules: ReviewRules<'_>,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        if sale.order.state != OrderState::Paid {
            return Ok(());
        }
        let captured: Vec<Hold> = self
            .captured_for(sale.order)
            .filter(|hold| Self::standing(sale, hold) == Standing::Here)
            .cloned()
            .collect();
        for hold in captured {
            let Some((program, reward)) = self.reward_of(&hold, rules.all_versions)? else { continue };
            // A number that grows too large is the program's fault, not this order's.
            let Ok(fit) = self.fit(sale.order, &hold, program, reward, rules.currency_decimals) else { continue };
            let Some(Fit { taken, allowed }) = fit else { continue };
            let text = |amount: Money| amount.to_text(rules.currency_decimals);
            let (Ok(excess), order) = (taken.sub(allowed), order_ref(sale.order)) else { continue };
            let detail = format!(
                "the reward {} ({} points) took {} off; on what was paid it allows {}: {} too much",
                hold.reward,
                hold.points,
                text(taken),
                text(allowed),
                text(excess)
            );
            let on = order.id.map_or_else(String::new, SaleId::key);
            let key = format!("reward_no_longer_fits/{on}/{}", hold.id);
            self.raise_of_hold("reward_no_longer_fits", key, &hold, order, detail, context)?;
        }
        Ok(())
    }

    /// What a hold took off an order and what it may, where that is more than its lines' rounding.
    fn fit(
        &self,
        order: &Order,
        hold: &Hold,
        program: &Program,
        reward: &Reward,
        currency_decimals: u32,
    ) -> Result<Option<Fit>, exact::Overflow> {
        let mut lines: u32 = 0;
        let mut taken = Money::ZERO;
        for line in order.lines.iter().filter(|line| spends(line, hold.id) && line.subtotal_incl.is_negative()) {
            lines = lines.saturating_add(1);
            taken = taken.sub(line.subtotal_incl)?;
        }
        // What a line takes off beyond its hold is an exception of its own.
        let taken = taken.min(hold.discount);
        // As the till's draft was when the hold was made: without its own line and those of later holds.
        let is_later = |id: &HoldId| {
            *id == hold.id
                || self.holds.get(id).is_some_and(|other| (other.created_at, other.id) > (hold.created_at, hold.id))
        };
        let own = |line: &Line| !matches!(&line.hold, Some(HoldRef::Id(id)) if is_later(id));
        let draft = Order {
            placed_at: hold.created_at,
            lines: order.lines.iter().filter(|line| own(line)).cloned().collect(),
            ..order.clone()
        };
        let mut holds = self.rewards_on(Some(hold.account_id), &hold.order_uuid, hold.created_at);
        holds.retain(|held| draft.lines.iter().any(|line| spends(line, held.id)));
        let basket = Basket {
            order: &draft,
            available: PLENTY,
            holds: &holds,
            uses: &[],
            archived: &BTreeSet::new(),
            currency_decimals,
        };
        let allowed = program::most_off(program, reward, hold.points, &basket)?;
        let smallest = Decimal::new(1, currency_decimals.min(Money::DECIMALS));
        let rounding = exact::mul(smallest, Decimal::from(lines))?;
        let is_beyond = taken.decimal() > exact::add(allowed.decimal(), rounding)?;
        Ok(is_beyond.then_some(Fit { taken, allowed }))
    }
}

/// What a hold took off an order, and what it may take off it.
struct Fit {
    taken: Money,
    allowed: Money,
}
