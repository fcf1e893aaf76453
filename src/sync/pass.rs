//! One pass: every stream in its window, in an order in which what is mentioned is known before it is mentioned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::domain::catalog::records::{Category, Company, Cursor, Partner, PosConfig, Product};
use crate::domain::findings::FutureRecords;
use crate::domain::sale::withdrawal::Withdrawals;
use crate::domain::value::ids::{OrderId, PartnerId, PosCategoryId, ProductCategoryId};
use crate::domain::value::money::Currency;
use crate::odoo::read::pos_orders::{LINE, ORDER, ShopRules};
use crate::odoo::read::record::moment_text;
use crate::odoo::session::{Domain, FromOdoo};
use crate::odoo::{OdooFault, Session};

use super::error::SyncError;
use super::future;
use super::shared::{Shared, Work};
use super::window::{ReadWindow, believed, window};
use super::withdrawals::{LOOK_AGAIN, Taking};
use super::{PassReport, SyncSettings};
use crate::store::FencingToken;
use crate::store::table::{cursors, findings, orders, withdrawals};
use crate::sync::catalog::RecordKind;

/// Where the last sweep is kept among the cursors. Its moment is when the sweep began, by our own clock.
pub(super) const SWEEP: &str = "sweep";

/// How a pass was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PassKind {
    /// By the interval: streams that stand still are not read again.
    Background,
    /// By somebody: every window is read.
    Asked,
    /// By somebody, from the beginning, with a sweep.
    Full,
    /// As `Full`, and whatever that takes back is meant.
    Accepting,
}

impl PassKind {
    /// Whether everything is read.
    const fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::Accepting)
    }
}

/// A pass under way.
pub(super) struct Pass<'a> {
    pub shared: &'a Shared,
    pub session: Arc<Session>,
    pub rules: Arc<ShopRules>,
    pub report: PassReport,
    /// Orders that the ledger could not take in. While there are any, no cursor moves past them.
    pub refused: BTreeSet<OrderId>,
    /// Members that were found gone from Odoo while nobody knows whom they became.
    pub orphans: BTreeSet<PartnerId>,
    /// What it would take back, and its end decides about.
    pub withdrawals: Withdrawals,
    /// Whether all orders are read, and not those alone that changed.
    pub reads_all: bool,
    /// Whether somebody said that what it takes back is meant, however much it is.
    pub accepts: bool,
    /// What becomes of an order that would take another state of itself back.
    pub taking: Taking,
    /// The term of the lease it reads under; `None` when it only reads orders somebody told us about.
    term: Option<i64>,
}

/// A stream's window and what its cursor will be.
struct StreamPlan {
    window: ReadWindow,
    newest: Option<DateTime<Utc>>,
    /// Whether the stream ends long before where it was read to: Odoo was restored from a backup.
    went_back: bool,
}

/// How far back a stream must end to tell of a backup. Less may be a record that was deleted.
const RESTORED: TimeDelta = TimeDelta::hours(1);

impl<'a> Pass<'a> {
    pub fn new(shared: &'a Shared, session: Arc<Session>, rules: Arc<ShopRules>, term: Option<i64>) -> Self {
        Self {
            shared,
            session,
            rules,
            report: PassReport::default(),
            refused: BTreeSet::new(),
            orphans: BTreeSet::new(),
            withdrawals: Withdrawals::default(),
            reads_all: false,
            accepts: false,
            taking: Taking::Aside,
            term,
        }
    }

    /// To be begun before Odoo is asked for what is then written: says of it how old it is, and by what right it was read.
    pub fn token(&self) -> FencingToken {
        FencingToken::begin(self.term)
    }

    pub const fn settings(&self) -> &'a SyncSettings {
        &self.shared.settings
    }

    /// The whole pass.
    pub async fn run(&mut self, work: &mut Work, kind: PassKind) -> Result<(), SyncError> {
        let began = Instant::now();
        (self.reads_all, self.accepts) = (kind.is_full(), kind == PassKind::Accepting);
        let kept = self.shared.database.run(cursors::load).await?;
        let cursors: BTreeMap<String, DateTime<Utc>> =
            kept.into_iter().map(|cursor| (cursor.stream, cursor.high_water)).collect();
        let (plans, future) = self.plan(work, kind, &cursors).await?;
        self.note_future(future).await?;
        self.shop_stream::<Currency>(work, began, &plans).await?;
        self.shop_stream::<Company>(work, began, &plans).await?;
        self.shop_stream::<PosConfig>(work, began, &plans).await?;
        let changed = |model: &str| plans.get(model).is_some_and(|plan| plan.window != ReadWindow::Nothing);
        if changed(PosConfig::MODEL) || changed(Company::MODEL) {
            self.note_places().await?;
        }
        self.shop_stream::<Category<PosCategoryId>>(work, began, &plans).await?;
        self.shop_stream::<Category<ProductCategoryId>>(work, began, &plans).await?;
        self.shop_stream::<Product>(work, began, &plans).await?;
        self.shop_stream::<Partner>(work, began, &plans).await?;
        self.order_streams(work, began, &plans).await?;
        let waits = self.has_set_aside();
        let went_back = plans.get(ORDER).is_some_and(|plan| plan.went_back);
        self.sweep_if_due(kind, &cursors, went_back).await?;
        if waits {
            // What was set aside is decided about, or held back until everything is read.
            self.complete_orders(work, began, &plans).await?;
        }
        self.report_orphans().await?;
        self.all_taken_in()
    }

    /// Every stream's window, all taken before anything is read.
    async fn plan(
        &self,
        work: &mut Work,
        kind: PassKind,
        cursors: &BTreeMap<String, DateTime<Utc>>,
    ) -> Result<(BTreeMap<&'static str, StreamPlan>, Vec<FutureRecords>), SyncError> {
        let streams = [
            Currency::MODEL,
            Company::MODEL,
            PosConfig::MODEL,
            <Category<PosCategoryId>>::MODEL,
            <Category<ProductCategoryId>>::MODEL,
            Product::MODEL,
            Partner::MODEL,
            ORDER,
            LINE,
        ];
        let (mut plans, mut in_the_future) = (BTreeMap::new(), Vec::new());
        for stream in streams {
            if stream == Company::MODEL && !self.session.has_branches() {
                continue;
            }
            let newest = match future::newest(&self.session, stream).await {
                // Orders are what all is about; of what only describes them, an Odoo may have less.
                Err(OdooFault::UnknownModel { model }) if stream != ORDER && stream != LINE => {
                    tracing::debug!(model, "this Odoo has no such model: nothing is read of it");
                    None
                }
                Err(fault @ (OdooFault::MissingRights { .. } | OdooFault::Server { .. }))
                    if stream == Company::MODEL =>
                {
                    static ONCE: std::sync::Once = std::sync::Once::new();
                    ONCE.call_once(|| {
                        tracing::warn!(%fault, "branches are not known: a program of a company does not hold in them");
                    });
                    None
                }
                newest => newest?,
            };
            let (newest, of_the_future) = newest.unzip();
            in_the_future.extend(of_the_future.flatten());
            let read_out = newest.is_some_and(|newest| work.quiet.is_read_out(stream, newest, Instant::now()));
            let newest = newest.map(|newest| newest.past);
            let ends_before =
                |(newest, cursor): (DateTime<Utc>, DateTime<Utc>)| cursor.signed_duration_since(newest) > RESTORED;
            let went_back = newest.zip(cursors.get(stream).copied()).is_some_and(ends_before);
            let cursor = cursors.get(stream).copied().filter(|_| !kind.is_full());
            let cursor = cursor.and_then(|cursor| self.believed(stream, cursor));
            let window = match window(cursor, newest, self.settings().overlap) {
                ReadWindow::Since(_) if read_out && kind == PassKind::Background => ReadWindow::Nothing,
                window => window,
            };
            plans.insert(stream, StreamPlan { window, newest, went_back });
        }
        Ok((plans, in_the_future))
    }

    /// A cursor, if it is not in the future.
    fn believed(&self, stream: &str, cursor: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let believed = believed(cursor, future::odoo_now(&self.session), self.settings().overlap);
        if believed.is_none() {
            tracing::warn!(stream, %cursor, "a stream had been read into the future: it is read whole once more");
        }
        believed
    }

    /// Keeps which records are written in the future, for the status.
    async fn note_future(&self, found: Vec<FutureRecords>) -> Result<(), SyncError> {
        let database = &self.shared.database;
        if database.run(findings::load).await?.future == found {
            return Ok(());
        }
        for FutureRecords { model, records, latest_id, latest_written_at, .. } in &found {
            tracing::warn!(model, records, latest_id, %latest_written_at, "records of Odoo are written in the future");
        }
        database.transaction(move |conn| findings::keep_future(conn, &found)).await
    }

    async fn shop_stream<T: FromOdoo + RecordKind>(
        &mut self,
        work: &mut Work,
        began: Instant,
        plans: &BTreeMap<&'static str, StreamPlan>,
    ) -> Result<(), SyncError> {
        let Some(plan) = plans.get(T::MODEL) else { return Ok(()) };
        let Some(domain) = domain_of(plan.window) else { return Ok(()) };
        self.read_shop::<T>(&domain, plan.window == ReadWindow::All).await?;
        self.complete(work, T::MODEL, began, plan).await
    }

    /// Orders and lines. The first time, or in full, reading every order reads every line.
    async fn order_streams(
        &mut self,
        work: &mut Work,
        began: Instant,
        plans: &BTreeMap<&'static str, StreamPlan>,
    ) -> Result<(), SyncError> {
        let (Some(orders), Some(lines)) = (plans.get(ORDER), plans.get(LINE)) else { return Ok(()) };
        let known = self.shared.database.run(orders::newest).await?;
        if orders.window == ReadWindow::All || (orders.newest.is_some() && lines.window == ReadWindow::All) {
            self.read_orders(&Domain::new(), true).await?;
        } else {
            let mut done = BTreeSet::new();
            if let Some(domain) = domain_of(orders.window) {
                done = self.read_orders(&domain, false).await?;
            }
            if let Some(domain) = domain_of(lines.window) {
                self.read_orders_of_lines(&domain, &done).await?;
            }
            if orders.newest.is_some() {
                self.read_newer(known, &done).await?;
            }
        }
        // Should the pass end before what was set aside is decided about, it is read again.
        if self.has_set_aside() { Ok(()) } else { self.complete_orders(work, began, plans).await }
    }

    async fn complete_orders(
        &self,
        work: &mut Work,
        began: Instant,
        plans: &BTreeMap<&'static str, StreamPlan>,
    ) -> Result<(), SyncError> {
        let (Some(orders), Some(lines)) = (plans.get(ORDER), plans.get(LINE)) else { return Ok(()) };
        if !self.refused.is_empty() {
            return Ok(());
        }
        if orders.window != ReadWindow::Nothing {
            self.complete(work, ORDER, began, orders).await?;
        }
        if lines.window != ReadWindow::Nothing {
            self.complete(work, LINE, began, lines).await?;
        }
        Ok(())
    }

    /// A stream was read to its end: only now its cursor moves. Should another process have the lease since, then this
    /// cursor is lower than that one's, and a window reaches further back than it must.
    async fn complete(
        &self,
        work: &mut Work,
        stream: &'static str,
        began: Instant,
        plan: &StreamPlan,
    ) -> Result<(), SyncError> {
        if let Some(high_water) = plan.newest {
            let cursor = Cursor { stream: stream.to_owned(), high_water };
            self.shared.database.run(move |conn| cursors::save(conn, &cursor)).await?;
            work.quiet.was_read(stream, began, self.settings().overlap);
        }
        Ok(())
    }

    async fn sweep_if_due(
        &mut self,
        kind: PassKind,
        cursors: &BTreeMap<String, DateTime<Utc>>,
        went_back: bool,
    ) -> Result<(), SyncError> {
        let now = Utc::now();
        let last = cursors.get(SWEEP);
        let is_older = |than: TimeDelta| {
            // A moment in the future is a clock that was set back: sweep rather than wait for it.
            last.is_none_or(|last| now < *last || now.signed_duration_since(*last) >= than)
        };
        let held = self.shared.database.run(withdrawals::held).await?.is_some();
        let asks =
            if held { kind == PassKind::Asked || is_older(LOOK_AGAIN) } else { went_back || self.has_set_aside() };
        let every = TimeDelta::from_std(self.settings().sweep_every).unwrap_or(TimeDelta::MAX);
        let due = asks || is_older(every) || self.sees_all_again().await?;
        // The first pass has just read every order.
        let is_first = !cursors.contains_key(ORDER) && !kind.is_full() && !self.has_set_aside();
        if kind.is_full() || (due && !is_first) {
            let settled = cursors
                .get(ORDER)
                .and_then(|seen| seen.checked_sub_signed(TimeDelta::from_std(self.settings().overlap).ok()?));
            self.sweep(settled).await?;
            // While orders are missing that nobody has decided about, nothing tells whom their customers became.
            if self.decide().await? {
                self.sweep_members().await?;
            }
        } else if !due {
            return Ok(());
        }
        let cursor = Cursor { stream: SWEEP.to_owned(), high_water: now };
        self.shared.database.run(move |conn| cursors::save(conn, &cursor)).await
    }
}

/// The domain that reads a window; `None` when nothing is to be read.
fn domain_of(window: ReadWindow) -> Option<Domain> {
    match window {
        ReadWindow::Nothing => None,
        ReadWindow::All => Some(Domain::new()),
        ReadWindow::Since(from) => Some(vec![json!(["write_date", ">=", moment_text(from)])]),
    }
}
