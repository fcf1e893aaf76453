//! What the entries of a sale say so far: which lots its points are in, and what its rewards took from which.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::sales::Ready;
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::converge::Sale;
use crate::domain::ledger::entry::EntryKind;
use crate::domain::ledger::hold::Hold;
use crate::domain::ledger::redemption_review::RewardLines;
use crate::domain::ledger::state::LedgerState;
use crate::domain::sale::order::{HoldRef, OrderState};
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProgramId, SaleId};
use crate::domain::value::points::Points;
use crate::ledger::admin::verify::transfers_of;
use crate::ledger::error::LedgerError;
use crate::store::AnyConnection;
use crate::store::connection::clock::from_us;
use crate::store::table::{accounts, entries, transfers};

/// Loads what sales posted before, of those that have posted anything or carry captured holds: from which lots
/// a clawback takes, and to which a restore gives.
pub(in crate::ledger) fn load_before(
    conn: &mut AnyConnection,
    sales: &mut [Ready],
    state: &LedgerState,
    now: DateTime<Utc>,
    reward_lines: &RewardLines,
) -> Result<(), LedgerError> {
    let with_postings = sales.iter().filter(|sale| !sale.loaded.postings.is_empty());
    let with_postings: Vec<SaleId> = with_postings.filter_map(Ready::id).collect();
    let by_sale = entries::of_sales(conn, &with_postings)?;
    let moved = transfers_of(conn, by_sale.values().flatten())?;
    for sale in sales {
        let mut rows: Vec<_> = sale.id().and_then(|id| by_sale.get(&id)).into_iter().flatten().collect();
        // Of several accounts, where points moved: what came first counts first.
        rows.sort_by_key(|row| (row.recorded_at_us, row.sequence));
        for row in rows {
            let entry = row.numbers()?;
            sale.note(moved.account_of(entry.account_id, row.sequence), &entry)?;
        }
        // What this very batch has posted is not in the database yet.
        let id = sale.id();
        for entry in state.entries.iter().filter(|entry| id.is_some() && entry.sale == id) {
            sale.note(entry.account_id, entry)?;
        }
        for (account, before) in &mut sale.before {
            let posted = sale.loaded.postings.get(account).copied().unwrap_or_default();
            if sale.desired.get(account).is_some_and(|desired| desired.points >= posted) {
                continue;
            }
            load_expired(conn, *account, &before.lots.own(), now, &mut before.expired)?;
        }
        if !state.has_captured_for(sale.order()) {
            continue;
        }
        for id in state.may_give_back(&sale.as_sale(reward_lines)) {
            let mut lots = redeemed_here(state, id);
            for row in entries::of_hold(conn, id)? {
                let entry = row.numbers()?;
                if entry.kind == EntryKind::Redeem {
                    lots.extend(entry.detail.lots.iter().copied());
                }
            }
            // What was given back may be taken back, after it has expired.
            if let Some(hold) = state.holds.get(&id).filter(|hold| hold.restored.is_positive()) {
                let expired = &mut sale.before.entry(hold.account_id).or_default().expired;
                load_expired(conn, hold.account_id, &lots, now, expired)?;
            }
            sale.redeemed.insert(id, lots);
        }
    }
    Ok(())
}

/// Loads which holds on these sales were made by the sale's own customer before its points moved to another account.
pub(in crate::ledger) fn load_handed_over(
    conn: &mut AnyConnection,
    sales: &mut [Ready],
    state: &LedgerState,
) -> Result<(), LedgerError> {
    let mut of_others: Vec<(usize, (PartnerId, ProgramId), &Hold)> = Vec::new();
    for (position, sale) in sales.iter().enumerate().filter(|(_, sale)| sale.order().state == OrderState::Paid) {
        let Some(wallet) = sale.loaded.wallet else { continue };
        for line in &sale.order().lines {
            let Some(HoldRef::Id(id)) = &line.hold else { continue };
            let Some(hold) = state.holds.get(id) else { continue };
            let owner = state.accounts.get(&hold.account_id).filter(|owner| owner.partner_id != wallet);
            of_others.extend(owner.map(|owner| (position, (wallet, owner.program_id), hold)));
        }
    }
    if of_others.is_empty() {
        return Ok(());
    }
    let own = accounts::ids_of(conn, &of_others.iter().map(|(_, key, _)| *key).collect())?;
    let moved = transfers::from(conn, &own.values().copied().collect())?;
    for (position, key, hold) in of_others {
        let holder = own.get(&key).map(|own| moved.holder_of(*own, hold.created_at.timestamp_micros()));
        if let Some(sale) = sales.get_mut(position).filter(|_| holder == Some(hold.account_id)) {
            sale.handed_over.push(hold.id);
        }
    }
    Ok(())
}

/// How many points of these lots have expired in an account, and in others before their points moved to it.
fn expired_of(
    conn: &mut AnyConnection,
    account: AccountId,
    past: &[i64],
) -> Result<BTreeMap<i64, Points>, LedgerError> {
    let mut sums: BTreeMap<i64, Points> = BTreeMap::new();
    for origin in transfers::origins(conn, account)? {
        for (at, points) in entries::expired(conn, origin, past)? {
            let sum = sums.entry(at).or_default();
            *sum = sum.add(points)?;
        }
    }
    Ok(sums)
}

/// Loads how much has expired of those lots whose end has come.
fn load_expired(
    conn: &mut AnyConnection,
    account: AccountId,
    lots: &[LotChange],
    now: DateTime<Utc>,
    expired: &mut BTreeMap<Expiry, Points>,
) -> Result<(), LedgerError> {
    let past = lots.iter().filter_map(|lot| match lot.expiry {
        Expiry::At(end) if end <= now => Some(end.timestamp_micros()),
        _ => None,
    });
    let past: Vec<i64> = past.collect();
    if !past.is_empty() {
        for (at, points) in expired_of(conn, account, &past)? {
            expired.insert(Expiry::At(from_us(at)?), points);
        }
    }
    Ok(())
}

/// A hold that was captured in this very batch has its entry in the state, not in the database.
pub(in crate::ledger) fn note_fresh_redemptions(sale: &mut Sale<'_>, state: &LedgerState, captured: &[HoldId]) {
    for id in captured {
        sale.redeemed.insert(*id, redeemed_here(state, *id));
    }
}

/// From which lots a hold was captured in this very batch.
fn redeemed_here(state: &LedgerState, id: HoldId) -> Vec<LotChange> {
    let entry = state.entries.iter().find(|entry| entry.kind == EntryKind::Redeem && entry.hold_id == Some(id));
    entry.into_iter().flat_map(|entry| &entry.detail.lots).copied().collect()
}
