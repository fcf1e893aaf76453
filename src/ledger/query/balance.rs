//! Balances of members.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Queries;
use crate::domain::ledger::account::Account;
use crate::domain::member::membership::Membership;
use crate::domain::program::Enrolment;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::as_text;
use crate::domain::value::ids::{PartnerId, ProgramId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets;
use crate::store::connection::clock::database_now;
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::memberships;

/// What a customer has, in every program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberBalance {
    /// The customer, as asked for.
    pub partner_id: PartnerId,
    /// A program each.
    pub programs: Vec<ProgramBalance>,
}

/// What a member has in one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProgramBalance {
    /// The program's code.
    pub program: String,
    /// The program's name.
    pub name: String,
    /// What its points are called.
    pub points_name: String,
    /// All points; below zero for a debt.
    pub balance: Points,
    /// Of them, what open holds set aside.
    pub held: Points,
    /// What may be spent now.
    pub available: Points,
    /// What ends next, soonest first.
    pub expiring: Vec<ExpiringPoints>,
    /// Whether the member is enrolled; said of programs that ask for it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolled: Option<bool>,
}

/// Points that end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExpiringPoints {
    /// When they end.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub on: DateTime<Utc>,
    /// How many.
    pub points: Points,
}

impl Queries<'_> {
    /// Balances of members, one per id in the order asked for; unknown members have zeros.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn balances(self, partners: Vec<PartnerId>) -> Result<Vec<MemberBalance>, LedgerError> {
        self.ask(move |conn, all_versions, wallet| {
            let now = database_now(conn)?;
            let unique: Vec<PartnerId> = partners.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
            let owners = wallets::shown_for(conn, wallet, &unique)?;
            let members: Vec<PartnerId> = owners.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
            let mut known: BTreeMap<(PartnerId, ProgramId), Account> = BTreeMap::new();
            for one in accounts::load(conn, &AccountSelection::Partners(&members))? {
                known.insert((one.account.partner_id, one.account.program_id), one.account);
            }
            let memberships = memberships::load(conn, &members.iter().copied().collect())?;
            partners
                .iter()
                .map(|partner| {
                    let member = owners.get(partner).copied().unwrap_or(*partner);
                    let programs = all_versions
                        .iter()
                        .filter_map(|program_versions| {
                            let key = (member, program_versions.id);
                            let membership = memberships.get(&key).cloned().unwrap_or_default();
                            match balance_of(program_versions, known.get(&key), &membership, now) {
                                // Numbers past what is ever written: this program alone is left out.
                                Err(LedgerError::Refused(refused)) => {
                                    tracing::error!(
                                        program = program_versions.code,
                                        member = member.0,
                                        refused.message
                                    );
                                    None
                                }
                                shown => shown.transpose(),
                            }
                        })
                        .collect::<Result<Vec<_>, LedgerError>>()?;
                    Ok(MemberBalance { partner_id: *partner, programs })
                })
                .collect()
        })
        .await
    }
}

/// One program on one member; `None` for an archived program with nothing in it.
fn balance_of(
    program_versions: &ProgramVersions,
    account: Option<&Account>,
    membership: &Membership,
    now: DateTime<Utc>,
) -> Result<Option<ProgramBalance>, LedgerError> {
    let figures = AccountFigures::of(account, now)?;
    if program_versions.archived_at().is_some() && figures.balance.is_zero() && figures.held.is_zero() {
        return Ok(None);
    }
    let asks_for_it = program_versions.latest().is_some_and(|latest| latest.program.enrolment == Enrolment::Explicit);
    Ok(Some(ProgramBalance {
        program: program_versions.code.clone(),
        name: program_versions.name().to_owned(),
        points_name: program_versions.points_name().to_owned(),
        balance: figures.balance,
        held: figures.held,
        available: figures.available,
        expiring: figures.expiring,
        enrolled: asks_for_it.then(|| membership.is_enrolled(now)),
    }))
}

/// What an account comes to at a moment; zeros without an account.
#[derive(Default)]
pub(super) struct AccountFigures {
    pub balance: Points,
    pub held: Points,
    pub available: Points,
    pub expiring: Vec<ExpiringPoints>,
}

impl AccountFigures {
    pub fn of(account: Option<&Account>, now: DateTime<Utc>) -> Result<Self, LedgerError> {
        let Some(account) = account else { return Ok(Self::default()) };
        Ok(Self {
            balance: account.balance_at(now)?,
            held: account.held_at(now)?,
            available: account.available(now)?,
            expiring: account.expiring(now)?.into_iter().map(|(on, points)| ExpiringPoints { on, points }).collect(),
        })
    }
}
