//! What sales lack is posted: their redemptions, their earning, and the review of their rewards.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Batch, inconsistent};
use crate::domain::catalog::records::Ingested;
use crate::domain::ledger::converge::{Sale, order_ref};
use crate::domain::ledger::redemption_review::ReviewRules;
use crate::domain::ledger::state::{LedgerStateError, OrderRef};
use crate::domain::sale::order::{HoldRef, Order};
use crate::domain::value::ids::HoldId;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::sales::Ready;
use crate::ledger::ingest::{before, redemptions};
use crate::ledger::writer::command::{Answer, Requester};
use crate::ledger::writer::recorded_replies::capture_key;
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::{self, AnyConnection};

impl Batch {
    pub(in crate::ledger::writer) fn review_limit(
        &mut self,
        hold_id: HoldId,
        order: &OrderRef,
        actor: &str,
    ) -> Result<(), LedgerError> {
        let all_versions = Arc::clone(&self.all_versions);
        self.in_context(actor, |state, context| state.review_limit(hold_id, &all_versions, order, context))
            .map_err(store::corrupt)
            .map_err(LedgerError::Store)
    }

    /// Looks at the rewards of a sale whose holds are captured: whether they fit what was paid, and whether they stand.
    fn review(&mut self, sale: &Sale<'_>, actor: &str) -> Result<(), LedgerStateError> {
        let all_versions = Arc::clone(&self.all_versions);
        let currency_decimals = self.decimals.get(&sale.order.currency).copied().unwrap_or(2);
        let rules = ReviewRules { all_versions: &all_versions, currency_decimals };
        self.in_context(actor, |state, context| {
            state.review_prices(sale, rules, context)?;
            state.converge_restores(sale, context)?;
            state.converge_reversals(sale, context)
        })
    }

    /// As [`Batch::converge`], of orders that were read: unless another process has the lease since, or that was too long ago.
    pub(in crate::ledger::writer) fn converge_read(
        &mut self,
        conn: &mut AnyConnection,
        position: usize,
    ) -> Result<Answer, LedgerError> {
        if self.affected.is_outdated(position) {
            return Ok(Answer::Outdated);
        }
        self.converge(conn, position, &Requester::default())
    }

    /// Posts what the sales that a command brought up lack.
    pub(in crate::ledger::writer) fn converge(
        &mut self,
        conn: &mut AnyConnection,
        position: usize,
        requester: &Requester,
    ) -> Result<Answer, LedgerError> {
        let actor = requester.actor.as_str();
        let posted_before = self.state.entries.len();
        let mut sales = self.affected.take(position);
        let reward_lines = redemptions::lines_of(conn, &sales, &self.state)?;
        before::load_before(conn, &mut sales, &self.state, self.now, &reward_lines)?;
        before::load_handed_over(conn, &mut sales, &self.state)?;
        for sale in &sales {
            let sale = sale.as_sale(&reward_lines);
            let decided: BTreeSet<HoldId> = sale
                .order
                .lines
                .iter()
                .filter_map(|line| match &line.hold {
                    Some(HoldRef::Id(id)) => Some(*id),
                    _ => None,
                })
                .filter(|id| self.answered.contains_key(&KeyDigest::of(&capture_key(*id))))
                .collect();
            // Spending comes before earning: an order can spend only what was there before it.
            let outcomes = self
                .in_context(actor, |state, context| state.converge_holds(&sale, &|id| decided.contains(&id), context))
                .map_err(inconsistent)?;
            for (hold_id, outcome) in &outcomes {
                // A later capture of the same hold gets this reply; here nobody waits for it.
                let _ = self.keep_capture(*hold_id, outcome)?;
                if outcome.is_ok() {
                    self.review_limit(*hold_id, &order_ref(sale.order), actor)?;
                }
            }
            self.in_context(actor, |state, context| state.converge_earning(&sale, context)).map_err(inconsistent)?;
            let late: Vec<HoldId> = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(id, _)| *id).collect();
            let mut sale = sale;
            before::note_fresh_redemptions(&mut sale, &self.state, &late);
            self.review(&sale, actor).map_err(inconsistent)?;
        }
        for entry in self.state.entries.iter_mut().skip(posted_before).filter(|entry| entry.reason.is_none()) {
            entry.reason.clone_from(&requester.reason);
        }
        let orders: Vec<&Order> = sales.iter().map(Ready::order).collect();
        self.in_context(actor, |state, context| state.raise_unseen(&orders, context)).map_err(store::corrupt)?;
        let posted = self.state.entries.len().saturating_sub(posted_before);
        Ok(Answer::Ingested(Ingested {
            orders_changed: self.affected.changed(position),
            entries_posted: u64::try_from(posted).unwrap_or(u64::MAX),
        }))
    }
}
