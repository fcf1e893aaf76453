//! `program.*`: the rules by which points are earned and spent.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer;
use crate::domain::program::{Program, Section, describe};
use crate::ledger::query::programs::{ShownDocument, ShownVersion};
use crate::rpc::param::schema::{list as list_of, object, of, of_or_null, or_null, reference, says, text, whole};
use crate::rpc::param::types::{Instant, Nothing, Text};
use crate::rpc::row::{Method, needs, takes};
use crate::rpc::{Api, Caller, Fault, Reply, Role};

/// The row of `program.archive`.
pub(in crate::rpc) const ARCHIVE: Method = Method {
    name: "program.archive",
    role: Role::Admin,
    summary: "Ends a program: orders dated later earn nothing. Putting it again revives it.",
    params: &[needs("code", "Code", "The program's code.")],
    result: "Archived",
    errors: &["unknown_program"],
    example: include_str!("../reference/examples/program.archive.json"),
};

/// The row of `program.get`.
pub(in crate::rpc) const GET: Method = Method {
    name: "program.get",
    role: Role::Viewer,
    summary: "One version of a program: the latest, unless another is named. With `describe`, also in the words of \
              `program check`.",
    params: &[
        needs("code", "Code", "The program's code."),
        takes("version", "Version", "Which version; the latest unless given."),
        takes("describe", "Flag", "Also says it in plain words."),
    ],
    result: "ProgramVersion",
    errors: &["unknown_program"],
    example: include_str!("../reference/examples/program.get.json"),
};

/// The row of `program.list`.
pub(in crate::rpc) const LIST: Method = Method {
    name: "program.list",
    role: Role::Viewer,
    summary: "All programs.",
    params: &[],
    result: "Programs",
    errors: &[],
    example: include_str!("../reference/examples/program.list.json"),
};

/// The row of `program.put`.
pub(in crate::rpc) const PUT: Method = Method {
    name: "program.put",
    role: Role::Admin,
    summary: "Puts a version of a program. The same document again is the same version.",
    params: &[
        needs("program", "Program", "The whole document."),
        takes(
            "effective_from",
            "Time",
            "From when it holds. A first version holds for all the past, a later one from now, unless this says otherwise; in the past it recomputes the orders concerned.",
        ),
    ],
    result: "Put",
    errors: &["invalid_program"],
    example: include_str!("../reference/examples/program.put.json"),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct PutProgram {
    program: Value,
    effective_from: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Get {
    code: Text<200>,
    version: Option<i64>,
    #[serde(default)]
    describe: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rpc) struct Named {
    code: Text<200>,
}

/// What `program.put` answers.
#[derive(Serialize)]
struct PutVersion {
    code: String,
    version: i64,
}

/// What `program.get` answers.
#[derive(Serialize)]
struct DescribedVersion {
    #[serde(flatten)]
    shown: ShownVersion,
    /// Where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Vec<Section>>,
}

/// The schemas of these results.
pub(in crate::rpc) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Program",
            json!({"description": "A program document; PROGRAMS.md describes it.", "type": "object",
            "required": ["code", "name", "currency"]}),
        ),
        ("Put", whole(&[("code", reference("Code")), ("version", reference("Version"))])),
        ("Archived", whole(&[("code", reference("Code")), ("archived_at", reference("Time"))])),
        (
            "ProgramVersion",
            object(
                &["code", "version", "effective_from", "program"],
                &[
                    ("code", reference("Code")),
                    ("version", reference("Version")),
                    ("effective_from", of_or_null("Time", "From when it holds; null for all the past.")),
                    ("program", of("Program", "The document, every default filled in.")),
                    ("problem", says("Why it cannot be read.")),
                    ("description", list_of("Section")),
                ],
            ),
        ),
        ("Section", whole(&[("heading", text()), ("lines", json!({"type": "array", "items": {"type": "string"}}))])),
        (
            "ListedProgram",
            object(
                &["code", "name", "version", "archived_at"],
                &[
                    ("code", reference("Code")),
                    ("name", text()),
                    ("version", reference("Version")),
                    ("archived_at", or_null("Time")),
                    ("problem", json!({"description": "Why it cannot be read.", "type": "string"})),
                ],
            ),
        ),
        ("Programs", whole(&[("programs", list_of("ListedProgram"))])),
    ]
}

pub(in crate::rpc) async fn put(api: Arc<Api>, caller: Caller, params: PutProgram) -> Reply {
    if params.program.is_null() {
        return Err(Fault::parameter("program", "this parameter is required"));
    }
    let program = Program::from_json(&params.program)?;
    let put = api.ledger.programs().put(program, params.effective_from.map(|at| at.0), &caller.actor()).await?;
    answer(&PutVersion { code: put.code, version: put.version })
}

pub(in crate::rpc) async fn list(api: Arc<Api>, _caller: Caller, _: Nothing) -> Reply {
    answer(&api.ledger.programs().list().await?)
}

pub(in crate::rpc) async fn get(api: Arc<Api>, _caller: Caller, params: Get) -> Reply {
    let shown = api.ledger.programs().get(&params.code.0, params.version).await?;
    let description = params.describe.then(|| described(&shown.program));
    answer(&DescribedVersion { shown, description })
}

/// A document in words; nothing of one that cannot be read, whose `problem` says why, or whose numbers are too large.
fn described(document: &ShownDocument) -> Vec<Section> {
    match document {
        ShownDocument::Valid(program) => describe(program).unwrap_or_default(),
        ShownDocument::Unreadable(_) => Vec::new(),
    }
}

pub(in crate::rpc) async fn archive(api: Arc<Api>, caller: Caller, params: Named) -> Reply {
    answer(&api.ledger.programs().archive(&params.code.0, &caller.actor()).await?)
}
