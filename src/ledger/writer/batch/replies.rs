//! One reply a key: the first decision is kept, and every repetition gets it again.

use std::collections::{BTreeMap, BTreeSet};

use super::{Batch, inconsistent};
use crate::domain::ledger::decide::{Captured, DecisionError};
use crate::domain::ledger::hold::{Hold, HoldState, ReplyTerms};
use crate::domain::ledger::state::LedgerState;
use crate::domain::refusal::Refusal;
use crate::domain::value::ids::HoldId;
use crate::ledger::error::{LedgerError, Refused};
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::command::Answer;
use crate::ledger::writer::recorded_replies::{Recorded, capture_key, is_callers};
use crate::ledger::writer::reply::{CommandReply, HoldResult, Posted};
use crate::store::table::holds::HoldReply;
use crate::store::table::recorded_replies::{KeyDigest, RecordedReply};
use crate::store::{self, AnyConnection};

/// What a key was asked and answered.
pub(in crate::ledger::writer) struct Answered {
    pub params_sha256: Vec<u8>,
    pub reply: Known,
}

/// What a key was answered.
#[derive(Clone)]
pub(in crate::ledger::writer) enum Known {
    /// A hold, by what its row keeps.
    Hold(Box<HoldResult>),
    /// Anything else.
    Recorded(Recorded),
}

impl Known {
    /// As its caller gets it again.
    pub(in crate::ledger::writer) fn reply(&self) -> Result<Result<CommandReply, Refused>, LedgerError> {
        match self {
            Self::Hold(hold) => Ok(Ok(CommandReply::Hold(hold.clone()))),
            Self::Recorded(Recorded::Posted(posted)) => Ok(Ok(CommandReply::Posted(*posted))),
            Self::Recorded(Recorded::Refused(refused)) => Ok(Err(refused.clone())),
            // Its key has the parameters of `member.transfer`, which no other command has.
            Self::Recorded(Recorded::Moved(_)) => {
                Err(store::corrupt("a transfer's reply under another call's key").into())
            }
        }
    }
}

/// What a decision comes to.
pub(in crate::ledger::writer) enum Decision {
    /// A hold, and what its row keeps of the reply.
    Hold(Box<HoldResult>, ReplyTerms),
    /// An entry.
    Posted(Posted),
}

impl Batch {
    /// One reply a key: the first is kept with its parameters, every repetition gets it again.
    pub(in crate::ledger::writer) fn decided_once(
        &mut self,
        key: &str,
        params_sha256: &str,
        decide: impl FnOnce(&mut Self) -> Result<Decision, DecisionError>,
    ) -> Result<Answer, LedgerError> {
        let (digest, params_sha256) = (KeyDigest::of(key), params_to_bytes(params_sha256)?);
        if let Some(before) = self.answered.get(&digest) {
            if before.params_sha256 != params_sha256 {
                return Ok(Answer::Reply(Err(Refusal::IdempotencyConflict.into())));
            }
            return Ok(Answer::Reply(before.reply.reply()?));
        }
        let reply = match refused_or(decide(self))? {
            Ok(Decision::Hold(hold, terms)) => {
                self.given.insert(hold.hold_id, HoldReply { key: digest, params_sha256: params_sha256.clone(), terms });
                self.answered.insert(digest, Answered { params_sha256, reply: Known::Hold(hold.clone()) });
                Ok(CommandReply::Hold(hold))
            }
            Ok(Decision::Posted(posted)) => {
                self.record(digest, params_sha256, Recorded::Posted(posted), false)?;
                Ok(CommandReply::Posted(posted))
            }
            Err(refused) => {
                // That of an import decides what is done later, and is kept.
                self.record(digest, params_sha256, Recorded::Refused(refused.clone()), is_callers(key))?;
                Err(refused)
            }
        };
        Ok(Answer::Reply(reply))
    }

    /// Records a reply; one that is marked as a refusal may be removed again. What decided nothing is not recorded.
    pub(in crate::ledger::writer) fn record(
        &mut self,
        key: KeyDigest,
        params_sha256: Vec<u8>,
        reply: Recorded,
        refusal: bool,
    ) -> Result<(), LedgerError> {
        let Some(text) = reply.to_text()? else { return Ok(()) };
        self.fresh_replies.push(RecordedReply {
            key,
            params_sha256: params_sha256.clone(),
            reply: text,
            recorded_at_us: self.now.timestamp_micros(),
            refusal,
        });
        self.answered.insert(key, Answered { params_sha256, reply: Known::Recorded(reply) });
        Ok(())
    }

    /// Keeps the one reply of a capture, when this was it. Of one that succeeded, the entry is the reply.
    pub(in crate::ledger::writer) fn keep_capture(
        &mut self,
        hold_id: HoldId,
        outcome: &Result<Captured, Refusal>,
    ) -> Result<Result<CommandReply, Refused>, LedgerError> {
        let refusal = match outcome {
            Ok(Captured { entry_id, balance }) => {
                return Ok(Ok(CommandReply::Posted(Posted { balance: *balance, entry_id: *entry_id })));
            }
            Err(refusal) => refusal,
        };
        let refused = Refused::from(refusal.clone());
        if matches!(refusal, Refusal::HoldExpired { .. }) {
            // No till waits for that of a hold that was put back: a rebuild may try it again.
            let may_go = self.state.holds.get(&hold_id).is_some_and(Hold::is_put_back);
            let key = KeyDigest::of(&capture_key(hold_id));
            self.record(key, Vec::new(), Recorded::Refused(refused.clone()), may_go)?;
        }
        Ok(Err(refused))
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
        let reply = Known::Recorded(Recorded::from_text(&recorded.reply)?);
        found.insert(key, Answered { params_sha256: recorded.params_sha256, reply });
    }
    for (hold, HoldReply { key, params_sha256, terms }) in cache.replied(conn, asked)? {
        found.insert(key, Answered { params_sha256, reply: Known::Hold(Box::new(HoldResult::of(&hold, &terms))) });
    }
    Ok(found)
}

/// The digest of what was asked, as bytes.
pub(in crate::ledger::writer) fn params_to_bytes(params_sha256: &str) -> Result<Vec<u8>, LedgerError> {
    Ok(hex::decode(params_sha256).map_err(store::corrupt)?)
}

/// A decision, or why the ledger refused it.
pub(in crate::ledger::writer) fn refused_or<T>(
    outcome: Result<T, DecisionError>,
) -> Result<Result<T, Refused>, LedgerError> {
    match outcome {
        Ok(decided) => Ok(Ok(decided)),
        Err(DecisionError::Refused(refusal)) => Ok(Err(refusal.into())),
        Err(DecisionError::Inconsistent(problem)) => Err(inconsistent(problem)),
    }
}
