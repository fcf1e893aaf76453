//! The shop's records: streams of them, and single ones that an order mentions before their stream brought them.

use std::collections::BTreeSet;

use crate::domain::catalog::records::{CatalogRecords, Category, Company, Partner, PosConfig, Product};
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{PartnerId, PosCategoryId, ProductCategoryId};
use crate::domain::value::money::Currency;
use crate::ledger::ingest::missing::missing_records;
use crate::odoo::session::{Domain, FromOdoo};

use super::error::SyncError;
use super::pass::Pass;
use super::progress::Progress;
use crate::store::FencingToken;

/// Steps up a tree of categories before we take it for a loop.
const DEEPEST: usize = 64;

/// A record that is kept as a copy.
pub(super) trait RecordKind: Sized {
    /// Many of its kind.
    fn all(records: Vec<Self>) -> CatalogRecords;
}

macro_rules! record_kinds {
    ($($kind:ty => $field:ident;)*) => {$(
        impl RecordKind for $kind {
            fn all(records: Vec<Self>) -> CatalogRecords {
                CatalogRecords { $field: records, ..CatalogRecords::default() }
            }
        }
    )*};
}

record_kinds! {
    Partner => partners;
    Product => products;
    Category<PosCategoryId> => pos_categories;
    Category<ProductCategoryId> => product_categories;
    Company => companies;
    PosConfig => pos_configs;
    Currency => currencies;
}

impl Pass<'_> {
    /// Reads all records of `domain` into the ledger's copy.
    pub async fn read_shop<T: FromOdoo + RecordKind>(
        &mut self,
        domain: &Domain,
        is_long: bool,
    ) -> Result<(), SyncError> {
        let mut progress =
            if is_long { Some(Progress::new(T::MODEL, self.session.count(T::MODEL, domain).await?)) } else { None };
        let mut after = 0;
        loop {
            let token = self.token();
            let page = self.session.page::<T>(domain, after, self.settings().page_size).await?;
            if let Some(progress) = &mut progress {
                progress.advance(page.items.len());
            }
            self.keep(page.items, token).await?;
            self.read_notified().await?;
            if page.is_last {
                return Ok(());
            }
            after = page.last_id;
        }
    }

    async fn keep<T: RecordKind>(&mut self, records: Vec<T>, token: FencingToken) -> Result<(), SyncError> {
        if !records.is_empty() {
            let records = T::all(records);
            self.follow_companies(&records.partners).await?;
            self.shared.ledger.ingestion().put_catalog(records, token).await?;
        }
        Ok(())
    }

    /// Reads what these orders mention and the ledger does not know, so that no rule misses a category.
    pub async fn read_mentioned(&mut self, orders: &[Order]) -> Result<(), SyncError> {
        let products = orders.iter().flat_map(|order| &order.lines).filter_map(|line| line.product_id).collect();
        let partners = orders.iter().filter_map(|order| order.partner_id).collect();
        let missing = missing_records(&self.shared.ledger, products, partners).await?;
        let page_size = self.settings().page_size;
        let token = self.token();
        if !missing.partners.is_empty() {
            let ids: Vec<i64> = missing.partners.iter().map(|id| id.0).collect();
            let mut found = self.session.by_ids::<Partner>(&ids, page_size).await?;
            let companies: BTreeSet<PartnerId> = found.iter().map(|partner| partner.commercial_partner_id).collect();
            let companies: Vec<i64> = companies.difference(&missing.partners).map(|id| id.0).collect();
            found.extend(self.session.by_ids::<Partner>(&companies, page_size).await?);
            self.keep(found, token).await?;
        }
        if !missing.products.is_empty() {
            let ids: Vec<i64> = missing.products.iter().map(|id| id.0).collect();
            let found = self.session.by_ids::<Product>(&ids, page_size).await?;
            let pos = found.iter().flat_map(|product| &product.pos_category_ids).map(|id| id.0).collect();
            let own = found.iter().filter_map(|product| product.product_category_id).map(|id| id.0).collect();
            let pos =
                self.with_ancestors::<Category<PosCategoryId>>(pos, |found| found.parent_id.map(|id| id.0)).await?;
            self.keep(pos, token).await?;
            let own =
                self.with_ancestors::<Category<ProductCategoryId>>(own, |found| found.parent_id.map(|id| id.0)).await?;
            self.keep(own, token).await?;
            self.keep(found, token).await?;
        }
        Ok(())
    }

    /// These categories and all above them; a loop ends the climb.
    async fn with_ancestors<T: FromOdoo>(
        &self,
        ids: BTreeSet<i64>,
        parent: impl Fn(&T) -> Option<i64> + Send,
    ) -> Result<Vec<T>, SyncError> {
        let mut seen = ids.clone();
        let mut next: Vec<i64> = ids.into_iter().collect();
        let mut found = Vec::new();
        for _ in 0..DEEPEST {
            if next.is_empty() {
                break;
            }
            let level = self.session.by_ids::<T>(&next, self.settings().page_size).await?;
            next = level.iter().filter_map(&parent).filter(|id| seen.insert(*id)).collect();
            found.extend(level);
        }
        Ok(found)
    }
}
