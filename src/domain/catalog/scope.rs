//! Scopes: which products a rule or a reward is for, by themselves, their tags and their categories.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::ids::{PosCategoryId, ProductCategoryId, ProductId, ProductTagId};

/// Which lines a rule or a reward is for. A line counts when its product, one of its tags, one of its POS
/// categories or its product category is listed, or an ancestor of those; when nothing is listed, every line.
/// Excludes win. The parts of a combo count with it ([`Scope::covers`]), its units once
/// ([`Scope::counts_units_of`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// POS categories, with all below them.
    pub pos_category_ids: Vec<PosCategoryId>,
    /// Product categories, with all below them.
    pub product_category_ids: Vec<ProductCategoryId>,
    /// Products.
    pub product_ids: Vec<ProductId>,
    /// Tags of products.
    pub product_tag_ids: Vec<ProductTagId>,
    /// POS categories that never count, with all below them.
    pub exclude_pos_category_ids: Vec<PosCategoryId>,
    /// Product categories that never count, with all below them.
    pub exclude_product_category_ids: Vec<ProductCategoryId>,
    /// Products that never count.
    pub exclude_product_ids: Vec<ProductId>,
    /// Tags of products that never count.
    pub exclude_product_tag_ids: Vec<ProductTagId>,
}

impl Scope {
    /// These products alone.
    #[must_use]
    pub fn of_product(product: ProductId) -> Self {
        Self { product_ids: vec![product], ..Self::default() }
    }

    /// Whether every line counts.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a product that stands in these categories and has these tags counts when it is sold by itself.
    #[must_use]
    pub fn covers_product(
        &self,
        product: ProductId,
        pos_categories: &BTreeSet<PosCategoryId>,
        product_categories: &BTreeSet<ProductCategoryId>,
        product_tags: &BTreeSet<ProductTagId>,
    ) -> bool {
        let named = ScopeSubject { product_id: Some(product), pos_categories, product_categories, product_tags };
        let listed = self.listed();
        !self.excluded().name(&named) && (listed.are_empty() || listed.name(&named))
    }

    pub(in crate::domain) fn excluded(&self) -> ScopeLists<'_> {
        ScopeLists {
            pos: &self.exclude_pos_category_ids,
            product: &self.exclude_product_category_ids,
            products: &self.exclude_product_ids,
            tags: &self.exclude_product_tag_ids,
        }
    }

    pub(in crate::domain) fn listed(&self) -> ScopeLists<'_> {
        ScopeLists {
            pos: &self.pos_category_ids,
            product: &self.product_category_ids,
            products: &self.product_ids,
            tags: &self.product_tag_ids,
        }
    }
}

/// What lists may name: a product and where it stands.
pub(in crate::domain) struct ScopeSubject<'a> {
    pub product_id: Option<ProductId>,
    pub pos_categories: &'a BTreeSet<PosCategoryId>,
    pub product_categories: &'a BTreeSet<ProductCategoryId>,
    pub product_tags: &'a BTreeSet<ProductTagId>,
}

/// What a scope lists on one of its two sides.
pub(in crate::domain) struct ScopeLists<'a> {
    pos: &'a [PosCategoryId],
    product: &'a [ProductCategoryId],
    products: &'a [ProductId],
    tags: &'a [ProductTagId],
}

impl ScopeLists<'_> {
    pub(in crate::domain) const fn are_empty(&self) -> bool {
        self.pos.is_empty() && self.product.is_empty() && self.products.is_empty() && self.tags.is_empty()
    }

    /// Whether one of them names the product, a tag of it, or a category above it.
    pub(in crate::domain) fn name(&self, named: &ScopeSubject<'_>) -> bool {
        named.product_id.is_some_and(|id| self.products.contains(&id))
            || self.pos.iter().any(|id| named.pos_categories.contains(id))
            || self.product.iter().any(|id| named.product_categories.contains(id))
            || self.tags.iter().any(|id| named.product_tags.contains(id))
    }
}
