//! Trying a program out on the orders that were read, before it goes live: what it alone would have come to.
//!
//! Reads page by page, each page on one state of the database, and writes nothing. One thread reads and ties refunds
//! to their sales, as posting does, while another computes; between them stand two pages at most.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::domain::ledger::converge::taken_back;
use crate::domain::program::Program;
use crate::domain::program::authoring::forecast::{Forecast, ForecastTotals};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::Order;
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{PartnerId, SaleId};
use crate::ledger::Wallet;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::refund_links::{Linked, refunds_of};
use crate::ledger::ingest::wallets;
use crate::store::connection::clock::database_now;
use crate::store::connection::query_timer::Stopwatch;
use crate::store::connection::transaction::read_transaction;
use crate::store::table::placed::{self, Stretch};
use crate::store::{self, AnyConnection, Pool};

/// Orders that are read on one state of the database.
const PAGE: i64 = 500;
/// Pages that wait between reading and computing.
const WAITING: usize = 1;

/// What to try out.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The program, as if it alone had been in force.
    pub program: Program,
    /// The first local day whose orders count; `None` since ever.
    pub since: Option<NaiveDate>,
    /// The last one; `None` until now.
    pub until: Option<NaiveDate>,
    /// Whose points an order's are.
    pub wallet: Wallet,
}

/// What it came to.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Points, members and money.
    pub forecast: Forecast,
    /// By when points count as expired: now, or the end of the last day that was asked for.
    pub as_of: DateTime<Utc>,
    /// Digits of the program's currency.
    pub currency_decimals: u32,
    /// The names of the members with most points, as far as they were read.
    pub names: BTreeMap<PartnerId, String>,
    /// How long it took.
    pub took: Duration,
    /// How long the reading thread was at work: in SQL, in making orders of rows, and in tying refunds to sales.
    pub reading: Duration,
    /// How much of that was SQL, rows included.
    pub sql: Duration,
    /// How long the other one computed.
    pub computing: Duration,
}

/// An order, whose it is, and what came back of its lines.
type Sold = (Order, Option<PartnerId>, TakenBack);

struct Page {
    sold: Vec<Sold>,
    last: Option<SaleId>,
}

/// Replays the orders that were read as if `ask.program` alone had been in force, with everyone enrolled.
/// `on_page` is told how many orders are done, and of how many.
///
/// # Errors
/// [`LedgerError::Store`]
pub async fn simulate(
    pool: &Pool,
    ask: Simulation,
    on_page: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Simulated, LedgerError> {
    let pool = pool.clone();
    tokio::task::spawn_blocking(move || run(&pool, &ask, on_page)).await.unwrap_or_else(|stopped| {
        Err(LedgerError::Unavailable(format!("the simulation was stopped by an error in the program: {stopped}")))
    })
}

fn run(pool: &Pool, ask: &Simulation, mut on_page: impl FnMut(u64, u64)) -> Result<Simulated, LedgerError> {
    let started = Instant::now();
    let program = &ask.program;
    let stretch = Stretch {
        from_us: ask.since.and_then(|day| program.beginning_of(day)).map(|at| at.timestamp_micros()),
        until_us: end_of(ask).map(|at| at.timestamp_micros()),
    };
    let mut conn = pool.get()?;
    let now = database_now(&mut conn)?;
    let as_of = end_of(ask).map_or(now, |end| end.min(now));
    let currency_decimals = store::table::catalog::currency_decimals(&mut conn, &program.currency)?;
    let total = u64::try_from(placed::count(&mut conn, stretch)?).unwrap_or_default();
    let mut totals = ForecastTotals::new(program, as_of);
    let mut computing = Duration::ZERO;
    let (sender, receiver) = sync_channel(WAITING);
    let reading = std::thread::scope(|scope| -> Result<Reading, LedgerError> {
        let reader = scope.spawn(move || read_all(&mut conn, ask, stretch, &sender));
        let computed = compute(receiver, &mut totals, &mut computing, |done| on_page(done, total));
        let read = reader.join().unwrap_or_else(|_| {
            Err(LedgerError::Unavailable("the orders could not be read because of an error in the program".to_owned()))
        });
        // What stopped computing also ends reading; what ended reading is no fault of computing's.
        computed.and(read)
    })?;
    let from = Instant::now();
    let forecast = totals.finish()?;
    computing = computing.saturating_add(from.elapsed());
    let top: Vec<PartnerId> = forecast.top.iter().map(|(id, _)| *id).collect();
    let known = store::table::partners::load(&mut *pool.get()?, &top)?;
    Ok(Simulated {
        forecast,
        as_of,
        currency_decimals,
        names: known.into_iter().map(|(id, partner)| (id, partner.name)).collect(),
        took: started.elapsed(),
        reading: reading.whole,
        sql: reading.sql,
        computing,
    })
}

/// The first instant after the last day asked for.
fn end_of(ask: &Simulation) -> Option<DateTime<Utc>> {
    ask.program.beginning_of(ask.until?.checked_add_days(Days::new(1))?)
}

/// How long the reading thread was at work.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    whole: Duration,
    sql: Duration,
}

fn read_all(
    conn: &mut AnyConnection,
    ask: &Simulation,
    stretch: Stretch,
    pages: &SyncSender<Vec<Sold>>,
) -> Result<Reading, LedgerError> {
    let watch = Stopwatch::on(conn);
    let mut whole = Duration::ZERO;
    let mut after: Option<SaleId> = None;
    let read = loop {
        let from = Instant::now();
        let page = read_transaction(conn, |conn| read_page(conn, ask, stretch, after));
        whole = whole.saturating_add(from.elapsed());
        match page {
            Ok(Page { last: None, .. }) => break Ok(()),
            Ok(Page { sold, last: Some(last) }) => {
                after = Some(last);
                if pages.send(sold).is_err() {
                    break Ok(());
                }
            }
            Err(problem) => break Err(problem),
        }
    };
    Stopwatch::release(conn);
    read.map(|()| Reading { whole, sql: watch.elapsed() })
}

fn read_page(
    conn: &mut AnyConnection,
    ask: &Simulation,
    stretch: Stretch,
    after: Option<SaleId>,
) -> Result<Page, LedgerError> {
    let ids = placed::ids(conn, stretch, None, after, PAGE)?;
    let last = ids.last().copied();
    let linked = Linked::load(conn, &ids.into_iter().collect())?;
    let wallets = wallets::of_known(conn, ask.wallet, &linked, false)?;
    let Linked { orders, refunds, .. } = linked;
    let mut sold = Vec::with_capacity(orders.len());
    for (id, order) in orders {
        let member = wallets.get(&id).copied();
        let returned = taken_back(&refunds_of(&order, &refunds))?;
        sold.push((order, member, returned));
    }
    Ok(Page { sold, last })
}

fn too_large(order: &str) -> LedgerError {
    Refusal::TooLargeOnOrder(order.to_owned()).into()
}

fn compute(
    pages: Receiver<Vec<Sold>>,
    totals: &mut ForecastTotals<'_>,
    took: &mut Duration,
    mut on_page: impl FnMut(u64),
) -> Result<(), LedgerError> {
    let mut done: u64 = 0;
    for page in pages {
        let from = Instant::now();
        done = done.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
        for (order, member, returned) in page {
            let name = order.name.clone();
            totals.add(order, member, &returned).map_err(|Overflow| too_large(&name))?;
        }
        *took = took.saturating_add(from.elapsed());
        on_page(done);
    }
    Ok(())
}
