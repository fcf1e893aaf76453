//! Recorded replies: whose key it is, the reply as text, and how long a refusal is kept.

use std::time::Duration;

use serde_json::{Value, json};

use super::command::Idempotency;
use crate::domain::ledger::decide::Correction;
use crate::domain::ledger::hold::{Hold, ReplyTerms};
use crate::domain::value::ids::HoldId;
use crate::ledger::error::{ErrorBody, LedgerError, decimal, time};
use crate::ledger::upkeep::Upkeep;
use crate::store;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::recorded_replies;

/// Replies that are removed in one transaction: the writer waits for no more than that.
const PAGE: i64 = 500;
/// Pages that are removed at once; the next time goes on.
const MOST_PAGES: usize = 40;
/// What leaves the writer its turn in between.
const PAUSE: Duration = Duration::from_millis(50);

/// What keys begin with that callers chose.
pub(in crate::ledger) const CALLERS: &str = "key/";

/// The key under which a capture's reply is kept: a hold has one.
pub(in crate::ledger) fn capture_key(hold: HoldId) -> String {
    format!("capture/{hold}")
}

/// The key under which a caller's reply is kept: apart from our own, whatever callers choose.
pub(in crate::ledger) fn caller_key(idempotency: &Idempotency) -> String {
    format!("{CALLERS}{}", idempotency.key)
}

/// Whether it is a key that a caller chose.
pub(in crate::ledger) fn is_callers(key: &str) -> bool {
    key.starts_with(CALLERS)
}

/// The key of an adjustment: points carried over from elsewhere have keys that no caller can choose.
pub(in crate::ledger) fn adjust_key(idempotency: &Idempotency, correction: &Correction) -> String {
    match correction.cause {
        Some(_) => format!("import/{}", idempotency.key),
        None => caller_key(idempotency),
    }
}

/// What a hold is answered with: beside the contract's members, the reward's kind, what the discount takes off
/// which line of the draft, how much of an order's goods the program's rewards may take off together, and what is to
/// be added to the draft at which price. With these a till sees for itself that a changed order no longer has room.
///
/// It is put together from what the hold's row keeps, the first time as every other, so that it stays the same to the byte.
/// What it says may therefore only change for holds that say by another format of their terms that they are newer.
pub(in crate::ledger) fn hold_reply(hold: &Hold, terms: &ReplyTerms) -> Value {
    let decimals = terms.decimals;
    let lines: Vec<Value> = hold
        .lines
        .iter()
        .map(|share| json!({"line": share.position, "uuid": share.uuid, "discount": share.off.to_text(decimals)}))
        .collect();
    let mut reply = json!({
        "hold_id": hold.id.to_string(),
        "kind": terms.kind,
        "points": hold.points.to_string(),
        "discount": hold.discount.to_text(decimals),
        "expires_at": time(hold.expires_at),
        "lines": lines,
        "max_share_of_order": decimal(terms.max_share),
    });
    if let (Some(product), Some(object)) = (hold.product_id, reply.as_object_mut()) {
        object.insert("product_id".into(), json!(product.0));
        object.insert("covered_quantity".into(), json!(decimal(hold.covered_quantity)));
        object.insert("add_quantity".into(), json!(decimal(hold.add_quantity)));
        object.insert("price".into(), json!(hold.price.unwrap_or_default().to_text(decimals)));
    }
    reply
}

/// What a capture is answered with, the first time and every other; `None` while the hold is not captured.
pub(in crate::ledger) fn capture_reply(hold: &Hold) -> Option<Value> {
    let (entry_id, balance) = hold.entry_id().zip(hold.balance_after)?;
    Some(json!({"entry_id": entry_id.to_string(), "balance": balance.to_string()}))
}

/// A reply as it is kept.
pub(in crate::ledger) fn reply_to_text(reply: &Result<Value, ErrorBody>) -> String {
    match reply {
        Ok(value) => json!({ "result": value }).to_string(),
        Err(body) => json!({ "error": body }).to_string(),
    }
}

/// A kept reply, to be given again.
pub(in crate::ledger) fn reply_from_text(text: &str) -> Result<Result<Value, ErrorBody>, LedgerError> {
    #[derive(serde::Deserialize)]
    enum StoredReply {
        #[serde(rename = "result")]
        Result(Value),
        #[serde(rename = "error")]
        Error(ErrorBody),
    }
    let kept: StoredReply =
        serde_json::from_str(text).map_err(|problem| store::corrupt(format!("a recorded reply: {problem}")))?;
    Ok(match kept {
        StoredReply::Result(value) => Ok(value),
        StoredReply::Error(body) => Err(body),
    })
}

impl Upkeep<'_> {
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
                .0
                .pool()
                .run(move |conn| {
                    let before_us = database_now(conn)?.timestamp_micros().saturating_sub(kept_us);
                    // Nearly always there is nothing to do, and then nothing is locked.
                    let keys = recorded_replies::refusals_before(conn, before_us, PAGE)?;
                    if keys.is_empty() {
                        return Ok(0);
                    }
                    Ok::<_, LedgerError>(write_transaction(conn, |conn| {
                        recorded_replies::remove_refusals(conn, &keys)
                    })?)
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
