//! What a till sold: an order with its lines, as far as loyalty cares.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::domain::catalog::scope::Scope;
use crate::domain::value::ids::{
    CompanyId, HoldId, LineId, OrderId, PartnerId, PartnerTagId, PosCategoryId, PosConfigId, ProductCategoryId,
    ProductId, ProductTagId, SaleId, SaleLineId, SaleModel, SourceId,
};
use crate::domain::value::money::Money;

/// Digits of a quantity after the decimal point that are kept. What has more is refused.
pub const QUANTITY_DECIMALS: u32 = 6;

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
    Eligible,
    /// Neither earns nor reduces, and is no goods for a reward: tips, paid debts and invoices, deposits, down payments,
    /// gift-card and eWallet payments, gift cards and top-ups sold.
    Excluded,
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
    /// The line of the combo (a menu) that this one is a part of (`combo_parent_id`). The combo's own line costs
    /// nothing; its parts carry the price.
    pub combo_parent: Option<LineRef>,
    /// What that combo is; [`Order::attach_combos`] says it.
    pub combo: Option<Arc<Combo>>,
}

/// A line of the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineRef {
    /// As Odoo's database names it.
    Id(LineId),
    /// As a till names it.
    Uuid(String),
}

/// The product of a combo, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combo {
    /// The combo's own product.
    pub product_id: Option<ProductId>,
    /// As [`Line::pos_categories`].
    pub pos_categories: BTreeSet<PosCategoryId>,
    /// As [`Line::product_categories`].
    pub product_categories: BTreeSet<ProductCategoryId>,
    /// As [`Line::product_tags`].
    pub product_tags: BTreeSet<ProductTagId>,
}

impl Line {
    /// Whether it is sold here: it earns or reduces, and takes back no line of a sale.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.role == LineRole::Eligible && self.product_id.is_some() && self.refunds.is_none()
    }

    /// Whether it is a part of the combo that stands in another line of its order.
    #[must_use]
    pub fn is_part_of(&self, other: &Self) -> bool {
        self.combo_parent.as_ref().is_some_and(|parent| other.is_named_by(parent))
    }

    fn is_named_by(&self, by: &LineRef) -> bool {
        match by {
            LineRef::Id(id) => self.id == Some(*id),
            LineRef::Uuid(uuid) => self.uuid.as_ref() == Some(uuid),
        }
    }
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
    /// The system it was made in.
    pub source: SourceId,
    /// The kind of document it is there.
    pub model: SaleModel,
    /// Its id there (`pos.order.id`); `None` in a draft.
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
    /// The companies that the one that sold is a branch of.
    pub parent_companies: BTreeSet<CompanyId>,
    /// Whether it was read from an Odoo that says which line a refund takes back.
    pub links_refunds: bool,
    /// The company that sold.
    pub company_id: CompanyId,
    /// ISO 4217 code of the order's currency.
    pub currency: String,
    /// The shop (`pos.config.id`).
    pub pos_config_id: Option<PosConfigId>,
    /// Whether Odoo had no `loyalty_hold_id` when this was read: then no line says which hold it spends.
    pub hold_field_missing: bool,
    /// Its lines, in Odoo's order.
    pub lines: Vec<Line>,
}

impl Order {
    /// What names it in the ledger; `None` in a draft.
    #[must_use]
    pub fn sale_id(&self) -> Option<SaleId> {
        self.id.map(|id| SaleId { source: self.source, model: self.model, id: id.0 })
    }

    /// The names of its lines, with each of them.
    pub fn lines_by_id(&self) -> impl Iterator<Item = (SaleLineId, &Line)> {
        self.lines.iter().filter_map(|line| Some((self.line_id(line.id?), line)))
    }

    /// The lines that its lines take back.
    pub fn refunded_lines(&self) -> impl Iterator<Item = SaleLineId> {
        self.lines.iter().filter_map(|line| Some(self.line_id(line.refunds?)))
    }

    /// Whether both are of one kind and have one receipt's name.
    #[must_use]
    pub fn is_on_receipt_of(&self, other: &Self) -> bool {
        (self.source, self.model, &self.reference) == (other.source, other.model, &other.reference)
    }

    /// What names a line of its own, or of another sale of its kind.
    #[must_use]
    pub const fn line_id(&self, id: LineId) -> SaleLineId {
        SaleLineId { source: self.source, model: self.model, id }
    }

    /// Says of each part of a combo what combo it is a part of. A line whose combo is not in the order is no part.
    pub fn attach_combos(&mut self) {
        for position in 0..self.lines.len() {
            let Some(line) = self.lines.get(position) else { continue };
            if line.combo_parent.is_none() {
                continue;
            }
            let found = self.lines.iter().enumerate().find(|(at, other)| *at != position && line.is_part_of(other));
            let combo = found.map(|(_, of)| Combo {
                product_id: of.product_id,
                pos_categories: of.pos_categories.clone(),
                product_categories: of.product_categories.clone(),
                product_tags: of.product_tags.clone(),
            });
            if let Some(line) = self.lines.get_mut(position) {
                line.combo = combo.map(Arc::new);
            }
        }
    }
}
