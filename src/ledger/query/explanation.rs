//! Why an entry is what it is: exact enough to be computed again by hand, and with names, money and products as people say
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::entry::NamedEntry;
use super::{Queries, names};
use crate::domain::ledger::account::{Expiry, LotChange};
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::hold::Hold;
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{Earned, EarnedLine, Program, Rounding, Rule, RuleKind};
use crate::domain::refusal::Refusal;
use crate::domain::value::as_text;
use crate::domain::value::exact;
use crate::domain::value::ids::{EntryId, PartnerId, ProductId};
use crate::domain::value::money::{CurrencyAmount, Money};
use crate::domain::value::points::Points;
use crate::ledger::error::LedgerError;
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::{entries, holds};
use crate::store::{self, AnyConnection};

/// Digits of a rule's points that are shown: more are traces of divisions.
const POINTS_SHOWN: u32 = 4;

/// Why an entry is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The entry.
    pub entry: NamedEntry,
    /// Whose it is.
    pub partner_id: PartnerId,
    /// The program's code.
    pub program: String,
    /// The program's name.
    pub program_name: String,
    /// What its points are called.
    pub points_name: String,
    /// The currency of the version that computed it.
    pub currency: Option<String>,
    /// The digits of that.
    pub currency_decimals: u32,
    /// The version that computed it.
    pub version: Option<i64>,
    /// The document of that, while it can be read.
    pub document: Option<Arc<Program>>,
    /// What each rule saw and made of it.
    pub rules: Vec<ExplainedRule>,
    /// What each rule gave each line.
    pub lines: Vec<ExplainedLine>,
    /// The sum of the lines' points.
    #[serde(serialize_with = "as_text::serialize_decimal_or_null")]
    pub total_before_rounding: Option<Decimal>,
    /// How that was rounded.
    pub rounding: Option<ExplainedRounding>,
    /// To what.
    pub rounded: Option<Points>,
    /// What of it had been posted before.
    #[serde(serialize_with = "as_text::serialize_decimal_or_null")]
    pub posted_before: Option<Decimal>,
    /// What the entry added to which lots, or took from them.
    pub lots: Vec<ExplainedLot>,
    /// What was redeemed.
    pub redeemed: Option<RedeemedReward>,
    /// The entries that take this one back.
    pub reversed_by: Vec<String>,
    /// The entry that this one takes back.
    pub reverses: Option<String>,
}

/// What a rule saw of a sale, and what it made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedRule {
    /// Its code.
    pub code: String,
    /// Its kind; null in a version that cannot be read.
    pub kind: Option<&'static str>,
    /// Whether each full amount pays, or a part of it too.
    pub step: Option<&'static str>,
    /// The amount that pays once.
    pub every: Option<CurrencyAmount>,
    /// What that, a unit or the order pays.
    pub points_each: Option<Points>,
    /// The money it saw.
    pub amount: Option<CurrencyAmount>,
    /// The units it saw.
    #[serde(serialize_with = "as_text::serialize_decimal_or_null")]
    pub quantity: Option<Decimal>,
    /// What it made, multiplied.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub points: Decimal,
    /// The multipliers that its lines had.
    pub multipliers: Vec<ExplainedMultiplier>,
}

/// A multiplier, and on which products it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedMultiplier {
    /// Its code.
    pub code: String,
    /// Its factor.
    #[serde(serialize_with = "as_text::serialize_decimal")]
    pub factor: Decimal,
    /// The products.
    pub product_ids: BTreeSet<ProductId>,
    /// Their names, in the same order.
    pub product_names: Vec<Option<String>>,
}

/// What a rule gave one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedLine {
    /// As it was computed.
    #[serde(flatten)]
    pub earned: EarnedLine,
    /// The product's name.
    pub product_name: Option<String>,
}

/// How a total was rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedRounding {
    /// Which way.
    pub mode: Rounding,
    /// To how many decimals.
    pub decimals: u32,
}

/// What an entry added to a lot, or took from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedLot {
    /// When the lot ends; null for never.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub expires_at: Option<DateTime<Utc>>,
    /// How many points.
    pub points: Points,
}

/// The reward that an entry paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedeemedReward {
    /// Its code.
    pub reward: String,
    /// Its name, while a version has it.
    pub name: Option<String>,
    /// Its kind, likewise.
    pub kind: Option<&'static str>,
    /// What it cost.
    pub points: Points,
    /// What it took off.
    pub discount: CurrencyAmount,
    /// In which currency.
    pub currency: Option<String>,
    /// The product that it gave.
    pub product_id: Option<ProductId>,
}

impl Queries<'_> {
    /// Why an entry is what it is.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntry`]
    pub async fn explain(self, entry_id: String) -> Result<Explanation, LedgerError> {
        let context = Arc::clone(self.0.context());
        self.0
            .pool()
            .run(move |conn| {
                let unknown = || LedgerError::from(Refusal::UnknownEntry(entry_id.clone()));
                let id = EntryId::parse(&entry_id).ok_or_else(unknown)?;
                let row = entries::find(conn, id)?.ok_or_else(unknown)?;
                let entry = entries::with_texts(conn, &[row])?.pop().ok_or_else(unknown)?;
                let earned = entry.detail.earned.as_deref().and_then(Earned::from_text);
                let ids = BTreeSet::from([entry.account_id]);
                let known = accounts::load(conn, &AccountSelection::Ids(&ids))?;
                let account = known.first().map(|one| &one.account).ok_or_else(unknown)?;
                let all_versions = context.programs.all_versions(conn)?;
                let program_versions =
                    all_versions.iter().find(|one| one.id == account.program_id).ok_or_else(unknown)?;
                let hold = match entry.hold_id {
                    Some(id) => holds::load(conn, holds::HoldSelection::Ids(&[id]))?.remove(&id),
                    None => None,
                };
                let currency = currency_of(&entry, program_versions, hold.as_ref());
                let decimals = match &currency {
                    Some(code) => store::table::catalog::currency_decimals(conn, code)?,
                    None => 2,
                };
                let products = names::products(conn, &products_in(earned.as_ref()))?;
                let about = About {
                    member: account.partner_id,
                    program_versions,
                    hold: hold.as_ref(),
                    earned,
                    reversed_by: reversers(conn, &entry)?,
                    products,
                    currency,
                    decimals,
                };
                about.explain(&entry)
            })
            .await
    }
}

/// The currency of the version that computed an entry.
fn currency_of(entry: &Entry, program_versions: &ProgramVersions, hold: Option<&Hold>) -> Option<String> {
    let number = entry.program_version.or_else(|| hold.map(|hold| hold.program_version));
    let version = number.and_then(|number| program_versions.version(number)).or_else(|| program_versions.latest());
    version.map(|version| version.program.currency.clone())
}

/// Entries that take this one back.
fn reversers(conn: &mut AnyConnection, entry: &Entry) -> Result<Vec<String>, LedgerError> {
    let mut related = match entry.sale {
        Some(sale) => entries::of_sale(conn, sale)?,
        None => Vec::new(),
    };
    if let Some(hold) = entry.hold_id {
        related.extend(entries::of_hold(conn, hold)?);
    }
    let own = entry.id.to_string();
    let mut found = Vec::new();
    for row in related {
        if row.numbers()?.detail.reverses.as_deref() == Some(own.as_str()) {
            found.push(row.id());
        }
    }
    Ok(found)
}

fn products_in(earned: Option<&Earned>) -> BTreeSet<ProductId> {
    earned.iter().flat_map(|earned| &earned.lines).filter_map(|line| line.product_id).collect()
}

/// What an explanation is made of, beside its entry.
struct About<'a> {
    member: PartnerId,
    program_versions: &'a ProgramVersions,
    hold: Option<&'a Hold>,
    /// How the sale's points were computed.
    earned: Option<Earned>,
    reversed_by: Vec<String>,
    products: BTreeMap<ProductId, String>,
    currency: Option<String>,
    /// The digits of the currency.
    decimals: u32,
}

impl About<'_> {
    fn explain(self, entry: &Entry) -> Result<Explanation, LedgerError> {
        let version = entry.program_version.and_then(|number| self.program_versions.version(number));
        let program = version.map(|version| &version.program);
        let earned = self.earned.as_ref();
        let lines = earned.map(|earned| earned.lines.as_slice()).unwrap_or_default();
        let rounded = earned.map(|earned| earned.points);
        let posted_before = rounded.map(|rounded| exact::sub(rounded.decimal(), entry.points.decimal())).transpose()?;
        Ok(Explanation {
            entry: NamedEntry::new(entry, self.member, self.program_versions, self.hold),
            partner_id: self.member,
            program: self.program_versions.code.clone(),
            program_name: self.program_versions.name().to_owned(),
            points_name: self.program_versions.points_name().to_owned(),
            currency_decimals: self.decimals,
            version: entry.program_version,
            document: program.map(Arc::clone),
            rules: self.rules(program.map(AsRef::as_ref), lines)?,
            lines: lines.iter().map(|line| self.named_line(line)).collect(),
            total_before_rounding: earned.map(|earned| earned.total_before_rounding),
            rounding: earned.map(|earned| ExplainedRounding { mode: earned.rounding, decimals: earned.decimals }),
            rounded,
            posted_before,
            lots: entry.detail.lots.iter().map(explained_lot).collect(),
            redeemed: self.hold.map(|hold| self.redeemed(hold)),
            reverses: entry.detail.reverses.clone(),
            currency: self.currency,
            reversed_by: self.reversed_by,
        })
    }

    /// What was redeemed.
    fn redeemed(&self, hold: &Hold) -> RedeemedReward {
        let version = self.program_versions.version(hold.program_version);
        let reward = version.and_then(|version| version.program.reward(&hold.reward));
        RedeemedReward {
            reward: hold.reward.clone(),
            name: reward.map(|reward| reward.name.clone()),
            kind: reward.map(|reward| reward.kind.as_str()),
            points: hold.points,
            discount: self.money(hold.discount),
            currency: self.currency.clone(),
            product_id: hold.product_id,
        }
    }

    fn named_line(&self, line: &EarnedLine) -> ExplainedLine {
        let product_name = line.product_id.and_then(|product| self.products.get(&product).cloned());
        ExplainedLine { earned: line.clone(), product_name }
    }

    /// What each rule saw and made of it, in the order of the lines.
    fn rules(&self, program: Option<&Program>, lines: &[EarnedLine]) -> Result<Vec<ExplainedRule>, LedgerError> {
        let mut codes: Vec<&str> = Vec::new();
        for line in lines {
            if !codes.contains(&line.rule.as_str()) {
                codes.push(&line.rule);
            }
        }
        codes.into_iter().map(|code| self.rule(program, code, lines)).collect()
    }

    fn rule(&self, program: Option<&Program>, code: &str, lines: &[EarnedLine]) -> Result<ExplainedRule, LedgerError> {
        let own: Vec<&EarnedLine> = lines.iter().filter(|line| line.rule == code).collect();
        let seen = exact::sum(own.iter().map(|line| line.base))?;
        let made = exact::sum(own.iter().map(|line| line.points))?;
        let kind = rule_of(program, code).map(|rule| &rule.kind);
        let (word, step, every, points_each) = match kind {
            Some(RuleKind::PerAmount { every, points, step }) => {
                (Some("per_amount"), Some(step.as_str()), Some(self.money(every.value)), Some(points.value))
            }
            Some(RuleKind::PerUnit { points }) => (Some("per_unit"), None, None, Some(points.value)),
            Some(RuleKind::PerOrder { points }) => (Some("per_order"), None, None, Some(points.value)),
            // A multiplier pays nothing by itself; a version that cannot be read says nothing.
            Some(RuleKind::Multiplier { .. }) | None => (None, None, None, None),
        };
        let is_money = matches!(kind, Some(RuleKind::PerAmount { .. } | RuleKind::PerOrder { .. }));
        let is_quantity = matches!(kind, Some(RuleKind::PerUnit { .. }));
        Ok(ExplainedRule {
            code: code.to_owned(),
            kind: word,
            step,
            every,
            points_each,
            amount: is_money.then(|| self.money_seen(seen)).transpose()?,
            quantity: is_quantity.then_some(seen),
            points: made.round_dp_with_strategy(POINTS_SHOWN, RoundingStrategy::MidpointAwayFromZero),
            multipliers: self.multipliers(program, &own),
        })
    }

    const fn money(&self, amount: Money) -> CurrencyAmount {
        CurrencyAmount { amount, decimals: self.decimals }
    }

    /// An amount as money. Shares of a discount end in a trace of a division, which is none; what is left of a smaller
    /// coin than the currency has is not shown, as it does not fill a step.
    fn money_seen(&self, amount: Decimal) -> Result<CurrencyAmount, LedgerError> {
        let without_trace = Money::from_decimal_rounded(amount)?;
        Ok(self.money(Money::floor_to(without_trace.decimal(), self.decimals)?))
    }

    /// The multipliers that a rule's lines had, each with its factor and on which products.
    fn multipliers(&self, program: Option<&Program>, lines: &[&EarnedLine]) -> Vec<ExplainedMultiplier> {
        let mut on: Vec<(&str, BTreeSet<ProductId>, Decimal)> = Vec::new();
        for line in lines {
            for code in &line.multipliers {
                let factor = match rule_of(program, code).map(|rule| &rule.kind) {
                    Some(RuleKind::Multiplier { factor }) => factor.value,
                    _ => line.factor,
                };
                match on.iter_mut().find(|(known, ..)| known == code) {
                    Some((_, products, _)) => products.extend(line.product_id),
                    None => on.push((code, line.product_id.into_iter().collect(), factor)),
                }
            }
        }
        on.into_iter()
            .map(|(code, product_ids, factor)| ExplainedMultiplier {
                code: code.to_owned(),
                factor,
                product_names: product_ids.iter().map(|product| self.products.get(product).cloned()).collect(),
                product_ids,
            })
            .collect()
    }
}

fn explained_lot(lot: &LotChange) -> ExplainedLot {
    let expires_at = match lot.expiry {
        Expiry::At(end) => Some(end),
        Expiry::Never => None,
    };
    ExplainedLot { expires_at, points: lot.points }
}

fn rule_of<'a>(program: Option<&'a Program>, code: &str) -> Option<&'a Rule> {
    program.and_then(|program| program.earning.rules.iter().find(|rule| rule.code == code))
}
