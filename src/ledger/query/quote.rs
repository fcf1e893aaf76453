//! What the ledger shows: balances, quotes, history, explanations. Nothing here changes anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::ledger::account::Account;
use crate::domain::ledger::decide::version_for;
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::hold::{Hold, HoldState};
use crate::domain::ledger::refusal::Refusal;
use crate::domain::ledger::state::LedgerState;
use crate::domain::member::membership::Membership;
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{self, Applicability, Basket, Enrolment, Offer, Program, RewardKind};
use crate::domain::sale::order::Order;
use crate::domain::sale::refund::TakenBack;
use crate::domain::value::ids::{AccountId, PartnerId, ProductId, ProgramId};
use crate::domain::value::points::Points;
use crate::ledger::Ledger;
use crate::ledger::error::{LedgerError, decimal, time};
use crate::ledger::ingest::returns::taken_back_by;
use crate::ledger::ingest::wallets;
use crate::ledger::query::draft;
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

impl Ledger {
    /// Balances of members, one per id in the order asked for; members nobody knows have zeros.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn balances(&self, partners: Vec<PartnerId>) -> Result<Value, LedgerError> {
        let context = Arc::clone(self.context());
        self.pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let now = database_now(conn)?;
                let unique: Vec<PartnerId> = partners.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
                let owners = wallets::shown_for(conn, context.options.wallet, &unique)?;
                let members: Vec<PartnerId> = owners.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
                let mut known: BTreeMap<(PartnerId, ProgramId), Account> = BTreeMap::new();
                for one in accounts::load(conn, &AccountSelection::Partners(&members))? {
                    known.insert((one.account.partner_id, one.account.program_id), one.account);
                }
                let memberships = store::table::memberships::load(conn, &members.iter().copied().collect())?;
                let shown = partners
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
                        Ok(json!({"partner_id": partner.0, "programs": programs}))
                    })
                    .collect::<Result<Vec<_>, LedgerError>>()?;
                Ok(Value::Array(shown))
            })
            .await
    }

    /// What a draft would earn and which rewards it could have.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn quote(&self, ask: QuoteAsk) -> Result<Value, LedgerError> {
        let context = Arc::clone(self.context());
        self.pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let now = database_now(conn)?;
                let mut draft = ask.draft;
                if !ask.dated {
                    draft.placed_at = now;
                }
                let archived = draft::complete(
                    conn,
                    &mut WriterCache::default(),
                    std::slice::from_mut(&mut draft),
                    &all_versions,
                )?;
                let decimals = store::table::catalog::currency_decimals(conn, &draft.currency)?;
                let wallet = wallets::wallet_of(conn, context.options.wallet, draft.partner_id)?;
                let member = Member::load(conn, wallet, &draft, &all_versions, now)?;
                let taken_back = match wallet {
                    Some(wallet) => taken_back_by(conn, &draft, wallet, context.options.wallet, &all_versions)?,
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
                Ok(json!({ "programs": programs }))
            })
            .await
    }
}

/// An entry as the API shows it.
#[must_use]
pub fn entry_json(entry: &Entry) -> Value {
    let mut shown = json!({
        "entry_id": entry.id.to_string(),
        "kind": entry.kind.as_str(),
        "points": entry.points.to_string(),
        "balance_after": entry.balance_after.to_string(),
        "occurred_at": time(entry.occurred_at),
        "recorded_at": time(entry.recorded_at),
        "cause": {
            "model": entry.cause.model.as_str(),
            "id": entry.cause.id,
            "uuid": entry.cause.uuid,
            "name": entry.cause.name,
        },
        "reason": entry.reason,
        "actor": entry.actor,
        "on_behalf_of": entry.detail.on_behalf_of,
    });
    // Said of those alone.
    if let (true, Some(object)) = (entry.is_redacted, shown.as_object_mut()) {
        object.insert("redacted".into(), json!(true));
    }
    shown
}

/// One program on one member; `None` for an archived program with nothing in it.
fn balance_of(
    program_versions: &ProgramVersions,
    account: Option<&Account>,
    membership: &Membership,
    now: DateTime<Utc>,
) -> Result<Option<Value>, LedgerError> {
    let (enrolment, archived_at) =
        (program_versions.latest().map(|latest| latest.program.enrolment), program_versions.archived_at());
    let shown = |balance: Points, held: Points, available: Points, expiring: Vec<Value>| {
        let mut shown = json!({
            "program": program_versions.code,
            "name": program_versions.name(),
            "points_name": program_versions.points_name(),
            "balance": balance.to_string(),
            "held": held.to_string(),
            "available": available.to_string(),
            "expiring": expiring,
        });
        // Said of programs that ask for it alone.
        if let (Some(Enrolment::Explicit), Some(object)) = (enrolment, shown.as_object_mut()) {
            object.insert("enrolled".into(), json!(membership.is_enrolled(now)));
        }
        shown
    };
    let Some(account) = account else {
        let zero = Points::ZERO;
        return Ok(archived_at.is_none().then(|| shown(zero, zero, zero, Vec::new())));
    };
    let (balance, held) = (account.balance_at(now)?, account.held_at(now)?);
    if archived_at.is_some() && balance.is_zero() && held.is_zero() {
        return Ok(None);
    }
    Ok(Some(shown(balance, held, account.available(now)?, expiring_json(account, now)?)))
}

/// What will be gone, and when, as the API shows it.
pub(in crate::ledger) fn expiring_json(account: &Account, now: DateTime<Utc>) -> Result<Vec<Value>, LedgerError> {
    let shown = |(on, points): (DateTime<Utc>, Points)| json!({"on": time(on), "points": points.to_string()});
    Ok(account.expiring(now)?.into_iter().map(shown).collect())
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
) -> Result<Option<Value>, LedgerError> {
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
    // Whoever is chosen later may take part: a draft without a customer shows what it would earn.
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
    let denied = match member.partner {
        None => Some(("no_customer".to_owned(), "Choose a customer first.".to_owned())),
        Some(partner) => {
            let partner = draft.partner_id.unwrap_or(partner);
            version_for(program_versions, draft, partner, &membership, now).err().map(|refusal| {
                let body = crate::ledger::ErrorBody::from(&refusal);
                (reason_word(&body), body.message)
            })
        }
    };
    let rewards: Vec<Value> = program::offers(&current.program, &basket)
        .iter()
        .map(|offer| offer_json(&current.program, offer, denied.as_ref(), decimals))
        .collect();
    let mut quote = json!({
        "program": program_versions.code,
        "name": program_versions.name(),
        "points_name": program_versions.points_name(),
        "earns": earns.to_string(),
        "takes_back": takes_back.to_string(),
        "balance_after": balance.sub(held_here)?.add(earns)?.sub(takes_back)?.to_string(),
        "rewards": rewards,
    });
    // Only for customers who do not take part.
    if let (false, Some(object)) = (earns_here, quote.as_object_mut()) {
        object.insert("would_earn".into(), json!(of_a_member.to_string()));
    }
    Ok(Some(quote))
}

/// A program that cannot be read has no rewards and earns nothing; who has points in it still has them.
fn unreadable_quote(program_versions: &ProgramVersions, till: &Till<'_>, member: &Member) -> Option<Value> {
    let account = member.accounts.get(&program_versions.id)?;
    let balance = account.balance_at(till.now).unwrap_or_else(|_| account.balance());
    Some(json!({
        "program": program_versions.code,
        "name": program_versions.name(),
        "points_name": program_versions.points_name(),
        "earns": Points::ZERO.to_string(),
        "takes_back": Points::ZERO.to_string(),
        "balance_after": balance.to_string(),
        "rewards": [],
    }))
}

/// The word for why a reward is not for now: the reason where there is one, else the error's kind.
fn reason_word(body: &crate::ledger::ErrorBody) -> String {
    let word = body.data.get("reason").or_else(|| body.data.get("kind")).and_then(Value::as_str);
    word.unwrap_or_default().to_owned()
}

fn offer_json(program: &Program, offer: &Offer<'_>, denied: Option<&(String, String)>, decimals: u32) -> Value {
    let refused = denied.cloned().or_else(|| {
        offer.refusal.map(|refusal| {
            let body = crate::ledger::ErrorBody::from(&Refusal::from(refusal));
            (reason_word(&body), body.message)
        })
    });
    let mut shown = json!({
        "reward": offer.reward.code,
        "name": offer.reward.name,
        "kind": offer.reward.kind.as_str(),
        "points": offer.points.to_string(),
        "discount": offer.discount.to_text(decimals),
        "applicable": refused.is_none(),
    });
    if let Some(object) = shown.as_object_mut() {
        if let Some(product) = offer.product_id {
            object.insert("product_id".into(), json!(product.0));
        }
        if let Some(gift) = offer.gift {
            object.insert("add_quantity".into(), json!(decimal(gift.add_quantity)));
            object.insert("price".into(), json!(gift.price.to_text(decimals)));
        }
        if let RewardKind::DiscountPerPoint { rate } = &offer.reward.kind {
            object.insert("rate".into(), json!(decimal(rate.value)));
            let minimum = program.redemption.minimum_points.value.max(offer.reward.minimum_points.value);
            object.insert("minimum_points".into(), json!(minimum.to_string()));
        }
        if let Some((reason, message)) = refused {
            object.insert("reason".into(), json!(reason));
            object.insert("message".into(), json!(message));
        }
    }
    shown
}
