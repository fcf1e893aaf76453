//! What the writer can be asked to do: a file a command, with what it needs, how it decides and what it is answered.
//!
//! A new command is a file here and a line in the list below; a caller constructs it and gives it to
//! [`Ledger::reply`](crate::ledger::Ledger::reply).

mod adjust;
mod capture;
mod forget;
mod hold;
mod ingest;
mod recompute;
mod release;
mod settle;
mod transfer;

use std::collections::BTreeSet;
use std::fmt::Debug;

pub use self::adjust::AdjustPoints;
pub use self::capture::CaptureHold;
pub use self::forget::ForgetOrders;
pub use self::hold::PlaceHold;
pub use self::ingest::IngestOrders;
pub use self::recompute::{RecomputeOrders, Requester};
pub use self::release::ReleaseHold;
pub use self::settle::SettleAccounts;
pub use self::transfer::{TransferMember, TransferReason};
pub(in crate::ledger) use self::transfer::{TransferPlan, orphan_key};
use super::batch::Batch;
use super::reply::CommandReply;
use crate::domain::catalog::records::Ingested;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, SaleId};
use crate::ledger::error::{LedgerError, Refused};
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::{AnyConnection, FencingToken};

/// One change to make. The batch it is in locks and reads what all its commands need, then each decides in its turn.
pub trait Command: Debug + Send + Sync + 'static {
    /// Its name in metrics and logs.
    fn name(&self) -> &'static str;

    /// Who waits for its answer.
    fn asked_by(&self) -> AskedBy;

    /// What it concerns, as far as it says so itself.
    fn needs(&self) -> Needs<'_>;

    /// The group of the customer that it concerns (0 to 255). What tills ask for one customer goes to one lane, which
    /// commits all of it together where two would wait for each other; the ledger's own work is all of group 0, so that
    /// two lanes never take in the same order side by side.
    fn group(&self) -> u8 {
        0
    }

    /// How many orders or accounts it changes, at least 1: so much of a chunk it takes.
    fn weight(&self) -> usize {
        1
    }

    /// Whether it is written in a batch of its own, because it changes whose what is.
    fn is_alone(&self) -> bool {
        false
    }

    /// Decides, and changes the batch's state. `position` is the command's among those of the batch.
    ///
    /// # Errors
    /// [`LedgerError::Store`]: then nothing of the batch is written. A refusal is an answer.
    fn decide(&self, batch: &mut Batch, conn: &mut AnyConnection, position: usize) -> Result<Answer, LedgerError>;
}

/// A command of a caller: what it is answered with when the ledger does not refuse it.
pub trait CallersCommand: Command {
    /// The answer.
    type Result: TryFrom<CommandReply>;
}

/// Who waits for the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// A person, at a till or a desk.
    Person,
    /// The ledger, for work of its own.
    Ledger,
}

/// What a command concerns. What it names is locked and read before it decides; its orders, and the members that it moves,
/// bring up more once they are read.
#[derive(Debug, Default)]
pub struct Needs<'a> {
    /// The key under which its reply is recorded.
    pub(super) key: Option<KeyDigest>,
    /// The customer and the code of the program whose account it changes.
    pub(super) account: Option<(PartnerId, &'a str)>,
    /// The draft order of which a hold is asked. Then the customer's account is made only if Odoo knows the customer.
    pub(super) draft: Option<&'a Order>,
    /// The hold that it names.
    pub(super) hold: Option<HoldId>,
    /// The accounts that it names by id.
    pub(super) accounts: Option<&'a BTreeSet<AccountId>>,
    /// The orders that it brings.
    pub(in crate::ledger) sales: Option<NeededSales<'a>>,
    /// The transfer that it is.
    pub(super) transfer: Option<&'a TransferMember>,
}

/// The orders that a command brings.
#[derive(Clone, Copy, Debug)]
pub(in crate::ledger) enum NeededSales<'a> {
    /// As they now are in Odoo.
    Read(&'a [Order], &'a FencingToken),
    /// No longer in Odoo.
    Gone(&'a [SaleId], &'a FencingToken),
    /// As they are known, to be computed again.
    Again(&'a [SaleId]),
}

impl Needs<'_> {
    /// Whether it names all that it concerns.
    pub(super) const fn is_all_it_concerns(&self) -> bool {
        self.sales.is_none() && self.transfer.is_none() && self.accounts.is_none()
    }

    /// Whether it computes what orders should have earned, or for whom they earn.
    pub(super) const fn brings_orders(&self) -> bool {
        self.sales.is_some() || self.transfer.is_some()
    }

    /// The customer whose hold it asks for.
    pub(super) fn customer(&self) -> Option<PartnerId> {
        self.draft.and(self.account).map(|(customer, _)| customer)
    }
}

/// A caller's key and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key as the caller gave it.
    pub key: String,
    /// SHA-256 of the method and its canonical parameters, in hex.
    pub params_sha256: String,
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
