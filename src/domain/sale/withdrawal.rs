//! Orders that were paid, and that Odoo does not have as they were: gone, unpaid, or another order by the same number.
//!
//! Odoo deletes no paid order. Many of them at once mean that Odoo was restored from a backup, that another database is
//! read, or that a right was lost. What they earned is then not taken back before somebody says so.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{Order, OrderState};
use crate::domain::value::ids::{LineId, OrderId};

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

impl KnownOrder {
    /// Whether Odoo has another order by its number, with this uuid and this reference: it gave the number again. An order
    /// keeps both for good; the reference tells where there are no uuids.
    #[must_use]
    pub fn is_replaced_by(&self, uuid: Option<&str>, reference: Option<&str>) -> bool {
        differ(self.uuid.as_deref(), uuid).or_else(|| differ(self.reference.as_deref(), reference)).unwrap_or(false)
    }
}

/// Whether both are known and are not the same; `None` where one is unknown.
fn differ(one: Option<&str>, other: Option<&str>) -> Option<bool> {
    one.zip(other).map(|(one, other)| one != other)
}

/// Where a line was when it was last read, and by what it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLine {
    /// The order that it stands in.
    pub order: OrderId,
    /// That order's state.
    pub state: OrderState,
    /// `pos.order.line.uuid`; Odoo 14 has none.
    pub uuid: Option<String>,
}

impl KnownLine {
    /// Whether Odoo has another line by its number; `None` where there are no uuids to tell.
    #[must_use]
    pub fn is_replaced_by(&self, uuid: Option<&str>) -> Option<bool> {
        differ(self.uuid.as_deref(), uuid)
    }
}

/// The lines of an order that are known, as [`KnownLine`]s.
pub type KnownLines = BTreeMap<LineId, KnownLine>;

/// How taking in an order would take points back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is another order: Odoo gave its number again, after a backup was restored.
    Replaced,
    /// It was paid and is not any more.
    Unpaid,
    /// Odoo gave it, or the sale it takes back, numbers of lines that were a lost order's.
    HasLinesOfLost,
}

impl Withdrawal {
    /// Whether reading `order` where `known` stands takes it back as a whole.
    #[must_use]
    pub fn of(known: &KnownOrder, order: &Order) -> Option<Self> {
        if known.state != OrderState::Paid {
            return None;
        }
        if known.is_replaced_by(order.uuid.as_deref(), order.reference.as_deref()) {
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
    /// Paid orders whose lines' numbers were given again: they are gone, or another order has their number too.
    pub lost: BTreeSet<OrderId>,
}

impl Withdrawals {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.set_aside.is_empty() && self.lost.is_empty()
    }

    /// Those that are gone, and have left their number to no other order.
    #[must_use]
    pub fn gone(&self) -> Vec<OrderId> {
        self.gone.union(&self.lost).filter(|id| !self.set_aside.contains_key(id)).copied().collect()
    }

    /// The orders that were set aside for this reason.
    #[must_use]
    pub fn of(&self, why: Withdrawal) -> Vec<OrderId> {
        self.set_aside.iter().filter(|(_, its)| **its == why).map(|(id, _)| *id).collect()
    }

    /// All orders that would be taken back. One that merely has lines of theirs has nothing that could be.
    #[must_use]
    pub fn all(&self) -> Vec<OrderId> {
        let aside = self.set_aside.iter().filter(|(_, why)| **why != Withdrawal::HasLinesOfLost);
        let all: BTreeSet<OrderId> =
            self.gone.iter().chain(&self.lost).chain(aside.map(|(id, _)| id)).copied().collect();
        all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::value::ids::{CompanyId, SaleModel, SourceId};

    fn order(uuid: Option<&str>, reference: Option<&str>, state: OrderState) -> Order {
        Order {
            source: SourceId::ODOO,
            model: SaleModel::PosOrder,
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
        // Yet it is another order, whose customer did not become this one's.
        for state in [Draft, Cancelled] {
            assert!(known(Some("a"), None, state).is_replaced_by(Some("b"), None));
            assert!(!known(Some("a"), Some("r"), state).is_replaced_by(Some("a"), Some("s")));
            assert!(known(None, Some("r"), state).is_replaced_by(Some("b"), Some("s")));
        }
    }

    #[test]
    fn a_lost_order_counts_once_and_who_has_its_lines_does_not() {
        let ids = |ids: &[i64]| ids.iter().copied().map(OrderId).collect::<BTreeSet<_>>();
        let found = Withdrawals {
            gone: ids(&[1, 2]),
            set_aside: BTreeMap::from([(OrderId(3), Withdrawal::Replaced), (OrderId(5), Withdrawal::HasLinesOfLost)]),
            lost: ids(&[2, 3, 4]),
        };
        assert_eq!(found.all(), [1, 2, 3, 4].map(OrderId));
        assert_eq!(found.gone(), [1, 2, 4].map(OrderId));
        assert_eq!(found.of(Withdrawal::Replaced), [OrderId(3)]);
    }
}
