//! Where the lines of rewards stand, and what that says of the captured holds of an order.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ledger::converge::Sale;
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::state::{DecisionContext, LedgerState, Missing, OrderRef};
#[cfg(test)]
use crate::domain::sale::order::HoldRef;
use crate::domain::sale::order::{Order, OrderState};
use crate::domain::value::ids::{HoldId, SaleId};

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
}
