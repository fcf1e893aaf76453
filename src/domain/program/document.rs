//! The program document: JSON in, a valid [`Program`] out, and back.
//!
//! Required are `code`, `name` and `currency`, and of each rule and reward its `code`, `kind` and what the
//! kind needs. Everything else has a default, and absent, `null` and the default are the same.

use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::Value;

use super::number::AsWritten;
use super::reader::{InvalidProgram, Least, Node, ObjectMembers, Read};
use super::rule::{
    Base, Earning, Enrolment, Granularity, Reward, RewardKind, RewardLimit, Rounding, Rule, RuleKind, Stacking, Step,
};
use super::window::{HourSpan, Window};
use super::{ExpiryRule, Program, RedemptionRules};
use crate::domain::catalog::scope::Scope;
use crate::domain::value::ids::{
    CompanyId, PartnerTagId, PosCategoryId, PosConfigId, ProductCategoryId, ProductId, ProductTagId,
};
use crate::domain::value::points::Points;

const PROGRAM: &[&str] = &[
    "code",
    "name",
    "points_name",
    "company_id",
    "currency",
    "timezone",
    "starts_at",
    "ends_at",
    "pos_config_ids",
    "enrolment",
    "earning",
    "expiry",
    "redemption",
    "rewards",
];
const EARNING: &[&str] = &["base", "rounding", "decimals", "stacking", "rules"];
const RULE: &[&str] =
    &["code", "kind", "scope", "window", "min_order_amount", "min_quantity", "partner_tag_ids", "pos_config_ids"];
const RULE_KINDS: &[(&str, &[&str])] = &[
    ("per_amount", &["every", "points", "step"]),
    ("per_unit", &["points"]),
    ("per_order", &["points"]),
    ("multiplier", &["factor"]),
];
const SCOPE: &[&str] = &[
    "pos_category_ids",
    "product_category_ids",
    "product_ids",
    "product_tag_ids",
    "exclude_pos_category_ids",
    "exclude_product_category_ids",
    "exclude_product_ids",
    "exclude_product_tag_ids",
];
const WINDOW: &[&str] = &["from", "to", "weekdays", "hours"];
const EXPIRY: &[&str] = &["after_days", "granularity"];
const REDEMPTION: &[&str] = &["minimum_points", "max_share_of_order", "hold_seconds"];
const LIMIT: &[&str] = &["count", "days"];
const REWARD: &[&str] = &["code", "name", "kind", "minimum_points", "window", "limit"];
const REWARD_KINDS: &[(&str, &[&str])] = &[
    ("discount_amount", &["points", "amount", "scope"]),
    ("discount_percent", &["points", "percent", "max_amount", "scope"]),
    ("discount_per_point", &["rate"]),
    ("free_product", &["points", "product_id", "quantity"]),
    ("product_at_price", &["points", "product_id", "price"]),
];

const LONGEST_NAME: usize = 200;
const LONGEST_POINTS_NAME: usize = 60;
const MOST_RULES: usize = 200;
const MOST_REWARDS: usize = 200;
/// A hundred years.
const MOST_DAYS: i64 = 36_500;
const DEFAULT_HOLD_SECONDS: u32 = 900;
/// Past this a limit limits nothing.
const MOST_USES: i64 = 1_000_000;
const MOST_HOLD_SECONDS: i64 = 86_400;
const ZERO_POINTS: AsWritten<Points> = AsWritten::new(Points::ZERO, Decimal::ZERO);
const ONE: AsWritten<Decimal> = AsWritten::new(Decimal::ONE, Decimal::ONE);

impl Program {
    /// Reads a document and refuses what is wrong with it.
    ///
    /// Decimals may be texts or JSON numbers; either is read exactly (`serde_json`'s `arbitrary_precision`).
    ///
    /// # Errors
    /// [`InvalidProgram`], the first thing found, with its place.
    pub fn from_json(document: &Value) -> Result<Self, InvalidProgram> {
        program(&Node::root(document))
    }

    /// The document: every default filled in, decimals as texts the way they were written, times in UTC.
    /// Reading it again gives an equal program.
    #[must_use]
    pub fn to_json(&self) -> Value {
        // Nothing in a program can fail to serialise: no map has keys other than texts. A test reads it back.
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn program(node: &Node<'_>) -> Read<Program> {
    let members = node.object("a program", PROGRAM)?;
    let code = members.require("code")?.code()?;
    let name = members.require("name")?.text(LONGEST_NAME)?;
    let currency = currency(&members.require("currency")?)?;
    let starts_at = members.optional("starts_at", Node::instant)?;
    let ends_at = members.optional("ends_at", |node| {
        let end = node.instant()?;
        match starts_at {
            Some(start) if start >= end => Err(node.refuse("This must be later than starts_at.")),
            _ => Ok(end),
        }
    })?;
    Ok(Program {
        code,
        name,
        points_name: members.or("points_name", "points".to_owned(), |node| node.text(LONGEST_POINTS_NAME))?,
        company_id: members.optional("company_id", |node| node.id().map(CompanyId))?,
        currency,
        timezone: members.or("timezone", Tz::UTC, timezone)?,
        starts_at,
        ends_at,
        pos_config_ids: members.or("pos_config_ids", Vec::new(), |node| node.ids(PosConfigId))?,
        enrolment: members.or("enrolment", Enrolment::Automatic, |node| node.word(Enrolment::WORDS))?,
        earning: earning(&members.part("earning", "the earning part", EARNING)?)?,
        expiry: expiry(&members.part("expiry", "the expiry part", EXPIRY)?)?,
        redemption: redemption(&members.part("redemption", "the redemption part", REDEMPTION)?)?,
        rewards: members.or("rewards", Vec::new(), rewards)?,
    })
}

fn currency(node: &Node<'_>) -> Read<String> {
    let code = node.text(LONGEST_NAME)?;
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(node.refuse(format!("A currency is its ISO 4217 code, three capital letters such as USD, not {code:?}.")))
}

fn timezone(node: &Node<'_>) -> Read<Tz> {
    let name = node.text(LONGEST_NAME)?;
    name.parse().map_err(|_| {
        node.refuse(format!("{name:?} is no timezone: give a name of the IANA database, such as Europe/Paris or UTC."))
    })
}

fn earning(members: &ObjectMembers<'_>) -> Read<Earning> {
    Ok(Earning {
        base: members.or("base", Base::TaxIncluded, |node| node.word(Base::WORDS))?,
        rounding: members.or("rounding", Rounding::Down, |node| node.word(Rounding::WORDS))?,
        decimals: members.or("decimals", 0, |node| bounded(node, 0, i64::from(Points::DECIMALS)))?,
        stacking: members.or("stacking", Stacking::Highest, |node| node.word(Stacking::WORDS))?,
        rules: members
            .or("rules", Vec::new(), |node| distinct_codes("rule", &node.list(MOST_RULES)?, rule, |rule| &rule.code))?,
    })
}

/// A small whole number.
fn bounded(node: &Node<'_>, least: i64, most: i64) -> Read<u32> {
    u32::try_from(node.integer(least, most)?).map_err(|_| node.refuse("This number is too large."))
}

/// Reads each of `nodes` and refuses a code that an earlier one has.
fn distinct_codes<T>(
    what: &str,
    nodes: &[Node<'_>],
    read: impl Fn(&Node<'_>) -> Read<T>,
    code: impl Fn(&T) -> &String,
) -> Read<Vec<T>> {
    let mut all: Vec<T> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let item = read(node)?;
        if let Some(earlier) = all.iter().position(|earlier| code(earlier) == code(&item)) {
            return Err(InvalidProgram {
                path: format!("{}/code", node.path()),
                message: format!(
                    "{:?} is already the code of {what} {earlier} (counted from 0): give each {what} its own.",
                    code(&item)
                ),
            });
        }
        all.push(item);
    }
    Ok(all)
}

/// An object with a `kind`, and the kind's name: every member is known to some kind, and meant by this one.
fn of_kind<'a>(
    node: &Node<'a>,
    what: &'static str,
    common: &[&str],
    kinds: &[(&'static str, &'static [&'static str])],
) -> Read<(ObjectMembers<'a>, &'static str)> {
    let mut known: Vec<&str> = common.to_vec();
    for own in kinds.iter().flat_map(|(_, own)| *own) {
        if !known.contains(own) {
            known.push(own);
        }
    }
    let members = node.object(what, &known)?;
    let by_name: Vec<_> = kinds.iter().map(|kind| (kind.0, *kind)).collect();
    let (kind, own) = members.require("kind")?.word(&by_name)?;
    members.only(kind, &[common, own])?;
    Ok((members, kind))
}

fn rule(node: &Node<'_>) -> Read<Rule> {
    let (members, kind) = of_kind(node, "a rule", RULE, RULE_KINDS)?;
    let points = || members.require("points")?.points(Least::AboveZero);
    Ok(Rule {
        code: members.require("code")?.code()?,
        kind: match kind {
            "per_amount" => RuleKind::PerAmount {
                every: members.require("every")?.money(Least::AboveZero)?,
                points: points()?,
                step: members.or("step", Step::Whole, |node| node.word(Step::WORDS))?,
            },
            "per_unit" => RuleKind::PerUnit { points: points()? },
            "per_order" => RuleKind::PerOrder { points: points()? },
            _ => RuleKind::Multiplier { factor: members.require("factor")?.ratio(Least::AboveZero, None)? },
        },
        scope: scope(&members.part("scope", "a scope", SCOPE)?)?,
        window: window(&members.part("window", "a window", WINDOW)?)?,
        // A minimum of zero is none.
        min_order_amount: members
            .optional("min_order_amount", |node| node.money(Least::Zero))?
            .filter(|minimum| minimum.value.is_positive()),
        min_quantity: members
            .optional("min_quantity", |node| node.ratio(Least::Zero, None))?
            .filter(|minimum| minimum.value > Decimal::ZERO),
        partner_tag_ids: members.or("partner_tag_ids", Vec::new(), |node| node.ids(PartnerTagId))?,
        pos_config_ids: members.or("pos_config_ids", Vec::new(), |node| node.ids(PosConfigId))?,
    })
}

fn scope(members: &ObjectMembers<'_>) -> Read<Scope> {
    Ok(Scope {
        pos_category_ids: members.or("pos_category_ids", Vec::new(), |node| node.ids(PosCategoryId))?,
        product_category_ids: members.or("product_category_ids", Vec::new(), |node| node.ids(ProductCategoryId))?,
        product_ids: members.or("product_ids", Vec::new(), |node| node.ids(ProductId))?,
        product_tag_ids: members.or("product_tag_ids", Vec::new(), |node| node.ids(ProductTagId))?,
        exclude_pos_category_ids: members.or("exclude_pos_category_ids", Vec::new(), |node| node.ids(PosCategoryId))?,
        exclude_product_category_ids: members
            .or("exclude_product_category_ids", Vec::new(), |node| node.ids(ProductCategoryId))?,
        exclude_product_ids: members.or("exclude_product_ids", Vec::new(), |node| node.ids(ProductId))?,
        exclude_product_tag_ids: members.or("exclude_product_tag_ids", Vec::new(), |node| node.ids(ProductTagId))?,
    })
}

/// A window that restricts nothing is none.
fn window(members: &ObjectMembers<'_>) -> Read<Option<Window>> {
    let from = members.optional("from", Node::date)?;
    let window = Window {
        from,
        to: members.optional("to", |node| {
            let to = node.date()?;
            match from {
                Some(from) if from > to => Err(node.refuse("This must not be before “from”.")),
                _ => Ok(to),
            }
        })?,
        weekdays: members.or("weekdays", Vec::new(), weekdays)?,
        hours: members.optional("hours", hours)?,
    };
    Ok((window != Window::default()).then_some(window))
}

fn weekdays(node: &Node<'_>) -> Read<Vec<u8>> {
    let mut days: Vec<u8> = Vec::new();
    for item in node.list(7)? {
        let day = item.integer(1, 7).ok().and_then(|day| u8::try_from(day).ok());
        let day = day.ok_or_else(|| item.refuse("A weekday is a number from 1 (Monday) to 7 (Sunday)."))?;
        if days.contains(&day) {
            return Err(item.refuse(format!("Weekday {day} is listed twice: name it once.")));
        }
        days.push(day);
    }
    Ok(days)
}

fn hours(node: &Node<'_>) -> Read<HourSpan> {
    let items = node.list(2)?;
    let [from, to] = items.as_slice() else {
        return Err(node.refuse("Hours are two times of day, from and to, such as [\"09:00\", \"13:00\"]."));
    };
    let span = HourSpan { from: from.minutes()?, to: to.minutes()? };
    if span.from == span.to {
        return Err(node.refuse("These hours end when they begin: leave them out for the whole day."));
    }
    if span.from == 24 * 60 {
        return Err(from.refuse("A day begins at \"00:00\"; only the end may be \"24:00\"."));
    }
    Ok(span)
}

/// Nothing said is no expiry; a granularity alone is half a sentence.
fn expiry(members: &ObjectMembers<'_>) -> Read<Option<ExpiryRule>> {
    if members.is_empty() {
        return Ok(None);
    }
    Ok(Some(ExpiryRule {
        after_days: bounded(&members.require("after_days")?, 0, MOST_DAYS)?,
        granularity: members.or("granularity", Granularity::Day, |node| node.word(Granularity::WORDS))?,
    }))
}

fn redemption(members: &ObjectMembers<'_>) -> Read<RedemptionRules> {
    Ok(RedemptionRules {
        minimum_points: members.or("minimum_points", ZERO_POINTS, |node| node.points(Least::Zero))?,
        max_share_of_order: members
            .or("max_share_of_order", ONE, |node| node.ratio(Least::AboveZero, Some(Decimal::ONE)))?,
        hold_seconds: members.or("hold_seconds", DEFAULT_HOLD_SECONDS, |node| bounded(node, 1, MOST_HOLD_SECONDS))?,
    })
}

fn rewards(node: &Node<'_>) -> Read<Vec<Reward>> {
    distinct_codes("reward", &node.list(MOST_REWARDS)?, reward, |reward| &reward.code)
}

fn reward(node: &Node<'_>) -> Read<Reward> {
    let (members, kind) = of_kind(node, "a reward", REWARD, REWARD_KINDS)?;
    let points = || members.require("points")?.points(Least::AboveZero);
    let product_id = || members.require("product_id")?.id().map(ProductId);
    let code = members.require("code")?.code()?;
    Ok(Reward {
        name: members.or("name", code.clone(), |node| node.text(LONGEST_NAME))?,
        code,
        kind: match kind {
            "discount_amount" => RewardKind::DiscountAmount {
                points: points()?,
                amount: members.require("amount")?.money(Least::AboveZero)?,
            },
            "discount_percent" => RewardKind::DiscountPercent {
                points: points()?,
                percent: members.require("percent")?.ratio(Least::AboveZero, Some(Decimal::ONE_HUNDRED))?,
                max_amount: members.optional("max_amount", |node| node.money(Least::AboveZero))?,
            },
            "free_product" => RewardKind::FreeProduct {
                points: points()?,
                product_id: product_id()?,
                quantity: members.or("quantity", ONE, |node| node.ratio(Least::AboveZero, None))?,
            },
            "product_at_price" => RewardKind::ProductAtPrice {
                points: points()?,
                product_id: product_id()?,
                price: members.require("price")?.money(Least::Zero)?,
            },
            _ => RewardKind::DiscountPerPoint { rate: members.require("rate")?.ratio(Least::AboveZero, None)? },
        },
        minimum_points: members.or("minimum_points", ZERO_POINTS, |node| node.points(Least::Zero))?,
        scope: scope(&members.part("scope", "a scope", SCOPE)?)?,
        window: window(&members.part("window", "a window", WINDOW)?)?,
        limit: limit(&members.part("limit", "a limit", LIMIT)?)?,
    })
}

/// Nothing said is no limit; days alone are half a sentence.
fn limit(members: &ObjectMembers<'_>) -> Read<Option<RewardLimit>> {
    if members.is_empty() {
        return Ok(None);
    }
    Ok(Some(RewardLimit {
        count: bounded(&members.require("count")?, 1, MOST_USES)?,
        days: members.optional("days", |node| bounded(node, 1, MOST_DAYS))?,
    }))
}
