//! What the writer can be asked to do, and what it answers.

use std::collections::BTreeSet;

use crate::domain::catalog::records::{Ingested, Partner};
use crate::domain::ledger::decide::Correction;
use crate::domain::ledger::entry::SYNC;
use crate::domain::ledger::state::OrderRef;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, SaleId};
use crate::domain::value::points::Points;
use crate::ledger::error::Refused;
use crate::ledger::writer::reply::CommandReply;
use crate::store::FencingToken;

/// A caller's key and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key as the caller gave it.
    pub key: String,
    /// SHA-256 of the method and its canonical parameters, in hex.
    pub params_sha256: String,
}

/// Who has what was read computed again, and why: entries say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The `actor` of the entries.
    pub actor: String,
    /// The `reason` of those that have none of their own.
    pub reason: Option<String>,
}

impl Default for Request {
    /// What was read from Odoo asks by itself.
    fn default() -> Self {
        Self { actor: SYNC.to_owned(), reason: None }
    }
}

/// Everything of one member for another.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Whose.
    pub from: PartnerId,
    /// Why, and for whom.
    pub why: TransferReason,
    /// Who asks.
    pub actor: String,
}

/// Why a member's points move.
#[derive(Clone, Debug)]
pub enum TransferReason {
    /// Odoo merged the member into another partner.
    Merged {
        /// The other, as Odoo has it now.
        into: Partner,
        /// When and by what right that was read.
        token: FencingToken,
    },
    /// `member.transfer`
    ByHand {
        /// The caller's key.
        idempotency: Idempotency,
        /// Who gets the points.
        to: PartnerId,
        /// Why.
        reason: String,
    },
}

/// One change to make.
#[derive(Clone, Debug)]
pub enum Command {
    /// `loyalty.hold`
    Hold {
        /// The caller's key.
        idempotency: Idempotency,
        /// Whose points.
        partner_id: PartnerId,
        /// The program's code.
        program: String,
        /// The reward's code.
        reward: String,
        /// How many points, where the cashier may choose.
        points: Option<Points>,
        /// The hold of the same order that it takes the place of.
        replaces: Option<HoldId>,
        /// The draft order.
        draft: Box<Order>,
        /// Who asks.
        actor: String,
    },
    /// `loyalty.capture`
    Capture {
        /// Which hold.
        hold_id: HoldId,
        /// The paid order.
        order: OrderRef,
        /// Who asks.
        actor: String,
    },
    /// `loyalty.release`
    Release {
        /// Which hold.
        hold_id: HoldId,
        /// Why.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// `ledger.adjust`, and what is carried over from another system
    Adjust {
        /// The caller's key.
        idempotency: Idempotency,
        /// Whose points.
        partner_id: PartnerId,
        /// The program's code.
        program: String,
        /// What is put in or taken out, and why.
        correction: Correction,
        /// Who asks.
        actor: String,
    },
    /// Orders as they now are in Odoo.
    Ingest {
        /// The orders, with ids.
        orders: Vec<Order>,
        /// When and by what right they were read.
        token: FencingToken,
    },
    /// Orders that are no longer in Odoo.
    Forget {
        /// Their ids.
        orders: Vec<SaleId>,
        /// When and by what right they were looked for.
        token: FencingToken,
    },
    /// Orders to compute again, because a program changed for the past.
    Recompute {
        /// Which piece of work.
        work: i64,
        /// Who has it done, and why.
        request: Request,
        /// The next orders of it.
        orders: Vec<SaleId>,
        /// Where it goes on afterwards; `None` when this is the end.
        then_after: Option<SaleId>,
    },
    /// Everything of one member goes to another. Written in a batch of its own: it changes whose what is.
    Transfer(Box<Transfer>),
    /// Accounts that time has done something to.
    Settle {
        /// Which.
        accounts: BTreeSet<AccountId>,
    },
}

impl Command {
    /// Whether it computes what orders should have earned, or for whom they earn.
    #[must_use]
    pub const fn brings_orders(&self) -> bool {
        matches!(self, Self::Ingest { .. } | Self::Forget { .. } | Self::Recompute { .. } | Self::Transfer(_))
    }

    /// Whether it names all that it concerns. Orders, and members that move, bring up more once they are read.
    #[must_use]
    pub const fn names_all_it_concerns(&self) -> bool {
        matches!(self, Self::Hold { .. } | Self::Capture { .. } | Self::Release { .. } | Self::Adjust { .. })
    }

    /// Whether a person at a till or a desk waits for its answer. All else is the ledger's own work.
    #[must_use]
    pub const fn is_waited_for_by_people(&self) -> bool {
        match self {
            Self::Hold { .. } | Self::Capture { .. } | Self::Release { .. } | Self::Adjust { .. } => true,
            Self::Transfer(asked) => matches!(asked.why, TransferReason::ByHand { .. }),
            Self::Ingest { .. } | Self::Forget { .. } | Self::Recompute { .. } | Self::Settle { .. } => false,
        }
    }

    /// The customer whose hold it asks for.
    #[must_use]
    pub const fn customer(&self) -> Option<PartnerId> {
        match self {
            Self::Hold { partner_id, .. } => Some(*partner_id),
            _ => None,
        }
    }

    /// The hold that it is to replace.
    #[must_use]
    pub const fn replaced(&self) -> Option<HoldId> {
        match self {
            Self::Hold { replaces, .. } => *replaces,
            _ => None,
        }
    }

    /// Its word in metrics and logs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold",
            Self::Capture { .. } => "capture",
            Self::Release { .. } => "release",
            Self::Adjust { .. } => "adjust",
            Self::Ingest { .. } => "ingest",
            Self::Forget { .. } => "forget",
            Self::Recompute { .. } => "recompute",
            Self::Transfer(_) => "transfer",
            Self::Settle { .. } => "settle",
        }
    }
}

/// What a command came to, once it is committed.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To a caller: a result, or a refusal.
    Reply(Result<CommandReply, Refused>),
    /// Orders were taken in.
    Ingested(Ingested),
    /// They were not: another process has the lease since they were read, or that was too long ago.
    Outdated,
}
