//! The list of members: who has points.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Queries;
use super::balance::{AccountFigures, ExpiringPoints};
use super::listing::{cut_to_page, program_id};
use super::names::{self, PartnerNames};
use crate::domain::ledger::account::Account;
use crate::domain::member::membership::Membership;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::as_text;
use crate::domain::value::ids::{AccountId, PartnerId, ProgramId};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::store::AnyConnection;
use crate::store::connection::clock::{database_now, from_us};
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::listing::{self, MemberKey};
use crate::store::table::memberships::Memberships;
use crate::store::table::{entries, memberships};

/// A place in the list of members, as the API's opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberPlace(MemberKey);

impl MemberPlace {
    /// From its text; `None` when the text is no such place.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (partner, program) = text.split_once('.')?;
        let (partner_id, program_id) = (PartnerId(partner.parse().ok()?), ProgramId(program.parse().ok()?));
        Some(Self(MemberKey { partner_id, program_id }))
    }

    fn text(key: MemberKey) -> String {
        format!("{}.{}", key.partner_id, key.program_id)
    }
}

/// Which members to list; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// In the program of this code.
    pub program: Option<String>,
    /// With this in their name, or as their id.
    pub search: Option<String>,
    /// Only with a balance above zero.
    pub with_points: bool,
    /// After this one.
    pub before: Option<MemberPlace>,
}

/// A page of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberPage {
    /// The members, a row for each member and program.
    pub members: Vec<ListedMember>,
    /// Where the next page goes on.
    pub next: Option<String>,
}

/// One member in one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedMember {
    /// The customer.
    pub partner_id: PartnerId,
    /// The customer's name.
    pub partner_name: Option<String>,
    /// The program's code.
    pub program: String,
    /// The program's name.
    pub program_name: String,
    /// What its points are called.
    pub points_name: String,
    /// All points.
    pub balance: Points,
    /// Of them, what open holds set aside.
    pub held: Points,
    /// What may be spent now.
    pub available: Points,
    /// What ends next, soonest first.
    pub expiring: Vec<ExpiringPoints>,
    /// Since when the member is enrolled.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub enrolled_at: Option<DateTime<Utc>>,
    /// When the last entry was recorded.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub last_activity_at: Option<DateTime<Utc>>,
}

impl Queries<'_> {
    /// A page of members, from the greatest partner id down.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when a program is named that does not exist.
    pub async fn members(self, filter: MemberFilter, limit: i64) -> Result<MemberPage, LedgerError> {
        self.ask(move |conn, all_versions, _| {
            let wanted = listing::MemberQuery {
                program: program_id(all_versions, filter.program.as_ref())?,
                search: filter.search,
                with_points: filter.with_points,
                before: filter.before.map(|place| place.0),
            };
            let (keys, more) = cut_to_page(listing::members(conn, &wanted, limit.saturating_add(1))?, limit);
            let next = keys.last().filter(|_| more).map(|key| MemberPlace::text(*key));
            let page = MemberRows::load(conn, &keys)?;
            let members = keys
                .iter()
                .filter_map(|key| page.row(*key, all_versions.iter().find(|one| one.id == key.program_id)?))
                .filter(|row| !wanted.with_points || row.balance.is_positive())
                .collect();
            Ok(MemberPage { members, next })
        })
        .await
    }
}

/// All that the rows of a page of members say.
struct MemberRows {
    now: DateTime<Utc>,
    accounts: BTreeMap<MemberKey, Account>,
    memberships: Memberships,
    last_activity: BTreeMap<AccountId, i64>,
    names: PartnerNames,
}

impl MemberRows {
    fn load(conn: &mut AnyConnection, keys: &[MemberKey]) -> Result<Self, LedgerError> {
        let partners: BTreeSet<PartnerId> = keys.iter().map(|key| key.partner_id).collect();
        let listed: Vec<PartnerId> = partners.iter().copied().collect();
        let accounts: BTreeMap<MemberKey, Account> = accounts::load(conn, &AccountSelection::Partners(&listed))?
            .into_iter()
            .map(|one| {
                (MemberKey { partner_id: one.account.partner_id, program_id: one.account.program_id }, one.account)
            })
            .collect();
        let ids: Vec<AccountId> = keys.iter().filter_map(|key| accounts.get(key)).map(|account| account.id).collect();
        Ok(Self {
            now: database_now(conn)?,
            memberships: memberships::load(conn, &partners)?,
            last_activity: entries::last_recorded(conn, &ids)?,
            names: names::partners(conn, &listed)?,
            accounts,
        })
    }

    /// `None` when its numbers are past what is ever written: the others are listed all the same.
    fn row(&self, key: MemberKey, program_versions: &ProgramVersions) -> Option<ListedMember> {
        match self.try_row(key, program_versions) {
            Ok(row) => Some(row),
            Err(problem) => {
                tracing::error!(program = program_versions.code, member = key.partner_id.0, %problem, "a member is not listed");
                None
            }
        }
    }

    fn try_row(&self, key: MemberKey, program_versions: &ProgramVersions) -> Result<ListedMember, LedgerError> {
        let account = self.accounts.get(&key);
        let AccountFigures { balance, held, available, expiring } = AccountFigures::of(account, self.now)?;
        let enrolled_at = self.memberships.get(&(key.partner_id, key.program_id)).and_then(Membership::open);
        let last = account.and_then(|account| self.last_activity.get(&account.id));
        Ok(ListedMember {
            partner_id: key.partner_id,
            partner_name: self.names.get(&key.partner_id).cloned(),
            program: program_versions.code.clone(),
            program_name: program_versions.name().to_owned(),
            points_name: program_versions.points_name().to_owned(),
            balance,
            held,
            available,
            expiring,
            enrolled_at: enrolled_at.map(|period| period.enrolled_at),
            last_activity_at: last.map(|us| from_us(*us)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_told_and_nothing_else_is() {
        let key = MemberKey { partner_id: PartnerId(7), program_id: ProgramId(2) };
        assert_eq!(MemberPlace::parse(&MemberPlace::text(key)), Some(MemberPlace(key)));
        for other in ["", "7", "7.", ".2", "7.2.1", "a.b", "9223372036854775808.1"] {
            assert_eq!(MemberPlace::parse(other), None, "{other}");
        }
    }
}
