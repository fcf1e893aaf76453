//! Redemptions of a ledger that was lost, from what Odoo's addon kept of them.
//!
//! Each hold is put back as one that has ended without being spent. When its paid order is read (again), the sync captures
//! it as any hold that ended before its order came: if the points are there, else an exception says so. So a rebuilt
//! redemption is a redemption like any other: its refunds give points back, and no account is overdrawn.
//!
//! Where the points come later (an import that is repeated only then), the next rebuild tries it again, as long as nobody
//! has resolved the exception: who did has decided what becomes of the points.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::domain::ledger::decide::expired_key;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::ledger::hold::{Hold, HoldState, LineShare, PUT_BACK};
use crate::domain::program::version::{ProgramVersions, Version};
use crate::domain::program::{Program, Reward};
use crate::domain::value::ids::{HoldId, OrderId, PartnerId, ProductId, SaleId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets;
use crate::ledger::writer::recorded_replies::capture_key;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::recorded_replies::KeyDigest;
use crate::store::table::{accounts, exceptions, holds, recorded_replies};
use crate::store::{self, AnyConnection};

/// How long a hold is said to have lasted: what programs give by themselves.
const LASTED: TimeDelta = TimeDelta::minutes(15);

/// A redemption that a paid order shows.
#[derive(Clone, Debug)]
pub struct KeptRedemption {
    /// The hold that its line carries, as it is written there.
    pub hold: String,
    /// The order's id.
    pub order_id: OrderId,
    /// The order's UUID.
    pub order_uuid: Option<String>,
    /// The order's customer.
    pub partner_id: Option<PartnerId>,
    /// When the order was placed.
    pub placed_at: DateTime<Utc>,
    /// What was kept of it; `None` when nothing was.
    pub grant: Option<KeptGrant>,
}

/// What was kept of a hold.
#[derive(Clone, Debug)]
pub struct KeptGrant {
    /// The program's code.
    pub program: String,
    /// The reward's name.
    pub reward_name: String,
    /// How many points it cost.
    pub points: Points,
    /// What it took off, with tax.
    pub discount: Money,
    /// What it took off which line, by the line's UUID.
    pub lines: Vec<(String, Money)>,
    /// The product it gave.
    pub product_id: Option<ProductId>,
    /// How many of it were added.
    pub quantity: Decimal,
    /// At which price.
    pub price: Option<Money>,
}

/// What became of a kept redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// Its hold is there; reading its order redeems it.
    Ready,
    /// The ledger has its hold already, redeemed or not.
    Known,
    /// It cannot be put back.
    Impossible(String),
}

/// Making a ledger anew from what Odoo keeps.
#[derive(Clone, Copy, Debug)]
pub struct Rebuild<'a>(&'a Ledger);

impl Ledger {
    /// What a rebuild needs.
    #[must_use]
    pub const fn rebuild(&self) -> Rebuild<'_> {
        Rebuild(self)
    }
}

impl Rebuild<'_> {
    /// How many entries and holds there are: a ledger that is to be rebuilt has none.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn size(self) -> Result<(i64, i64), LedgerError> {
        self.0.pool().run(|conn| Ok((store::table::entries::count(conn)?, holds::count(conn)?))).await
    }

    /// Puts the holds of these redemptions back, and has their orders read anew. One answer for each, in their order.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn put_back(self, kept: Vec<KeptRedemption>) -> Result<Vec<PutBack>, LedgerError> {
        let context = Arc::clone(self.0.context());
        self.0
            .pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    store::table::programs::lock_sales_and_programs(conn)?;
                    // A write comes first, so that on SQLite nobody is in between.
                    store::table::programs::touch(conn)?;
                    let all_versions = context.programs.all_versions(conn)?;
                    let customers: BTreeSet<PartnerId> = kept.iter().filter_map(|one| one.partner_id).collect();
                    let customers: Vec<PartnerId> = customers.into_iter().collect();
                    let owners = wallets::wallets_of(conn, context.options.wallet, &customers)?;
                    let ids: Vec<HoldId> = kept.iter().filter_map(|one| HoldId::parse(&one.hold)).collect();
                    let known = holds::load(conn, holds::HoldSelection::Ids(&ids))?;
                    let mut answers = Vec::with_capacity(kept.len());
                    let (mut fresh, mut again, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
                    for one in &kept {
                        // What the ledger has is not lost, whatever Odoo keeps of it.
                        let id = HoldId::parse(&one.hold);
                        let there = id.and_then(|id| known.get(&id));
                        let answer = match there {
                            _ if id.is_some_and(|id| seen.contains(&id)) => PutBack::Known,
                            Some(hold) if may_be_tried_again(conn, hold)? => {
                                again.push((SaleId::pos_order(one.order_id), hold.id));
                                PutBack::Ready
                            }
                            Some(_) => PutBack::Known,
                            None => match Found::of(one, &all_versions, &owners) {
                                Err(why) => PutBack::Impossible(why),
                                Ok(found) => {
                                    fresh.push((one, found));
                                    PutBack::Ready
                                }
                            },
                        };
                        if answer == PutBack::Ready {
                            seen.extend(id);
                        }
                        answers.push(answer);
                    }
                    let refused: Vec<KeyDigest> =
                        again.iter().map(|(_, hold)| KeyDigest::of(&capture_key(*hold))).collect();
                    recorded_replies::remove_refusals(conn, &refused)?;
                    let keys = fresh.iter().map(|(_, found)| (found.owner, found.program_versions.id)).collect();
                    accounts::ensure(conn, &keys)?;
                    let accounts = accounts::ids_of(conn, &keys)?;
                    let mut holds_back = Vec::new();
                    for (one, found) in &fresh {
                        let account_id = accounts
                            .get(&(found.owner, found.program_versions.id))
                            .copied()
                            .ok_or_else(|| store::corrupt("an account that was just made"))?;
                        holds_back.push(found.hold(one, account_id));
                    }
                    holds::insert(conn, &holds_back.iter().map(|hold| (hold, None)).collect::<Vec<_>>())?;
                    let now = database_now(conn)?.timestamp_micros();
                    for (one, _) in &fresh {
                        let key = format!("unknown_hold/{}/{}", SaleId::pos_order(one.order_id).key(), one.hold);
                        let note = "its redemption was put back from what Odoo keeps";
                        exceptions::resolve_key(conn, &key, note, COMMAND_LINE, now)?;
                    }
                    let orders = fresh
                        .iter()
                        .map(|(one, _)| SaleId::pos_order(one.order_id))
                        .chain(again.iter().map(|(order, _)| *order));
                    store::table::orders::undigest(conn, &orders.collect())?;
                    Ok::<_, LedgerError>(answers)
                })
            })
            .await
    }

    /// Which of these holds are captured. An exception that said that one of them could not be, when it was put back
    /// before, is over.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn captured_among(self, ids: Vec<HoldId>) -> Result<BTreeSet<HoldId>, LedgerError> {
        self.0
            .pool()
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    let mut captured = holds::load(conn, holds::HoldSelection::Ids(&ids))?;
                    captured.retain(|_, hold| hold.state == HoldState::Captured);
                    let now = database_now(conn)?.timestamp_micros();
                    for hold in captured.values().filter(|hold| hold.is_put_back()) {
                        let note = "its points are there now, and it is redeemed";
                        exceptions::resolve_key(conn, &expired_key(hold.id), note, COMMAND_LINE, now)?;
                    }
                    Ok::<_, LedgerError>(captured.into_keys().collect())
                })
            })
            .await
    }
}

/// Whether a hold was put back before and not redeemed, and nobody has decided about it.
fn may_be_tried_again(conn: &mut AnyConnection, hold: &Hold) -> Result<bool, LedgerError> {
    if hold.state != HoldState::Expired || !hold.is_put_back() {
        return Ok(false);
    }
    Ok(exceptions::state_of(conn, &expired_key(hold.id))?.as_deref() != Some("resolved"))
}

/// What a kept redemption belongs to here.
struct Found<'a> {
    id: HoldId,
    owner: PartnerId,
    uuid: &'a str,
    grant: &'a KeptGrant,
    program_versions: &'a ProgramVersions,
    version: &'a Version,
}

impl<'a> Found<'a> {
    /// The sentence says why it cannot be put back.
    fn of(
        one: &'a KeptRedemption,
        all_versions: &'a [ProgramVersions],
        owners: &BTreeMap<PartnerId, PartnerId>,
    ) -> Result<Self, String> {
        let id = HoldId::parse(&one.hold).ok_or("its line carries no hold of this service's")?;
        let grant = one
            .grant
            .as_ref()
            .ok_or("Odoo kept nothing of it but its line: the addon was older, or its order was changed")?;
        if !grant.points.is_positive() {
            return Err("Odoo kept no points with it".to_owned());
        }
        let customer = one.partner_id.ok_or("its order has no customer")?;
        let uuid = one.order_uuid.as_deref().ok_or("its order has no UUID")?;
        let program_versions = all_versions
            .iter()
            .find(|program_versions| program_versions.code == grant.program)
            .ok_or_else(|| format!("there is no program “{}” here; put it, then run this again", grant.program))?;
        let version = version_with(program_versions, &grant.reward_name, one.placed_at)
            .ok_or_else(|| format!("no version of the program “{}” can be read", grant.program))?;
        Ok(Self {
            id,
            owner: owners.get(&customer).copied().unwrap_or(customer),
            uuid,
            grant,
            program_versions,
            version,
        })
    }

    fn hold(&self, one: &KeptRedemption, account_id: crate::domain::value::ids::AccountId) -> Hold {
        let grant = self.grant;
        let reward = reward_named(&self.version.program, &grant.reward_name);
        let ended = one.placed_at.checked_add_signed(LASTED).unwrap_or(one.placed_at);
        let share = |(position, (uuid, off)): (usize, &(String, Money))| LineShare {
            position,
            uuid: Some(uuid.clone()),
            product_id: None,
            off: *off,
        };
        Hold {
            id: self.id,
            account_id,
            order_uuid: self.uuid.to_owned(),
            program_version: self.version.number,
            // A reward that no version has any more keeps its name.
            reward: reward.map_or_else(|| grant.reward_name.clone(), |reward| reward.code.clone()),
            points: grant.points,
            discount: grant.discount,
            lines: grant.lines.iter().enumerate().map(share).collect(),
            product_id: grant.product_id,
            covered_quantity: Decimal::ZERO,
            add_quantity: grant.quantity,
            price: grant.product_id.and(grant.price),
            covers: reward.and_then(Reward::covers),
            state: HoldState::Expired,
            created_at: one.placed_at,
            expires_at: ended,
            ended_at: Some(ended),
            reason: Some(PUT_BACK.to_owned()),
            balance_after: None,
            restored: Points::ZERO,
            actor: COMMAND_LINE.to_owned(),
            replaces: None,
            carried: None,
        }
    }
}

fn reward_named<'a>(program: &'a Program, name: &str) -> Option<&'a Reward> {
    program.rewards.iter().find(|reward| reward.name == name)
}

/// The version that gave a reward: the one in force then, else the latest that has it, else the latest.
fn version_with<'a>(program_versions: &'a ProgramVersions, reward: &str, at: DateTime<Utc>) -> Option<&'a Version> {
    let has_it = |version: &&Version| reward_named(&version.program, reward).is_some();
    program_versions
        .in_force(at)
        .filter(has_it)
        .or_else(|| program_versions.versions.iter().rev().find(has_it))
        .or_else(|| program_versions.in_force(at))
        .or_else(|| program_versions.latest())
}
