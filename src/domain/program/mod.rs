//! A program: its rules and rewards, and what they come to for one order.
//!
//! [`Program`] is one version of a program, read from its document by [`Program::from_json`] and valid from
//! then on. [`earn`] says what an order earns, [`price`] what a reward costs and is worth on a draft,
//! [`offers`] lists every reward for a till. [`describe`] says in words what a program does, and [`review`] what in
//! it may be a mistake.

pub mod authoring;
mod basket;
mod discount;
mod document;
mod earned_text;
mod earning;
mod fit;
mod gift;
mod number;
mod pay_with_points;
mod reader;
mod reward;
mod rule;
mod window;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Serialize;

pub use crate::domain::program::authoring::describe::{Section, describe};
pub use crate::domain::program::authoring::review::{Warning, review};
pub use crate::domain::program::authoring::worth::Rates;
pub use basket::{Basket, HeldReward, Use, counted_from};
pub use earning::{Earned, EarnedLine, earn};
pub use fit::most_off;
pub use gift::Gift;
pub use number::AsWritten;
pub use reader::InvalidProgram;
pub use reward::{NotPriced, Offer, Priced, offers, price, shares};
pub use rule::{
    Base, Earning, Enrolment, Granularity, Reward, RewardKind, RewardLimit, Rounding, Rule, RuleKind, Stacking, Step,
};
pub use window::{HourSpan, Window};

use crate::domain::sale::order::Order;
use crate::domain::value::ids::{CompanyId, PosConfigId};
use crate::domain::value::points::Points;

/// One version of a program, valid. Serialising it gives its document with every default filled in.
///
/// Two are equal when their documents say the same: after defaults, and by decimal value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// What it is called in the API, unique in the sidecar.
    pub code: String,
    /// What a person calls it.
    pub name: String,
    /// What its points are called, "points" unless said otherwise.
    pub points_name: String,
    /// The one company whose orders count, with those of its branches; `None` for any.
    pub company_id: Option<CompanyId>,
    /// ISO 4217 code: only orders in this currency count.
    pub currency: String,
    /// Where its days begin and its hours are read.
    #[serde(serialize_with = "timezone_name")]
    pub timezone: Tz,
    /// The first instant at which it holds; `None` since ever.
    pub starts_at: Option<DateTime<Utc>>,
    /// The first instant at which it holds no more; `None` for ever.
    pub ends_at: Option<DateTime<Utc>>,
    /// The shops it holds in; empty for every shop.
    #[serde(serialize_with = "rule::ids_or_null")]
    pub pos_config_ids: Vec<PosConfigId>,
    /// Who takes part.
    pub enrolment: Enrolment,
    /// How orders earn.
    pub earning: Earning,
    /// When points end; `None` for never.
    pub expiry: Option<ExpiryRule>,
    /// What holds for every reward.
    pub redemption: RedemptionRules,
    /// What points buy.
    pub rewards: Vec<Reward>,
}

/// When points end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpiryRule {
    /// Days from the day on which they were earned.
    pub after_days: u32,
    /// Whether they last to the end of the day, the month or the year that `after_days` leads to.
    pub granularity: Granularity,
}

/// What holds for every reward of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedemptionRules {
    /// Points a member must have available before spending any.
    pub minimum_points: AsWritten<Points>,
    /// The part of the order's total with tax that all its rewards together may take off, above 0 and at most 1.
    pub max_share_of_order: AsWritten<Decimal>,
    /// How long a hold stands before it ends by itself.
    pub hold_seconds: u32,
}

/// Whether a program has anything to do with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// It has.
    Yes,
    /// The order is another company's.
    OtherCompany,
    /// The order is in another currency.
    OtherCurrency,
    /// The order was made in a shop the program does not hold in, or in none that is known.
    OtherShop,
    /// The order was placed before the program starts, or when it has ended.
    OutsideDates,
}

impl Program {
    /// Whether this program has anything to do with `order`, and the first reason why not.
    ///
    /// It looks at company, currency, shop and `placed_at` alone. State and customer are the caller's: a
    /// draft is quoted, and only a paid order of an identified customer is posted.
    #[must_use]
    pub fn applies_to(&self, order: &Order) -> Applicability {
        let is_of = |company: &CompanyId| order.company_id == *company || order.parent_companies.contains(company);
        if !self.company_id.as_ref().is_none_or(is_of) {
            Applicability::OtherCompany
        } else if self.currency != order.currency {
            Applicability::OtherCurrency
        } else if !rule::shop_listed(&self.pos_config_ids, order.pos_config_id) {
            Applicability::OtherShop
        } else if self.holds_at(order.placed_at) {
            Applicability::Yes
        } else {
            Applicability::OutsideDates
        }
    }

    /// Whether `at` lies from `starts_at` to before `ends_at`.
    #[must_use]
    pub fn holds_at(&self, at: DateTime<Utc>) -> bool {
        self.starts_at.is_none_or(|start| start <= at) && self.ends_at.is_none_or(|end| at < end)
    }

    /// The reward of that code.
    #[must_use]
    pub fn reward(&self, code: &str) -> Option<&Reward> {
        self.rewards.iter().find(|reward| reward.code == code)
    }

    /// The first instant of a local day.
    #[must_use]
    pub fn beginning_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        first_instant_of(day, self.timezone)
    }

    /// How long a hold of this program stands.
    #[must_use]
    pub fn hold_seconds(&self) -> u32 {
        self.redemption.hold_seconds
    }

    /// When points earned at `earned_at` end: the first instant after the local day, month or year that
    /// `after_days` leads to. `None` when they never do.
    #[must_use]
    pub fn expires_at(&self, earned_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let expiry = self.expiry.as_ref()?;
        let earned_on = earned_at.with_timezone(&self.timezone).date_naive();
        let last_day = earned_on.checked_add_days(Days::new(u64::from(expiry.after_days)))?;
        let first_without = match expiry.granularity {
            Granularity::Day => return self.end_of(last_day),
            Granularity::Month => last_day.with_day(1)?.checked_add_months(Months::new(1))?,
            Granularity::Year => NaiveDate::from_ymd_opt(last_day.year().checked_add(1)?, 1, 1)?,
        };
        first_instant_of(first_without, self.timezone)
    }

    /// When a day is over where the program's days begin: the first instant of the day after it.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        first_instant_of(day.succ_opt()?, self.timezone)
    }
}

/// The first instant that a clock in `timezone` shows `day`. Where the clocks skip midnight, the day begins
/// at the end of the gap; where they show it twice, at the first of the two.
fn first_instant_of(day: NaiveDate, timezone: Tz) -> Option<DateTime<Utc>> {
    // No gap since 1970 is longer than the one day that Samoa left out in 2011, and all end on a full minute.
    const LONGEST_GAP_MINUTES: i64 = 2 * 24 * 60;
    let midnight = day.and_time(NaiveTime::MIN);
    (0..=LONGEST_GAP_MINUTES).find_map(|minutes| {
        let shown = midnight.checked_add_signed(TimeDelta::minutes(minutes))?;
        timezone.from_local_datetime(&shown).earliest().map(|instant| instant.with_timezone(&Utc))
    })
}

/// Serialises a timezone by its IANA name.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn timezone_name<S: serde::Serializer>(timezone: &Tz, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(timezone.name())
}

#[cfg(test)]
mod document_tests;
#[cfg(test)]
mod earning_examples;
#[cfg(test)]
mod earning_properties;
#[cfg(test)]
mod earning_tests;
#[cfg(test)]
mod eligible_examples;
#[cfg(test)]
mod pos_loyalty_rows;
#[cfg(test)]
mod pos_loyalty_tests;
#[cfg(test)]
mod refund_examples;
#[cfg(test)]
mod reward_examples;
#[cfg(test)]
mod reward_properties;
#[cfg(test)]
mod reward_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod shorthand;
#[cfg(test)]
mod time_tests;
pub mod version;
#[cfg(test)]
mod window_examples;
