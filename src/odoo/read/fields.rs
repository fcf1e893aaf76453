//! What differs between one Odoo and another: which of the fields we would like are there.
//!
//! Nothing is decided by a version number. A field that does not exist is not asked for, so that neither an
//! old Odoo (14 has no `uuid`, no refund link, one POS category a product) nor a new minor version stops a sync.

use std::collections::BTreeSet;

/// `pos.order`
pub const ORDER_FIELDS: &[&str] = &[
    "uuid",
    "name",
    "pos_reference",
    "state",
    "date_order",
    "partner_id",
    "company_id",
    "currency_id",
    "config_id",
    "write_date",
];

/// `pos.order.line`
pub const LINE_FIELDS: &[&str] = &[
    "uuid",
    "order_id",
    "product_id",
    "qty",
    "price_unit",
    "price_subtotal",
    "price_subtotal_incl",
    "refunded_orderline_id",
    "combo_parent_id",
    "loyalty_hold_id",
    "is_reward_line",
    "reward_id",
    "write_date",
];

/// The field that our addon adds to `pos.order.line`: without it there is no redemption.
pub const ADDON_FIELD: &str = "loyalty_hold_id";

/// Fields without which orders cannot be understood, by model: `doctor` names the missing ones.
pub const NEEDED_FIELDS: &[(&str, &[&str])] = &[
    ("pos.order", &["name", "state", "date_order", "partner_id", "company_id", "config_id", "write_date"]),
    ("pos.order.line", &["order_id", "product_id", "qty", "price_subtotal", "price_subtotal_incl", "write_date"]),
    ("res.company", &["name"]),
    ("pos.config", &["name", "company_id", "currency_id", "write_date"]),
    ("pos.category", &["name", "parent_id", "write_date"]),
    ("product.category", &["name", "parent_id", "write_date"]),
    ("product.product", &["display_name", "categ_id", "active", "write_date"]),
    ("res.partner", &["name", "commercial_partner_id", "company_id", "active", "write_date"]),
    ("res.currency", &["name", "decimal_places", "write_date"]),
];

/// Those of `wanted` that are among `existing`, in their order.
#[must_use]
pub fn available<'a>(wanted: &[&'a str], existing: &BTreeSet<String>) -> Vec<&'a str> {
    wanted.iter().copied().filter(|field| existing.contains(*field)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_exists_is_asked_for() {
        let of_odoo_14 = ["name", "state", "config_id"].map(str::to_owned).into();
        assert_eq!(available(ORDER_FIELDS, &of_odoo_14), ["name", "state", "config_id"]);
    }

    #[test]
    fn every_needed_field_of_an_order_is_also_read() {
        for (model, fields) in NEEDED_FIELDS {
            let read = match *model {
                "pos.order" => ORDER_FIELDS,
                "pos.order.line" => LINE_FIELDS,
                _ => continue,
            };
            assert!(fields.iter().all(|field| read.contains(field)), "{model}");
        }
    }
}
