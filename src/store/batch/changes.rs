//! What a batch of the ledger changes, written together: on SQLite a small statement a row, on PostgreSQL one statement in
//! all, since there each round trip costs more than what it does.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use diesel::{PgConnection, sql_query};
use serde::Serialize;

use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::value::ids::{AccountId, HoldId, SaleId};
use crate::domain::value::points::Points;
use crate::store::codec::uuids;
use crate::store::connection::prepared::PreparedHere;
use crate::store::table::accounts::{self, AccountRow, Changed};
use crate::store::table::entries::{self, EntryRow};
use crate::store::table::entry_texts::{self, EntryTexts};
use crate::store::table::hold_rows::{HoldReply, HoldRow};
use crate::store::table::holds;
use crate::store::table::open_holds::OpenRow;
use crate::store::table::postings::{self, PostingRow};
use crate::store::table::recorded_replies::{self, RecordedReply, ReplyRow};
use crate::store::{AnyConnection, StoreError, corrupt};

/// What changes. The accounts must be locked, and so must the drafts and keys of the holds.
#[derive(Debug)]
pub struct BatchChanges<'a> {
    /// New entries.
    pub entries: &'a [EntryRow],
    /// Their texts.
    pub texts: &'a [EntryTexts],
    /// Accounts whose entries are new, or whose debt is another one's.
    pub accounts: &'a [Changed<'a>],
    /// New holds, each with the reply that its caller gets.
    pub new_holds: &'a [(&'a Hold, Option<&'a HoldReply>)],
    /// Holds that were there before and are different now.
    pub changed_holds: &'a [&'a Hold],
    /// Of those, the ones whose captures are among the entries.
    pub captured: &'a BTreeSet<HoldId>,
    /// What has now been posted for sales.
    pub postings: &'a BTreeMap<(SaleId, AccountId), Points>,
    /// New recorded replies.
    pub replies: &'a [RecordedReply],
}

impl BatchChanges<'_> {
    fn is_none(&self) -> bool {
        self.entries.is_empty()
            && self.accounts.is_empty()
            && self.new_holds.is_empty()
            && self.changed_holds.is_empty()
            && self.postings.is_empty()
            && self.replies.is_empty()
    }

    /// The changed holds that their rows tell: that one was captured stands in its entry alone.
    fn told_by_rows(&self) -> impl Iterator<Item = &Hold> {
        self.changed_holds.iter().copied().filter(|hold| !self.captured.contains(&hold.id) || !hold.restored.is_zero())
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Moved`] when an account has other entries than it was loaded with.
    pub fn write(&self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        if self.is_none() {
            return Ok(());
        }
        if let AnyConnection::Postgres(conn) = conn {
            return self.write_at_once(conn);
        }
        entries::append(conn, self.entries)?;
        entry_texts::append(conn, self.texts)?;
        if let AnyConnection::Sqlite(conn) = conn {
            accounts::save(conn, self.accounts)?;
        }
        holds::insert(conn, self.new_holds)?;
        let ended = self.changed_holds.iter().copied().filter(|hold| hold.state != HoldState::Open);
        crate::store::table::open_holds::remove(conn, ended)?;
        holds::update(conn, self.told_by_rows())?;
        postings::save(conn, self.postings)?;
        recorded_replies::append(conn, self.replies)
    }

    fn write_at_once(&self, conn: &mut PgConnection) -> Result<(), StoreError> {
        struct Here;
        #[derive(QueryableByName)]
        struct Saved {
            #[diesel(sql_type = BigInt)]
            saved: i64,
        }
        #[derive(Serialize)]
        struct Account {
            #[serde(flatten)]
            row: AccountRow,
            entry_count_before: i64,
        }
        let accounts: Vec<Account> = self
            .accounts
            .iter()
            .map(|one| Ok(Account { row: AccountRow::of(one)?, entry_count_before: one.entry_count_before }))
            .collect::<Result<_, StoreError>>()?;
        let account_ids: Vec<i64> = self.accounts.iter().map(|one| one.account.id.0).collect();
        let new: Vec<HoldRow> =
            self.new_holds.iter().map(|(hold, reply)| HoldRow::of(hold, *reply)).collect::<Result<_, StoreError>>()?;
        let open: Vec<OpenRow> = self
            .new_holds
            .iter()
            .filter(|(hold, _)| hold.state == HoldState::Open)
            .map(|(hold, _)| OpenRow::of(hold))
            .collect();
        let ended: Vec<&Hold> = self.changed_holds.iter().copied().filter(|one| one.state != HoldState::Open).collect();
        let of_ended: Vec<i64> = ended.iter().map(|hold| hold.account_id.0).collect();
        let ended: Vec<Vec<u8>> = ended.iter().map(|hold| uuids::to_bytes(hold.id.0)).collect();
        let told: Vec<HoldRow> =
            self.told_by_rows().map(|hold| HoldRow::of(hold, None)).collect::<Result<_, StoreError>>()?;
        let told_ids: Vec<Vec<u8>> = self.told_by_rows().map(|hold| uuids::to_bytes(hold.id.0)).collect();
        let postings: Vec<PostingRow> = PostingRow::all(self.postings);
        let replies: Vec<ReplyRow> = self.replies.iter().map(ReplyRow::of).collect();
        let statement = sql_query(AT_ONCE)
            .bind::<Text, _>(json(&self.entries)?)
            .bind::<Text, _>(json(&self.texts)?)
            .bind::<Text, _>(json(&accounts)?)
            .bind::<Array<BigInt>, _>(account_ids)
            .bind::<Text, _>(json(&new)?)
            .bind::<Text, _>(json(&open)?)
            .bind::<Array<BigInt>, _>(of_ended)
            .bind::<Array<Binary>, _>(ended)
            .bind::<Text, _>(json(&told)?)
            .bind::<Array<Binary>, _>(told_ids)
            .bind::<Text, _>(json(&postings)?)
            .bind::<Text, _>(json(&replies)?);
        let Saved { saved } = PreparedHere::<_, Here>::new(statement).get_result(conn)?;
        if usize::try_from(saved) == Ok(accounts.len()) { Ok(()) } else { Err(StoreError::Moved) }
    }
}

fn json<T: Serialize>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(corrupt)
}

/// An account is written only over the entries that it was loaded with. Rows are found by lists of keys, and what they
/// become is looked up in what was sent: a join, planned while the tables were young, might go on reading all of them.
const AT_ONCE: &str = "
WITH new_entries AS (INSERT INTO entries SELECT * FROM json_populate_recordset(NULL::entries, $1::json)),
new_texts AS (INSERT INTO entry_texts SELECT * FROM json_populate_recordset(NULL::entry_texts, $2::json)),
accounts_now AS MATERIALIZED (
    SELECT * FROM json_to_recordset($3::json) AS now (
        id BIGINT, balance_e2 BIGINT, entry_count BIGINT, entry_count_before BIGINT, last_hash BYTEA, lots BYTEA,
        first_lot_ends_us BIGINT, debt_exception_id TEXT)
),
saved AS (
    UPDATE accounts SET (balance_e2, entry_count, last_hash, lots, first_lot_ends_us, debt_exception_id) = (
        SELECT now.balance_e2, now.entry_count, now.last_hash, now.lots, now.first_lot_ends_us, now.debt_exception_id
        FROM accounts_now now WHERE now.id = accounts.id)
    WHERE accounts.id = ANY($4)
    AND accounts.entry_count = (SELECT now.entry_count_before FROM accounts_now now WHERE now.id = accounts.id)
    RETURNING accounts.id
),
new_holds AS (INSERT INTO holds SELECT * FROM json_populate_recordset(NULL::holds, $5::json)),
new_open AS (INSERT INTO open_holds SELECT * FROM json_populate_recordset(NULL::open_holds, $6::json)),
no_longer_open AS (DELETE FROM open_holds WHERE account_id = ANY($7) AND hold_id = ANY($8)),
holds_now AS MATERIALIZED (SELECT * FROM json_populate_recordset(NULL::holds, $9::json)),
told AS (
    UPDATE holds SET (ended_as, ended_at_us, reason, restored_e2) = (
        SELECT coalesce(now.ended_as, holds.ended_as), CASE WHEN now.ended_as IS NULL THEN holds.ended_at_us ELSE now.ended_at_us END,
            CASE WHEN now.ended_as IS NULL THEN holds.reason ELSE now.reason END, now.restored_e2
        FROM holds_now now WHERE now.id = holds.id)
    WHERE holds.id = ANY($10)
),
posted AS (
    INSERT INTO order_postings SELECT * FROM json_populate_recordset(NULL::order_postings, $11::json)
    ON CONFLICT (sale_source, sale_model, sale_id, account_id) DO UPDATE SET earned_e2 = excluded.earned_e2
),
new_replies AS (INSERT INTO recorded_replies SELECT * FROM json_populate_recordset(NULL::recorded_replies, $12::json))
SELECT count(*) AS saved FROM saved";
