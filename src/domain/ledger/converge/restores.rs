//! Points that go back to their lots, because the reward they paid for was taken back.

use super::Sale;
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::deposit::DepositPart;
use crate::domain::ledger::entry::{EntryDetail, EntryKind};
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::redemption_review::Standing;
use crate::domain::ledger::returned_rewards::returned_rewards;
use crate::domain::ledger::state::{DecisionContext, LedgerState, LedgerStateError, Posting};
use crate::domain::value::exact::Overflow;
use crate::domain::value::points::Points;

impl LedgerState {
    /// Gives back the points of reward lines that were taken back, to their own lots and their own expiry.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn converge_restores(
        &mut self,
        sale: &Sale<'_>,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), LedgerStateError> {
        for (hold_id, part) in returned_rewards(sale.order, sale.refunds)? {
            let Some(hold) = self.holds.get(&hold_id).cloned() else { continue };
            if hold.state != HoldState::Captured || Self::standing(sale, &hold) != Standing::Here {
                continue;
            }
            let target = part.points_of(&hold)?;
            self.give_back(sale, &hold, target, context)?;
        }
        Ok(())
    }

    /// Brings what was given back of a hold to `target`; returns the difference. It goes to the lots that the redemption
    /// took from. What was given back before and is spent again comes from there, too.
    pub(in crate::domain) fn give_back(
        &mut self,
        sale: &Sale<'_>,
        hold: &Hold,
        target: Points,
        context: &mut DecisionContext<'_>,
    ) -> Result<Points, LedgerStateError> {
        let difference = target.sub(hold.restored)?;
        if difference.is_zero() {
            return Ok(difference);
        }
        self.settle(hold.account_id, context)?;
        let redeemed = sale.redeemed.get(&hold.id).cloned().unwrap_or_default();
        let posting = Posting {
            kind: EntryKind::Restore,
            points: difference,
            occurred_at: sale.trigger_at,
            cause: sale.trigger.cause(),
            program_version: Some(hold.program_version),
            sale: None,
            hold_id: Some(hold.id),
            reason: Some(hold.reward.clone()),
            detail: EntryDetail { reverses: hold.entry_id().map(|id| id.to_string()), ..EntryDetail::default() },
        };
        if difference.is_positive() {
            let parts = own_lots(&redeemed, hold.restored, difference)?;
            self.bring_in(hold.account_id, posting, &parts, context)?;
        } else {
            // What came back last goes first, out of the lots it came back to.
            let parts = own_lots(&redeemed, target, difference.negate()?)?;
            let own = parts.into_iter().rev().map(|DepositPart { expiry, points, .. }| LotChange { expiry, points });
            let own: Vec<LotChange> = own.collect();
            let expired = sale.before.get(&hold.account_id).map(|before| before.expired.clone());
            self.take_back(hold.account_id, posting, &own, &expired.unwrap_or_default(), context)?;
        }
        self.hold_mut(hold.id)?.restored = target;
        self.settle(hold.account_id, context)?;
        Ok(difference)
    }
}

/// Where restored points go: what the redemption took last comes back first, after what came back before.
/// Points that no lot had made a debt, which they undo; beyond it they come back as the latest of the lots, or as points
/// that never expire where there was none.
fn own_lots(redeemed: &[LotChange], already: Points, wanted: Points) -> Result<Vec<DepositPart>, Overflow> {
    let (mut skip, mut left) = (already, wanted);
    let mut parts = Vec::new();
    for change in redeemed.iter().rev() {
        let mut here = change.points.negate()?;
        let skipped = here.min(skip);
        skip = skip.sub(skipped)?;
        here = here.sub(skipped)?;
        let back = here.min(left);
        if back.is_positive() {
            left = left.sub(back)?;
            parts.push(DepositPart::new(change.expiry, back));
        }
    }
    if left.is_positive() {
        let expiry = redeemed.iter().map(|change| change.expiry).max().unwrap_or(Expiry::Never);
        parts.push(DepositPart { expiry, points: left, was_owed: true });
    }
    Ok(parts)
}
