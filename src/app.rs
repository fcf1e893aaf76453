//! The composition root: settings in, a service out.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use jsonrpsee::core::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use crate::config::Settings;
use crate::domain::catalog::records::Partner;
use crate::domain::sync_status::SyncStatus;
use crate::domain::value::ids::{OrderId, PartnerId};
use crate::http::{self, ConnectionLimits};
use crate::ledger::{Ledger, LedgerError, Options, Wallet, Writers};
use crate::odoo::{self, Link, OdooFault, OdooSettings};
use crate::rpc::{self, OdooSide, OdooUnavailable, OdooVersion, SyncRun};
use crate::store::table::{cursors, findings};
use crate::store::{self, Pool, StoreError, Synchronous};
use crate::sync::{SyncHandle, SyncService};

/// How often time's work is done: expired holds and points, unfinished recomputations, metrics.
const HOUSEKEEPING: Duration = Duration::from_secs(20);
/// Captured holds are looked at in steps of at least so much of their time: each step reads through all of them.
const CAPTURES_STEP: TimeDelta = TimeDelta::minutes(30);
/// How often debts that an older version left unlisted are looked for: that reads every account.
const DEBTS_AGAIN: Duration = Duration::from_hours(6);
/// How long a stop waits for calls that are under way; the whole stop stays below ten seconds.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a stop waits for reading and housekeeping to end by themselves.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a stop then waits for the writer's last commits.
const LAST_COMMITS: Duration = Duration::from_secs(3);

/// Why the service does not start or ended early.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The ledger.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// Odoo's address.
    #[error("{0}")]
    Odoo(#[from] OdooFault),
    /// Nobody could call.
    #[error(
        "there is no token in {database} that is accepted, so nobody could call; make one for Odoo's addon first: \
         loyalty-sidecar token create --role viewer --name odoo"
    )]
    NoToken {
        /// The database, without its password.
        database: String,
    },
    /// Tokens would cross a network in the open.
    #[error(
        "http.bind: {address} is reached from other machines, and this service speaks plain HTTP: tokens could be read \
         on the way. Listen on 127.0.0.1, or put a proxy in front that speaks TLS, let nothing else reach this port, and \
         set http.behind_tls_proxy = true"
    )]
    PlainHttp {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address to listen on.
    #[error("http.bind: {address} cannot be listened on: {problem}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// Why not.
        problem: std::io::Error,
    },
    /// The server.
    #[error("the HTTP server ended: {0}")]
    Server(#[from] std::io::Error),
}

/// A connection to Odoo that is kept and renewed.
///
/// # Errors
/// [`OdooFault`] when the address cannot be used.
pub fn link(odoo: OdooSettings, denied_pause: Duration) -> Result<Arc<Link>, OdooFault> {
    Ok(Arc::new(Link::new(odoo::transport(odoo)?, denied_pause)))
}

/// A service that is ready to run.
pub struct Application {
    settings: Settings,
    listener: TcpListener,
    address: SocketAddr,
    connections: ConnectionLimits,
    ledger: Ledger,
    writers: Writers,
    sync: Option<SyncService>,
    metrics: Option<PrometheusHandle>,
}

impl Application {
    /// Opens and migrates the database, starts the writer and listens, so that [`Application::address`] is known.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn build(settings: Settings, metrics: Option<PrometheusHandle>) -> Result<Self, StartError> {
        if !settings.bind.ip().to_canonical().is_loopback() && !settings.behind_tls_proxy {
            return Err(StartError::PlainHttp { address: settings.bind });
        }
        if settings.synchronous == Synchronous::Normal {
            tracing::warn!(
                "database.synchronous is normal: a power cut may lose the points that were acknowledged last; full loses none"
            );
        }
        let descriptors = http::raise_descriptor_limit();
        let pool = Pool::open_with(settings.database_url.clone(), settings.pool_size, settings.synchronous)?;
        tracing::info!(database = settings.database_url.place(), "the ledger");
        for migration in store::connection::migrate::migrate(&mut *pool.get()?)? {
            tracing::info!(migration, "migrated the database");
        }
        if !store::table::tokens::any_accepted(&mut *pool.get()?)? {
            return Err(StartError::NoToken { database: settings.database_url.redacted() });
        }
        for caution in settings.cautions() {
            tracing::warn!("{}: {}", caution.setting, caution.what);
        }
        let connections = ConnectionLimits::within(descriptors, reserved_descriptors(&settings));
        let wallet = settings.odoo.as_ref().map_or(Wallet::default(), |odoo| odoo.wallet);
        let (ledger, writers) = Ledger::start(
            pool,
            Options::for_database(&settings.database_url, wallet).with_capture_grace(settings.capture_grace),
        )?;
        let sync = if let Some(odoo) = settings.odoo.clone() {
            let link = link(odoo, settings.denied_pause)?;
            Some(SyncService::new(ledger.clone(), link, settings.sync.clone()))
        } else {
            tracing::warn!("odoo.url is not set: no orders will be read until it is");
            None
        };
        let bind = |problem| StartError::Bind { address: settings.bind, problem };
        let listener = TcpListener::bind(settings.bind).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { settings, listener, address, connections, ledger, writers, sync, metrics })
    }

    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The ledger, for what is done before it runs.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What reads Odoo, if one is set.
    #[must_use]
    pub fn sync_handle(&self) -> Option<SyncHandle> {
        self.sync.as_ref().map(SyncService::handle)
    }

    /// Answers, reads and keeps house until `stop` resolves; then finishes what is under way and ends within
    /// ten seconds, whatever Odoo does. `ready` is called once it answers.
    ///
    /// # Errors
    /// [`StartError::Server`]
    pub async fn run_until_stopped(
        self,
        stop: impl Future<Output = ()>,
        ready: impl FnOnce(),
    ) -> Result<(), StartError> {
        let Self { settings, listener, connections, ledger, writers, sync, metrics, .. } = self;
        let odoo: Arc<dyn OdooSide> =
            Arc::new(Reader { ledger: ledger.clone(), sync: sync.as_ref().map(SyncService::handle) });
        let options = http::ServerOptions {
            shutdown_seconds: DRAIN.as_secs(),
            metrics_public: settings.metrics_public,
            rate_limit: settings.rate_limit,
            connections,
            ..http::ServerOptions::default()
        };
        let methods = rpc::Methods::of(rpc::Api::new(ledger.clone(), Arc::clone(&odoo)));
        let state = http::ServerState::new(ledger.clone(), odoo, methods, metrics.clone(), options);
        let server = http::serve(listener, state.clone(), options)?;
        let handle = server.handle();
        let mut serving = tokio::spawn(server);

        let (stopping, stopped) = watch::channel(false);
        let reading = sync.map(|sync| {
            let stopped = stopped.clone();
            let interval = settings.sync_interval;
            tokio::spawn(async move { sync.serve(interval, until(stopped)).await })
        });
        let keeping = tokio::spawn(keep_house(ledger.clone(), metrics, settings.replies_kept, stopped));

        ready();
        let outcome = tokio::select! {
            () = stop => Ok(()),
            ended = &mut serving => ended.unwrap_or_else(|problem| Err(std::io::Error::other(problem))),
        };

        state.drain();
        // Nobody listens any more when the reading has ended by itself.
        let _ = stopping.send(true);
        if tokio::time::timeout(DRAIN, handle.stop(true)).await.is_err() {
            tracing::warn!("calls were still under way after {DRAIN:?}; their callers will ask again");
            drop(handle.stop(false));
        }
        serving.abort();
        drop(state);
        for mut task in reading.into_iter().chain([keeping]) {
            // It was told to end, and does: reading gives its lease back first.
            let _ = tokio::time::timeout(LAST_WORDS, &mut task).await;
            task.abort();
            // That it was aborted instead is no news. One that has ended has nothing more to say.
            if !task.is_finished() {
                let _ = task.await;
            }
        }
        drop(ledger);
        let last = tokio::task::spawn_blocking(move || writers.join());
        if tokio::time::timeout(LAST_COMMITS, last).await.is_err() {
            tracing::warn!(
                "the writer was still busy after {LAST_COMMITS:?}; callers without an answer will ask again"
            );
        }
        tracing::info!("stopped");
        outcome.map_err(StartError::Server)
    }
}

/// Descriptors that are not for callers: three for each connection to a SQLite database, and some for Odoo, logs and the
/// runtime.
fn reserved_descriptors(settings: &Settings) -> u64 {
    let writers = u64::try_from(settings.database_url.writers()).unwrap_or_default();
    u64::from(settings.pool_size).saturating_add(writers).saturating_mul(3).saturating_add(64)
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// What only time brings about.
async fn keep_house(
    ledger: Ledger,
    metrics: Option<PrometheusHandle>,
    replies_kept: Option<Duration>,
    stopped: watch::Receiver<bool>,
) {
    let mut beat = tokio::time::interval(HOUSEKEEPING);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stop = until(stopped);
    tokio::pin!(stop);
    let mut debts_listed: Option<Instant> = None;
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = beat.tick() => {}
        }
        if let Err(problem) = ledger.upkeep().settle_due().await {
            tracing::warn!(error = %problem, "expired holds and points could not be written; they are not shown either way");
        }
        if let Err(problem) = ledger.recompute().await {
            tracing::warn!(error = %problem, "orders that a program concerns could not be computed again yet");
        }
        if let Err(problem) = ledger.upkeep().review_captures(CAPTURES_STEP).await {
            tracing::warn!(error = %problem, "captured holds without a paid order could not be looked for");
        }
        // Only a version that does not list debts leaves one without its exception.
        if debts_listed.is_none_or(|at| at.elapsed() >= DEBTS_AGAIN) {
            match ledger.upkeep().list_debts().await {
                Ok(_) => debts_listed = Some(Instant::now()),
                Err(problem) => tracing::warn!(error = %problem, "debts without an exception could not be looked for"),
            }
        }
        if let Some(kept) = replies_kept
            && let Err(problem) = ledger.upkeep().prune_replies(kept).await
        {
            tracing::warn!(error = %problem, "old refusals could not be removed; they only take space");
        }
        if let Some(metrics) = &metrics {
            metrics.run_upkeep();
        }
    }
}

/// Odoo as the API sees it: through sync, or not at all.
struct Reader {
    ledger: Ledger,
    sync: Option<SyncHandle>,
}

fn no_odoo() -> OdooUnavailable {
    OdooUnavailable(
        "No Odoo is set: set url, database, login and api_key of [odoo] and restart the service.".to_owned(),
    )
}

/// The ledger's failure as a caller may read it: the database's own words go to the log.
fn in_words(problem: LedgerError) -> OdooUnavailable {
    OdooUnavailable(rpc::Fault::from(problem).into_message())
}

#[async_trait]
impl OdooSide for Reader {
    async fn version(&self) -> OdooVersion {
        match &self.sync {
            Some(sync) => {
                let status = sync.brief_state();
                OdooVersion {
                    reachable: status.odoo_reachable,
                    server_version: status.odoo_version,
                    login_refused: status.login_refused,
                    key_end: status.key_end,
                }
            }
            None => OdooVersion::default(),
        }
    }

    async fn sync_run(&self) -> Result<SyncRun, OdooUnavailable> {
        let sync = self.sync.as_ref().ok_or_else(no_odoo)?;
        let recomputed = self.ledger.recompute().await.map_err(in_words)?;
        let report = sync.run(false).await.map_err(|problem| OdooUnavailable(problem.to_string()))?;
        self.ledger.upkeep().review_captures(TimeDelta::zero()).await.map_err(in_words)?;
        Ok(SyncRun {
            orders_read: report.orders_read,
            orders_changed: report.orders_changed,
            entries_posted: report.entries_posted.saturating_add(recomputed),
        })
    }

    fn notify(&self, orders: Vec<OrderId>) -> usize {
        self.sync.as_ref().map_or(0, |sync| sync.notify(orders))
    }

    async fn status(&self) -> Result<SyncStatus, OdooUnavailable> {
        let Some(sync) = &self.sync else {
            let of_store = |problem: StoreError| in_words(problem.into());
            let cursors = self.ledger.pool().run(cursors::load).await.map_err(of_store)?;
            let findings = self.ledger.pool().run(findings::load).await.map_err(of_store)?;
            return Ok(SyncStatus { last_error: Some(no_odoo().0), cursors, findings, ..SyncStatus::default() });
        };
        let state = sync.state().await.map_err(|problem| OdooUnavailable(problem.to_string()))?;
        Ok(state.status)
    }

    async fn find_partner(&self, id: PartnerId) -> Result<Option<Partner>, OdooUnavailable> {
        let sync = self.sync.as_ref().ok_or_else(no_odoo)?;
        sync.fetch_partner(id).await.map_err(|problem| OdooUnavailable(problem.to_string()))
    }
}
