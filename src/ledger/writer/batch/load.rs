//! What a batch works with: locked and read before anything is decided.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::named::wallets;
use super::replies::answered;
use super::{Batch, Context, Loaded, Stored};
use crate::domain::ledger::hold::Hold;
use crate::domain::ledger::state::LedgerState;
use crate::domain::program::version::ProgramVersions;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProductId, ProgramId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::{redemptions, sales};
use crate::ledger::query::draft;
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::command::{Needs, TransferPlan};
use crate::store::batch::prefetch::NamedByCommands;
use crate::store::table::accounts::StoredAccount;
use crate::store::table::{accounts, holds, orders};
use crate::store::{AnyConnection, StoreError};

impl Batch {
    /// Locks and reads.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when points moved to another account meanwhile: then it is tried again.
    pub(super) fn load(
        context: &Context,
        conn: &mut AnyConnection,
        cache: &mut WriterCache,
        named: &NamedByCommands,
        needs: &[Needs<'_>],
    ) -> Result<Self, LedgerError> {
        // Orders first: their rows are locked before any account, in every writer.
        let affected = sales::ingest_commands(conn, context.options.wallet, needs)?;
        let all_versions = cache.all_versions(conn, &context.programs)?;
        let transfer = TransferPlan::of_batch(conn, context.options.wallet, needs)?;
        let by_code: BTreeMap<&str, ProgramId> =
            all_versions.iter().map(|program_versions| (program_versions.code.as_str(), program_versions.id)).collect();

        let customers: Vec<PartnerId> = needs.iter().filter_map(Needs::customer).collect();
        let known_customers: BTreeSet<PartnerId> = cache.partners(conn, &customers)?.into_keys().collect();
        let wallets = wallets(conn, context, Some(cache), needs)?;
        let Touched { mut keys, mut account_ids, mut currencies } = touched(
            needs,
            |partner, program| by_code.get(program).map(|id| (wallets.get(&partner).copied().unwrap_or(partner), *id)),
            &known_customers,
        );
        keys.extend(transfer.iter().flat_map(TransferPlan::account_keys));
        let mut named_holds = named.holds.clone();
        named_holds.extend(affected.hold_ids());
        currencies.extend(affected.currencies_of_rewards());

        // Before any account is made or locked, in every writer.
        cache.lock_drafts(conn, &named.drafts, &named.asked_keys)?;
        let members = wallets.values().copied().chain(affected.owners()).collect();
        let memberships = cache.memberships(conn, &members)?;
        let mut affected = affected.compute(&all_versions, &memberships)?;
        let (ignored, others) = affected.ignored();
        orders::mark_ignored(conn, &ignored, true)?;
        orders::mark_ignored(conn, &others, false)?;
        keys.extend(affected.account_keys());

        let keys = cache.account_ids(conn, &keys)?;
        affected.set_accounts(&keys);
        account_ids.extend(keys.values());
        account_ids.extend(affected.posted_accounts());
        // A hold changes its account only when its member's points move. A batch that waited for that reads it again.
        // Those made for an order count also where no line of it carries them.
        let made_for = holds::load(conn, holds::HoldSelection::Orders(&affected.uuids()))?;
        let others: Vec<HoldId> = named_holds.iter().filter(|id| !made_for.contains_key(id)).copied().collect();
        let mut named_now = cache.holds(conn, &others)?;
        named_now.extend(made_for);
        account_ids.extend(named_now.values().map(|hold| hold.account_id));

        let named_now = lock_accounts(context, conn, cache, needs, &wallets, &account_ids, named_now)?;
        let now = cache.now(conn)?;
        let (loaded, open_holds) = cache.take_accounts(conn, &account_ids)?;
        let (mut state, stored, debts) = opened(loaded, open_holds);
        state.holds.extend(named_now);
        state.holds.extend(cache.holds_of_drafts(conn, &named.drafts)?);
        let ids: Vec<AccountId> = state.accounts.keys().copied().collect();
        state.holds.extend(uses(conn, &all_versions, &ids, needs, now)?);
        state.holds.extend(redemptions::uses_beside_late(conn, &named_holds, &state, &all_versions, now)?);
        (state.holds, state.neighbours) =
            state.holds.into_iter().partition(|(_, hold)| stored.contains_key(&hold.account_id));
        state.postings = affected.postings();

        let (drafts, archived) = complete_drafts(conn, cache, needs, &all_versions)?;
        let answered = answered(conn, cache, &named.asked_keys, &state)?;
        let decimals = decimals_of(conn, cache, currencies)?;
        Ok(Self {
            all_versions,
            state,
            stored,
            debts,
            keys,
            wallets,
            answered,
            fresh_replies: Vec::new(),
            given: BTreeMap::new(),
            decimals,
            affected,
            memberships,
            drafts,
            known_customers,
            archived,
            transfer,
            now,
        })
    }
}

/// What commands say themselves of the accounts and currencies that they need.
struct Touched {
    keys: BTreeSet<(PartnerId, ProgramId)>,
    account_ids: BTreeSet<AccountId>,
    currencies: BTreeSet<String>,
}

/// `account_key` finds whose account in which program a customer's points are, by the program's code.
fn touched(
    needs: &[Needs<'_>],
    account_key: impl Fn(PartnerId, &str) -> Option<(PartnerId, ProgramId)>,
    known_customers: &BTreeSet<PartnerId>,
) -> Touched {
    let mut found = Touched { keys: BTreeSet::new(), account_ids: BTreeSet::new(), currencies: BTreeSet::new() };
    for needs in needs {
        if let Some((customer, program)) = needs.account {
            // Of a hold's customer: nobody has an account before Odoo has said who that is.
            if needs.draft.is_none() || known_customers.contains(&customer) {
                found.keys.extend(account_key(customer, program));
            }
        }
        found.currencies.extend(needs.draft.map(|draft| draft.currency.clone()));
        found.account_ids.extend(needs.accounts.into_iter().flatten());
    }
    found
}

/// Locks the accounts, and looks again at what was read before: points may have moved meanwhile. Returns the holds as
/// they are now.
fn lock_accounts(
    context: &Context,
    conn: &mut AnyConnection,
    cache: &mut WriterCache,
    needs: &[Needs<'_>],
    known_wallets: &BTreeMap<PartnerId, PartnerId>,
    account_ids: &BTreeSet<AccountId>,
    known_holds: BTreeMap<HoldId, Hold>,
) -> Result<BTreeMap<HoldId, Hold>, LedgerError> {
    if cache.lock(conn, account_ids)? != accounts::Locked::Now {
        return Ok(known_holds);
    }
    let holds_now = cache.holds(conn, &known_holds.into_keys().collect::<Vec<_>>())?;
    let is_elsewhere = holds_now.values().any(|hold| !account_ids.contains(&hold.account_id));
    if is_elsewhere || wallets(conn, context, None, needs)? != *known_wallets {
        return Err(StoreError::Moved.into());
    }
    Ok(holds_now)
}

/// The decimals of these currencies.
fn decimals_of(
    conn: &mut AnyConnection,
    cache: &mut WriterCache,
    currencies: BTreeSet<String>,
) -> Result<BTreeMap<String, u32>, StoreError> {
    currencies.into_iter().map(|code| cache.decimals(conn, &code).map(|decimals| (code, decimals))).collect()
}

/// The drafts of holds, completed, by the position of their command; and the products of rewards that were archived.
fn complete_drafts(
    conn: &mut AnyConnection,
    cache: &mut WriterCache,
    needs: &[Needs<'_>],
    all_versions: &[ProgramVersions],
) -> Result<(BTreeMap<usize, Order>, BTreeSet<ProductId>), LedgerError> {
    let (positions, mut drafts): (Vec<usize>, Vec<Order>) = needs
        .iter()
        .enumerate()
        .filter_map(|(position, needs)| needs.draft.map(|draft| (position, draft.clone())))
        .unzip();
    let archived =
        if drafts.is_empty() { BTreeSet::new() } else { draft::complete(conn, cache, &mut drafts, all_versions)? };
    Ok((positions.into_iter().zip(drafts).collect(), archived))
}

/// The state of accounts and their open holds, what is stored of the accounts beside that, and which exception tells of
/// whose debt.
fn opened(
    loaded: Vec<StoredAccount>,
    open_holds: BTreeMap<HoldId, Hold>,
) -> (LedgerState, BTreeMap<AccountId, Stored>, BTreeMap<AccountId, String>) {
    let mut state = LedgerState { holds: open_holds, ..LedgerState::default() };
    let (mut stored, mut debts) = (BTreeMap::new(), BTreeMap::new());
    for one in loaded {
        let lots = one.account.lots().clone();
        let loaded = Loaded { entry_count: one.entry_count, debt: one.debt_exception_id.clone() };
        debts.extend(one.debt_exception_id.map(|exception| (one.account.id, exception)));
        stored.insert(one.account.id, Stored { entry_count: one.entry_count, last_hash: one.last_hash, lots, loaded });
        state.accounts.insert(one.account.id, one.account);
    }
    (state, stored, debts)
}

/// The rewards that limits count: of the programs that holds are asked for, those with a limit.
fn uses(
    conn: &mut AnyConnection,
    all_versions: &[ProgramVersions],
    accounts: &[AccountId],
    needs: &[Needs<'_>],
    now: DateTime<Utc>,
) -> Result<BTreeMap<HoldId, Hold>, LedgerError> {
    let asked: BTreeSet<&str> = needs
        .iter()
        .filter(|needs| needs.draft.is_some())
        .filter_map(|needs| needs.account.map(|(_, program)| program))
        .collect();
    let all_versions = all_versions.iter().filter(|program_versions| asked.contains(program_versions.code.as_str()));
    let (rewards, from) = draft::limited(all_versions, now);
    if rewards.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(holds::load(conn, holds::HoldSelection::Uses { accounts, rewards: &rewards, from })?)
}
