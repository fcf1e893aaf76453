//! One batch in one transaction: load what the commands name, let each decide in order, write the rest.

mod chain;
mod transfer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) use self::transfer::orphan_key;
use super::command::{Answer, Command, Request};
use super::facts::Facts;
use super::programs::ProgramCache;
use super::reply::{ErrorBody, LedgerError};
use super::sales::{self, Affected, Ready};
use super::verdict::{
    adjust_key, caller_key, capture_key, capture_reply, hold_reply, is_callers, reply_from_text, reply_to_text,
};
use super::{Options, debts, drafts, redemptions};
use crate::domain::account::Expiry;
use crate::domain::book::{Book, Moment, OrderRef, Trouble};
use crate::domain::chain::ChainHash;
use crate::domain::converge::{Sale, order_ref};
use crate::domain::decide::{Captured, Correction, Denied, Given, HoldAsk};
use crate::domain::entry::{EXPIRY, EntryKind};
use crate::domain::hold::{Hold, HoldState, ReplyTerms};
use crate::domain::ids::{AccountId, HoldId, PartnerId, ProductId, ProgramId, SaleId};
use crate::domain::order::Order;
use crate::domain::points::Points;
use crate::domain::redemption_review::ReviewRules;
use crate::domain::refusal::Refusal;
use crate::domain::shop::Ingested;
use crate::domain::timeline::Timeline;
use crate::store::accounts::StoredAccount;
use crate::store::exceptions::ExceptionRow;
use crate::store::holds::HoldReply;
use crate::store::memberships::Memberships;
use crate::store::replies::{KeyDigest, RecordedReply};
use crate::store::{
    self, AnyConnection, Pool, StoreError, accounts, entries, entry_texts, exceptions, holds, orders, postings, replies,
};

/// How a batch is made of its commands.
pub(super) type Run = fn(&Context, &mut AnyConnection, &mut Facts, &[Command]) -> Result<Vec<Answer>, LedgerError>;

/// What every batch needs.
#[derive(Debug)]
pub(super) struct Context {
    pub pool: Pool,
    /// [`run`], but where a test has to see what becomes of a batch that goes wrong.
    pub run: Run,
    pub options: Options,
    pub programs: ProgramCache,
    pub health: super::writer::Health,
}

/// The state a batch works with.
struct Batch {
    timelines: Arc<Vec<Timeline>>,
    book: Book,
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
    affected: Affected,
    memberships: Memberships,
    /// The drafts of holds, completed, by the position of their command.
    drafts: BTreeMap<usize, Order>,
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

/// What a key was asked and answered.
struct Answered {
    params_sha256: Vec<u8>,
    reply: Result<Value, ErrorBody>,
}

/// What a decision comes to: the reply and, where it gives a hold, what its row keeps of the reply.
struct Decision {
    reply: Value,
    given: Option<(HoldId, ReplyTerms)>,
}

impl From<Value> for Decision {
    fn from(reply: Value) -> Self {
        Self { reply, given: None }
    }
}

/// The reward that a till asks for.
struct Wish<'a> {
    program: &'a str,
    reward: &'a str,
    points: Option<Points>,
    replaces: Option<HoldId>,
}

/// Runs a batch. All of it commits or nothing does. When it fails, nothing of `facts` may be believed any more.
pub(super) fn run(
    context: &Context,
    conn: &mut AnyConnection,
    facts: &mut Facts,
    commands: &[Command],
) -> Result<Vec<Answer>, LedgerError> {
    let (answers, written) = store::transaction::write_transaction(conn, |conn| {
        facts.begin(conn)?;
        let mut batch = Batch::load(context, conn, facts, commands)?;
        let mut answers = Vec::with_capacity(commands.len());
        for (position, command) in commands.iter().enumerate() {
            answers.push(batch.apply(conn, position, command)?);
        }
        Ok::<_, LedgerError>((answers, batch.write(conn)?))
    })?;
    if commands.iter().any(|command| matches!(command, Command::Transfer(_))) {
        // It changed whose orders, holds and memberships are, which only a fresh look shows.
        *facts = Facts::default();
    } else {
        facts.bring_back(written.accounts, written.holds);
    }
    // Counted once it is true.
    for kind in written.entries {
        metrics::counter!("loyalty_entries_total", "kind" => kind).increment(1);
    }
    for (kind, detail) in written.exceptions {
        super::announce(kind, &detail);
    }
    Ok(answers)
}

/// What a batch wrote, for logs and metrics, and what it left.
struct Written {
    accounts: Vec<StoredAccount>,
    holds: BTreeMap<HoldId, Hold>,
    entries: Vec<&'static str>,
    exceptions: Vec<(&'static str, String)>,
}

fn trouble(problem: Trouble) -> LedgerError {
    LedgerError::Store(store::corrupt(problem))
}

impl Batch {
    fn load(
        context: &Context,
        conn: &mut AnyConnection,
        facts: &mut Facts,
        commands: &[Command],
    ) -> Result<Self, LedgerError> {
        if commands.iter().any(Command::brings_orders) {
            store::programs::guard(conn)?;
        }
        // Orders first: their rows are locked before any account, in every writer.
        let affected = sales::take_in(conn, context.options.wallet, commands)?;
        let timelines = facts.timelines(conn, &context.programs)?;
        let transfer = transfer::Prepared::load(conn, context.options.wallet, commands)?;
        let by_code: BTreeMap<&str, ProgramId> =
            timelines.iter().map(|timeline| (timeline.code.as_str(), timeline.id)).collect();

        let wallets = wallets(conn, context, commands)?;
        let member = |partner: &PartnerId| wallets.get(partner).copied().unwrap_or(*partner);
        let mut keys: BTreeSet<(PartnerId, ProgramId)> = BTreeSet::new();
        let mut named_holds: BTreeSet<HoldId> = commands.iter().filter_map(Command::replaced).collect();
        let mut draft_uuids: BTreeSet<String> = BTreeSet::new();
        let mut asked_keys: BTreeSet<KeyDigest> = BTreeSet::new();
        let mut account_ids: BTreeSet<AccountId> = BTreeSet::new();
        let mut currencies: BTreeSet<String> = BTreeSet::new();
        for command in commands {
            match command {
                Command::Hold { idempotency, partner_id, program, draft, .. } => {
                    asked_keys.insert(KeyDigest::of(&caller_key(idempotency)));
                    keys.extend(by_code.get(program.as_str()).map(|id| (member(partner_id), *id)));
                    draft_uuids.extend(draft.uuid.clone());
                    currencies.insert(draft.currency.clone());
                }
                Command::Adjust { idempotency, partner_id, program, correction, .. } => {
                    asked_keys.insert(KeyDigest::of(&adjust_key(idempotency, correction)));
                    keys.extend(by_code.get(program.as_str()).map(|id| (member(partner_id), *id)));
                }
                Command::Capture { hold_id, .. } | Command::Release { hold_id, .. } => {
                    named_holds.insert(*hold_id);
                }
                Command::Settle { accounts } => account_ids.extend(accounts),
                Command::Transfer(asked) => asked_keys.extend(asked.reply_key().as_deref().map(KeyDigest::of)),
                Command::Ingest { .. } | Command::Forget { .. } | Command::Recompute { .. } => {}
            }
        }
        keys.extend(transfer.iter().flat_map(transfer::Prepared::account_keys));
        named_holds.extend(affected.hold_ids());
        currencies.extend(affected.currencies_of_rewards());

        // Before any account is made or locked, in every writer.
        holds::lock_drafts(conn, &draft_uuids, &asked_keys)?;
        let members = wallets.values().copied().chain(affected.owners()).collect();
        let memberships = facts.memberships(conn, &members)?;
        let mut affected = affected.compute(&timelines, &memberships)?;
        let (ignored, others) = affected.ignored();
        orders::mark_ignored(conn, &ignored, true)?;
        orders::mark_ignored(conn, &others, false)?;
        keys.extend(affected.account_keys());

        let keys = facts.account_ids(conn, &keys)?;
        affected.set_accounts(&keys);
        account_ids.extend(keys.values());
        account_ids.extend(affected.posted_accounts());
        // A hold changes its account only when its member's points move. A batch that waited for that reads it again.
        // Those made for an order count also where no line of it carries them.
        let made_for = holds::load(conn, holds::Which::Orders(&affected.uuids()))?;
        let named: Vec<HoldId> = named_holds.iter().filter(|id| !made_for.contains_key(id)).copied().collect();
        let mut named_now = facts.holds(conn, &named)?;
        named_now.extend(made_for);
        account_ids.extend(named_now.values().map(|hold| hold.account_id));

        if accounts::lock(conn, &account_ids)? == accounts::Locked::Now {
            named_now = facts.holds(conn, &named_now.into_keys().collect::<Vec<_>>())?;
            let is_elsewhere = named_now.values().any(|hold| !account_ids.contains(&hold.account_id));
            if is_elsewhere || self::wallets(conn, context, commands)? != wallets {
                return Err(StoreError::Moved.into());
            }
        }
        let now = store::time::database_now(conn)?;
        let (loaded, open_holds) = facts.take_accounts(conn, &account_ids)?;
        let (mut book, stored, debts) = opened(loaded, open_holds);
        book.holds.extend(named_now);
        let uuids: Vec<String> = draft_uuids.into_iter().collect();
        book.holds.extend(holds::load(conn, holds::Which::Orders(&uuids))?);
        let ids: Vec<AccountId> = book.accounts.keys().copied().collect();
        book.holds.extend(uses(conn, &timelines, &ids, commands, now)?);
        book.holds.extend(redemptions::uses_beside_late(conn, &named_holds, &book, &timelines, now)?);
        (book.holds, book.neighbours) =
            book.holds.into_iter().partition(|(_, hold)| stored.contains_key(&hold.account_id));
        book.postings = affected.postings();

        let (drafts, archived) = complete_drafts(conn, facts, commands, &timelines)?;
        let answered = answered(conn, &asked_keys, &book)?;
        let decimals = currencies
            .into_iter()
            .map(|code| facts.decimals(conn, &code).map(|decimals| (code, decimals)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Self {
            timelines,
            book,
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
            archived,
            transfer,
            now,
        })
    }

    fn timeline(&self, code: &str) -> Result<Timeline, Refusal> {
        self.timelines
            .iter()
            .find(|timeline| timeline.code == code)
            .cloned()
            .ok_or_else(|| Refusal::UnknownProgram(code.to_owned()))
    }

    fn apply(&mut self, conn: &mut AnyConnection, position: usize, command: &Command) -> Result<Answer, LedgerError> {
        match command {
            Command::Hold { idempotency, partner_id, program, reward, points, replaces, actor, .. } => {
                let draft =
                    self.drafts.remove(&position).ok_or_else(|| store::corrupt(crate::domain::book::Missing))?;
                self.decided_once(&caller_key(idempotency), &idempotency.params_sha256, |batch| {
                    let wish = Wish { program, reward, points: *points, replaces: *replaces };
                    batch.hold(*partner_id, &wish, &draft, actor)
                })
            }
            Command::Adjust { idempotency, partner_id, program, correction, actor } => {
                self.decided_once(&adjust_key(idempotency, correction), &idempotency.params_sha256, |batch| {
                    batch.adjust(*partner_id, program, correction, actor).map(Decision::from)
                })
            }
            Command::Capture { hold_id, order, actor } => self.capture(*hold_id, order, actor),
            Command::Release { hold_id, reason, actor } => {
                let outcome = self.with_moment(actor, |book, moment| book.release(*hold_id, reason, moment));
                settle_outcome(outcome.map(|()| json!({"released": true})))
            }
            Command::Settle { accounts } => {
                for account in accounts {
                    self.with_moment(EXPIRY, |book, moment| book.settle(*account, moment)).map_err(trouble)?;
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
                store::programs::advance_recompute(conn, *work, *then_after)?;
                Ok(answer)
            }
        }
    }

    fn with_moment<T>(&mut self, actor: &str, work: impl FnOnce(&mut Book, &mut Moment<'_>) -> T) -> T {
        let mut ids = Uuid::now_v7;
        let mut moment = Moment { now: self.now, actor, ids: &mut ids };
        work(&mut self.book, &mut moment)
    }

    /// One reply a key: the first is kept with its parameters, every repetition gets it again.
    fn decided_once(
        &mut self,
        key: &str,
        params_sha256: &str,
        decide: impl FnOnce(&mut Self) -> Result<Decision, Denied>,
    ) -> Result<Answer, LedgerError> {
        let (digest, params_sha256) = (KeyDigest::of(key), params_to_bytes(params_sha256)?);
        if let Some(before) = self.answered.get(&digest) {
            if before.params_sha256 != params_sha256 {
                return settle_outcome(Err(Refusal::IdempotencyConflict.into()));
            }
            return Ok(Answer::Reply(before.reply.clone()));
        }
        let outcome = decide(self);
        let nothing_was_decided = matches!(
            &outcome,
            Err(Denied::Refused(
                Refusal::UnknownProgram(_)
                    | Refusal::UnknownReward { .. }
                    | Refusal::UnknownPartner(_)
                    | Refusal::UnknownHold(_)
                    | Refusal::UnreadableProgram { .. }
                    | Refusal::Overflow(_)
            ))
        );
        let (outcome, given) = match outcome {
            Ok(Decision { reply, given }) => (Ok(reply), given),
            Err(denied) => (Err(denied), None),
        };
        let answer = settle_outcome(outcome)?;
        if let (Answer::Reply(reply), false) = (&answer, nothing_was_decided) {
            match given {
                Some((hold, terms)) => {
                    self.given.insert(hold, HoldReply { key: digest, params_sha256: params_sha256.clone(), terms });
                    self.answered.insert(digest, Answered { params_sha256, reply: reply.clone() });
                }
                // That of a capture or of an import decides what is done later, and is kept.
                None => self.record(digest, params_sha256, reply, reply.is_err() && is_callers(key)),
            }
        }
        Ok(answer)
    }

    /// Records a reply; one that is marked as a refusal may be removed again.
    fn record(&mut self, key: KeyDigest, params_sha256: Vec<u8>, reply: &Result<Value, ErrorBody>, refusal: bool) {
        self.fresh_replies.push(RecordedReply {
            key,
            params_sha256: params_sha256.clone(),
            reply: reply_to_text(reply),
            recorded_at_us: self.now.timestamp_micros(),
            refusal,
        });
        self.answered.insert(key, Answered { params_sha256, reply: reply.clone() });
    }

    fn hold(&mut self, partner_id: PartnerId, wish: &Wish<'_>, draft: &Order, actor: &str) -> Result<Decision, Denied> {
        let timeline = self.timeline(wish.program)?;
        let member = self.member_of(partner_id);
        let account_id = self.account_of(member, &timeline)?;
        let currency_decimals = self.decimals.get(&draft.currency).copied().unwrap_or(2);
        let membership = self.memberships.get(&(member, timeline.id)).cloned().unwrap_or_default();
        let archived = std::mem::take(&mut self.archived);
        let ask = HoldAsk {
            account_id,
            partner_id,
            timeline: &timeline,
            reward: wish.reward,
            points: wish.points,
            replaces: wish.replaces,
            draft,
            currency_decimals,
            membership: &membership,
            archived: &archived,
        };
        let given = self.with_moment(actor, |book, moment| book.hold(&ask, moment));
        self.archived = archived;
        let Given { hold, kind, max_share } = given?;
        let terms = ReplyTerms { kind: kind.to_owned(), decimals: currency_decimals, max_share };
        Ok(Decision { reply: hold_reply(&hold, &terms), given: Some((hold.id, terms)) })
    }

    fn member_of(&self, partner_id: PartnerId) -> PartnerId {
        self.wallets.get(&partner_id).copied().unwrap_or(partner_id)
    }

    fn account_of(&self, partner_id: PartnerId, timeline: &Timeline) -> Result<AccountId, Denied> {
        let id = self.keys.get(&(partner_id, timeline.id)).copied();
        Ok(id.ok_or(crate::domain::book::Missing)?)
    }

    fn adjust(
        &mut self,
        partner_id: PartnerId,
        program: &str,
        correction: &Correction,
        actor: &str,
    ) -> Result<Value, Denied> {
        let timeline = self.timeline(program)?;
        let account_id = self.account_of(self.member_of(partner_id), &timeline)?;
        let (entry_id, balance) =
            self.with_moment(actor, |book, moment| book.adjust(account_id, correction, &timeline, moment))?;
        Ok(json!({"entry_id": entry_id.to_string(), "balance": balance.to_string()}))
    }

    fn capture(&mut self, hold_id: HoldId, order: &OrderRef, actor: &str) -> Result<Answer, LedgerError> {
        let hold = self.book.holds.get(&hold_id);
        if hold.is_none_or(|hold| order.uuid.as_deref() == Some(hold.order_uuid.as_str())) {
            if let Some(reply) = hold.and_then(capture_reply) {
                return Ok(Answer::Reply(Ok(reply)));
            }
            if let Some(before) = self.answered.get(&KeyDigest::of(&capture_key(hold_id))) {
                return Ok(Answer::Reply(before.reply.clone()));
            }
        }
        let now = self.now;
        let outcome = self.with_moment(actor, |book, moment| book.capture(hold_id, order, now, moment));
        let outcome = match outcome {
            Ok(captured) => Ok(captured),
            Err(Denied::Refused(refusal)) => Err(refusal),
            Err(Denied::Trouble(problem)) => return Err(trouble(problem)),
        };
        if outcome.is_ok() {
            self.review_limit(hold_id, order, actor)?;
        }
        let reply = self.keep_capture(hold_id, &outcome);
        Ok(Answer::Reply(reply))
    }

    fn review_limit(&mut self, hold_id: HoldId, order: &OrderRef, actor: &str) -> Result<(), LedgerError> {
        let timelines = Arc::clone(&self.timelines);
        self.with_moment(actor, |book, moment| book.review_limit(hold_id, &timelines, order, moment))
            .map_err(store::corrupt)
            .map_err(LedgerError::Store)
    }

    /// Looks at the rewards of a sale whose holds are captured: whether they fit what was paid, and whether they stand.
    fn review(&mut self, sale: &Sale<'_>, actor: &str) -> Result<(), Trouble> {
        let timelines = Arc::clone(&self.timelines);
        let currency_decimals = self.decimals.get(&sale.order.currency).copied().unwrap_or(2);
        let rules = ReviewRules { timelines: &timelines, currency_decimals };
        self.with_moment(actor, |book, moment| {
            book.review_prices(sale, rules, moment)?;
            book.converge_restores(sale, moment)?;
            book.converge_reversals(sale, moment)
        })
    }

    /// Keeps the one reply of a capture, when this was it. Of one that succeeded, the entry is the reply.
    fn keep_capture(&mut self, hold_id: HoldId, outcome: &Result<Captured, Refusal>) -> Result<Value, ErrorBody> {
        let reply = outcome.as_ref().map_err(ErrorBody::from).map(
            |captured| json!({"entry_id": captured.entry_id.to_string(), "balance": captured.balance.to_string()}),
        );
        if matches!(outcome, Err(Refusal::HoldExpired { .. })) {
            // No till waits for that of a hold that was put back: a rebuild may try it again.
            let may_go = self.book.holds.get(&hold_id).is_some_and(Hold::is_put_back);
            self.record(KeyDigest::of(&capture_key(hold_id)), Vec::new(), &reply, may_go);
        }
        reply
    }

    /// Posts what the sales that a command brought up lack.
    fn converge(
        &mut self,
        conn: &mut AnyConnection,
        position: usize,
        request: &Request,
    ) -> Result<Answer, LedgerError> {
        let actor = request.actor.as_str();
        let before = self.book.entries.len();
        let mut sales = self.affected.take(position);
        let reward_lines = redemptions::lines_of(conn, &sales, &self.book)?;
        sales::load_before(conn, &mut sales, &self.book, self.now, &reward_lines)?;
        sales::load_handed_over(conn, &mut sales, &self.book)?;
        for sale in &sales {
            let sale = sale.as_sale(&reward_lines);
            let decided: BTreeSet<HoldId> = sale
                .order
                .lines
                .iter()
                .filter_map(|line| match &line.hold {
                    Some(crate::domain::order::HoldRef::Id(id)) => Some(*id),
                    _ => None,
                })
                .filter(|id| self.answered.contains_key(&KeyDigest::of(&capture_key(*id))))
                .collect();
            // Spending comes before earning: an order can spend only what was there before it.
            let outcomes = self
                .with_moment(actor, |book, moment| book.converge_holds(&sale, &|id| decided.contains(&id), moment))
                .map_err(trouble)?;
            for (hold_id, outcome) in &outcomes {
                // The reply is for whoever captures later; here nobody waits for it.
                let _ = self.keep_capture(*hold_id, outcome);
                if outcome.is_ok() {
                    self.review_limit(*hold_id, &order_ref(sale.order), actor)?;
                }
            }
            self.with_moment(actor, |book, moment| book.converge_earning(&sale, moment)).map_err(trouble)?;
            let late: Vec<HoldId> = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(id, _)| *id).collect();
            let mut sale = sale;
            sales::note_fresh_redemptions(&mut sale, &self.book, &late);
            self.review(&sale, actor).map_err(trouble)?;
        }
        for entry in self.book.entries.iter_mut().skip(before).filter(|entry| entry.reason.is_none()) {
            entry.reason.clone_from(&request.reason);
        }
        let orders: Vec<&Order> = sales.iter().map(Ready::order).collect();
        self.with_moment(actor, |book, moment| book.raise_unseen(&orders, moment)).map_err(store::corrupt)?;
        let posted = self.book.entries.len().saturating_sub(before);
        Ok(Answer::Ingested(Ingested {
            orders_changed: self.affected.changed(position),
            entries_posted: u64::try_from(posted).unwrap_or(u64::MAX),
        }))
    }

    fn write(mut self, conn: &mut AnyConnection) -> Result<Written, LedgerError> {
        let closed = debts::review(&mut self.book, &mut self.debts, &self.timelines, self.now)?;
        let mut stored = self.stored;
        let (rows, texts) = chain::rows(&self.book.entries, &mut stored)?;
        entries::append(conn, &rows)?;
        entry_texts::append(conn, &texts)?;
        let changed: Vec<accounts::Changed<'_>> = self
            .book
            .changed_accounts
            .iter()
            .filter_map(|id| {
                let account = self.book.accounts.get(id)?;
                let Stored { entry_count, last_hash, lots, loaded } = stored.get(id)?;
                let entry_count = *entry_count;
                let debt_exception_id = self.debts.get(id).map(String::as_str);
                // Points move by entries alone; that some are held stands elsewhere.
                let is_as_loaded = loaded.entry_count == entry_count && loaded.debt.as_deref() == debt_exception_id;
                let changed =
                    accounts::Changed { account, lots_before: lots, entry_count, last_hash, debt_exception_id };
                (!is_as_loaded).then_some(changed)
            })
            .collect();
        accounts::save(conn, &changed)?;
        write_holds(conn, &self.book, &self.given)?;
        let changed: BTreeMap<(SaleId, AccountId), Points> = self
            .book
            .changed_postings
            .iter()
            .filter_map(|key| self.book.postings.get(key).map(|points| (*key, *points)))
            .collect();
        postings::save(conn, &changed)?;
        let mut raised = Vec::new();
        for exception in self.book.exceptions {
            if exceptions::insert(conn, &ExceptionRow::new(&exception, self.now))? {
                raised.push((exception.kind, exception.detail));
            }
        }
        exceptions::close(conn, &closed, debts::OVER, self.now.timestamp_micros())?;
        replies::append(conn, &self.fresh_replies)?;
        let entries = self.book.entries.iter().map(|entry| entry.kind.word()).collect();
        let stored = self.book.accounts.into_iter().filter_map(|(id, account)| {
            let Stored { entry_count, last_hash, .. } = stored.remove(&id)?;
            Some(StoredAccount { account, entry_count, last_hash, debt_exception_id: self.debts.remove(&id) })
        });
        let accounts = stored.collect();
        Ok(Written { accounts, holds: self.book.holds, entries, exceptions: raised })
    }
}

/// Writes the holds that are new or have changed, after the entries.
fn write_holds(conn: &mut AnyConnection, book: &Book, given: &BTreeMap<HoldId, HoldReply>) -> Result<(), StoreError> {
    let changed = book.changed_holds.iter().filter_map(|id| book.holds.get(id));
    let (new, changed): (Vec<&Hold>, Vec<&Hold>) = changed.partition(|hold| given.contains_key(&hold.id));
    let new: Vec<(&Hold, Option<&HoldReply>)> = new.into_iter().map(|hold| (hold, given.get(&hold.id))).collect();
    holds::insert(conn, &new)?;
    let redeems = book.entries.iter().filter(|entry| entry.kind == EntryKind::Redeem);
    holds::update(conn, &changed, &redeems.filter_map(|entry| entry.hold_id).collect())
}

/// What these keys were answered, and captures of these holds that were refused. A reply stands with its hold where one was
/// given.
fn answered(
    conn: &mut AnyConnection,
    asked: &BTreeSet<KeyDigest>,
    book: &Book,
) -> Result<BTreeMap<KeyDigest, Answered>, LedgerError> {
    // Of a hold that is open, no capture was refused.
    let refused = book.holds.values().chain(book.neighbours.values()).filter(|hold| hold.state != HoldState::Open);
    let refused = refused.map(|hold| KeyDigest::of(&capture_key(hold.id)));
    let asked: Vec<KeyDigest> = asked.iter().copied().collect();
    let all: Vec<KeyDigest> = asked.iter().copied().chain(refused).collect();
    let mut found = BTreeMap::new();
    for (key, recorded) in replies::load(conn, &all)? {
        let reply = reply_from_text(&recorded.reply)?;
        found.insert(key, Answered { params_sha256: recorded.params_sha256, reply });
    }
    for (hold, HoldReply { key, params_sha256, terms }) in holds::replied(conn, &asked)? {
        found.insert(key, Answered { params_sha256, reply: Ok(hold_reply(&hold, &terms)) });
    }
    Ok(found)
}

/// The digest of what was asked, as bytes.
fn params_to_bytes(params_sha256: &str) -> Result<Vec<u8>, LedgerError> {
    Ok(hex::decode(params_sha256).map_err(store::corrupt)?)
}

/// The drafts of holds, completed, by the position of their command; and the products of rewards that were archived.
fn complete_drafts(
    conn: &mut AnyConnection,
    facts: &mut Facts,
    commands: &[Command],
    timelines: &[Timeline],
) -> Result<(BTreeMap<usize, Order>, BTreeSet<ProductId>), LedgerError> {
    let (positions, mut drafts): (Vec<usize>, Vec<Order>) = commands
        .iter()
        .enumerate()
        .filter_map(|(position, command)| match command {
            Command::Hold { draft, .. } => Some((position, Order::clone(draft))),
            _ => None,
        })
        .unzip();
    let archived =
        if drafts.is_empty() { BTreeSet::new() } else { drafts::complete(conn, facts, &mut drafts, timelines)? };
    Ok((positions.into_iter().zip(drafts).collect(), archived))
}

/// A book of accounts and their open holds, what is stored of the accounts beside that, and which exception tells of
/// whose debt.
fn opened(
    loaded: Vec<StoredAccount>,
    open_holds: BTreeMap<HoldId, Hold>,
) -> (Book, BTreeMap<AccountId, Stored>, BTreeMap<AccountId, String>) {
    let mut book = Book { holds: open_holds, ..Book::default() };
    let (mut stored, mut debts) = (BTreeMap::new(), BTreeMap::new());
    for one in loaded {
        let lots = one.account.lots().clone();
        let loaded = Loaded { entry_count: one.entry_count, debt: one.debt_exception_id.clone() };
        debts.extend(one.debt_exception_id.map(|exception| (one.account.id, exception)));
        stored.insert(one.account.id, Stored { entry_count: one.entry_count, last_hash: one.last_hash, lots, loaded });
        book.accounts.insert(one.account.id, one.account);
    }
    (book, stored, debts)
}

/// The rewards that limits count: of the programs that holds are asked for, those with a limit.
fn uses(
    conn: &mut AnyConnection,
    timelines: &[Timeline],
    accounts: &[AccountId],
    commands: &[Command],
    now: DateTime<Utc>,
) -> Result<BTreeMap<HoldId, Hold>, LedgerError> {
    let asked: BTreeSet<&str> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Hold { program, .. } => Some(program.as_str()),
            _ => None,
        })
        .collect();
    let timelines = timelines.iter().filter(|timeline| asked.contains(timeline.code.as_str()));
    let (rewards, from) = super::drafts::limited(timelines, now);
    if rewards.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(holds::load(conn, holds::Which::Uses { accounts, rewards: &rewards, from })?)
}

/// Whose points those of the customers are whom commands name: the contact's own, or its company's.
fn wallets(
    conn: &mut AnyConnection,
    context: &Context,
    commands: &[Command],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    let named = commands.iter().filter_map(|command| match command {
        Command::Hold { partner_id, .. } | Command::Adjust { partner_id, .. } => Some(*partner_id),
        _ => None,
    });
    let partners: Vec<PartnerId> = named.collect::<BTreeSet<_>>().into_iter().collect();
    super::wallets::wallets_of(conn, context.options.wallet, &partners)
}

fn settle_outcome(outcome: Result<Value, Denied>) -> Result<Answer, LedgerError> {
    match outcome {
        Ok(value) => Ok(Answer::Reply(Ok(value))),
        Err(Denied::Refused(refusal)) => Ok(Answer::Reply(Err(ErrorBody::from(&refusal)))),
        Err(Denied::Trouble(problem)) => Err(trouble(problem)),
    }
}
