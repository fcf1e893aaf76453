//! A year of the sample shop, the same for the same day: three shops, three hundred customers, three thousand orders.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fake_odoo::{FakeOdoo, kept_moment};
use super::model::number;
use super::names::{DemoCategory, FAMILY, GIVEN, POS_CATEGORIES, PRODUCT_CATEGORIES, PRODUCTS, SHOPS};

/// The POS category of toys, above wooden toys and board games.
pub const TOYS: i64 = 9;
/// The product that tips are booked on.
pub const TIPS: i64 = 1;
/// The gift card that is sold.
pub const GIFT_CARD: i64 = 2;
/// The first of [`PRODUCTS`].
pub(super) const FIRST_PRODUCT: i64 = 10;
/// The first customer.
const FIRST_CUSTOMER: i64 = 10;

const COMPANY: i64 = 1;
const USD: i64 = 1;
const CUSTOMERS: i64 = 300;
const ORDERS: u64 = 3_000;
const DAYS: u64 = 365;

/// `SplitMix64`: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `below` − 1.
    fn roll(&mut self, below: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(below.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    /// Whether something happens that happens so many times in a hundred.
    fn happens(&mut self, in_a_hundred: i64) -> bool {
        self.roll(100) < in_a_hundred
    }

    /// A uuid of version 4, in its form if not in its randomness.
    fn uuid(&mut self) -> String {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }
}

/// Something sold.
struct Item {
    product: i64,
    /// With tax, in cents.
    price: i64,
    /// In per cent.
    tax: i64,
    quantity: i64,
}

/// Fills an empty shop with a year of sales that ends the day before `now`; the best customers, best first.
#[expect(clippy::must_use_candidate, reason = "the sales are what it is called for")]
pub fn fill(shop: &FakeOdoo, now: DateTime<Utc>) -> Vec<(i64, String)> {
    let first_day = now.checked_sub_days(Days::new(DAYS)).unwrap_or(now);
    shop.set_clock(first_day);
    furnish(shop);
    let mut dice = Dice(2026);
    let names = customers(shop, &mut dice);
    let mut spent: BTreeMap<i64, i64> = BTreeMap::new();
    for sequence in 0..ORDERS {
        // Evenly over the year, in the order of time; a shop is busier in the afternoon.
        let day = first_day.checked_add_days(Days::new(sequence * DAYS / ORDERS)).unwrap_or(first_day).date_naive();
        let opened = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(13);
        let minutes = i64::try_from(sequence % (ORDERS / DAYS + 1)).unwrap_or_default() * 65 + dice.roll(60);
        let at = opened + TimeDelta::minutes(minutes) + TimeDelta::seconds(dice.roll(60));
        sell(shop, &mut dice, sequence, at, &mut spent);
    }
    // Then nobody touches anything until today.
    shop.set_clock(now);
    let mut best: Vec<(i64, i64)> = spent.into_iter().map(|(customer, cents)| (cents, customer)).collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    best.into_iter().take(5).filter_map(|(_, customer)| Some((customer, names.get(&customer)?.clone()))).collect()
}

/// Company, currencies, shops, categories, products.
fn furnish(shop: &FakeOdoo) {
    shop.insert("res.company", json!({"id": COMPANY, "name": "Ash & Oak"}));
    for (id, code, digits) in [(USD, "USD", 2), (2, "EUR", 2), (3, "JPY", 0)] {
        shop.insert("res.currency", json!({"id": id, "name": code, "decimal_places": digits, "active": id == USD}));
    }
    let tree = |model: &str, rows: &[DemoCategory]| {
        for (id, (name, parent)) in (1_i64..).zip(rows) {
            let parent = parent.and_then(|index| i64::try_from(index + 1).ok());
            shop.insert(
                model,
                json!({"id": id, "name": name, "parent_id": parent.map_or(json!(false), |id| json!(id))}),
            );
        }
    };
    tree("pos.category", &POS_CATEGORIES);
    tree("product.category", &PRODUCT_CATEGORIES);
    let product = |id: i64, name: &str, pos: &[usize], own: usize| {
        let pos: Vec<usize> = pos.iter().map(|index| index + 1).collect();
        shop.insert("product.product", json!({"id": id, "name": name, "pos_categ_ids": pos, "categ_id": own + 1}));
    };
    product(TIPS, "Tips", &[], 7);
    product(GIFT_CARD, "Gift card", &[], 7);
    for (id, (name, _, _, pos, own)) in (FIRST_PRODUCT..).zip(PRODUCTS) {
        product(id, name, &[pos], own);
    }
    for (id, (name, _)) in (1_i64..).zip(SHOPS) {
        // Only the café takes tips.
        let tips = if id == 2 { json!(TIPS) } else { json!(false) };
        shop.insert(
            "pos.config",
            json!({"id": id, "name": name, "company_id": COMPANY, "currency_id": USD, "tip_product_id": tips}),
        );
    }
    shop.insert(
        "loyalty.program",
        json!({"name": "Gift cards", "program_type": "gift_card", "reward_ids": [1], "trigger_product_ids": [GIFT_CARD]}),
    );
}

fn customers(shop: &FakeOdoo, dice: &mut Dice) -> BTreeMap<i64, String> {
    let mut names = BTreeMap::new();
    let pick = |from: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| from.get(index % from.len()).copied()).unwrap_or_default()
    };
    for sequence in 0..CUSTOMERS {
        let id = FIRST_CUSTOMER + sequence;
        // Every given name meets other family names each time round.
        let name = format!("{} {}", pick(&GIVEN, sequence), pick(&FAMILY, sequence * 7 + sequence / 40));
        let is_archived = dice.happens(2);
        shop.insert(
            "res.partner",
            json!({"id": id, "name": name, "commercial_partner_id": id, "company_id": false, "active": !is_archived}),
        );
        names.insert(id, name);
    }
    names
}

/// One order, and now and then a tip, or a refund a few days later.
fn sell(shop: &FakeOdoo, dice: &mut Dice, sequence: u64, at: DateTime<Utc>, spent: &mut BTreeMap<i64, i64>) {
    let index = match dice.roll(10) {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    };
    let Some((shop_name, categories)) = SHOPS.get(index) else { return };
    let config = i64::try_from(index + 1).unwrap_or(1);
    // A fifth of the customers come four times as often; four orders in ten are anonymous.
    let customer = dice.happens(60).then(|| {
        let among = if dice.happens(50) { CUSTOMERS / 5 } else { CUSTOMERS };
        FIRST_CUSTOMER + dice.roll(among)
    });
    let mut items = pick_items(dice, categories, index == 0);
    if index == 1 && dice.happens(15) {
        items.push(Item { product: TIPS, price: 50 + 50 * dice.roll(6), tax: 0, quantity: 1 });
    } else if dice.happens(1) {
        items.push(Item { product: GIFT_CARD, price: 2_500, tax: 0, quantity: 1 });
    }
    let lines = book(shop, dice, &SampleSale { config, shop_name, sequence, at, customer, refunds: &[] }, &items);
    let total: i64 = items.iter().map(|item| item.price * item.quantity).sum();
    if let Some(customer) = customer {
        *spent.entry(customer).or_default() += total;
    }
    // One order in thirty has something brought back, by the same customer, to the same shop.
    if dice.happens(3) && index != 1 {
        let back: Vec<Item> =
            items.into_iter().take(1).map(|item| Item { quantity: -1 - dice.roll(item.quantity), ..item }).collect();
        let at = at + TimeDelta::hours(2);
        let sale = SampleSale { config, shop_name, sequence: ORDERS + sequence, at, customer, refunds: &lines };
        book(shop, dice, &sale, &back);
    }
}

fn pick_items(dice: &mut Dice, categories: &[usize], is_dear: bool) -> Vec<Item> {
    let on_sale: Vec<(i64, i64, i64)> = (FIRST_PRODUCT..)
        .zip(PRODUCTS)
        .filter(|(_, (_, _, _, category, _))| categories.contains(category))
        .map(|(id, (_, price, tax, _, _))| (id, price, tax))
        .collect();
    let kinds = 1 + dice.roll(if is_dear { 3 } else { 4 });
    let mut items: Vec<Item> = Vec::new();
    for _ in 0..kinds {
        let choice = dice.roll(i64::try_from(on_sale.len()).unwrap_or(1));
        let Some((product, price, tax)) = usize::try_from(choice).ok().and_then(|index| on_sale.get(index)) else {
            continue;
        };
        if items.iter().all(|item| item.product != *product) {
            let quantity = if dice.happens(75) { 1 } else { 2 + dice.roll(3) };
            items.push(Item { product: *product, price: *price, tax: *tax, quantity });
        }
    }
    items
}

/// How an order is booked.
struct SampleSale<'a> {
    config: i64,
    shop_name: &'a str,
    sequence: u64,
    at: DateTime<Utc>,
    customer: Option<i64>,
    /// The lines taken back, by position.
    refunds: &'a [i64],
}

/// Books an order as Odoo keeps it; its lines' ids.
fn book(shop: &FakeOdoo, dice: &mut Dice, sale: &SampleSale<'_>, items: &[Item]) -> Vec<i64> {
    // The session's closing in the evening writes all orders of a day with one timestamp.
    let closed = sale.at.date_naive().and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(24);
    let written = kept_moment(closed + TimeDelta::microseconds(481_516));
    let total: i64 = items.iter().map(|item| item.price * item.quantity).sum();
    let order = shop.insert(
        "pos.order",
        json!({
            "uuid": dice.uuid(),
            "name": format!("{}/{:05}", sale.shop_name, sale.sequence + 1),
            "pos_reference": format!("{:05}-{:03}-{:04}", sale.sequence / 40 + 1, sale.config, sale.sequence % 40 + 1),
            "state": "done",
            "date_order": sale.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            "partner_id": or_false(sale.customer),
            "company_id": COMPANY,
            "currency_id": USD,
            "config_id": sale.config,
            "amount_total": money(total),
            "is_refund": !sale.refunds.is_empty(),
            "write_date": written,
        }),
    );
    let mut refunds = sale.refunds.iter().copied();
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let with_tax = item.price * item.quantity;
        lines.push(shop.insert(
            "pos.order.line",
            json!({
                "uuid": dice.uuid(),
                "order_id": order,
                "product_id": item.product,
                "qty": number(&format!("{}.0", item.quantity)),
                "price_unit": money(item.price),
                "price_subtotal": money(without_tax(with_tax, item.tax)),
                "price_subtotal_incl": money(with_tax),
                "refunded_orderline_id": or_false(refunds.next()),
                "loyalty_hold_id": false,
                "is_reward_line": false,
                "reward_id": false,
                "write_date": written,
            }),
        ));
    }
    lines
}

fn or_false(id: Option<i64>) -> Value {
    id.map_or(json!(false), |id| json!(id))
}

/// Cents as Odoo's float.
fn money(cents: i64) -> Value {
    let sign = if cents < 0 { "-" } else { "" };
    number(&format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100))
}

/// An amount with so many per cent of tax in it, without the tax, to the nearest cent.
fn without_tax(cents: i64, percent: i64) -> i64 {
    let doubled = cents.abs() * 200;
    let rounded = (doubled / (100 + percent) + 1) / 2;
    if cents < 0 { -rounded } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_262_400, 0).unwrap()
    }

    #[test]
    fn a_year_is_always_the_same() {
        let (one, other) = (FakeOdoo::new(), FakeOdoo::new());
        let best = fill(&one, noon());
        assert_eq!(fill(&other, noon()), best);
        assert_eq!(
            one.database().models.get("pos.order").map(|orders| &orders.records),
            other.database().models.get("pos.order").map(|orders| &orders.records)
        );
        assert_eq!(best.len(), 5);
        assert!(one.count("pos.order") > 3_000 && one.count("pos.order") < 3_200, "{}", one.count("pos.order"));
        assert_eq!((one.count("res.partner"), one.count("product.product")), (300, 60));
        assert!(one.count("pos.order.line") > 5_000);
    }

    #[test]
    fn the_year_ended_yesterday_and_its_sums_are_right() {
        let shop = FakeOdoo::new();
        fill(&shop, noon());
        let database = shop.database();
        let orders = &database.models["pos.order"].records;
        let lines = &database.models["pos.order.line"].records;
        let latest = orders.values().filter_map(|order| order["date_order"].as_str()).max().unwrap();
        assert!(latest < "2026-11-21 12:00:00" && latest > "2026-11-18", "{latest}");
        let (mut anonymous, mut refunds) = (0, 0);
        for (id, order) in orders {
            let sum: rust_decimal::Decimal = lines
                .values()
                .filter(|line| line["order_id"] == json!(id))
                .map(|line| line["price_subtotal_incl"].to_string().parse::<rust_decimal::Decimal>().unwrap())
                .sum();
            assert_eq!(sum, order["amount_total"].to_string().parse().unwrap());
            anonymous += i32::from(order["partner_id"] == json!(false));
            refunds += i32::from(order["is_refund"] == json!(true));
            if *id > 200 {
                break;
            }
        }
        assert!(anonymous > 40 && refunds > 0, "{anonymous} {refunds}");
    }

    #[test]
    fn the_toys_of_the_program_are_the_toys_of_the_shop() {
        let shop = FakeOdoo::new();
        furnish(&shop);
        assert_eq!(shop.database().models["pos.category"].records[&TOYS]["name"], "Toys");
    }

    #[test]
    fn tax_is_taken_out_to_the_cent() {
        assert_eq!((without_tax(11_500, 15), without_tax(-11_500, 15), without_tax(220, 5)), (10_000, -10_000, 210));
    }
}
