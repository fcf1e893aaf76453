//! The writer's SQL and nothing else: the same statements with the same rows in batches of the same size, by one
//! thread of one process. No HTTP, no JSON, no decisions.
//!
//! That they are the same is checked each time: the texts of a batch are held against those of the real writer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use loyalty_sidecar::domain::account::Account;
use loyalty_sidecar::domain::entry::{Cause, Detail, Entry, EntryKind};
use loyalty_sidecar::domain::hold::{Hold, HoldState, LineShare};
use loyalty_sidecar::domain::ids::{AccountId, EntryId, HoldId, PartnerId, PosConfigId, ProductId};
use loyalty_sidecar::domain::money::Money;
use loyalty_sidecar::domain::points::Points;
use loyalty_sidecar::ledger::LedgerError;
use loyalty_sidecar::store::accounts::StoredAccount;
use loyalty_sidecar::store::connection::DatabaseUrl;
use loyalty_sidecar::store::entries::EntryRow;
use loyalty_sidecar::store::holds::Which;
use loyalty_sidecar::store::pool::Lent;
use loyalty_sidecar::store::transaction::{self, write_transaction};
use loyalty_sidecar::store::verdicts::Verdict;
use loyalty_sidecar::store::{AnyConnection, Pool, accounts, entries, holds, time, verdicts};
use rust_decimal::Decimal;
use uuid::Uuid;

/// One connection, the accounts (the writer knows those it has written, too), and the holds that wait for their capture.
pub struct SameSql {
    conn: Lent,
    accounts: BTreeMap<AccountId, StoredAccount>,
    ids: Vec<AccountId>,
    next: usize,
    open: Vec<Hold>,
}

const REPLY: &str = r#"{"result":{"add":"as long as the reply to a hold, which says what it takes off each line of the draft","expires_at":"2026-11-26T12:00:00Z","discount":"5.00","hold_id":"01900000-0000-7000-8000-000000000000","kind":"discount_amount"}}"#;
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

impl SameSql {
    /// On a filled database that nobody else writes.
    pub fn new(url: &str) -> Self {
        let pool = Pool::open(DatabaseUrl::parse(url).unwrap(), 1).unwrap();
        let mut conn = pool.get().unwrap();
        let mut accounts = BTreeMap::new();
        let mut after = AccountId(0);
        loop {
            let page = accounts::load(&mut conn, &accounts::Which::After(after, 1000)).unwrap();
            let Some(last) = page.last() else { break };
            after = last.account.id;
            accounts.extend(page.into_iter().map(|one| (one.account.id, one)));
        }
        let ids = accounts.keys().copied().collect();
        Self { conn, accounts, ids, next: 0, open: Vec::new() }
    }

    /// One transaction: so many captures of holds made before, and so many new holds.
    pub fn batch(&mut self, new: usize, captured: usize) {
        let spent: Vec<Hold> = self.open.drain(..captured.min(self.open.len())).collect();
        let asked: Vec<(AccountId, String)> = (0..new)
            .map(|_| {
                self.next = (self.next + 7919) % self.ids.len();
                (self.ids[self.next], format!("order-{}", Uuid::now_v7()))
            })
            .collect();
        let accounts = &mut self.accounts;
        let made = write_transaction(&mut self.conn, |conn| write(conn, accounts, &asked, &spent)).unwrap();
        self.open.extend(made);
    }
}

fn write(
    conn: &mut AnyConnection,
    accounts: &mut BTreeMap<AccountId, StoredAccount>,
    asked: &[(AccountId, String)],
    spent: &[Hold],
) -> Result<Vec<Hold>, LedgerError> {
    transaction::data_version(conn)?;
    let now = time::database_now(conn)?;
    let orders: Vec<String> = asked.iter().map(|(_, order)| order.clone()).collect();
    holds::load(conn, Which::Orders(&orders))?;
    let mut keys: Vec<String> = orders.iter().map(|order| format!("key/{order}")).collect();
    keys.extend(spent.iter().map(|hold| format!("capture/{}", hold.id)));
    verdicts::load(conn, &keys)?;

    let mut rows = Vec::new();
    let mut lots_before = BTreeMap::new();
    for hold in spent {
        let chain = accounts.get_mut(&hold.account_id).unwrap();
        lots_before.entry(hold.account_id).or_insert_with(|| chain.account.lots().clone());
        chain.entry_count += 1;
        let account = &mut chain.account;
        account.end_hold(hold.id);
        account.take(hold.points, &[]).unwrap();
        let entry = entry(hold, account, now);
        let detail = r#"{"lots":[{"expires_at":null,"points":"-100"}]}"#.to_owned();
        rows.push(EntryRow::new(&entry, chain.entry_count, detail, chain.last_hash.clone(), HASH.to_owned()));
    }
    let made: Vec<Hold> = asked.iter().map(|(account, order)| hold(*account, order.clone(), now)).collect();
    for hold in &made {
        let open = hold.as_open();
        accounts.get_mut(&hold.account_id).unwrap().account.open_hold(hold.id, open);
    }
    entries::append(conn, &rows)?;
    let touched: BTreeSet<AccountId> = spent.iter().chain(&made).map(|hold| hold.account_id).collect();
    let changed: Vec<accounts::Changed<'_>> = touched
        .iter()
        .filter_map(|id| accounts.get(id))
        .map(|one| accounts::Changed {
            account: &one.account,
            // A capture changes the account's one lot; a hold changes none.
            lots_before: lots_before.get(&one.account.id).unwrap_or_else(|| one.account.lots()),
            entry_count: one.entry_count,
            last_hash: &one.last_hash,
            debt_exception_id: one.debt_exception_id.as_deref(),
        })
        .collect();
    accounts::save(conn, &changed)?;
    let mut ended: Vec<Hold> = spent.to_vec();
    for hold in &mut ended {
        hold.state = HoldState::Captured;
        hold.ended_at = Some(now);
        hold.entry_id = Some(hold.id.to_string());
    }
    let saved: Vec<&Hold> = made.iter().chain(&ended).collect();
    holds::save(conn, &saved)?;
    let verdicts: Vec<Verdict> = keys
        .into_iter()
        .map(|idempotency_key| Verdict {
            idempotency_key,
            params_sha256: HASH.to_owned(),
            reply: REPLY.to_owned(),
            recorded_at_us: now.timestamp_micros(),
            refusal: false,
        })
        .collect();
    verdicts::append(conn, &verdicts)?;
    Ok(made)
}

fn entry(hold: &Hold, account: &Account, now: DateTime<Utc>) -> Entry {
    Entry {
        id: EntryId(Uuid::now_v7()),
        account_id: hold.account_id,
        kind: EntryKind::Redeem,
        points: hold.points.negate().unwrap(),
        balance_after: account.balance(),
        occurred_at: now,
        recorded_at: now,
        cause: Cause {
            model: "pos.order".to_owned(),
            id: None,
            uuid: Some(hold.order_uuid.clone()),
            name: String::new(),
        },
        program_version: Some(1),
        sale: None,
        hold_id: Some(hold.id),
        reason: Some(hold.reward.clone()),
        actor: "bench".to_owned(),
        detail: Detail::default(),
    }
}

fn hold(account_id: AccountId, order_uuid: String, now: DateTime<Utc>) -> Hold {
    Hold {
        replaces: None,
        carried: None,
        id: HoldId(Uuid::now_v7()),
        account_id,
        order_uuid,
        program_version: 1,
        reward: "5off".to_owned(),
        points: Points::from_e2(10_000),
        discount: Money::from_e4(50_000),
        lines: vec![LineShare { position: 0, uuid: None, product_id: None, off: Money::from_e4(50_000) }],
        product_id: None,
        covered_quantity: Decimal::ZERO,
        add_quantity: Decimal::ZERO,
        price: None,
        covers: None,
        state: HoldState::Open,
        created_at: now,
        expires_at: now + TimeDelta::minutes(15),
        ended_at: None,
        reason: None,
        entry_id: None,
        restored: Points::ZERO,
        actor: "bench".to_owned(),
    }
}

/// What the real writer runs for a hold, and then for its capture, each alone in its batch: the statements, in order.
pub fn texts_of_a_redemption(url: &str) -> Vec<String> {
    use loyalty_sidecar::domain::book::OrderRef;
    use loyalty_sidecar::domain::order::{Line, LineRole, Order, OrderState};
    use loyalty_sidecar::ledger::{Command, Idempotency};

    super::commands::install();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (ledger, writers) = super::service::ledger(url);
    let uuid = format!("checked-{}", Uuid::now_v7());
    let line = Line {
        id: None,
        uuid: Some("1".to_owned()),
        product_id: Some(ProductId(1)),
        quantity: Decimal::ONE,
        subtotal: Money::from_e4(250_000),
        subtotal_incl: Money::from_e4(250_000),
        refunds: None,
        hold: None,
        role: LineRole::Counts,
        pos_categories: Default::default(),
        product_categories: Default::default(),
        product_tags: Default::default(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: None,
        combo: None,
    };
    let draft = Order {
        id: None,
        uuid: Some(uuid.clone()),
        name: uuid.clone(),
        reference: None,
        state: OrderState::Draft,
        placed_at: Utc::now(),
        partner_id: Some(PartnerId(1)),
        partner_tags: Default::default(),
        parent_companies: Default::default(),
        links_refunds: false,
        company_id: loyalty_sidecar::domain::ids::CompanyId(1),
        currency: "USD".to_owned(),
        pos_config_id: Some(PosConfigId(1)),
        hold_field_missing: false,
        lines: vec![line],
    };
    let hold = |key: &str| Command::Hold {
        replaces: None,
        idempotency: Idempotency { key: format!("{uuid}-{key}"), params_sha256: HASH.to_owned() },
        partner_id: PartnerId(1),
        program: "club".to_owned(),
        reward: "5off".to_owned(),
        points: None,
        draft: Box::new(Order { uuid: Some(format!("{uuid}-{key}")), ..draft.clone() }),
        actor: "bench".to_owned(),
    };
    let capture = |reply: &serde_json::Value, key: &str| Command::Capture {
        hold_id: HoldId::parse(reply["hold_id"].as_str().unwrap()).unwrap(),
        order: OrderRef { id: None, uuid: Some(format!("{uuid}-{key}")), name: None },
        actor: "bench".to_owned(),
    };
    // Once unheard: what is read only the first time is no part of it.
    let reply = runtime.block_on(ledger.reply(hold("0"))).unwrap();
    runtime.block_on(ledger.reply(capture(&reply, "0"))).unwrap();
    let (reply, mut all) = super::commands::heard(|| runtime.block_on(ledger.reply(hold("1"))).unwrap());
    let (_, of_capture) = super::commands::heard(|| runtime.block_on(ledger.reply(capture(&reply, "1"))).unwrap());
    all.extend(of_capture);
    drop(ledger);
    writers.join();
    // A lane of the writer that works for the first time sets its connection up.
    all.retain(|text| text != "SELECT 1" && !text.starts_with("SET "));
    all
}

/// As [`texts_of_a_redemption`], as what is done to which table.
pub fn statements_of_a_redemption(url: &str) -> Vec<String> {
    texts_of_a_redemption(url).iter().map(|text| super::commands::gist(text)).collect()
}

/// Holds the imitation against the real writer: the same texts in the same order.
pub fn check(url: &str) {
    let wanted = texts_of_a_redemption(url);
    let mut imitation = SameSql::new(url);
    imitation.batch(1, 0);
    imitation.batch(0, 1);
    imitation.batch(1, 0);
    let ((), mut found) = super::commands::heard(|| {
        imitation.batch(1, 0);
        imitation.batch(0, 1);
    });
    found.retain(|text| text != "SELECT 1");
    assert_eq!(found, wanted, "same_sql.rs is no longer what the writer does");
}
