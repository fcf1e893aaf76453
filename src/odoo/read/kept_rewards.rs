//! What Odoo's addon keeps of rewards on the orders that they were given on: enough to redeem them anew in a ledger that
//! was lost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::record::{Record, Unreadable};
use crate::domain::value::exact;
use crate::odoo::error::OdooFault;
use crate::odoo::read::fields::ADDON_FIELD;
use crate::odoo::read::pos_orders::{LINE, ORDER};
use crate::odoo::session::{Domain, FromOdoo, Session};

/// The addon's field of an order.
const KEPT: &str = "loyalty_sidecar_data";

/// A line that carries a hold.
struct HoldLine {
    order: i64,
    hold: String,
}

impl FromOdoo for HoldLine {
    const MODEL: &'static str = LINE;
    const FIELDS: &'static [&'static str] = &["order_id", ADDON_FIELD];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        Ok(Self { order: record.required_link("order_id")?, hold: record.key(ADDON_FIELD)?.unwrap_or_default() })
    }
}

/// What the addon keeps of one hold, as it wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptReward {
    /// The program's code.
    pub program: String,
    /// The reward's name.
    pub name: String,
    /// How many points it cost.
    pub points: Option<Decimal>,
    /// What it took off, with tax.
    pub discount: Decimal,
    /// The product it gave.
    pub product_id: Option<i64>,
    /// How many of it were added.
    pub quantity: Decimal,
    /// At which price.
    pub price: Option<Decimal>,
    /// What it took off which line, by the line's UUID.
    pub covers: Vec<(String, Decimal)>,
}

impl KeptReward {
    fn read(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| value.get(name).and_then(decimal);
        let covers = value.get("covers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self {
            program: text("program"),
            name: text("name"),
            points: number("points"),
            discount: number("discount").unwrap_or_default(),
            product_id: value.get("product").and_then(Value::as_i64).filter(|id| *id > 0),
            quantity: number("quantity").unwrap_or_default(),
            price: number("price"),
            covers: covers
                .iter()
                .filter_map(|cover| Some((cover.get("uuid")?.as_str()?.to_owned(), decimal(cover.get("discount")?)?)))
                .collect(),
        }
    }
}

/// A number that was written as a text or as a number.
fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => exact::parse(text),
        Value::Number(number) => exact::parse(&number.to_string()),
        _ => None,
    }
}

/// A paid order with the holds that its lines carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardedOrder {
    /// Its id.
    pub id: i64,
    /// Its UUID.
    pub uuid: Option<String>,
    /// What a person calls it.
    pub name: String,
    /// Its customer.
    pub partner_id: Option<i64>,
    /// When it was placed.
    pub placed_at: Option<DateTime<Utc>>,
    /// Whether it is paid.
    pub is_paid: bool,
    /// What is kept of each hold, by its id.
    kept: BTreeMap<String, KeptReward>,
    /// The holds that its lines carry, with what is kept of each.
    pub holds: BTreeMap<String, Option<KeptReward>>,
}

impl FromOdoo for RewardedOrder {
    const MODEL: &'static str = ORDER;
    const FIELDS: &'static [&'static str] = &["uuid", "name", "partner_id", "date_order", "state", KEPT];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        let kept = record.json(KEPT).and_then(|data| data.get("holds")).and_then(Value::as_object);
        let state = record.text("state")?.unwrap_or_default();
        Ok(Self {
            id: record.id()?,
            uuid: record.key("uuid")?,
            name: record.text("name")?.unwrap_or_default(),
            partner_id: record.link("partner_id")?,
            placed_at: record.moment("date_order")?,
            is_paid: ["paid", "done", "invoiced"].contains(&state.as_str()),
            kept: kept
                .map(|holds| holds.iter().map(|(id, grant)| (id.clone(), KeptReward::read(grant))).collect())
                .unwrap_or_default(),
            holds: BTreeMap::new(),
        })
    }
}

/// The paid orders whose lines carry holds, by id; `None` when this Odoo has no such field, as the addon is not installed.
///
/// # Errors
/// Any [`OdooFault`]
pub async fn read(session: &Session, page_size: u32) -> Result<Option<Vec<RewardedOrder>>, OdooFault> {
    if !session.has_field(LINE, ADDON_FIELD).await? {
        return Ok(None);
    }
    let carries: Domain = vec![json!([ADDON_FIELD, "!=", false])];
    let mut by_order: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = session.page::<HoldLine>(&carries, after, page_size).await?;
        for line in page.items.into_iter().filter(|line| !line.hold.is_empty()) {
            by_order.entry(line.order).or_default().insert(line.hold);
        }
        after = page.last_id;
        if page.is_last {
            break;
        }
    }
    let ids: Vec<i64> = by_order.keys().copied().collect();
    let mut orders = session.by_ids::<RewardedOrder>(&ids, page_size).await?;
    orders.retain(|order| order.is_paid);
    for order in &mut orders {
        let holds = by_order.remove(&order.id).unwrap_or_default();
        order.holds = holds.into_iter().map(|hold| (hold.clone(), order.kept.get(&hold).cloned())).collect();
    }
    orders.sort_by_key(|order| order.id);
    Ok(Some(orders))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_addon_keeps_is_read_digit_by_digit() {
        let grant: Value = serde_json::from_str(
            r#"{"program": "club", "name": "5 off", "points": "100.5", "discount": 4.99, "product": false, "quantity": 0,
                "price": 0, "covers": [{"uuid": "a", "discount": 4.99}, {"discount": 1}]}"#,
        )
        .unwrap();
        let kept = KeptReward::read(&grant);
        assert_eq!((kept.points, kept.discount), (Some(Decimal::new(1005, 1)), Decimal::new(499, 2)));
        assert_eq!((kept.product_id, kept.covers), (None, vec![("a".to_owned(), Decimal::new(499, 2))]));
        assert_eq!(KeptReward::read(&json!("nonsense")), KeptReward::default());
    }
}
