//! Partners, products, categories, shops and currencies, from Odoo's records into the ledger's types.

use crate::domain::catalog::records::{Category, Company, Partner, PosConfig, Product};
use crate::domain::value::ids::{
    CompanyId, PartnerId, PartnerTagId, PosCategoryId, PosConfigId, ProductCategoryId, ProductId, ProductTagId,
};
use crate::domain::value::money::{Currency, Money};

use super::record::{Record, Unreadable};
use crate::odoo::error::OdooFault;
use crate::odoo::session::{FromOdoo, Session};

impl FromOdoo for Partner {
    const MODEL: &'static str = "res.partner";
    const FIELDS: &'static [&'static str] = &["name", "commercial_partner_id", "company_id", "category_id", "active"];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        let id = record.id()?;
        Ok(Self {
            id: PartnerId(id),
            name: record.text("name")?.unwrap_or_default(),
            commercial_partner_id: PartnerId(record.link("commercial_partner_id")?.unwrap_or(id)),
            company_id: record.link("company_id")?.map(CompanyId),
            tag_ids: record.links("category_id")?.into_iter().map(PartnerTagId).collect(),
            active: record.flag("active", true),
        })
    }
}

impl FromOdoo for Product {
    const MODEL: &'static str = "product.product";
    const FIELDS: &'static [&'static str] = &[
        "display_name",
        "name",
        "categ_id",
        "pos_categ_ids",
        "pos_categ_id",
        "product_tag_ids",
        "additional_product_tag_ids",
        "active",
    ];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        let mut pos_category_ids = record.links("pos_categ_ids")?;
        pos_category_ids.extend(record.link("pos_categ_id")?);
        // Those of the template, and those of this variant alone.
        let mut tag_ids = record.links("product_tag_ids")?;
        tag_ids.extend(record.links("additional_product_tag_ids")?);
        tag_ids.sort_unstable();
        tag_ids.dedup();
        Ok(Self {
            id: ProductId(record.id()?),
            name: record.text("display_name")?.or(record.text("name")?).unwrap_or_default(),
            product_category_id: record.link("categ_id")?.map(ProductCategoryId),
            pos_category_ids: pos_category_ids.into_iter().map(PosCategoryId).collect(),
            tag_ids: tag_ids.into_iter().map(ProductTagId).collect(),
            active: record.flag("active", true),
        })
    }
}

impl FromOdoo for Category<PosCategoryId> {
    const MODEL: &'static str = "pos.category";
    const FIELDS: &'static [&'static str] = &["name", "parent_id"];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        Ok(Self {
            id: PosCategoryId(record.id()?),
            name: record.text("name")?.unwrap_or_default(),
            parent_id: record.link("parent_id")?.map(PosCategoryId),
        })
    }
}

impl FromOdoo for Category<ProductCategoryId> {
    const MODEL: &'static str = "product.category";
    const FIELDS: &'static [&'static str] = &["name", "parent_id"];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        Ok(Self {
            id: ProductCategoryId(record.id()?),
            name: record.text("name")?.unwrap_or_default(),
            parent_id: record.link("parent_id")?.map(ProductCategoryId),
        })
    }
}

impl FromOdoo for PosConfig {
    const MODEL: &'static str = "pos.config";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "company_id",
        "currency_id",
        "tip_product_id",
        "settle_due_product_id",
        "settle_invoice_product_id",
        "deposit_product_id",
        "down_payment_product_id",
        "gift_card_product_id",
        "active",
    ];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        // The first three are pos_settle_due's, the fourth pos_sale's, the last Odoo 15's pos_gift_card's.
        let mut neutral_product_ids = Vec::new();
        for field in [
            "settle_due_product_id",
            "settle_invoice_product_id",
            "deposit_product_id",
            "down_payment_product_id",
            "gift_card_product_id",
        ] {
            neutral_product_ids.extend(record.link(field)?.map(ProductId));
        }
        Ok(Self {
            id: PosConfigId(record.id()?),
            name: record.text("name")?.unwrap_or_default(),
            company_id: CompanyId(record.required_link("company_id")?),
            // A currency's display name is its code.
            currency: record.link_name("currency_id").unwrap_or_default().to_owned(),
            tip_product_id: record.link("tip_product_id")?.map(ProductId),
            neutral_product_ids,
            active: record.flag("active", true),
        })
    }
}

impl FromOdoo for Company {
    const MODEL: &'static str = "res.company";
    // `parent_ids` names all above it, also those that the service user may not see.
    const FIELDS: &'static [&'static str] = &["parent_id", "parent_ids"];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        let id = record.id()?;
        let mut parents = record.links("parent_ids")?;
        parents.extend(record.link("parent_id")?);
        parents.retain(|parent| *parent != id);
        parents.sort_unstable();
        parents.dedup();
        Ok(Self { id: CompanyId(id), parent_ids: parents.into_iter().map(CompanyId).collect() })
    }
}

impl FromOdoo for Currency {
    const MODEL: &'static str = "res.currency";
    const FIELDS: &'static [&'static str] = &["name", "decimal_places"];

    fn from_odoo(record: &Record) -> Result<Self, Unreadable> {
        let code =
            record.text("name")?.ok_or(Unreadable { field: "name", problem: "is empty: a currency needs its code" })?;
        let digits = u32::try_from(record.number("decimal_places")?).unwrap_or(Money::DECIMALS);
        Ok(Self { code, decimals: digits.min(Money::DECIMALS) })
    }
}

/// One partner, archived or not; `None` when Odoo has none of that id that the service user may see.
///
/// # Errors
/// Any [`OdooFault`].
pub async fn read_partner(session: &Session, id: PartnerId) -> Result<Option<Partner>, OdooFault> {
    Ok(session.by_ids::<Partner>(&[id.0], 1).await?.pop())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read<T: FromOdoo>(value: Value) -> Result<T, Unreadable> {
        T::from_odoo(&Record::new(value).unwrap())
    }

    #[test]
    fn a_partner_with_false_everywhere_is_its_own_company() {
        let partner: Partner =
            read(json!({"id": 9, "name": false, "commercial_partner_id": false, "company_id": false, "active": false}))
                .unwrap();
        assert_eq!(
            partner,
            Partner {
                id: PartnerId(9),
                name: String::new(),
                commercial_partner_id: PartnerId(9),
                company_id: None,
                tag_ids: vec![],
                active: false
            }
        );
    }

    #[test]
    fn a_product_has_many_pos_categories_in_19_and_one_in_14() {
        let of_19: Product = read(json!({"id": 1, "display_name": "[E-1] Chair", "categ_id": [4, "All / Chairs"],
            "pos_categ_ids": [2, 3], "active": true}))
        .unwrap();
        assert_eq!(of_19.pos_category_ids, [PosCategoryId(2), PosCategoryId(3)]);
        assert_eq!(of_19.product_category_id, Some(ProductCategoryId(4)));
        let of_14: Product = read(json!({"id": 1, "name": "Chair", "pos_categ_id": [2, "Chairs"]})).unwrap();
        assert_eq!((of_14.pos_category_ids, of_14.name), (vec![PosCategoryId(2)], "Chair".to_owned()));
        let bare: Product = read(
            json!({"id": 1, "display_name": false, "categ_id": false, "pos_categ_ids": [], "pos_categ_id": false}),
        )
        .unwrap();
        assert!(bare.pos_category_ids.is_empty() && bare.product_category_id.is_none() && bare.active);
    }

    #[test]
    fn a_company_names_the_companies_above_it() {
        let company = |value: Value| read::<Company>(value).unwrap().parent_ids;
        assert_eq!(
            company(json!({"id": 3, "parent_id": [2, "Region"], "parent_ids": [1, 2, 3]})),
            [1, 2].map(CompanyId)
        );
        assert_eq!(company(json!({"id": 3, "parent_id": [2, "Region"]})), [CompanyId(2)]);
        assert!(company(json!({"id": 1, "parent_id": false, "parent_ids": [1]})).is_empty());
    }

    #[test]
    fn a_shop_needs_a_company_and_a_currency_a_code() {
        assert!(read::<PosConfig>(json!({"id": 1, "name": "Main", "company_id": false})).is_err());
        let shop: PosConfig = read(json!({"id": 1, "name": "Main", "company_id": [1, "Us"], "currency_id": [2, "USD"],
            "tip_product_id": [5, "Tips"]}))
        .unwrap();
        assert_eq!((shop.currency.as_str(), shop.tip_product_id), ("USD", Some(ProductId(5))));
        assert!(shop.neutral_product_ids.is_empty(), "an Odoo without the modules that have them");
        let shop: PosConfig = read(json!({"id": 1, "name": "Main", "company_id": [1, "Us"], "currency_id": [2, "USD"],
            "settle_due_product_id": [6, "Due"], "deposit_product_id": false, "down_payment_product_id": [7, "Down"]}))
        .unwrap();
        assert_eq!(shop.neutral_product_ids, [ProductId(6), ProductId(7)]);
        assert!(read::<Currency>(json!({"id": 1, "name": false, "decimal_places": 2})).is_err());
        let yen: Currency = read(json!({"id": 1, "name": "JPY", "decimal_places": 0})).unwrap();
        assert_eq!(yen.decimals, 0);
        let odd: Currency = read(json!({"id": 1, "name": "XAU", "decimal_places": 8})).unwrap();
        assert_eq!(odd.decimals, 4);
    }
}
