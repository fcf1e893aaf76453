//! What a till sold: an order with its lines, as far as loyalty cares.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::ids::{
    CompanyId, HoldId, LineId, OrderId, PartnerId, PartnerTagId, PosCategoryId, PosConfigId, ProductCategoryId,
    ProductId, ProductTagId,
};
use super::money::Money;
use super::program::Scope;

/// How far an order has come in Odoo (`pos.order.state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// Still being made: nothing is earned, nothing is captured.
    Draft,
    /// Paid, whether or not its session is closed or an invoice exists (`paid`, `done`, `invoiced`).
    Paid,
    /// Cancelled.
    Cancelled,
}

/// Whose points an order's are (`odoo.wallet`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wallet {
    /// The order's own contact's.
    #[default]
    Contact,
    /// The contact's company's (`commercial_partner_id`).
    Company,
}

/// How a line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineRole {
    /// It earns, or when negative reduces what the order earns. Reward and discount lines are of this role.
    Counts,
    /// Neither earns nor reduces: tips, gift-card and eWallet payments, gift cards and top-ups sold.
    Neutral,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `pos.order.line.id`; `None` in a draft.
    pub id: Option<LineId>,
    /// `pos.order.line.uuid`; Odoo 14 has none.
    pub uuid: Option<String>,
    /// The product sold. A section or note line has none and never counts.
    pub product_id: Option<ProductId>,
    /// How many; negative when taken back.
    pub quantity: Decimal,
    /// `price_subtotal`: after discounts, without tax.
    pub subtotal: Money,
    /// `price_subtotal_incl`: after discounts, with tax.
    pub subtotal_incl: Money,
    /// The line this one takes back (`refunded_orderline_id`).
    pub refunds: Option<LineId>,
    /// The hold that this reward line spends (`loyalty_hold_id`), as it stands in Odoo: it may be no id of ours.
    pub hold: Option<HoldRef>,
    /// How it counts.
    pub role: LineRole,
    /// The product's POS categories and all their ancestors, as they were when the line was first read:
    /// moving a product afterwards does not change what an old order earned.
    pub pos_categories: BTreeSet<PosCategoryId>,
    /// The product's category and all its ancestors, likewise.
    pub product_categories: BTreeSet<ProductCategoryId>,
    /// The product's tags, likewise.
    pub product_tags: BTreeSet<ProductTagId>,
    /// Which goods the discount of this reward line is for, as its hold says; `None` for all of them.
    pub covers: Option<Arc<Scope>>,
    /// How many of those goods this reward line gives for nothing, as its hold says: units that nobody paid for.
    pub gives: Decimal,
}

/// What stands in a line's `loyalty_hold_id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HoldRef {
    /// An id of the shape we give.
    Id(HoldId),
    /// Anything else, kept so that the exception can show it: as much as a person would read.
    Malformed(String),
}

/// Characters of a text that is no id of ours. It is part of the exception's key, and whoever sells through the API may
/// write what they like.
const SHOWN: usize = 100;

impl HoldRef {
    /// From the text in Odoo; `None` when it is empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(HoldId::parse(text).map_or_else(|| Self::Malformed(text.chars().take(SHOWN).collect()), Self::Id))
    }

    /// As it stands in Odoo.
    #[must_use]
    pub fn as_text(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Malformed(text) => text.clone(),
        }
    }
}

/// An order, paid in Odoo or still a draft on a till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `pos.order.id`; `None` in a draft.
    pub id: Option<OrderId>,
    /// `pos.order.uuid`; Odoo 14 has none.
    pub uuid: Option<String>,
    /// What a person calls it (`pos.order.name`), "Shop/0042".
    pub name: String,
    /// `pos.order.pos_reference`: what Odoo 14's refunds are matched by.
    pub reference: Option<String>,
    /// How far it has come.
    pub state: OrderState,
    /// `date_order`: which version of a program is in force, and whether a window holds.
    pub placed_at: DateTime<Utc>,
    /// The customer; `None` when nobody was identified.
    pub partner_id: Option<PartnerId>,
    /// The customer's tags, as they were when the order was first read with this customer.
    pub partner_tags: BTreeSet<PartnerTagId>,
    /// The company that sold.
    pub company_id: CompanyId,
    /// ISO 4217 code of the order's currency.
    pub currency: String,
    /// The shop (`pos.config.id`).
    pub pos_config_id: Option<PosConfigId>,
    /// Its lines, in Odoo's order.
    pub lines: Vec<Line>,
}
