//! What the shop sells, as far as scopes care: products, and the two trees of categories above them.

pub mod records;
pub mod scope;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::value::ids::{PosCategoryId, ProductCategoryId, ProductId, ProductTagId};

/// A product's place in the two trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductPlace {
    /// `product.product.categ_id`.
    pub product_category_id: Option<ProductCategoryId>,
    /// `pos_categ_ids` (Odoo 19), or the one `pos_categ_id` (Odoo 14).
    pub pos_category_ids: Vec<PosCategoryId>,
    /// Its own tags and its template's.
    pub tag_ids: Vec<ProductTagId>,
    /// Whether it was archived.
    pub archived: bool,
}

/// The sidecar's own copy of Odoo's products and categories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Where each known product stands.
    pub products: BTreeMap<ProductId, ProductPlace>,
    /// Parent of each POS category; a root is absent.
    pub pos_parents: BTreeMap<PosCategoryId, PosCategoryId>,
    /// Parent of each product category; a root is absent.
    pub product_parents: BTreeMap<ProductCategoryId, ProductCategoryId>,
    /// Products that gift cards and eWallets are sold and paid with.
    pub neutral: BTreeSet<ProductId>,
}

/// A node and everything above it. Odoo forbids loops, but raw SQL and half-finished imports make them:
/// a node seen before ends the climb.
fn climb<Id: Copy + Ord>(from: Id, parents: &BTreeMap<Id, Id>, into: &mut BTreeSet<Id>) {
    let mut next = Some(from);
    while let Some(node) = next {
        if !into.insert(node) {
            return;
        }
        next = parents.get(&node).copied();
    }
}

impl Catalog {
    /// The product's POS categories and all their ancestors. An unknown product has none.
    #[must_use]
    pub fn pos_categories_of(&self, product: ProductId) -> BTreeSet<PosCategoryId> {
        let mut found = BTreeSet::new();
        for category in self.products.get(&product).into_iter().flat_map(|place| &place.pos_category_ids) {
            climb(*category, &self.pos_parents, &mut found);
        }
        found
    }

    /// The product's category and all its ancestors. An unknown product has none.
    #[must_use]
    pub fn product_categories_of(&self, product: ProductId) -> BTreeSet<ProductCategoryId> {
        let mut found = BTreeSet::new();
        if let Some(category) = self.products.get(&product).and_then(|place| place.product_category_id) {
            climb(category, &self.product_parents, &mut found);
        }
        found
    }
}

impl Catalog {
    /// The product's tags. An unknown product has none.
    #[must_use]
    pub fn tags_of(&self, product: ProductId) -> BTreeSet<ProductTagId> {
        self.products.get(&product).into_iter().flat_map(|place| &place.tag_ids).copied().collect()
    }

    /// Whether the product is known to be archived.
    #[must_use]
    pub fn is_archived(&self, product: ProductId) -> bool {
        self.products.get(&product).is_some_and(|place| place.archived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_stands_in_every_ancestor_and_a_loop_ends() {
        let chairs = ProductId(7);
        let catalog = Catalog {
            products: BTreeMap::from([(
                chairs,
                ProductPlace {
                    product_category_id: Some(ProductCategoryId(3)),
                    pos_category_ids: vec![PosCategoryId(5)],
                    ..ProductPlace::default()
                },
            )]),
            pos_parents: BTreeMap::from([(PosCategoryId(5), PosCategoryId(6)), (PosCategoryId(6), PosCategoryId(5))]),
            product_parents: BTreeMap::from([
                (ProductCategoryId(3), ProductCategoryId(2)),
                (ProductCategoryId(2), ProductCategoryId(1)),
            ]),
            neutral: BTreeSet::new(),
        };
        assert_eq!(catalog.pos_categories_of(chairs), BTreeSet::from([PosCategoryId(5), PosCategoryId(6)]));
        assert_eq!(
            catalog.product_categories_of(chairs),
            BTreeSet::from([ProductCategoryId(1), ProductCategoryId(2), ProductCategoryId(3)])
        );
        assert!(catalog.pos_categories_of(ProductId(8)).is_empty());
    }
}
