//! Our copy of Odoo's products, categories, shops and currencies; its contacts are in [`super::partners`].

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel::{PgConnection, sql_query};

use crate::domain::catalog::records::{CatalogRecords, Category};
use crate::domain::catalog::{Catalog, ProductPlace};
use crate::domain::value::ids::{PosCategoryId, PosConfigId, ProductCategoryId, ProductId, ProductTagId};
use crate::store::codec::id_lists::{ids_from_text, ids_to_text};
use crate::store::connection::prepared::{PreparedHere, load_prepared, padded};
use crate::store::schema::{categories, currencies, neutral_products, pos_configs, products};
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, on_each};

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
struct ProductRow {
    source: i16,
    id: i64,
    name: String,
    product_category_id: Option<i64>,
    pos_category_ids: String,
    active: bool,
    tag_ids: String,
}

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = categories, treat_none_as_default_value = false)]
struct CategoryRow {
    source: i16,
    tree: String,
    id: i64,
    name: String,
    parent_id: Option<i64>,
}

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = pos_configs, treat_none_as_default_value = false)]
struct PosConfigRow {
    source: i16,
    id: i64,
    name: String,
    company_id: i64,
    currency: String,
    tip_product_id: Option<i64>,
    active: bool,
    neutral_product_ids: String,
}

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = currencies, treat_none_as_default_value = false)]
struct CurrencyRow {
    source: i16,
    code: String,
    decimals: i64,
}

/// Keeps records, each replacing what was known under its id. Returns how many were new or different.
///
/// # Errors
/// [`StoreError`]
pub fn put(conn: &mut AnyConnection, records: &CatalogRecords) -> Result<u64, StoreError> {
    let mut changed = 0;
    changed += super::partners::put(conn, records)?;
    changed += put_products(conn, records)?;
    changed += put_categories(conn, records)?;
    changed += put_configs(conn, records)?;
    changed += put_neutral(conn, records)?;
    let rows: Vec<CurrencyRow> = records
        .currencies
        .iter()
        .map(|one| CurrencyRow { source: SOURCE, code: one.code.clone(), decimals: i64::from(one.decimals) })
        .collect();
    let known: Vec<CurrencyRow> =
        currencies::table.filter(currencies::source.eq(SOURCE)).select(CurrencyRow::as_select()).load(conn)?;
    let fresh: Vec<CurrencyRow> = rows.into_iter().filter(|row| !known.contains(row)).collect();
    changed += size(&fresh);
    for chunk in fresh.chunks(CHUNK) {
        on_each!(conn, c => diesel::insert_into(currencies::table)
            .values(chunk)
            .on_conflict((currencies::source, currencies::code))
            .do_update()
            .set(currencies::decimals.eq(excluded(currencies::decimals)))
            .execute(c))?;
    }
    Ok(changed)
}

pub(super) fn size<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// The list is whole: what is no longer in it is forgotten.
fn put_neutral(conn: &mut AnyConnection, records: &CatalogRecords) -> Result<u64, StoreError> {
    let Some(products) = &records.neutral_products else { return Ok(0) };
    let wanted: BTreeSet<i64> = products.iter().map(|id| id.0).collect();
    let known: BTreeSet<i64> = neutral_products::table
        .filter(neutral_products::source.eq(SOURCE))
        .select(neutral_products::product_id)
        .load(conn)?
        .into_iter()
        .collect();
    let gone: Vec<i64> = known.difference(&wanted).copied().collect();
    let fresh: Vec<i64> = wanted.difference(&known).copied().collect();
    for chunk in gone.chunks(CHUNK) {
        diesel::delete(
            neutral_products::table
                .filter(neutral_products::source.eq(SOURCE))
                .filter(neutral_products::product_id.eq_any(chunk.to_vec())),
        )
        .execute(conn)?;
    }
    for chunk in fresh.chunks(CHUNK) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|id| (neutral_products::source.eq(SOURCE), neutral_products::product_id.eq(*id)))
            .collect();
        on_each!(conn, c => diesel::insert_into(neutral_products::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(size(&gone).saturating_add(size(&fresh)))
}

fn put_products(conn: &mut AnyConnection, records: &CatalogRecords) -> Result<u64, StoreError> {
    let mut changed = 0;
    for chunk in records.products.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|one| one.id.0).collect();
        let known: BTreeMap<i64, ProductRow> = products::table
            .filter(products::source.eq(SOURCE))
            .filter(products::id.eq_any(ids))
            .select(ProductRow::as_select())
            .load(conn)?
            .into_iter()
            .map(|row: ProductRow| (row.id, row))
            .collect();
        let fresh: Vec<ProductRow> = chunk
            .iter()
            .map(|one| ProductRow {
                source: SOURCE,
                id: one.id.0,
                name: one.name.clone(),
                product_category_id: one.product_category_id.map(|id| id.0),
                pos_category_ids: ids_to_text(one.pos_category_ids.iter().map(|id| &id.0)),
                active: one.active,
                tag_ids: ids_to_text(one.tag_ids.iter().map(|id| &id.0)),
            })
            .filter(|row| known.get(&row.id) != Some(row))
            .collect();
        changed += size(&fresh);
        on_each!(conn, c => diesel::insert_into(products::table)
            .values(&fresh)
            .on_conflict((products::source, products::id))
            .do_update()
            .set((
                products::name.eq(excluded(products::name)),
                products::product_category_id.eq(excluded(products::product_category_id)),
                products::pos_category_ids.eq(excluded(products::pos_category_ids)),
                products::active.eq(excluded(products::active)),
                products::tag_ids.eq(excluded(products::tag_ids)),
            ))
            .execute(c))?;
    }
    Ok(changed)
}

fn put_categories(conn: &mut AnyConnection, records: &CatalogRecords) -> Result<u64, StoreError> {
    fn row<Id>(tree: &str, category: &Category<Id>, raw: impl Fn(&Id) -> i64) -> CategoryRow {
        CategoryRow {
            source: SOURCE,
            tree: tree.into(),
            id: raw(&category.id),
            name: category.name.clone(),
            parent_id: category.parent_id.as_ref().map(&raw),
        }
    }
    let rows = records.pos_categories.iter().map(|one| row("pos", one, |id: &PosCategoryId| id.0));
    let rows = rows.chain(records.product_categories.iter().map(|one| row("product", one, |id| id.0)));
    let known: Vec<CategoryRow> =
        categories::table.filter(categories::source.eq(SOURCE)).select(CategoryRow::as_select()).load(conn)?;
    let known: BTreeMap<(String, i64), CategoryRow> =
        known.into_iter().map(|row| ((row.tree.clone(), row.id), row)).collect();
    let fresh: Vec<CategoryRow> = rows.filter(|row| known.get(&(row.tree.clone(), row.id)) != Some(row)).collect();
    for chunk in fresh.chunks(CHUNK) {
        on_each!(conn, c => diesel::insert_into(categories::table)
            .values(chunk)
            .on_conflict((categories::source, categories::tree, categories::id))
            .do_update()
            .set((
                categories::name.eq(excluded(categories::name)),
                categories::parent_id.eq(excluded(categories::parent_id)),
            ))
            .execute(c))?;
    }
    Ok(size(&fresh))
}

fn put_configs(conn: &mut AnyConnection, records: &CatalogRecords) -> Result<u64, StoreError> {
    let known: Vec<PosConfigRow> =
        pos_configs::table.filter(pos_configs::source.eq(SOURCE)).select(PosConfigRow::as_select()).load(conn)?;
    let fresh: Vec<PosConfigRow> = records
        .pos_configs
        .iter()
        .map(|one| PosConfigRow {
            source: SOURCE,
            id: one.id.0,
            name: one.name.clone(),
            company_id: one.company_id.0,
            currency: one.currency.clone(),
            tip_product_id: one.tip_product_id.map(|id| id.0),
            active: one.active,
            neutral_product_ids: ids_to_text(one.neutral_product_ids.iter().map(|id| &id.0)),
        })
        .filter(|row| !known.contains(row))
        .collect();
    for chunk in fresh.chunks(CHUNK) {
        on_each!(conn, c => diesel::insert_into(pos_configs::table)
            .values(chunk)
            .on_conflict((pos_configs::source, pos_configs::id))
            .do_update()
            .set((
                pos_configs::name.eq(excluded(pos_configs::name)),
                pos_configs::company_id.eq(excluded(pos_configs::company_id)),
                pos_configs::currency.eq(excluded(pos_configs::currency)),
                pos_configs::tip_product_id.eq(excluded(pos_configs::tip_product_id)),
                pos_configs::active.eq(excluded(pos_configs::active)),
                pos_configs::neutral_product_ids.eq(excluded(pos_configs::neutral_product_ids)),
            ))
            .execute(c))?;
    }
    Ok(size(&fresh))
}

/// A number that is another one once the copy of the shop, or a program, has changed: PostgreSQL alone keeps one.
///
/// # Errors
/// [`StoreError`]
pub fn version(conn: &mut PgConnection) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        version: i64,
    }
    let row: Row = PreparedHere::<_, Row>::new(sql_query("SELECT version FROM shop_version")).get_result(conn)?;
    Ok(row.version)
}

/// The places of these products, and both trees whole: a shop has some hundred categories at most.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, wanted: &BTreeSet<ProductId>) -> Result<Catalog, StoreError> {
    let mut catalog = Catalog::default();
    let ids: Vec<i64> = wanted.iter().map(|id| id.0).collect();
    for chunk in ids.chunks(CHUNK) {
        let query = products::table
            .filter(products::source.eq(SOURCE))
            .filter(products::id.eq_any(padded(chunk.iter().copied())))
            .select((
                products::id,
                products::product_category_id,
                products::pos_category_ids,
                products::tag_ids,
                products::active,
            ));
        let rows: Vec<(i64, Option<i64>, String, String, bool)> = load_prepared!(conn, query, chunk.len())?;
        for (id, product_category_id, pos_category_ids, tag_ids, active) in rows {
            let place = ProductPlace {
                product_category_id: product_category_id.map(ProductCategoryId),
                pos_category_ids: ids_from_text(&pos_category_ids)?.into_iter().map(PosCategoryId).collect(),
                tag_ids: ids_from_text(&tag_ids)?.into_iter().map(ProductTagId).collect(),
                archived: !active,
            };
            catalog.products.insert(ProductId(id), place);
        }
    }
    let neutral: Vec<i64> = neutral_products::table
        .filter(neutral_products::source.eq(SOURCE))
        .select(neutral_products::product_id)
        .load(conn)?;
    catalog.neutral = neutral.into_iter().map(ProductId).collect();
    let parents: Vec<(String, i64, Option<i64>)> = categories::table
        .filter(categories::source.eq(SOURCE))
        .filter(categories::parent_id.is_not_null())
        .select((categories::tree, categories::id, categories::parent_id))
        .load(conn)?;
    for (tree, id, parent) in parents {
        let Some(parent) = parent else { continue };
        if tree == "pos" {
            catalog.pos_parents.insert(PosCategoryId(id), PosCategoryId(parent));
        } else {
            catalog.product_parents.insert(ProductCategoryId(id), ProductCategoryId(parent));
        }
    }
    Ok(catalog)
}

/// Which of these products are not known yet.
///
/// # Errors
/// [`StoreError`]
pub fn unknown_products(
    conn: &mut AnyConnection,
    wanted: &BTreeSet<ProductId>,
) -> Result<BTreeSet<ProductId>, StoreError> {
    let known = catalog_ids(conn, wanted)?;
    Ok(wanted.difference(&known).copied().collect())
}

/// What these products are called, as far as they were read.
///
/// # Errors
/// [`StoreError`]
pub fn product_names(
    conn: &mut AnyConnection,
    wanted: &BTreeSet<ProductId>,
) -> Result<BTreeMap<ProductId, String>, StoreError> {
    let ids: Vec<i64> = wanted.iter().map(|id| id.0).collect();
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(i64, String)> = products::table
            .filter(products::source.eq(SOURCE))
            .filter(products::id.eq_any(chunk))
            .select((products::id, products::name))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, name)| (ProductId(id), name)));
    }
    Ok(found)
}

fn catalog_ids(conn: &mut AnyConnection, wanted: &BTreeSet<ProductId>) -> Result<BTreeSet<ProductId>, StoreError> {
    let ids: Vec<i64> = wanted.iter().map(|id| id.0).collect();
    let mut known = BTreeSet::new();
    for chunk in ids.chunks(CHUNK) {
        let query = products::table
            .filter(products::source.eq(SOURCE))
            .filter(products::id.eq_any(padded(chunk.iter().copied())))
            .select(products::id);
        let rows: Vec<i64> = load_prepared!(conn, query, chunk.len())?;
        known.extend(rows.into_iter().map(ProductId));
    }
    Ok(known)
}

/// Digits of a currency after the decimal point; two when Odoo was not read yet.
///
/// # Errors
/// [`StoreError`]
pub fn currency_decimals(conn: &mut AnyConnection, code: &str) -> Result<u32, StoreError> {
    let found: Option<i64> = currencies::table
        .filter(currencies::source.eq(SOURCE))
        .filter(currencies::code.eq(code))
        .select(currencies::decimals)
        .first(conn)
        .optional()?;
    Ok(found.and_then(|digits| u32::try_from(digits).ok()).unwrap_or(2).min(4))
}

/// The products that a shop books tips, debts, deposits and down payments on, as far as it was read.
///
/// # Errors
/// [`StoreError`]
pub fn neutral_products_of(conn: &mut AnyConnection, shop: PosConfigId) -> Result<BTreeSet<ProductId>, StoreError> {
    let found: Option<(Option<i64>, String)> = pos_configs::table
        .filter(pos_configs::source.eq(SOURCE))
        .filter(pos_configs::id.eq(shop.0))
        .select((pos_configs::tip_product_id, pos_configs::neutral_product_ids))
        .first(conn)
        .optional()?;
    let Some((tip, others)) = found else { return Ok(BTreeSet::new()) };
    Ok(ids_from_text(&others)?.into_iter().chain(tip).map(ProductId).collect())
}
