//! Convergence: what a sale should have posted, less what it has, is what gets posted now.
//!
//! So a replay posts nothing, and a late customer, a changed line, a refund or a merge each post the
//! difference.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::account::{Expiry, LotChange};
use super::decide::{Captured, DecisionError};
use super::deposit::DepositPart;
use super::entry::{EntryDetail, EntryKind};
use super::hold::{Hold, HoldState};
use super::redemption_review::{RewardLines, Standing};
use super::refusal::Refusal;
use super::returned_rewards::returned_rewards;
use super::sale_lots::SaleLots;
use super::state::{DecisionContext, Exception, LedgerState, LedgerStateError, Missing, OrderRef, Posting};
use crate::domain::program::Earned;
use crate::domain::sale::order::{HoldRef, Line, Order, OrderState};
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::{self, Overflow};
use crate::domain::value::ids::{AccountId, ExceptionId, HoldId, PartnerId, ProgramId, SaleId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

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

/// The kind of the exception for a program that cannot be read or computed.
pub const UNREADABLE: &str = "program_unreadable";
/// The end of its key when a version's numbers grow too large on an order.
pub const TOO_LARGE: &str = "too_large";

/// The key of the exception for a version that cannot be read.
#[must_use]
pub fn unreadable_key(program: ProgramId, version: i64) -> String {
    format!("{UNREADABLE}/{program}/{version}")
}

/// What a manager is told of a version that cannot be read.
#[must_use]
pub fn unreadable_sentence(code: &str, version: i64, problem: &str) -> String {
    format!(
        "version {version} of the program {code} cannot be read ({problem}): it neither earns nor spends until a corrected \
         document is put; all other programs go on"
    )
}

/// A program that says nothing about a sale. What it posted for it stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncomputed {
    /// The program's code.
    pub program: String,
    /// The version in force.
    pub version: i64,
    /// Why that one cannot be read; `None` when its numbers grow too large on this sale.
    pub problem: Option<String>,
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

/// A hold that a paid order carries, and what became of it.
pub type HoldOutcome = (HoldId, Result<Captured, Refusal>);

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
                Err(trouble) => return Err(trouble),
            }
            self.postings.insert((sale_id, account_id), total);
            self.changed_postings.insert((sale_id, account_id));
        }
        self.move_lots(sale, first, context)
    }

    fn raise_too_large(
        &mut self,
        sale: &Sale<'_>,
        account_id: AccountId,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        let program = self.account(account_id)?.program_id;
        let Some(desired) = sale.desired.get(&account_id) else { return Ok(()) };
        let uncomputed = Uncomputed { program: desired.program.clone(), version: desired.version, problem: None };
        self.raise_uncomputed(program, &uncomputed, sale, context);
        Ok(())
    }

    /// One exception for each version: it names the first order that it was met on.
    fn raise_uncomputed(
        &mut self,
        program: ProgramId,
        uncomputed: &Uncomputed,
        sale: &Sale<'_>,
        context: &mut DecisionContext<'_>,
    ) {
        let Uncomputed { program: code, version, problem } = uncomputed;
        let key = unreadable_key(program, *version);
        let (dedupe_key, detail) = match problem {
            Some(problem) => (key, unreadable_sentence(code, *version, problem)),
            None => (
                format!("{key}/{TOO_LARGE}"),
                format!(
                    "the numbers of the program {code}, version {version}, grow too large on the order {}: it earns nothing \
                     more there until a corrected document is put for its date; all other programs go on",
                    sale.order.name
                ),
            ),
        };
        if self.exceptions.iter().any(|known| known.dedupe_key == dedupe_key) {
            return;
        }
        let of_order = problem.is_none();
        self.exceptions.push(Exception {
            id: ExceptionId((context.ids)()),
            dedupe_key,
            kind: UNREADABLE,
            partner_id: sale.order.partner_id.filter(|_| of_order),
            order: if of_order { order_ref(sale.order) } else { OrderRef::default() },
            detail,
        });
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

    /// Moves what is unspent of a sale's points to the lot that a fresh reading would give them, where a version of the
    /// program was put for the past. What was spent or has expired stays so, and what is set aside does not move into a
    /// lot that has ended. The entry is worth nothing: the history says why the points end at another time.
    fn move_lots(
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

    /// Captures the holds that a paid order carries, and raises what does not fit. `decided` are holds that
    /// have their verdict already.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn converge_holds(
        &mut self,
        sale: &Sale<'_>,
        decided: &dyn Fn(HoldId) -> bool,
        context: &mut DecisionContext<'_>,
    ) -> Result<Vec<HoldOutcome>, LedgerStateError> {
        let mut outcomes = Vec::new();
        if sale.order.state != OrderState::Paid {
            return Ok(outcomes);
        }
        let order = order_ref(sale.order);
        let mut by_hold: BTreeMap<String, CarriedReward<'_>> = BTreeMap::new();
        for line in sale.order.lines.iter().filter(|line| line.refunds.is_none()) {
            if let Some(hold) = &line.hold {
                by_hold.entry(hold.as_text()).or_insert_with(|| CarriedReward::of(hold)).add(line)?;
            }
        }
        for (text, carried) in by_hold {
            let CarriedReward { reference, discount, .. } = carried;
            let known = match reference {
                HoldRef::Id(id) => self.holds.get(id).cloned(),
                HoldRef::Malformed(_) => None,
            };
            let Some(hold) = known else {
                let detail = format!("the paid order carries the hold “{text}”, which this ledger never gave");
                self.raise("unknown_hold", &text, sale, &order, detail, context);
                continue;
            };
            let owner = self.account(hold.account_id)?.partner_id;
            // Once it was captured, the customer of its order may have been merged into another: nothing is owed.
            let is_of_another = sale.wallet != Some(owner) && !sale.handed_over.contains(&hold.id);
            let is_strange = hold.state != HoldState::Captured && is_of_another;
            if order.uuid.as_deref() != Some(hold.order_uuid.as_str()) || is_strange {
                let detail = format!(
                    "the paid order carries the hold {text} of {} points, which was given to partner {owner} for \
                     another order or is paid by another customer: nothing was captured",
                    hold.points
                );
                self.raise("foreign_hold", &text, sale, &order, detail, context);
                continue;
            }
            self.raise_shared(sale, &hold, context)?;
            let spender = sale.reward_lines.spender(&hold);
            if hold.state == HoldState::Captured
                && spender.is_some_and(|spender| Some(spender.order) != sale.order.sale_id())
            {
                continue;
            }
            // Where the order earned the owner points, it was theirs when it was first read.
            let was_theirs = sale.order.sale_id().is_some_and(|id| self.postings.contains_key(&(id, hold.account_id)));
            if is_of_another && !was_theirs {
                let detail = format!(
                    "the paid order carries the hold {text} of {} points, which was given to partner {owner}, but is paid \
                     by another customer: the till had captured it, and the points are spent",
                    hold.points
                );
                self.raise("foreign_hold", &text, sale, &order, detail, context);
            }
            if let Some(detail) = carried.beyond(&hold)? {
                self.raise("product_exceeds_hold", &text, sale, &order, detail, context);
            }
            if discount > hold.discount {
                let detail = format!(
                    "the paid order discounts {discount} for the hold {text}, which allows {}: the line was changed \
                     by hand",
                    hold.discount
                );
                self.raise("discount_exceeds_hold", &text, sale, &order, detail, context);
            }
            if hold.state == HoldState::Captured || decided(hold.id) {
                continue;
            }
            let outcome = match self.capture(hold.id, &order, sale.order.placed_at, context) {
                Ok(captured) => Ok(captured),
                Err(DecisionError::Inconsistent(trouble)) => return Err(trouble),
                Err(DecisionError::Refused(refusal)) => {
                    if refusal == Refusal::HoldReleased {
                        let detail = format!(
                            "the paid order carries the hold {text} of {} points, which was released before: the \
                             discount of {discount} was given without points",
                            hold.points
                        );
                        self.raise("hold_released", &text, sale, &order, detail, context);
                    }
                    Err(refusal)
                }
            };
            outcomes.push((hold.id, outcome));
        }
        Ok(outcomes)
    }

    fn raise(
        &mut self,
        kind: &'static str,
        subject: &str,
        sale: &Sale<'_>,
        order: &OrderRef,
        detail: String,
        context: &mut DecisionContext<'_>,
    ) {
        let id = ExceptionId((context.ids)());
        let on = order.id.map_or_else(String::new, SaleId::key);
        self.exceptions.push(Exception {
            id,
            dedupe_key: format!("{kind}/{on}/{subject}"),
            kind,
            partner_id: sale.order.partner_id,
            order: order.clone(),
            detail,
        });
    }

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

/// What a paid order carries of one hold.
struct CarriedReward<'a> {
    reference: &'a HoldRef,
    /// What its lines take off, with tax.
    discount: Money,
    /// Goods that are given on it.
    added: Vec<&'a Line>,
}

impl<'a> CarriedReward<'a> {
    const fn of(reference: &'a HoldRef) -> Self {
        Self { reference, discount: Money::ZERO, added: Vec::new() }
    }

    fn add(&mut self, line: &'a Line) -> Result<(), Overflow> {
        if line.subtotal_incl.is_negative() {
            self.discount = self.discount.sub(line.subtotal_incl)?;
        } else if line.quantity > Decimal::ZERO {
            self.added.push(line);
        }
        Ok(())
    }

    /// What is given beyond what the hold allows, in words: another product, more of it, or for less.
    fn beyond(&self, hold: &Hold) -> Result<Option<String>, Overflow> {
        // One of the currency's cents: a price is rounded with its taxes.
        const ROUNDING: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
        let Some(product) = hold.product_id else { return Ok(None) };
        if let Some(other) = self.added.iter().find(|line| line.product_id != Some(product)) {
            let given = other.product_id.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
            return Ok(Some(format!(
                "the paid order gives product {given} on the hold {}, which is for product {product}",
                hold.id
            )));
        }
        let quantity = exact::sum(self.added.iter().map(|line| line.quantity))?;
        if quantity > hold.add_quantity {
            return Ok(Some(format!(
                "the paid order gives {quantity} of product {product} on the hold {}, which allows {}",
                hold.id, hold.add_quantity
            )));
        }
        let paid = Money::sum(self.added.iter().map(|line| line.subtotal_incl))?;
        let price = exact::mul(hold.price.unwrap_or_default().decimal(), quantity)?;
        if exact::add(paid.decimal(), ROUNDING)? < price {
            return Ok(Some(format!(
                "the paid order gives product {product} for {paid} on the hold {}, which makes it cost {price}",
                hold.id
            )));
        }
        Ok(None)
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

/// The order as entries and exceptions name it.
#[must_use]
pub fn order_ref(order: &Order) -> OrderRef {
    OrderRef { id: order.sale_id(), uuid: order.uuid.clone(), name: Some(order.name.clone()) }
}
