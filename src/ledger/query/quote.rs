//! What a draft would earn, and which rewards it could have.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::ledger::account::Account;
use crate::domain::ledger::decide::version_for;
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::state::LedgerState;
use crate::domain::member::membership::Membership;
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{self, Applicability, Basket, Offer, Program, RewardKind};
use crate::domain::refusal::Refusal;
use crate::domain::sale::order::Order;
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::as_text;
use crate::domain::value::ids::{AccountId, PartnerId, ProductId, ProgramId};
use crate::domain::value::money::CurrencyAmount;
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::returns::taken_back_by;
use crate::ledger::ingest::wallets;
use crate::ledger::query::{Queries, draft};
use crate::ledger::writer::cache::WriterCache;
use crate::store::connection::clock::database_now;
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::holds;
use crate::store::table::memberships::Memberships;
use crate::store::{self, AnyConnection};

/// A draft to quote.
#[derive(Clone, Debug)]
pub struct QuoteAsk {
    /// The draft as the till has it.
    pub draft: Order,
    /// Whether the till said when; a draft without a date is quoted as of now.
    pub dated: bool,
}

/// What a draft would earn in each program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DraftQuote {
    /// A program each.
    pub programs: Vec<QuotedProgram>,
}

/// What a draft would earn in one program, and which rewards it could have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotedProgram {
    /// The program's code.
    pub program: String,
    /// The program's name.
    pub name: String,
    /// What its points are called.
    pub points_name: String,
    /// What the draft would earn.
    pub earns: Points,
    /// What its returns take back of points that other sales earned.
    pub takes_back: Points,
    /// The balance once the draft is paid.
    pub balance_after: Points,
    /// What members earn by it; said of customers who do not take part alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_earn: Option<Points>,
    /// Its rewards.
    pub rewards: Vec<QuotedReward>,
}

/// A reward on a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotedReward {
    /// The reward's code.
    pub reward: String,
    /// The reward's name.
    pub name: String,
    /// Its kind, as in the document.
    pub kind: &'static str,
    /// What it takes.
    pub points: Points,
    /// What it takes off.
    pub discount: CurrencyAmount,
    /// Whether the order may have it now.
    pub applicable: bool,
    /// The product that it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// How it gives that product.
    #[serde(flatten)]
    pub gift: Option<QuotedGift>,
    /// What a point is worth, of a reward by the point.
    #[serde(flatten)]
    pub by_the_point: Option<PointTerms>,
    /// Why it is not for now.
    #[serde(flatten)]
    pub not_now: Option<NotNow>,
}

/// How a reward gives its product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotedGift {
    /// How many units the till adds.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub add_quantity: Decimal,
    /// What a unit then costs, with tax.
    pub price: CurrencyAmount,
}

/// The terms of a reward by the point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointTerms {
    /// What one point takes off.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub rate: Decimal,
    /// The least that may be spent.
    pub minimum_points: Points,
}

/// Why a reward is not for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotNow {
    /// A stable word: the reason where there is one, else the refusal's own.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl From<&Refusal> for NotNow {
    fn from(refusal: &Refusal) -> Self {
        let reason = match refusal {
            Refusal::NotApplicable { reason, .. } => reason.code(),
            Refusal::BelowMinimum { .. } => "below_minimum",
            Refusal::InsufficientPoints { .. } => "insufficient_points",
            // A price has no other.
            _ => "reward_not_applicable",
        };
        Self { reason, message: refusal.to_string() }
    }
}

impl Queries<'_> {
    /// What a draft would earn and which rewards it could have.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn quote(self, ask: QuoteAsk) -> Result<DraftQuote, LedgerError> {
        self.ask(move |conn, all_versions, wallet| {
            let now = database_now(conn)?;
            let mut draft = ask.draft;
            if !ask.dated {
                draft.placed_at = now;
            }
            let archived =
                draft::complete(conn, &mut WriterCache::default(), std::slice::from_mut(&mut draft), all_versions)?;
            let decimals = store::table::catalog::currency_decimals(conn, &draft.currency)?;
            let owner = wallets::wallet_of(conn, wallet, draft.partner_id)?;
            let member = Member::load(conn, owner, &draft, all_versions, now)?;
            let taken_back = match owner {
                Some(owner) => taken_back_by(conn, &draft, owner, wallet, all_versions)?,
                None => BTreeMap::new(),
            };
            let till = Till { draft: &draft, archived: &archived, taken_back: &taken_back, decimals, now };
            let programs = all_versions
                .iter()
                .filter_map(|program_versions| match quote_one(program_versions, &till, &member) {
                    // Numbers past what is ever written: they are nothing to other programs.
                    Err(LedgerError::Refused(_)) => unreadable_quote(program_versions, &till, &member).map(Ok),
                    quoted => quoted.transpose(),
                })
                .collect::<Result<Vec<_>, LedgerError>>()?;
            Ok(DraftQuote { programs })
        })
        .await
    }
}

/// The customer of a draft, as far as quoting needs it.
struct Member {
    partner: Option<PartnerId>,
    accounts: BTreeMap<ProgramId, Account>,
    memberships: Memberships,
    state: LedgerState,
}

impl Member {
    fn load(
        conn: &mut AnyConnection,
        partner: Option<PartnerId>,
        draft: &Order,
        all_versions: &[ProgramVersions],
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let mut state = LedgerState::default();
        let mut by_program = BTreeMap::new();
        if let Some(partner) = partner {
            for one in accounts::load(conn, &AccountSelection::Partners(&[partner]))? {
                by_program.insert(one.account.program_id, one.account);
            }
            if let Some(uuid) = &draft.uuid {
                state.holds = holds::load(conn, holds::HoldSelection::Orders(std::slice::from_ref(uuid)))?;
            }
            let (rewards, from) = draft::limited(all_versions.iter(), now);
            if !rewards.is_empty() {
                let accounts: Vec<AccountId> = by_program.values().map(|account: &Account| account.id).collect();
                let uses = holds::HoldSelection::Uses { accounts: &accounts, rewards: &rewards, from };
                state.holds.extend(holds::load(conn, uses)?);
            }
        }
        let memberships = store::table::memberships::load(conn, &partner.into_iter().collect())?;
        Ok(Self { partner, accounts: by_program, memberships, state })
    }

    /// When the customer was enrolled in a program.
    fn membership(&self, program: ProgramId) -> Membership {
        let membership = self.partner.and_then(|partner| self.memberships.get(&(partner, program)));
        membership.cloned().unwrap_or_default()
    }

    /// The points that this draft itself will spend.
    fn held_for(&self, account: AccountId, till: &Till<'_>) -> Result<Points, LedgerError> {
        let running = |hold: &&Hold| {
            hold.account_id == account
                && Some(&hold.order_uuid) == till.draft.uuid.as_ref()
                && hold.state == HoldState::Open
                && hold.expires_at > till.now
        };
        Ok(Points::sum(self.state.holds.values().filter(running).map(|hold| hold.points))?)
    }
}

/// A draft and what is asked about it.
struct Till<'a> {
    draft: &'a Order,
    archived: &'a BTreeSet<ProductId>,
    /// What its returns take back of the customer's points.
    taken_back: &'a BTreeMap<ProgramId, Points>,
    decimals: u32,
    now: DateTime<Utc>,
}

fn quote_one(
    program_versions: &ProgramVersions,
    till: &Till<'_>,
    member: &Member,
) -> Result<Option<QuotedProgram>, LedgerError> {
    let Till { draft, decimals, now, .. } = *till;
    if program_versions.unreadable_at(now).is_some() {
        return Ok(unreadable_quote(program_versions, till, member));
    }
    let Some(current) = program_versions.in_force(now) else { return Ok(None) };
    if matches!(
        current.program.applies_to(draft),
        Applicability::OtherCompany | Applicability::OtherCurrency | Applicability::OtherShop
    ) {
        return Ok(None);
    }
    let membership = member.membership(program_versions.id);
    // Exactly what posting will do: the version of the order's date. What the draft's lines take back of another sale
    // is posted for that one.
    let version = program_versions.in_force(draft.placed_at);
    // As posting does: what grows too large earns nothing, and is nothing to other programs.
    let of_a_member = version.map_or(Points::ZERO, |version| {
        program::earn(&version.program, draft, &TakenBack::new()).map_or(Points::ZERO, |earned| earned.points)
    });
    // A draft without a customer shows what it would earn: the customer who is chosen later may take part.
    let earns_here =
        member.partner.is_none() || version.is_some_and(|one| membership.takes_part(&one.program, draft.placed_at));
    let earns = if earns_here { of_a_member } else { Points::ZERO };
    let takes_back = till.taken_back.get(&program_versions.id).copied().unwrap_or_default();
    let account = member.accounts.get(&program_versions.id);
    let (balance, available, held_here, uses) = match account {
        Some(account) => (
            account.balance_at(now)?,
            account.available(now)?,
            member.held_for(account.id, till)?,
            member.state.uses_of(account.id, now),
        ),
        None => Default::default(),
    };
    let uuid = draft.uuid.as_deref().unwrap_or_default();
    let here = member.state.rewards_on(account.map(|account| account.id), uuid, now);
    let today = Order { placed_at: now, ..draft.clone() };
    let basket = Basket {
        order: &today,
        available,
        holds: &here,
        uses: &uses,
        archived: till.archived,
        currency_decimals: decimals,
    };
    let not_now = match member.partner {
        None => Some(NotNow { reason: "no_customer", message: "Choose a customer first.".to_owned() }),
        Some(partner) => {
            let partner = draft.partner_id.unwrap_or(partner);
            let refused = version_for(program_versions, draft, partner, &membership, now).err();
            refused.as_ref().map(NotNow::from)
        }
    };
    let rewards = program::offers(&current.program, &basket)
        .iter()
        .map(|offer| quoted_reward(&current.program, offer, not_now.as_ref(), decimals))
        .collect();
    Ok(Some(QuotedProgram {
        program: program_versions.code.clone(),
        name: program_versions.name().to_owned(),
        points_name: program_versions.points_name().to_owned(),
        earns,
        takes_back,
        balance_after: balance.sub(held_here)?.add(earns)?.sub(takes_back)?,
        would_earn: (!earns_here).then_some(of_a_member),
        rewards,
    }))
}

/// A program that cannot be read has no rewards and earns nothing; who has points in it still has them.
fn unreadable_quote(program_versions: &ProgramVersions, till: &Till<'_>, member: &Member) -> Option<QuotedProgram> {
    let account = member.accounts.get(&program_versions.id)?;
    Some(QuotedProgram {
        program: program_versions.code.clone(),
        name: program_versions.name().to_owned(),
        points_name: program_versions.points_name().to_owned(),
        earns: Points::ZERO,
        takes_back: Points::ZERO,
        balance_after: account.balance_at(till.now).unwrap_or_else(|_| account.balance()),
        would_earn: None,
        rewards: Vec::new(),
    })
}

fn quoted_reward(program: &Program, offer: &Offer<'_>, not_now: Option<&NotNow>, decimals: u32) -> QuotedReward {
    let not_now = not_now.cloned().or_else(|| offer.refusal.as_ref().map(NotNow::from));
    let money = |amount| CurrencyAmount { amount, decimals };
    let by_the_point = match &offer.reward.kind {
        RewardKind::DiscountPerPoint { rate } => Some(PointTerms {
            rate: rate.value,
            minimum_points: program.redemption.minimum_points.value.max(offer.reward.minimum_points.value),
        }),
        _ => None,
    };
    QuotedReward {
        reward: offer.reward.code.clone(),
        name: offer.reward.name.clone(),
        kind: offer.reward.kind.as_str(),
        points: offer.points,
        discount: money(offer.discount),
        applicable: not_now.is_none(),
        product_id: offer.product_id,
        gift: offer.gift.map(|gift| QuotedGift { add_quantity: gift.add_quantity, price: money(gift.price) }),
        by_the_point,
        not_now,
    }
}
