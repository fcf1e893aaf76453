//! Redemptions beside their orders: where reward lines stand, and captured holds for which no paid order came.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::sales::Ready;
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::redemption_review::{RewardLines, never_paid_key, reward_of, without_line_key};
use crate::domain::ledger::state::{Exception, LedgerState, OrderRef};
use crate::domain::program::version::ProgramVersions;
use crate::domain::sale::order::{HoldRef, OrderState};
use crate::domain::value::ids::{AccountId, ExceptionId, HoldId, PartnerId};
use crate::ledger::error::LedgerError;
use crate::ledger::upkeep::Upkeep;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::exceptions::ExceptionRow;
use crate::store::table::{accounts, exceptions, holds, reward_lines};
use crate::store::{self, AnyConnection};

/// Captured holds that are looked at in one transaction.
const PAGE: i64 = 500;

/// Where the lines of the holds of these sales stand. Asks nothing for sales without holds.
pub(in crate::ledger) fn lines_of(
    conn: &mut AnyConnection,
    sales: &[Ready],
    state: &LedgerState,
) -> Result<RewardLines, LedgerError> {
    let uuids: BTreeSet<&str> = sales.iter().filter_map(|sale| sale.order().uuid.as_deref()).collect();
    let carried: BTreeSet<HoldId> = sales
        .iter()
        .flat_map(|sale| &sale.order().lines)
        .filter_map(|line| match line.hold {
            Some(HoldRef::Id(id)) => Some(id),
            _ => None,
        })
        .collect();
    let concerned = |hold: &&Hold| {
        uuids.contains(hold.order_uuid.as_str()) && (hold.state == HoldState::Captured || carried.contains(&hold.id))
    };
    let concerned: Vec<&Hold> = state.holds.values().filter(concerned).collect();
    look_up(conn, &concerned)
}

/// Where the lines of these holds stand; of those that no paid order carries, also which orders have their uuid.
pub(in crate::ledger) fn look_up(conn: &mut AnyConnection, of: &[&Hold]) -> Result<RewardLines, LedgerError> {
    let ids: BTreeSet<HoldId> = of.iter().map(|hold| hold.id).collect();
    let mut found = RewardLines { carriers: reward_lines::carriers(conn, &ids)?, by_uuid: BTreeMap::new() };
    let unpaid: BTreeSet<String> = of
        .iter()
        .filter(|hold| hold.state == HoldState::Captured && !found.is_paid(hold))
        .map(|hold| hold.order_uuid.clone())
        .collect();
    found.by_uuid = reward_lines::of_uuids(conn, &unpaid)?;
    Ok(found)
}

/// The uses of the rewards of expired holds that may be captured now, where the rewards have limits: others may have
/// taken their place.
pub(in crate::ledger) fn uses_beside_late(
    conn: &mut AnyConnection,
    named: &BTreeSet<HoldId>,
    state: &LedgerState,
    all_versions: &[ProgramVersions],
    now: DateTime<Utc>,
) -> Result<BTreeMap<HoldId, Hold>, LedgerError> {
    let mut late: BTreeSet<AccountId> = BTreeSet::new();
    let mut rewards: BTreeSet<String> = BTreeSet::new();
    for hold in named.iter().filter_map(|id| state.holds.get(id)) {
        let is_late = matches!(hold.state, HoldState::Open | HoldState::Expired) && hold.expires_at <= now;
        let Some(account) = state.accounts.get(&hold.account_id).filter(|_| is_late) else { continue };
        if reward_of(hold, account.program_id, all_versions).is_some_and(|(_, reward)| reward.limit.is_some()) {
            late.insert(hold.account_id);
            rewards.insert(hold.reward.clone());
        }
    }
    if late.is_empty() {
        return Ok(BTreeMap::new());
    }
    let accounts: Vec<AccountId> = late.into_iter().collect();
    let rewards: Vec<String> = rewards.into_iter().collect();
    Ok(holds::load(conn, holds::HoldSelection::Uses { accounts: &accounts, rewards: &rewards, from: None })?)
}

/// What is wrong with a captured hold that is older than the grace.
fn missing(hold: &Hold, found: &RewardLines, partner_id: PartnerId) -> Option<Exception> {
    if found.is_paid(hold) {
        return None;
    }
    let states: Vec<OrderState> =
        found.by_uuid.get(&hold.order_uuid).into_iter().flatten().map(|(_, state)| *state).collect();
    let spent = format!(
        "the {} points of the hold {} ({}, {} off) were spent",
        hold.points, hold.id, hold.reward, hold.discount
    );
    let (kind, dedupe_key, detail) = if states.contains(&OrderState::Paid) {
        let detail = format!("{spent}, and its paid order has no line of it; nothing was given back");
        ("captured_without_line", without_line_key(hold.id), detail)
    } else {
        let why = match states.first() {
            None => "no order of its uuid was read from Odoo",
            Some(OrderState::Draft) => "its order was not paid",
            Some(_) => "its order was cancelled",
        };
        let detail = format!("{spent}, and {why}; if the customer did not get the reward, add the points by hand");
        ("captured_never_paid", never_paid_key(hold.id), detail)
    };
    let order = OrderRef { id: None, uuid: Some(hold.order_uuid.clone()), name: None };
    let id = ExceptionId(Uuid::now_v7());
    Some(Exception { id, dedupe_key, kind, partner_id: Some(partner_id), order, detail })
}

/// Looks at one page of holds; what was raised, and the last hold when there may be more.
type ReviewedPage = (Vec<Exception>, Option<(DateTime<Utc>, HoldId)>);

fn review_page(
    conn: &mut AnyConnection,
    span: (Option<DateTime<Utc>>, DateTime<Utc>),
    after: Option<(DateTime<Utc>, HoldId)>,
) -> Result<ReviewedPage, LedgerError> {
    let page = holds::captured_between(conn, span.0, span.1, after, PAGE)?;
    let is_full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
    let last = page.last().filter(|_| is_full).and_then(|hold| Some((hold.ended_at?, hold.id)));
    let spent: Vec<&Hold> = page.iter().filter(|hold| hold.restored < hold.points).collect();
    let found = look_up(conn, &spent)?;
    let ids: BTreeSet<AccountId> = spent.iter().map(|hold| hold.account_id).collect();
    let owners: BTreeMap<AccountId, PartnerId> = accounts::load(conn, &accounts::AccountSelection::Ids(&ids))?
        .into_iter()
        .map(|stored| (stored.account.id, stored.account.partner_id))
        .collect();
    let now = database_now(conn)?;
    let mut raised = Vec::new();
    for hold in spent {
        let Some(exception) = owners.get(&hold.account_id).and_then(|owner| missing(hold, &found, *owner)) else {
            continue;
        };
        if exceptions::insert(conn, &ExceptionRow::new(&exception, now))? {
            raised.push(exception);
        }
    }
    Ok((raised, last))
}

impl Upkeep<'_> {
    /// Raises an exception for each captured hold whose paid order has not come within the grace. Orders count as known
    /// up to the beginning of the last complete pass over Odoo, so an Odoo that was out of reach raises nothing. Does
    /// nothing while less than `step` is to be looked at. Returns how many were raised.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn review_captures(&self, step: TimeDelta) -> Result<usize, LedgerError> {
        let grace = TimeDelta::from_std(self.0.context().options.capture_grace).unwrap_or(TimeDelta::MAX);
        let state = self.0.pool().run(|conn| {
            let reviewed = store::table::sync_passes::captures_reviewed(conn)?;
            Ok::<_, LedgerError>((reviewed, store::table::sync_passes::load(conn)?.and_then(|pass| pass.complete)))
        });
        let (reviewed, Some((began, _))) = state.await? else { return Ok(0) };
        let Some(upto) = began.checked_sub_signed(grace) else { return Ok(0) };
        if reviewed.is_some_and(|reviewed| upto <= reviewed || upto.signed_duration_since(reviewed) < step) {
            return Ok(0);
        }
        let mut count: usize = 0;
        let mut after = None;
        loop {
            let page = self
                .0
                .pool()
                .run(move |conn| write_transaction(conn, |conn| review_page(conn, (reviewed, upto), after)));
            let (raised, last) = page.await?;
            count = count.saturating_add(raised.len());
            for Exception { kind, detail, .. } in raised {
                crate::ledger::announce(kind, &detail);
            }
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        self.0
            .pool()
            .run(move |conn| Ok::<_, LedgerError>(store::table::sync_passes::set_captures_reviewed(conn, upto)?))
            .await?;
        Ok(count)
    }
}
