//! Points of a sale that move to another lot, because a version of the program was put for the past.

use super::{Sale, order_ref};
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::deposit::DepositPart;
use crate::domain::ledger::entry::{EntryDetail, EntryKind};
use crate::domain::ledger::state::{DecisionContext, LedgerState, LedgerStateError, Posting};
use crate::domain::value::points::Points;

impl LedgerState {
    /// Moves what is unspent of a sale's points to the lot that a fresh reading would give them, where a version of the
    /// program was put for the past. What was spent or has expired stays so, and what is set aside does not move into a
    /// lot that has ended. The entry is worth nothing: the history says why the points end at another time.
    pub(super) fn move_lots(
        &mut self,
        sale: &Sale<'_>,
        first: usize,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), LedgerStateError> {
        for (account_id, before) in sale.before.iter().filter(|(_, before)| before.moves) {
            let Some(desired) = sale.desired.get(account_id) else { continue };
            let mut lots = before.lots.clone();
            let posted = self.entries.iter().skip(first);
            let of_sale = sale.order.sale_id();
            for entry in posted.filter(|entry| entry.account_id == *account_id && entry.sale == of_sale) {
                lots.note(entry)?;
            }
            self.settle(*account_id, context)?;
            let account = self.account(*account_id)?;
            let is_past = desired.expiry.is_past(context.now);
            // No more than the sale has now: what a clawback took from the lots of others is theirs in its lots.
            let posted =
                sale.order.sale_id().and_then(|id| self.postings.get(&(id, *account_id))).copied().unwrap_or_default();
            let spendable = if is_past { account.available(context.now)?.max(Points::ZERO) } else { account.balance() };
            let mut most = spendable.min(posted);
            let mut out: Vec<LotChange> = Vec::new();
            for lot in lots.own() {
                let left = account.lots().get(&lot.expiry).copied().unwrap_or_default();
                let points = lot.points.min(left).min(most);
                if lot.expiry != desired.expiry && !lot.expiry.is_past(context.now) && points.is_positive() {
                    most = most.sub(points)?;
                    out.push(LotChange { expiry: lot.expiry, points });
                }
            }
            let moved = Points::sum(out.iter().map(|change| change.points))?;
            if moved.is_zero() {
                continue;
            }
            let ends = match desired.expiry {
                Expiry::At(end) => format!("end at {}", end.format("%Y-%m-%d %H:%M UTC")),
                Expiry::Never => "never end".to_owned(),
            };
            let posting = Posting {
                kind: EntryKind::Earn,
                points: Points::ZERO,
                occurred_at: sale.order.placed_at,
                cause: order_ref(sale.order).cause(),
                program_version: Some(desired.version),
                sale: sale.order.sale_id(),
                hold_id: None,
                reason: Some(format!("by version {} of the program, {moved} of its points {ends}", desired.version)),
                detail: EntryDetail { earned: desired.explanation(), ..EntryDetail::default() },
            };
            let gone = self.account_mut(*account_id)?.take(moved, &out)?;
            self.bring_in_after(*account_id, posting, gone, &[DepositPart::new(desired.expiry, moved)], context)?;
        }
        Ok(())
    }
}
