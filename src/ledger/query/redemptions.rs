//! The list of redemptions: what was bought with points.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Queries;
use super::listing::{cut_to_page, program_id};
use super::names::{self, PartnerNames};
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::as_text;
use crate::domain::value::ids::{AccountId, EntryId, HoldId, PartnerId, PosConfigId, ProductId};
use crate::domain::value::money::CurrencyAmount;
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets;
use crate::store::connection::clock::database_now;
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::entries;
use crate::store::table::redemptions::{self, ListedState, OrderNote, Redemption};
use crate::store::{self, AnyConnection};

/// A place in the list of redemptions, as the API's opaque text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionPlace {
    at_us: i64,
    hold: HoldId,
}

impl RedemptionPlace {
    /// From its text; `None` when the text is no such place.
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

/// A page of redemptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedemptionPage {
    /// The redemptions, newest first.
    pub redemptions: Vec<ListedRedemption>,
    /// Where the next page goes on.
    pub next: Option<String>,
}

/// One redemption, or a hold that waits for its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedRedemption {
    /// The hold.
    pub hold_id: HoldId,
    /// The entry that captured it.
    pub entry_id: Option<EntryId>,
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
    /// The reward's code.
    pub reward: String,
    /// The reward's name, while the version can be read.
    pub reward_name: Option<String>,
    /// The reward's kind, likewise.
    pub reward_kind: Option<&'static str>,
    /// The product that it gives.
    pub product_id: Option<ProductId>,
    /// How many points.
    pub points: Points,
    /// How many of them refunds gave back.
    pub restored: Points,
    /// What it took off.
    pub discount: CurrencyAmount,
    /// In which currency.
    pub currency: Option<String>,
    /// On which order.
    pub order: RedeemedOrder,
    /// The till.
    pub pos_config_id: Option<PosConfigId>,
    /// The till's name.
    pub pos_config_name: Option<String>,
    /// Who asked for it.
    pub actor: String,
    /// When it was captured, or made while it is open.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub at: DateTime<Utc>,
    /// From when an open hold is over.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub expires_at: Option<DateTime<Utc>>,
    /// What became of it, in a word.
    pub state: &'static str,
}

/// The order of a redemption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedeemedOrder {
    /// Its id in Odoo, once it is known.
    pub id: Option<i64>,
    /// Its UUID.
    pub uuid: String,
    /// Its name, once it is known.
    pub name: Option<String>,
}

impl Queries<'_> {
    /// A page of redemptions, newest first.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when a program is named that does not exist.
    pub async fn redemptions(self, filter: RedemptionFilter, limit: i64) -> Result<RedemptionPage, LedgerError> {
        self.ask(move |conn, all_versions, wallet| {
            let now = database_now(conn)?;
            let of = match filter.partner_id {
                None => None,
                Some(partner) => {
                    let owner = wallets::shown_for(conn, wallet, &[partner])?;
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
                program: program_id(all_versions, filter.program.as_ref())?,
                accounts: of,
                pos_config_id: filter.pos_config_id,
                before: filter.before.map(|place| (place.at_us, place.hold)),
            };
            let (rows, more) = cut_to_page(redemptions::list(conn, &wanted, limit.saturating_add(1))?, limit);
            let next = rows.last().filter(|_| more).map(|row| RedemptionPlace::text(&row.hold));
            let page = RedemptionRows::load(conn, &rows, all_versions)?;
            let redemptions = rows
                .iter()
                .filter_map(|row| Some(page.row(row, all_versions.iter().find(|one| one.id == row.program_id)?)))
                .collect();
            Ok(RedemptionPage { redemptions, next })
        })
        .await
    }
}

/// All that the rows of a page of redemptions say.
struct RedemptionRows {
    names: PartnerNames,
    orders: BTreeMap<String, OrderNote>,
    causes: BTreeMap<EntryId, (Option<i64>, String)>,
    tills: BTreeMap<PosConfigId, String>,
    /// The digits of each program's currency.
    decimals: BTreeMap<String, u32>,
}

impl RedemptionRows {
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

    fn row(&self, row: &Redemption, program_versions: &ProgramVersions) -> ListedRedemption {
        let hold = &row.hold;
        let program = program_versions.version(hold.program_version).map(|version| &version.program);
        let reward = program.and_then(|program| program.reward(&hold.reward));
        let currency = program.map(|program| program.currency.as_str());
        let decimals = currency.and_then(|code| self.decimals.get(code)).copied().unwrap_or(2);
        let order = self.orders.get(&hold.order_uuid);
        let cause = hold.entry_id().and_then(|id| self.causes.get(&id));
        let till = order.and_then(|order| order.pos_config_id);
        let name = order.map(|order| order.name.as_str()).or_else(|| cause.map(|(_, name)| name.as_str()));
        ListedRedemption {
            hold_id: hold.id,
            entry_id: hold.entry_id(),
            partner_id: row.partner_id,
            partner_name: self.names.get(&row.partner_id).cloned(),
            program: program_versions.code.clone(),
            program_name: program_versions.name().to_owned(),
            points_name: program_versions.points_name().to_owned(),
            reward: hold.reward.clone(),
            reward_name: reward.map(|reward| reward.name.clone()),
            reward_kind: reward.map(|reward| reward.kind.as_str()),
            product_id: hold.product_id,
            points: hold.points,
            restored: hold.restored,
            discount: CurrencyAmount { amount: hold.discount, decimals },
            currency: currency.map(str::to_owned),
            order: RedeemedOrder {
                id: order.map(|order| order.id).or_else(|| cause.and_then(|(id, _)| *id)),
                uuid: hold.order_uuid.clone(),
                name: name.map(str::to_owned),
            },
            pos_config_id: till,
            pos_config_name: till.and_then(|till| self.tills.get(&till).cloned()),
            actor: hold.actor.clone(),
            at: listed_at(hold),
            expires_at: (hold.state == HoldState::Open).then_some(hold.expires_at),
            state: state_word(hold),
        }
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
    fn other_texts_are_no_places() {
        for other in ["", "1.", "1.x", "x.0191e0a0-0000-7000-8000-000000000000"] {
            assert_eq!(RedemptionPlace::parse(other), None, "{other}");
        }
    }
}
