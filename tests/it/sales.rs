//! What names a sale: documents of two systems may have one number, and have nothing in common.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, TimeZone, Utc};
use loyalty_sidecar::domain::ids::{CompanyId, LineId, OrderId, PartnerId, ProductId, SaleModel, SourceId};
use loyalty_sidecar::domain::money::Money;
use loyalty_sidecar::domain::order::{HoldRef, Line, LineRole, Order, OrderState, Wallet};
use loyalty_sidecar::domain::program::Program;
use loyalty_sidecar::ledger::{Ledger, Options, Reading, Writers};
use loyalty_sidecar::store::{DatabaseUrl, Pool, migrate};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::Database;

/// So many points for each dollar.
fn program(points: &str) -> Program {
    let rules = json!({"rules": [{"code": "base", "kind": "per_amount", "every": "1.00", "points": points}]});
    Program::from_json(&json!({"code": "club", "name": "Club", "currency": "USD", "earning": rules})).unwrap()
}

/// A system beside Odoo.
const OTHER: SourceId = SourceId(2);

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
}

/// A ledger without a service, on a database of its own.
struct Stand {
    ledger: Ledger,
    _writers: Writers,
    database: Database,
}

impl Stand {
    async fn new() -> Self {
        let database = Database::new();
        let url = DatabaseUrl::parse(&database.url()).unwrap();
        let pool = Pool::open(url.clone(), 4).unwrap();
        pool.run(migrate::migrate).await.unwrap();
        let (ledger, writers) = Ledger::start(pool, Options::for_database(&url, Wallet::Contact)).unwrap();
        ledger.put_program(program("1"), None, "test").await.unwrap();
        Self { ledger, _writers: writers, database }
    }

    async fn read(&self, orders: Vec<Order>) {
        self.ledger.ingest(orders, Reading::begin(None)).await.unwrap();
    }

    async fn balances(&self, partners: &[i64]) -> Vec<String> {
        let told = self.ledger.balances(partners.iter().copied().map(PartnerId).collect()).await.unwrap();
        let of = |member: &Value| member["programs"][0]["balance"].as_str().unwrap_or("none").to_owned();
        told.as_array().unwrap().iter().map(of).collect()
    }

    async fn verified(&self) {
        let report = self.ledger.verify().await.unwrap();
        assert_eq!(report.to_json()["violations"], json!([]), "{report:?}");
    }
}

fn line(id: i64, quantity: i64, dollars: i64) -> Line {
    let amount = Money::from_e4(quantity * dollars * 10_000);
    Line {
        id: Some(LineId(id)),
        uuid: None,
        product_id: Some(ProductId(1)),
        quantity: Decimal::from(quantity),
        subtotal: amount,
        subtotal_incl: amount,
        refunds: None,
        hold: None,
        role: LineRole::Counts,
        pos_categories: BTreeSet::new(),
        product_categories: BTreeSet::new(),
        product_tags: BTreeSet::new(),
        covers: None,
        gives: Decimal::ZERO,
        combo_parent: None,
        combo: None,
    }
}

/// A paid order of one line, whose number is the order's times ten.
fn order(source: SourceId, id: i64, partner: i64, dollars: i64) -> Order {
    Order {
        source,
        model: SaleModel::PosOrder,
        id: Some(OrderId(id)),
        uuid: None,
        name: format!("Shop/{id}"),
        reference: Some(format!("Order {id}")),
        state: OrderState::Paid,
        placed_at: noon(),
        partner_id: Some(PartnerId(partner)),
        partner_tags: BTreeSet::new(),
        parent_companies: BTreeSet::new(),
        links_refunds: true,
        company_id: CompanyId(1),
        currency: "USD".to_owned(),
        pos_config_id: None,
        hold_field_missing: false,
        lines: vec![line(id * 10, 1, dollars)],
    }
}

fn back(source: SourceId, id: i64, of_line: i64, partner: i64, dollars: i64) -> Order {
    let mut order = order(source, id, partner, -dollars);
    order.lines[0].quantity = Decimal::NEGATIVE_ONE;
    order.lines[0].refunds = Some(LineId(of_line));
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_of_two_systems_with_one_number_never_meet() {
    let stand = Stand::new().await;
    // One after the other, and both in one batch.
    stand.read(vec![order(SourceId::ODOO, 7, 1, 20)]).await;
    stand.read(vec![order(OTHER, 7, 2, 30)]).await;
    stand.read(vec![order(SourceId::ODOO, 8, 1, 4), order(OTHER, 8, 2, 5)]).await;
    assert_eq!(stand.balances(&[1, 2]).await, ["24", "35"]);

    // A refund takes back the line of its own system.
    stand.read(vec![back(OTHER, 9, 70, 2, 30)]).await;
    assert_eq!(stand.balances(&[1, 2]).await, ["24", "5"]);
    stand.read(vec![back(SourceId::ODOO, 9, 80, 1, 4)]).await;
    assert_eq!(stand.balances(&[1, 2]).await, ["20", "5"]);

    // One of them changes, and another goes: the others stay.
    stand.read(vec![order(OTHER, 8, 2, 6)]).await;
    stand.ledger.forget_orders(vec![OrderId(7)], Reading::begin(None)).await.unwrap();
    assert_eq!(stand.balances(&[1, 2]).await, ["0", "6"]);

    let of = |source: SourceId, table: &str| {
        let sales = format!("SELECT COUNT(*) FROM {table} WHERE sale_source = {}", source.0);
        stand.database.number(&sales)
    };
    assert_eq!((of(SourceId::ODOO, "order_postings"), of(OTHER, "order_postings")), (2, 2));
    assert_eq!((of(SourceId::ODOO, "entries"), of(OTHER, "entries")), (4, 4));
    stand.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_and_receipts_of_two_systems_are_told_apart() {
    let stand = Stand::new().await;
    let with_stray_hold = |source: SourceId, partner| {
        let mut order = order(source, 7, partner, 20);
        order.lines[0].hold = HoldRef::parse("no hold of ours");
        order
    };
    stand.read(vec![with_stray_hold(SourceId::ODOO, 1), with_stray_hold(OTHER, 2)]).await;
    stand.read(vec![with_stray_hold(SourceId::ODOO, 1)]).await;
    let raised = "SELECT COUNT(*) FROM exceptions WHERE kind = 'unknown_hold' AND sale_id = 7";
    assert_eq!(stand.database.number(raised), 2);
    assert_eq!(stand.database.number(&format!("{raised} AND sale_source = 2")), 1);

    // Without links, a refund is matched by its receipt's name: by that of its own system.
    let unlinked = |source: SourceId, id, partner, quantity| {
        let mut order = order(source, id, partner, 10);
        order.links_refunds = false;
        order.reference = Some("Order 1".to_owned());
        order.lines = vec![line(id * 10, quantity, 10)];
        order
    };
    stand.read(vec![unlinked(SourceId::ODOO, 11, 3, 1), unlinked(OTHER, 11, 3, 1)]).await;
    stand.read(vec![unlinked(OTHER, 12, 3, -1)]).await;
    let left = "SELECT earned_e2 FROM order_postings WHERE sale_id = 11 AND sale_source";
    assert_eq!(stand.database.number(&format!("{left} = 1")), 1_000);
    assert_eq!(stand.database.number(&format!("{left} = 2")), 0);

    // Computed again from the first order on, in pages over both.
    let before = noon().checked_sub_days(Days::new(1));
    stand.ledger.put_program(program("2"), before, "test").await.unwrap();
    assert_eq!(stand.balances(&[1, 2, 3]).await, ["40", "40", "20"]);
    stand.verified().await;
}
