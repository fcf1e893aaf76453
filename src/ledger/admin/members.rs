//! Enrolling members in programs that ask for it, and letting them leave.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use crate::domain::program::version::ProgramVersions;
use crate::domain::value::as_text;
use crate::domain::value::ids::{PartnerId, ProgramId};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::programs::RecomputeRequest;
use crate::store::table::{memberships, programs};
use crate::store::{AnyConnection, StoreError};

/// The members of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(pub(in crate::ledger) &'a Ledger);

impl Ledger {
    /// Who takes part in programs, and members that become others.
    #[must_use]
    pub const fn members(&self) -> Members<'_> {
        Members(self)
    }
}

/// A member who is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enrolled {
    /// Who.
    pub partner_id: PartnerId,
    /// In which program.
    pub program: String,
    /// Since when.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub enrolled_at: DateTime<Utc>,
}

/// A member who left a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftProgram {
    /// Who.
    pub partner_id: PartnerId,
    /// Which program.
    pub program: String,
    /// When; null for one who was never in it.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub left_at: Option<DateTime<Utc>>,
}

impl Members<'_> {
    /// Enrols a member from now on, or from `since`. Orders placed from then on earn, and those that are known
    /// already are computed again before this returns. Who is enrolled stays so, since when it was.
    ///
    /// # Errors
    /// [`LedgerError::Refused`]: no program has this code
    pub async fn enrol(
        self,
        partner: PartnerId,
        program: &str,
        since: Option<DateTime<Utc>>,
        actor: &str,
    ) -> Result<Enrolled, LedgerError> {
        self.change_membership(partner, program, actor, "enrolled since", move |conn, member, program, now, actor| {
            let known = memberships::load(conn, &[member].into())?.remove(&(member, program)).unwrap_or_default();
            if let Some(open) = known.open() {
                return Ok((open.enrolled_at, None));
            }
            // Odoo dates orders in whole seconds: one of this very second is not of before.
            let from = since.unwrap_or(now).min(now).trunc_subsecs(0);
            // Two times of being enrolled do not overlap.
            let after = known.periods.iter().filter_map(|period| period.left_at).max();
            let from = after.map_or(from, |after| after.max(from));
            memberships::begin(conn, member, program, from, actor)?;
            Ok((from, Some(from)))
        })
        .await
        .map(|(partner_id, enrolled_at)| Enrolled { partner_id, program: program.to_owned(), enrolled_at })
    }

    /// Lets a member leave: what is in the account stays there, nothing more is earned or spent until the member
    /// enrols again. Leaving again changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Refused`]: no program has this code
    pub async fn leave(self, partner: PartnerId, program: &str, actor: &str) -> Result<LeftProgram, LedgerError> {
        self.change_membership(partner, program, actor, "left at", |conn, member, program, now, actor| {
            let known = memberships::load(conn, &[member].into())?.remove(&(member, program)).unwrap_or_default();
            match known.open() {
                Some(open) => {
                    // A time cannot end before it began, whatever `since` said or the clock does.
                    let at = now.max(open.enrolled_at);
                    memberships::end(conn, member, program, at, actor)?;
                    Ok((Some(at), Some(at)))
                }
                None => Ok((known.periods.iter().filter_map(|period| period.left_at).max(), None)),
            }
        })
        .await
        .map(|(partner_id, left_at)| LeftProgram { partner_id, program: program.to_owned(), left_at })
    }

    /// Has a membership changed while no order is being taken in, and computes the orders concerned again: those
    /// placed from the moment that `change` returns beside its answer. `what` and that moment are the entries' reason.
    async fn change_membership<T: Send + 'static>(
        self,
        partner: PartnerId,
        code: &str,
        actor: &str,
        what: &'static str,
        change: impl FnOnce(
            &mut AnyConnection,
            PartnerId,
            ProgramId,
            DateTime<Utc>,
            &str,
        ) -> Result<(T, Option<DateTime<Utc>>), StoreError>
        + Send
        + 'static,
    ) -> Result<(PartnerId, T), LedgerError> {
        let (code, actor) = (code.to_owned(), actor.to_owned());
        let context = std::sync::Arc::clone(self.0.context());
        let done = self
            .0
            .pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    programs::lock_sales_and_programs(conn)?;
                    // A write comes first, so that on SQLite nobody is in between.
                    programs::touch(conn)?;
                    let all_versions = context.programs.all_versions(conn)?;
                    let program_versions = ProgramVersions::of_code(&all_versions, &code)?;
                    let member =
                        crate::ledger::ingest::wallets::wallet_of(conn, context.options.wallet, Some(partner))?
                            .unwrap_or(partner);
                    let now = database_now(conn)?;
                    let (answer, concerned) = change(conn, member, program_versions.id, now, &actor)?;
                    if let Some(from) = concerned {
                        let reason = format!("{what} {}", as_text::time(from));
                        let request = RecomputeRequest { by: Some(&actor), reason: Some(&reason) };
                        programs::request_recompute_by(
                            conn,
                            program_versions.id.0,
                            Some(member.0),
                            Some(from.timestamp_micros()),
                            now.timestamp_micros(),
                            request,
                        )?;
                    }
                    Ok::<_, LedgerError>((member, answer))
                })
            })
            .await?;
        self.0.recompute_or_later().await;
        Ok(done)
    }
}
