//! An entry of the ledger: what happened to an account's points, because of what.
//!
//! Entries are never changed. Each carries the hash of the one before it in its account, so that a change
//! made behind the service's back shows.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::account::{Expiry, LotChange};
use super::ids::{AccountId, EntryId, HoldId, SaleId};
use super::points::Points;

/// Why points moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A paid order earned.
    Earn,
    /// A reward was paid with points.
    Redeem,
    /// What earned came back, or turned out to be less.
    Clawback,
    /// What redeemed came back.
    Restore,
    /// Points came to their end.
    Expire,
    /// A manager's correction.
    Adjust,
    /// Points moved to or from another account.
    Transfer,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Earn, Self::Redeem, Self::Clawback, Self::Restore, Self::Expire, Self::Adjust, Self::Transfer];

    /// The word in the database and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Earn => "earn",
            Self::Redeem => "redeem",
            Self::Clawback => "clawback",
            Self::Restore => "restore",
            Self::Expire => "expire",
            Self::Adjust => "adjust",
            Self::Transfer => "transfer",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// The document that caused an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its Odoo model, or one of ours (`loyalty.adjustment`, `loyalty.expiry`, `loyalty.import`).
    pub model: String,
    /// Its id in Odoo.
    pub id: Option<i64>,
    /// Its UUID in Odoo.
    pub uuid: Option<String>,
    /// What a person calls it.
    pub name: String,
}

/// What it takes to explain an entry. Kept as JSON beside it and covered by its hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Points of the lots that it put in or took out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<LotNote>,
    /// How the sale's points were computed: lines, total before rounding, rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<serde_json::Value>,
    /// The entry that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<String>,
    /// For whom the actor says that it acted: a claim, beside the actor and never in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
}

/// A [`LotChange`] as it is noted and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotNote {
    /// When its points end; `null` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many points went in (positive) or out (negative).
    pub points: String,
}

impl LotNote {
    /// The movement it notes; `None` when its points are no points (the database was edited).
    #[must_use]
    pub fn change(&self) -> Option<LotChange> {
        let points = self.points.parse().ok().and_then(|value| Points::from_decimal(value).ok())?;
        Some(LotChange { expiry: self.expires_at.into(), points })
    }
}

impl From<&LotChange> for LotNote {
    fn from(change: &LotChange) -> Self {
        let expires_at = match change.expiry {
            Expiry::At(end) => Some(end),
            Expiry::Never => None,
        };
        Self { expires_at, points: change.points.to_string() }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The account it belongs to.
    pub account_id: AccountId,
    /// Why points moved.
    pub kind: EntryKind,
    /// How many; negative when they left.
    pub points: Points,
    /// The account's balance after it.
    pub balance_after: Points,
    /// When it happened in the shop.
    pub occurred_at: DateTime<Utc>,
    /// When the ledger took it in, by the database's clock.
    pub recorded_at: DateTime<Utc>,
    /// The document that caused it.
    pub cause: Cause,
    /// The version of the program that was applied.
    pub program_version: Option<i64>,
    /// The sale whose earning it belongs to.
    pub sale: Option<SaleId>,
    /// The hold it captured or gave back.
    pub hold_id: Option<HoldId>,
    /// A person's or the service's reason.
    pub reason: Option<String>,
    /// Who: a token with its prefix (`till 1 (lsk_ab12cd34ef56)`), or one of [`SERVICE_ACTORS`].
    pub actor: String,
    /// What it takes to explain it.
    pub detail: Detail,
}

/// Reading Odoo, as the one who caused an entry.
pub const SYNC: &str = "sync";
/// The passing of time, likewise.
pub const EXPIRY: &str = "expiry";
/// A person at the service's own command line, likewise.
pub const COMMAND_LINE: &str = "command line";
/// Points that were carried over from another system, likewise.
pub const IMPORT: &str = "import";
/// Who is in entries without having shown a token. No token may be called so.
pub const SERVICE_ACTORS: [&str; 4] = [SYNC, EXPIRY, COMMAND_LINE, IMPORT];

/// The hash before the first entry of an account.
pub const FIRST_HASH: &str = "";

/// The text an entry is hashed and stored by: its detail as JSON.
#[must_use]
pub fn detail_text(detail: &Detail) -> String {
    // A struct of strings, times and JSON values has no way to fail.
    serde_json::to_string(detail).unwrap_or_default()
}

/// The hash of an entry: SHA-256 over the hash before it and everything it says, in lower-case hex.
///
/// `detail` is the stored text, so that the hash holds whatever a later version of [`Detail`] knows.
#[must_use]
pub fn chain_hash(previous: &str, sequence: i64, entry: &Entry, detail: &str) -> String {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        // Lengths keep two fields from trading characters.
        hasher.update(bytes.len().to_be_bytes());
        hasher.update(bytes);
    };
    let optional = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| format!("+{text}"));
    field(previous.as_bytes());
    for text in [
        sequence.to_string(),
        entry.id.to_string(),
        entry.account_id.to_string(),
        entry.kind.word().to_owned(),
        entry.points.e2().to_string(),
        entry.balance_after.e2().to_string(),
        entry.occurred_at.timestamp_micros().to_string(),
        entry.recorded_at.timestamp_micros().to_string(),
        entry.cause.model.clone(),
        optional(entry.cause.id.map(|id| id.to_string())),
        optional(entry.cause.uuid.clone()),
        entry.cause.name.clone(),
        optional(entry.program_version.map(|version| version.to_string())),
        optional(entry.sale.map(|sale| format!("{}/{}/{}", sale.source.0, sale.model.code(), sale.id))),
        optional(entry.hold_id.map(|id| id.to_string())),
        optional(entry.reason.clone()),
        entry.actor.clone(),
    ] {
        field(text.as_bytes());
    }
    field(detail.as_bytes());
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{OrderId, SourceId};

    fn entry() -> Entry {
        let noon = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        Entry {
            id: EntryId(Uuid::from_u128(1)),
            account_id: AccountId(1),
            kind: EntryKind::Earn,
            points: Points::from_e2(100),
            balance_after: Points::from_e2(100),
            occurred_at: noon,
            recorded_at: noon,
            cause: Cause { model: "pos.order".into(), id: Some(1), uuid: None, name: "Shop/1".into() },
            program_version: Some(1),
            sale: Some(SaleId::pos_order(OrderId(1))),
            hold_id: None,
            reason: None,
            actor: "sync".into(),
            detail: Detail::default(),
        }
    }

    #[test]
    fn every_word_of_an_entry_is_under_its_hash() {
        let base = entry();
        let hash = |entry: &Entry| chain_hash(FIRST_HASH, 1, entry, "{}");
        let changes: [fn(&mut Entry); 8] = [
            |entry| entry.points = Points::from_e2(101),
            |entry| entry.balance_after = Points::from_e2(101),
            |entry| entry.cause.name = "Shop/2".into(),
            |entry| entry.cause.id = None,
            |entry| entry.sale = None,
            |entry| entry.sale = Some(SaleId { source: SourceId(2), ..SaleId::pos_order(OrderId(1)) }),
            |entry| entry.reason = Some(String::new()),
            |entry| entry.actor = "admin".into(),
        ];
        for change in changes {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(hash(&base), hash(&other), "{other:?}");
        }
        assert_ne!(hash(&base), chain_hash("00", 1, &base, "{}"));
        assert_ne!(hash(&base), chain_hash(FIRST_HASH, 2, &base, "{}"));
        assert_ne!(hash(&base), chain_hash(FIRST_HASH, 1, &base, "{ }"));
    }

    #[test]
    fn words_go_both_ways() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(EntryKind::from_word("gift"), None);
    }
}
