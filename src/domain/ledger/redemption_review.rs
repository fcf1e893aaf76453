//! Looks at redemptions once their orders are read: does each captured hold still have its reward line, does what it took
//! off fit what was paid, and was its limit kept?
//!
//! A captured hold whose order was cancelled, or was paid without the reward line, gives its points back. What the ledger
//! cannot decide by itself becomes an exception.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::converge::{Sale, order_ref};
use super::hold::{Hold, HoldState};
use super::state::{DecisionContext, Exception, LedgerState, LedgerStateError, Missing, OrderRef};
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{self, Basket, Program, Reward, RewardLimit, Use, counted_from};
use crate::domain::sale::order::{HoldRef, Line, LineRole, Order, OrderState};
use crate::domain::value::exact;
use crate::domain::value::ids::{ExceptionId, HoldId, SaleId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// What a balance is taken for when a reward is priced again: it does not matter any more.
const PLENTY: Points = Points::from_e2(99_999_999_999_999);

/// An order that has a line of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Which.
    pub order: SaleId,
    /// What a person calls it.
    pub name: String,
    /// Its uuid.
    pub uuid: Option<String>,
    /// How far it has come.
    pub state: OrderState,
}

/// Where reward lines stand, among all orders that are kept.
#[derive(Clone, Debug, Default)]
pub struct RewardLines {
    /// By hold: the orders that have a line of it, in the order of their ids.
    pub carriers: BTreeMap<HoldId, Vec<Carrier>>,
    /// By uuid: the orders of that uuid. Of the holds alone that no paid order carries.
    pub by_uuid: BTreeMap<String, Vec<(SaleId, OrderState)>>,
}

impl RewardLines {
    /// Of these orders alone.
    #[cfg(test)]
    #[must_use]
    pub fn of(orders: &[&Order]) -> Self {
        let mut all = Self::default();
        let mut orders = orders.to_vec();
        orders.sort_by_key(|order| order.id);
        for order in orders {
            let (Some(id), Some(uuid)) = (order.sale_id(), order.uuid.clone()) else { continue };
            all.by_uuid.entry(uuid).or_default().push((id, order.state));
            let holds: BTreeSet<HoldId> = order
                .lines
                .iter()
                .filter(|line| line.refunds.is_none())
                .filter_map(|line| match line.hold {
                    Some(HoldRef::Id(hold)) => Some(hold),
                    _ => None,
                })
                .collect();
            for hold in holds {
                let (name, uuid, state) = (order.name.clone(), order.uuid.clone(), order.state);
                all.carriers.entry(hold).or_default().push(Carrier { order: id, name, uuid, state });
            }
        }
        all
    }

    fn paid<'a>(&'a self, hold: &Hold) -> impl Iterator<Item = &'a Carrier> + use<'a> {
        self.carriers.get(&hold.id).into_iter().flatten().filter(|carrier| carrier.state == OrderState::Paid)
    }

    /// Whether a paid order has a line of this hold.
    #[must_use]
    pub fn is_paid(&self, hold: &Hold) -> bool {
        self.paid(hold).next().is_some()
    }

    /// The paid order that spends this hold: of those it was made for, the first.
    pub(in crate::domain) fn spender<'a>(&'a self, hold: &Hold) -> Option<&'a Carrier> {
        self.paid(hold).find(|carrier| carrier.uuid.as_deref() == Some(hold.order_uuid.as_str()))
    }
}

/// What a captured hold's order says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) enum Standing {
    /// This order is paid and has its line.
    Here,
    /// Another paid order has its line.
    Elsewhere,
    /// Its order is paid, and no paid order has its line.
    WithoutLine,
    /// Every order of its uuid was cancelled or deleted.
    Void,
    /// Its order is not read yet, or not paid yet.
    Pending,
}

/// The programs by which rewards are looked at again, and the currency of the order they stand on.
#[derive(Clone, Copy, Debug)]
pub struct ReviewRules<'a> {
    /// All programs.
    pub all_versions: &'a [ProgramVersions],
    /// Digits of the order's currency after the decimal point.
    pub currency_decimals: u32,
}

impl LedgerState {
    /// The captured holds that were made for this order.
    pub(in crate::domain) fn captured_for<'a>(&'a self, order: &Order) -> impl Iterator<Item = &'a Hold> + use<'a> {
        let uuid = order.uuid.clone();
        self.holds
            .values()
            .filter(move |hold| hold.state == HoldState::Captured && Some(&hold.order_uuid) == uuid.as_ref())
    }

    /// Whether any was.
    #[must_use]
    pub fn has_captured_for(&self, order: &Order) -> bool {
        self.captured_for(order).next().is_some()
    }

    pub(in crate::domain) fn standing(sale: &Sale<'_>, hold: &Hold) -> Standing {
        if let Some(spender) = sale.reward_lines.spender(hold) {
            return if Some(spender.order) == sale.order.sale_id() { Standing::Here } else { Standing::Elsewhere };
        }
        if sale.reward_lines.is_paid(hold) {
            return Standing::Elsewhere;
        }
        let states: Vec<OrderState> = sale
            .reward_lines
            .by_uuid
            .get(&hold.order_uuid)
            .map(|orders| orders.iter().map(|(_, state)| *state).collect())
            .unwrap_or_default();
        if states.contains(&OrderState::Paid) {
            Standing::WithoutLine
        } else if states.is_empty() || states.contains(&OrderState::Draft) {
            Standing::Pending
        } else {
            Standing::Void
        }
    }

    /// The holds of this order whose points may have to go back to their lots.
    #[must_use]
    pub fn may_give_back(&self, sale: &Sale<'_>) -> BTreeSet<HoldId> {
        let was_refunded = sale.refunds.iter().any(|line| line.refunds.is_some());
        self.captured_for(sale.order)
            .filter(|hold| match Self::standing(sale, hold) {
                // Or no longer is: what was given back is taken again.
                Standing::Here => was_refunded || hold.restored.is_positive(),
                Standing::WithoutLine | Standing::Void => hold.restored < hold.points,
                Standing::Elsewhere | Standing::Pending => false,
            })
            .map(|hold| hold.id)
            .collect()
    }

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

    /// Raises what paid orders of one uuid share: only the first spends a hold.
    ///
    /// # Errors
    /// [`Missing`]
    pub(in crate::domain) fn raise_shared(
        &mut self,
        sale: &Sale<'_>,
        hold: &Hold,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        let Some(first) = sale.reward_lines.spender(hold) else { return Ok(()) };
        let others =
            sale.reward_lines.paid(hold).filter(|carrier| carrier.order != first.order && carrier.uuid == first.uuid);
        for other in others {
            let detail = format!(
                "the paid order has the uuid of the paid order {} and carries the same hold {} of {} points: the discount \
                 of {} was given twice, the points were spent once",
                first.name, hold.id, hold.points, hold.discount
            );
            let order = OrderRef { id: Some(other.order), uuid: other.uuid.clone(), name: Some(other.name.clone()) };
            let key = format!("foreign_hold/{}/{}", other.order.key(), hold.id);
            self.raise_of_hold("foreign_hold", key, hold, order, detail, context)?;
        }
        Ok(())
    }

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
            // A number that grows too large is the program's trouble, not this order's.
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

/// What a hold took off an order, and what it may take off it.
struct Fit {
    taken: Money,
    allowed: Money,
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
