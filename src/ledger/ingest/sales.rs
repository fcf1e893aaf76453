//! From orders to sales: which sales the orders of a batch bear on, and what each of them should have earned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::keeping::{IngestResult, forget, ingest};
use super::wallets;
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::converge::{Desired, PostedBefore, Sale, Uncomputed, order_ref, taken_back};
use crate::domain::ledger::entry::{Entry, EntryKind};
use crate::domain::ledger::redemption_review::RewardLines;
use crate::domain::ledger::state::OrderRef;
use crate::domain::member::membership::Membership;
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{self, Applicability};
use crate::domain::sale::order::{HoldRef, Line, Order, OrderState, Wallet};
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProgramId, SaleId, SaleLineId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::refund_links::{Linked, refunds_of};
use crate::ledger::writer::command::{NeededSales, Needs};
use crate::store::AnyConnection;
use crate::store::table::memberships::Memberships;
use crate::store::table::orders::KeptOrder;
use crate::store::table::{line_index, orders, postings};

/// A sale to converge, with what is known before any account is locked.
#[derive(Debug)]
pub(super) struct LoadedSale {
    pub(super) order: Order,
    pub(super) refunds: Vec<Line>,
    pub(super) trigger: OrderRef,
    pub(super) trigger_at: chrono::DateTime<chrono::Utc>,
    pub(super) wallet: Option<PartnerId>,
    pub(super) desired: BTreeMap<(PartnerId, ProgramId), Desired>,
    pub(super) uncomputed: BTreeMap<ProgramId, Uncomputed>,
    pub(super) ignored: bool,
    /// Whether its unspent points move to the lot that a fresh reading would give: a version was put for the past.
    pub(super) moves: bool,
    pub(super) postings: BTreeMap<AccountId, Points>,
}

/// A sale that is ready: its accounts are locked.
#[derive(Debug)]
pub(in crate::ledger) struct Ready {
    pub(super) loaded: LoadedSale,
    pub(super) desired: BTreeMap<AccountId, Desired>,
    pub(super) before: BTreeMap<AccountId, PostedBefore>,
    pub(super) redeemed: BTreeMap<HoldId, Vec<LotChange>>,
    pub(super) handed_over: Vec<HoldId>,
}

impl Ready {
    /// Its order.
    pub const fn order(&self) -> &Order {
        &self.loaded.order
    }

    /// What names it in the ledger.
    pub(super) fn id(&self) -> Option<SaleId> {
        self.loaded.order.sale_id()
    }

    /// Takes note of the next entry of the sale, on the account whose points these are now.
    pub(super) fn note(&mut self, account: AccountId, entry: &Entry) -> Result<(), LedgerError> {
        let before = self.before.entry(account).or_default();
        if entry.kind == EntryKind::Earn && before.earn_entry.is_none() {
            before.earn_entry = Some(entry.id.to_string());
            before.version = entry.program_version;
        }
        before.moves = self.loaded.moves;
        Ok(before.lots.note(entry)?)
    }

    /// As the domain sees it.
    pub fn as_sale<'a>(&'a self, reward_lines: &'a RewardLines) -> Sale<'a> {
        Sale {
            order: &self.loaded.order,
            wallet: self.loaded.wallet,
            desired: self.desired.clone(),
            uncomputed: self.loaded.uncomputed.clone(),
            before: self.before.clone(),
            refunds: &self.loaded.refunds,
            trigger: self.loaded.trigger.clone(),
            trigger_at: self.loaded.trigger_at,
            redeemed: self.redeemed.clone(),
            handed_over: self.handed_over.clone(),
            reward_lines,
        }
    }
}

/// The sales that the orders of a batch bear on, by the command that brought them up.
#[derive(Debug, Default)]
pub(in crate::ledger) struct AffectedSales {
    by_command: BTreeMap<usize, Vec<LoadedSale>>,
    outdated: BTreeSet<usize>,
    changed: BTreeMap<usize, u64>,
    keys: BTreeMap<(PartnerId, ProgramId), AccountId>,
}

/// Keeps the orders that commands bring, and loads every sale they bear on. Locks order rows.
pub(in crate::ledger) fn ingest_commands(
    conn: &mut AnyConnection,
    wallet: Wallet,
    needs: &[Needs<'_>],
) -> Result<AffectedSales, LedgerError> {
    let mut affected = AffectedSales::default();
    for (position, needed) in needs.iter().enumerate().filter_map(|(position, needs)| Some((position, needs.sales?))) {
        let taken = match needed {
            NeededSales::Read(orders, token) => ingest(conn, wallet, orders, token)?,
            NeededSales::Gone(gone, token) => forget(conn, gone, token)?,
            NeededSales::Again(orders) => {
                let ids = orders.iter().copied().collect();
                orders::lock(conn, &ids)?;
                Some(IngestResult { changed: BTreeMap::new(), also: ids })
            }
        };
        let Some(taken) = taken else {
            affected.outdated.insert(position);
            continue;
        };
        affected.changed.insert(position, u64::try_from(taken.changed.len()).unwrap_or(u64::MAX));
        let triggers = taken.changed.keys().chain(&taken.also).copied().collect();
        let mut sales = load_sales(conn, wallet, &triggers, taken.changed)?;
        for sale in &mut sales {
            sale.moves = matches!(needed, NeededSales::Again(_));
        }
        affected.by_command.insert(position, sales);
    }
    Ok(affected)
}

/// The sales whose lines these orders take back.
pub(super) fn refunded_by<'a>(
    conn: &mut AnyConnection,
    refunds: impl Iterator<Item = &'a Order>,
) -> Result<BTreeMap<SaleId, KeptOrder>, LedgerError> {
    let lines: BTreeSet<SaleLineId> = refunds.flat_map(Order::refunded_lines).collect();
    Ok(line_index::orders_with(conn, &lines, &BTreeSet::new())?)
}

/// The sales on which these orders bear: themselves, those whose lines they take back, and those of the same
/// receipt. Those in `fresh` were just kept, and are not read back.
fn load_sales(
    conn: &mut AnyConnection,
    wallet: Wallet,
    triggers: &BTreeSet<SaleId>,
    fresh: BTreeMap<SaleId, KeptOrder>,
) -> Result<Vec<LoadedSale>, LedgerError> {
    orders::lock(conn, triggers)?;
    let linked = Linked::beside(conn, triggers, fresh)?;
    let Linked { orders: read, neighbours, .. } = &linked;
    let refunded = refunded_by(conn, read.values())?;
    let mut causes: BTreeMap<SaleId, Vec<&Order>> = BTreeMap::new();
    for (id, order) in neighbours {
        let same = read.values().filter(|other| order.reference.is_some() && other.is_on_receipt_of(order));
        causes.entry(*id).or_default().extend(same);
    }
    let lines_at: BTreeMap<SaleLineId, SaleId> =
        refunded.iter().flat_map(|(id, kept)| kept.order.lines_by_id().map(move |(line, _)| (line, *id))).collect();
    for refund in read.values() {
        for of in refund.refunded_lines().filter_map(|line| lines_at.get(&line)) {
            causes.entry(*of).or_default().push(refund);
        }
    }
    for (id, order) in read {
        causes.entry(*id).or_default().push(order);
    }
    let ids: BTreeSet<SaleId> = causes.keys().copied().collect();
    // Most orders bear on themselves alone, and were locked before they were read.
    let more = if ids == *triggers {
        None
    } else {
        orders::lock(conn, &ids)?;
        Some(Linked::load(conn, &ids)?)
    };
    let all = more.as_ref().unwrap_or(&linked);
    let mut postings = postings::of_sales(conn, &ids)?;
    let wallets = wallets::of_known(conn, wallet, all, true)?;
    let mut loaded = Vec::with_capacity(all.orders.len());
    for (id, order) in &all.orders {
        let of_this = refunds_of(order, &all.refunds);
        let trigger = cause_of(order, causes.get(id).map_or(&[], Vec::as_slice));
        loaded.push(LoadedSale {
            refunds: of_this,
            trigger: order_ref(trigger),
            trigger_at: trigger.placed_at,
            wallet: wallets.get(id).copied(),
            desired: BTreeMap::new(),
            uncomputed: BTreeMap::new(),
            ignored: false,
            moves: false,
            postings: postings.remove(id).unwrap_or_default(),
            order: order.clone(),
        });
    }
    Ok(loaded)
}

/// Which of the orders that were read has changed a sale: the last one that is paid, since a draft changes nothing. The
/// sale itself where none is, or where it is what is no longer paid.
fn cause_of<'a>(sale: &'a Order, read: &[&'a Order]) -> &'a Order {
    let itself = read.iter().any(|order| order.sale_id() == sale.sale_id());
    if itself && sale.state != OrderState::Paid {
        return sale;
    }
    let paid = read.iter().filter(|order| order.state == OrderState::Paid);
    paid.max_by_key(|order| (order.placed_at, order.sale_id())).copied().unwrap_or(sale)
}

/// Of whoever never enrolled.
static NEVER: Membership = Membership { periods: Vec::new() };

/// What a sale should have earned, per member and program.
type DesiredByKey = BTreeMap<(PartnerId, ProgramId), Desired>;

/// What programs say of a sale.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Said {
    /// What it should have earned in each.
    pub desired: DesiredByKey,
    /// Those that cannot be read, or whose numbers grow too large on it.
    pub uncomputed: BTreeMap<ProgramId, Uncomputed>,
    /// Whether no program takes its currency or company.
    pub ignored: bool,
}

/// What a sale should have earned in each program. A program that cannot be computed is no hindrance to the others.
pub(in crate::ledger) fn desired_of(
    order: &Order,
    refunds: &[Line],
    wallet: Option<PartnerId>,
    all_versions: &[ProgramVersions],
    memberships: &Memberships,
) -> Result<Said, LedgerError> {
    let mut said = Said::default();
    let (mut taken, mut foreign) = (false, false);
    let Some(partner) = wallet.filter(|_| order.state == OrderState::Paid) else {
        return Ok(said);
    };
    let returned = taken_back(refunds)?;
    for program_versions in all_versions {
        if let Some(broken) = program_versions.unreadable_at(order.placed_at) {
            let problem = Some(broken.problem.clone());
            let uncomputed = Uncomputed { program: program_versions.code.clone(), version: broken.number, problem };
            said.uncomputed.insert(program_versions.id, uncomputed);
            // Nobody knows what its currency and company are.
            taken = true;
            continue;
        }
        let Some(version) = program_versions.in_force(order.placed_at) else { continue };
        let membership = memberships.get(&(partner, program_versions.id)).unwrap_or(&NEVER);
        match version.program.applies_to(order) {
            Applicability::Yes => taken = true,
            Applicability::OtherCompany | Applicability::OtherCurrency => {
                foreign = true;
                continue;
            }
            Applicability::OtherShop | Applicability::OutsideDates => continue,
        }
        if !membership.takes_part(&version.program, order.placed_at) {
            continue;
        }
        let Ok(earned) = program::earn(&version.program, order, &returned) else {
            let uncomputed =
                Uncomputed { program: program_versions.code.clone(), version: version.number, problem: None };
            said.uncomputed.insert(program_versions.id, uncomputed);
            continue;
        };
        let what = Desired {
            points: earned.points,
            program: program_versions.code.clone(),
            version: version.number,
            expiry: Expiry::from(version.program.expires_at(order.placed_at)),
            earned: Some(Arc::new(earned)),
        };
        said.desired.insert((partner, program_versions.id), what);
    }
    said.ignored = foreign && !taken;
    Ok(said)
}

impl AffectedSales {
    fn all(&self) -> impl Iterator<Item = &LoadedSale> {
        self.by_command.values().flatten()
    }

    /// Whether what a command brought was read too long ago, or by no right any more.
    pub fn is_outdated(&self, position: usize) -> bool {
        self.outdated.contains(&position)
    }

    /// Holds that reward lines carry.
    pub fn hold_ids(&self) -> Vec<HoldId> {
        self.all()
            .flat_map(|sale| &sale.order.lines)
            .filter_map(|line| match line.hold {
                Some(HoldRef::Id(id)) => Some(id),
                _ => None,
            })
            .collect()
    }

    /// Uuids of the sales: holds were made for them.
    pub fn uuids(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.all().filter_map(|sale| sale.order.uuid.as_ref()).collect();
        all.into_iter().cloned().collect()
    }

    /// Currencies of the sales that carry holds.
    pub fn currencies_of_rewards(&self) -> BTreeSet<String> {
        let redeems = |sale: &&LoadedSale| sale.order.lines.iter().any(|line| line.hold.is_some());
        self.all().filter(redeems).map(|sale| sale.order.currency.clone()).collect()
    }

    /// Whose points the sales' are.
    pub fn owners(&self) -> BTreeSet<PartnerId> {
        self.all().filter_map(|sale| sale.wallet).collect()
    }

    /// Computes what each sale should have earned. Writes nothing.
    pub fn compute(mut self, all_versions: &[ProgramVersions], memberships: &Memberships) -> Result<Self, LedgerError> {
        for sale in self.by_command.values_mut().flatten() {
            let said = desired_of(&sale.order, &sale.refunds, sale.wallet, all_versions, memberships)?;
            (sale.desired, sale.uncomputed, sale.ignored) = (said.desired, said.uncomputed, said.ignored);
        }
        Ok(self)
    }

    /// Accounts that are needed: one for each member and program that should have something.
    pub fn account_keys(&self) -> BTreeSet<(PartnerId, ProgramId)> {
        let wanted = |desired: &&Desired| !desired.points.is_zero();
        self.all()
            .flat_map(|sale| sale.desired.iter().filter(|(_, desired)| wanted(desired)).map(|(key, _)| *key))
            .collect()
    }

    /// Accounts that something was posted to before.
    pub fn posted_accounts(&self) -> BTreeSet<AccountId> {
        self.all().flat_map(|sale| sale.postings.keys().copied()).collect()
    }

    /// What was posted before.
    pub fn postings(&self) -> BTreeMap<(SaleId, AccountId), Points> {
        self.all()
            .filter_map(|sale| sale.order.sale_id().map(|id| (id, sale)))
            .flat_map(|(id, sale)| sale.postings.iter().map(move |(account, points)| ((id, *account), *points)))
            .collect()
    }

    /// Remembers which account each member's is.
    pub fn set_accounts(&mut self, keys: &BTreeMap<(PartnerId, ProgramId), AccountId>) {
        self.keys.clone_from(keys);
    }

    /// How many of a command's orders were new or different.
    pub fn changed(&self, position: usize) -> u64 {
        self.changed.get(&position).copied().unwrap_or_default()
    }

    /// The sales of one command, to be converged now.
    pub fn take(&mut self, position: usize) -> Vec<Ready> {
        let sales = self.by_command.remove(&position).unwrap_or_default();
        sales
            .into_iter()
            .map(|mut loaded| Ready {
                desired: std::mem::take(&mut loaded.desired)
                    .into_iter()
                    .filter_map(|(key, desired)| Some((*self.keys.get(&key)?, desired)))
                    .collect(),
                before: BTreeMap::new(),
                redeemed: BTreeMap::new(),
                handed_over: Vec::new(),
                loaded,
            })
            .collect()
    }

    /// The orders that no program takes because of their currency or company, and the others.
    pub fn ignored(&self) -> (Vec<SaleId>, Vec<SaleId>) {
        let (mut ignored, mut others) = (Vec::new(), Vec::new());
        for sale in self.all() {
            if let Some(id) = sale.order.sale_id() {
                if sale.ignored { ignored.push(id) } else { others.push(id) }
            }
        }
        (ignored, others)
    }
}
