//! On PostgreSQL: locks what a batch of people's commands names with the statement that begins its transaction, and reads
//! all of it with the next. Each statement by itself would be a round trip, and there would be twenty.
//!
//! What is read was locked before, by an earlier statement of the transaction: nobody has changed it since.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use diesel::{PgConnection, sql_query};
use serde::Deserialize;

use crate::domain::catalog::records::Partner;
use crate::domain::ledger::hold::Hold;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProgramId};
use crate::store::codec::uuids;
use crate::store::connection::clock::from_us;
use crate::store::connection::prepared::PreparedHere;
use crate::store::connection::transaction::write_transaction_begun_with;
use crate::store::table::accounts::{self, AccountRow, StoredAccount};
use crate::store::table::hold_rows::{HoldReply, HoldRow};
use crate::store::table::memberships::{self, Memberships};
use crate::store::table::partners::PartnerRow;
use crate::store::table::recorded_replies::{KeyDigest, RecordedReply, ReplyRow};
use crate::store::{AnyConnection, StoreError, corrupt};

/// What commands name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedByCommands {
    /// Customers.
    pub partners: BTreeSet<PartnerId>,
    /// Whose account in which program is to be changed.
    pub members: BTreeSet<(PartnerId, ProgramId)>,
    /// Holds.
    pub holds: BTreeSet<HoldId>,
    /// The UUIDs of draft orders for which holds are asked: others are kept from asking until the transaction ends.
    pub drafts: BTreeSet<String>,
    /// The keys under which something is asked: likewise.
    pub asked_keys: BTreeSet<KeyDigest>,
    /// Keys of replies that are looked up besides.
    pub other_keys: BTreeSet<KeyDigest>,
}

/// Numbers for what must not be decided on twice side by side. Two things of one number wait for each other without need.
pub(in crate::store) fn lock_numbers(drafts: &BTreeSet<String>, keys: &BTreeSet<KeyDigest>) -> Vec<i64> {
    let drafts = drafts.iter().map(|uuid| uuids::text_key(uuid));
    let mut numbers: Vec<i64> = drafts.chain(keys.iter().map(|key| key.start())).collect();
    // In one order for everybody.
    numbers.sort_unstable();
    numbers
}

impl NamedByCommands {
    /// The statements that begin a transaction and lock what is named, and note which accounts that were. Nothing but
    /// numbers stands in them.
    pub(super) fn beginning(&self) -> String {
        let holds: Vec<String> = self.holds.iter().map(|id| format!("\"\\\\x{}\"", id.0.simple())).collect();
        format!(
            "BEGIN; SELECT lock_named('{{{numbers}}}', '{{{partners}}}', '{{{programs}}}', '{{{holds}}}')",
            numbers = listed(&lock_numbers(&self.drafts, &self.asked_keys)),
            partners = listed(self.members.iter().map(|(partner, _)| &partner.0)),
            programs = listed(self.members.iter().map(|(_, program)| &program.0)),
            holds = holds.join(","),
        )
    }
}

fn listed<'a>(numbers: impl IntoIterator<Item = &'a i64>) -> String {
    let listed: Vec<String> = numbers.into_iter().map(i64::to_string).collect();
    listed.join(",")
}

/// What was read, once all that was named was locked.
#[derive(Debug)]
pub struct Prefetched {
    /// For what.
    pub named: NamedByCommands,
    /// The database's time.
    pub now: DateTime<Utc>,
    /// The number of the shop's copy, which grows whenever a product, category, till, company, currency or program changes.
    pub shop_version: i64,
    /// Whom the named customers became.
    pub merges: BTreeMap<PartnerId, PartnerId>,
    /// The named customers that are known.
    pub partners: BTreeMap<PartnerId, Partner>,
    /// Their memberships, and those of whom they became.
    pub memberships: Memberships,
    /// The accounts that are locked.
    pub accounts: BTreeMap<AccountId, StoredAccount>,
    /// The named holds, those of the named drafts, and the open ones of the accounts.
    pub holds: BTreeMap<HoldId, Hold>,
    /// Holds that were given under the asked keys, with what they were asked and answered.
    pub replied: Vec<(Hold, HoldReply)>,
    /// What was recorded for the keys.
    pub replies: BTreeMap<KeyDigest, RecordedReply>,
}

#[derive(Deserialize)]
struct FoundRows {
    now_us: i64,
    shop_version: i64,
    merges: Vec<(i64, i64)>,
    partners: Vec<PartnerRow>,
    memberships: Vec<(i64, i64, i64, Option<i64>)>,
    accounts: Vec<AccountRow>,
    holds: Vec<FoundHold>,
    replies: Vec<ReplyRow>,
}

#[derive(Deserialize)]
struct FoundHold {
    row: HoldRow,
    open_of: Option<i64>,
    entry: Option<(i64, i64)>,
}

/// As [`crate::store::connection::transaction::write_transaction`], of a transaction that begins by locking what is named.
///
/// # Errors
/// As it.
pub fn write_transaction<T, E>(
    conn: &mut AnyConnection,
    named: &NamedByCommands,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError> + From<diesel::result::Error>,
{
    write_transaction_begun_with(conn, &named.beginning(), work)
}

/// Reads what is named, in a [`write_transaction`] of it.
///
/// # Errors
/// [`StoreError`]
pub fn read(conn: &mut PgConnection, named: NamedByCommands) -> Result<Prefetched, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        found: String,
    }
    struct Here;
    let keys: BTreeSet<KeyDigest> = named.asked_keys.union(&named.other_keys).copied().collect();
    let statement = sql_query(READ)
        .bind::<Array<BigInt>, _>(named.partners.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(named.holds.iter().map(|id| uuids::to_bytes(id.0)).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(named.drafts.iter().map(|uuid| uuids::text_key(uuid)).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(named.asked_keys.iter().map(|key| key.start()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(keys.iter().map(|key| key.0.to_vec()).collect::<Vec<_>>());
    let Row { found } = PreparedHere::<_, Here>::new(statement).get_result(conn)?;
    let found: FoundRows = serde_json::from_str(&found).map_err(corrupt)?;
    understood(named, found)
}

fn understood(named: NamedByCommands, found: FoundRows) -> Result<Prefetched, StoreError> {
    let mut holds = BTreeMap::new();
    let mut replied = Vec::new();
    for FoundHold { row, open_of, entry } in found.holds {
        let reply = row.reply()?.filter(|reply| named.asked_keys.contains(&reply.key));
        let hold = HoldRow::hold((row, open_of, entry))?;
        replied.extend(reply.map(|reply| (hold.clone(), reply)));
        holds.insert(hold.id, hold);
    }
    let accounts = accounts::restore_with(found.accounts, holds.values())?;
    let partners: BTreeMap<PartnerId, Partner> = found
        .partners
        .into_iter()
        .map(|row| row.partner().map(|partner| (partner.id, partner)))
        .collect::<Result<_, StoreError>>()?;
    Ok(Prefetched {
        named,
        now: from_us(found.now_us)?,
        shop_version: found.shop_version,
        merges: found.merges.into_iter().map(|(from, into)| (PartnerId(from), PartnerId(into))).collect(),
        partners,
        memberships: memberships::from_rows(found.memberships)?,
        accounts: accounts.into_iter().map(|one| (one.account.id, one)).collect(),
        holds,
        replied,
        replies: found.replies.into_iter().filter_map(ReplyRow::reply).map(|reply| (reply.key, reply)).collect(),
    })
}

/// Rows are found by lists of keys: a join, planned while the tables were young, might go on reading all of them.
const READ: &str = "
WITH locked AS MATERIALIZED (
    SELECT * FROM accounts
    WHERE id = ANY (string_to_array(nullif(current_setting('loyalty.locked', true), ''), ',')::bigint[])
),
merged AS MATERIALIZED (
    SELECT partner_id, into_partner_id FROM partner_merges WHERE source = 1 AND partner_id = ANY ($1)
),
named AS MATERIALIZED (
    SELECT hold_id AS id FROM open_holds WHERE account_id = ANY (ARRAY(SELECT id FROM locked))
    UNION SELECT unnest($2)
    UNION SELECT id FROM holds WHERE order_key = ANY ($3)
    UNION SELECT id FROM holds WHERE reply_key IS NOT NULL AND reply_key = ANY ($4)
)
SELECT json_build_object(
    'now_us', CAST(extract(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT),
    'shop_version', (SELECT version FROM shop_version),
    'merges', (SELECT coalesce(json_agg(json_build_array(partner_id, into_partner_id)), '[]') FROM merged),
    'partners', (
        SELECT coalesce(json_agg(partners), '[]') FROM partners WHERE source = 1 AND id = ANY ($1)),
    'memberships', (
        SELECT coalesce(json_agg(json_build_array(partner_id, program_id, enrolled_at_us, left_at_us)
            ORDER BY partner_id, program_id, enrolled_at_us), '[]')
        FROM memberships
        WHERE source = 1 AND partner_id = ANY ($1 || ARRAY(SELECT into_partner_id FROM merged))),
    'accounts', (SELECT coalesce(json_agg(locked), '[]') FROM locked),
    'holds', (
        SELECT coalesce(json_agg(json_build_object('row', holds,
            'open_of', (SELECT open.account_id FROM open_holds open
                WHERE open.account_id = holds.account_id AND open.hold_id = holds.id),
            'entry', (SELECT json_build_array(entries.recorded_at_us, entries.balance_after_e2) FROM entries
                WHERE entries.id = holds.id))), '[]')
        FROM holds WHERE holds.id = ANY (ARRAY(SELECT id FROM named))),
    'replies', (
        SELECT coalesce(json_agg(recorded_replies), '[]') FROM recorded_replies WHERE key_sha256 = ANY ($5))
)::text AS found";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_locked_with_the_beginning_and_stands_there_as_numbers() {
        assert_eq!(NamedByCommands::default().beginning(), "BEGIN; SELECT lock_named('{}', '{}', '{}', '{}')");
        let named = NamedByCommands {
            members: [(PartnerId(7), ProgramId(1)), (PartnerId(8), ProgramId(1))].into(),
            holds: [HoldId(uuid::Uuid::from_u128(0xabc))].into(),
            drafts: ["a'); DROP TABLE accounts; --".to_owned()].into(),
            asked_keys: [KeyDigest([0; 32])].into(),
            ..NamedByCommands::default()
        };
        let text = named.beginning();
        let numbers = listed(&lock_numbers(&named.drafts, &named.asked_keys));
        let expected = format!(
            r#"BEGIN; SELECT lock_named('{{{numbers}}}', '{{7,8}}', '{{1,1}}', '{{"\\x00000000000000000000000000000abc"}}')"#
        );
        assert_eq!(text, expected);
    }
}
