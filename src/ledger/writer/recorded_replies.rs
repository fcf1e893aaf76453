//! Recorded replies: whose key it is, the reply as text, and how long a refusal is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::Idempotency;
use super::reply::Posted;
use crate::domain::ledger::decide::Correction;
use crate::domain::refusal::{Reason, Refusal};
use crate::domain::value::ids::{EntryId, ExceptionId, HoldId};
use crate::domain::value::points::Points;
use crate::ledger::error::{LedgerError, Refused};
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

/// What a key was answered that the ledger keeps as text. The reply of a hold stands in its row, that of a capture is its
/// entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum Recorded {
    /// An adjustment.
    Posted(Posted),
    /// A transfer, by its entries: names and reasons may be erased from those, and would stay here.
    Moved(Vec<EntryId>),
    /// The ledger said no.
    Refused(Refused),
}

/// The form of the text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordText {
    Result(ResultText),
    Error(ErrorText),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ResultText {
    Posted(Posted),
    Moved { entries: Vec<EntryId> },
}

/// A refusal by its data, with the sentence of its day.
#[derive(Serialize, Deserialize)]
struct ErrorText {
    data: RefusalText,
    message: String,
}

/// The refusals that the ledger decides.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum RefusalText {
    InsufficientPoints {
        available: Points,
        required: Points,
    },
    BelowMinimum {
        available: Points,
        minimum: Points,
    },
    RewardNotApplicable {
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum_points: Option<Points>,
    },
    HoldExpired {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exception_id: Option<ExceptionId>,
    },
    HoldCaptured,
    HoldReleased,
    HoldOfOtherOrder,
}

impl RefusalText {
    /// `None` where nothing was decided: a name that the ledger does not know, or a number that does not fit, is the
    /// caller's mistake, and the same call may succeed later.
    fn of(refusal: &Refusal) -> Option<Self> {
        Some(match refusal {
            Refusal::InsufficientPoints { available, required } => {
                Self::InsufficientPoints { available: *available, required: *required }
            }
            Refusal::BelowMinimum { available, minimum } => {
                Self::BelowMinimum { available: *available, minimum: *minimum }
            }
            Refusal::NotApplicable { reason, maximum_points } => {
                Self::RewardNotApplicable { reason: reason.code().to_owned(), maximum_points: *maximum_points }
            }
            Refusal::HoldExpired { exception_id } => Self::HoldExpired { exception_id: Some(*exception_id) },
            Refusal::ReplacedHoldExpired => Self::HoldExpired { exception_id: None },
            Refusal::HoldCaptured => Self::HoldCaptured,
            Refusal::HoldReleased => Self::HoldReleased,
            Refusal::HoldOfOtherOrder => Self::HoldOfOtherOrder,
            Refusal::IdempotencyConflict
            | Refusal::UnknownProgram(_)
            | Refusal::UnreadableProgram { .. }
            | Refusal::UnknownReward { .. }
            | Refusal::UnknownPartner(_)
            | Refusal::UnknownHold(_)
            | Refusal::UnknownEntry(_)
            | Refusal::SharedAccount { .. }
            | Refusal::PointsOfAnother { .. }
            | Refusal::TooLargeOnOrder(_)
            | Refusal::Overflow(_) => return None,
        })
    }

    /// `None` for a reason that this version does not know.
    fn refusal(self) -> Option<Refusal> {
        Some(match self {
            Self::InsufficientPoints { available, required } => Refusal::InsufficientPoints { available, required },
            Self::BelowMinimum { available, minimum } => Refusal::BelowMinimum { available, minimum },
            Self::RewardNotApplicable { reason, maximum_points } => {
                Refusal::NotApplicable { reason: Reason::from_code(&reason)?, maximum_points }
            }
            Self::HoldExpired { exception_id: Some(exception_id) } => Refusal::HoldExpired { exception_id },
            Self::HoldExpired { exception_id: None } => Refusal::ReplacedHoldExpired,
            Self::HoldCaptured => Refusal::HoldCaptured,
            Self::HoldReleased => Refusal::HoldReleased,
            Self::HoldOfOtherOrder => Refusal::HoldOfOtherOrder,
        })
    }
}

impl Recorded {
    /// As it is kept; `None` of a refusal that decided nothing.
    pub fn to_text(&self) -> Result<Option<String>, LedgerError> {
        let text = match self {
            Self::Posted(posted) => RecordText::Result(ResultText::Posted(*posted)),
            Self::Moved(entries) => RecordText::Result(ResultText::Moved { entries: entries.clone() }),
            Self::Refused(Refused { refusal, message }) => match RefusalText::of(refusal) {
                Some(data) => RecordText::Error(ErrorText { data, message: message.clone() }),
                None => return Ok(None),
            },
        };
        Ok(Some(serde_json::to_string(&text).map_err(store::corrupt)?))
    }

    /// From what was kept.
    pub fn from_text(text: &str) -> Result<Self, LedgerError> {
        let corrupt = |problem: &dyn std::fmt::Display| store::corrupt(format!("a recorded reply: {problem}"));
        let kept: RecordText = serde_json::from_str(text).map_err(|problem| corrupt(&problem))?;
        Ok(match kept {
            RecordText::Result(ResultText::Posted(posted)) => Self::Posted(posted),
            RecordText::Result(ResultText::Moved { entries }) => Self::Moved(entries),
            RecordText::Error(ErrorText { data, message }) => {
                let refusal = data.refusal().ok_or_else(|| corrupt(&"a reason that this version does not know"))?;
                Self::Refused(Refused { refusal, message })
            }
        })
    }
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id() -> Uuid {
        Uuid::from_u128(0x0191_e0a0_0000_7000_8000_0000_0000_0001)
    }

    #[test]
    fn what_is_recorded_is_told_again_to_the_letter() {
        let refused = |refusal: Refusal| Recorded::Refused(refusal.into());
        let points = Points::from_e2;
        let all = [
            (
                Recorded::Posted(Posted { balance: points(4_750), entry_id: EntryId(id()) }),
                r#"{"result":{"balance":"47.5","entry_id":"0191e0a0-0000-7000-8000-000000000001"}}"#,
            ),
            (
                Recorded::Moved(vec![EntryId(id())]),
                r#"{"result":{"entries":["0191e0a0-0000-7000-8000-000000000001"]}}"#,
            ),
            (
                refused(Refusal::InsufficientPoints { available: points(100), required: points(250) }),
                r#"{"error":{"data":{"kind":"insufficient_points","available":"1","required":"2.5"},"message":"The customer has 1 points available; this takes 2.5."}}"#,
            ),
            (
                refused(Refusal::BelowMinimum { available: points(-50), minimum: points(5_000) }),
                r#"{"error":{"data":{"kind":"below_minimum","available":"-0.5","minimum":"50"},"message":"The customer has -0.5 points available and needs at least 50 before spending any."}}"#,
            ),
            (
                refused(Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points: Some(points(2_000)) }),
                r#"{"error":{"data":{"kind":"reward_not_applicable","reason":"order_too_small","maximum_points":"20"},"message":"The order takes at most 20 points for this reward."}}"#,
            ),
            (
                refused(Refusal::HoldExpired { exception_id: ExceptionId(id()) }),
                r#"{"error":{"data":{"kind":"hold_expired","exception_id":"0191e0a0-0000-7000-8000-000000000001"},"message":"the hold has expired and its points are no longer available; a manager was asked to decide"}}"#,
            ),
            (
                refused(Refusal::HoldReleased),
                r#"{"error":{"data":{"kind":"hold_released"},"message":"the hold was released; press Redeem again"}}"#,
            ),
        ];
        for (recorded, text) in all {
            assert_eq!(recorded.to_text().unwrap().as_deref(), Some(text));
            assert_eq!(Recorded::from_text(text).unwrap(), recorded);
        }
        for refusal in [Refusal::ReplacedHoldExpired, Refusal::HoldCaptured, Refusal::HoldOfOtherOrder] {
            let recorded = refused(refusal);
            let text = recorded.to_text().unwrap().unwrap();
            assert_eq!(Recorded::from_text(&text).unwrap(), recorded, "{text}");
        }
    }

    #[test]
    fn a_recorded_refusal_keeps_the_words_of_its_day_and_needs_no_number() {
        let text = r#"{"error":{"code":1005,"data":{"kind":"hold_captured"},"message":"older words"}}"#;
        let told = Refused { refusal: Refusal::HoldCaptured, message: "older words".into() };
        assert_eq!(Recorded::from_text(text).unwrap(), Recorded::Refused(told));
    }

    #[test]
    fn what_decided_nothing_is_not_recorded_and_other_texts_are_none() {
        for refusal in [Refusal::UnknownProgram("club".into()), Refusal::IdempotencyConflict] {
            assert_eq!(Recorded::Refused(refusal.into()).to_text().unwrap(), None);
        }
        for text in ["", "{}", r#"{"result":{}}"#, r#"{"error":{"data":{"kind":"other"},"message":""}}"#] {
            assert!(Recorded::from_text(text).is_err(), "{text}");
        }
    }
}
