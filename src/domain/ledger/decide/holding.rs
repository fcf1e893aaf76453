//! Points set aside for a reward on a draft order: what it costs, what it takes off which line, and when it ends.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;

use super::DecisionError;
use crate::domain::ledger::hold::{Hold, HoldState, LineShare};
use crate::domain::ledger::replacing::Replaced;
use crate::domain::ledger::state::{DecisionContext, LedgerState, Missing};
use crate::domain::member::membership::Membership;
use crate::domain::program::version::{ProgramVersions, Version};
use crate::domain::program::{self, Basket, HeldReward, NotPriced, Priced, Program, Reward, Use};
use crate::domain::refusal::{MOST_OPEN_HOLDS, Reason, Refusal};
use crate::domain::sale::order::Order;
use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{AccountId, HoldId, PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::domain::value::points::Points;

/// Points to set aside for a reward.
#[derive(Clone, Debug)]
pub struct HoldAsk<'a> {
    /// Whose.
    pub account_id: AccountId,
    /// The customer as the till names it: the account's member, or a contact of the member's company.
    pub partner_id: PartnerId,
    /// The program, all versions.
    pub program_versions: &'a ProgramVersions,
    /// The reward's code.
    pub reward: &'a str,
    /// How many, where the cashier may choose.
    pub points: Option<Points>,
    /// The hold of the same order that it takes the place of.
    pub replaces: Option<HoldId>,
    /// The draft order as the till has it.
    pub draft: &'a Order,
    /// Digits of the draft's currency after the decimal point.
    pub currency_decimals: u32,
    /// Since when, and until when, the member is enrolled in the program.
    pub membership: &'a Membership,
    /// Products of rewards that were archived in Odoo.
    pub archived: &'a BTreeSet<ProductId>,
}

/// A hold that was made, and what the till is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldGranted {
    /// The hold.
    pub hold: Hold,
    /// The kind of its reward, as in the document.
    pub kind: &'static str,
    /// How much of an order's goods the program's rewards may take off together, from 0 to 1.
    pub max_share: Decimal,
}

/// Whether a draft may spend this member's points in this program at all, and by which version.
///
/// # Errors
/// [`Refusal::NotApplicable`] for another customer's order, a program that does not run now, or one the member is
/// not enrolled in.
pub fn version_for<'a>(
    program_versions: &'a ProgramVersions,
    draft: &Order,
    partner: PartnerId,
    membership: &Membership,
    now: DateTime<Utc>,
) -> Result<&'a Version, Refusal> {
    if draft.partner_id.is_some_and(|on_order| on_order != partner) {
        return Err(Refusal::not_applicable(Reason::OtherPartner));
    }
    if program_versions.unreadable_at(now).is_some() {
        return Err(Refusal::not_applicable(Reason::Unreadable));
    }
    let version = program_versions.in_force(now).ok_or(Refusal::not_applicable(Reason::OutsideDates))?;
    if !membership.takes_part(&version.program, now) {
        return Err(Refusal::not_applicable(Reason::NotEnrolled));
    }
    Ok(version)
}

fn find_reward<'a>(program: &'a Program, reward: &str) -> Result<&'a Reward, Refusal> {
    program
        .reward(reward)
        .ok_or_else(|| Refusal::UnknownReward { program: program.code.clone(), reward: reward.to_owned() })
}

/// What a reward costs on a draft, and takes off it.
fn price(program: &Program, reward: &Reward, points: Option<Points>, basket: &Basket<'_>) -> Result<Priced, Refusal> {
    program::price(program, reward, points, basket).map_err(|problem| match problem {
        NotPriced::Refused(refusal) => refusal,
        NotPriced::Overflow(_) => Refusal::not_applicable(Reason::TooLarge),
    })
}

/// What a reward takes off which line of the draft.
fn line_shares(reward: &Reward, priced: &Priced, basket: &Basket<'_>) -> Result<Vec<LineShare>, Overflow> {
    let shares = program::shares(reward, priced, basket)?;
    let of_line = |(position, off): &(usize, Money)| {
        let line = basket.order.lines.get(*position)?;
        Some(LineShare { position: *position, uuid: line.uuid.clone(), product_id: line.product_id, off: *off })
    };
    Ok(shares.iter().filter_map(of_line).collect())
}

/// When a hold that is made now ends by itself.
fn end_of_hold(program: &Program, now: DateTime<Utc>) -> Result<DateTime<Utc>, Overflow> {
    now.checked_add_signed(Duration::seconds(i64::from(program.hold_seconds()))).ok_or(Overflow)
}

impl LedgerState {
    /// The rewards that stand on a draft already: its open and captured holds, oldest first, of whatever program and
    /// member. Those of `account_id` are its own.
    #[must_use]
    pub fn rewards_on(&self, account_id: Option<AccountId>, order_uuid: &str, now: DateTime<Utc>) -> Vec<HeldReward> {
        let mut standing: Vec<&Hold> = self
            .holds
            .values()
            .chain(self.neighbours.values())
            .filter(|hold| hold.order_uuid == order_uuid && hold.stands(now))
            .collect();
        standing.sort_unstable_by_key(|hold| (hold.created_at, hold.id));
        standing
            .into_iter()
            .map(|hold| HeldReward {
                id: hold.id,
                is_own: Some(hold.account_id) == account_id,
                discount: hold.discount,
                lines: hold.lines.clone(),
                covers: hold.covers.clone(),
                product_id: hold.product_id,
                covered_quantity: hold.covered_quantity,
            })
            .collect()
    }

    /// When a member had which reward, of the holds that are known here: those given up, expired, or taken back
    /// whole do not count.
    #[must_use]
    pub fn uses_of(&self, account_id: AccountId, now: DateTime<Utc>) -> Vec<Use> {
        self.uses_without(account_id, None, now)
    }

    fn uses_without(&self, account_id: AccountId, replaced: Option<HoldId>, now: DateTime<Utc>) -> Vec<Use> {
        self.holds
            .values()
            .filter(|hold| hold.account_id == account_id && hold.restored < hold.points)
            .filter(|hold| Some(hold.id) != replaced)
            .filter(|hold| hold.stands(now))
            .map(|hold| Use { reward: hold.reward.clone(), at: hold.created_at })
            .collect()
    }

    /// Sets points aside for a reward on a draft order. Where it replaces a hold, it is decided as if that one were not
    /// there, and that one ends as soon as this one stands; a refusal leaves it as it was.
    ///
    /// # Errors
    /// [`DecisionError::Refused`] with the reason.
    pub fn hold(&mut self, ask: &HoldAsk<'_>, context: &mut DecisionContext<'_>) -> Result<HoldGranted, DecisionError> {
        self.settle(ask.account_id, context)?;
        let uuid = ask.draft.uuid.clone().ok_or(Missing)?;
        let old = ask.replaces.map(|id| self.replaceable(id, &uuid, ask.account_id, context)).transpose()?;
        let account = self.account(ask.account_id)?;
        let others = account.holds().len().saturating_sub(old.as_ref().map_or(0, Replaced::open_here));
        if others >= MOST_OPEN_HOLDS {
            return Err(Refusal::not_applicable(Reason::TooManyHolds).into());
        }
        let version = version_for(ask.program_versions, ask.draft, ask.partner_id, ask.membership, context.now)?;
        // The draft's own date may be a till's wrong clock: redeeming happens now.
        let mut today = Order { placed_at: context.now, ..ask.draft.clone() };
        let mut standing = self.rewards_on(Some(ask.account_id), &uuid, context.now);
        let mut available = account.available(context.now)?;
        if let Some(old) = &old {
            old.leave_out(&mut today);
            standing.retain(|held| held.id != old.id);
            available = available.add(old.frees)?;
        }
        let basket = Basket {
            order: &today,
            available,
            holds: &standing,
            uses: &self.uses_without(ask.account_id, ask.replaces, context.now),
            archived: ask.archived,
            currency_decimals: ask.currency_decimals,
        };
        let reward = find_reward(&version.program, ask.reward)?;
        let priced = price(&version.program, reward, ask.points, &basket)?;
        let lines = line_shares(reward, &priced, &basket)?;
        let expires_at = end_of_hold(&version.program, context.now)?;
        let carried = old.as_ref().and_then(|old| old.carried_by(priced.points));
        let hold = Hold {
            id: HoldId::of(ask.partner_id, (context.ids)()),
            account_id: ask.account_id,
            order_uuid: uuid,
            program_version: version.number,
            reward: ask.reward.to_owned(),
            points: priced.points,
            discount: priced.discount,
            lines,
            product_id: reward.product_id(),
            covered_quantity: priced.gift.map_or(Decimal::ZERO, |gift| gift.covered_quantity),
            add_quantity: priced.gift.map_or(Decimal::ZERO, |gift| gift.add_quantity),
            price: priced.gift.map(|gift| gift.price),
            covers: reward.covers(),
            state: HoldState::Open,
            created_at: context.now,
            // Points past their end are not protected for longer than they were.
            expires_at: match (&old, carried) {
                (Some(old), Some(_)) => expires_at.min(old.expires_at),
                _ => expires_at,
            },
            ended_at: None,
            reason: None,
            balance_after: None,
            restored: Points::ZERO,
            actor: context.actor.to_owned(),
            replaces: ask.replaces,
            carried,
        };
        self.account_mut(ask.account_id)?.open_hold(hold.id, hold.as_open());
        self.changed_holds.insert(hold.id);
        self.holds.insert(hold.id, hold.clone());
        if let Some(old) = old {
            self.end_replaced(&old, hold.id, context)?;
        }
        let max_share = version.program.redemption.max_share_of_order.value;
        Ok(HoldGranted { hold, kind: reward.kind.as_str(), max_share })
    }
}
