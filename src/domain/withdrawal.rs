//! Orders that were paid, and that Odoo does not have as they were: gone, unpaid, or another order by the same number.
//!
//! Odoo deletes no paid order. Many of them at once mean that Odoo was restored from a backup, that another database is
//! read, or that a right was lost. What they earned is then not taken back before somebody says so.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::OrderId;
use super::order::{Order, OrderState};

/// By what an order is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownOrder {
    /// `pos.order.uuid`; Odoo 14 has none.
    pub uuid: Option<String>,
    /// `pos_reference`.
    pub reference: Option<String>,
    /// Its state when it was last read.
    pub state: OrderState,
}

/// How taking in an order would take points back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is another order: Odoo gave its number again, after a backup was restored.
    Replaced,
    /// It was paid and is not any more.
    Unpaid,
}

impl Withdrawal {
    /// Whether reading `order` where `known` stands takes it back as a whole.
    #[must_use]
    pub fn of(known: &KnownOrder, order: &Order) -> Option<Self> {
        if known.state != OrderState::Paid {
            return None;
        }
        let differ = |one: &Option<String>, other: &Option<String>| {
            one.as_ref().zip(other.as_ref()).map(|(one, other)| one != other)
        };
        // An order keeps both for good; the reference tells where there are no uuids.
        let is_other =
            differ(&known.uuid, &order.uuid).or_else(|| differ(&known.reference, &order.reference)).unwrap_or(false);
        if is_other {
            return Some(Self::Replaced);
        }
        (order.state != OrderState::Paid).then_some(Self::Unpaid)
    }
}

/// What a reading of Odoo would take back, as far as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Withdrawals {
    /// Paid orders that are gone.
    pub gone: BTreeSet<OrderId>,
    /// Orders that were set aside, and why.
    pub set_aside: BTreeMap<OrderId, Withdrawal>,
}

impl Withdrawals {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.set_aside.is_empty()
    }

    /// How many orders.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.gone.len().saturating_add(self.set_aside.len())
    }

    /// The orders that were set aside for this reason.
    #[must_use]
    pub fn of(&self, why: Withdrawal) -> Vec<OrderId> {
        self.set_aside.iter().filter(|(_, its)| **its == why).map(|(id, _)| *id).collect()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<OrderId> {
        self.gone.iter().chain(self.set_aside.keys()).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::ids::CompanyId;

    fn order(uuid: Option<&str>, reference: Option<&str>, state: OrderState) -> Order {
        Order {
            id: Some(OrderId(1)),
            uuid: uuid.map(str::to_owned),
            name: "Shop/0001".to_owned(),
            reference: reference.map(str::to_owned),
            state,
            placed_at: chrono::DateTime::UNIX_EPOCH,
            partner_id: None,
            partner_tags: BTreeSet::new(),
            parent_companies: BTreeSet::new(),
            links_refunds: false,
            company_id: CompanyId(1),
            currency: "EUR".to_owned(),
            pos_config_id: None,
            hold_field_missing: false,
            lines: vec![],
        }
    }

    #[test]
    fn another_order_by_the_same_number_is_told_by_its_uuid_or_its_reference() {
        use OrderState::{Cancelled, Draft, Paid};
        let known = |uuid: Option<&str>, reference: Option<&str>, state| KnownOrder {
            uuid: uuid.map(str::to_owned),
            reference: reference.map(str::to_owned),
            state,
        };
        let cases = [
            (known(Some("a"), Some("r"), Paid), order(Some("a"), Some("r"), Paid), None),
            (known(Some("a"), Some("r"), Paid), order(Some("b"), Some("r"), Paid), Some(Withdrawal::Replaced)),
            // Its name on the receipt may be mended; the uuid says that it is the same.
            (known(Some("a"), Some("r"), Paid), order(Some("a"), Some("s"), Paid), None),
            // Odoo 14, and an Odoo that was upgraded since.
            (known(None, Some("r"), Paid), order(None, Some("s"), Paid), Some(Withdrawal::Replaced)),
            (known(None, Some("r"), Paid), order(Some("b"), Some("r"), Paid), None),
            (known(None, None, Paid), order(Some("b"), None, Paid), None),
            (known(Some("a"), None, Paid), order(Some("a"), None, Draft), Some(Withdrawal::Unpaid)),
            (known(Some("a"), None, Paid), order(Some("a"), None, Cancelled), Some(Withdrawal::Unpaid)),
            // What was not paid has nothing that could be taken back.
            (known(Some("a"), None, Draft), order(Some("b"), None, Paid), None),
            (known(Some("a"), None, Cancelled), order(Some("b"), None, Paid), None),
        ];
        for (known, order, expected) in cases {
            assert_eq!(Withdrawal::of(&known, &order), expected, "{known:?} {order:?}");
        }
    }
}
