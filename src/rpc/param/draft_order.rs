//! The draft order of a till, as it is sent.

use std::collections::BTreeSet;

use chrono::Utc;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::sale::order::{HoldRef, Line, LineRef, LineRole, Order, OrderState};
use crate::domain::value::ids::{CompanyId, LineId, PartnerId, PosConfigId, ProductId, SaleModel, SourceId};
use crate::rpc::param::types::{Id, Instant, List, MoneyParam, Quantity, Text, without_control};

/// The most lines a draft has.
const MOST_LINES: usize = 2000;

/// An order that is still being made.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// `pos.order.uuid`.
    pub uuid: Text<100>,
    /// The company that sells.
    pub company_id: Id,
    /// ISO 4217 code.
    pub currency: Text<10>,
    /// The shop.
    pub pos_config_id: Option<Id>,
    /// The customer; `None` while nobody is chosen.
    pub partner_id: Option<Id>,
    /// When the till says it is; now, when it does not.
    pub date_order: Option<Instant>,
    /// The lines.
    pub lines: List<DraftLine, MOST_LINES>,
}

/// One line of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DraftLine {
    /// `pos.order.line.uuid`.
    pub uuid: Option<Text<100>>,
    /// The product.
    pub product_id: Id,
    /// How many; negative when taken back.
    pub qty: Quantity,
    /// After discounts, without tax.
    pub price_subtotal: MoneyParam,
    /// After discounts, with tax.
    pub price_subtotal_incl: MoneyParam,
    /// The hold that this reward line spends.
    #[serde(default, deserialize_with = "hold_id")]
    pub hold_id: Option<String>,
    /// The line of a sale that this one takes back: `pos.order.line.refunded_orderline_id`.
    // What is absent leaves no trace: a hold that was asked for before these existed keeps its fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded_line_id: Option<Id>,
    /// `uuid` of the draft's line of the combo that this one is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub combo_parent_uuid: Option<Text<100>>,
}

/// An empty one is none: that is what a line of Odoo without a hold says.
fn hold_id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?.map(|text| text.trim().to_owned());
    match text {
        Some(text) if text.chars().count() > 100 => Err(serde::de::Error::custom("this is longer than any hold's id")),
        Some(text) => {
            without_control(&text).map_err(serde::de::Error::custom)?;
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
        None => Ok(None),
    }
}

impl Draft {
    /// Whether the till said when.
    #[must_use]
    pub const fn is_dated(&self) -> bool {
        self.date_order.is_some()
    }

    /// The order as the domain knows it. Categories are added by the ledger, from its own copy of Odoo's products.
    #[must_use]
    pub fn into_order(self) -> Order {
        Order {
            source: SourceId::ODOO,
            model: SaleModel::PosOrder,
            id: None,
            uuid: Some(self.uuid.0.clone()),
            name: self.uuid.0,
            reference: None,
            state: OrderState::Draft,
            placed_at: self.date_order.map_or_else(Utc::now, |at| at.0),
            partner_id: self.partner_id.map(|id| PartnerId(id.0)),
            partner_tags: BTreeSet::default(),
            parent_companies: BTreeSet::new(),
            links_refunds: false,
            company_id: CompanyId(self.company_id.0),
            currency: self.currency.0,
            pos_config_id: self.pos_config_id.map(|id| PosConfigId(id.0)),
            hold_field_missing: false,
            lines: self.lines.0.into_iter().map(DraftLine::into_line).collect(),
        }
    }
}

impl DraftLine {
    fn into_line(self) -> Line {
        Line {
            id: None,
            uuid: self.uuid.map(|uuid| uuid.0),
            product_id: Some(ProductId(self.product_id.0)),
            quantity: self.qty.0,
            subtotal: self.price_subtotal.0,
            subtotal_incl: self.price_subtotal_incl.0,
            refunds: self.refunded_line_id.map(|id| LineId(id.0)),
            hold: self.hold_id.as_deref().and_then(HoldRef::parse),
            role: LineRole::Eligible,
            pos_categories: BTreeSet::default(),
            product_categories: BTreeSet::default(),
            product_tags: BTreeSet::default(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: self.combo_parent_uuid.map(|uuid| LineRef::Uuid(uuid.0)),
            combo: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::value::money::Money;
    use crate::rpc::param::types;

    fn draft() -> Value {
        json!({"uuid": "u-1", "company_id": 1, "currency": "EUR", "partner_id": null,
               "lines": [{"product_id": 7, "qty": 2, "price_subtotal": "8.40", "price_subtotal_incl": "10.00"}]})
    }

    #[test]
    fn a_draft_becomes_an_order() {
        let read: Draft = types::read(Some(&draft().to_string())).unwrap();
        assert!(!read.is_dated());
        let order = read.into_order();
        assert_eq!((order.uuid.as_deref(), order.state), (Some("u-1"), OrderState::Draft));
        assert_eq!(order.lines[0].subtotal, Money::from_e4(84_000));
        assert_eq!(order.lines[0].hold, None);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let problem = |change: &dyn Fn(&mut Value)| {
            let mut sent = draft();
            change(&mut sent);
            types::read::<Draft>(Some(&sent.to_string())).unwrap_err().into_message()
        };
        let without_uuid = problem(&|sent| drop(sent.as_object_mut().unwrap().remove("uuid")));
        assert_eq!(without_uuid, "uuid: this parameter is required");
        assert!(problem(&|sent| sent["lines"][0]["tax"] = json!(1)).starts_with("lines[0].tax: there is no such"));
        assert!(problem(&|sent| sent["lines"][0]["product_id"] = json!(-1)).starts_with("lines[0].product_id: "));
    }

    #[test]
    fn a_line_names_what_it_takes_back_and_the_combo_it_is_a_part_of() {
        let mut sent = draft();
        sent["lines"][0]["refunded_line_id"] = json!(41);
        sent["lines"][0]["combo_parent_uuid"] = json!("menu");
        let order = types::read::<Draft>(Some(&sent.to_string())).unwrap().into_order();
        assert_eq!(order.lines[0].refunds, Some(LineId(41)));
        assert_eq!(order.lines[0].combo_parent, Some(LineRef::Uuid("menu".to_owned())));
    }

    #[test]
    fn an_empty_hold_is_none() {
        let mut sent = draft();
        sent["lines"][0]["hold_id"] = json!("");
        let read: Draft = types::read(Some(&sent.to_string())).unwrap();
        assert_eq!(read.lines.0[0].hold_id, None);
    }
}
