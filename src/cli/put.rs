//! `program put`: keeps a version, and says from when it holds and what it would earn here.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::document::read_document;
use super::findings::Findings;
use super::opening::Opening;
use super::{LocalLedger, Outcome, outlook, print};
use crate::config::Settings;
use crate::domain::ledger::entry::COMMAND_LINE;
use crate::domain::program::Program;
use crate::ledger::{CurrencyChange, Put};

pub(super) async fn run(
    settings: &Settings,
    opening: Opening,
    file: &Path,
    effective_from: Option<DateTime<Utc>>,
    force: bool,
    as_json: bool,
) -> Outcome {
    // Read and checked before the database is opened: a mistake in the file touches nothing.
    let program = Program::from_json(&read_document(file)?)?;
    let own = LocalLedger::start(settings, opening)?;
    let currency = if force { CurrencyChange::Meant } else { CurrencyChange::Refused };
    let outcome = own.ledger.programs().put_as(program, effective_from, currency, COMMAND_LINE).await;
    own.stop().await;
    let put = outcome?;
    let mut findings = Findings::default();
    outlook::look_at(settings, &put.code, &mut findings);
    print(as_json, &to_json(&put, &findings), || words(&put, effective_from, &findings));
    Ok(true)
}

fn to_json(put: &Put, findings: &Findings) -> Value {
    let mut shown = json!({"code": put.code, "version": put.version});
    if let Some(object) = shown.as_object_mut() {
        // A first version holds for all the past, and of a shop that was not read there is nothing to find.
        if let Some(from) = put.effective_from {
            object.insert("effective_from".into(), json!(from.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)));
        }
        if !findings.0.is_empty() {
            object.insert("findings".into(), json!(findings.to_json()));
        }
    }
    shown
}

fn words(put: &Put, asked: Option<DateTime<Utc>>, findings: &Findings) -> String {
    let mut lines = vec![if put.is_new {
        format!("{} is at version {}", put.code, put.version)
    } else {
        format!("{} is at version {} as before: the document says the same", put.code, put.version)
    }];
    lines.extend(put.is_new.then(|| reach(put, asked)));
    lines.push(if findings.0.is_empty() {
        "No orders were read yet: `loyalty-sidecar sync` reads them, then `loyalty-sidecar doctor` says what this earns."
            .to_owned()
    } else {
        findings.words()
    });
    lines.join("\n")
}

/// Which orders the version is for.
fn reach(put: &Put, asked: Option<DateTime<Utc>>) -> String {
    let moment = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    match (put.effective_from, put.after, asked) {
        (None, _, _) => "It holds for all orders, those of the past included.".to_owned(),
        (Some(from), None, _) => format!("It holds for orders from {} on; earlier ones earn nothing.", moment(from)),
        (Some(from), Some(before), None) => format!(
            "It holds for orders from {} on: earlier ones keep version {before}. For those as well, put it with \
             --effective-from TIME.",
            moment(from)
        ),
        (Some(from), Some(before), Some(_)) => format!(
            "It holds for orders from {} on, which are computed again; earlier ones keep version {before}.",
            moment(from)
        ),
    }
}
