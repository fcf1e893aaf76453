//! An entry of the ledger: what happened to an account's points, because of what.
//!
//! Entries are never changed. [`super::chain`] says how a change made behind the service's back shows.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::account::LotChange;
use crate::domain::value::ids::{AccountId, EntryId, HoldId, SaleId, SaleModel};
use crate::domain::value::points::Points;

/// Why points moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
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

    /// The number by which the database knows it. Numbers stay for ever.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Earn => 1,
            Self::Redeem => 2,
            Self::Clawback => 3,
            Self::Restore => 4,
            Self::Expire => 5,
            Self::Adjust => 6,
            Self::Transfer => 7,
        }
    }

    /// From its number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The kind of document that causes entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseModel {
    /// An order of a till.
    PosOrder,
    /// A manager's correction.
    Adjustment,
    /// The end of a lot.
    Expiry,
    /// A line of an imported file.
    Import,
    /// A card of Odoo's own loyalty, carried over.
    LoyaltyCard,
    /// A customer whose points moved.
    Partner,
}

impl From<SaleModel> for CauseModel {
    fn from(model: SaleModel) -> Self {
        match model {
            SaleModel::PosOrder => Self::PosOrder,
        }
    }
}

impl CauseModel {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::PosOrder, Self::Adjustment, Self::Expiry, Self::Import, Self::LoyaltyCard, Self::Partner];

    /// Its model in Odoo, or one of ours; as on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PosOrder => "pos.order",
            Self::Adjustment => "loyalty.adjustment",
            Self::Expiry => "loyalty.expiry",
            Self::Import => "loyalty.import",
            Self::LoyaltyCard => "loyalty.card",
            Self::Partner => "res.partner",
        }
    }

    /// The number by which the database knows it. Numbers stay for ever.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::PosOrder => 1,
            Self::Adjustment => 2,
            Self::Expiry => 3,
            Self::Import => 4,
            Self::LoyaltyCard => 5,
            Self::Partner => 6,
        }
    }

    /// From its number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.code() == code)
    }
}

impl Serialize for CauseModel {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// The document that caused an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What kind of document it is.
    pub model: CauseModel,
    /// Its id in Odoo.
    pub id: Option<i64>,
    /// Its UUID in Odoo.
    pub uuid: Option<String>,
    /// What a person calls it.
    pub name: String,
}

/// What it takes to explain an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryDetail {
    /// What it put in lots or took out.
    pub lots: Vec<LotChange>,
    /// How the sale's points were computed, as [`crate::domain::program::Earned::to_text`] writes it.
    pub earned: Option<String>,
    /// The entry that this one takes back.
    pub reverses: Option<String>,
    /// For whom the actor says that it acted: a claim, beside the actor and never in its place.
    pub on_behalf_of: Option<String>,
    /// What tells the document that it carried over from every other ([`super::chain::document_key`]).
    pub document_key: Option<i64>,
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
    pub detail: EntryDetail,
    /// True if its texts were erased: the cause's name and the actor are empty then, and it has no reason.
    pub is_redacted: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_both_ways() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::from_code(kind.code()), Some(kind));
        }
        for model in CauseModel::ALL {
            assert_eq!(CauseModel::from_code(model.code()), Some(model));
        }
        assert_eq!((EntryKind::from_code(0), CauseModel::from_code(0)), (None, None));
    }
}
