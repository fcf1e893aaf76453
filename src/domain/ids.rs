//! Newtypes for identifiers: Odoo's are integers, our own are UUIDs of version 7.

use std::fmt;

use uuid::Uuid;

macro_rules! integer_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    )*};
}

integer_id! {
    /// `res.partner.id`.
    PartnerId;
    /// `res.company.id`.
    CompanyId;
    /// `pos.config.id`: a shop.
    PosConfigId;
    /// `pos.order.id`.
    OrderId;
    /// `pos.order.line.id`.
    LineId;
    /// `product.product.id`.
    ProductId;
    /// `pos.category.id`.
    PosCategoryId;
    /// `product.category.id`.
    ProductCategoryId;
    /// `product.tag.id`.
    ProductTagId;
    /// `res.partner.category.id`: a customer tag.
    PartnerTagId;
    /// Our own row of a program.
    ProgramId;
    /// Our own row of an account: one member in one program.
    AccountId;
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// From its hyphenated text; `None` when it is none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                // Only the form we print: one id has one spelling, so that comparing texts is enough elsewhere.
                (text.len() == 36).then(|| Uuid::try_parse(text).ok().map(Self)).flatten()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(out)
            }
        }
    )*};
}

uuid_id! {
    /// A hold: points set aside for a reward that is not paid yet.
    HoldId;
    /// An entry of the ledger.
    EntryId;
    /// An exception that waits for a manager.
    ExceptionId;
}
