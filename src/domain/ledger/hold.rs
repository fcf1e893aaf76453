//! A hold: points set aside for a reward on an order that is not paid yet, like a card payment's
//! authorisation. It ends exactly once: captured, released or expired.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::account::{CarriedProtection, OpenHold};
use super::entry::COMMAND_LINE;
use crate::domain::catalog::scope::Scope;
use crate::domain::value::ids::{AccountId, EntryId, HoldId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// Why a hold that a rebuild put back had ended.
pub const PUT_BACK: &str = "put back from what Odoo keeps";

/// How far a hold has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// Its points are set aside.
    Open,
    /// Its points were spent.
    Captured,
    /// It was given up; its points are available again.
    Released,
    /// Its time ran out; its points are available again.
    Expired,
}

impl HoldState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

/// What a hold takes off one line of its draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineShare {
    /// The line's position in the draft, from 0.
    pub position: usize,
    /// `pos.order.line.uuid`, if the till says it: the line's name, wherever it stands later.
    pub uuid: Option<String>,
    /// The product of the line.
    pub product_id: Option<ProductId>,
    /// What it takes off, with tax; above zero.
    pub off: Money,
}

/// One hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id, which the reward line in Odoo carries.
    pub id: HoldId,
    /// Whose points.
    pub account_id: AccountId,
    /// `uuid` of the draft order it was made for; no other order may spend it.
    pub order_uuid: String,
    /// The program's version that priced it.
    pub program_version: i64,
    /// The reward's code.
    pub reward: String,
    /// How many points; positive.
    pub points: Points,
    /// What it takes off the order, with tax.
    pub discount: Money,
    /// What of that it takes off which line of its draft; empty for holds of before this was kept.
    pub lines: Vec<LineShare>,
    /// The product it gives, for rewards that are products.
    pub product_id: Option<ProductId>,
    /// How many of that product were in the draft and are discounted there.
    pub covered_quantity: Decimal,
    /// How many more of it may be added, as a line that carries the hold.
    pub add_quantity: Decimal,
    /// What one of those costs, with tax.
    pub price: Option<Money>,
    /// The goods that the discount is for; `None` for all.
    pub covers: Option<Scope>,
    /// How far it has come.
    pub state: HoldState,
    /// When it was made, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// From when it is over unless captured before.
    pub expires_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was released.
    pub reason: Option<String>,
    /// The account's balance after it was captured.
    pub balance_after: Option<Points>,
    /// Points that refunds of its reward line have given back so far.
    pub restored: Points,
    /// Who asked for it.
    pub actor: String,
    /// The hold of the same order that it took the place of.
    pub replaces: Option<HoldId>,
    /// Points past their end that it protects for that one.
    pub carried: Option<CarriedProtection>,
}

/// What the reply that gave a hold says beside the hold itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTerms {
    /// The kind of its reward, as in the document.
    pub kind: String,
    /// The digits of the currency after the decimal point.
    pub decimals: u32,
    /// How much of an order's goods the program's rewards may take off together, from 0 to 1.
    pub max_share: Decimal,
}

impl Hold {
    /// The entry that captured it: a redemption has one id from its hold on.
    #[must_use]
    pub fn entry_id(&self) -> Option<EntryId> {
        (self.state == HoldState::Captured).then(|| EntryId::of_capture(self.id))
    }

    /// Whether it is one of a ledger that was lost, put back by the command line.
    #[must_use]
    pub fn is_put_back(&self) -> bool {
        self.actor == COMMAND_LINE && self.reason.as_deref() == Some(PUT_BACK)
    }

    /// What it keeps on its account while it is open.
    #[must_use]
    pub const fn as_open(&self) -> OpenHold {
        OpenHold { points: self.points, good_at: self.created_at, expires_at: self.expires_at, carried: self.carried }
    }

    /// Whether its reward stands: it is captured, or open with time left. Time ends a hold before anyone notes it.
    #[must_use]
    pub fn stands(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            HoldState::Captured => true,
            HoldState::Open => now < self.expires_at,
            HoldState::Released | HoldState::Expired => false,
        }
    }
}
