//! Convergence: what a sale should have posted, less what it has, is what gets posted now.
//!
//! So a replay posts nothing, and a late customer, a changed line, a refund or a merge each post the
//! difference.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::account::{Expiry, LotChange};
use super::entry::{EntryDetail, EntryKind};
use super::redemption_review::RewardLines;
use super::sale_lots::SaleLots;
use super::state::{DecisionContext, LedgerState, LedgerStateError, OrderRef, Posting};
use crate::domain::program::Earned;
use crate::domain::sale::order::{Line, Order};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProgramId};
use crate::domain::value::points::Points;

mod lot_moves;
mod paid_holds;
mod restores;
mod unreadable;

pub use paid_holds::HoldOutcome;
pub use unreadable::{TOO_LARGE, UNREADABLE, Uncomputed, unreadable_key, unreadable_sentence};

/// What a sale should have earned on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// How many points.
    pub points: Points,
    /// The code of the program.
    pub program: String,
    /// The program's version they were computed by.
    pub version: i64,
    /// When they expire.
    pub expiry: Expiry,
    /// How they were computed, for explaining. It becomes a text when something is posted, which most computing does not
    /// come to: what was posted before is right as a rule.
    pub earned: Option<Arc<Earned>>,
}

impl Desired {
    /// How the points were computed, as it is kept with an entry.
    fn explanation(&self) -> Option<String> {
        self.earned.as_deref().map(Earned::to_text)
    }
}

/// What is known of what a sale has posted on one account before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostedBefore {
    /// What its entries did to lots.
    pub lots: SaleLots,
    /// Its first `earn` entry.
    pub earn_entry: Option<String>,
    /// The version that entry was computed by.
    pub version: Option<i64>,
    /// How many points of each of those lots have expired, zero or more.
    pub expired: BTreeMap<Expiry, Points>,
    /// Whether what is unspent moves to the lot that a fresh reading would give: a version was put for the past.
    pub moves: bool,
}

/// One sale with everything that bears on it.
#[derive(Clone, Debug)]
pub struct Sale<'a> {
    /// The order.
    pub order: &'a Order,
    /// The member whose it is (the order's partner, or its company).
    pub wallet: Option<PartnerId>,
    /// What it should have earned, per account.
    pub desired: BTreeMap<AccountId, Desired>,
    /// Programs that say nothing about it.
    pub uncomputed: BTreeMap<ProgramId, Uncomputed>,
    /// What it has posted before, per account.
    pub before: BTreeMap<AccountId, PostedBefore>,
    /// Lines of paid orders that take its lines back.
    pub refunds: &'a [Line],
    /// The order whose reading brought this up: the sale itself, or a refund of it.
    pub trigger: OrderRef,
    /// When that order was placed.
    pub trigger_at: DateTime<Utc>,
    /// The entries of its captured holds, by hold: which lots they took from.
    pub redeemed: BTreeMap<HoldId, Vec<LotChange>>,
    /// Holds that its lines carry and that its member made before that member's points moved to another account.
    pub handed_over: Vec<HoldId>,
    /// Where the lines of its holds stand, on this order or another.
    pub reward_lines: &'a RewardLines,
}

/// What has been taken back of each line.
///
/// # Errors
/// [`Overflow`]
pub fn taken_back(refunds: &[Line]) -> Result<TakenBack, Overflow> {
    let mut taken = TakenBack::new();
    for line in refunds {
        if let Some(of) = line.refunds {
            taken.entry(of).or_default().add(line)?;
        }
    }
    Ok(taken)
}

impl LedgerState {
    /// Posts what a sale's earning lacks. Returns how many entries that took.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn converge_earning(
        &mut self,
        sale: &Sale<'_>,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), LedgerStateError> {
        let Some(sale_id) = sale.order.sale_id() else { return Ok(()) };
        let mut accounts: Vec<AccountId> = sale.desired.keys().copied().collect();
        let of_sale = (sale_id, AccountId(i64::MIN))..=(sale_id, AccountId(i64::MAX));
        accounts.extend(self.postings.range(of_sale).map(|((_, account), _)| *account));
        accounts.sort_unstable();
        accounts.dedup();
        for (program, uncomputed) in &sale.uncomputed {
            self.raise_uncomputed(*program, uncomputed, sale, context);
        }
        accounts.retain(|id| {
            self.accounts.get(id).is_none_or(|account| !sale.uncomputed.contains_key(&account.program_id))
        });
        let first = self.entries.len();
        // What goes comes before what comes: a change of customer shows as taken from one, given to the other.
        let mut differences = Vec::new();
        for account_id in accounts {
            let desired = sale.desired.get(&account_id).map_or(Points::ZERO, |desired| desired.points);
            let posted = self.postings.get(&(sale_id, account_id)).copied().unwrap_or_default();
            match desired.sub(posted) {
                Ok(difference) if difference.is_zero() => {}
                Ok(difference) => differences.push((account_id, difference, desired)),
                Err(Overflow) => self.raise_too_large(sale, account_id, context)?,
            }
        }
        differences.sort_by_key(|(account_id, difference, _)| (difference.is_positive(), *account_id));
        for (account_id, difference, total) in differences {
            self.settle(account_id, context)?;
            let (account, entries) = (self.account(account_id)?.clone(), self.entries.len());
            let posted = self.post_difference(sale, account_id, difference, context);
            let balance = self.account(account_id)?.balance().decimal();
            let is_too_large = difference.is_positive() && balance >= exact::MAGNITUDE_LIMIT;
            match posted {
                Ok(()) if !is_too_large => {}
                Ok(()) | Err(LedgerStateError::Overflow(_)) => {
                    // As if this program had not been asked: all others go on.
                    self.accounts.insert(account_id, account);
                    self.entries.truncate(entries);
                    self.raise_too_large(sale, account_id, context)?;
                    continue;
                }
                Err(problem) => return Err(problem),
            }
            self.postings.insert((sale_id, account_id), total);
            self.changed_postings.insert((sale_id, account_id));
        }
        self.move_lots(sale, first, context)
    }

    fn post_difference(
        &mut self,
        sale: &Sale<'_>,
        account_id: AccountId,
        difference: Points,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), LedgerStateError> {
        self.settle(account_id, context)?;
        let desired = sale.desired.get(&account_id);
        let before = sale.before.get(&account_id).cloned().unwrap_or_default();
        let takes_back = difference.is_negative();
        let undoes = before.lots.undoes(difference);
        let posting = Posting {
            kind: if takes_back { EntryKind::Clawback } else { EntryKind::Earn },
            points: difference,
            occurred_at: if takes_back { sale.trigger_at } else { sale.order.placed_at },
            cause: if takes_back { sale.trigger.cause() } else { order_ref(sale.order).cause() },
            program_version: desired.map(|desired| desired.version).or(before.version),
            sale: sale.order.sale_id(),
            hold_id: None,
            reason: None,
            detail: EntryDetail {
                earned: desired.and_then(Desired::explanation),
                reverses: if takes_back { before.earn_entry } else { undoes },
                ..EntryDetail::default()
            },
        };
        if takes_back {
            self.take_back(account_id, posting, &before.lots.own(), &before.expired, context)?;
        } else {
            // Points of an old order may have come to their end before they were read.
            let parts = before.lots.parts(difference, desired.map(|desired| desired.expiry))?;
            self.bring_in(account_id, posting, &parts, context)?;
        }
        Ok(())
    }
}

/// The order as entries and exceptions name it.
#[must_use]
pub fn order_ref(order: &Order) -> OrderRef {
    OrderRef { id: order.sale_id(), uuid: order.uuid.clone(), name: Some(order.name.clone()) }
}
