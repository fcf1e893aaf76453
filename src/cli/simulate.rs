//! `program simulate`: what a document would have come to for the orders that were read, before it goes live.

use std::io::IsTerminal;
use std::path::Path;

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::document::read_document;
use super::opening::Opening;
use super::{Failure, Outcome, print};
use crate::config::Settings;
use crate::domain::program::authoring::forecast::{Basis, Forecast, MonthSum, PointsSum};
use crate::domain::program::{Enrolment, Program};
use crate::domain::value::exact;
use crate::domain::value::text::one_line;
use crate::ledger::{Simulated, Simulation, simulate};
use crate::odoo::Wallet;

pub(super) async fn run(
    settings: &Settings,
    opening: Opening,
    file: &Path,
    (since, until): (Option<NaiveDate>, Option<NaiveDate>),
    as_json: bool,
) -> Outcome {
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        return Err(Failure::Usage(format!("--until {until} is before --since {since}")));
    }
    let program = Program::from_json(&read_document(file)?)?;
    let pool = opening.pool(settings)?;
    let wallet = settings.odoo.as_ref().map_or(Wallet::default(), |odoo| odoo.wallet);
    let mut bar: Option<ProgressBar> = None;
    let on_terminal = std::io::stderr().is_terminal();
    let ask = Simulation { program: program.clone(), since, until, wallet };
    let simulated = simulate(&pool, ask, move |done, total| {
        if on_terminal {
            bar.get_or_insert_with(|| progress(total)).set_position(done);
        }
        if done >= total
            && let Some(bar) = &bar
        {
            bar.finish_and_clear();
        }
    })
    .await?;
    let shown = Shown { program: &program, simulated: &simulated };
    print(as_json, &shown.to_json(since, until), || shown.words(since, until));
    Ok(true)
}

fn progress(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("orders {wide_bar} {human_pos}/{human_len} ({eta} left)") {
        bar.set_style(style);
    }
    bar
}

struct Shown<'a> {
    program: &'a Program,
    simulated: &'a Simulated,
}

impl Shown<'_> {
    fn forecast(&self) -> &Forecast {
        &self.simulated.forecast
    }

    /// A computed amount with the currency's digits.
    fn money(&self, amount: Decimal) -> String {
        let digits = self.simulated.currency_decimals;
        let mut rounded = amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(digits);
        rounded.to_string()
    }

    /// A part of the members' sales.
    fn share(&self, amount: Decimal) -> Option<Decimal> {
        exact::div(amount, self.forecast().member_sales.decimal())
            .ok()
            .filter(|_| self.forecast().member_sales.is_positive())
    }

    fn to_json(&self, since: Option<NaiveDate>, until: Option<NaiveDate>) -> Value {
        let forecast = self.forecast();
        let orders = forecast.orders;
        let points = |sum: &PointsSum| {
            json!({
                "earned": sum.earned.to_string(),
                "taken_back": sum.taken_back.to_string(),
                "expired": sum.expired.to_string(),
                "left": sum.left().ok().map(|left| left.to_string()),
            })
        };
        let money = |amount: Option<Decimal>| amount.map(|amount| self.money(amount));
        let share = |amount: Option<Decimal>| {
            amount.and_then(|amount| self.share(amount)).map(|share| share.round_dp(6).normalize().to_string())
        };
        json!({
            "program": self.program.code,
            "currency": self.program.currency,
            "since": since,
            "until": until,
            "as_of": self.simulated.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "everyone_enrolled": self.program.enrolment == Enrolment::Explicit,
            "orders": {
                "read": orders.read,
                "counted": orders.counted,
                "earning": orders.earning,
                "not_paid": orders.not_paid,
                "ignored": orders.ignored,
                "outside": orders.outside,
                "without_customer": orders.without_customer,
            },
            "sales": self.money(forecast.sales.decimal()),
            "member_sales": self.money(forecast.member_sales.decimal()),
            "points": points(&forecast.points),
            "rules": forecast.rules.iter().map(|(code, sum)| json!({
                "rule": code, "orders": sum.orders, "points": sum.points.round_dp(2).normalize().to_string(),
            })).collect::<Vec<_>>(),
            "rounding": forecast.rounding.round_dp(2).normalize().to_string(),
            "months": forecast.months.iter().map(|(month, sum)| json!({
                "month": month, "orders": sum.orders, "sales": self.money(sum.sales.decimal()),
                "points": points(&sum.points),
            })).collect::<Vec<_>>(),
            "members": {
                "all": forecast.members,
                "with_points": forecast.with_points,
                "average_points": forecast.average.normalize().to_string(),
                "percentiles": forecast.spread.iter().map(|(share, points)| json!({
                    "percent": share, "points": points.to_string(),
                })).collect::<Vec<_>>(),
                "top": forecast.top.iter().map(|(id, member)| json!({
                    "partner_id": id.0, "name": self.simulated.names.get(id), "points": member.points.to_string(),
                    "orders": member.orders, "sales": self.money(member.sales.decimal()),
                })).collect::<Vec<_>>(),
            },
            "cost": {
                "best_worth_of_a_point": forecast.best_worth.as_ref().map(|(worth, _)| worth.normalize().to_string()),
                "by_reward": forecast.best_worth.as_ref().map(|(_, reward)| reward),
                "liability": money(forecast.liability),
                "share_of_member_sales": share(forecast.liability),
            },
            "rewards": forecast.rewards.iter().map(|reward| json!({
                "reward": reward.code, "name": reward.name, "points_needed": reward.needed.to_string(),
                "members": reward.members, "cost": money(reward.cost), "basis": reward.basis.as_str(),
                "share_of_member_sales": share(reward.cost),
            })).collect::<Vec<_>>(),
            "seconds": self.simulated.took.as_secs_f64(),
            "reading_seconds": self.simulated.reading.as_secs_f64(),
            "sql_seconds": self.simulated.sql.as_secs_f64(),
            "computing_seconds": self.simulated.computing.as_secs_f64(),
        })
    }

    fn words(&self, since: Option<NaiveDate>, until: Option<NaiveDate>) -> String {
        let forecast = self.forecast();
        let orders = forecast.orders;
        let span = match (since, until) {
            (None, None) => String::new(),
            (Some(since), None) => format!(" since {since}"),
            (None, Some(until)) => format!(" until {until}"),
            (Some(since), Some(until)) => format!(" from {since} to {until}"),
        };
        let mut lines = vec![format!(
            "{} ({}) as if it alone had been in force{span}. Nothing was changed.",
            self.program.name, self.program.code
        )];
        if self.program.enrolment == Enrolment::Explicit {
            lines.push("It asks customers to enrol: this is as if everyone had been enrolled all the time.".to_owned());
        }
        if orders.read == 0 {
            lines.push("No orders were read of that time: run `loyalty-sidecar sync` first.".to_owned());
            return lines.join("\n");
        }
        lines.push(String::new());
        lines.push(format!(
            "Orders     {} read, {} of members counted, {} earn",
            orders.read, orders.counted, orders.earning
        ));
        for (number, what) in [
            (orders.without_customer, "without a customer"),
            (orders.ignored, "in another currency or company (ignored)"),
            (orders.outside, "in other shops or at other times than the program's"),
            (orders.not_paid, "not paid"),
        ] {
            if number > 0 {
                lines.push(format!("           {number} {what}"));
            }
        }
        lines.push(format!(
            "Sales      {} {}, {} of it by members",
            self.money(forecast.sales.decimal()),
            self.program.currency,
            self.money(forecast.member_sales.decimal())
        ));
        let sum = &forecast.points;
        let left = sum.left().map_or_else(|_| "?".to_owned(), |left| left.to_string());
        lines.push(format!(
            "Points     {} earned, {} taken back by refunds, {} expired: {left} left",
            sum.earned, sum.taken_back, sum.expired
        ));
        self.rules(&mut lines);
        self.months(&mut lines);
        self.members(&mut lines);
        self.cost(&mut lines);
        lines.join("\n")
    }

    fn rules(&self, lines: &mut Vec<String>) {
        let forecast = self.forecast();
        let mut rows: Vec<[String; 3]> = vec![["rule".into(), "orders".into(), "points".into()]];
        let points = |points: Decimal| points.round_dp(2).normalize().to_string();
        rows.extend(
            forecast.rules.iter().map(|(code, sum)| [code.clone(), sum.orders.to_string(), points(sum.points)]),
        );
        if !forecast.rounding.is_zero() {
            rows.push(["(rounding)".into(), String::new(), points(forecast.rounding)]);
        }
        table(lines, &rows);
    }

    fn months(&self, lines: &mut Vec<String>) {
        let head = ["month", "orders", "sales", "earned", "taken back", "expired"].map(str::to_owned);
        let row = |(month, sum): &(String, MonthSum)| {
            [
                month.clone(),
                sum.orders.to_string(),
                self.money(sum.sales.decimal()),
                sum.points.earned.to_string(),
                sum.points.taken_back.to_string(),
                sum.points.expired.to_string(),
            ]
        };
        let rows: Vec<[String; 6]> = std::iter::once(head).chain(self.forecast().months.iter().map(row)).collect();
        table(lines, &rows);
    }

    fn members(&self, lines: &mut Vec<String>) {
        let forecast = self.forecast();
        lines.push(String::new());
        lines.push(format!(
            "Members    {} bought, {} have points left, {} on average",
            forecast.members,
            forecast.with_points,
            forecast.average.normalize()
        ));
        let spread: Vec<String> = forecast
            .spread
            .iter()
            .map(|(share, points)| match share {
                50 => format!("half have {points} or less"),
                100 => format!("the most is {points}"),
                _ => format!("{share} % {points} or less"),
            })
            .collect();
        if !spread.is_empty() {
            lines.push(format!("           {}", spread.join(", ")));
        }
        let head = ["member", "name", "points", "orders", "sales"].map(str::to_owned);
        let top = forecast.top.iter().map(|(id, member)| {
            [
                id.to_string(),
                self.simulated.names.get(id).map(|name| one_line(name).into_owned()).unwrap_or_default(),
                member.points.to_string(),
                member.orders.to_string(),
                self.money(member.sales.decimal()),
            ]
        });
        table(lines, &std::iter::once(head).chain(top).collect::<Vec<_>>());
    }

    fn cost(&self, lines: &mut Vec<String>) {
        let forecast = self.forecast();
        let percent = |amount: Decimal| {
            let share = self.share(amount).and_then(|share| exact::mul(share, Decimal::ONE_HUNDRED).ok());
            share.map_or_else(String::new, |share| format!("{} %", share.round_dp(2).normalize()))
        };
        lines.push(String::new());
        lines.push(match (&forecast.best_worth, forecast.liability) {
            (Some((worth, reward)), Some(liability)) => {
                let share = percent(liability);
                let share = if share.is_empty() { share } else { format!(", {share} of members' sales") };
                format!(
                    "Cost       {} {} if all points that are left are spent (a point takes off {} with {reward}){share}",
                    self.money(liability),
                    self.program.currency,
                    worth.normalize()
                )
            }
            _ => "Cost       no reward says what a point is worth in money".to_owned(),
        });
        if forecast.rewards.is_empty() {
            return;
        }
        let head = ["reward", "needs", "members", "costs, once each", "of sales", "by"].map(str::to_owned);
        let rows = forecast.rewards.iter().map(|reward| {
            let basis = match reward.basis {
                Basis::Amount => "its amount",
                Basis::AllPoints => "all their points",
                Basis::AverageOrder => "the average order",
                Basis::Maximum => "its maximum",
                Basis::AveragePrice => "what it sold for",
                Basis::Unknown => "never sold here",
            };
            [
                reward.code.clone(),
                reward.needed.to_string(),
                reward.members.to_string(),
                reward.cost.map_or_else(|| "?".to_owned(), |cost| self.money(cost)),
                reward.cost.map_or_else(String::new, percent),
                basis.to_owned(),
            ]
        });
        table(lines, &std::iter::once(head).chain(rows).collect::<Vec<_>>());
    }
}

/// Rows with their first column to the left, the others to the right; the first row is the head.
fn table<const COLUMNS: usize>(lines: &mut Vec<String>, rows: &[[String; COLUMNS]]) {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    lines.push(String::new());
    for row in rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        lines.push(format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned());
    }
}
