//! Programs as they are listed and shown.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::domain::program::Program;
use crate::domain::program::version::ProgramVersions;
use crate::domain::refusal::Refusal;
use crate::domain::value::as_text;
use crate::ledger::admin::programs::Programs;
use crate::ledger::admin::repair;
use crate::ledger::error::LedgerError;
use crate::store::connection::clock::database_now;

/// All programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProgramList {
    /// The programs.
    pub programs: Vec<ListedProgram>,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedProgram {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The number of its latest version.
    pub version: i64,
    /// Since when it is archived.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub archived_at: Option<DateTime<Utc>>,
    /// Why a version of it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// How it stands now, where that is asked for.
    #[serde(flatten)]
    pub standing: Option<ProgramStanding>,
}

/// How a program stands at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProgramStanding {
    /// In a word.
    pub state: ProgramState,
    /// From when it holds.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub ends_at: Option<DateTime<Utc>>,
}

/// How a program stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramState {
    /// A version of it cannot be read.
    Unreadable,
    /// It was ended.
    Archived,
    /// It is over.
    Ended,
    /// It has not begun.
    NotYet,
    /// It holds.
    Running,
}

/// One version of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownVersion {
    /// The program's code.
    pub code: String,
    /// The version's number.
    pub version: i64,
    /// From when it holds; null for all the past.
    #[serde(serialize_with = "as_text::serialize_time_or_null")]
    pub effective_from: Option<DateTime<Utc>>,
    /// Its document.
    pub program: ShownDocument,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A document as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ShownDocument {
    /// One that can be read, with every default filled in.
    Valid(Arc<Program>),
    /// One that cannot, as it is stored.
    Unreadable(Value),
}

impl ShownDocument {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Valid(program) => program.to_json(),
            Self::Unreadable(document) => document.clone(),
        }
    }
}

impl Programs<'_> {
    /// All programs.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn list(self) -> Result<ProgramList, LedgerError> {
        Ok(ProgramList { programs: self.all_versions().await?.iter().map(|one| listed(one, None)).collect() })
    }

    /// All programs, each also with how it stands now.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn list_with_state(self) -> Result<ProgramList, LedgerError> {
        let all_versions = self.all_versions().await?;
        let now = self.0.pool().run(|conn| Ok::<_, LedgerError>(database_now(conn)?)).await?;
        Ok(ProgramList { programs: all_versions.iter().map(|one| listed(one, Some(standing_at(one, now)))).collect() })
    }

    /// One version of a program; the latest put unless a number is given. Of a version that cannot be read, the document
    /// as it is stored and what is wrong with it.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`], also for a version that there is not.
    pub async fn get(self, code: &str, version: Option<i64>) -> Result<ShownVersion, LedgerError> {
        let all_versions = self.all_versions().await?;
        let program_versions = all_versions.iter().find(|program_versions| program_versions.code == code);
        let wanted = version.or_else(|| program_versions.map(ProgramVersions::last_number));
        let broken = program_versions
            .and_then(|program_versions| program_versions.unreadable.iter().find(|one| Some(one.number) == wanted));
        if let Some(broken) = broken {
            return Ok(ShownVersion {
                code: code.to_owned(),
                version: broken.number,
                effective_from: broken.effective_from,
                program: ShownDocument::Unreadable(broken.document.clone()),
                problem: Some(broken.problem.clone()),
            });
        }
        let found = program_versions.and_then(|program_versions| match version {
            Some(number) => program_versions.version(number),
            None => program_versions.latest(),
        });
        let found = found.ok_or_else(|| {
            Refusal::UnknownProgram(
                version.map_or_else(|| code.to_owned(), |number| format!("{code}, version {number}")),
            )
        })?;
        Ok(ShownVersion {
            code: code.to_owned(),
            version: found.number,
            effective_from: found.effective_from,
            program: ShownDocument::Valid(Arc::clone(&found.program)),
            problem: None,
        })
    }
}

fn listed(program_versions: &ProgramVersions, standing: Option<ProgramStanding>) -> ListedProgram {
    let broken = program_versions.needing_repair().last();
    ListedProgram {
        code: program_versions.code.clone(),
        name: program_versions.name().to_owned(),
        version: program_versions.last_number(),
        archived_at: program_versions.archived_at(),
        problem: broken.map(|broken| repair::sentence(program_versions, broken)),
        standing,
    }
}

fn standing_at(program_versions: &ProgramVersions, now: DateTime<Utc>) -> ProgramStanding {
    let (starts_at, ends_at) = times_of(program_versions);
    let state = if program_versions.needing_repair().last().is_some() {
        ProgramState::Unreadable
    } else if program_versions.archived_at().is_some_and(|at| at <= now) {
        ProgramState::Archived
    } else if ends_at.is_some_and(|end| end <= now) {
        ProgramState::Ended
    } else if starts_at.is_some_and(|start| now < start) {
        ProgramState::NotYet
    } else {
        ProgramState::Running
    };
    ProgramStanding { state, starts_at, ends_at }
}

/// From when and until when a program holds, by its latest version; its first one may begin later than it says.
fn times_of(program_versions: &ProgramVersions) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let Some(latest) = program_versions.latest() else { return (None, None) };
    let first = program_versions.versions.iter().map(|version| version.effective_from).min().flatten();
    (latest.program.starts_at.max(first), latest.program.ends_at)
}
