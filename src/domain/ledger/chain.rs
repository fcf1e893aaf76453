//! The hash chain of an account's entries, and the texts that stand outside it.
//!
//! Each entry's hash covers the hash of the entry before it in its account, and everything that the entry says: numbers
//! and ids by their values, whatever the database encodes them as, and its texts by one digest. A change made behind the
//! service's back breaks the chain.
//!
//! Texts may name people, and must be erasable. So they stand in a table of their own, and the entry keeps
//! `SHA-256(salt ‖ texts)`. The salt is erased with the texts: without it nobody can confirm a guess by the digest that
//! stays. One salt and one digest serve all texts of an entry, which are erased together.

use sha2::{Digest, Sha256};

use super::account::Expiry;
use super::entry::{Cause, Entry};

/// The hash of an entry.
pub type ChainHash = [u8; 32];
/// What is hashed before an entry's texts: random, and erased with them.
pub type Salt = [u8; 16];
/// The digest of an entry's texts.
pub type TextsDigest = [u8; 32];

/// The hash before the first entry of an account.
pub const FIRST_HASH: ChainHash = [0; 32];

/// What is hashed, with lengths and marks that keep two fields from trading bytes.
struct HashedFields(Vec<u8>);

impl HashedFields {
    fn number(&mut self, value: i64) {
        self.0.extend(value.to_be_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.0.extend(value.len().to_be_bytes());
        self.0.extend(value);
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn text(&mut self, value: Option<&str>) {
        self.optional(value, |fields, text| fields.bytes(text.as_bytes()));
    }

    fn digest(self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// The digest of an entry's texts: the cause's name, the reason, the actor, and for whom the actor says that it acted.
#[must_use]
pub fn texts_digest(salt: &Salt, entry: &Entry) -> TextsDigest {
    let mut fields = HashedFields(salt.to_vec());
    fields.bytes(entry.cause.name.as_bytes());
    fields.text(entry.reason.as_deref());
    fields.bytes(entry.actor.as_bytes());
    fields.text(entry.detail.on_behalf_of.as_deref());
    fields.digest()
}

/// The hash of an entry: SHA-256 over the hash before it and everything it says; its texts by their digest.
#[must_use]
pub fn chain_hash(previous: &ChainHash, sequence: i64, entry: &Entry, texts: &TextsDigest) -> ChainHash {
    let mut fields = HashedFields(Vec::with_capacity(384));
    fields.0.extend(previous);
    fields.number(sequence);
    fields.0.extend(entry.id.0.as_bytes());
    fields.number(entry.account_id.0);
    fields.number(entry.kind.code().into());
    fields.number(entry.points.e2());
    fields.number(entry.balance_after.e2());
    fields.number(entry.occurred_at.timestamp_micros());
    fields.number(entry.recorded_at.timestamp_micros());
    fields.number(entry.cause.model.code().into());
    fields.optional(entry.cause.id, HashedFields::number);
    fields.text(entry.cause.uuid.as_deref());
    fields.optional(entry.program_version, HashedFields::number);
    fields.optional(entry.sale, |fields, sale| {
        fields.number(sale.source.0.into());
        fields.number(sale.model.code().into());
        fields.number(sale.id);
    });
    fields.optional(entry.hold_id, |fields, hold| fields.0.extend(hold.0.as_bytes()));
    fields.optional(entry.detail.document_key, HashedFields::number);
    fields.number(i64::try_from(entry.detail.lots.len()).unwrap_or(i64::MAX));
    for lot in &entry.detail.lots {
        fields.optional(
            match lot.expiry {
                Expiry::At(end) => Some(end.timestamp_micros()),
                Expiry::Never => None,
            },
            HashedFields::number,
        );
        fields.number(lot.points.e2());
    }
    fields.text(entry.detail.earned.as_deref());
    fields.text(entry.detail.reverses.as_deref());
    fields.0.extend(texts);
    fields.digest()
}

/// What tells a document that is carried over from every other: eight bytes of a hash of its kind, and of its id or, where
/// it has none, of its name. It stays when the name is erased, so that importing the document again posts nothing again.
#[must_use]
pub fn document_key(cause: &Cause) -> i64 {
    let mut fields = HashedFields(Vec::new());
    fields.number(cause.model.code().into());
    fields.optional(cause.id, HashedFields::number);
    if cause.id.is_none() {
        fields.bytes(cause.name.as_bytes());
    }
    let digest = fields.digest();
    digest.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use uuid::Uuid;

    use super::*;
    use crate::domain::ledger::account::LotChange;
    use crate::domain::ledger::entry::{CauseModel, EntryDetail, EntryKind};
    use crate::domain::value::ids::{AccountId, EntryId, HoldId, OrderId, SaleId, SourceId};
    use crate::domain::value::points::Points;

    const SALT: Salt = [7; 16];
    const LOT: LotChange = LotChange { expiry: Expiry::Never, points: Points::from_e2(100) };

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
            cause: Cause { model: CauseModel::PosOrder, id: Some(1), uuid: None, name: "Shop/1".into() },
            program_version: Some(1),
            sale: Some(SaleId::pos_order(OrderId(1))),
            hold_id: None,
            reason: None,
            actor: "sync".into(),
            detail: EntryDetail::default(),
            is_redacted: false,
        }
    }

    fn hash(entry: &Entry) -> ChainHash {
        chain_hash(&FIRST_HASH, 1, entry, &texts_digest(&SALT, entry))
    }

    #[test]
    fn everything_that_an_entry_says_is_under_its_hash() {
        let base = entry();
        let changes: [fn(&mut Entry); 24] = [
            |entry| entry.id = EntryId(Uuid::from_u128(2)),
            |entry| entry.account_id = AccountId(2),
            |entry| entry.kind = EntryKind::Adjust,
            |entry| entry.points = Points::from_e2(101),
            |entry| entry.balance_after = Points::from_e2(101),
            |entry| entry.occurred_at += chrono::TimeDelta::microseconds(1),
            |entry| entry.recorded_at += chrono::TimeDelta::microseconds(1),
            |entry| entry.cause.model = CauseModel::Import,
            |entry| entry.cause.name = "Shop/2".into(),
            |entry| entry.cause.id = None,
            |entry| entry.cause.uuid = Some(String::new()),
            |entry| entry.program_version = None,
            |entry| entry.sale = None,
            |entry| entry.sale = Some(SaleId { source: SourceId(2), ..SaleId::pos_order(OrderId(1)) }),
            |entry| entry.hold_id = Some(HoldId(Uuid::from_u128(1))),
            |entry| entry.reason = Some(String::new()),
            |entry| entry.actor = "admin".into(),
            |entry| entry.detail.on_behalf_of = Some("Anna".into()),
            |entry| entry.detail.document_key = Some(1),
            |entry| entry.detail.lots = vec![LOT],
            |entry| entry.detail.lots = vec![LotChange { points: Points::from_e2(1), ..LOT }],
            |entry| entry.detail.lots = vec![LotChange { expiry: Expiry::At(entry.occurred_at), ..LOT }],
            |entry| entry.detail.earned = Some("{}".into()),
            |entry| entry.detail.reverses = Some("{}".into()),
        ];
        let mut seen = std::collections::BTreeSet::from([hash(&base)]);
        for change in changes {
            let mut other = base.clone();
            change(&mut other);
            assert!(seen.insert(hash(&other)), "{other:?}");
        }
        let texts = texts_digest(&SALT, &base);
        assert!(seen.insert(chain_hash(&[1; 32], 1, &base, &texts)));
        assert!(seen.insert(chain_hash(&FIRST_HASH, 2, &base, &texts)));
    }

    #[test]
    fn erased_texts_are_still_under_the_hash_by_their_digest() {
        let whole = entry();
        let texts = texts_digest(&SALT, &whole);
        let mut erased = whole.clone();
        erased.cause.name.clear();
        erased.actor.clear();
        assert_eq!(chain_hash(&FIRST_HASH, 1, &erased, &texts), hash(&whole));
        assert_ne!(texts_digest(&SALT, &erased), texts);
        assert_ne!(texts_digest(&[8; 16], &whole), texts, "the salt counts");
    }

    #[test]
    fn texts_do_not_trade_characters() {
        let (mut one, mut other) = (entry(), entry());
        (one.cause.name, one.actor) = ("ab".into(), "c".into());
        (other.cause.name, other.actor) = ("a".into(), "bc".into());
        assert_ne!(texts_digest(&SALT, &one), texts_digest(&SALT, &other));
    }

    #[test]
    fn a_document_is_told_by_its_id_and_without_one_by_its_name() {
        let card = |id, name: &str| Cause { model: CauseModel::LoyaltyCard, id, uuid: None, name: name.into() };
        let line = |name| Cause { model: CauseModel::Import, ..card(None, name) };
        assert_eq!(document_key(&card(Some(1), "044")), document_key(&card(Some(1), "045")));
        let keys = [card(Some(1), ""), card(Some(2), ""), card(None, "1"), line("1"), line("2")];
        let keys: std::collections::BTreeSet<i64> = keys.iter().map(document_key).collect();
        assert_eq!(keys.len(), 5);
    }
}
