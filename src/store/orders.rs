//! Orders as they were read, and what has been posted for each.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use rust_decimal::{Decimal, RoundingStrategy};
use sha2::{Digest, Sha256};

use super::schema::{accounts, order_lines, order_postings, orders};
use super::shop::{ids_from_text, ids_to_text};
use super::time::from_us;
use super::{AnyConnection, CHUNK, POS_ORDER, SOURCE, StoreError, companies, corrupt, on_each, sale_ids};
use crate::domain::exact::to_scaled_rounded;
use crate::domain::ids::{
    AccountId, CompanyId, LineId, OrderId, PartnerId, PartnerTagId, PosCategoryId, PosConfigId, ProductCategoryId,
    ProductId, ProductTagId, ProgramId, SaleId, SaleLineId, SaleModel, SourceId,
};
use crate::domain::money::Money;
use crate::domain::order::{HoldRef, Line, LineRef, LineRole, Order, OrderState, QUANTITY_DECIMALS};
use crate::domain::points::Points;
use crate::domain::shop::OrderDigest;

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
struct OrderRow {
    source: i16,
    model: i16,
    id: i64,
    uuid: Option<String>,
    name: String,
    reference: Option<String>,
    state: String,
    placed_at_us: i64,
    partner_id: Option<i64>,
    company_id: i64,
    currency: String,
    pos_config_id: Option<i64>,
    total_incl_e4: i64,
    line_count: i64,
    digest: String,
    ignored: bool,
    partner_tag_ids: String,
    links_refunds: bool,
    hold_field_missing: bool,
    wallet_partner_id: Option<i64>,
}

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = order_lines, treat_none_as_default_value = false)]
struct LineRow {
    source: i16,
    model: i16,
    id: i64,
    order_id: i64,
    position: i64,
    uuid: Option<String>,
    product_id: Option<i64>,
    quantity_e6: i64,
    subtotal_e4: i64,
    subtotal_incl_e4: i64,
    refunds_line_id: Option<i64>,
    hold_ref: Option<String>,
    neutral: bool,
    pos_category_ids: String,
    product_category_ids: String,
    product_tag_ids: String,
    combo_parent_line_id: Option<i64>,
}

const fn state_word(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft => "draft",
        OrderState::Paid => "paid",
        OrderState::Cancelled => "cancelled",
    }
}

pub(super) fn state_from_word(word: &str) -> Result<OrderState, StoreError> {
    match word {
        "draft" => Ok(OrderState::Draft),
        "paid" => Ok(OrderState::Paid),
        "cancelled" => Ok(OrderState::Cancelled),
        other => Err(corrupt(format!("the order state {other}"))),
    }
}

fn order_row(order: &Order, id: SaleId, wallet: Option<PartnerId>, lines: &[LineRow]) -> Result<OrderRow, StoreError> {
    let total = Money::sum(order.lines.iter().map(|line| line.subtotal_incl)).map_err(corrupt)?;
    let mut row = OrderRow {
        source: id.source.0,
        model: id.model.code(),
        id: id.id,
        uuid: order.uuid.clone(),
        name: order.name.clone(),
        reference: order.reference.clone(),
        state: state_word(order.state).into(),
        placed_at_us: order.placed_at.timestamp_micros(),
        partner_id: order.partner_id.map(|id| id.0),
        company_id: order.company_id.0,
        currency: order.currency.clone(),
        pos_config_id: order.pos_config_id.map(|id| id.0),
        total_incl_e4: total.e4(),
        line_count: i64::try_from(lines.len()).map_err(corrupt)?,
        digest: String::new(),
        ignored: false,
        partner_tag_ids: ids_to_text(order.partner_tags.iter().map(|id| &id.0)),
        links_refunds: order.links_refunds,
        hold_field_missing: order.hold_field_missing,
        wallet_partner_id: wallet.map(|id| id.0),
    };
    row.digest = digest(&row, lines);
    Ok(row)
}

/// SHA-256 over all that was read. Categories and tags are left out: they are ours, as of the first reading. A combo is in
/// it only where there is one, so that orders of before combos were read keep their digest.
fn digest(row: &OrderRow, lines: &[LineRow]) -> String {
    let mut hasher = Sha256::new();
    let head = (&row.uuid, &row.name, &row.reference, &row.state, row.placed_at_us, row.partner_id);
    hasher.update(format!("{head:?}{:?}", (row.company_id, &row.currency, row.pos_config_id)));
    if row.hold_field_missing {
        hasher.update("no field for holds");
    }
    for line in lines {
        let what = (line.id, &line.uuid, line.product_id, line.quantity_e6, line.subtotal_e4, line.subtotal_incl_e4);
        hasher.update(format!("{what:?}{:?}", (line.refunds_line_id, &line.hold_ref, line.neutral)));
        if let Some(combo) = line.combo_parent_line_id {
            hasher.update(format!("combo {combo}"));
        }
    }
    hex::encode(hasher.finalize())
}

fn line_row(line: &Line, order: SaleId, position: usize) -> Result<LineRow, StoreError> {
    Ok(LineRow {
        source: order.source.0,
        model: order.model.code(),
        id: line.id.ok_or_else(|| corrupt(format!("a line without an id in {order}")))?.0,
        order_id: order.id,
        position: i64::try_from(position).map_err(corrupt)?,
        uuid: line.uuid.clone(),
        product_id: line.product_id.map(|id| id.0),
        quantity_e6: to_scaled_rounded(line.quantity, QUANTITY_DECIMALS, RoundingStrategy::MidpointAwayFromZero)
            .map_err(corrupt)?,
        subtotal_e4: line.subtotal.e4(),
        subtotal_incl_e4: line.subtotal_incl.e4(),
        refunds_line_id: line.refunds.map(|id| id.0),
        hold_ref: line.hold.as_ref().map(HoldRef::as_text),
        neutral: line.role == LineRole::Neutral,
        pos_category_ids: ids_to_text(line.pos_categories.iter().map(|id| &id.0)),
        product_category_ids: ids_to_text(line.product_categories.iter().map(|id| &id.0)),
        product_tag_ids: ids_to_text(line.product_tags.iter().map(|id| &id.0)),
        combo_parent_line_id: match &line.combo_parent {
            Some(LineRef::Id(id)) => Some(id.0),
            // Only drafts name a line by its uuid, and they are not kept.
            Some(LineRef::Uuid(_)) | None => None,
        },
    })
}

impl OrderRow {
    fn sale(&self) -> Result<SaleId, StoreError> {
        sale_ids::from_columns(self.source, self.model, self.id)
    }
}

impl LineRow {
    /// The order it stands in.
    fn sale(&self) -> Result<SaleId, StoreError> {
        sale_ids::from_columns(self.source, self.model, self.order_id)
    }

    fn line(self) -> Result<Line, StoreError> {
        Ok(Line {
            id: Some(LineId(self.id)),
            uuid: self.uuid,
            product_id: self.product_id.map(ProductId),
            quantity: Decimal::new(self.quantity_e6, QUANTITY_DECIMALS).normalize(),
            subtotal: Money::from_e4(self.subtotal_e4),
            subtotal_incl: Money::from_e4(self.subtotal_incl_e4),
            refunds: self.refunds_line_id.map(LineId),
            hold: self.hold_ref.as_deref().and_then(HoldRef::parse),
            role: if self.neutral { LineRole::Neutral } else { LineRole::Counts },
            pos_categories: ids_from_text(&self.pos_category_ids)?.into_iter().map(PosCategoryId).collect(),
            product_categories: ids_from_text(&self.product_category_ids)?.into_iter().map(ProductCategoryId).collect(),
            product_tags: ids_from_text(&self.product_tag_ids)?.into_iter().map(ProductTagId).collect(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: self.combo_parent_line_id.map(|id| LineRef::Id(LineId(id))),
            combo: None,
        })
    }
}

/// Locks the rows of these orders that exist, in the order of their ids, until the transaction ends.
///
/// # Errors
/// [`StoreError`]
pub fn lock(conn: &mut AnyConnection, ids: &BTreeSet<SaleId>) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        for ((source, model), ids) in sale_ids::by_kind(ids.iter().copied()) {
            orders::table
                .filter(orders::source.eq(source))
                .filter(orders::model.eq(model))
                .filter(orders::id.eq_any(ids))
                .order(orders::id)
                .select(orders::id)
                .for_update()
                .load::<i64>(conn)?;
        }
    }
    Ok(())
}

/// Loads orders with their lines.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, ids: &BTreeSet<SaleId>) -> Result<BTreeMap<SaleId, Order>, StoreError> {
    let mut found = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let branches = companies::branches(conn)?;
    for ((source, model), ids) in sale_ids::by_kind(ids.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<OrderRow> = orders::table
                .filter(orders::source.eq(source))
                .filter(orders::model.eq(model))
                .filter(orders::id.eq_any(chunk.to_vec()))
                .select(OrderRow::as_select())
                .load(conn)?;
            let lines: Vec<LineRow> = order_lines::table
                .filter(order_lines::source.eq(source))
                .filter(order_lines::model.eq(model))
                .filter(order_lines::order_id.eq_any(chunk.to_vec()))
                .order((order_lines::order_id, order_lines::position))
                .select(LineRow::as_select())
                .load(conn)?;
            let mut by_order: BTreeMap<i64, Vec<Line>> = BTreeMap::new();
            for row in lines {
                by_order.entry(row.order_id).or_default().push(row.line()?);
            }
            for row in rows {
                let lines = by_order.remove(&row.id).unwrap_or_default();
                found.insert(row.sale()?, order_of(row, lines, &branches)?);
            }
        }
    }
    Ok(found)
}

fn order_of(
    row: OrderRow,
    lines: Vec<Line>,
    branches: &BTreeMap<CompanyId, BTreeSet<CompanyId>>,
) -> Result<Order, StoreError> {
    let SaleId { source, model, id } = row.sale()?;
    let company_id = CompanyId(row.company_id);
    let mut order = Order {
        source,
        model,
        id: Some(OrderId(id)),
        uuid: row.uuid,
        name: row.name,
        reference: row.reference,
        state: state_from_word(&row.state)?,
        placed_at: from_us(row.placed_at_us)?,
        partner_id: row.partner_id.map(PartnerId),
        partner_tags: ids_from_text(&row.partner_tag_ids)?.into_iter().map(PartnerTagId).collect(),
        parent_companies: branches.get(&company_id).cloned().unwrap_or_default(),
        links_refunds: row.links_refunds,
        company_id,
        currency: row.currency,
        pos_config_id: row.pos_config_id.map(PosConfigId),
        hold_field_missing: row.hold_field_missing,
        lines,
    };
    order.attach_combos();
    Ok(order)
}

/// Keeps orders with their lines; returns the ids of those that were new or different.
///
/// A line that was known keeps its categories while it names the same product. `wallets` says whose points each order's
/// are, as far as they are anybody's.
///
/// # Errors
/// [`StoreError`]
pub fn put(
    conn: &mut AnyConnection,
    all: &[Order],
    wallets: &BTreeMap<SaleId, PartnerId>,
) -> Result<BTreeSet<SaleId>, StoreError> {
    let mut changed_ids = BTreeSet::new();
    for chunk in all.chunks(CHUNK) {
        let mut rows = BTreeMap::new();
        for order in chunk {
            let id = order.sale_id().ok_or_else(|| corrupt("an order without an id"))?;
            let lines = order
                .lines
                .iter()
                .enumerate()
                .map(|(position, line)| line_row(line, id, position))
                .collect::<Result<Vec<_>, _>>()?;
            rows.insert(id, (order_row(order, id, wallets.get(&id).copied(), &lines)?, lines));
        }
        let known = digests_of(conn, rows.keys().copied())?;
        rows.retain(|id, (row, _)| known.get(id) != Some(&row.digest));
        changed_ids.extend(rows.keys().copied());
        save_rows(conn, rows.into_values().collect())?;
    }
    Ok(changed_ids)
}

fn digests_of(
    conn: &mut AnyConnection,
    ids: impl Iterator<Item = SaleId>,
) -> Result<BTreeMap<SaleId, String>, StoreError> {
    let mut found = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(ids) {
        let rows: Vec<(i64, String)> = orders::table
            .filter(orders::source.eq(source))
            .filter(orders::model.eq(model))
            .filter(orders::id.eq_any(ids))
            .select((orders::id, orders::digest))
            .load(conn)?;
        for (id, digest) in rows {
            found.insert(sale_ids::from_columns(source, model, id)?, digest);
        }
    }
    Ok(found)
}

fn save_rows(conn: &mut AnyConnection, rows: Vec<(OrderRow, Vec<LineRow>)>) -> Result<(), StoreError> {
    let (heads, lines): (Vec<OrderRow>, Vec<Vec<LineRow>>) = rows.into_iter().unzip();
    if heads.is_empty() {
        return Ok(());
    }
    let ids = heads.iter().map(OrderRow::sale).collect::<Result<Vec<_>, _>>()?;
    on_each!(conn, c => diesel::insert_into(orders::table)
        .values(&heads)
        .on_conflict((orders::source, orders::model, orders::id))
        .do_update()
        .set((
            orders::uuid.eq(excluded(orders::uuid)),
            orders::name.eq(excluded(orders::name)),
            orders::reference.eq(excluded(orders::reference)),
            orders::state.eq(excluded(orders::state)),
            orders::placed_at_us.eq(excluded(orders::placed_at_us)),
            orders::partner_id.eq(excluded(orders::partner_id)),
            orders::company_id.eq(excluded(orders::company_id)),
            orders::currency.eq(excluded(orders::currency)),
            orders::pos_config_id.eq(excluded(orders::pos_config_id)),
            orders::total_incl_e4.eq(excluded(orders::total_incl_e4)),
            orders::line_count.eq(excluded(orders::line_count)),
            orders::digest.eq(excluded(orders::digest)),
            orders::partner_tag_ids.eq(excluded(orders::partner_tag_ids)),
            orders::links_refunds.eq(excluded(orders::links_refunds)),
            orders::hold_field_missing.eq(excluded(orders::hold_field_missing)),
            orders::wallet_partner_id.eq(excluded(orders::wallet_partner_id)),
        ))
        .execute(c))?;
    for ((source, model), ids) in sale_ids::by_kind(ids) {
        diesel::delete(
            order_lines::table
                .filter(order_lines::source.eq(source))
                .filter(order_lines::model.eq(model))
                .filter(order_lines::order_id.eq_any(ids)),
        )
        .execute(conn)?;
    }
    let lines: Vec<LineRow> = lines.into_iter().flatten().collect();
    for chunk in lines.chunks(CHUNK) {
        // A line can only stand under another order when Odoo moved it there (a split bill): it follows.
        on_each!(conn, c => diesel::insert_into(order_lines::table)
            .values(chunk)
            .on_conflict((order_lines::source, order_lines::model, order_lines::id))
            .do_update()
            .set((
                order_lines::order_id.eq(excluded(order_lines::order_id)),
                order_lines::position.eq(excluded(order_lines::position)),
                order_lines::uuid.eq(excluded(order_lines::uuid)),
                order_lines::product_id.eq(excluded(order_lines::product_id)),
                order_lines::quantity_e6.eq(excluded(order_lines::quantity_e6)),
                order_lines::subtotal_e4.eq(excluded(order_lines::subtotal_e4)),
                order_lines::subtotal_incl_e4.eq(excluded(order_lines::subtotal_incl_e4)),
                order_lines::refunds_line_id.eq(excluded(order_lines::refunds_line_id)),
                order_lines::hold_ref.eq(excluded(order_lines::hold_ref)),
                order_lines::neutral.eq(excluded(order_lines::neutral)),
                order_lines::pos_category_ids.eq(excluded(order_lines::pos_category_ids)),
                order_lines::product_category_ids.eq(excluded(order_lines::product_category_ids)),
                order_lines::product_tag_ids.eq(excluded(order_lines::product_tag_ids)),
                order_lines::combo_parent_line_id.eq(excluded(order_lines::combo_parent_line_id)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Lines that take back lines of these orders, each with the id and state of the order it stands in.
///
/// # Errors
/// [`StoreError`]
pub fn refunds_of(
    conn: &mut AnyConnection,
    lines: &[SaleLineId],
) -> Result<Vec<(SaleId, OrderState, Line)>, StoreError> {
    let mut found = Vec::new();
    for ((source, model), ids) in sale_ids::lines_by_kind(lines.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<(LineRow, String)> = order_lines::table
                .inner_join(
                    orders::table.on(orders::source
                        .eq(order_lines::source)
                        .and(orders::model.eq(order_lines::model))
                        .and(orders::id.eq(order_lines::order_id))),
                )
                .filter(order_lines::source.eq(source))
                .filter(order_lines::model.eq(model))
                .filter(order_lines::refunds_line_id.eq_any(chunk.to_vec()))
                .select((LineRow::as_select(), orders::state))
                .load(conn)?;
            for (row, state) in rows {
                found.push((row.sale()?, state_from_word(&state)?, row.line()?));
            }
        }
    }
    // Sorted here: asked to sort by order, SQLite walks all lines in that order instead of looking these up.
    found.sort_by_key(|(order, _, line)| (*order, line.id));
    Ok(found)
}

/// The orders in which these lines stand.
///
/// # Errors
/// [`StoreError`]
pub fn orders_of_lines(conn: &mut AnyConnection, lines: &BTreeSet<SaleLineId>) -> Result<BTreeSet<SaleId>, StoreError> {
    let mut found = BTreeSet::new();
    for ((source, model), ids) in sale_ids::lines_by_kind(lines.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<i64> = order_lines::table
                .filter(order_lines::source.eq(source))
                .filter(order_lines::model.eq(model))
                .filter(order_lines::id.eq_any(chunk.to_vec()))
                // Not `distinct`: for that SQLite walks the index of orders, all of it.
                .select(order_lines::order_id)
                .load(conn)?;
            for id in rows {
                found.insert(sale_ids::from_columns(source, model, id)?);
            }
        }
    }
    Ok(found)
}

/// The greatest id of all orders of the Odoo's tills that are kept; `None` without any.
///
/// # Errors
/// [`StoreError`]
pub fn newest(conn: &mut AnyConnection) -> Result<Option<OrderId>, StoreError> {
    let newest: Option<i64> = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::model.eq(POS_ORDER))
        .order(orders::id.desc())
        .select(orders::id)
        .first(conn)
        .optional()?;
    Ok(newest.map(OrderId))
}

/// Forgets what these orders were like when they were read: whatever they say next is news. For orders that lost a line to
/// another one, which may get it back.
///
/// # Errors
/// [`StoreError`]
pub fn undigest(conn: &mut AnyConnection, orders: &BTreeSet<SaleId>) -> Result<(), StoreError> {
    for ((source, model), ids) in sale_ids::by_kind(orders.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            diesel::update(
                orders::table
                    .filter(orders::source.eq(source))
                    .filter(orders::model.eq(model))
                    .filter(orders::id.eq_any(chunk.to_vec())),
            )
            .set(orders::digest.eq(""))
            .execute(conn)?;
        }
    }
    Ok(())
}

/// The orders of one kind that receipts call by these names.
///
/// # Errors
/// [`StoreError`]
pub fn of_references(
    conn: &mut AnyConnection,
    source: SourceId,
    model: SaleModel,
    names: &BTreeSet<&str>,
) -> Result<BTreeSet<SaleId>, StoreError> {
    let names: Vec<&str> = names.iter().copied().collect();
    let mut found = BTreeSet::new();
    for chunk in names.chunks(CHUNK) {
        let rows: Vec<i64> = orders::table
            .filter(orders::source.eq(source.0))
            .filter(orders::model.eq(model.code()))
            .filter(orders::reference.eq_any(chunk.to_vec()))
            .select(orders::id)
            .load(conn)?;
        found.extend(rows.into_iter().map(|id| SaleId { source, model, id }));
    }
    Ok(found)
}

/// What has been posted for these sales, per account.
///
/// # Errors
/// [`StoreError`]
pub fn postings(
    conn: &mut AnyConnection,
    sales: &BTreeSet<SaleId>,
) -> Result<BTreeMap<SaleId, BTreeMap<AccountId, Points>>, StoreError> {
    let mut found: BTreeMap<SaleId, BTreeMap<AccountId, Points>> = BTreeMap::new();
    for ((source, model), ids) in sale_ids::by_kind(sales.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let rows: Vec<(i64, i64, i64)> = order_postings::table
                .filter(order_postings::sale_source.eq(source))
                .filter(order_postings::sale_model.eq(model))
                .filter(order_postings::sale_id.eq_any(chunk.to_vec()))
                .select((order_postings::sale_id, order_postings::account_id, order_postings::earned_e2))
                .load(conn)?;
            for (id, account, earned) in rows {
                let sale = sale_ids::from_columns(source, model, id)?;
                found.entry(sale).or_default().insert(AccountId(account), Points::from_e2(earned));
            }
        }
    }
    Ok(found)
}

/// Has what was posted for these sales on one account count for another.
///
/// # Errors
/// [`StoreError`]
pub fn move_postings(
    conn: &mut AnyConnection,
    sales: &[SaleId],
    from: AccountId,
    to: AccountId,
) -> Result<(), StoreError> {
    for chunk in sales.chunks(CHUNK) {
        let known = postings(conn, &chunk.iter().copied().collect())?;
        let mut moved = BTreeMap::new();
        for (sale, by_account) in known {
            let Some(there) = by_account.get(&from) else { continue };
            let here = by_account.get(&to).copied().unwrap_or_default();
            moved.insert((sale, to), here.add(*there).map_err(corrupt)?);
        }
        for ((source, model), ids) in sale_ids::by_kind(chunk.iter().copied()) {
            diesel::delete(
                order_postings::table
                    .filter(order_postings::sale_source.eq(source))
                    .filter(order_postings::sale_model.eq(model))
                    .filter(order_postings::sale_id.eq_any(ids))
                    .filter(order_postings::account_id.eq(from.0)),
            )
            .execute(conn)?;
        }
        save_postings(conn, &moved)?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = order_postings, treat_none_as_default_value = false)]
struct PostingRow {
    sale_source: i16,
    sale_model: i16,
    sale_id: i64,
    account_id: i64,
    earned_e2: i64,
}

/// Notes what has now been posted for sales.
///
/// # Errors
/// [`StoreError`]
pub fn save_postings(
    conn: &mut AnyConnection,
    changed: &BTreeMap<(SaleId, AccountId), Points>,
) -> Result<(), StoreError> {
    let rows: Vec<PostingRow> = changed
        .iter()
        .map(|((sale, account), earned)| PostingRow {
            sale_source: sale.source.0,
            sale_model: sale.model.code(),
            sale_id: sale.id,
            account_id: account.0,
            earned_e2: earned.e2(),
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        on_each!(conn, c => diesel::insert_into(order_postings::table)
            .values(chunk)
            .on_conflict((
                order_postings::sale_source,
                order_postings::sale_model,
                order_postings::sale_id,
                order_postings::account_id,
            ))
            .do_update()
            .set(order_postings::earned_e2.eq(excluded(order_postings::earned_e2)))
            .execute(c))?;
    }
    Ok(())
}

/// Marks which orders no program takes because of their currency or company.
///
/// # Errors
/// [`StoreError`]
pub fn mark_ignored(conn: &mut AnyConnection, ids: &[SaleId], ignored: bool) -> Result<(), StoreError> {
    for ((source, model), ids) in sale_ids::by_kind(ids.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            diesel::update(
                orders::table
                    .filter(orders::source.eq(source))
                    .filter(orders::model.eq(model))
                    .filter(orders::id.eq_any(chunk.to_vec()))
                    .filter(orders::ignored.ne(ignored)),
            )
            .set(orders::ignored.eq(ignored))
            .execute(conn)?;
        }
    }
    Ok(())
}

/// How many orders are ignored.
///
/// # Errors
/// [`StoreError`]
pub fn count_ignored(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(orders::table.filter(orders::ignored.eq(true)).count().get_result(conn)?)
}

/// What is kept of orders, by id, for comparing with Odoo's.
///
/// # Errors
/// [`StoreError`]
pub fn digests(conn: &mut AnyConnection, after: OrderId, limit: i64) -> Result<Vec<OrderDigest>, StoreError> {
    type Row = (i64, Option<String>, Option<String>, String, Option<i64>, i64, i64);
    let rows: Vec<Row> = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::model.eq(POS_ORDER))
        .filter(orders::id.gt(after.0))
        .order(orders::id)
        .limit(limit)
        .select((
            orders::id,
            orders::uuid,
            orders::reference,
            orders::state,
            orders::partner_id,
            orders::total_incl_e4,
            orders::line_count,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, uuid, reference, state, partner, total, lines)| {
            Ok(OrderDigest {
                id: OrderId(id),
                uuid,
                reference,
                state: state_from_word(&state)?,
                partner_id: partner.map(PartnerId),
                total_incl: Money::from_e4(total),
                line_count: u32::try_from(lines).map_err(corrupt)?,
            })
        })
        .collect()
}

/// How many orders have earned in a program, by what is noted of them now.
///
/// # Errors
/// [`StoreError`]
pub fn count_credited(conn: &mut AnyConnection, program: ProgramId) -> Result<i64, StoreError> {
    Ok(order_postings::table
        .inner_join(accounts::table.on(accounts::id.eq(order_postings::account_id)))
        .filter(accounts::program_id.eq(program.0))
        .filter(order_postings::earned_e2.ne(0))
        .count()
        .get_result(conn)?)
}
