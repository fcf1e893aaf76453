//! Looks at redemptions once their orders are read: does each captured hold still have its reward line, does what it took
//! off fit what was paid, and was its limit kept?
//!
//! A captured hold whose order was cancelled, or was paid without the reward line, gives its points back. What the ledger
//! cannot decide by itself becomes an exception.

use rust_decimal::Decimal;

use super::converge::{Sale, order_ref};
use super::hold::{Hold, HoldState};
use super::state::{DecisionContext, Exception, LedgerState, LedgerStateError, Missing, OrderRef};
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{Program, Reward, RewardLimit, Use, counted_from};
use crate::domain::sale::order::{HoldRef, Line, LineRole, Order, OrderState};
use crate::domain::value::exact;
use crate::domain::value::ids::{ExceptionId, HoldId};

mod prices;
mod reward_lines;

pub use prices::ReviewRules;
pub(in crate::domain) use reward_lines::Standing;
pub use reward_lines::{Carrier, RewardLines};

impl LedgerState {
    /// Gives back what captured holds spent whose reward does not stand any more.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn converge_reversals(
        &mut self,
        sale: &Sale<'_>,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), LedgerStateError> {
        let captured: Vec<Hold> =
            self.captured_for(sale.order).filter(|hold| hold.restored < hold.points).cloned().collect();
        for hold in captured {
            match Self::standing(sale, &hold) {
                Standing::Void => {
                    let back = self.give_back(sale, &hold, hold.points, context)?;
                    let detail = format!(
                        "the order was cancelled or deleted after its reward {} had been paid with points: {back} points \
                         were given back",
                        hold.reward
                    );
                    let key = format!("redemption_reversed/{}/{}", hold.id, self.newest_entry());
                    self.raise_of_hold("redemption_reversed", key, &hold, order_ref(sale.order), detail, context)?;
                }
                Standing::WithoutLine => self.reverse_unless_unsure(sale, &hold, context)?,
                Standing::Here | Standing::Elsewhere | Standing::Pending => {}
            }
        }
        Ok(())
    }

    fn reverse_unless_unsure(
        &mut self,
        sale: &Sale<'_>,
        hold: &Hold,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), LedgerStateError> {
        let order = order_ref(sale.order);
        if let Some(doubt) = doubt(sale.order, hold)? {
            let detail = format!(
                "the {} points of the hold {} ({}, {} off) were spent, and the paid order has no line of it: {doubt}. \
                 Nothing was given back; if the customer did not get the reward, add the points by hand",
                hold.points, hold.id, hold.reward, hold.discount
            );
            let key = without_line_key(hold.id);
            return Ok(self.raise_of_hold("captured_without_line", key, hold, order, detail, context)?);
        }
        let back = self.give_back(sale, hold, hold.points, context)?;
        let detail = format!(
            "the order was paid without its reward {} ({} off), for which points had been spent: {back} points were given \
             back",
            hold.reward, hold.discount
        );
        let key = format!("{}/{}", without_line_key(hold.id), self.newest_entry());
        Ok(self.raise_of_hold("captured_without_line", key, hold, order, detail, context)?)
    }

    fn newest_entry(&self) -> String {
        self.entries.last().map(|entry| entry.id.to_string()).unwrap_or_default()
    }

    /// Of orders that were read without the field of holds: says once that their redemptions cannot be looked at.
    ///
    /// # Errors
    /// [`Missing`]
    pub fn raise_unseen(&mut self, orders: &[&Order], context: &mut DecisionContext<'_>) -> Result<(), Missing> {
        let redeemed: Vec<(&Order, Hold)> = orders
            .iter()
            .filter(|order| order.hold_field_missing && order.state == OrderState::Paid)
            .filter_map(|order| {
                // What an earlier reading said stands on the lines still.
                let carries = |hold: &&Hold| order.lines.iter().any(|line| spends(line, hold.id));
                let hold = self.captured_for(order).filter(|hold| hold.restored < hold.points).find(carries)?;
                Some((*order, hold.clone()))
            })
            .collect();
        let Some((first, hold)) = redeemed.first() else { return Ok(()) };
        let others = match redeemed.len() {
            1 => String::new(),
            many => format!(" and {} more orders with rewards", many.saturating_sub(1)),
        };
        let detail = format!(
            "the order {}{others} changed or was read again while Odoo has no field loyalty_hold_id (is the addon \
             installed?): whether the rewards still stand on their orders cannot be seen. Nothing was given back",
            first.name
        );
        let key = format!("captured_without_line/unseen/{}", hold.id);
        self.raise_of_hold("captured_without_line", key, hold, order_ref(first), detail, context)
    }

    /// A hold that was captured after its end may be one reward more than its limit allows: another took its place.
    ///
    /// # Errors
    /// [`Missing`]
    pub fn review_limit(
        &mut self,
        id: HoldId,
        all_versions: &[ProgramVersions],
        order: &OrderRef,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        let Some(hold) = self.holds.get(&id).cloned() else { return Ok(()) };
        if hold.state != HoldState::Captured || hold.ended_at.is_none_or(|ended| ended < hold.expires_at) {
            return Ok(());
        }
        let Some((program, reward)) = self.reward_of(&hold, all_versions)? else { return Ok(()) };
        let Some(limit) = reward.limit else { return Ok(()) };
        let uses = self.uses_of(hold.account_id, context.now);
        if !is_exceeded(program, limit, &hold, &uses) {
            return Ok(());
        }
        let within = limit.days.map_or_else(String::new, |days| format!(" in {days} days"));
        let detail = format!(
            "the hold {id} was captured after it had expired, and another has taken its place: the customer has had the \
             reward {} more often than its limit of {}{within} allows",
            hold.reward, limit.count
        );
        self.raise_of_hold("limit_exceeded", format!("limit_exceeded/{id}"), &hold, order.clone(), detail, context)
    }

    /// The reward that a hold is for, in the program's version that priced it.
    fn reward_of<'a>(
        &self,
        hold: &Hold,
        all_versions: &'a [ProgramVersions],
    ) -> Result<Option<(&'a Program, &'a Reward)>, Missing> {
        let program_id = self.account(hold.account_id)?.program_id;
        Ok(reward_of(hold, program_id, all_versions))
    }

    fn raise_of_hold(
        &mut self,
        kind: &'static str,
        dedupe_key: String,
        hold: &Hold,
        order: OrderRef,
        detail: String,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        let partner_id = Some(self.account(hold.account_id)?.partner_id);
        let id = ExceptionId((context.ids)());
        self.exceptions.push(Exception { id, dedupe_key, kind, partner_id, order, detail });
        Ok(())
    }
}

/// The key under which it is raised that a captured hold has no line on its paid order.
#[must_use]
pub fn without_line_key(hold: HoldId) -> String {
    format!("captured_without_line/{hold}")
}

/// The key under which it is raised that no paid order came for a captured hold.
#[must_use]
pub fn never_paid_key(hold: HoldId) -> String {
    format!("captured_never_paid/{hold}")
}

/// The reward that a hold is for, in the version of this program that priced it.
#[must_use]
pub fn reward_of<'a>(
    hold: &Hold,
    program: crate::domain::value::ids::ProgramId,
    all_versions: &'a [ProgramVersions],
) -> Option<(&'a Program, &'a Reward)> {
    let program_versions = all_versions.iter().find(|program_versions| program_versions.id == program)?;
    let program = program_versions.version(hold.program_version)?.program.as_ref();
    Some((program, program.reward(&hold.reward)?))
}

fn spends(line: &Line, hold: HoldId) -> bool {
    line.refunds.is_none() && matches!(line.hold, Some(HoldRef::Id(id)) if id == hold)
}

/// Why it is not certain that a paid order was paid without the reward of a hold; `None` when it is.
fn doubt(order: &Order, hold: &Hold) -> Result<Option<String>, exact::Overflow> {
    if order.state != OrderState::Paid {
        return Ok(Some("another paid order has the same uuid".to_owned()));
    }
    if order.hold_field_missing {
        return Ok(Some(
            "Odoo has no field loyalty_hold_id (is the addon installed?), so it cannot be seen".to_owned(),
        ));
    }
    for line in order.lines.iter().filter(|line| line.refunds.is_none() && line.hold.is_none()) {
        let is_discount =
            line.role == LineRole::Eligible && line.subtotal_incl.is_negative() && line.quantity > Decimal::ZERO;
        if is_discount || is_gift(line, hold)? {
            let product = line.product_id.map_or_else(String::new, |id| format!(" (product {id})"));
            return Ok(Some(format!(
                "it has a line of {}{product} without a hold, which may be the reward",
                line.subtotal_incl
            )));
        }
    }
    Ok(None)
}

/// Whether a line gives the product of a hold at the hold's price.
fn is_gift(line: &Line, hold: &Hold) -> Result<bool, exact::Overflow> {
    let (Some(product), Some(price)) = (hold.product_id, hold.price) else { return Ok(false) };
    if line.product_id != Some(product) || hold.add_quantity.is_zero() || line.quantity <= Decimal::ZERO {
        return Ok(false);
    }
    let cent = Decimal::new(1, 2);
    let at_price = exact::add(exact::mul(price.decimal(), line.quantity)?, cent)?;
    Ok(line.subtotal_incl.decimal() <= at_price)
}

/// Whether uses of a hold's reward, its own among them, are more than its limit in any span of the limit's days.
fn is_exceeded(program: &Program, limit: RewardLimit, hold: &Hold, uses: &[Use]) -> bool {
    let of_reward = || uses.iter().filter(|used| used.reward == hold.reward);
    of_reward().filter(|last| last.at >= hold.created_at).any(|last| {
        let from = limit.days.and_then(|days| counted_from(program, days, last.at));
        let within = |used: &&Use| from.is_none_or(|from| from <= used.at) && used.at <= last.at;
        let counts_own = from.is_none_or(|from| from <= hold.created_at);
        counts_own && u32::try_from(of_reward().filter(within).count()).unwrap_or(u32::MAX) > limit.count
    })
}

#[cfg(test)]
#[path = "redemption_review_tests.rs"]
mod tests;
