//! Orders read whole: the order, then its lines, and what each line counts as.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::json;

use crate::domain::catalog::records::{OrderDigest, PosConfig};
use crate::domain::sale::order::{HoldRef, Line, LineRef, LineRole, Order, OrderState};
use crate::domain::value::ids::{CompanyId, LineId, OrderId, PartnerId, PosConfigId, ProductId, SaleModel, SourceId};
use crate::domain::value::money::Money;

use super::record::{Record, Unreadable};
use crate::odoo::error::OdooFault;
use crate::odoo::read::fields::{ADDON_FIELD, LINE_FIELDS, ORDER_FIELDS};
use crate::odoo::session::{Domain, RecordPage, Session, report_unreadable};

/// Odoo's model of an order.
pub const ORDER: &str = "pos.order";
/// Odoo's model of an order's line.
pub const LINE: &str = "pos.order.line";
/// `pos_loyalty`'s programs: gift cards and eWallets among them.
const PROGRAM: &str = "loyalty.program";
/// The field by which a refund's line names the line it takes back.
const REFUNDED: &str = "refunded_orderline_id";

/// What makes a line neutral, and what an order's currency is when Odoo does not say: read once a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopRules {
    /// The products that each shop books tips, debts, deposits and down payments on.
    neutral: BTreeMap<i64, BTreeSet<ProductId>>,
    /// Each shop's currency.
    currencies: BTreeMap<i64, String>,
    /// Rewards that are payments by gift card or eWallet.
    payments: BTreeSet<i64>,
    /// Products that are gift cards or top-ups, or that lines paid with them carry.
    vouchers: BTreeSet<ProductId>,
    /// Whether a refund's line names the line it takes back; Odoo 14's does not.
    links_refunds: bool,
    /// Whether lines have no `loyalty_hold_id`: the addon is not installed, or was removed.
    hold_field_missing: bool,
}

impl ShopRules {
    /// Reads the shops, and `pos_loyalty`'s gift cards and eWallets where that module is installed.
    ///
    /// # Errors
    /// Any [`OdooFault`], except missing rights on `loyalty.program`: without them its payments count as discounts,
    /// and a warning says so.
    pub async fn read(session: &Session, page_size: u32) -> Result<Self, OdooFault> {
        let mut rules = Self { links_refunds: session.has_field(LINE, REFUNDED).await?, ..Self::default() };
        let mut after = 0;
        loop {
            let page = match session.page::<PosConfig>(&Domain::new(), after, page_size).await {
                // Without shops no product is known to be for tips.
                Err(OdooFault::UnknownModel { .. }) => break,
                page => page?,
            };
            for shop in page.items {
                let neutral = shop.tip_product_id.into_iter().chain(shop.neutral_product_ids);
                rules.neutral.insert(shop.id.0, neutral.collect());
                rules.currencies.insert(shop.id.0, shop.currency);
            }
            if page.is_last {
                break;
            }
            after = page.last_id;
        }
        rules.hold_field_missing = !session.has_field(LINE, ADDON_FIELD).await?;
        if session.has_field(LINE, "is_reward_line").await? {
            match rules.read_vouchers(session, page_size).await {
                Err(fault @ (OdooFault::MissingRights { .. } | OdooFault::UnknownModel { .. })) => {
                    static ONCE: std::sync::Once = std::sync::Once::new();
                    ONCE.call_once(|| {
                        tracing::warn!(%fault, "gift cards and eWallets cannot be told from discounts and will count as such");
                    });
                }
                done => done?,
            }
        }
        Ok(rules)
    }

    async fn read_vouchers(&mut self, session: &Session, page_size: u32) -> Result<(), OdooFault> {
        let domain = vec![json!(["program_type", "in", ["gift_card", "ewallet"]])];
        let fields = ["reward_ids", "trigger_product_ids", "payment_program_discount_product_id"];
        let mut after = 0;
        loop {
            let page = session.raw_page(PROGRAM, &domain, &fields, after, page_size).await?;
            for program in &page.items {
                match (program.links("reward_ids"), program.links("trigger_product_ids")) {
                    (Ok(rewards), Ok(products)) => {
                        self.payments.extend(rewards);
                        self.vouchers.extend(products.into_iter().map(ProductId));
                        let paid_with = program.link("payment_program_discount_product_id").ok().flatten();
                        self.vouchers.extend(paid_with.map(ProductId));
                    }
                    (Err(problem), _) | (_, Err(problem)) => report_unreadable(PROGRAM, program, &problem),
                }
            }
            if page.is_last {
                return Ok(());
            }
            after = page.last_id;
        }
    }

    /// Products that gift cards and eWallets are sold and paid with.
    #[must_use]
    pub fn neutral_products(&self) -> Vec<ProductId> {
        self.vouchers.iter().copied().collect()
    }

    fn role(&self, record: &Record, product: Option<ProductId>, shop: Option<i64>) -> Result<LineRole, Unreadable> {
        let of_shop = shop.and_then(|shop| self.neutral.get(&shop));
        let is_neutral = |product: ProductId| {
            self.vouchers.contains(&product) || of_shop.is_some_and(|products| products.contains(&product))
        };
        let is_payment = record.flag("is_reward_line", false)
            && record.link("reward_id")?.is_some_and(|reward| self.payments.contains(&reward));
        Ok(if product.is_some_and(is_neutral) || is_payment { LineRole::Excluded } else { LineRole::Eligible })
    }
}

/// A page of orders with their lines.
///
/// # Errors
/// Any [`OdooFault`].
pub async fn read_page(
    session: &Session,
    rules: &ShopRules,
    domain: &Domain,
    after: i64,
    page_size: u32,
) -> Result<RecordPage<Order>, OdooFault> {
    let page = session.raw_page(ORDER, domain, ORDER_FIELDS, after, page_size).await?;
    let ids: Vec<i64> = page.items.iter().filter_map(|record| record.id().ok()).collect();
    let mut lines = lines_by_order(session, &ids, LINE_FIELDS, page_size).await?;
    let mut items = Vec::with_capacity(page.items.len());
    let mut unreadable = 0;
    for record in &page.items {
        let lines = record.id().ok().and_then(|id| lines.remove(&id)).unwrap_or_default();
        match order(record, &lines, rules) {
            Ok(order) => items.push(order),
            Err(problem) => {
                unreadable += 1;
                report_unreadable(ORDER, record, &problem);
            }
        }
    }
    Ok(RecordPage { items, unreadable, last_id: page.last_id, is_last: page.is_last })
}

/// What Odoo says of a page of orders, for comparing: cheaper than reading them whole.
///
/// The second of the pair is the order's `write_date`, `None` when it has none.
///
/// # Errors
/// Any [`OdooFault`].
pub async fn read_digests(
    session: &Session,
    domain: &Domain,
    after: i64,
    page_size: u32,
) -> Result<RecordPage<(OrderDigest, Option<chrono::DateTime<chrono::Utc>>)>, OdooFault> {
    let fields = ["uuid", "pos_reference", "state", "partner_id", "write_date"];
    let page = session.raw_page(ORDER, domain, &fields, after, page_size).await?;
    let ids: Vec<i64> = page.items.iter().filter_map(|record| record.id().ok()).collect();
    let fields = ["order_id", "qty", "price_unit", "price_subtotal_incl"];
    let mut lines = lines_by_order(session, &ids, &fields, page_size).await?;
    let mut items = Vec::with_capacity(page.items.len());
    let mut unreadable = 0;
    for record in &page.items {
        let lines = record.id().ok().and_then(|id| lines.remove(&id)).unwrap_or_default();
        match digest(record, &lines).and_then(|digest| Ok((digest, record.moment("write_date")?))) {
            Ok(item) => items.push(item),
            Err(problem) => {
                unreadable += 1;
                report_unreadable(ORDER, record, &problem);
            }
        }
    }
    Ok(RecordPage { items, unreadable, last_id: page.last_id, is_last: page.is_last })
}

/// Which orders have a line in `domain`: a changed line need not touch its order's `write_date`.
///
/// # Errors
/// Any [`OdooFault`].
pub async fn orders_of_lines(
    session: &Session,
    domain: &Domain,
    page_size: u32,
) -> Result<BTreeSet<OrderId>, OdooFault> {
    let mut orders = BTreeSet::new();
    let mut after = 0;
    loop {
        let page = session.raw_page(LINE, domain, &["order_id"], after, page_size).await?;
        for record in &page.items {
            match record.required_link("order_id") {
                Ok(order) => {
                    orders.insert(OrderId(order));
                }
                Err(problem) => report_unreadable(LINE, record, &problem),
            }
        }
        if page.is_last {
            return Ok(orders);
        }
        after = page.last_id;
    }
}

/// Fewer orders are named one by one.
const FEWEST_IN_A_RANGE: usize = 4;

/// The condition for lines of these orders, whose ids ascend. Neighbours are asked for by a range, which Odoo's database
/// finds in one place of its index: the lines of orders in between come along, so there may be one for every four.
///
/// The field is a link, and Odoo compares a link with a number as the number it is.
fn condition_for_lines(orders: &[i64]) -> Domain {
    if let (Some(first), Some(last)) = (orders.first(), orders.last())
        && orders.len() >= FEWEST_IN_A_RANGE
    {
        let between = last.abs_diff(*first).saturating_add(1).saturating_sub(u64::try_from(orders.len()).unwrap_or(0));
        if between <= u64::try_from(orders.len() / FEWEST_IN_A_RANGE).unwrap_or(0) {
            return vec![json!(["order_id", ">=", first]), json!(["order_id", "<=", last])];
        }
    }
    vec![json!(["order_id", "in", orders])]
}

/// The lines of these orders, whose ids ascend; each order's in the order of their ids.
async fn lines_by_order(
    session: &Session,
    orders: &[i64],
    fields: &[&str],
    page_size: u32,
) -> Result<BTreeMap<i64, Vec<Record>>, OdooFault> {
    let mut lines: BTreeMap<i64, Vec<Record>> = BTreeMap::new();
    if orders.is_empty() {
        return Ok(lines);
    }
    let domain = condition_for_lines(orders);
    let mut after = 0;
    loop {
        let page = session.raw_page(LINE, &domain, fields, after, page_size).await?;
        for record in page.items {
            match record.required_link("order_id") {
                Ok(order) if orders.binary_search(&order).is_err() => {}
                Ok(order) => lines.entry(order).or_default().push(record),
                Err(problem) => report_unreadable(LINE, &record, &problem),
            }
        }
        if page.is_last {
            return Ok(lines);
        }
        after = page.last_id;
    }
}

fn state(record: &Record) -> Result<OrderState, Unreadable> {
    match record.text("state")?.as_deref() {
        Some("draft") => Ok(OrderState::Draft),
        Some("paid" | "done" | "invoiced") => Ok(OrderState::Paid),
        Some("cancel") => Ok(OrderState::Cancelled),
        _ => Err(Unreadable { field: "state", problem: "is none that we know" }),
    }
}

fn order(record: &Record, lines: &[Record], rules: &ShopRules) -> Result<Order, Unreadable> {
    let shop = record.link("config_id")?;
    let currency = record
        .link_name("currency_id")
        .map(str::to_owned)
        .or_else(|| rules.currencies.get(&shop?).filter(|code| !code.is_empty()).cloned())
        .ok_or(Unreadable { field: "currency_id", problem: "is empty, and so is the shop's" })?;
    let reference = record.key("pos_reference")?;
    let lines: Vec<Line> = lines.iter().map(|record| line(record, rules, shop)).collect::<Result<_, _>>()?;
    total_of(lines.iter().map(|line| line.subtotal))?;
    total_of(lines.iter().map(|line| line.subtotal_incl))?;
    Ok(Order {
        source: SourceId::ODOO,
        model: SaleModel::PosOrder,
        id: Some(OrderId(record.id()?)),
        uuid: record.key("uuid")?,
        // An order that never got its number is called "/" by Odoo; the receipt's number says more.
        name: record.text("name")?.filter(|name| name != "/").or_else(|| reference.clone()).unwrap_or_default(),
        reference,
        state: state(record)?,
        placed_at: record.moment("date_order")?.ok_or(Unreadable { field: "date_order", problem: "is empty" })?,
        partner_id: record.link("partner_id")?.map(PartnerId),
        partner_tags: BTreeSet::new(),
        parent_companies: BTreeSet::new(),
        links_refunds: rules.links_refunds,
        company_id: CompanyId(record.required_link("company_id")?),
        currency,
        pos_config_id: shop.map(PosConfigId),
        hold_field_missing: rules.hold_field_missing,
        lines,
    })
}

fn total_of(amounts: impl Iterator<Item = Money>) -> Result<Money, Unreadable> {
    Money::sum(amounts).map_err(|_| Unreadable { field: "lines", problem: "add up to too large an amount" })
}

fn line(record: &Record, rules: &ShopRules, shop: Option<i64>) -> Result<Line, Unreadable> {
    let product_id = record.link("product_id")?.map(ProductId);
    Ok(Line {
        id: Some(LineId(record.id()?)),
        uuid: record.key("uuid")?,
        product_id,
        quantity: record.quantity("qty")?,
        subtotal: amount(record, "price_subtotal")?,
        subtotal_incl: amount(record, "price_subtotal_incl")?,
        refunds: record.link(REFUNDED)?.map(LineId),
        hold: record.text("loyalty_hold_id")?.as_deref().and_then(HoldRef::parse),
        role: rules.role(record, product_id, shop)?,
        pos_categories: BTreeSet::new(),
        product_categories: BTreeSet::new(),
        product_tags: BTreeSet::new(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: record.link("combo_parent_id")?.map(|id| LineRef::Id(LineId(id))),
        combo: None,
    })
}

/// An amount of a line, below zero for what is taken back or taken off.
///
/// Odoo 19's till writes the lines of an order that is a refund (`pos.order.is_refund`) with the opposite sign, what is
/// sold on it too; its back office does not, nor do other releases. Quantity and price say which way each line goes.
fn amount(record: &Record, field: &'static str) -> Result<Money, Unreadable> {
    let amount = record.money(field)?;
    let (quantity, price) = (record.number("qty")?, record.number("price_unit")?);
    let is_known = !quantity.is_zero() && !price.is_zero();
    let goes_down = quantity.is_sign_negative() != price.is_sign_negative();
    if is_known && !amount.is_zero() && amount.is_negative() != goes_down {
        return Money::ZERO.sub(amount).map_err(|_| Unreadable { field, problem: "is too large an amount" });
    }
    Ok(amount)
}

fn digest(record: &Record, lines: &[Record]) -> Result<OrderDigest, Unreadable> {
    let amounts = lines.iter().map(|line| amount(line, "price_subtotal_incl")).collect::<Result<Vec<_>, _>>()?;
    Ok(OrderDigest {
        id: OrderId(record.id()?),
        uuid: record.key("uuid")?,
        reference: record.key("pos_reference")?,
        state: state(record)?,
        partner_id: record.link("partner_id")?.map(PartnerId),
        total_incl: total_of(amounts.into_iter())?,
        line_count: u32::try_from(lines.len())
            .map_err(|_| Unreadable { field: "lines", problem: "are more than can be counted" })?,
    })
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
