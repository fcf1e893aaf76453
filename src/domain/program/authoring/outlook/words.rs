//! An outlook in sentences, with the names behind ids.

use super::{KnownCatalog, Outlook, WhyNot};
use crate::domain::program::Program;
use crate::domain::value::ids::{CompanyId, PosConfigId};

/// A record with its name, as far as it is known.
pub(super) fn named(id: impl std::fmt::Display, name: Option<&str>) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{id} “{name}”"),
        None => id.to_string(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

impl KnownCatalog {
    /// A company with its name.
    #[must_use]
    pub fn company(&self, id: CompanyId) -> String {
        named(id, self.companies.get(&id).map(String::as_str))
    }

    /// A till with its name.
    #[must_use]
    pub fn till(&self, id: PosConfigId) -> String {
        named(id, self.tills.iter().find(|till| till.id == id).map(|till| till.name.as_str()))
    }
}

impl Outlook {
    /// What the orders earn, and what the others are, in one sentence. Without orders there is nothing to say.
    #[must_use]
    pub fn summary(&self, program: &Program, shop: &KnownCatalog) -> String {
        let Self { orders, earning, points, .. } = self;
        let newest = self.newest.map(|at| format!(" (the newest of {} UTC)", at.format("%Y-%m-%d %H:%M")));
        let newest = newest.unwrap_or_default();
        let earns = match (earning, orders) {
            (0, 1) => format!("the last order{newest} would earn nothing"),
            (0, _) => format!("none of the last {orders} orders{newest} would earn"),
            _ => format!("{earning} of the last {orders} orders{newest} would earn {points} {}", program.points_name),
        };
        if self.why_not.is_empty() {
            return earns;
        }
        let mut reasons: Vec<(&WhyNot, &u64)> = self.why_not.iter().collect();
        reasons.sort_by_key(|(why, count)| (std::cmp::Reverse(**count), (*why).clone()));
        let reasons: Vec<String> =
            reasons.into_iter().map(|(why, count)| format!("{count} {}", why.what(*count, program, shop))).collect();
        format!("{earns}; without points: {}", reasons.join(", "))
    }

    /// What to do where no order earns.
    #[must_use]
    pub fn advice(&self, program: &Program) -> Option<String> {
        if self.earning > 0 || self.orders == 0 {
            return None;
        }
        let code = &program.code;
        Some(match self.main_reason()? {
            WhyNot::OtherCurrency(currency) => format!(
                "set \"currency\": \"{currency}\" in the program and put it again with --force (and --effective-from where \
                 older orders shall earn), or put a second program for that currency"
            ),
            WhyNot::OtherCompany(company) => {
                format!(
                    "set \"company_id\": {company} in the program, or leave it out for all companies, and put it again"
                )
            }
            WhyNot::OtherTill(_) => {
                "add the tills to \"pos_config_ids\" in the program, or leave it out for all tills, and put it again"
                    .to_owned()
            }
            WhyNot::BeforeStart => "nothing to do if \"starts_at\" of the program is meant to be so late".to_owned(),
            WhyNot::AfterEnd => "\"ends_at\" of the program is over: put it again with a later one".to_owned(),
            WhyNot::NoCustomer => {
                "choose the customer at the till before payment: orders without a customer earn nothing".to_owned()
            }
            WhyNot::NotEnrolled => {
                "enrol the customers (member.enrol), or set \"enrolment\": \"automatic\" in the program".to_owned()
            }
            WhyNot::NotPaid | WhyNot::Refund => "pay an order at the till with a customer".to_owned(),
            WhyNot::NothingCovered | WhyNot::TooLittle => {
                format!(
                    "look at the earning rules: `loyalty-sidecar program get {code}` and `program check` explain them"
                )
            }
            WhyNot::TooLarge => "check “every”, “points” and the multipliers of its rules".to_owned(),
        })
    }
}

impl WhyNot {
    /// What such orders are, after their number.
    fn what(&self, count: u64, program: &Program, shop: &KnownCatalog) -> String {
        let is = if count == 1 { "is" } else { "are" };
        match self {
            Self::NotPaid => format!("{is} not paid"),
            Self::OtherCompany(company) => {
                let own = program.company_id.map_or_else(String::new, |own| format!(", not {}", shop.company(own)));
                format!("of company {}{own}", shop.company(*company))
            }
            Self::OtherCurrency(currency) => format!("in {currency}, not {}", program.currency),
            Self::OtherTill(Some(till)) => format!("of till {}, which the program does not name", shop.till(*till)),
            Self::OtherTill(None) => "of no till that is known".to_owned(),
            Self::BeforeStart => format!("before the program starts{}", moment(program.starts_at)),
            Self::AfterEnd => format!("after the program has ended{}", moment(program.ends_at)),
            Self::NoCustomer => "without a customer".to_owned(),
            Self::NotEnrolled => "of customers who are not enrolled".to_owned(),
            Self::Refund => if count == 1 { "refund" } else { "refunds" }.to_owned(),
            Self::NothingCovered => "without goods that a rule is for".to_owned(),
            Self::TooLittle => format!("{is} too small or outside the rules' conditions"),
            Self::TooLarge => format!("{is} too large to compute"),
        }
    }
}

fn moment(at: Option<chrono::DateTime<chrono::Utc>>) -> String {
    at.map_or_else(String::new, |at| format!(" ({} UTC)", at.format("%Y-%m-%d %H:%M")))
}
