//! What programs would earn of the newest orders, as findings of `doctor` and `program put`.

use super::findings::{Findings, Mark};
use super::opening::in_database;
use crate::config::Settings;
use crate::ledger::{LedgerError, Outlooks, ProgramOutlook, outlooks};
use crate::odoo::Wallet;

/// Of every program, for `doctor`. That the database cannot be read was found before.
pub(super) fn look(settings: &Settings, findings: &mut Findings) {
    let found = match read(settings, None) {
        Ok(Some(found)) if !found.programs.is_empty() => found,
        _ => return,
    };
    if found.programs.iter().all(|one| one.outlook.orders == 0) {
        findings.note(
            Mark::Ok,
            "orders",
            "none were read yet: `loyalty-sidecar sync` or `serve` reads them, then this says what each program earns",
        );
    }
    for one in &found.programs {
        note(one, &found, findings);
    }
}

/// Of one program that was just put.
pub(super) fn look_at(settings: &Settings, code: &str, findings: &mut Findings) {
    match read(settings, Some(code)) {
        Ok(Some(found)) => found.programs.iter().for_each(|one| note(one, &found, findings)),
        Ok(None) => {}
        // The version is kept: that its outlook cannot be computed is no failure of putting it.
        Err(problem) => tracing::warn!(error = %problem, "what the program would earn could not be computed"),
    }
}

/// `None` where there is no database of this version.
fn read(settings: &Settings, code: Option<&str>) -> Result<Option<Outlooks>, LedgerError> {
    let wallet = settings.odoo.as_ref().map_or(Wallet::default(), |odoo| odoo.wallet);
    in_database(settings, |conn| outlooks(conn, wallet, code))
}

fn note(one: &ProgramOutlook, found: &Outlooks, findings: &mut Findings) {
    let ProgramOutlook { program, outlook, .. } = one;
    let subject = format!("program {}", program.code);
    if let Some(at) = one.archived_at {
        findings.note(
            Mark::Ok,
            &subject,
            format!("archived since {} UTC: it earns nothing", at.format("%Y-%m-%d %H:%M")),
        );
        return;
    }
    for problem in &one.problems {
        findings.note(Mark::Warning, &subject, problem.message());
    }
    if outlook.orders == 0 {
        return;
    }
    let older = if one.older == 0 {
        String::new()
    } else {
        let from = one.effective_from.map_or_else(String::new, |at| format!(" ({} UTC)", at.format("%Y-%m-%d %H:%M")));
        format!(". {} of them are older than this version{from} and keep what holds for them", one.older)
    };
    let said = format!("version {}: {}{older}", one.version, outlook.summary(program, &found.shop));
    match outlook.advice(program) {
        Some(todo) => findings.note(Mark::Warning, &subject, format!("{said}. To do: {todo}")),
        None => findings.note(Mark::Ok, &subject, said),
    }
}
