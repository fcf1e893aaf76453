//! Recorded replies that have served their time.

use std::time::Duration;

use super::Ledger;
use super::reply::LedgerError;
use crate::store::replies;
use crate::store::time::database_now;
use crate::store::transaction::write_transaction;

/// Replies that are removed in one transaction: the writer waits for no more than that.
const PAGE: i64 = 500;
/// Pages that are removed at once; the next time goes on.
const MOST_PAGES: usize = 40;
/// What leaves the writer its turn in between.
const PAUSE: Duration = Duration::from_millis(50);

impl Ledger {
    /// Removes recorded refusals of callers that are older than `kept`; returns how many. A caller that repeats one of
    /// these keys then is decided on anew. What was done keeps its reply for ever.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn prune_replies(&self, kept: Duration) -> Result<u64, LedgerError> {
        let kept_us = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
        let mut removed: u64 = 0;
        for _ in 0..MOST_PAGES {
            let page = self
                .pool()
                .run(move |conn| {
                    let before_us = database_now(conn)?.timestamp_micros().saturating_sub(kept_us);
                    // Nearly always there is nothing to do, and then nothing is locked.
                    let keys = replies::refusals_before(conn, before_us, PAGE)?;
                    if keys.is_empty() {
                        return Ok(0);
                    }
                    Ok::<_, LedgerError>(write_transaction(conn, |conn| replies::remove_refusals(conn, &keys))?)
                })
                .await?;
            if page == 0 {
                break;
            }
            removed = removed.saturating_add(page);
            metrics::counter!("loyalty_replies_pruned_total").increment(page);
            tokio::time::sleep(PAUSE).await;
        }
        if removed > 0 {
            tracing::info!(removed, "recorded refusals older than ledger.reply_days were removed");
        }
        Ok(removed)
    }
}
