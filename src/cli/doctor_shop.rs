//! What `doctor` says of the shop that the service user sees, and of who may call.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::{Findings, Mark};
use crate::domain::findings::Place;
use crate::odoo::read::census::Census;
use crate::store::table::tokens::TokenRow;

/// Companies or tills that a line names at most.
const NAMED: usize = 5;

/// How much of Odoo is seen: companies, tills, currencies, and the newest order.
pub(super) fn look_at_census(census: &Census, shown: &BTreeMap<Place, String>, findings: &mut Findings) {
    let companies: Vec<String> = shown
        .iter()
        .filter(|(place, _)| matches!(place, Place::Company(_)))
        .map(|(place, name)| format!("{name} ({})", place.id()))
        .collect();
    let Some(tills) = &census.tills else {
        // That the model may not be read is a finding of its own.
        return;
    };
    if tills.is_empty() {
        findings.note(
            Mark::Failed,
            "shops",
            "the service user sees no shop (pos.config), so that no order can be read: in Odoo, allow the companies whose \
             shops count for that user (Settings, Users, Allowed Companies), or make a shop (Point of Sale)",
        );
        return;
    }
    let shops: Vec<String> =
        tills.iter().map(|till| format!("{} ({}, {})", till.name, till.id, currency(&till.currency))).collect();
    let currencies: BTreeSet<&str> = tills.iter().map(|till| currency(&till.currency)).collect();
    findings.note(
        Mark::Ok,
        "shops",
        format!(
            "the service user sees {} {}: {}; of {} {}: {}; currencies: {}",
            tills.len(),
            if tills.len() == 1 { "shop" } else { "shops" },
            listed(&shops),
            companies.len(),
            if companies.len() == 1 { "company" } else { "companies" },
            listed(&companies),
            currencies.into_iter().collect::<Vec<_>>().join(", "),
        ),
    );
    match (&census.newest_order, census.orders) {
        (Some(newest), Some(orders)) => findings.note(
            Mark::Ok,
            "orders in Odoo",
            format!("{orders}; the newest is {} of {} UTC", newest.name, newest.date),
        ),
        (None, Some(_)) => findings.note(
            Mark::Warning,
            "orders in Odoo",
            "the service user sees none: sell something at a till; if there are orders, allow their companies for that \
             user (Settings, Users, Allowed Companies)",
        ),
        _ => {}
    }
}

fn currency(code: &str) -> &str {
    if code.is_empty() { "no currency" } else { code }
}

fn listed(names: &[String]) -> String {
    if names.len() <= NAMED {
        return names.join(", ");
    }
    format!("{} and {} more", names.get(..NAMED).unwrap_or_default().join(", "), names.len().saturating_sub(NAMED))
}

/// Who may call, by role. The customer form's explanations need more than a till's token.
pub(super) fn look_at_tokens(usable: &[TokenRow], findings: &mut Findings) {
    let mut by_role: BTreeMap<&str, usize> = BTreeMap::new();
    for token in usable {
        let count = by_role.entry(token.role.as_str()).or_default();
        *count = count.saturating_add(1);
    }
    let roles: Vec<String> = by_role.iter().map(|(role, count)| format!("{count} {role}")).collect();
    let can = format!("{} can be used ({})", usable.len(), roles.join(", "));
    if by_role.keys().all(|role| *role == "pos") {
        findings.note(
            Mark::Warning,
            "tokens",
            format!(
                "{can}: a pos token redeems at the till, but explains no entry of a customer's history. For that, make one \
                 with `loyalty-sidecar token create --role viewer --name office` and enter it in the addon's settings \
                 instead"
            ),
        );
    } else {
        findings.note(Mark::Ok, "tokens", can);
    }
}
