//! What the commands of callers are answered with.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ledger::hold::{Hold, ReplyTerms};
use crate::domain::value::as_text;
use crate::domain::value::ids::{EntryId, HoldId, PartnerId, ProductId};
use crate::domain::value::money::CurrencyAmount;
use crate::domain::value::points::Points;
use crate::ledger::query::entry::ShownEntry;

/// The answer to a command of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandReply {
    /// To `loyalty.hold`.
    Hold(Box<HoldResult>),
    /// To `loyalty.capture` and `ledger.adjust`.
    Posted(Posted),
    /// To `loyalty.release`.
    Released(Released),
    /// To `member.transfer`.
    Transferred(Transferred),
}

/// Of `Variant => type`: a reply is taken out as what its command is answered with, or given back when it is another's.
macro_rules! replies {
    ($($variant:ident => $result:ty),*) => {$(
        impl TryFrom<CommandReply> for $result {
            type Error = CommandReply;

            fn try_from(reply: CommandReply) -> Result<Self, CommandReply> {
                match reply {
                    CommandReply::$variant(result) => Ok(result),
                    other => Err(other),
                }
            }
        }
    )*};
}

replies!(Posted => Posted, Released => Released, Transferred => Transferred);

impl TryFrom<CommandReply> for HoldResult {
    type Error = CommandReply;

    fn try_from(reply: CommandReply) -> Result<Self, CommandReply> {
        match reply {
            CommandReply::Hold(result) => Ok(*result),
            other => Err(other),
        }
    }
}

/// A hold that was given: beside the contract's members, the reward's kind, what the discount takes off which line of the
/// draft, how much of an order's goods the program's rewards may take off together, and what is to be added to the draft at
/// which price. With these a till sees for itself that a changed order no longer has room.
///
/// It is put together from what the hold's row keeps, the first time as every other, so that it stays the same to the byte.
/// What it says may therefore only change for holds that say by another format of their terms that they are newer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HoldResult {
    /// The hold, which the order's reward line carries.
    pub hold_id: HoldId,
    /// The kind of its reward, as in the document.
    pub kind: String,
    /// How many points are held.
    pub points: Points,
    /// What the reward line takes off.
    pub discount: CurrencyAmount,
    /// From when it is over unless captured before.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub expires_at: DateTime<Utc>,
    /// What it takes off each line of the draft.
    pub lines: Vec<LineDiscount>,
    /// How much of an order's goods the program's rewards may take off together, from 0 to 1.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub max_share_of_order: Decimal,
    /// The product it gives.
    #[serde(flatten)]
    pub product: Option<GivenProduct>,
}

/// What a hold takes off one line of its draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineDiscount {
    /// The line's position, from 0.
    pub line: usize,
    /// The line's UUID, if the till said it.
    pub uuid: Option<String>,
    /// What it takes off.
    pub discount: CurrencyAmount,
}

/// The product that a hold gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GivenProduct {
    /// Which.
    pub product_id: ProductId,
    /// How many units on the order it covers.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub covered_quantity: Decimal,
    /// How many units the till adds.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub add_quantity: Decimal,
    /// What one of those costs, with tax.
    pub price: CurrencyAmount,
}

impl HoldResult {
    /// From what the hold's row keeps.
    #[must_use]
    pub fn of(hold: &Hold, terms: &ReplyTerms) -> Self {
        let money = |amount| CurrencyAmount { amount, decimals: terms.decimals };
        let line = |share: &crate::domain::ledger::hold::LineShare| LineDiscount {
            line: share.position,
            uuid: share.uuid.clone(),
            discount: money(share.off),
        };
        Self {
            hold_id: hold.id,
            kind: terms.kind.clone(),
            points: hold.points,
            discount: money(hold.discount),
            expires_at: hold.expires_at,
            lines: hold.lines.iter().map(line).collect(),
            max_share_of_order: terms.max_share,
            product: hold.product_id.map(|product_id| GivenProduct {
                product_id,
                covered_quantity: hold.covered_quantity,
                add_quantity: hold.add_quantity,
                price: money(hold.price.unwrap_or_default()),
            }),
        }
    }
}

/// An entry that was posted. Its members stand in the order in which a recorded reply has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// The balance after it.
    pub balance: Points,
    /// The entry.
    pub entry_id: EntryId,
}

impl Posted {
    /// What a capture is answered with, the first time and every other; `None` while the hold is not captured.
    #[must_use]
    pub fn by_capture(hold: &Hold) -> Option<Self> {
        let (entry_id, balance) = hold.entry_id().zip(hold.balance_after)?;
        Some(Self { balance, entry_id })
    }
}

/// A hold that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Released {
    released: bool,
}

impl Released {
    /// It was, now or before.
    pub(in crate::ledger) const YES: Self = Self { released: true };
}

/// A member whose points moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transferred {
    /// The entries of it, on both accounts.
    pub entries: Vec<TransferredEntry>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransferredEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: ShownEntry,
    /// Whose it is.
    pub partner_id: PartnerId,
    /// The program's code.
    pub program: Option<String>,
}
