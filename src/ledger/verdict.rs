//! Verdicts as the batch keeps them: whose key it is, and the reply as text.

use serde_json::{Value, json};

use super::command::Idempotency;
use super::reply::{ErrorBody, LedgerError, decimal, time};
use crate::domain::decide::{Correction, Given};
use crate::domain::ids::HoldId;
use crate::domain::order::Order;
use crate::store;

/// What keys begin with that callers chose.
pub(super) const CALLERS: &str = "key/";

/// The key under which a capture's reply is kept: a hold has one.
pub(super) fn capture_key(hold: HoldId) -> String {
    format!("capture/{hold}")
}

/// The key under which a caller's reply is kept: apart from our own, whatever callers choose.
pub(super) fn caller_key(idempotency: &Idempotency) -> String {
    format!("{CALLERS}{}", idempotency.key)
}

/// Whether it is a key that a caller chose.
pub(super) fn is_callers(key: &str) -> bool {
    key.starts_with(CALLERS)
}

/// The key of an adjustment: points carried over from elsewhere have keys that no caller can choose.
pub(super) fn adjust_key(idempotency: &Idempotency, correction: &Correction) -> String {
    match correction.cause {
        Some(_) => format!("import/{}", idempotency.key),
        None => caller_key(idempotency),
    }
}

/// What a hold is answered with: beside the contract's members, the reward's kind, what the discount takes off
/// which line of the draft, how much of an order's goods the program's rewards may take off together, and what is to
/// be added to the draft at which price. With these a till sees for itself that a changed order no longer has room.
pub(super) fn hold_reply(given: &Given, draft: &Order, decimals: u32) -> Value {
    let Given { hold, kind, shares, max_share } = given;
    let lines: Vec<Value> = shares
        .iter()
        .map(|(position, off)| {
            let uuid = draft.lines.get(*position).and_then(|line| line.uuid.as_deref());
            json!({"line": position, "uuid": uuid, "discount": off.to_text(decimals)})
        })
        .collect();
    let mut reply = json!({
        "hold_id": hold.id.to_string(),
        "kind": kind,
        "points": hold.points.to_string(),
        "discount": hold.discount.to_text(decimals),
        "expires_at": time(hold.expires_at),
        "lines": lines,
        "max_share_of_order": decimal(*max_share),
    });
    if let (Some(product), Some(object)) = (hold.product_id, reply.as_object_mut()) {
        object.insert("product_id".into(), json!(product.0));
        object.insert("covered_quantity".into(), json!(decimal(hold.covered_quantity)));
        object.insert("add_quantity".into(), json!(decimal(hold.add_quantity)));
        object.insert("price".into(), json!(hold.price.unwrap_or_default().to_text(decimals)));
    }
    reply
}

/// A reply as it is kept.
pub(super) fn reply_to_text(reply: &Result<Value, ErrorBody>) -> String {
    match reply {
        Ok(value) => json!({ "result": value }).to_string(),
        Err(body) => json!({ "error": body }).to_string(),
    }
}

/// A kept reply, to be given again.
pub(super) fn reply_from_text(text: &str) -> Result<Result<Value, ErrorBody>, LedgerError> {
    #[derive(serde::Deserialize)]
    enum Kept {
        #[serde(rename = "result")]
        Result(Value),
        #[serde(rename = "error")]
        Error(ErrorBody),
    }
    let kept: Kept = serde_json::from_str(text).map_err(|problem| store::corrupt(format!("a verdict: {problem}")))?;
    Ok(match kept {
        Kept::Result(value) => Ok(value),
        Kept::Error(body) => Err(body),
    })
}
