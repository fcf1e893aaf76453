//! One batch in one transaction: load what the commands name, let each decide in order, write the rest.

mod chain;
mod load;
mod named;
mod replies;
mod transfer;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::named::named;
use self::replies::{Answered, Decision, refused_or};
pub(in crate::ledger) use self::transfer::orphan_key;
use super::command::{Answer, Command, Request};
use super::recorded_replies::{adjust_key, caller_key, capture_key};
use super::reply::{CommandReply, HoldResult, Posted, Released};
use crate::domain::catalog::records::Ingested;
use crate::domain::ledger::account::Expiry;
use crate::domain::ledger::chain::ChainHash;
use crate::domain::ledger::converge::{Sale, order_ref};
use crate::domain::ledger::decide::{Correction, DecisionError, HoldAsk, HoldGranted};
use crate::domain::ledger::entry::EXPIRY;
use crate::domain::ledger::hold::ReplyTerms;
use crate::domain::ledger::redemption_review::ReviewRules;
use crate::domain::ledger::state::{DecisionContext, LedgerState, LedgerStateError, Missing, OrderRef};
use crate::domain::program::version::ProgramVersions;
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::{HoldRef, Order};
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProductId, ProgramId};
use crate::domain::value::points::Points;
use crate::ledger::admin::programs::ProgramCache;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::sales::{AffectedSales, Ready};
use crate::ledger::ingest::{before, redemptions};
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
    fn(&Context, &mut AnyConnection, &mut WriterCache, &[Command]) -> Result<Vec<Answer>, LedgerError>;

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

/// The state a batch works with.
struct Batch {
    all_versions: Arc<Vec<ProgramVersions>>,
    state: LedgerState,
    stored: BTreeMap<AccountId, Stored>,
    /// The exceptions that stand for debts.
    debts: BTreeMap<AccountId, String>,
    keys: BTreeMap<(PartnerId, ProgramId), AccountId>,
    wallets: BTreeMap<PartnerId, PartnerId>,
    /// What the keys of the commands were answered, and the captures of the holds that they bring up.
    answered: BTreeMap<KeyDigest, Answered>,
    fresh_replies: Vec<RecordedReply>,
    /// The replies of the holds that are given here, which stand in their rows.
    given: BTreeMap<HoldId, HoldReply>,
    decimals: BTreeMap<String, u32>,
    affected: AffectedSales,
    memberships: Memberships,
    /// The drafts of holds, completed, by the position of their command.
    drafts: BTreeMap<usize, Order>,
    /// The customers of holds that were read from Odoo.
    known_customers: BTreeSet<PartnerId>,
    archived: BTreeSet<ProductId>,
    transfer: Option<transfer::Prepared>,
    now: DateTime<Utc>,
}

/// What is stored of an account beside its state: the end of its chain, and its lots as they were loaded.
struct Stored {
    entry_count: i64,
    last_hash: ChainHash,
    lots: BTreeMap<Expiry, Points>,
    loaded: Loaded,
}

/// What tells whether an account's row is still as it was loaded.
struct Loaded {
    entry_count: i64,
    debt: Option<String>,
}

/// The reward that a till asks for.
struct Wish<'a> {
    program: &'a str,
    reward: &'a str,
    points: Option<Points>,
    replaces: Option<HoldId>,
}

/// Runs a batch. All of it commits or nothing does. When it fails, nothing of `cache` may be believed any more.
pub(in crate::ledger) fn run(
    context: &Context,
    conn: &mut AnyConnection,
    cache: &mut WriterCache,
    commands: &[Command],
) -> Result<Vec<Answer>, LedgerError> {
    let named = named(context, cache, commands);
    let locks_at_once =
        matches!(conn, AnyConnection::Postgres(_)) && commands.iter().all(Command::names_all_it_concerns);
    let work = |conn: &mut AnyConnection| {
        if commands.iter().any(Command::brings_orders) {
            programs::lock_sales_and_programs(conn)?;
        }
        cache.begin(conn, locks_at_once.then_some(&named))?;
        let mut batch = Batch::load(context, conn, cache, &named, commands)?;
        let mut answers = Vec::with_capacity(commands.len());
        for (position, command) in commands.iter().enumerate() {
            answers.push(batch.apply(conn, position, command)?);
        }
        Ok::<_, LedgerError>((answers, batch.write(conn)?))
    };
    let (answers, written) =
        if locks_at_once { prefetch::write_transaction(conn, &named, work)? } else { write_transaction(conn, work)? };
    if commands.iter().any(|command| matches!(command, Command::Transfer(_))) {
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
fn inconsistent(problem: LedgerStateError) -> LedgerError {
    LedgerError::Store(store::corrupt(problem))
}

impl Batch {
    fn program_versions(&self, code: &str) -> Result<ProgramVersions, Refusal> {
        self.all_versions
            .iter()
            .find(|program_versions| program_versions.code == code)
            .cloned()
            .ok_or_else(|| Refusal::UnknownProgram(code.to_owned()))
    }

    fn apply(&mut self, conn: &mut AnyConnection, position: usize, command: &Command) -> Result<Answer, LedgerError> {
        match command {
            Command::Hold { idempotency, partner_id, program, reward, points, replaces, actor, .. } => {
                let draft = self.drafts.remove(&position).ok_or_else(|| store::corrupt(Missing))?;
                self.decided_once(&caller_key(idempotency), &idempotency.params_sha256, |batch| {
                    let wish = Wish { program, reward, points: *points, replaces: *replaces };
                    batch.hold(*partner_id, &wish, &draft, actor)
                })
            }
            Command::Adjust { idempotency, partner_id, program, correction, actor } => {
                self.decided_once(&adjust_key(idempotency, correction), &idempotency.params_sha256, |batch| {
                    batch.adjust(*partner_id, program, correction, actor).map(Decision::Posted)
                })
            }
            Command::Capture { hold_id, order, actor } => self.capture(*hold_id, order, actor),
            Command::Release { hold_id, reason, actor } => {
                let outcome = self.in_context(actor, |state, context| state.release(*hold_id, reason, context));
                Ok(Answer::Reply(refused_or(outcome)?.map(|()| CommandReply::Released(Released::YES))))
            }
            Command::Settle { accounts } => {
                for account in accounts {
                    self.in_context(EXPIRY, |state, context| state.settle(*account, context)).map_err(inconsistent)?;
                }
                Ok(Answer::Ingested(Ingested::default()))
            }
            Command::Ingest { .. } | Command::Forget { .. } if self.affected.is_outdated(position) => {
                Ok(Answer::Outdated)
            }
            Command::Ingest { .. } | Command::Forget { .. } => self.converge(conn, position, &Request::default()),
            Command::Transfer(asked) => self.transfer(conn, asked),
            Command::Recompute { work, request, then_after, .. } => {
                let answer = self.converge(conn, position, request)?;
                programs::advance_recompute(conn, *work, *then_after)?;
                Ok(answer)
            }
        }
    }

    fn in_context<T>(&mut self, actor: &str, work: impl FnOnce(&mut LedgerState, &mut DecisionContext<'_>) -> T) -> T {
        let mut ids = Uuid::now_v7;
        let mut context = DecisionContext { now: self.now, actor, ids: &mut ids };
        work(&mut self.state, &mut context)
    }

    fn hold(
        &mut self,
        partner_id: PartnerId,
        wish: &Wish<'_>,
        draft: &Order,
        actor: &str,
    ) -> Result<Decision, DecisionError> {
        if !self.known_customers.contains(&partner_id) {
            return Err(Refusal::UnknownPartner(partner_id).into());
        }
        let program_versions = self.program_versions(wish.program)?;
        let member = self.member_of(partner_id);
        let account_id = self.account_of(member, &program_versions)?;
        let currency_decimals = self.decimals.get(&draft.currency).copied().unwrap_or(2);
        let membership = self.memberships.get(&(member, program_versions.id)).cloned().unwrap_or_default();
        let archived = std::mem::take(&mut self.archived);
        let ask = HoldAsk {
            account_id,
            partner_id,
            program_versions: &program_versions,
            reward: wish.reward,
            points: wish.points,
            replaces: wish.replaces,
            draft,
            currency_decimals,
            membership: &membership,
            archived: &archived,
        };
        let given = self.in_context(actor, |state, context| state.hold(&ask, context));
        self.archived = archived;
        let HoldGranted { hold, kind, max_share } = given?;
        let terms = ReplyTerms { kind: kind.to_owned(), decimals: currency_decimals, max_share };
        Ok(Decision::Hold(Box::new(HoldResult::of(&hold, &terms)), terms))
    }

    fn member_of(&self, partner_id: PartnerId) -> PartnerId {
        self.wallets.get(&partner_id).copied().unwrap_or(partner_id)
    }

    fn account_of(
        &self,
        partner_id: PartnerId,
        program_versions: &ProgramVersions,
    ) -> Result<AccountId, DecisionError> {
        let id = self.keys.get(&(partner_id, program_versions.id)).copied();
        Ok(id.ok_or(Missing)?)
    }

    fn adjust(
        &mut self,
        partner_id: PartnerId,
        program: &str,
        correction: &Correction,
        actor: &str,
    ) -> Result<Posted, DecisionError> {
        let program_versions = self.program_versions(program)?;
        let account_id = self.account_of(self.member_of(partner_id), &program_versions)?;
        let (entry_id, balance) =
            self.in_context(actor, |state, context| state.adjust(account_id, correction, &program_versions, context))?;
        Ok(Posted { balance, entry_id })
    }

    fn capture(&mut self, hold_id: HoldId, order: &OrderRef, actor: &str) -> Result<Answer, LedgerError> {
        let hold = self.state.holds.get(&hold_id);
        if hold.is_none_or(|hold| order.uuid.as_deref() == Some(hold.order_uuid.as_str())) {
            if let Some(posted) = hold.and_then(Posted::by_capture) {
                return Ok(Answer::Reply(Ok(CommandReply::Posted(posted))));
            }
            if let Some(before) = self.answered.get(&KeyDigest::of(&capture_key(hold_id))) {
                return Ok(Answer::Reply(before.reply.reply()?));
            }
        }
        let now = self.now;
        let outcome = self.in_context(actor, |state, context| state.capture(hold_id, order, now, context));
        let outcome = match outcome {
            Ok(captured) => Ok(captured),
            Err(DecisionError::Refused(refusal)) => Err(refusal),
            Err(DecisionError::Inconsistent(problem)) => return Err(inconsistent(problem)),
        };
        if outcome.is_ok() {
            self.review_limit(hold_id, order, actor)?;
        }
        let reply = self.keep_capture(hold_id, &outcome)?;
        Ok(Answer::Reply(reply))
    }

    fn review_limit(&mut self, hold_id: HoldId, order: &OrderRef, actor: &str) -> Result<(), LedgerError> {
        let all_versions = Arc::clone(&self.all_versions);
        self.in_context(actor, |state, context| state.review_limit(hold_id, &all_versions, order, context))
            .map_err(store::corrupt)
            .map_err(LedgerError::Store)
    }

    /// Looks at the rewards of a sale whose holds are captured: whether they fit what was paid, and whether they stand.
    fn review(&mut self, sale: &Sale<'_>, actor: &str) -> Result<(), LedgerStateError> {
        let all_versions = Arc::clone(&self.all_versions);
        let currency_decimals = self.decimals.get(&sale.order.currency).copied().unwrap_or(2);
        let rules = ReviewRules { all_versions: &all_versions, currency_decimals };
        self.in_context(actor, |state, context| {
            state.review_prices(sale, rules, context)?;
            state.converge_restores(sale, context)?;
            state.converge_reversals(sale, context)
        })
    }

    /// Posts what the sales that a command brought up lack.
    fn converge(
        &mut self,
        conn: &mut AnyConnection,
        position: usize,
        request: &Request,
    ) -> Result<Answer, LedgerError> {
        let actor = request.actor.as_str();
        let posted_before = self.state.entries.len();
        let mut sales = self.affected.take(position);
        let reward_lines = redemptions::lines_of(conn, &sales, &self.state)?;
        before::load_before(conn, &mut sales, &self.state, self.now, &reward_lines)?;
        before::load_handed_over(conn, &mut sales, &self.state)?;
        for sale in &sales {
            let sale = sale.as_sale(&reward_lines);
            let decided: BTreeSet<HoldId> = sale
                .order
                .lines
                .iter()
                .filter_map(|line| match &line.hold {
                    Some(HoldRef::Id(id)) => Some(*id),
                    _ => None,
                })
                .filter(|id| self.answered.contains_key(&KeyDigest::of(&capture_key(*id))))
                .collect();
            // Spending comes before earning: an order can spend only what was there before it.
            let outcomes = self
                .in_context(actor, |state, context| state.converge_holds(&sale, &|id| decided.contains(&id), context))
                .map_err(inconsistent)?;
            for (hold_id, outcome) in &outcomes {
                // A later capture of the same hold gets this reply; here nobody waits for it.
                let _ = self.keep_capture(*hold_id, outcome)?;
                if outcome.is_ok() {
                    self.review_limit(*hold_id, &order_ref(sale.order), actor)?;
                }
            }
            self.in_context(actor, |state, context| state.converge_earning(&sale, context)).map_err(inconsistent)?;
            let late: Vec<HoldId> = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(id, _)| *id).collect();
            let mut sale = sale;
            before::note_fresh_redemptions(&mut sale, &self.state, &late);
            self.review(&sale, actor).map_err(inconsistent)?;
        }
        for entry in self.state.entries.iter_mut().skip(posted_before).filter(|entry| entry.reason.is_none()) {
            entry.reason.clone_from(&request.reason);
        }
        let orders: Vec<&Order> = sales.iter().map(Ready::order).collect();
        self.in_context(actor, |state, context| state.raise_unseen(&orders, context)).map_err(store::corrupt)?;
        let posted = self.state.entries.len().saturating_sub(posted_before);
        Ok(Answer::Ingested(Ingested {
            orders_changed: self.affected.changed(position),
            entries_posted: u64::try_from(posted).unwrap_or(u64::MAX),
        }))
    }
}
