//! Everything of one member goes to another: accounts, holds, what sales posted, enrolment, and later orders
//! (`member.transfer`, and contacts that Odoo merged).

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, AskedBy, CallersCommand, Command, Idempotency, Needs};
use crate::domain::catalog::records::{CatalogRecords, Ingested, Partner};
use crate::domain::ledger::account::Account;
use crate::domain::ledger::entry::{Cause, CauseModel, Entry, EntryKind};
use crate::domain::ledger::transfer::TransferNote;
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::Wallet;
use crate::domain::value::ids::{AccountId, EntryId, PartnerId, ProgramId, SaleId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets::{owner_of, wallets_of};
use crate::ledger::writer::batch::{Batch, Known, inconsistent, params_to_bytes};
use crate::ledger::writer::recorded_replies::{Recorded, caller_key};
use crate::ledger::writer::reply::{CommandReply, Transferred, TransferredEntry};
use crate::store::table::entries::EntryRow;
use crate::store::table::exceptions;
use crate::store::table::memberships::Memberships;
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::table::{
    accounts, entries, holds, memberships, merges, orders, postings, programs, transfers, wallets,
};
use crate::store::{self, AnyConnection, FencingToken};

/// The key of the exception that says of a member that it is gone and nobody knows whom it became.
pub(in crate::ledger) fn orphan_key(partner: PartnerId) -> String {
    format!("orphaned_account/{partner}")
}

/// Everything of one member for another.
#[derive(Clone, Debug)]
pub struct TransferMember {
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
        into: Box<Partner>,
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

impl CallersCommand for TransferMember {
    type Result = Transferred;
}

impl Command for TransferMember {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn asked_by(&self) -> AskedBy {
        match self.why {
            TransferReason::ByHand { .. } => AskedBy::Person,
            TransferReason::Merged { .. } => AskedBy::Ledger,
        }
    }

    fn needs(&self) -> Needs<'_> {
        let key = match &self.why {
            TransferReason::ByHand { idempotency, .. } => Some(KeyDigest::of(&caller_key(idempotency))),
            TransferReason::Merged { .. } => None,
        };
        Needs { key, transfer: Some(self), ..Needs::default() }
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn decide(&self, batch: &mut Batch, conn: &mut AnyConnection, _: usize) -> Result<Answer, LedgerError> {
        batch.transfer(conn, self)
    }
}

/// What is known of a transfer before accounts are locked. Orders are locked.
pub(in crate::ledger) struct TransferPlan {
    /// Whose account gets it all.
    to: PartnerId,
    /// The contact that the giving member is from now on.
    person: PartnerId,
    /// Orders whose points were the giving member's.
    orders: BTreeSet<SaleId>,
    /// Sales for which anything was ever posted to its accounts.
    sales: BTreeSet<SaleId>,
    /// Its accounts, by program.
    accounts: BTreeMap<ProgramId, AccountId>,
    /// The programs' codes.
    codes: BTreeMap<ProgramId, String>,
    from: PartnerId,
    /// Whose the giving member's points are to begin with: another's, when it was merged or is a company's contact.
    owner: PartnerId,
    outdated: bool,
}

impl TransferPlan {
    /// Of the transfer among these commands, which is then alone.
    pub fn of_batch(
        conn: &mut AnyConnection,
        wallet: Wallet,
        needs: &[Needs<'_>],
    ) -> Result<Option<Self>, LedgerError> {
        let asked = needs.first().and_then(|needs| needs.transfer);
        asked.map(|asked| Self::load(conn, wallet, asked)).transpose()
    }

    fn load(conn: &mut AnyConnection, wallet: Wallet, asked: &TransferMember) -> Result<Self, LedgerError> {
        let from = asked.from;
        let (person, to) = match &asked.why {
            TransferReason::Merged { into, .. } => {
                let owner = if wallet == Wallet::Company { into.commercial_partner_id } else { into.id };
                let became = merges::of(conn, &[owner, into.id])?;
                let last = |id: PartnerId| became.get(&id).copied().unwrap_or(id);
                (last(into.id), last(owner))
            }
            TransferReason::ByHand { to, .. } => {
                let to = wallets_of(conn, wallet, &[*to])?.remove(to).unwrap_or(*to);
                (to, to)
            }
        };
        // Also of programs that cannot be read just now: points move whatever a program says.
        let accounts: BTreeMap<ProgramId, AccountId> =
            accounts::load(conn, &accounts::AccountSelection::Partners(&[from]))?
                .into_iter()
                .map(|one| (one.account.program_id, one.account.id))
                .collect();
        let of_member = owner_of(conn, wallet, from)?;
        let orders = wallets::orders_of(conn, &of_member)?;
        let mut sales = orders.clone();
        for account in accounts.values() {
            for origin in transfers::origins(conn, *account)? {
                sales.extend(entries::sales_of_account(conn, origin.account)?);
            }
        }
        orders::lock(conn, &sales)?;
        let outdated = match &asked.why {
            TransferReason::Merged { token, .. } => !token.still_counts(conn)?,
            TransferReason::ByHand { .. } => false,
        };
        let owner = wallets_of(conn, wallet, &[from])?.remove(&from).unwrap_or(from);
        let codes = programs::codes(conn)?;
        Ok(Self { to, person, orders, sales, accounts, codes, from, owner, outdated })
    }

    /// The accounts that give and those that get.
    pub fn account_keys(&self) -> impl Iterator<Item = (PartnerId, ProgramId)> + '_ {
        let both = |program: &ProgramId| [(self.from, *program), (self.to, *program)];
        self.accounts.keys().flat_map(both).filter(|_| self.from != self.to)
    }
}

impl Batch {
    fn transfer(&mut self, conn: &mut AnyConnection, asked: &TransferMember) -> Result<Answer, LedgerError> {
        let prepared = self.transfer.take().ok_or_else(|| store::corrupt(crate::domain::ledger::state::Missing))?;
        let before = self.state.entries.len();
        match &asked.why {
            TransferReason::Merged { .. } if prepared.outdated => Ok(Answer::Outdated),
            TransferReason::Merged { .. } if prepared.from == prepared.to => Ok(Answer::Ingested(Ingested::default())),
            TransferReason::Merged { into, .. } => {
                keep_if_unknown(conn, into)?;
                self.move_all(conn, &prepared, asked)?;
                merges::note(conn, asked.from, prepared.person, self.now.timestamp_micros())?;
                let posted = self.state.entries.len().saturating_sub(before);
                let entries_posted = u64::try_from(posted).unwrap_or(u64::MAX);
                Ok(Answer::Ingested(Ingested { orders_changed: 0, entries_posted }))
            }
            TransferReason::ByHand { idempotency, to, .. } => {
                let key = caller_key(idempotency);
                let (key, params_sha256) = (KeyDigest::of(&key), params_to_bytes(&idempotency.params_sha256)?);
                if let Some(before) = self.answered.get(&key) {
                    if before.params_sha256 != params_sha256 {
                        return Ok(Answer::Reply(Err(Refusal::IdempotencyConflict.into())));
                    }
                    return Ok(Answer::Reply(match &before.reply {
                        Known::Recorded(Recorded::Moved(kept)) => {
                            Ok(CommandReply::Transferred(transferred_before(conn, kept, &prepared.codes)?))
                        }
                        other => other.reply()?,
                    }));
                }
                if prepared.from == prepared.to {
                    let shared = Refusal::SharedAccount { from: asked.from, to: *to };
                    return Ok(Answer::Reply(Err(shared.into())));
                }
                if prepared.accounts.is_empty() && prepared.owner != prepared.from {
                    let of_another = Refusal::PointsOfAnother { from: asked.from, owner: prepared.owner };
                    return Ok(Answer::Reply(Err(of_another.into())));
                }
                self.move_all(conn, &prepared, asked)?;
                self.settle_orphan(conn, &prepared, asked)?;
                let entries = self.transferred(before);
                // Only their ids: names and reasons may be erased from the entries, and would stay here.
                let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
                let shown = entries.iter().map(|entry| {
                    let account =
                        self.state.accounts.get(&entry.account_id).ok_or(crate::domain::ledger::state::Missing);
                    Ok(shown(entry, account.map_err(store::corrupt)?, &prepared.codes))
                });
                let entries = shown.collect::<Result<_, LedgerError>>()?;
                self.record(key, params_sha256, Recorded::Moved(ids), false)?;
                Ok(Answer::Reply(Ok(CommandReply::Transferred(Transferred { entries }))))
            }
        }
    }

    fn move_all(
        &mut self,
        conn: &mut AnyConnection,
        prepared: &TransferPlan,
        asked: &TransferMember,
    ) -> Result<(), LedgerError> {
        let note = note(conn, prepared, asked)?;
        let now_us = self.now.timestamp_micros();
        let sales: Vec<SaleId> = prepared.sales.iter().copied().collect();
        for (program, from) in &prepared.accounts {
            let from = *from;
            let to = self.keys.get(&(prepared.to, *program)).copied();
            let to = to.ok_or_else(|| store::corrupt(crate::domain::ledger::state::Missing))?;
            let entries = self
                .in_context(&asked.actor, |state, context| state.transfer(from, to, &note, context))
                .map_err(inconsistent)?;
            // The two entries of the transfer itself stay where they are.
            let own = i64::from(!entries.is_empty());
            let places = [from, to].map(|account| (account, self.entry_count(account).saturating_sub(own)));
            transfers::note(conn, places[0], places[1], now_us)?;
            postings::hand_over(conn, &sales, from, to)?;
            holds::hand_over(conn, from, to)?;
        }
        wallets::keep(conn, &prepared.orders.iter().map(|order| (*order, prepared.to)).collect())?;
        join_memberships(conn, prepared, &asked.actor, now_us)
    }

    /// How many entries an account has, those of this batch included.
    fn entry_count(&self, account: AccountId) -> i64 {
        let stored = self.stored.get(&account).map_or(0, |stored| stored.entry_count);
        let fresh = self.state.entries.iter().filter(|entry| entry.account_id == account).count();
        stored.saturating_add(i64::try_from(fresh).unwrap_or(i64::MAX))
    }

    /// A member that was gone from Odoo has become the one that a manager named.
    fn settle_orphan(
        &mut self,
        conn: &mut AnyConnection,
        prepared: &TransferPlan,
        asked: &TransferMember,
    ) -> Result<(), LedgerError> {
        let key = orphan_key(asked.from);
        if exceptions::state_of(conn, &key)?.is_some() {
            let now_us = self.now.timestamp_micros();
            merges::note(conn, asked.from, prepared.to, now_us)?;
            let note = format!("all of it was moved to partner {}", prepared.to);
            exceptions::resolve_key(conn, &key, &note, &asked.actor, now_us)?;
        }
        Ok(())
    }

    /// The entries of a transfer.
    fn transferred(&self, before: usize) -> Vec<&Entry> {
        let of_transfers = |entry: &&Entry| entry.kind == EntryKind::Transfer;
        self.state.entries.iter().skip(before).filter(of_transfers).collect()
    }
}

/// An entry of a transfer, as its caller gets it.
fn shown(entry: &Entry, account: &Account, codes: &BTreeMap<ProgramId, String>) -> TransferredEntry {
    let program = codes.get(&account.program_id).cloned();
    TransferredEntry { entry: entry.into(), partner_id: account.partner_id, program }
}

/// What the caller of a transfer was answered, from the ids that were kept.
fn transferred_before(
    conn: &mut AnyConnection,
    kept: &[EntryId],
    codes: &BTreeMap<ProgramId, String>,
) -> Result<Transferred, LedgerError> {
    let missing = || store::corrupt("the entries of a transfer");
    let mut rows = Vec::with_capacity(kept.len());
    for id in kept {
        rows.push(entries::find(conn, *id)?.ok_or_else(missing)?);
    }
    let of = accounts::AccountSelection::Ids(&rows.iter().map(EntryRow::account_id).collect());
    let accounts: BTreeMap<AccountId, Account> =
        accounts::load(conn, &of)?.into_iter().map(|one| (one.account.id, one.account)).collect();
    let shown = entries::with_texts(conn, &rows)?.into_iter().map(|entry| {
        let account = accounts.get(&entry.account_id).ok_or_else(missing)?;
        Ok(shown(&entry, account, codes))
    });
    Ok(Transferred { entries: shown.collect::<Result<_, LedgerError>>()? })
}

/// Whoever is merged into a partner that no order named yet needs to know its company.
fn keep_if_unknown(conn: &mut AnyConnection, partner: &Partner) -> Result<(), LedgerError> {
    if store::table::partners::load(conn, &[partner.id])?.is_empty() {
        let records = CatalogRecords { partners: vec![partner.clone()], ..CatalogRecords::default() };
        store::table::catalog::put(conn, &records)?;
    }
    Ok(())
}

/// What the entries say: the other partner, by its id and its name.
fn note(
    conn: &mut AnyConnection,
    prepared: &TransferPlan,
    asked: &TransferMember,
) -> Result<TransferNote, LedgerError> {
    let (other, said, reason) = match &asked.why {
        TransferReason::Merged { into, .. } => (into.id, "merged into", None),
        TransferReason::ByHand { reason, .. } => (prepared.to, "moved to", Some(reason.clone())),
    };
    let known = store::table::partners::load(conn, &[asked.from, other])?;
    let name = |id: PartnerId| {
        let name = known.get(&id).map(|partner| partner.name.clone()).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| format!("partner {id}"))
    };
    let cause = |id: PartnerId, name| Cause { model: CauseModel::Partner, id: Some(id.0), uuid: None, name };
    let out = format!("{said} {}", name(other));
    let into = format!("{out} from {}", name(asked.from));
    Ok(TransferNote { out: cause(other, out), into: cause(asked.from, into), reason })
}

/// Who gets the points was enrolled whenever either was. Orders that this concerns are computed again.
fn join_memberships(
    conn: &mut AnyConnection,
    prepared: &TransferPlan,
    actor: &str,
    now_us: i64,
) -> Result<(), LedgerError> {
    let of = |conn: &mut AnyConnection, member| -> Result<Memberships, LedgerError> {
        Ok(memberships::load(conn, &BTreeSet::from([member]))?)
    };
    let mut theirs = of(conn, prepared.to)?;
    // The orders that moved are the new owner's now: the programs it is enrolled in may give them something.
    let mut concerned: BTreeSet<ProgramId> = theirs.keys().map(|(_, program)| *program).collect();
    for ((_, program), membership) in of(conn, prepared.from)? {
        let own = theirs.remove(&(prepared.to, program)).unwrap_or_default();
        let both = own.union(&membership);
        if both != own {
            memberships::replace(conn, prepared.to, program, &both.periods, actor)?;
        }
        concerned.insert(program);
    }
    // An order is computed whole, whatever program asks for it.
    if let Some(program) = concerned.first() {
        programs::request_recompute(conn, program.0, Some(prepared.to.0), None, now_us)?;
    }
    Ok(())
}
