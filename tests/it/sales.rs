//! What names a sale: documents of two systems may have one number, and have nothing in common.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, TimeZone, Utc};
use loyalty_sidecar::domain::program::Program;
use loyalty_sidecar::domain::sale::order::{HoldRef, Line, LineRole, Order, OrderState, Wallet};
use loyalty_sidecar::domain::value::ids::{CompanyId, LineId, OrderId, PartnerId, ProductId, SaleModel, SourceId};
use loyalty_sidecar::domain::value::money::Money;
use loyalty_sidecar::ledger::query::balance::MemberBalance;
use loyalty_sidecar::ledger::{Ledger, Options, Writers};
use loyalty_sidecar::store::connection::migrate;
use loyalty_sidecar::store::{DatabaseUrl, FencingToken, Pool};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::{Database, Random};

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
        ledger.programs().put(program("1"), None, "test").await.unwrap();
        Self { ledger, _writers: writers, database }
    }

    async fn read(&self, orders: Vec<Order>) {
        self.ledger.ingestion().ingest(orders, FencingToken::begin(None)).await.unwrap();
    }

    async fn balances(&self, partners: &[i64]) -> Vec<String> {
        let told = self.ledger.queries().balances(partners.iter().copied().map(PartnerId).collect()).await.unwrap();
        let of = |member: &MemberBalance| {
            member.programs.first().map_or_else(|| "none".to_owned(), |program| program.balance.to_string())
        };
        told.iter().map(of).collect()
    }

    async fn verified(&self) {
        let report = self.ledger.verify().await.unwrap();
        assert_eq!(report.violations, Vec::<String>::new(), "{report:?}");
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
        role: LineRole::Eligible,
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
    stand.ledger.ingestion().forget_orders(vec![OrderId(7)], FencingToken::begin(None)).await.unwrap();
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
    stand.ledger.programs().put(program("2"), before, "test").await.unwrap();
    assert_eq!(stand.balances(&[1, 2, 3]).await, ["40", "40", "20"]);
    stand.verified().await;
}

/// Orders with refunds of earlier ones, for four customers.
fn some_orders(random: &mut Random) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for id in 1..=30 {
        let mut below = |limit| i64::try_from(random.below(limit)).unwrap();
        let (partner, dollars, more, named) = (below(4) + 1, below(90) + 1, below(3), below(3) > 0);
        let sold = orders.get(random.place(orders.len() + 1)).cloned();
        let taken = sold.filter(|sold| sold.lines[0].refunds.is_none() && random.below(3) == 0);
        let mut order = match taken {
            Some(sold) => {
                let line = &sold.lines[0];
                let cost = line.subtotal.e4() / 10_000;
                back(SourceId::ODOO, id, line.id.unwrap().0, sold.partner_id.unwrap().0, cost)
            }
            None => order(SourceId::ODOO, id, partner, dollars),
        };
        if order.lines[0].refunds.is_none() {
            order.lines.extend((1..=more).map(|number| line(id * 10 + number, number, 3)));
        }
        order.uuid = named.then(|| format!("order {id}"));
        orders.push(order);
    }
    orders
}

impl Stand {
    /// What was posted for which sale, and what each customer has.
    async fn ledger_of(&self) -> (Vec<String>, Vec<String>) {
        let posted = self.database.texts(
            "SELECT p.sale_id || ' gave ' || a.partner_id || ' ' || p.earned_e2 AS value \
             FROM order_postings p JOIN accounts a ON a.id = p.account_id WHERE p.earned_e2 <> 0 \
             ORDER BY p.sale_id, a.partner_id",
        );
        (posted, self.balances(&[1, 2, 3, 4]).await)
    }

    fn entries(&self) -> i64 {
        self.database.number("SELECT COUNT(*) FROM entries")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_reading_comes_to_what_any_other_does() {
    for seed in 0..4 {
        let orders = some_orders(&mut Random::seeded(seed));
        let first = Stand::new().await;
        first.read(orders.clone()).await;
        let (expected, entries) = (first.ledger_of().await, first.entries());
        first.verified().await;
        assert!(entries >= 10, "{entries}");

        // Begun, ended in the middle by whatever means, and begun again.
        let twice = Stand::new().await;
        twice.read(orders[..17].to_vec()).await;
        for part in orders.chunks(4) {
            twice.read(part.to_vec()).await;
        }
        // Where a sale and its refund are apart, each has an entry, and both come to the same.
        assert_eq!(twice.ledger_of().await, expected, "seed {seed}");
        let known_now = twice.entries();
        twice.read(orders.clone()).await;
        assert_eq!(twice.entries(), known_now, "read once more, nothing is posted");
        twice.verified().await;

        // All of them known as drafts, with lines that they do not have any more, and paid in the opposite order.
        let known = Stand::new().await;
        let draft = |order: &Order| {
            let mut draft = Order { state: OrderState::Draft, ..order.clone() };
            draft.lines.push(line(draft.id.unwrap().0 * 10 + 9, 1, 50));
            draft
        };
        known.read(orders.iter().map(draft).collect()).await;
        assert_eq!(known.entries(), 0);
        for order in orders.iter().rev() {
            known.read(vec![order.clone()]).await;
        }
        assert_eq!(known.ledger_of().await, expected, "seed {seed}");
        known.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_stands_in_the_order_that_has_it_now() {
    let stand = Stand::new().await;
    let mut whole = order(SourceId::ODOO, 1, 1, 20);
    whole.lines.push(line(11, 1, 30));
    stand.read(vec![whole.clone()]).await;
    // The bill is split, and only the new order is read.
    let mut part = order(SourceId::ODOO, 2, 2, 0);
    part.lines = vec![line(11, 1, 30)];
    stand.read(vec![part.clone()]).await;
    assert_eq!(stand.balances(&[1, 2]).await, ["20", "30"]);
    stand.verified().await;
    // A refund of the line is one of the order that it stands in.
    stand.read(vec![back(SourceId::ODOO, 3, 11, 2, 30)]).await;
    assert_eq!(stand.balances(&[1, 2]).await, ["20", "0"]);
    // Both in one reading, the later one has it.
    let again = Stand::new().await;
    again.read(vec![whole.clone(), part]).await;
    assert_eq!(again.balances(&[1, 2]).await, ["20", "30"]);
    again.verified().await;
    // It went back: the first order says what it said before, which is news.
    let mut emptied = order(SourceId::ODOO, 2, 2, 0);
    emptied.lines = Vec::new();
    again.read(vec![emptied]).await;
    again.read(vec![whole]).await;
    assert_eq!(again.balances(&[1, 2]).await, ["50", "0"]);
    again.verified().await;
}
