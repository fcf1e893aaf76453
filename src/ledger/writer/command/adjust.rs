//! `ledger.adjust`, and what is carried over from another system.

use super::{Answer, AskedBy, CallersCommand, Command, Idempotency, Needs};
use crate::domain::ledger::decide::{Correction, DecisionError};
use crate::domain::value::ids::PartnerId;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::{Batch, Decision};
use crate::ledger::writer::recorded_replies::adjust_key;
use crate::ledger::writer::reply::Posted;
use crate::store::AnyConnection;
use crate::store::table::recorded_replies::KeyDigest;

/// Points that a person puts in or takes out.
#[derive(Clone, Debug)]
pub struct AdjustPoints {
    /// The caller's key.
    pub idempotency: Idempotency,
    /// Whose points.
    pub partner_id: PartnerId,
    /// The program's code.
    pub program: String,
    /// What is put in or taken out, and why.
    pub correction: Correction,
    /// Who asks.
    pub actor: String,
}

impl CallersCommand for AdjustPoints {
    type Result = Posted;
}

impl Command for AdjustPoints {
    fn name(&self) -> &'static str {
        "adjust"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Person
    }

    fn needs(&self) -> Needs<'_> {
        Needs {
            key: Some(KeyDigest::of(&adjust_key(&self.idempotency, &self.correction))),
            account: Some((self.partner_id, &self.program)),
            ..Needs::default()
        }
    }

    fn group(&self) -> u8 {
        self.partner_id.group()
    }

    fn decide(&self, batch: &mut Batch, _: &mut AnyConnection, _: usize) -> Result<Answer, LedgerError> {
        let key = adjust_key(&self.idempotency, &self.correction);
        batch.decided_once(&key, &self.idempotency.params_sha256, |batch| self.posted(batch).map(Decision::Posted))
    }
}

impl AdjustPoints {
    fn posted(&self, batch: &mut Batch) -> Result<Posted, DecisionError> {
        let program_versions = batch.program_versions(&self.program)?;
        let account_id = batch.account_of(batch.member_of(self.partner_id), &program_versions)?;
        let (entry_id, balance) = batch.in_context(&self.actor, |state, context| {
            state.adjust(account_id, &self.correction, &program_versions, context)
        })?;
        Ok(Posted { balance, entry_id })
    }
}
