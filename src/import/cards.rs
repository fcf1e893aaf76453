//! Cards of Odoo's own loyalty.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, json};

use super::report::{ImportReport, ImportRow, RowOutcome};
use super::{ACTOR, ImportError, destination, double_counting, end_of};
use crate::domain::catalog::records::{CatalogRecords, Partner};
use crate::domain::ledger::entry::{Cause, CauseModel};
use crate::domain::program::Program;
use crate::domain::value::ids::PartnerId;
use crate::ledger::{FencingToken, ImportItem, Ledger};
use crate::odoo::read::loyalty_cards::{self, Card, CardProgram};
use crate::odoo::read::record::Record;
use crate::odoo::{OdooFault, Session};

const REASON: &str = "imported from Odoo loyalty";

/// What is to be done.
#[derive(Clone, Debug)]
pub struct CardsRequest<'a> {
    /// The program that the points go into.
    pub program: &'a str,
    /// Odoo's program, where it has several.
    pub odoo_program: Option<i64>,
    /// Records a call.
    pub page_size: u32,
    /// `sync.since`
    pub since: Option<DateTime<Utc>>,
    /// Whether to post; without it, it is only said what would be.
    pub post: bool,
}

/// Carries the points of every card over. `warn` is told at once what a person should know before it is done.
///
/// # Errors
/// [`ImportError`]; what was posted until then stays, and doing it again posts the rest.
pub async fn carry_over(
    ledger: &Ledger,
    session: &Session,
    ask: &CardsRequest<'_>,
    mut warn: impl FnMut(&str),
) -> Result<ImportReport, ImportError> {
    let destination = destination(ledger, ask.program).await?;
    let from = choose(session, ask).await?;
    let warnings: Vec<String> = double_counting(&destination, ask.since).into_iter().collect();
    for warning in &warnings {
        warn(warning);
    }
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = loyalty_cards::page(session, from.id, after, ask.page_size).await.map_err(understood)?;
        rows.extend(carry_page(ledger, session, ask, &destination.program, &page.items).await?);
        if page.is_last {
            break;
        }
        after = page.last_id;
    }
    let mut members = Map::new();
    members.insert("odoo_program".into(), json!({"id": from.id, "name": from.name}));
    Ok(ImportReport {
        unit: "card",
        source: format!("of {} ({})", from.name, from.id),
        members,
        program: ask.program.to_owned(),
        is_dry_run: !ask.post,
        warnings,
        rows,
    })
}

/// Odoo's words for a missing module or right are about the till; these are about loyalty.
fn understood(fault: OdooFault) -> ImportError {
    match fault {
        OdooFault::UnknownModel { .. } => ImportError::NoLoyalty,
        OdooFault::MissingRights { login, model } => ImportError::NoRight { login, model },
        other => ImportError::Odoo(other),
    }
}

/// The one program that is meant; whoever has several must say which.
async fn choose(session: &Session, ask: &CardsRequest<'_>) -> Result<CardProgram, ImportError> {
    if !loyalty_cards::has_cards(session).await.map_err(understood)? {
        return Err(ImportError::NoLoyalty);
    }
    let all = loyalty_cards::programs(session, ask.page_size).await.map_err(understood)?;
    if let Some(id) = ask.odoo_program {
        let found = all.iter().find(|program| program.id == id).cloned();
        return found.ok_or_else(|| {
            ImportError::WhichProgram(format!("Odoo has no loyalty program {id}. {}", listed("It has", &all)))
        });
    }
    let mut running = all.iter().filter(|program| program.active);
    match (running.next(), running.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) if all.is_empty() => Err(ImportError::NoProgram),
        (None, _) => Err(ImportError::WhichProgram(format!(
            "all loyalty programs in Odoo are archived. {}\nName one with --odoo-program ID.",
            listed("They are", &all)
        ))),
        _ => Err(ImportError::WhichProgram(format!(
            "Odoo has several loyalty programs: name one with --odoo-program ID. {}",
            listed("They are", &all)
        ))),
    }
}

fn listed(begin: &str, programs: &[CardProgram]) -> String {
    if programs.is_empty() {
        return format!("{begin} none.");
    }
    let mut lines = vec![format!("{begin}:")];
    lines.extend(programs.iter().map(|program| {
        let company = program.company.as_deref().map(|name| format!(", of {name}")).unwrap_or_default();
        let archived = if program.active { "" } else { ", archived" };
        format!("  {}  {}{company}{archived}", program.id, program.name)
    }));
    lines.join("\n")
}

async fn carry_page(
    ledger: &Ledger,
    session: &Session,
    ask: &CardsRequest<'_>,
    program: &Program,
    records: &[Record],
) -> Result<Vec<ImportRow>, ImportError> {
    let mut rows: BTreeMap<i64, ImportRow> = BTreeMap::new();
    let mut cards: Vec<(Card, PartnerId)> = Vec::new();
    for record in records {
        let id = record.id().unwrap_or_default();
        match Card::from_odoo(record) {
            Ok(card) => {
                let outcome =
                    if card.partner_id.is_none() { RowOutcome::WithoutCustomer } else { RowOutcome::Archived };
                let partner = card.partner_id.filter(|_| card.active);
                rows.insert(id, row(&card, outcome));
                cards.extend(partner.map(|partner| (card, partner)));
            }
            Err(problem) => {
                rows.insert(id, unreadable(id, &problem.to_string()));
            }
        }
    }
    let customers = customers(ledger, session, ask, &cards).await?;
    let mut carried = Vec::with_capacity(cards.len());
    for (card, partner_id) in cards {
        let Some(row) = rows.get_mut(&card.id) else { continue };
        let Some(customer) = customers.get(&partner_id) else {
            row.outcome = RowOutcome::UnknownCustomer;
            continue;
        };
        row.is_of_archived_customer = !customer.active;
        carried.push(ImportItem {
            cause: Cause { model: CauseModel::LoyaltyCard, id: Some(card.id), uuid: None, name: card.code },
            partner_id,
            points: card.points,
            expiry: card.expires_on.map(|day| end_of(program, day)),
            reason: REASON.to_owned(),
        });
    }
    let landed = ledger.imports().carry_over(ask.program, &carried, ACTOR, ask.post).await?;
    for (document, landed) in carried.iter().zip(landed) {
        if let Some(row) = document.cause.id.and_then(|id| rows.get_mut(&id)) {
            row.outcome = RowOutcome::ImportOutcome(landed);
        }
    }
    Ok(rows.into_values().collect())
}

fn row(card: &Card, outcome: RowOutcome) -> ImportRow {
    ImportRow {
        place: card.id,
        name: card.code.clone(),
        partner_id: card.partner_id,
        is_of_archived_customer: false,
        points: Some(card.points),
        outcome,
    }
}

fn unreadable(id: i64, problem: &str) -> ImportRow {
    ImportRow {
        place: id,
        name: String::new(),
        partner_id: None,
        is_of_archived_customer: false,
        points: None,
        outcome: RowOutcome::Unreadable(problem.to_owned()),
    }
}

/// The customers of these cards as Odoo has them now. They are known here afterwards, with their companies: a
/// member's points must not wait for the first pass over all partners.
async fn customers(
    ledger: &Ledger,
    session: &Session,
    ask: &CardsRequest<'_>,
    cards: &[(Card, PartnerId)],
) -> Result<BTreeMap<PartnerId, Partner>, ImportError> {
    let mut ids: Vec<i64> = cards.iter().map(|(_, partner)| partner.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = session.by_ids::<Partner>(&ids, ask.page_size).await?;
    if ask.post {
        let mut companies: Vec<i64> = found.iter().map(|partner| partner.commercial_partner_id.0).collect();
        companies.sort_unstable();
        companies.dedup();
        companies.retain(|id| ids.binary_search(id).is_err());
        let mut partners = found.clone();
        partners.extend(session.by_ids::<Partner>(&companies, ask.page_size).await?);
        ledger
            .ingestion()
            .put_catalog(CatalogRecords { partners, ..CatalogRecords::default() }, FencingToken::begin(None))
            .await?;
    }
    Ok(found.into_iter().map(|partner| (partner.id, partner)).collect())
}
