//! Why an entry is what it is: exact enough to be computed again by hand, and with names, money and products as people say
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::history::named_entry;
use super::names;
use crate::domain::ledger::account::Expiry;
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::hold::Hold;
use crate::domain::ledger::refusal::Refusal;
use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{Program, Rule, RuleKind, earned_from_text};
use crate::domain::value::exact;
use crate::domain::value::ids::{EntryId, PartnerId, ProductId};
use crate::domain::value::money::Money;
use crate::ledger::Ledger;
use crate::ledger::error::{LedgerError, decimal, time};
use crate::store::table::accounts::{self, AccountSelection};
use crate::store::table::{entries, holds};
use crate::store::{self, AnyConnection};

/// Digits of a rule's points that are shown: more are traces of divisions.
const POINTS_SHOWN: u32 = 4;

impl Ledger {
    /// Why an entry is what it is.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntry`]
    pub async fn explain(&self, entry_id: String) -> Result<Value, LedgerError> {
        let context = Arc::clone(self.context());
        self.pool()
            .run(move |conn| {
                let unknown = || LedgerError::from(Refusal::UnknownEntry(entry_id.clone()));
                let id = EntryId::parse(&entry_id).ok_or_else(unknown)?;
                let row = entries::find(conn, id)?.ok_or_else(unknown)?;
                let entry = entries::with_texts(conn, &[row])?.pop().ok_or_else(unknown)?;
                let earned = entry.detail.earned.as_deref().and_then(earned_from_text);
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

/// The lines of a stored computation.
fn lines_of(earned: Option<&Value>) -> &[Value] {
    earned.and_then(|earned| earned.get("lines")).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn product_of(line: &Value) -> Option<ProductId> {
    line.get("product_id").and_then(Value::as_i64).map(ProductId)
}

fn products_in(earned: Option<&Value>) -> BTreeSet<ProductId> {
    lines_of(earned).iter().filter_map(product_of).collect()
}

fn text_of<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

fn decimal_of(value: &Value, member: &str) -> Decimal {
    text_of(value, member).and_then(exact::parse).unwrap_or_default()
}

/// What an explanation is made of, beside its entry.
struct About<'a> {
    member: PartnerId,
    program_versions: &'a ProgramVersions,
    hold: Option<&'a Hold>,
    /// How the sale's points were computed.
    earned: Option<Value>,
    reversed_by: Vec<String>,
    products: BTreeMap<ProductId, String>,
    currency: Option<String>,
    /// The digits of the currency.
    decimals: u32,
}

impl About<'_> {
    fn explain(&self, entry: &Entry) -> Result<Value, LedgerError> {
        let version = entry.program_version.and_then(|number| self.program_versions.version(number));
        let program = version.map(|version| version.program.as_ref());
        let earned = self.earned.as_ref();
        let of_earned = |name: &str| earned.and_then(|earned| earned.get(name)).cloned();
        let rounding = earned.map(|earned| json!({"mode": earned.get("rounding"), "decimals": earned.get("decimals")}));
        let rounded = earned.map(|earned| decimal_of(earned, "points"));
        let posted_before = rounded.map(|rounded| exact::sub(rounded, entry.points.decimal())).transpose()?;
        Ok(json!({
            "entry": named_entry(entry, self.member, self.program_versions, self.hold),
            "partner_id": self.member.0,
            "program": self.program_versions.code,
            "program_name": self.program_versions.name(),
            "points_name": self.program_versions.points_name(),
            "currency": self.currency,
            "currency_decimals": self.decimals,
            "version": entry.program_version,
            "document": program.map(Program::to_json),
            "rules": self.rules(program, lines_of(earned))?,
            "lines": lines_of(earned).iter().map(|line| self.named_line(line)).collect::<Vec<_>>(),
            "total_before_rounding": of_earned("total_before_rounding"),
            "rounding": rounding,
            "rounded": rounded.map(decimal),
            "posted_before": posted_before.map(decimal),
            "lots": entry.detail.lots.iter().map(|lot| json!({
                "expires_at": match lot.expiry {
                    Expiry::At(end) => Some(time(end)),
                    Expiry::Never => None,
                },
                "points": lot.points.to_string(),
            })).collect::<Vec<_>>(),
            "redeemed": self.hold.map(|hold| self.redeemed(hold)),
            "reversed_by": self.reversed_by,
            "reverses": entry.detail.reverses,
        }))
    }

    /// What was redeemed.
    fn redeemed(&self, hold: &Hold) -> Value {
        let version = self.program_versions.version(hold.program_version);
        let reward = version.and_then(|version| version.program.reward(&hold.reward));
        json!({
            "reward": hold.reward,
            "name": reward.map(|reward| reward.name.as_str()),
            "kind": reward.map(|reward| reward.kind.as_str()),
            "points": hold.points.to_string(),
            "discount": hold.discount.to_text(self.decimals),
            "currency": self.currency,
            "product_id": hold.product_id.map(|id| id.0),
        })
    }

    fn named_line(&self, line: &Value) -> Value {
        let mut line = line.clone();
        let name = product_of(&line).and_then(|product| self.products.get(&product));
        if let Some(object) = line.as_object_mut() {
            object.insert("product_name".into(), json!(name));
        }
        line
    }

    /// What each rule saw and made of it, in the order of the lines.
    fn rules(&self, program: Option<&Program>, lines: &[Value]) -> Result<Vec<Value>, LedgerError> {
        let mut codes: Vec<&str> = Vec::new();
        for code in lines.iter().filter_map(|line| text_of(line, "rule")) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes.into_iter().map(|code| self.rule(program, code, lines)).collect()
    }

    fn rule(&self, program: Option<&Program>, code: &str, lines: &[Value]) -> Result<Value, LedgerError> {
        let own: Vec<&Value> = lines.iter().filter(|line| text_of(line, "rule") == Some(code)).collect();
        let seen = exact::sum(own.iter().map(|line| decimal_of(line, "base")))?;
        let made = exact::sum(own.iter().map(|line| decimal_of(line, "points")))?;
        let made = made.round_dp_with_strategy(POINTS_SHOWN, RoundingStrategy::MidpointAwayFromZero);
        let kind = rule_of(program, code).map(|rule| &rule.kind);
        let (word, step, every, each) = match kind {
            Some(RuleKind::PerAmount { every, points, step }) => (
                Some("per_amount"),
                Some(step.as_str()),
                Some(every.value.to_text(self.decimals)),
                Some(points.value.to_string()),
            ),
            Some(RuleKind::PerUnit { points }) => (Some("per_unit"), None, None, Some(points.value.to_string())),
            Some(RuleKind::PerOrder { points }) => (Some("per_order"), None, None, Some(points.value.to_string())),
            // A multiplier pays nothing by itself; a version that cannot be read says nothing.
            Some(RuleKind::Multiplier { .. }) | None => (None, None, None, None),
        };
        let is_money = matches!(kind, Some(RuleKind::PerAmount { .. } | RuleKind::PerOrder { .. }));
        let is_quantity = matches!(kind, Some(RuleKind::PerUnit { .. }));
        Ok(json!({
            "code": code,
            "kind": word,
            "step": step,
            "every": every,
            "points_each": each,
            "amount": is_money.then(|| self.money(seen)).transpose()?,
            "quantity": is_quantity.then(|| decimal(seen)),
            "points": decimal(made),
            "multipliers": self.multipliers(program, &own),
        }))
    }

    /// An amount as money. Shares of a discount end in a trace of a division, which is none; what is left of a smaller
    /// coin than the currency has is not shown, as it does not fill a step.
    fn money(&self, amount: Decimal) -> Result<String, LedgerError> {
        let without_trace = Money::from_decimal_rounded(amount)?;
        Ok(Money::floor_to(without_trace.decimal(), self.decimals)?.to_text(self.decimals))
    }

    /// The multipliers that a rule's lines had, each with its factor and on which products.
    fn multipliers(&self, program: Option<&Program>, lines: &[&Value]) -> Vec<Value> {
        let mut on: Vec<(&str, BTreeSet<ProductId>, Decimal)> = Vec::new();
        for line in lines {
            let codes = line.get("multipliers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for code in codes.iter().filter_map(Value::as_str) {
                let factor = match rule_of(program, code).map(|rule| &rule.kind) {
                    Some(RuleKind::Multiplier { factor }) => factor.value,
                    _ => decimal_of(line, "factor"),
                };
                match on.iter_mut().find(|(known, ..)| *known == code) {
                    Some((_, products, _)) => products.extend(product_of(line)),
                    None => on.push((code, product_of(line).into_iter().collect(), factor)),
                }
            }
        }
        on.into_iter()
            .map(|(code, products, factor)| {
                json!({
                    "code": code,
                    "factor": decimal(factor),
                    "product_ids": products.iter().map(|product| product.0).collect::<Vec<_>>(),
                    "product_names": products.iter().map(|product| self.products.get(product)).collect::<Vec<_>>(),
                })
            })
            .collect()
    }
}

fn rule_of<'a>(program: Option<&'a Program>, code: &str) -> Option<&'a Rule> {
    program.and_then(|program| program.earning.rules.iter().find(|rule| rule.code == code))
}
