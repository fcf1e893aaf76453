//! The state a batch works on: the accounts and holds that commands may touch, and what they leave behind.
//!
//! Commands check first and change afterwards; each change leaves an entry. The writer loads the state, lets
//! every command decide on it in order, and writes the rest.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::{Account, Expiry, LotChange};
use super::entry::{Cause, CauseModel, Entry, EntryDetail, EntryKind};
use super::hold::{Hold, HoldState};
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{AccountId, EntryId, ExceptionId, HoldId, PartnerId, SaleId, SaleModel};
use crate::domain::value::points::Points;

/// When, by whom, and where fresh ids come from.
pub struct DecisionContext<'a> {
    /// The database's time.
    pub now: DateTime<Utc>,
    /// A token's name, `sync`, or the command line.
    pub actor: &'a str,
    /// Gives a fresh UUID of version 7 at each call.
    pub ids: &'a mut dyn FnMut() -> Uuid,
}

/// What kinds of exceptions there are.
pub const EXCEPTION_KINDS: [&str; 14] = [
    "hold_expired",
    "hold_released",
    "foreign_hold",
    "unknown_hold",
    "discount_exceeds_hold",
    "product_exceeds_hold",
    "debt",
    "captured_never_paid",
    "captured_without_line",
    "redemption_reversed",
    "reward_no_longer_fits",
    "limit_exceeded",
    "orphaned_account",
    "program_unreadable",
];

/// Something a manager must look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its id.
    pub id: ExceptionId,
    /// The same exception found again has the same key.
    pub dedupe_key: String,
    /// Its kind, one of [`EXCEPTION_KINDS`].
    pub kind: &'static str,
    /// The customer.
    pub partner_id: Option<PartnerId>,
    /// The order: id, uuid and name as far as known.
    pub order: OrderRef,
    /// A sentence for the manager.
    pub detail: String,
}

/// An order as a till or the sync names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderRef {
    /// What names it in the ledger.
    pub id: Option<SaleId>,
    /// `pos.order.uuid`
    pub uuid: Option<String>,
    /// `pos.order.name`
    pub name: Option<String>,
}

impl OrderRef {
    /// The order as the cause of an entry.
    #[must_use]
    pub fn cause(&self) -> Cause {
        Cause {
            model: self.id.map_or(SaleModel::PosOrder, |id| id.model).into(),
            id: self.id.map(|id| id.id),
            uuid: self.uuid.clone(),
            name: self.name.clone().unwrap_or_default(),
        }
    }
}

/// The state that a batch works on, and what it leaves behind.
#[derive(Clone, Debug, Default)]
pub struct LedgerState {
    /// Accounts that may be touched. They are locked.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Holds that may be touched: those named, and all open ones of the accounts.
    pub holds: BTreeMap<HoldId, Hold>,
    /// Holds of accounts that are not here, on drafts that holds are asked for: read, never changed.
    pub neighbours: BTreeMap<HoldId, Hold>,
    /// What has been posted for sales so far.
    pub postings: BTreeMap<(SaleId, AccountId), Points>,
    /// New entries, in order.
    pub entries: Vec<Entry>,
    /// New exceptions.
    pub exceptions: Vec<Exception>,
    /// Accounts that differ from what was loaded.
    pub changed_accounts: BTreeSet<AccountId>,
    /// Holds that differ from what was loaded, or are new.
    pub changed_holds: BTreeSet<HoldId>,
    /// Postings that differ from what was loaded.
    pub changed_postings: BTreeSet<(SaleId, AccountId)>,
}

/// What an entry says beside the numbers.
pub(in crate::domain) struct Posting {
    pub kind: EntryKind,
    pub points: Points,
    pub occurred_at: DateTime<Utc>,
    pub cause: Cause,
    pub program_version: Option<i64>,
    pub sale: Option<SaleId>,
    pub hold_id: Option<HoldId>,
    pub reason: Option<String>,
    pub detail: EntryDetail,
}

impl LedgerState {
    /// An account that the state was loaded with.
    ///
    /// # Errors
    /// [`Missing`] when it was not: a mistake of the caller, answered and not panicked over.
    pub fn account(&self, id: AccountId) -> Result<&Account, Missing> {
        self.accounts.get(&id).ok_or(Missing)
    }

    pub(in crate::domain) fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, Missing> {
        self.changed_accounts.insert(id);
        self.accounts.get_mut(&id).ok_or(Missing)
    }

    pub(in crate::domain) fn hold_mut(&mut self, id: HoldId) -> Result<&mut Hold, Missing> {
        self.changed_holds.insert(id);
        self.holds.get_mut(&id).ok_or(Missing)
    }

    /// Writes down what has already been done to the account.
    pub(in crate::domain) fn post(
        &mut self,
        account_id: AccountId,
        posting: Posting,
        lots: &[LotChange],
        context: &mut DecisionContext<'_>,
    ) -> Result<EntryId, Missing> {
        // Its chain goes on, even where points came and went without touching the account.
        self.changed_accounts.insert(account_id);
        let balance_after = self.account(account_id)?.balance();
        let id = match (posting.kind, posting.hold_id) {
            (EntryKind::Redeem, Some(hold)) => EntryId::of_capture(hold),
            _ => EntryId((context.ids)()),
        };
        let mut detail = posting.detail;
        detail.lots = lots.to_vec();
        self.entries.push(Entry {
            id,
            account_id,
            kind: posting.kind,
            points: posting.points,
            balance_after,
            occurred_at: posting.occurred_at,
            recorded_at: context.now,
            cause: posting.cause,
            program_version: posting.program_version,
            sale: posting.sale,
            hold_id: posting.hold_id,
            reason: posting.reason,
            actor: context.actor.to_owned(),
            detail,
            is_redacted: false,
        });
        Ok(id)
    }

    /// Writes what time has done to an account: holds that ran out end, points that expired leave.
    ///
    /// # Errors
    /// [`LedgerStateError`]
    pub fn settle(&mut self, id: AccountId, context: &mut DecisionContext<'_>) -> Result<(), LedgerStateError> {
        let now = context.now;
        if !self.account(id)?.is_due(now) {
            return Ok(());
        }
        let ended = self.account_mut(id)?.expire_holds(now);
        for hold_id in ended {
            let hold = self.hold_mut(hold_id)?;
            hold.state = HoldState::Expired;
            hold.ended_at = Some(hold.expires_at);
        }
        let changes = self.account_mut(id)?.expire_lots(now)?;
        // One entry a lot, so that each names the day its points ended. The balance after is counted back
        // from the end, where the account now stands.
        let mut balance = self.account(id)?.balance();
        let mut after: Vec<Points> = Vec::new();
        for change in changes.iter().rev() {
            after.push(balance);
            balance = balance.sub(change.points)?;
        }
        for (change, balance_after) in changes.iter().zip(after.into_iter().rev()) {
            self.post_expired(id, *change, context)?;
            if let Some(entry) = self.entries.last_mut() {
                entry.balance_after = balance_after;
            }
        }
        Ok(())
    }

    /// Writes down that points of a lot came to their end.
    pub(in crate::domain) fn post_expired(
        &mut self,
        id: AccountId,
        change: LotChange,
        context: &mut DecisionContext<'_>,
    ) -> Result<(), Missing> {
        let ended_at = match change.expiry {
            Expiry::At(end) => end,
            Expiry::Never => context.now,
        };
        let posting = Posting {
            kind: EntryKind::Expire,
            points: change.points,
            occurred_at: ended_at,
            cause: Cause {
                model: CauseModel::Expiry,
                id: None,
                uuid: None,
                name: ended_at.format("%Y-%m-%d").to_string(),
            },
            program_version: None,
            sale: None,
            hold_id: None,
            reason: None,
            detail: EntryDetail::default(),
        };
        let mut expiry = DecisionContext { now: context.now, actor: super::entry::EXPIRY, ids: &mut *context.ids };
        self.post(id, posting, &[change], &mut expiry)?;
        Ok(())
    }
}

/// The state was not loaded with what a command needs. It cannot happen while the writer loads what commands
/// name; if it does, the command fails and nothing of it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the writer did not load everything this command needs")]
pub struct Missing;

/// What can go wrong while a command changes the state; the writer then drops the whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerStateError {
    /// See [`Missing`].
    #[error(transparent)]
    Missing(#[from] Missing),
    /// See [`Overflow`].
    #[error(transparent)]
    Overflow(#[from] Overflow),
}
