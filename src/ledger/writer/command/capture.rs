//! `loyalty.capture`: the order that points were promised to is paid.

use super::{Answer, AskedBy, CallersCommand, Command, Needs};
use crate::domain::ledger::decide::DecisionError;
use crate::domain::ledger::state::OrderRef;
use crate::domain::value::ids::HoldId;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::{Batch, inconsistent};
use crate::ledger::writer::recorded_replies::capture_key;
use crate::ledger::writer::reply::{CommandReply, Posted};
use crate::store::AnyConnection;
use crate::store::table::recorded_replies::KeyDigest;

/// The capture of a hold.
#[derive(Clone, Debug)]
pub struct CaptureHold {
    /// Which hold.
    pub hold_id: HoldId,
    /// The paid order.
    pub order: OrderRef,
    /// Who asks.
    pub actor: String,
}

impl CallersCommand for CaptureHold {
    type Result = Posted;
}

impl Command for CaptureHold {
    fn name(&self) -> &'static str {
        "capture"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Person
    }

    fn needs(&self) -> Needs<'_> {
        Needs { hold: Some(self.hold_id), ..Needs::default() }
    }

    fn group(&self) -> u8 {
        self.hold_id.group()
    }

    fn decide(&self, batch: &mut Batch, _: &mut AnyConnection, _: usize) -> Result<Answer, LedgerError> {
        let Self { hold_id, order, actor } = self;
        let hold = batch.state.holds.get(hold_id);
        if hold.is_none_or(|hold| order.uuid.as_deref() == Some(hold.order_uuid.as_str())) {
            if let Some(posted) = hold.and_then(Posted::by_capture) {
                return Ok(Answer::Reply(Ok(CommandReply::Posted(posted))));
            }
            if let Some(before) = batch.answered.get(&KeyDigest::of(&capture_key(*hold_id))) {
                return Ok(Answer::Reply(before.reply.reply()?));
            }
        }
        let now = batch.now;
        let outcome = batch.in_context(actor, |state, context| state.capture(*hold_id, order, now, context));
        let outcome = match outcome {
            Ok(captured) => Ok(captured),
            Err(DecisionError::Refused(refusal)) => Err(refusal),
            Err(DecisionError::Inconsistent(problem)) => return Err(inconsistent(problem)),
        };
        if outcome.is_ok() {
            batch.review_limit(*hold_id, order, actor)?;
        }
        Ok(Answer::Reply(batch.keep_capture(*hold_id, &outcome)?))
    }
}
