//! An entry as its row: its texts stand elsewhere.

use diesel::prelude::*;
use serde::Serialize;

use crate::domain::ledger::chain::{ChainHash, TextsDigest};
use crate::domain::ledger::entry::{Cause, CauseModel, Entry, EntryDetail, EntryKind};
use crate::domain::value::ids::{AccountId, EntryId, HoldId, SaleId};
use crate::domain::value::points::Points;
use crate::store::codec::{packed, pg_json, sale_ids, uuids};
use crate::store::connection::clock::from_us;
use crate::store::schema::entries;
use crate::store::table::entry_texts::{EntryTexts, TextsById};
use crate::store::{StoreError, corrupt};

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
