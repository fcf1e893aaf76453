//! One reply a key: the first decision is kept, and every repetition gets it again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Batch, inconsistent};
use crate::domain::ledger::decide::{Captured, DecisionError};
use crate::domain::ledger::hold::{Hold, HoldState, ReplyTerms};
use crate::domain::ledger::refusal::Refusal;
use crate::domain::ledger::state::LedgerState;
use crate::domain::value::ids::HoldId;
use crate::ledger::error::{ErrorBody, LedgerError};
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::command::Answer;
use crate::ledger::writer::recorded_replies::{capture_key, hold_reply, is_callers, reply_from_text, reply_to_text};
use crate::store::table::holds::HoldReply;
use crate::store::table::recorded_replies::{KeyDigest, RecordedReply};
use crate::store::{self, AnyConnection};

/// What a key was asked and answered.
pub(super) struct Answered {
    pub params_sha256: Vec<u8>,
    pub reply: Result<Value, ErrorBody>,
}

/// What a decision comes to: the reply and, where it gives a hold, what its row keeps of the reply.
pub(super) struct Decision {
    pub reply: Value,
    pub given: Option<(HoldId, ReplyTerms)>,
}

impl From<Value> for Decision {
    fn from(reply: Value) -> Self {
        Self { reply, given: None }
    }
}

impl Batch {
    /// One reply a key: the first is kept with its parameters, every repetition gets it again.
    pub(super) fn decided_once(
        &mut self,
        key: &str,
        params_sha256: &str,
        decide: impl FnOnce(&mut Self) -> Result<Decision, DecisionError>,
    ) -> Result<Answer, LedgerError> {
        let (digest, params_sha256) = (KeyDigest::of(key), params_to_bytes(params_sha256)?);
        if let Some(before) = self.answered.get(&digest) {
            if before.params_sha256 != params_sha256 {
                return settle_outcome(Err(Refusal::IdempotencyConflict.into()));
            }
            return Ok(Answer::Reply(before.reply.clone()));
        }
        let outcome = decide(self);
        let nothing_was_decided = matches!(
            &outcome,
            Err(DecisionError::Refused(
                Refusal::UnknownProgram(_)
                    | Refusal::UnknownReward { .. }
                    | Refusal::UnknownPartner(_)
                    | Refusal::UnknownHold(_)
                    | Refusal::UnreadableProgram { .. }
                    | Refusal::Overflow(_)
            ))
        );
        let (outcome, given) = match outcome {
            Ok(Decision { reply, given }) => (Ok(reply), given),
            Err(denied) => (Err(denied), None),
        };
        let answer = settle_outcome(outcome)?;
        if let (Answer::Reply(reply), false) = (&answer, nothing_was_decided) {
            match given {
                Some((hold, terms)) => {
                    self.given.insert(hold, HoldReply { key: digest, params_sha256: params_sha256.clone(), terms });
                    self.answered.insert(digest, Answered { params_sha256, reply: reply.clone() });
                }
                // That of a capture or of an import decides what is done later, and is kept.
                None => self.record(digest, params_sha256, reply, reply.is_err() && is_callers(key)),
            }
        }
        Ok(answer)
    }

    /// Records a reply; one that is marked as a refusal may be removed again.
    pub(super) fn record(
        &mut self,
        key: KeyDigest,
        params_sha256: Vec<u8>,
        reply: &Result<Value, ErrorBody>,
        refusal: bool,
    ) {
        self.fresh_replies.push(RecordedReply {
            key,
            params_sha256: params_sha256.clone(),
            reply: reply_to_text(reply),
            recorded_at_us: self.now.timestamp_micros(),
            refusal,
        });
        self.answered.insert(key, Answered { params_sha256, reply: reply.clone() });
    }

    /// Keeps the one reply of a capture, when this was it. Of one that succeeded, the entry is the reply.
    pub(super) fn keep_capture(
        &mut self,
        hold_id: HoldId,
        outcome: &Result<Captured, Refusal>,
    ) -> Result<Value, ErrorBody> {
        let reply = outcome.as_ref().map_err(ErrorBody::from).map(
            |captured| json!({"entry_id": captured.entry_id.to_string(), "balance": captured.balance.to_string()}),
        );
        if matches!(outcome, Err(Refusal::HoldExpired { .. })) {
            // No till waits for that of a hold that was put back: a rebuild may try it again.
            let may_go = self.state.holds.get(&hold_id).is_some_and(Hold::is_put_back);
            self.record(KeyDigest::of(&capture_key(hold_id)), Vec::new(), &reply, may_go);
        }
        reply
    }
}

/// What these keys were answered, and captures of these holds that were refused. A reply stands with its hold where one was
/// given.
pub(super) fn answered(
    conn: &mut AnyConnection,
    cache: &WriterCache,
    asked: &BTreeSet<KeyDigest>,
    state: &LedgerState,
) -> Result<BTreeMap<KeyDigest, Answered>, LedgerError> {
    // Of a hold that is open, no capture was refused.
    let refused = state.holds.values().chain(state.neighbours.values()).filter(|hold| hold.state != HoldState::Open);
    let refused = refused.map(|hold| KeyDigest::of(&capture_key(hold.id)));
    let all: BTreeSet<KeyDigest> = asked.iter().copied().chain(refused).collect();
    let mut found = BTreeMap::new();
    for (key, recorded) in cache.replies(conn, &all)? {
        let reply = reply_from_text(&recorded.reply)?;
        found.insert(key, Answered { params_sha256: recorded.params_sha256, reply });
    }
    for (hold, HoldReply { key, params_sha256, terms }) in cache.replied(conn, asked)? {
        found.insert(key, Answered { params_sha256, reply: Ok(hold_reply(&hold, &terms)) });
    }
    Ok(found)
}

/// The digest of what was asked, as bytes.
pub(super) fn params_to_bytes(params_sha256: &str) -> Result<Vec<u8>, LedgerError> {
    Ok(hex::decode(params_sha256).map_err(store::corrupt)?)
}

pub(super) fn settle_outcome(outcome: Result<Value, DecisionError>) -> Result<Answer, LedgerError> {
    match outcome {
        Ok(value) => Ok(Answer::Reply(Ok(value))),
        Err(DecisionError::Refused(refusal)) => Ok(Answer::Reply(Err(ErrorBody::from(&refusal)))),
        Err(DecisionError::Inconsistent(problem)) => Err(inconsistent(problem)),
    }
}
