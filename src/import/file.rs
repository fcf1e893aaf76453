//! The lines of a file, carried over all together or not at all.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Map;

use super::lines::{ImportLine, LineProblem};
use super::report::{ImportReport, ImportRow, RowOutcome};
use super::{ACTOR, ImportError, destination, double_counting, end_of, unknown_customers};
use crate::domain::ledger::entry::{Cause, CauseModel};
use crate::domain::program::Program;
use crate::domain::value::ids::PartnerId;
use crate::ledger::{ImportItem, ImportOutcome, Ledger};
use crate::odoo::Link;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct FileRequest<'a> {
    /// The program that the points go into.
    pub program: &'a str,
    /// `sync.since`
    pub since: Option<DateTime<Utc>>,
    /// Whether to post; without it, it is only said what would be.
    pub post: bool,
    /// Whether lines without a reference may take back points that an earlier file brought.
    pub allow_decrease: bool,
}

/// Carries every line over, once the whole file is found right. `odoo` (with the records a call) is asked for
/// customers that are not known here yet. `warn` is told at once what a person should know before it is done.
///
/// # Errors
/// [`ImportError::File`] with every problem, and then nothing was posted. After any other, what was posted until
/// then stays, and doing it again posts the rest.
pub async fn carry_over(
    ledger: &Ledger,
    odoo: Option<(&Link, u32)>,
    lines: &[ImportLine],
    ask: &FileRequest<'_>,
    mut warn: impl FnMut(&str),
) -> Result<ImportReport, ImportError> {
    let destination = destination(ledger, ask.program).await?;
    let customers: BTreeSet<PartnerId> = lines.iter().map(|line| line.partner_id).collect();
    let unknown = unknown_customers(ledger, odoo, customers, ask.post).await?;
    let carried: Vec<ImportItem> = lines.iter().map(|line| document(line, &destination.program)).collect();
    let would = ledger.imports().carry_over(ask.program, &carried, ACTOR, false).await?;
    let problems: Vec<LineProblem> = lines
        .iter()
        .zip(&would)
        .filter_map(|(line, would)| {
            let what = if unknown.contains(&line.partner_id) {
                let asked = if odoo.is_some() { "neither here nor in Odoo" } else { "here, and no Odoo is set to ask" };
                let not = if odoo.is_some() { "" } else { "not " };
                format!("customer {} is {not}known {asked}", line.partner_id)
            } else if let ImportOutcome::OtherMember(other) = would {
                format!(
                    "{:?} was imported for customer {other} before: give this line another reference, or correct both \
                     with ledger.adjust",
                    line.reference
                )
            } else {
                return None;
            };
            Some(LineProblem::at(line.number, what))
        })
        .collect();
    if !problems.is_empty() {
        return Err(ImportError::File(problems));
    }
    let decreases = decreases(lines, &would);
    if !decreases.is_empty() && !ask.allow_decrease {
        return Err(ImportError::Decrease(decreases));
    }
    let warnings: Vec<String> = double_counting(&destination, ask.since).into_iter().collect();
    for warning in &warnings {
        warn(warning);
    }
    let landed = if ask.post { ledger.imports().carry_over(ask.program, &carried, ACTOR, true).await? } else { would };
    let rows = lines
        .iter()
        .zip(landed)
        .map(|(line, landed)| ImportRow {
            place: i64::try_from(line.number).unwrap_or(i64::MAX),
            name: line.reference.clone(),
            partner_id: Some(line.partner_id),
            is_of_archived_customer: false,
            points: Some(line.points),
            outcome: RowOutcome::ImportOutcome(landed),
        })
        .collect();
    Ok(ImportReport {
        unit: "line",
        source: "of the file".to_owned(),
        members: Map::new(),
        program: ask.program.to_owned(),
        is_dry_run: !ask.post,
        warnings,
        rows,
    })
}

/// The lines without a reference that say less than an earlier file said of their customer.
fn decreases(lines: &[ImportLine], would: &[ImportOutcome]) -> Vec<LineProblem> {
    let decrease = |(line, would): (&ImportLine, &ImportOutcome)| match would {
        // What is posted the first time is what the line says.
        ImportOutcome::Posted(points) if points.is_negative() && *points != line.points && !line.has_reference => {
            let what = format!("customer {} has more from an earlier file: {points} points", line.partner_id);
            Some(LineProblem::at(line.number, what))
        }
        _ => None,
    };
    lines.iter().zip(would).filter_map(decrease).collect()
}

fn document(line: &ImportLine, program: &Program) -> ImportItem {
    ImportItem {
        cause: Cause { model: CauseModel::Import, id: None, uuid: None, name: line.reference.clone() },
        partner_id: line.partner_id,
        points: line.points,
        expiry: line.expires_on.map(|day| end_of(program, day)),
        reason: line.reason.clone(),
    }
}
