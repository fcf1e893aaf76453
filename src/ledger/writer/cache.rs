//! What the writer still knows from the batches before.
//!
//! Between two batches hardly anything changes but what the writer itself wrote, so that reading it all again is most of
//! what a small batch would do. SQLite tells a connection whether another one has written since (`PRAGMA data_version`,
//! asked first in each transaction, which nobody else writes in until it ends): as long as none has, what is known is
//! true. On PostgreSQL other replicas write: of members nothing is remembered there, but all that people's commands name is
//! locked and read in two round trips ([`crate::store::batch::prefetch`]); of the shop and the programs, a number in the database
//! tells whether they have changed.
//!
//! The writer has a connection of its own for this. What that connection writes itself, and only that, it must tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::catalog::Catalog;
use crate::domain::catalog::records::Partner;
use crate::domain::ledger::hold::Hold;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::ids::{AccountId, CompanyId, HoldId, PartnerId, PosConfigId, ProductId, ProgramId};
use crate::ledger::admin::programs::ProgramCache;
use crate::store::batch::prefetch::{self, NamedByCommands, Prefetched};
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction;
use crate::store::table::accounts::StoredAccount;
use crate::store::table::holds::HoldReply;
use crate::store::table::memberships::Memberships;
use crate::store::table::recorded_replies::{self, KeyDigest, RecordedReply};
use crate::store::table::{accounts, catalog, companies, holds, memberships, partners};
use crate::store::{AnyConnection, StoreError};

/// Accounts, members and products that are remembered at most: some ten MiB.
const MOST: usize = 20_000;

/// What is known, and as of when it is true.
#[derive(Default)]
pub(in crate::ledger) struct WriterCache {
    as_of: Option<i64>,
    all_versions: Option<Arc<Vec<ProgramVersions>>>,
    account_ids: BTreeMap<(PartnerId, ProgramId), AccountId>,
    accounts: BTreeMap<AccountId, StoredAccount>,
    open_holds: BTreeMap<HoldId, Hold>,
    members: BTreeSet<PartnerId>,
    memberships: Memberships,
    products: BTreeSet<ProductId>,
    catalog: Catalog,
    partners: BTreeMap<PartnerId, Option<Partner>>,
    neutral: BTreeMap<PosConfigId, BTreeSet<ProductId>>,
    branches: Option<BTreeMap<CompanyId, BTreeSet<CompanyId>>>,
    decimals: BTreeMap<String, u32>,
    /// What this transaction locked and read at its beginning.
    prefetched: Option<Prefetched>,
    /// Whether others write to the database, so that of members nothing is known once a transaction is over.
    is_shared: bool,
}

impl WriterCache {
    /// Forgets everything that may no longer be true. To be called first in a transaction that may write. `locked` is what
    /// the transaction began with, if it locked anything then.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn begin(&mut self, conn: &mut AnyConnection, locked: Option<&NamedByCommands>) -> Result<(), StoreError> {
        let mut prefetched = None;
        let as_of = match conn {
            AnyConnection::Sqlite(conn) => transaction::data_version(conn)?,
            AnyConnection::Postgres(conn) => {
                self.is_shared = true;
                self.forget_members();
                match locked {
                    Some(named) => prefetched.insert(prefetch::read(conn, named.clone())?).shop_version,
                    None => catalog::version(conn)?,
                }
            }
        };
        let known = self.accounts.len().max(self.partners.len()).max(self.members.len()).max(self.products.len());
        if Some(as_of) != self.as_of || known.max(self.account_ids.len()) > MOST {
            *self = Self { as_of: Some(as_of), is_shared: self.is_shared, ..Self::default() };
        }
        if let Some(prefetched) = prefetched {
            self.take_note(prefetched);
        }
        Ok(())
    }

    fn forget_members(&mut self) {
        self.accounts.clear();
        self.open_holds.clear();
        self.members.clear();
        self.memberships.clear();
        self.partners.clear();
        self.prefetched = None;
    }

    fn take_note(&mut self, prefetched: Prefetched) {
        self.members.extend(&prefetched.named.partners);
        self.members.extend(prefetched.merges.values());
        self.memberships.extend(prefetched.memberships.iter().map(|(key, known)| (*key, known.clone())));
        self.partners.extend(prefetched.named.partners.iter().map(|id| (*id, prefetched.partners.get(id).cloned())));
        for (id, one) in &prefetched.accounts {
            self.account_ids.insert((one.account.partner_id, one.account.program_id), *id);
            let open = one.account.holds().keys();
            self.open_holds.extend(open.filter_map(|id| Some((*id, prefetched.holds.get(id)?.clone()))));
            self.accounts.insert(*id, one.clone());
        }
        self.prefetched = Some(prefetched);
    }

    /// The programs, if they are known.
    pub fn known_versions(&self) -> Option<&[ProgramVersions]> {
        self.all_versions.as_deref().map(Vec::as_slice)
    }

    /// Whom these contacts became, if that was read at the beginning.
    pub fn persons(&self, contacts: &[PartnerId]) -> Option<BTreeMap<PartnerId, PartnerId>> {
        let known = self.prefetched.as_ref()?;
        let person = |id: &PartnerId| {
            known.named.partners.contains(id).then(|| (*id, known.merges.get(id).copied().unwrap_or(*id)))
        };
        contacts.iter().map(person).collect()
    }

    /// Locks accounts until the transaction ends, unless it began with that.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn lock(
        &mut self,
        conn: &mut AnyConnection,
        ids: &BTreeSet<AccountId>,
    ) -> Result<accounts::Locked, StoreError> {
        if self.prefetched.as_ref().is_some_and(|known| ids.iter().all(|id| known.accounts.contains_key(id))) {
            return Ok(accounts::Locked::Already);
        }
        let locked = accounts::lock(conn, ids)?;
        if locked == accounts::Locked::Now {
            // What was read of others before they were locked is read again.
            self.forget_members();
        }
        Ok(locked)
    }

    /// Keeps others from deciding on these drafts and keys until the transaction ends, unless it began with that.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn lock_drafts(
        &self,
        conn: &mut AnyConnection,
        uuids: &BTreeSet<String>,
        keys: &BTreeSet<KeyDigest>,
    ) -> Result<(), StoreError> {
        match &self.prefetched {
            Some(known) if uuids.is_subset(&known.named.drafts) && keys.is_subset(&known.named.asked_keys) => Ok(()),
            _ => holds::lock_drafts(conn, uuids, keys),
        }
    }

    /// The database's time, once all accounts are locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn now(&self, conn: &mut AnyConnection) -> Result<DateTime<Utc>, StoreError> {
        match &self.prefetched {
            Some(known) => Ok(known.now),
            None => database_now(conn),
        }
    }

    /// All holds that were made for these drafts, which are locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn holds_of_drafts(
        &self,
        conn: &mut AnyConnection,
        uuids: &BTreeSet<String>,
    ) -> Result<BTreeMap<HoldId, Hold>, StoreError> {
        match &self.prefetched {
            Some(known) if uuids.is_subset(&known.named.drafts) => {
                let made = known.holds.iter().filter(|(_, hold)| uuids.contains(&hold.order_uuid));
                Ok(made.map(|(id, hold)| (*id, hold.clone())).collect())
            }
            _ => holds::load(conn, holds::HoldSelection::Orders(&uuids.iter().cloned().collect::<Vec<_>>())),
        }
    }

    /// What was recorded for these keys.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn replies(
        &self,
        conn: &mut AnyConnection,
        keys: &BTreeSet<KeyDigest>,
    ) -> Result<BTreeMap<KeyDigest, RecordedReply>, StoreError> {
        let known = self.prefetched.as_ref();
        let is_known = |key: &KeyDigest| {
            known.is_some_and(|known| known.named.asked_keys.contains(key) || known.named.other_keys.contains(key))
        };
        let unknown: Vec<KeyDigest> = keys.iter().filter(|key| !is_known(key)).copied().collect();
        let mut found = recorded_replies::load(conn, &unknown)?;
        found.extend(keys.iter().filter_map(|key| Some((*key, known?.replies.get(key)?.clone()))));
        Ok(found)
    }

    /// The holds that were given under these keys, which are locked, with what they were asked and answered.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn replied(
        &self,
        conn: &mut AnyConnection,
        keys: &BTreeSet<KeyDigest>,
    ) -> Result<Vec<(Hold, HoldReply)>, StoreError> {
        match &self.prefetched {
            Some(known) if keys.is_subset(&known.named.asked_keys) => {
                Ok(known.replied.iter().filter(|(_, reply)| keys.contains(&reply.key)).cloned().collect())
            }
            _ => holds::replied(conn, &keys.iter().copied().collect::<Vec<_>>()),
        }
    }

    /// All programs.
    pub fn all_versions(
        &mut self,
        conn: &mut AnyConnection,
        programs: &ProgramCache,
    ) -> Result<Arc<Vec<ProgramVersions>>, StoreError> {
        if let Some(all_versions) = &self.all_versions {
            return Ok(Arc::clone(all_versions));
        }
        let all_versions = programs.all_versions(conn)?;
        self.all_versions = Some(Arc::clone(&all_versions));
        Ok(all_versions)
    }

    /// The memberships of these members.
    pub fn memberships(
        &mut self,
        conn: &mut AnyConnection,
        members: &BTreeSet<PartnerId>,
    ) -> Result<Memberships, StoreError> {
        let missing: BTreeSet<PartnerId> = members.difference(&self.members).copied().collect();
        self.memberships.extend(memberships::load(conn, &missing)?);
        self.members.extend(missing);
        let of = |member: &PartnerId| {
            let all = (*member, ProgramId(i64::MIN))..=(*member, ProgramId(i64::MAX));
            self.memberships.range(all).map(|(key, membership)| (*key, membership.clone()))
        };
        Ok(members.iter().flat_map(of).collect())
    }

    /// The accounts of these members and programs; those that do not exist yet are made.
    pub fn account_ids(
        &mut self,
        conn: &mut AnyConnection,
        keys: &BTreeSet<(PartnerId, ProgramId)>,
    ) -> Result<BTreeMap<(PartnerId, ProgramId), AccountId>, StoreError> {
        let unknown = |known: &BTreeMap<(PartnerId, ProgramId), AccountId>| -> BTreeSet<(PartnerId, ProgramId)> {
            keys.iter().filter(|key| !known.contains_key(*key)).copied().collect()
        };
        let unread = unknown(&self.account_ids);
        self.account_ids.extend(accounts::ids_of(conn, &unread)?);
        let missing = unknown(&self.account_ids);
        if !missing.is_empty() {
            accounts::ensure(conn, &missing)?;
            self.account_ids.extend(accounts::ids_of(conn, &missing)?);
        }
        Ok(keys.iter().filter_map(|key| Some((*key, *self.account_ids.get(key)?))).collect())
    }

    /// Holds by id. Those of accounts that are not locked yet may change until they are.
    pub fn holds(&self, conn: &mut AnyConnection, ids: &[HoldId]) -> Result<BTreeMap<HoldId, Hold>, StoreError> {
        let mut found = BTreeMap::new();
        let mut unknown = Vec::new();
        for id in ids {
            let prefetched = self.prefetched.as_ref().filter(|known| known.named.holds.contains(id));
            match (self.open_holds.get(id), prefetched) {
                (Some(hold), _) => {
                    found.insert(*id, hold.clone());
                }
                (None, Some(known)) => found.extend(known.holds.get(id).map(|hold| (*id, hold.clone()))),
                (None, None) => unknown.push(*id),
            }
        }
        found.extend(holds::load(conn, holds::HoldSelection::Ids(&unknown))?);
        Ok(found)
    }

    /// Accounts that are locked, with their open holds. They are the caller's until it brings them back.
    pub fn take_accounts(
        &mut self,
        conn: &mut AnyConnection,
        ids: &BTreeSet<AccountId>,
    ) -> Result<(Vec<StoredAccount>, BTreeMap<HoldId, Hold>), StoreError> {
        let mut taken: Vec<StoredAccount> = ids.iter().filter_map(|id| self.accounts.remove(id)).collect();
        let of = |account: &StoredAccount| account.account.holds().keys().copied().collect::<Vec<_>>();
        let mut open: BTreeMap<HoldId, Hold> =
            taken.iter().flat_map(of).filter_map(|id| Some((id, self.open_holds.remove(&id)?))).collect();
        let known: BTreeSet<AccountId> = taken.iter().map(|one| one.account.id).collect();
        let unknown: BTreeSet<AccountId> = ids.difference(&known).copied().collect();
        if !unknown.is_empty() {
            let listed: Vec<AccountId> = unknown.iter().copied().collect();
            let read = holds::load(conn, holds::HoldSelection::OpenOf(&listed))?;
            taken.extend(accounts::load_with(conn, &unknown, read.values())?);
            open.extend(read);
        }
        Ok((taken, open))
    }

    /// Accounts as they are now that a batch is committed, and holds, of which the open ones of these accounts count.
    pub fn bring_back(&mut self, accounts: Vec<StoredAccount>, mut holds: BTreeMap<HoldId, Hold>) {
        if self.is_shared {
            return;
        }
        for one in accounts {
            let open = one.account.holds().keys();
            self.open_holds.extend(open.filter_map(|id| Some((*id, holds.remove(id)?))));
            self.accounts.insert(one.account.id, one);
        }
    }

    /// Digits of a currency after the decimal point.
    pub fn decimals(&mut self, conn: &mut AnyConnection, currency: &str) -> Result<u32, StoreError> {
        if let Some(known) = self.decimals.get(currency) {
            return Ok(*known);
        }
        let read = catalog::currency_decimals(conn, currency)?;
        self.decimals.insert(currency.to_owned(), read);
        Ok(read)
    }

    /// The products that a shop books tips, debts, deposits and down payments on.
    pub fn neutral_products(
        &mut self,
        conn: &mut AnyConnection,
        shop: PosConfigId,
    ) -> Result<BTreeSet<ProductId>, StoreError> {
        if let Some(known) = self.neutral.get(&shop) {
            return Ok(known.clone());
        }
        let read = catalog::neutral_products_of(conn, shop)?;
        self.neutral.insert(shop, read.clone());
        Ok(read)
    }

    /// The companies that a company is a branch of.
    pub fn parent_companies(
        &mut self,
        conn: &mut AnyConnection,
        company: CompanyId,
    ) -> Result<BTreeSet<CompanyId>, StoreError> {
        let branches = match self.branches.take() {
            Some(known) => known,
            None => companies::branches(conn)?,
        };
        let parents = branches.get(&company).cloned().unwrap_or_default();
        self.branches = Some(branches);
        Ok(parents)
    }

    /// Known partners among these.
    pub fn partners(
        &mut self,
        conn: &mut AnyConnection,
        wanted: &[PartnerId],
    ) -> Result<BTreeMap<PartnerId, Partner>, StoreError> {
        // Each once: several tills may ask for one customer in one batch.
        let missing: BTreeSet<PartnerId> =
            wanted.iter().filter(|id| !self.partners.contains_key(id)).copied().collect();
        let mut read = partners::load(conn, &missing.iter().copied().collect::<Vec<_>>())?;
        self.partners.extend(missing.into_iter().map(|id| (id, read.remove(&id))));
        Ok(wanted.iter().filter_map(|id| Some((*id, self.partners.get(id)?.clone()?))).collect())
    }

    /// A catalog that knows these products, and perhaps others.
    pub fn catalog(
        &mut self,
        conn: &mut AnyConnection,
        products: &BTreeSet<ProductId>,
    ) -> Result<&Catalog, StoreError> {
        let missing: BTreeSet<ProductId> = products.difference(&self.products).copied().collect();
        if !missing.is_empty() {
            let read = catalog::load(conn, &missing)?;
            let known = std::mem::take(&mut self.catalog.products);
            self.catalog = read;
            self.catalog.products.extend(known);
            self.products.extend(missing);
        }
        Ok(&self.catalog)
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
