//! What the writer still knows from the batches before.
//!
//! Between two batches hardly anything changes but what the writer itself wrote, so that reading it all again is most of
//! what a small batch would do. SQLite tells a connection whether another one has written since (`PRAGMA data_version`,
//! asked first in each transaction, which nobody else writes in until it ends): as long as none has, what is known is
//! true. PostgreSQL tells nothing of the kind, and other replicas write there: nothing is remembered.
//!
//! The writer has a connection of its own for this. What that connection writes itself, and only that, it must tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::programs::ProgramCache;
use crate::domain::catalog::Catalog;
use crate::domain::hold::Hold;
use crate::domain::ids::{AccountId, CompanyId, HoldId, PartnerId, PosConfigId, ProductId, ProgramId};
use crate::domain::shop::Partner;
use crate::domain::timeline::Timeline;
use crate::store::accounts::StoredAccount;
use crate::store::memberships::Memberships;
use crate::store::{AnyConnection, StoreError, accounts, companies, holds, memberships, shop, transaction};

/// Accounts, members and products that are remembered at most: some ten MiB.
const MOST: usize = 20_000;

/// What is known, and as of when it is true.
#[derive(Default)]
pub(super) struct Facts {
    as_of: Option<i64>,
    timelines: Option<Arc<Vec<Timeline>>>,
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
}

impl Facts {
    /// Forgets everything that may no longer be true. To be called first in a transaction that may write.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn begin(&mut self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        let as_of = transaction::data_version(conn)?;
        let known = self.accounts.len().max(self.partners.len()).max(self.members.len()).max(self.products.len());
        if as_of.is_none() || as_of != self.as_of || known > MOST {
            *self = Self { as_of, ..Self::default() };
        }
        Ok(())
    }

    /// All programs.
    pub fn timelines(
        &mut self,
        conn: &mut AnyConnection,
        programs: &ProgramCache,
    ) -> Result<Arc<Vec<Timeline>>, StoreError> {
        if let Some(timelines) = &self.timelines {
            return Ok(Arc::clone(timelines));
        }
        let timelines = programs.timelines(conn)?;
        self.timelines = Some(Arc::clone(&timelines));
        Ok(timelines)
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
        let (known, unknown): (Vec<HoldId>, Vec<HoldId>) = ids.iter().partition(|id| self.open_holds.contains_key(id));
        let mut found = holds::load(conn, holds::Which::Ids(&unknown))?;
        found.extend(known.iter().filter_map(|id| Some((*id, self.open_holds.get(id)?.clone()))));
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
            let read = holds::load(conn, holds::Which::OpenOf(&listed))?;
            taken.extend(accounts::load_with(conn, &unknown, read.values())?);
            open.extend(read);
        }
        Ok((taken, open))
    }

    /// Accounts as they are now that a batch is committed, and holds, of which the open ones of these accounts count.
    pub fn bring_back(&mut self, accounts: Vec<StoredAccount>, mut holds: BTreeMap<HoldId, Hold>) {
        if self.as_of.is_none() {
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
        let read = shop::currency_decimals(conn, currency)?;
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
        let read = shop::neutral_products_of(conn, shop)?;
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
        let missing: Vec<PartnerId> = wanted.iter().filter(|id| !self.partners.contains_key(id)).copied().collect();
        let mut read = shop::partners(conn, &missing)?;
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
            let read = shop::catalog(conn, &missing)?;
            let known = std::mem::take(&mut self.catalog.products);
            self.catalog = read;
            self.catalog.products.extend(known);
            self.products.extend(missing);
        }
        Ok(&self.catalog)
    }
}
