//! Lists for those who look after members: who has points, and what was bought with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::names::{self, PartnerNames};
use crate::domain::ledger::account::Account;
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::refusal::Refusal;
use crate::domain::member::membership::Membership;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::ids::{AccountId, EntryId, HoldId, PartnerId, PosConfigId, ProgramId};
use crate::domain::value::points::Points;
use crate::ledger::Ledger;
use crate::ledger::error::{LedgerError, time};
use crate::ledger::ingest::wallets;
use crate::ledger::query::quote::expiring_json;
use crate::store::connection::clock::{database_now, from_us};
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::listing::{self, MemberKey};
use crate::store::table::memberships::Memberships;
use crate::store::table::redemptions::{self, ListedState, OrderNote, Redemption};
use crate::store::table::{entries, memberships};
use crate::store::{self, AnyConnection};

/// A place in the list of members, as the API's opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberPlace(MemberKey);

impl MemberPlace {
    /// From its text; `None` when it is none of ours.
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

/// A place in the list of redemptions, as the API's opaque text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionPlace {
    at_us: i64,
    hold: HoldId,
}

impl RedemptionPlace {
    /// From its text; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at_us, id) = text.split_once('.')?;
        Some(Self { at_us: at_us.parse().ok()?, hold: HoldId(uuid::Uuid::try_parse(id).ok()?) })
    }

    fn text(hold: &Hold) -> String {
        format!("{}.{}", listed_at(hold).timestamp_micros(), hold.id)
    }
}

/// Which holds are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedemptionState {
    /// Those that were captured, also those whose points came back.
    Captured,
    /// Those that still wait for their order.
    Open,
}

/// Which redemptions to list; what is `None` may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionFilter {
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Of the program of this code.
    pub program: Option<String>,
    /// On an order of this till.
    pub pos_config_id: Option<PosConfigId>,
    /// Of this customer.
    pub partner_id: Option<PartnerId>,
    /// In which state.
    pub state: RedemptionState,
    /// Older than this one.
    pub before: Option<RedemptionPlace>,
}

/// When a hold stands in the list.
fn listed_at(hold: &Hold) -> DateTime<Utc> {
    match hold.state {
        HoldState::Open => hold.created_at,
        _ => hold.ended_at.unwrap_or(hold.created_at),
    }
}

/// Cuts what was loaded to a page: one more than asked for tells whether there is a next one.
fn cut_to_page<T>(mut rows: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

fn program_id(all_versions: &[ProgramVersions], code: Option<&String>) -> Result<Option<ProgramId>, LedgerError> {
    let Some(code) = code else { return Ok(None) };
    let found = all_versions
        .iter()
        .find(|program_versions| program_versions.code == *code)
        .map(|program_versions| program_versions.id);
    found.map(Some).ok_or_else(|| Refusal::UnknownProgram(code.clone()).into())
}

impl Ledger {
    /// A page of members, from the greatest partner id down.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`] when a program is named that there is not.
    pub async fn members(&self, filter: MemberFilter, limit: i64) -> Result<Value, LedgerError> {
        let context = Arc::clone(self.context());
        self.pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let wanted = listing::MemberQuery {
                    program: program_id(&all_versions, filter.program.as_ref())?,
                    search: filter.search,
                    with_points: filter.with_points,
                    before: filter.before.map(|place| place.0),
                };
                let (keys, more) = cut_to_page(listing::members(conn, &wanted, limit.saturating_add(1))?, limit);
                let next = keys.last().filter(|_| more).map(|key| MemberPlace::text(*key));
                let page = MemberPage::load(conn, &keys)?;
                let members: Vec<Value> = keys
                    .iter()
                    .filter_map(|key| page.row(*key, all_versions.iter().find(|one| one.id == key.program_id)?))
                    .filter(|row| !wanted.with_points || row.balance.is_positive())
                    .map(|row| row.shown)
                    .collect();
                Ok(json!({"members": members, "next": next}))
            })
            .await
    }

    /// A page of redemptions, newest first.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`] when a program is named that there is not.
    pub async fn redemptions(&self, filter: RedemptionFilter, limit: i64) -> Result<Value, LedgerError> {
        let context = Arc::clone(self.context());
        self.pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let now = database_now(conn)?;
                let of = match filter.partner_id {
                    None => None,
                    Some(partner) => {
                        let owner = wallets::shown_for(conn, context.options.wallet, &[partner])?;
                        let member = owner.get(&partner).copied().unwrap_or(partner);
                        let known = accounts::load(conn, &AccountSelection::Partners(&[member]))?;
                        Some(known.into_iter().map(|one| one.account.id).collect::<Vec<AccountId>>())
                    }
                };
                let wanted = redemptions::RedemptionQuery {
                    state: match filter.state {
                        RedemptionState::Captured => ListedState::Captured,
                        RedemptionState::Open => ListedState::OpenAt(now),
                    },
                    from_us: filter.from.map(|from| from.timestamp_micros()),
                    to_us: filter.to.map(|to| to.timestamp_micros()),
                    program: program_id(&all_versions, filter.program.as_ref())?,
                    accounts: of,
                    pos_config_id: filter.pos_config_id,
                    before: filter.before.map(|place| (place.at_us, place.hold)),
                };
                let (rows, more) = cut_to_page(redemptions::list(conn, &wanted, limit.saturating_add(1))?, limit);
                let next = rows.last().filter(|_| more).map(|row| RedemptionPlace::text(&row.hold));
                let page = RedemptionPage::load(conn, &rows, &all_versions)?;
                let listed: Vec<Value> = rows
                    .iter()
                    .filter_map(|row| Some(page.row(row, all_versions.iter().find(|one| one.id == row.program_id)?)))
                    .collect();
                Ok(json!({"redemptions": listed, "next": next}))
            })
            .await
    }
}

/// All that the rows of a page of members say.
struct MemberPage {
    now: DateTime<Utc>,
    accounts: BTreeMap<MemberKey, Account>,
    memberships: Memberships,
    last_activity: BTreeMap<AccountId, i64>,
    names: PartnerNames,
}

/// A row of that page.
struct MemberRow {
    balance: Points,
    shown: Value,
}

impl MemberPage {
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
    fn row(&self, key: MemberKey, program_versions: &ProgramVersions) -> Option<MemberRow> {
        match self.try_row(key, program_versions) {
            Ok(row) => Some(row),
            Err(problem) => {
                tracing::error!(program = program_versions.code, member = key.partner_id.0, %problem, "a member is not listed");
                None
            }
        }
    }

    fn try_row(&self, key: MemberKey, program_versions: &ProgramVersions) -> Result<MemberRow, LedgerError> {
        let account = self.accounts.get(&key);
        let (balance, held, available, expiring) = match account {
            None => (Points::ZERO, Points::ZERO, Points::ZERO, Vec::new()),
            Some(account) => (
                account.balance_at(self.now)?,
                account.held_at(self.now)?,
                account.available(self.now)?,
                expiring_json(account, self.now)?,
            ),
        };
        let enrolled_at = self.memberships.get(&(key.partner_id, key.program_id)).and_then(Membership::open);
        let last = account.and_then(|account| self.last_activity.get(&account.id));
        let shown = json!({
            "partner_id": key.partner_id.0,
            "partner_name": self.names.get(&key.partner_id),
            "program": program_versions.code,
            "program_name": program_versions.name(),
            "points_name": program_versions.points_name(),
            "balance": balance.to_string(),
            "held": held.to_string(),
            "available": available.to_string(),
            "expiring": expiring,
            "enrolled_at": enrolled_at.map(|period| time(period.enrolled_at)),
            "last_activity_at": last.map(|us| from_us(*us)).transpose()?.map(time),
        });
        Ok(MemberRow { balance, shown })
    }
}

/// All that the rows of a page of redemptions say.
struct RedemptionPage {
    names: PartnerNames,
    orders: BTreeMap<String, OrderNote>,
    causes: BTreeMap<EntryId, (Option<i64>, String)>,
    tills: BTreeMap<PosConfigId, String>,
    /// The digits of each program's currency.
    decimals: BTreeMap<String, u32>,
}

impl RedemptionPage {
    fn load(
        conn: &mut AnyConnection,
        rows: &[Redemption],
        all_versions: &[ProgramVersions],
    ) -> Result<Self, LedgerError> {
        let partners: Vec<PartnerId> = rows.iter().map(|row| row.partner_id).collect();
        let uuids: BTreeSet<String> = rows.iter().map(|row| row.hold.order_uuid.clone()).collect();
        let captures: Vec<EntryId> = rows.iter().filter_map(|row| row.hold.entry_id()).collect();
        let versions = all_versions.iter().flat_map(|program_versions| &program_versions.versions);
        let currencies: BTreeSet<&str> = versions.map(|version| version.program.currency.as_str()).collect();
        let mut decimals = BTreeMap::new();
        for currency in currencies {
            decimals.insert(currency.to_owned(), store::table::catalog::currency_decimals(conn, currency)?);
        }
        Ok(Self {
            names: names::partners(conn, &partners)?,
            orders: redemptions::orders_of(conn, &uuids.into_iter().collect::<Vec<_>>())?,
            causes: entries::causes(conn, &captures)?,
            tills: redemptions::tills(conn)?,
            decimals,
        })
    }

    fn row(&self, row: &Redemption, program_versions: &ProgramVersions) -> Value {
        let hold = &row.hold;
        let program = program_versions.version(hold.program_version).map(|version| &version.program);
        let reward = program.and_then(|program| program.reward(&hold.reward));
        let currency = program.map(|program| program.currency.as_str());
        let decimals = currency.and_then(|code| self.decimals.get(code)).copied().unwrap_or(2);
        let order = self.orders.get(&hold.order_uuid);
        let cause = hold.entry_id().and_then(|id| self.causes.get(&id));
        let till = order.and_then(|order| order.pos_config_id);
        let name = order.map(|order| order.name.as_str()).or_else(|| cause.map(|(_, name)| name.as_str()));
        json!({
            "hold_id": hold.id.to_string(),
            "entry_id": hold.entry_id().map(|id| id.to_string()),
            "partner_id": row.partner_id.0,
            "partner_name": self.names.get(&row.partner_id),
            "program": program_versions.code,
            "program_name": program_versions.name(),
            "points_name": program_versions.points_name(),
            "reward": hold.reward,
            "reward_name": reward.map(|reward| reward.name.as_str()),
            "reward_kind": reward.map(|reward| reward.kind.as_str()),
            "product_id": hold.product_id.map(|id| id.0),
            "points": hold.points.to_string(),
            "restored": hold.restored.to_string(),
            "discount": hold.discount.to_text(decimals),
            "currency": currency,
            "order": {
                "id": order.map(|order| order.id).or_else(|| cause.and_then(|(id, _)| *id)),
                "uuid": hold.order_uuid,
                "name": name,
            },
            "pos_config_id": till.map(|till| till.0),
            "pos_config_name": till.and_then(|till| self.tills.get(&till)),
            "actor": hold.actor,
            "at": time(listed_at(hold)),
            "expires_at": (hold.state == HoldState::Open).then(|| time(hold.expires_at)),
            "state": state_word(hold),
        })
    }
}

/// What became of a redemption, in a word.
fn state_word(hold: &Hold) -> &'static str {
    match hold.state {
        HoldState::Captured if hold.restored >= hold.points => "reversed",
        HoldState::Captured if hold.restored.is_positive() => "partly_reversed",
        state => state.as_str(),
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
        for other in ["", "1.", "1.x", "x.0191e0a0-0000-7000-8000-000000000000"] {
            assert_eq!(RedemptionPlace::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_page_is_cut_where_it_is_full() {
        assert_eq!(cut_to_page(vec![1, 2, 3], 2), (vec![1, 2], true));
        assert_eq!(cut_to_page(vec![1, 2], 2), (vec![1, 2], false));
    }
}
