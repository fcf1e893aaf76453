//! What the returns on a draft will take back, of the sales that its lines name.
//!
//! That is posted for those sales, by the computation that is used here too: with the draft's lines among the refunds.

use std::collections::{BTreeMap, BTreeSet};

use super::linked::{Linked, refunds_of};
use super::reply::LedgerError;
use super::sales::desired_of;
use super::wallets;
use crate::domain::ids::{LineId, PartnerId, ProgramId};
use crate::domain::order::{Line, Order, Wallet};
use crate::domain::points::Points;
use crate::domain::timeline::Timeline;
use crate::store::{self, AnyConnection, orders};

/// How many points `member` loses in each program by what `draft` takes back; below zero where the member gains some.
pub(super) fn taken_back_by(
    conn: &mut AnyConnection,
    draft: &Order,
    member: PartnerId,
    wallet: Wallet,
    timelines: &[Timeline],
) -> Result<BTreeMap<ProgramId, Points>, LedgerError> {
    let mut taken = BTreeMap::new();
    let named: BTreeSet<LineId> = draft.lines.iter().filter_map(|line| line.refunds).collect();
    if named.is_empty() {
        return Ok(taken);
    }
    let ids = orders::orders_of_lines(conn, &named)?;
    let Linked { orders: sales, refunds, .. } = Linked::load(conn, &ids)?;
    let owners = wallets::of_known(conn, wallet, &sales, false)?;
    let memberships = store::memberships::load(conn, &BTreeSet::from([member]))?;
    for (id, sale) in &sales {
        // The account that earned pays back, whoever the return names.
        let owner = owners.get(id).copied();
        if owner != Some(member) {
            continue;
        }
        let known = refunds_of(sale, &refunds);
        let with_draft: Vec<Line> = known.iter().chain(returns_of(draft, sale, &known)).cloned().collect();
        let before = desired_of(sale, &known, owner, timelines, &memberships)?.desired;
        let after = desired_of(sale, &with_draft, owner, timelines, &memberships)?.desired;
        for (key, earned) in before {
            let left = after.get(&key).map_or(Points::ZERO, |left| left.points);
            let total = taken.entry(key.1).or_default();
            *total = earned.points.sub(left)?.add(*total)?;
        }
    }
    Ok(taken)
}

/// The draft's lines that take lines of this sale back, less those that were paid and read meanwhile.
fn returns_of<'a>(draft: &'a Order, sale: &'a Order, known: &'a [Line]) -> impl Iterator<Item = &'a Line> {
    let is_of_sale = |line: &Line| line.refunds.is_some() && sale.lines.iter().any(|sold| sold.id == line.refunds);
    let is_known = |line: &Line| line.uuid.is_some() && known.iter().any(|one| one.uuid == line.uuid);
    draft.lines.iter().filter(move |line| is_of_sale(line) && !is_known(line))
}
