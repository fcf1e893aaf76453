//! What each program would earn of the newest orders that were read, and why not. Reads, and writes nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::domain::ledger::converge::taken_back;
use crate::domain::program::Program;
use crate::domain::program::authoring::outlook::{KnownCatalog, Outlook, Problem, RECENT_ORDERS, SoldOrder, problems};
use crate::domain::sale::order::Order;
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::ids::{PartnerId, ProgramId, SaleId};
use crate::ledger::Wallet;
use crate::ledger::admin::programs::read_all_versions;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::refund_links::{Linked, refunds_of};
use crate::ledger::ingest::wallets;
use crate::store::AnyConnection;
use crate::store::table::known_catalog;
use crate::store::table::memberships::{self, Memberships};

/// The latest version of a program, and what it would come to.
#[derive(Clone, Debug)]
pub struct ProgramOutlook {
    /// The version's document.
    pub program: std::sync::Arc<Program>,
    /// Its number.
    pub version: i64,
    /// From when it holds; `None` for all the past.
    pub effective_from: Option<DateTime<Utc>>,
    /// Since when the program is archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// What it would earn of the newest orders, as if it were in force at all of them.
    pub outlook: Outlook,
    /// How many of those are older than the version: they keep an earlier one.
    pub older: u64,
    /// What in it cannot be so in this shop.
    pub problems: Vec<Problem>,
}

/// The outlooks of programs, and the shop by which ids get names.
#[derive(Clone, Debug, Default)]
pub struct Outlooks {
    /// One for each program whose latest version can be read.
    pub programs: Vec<ProgramOutlook>,
    /// What was read of the shop.
    pub shop: KnownCatalog,
}

type Recent = Vec<(Order, Option<PartnerId>, TakenBack)>;

/// The outlook of every program, or of the one with this code.
///
/// # Errors
/// [`LedgerError::Store`]
pub fn outlooks(conn: &mut AnyConnection, wallet: Wallet, code: Option<&str>) -> Result<Outlooks, LedgerError> {
    let shop = known_catalog::load(conn)?;
    let recent = recent(conn, wallet)?;
    let members: BTreeSet<PartnerId> = recent.iter().filter_map(|(_, member, _)| *member).collect();
    let memberships = memberships::load(conn, &members)?;
    let mut programs = Vec::new();
    for program_versions in read_all_versions(conn)? {
        if code.is_some_and(|code| code != program_versions.code) || program_versions.latest_unreadable().is_some() {
            continue;
        }
        let Some(version) = program_versions.latest() else { continue };
        let sold = taking_part(&recent, program_versions.id, &version.program, &memberships);
        let is_older = |one: &&SoldOrder| version.effective_from.is_some_and(|from| one.order.placed_at < from);
        programs.push(ProgramOutlook {
            version: version.number,
            effective_from: version.effective_from,
            archived_at: program_versions.archived_at(),
            outlook: Outlook::of(&version.program, &sold)?,
            older: u64::try_from(sold.iter().filter(is_older).count()).unwrap_or(u64::MAX),
            problems: problems(&version.program, &shop),
            program: std::sync::Arc::clone(&version.program),
        });
    }
    Ok(Outlooks { programs, shop })
}

/// The newest orders with whose they are and what came back of them.
fn recent(conn: &mut AnyConnection, wallet: Wallet) -> Result<Recent, LedgerError> {
    let ids: BTreeSet<SaleId> = known_catalog::newest_orders(conn, RECENT_ORDERS)?.into_iter().collect();
    let linked = Linked::load(conn, &ids)?;
    let wallets = wallets::of_known(conn, wallet, &linked, false)?;
    let Linked { orders, refunds, .. } = linked;
    let mut recent = Recent::with_capacity(orders.len());
    for (id, order) in orders {
        let returned = taken_back(&refunds_of(&order, &refunds))?;
        recent.push((order, wallets.get(&id).copied(), returned));
    }
    Ok(recent)
}

fn taking_part(recent: &Recent, id: ProgramId, program: &Program, memberships: &Memberships) -> Vec<SoldOrder> {
    let sold = recent.iter().map(|(order, member, returned)| {
        let membership = member.and_then(|member| memberships.get(&(member, id)).cloned()).unwrap_or_default();
        SoldOrder {
            takes_part: membership.takes_part(program, order.placed_at),
            order: order.clone(),
            member: *member,
            returned: returned.clone(),
        }
    });
    sold.collect()
}
