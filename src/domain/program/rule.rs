//! The vocabulary of a program: how its rules earn, which lines they see, what its rewards give.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number::AsWritten;
use super::window::Window;
use crate::domain::catalog::scope::Scope;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{PartnerTagId, PosConfigId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// A closed set of words: each is spelt the same in the document, in errors and on output.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// Every word with its meaning, the default first.
            pub(super) const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)*];

            /// As it is spelt in a document.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                let known = Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
                known.ok_or_else(|| serde::de::Error::custom("this word is not known"))
            }
        }
    )*};
}

words! {
    /// Which amounts of a line count.
    Base {
        /// With tax.
        TaxIncluded = "tax_included",
        /// Without tax.
        TaxExcluded = "tax_excluded",
    }
    /// How an order's total is rounded to the program's decimals, once.
    Rounding {
        /// Towards zero.
        Down = "down",
        /// To the nearest, halves away from zero.
        HalfUp = "half_up",
        /// Away from zero.
        Up = "up",
    }
    /// What several multipliers on one line do.
    Stacking {
        /// The highest factor alone counts.
        Highest = "highest",
        /// All of them multiply.
        Multiply = "multiply",
    }
    /// Who takes part in a program.
    Enrolment {
        /// Every identified customer.
        Automatic = "automatic",
        /// Enrolled members alone.
        Explicit = "explicit",
    }
    /// To the end of what points last.
    Granularity {
        /// The local day.
        Day = "day",
        /// The local month.
        Month = "month",
        /// The local year.
        Year = "year",
    }
    /// How a `per_amount` rule pays.
    Step {
        /// For each full amount.
        Whole = "whole",
        /// In proportion.
        Prorata = "prorata",
    }
}

/// How orders earn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Earning {
    /// Which amounts count.
    pub base: Base,
    /// How an order's total is rounded.
    pub rounding: Rounding,
    /// To how many decimals, at most 2.
    pub decimals: u32,
    /// What several multipliers do.
    pub stacking: Stacking,
    /// The rules, which add up.
    pub rules: Vec<Rule>,
}

/// One way of earning, and when it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name in explanations, unique in the program.
    pub code: String,
    /// What it pays.
    #[serde(flatten)]
    pub kind: RuleKind,
    /// Which lines it sees.
    pub scope: Scope,
    /// When it holds; `None` for always.
    pub window: Option<Window>,
    /// What the whole order's eligible amount must reach.
    pub min_order_amount: Option<AsWritten<Money>>,
    /// What the quantity in scope must reach.
    pub min_quantity: Option<AsWritten<Decimal>>,
    /// Customer tags it is for; empty for everyone.
    pub partner_tag_ids: Vec<PartnerTagId>,
    /// Shops it holds in; empty for every shop.
    #[serde(serialize_with = "ids_or_null")]
    pub pos_config_ids: Vec<PosConfigId>,
}

/// What a rule pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RuleKind {
    /// Points for an amount spent in scope.
    PerAmount {
        /// The amount that pays once, above zero.
        every: AsWritten<Money>,
        /// What it pays, above zero.
        points: AsWritten<Points>,
        /// For each full amount, or in proportion.
        step: Step,
    },
    /// Points for each unit bought in scope.
    PerUnit {
        /// What one unit pays, above zero.
        points: AsWritten<Points>,
    },
    /// Points once for an order with an eligible line.
    PerOrder {
        /// What it pays, above zero.
        points: AsWritten<Points>,
    },
    /// A factor on the points of the lines in scope.
    Multiplier {
        /// Above zero.
        factor: AsWritten<Decimal>,
    },
}

impl Rule {
    /// Whether the rule holds for this order at all: its shop, its customer's tags, and its window at `placed_at`.
    #[must_use]
    pub(super) fn holds_for(&self, order: &Order, timezone: chrono_tz::Tz) -> bool {
        shop_listed(&self.pos_config_ids, order.pos_config_id)
            && (self.partner_tag_ids.is_empty()
                || self.partner_tag_ids.iter().any(|tag| order.partner_tags.contains(tag)))
            && self.window.as_ref().is_none_or(|window| window.holds_at(order.placed_at, timezone))
    }
}

/// Whether a list of shops admits this one: an empty list admits all, any other only the shops it names.
pub(super) fn shop_listed(listed: &[PosConfigId], shop: Option<PosConfigId>) -> bool {
    listed.is_empty() || shop.is_some_and(|shop| listed.contains(&shop))
}

/// Serialises a list of shops, of which an empty one restricts nothing, as its default `null`.
pub(super) fn ids_or_null<S: Serializer>(ids: &[PosConfigId], out: S) -> Result<S::Ok, S::Error> {
    if ids.is_empty() { out.serialize_none() } else { ids.serialize(out) }
}

/// Something that points buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reward {
    /// What it is called in the API, unique in the program.
    pub code: String,
    /// What a person calls it.
    pub name: String,
    /// What it costs and gives.
    #[serde(flatten)]
    pub kind: RewardKind,
    /// Points a member must have available for it, besides the program's own minimum.
    pub minimum_points: AsWritten<Points>,
    /// The goods that a discount by amount or percent is for, and is never more than.
    #[serde(skip_serializing_if = "Scope::is_everything")]
    pub scope: Scope,
    /// When it can be had, by the clock of the program's timezone; `None` for always.
    pub window: Option<Window>,
    /// How often a member can have it; `None` for as often as the points reach.
    pub limit: Option<RewardLimit>,
}

/// How often a member can have a reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RewardLimit {
    /// This many times, at least 1.
    pub count: u32,
    /// In so many local days, today the last of them; `None` for ever.
    pub days: Option<u32>,
}

impl Reward {
    /// The goods that its discount is for: its scope, or its product; `None` for all.
    #[must_use]
    pub fn covers(&self) -> Option<Scope> {
        match &self.kind {
            RewardKind::FreeProduct { product_id, .. } | RewardKind::ProductAtPrice { product_id, .. } => {
                Some(Scope::of_product(*product_id))
            }
            _ => (!self.scope.is_everything()).then(|| self.scope.clone()),
        }
    }

    /// The product it gives.
    #[must_use]
    pub const fn product_id(&self) -> Option<ProductId> {
        match &self.kind {
            RewardKind::FreeProduct { product_id, .. } | RewardKind::ProductAtPrice { product_id, .. } => {
                Some(*product_id)
            }
            _ => None,
        }
    }
}

/// What a reward costs and gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RewardKind {
    /// A fixed amount off.
    DiscountAmount {
        /// Its price.
        points: AsWritten<Points>,
        /// What comes off, with tax.
        amount: AsWritten<Money>,
    },
    /// A part of the order off.
    DiscountPercent {
        /// Its price.
        points: AsWritten<Points>,
        /// Above 0, at most 100.
        percent: AsWritten<Decimal>,
        /// Never more than this.
        max_amount: Option<AsWritten<Money>>,
    },
    /// As much off as the points are worth.
    DiscountPerPoint {
        /// What one point is worth in the program's currency, above zero.
        rate: AsWritten<Decimal>,
    },
    /// A product for nothing.
    FreeProduct {
        /// Its price.
        points: AsWritten<Points>,
        /// The product.
        product_id: ProductId,
        /// How many of it.
        quantity: AsWritten<Decimal>,
    },
    /// A product at a price of its own.
    ProductAtPrice {
        /// Its price in points.
        points: AsWritten<Points>,
        /// The product.
        product_id: ProductId,
        /// What it then costs, with tax.
        price: AsWritten<Money>,
    },
}

impl RewardKind {
    /// Its word in a document.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::DiscountAmount { .. } => "discount_amount",
            Self::DiscountPercent { .. } => "discount_percent",
            Self::DiscountPerPoint { .. } => "discount_per_point",
            Self::FreeProduct { .. } => "free_product",
            Self::ProductAtPrice { .. } => "product_at_price",
        }
    }

    /// What it costs when that is fixed.
    #[must_use]
    pub const fn fixed_points(&self) -> Option<Points> {
        match self {
            Self::DiscountAmount { points, .. }
            | Self::DiscountPercent { points, .. }
            | Self::FreeProduct { points, .. }
            | Self::ProductAtPrice { points, .. } => Some(points.value),
            Self::DiscountPerPoint { .. } => None,
        }
    }
}
