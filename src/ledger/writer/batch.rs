//! One batch in one transaction: load what the commands name, let each decide in order, write the rest.

mod chain;
mod converge;
mod load;
mod named;
mod replies;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::named::named;
use self::replies::Answered;
pub(super) use self::replies::{Decision, Known, params_to_bytes, refused_or};
use super::command::{Answer, Command, Needs, TransferPlan};
use crate::domain::ledger::account::Expiry;
use crate::domain::ledger::chain::ChainHash;
use crate::domain::ledger::decide::DecisionError;
use crate::domain::ledger::state::{DecisionContext, LedgerState, LedgerStateError, Missing};
use crate::domain::program::version::ProgramVersions;
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProductId, ProgramId};
use crate::domain::value::points::Points;
use crate::ledger::admin::programs::ProgramCache;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::sales::AffectedSales;
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::lane::Health;
use crate::ledger::{Options, announce};
use crate::store::batch::prefetch;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::holds::HoldReply;
use crate::store::table::memberships::Memberships;
use crate::store::table::programs;
use crate::store::table::recorded_replies::{KeyDigest, RecordedReply};
use crate::store::{self, AnyConnection, Pool};

/// How a batch is made of its commands.
pub(in crate::ledger) type Run =
    fn(&Context, &mut AnyConnection, &mut WriterCache, &[Box<dyn Command>]) -> Result<Vec<Answer>, LedgerError>;

/// What every batch needs.
#[derive(Debug)]
pub(in crate::ledger) struct Context {
    pub pool: Pool,
    /// [`run`], but where a test has to see what becomes of a batch that goes wrong.
    pub run: Run,
    pub options: Options,
    pub programs: ProgramCache,
    pub health: Health,
}

/// The state a batch works with: what its commands need, as it is after those that were decided before.
pub struct Batch {
    all_versions: Arc<Vec<ProgramVersions>>,
    pub(super) state: LedgerState,
    pub(super) stored: BTreeMap<AccountId, Stored>,
    /// The exceptions that stand for debts.
    debts: BTreeMap<AccountId, String>,
    pub(super) keys: BTreeMap<(PartnerId, ProgramId), AccountId>,
    wallets: BTreeMap<PartnerId, PartnerId>,
    /// What the keys of the commands were answered, and the captures of the holds that they bring up.
    pub(super) answered: BTreeMap<KeyDigest, Answered>,
    fresh_replies: Vec<RecordedReply>,
    /// The replies of the holds that are given here, which stand in their rows.
    given: BTreeMap<HoldId, HoldReply>,
    pub(super) decimals: BTreeMap<String, u32>,
    pub(super) affected: AffectedSales,
    pub(super) memberships: Memberships,
    /// The drafts of holds, completed, by the position of their command.
    pub(super) drafts: BTreeMap<usize, Order>,
    /// The customers of holds that were read from Odoo.
    pub(super) known_customers: BTreeSet<PartnerId>,
    pub(super) archived: BTreeSet<ProductId>,
    pub(super) transfer: Option<TransferPlan>,
    pub(super) now: DateTime<Utc>,
}

/// What is stored of an account beside its state: the end of its chain, and its lots as they were loaded.
pub(super) struct Stored {
    pub(super) entry_count: i64,
    last_hash: ChainHash,
    lots: BTreeMap<Expiry, Points>,
    loaded: Loaded,
}

/// What tells whether an account's row is still as it was loaded.
struct Loaded {
    entry_count: i64,
    debt: Option<String>,
}

/// Runs a batch. All of it commits or nothing does. When it fails, nothing of `cache` may be believed any more.
pub(in crate::ledger) fn run(
    context: &Context,
    conn: &mut AnyConnection,
    cache: &mut WriterCache,
    commands: &[Box<dyn Command>],
) -> Result<Vec<Answer>, LedgerError> {
    let needs: Vec<Needs<'_>> = commands.iter().map(|command| command.needs()).collect();
    let named = named(context, cache, &needs);
    let locks_at_once = matches!(conn, AnyConnection::Postgres(_)) && needs.iter().all(Needs::is_all_it_concerns);
    let work = |conn: &mut AnyConnection| {
        if needs.iter().any(Needs::brings_orders) {
            programs::lock_sales_and_programs(conn)?;
        }
        cache.begin(conn, locks_at_once.then_some(&named))?;
        let mut batch = Batch::load(context, conn, cache, &named, &needs)?;
        let mut answers = Vec::with_capacity(commands.len());
        for (position, command) in commands.iter().enumerate() {
            answers.push(command.decide(&mut batch, conn, position)?);
        }
        Ok::<_, LedgerError>((answers, batch.write(conn)?))
    };
    let (answers, written) =
        if locks_at_once { prefetch::write_transaction(conn, &named, work)? } else { write_transaction(conn, work)? };
    if needs.iter().any(|needs| needs.transfer.is_some()) {
        // It changed whose orders, holds and memberships are, which only a fresh look shows.
        *cache = WriterCache::default();
    } else {
        cache.bring_back(written.accounts, written.holds);
    }
    // Counted once it is true.
    for kind in written.entries {
        metrics::counter!("loyalty_entries_total", "kind" => kind).increment(1);
    }
    for (kind, detail) in written.exceptions {
        announce(kind, &detail);
    }
    Ok(answers)
}

/// Accounts and holds that contradict one another: the database holds what this program never writes.
pub(super) fn inconsistent(problem: LedgerStateError) -> LedgerError {
    LedgerError::Store(store::corrupt(problem))
}

impl Batch {
    pub(super) fn program_versions(&self, code: &str) -> Result<ProgramVersions, Refusal> {
        ProgramVersions::of_code(&self.all_versions, code).cloned()
    }

    pub(super) fn in_context<T>(
        &mut self,
        actor: &str,
        work: impl FnOnce(&mut LedgerState, &mut DecisionContext<'_>) -> T,
    ) -> T {
        let mut ids = Uuid::now_v7;
        let mut context = DecisionContext { now: self.now, actor, ids: &mut ids };
        work(&mut self.state, &mut context)
    }

    pub(super) fn member_of(&self, partner_id: PartnerId) -> PartnerId {
        self.wallets.get(&partner_id).copied().unwrap_or(partner_id)
    }

    pub(super) fn account_of(
        &self,
        partner_id: PartnerId,
        program_versions: &ProgramVersions,
    ) -> Result<AccountId, DecisionError> {
        let id = self.keys.get(&(partner_id, program_versions.id)).copied();
        Ok(id.ok_or(Missing)?)
    }
}
