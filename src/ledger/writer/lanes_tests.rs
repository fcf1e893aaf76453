//! What the two queues of a lane do to those who wait, seen by the order of commits.

use std::sync::{Arc, Mutex, OnceLock};

use rust_decimal::Decimal;
use serde_json::json;
use tokio::sync::oneshot;

use super::batch::{self, Context};
use super::command::{AdjustPoints, Answer, Command, Idempotency, IngestOrders};
use super::queue::{Lane, Lanes};
use crate::domain::ledger::decide::Correction;
use crate::domain::program::Program;
use crate::domain::sale::order::{Line, LineRole, Order, OrderState};
use crate::domain::value::ids::{CompanyId, LineId, OrderId, PartnerId, ProductId, SaleModel, SourceId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;
use crate::ledger::admin::programs::ProgramCache;
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::lane::{self, Health, Job};
use crate::ledger::{CHUNK, Ledger, LedgerError, Options, Wallet};
use crate::store::connection::migrate;
use crate::store::table::leases::{self, READING};
use crate::store::table::orders::digests;
use crate::store::{AnyConnection, DatabaseUrl, FencingToken, Pool};

/// What was committed, a batch an item: the words of its commands and how many orders they brought.
type Commits = Mutex<Vec<(&'static str, usize)>>;

fn note(commits: &Commits, commands: &[Box<dyn Command>]) {
    let orders = |command: &dyn Command| if command.name() == "ingest" { command.weight() } else { 0 };
    let all = commands.iter().map(|command| orders(command.as_ref())).sum();
    commits.lock().unwrap().push((commands[0].name(), all));
}

/// Orders of customers of their own that earn a point for each unit.
fn orders(ids: std::ops::RangeInclusive<i64>) -> Vec<Order> {
    let order = |id| Order {
        source: SourceId::ODOO,
        model: SaleModel::PosOrder,
        id: Some(OrderId(id)),
        uuid: Some(format!("u-{id}")),
        name: format!("Shop/{id}"),
        reference: None,
        state: OrderState::Paid,
        placed_at: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        partner_id: Some(PartnerId(id)),
        partner_tags: std::collections::BTreeSet::new(),
        parent_companies: std::collections::BTreeSet::new(),
        links_refunds: true,
        company_id: CompanyId(1),
        currency: "EUR".to_owned(),
        pos_config_id: None,
        hold_field_missing: false,
        lines: vec![Line {
            id: Some(LineId(id)),
            uuid: None,
            product_id: Some(ProductId(3)),
            quantity: Decimal::ONE,
            subtotal: Money::from_e4(100_000),
            subtotal_incl: Money::from_e4(100_000),
            refunds: None,
            hold: None,
            role: LineRole::Eligible,
            pos_categories: std::collections::BTreeSet::new(),
            product_categories: std::collections::BTreeSet::new(),
            product_tags: std::collections::BTreeSet::new(),
            covers: None,
            gives: Decimal::ZERO,
            combo_parent: None,
            combo: None,
        }],
    };
    ids.map(order).collect()
}

/// What a person asks for, a different one for each `number`.
fn asks(number: i64) -> AdjustPoints {
    AdjustPoints {
        idempotency: Idempotency { key: format!("key {number}"), params_sha256: "5a3e".into() },
        partner_id: PartnerId(1),
        program: "club".into(),
        correction: Correction {
            points: Points::from_e2(100),
            reason: "a present".into(),
            on_behalf_of: None,
            cause: None,
            expiry: None,
        },
        actor: "till 1".into(),
    }
}

fn push(lane: &Lane, command: impl Command) -> oneshot::Receiver<Result<Answer, LedgerError>> {
    let (answer, answered) = oneshot::channel();
    assert!(lane.push(Job { command: Box::new(command), answer }));
    answered
}

struct World {
    pool: Pool,
    options: Options,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("l.db").display())).unwrap();
        let pool = Pool::open(url.clone(), 4).unwrap();
        pool.run(migrate::migrate).await.unwrap();
        let world = Self { pool, options: Options::for_database(&url, Wallet::Contact), _folder: folder };
        let rules = json!([{"code": "base", "kind": "per_amount", "every": "1.00", "points": "1"}]);
        let club = json!({"code": "club", "name": "Club", "currency": "EUR", "earning": {"rules": rules}});
        world.ledger(batch::run).programs().put(Program::from_json(&club).unwrap(), None, "test").await.unwrap();
        world
    }

    fn ledger(&self, run: batch::Run) -> Ledger {
        Ledger::start_with(self.pool.clone(), self.options, run).unwrap().0
    }

    /// Writes what waits in a lane, and what comes while it does, until all of it is answered.
    fn writer(&self, lane: Arc<Lane>, run: batch::Run) -> std::thread::JoinHandle<()> {
        let context = Arc::new(Context {
            pool: self.pool.clone(),
            run,
            options: self.options,
            programs: ProgramCache::default(),
            health: Health::default(),
        });
        std::thread::spawn(move || lane::run(&context, &lane))
    }

    /// How many orders are kept, and how many entries there are in books that are in order.
    async fn kept(&self) -> (usize, u64) {
        let ledger = self.ledger(batch::run);
        let report = ledger.verify().await.unwrap();
        assert_eq!(report.violations, Vec::<String>::new());
        (self.pool.run(|conn| digests(conn, OrderId(0), 10_000)).await.unwrap().len(), report.entries)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_till_asks_is_committed_before_the_orders_that_wait() {
    static COMMITS: Commits = Mutex::new(Vec::new());
    fn run(
        context: &Context,
        conn: &mut AnyConnection,
        cache: &mut WriterCache,
        commands: &[Box<dyn Command>],
    ) -> Result<Vec<Answer>, LedgerError> {
        let answers = batch::run(context, conn, cache, commands)?;
        note(&COMMITS, commands);
        Ok(answers)
    }
    let world = World::new().await;
    let lane = Arc::new(Lane::default());
    let lanes = Lanes(vec![Arc::clone(&lane)]);
    let mut read = Vec::new();
    for page in 0..5 {
        let orders = orders(page * 80 + 1..=page * 80 + 80);
        read.push(push(&lane, IngestOrders { orders, token: FencingToken::begin(None) }));
    }
    let asked = push(&lane, asks(1));
    let writer = world.writer(lane, run);
    assert!(matches!(asked.await.unwrap(), Ok(Answer::Reply(Ok(_)))));
    for answer in read {
        assert!(matches!(answer.await.unwrap(), Ok(Answer::Ingested(done)) if done.orders_changed == 80));
    }
    drop(lanes);
    writer.join().unwrap();
    let ingest = ("ingest", 80);
    assert_eq!(*COMMITS.lock().unwrap(), [("adjust", 0), ingest, ingest, ingest, ingest, ingest]);
    assert_eq!(world.kept().await, (400, 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_taken_in_although_tills_never_stop_asking() {
    static COMMITS: Commits = Mutex::new(Vec::new());
    static LANE: OnceLock<Arc<Lane>> = OnceLock::new();
    /// Before any batch is written, the next till asks: there is always one in front, as long as orders wait.
    fn run(
        context: &Context,
        conn: &mut AnyConnection,
        cache: &mut WriterCache,
        commands: &[Box<dyn Command>],
    ) -> Result<Vec<Answer>, LedgerError> {
        let asked = i64::try_from(COMMITS.lock().unwrap().len()).unwrap();
        if asked < 20 {
            drop(push(LANE.get().unwrap(), asks(asked + 2)));
        }
        let answers = batch::run(context, conn, cache, commands)?;
        note(&COMMITS, commands);
        Ok(answers)
    }
    let world = World::new().await;
    let lane = LANE.get_or_init(Arc::default);
    drop(push(lane, asks(1)));
    let token = FencingToken::begin(None);
    let ingest = |page: i64| IngestOrders { orders: orders(page * 80 + 1..=page * 80 + 80), token };
    let read: Vec<_> = (0..4).map(|page| push(lane, ingest(page))).collect();
    let lanes = Lanes(vec![Arc::clone(lane)]);
    let writer = world.writer(Arc::clone(lane), run);
    for answer in read {
        assert!(matches!(answer.await.unwrap(), Ok(Answer::Ingested(_))));
    }
    while COMMITS.lock().unwrap().len() < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    drop(lanes);
    writer.join().unwrap();
    let commits = COMMITS.lock().unwrap().clone();
    let words: Vec<&str> = commits.iter().map(|(word, _)| *word).take(8).collect();
    assert_eq!(words, ["adjust", "ingest", "adjust", "ingest", "adjust", "ingest", "adjust", "ingest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_orders_are_written_in_chunks_and_what_fails_between_them_loses_nothing() {
    static COMMITS: Commits = Mutex::new(Vec::new());
    /// The second chunk finds the process ended, so to say.
    fn run(
        context: &Context,
        conn: &mut AnyConnection,
        cache: &mut WriterCache,
        commands: &[Box<dyn Command>],
    ) -> Result<Vec<Answer>, LedgerError> {
        if COMMITS.lock().unwrap().len() == 1 {
            return Err(LedgerError::Unavailable("killed".into()));
        }
        let answers = batch::run(context, conn, cache, commands)?;
        note(&COMMITS, commands);
        Ok(answers)
    }
    let world = World::new().await;
    let broken = world.ledger(run);
    broken.ingestion().ingest(orders(1..=250), FencingToken::begin(None)).await.unwrap_err();
    assert_eq!(*COMMITS.lock().unwrap(), [("ingest", CHUNK)]);
    assert_eq!(world.kept().await, (CHUNK, 100), "the first chunk is whole, the others were not begun");

    COMMITS.lock().unwrap().push(("restarted", 0));
    let done = broken.ingestion().ingest(orders(1..=250), FencingToken::begin(None)).await.unwrap();
    assert_eq!((done.orders_changed, done.entries_posted), (150, 150), "those of before are as they were");
    assert_eq!(COMMITS.lock().unwrap()[2..], [("ingest", 100), ("ingest", 100), ("ingest", 50)]);
    assert_eq!(world.kept().await, (250, 250));

    // While somebody uses the service, nobody waits for a hundred orders.
    broken.execute(asks(1)).await.unwrap();
    broken.ingestion().ingest(orders(251..=300), FencingToken::begin(None)).await.unwrap();
    assert_eq!(COMMITS.lock().unwrap()[5..], [("adjust", 0), ("ingest", 25), ("ingest", 25)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_chunk_asks_whether_the_lease_is_still_ours() {
    /// After the first chunk another process takes the lease.
    fn run(
        context: &Context,
        conn: &mut AnyConnection,
        cache: &mut WriterCache,
        commands: &[Box<dyn Command>],
    ) -> Result<Vec<Answer>, LedgerError> {
        let answers = batch::run(context, conn, cache, commands)?;
        let mut lease = leases::load(conn, READING)?;
        lease.term += 1;
        leases::save(conn, READING, &lease)?;
        Ok(answers)
    }
    let world = World::new().await;
    let ledger = world.ledger(run);
    let outcome = ledger.ingestion().ingest(orders(1..=250), FencingToken::begin(Some(0))).await;
    assert!(matches!(outcome, Err(LedgerError::Outdated)), "{outcome:?}");
    assert_eq!(world.kept().await, (CHUNK, 100));
}
