//! `loyalty.release`: a promise of points is given up.

use super::{Answer, AskedBy, CallersCommand, Command, Needs};
use crate::domain::value::ids::HoldId;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::{Batch, refused_or};
use crate::ledger::writer::reply::{CommandReply, Released};
use crate::store::AnyConnection;

/// The release of a hold.
#[derive(Clone, Debug)]
pub struct ReleaseHold {
    /// Which hold.
    pub hold_id: HoldId,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub actor: String,
}

impl CallersCommand for ReleaseHold {
    type Result = Released;
}

impl Command for ReleaseHold {
    fn name(&self) -> &'static str {
        "release"
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
        let outcome =
            batch.in_context(&self.actor, |state, context| state.release(self.hold_id, &self.reason, context));
        Ok(Answer::Reply(refused_or(outcome)?.map(|()| CommandReply::Released(Released::YES))))
    }
}
