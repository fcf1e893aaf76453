//! What the returns on a draft will take back, of the sales that its lines name, less what returned rewards give back.
//!
//! That is posted for those sales, by the computation that is used here too: with the draft's lines among the refunds.

use std::collections::{BTreeMap, BTreeSet};

use super::sales::desired_of;
use super::wallets;
use crate::domain::ledger::hold::HoldState;
use crate::domain::ledger::returned_rewards::{ReturnedReward, returned_rewards};
use crate::domain::program::version::ProgramVersions;
use crate::domain::sale::order::{Line, Order, OrderState, Wallet};
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProgramId, SaleLineId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::refund_links::{Linked, refunds_of};
use crate::store::table::{accounts, holds, line_index};
use crate::store::{self, AnyConnection};

/// How many points `member` loses in each program by what `draft` takes back; below zero where the member gains some, as
/// when a reward comes back.
pub(in crate::ledger) fn taken_back_by(
    conn: &mut AnyConnection,
    draft: &Order,
    member: PartnerId,
    wallet: Wallet,
    all_versions: &[ProgramVersions],
) -> Result<BTreeMap<ProgramId, Points>, LedgerError> {
    let mut taken = BTreeMap::new();
    let named: BTreeSet<SaleLineId> = draft.refunded_lines().collect();
    if named.is_empty() {
        return Ok(taken);
    }
    let ids = line_index::orders_with(conn, &named, &BTreeSet::new())?.into_keys().collect();
    let linked = Linked::load(conn, &ids)?;
    let owners = wallets::of_known(conn, wallet, &linked, false)?;
    let Linked { orders: sales, refunds, .. } = linked;
    let memberships = store::table::memberships::load(conn, &BTreeSet::from([member]))?;
    for (id, sale) in &sales {
        let known = refunds_of(sale, &refunds);
        let with_draft: Vec<Line> = known.iter().chain(returns_of(draft, sale, &known)).cloned().collect();
        give_back(conn, sale, (&known, &with_draft), member, &mut taken)?;
        // The account that earned pays back, whichever customer the return names.
        let owner = owners.get(id).copied();
        if owner != Some(member) {
            continue;
        }
        let before = desired_of(sale, &known, owner, all_versions, &memberships)?.desired;
        let after = desired_of(sale, &with_draft, owner, all_versions, &memberships)?.desired;
        for (key, earned) in before {
            let left = after.get(&key).map_or(Points::ZERO, |left| left.points);
            let total = taken.entry(key.1).or_default();
            *total = earned.points.sub(left)?.add(*total)?;
        }
    }
    Ok(taken)
}

/// Counts what reward lines that come back give to `member`: what is posted as `restore` once the draft is paid.
fn give_back(
    conn: &mut AnyConnection,
    sale: &Order,
    (known, with_draft): (&[Line], &[Line]),
    member: PartnerId,
    taken: &mut BTreeMap<ProgramId, Points>,
) -> Result<(), LedgerError> {
    let (before, after) = (returned_rewards(sale, known)?, returned_rewards(sale, with_draft)?);
    if before == after || sale.state != OrderState::Paid {
        return Ok(());
    }
    let ids: Vec<HoldId> = after.keys().copied().collect();
    let programs: BTreeMap<AccountId, ProgramId> =
        accounts::load(conn, &accounts::AccountSelection::Partners(&[member]))?
            .into_iter()
            .map(|stored| (stored.account.id, stored.account.program_id))
            .collect();
    for (id, hold) in holds::load(conn, holds::HoldSelection::Ids(&ids))? {
        let Some(program) = programs.get(&hold.account_id) else { continue };
        if hold.state != HoldState::Captured || Some(&hold.order_uuid) != sale.uuid.as_ref() {
            continue;
        }
        let of =
            |parts: &BTreeMap<HoldId, ReturnedReward>| parts.get(&id).copied().unwrap_or_default().points_of(&hold);
        let total = taken.entry(*program).or_default();
        *total = of(&before)?.sub(of(&after)?)?.add(*total)?;
    }
    Ok(())
}

/// The draft's lines that take lines of this sale back, less those that were paid and read meanwhile.
fn returns_of<'a>(draft: &'a Order, sale: &'a Order, known: &'a [Line]) -> impl Iterator<Item = &'a Line> {
    let is_of_sale = |line: &Line| line.refunds.is_some() && sale.lines.iter().any(|sold| sold.id == line.refunds);
    let is_known = |line: &Line| line.uuid.is_some() && known.iter().any(|one| one.uuid == line.uuid);
    draft.lines.iter().filter(move |line| is_of_sale(line) && !is_known(line))
}
