//! Orders as they were read, each with its lines in its row.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use sha2::{Digest, Sha256};

use super::id_ranges::load_by_ids;
use super::{companies, line_index};
use crate::domain::sale::order::{Order, OrderState};
use crate::domain::value::ids::{CompanyId, OrderId, PartnerId, PartnerTagId, PosConfigId, SaleId, SaleLineId};
use crate::domain::value::money::Money;
use crate::store::codec::id_lists::{ids_from_text, ids_to_text};
use crate::store::codec::order_lines::{self, Extent};
use crate::store::codec::{sale_ids, uuids};
use crate::store::connection::clock::from_us;
use crate::store::schema::orders;
use crate::store::{AnyConnection, CHUNK, StoreError, corrupt, write_rows};

mod lookups;

pub use lookups::{count_ignored, digests, mark_ignored, newest, of_references};

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
struct OrderRow {
    source: i16,
    model: i16,
    id: i64,
    uuid: Option<Vec<u8>>,
    uuid_key: Option<i64>,
    name: String,
    reference: Option<String>,
    state: i16,
    placed_at_us: i64,
    partner_id: Option<i64>,
    partner_tag_ids: Option<String>,
    wallet_partner_id: Option<i64>,
    company_id: i64,
    currency: String,
    pos_config_id: Option<i64>,
    total_incl_e4: i64,
    line_count: i64,
    digest: Option<Vec<u8>>,
    ignored: bool,
    links_refunds: bool,
    hold_field_missing: bool,
    lines: Vec<u8>,
}

/// An order with what is kept beside it.
#[derive(Clone, Debug)]
pub struct KeptOrder {
    /// The order.
    pub order: Order,
    /// Whose points it is; `None` when it is nobody's, or that was not kept yet.
    pub wallet: Option<PartnerId>,
    /// Whether no program took it when it was last computed, because of its currency or company.
    pub is_ignored: bool,
    digest: Option<Vec<u8>>,
}

/// The number of a state. Paid is the one that takes no byte in SQLite.
pub(in crate::store) const fn state_code(state: OrderState) -> i16 {
    match state {
        OrderState::Paid => 1,
        OrderState::Draft => 2,
        OrderState::Cancelled => 3,
    }
}

pub(in crate::store) fn state_from_code(code: i16) -> Result<OrderState, StoreError> {
    match code {
        1 => Ok(OrderState::Paid),
        2 => Ok(OrderState::Draft),
        3 => Ok(OrderState::Cancelled),
        other => Err(corrupt(format!("the order state {other}"))),
    }
}

fn order_row(order: &Order, id: SaleId, wallet: Option<PartnerId>) -> Result<OrderRow, StoreError> {
    let total = Money::sum(order.lines.iter().map(|line| line.subtotal_incl)).map_err(corrupt)?;
    Ok(OrderRow {
        source: id.source.0,
        model: id.model.code(),
        id: id.id,
        uuid: order.uuid.as_deref().map(uuids::text_to_bytes),
        uuid_key: order.uuid.as_deref().map(uuids::text_key),
        name: order.name.clone(),
        reference: order.reference.clone(),
        state: state_code(order.state),
        placed_at_us: order.placed_at.timestamp_micros(),
        partner_id: order.partner_id.map(|id| id.0),
        partner_tag_ids: Some(ids_to_text(order.partner_tags.iter().map(|id| &id.0)))
            .filter(|_| !order.partner_tags.is_empty()),
        wallet_partner_id: wallet.map(|id| id.0),
        company_id: order.company_id.0,
        currency: order.currency.clone(),
        pos_config_id: order.pos_config_id.map(|id| id.0),
        total_incl_e4: total.e4(),
        line_count: i64::try_from(order.lines.len()).map_err(corrupt)?,
        digest: Some(digest(order)?),
        ignored: false,
        links_refunds: order.links_refunds,
        hold_field_missing: order.hold_field_missing,
        lines: order_lines::to_bytes(&order.lines, Extent::Kept)?,
    })
}

/// The first half of a SHA-256 over all that was read. Categories and tags are left out: they are ours, as of the first
/// reading.
fn digest(order: &Order) -> Result<Vec<u8>, StoreError> {
    let mut hasher = Sha256::new();
    let names = (&order.uuid, &order.name, &order.reference, &order.currency);
    let numbers = (order.placed_at.timestamp_micros(), order.partner_id, order.company_id, order.pos_config_id);
    hasher.update(format!("{names:?}{numbers:?}{:?}", (state_code(order.state), order.hold_field_missing)));
    hasher.update(order_lines::to_bytes(&order.lines, Extent::Read)?);
    let mut digest = hasher.finalize().to_vec();
    digest.truncate(16);
    Ok(digest)
}

impl OrderRow {
    fn sale(&self) -> Result<SaleId, StoreError> {
        sale_ids::from_columns(self.source, self.model, self.id)
    }

    fn kept(self, branches: &BTreeMap<CompanyId, BTreeSet<CompanyId>>) -> Result<KeptOrder, StoreError> {
        let SaleId { source, model, id } = self.sale()?;
        let company_id = CompanyId(self.company_id);
        let tags = self.partner_tag_ids.as_deref().map(ids_from_text).transpose()?.unwrap_or_default();
        let mut order = Order {
            source,
            model,
            id: Some(OrderId(id)),
            uuid: self.uuid.as_deref().map(uuids::text_from_bytes).transpose()?,
            name: self.name,
            reference: self.reference,
            state: state_from_code(self.state)?,
            placed_at: from_us(self.placed_at_us)?,
            partner_id: self.partner_id.map(PartnerId),
            partner_tags: tags.into_iter().map(PartnerTagId).collect(),
            parent_companies: branches.get(&company_id).cloned().unwrap_or_default(),
            links_refunds: self.links_refunds,
            company_id,
            currency: self.currency,
            pos_config_id: self.pos_config_id.map(PosConfigId),
            hold_field_missing: self.hold_field_missing,
            lines: order_lines::from_bytes(&self.lines)?,
        };
        order.attach_combos();
        let wallet = self.wallet_partner_id.map(PartnerId);
        Ok(KeptOrder { order, wallet, is_ignored: self.ignored, digest: self.digest })
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
    Ok(load_kept(conn, ids)?.into_iter().map(|(id, kept)| (id, kept.order)).collect())
}

/// Loads orders with their lines, and what is kept beside them.
///
/// # Errors
/// [`StoreError`]
pub fn load_kept(conn: &mut AnyConnection, ids: &BTreeSet<SaleId>) -> Result<BTreeMap<SaleId, KeptOrder>, StoreError> {
    let mut found = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let branches = companies::branches(conn)?;
    for ((source, model), ids) in sale_ids::by_kind(ids.iter().copied()) {
        for chunk in ids.chunks(CHUNK) {
            let query = || {
                let of_kind = orders::table.filter(orders::source.eq(source)).filter(orders::model.eq(model));
                of_kind.select(OrderRow::as_select())
            };
            let rows: Vec<OrderRow> = load_by_ids!(conn, chunk, orders::id, query())?;
            for row in rows.into_iter().filter(|row| chunk.binary_search(&row.id).is_ok()) {
                found.insert(row.sale()?, row.kept(&branches)?);
            }
        }
    }
    Ok(found)
}

/// Keeps orders with their lines; returns those that were new or different, as they are kept: they need not be read back. Of
/// several orders that claim a line, the last has it.
///
/// `wallets` says whose points each order's are, as far as they are anybody's; `known` is what was kept of them before.
///
/// # Errors
/// [`StoreError`]
pub fn put(
    conn: &mut AnyConnection,
    all: &[Order],
    wallets: &BTreeMap<SaleId, PartnerId>,
    known: &BTreeMap<SaleId, KeptOrder>,
) -> Result<BTreeMap<SaleId, KeptOrder>, StoreError> {
    let mut rows = BTreeMap::new();
    let mut changes = line_index::LineChanges::default();
    let mut taken: BTreeSet<SaleLineId> = BTreeSet::new();
    for order in all.iter().rev() {
        let id = order.sale_id().ok_or_else(|| corrupt("an order without an id"))?;
        if rows.contains_key(&id) {
            continue;
        }
        let before = known.get(&id);
        let mut row = order_row(order, id, wallets.get(&id).copied())?;
        // As it stays: computing the order says whether it changes.
        row.ignored = before.is_some_and(|before| before.is_ignored);
        if before.is_some_and(|before| before.digest.is_some() && before.digest == row.digest) {
            taken.extend(order.lines_by_id().map(|(line, _)| line));
            continue;
        }
        let lines: BTreeSet<SaleLineId> = order.lines_by_id().map(|(line, _)| line).collect();
        if lines.is_disjoint(&taken) {
            changes.add(id, before.map(|before| &before.order), order);
        } else {
            let mut rest = order.clone();
            rest.lines.retain(|line| line.id.is_none_or(|id| !taken.contains(&order.line_id(id))));
            row.lines = order_lines::to_bytes(&rest.lines, Extent::Kept)?;
            row.digest = None;
            changes.add(id, before.map(|before| &before.order), &rest);
        }
        taken.extend(lines);
        rows.insert(id, row);
    }
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<OrderRow> = rows.into_values().collect();
    save(conn, &rows)?;
    changes.write(conn)?;
    let branches = companies::branches(conn)?;
    rows.into_iter().map(|row| Ok((row.sale()?, row.kept(&branches)?))).collect()
}

fn save(conn: &mut AnyConnection, rows: &[OrderRow]) -> Result<(), StoreError> {
    write_rows!(conn, rows, row => diesel::insert_into(orders::table)
    .values(row)
    .on_conflict((orders::source, orders::model, orders::id))
    .do_update()
    .set((
        orders::uuid.eq(excluded(orders::uuid)),
        orders::uuid_key.eq(excluded(orders::uuid_key)),
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
        orders::lines.eq(excluded(orders::lines)),
    )));
    Ok(())
}

/// Takes lines out of these orders, because others have them now. What they say next is news: they may get the lines back.
///
/// # Errors
/// [`StoreError`]
pub fn take_lines(
    conn: &mut AnyConnection,
    from: &BTreeMap<SaleId, KeptOrder>,
    lines: &BTreeSet<SaleLineId>,
) -> Result<(), StoreError> {
    let mut changes = line_index::LineChanges::default();
    for (id, kept) in from {
        let mut rest = kept.order.clone();
        rest.lines.retain(|line| line.id.is_none_or(|id| !lines.contains(&kept.order.line_id(id))));
        let bytes = order_lines::to_bytes(&rest.lines, Extent::Kept)?;
        changes.add(*id, Some(&kept.order), &rest);
        diesel::update(
            orders::table
                .filter(orders::source.eq(id.source.0))
                .filter(orders::model.eq(id.model.code()))
                .filter(orders::id.eq(id.id)),
        )
        .set((orders::lines.eq(bytes), orders::digest.eq(None::<Vec<u8>>)))
        .execute(conn)?;
    }
    changes.write(conn)
}

/// Forgets what these orders were like when they were read: whatever they say next is news.
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
            .set(orders::digest.eq(None::<Vec<u8>>))
            .execute(conn)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use diesel::sql_query;
    use diesel::sql_types::Text;

    use super::*;
    use crate::store::connection::{DatabaseUrl, migrate};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn what_names_orders_finds_them_without_walking_all_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("l.db").display())).unwrap();
        let pool = crate::store::Pool::open(url, 2).unwrap();
        let mut conn = pool.get().unwrap();
        migrate::migrate(&mut conn).unwrap();
        let many = vec!["?"; 128].join(",");
        // As seen by the connection that migrated, and by the next one.
        for mut conn in [conn, pool.get().unwrap()] {
            for (column, index) in [
                ("reference", "orders_by_reference"),
                ("uuid_key", "orders_by_uuid"),
                ("partner_id", "orders_by_partner"),
                ("wallet_partner_id", "orders_by_wallet"),
                ("id", "sqlite_autoindex_orders_1 (source=? AND model=? AND id=?)"),
            ] {
                let text = format!(
                    "EXPLAIN QUERY PLAN SELECT id FROM orders WHERE source = 1 AND model = 1 AND {column} IS NOT NULL \
                     AND {column} IN ({many})"
                );
                let plan: Vec<Step> = sql_query(text).load(&mut **conn).unwrap();
                assert!(plan.iter().any(|step| step.detail.contains(index)), "{column}: {}", plan[0].detail);
            }
        }
    }
}
