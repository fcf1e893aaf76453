//! Entries: written once, read for history, explanation and verification.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::Serialize;

use super::entry_texts::{self, EntryTexts, TextsById};
use super::transfers::Origin;
use crate::domain::ledger::chain::{ChainHash, TextsDigest};
use crate::domain::ledger::entry::{Cause, CauseModel, Entry, EntryDetail, EntryKind};
use crate::domain::value::ids::{AccountId, EntryId, HoldId, PartnerId, ProgramId, SaleId};
use crate::domain::value::points::Points;
use crate::store::codec::{packed, pg_json, sale_ids, uuids};
use crate::store::connection::clock::from_us;
use crate::store::schema::{accounts, entries, entry_texts as texts};
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, corrupt, write_rows};

/// An entry with its place in its account's chain, as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = entries, treat_none_as_default_value = false)]
pub struct EntryRow {
    #[serde(with = "pg_json::bytes")]
    id: Vec<u8>,
    account_id: i64,
    /// 1 for an account's first entry.
    pub sequence: i64,
    kind: i16,
    points_e2: i64,
    balance_after_e2: i64,
    occurred_at_us: i64,
    /// When it was taken in, in microseconds.
    pub recorded_at_us: i64,
    cause_model: i16,
    cause_id: Option<i64>,
    #[serde(with = "pg_json::optional_bytes")]
    cause_uuid: Option<Vec<u8>>,
    program_version: Option<i64>,
    sale_source: Option<i16>,
    sale_model: Option<i16>,
    sale_id: Option<i64>,
    #[serde(with = "pg_json::optional_bytes")]
    hold_id: Option<Vec<u8>>,
    document_key: Option<i64>,
    #[serde(with = "pg_json::optional_bytes")]
    lots: Option<Vec<u8>>,
    earned: Option<String>,
    #[serde(with = "pg_json::optional_bytes")]
    reverses: Option<Vec<u8>>,
    #[serde(with = "pg_json::bytes")]
    texts_sha256: Vec<u8>,
    #[serde(with = "pg_json::bytes")]
    hash: Vec<u8>,
}

impl EntryRow {
    /// An entry and its place in the chain as a row. Its texts are [`super::entry_texts`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it takes back something that is no entry.
    pub fn new(entry: &Entry, sequence: i64, texts: &TextsDigest, hash: &ChainHash) -> Result<Self, StoreError> {
        let reverses = match &entry.detail.reverses {
            Some(id) => Some(uuids::to_bytes(parsed(id)?.0)),
            None => None,
        };
        let lots = &entry.detail.lots;
        Ok(Self {
            id: uuids::to_bytes(entry.id.0),
            account_id: entry.account_id.0,
            sequence,
            kind: entry.kind.code(),
            points_e2: entry.points.e2(),
            balance_after_e2: entry.balance_after.e2(),
            occurred_at_us: entry.occurred_at.timestamp_micros(),
            recorded_at_us: entry.recorded_at.timestamp_micros(),
            cause_model: entry.cause.model.code(),
            cause_id: entry.cause.id,
            cause_uuid: entry.cause.uuid.as_deref().map(uuids::text_to_bytes),
            program_version: entry.program_version,
            sale_source: entry.sale.map(|sale| sale.source.0),
            sale_model: entry.sale.map(|sale| sale.model.code()),
            sale_id: entry.sale.map(|sale| sale.id),
            hold_id: entry.hold_id.map(|id| uuids::to_bytes(id.0)),
            document_key: entry.detail.document_key,
            lots: (!lots.is_empty()).then(|| packed::lots_to_bytes(lots.iter().copied())).transpose()?,
            earned: entry.detail.earned.clone(),
            reverses,
            texts_sha256: texts.to_vec(),
            hash: hash.to_vec(),
        })
    }

    /// Its UUID. That of a row that somebody edited is its bytes in hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        uuids::from_bytes(&self.id, "").map_or_else(|_| hex::encode(&self.id), |id| id.hyphenated().to_string())
    }

    /// Its UUID, as a column.
    pub(in crate::store) fn key(&self) -> &[u8] {
        &self.id
    }

    /// The account it stands in.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        AccountId(self.account_id)
    }

    /// Its kind; `None` when somebody edited it.
    #[must_use]
    pub fn kind(&self) -> Option<EntryKind> {
        EntryKind::from_code(self.kind)
    }

    /// Its hash, as stored.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn hash(&self) -> Result<ChainHash, StoreError> {
        packed::hash_from_bytes(&self.hash, "the hash")
    }

    /// The digest of its texts, as stored.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn texts_digest(&self) -> Result<TextsDigest, StoreError> {
        packed::hash_from_bytes(&self.texts_sha256, "the digest of the texts")
    }

    /// The sale whose earning it belongs to.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn sale(&self) -> Result<Option<SaleId>, StoreError> {
        sale_ids::from_optional_columns(self.sale_source, self.sale_model, self.sale_id)
    }

    /// The texts that belong to it; `None` when they were erased.
    #[must_use]
    pub fn texts_in<'a>(&self, texts: &'a TextsById) -> Option<&'a EntryTexts> {
        texts.get(&self.id)
    }

    /// The entry without its texts: for what counts points.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn numbers(&self) -> Result<Entry, StoreError> {
        let hold_id = self.hold_id.as_deref().map(|id| uuids::from_bytes(id, "the hold id")).transpose()?;
        let uuid = self.cause_uuid.as_deref().map(uuids::text_from_bytes).transpose()?;
        let reverses = self.reverses.as_deref().map(|id| uuids::from_bytes(id, "the entry id")).transpose()?;
        Ok(Entry {
            id: EntryId(uuids::from_bytes(&self.id, "the entry id")?),
            account_id: AccountId(self.account_id),
            kind: self.kind().ok_or_else(|| corrupt(format!("the entry kind {}", self.kind)))?,
            points: Points::from_e2(self.points_e2),
            balance_after: Points::from_e2(self.balance_after_e2),
            occurred_at: from_us(self.occurred_at_us)?,
            recorded_at: from_us(self.recorded_at_us)?,
            cause: Cause {
                model: CauseModel::from_code(self.cause_model)
                    .ok_or_else(|| corrupt(format!("the cause model {}", self.cause_model)))?,
                id: self.cause_id,
                uuid,
                name: String::new(),
            },
            program_version: self.program_version,
            sale: self.sale()?,
            hold_id: hold_id.map(HoldId),
            reason: None,
            actor: String::new(),
            detail: EntryDetail {
                lots: self.lots.as_deref().map(packed::lots_from_bytes).transpose()?.unwrap_or_default(),
                earned: self.earned.clone(),
                reverses: reverses.map(|id| id.hyphenated().to_string()),
                on_behalf_of: None,
                document_key: self.document_key,
            },
            is_redacted: false,
        })
    }

    /// The entry with its texts; `None` of them says that they were erased.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when somebody edited it.
    pub fn entry(&self, texts: Option<&EntryTexts>) -> Result<Entry, StoreError> {
        let mut entry = self.numbers()?;
        entry.is_redacted = texts.is_none();
        if let Some(texts) = texts {
            entry.cause.name.clone_from(&texts.cause_name);
            entry.reason.clone_from(&texts.reason);
            entry.actor.clone_from(&texts.actor);
            entry.detail.on_behalf_of.clone_from(&texts.on_behalf_of);
        }
        Ok(entry)
    }
}

fn parsed(id: &str) -> Result<EntryId, StoreError> {
    EntryId::parse(id).ok_or_else(|| corrupt(format!("the entry id {id}")))
}

/// The texts of these entries.
///
/// # Errors
/// [`StoreError`]
pub fn texts_of(conn: &mut AnyConnection, rows: &[EntryRow]) -> Result<TextsById, StoreError> {
    entry_texts::load(conn, rows.iter().map(EntryRow::key))
}

/// These entries with their texts, in their order.
///
/// # Errors
/// [`StoreError`]
pub fn with_texts(conn: &mut AnyConnection, rows: &[EntryRow]) -> Result<Vec<Entry>, StoreError> {
    let texts = texts_of(conn, rows)?;
    rows.iter().map(|row| row.entry(row.texts_in(&texts))).collect()
}

/// Appends entries.
///
/// # Errors
/// [`StoreError`]
pub fn append(conn: &mut AnyConnection, rows: &[EntryRow]) -> Result<(), StoreError> {
    write_rows!(conn, rows, row => diesel::insert_into(entries::table).values(row));
    Ok(())
}

/// One entry.
///
/// # Errors
/// [`StoreError`]
pub fn find(conn: &mut AnyConnection, id: EntryId) -> Result<Option<EntryRow>, StoreError> {
    Ok(entries::table.find(uuids::to_bytes(id.0)).select(EntryRow::as_select()).first(conn).optional()?)
}

/// Entries of a sale, in the order they were written.
///
/// # Errors
/// [`StoreError`]
pub fn of_sale(conn: &mut AnyConnection, sale: SaleId) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::sale_source.eq(sale.source.0))
        .filter(entries::sale_model.eq(sale.model.code()))
        .filter(entries::sale_id.eq(sale.id))
        .order((entries::account_id, entries::sequence))
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// Entries of several sales, by sale, in the order they were written.
///
/// # Errors
/// [`StoreError`]
pub fn of_sales(conn: &mut AnyConnection, sales: &[SaleId]) -> Result<BTreeMap<SaleId, Vec<EntryRow>>, StoreError> {
    let mut found: BTreeMap<SaleId, Vec<EntryRow>> = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(sales.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<EntryRow> = entries::table
                .filter(entries::sale_source.eq(source))
                .filter(entries::sale_model.eq(model))
                .filter(entries::sale_id.eq_any(chunk.to_vec()))
                .order((entries::account_id, entries::sequence))
                .select(EntryRow::as_select())
                .load(conn)?;
            for row in rows {
                if let Some(sale) = row.sale()? {
                    found.entry(sale).or_default().push(row);
                }
            }
        }
    }
    Ok(found)
}

/// The entries that captured or gave back a hold, in the order they were written.
///
/// # Errors
/// [`StoreError`]
pub fn of_hold(conn: &mut AnyConnection, hold: HoldId) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::hold_id.eq(uuids::to_bytes(hold.0)))
        .order(entries::sequence)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// The sales that entries of an account belong to.
///
/// # Errors
/// [`StoreError`]
pub fn sales_of_account(conn: &mut AnyConnection, account: AccountId) -> Result<BTreeSet<SaleId>, StoreError> {
    let rows: Vec<(Option<i16>, Option<i16>, Option<i64>)> = entries::table
        .filter(entries::account_id.eq(account.0))
        .filter(entries::sale_id.is_not_null())
        .select((entries::sale_source, entries::sale_model, entries::sale_id))
        .load(conn)?;
    let named = rows.into_iter().filter_map(|(source, model, id)| Some((source?, model?, id?)));
    named.map(|(source, model, id)| sale_ids::from_columns(source, model, id)).collect()
}

/// How many points of an account's lots have expired, by the moment they ended: what left then, less what was given
/// back because its sale was taken back. Only the entries that the origin names count.
///
/// # Errors
/// [`StoreError`]
pub fn expired(
    conn: &mut AnyConnection,
    origin: Origin,
    ended_at_us: &[i64],
) -> Result<BTreeMap<i64, Points>, StoreError> {
    let mut found: BTreeMap<i64, Points> = BTreeMap::new();
    let rows: Vec<(i64, i64)> = entries::table
        .filter(entries::account_id.eq(origin.account.0))
        .filter(entries::kind.eq(EntryKind::Expire.code()))
        .filter(entries::occurred_at_us.eq_any(ended_at_us.to_vec()))
        .filter(entries::sequence.gt(origin.after))
        .filter(entries::sequence.le(origin.upto.unwrap_or(i64::MAX)))
        .select((entries::occurred_at_us, entries::points_e2))
        .load(conn)?;
    for (at, points) in rows {
        let sum = found.entry(at).or_default();
        *sum = sum.sub(Points::from_e2(points)).map_err(corrupt)?;
    }
    Ok(found)
}

/// All entries of an account from a sequence number on, for verification.
///
/// # Errors
/// [`StoreError`]
pub fn of_account(
    conn: &mut AnyConnection,
    account: AccountId,
    from_sequence: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::account_id.eq(account.0))
        .filter(entries::sequence.ge(from_sequence))
        .order(entries::sequence)
        .limit(limit)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// Whether an account has an entry with this hash.
///
/// # Errors
/// [`StoreError`]
pub fn has_hash(conn: &mut AnyConnection, account: AccountId, hash: &[u8]) -> Result<bool, StoreError> {
    let found = entries::table.filter(entries::account_id.eq(account.0)).filter(entries::hash.eq(hash));
    let found: Option<i64> = found.select(entries::sequence).first(conn).optional()?;
    Ok(found.is_some())
}

/// How many there are.
///
/// # Errors
/// [`StoreError`]
pub fn count(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(entries::table.count().get_result(conn)?)
}

/// Entries of an account below a sequence number, newest first, at most `limit`: the order of its balance.
///
/// # Errors
/// [`StoreError`]
pub fn newest_of(
    conn: &mut AnyConnection,
    account: AccountId,
    below_sequence: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, StoreError> {
    Ok(entries::table
        .filter(entries::account_id.eq(account.0))
        .filter(entries::sequence.lt(below_sequence))
        .order(entries::sequence.desc())
        .limit(limit)
        .select(EntryRow::as_select())
        .load(conn)?)
}

/// When the last entry of each of these accounts was taken in, in microseconds; those without entries are absent.
///
/// # Errors
/// [`StoreError`]
pub fn last_recorded(conn: &mut AnyConnection, of: &[AccountId]) -> Result<BTreeMap<AccountId, i64>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in of.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<(i64, i64)> = accounts::table
            .inner_join(
                entries::table
                    .on(entries::account_id.eq(accounts::id).and(entries::sequence.eq(accounts::entry_count))),
            )
            .filter(accounts::id.eq_any(ids))
            .select((accounts::id, entries::recorded_at_us))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, at)| (AccountId(id), at)));
    }
    Ok(found)
}

/// The names of the documents that caused these entries, and their ids in Odoo, by the entry's id. Erased names are empty.
///
/// # Errors
/// [`StoreError`]
pub fn causes(
    conn: &mut AnyConnection,
    ids: &[EntryId],
) -> Result<BTreeMap<EntryId, (Option<i64>, String)>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let keys: Vec<Vec<u8>> = chunk.iter().map(|id| uuids::to_bytes(id.0)).collect();
        let rows: Vec<(Vec<u8>, Option<i64>, Option<String>)> = entries::table
            .left_join(texts::table.on(texts::entry_id.eq(entries::id)))
            .filter(entries::id.eq_any(keys))
            .select((entries::id, entries::cause_id, texts::cause_name.nullable()))
            .load(conn)?;
        for (id, cause, name) in rows {
            let id = EntryId(uuids::from_bytes(&id, "the entry id")?);
            found.insert(id, (cause, name.unwrap_or_default()));
        }
    }
    Ok(found)
}

/// What one adjustment carried over from a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOver {
    /// What tells the document from every other.
    pub document_key: i64,
    /// The document's id.
    pub cause_id: Option<i64>,
    /// Its name; `None` when it was erased.
    pub cause_name: Option<String>,
    /// Whose account the points went to.
    pub partner_id: PartnerId,
    /// How many, with their sign.
    pub points: Points,
}

/// The members of a [`CarriedOver`], as columns.
type CarriedOverRow = (Option<i64>, Option<i64>, Option<String>, i64, i64);

/// The adjustments of one program that came from documents with these keys.
///
/// # Errors
/// [`StoreError`]
pub fn carried_over(
    conn: &mut AnyConnection,
    program: ProgramId,
    keys: &[i64],
) -> Result<Vec<CarriedOver>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<CarriedOverRow> = entries::table
            .inner_join(accounts::table.on(accounts::id.eq(entries::account_id)))
            .left_join(texts::table.on(texts::entry_id.eq(entries::id)))
            .filter(accounts::source.eq(SOURCE))
            .filter(accounts::program_id.eq(program.0))
            .filter(entries::document_key.eq_any(chunk.to_vec()))
            .order((entries::recorded_at_us, entries::id))
            .select((
                entries::document_key,
                entries::cause_id,
                texts::cause_name.nullable(),
                accounts::partner_id,
                entries::points_e2,
            ))
            .load(conn)?;
        found.extend(rows.into_iter().filter_map(|(document_key, cause_id, cause_name, partner_id, points)| {
            Some(CarriedOver {
                document_key: document_key?,
                cause_id,
                cause_name,
                partner_id: PartnerId(partner_id),
                points: Points::from_e2(points),
            })
        }));
    }
    Ok(found)
}
