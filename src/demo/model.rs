//! Odoo 19's models as far as we read them: their fields, and how a value looks on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

/// A field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// char, text or selection.
    Text,
    /// integer.
    Integer,
    /// float or monetary.
    Number,
    /// boolean.
    Flag,
    /// datetime: kept with microseconds, sent in whole seconds.
    Moment,
    /// date: `YYYY-MM-DD`.
    Day,
    /// many2one to a model: kept as an id, sent as `[id, name]`.
    One(&'static str),
    /// many2many: ids.
    Many,
    /// json: anything.
    Json,
}

impl FieldKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "char",
            Self::Integer => "integer",
            Self::Number => "float",
            Self::Flag => "boolean",
            Self::Moment => "datetime",
            Self::Day => "date",
            Self::One(_) => "many2one",
            Self::Many => "many2many",
            Self::Json => "json",
        }
    }

    /// What Odoo sends for a field that was never filled.
    fn empty(self) -> Value {
        match self {
            Self::Integer => json!(0),
            Self::Number => number("0.0"),
            Self::Many => json!([]),
            _ => json!(false),
        }
    }
}

/// A number with exactly this text.
pub(super) fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Bool(false))
}

/// A model's records and fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub fields: BTreeMap<String, FieldKind>,
    pub records: BTreeMap<i64, Map<String, Value>>,
    pub next_id: i64,
    /// Where the records of each link are: link, record it names, records that name it.
    links: BTreeMap<&'static str, BTreeMap<i64, BTreeSet<i64>>>,
}

/// Links by which whole shops are read, which Odoo keeps an index of, too.
pub(super) const INDEXED: [&str; 2] = ["order_id", "refunded_orderline_id"];

impl Model {
    fn new(fields: &[(&str, FieldKind)]) -> Self {
        let mut fields: BTreeMap<String, FieldKind> =
            fields.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        fields.insert("id".to_owned(), FieldKind::Integer);
        fields.insert("display_name".to_owned(), FieldKind::Text);
        fields.insert("write_date".to_owned(), FieldKind::Moment);
        Self { fields, records: BTreeMap::new(), next_id: 1, links: BTreeMap::new() }
    }

    /// Puts a record in the place of the one with its id, or of none.
    pub fn put(&mut self, id: i64, record: Map<String, Value>) {
        self.remove(id);
        for link in INDEXED {
            if let Some(named) = record.get(link).and_then(Value::as_i64) {
                self.links.entry(link).or_default().entry(named).or_default().insert(id);
            }
        }
        self.records.insert(id, record);
    }

    /// Takes a record out.
    pub fn remove(&mut self, id: i64) -> Option<Map<String, Value>> {
        let record = self.records.remove(&id)?;
        for link in INDEXED {
            let named = record.get(link).and_then(Value::as_i64);
            if let Some(of) = named.and_then(|named| self.links.get_mut(link)?.get_mut(&named)) {
                of.remove(&id);
            }
        }
        Some(record)
    }

    /// The records whose link names one of these.
    pub fn naming(&self, link: &str, named: &BTreeSet<i64>) -> BTreeSet<i64> {
        let of = self.links.get(link);
        named.iter().filter_map(|named| of?.get(named)).flatten().copied().collect()
    }

    /// The records whose link names one in this range.
    pub fn naming_within(&self, link: &str, range: RangeInclusive<i64>) -> BTreeSet<i64> {
        let of = self.links.get(link);
        of.into_iter().flat_map(|of| of.range(range.clone())).flat_map(|(_, records)| records).copied().collect()
    }

    /// `fields_get`'s answer.
    pub fn described(&self) -> Value {
        self.fields.iter().map(|(name, kind)| (name.clone(), json!({"type": kind.name()}))).collect()
    }

    /// A record's field as it is kept; `display_name` falls back to the name.
    pub fn kept<'a>(record: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
        let own = record.get(field);
        if own.is_none() && field == "display_name" { record.get("name") } else { own }
    }
}

/// A field on the wire.
pub(super) fn wire(models: &BTreeMap<String, Model>, model: &Model, record: &Map<String, Value>, field: &str) -> Value {
    let Some(kind) = model.fields.get(field) else { return Value::Bool(false) };
    let Some(kept) = Model::kept(record, field).filter(|value| !value.is_null()) else { return kind.empty() };
    match (kind, kept) {
        (FieldKind::Moment, Value::String(text)) => json!(text.chars().take(19).collect::<String>()),
        (FieldKind::One(target), Value::Number(id)) => {
            let name = models.get(*target).and_then(|model| {
                let record = model.records.get(&id.as_i64()?)?;
                Model::kept(record, "display_name").cloned()
            });
            json!([id, name.unwrap_or_else(|| json!(format!("{target},{id}")))])
        }
        _ => kept.clone(),
    }
}

/// The models of users and their keys.
fn users() -> [(&'static str, &'static [(&'static str, FieldKind)]); 2] {
    use FieldKind::{Flag, Moment, One, Text};
    [
        ("res.users", &[("name", Text), ("login", Text), ("active", Flag)]),
        (
            "res.users.apikeys",
            &[
                ("name", Text),
                ("user_id", One("res.users")),
                ("scope", Text),
                ("create_date", Moment),
                ("expiration_date", Moment),
            ],
        ),
    ]
}

/// Orders and their lines, with the addon's fields.
fn orders() -> [(&'static str, &'static [(&'static str, FieldKind)]); 2] {
    use FieldKind::{Flag, Json, Moment, Number, One, Text};
    [
        (
            "pos.order",
            &[
                ("uuid", Text),
                ("name", Text),
                ("pos_reference", Text),
                ("state", Text),
                ("date_order", Moment),
                ("partner_id", One("res.partner")),
                ("company_id", One("res.company")),
                ("currency_id", One("res.currency")),
                ("config_id", One("pos.config")),
                ("amount_total", Number),
                ("is_refund", Flag),
                ("loyalty_sidecar_data", Json),
            ],
        ),
        (
            "pos.order.line",
            &[
                ("uuid", Text),
                ("order_id", One("pos.order")),
                ("product_id", One("product.product")),
                ("qty", Number),
                ("price_unit", Number),
                ("price_subtotal", Number),
                ("price_subtotal_incl", Number),
                ("refunded_orderline_id", One("pos.order.line")),
                ("combo_parent_id", One("pos.order.line")),
                ("loyalty_hold_id", Text),
                ("is_reward_line", Flag),
                ("reward_id", One("loyalty.reward")),
            ],
        ),
    ]
}

/// The models of `pos_loyalty`.
fn loyalty() -> [(&'static str, &'static [(&'static str, FieldKind)]); 2] {
    use FieldKind::{Day, Flag, Many, Number, One, Text};
    [
        (
            "loyalty.program",
            &[
                ("name", Text),
                ("program_type", Text),
                ("reward_ids", Many),
                ("trigger_product_ids", Many),
                ("payment_program_discount_product_id", One("product.product")),
                ("company_id", One("res.company")),
                ("active", Flag),
            ],
        ),
        (
            "loyalty.card",
            &[
                ("program_id", One("loyalty.program")),
                ("partner_id", One("res.partner")),
                ("points", Number),
                ("code", Text),
                ("expiration_date", Day),
                ("active", Flag),
            ],
        ),
    ]
}

/// The models of an Odoo 19 with `point_of_sale`, `pos_loyalty` and our addon.
pub(super) fn odoo_19() -> BTreeMap<String, Model> {
    use FieldKind::{Flag, Integer, Many, One, Text};
    let models: [(&str, &[(&str, FieldKind)]); 7] = [
        ("res.company", &[("name", Text), ("parent_id", One("res.company")), ("parent_ids", Many)]),
        ("res.currency", &[("name", Text), ("decimal_places", Integer), ("active", Flag)]),
        (
            "res.partner",
            &[
                ("name", Text),
                ("commercial_partner_id", One("res.partner")),
                ("category_id", Many),
                ("company_id", One("res.company")),
                ("active", Flag),
            ],
        ),
        ("pos.category", &[("name", Text), ("parent_id", One("pos.category"))]),
        ("product.category", &[("name", Text), ("parent_id", One("product.category"))]),
        (
            "product.product",
            &[
                ("name", Text),
                ("categ_id", One("product.category")),
                ("pos_categ_ids", Many),
                ("product_tag_ids", Many),
                ("additional_product_tag_ids", Many),
                ("active", Flag),
            ],
        ),
        (
            "pos.config",
            &[
                ("name", Text),
                ("company_id", One("res.company")),
                ("currency_id", One("res.currency")),
                ("tip_product_id", One("product.product")),
                ("settle_due_product_id", One("product.product")),
                ("settle_invoice_product_id", One("product.product")),
                ("deposit_product_id", One("product.product")),
                ("down_payment_product_id", One("product.product")),
                ("active", Flag),
            ],
        ),
    ];
    models
        .into_iter()
        .chain(orders())
        .chain(loyalty())
        .chain(users())
        .map(|(name, fields)| (name.to_owned(), Model::new(fields)))
        .collect()
}
