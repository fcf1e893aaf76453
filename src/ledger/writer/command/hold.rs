//! `loyalty.hold`: points are promised to a draft order.

use super::{Answer, AskedBy, CallersCommand, Command, Idempotency, Needs};
use crate::domain::ledger::decide::{DecisionError, HoldAsk, HoldGranted};
use crate::domain::ledger::hold::ReplyTerms;
use crate::domain::ledger::state::Missing;
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::Order;
use crate::domain::value::ids::{HoldId, PartnerId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::writer::batch::{Batch, Decision};
use crate::ledger::writer::recorded_replies::caller_key;
use crate::ledger::writer::reply::HoldResult;
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::{self, AnyConnection};

/// A hold of a customer's points, for a reward on a draft order.
#[derive(Clone, Debug)]
pub struct PlaceHold {
    /// The caller's key.
    pub idempotency: Idempotency,
    /// Whose points.
    pub partner_id: PartnerId,
    /// The program's code.
    pub program: String,
    /// The reward's code.
    pub reward: String,
    /// How many points, where the cashier may choose.
    pub points: Option<Points>,
    /// The hold of the same order that it takes the place of.
    pub replaces: Option<HoldId>,
    /// The draft order.
    pub draft: Box<Order>,
    /// Who asks.
    pub actor: String,
}

impl CallersCommand for PlaceHold {
    type Result = HoldResult;
}

impl Command for PlaceHold {
    fn name(&self) -> &'static str {
        "hold"
    }

    fn asked_by(&self) -> AskedBy {
        AskedBy::Person
    }

    fn needs(&self) -> Needs<'_> {
        Needs {
            key: Some(KeyDigest::of(&caller_key(&self.idempotency))),
            account: Some((self.partner_id, &self.program)),
            draft: Some(&self.draft),
            hold: self.replaces,
            ..Needs::default()
        }
    }

    fn group(&self) -> u8 {
        self.partner_id.group()
    }

    fn decide(&self, batch: &mut Batch, _: &mut AnyConnection, position: usize) -> Result<Answer, LedgerError> {
        let draft = batch.drafts.remove(&position).ok_or_else(|| store::corrupt(Missing))?;
        batch.decided_once(&caller_key(&self.idempotency), &self.idempotency.params_sha256, |batch| {
            self.granted(batch, &draft)
        })
    }
}

impl PlaceHold {
    fn granted(&self, batch: &mut Batch, draft: &Order) -> Result<Decision, DecisionError> {
        if !batch.known_customers.contains(&self.partner_id) {
            return Err(Refusal::UnknownPartner(self.partner_id).into());
        }
        let program_versions = batch.program_versions(&self.program)?;
        let member = batch.member_of(self.partner_id);
        let account_id = batch.account_of(member, &program_versions)?;
        let currency_decimals = batch.decimals.get(&draft.currency).copied().unwrap_or(2);
        let membership = batch.memberships.get(&(member, program_versions.id)).cloned().unwrap_or_default();
        let archived = std::mem::take(&mut batch.archived);
        let ask = HoldAsk {
            account_id,
            partner_id: self.partner_id,
            program_versions: &program_versions,
            reward: &self.reward,
            points: self.points,
            replaces: self.replaces,
            draft,
            currency_decimals,
            membership: &membership,
            archived: &archived,
        };
        let granted = batch.in_context(&self.actor, |state, context| state.hold(&ask, context));
        batch.archived = archived;
        let HoldGranted { hold, kind, max_share } = granted?;
        let terms = ReplyTerms { kind: kind.to_owned(), decimals: currency_decimals, max_share };
        Ok(Decision::Hold(Box::new(HoldResult::of(&hold, &terms)), terms))
    }
}
