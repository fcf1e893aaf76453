//! What the sidecar keeps of Odoo's shop: partners, products, categories, shops, currencies.
//!
//! These are copies for reading; they carry no points. `sync` fills them, rules and drafts use them.

use chrono::{DateTime, Utc};

use crate::domain::value::ids::{
    CompanyId, PartnerId, PartnerTagId, PosCategoryId, PosConfigId, ProductCategoryId, ProductId, ProductTagId,
};

/// `res.partner`, as far as loyalty cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Its name; empty when Odoo has none.
    pub name: String,
    /// The partner of the whole company it belongs to (`commercial_partner_id`); itself when it is one.
    pub commercial_partner_id: PartnerId,
    /// `company_id`: the only company that may use it; `None` when all may.
    pub company_id: Option<CompanyId>,
    /// Its tags (`category_id`).
    pub tag_ids: Vec<PartnerTagId>,
    /// `false` when archived.
    pub active: bool,
}

/// `product.product`, as far as loyalty cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its display name.
    pub name: String,
    /// `categ_id`.
    pub product_category_id: Option<ProductCategoryId>,
    /// `pos_categ_ids` (Odoo 19), or the one `pos_categ_id` (Odoo 14).
    pub pos_category_ids: Vec<PosCategoryId>,
    /// Its own tags and its template's; Odoo 14 has none.
    pub tag_ids: Vec<ProductTagId>,
    /// `false` when archived.
    pub active: bool,
}

/// A category of either tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category<Id> {
    /// Its id.
    pub id: Id,
    /// Its own name, without its ancestors'.
    pub name: String,
    /// The category above it.
    pub parent_id: Option<Id>,
}

/// `res.company`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// The companies it is a branch of, as far as its own record names them (`parent_id`, `parent_ids`).
    pub parent_ids: Vec<CompanyId>,
}

/// `pos.config`: a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosConfig {
    /// Its id.
    pub id: PosConfigId,
    /// Its name.
    pub name: String,
    /// The company it belongs to.
    pub company_id: CompanyId,
    /// ISO 4217 code of its currency.
    pub currency: String,
    /// The product that tips are booked on; its lines never count.
    pub tip_product_id: Option<ProductId>,
    /// The products that debts, deposits and down payments are booked on, and Odoo 15's gift card: likewise.
    pub neutral_product_ids: Vec<ProductId>,
    /// `false` when archived.
    pub active: bool,
}

/// Records to keep, from one read of Odoo. Each replaces what was known under its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogRecords {
    /// Partners.
    pub partners: Vec<Partner>,
    /// Products.
    pub products: Vec<Product>,
    /// POS categories.
    pub pos_categories: Vec<Category<PosCategoryId>>,
    /// Product categories.
    pub product_categories: Vec<Category<ProductCategoryId>>,
    /// Companies.
    pub companies: Vec<Company>,
    /// Shops.
    pub pos_configs: Vec<PosConfig>,
    /// Currencies.
    pub currencies: Vec<crate::domain::value::money::Currency>,
    /// Products that gift cards and eWallets are sold and paid with: all of them, when they were read.
    pub neutral_products: Option<Vec<ProductId>>,
}

/// How far the reading of one stream of Odoo's records has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which stream: an Odoo model's name, `pos.order`.
    pub stream: String,
    /// The newest `write_date` that was visible when the last complete pass began, in Odoo's own clock.
    pub high_water: DateTime<Utc>,
}

/// How the last pass over Odoo went. Times are the database's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastPass {
    /// Begin and end of the last complete one.
    pub complete: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Why the last one ended early, in words; `None` when it was complete.
    pub error: Option<String>,
    /// Whether Odoo answered it.
    pub odoo_reachable: bool,
    /// Odoo's version, once it was reached.
    pub odoo_version: Option<String>,
    /// How the login stands.
    pub login: crate::domain::login::LoginState,
}

/// What is kept of an order for comparing it with Odoo's without reading it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderDigest {
    /// `pos.order.id`
    pub id: crate::domain::value::ids::OrderId,
    /// `pos.order.uuid`; Odoo 14 has none. A restored Odoo gives the id again, and the rest may be alike.
    pub uuid: Option<String>,
    /// `pos_reference`.
    pub reference: Option<String>,
    /// Its state.
    pub state: crate::domain::sale::order::OrderState,
    /// Its customer.
    pub partner_id: Option<PartnerId>,
    /// Σ `price_subtotal_incl` of its lines.
    pub total_incl: crate::domain::value::money::Money,
    /// How many lines it has.
    pub line_count: u32,
}

/// What taking in a batch of orders did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Orders that were new or differed from what was known.
    pub orders_changed: u64,
    /// Entries posted because of them.
    pub entries_posted: u64,
}

impl Ingested {
    /// The same with what another batch did.
    pub const fn add(&mut self, other: Self) {
        self.orders_changed = self.orders_changed.saturating_add(other.orders_changed);
        self.entries_posted = self.entries_posted.saturating_add(other.entries_posted);
    }
}
