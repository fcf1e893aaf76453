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

/// The system that documents are of: the number by which the database knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub i16);

impl SourceId {
    /// The Odoo beside which the service stands.
    pub const ODOO: Self = Self(1);
}

/// The kind of document that a sale is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SaleModel {
    /// An order of a till.
    PosOrder,
}

impl SaleModel {
    /// Every kind.
    pub const ALL: [Self; 1] = [Self::PosOrder];

    /// Its model in Odoo.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PosOrder => "pos.order",
        }
    }

    /// The number by which the database knows it. Numbers stay for ever.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::PosOrder => 1,
        }
    }

    /// From its number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.code() == code)
    }
}

/// What names a sale in the ledger: the system and the kind of document it is, and the document's id there. Documents of
/// two systems, or of two kinds, may have one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaleId {
    /// The system.
    pub source: SourceId,
    /// The kind of document.
    pub model: SaleModel,
    /// Its id there.
    pub id: i64,
}

impl SaleId {
    /// An order of a till of the Odoo beside which the service stands.
    #[must_use]
    pub const fn pos_order(id: OrderId) -> Self {
        Self { source: SourceId::ODOO, model: SaleModel::PosOrder, id: id.0 }
    }

    /// The order's id, where it is an order of a till of the Odoo beside which the service stands.
    #[must_use]
    pub fn as_pos_order(self) -> Option<OrderId> {
        let id = OrderId(self.id);
        (Self::pos_order(id) == self).then_some(id)
    }

    /// One of its lines.
    #[must_use]
    pub const fn line(self, id: LineId) -> SaleLineId {
        SaleLineId { source: self.source, model: self.model, id }
    }

    /// Its part of the key of an exception: the number alone for an order of a till of the Odoo beside which the
    /// service stands.
    #[must_use]
    pub fn key(self) -> String {
        match self.as_pos_order() {
            Some(id) => id.to_string(),
            None => format!("{}:{}:{}", self.source.0, self.model.as_str(), self.id),
        }
    }
}

/// What names a line among those of all sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaleLineId {
    /// The system.
    pub source: SourceId,
    /// The kind of document that it stands in.
    pub model: SaleModel,
    /// Its id there.
    pub id: LineId,
}

impl fmt::Display for SaleId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.model.as_str(), self.id)?;
        if self.source == SourceId::ODOO { Ok(()) } else { write!(out, " of source {}", self.source.0) }
    }
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

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom("this is no id of ours"))
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

impl PartnerId {
    /// Which of 256 groups a customer is in. What is asked for one group is best written one after the other: two
    /// writers would only wait for each other at the customer's account.
    #[must_use]
    pub const fn group(self) -> u8 {
        self.0.to_le_bytes()[0]
    }
}

/// Where a hold's id keeps its customer's group: behind the time and the counter, by which ids are in order.
const GROUP_BYTE: usize = 12;

impl HoldId {
    /// The id of a new hold, from a random one: one byte becomes the customer's group, so that a capture, which names
    /// the hold alone, is known to be the same customer's. Random bits enough remain.
    #[must_use]
    pub fn of(partner: PartnerId, id: Uuid) -> Self {
        let mut bytes = *id.as_bytes();
        bytes[GROUP_BYTE] = partner.group();
        Self(Uuid::from_bytes(bytes))
    }

    /// The group of the customer it was made for. A hint: ids from before it existed tell any.
    #[must_use]
    pub const fn group(self) -> u8 {
        self.0.as_bytes()[GROUP_BYTE]
    }
}

impl EntryId {
    /// The id of the entry that captures a hold: the hold's own. So the one is found by the other, and a hold has one.
    #[must_use]
    pub const fn of_capture(hold: HoldId) -> Self {
        Self(hold.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_of_two_systems_with_one_number_have_nothing_in_common() {
        let ours = SaleId::pos_order(OrderId(7));
        let theirs = SaleId { source: SourceId(2), ..ours };
        assert_ne!(ours, theirs);
        assert_ne!(ours.key(), theirs.key());
        assert_ne!(ours.to_string(), theirs.to_string());
        assert_ne!(ours.line(LineId(1)), theirs.line(LineId(1)));
        assert_eq!((ours.as_pos_order(), theirs.as_pos_order()), (Some(OrderId(7)), None));
        assert_eq!(ours.key(), "7");
    }

    #[test]
    fn a_hold_is_of_its_customers_group_and_ids_stay_in_order() {
        let ids: Vec<HoldId> = (0_i64..2_000).map(|id| HoldId::of(PartnerId(id * 77), Uuid::now_v7())).collect();
        for (id, hold) in (0_i64..).zip(&ids) {
            assert_eq!(hold.group(), PartnerId(id * 77).group());
            assert_eq!(hold.0.get_version_num(), 7);
        }
        assert!(ids.is_sorted());
    }
}
