//! The copy of Odoo's shop with its names: for telling a person what a program names.

use diesel::prelude::*;

use super::companies;
use crate::domain::catalog::records::{Category, PosConfig, Product};
use crate::domain::program::authoring::outlook::KnownCatalog;
use crate::domain::value::ids::{
    CompanyId, OrderId, PosCategoryId, PosConfigId, ProductCategoryId, ProductId, ProductTagId, SaleId,
};
use crate::store::codec::id_lists::ids_from_text;
use crate::store::schema::{categories, odoo_places, orders, pos_configs, products};
use crate::store::{AnyConnection, POS_ORDER, SOURCE, StoreError};

/// All of it, as far as it was read. For a person who waits: it reads every product.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection) -> Result<KnownCatalog, StoreError> {
    let names: Vec<(i64, String)> = odoo_places::table
        .filter(odoo_places::source.eq(SOURCE))
        .filter(odoo_places::model.eq("res.company"))
        // One that is not shown any more is none that the service user sees.
        .filter(odoo_places::hidden_orders.eq(0))
        .select((odoo_places::id, odoo_places::name))
        .load(conn)?;
    Ok(KnownCatalog {
        companies: names.into_iter().map(|(id, name)| (CompanyId(id), name)).collect(),
        branches: companies::branches(conn)?,
        tills: tills(conn)?,
        products: all_products(conn)?,
        pos_categories: tree(conn, "pos", PosCategoryId)?,
        product_categories: tree(conn, "product", ProductCategoryId)?,
    })
}

fn tills(conn: &mut AnyConnection) -> Result<Vec<PosConfig>, StoreError> {
    let rows: Vec<(i64, String, i64, String, bool)> = pos_configs::table
        .filter(pos_configs::source.eq(SOURCE))
        .order(pos_configs::id)
        .select((
            pos_configs::id,
            pos_configs::name,
            pos_configs::company_id,
            pos_configs::currency,
            pos_configs::active,
        ))
        .load(conn)?;
    let till = |(id, name, company, currency, active)| PosConfig {
        id: PosConfigId(id),
        name,
        company_id: CompanyId(company),
        currency,
        tip_product_id: None,
        neutral_product_ids: Vec::new(),
        active,
    };
    Ok(rows.into_iter().map(till).collect())
}

fn all_products(conn: &mut AnyConnection) -> Result<Vec<Product>, StoreError> {
    let rows: Vec<(i64, String, Option<i64>, String, String, bool)> = products::table
        .filter(products::source.eq(SOURCE))
        .order(products::id)
        .select((
            products::id,
            products::name,
            products::product_category_id,
            products::pos_category_ids,
            products::tag_ids,
            products::active,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, name, category, pos_categories, tags, active)| {
            Ok(Product {
                id: ProductId(id),
                name,
                product_category_id: category.map(ProductCategoryId),
                pos_category_ids: ids_from_text(&pos_categories)?.into_iter().map(PosCategoryId).collect(),
                tag_ids: ids_from_text(&tags)?.into_iter().map(ProductTagId).collect(),
                active,
            })
        })
        .collect()
}

fn tree<Id>(conn: &mut AnyConnection, tree: &str, id: impl Fn(i64) -> Id) -> Result<Vec<Category<Id>>, StoreError> {
    let rows: Vec<(i64, String, Option<i64>)> = categories::table
        .filter(categories::source.eq(SOURCE))
        .filter(categories::tree.eq(tree))
        .order(categories::id)
        .select((categories::id, categories::name, categories::parent_id))
        .load(conn)?;
    Ok(rows.into_iter().map(|(own, name, parent)| Category { id: id(own), name, parent_id: parent.map(&id) }).collect())
}

/// The ids of the newest orders: those that were made last.
///
/// # Errors
/// [`StoreError`]
pub fn newest_orders(conn: &mut AnyConnection, limit: u32) -> Result<Vec<SaleId>, StoreError> {
    let ids: Vec<i64> = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::model.eq(POS_ORDER))
        .order(orders::id.desc())
        .limit(i64::from(limit))
        .select(orders::id)
        .load(conn)?;
    Ok(ids.into_iter().map(|id| SaleId::pos_order(OrderId(id))).collect())
}
