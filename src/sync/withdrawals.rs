//! What a reading would take back: decided at the pass's end, when all of it was found.
//!
//! A few orders that are gone or were cancelled are taken back as they are found. Many at once are no business of a shop's:
//! Odoo was restored from a backup, or is another database. Then they are left as they are, and a person is asked.
//!
//! A restored Odoo gives the numbers of lost orders again. Such a new order is set aside, since taking it in would take
//! the old one back without asking. The same goes for an order with the numbers of lost lines ([`super::lost_lines`]).

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};

use crate::domain::findings::HeldWithdrawals;
use crate::domain::sale::order::Order;
use crate::domain::sale::withdrawal::{Withdrawal, Withdrawals};
use crate::domain::value::ids::OrderId;
use crate::store::table::{orders, withdrawals};

use super::error::SyncError;
use super::lost_lines::has_any;
use super::pass::Pass;

/// How often it is looked again whether what was held back is still so.
pub(super) const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(10);

/// What becomes of an order that would take another state of itself back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    /// It is set aside, for the decision.
    Aside,
    /// It is taken in: that was decided.
    In,
    /// It is taken in as one that was never known: whose the lost order was does not matter to it.
    AsNew,
}

/// Orders that are to be taken in now.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// All of them.
    pub orders: Vec<Order>,
    /// Those among them that have the number of another order, which was never paid: whose it was does not matter to them.
    pub strangers: BTreeSet<OrderId>,
}

impl Pass<'_> {
    /// Sets aside what would take an order back as a whole; the others. An order that is no longer paid is set aside only
    /// where all orders are read: a window shows what somebody does to single ones.
    pub async fn set_aside(&mut self, orders: Vec<Order>) -> Result<Sorted, SyncError> {
        let ids: Vec<OrderId> = orders.iter().filter_map(|order| order.id).collect();
        let known = self.shared.database.run(move |conn| withdrawals::known_orders(conn, &ids)).await?;
        let mut sorted = Sorted::default();
        for order in orders {
            let before = order.id.and_then(|id| Some((id, known.get(&id)?)));
            if let Some((id, before)) = before {
                match Withdrawal::of(before, &order).filter(|_| self.taking == Taking::Aside) {
                    Some(why) if why == Withdrawal::Replaced || self.reads_all => {
                        self.withdrawals.set_aside.insert(id, why);
                        continue;
                    }
                    _ => {}
                }
                if before.is_replaced_by(order.uuid.as_deref(), order.reference.as_deref()) {
                    sorted.strangers.insert(id);
                }
            }
            sorted.orders.push(order);
        }
        if self.taking == Taking::Aside {
            let lost = self.lost_lines(&sorted.orders).await?;
            sorted.orders.retain(|order| match order.id.filter(|_| has_any(order, &lost)) {
                Some(id) => {
                    self.withdrawals.set_aside.insert(id, Withdrawal::HasLinesOfLost);
                    false
                }
                None => true,
            });
        }
        Ok(sorted)
    }

    /// Whether orders wait for the decision that are still to be read.
    pub fn has_set_aside(&self) -> bool {
        !self.withdrawals.set_aside.is_empty()
    }

    /// Takes back what was found, or leaves it and asks; whether it is done with.
    pub async fn decide(&mut self) -> Result<bool, SyncError> {
        let found = std::mem::take(&mut self.withdrawals);
        let most = self.settings().max_withdrawn_orders;
        if u64::try_from(found.all().len()).unwrap_or(u64::MAX) > most && !self.accepts {
            self.hold_back(&found, most).await?;
            return Ok(false);
        }
        if !found.is_empty() {
            self.take_back(&found).await?;
        }
        self.keep_held(None).await?;
        Ok(true)
    }

    async fn take_back(&mut self, found: &Withdrawals) -> Result<(), SyncError> {
        let (ledger, all) = (&self.shared.ledger, found.all());
        let (gone, replaced, unpaid) = (found.gone(), found.of(Withdrawal::Replaced), found.of(Withdrawal::Unpaid));
        let (members, points) = self.shared.database.run(move |conn| withdrawals::worth_of(conn, &all)).await?;
        tracing::warn!(
            gone = gone.len(),
            replaced = replaced.len(),
            unpaid = unpaid.len(),
            members,
            %points,
            "paid orders are not in Odoo as they were; what they earned is taken back"
        );
        // The old order goes before the new one comes: its customer did not become the new one's.
        let lost: Vec<OrderId> = gone.iter().chain(&replaced).copied().collect();
        if !lost.is_empty() {
            let done = ledger.ingestion().forget_orders(lost, self.token()).await?;
            self.count(done);
        }
        self.taking = Taking::AsNew;
        self.read_orders_by_id(&replaced).await?;
        self.read_orders_by_id(&found.of(Withdrawal::HasLinesOfLost)).await?;
        self.taking = Taking::In;
        self.read_orders_by_id(&unpaid).await
    }

    async fn hold_back(&self, found: &Withdrawals, most: u64) -> Result<(), SyncError> {
        let all = found.all();
        let known = self.shared.database.run(move |conn| {
            let before = withdrawals::held(conn)?;
            Ok((before, withdrawals::worth_of(conn, &all)?, orders::newest(conn)?))
        });
        let (before, (members, points), newest) = known.await?;
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let held = HeldWithdrawals {
            gone: count(found.gone().len()),
            replaced: count(found.of(Withdrawal::Replaced).len()),
            unpaid: count(found.of(Withdrawal::Unpaid).len()),
            members,
            points,
            newest_order: newest.unwrap_or(OrderId(0)),
            most,
            since: before.map_or_else(Utc::now, |before| before.since),
        };
        tracing::error!(
            gone = held.gone,
            replaced = held.replaced,
            unpaid = held.unpaid,
            members = held.members,
            points = %held.points,
            "nothing was taken back: {}",
            held.message()
        );
        self.keep_held(Some(held)).await
    }

    async fn keep_held(&self, held: Option<HeldWithdrawals>) -> Result<(), SyncError> {
        if self.shared.database.run(withdrawals::held).await? == held {
            return Ok(());
        }
        if held.is_none() {
            tracing::info!("nothing waits any more to be taken back");
        }
        self.shared.database.transaction(move |conn| withdrawals::keep_held(conn, held.as_ref())).await
    }
}
