//! The driver: one pass at a time, on an interval, on demand, and at once for orders somebody tells us about. Of several
//! processes on one database, the one that holds the lease passes.

use std::future::Future;
use std::sync::{Arc, Mutex as Lock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify};

use super::SyncSettings;
use super::database::SyncDatabase;
use super::handle::SyncHandle;
use super::lease::LeaseKeeper;
use super::login::Login;
use super::pass::PassKind;
use super::shared::Shared;
use super::status::StatusBoard;
use crate::ledger::Ledger;
use crate::odoo::Link;

/// How long the end of the service waits for the lease to be given back.
const GIVING_BACK: Duration = Duration::from_millis(800);

/// Keeps the ledger in step with Odoo.
pub struct SyncService {
    shared: Arc<Shared>,
}

impl SyncService {
    /// Between this ledger and this Odoo. Nothing is read yet.
    #[must_use]
    pub fn new(ledger: Ledger, link: Arc<Link>, mut settings: SyncSettings) -> Self {
        settings.page_size = settings.page_size.max(1);
        let database = SyncDatabase(ledger.pool().clone());
        let shared = Shared {
            lease: LeaseKeeper::new(database.clone(), settings.lease),
            ledger,
            database,
            link,
            settings,
            board: StatusBoard::default(),
            login: Login::default(),
            work: Mutex::default(),
            notified: Lock::default(),
            wake: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A handle on it.
    #[must_use]
    pub fn handle(&self) -> SyncHandle {
        SyncHandle { shared: Arc::clone(&self.shared) }
    }

    /// Passes with a pause of `interval` between them while this process has the lease, and orders somebody tells us about
    /// at once, until `shutdown`. When another process left the lease behind, the next pass is at once.
    ///
    /// Ends at once on `shutdown`, whatever Odoo does: an interrupted pass has moved no cursor. While a refused login
    /// pauses reading, Odoo is asked nothing.
    pub async fn serve(&self, interval: Duration, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            () = self.keep_passing(interval) => {}
        }
        if tokio::time::timeout(GIVING_BACK, self.shared.lease.give_back()).await.is_err() {
            tracing::debug!("the database did not take the lease back in time; it runs out");
        }
    }

    async fn keep_passing(&self, interval: Duration) {
        let shared = &self.shared;
        let mut next = Instant::now();
        let mut was_paused = false;
        loop {
            let is_paused = shared.is_paused().await;
            if was_paused && !is_paused {
                next = Instant::now();
            }
            was_paused = is_paused;
            // How it went stands in the status; the next interval tries again.
            let granted = shared.lease.ask(false).await.unwrap_or(None);
            let is_due = next <= Instant::now();
            if granted.is_none() {
                shared.refresh().await;
            } else if (is_due || granted.is_some_and(|granted| granted.left_behind)) && !is_paused {
                let _ = shared.pass(PassKind::Background, Some(next)).await;
                next = Instant::now() + interval;
            }
            if next <= Instant::now() {
                next = Instant::now() + interval;
            }
            let until = next.min(Instant::now() + shared.lease.beat());
            let pause = tokio::time::sleep_until(until.into());
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    () = shared.wake.notified() => {
                        if !shared.link.is_paused().await {
                            let _ = shared.read_notified().await;
                        }
                    }
                    () = shared.lease.wanted() => {
                        // While somebody of this process reads, it is not to be had: the end of that pass looks again.
                        if let Ok(_nobody_reads) = shared.work.try_lock() {
                            shared.lease.give_back().await;
                        }
                    }
                }
            }
        }
    }
}
