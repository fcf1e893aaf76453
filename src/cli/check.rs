//! `program check`: what a document means, and what in it may be a mistake. Needs neither settings nor database.

use std::path::Path;

use serde_json::json;

use super::document::read_document;
use super::{Failure, Outcome, print};
use crate::domain::program::{Program, Section, Warning, describe, review};
use crate::domain::value::exact::Overflow;

/// Columns of the headings' margin.
const MARGIN: usize = 11;

pub(super) fn run(file: &Path, as_json: bool) -> Outcome {
    let document = read_document(file)?;
    let program = match Program::from_json(&document) {
        Ok(program) => program,
        // Whoever asked for JSON reads the refusal there.
        Err(invalid) if as_json => {
            let value = json!({"valid": false, "path": invalid.path, "message": invalid.message});
            print(as_json, &value, String::new);
            return Ok(false);
        }
        Err(invalid) => return Err(invalid.into()),
    };
    let (sections, warnings) = read_back(&program)
        .map_err(|Overflow| Failure::Other("its numbers are too large to compute with".to_owned()))?;
    let value = json!({
        "valid": true,
        "code": program.code,
        "name": program.name,
        "description": sections,
        "warnings": warnings,
    });
    print(as_json, &value, || words(&program, &sections, &warnings));
    Ok(true)
}

fn read_back(program: &Program) -> Result<(Vec<Section>, Vec<Warning>), Overflow> {
    Ok((describe(program)?, review(program, chrono::Utc::now())?))
}

fn words(program: &Program, sections: &[Section], warnings: &[Warning]) -> String {
    let mut lines = vec![format!("{} ({}) is valid.", program.name, program.code), String::new()];
    for section in sections {
        for (number, line) in section.lines.iter().enumerate() {
            let heading = if number == 0 { section.heading } else { "" };
            lines.push(format!("{heading:MARGIN$}{line}"));
        }
    }
    lines.push(String::new());
    if warnings.is_empty() {
        lines.push("Nothing looks like a mistake.".to_owned());
    } else {
        lines.push(match warnings.len() {
            1 => "One thing may be a mistake:".to_owned(),
            many => format!("{many} things may be mistakes:"),
        });
        lines.extend(warnings.iter().map(|warning| format!("  {}: {}", warning.path, warning.message)));
    }
    lines.join("\n")
}
