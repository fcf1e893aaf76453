//! Programs: putting a version, archiving, listing, and the versions in memory.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Ledger;
use super::reply::{LedgerError, time};
use crate::domain::ids::ProgramId;
use crate::domain::program::Program;
use crate::domain::refusal::Refusal;
use crate::domain::timeline::{Timeline, Version};
use crate::store::programs::{self, VersionRow};
use crate::store::time::{database_now, from_us_opt};
use crate::store::transaction::write_transaction;
use crate::store::{AnyConnection, StoreError, corrupt};

/// All programs with their versions, read again only when one was added or archived.
#[derive(Debug, Default)]
pub(super) struct ProgramCache {
    kept: Mutex<Option<Kept>>,
}

/// The revision that was read, and what it held.
type Kept = ((i64, i64), Arc<Vec<Timeline>>);

impl ProgramCache {
    /// The programs as they are in the database now.
    pub fn timelines(&self, conn: &mut AnyConnection) -> Result<Arc<Vec<Timeline>>, StoreError> {
        let revision = programs::revision(conn)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, timelines)) = kept.as_ref()
            && *known == revision
        {
            return Ok(Arc::clone(timelines));
        }
        let timelines = Arc::new(read_timelines(conn)?);
        *kept = Some((revision, Arc::clone(&timelines)));
        Ok(timelines)
    }
}

fn read_timelines(conn: &mut AnyConnection) -> Result<Vec<Timeline>, StoreError> {
    let mut timelines: Vec<Timeline> = Vec::new();
    for (code, row) in programs::load_all(conn)? {
        let document: Value = serde_json::from_str(&row.document)
            .map_err(|problem| corrupt(format!("program {code}, version {}: {problem}", row.version)))?;
        let program = Program::from_json(&document)
            .map_err(|problem| corrupt(format!("program {code}, version {}: {problem}", row.version)))?;
        let version = Version {
            number: row.version,
            effective_from: from_us_opt(row.effective_from_us)?,
            archived_at: from_us_opt(row.archived_at_us)?,
            program: Arc::new(program),
        };
        match timelines.last_mut() {
            Some(last) if last.id.0 == row.program_id => last.versions.push(version),
            _ => timelines.push(Timeline { id: ProgramId(row.program_id), code, versions: vec![version] }),
        }
    }
    Ok(timelines)
}

/// A version that was put, or found to be there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The program's code.
    pub code: String,
    /// The version's number.
    pub version: i64,
}

impl Ledger {
    /// Puts a version of a program. The same document as the version in force is no new version. The first
    /// version holds for all the past; a later one from now, or from `effective_from`. Orders that a put for
    /// the past concerns are computed again before this returns.
    ///
    /// # Errors
    /// [`LedgerError::Store`], [`LedgerError::Unavailable`]
    pub async fn put_program(
        &self,
        program: Program,
        effective_from: Option<DateTime<Utc>>,
        actor: &str,
    ) -> Result<Put, LedgerError> {
        let actor = actor.to_owned();
        let put = self
            .context()
            .pool
            .run(move |conn| write_transaction(conn, |conn| put_version(conn, &program, effective_from, &actor)))
            .await?;
        self.recompute().await?;
        Ok(put)
    }

    /// Ends a program: orders dated later earn nothing. Archiving again changes nothing.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`]
    pub async fn archive_program(&self, code: &str) -> Result<Value, LedgerError> {
        let code = code.to_owned();
        let archived = self
            .context()
            .pool
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    programs::guard(conn)?;
                    let now = database_now(conn)?;
                    let timelines = read_timelines(conn)?;
                    let timeline = timelines
                        .iter()
                        .find(|timeline| timeline.code == code)
                        .ok_or_else(|| Refusal::UnknownProgram(code.clone()))?;
                    let already = timeline.latest().and_then(|version| version.archived_at);
                    if already.is_none() {
                        let now_us = now.timestamp_micros();
                        programs::archive(conn, timeline.id.0, now_us)?;
                        programs::request_recompute(conn, timeline.id.0, None, Some(now_us), now_us)?;
                    }
                    Ok::<_, LedgerError>(json!({"code": code, "archived_at": time(already.unwrap_or(now))}))
                })
            })
            .await?;
        self.recompute().await?;
        Ok(archived)
    }

    /// All programs.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn list_programs(&self) -> Result<Value, LedgerError> {
        let timelines = self.timelines().await?;
        let listed: Vec<Value> = timelines
            .iter()
            .filter_map(|timeline| {
                let latest = timeline.latest()?;
                Some(json!({
                    "code": timeline.code,
                    "name": latest.program.name,
                    "version": latest.number,
                    "archived_at": latest.archived_at.map(time),
                }))
            })
            .collect();
        Ok(json!({ "programs": listed }))
    }

    /// One version of a program; the latest put unless a number is given.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`], also for a version that there is not.
    pub async fn get_program(&self, code: &str, version: Option<i64>) -> Result<Value, LedgerError> {
        let timelines = self.timelines().await?;
        let timeline = timelines.iter().find(|timeline| timeline.code == code);
        let found = timeline.and_then(|timeline| match version {
            Some(number) => timeline.version(number),
            None => timeline.latest(),
        });
        let found = found.ok_or_else(|| {
            Refusal::UnknownProgram(
                version.map_or_else(|| code.to_owned(), |number| format!("{code}, version {number}")),
            )
        })?;
        Ok(json!({
            "code": code,
            "version": found.number,
            "effective_from": found.effective_from.map(time),
            "program": found.program.to_json(),
        }))
    }

    async fn timelines(&self) -> Result<Arc<Vec<Timeline>>, LedgerError> {
        let context = Arc::clone(self.context());
        self.context().pool.run(move |conn| Ok(context.programs.timelines(conn)?)).await
    }
}

fn put_version(
    conn: &mut AnyConnection,
    program: &Program,
    effective_from: Option<DateTime<Utc>>,
    actor: &str,
) -> Result<Put, LedgerError> {
    programs::guard(conn)?;
    let now = database_now(conn)?;
    let program_id = programs::ensure(conn, &program.code, now.timestamp_micros())?;
    let timelines = read_timelines(conn)?;
    let latest = timelines.iter().find(|timeline| timeline.id.0 == program_id).and_then(Timeline::latest);
    if let Some(latest) = latest
        && latest.archived_at.is_none()
        && *latest.program == *program
        && (effective_from.is_none() || effective_from == latest.effective_from)
    {
        return Ok(Put { code: program.code.clone(), version: latest.number });
    }
    let number = latest.map_or(1, |latest| latest.number.saturating_add(1));
    // The first version holds for all the past.
    let effective_from = if number == 1 { effective_from } else { Some(effective_from.unwrap_or(now)) };
    let effective_from_us = effective_from.map(|from| from.timestamp_micros());
    programs::insert_version(
        conn,
        &VersionRow {
            program_id,
            version: number,
            effective_from_us,
            archived_at_us: None,
            document: program.to_json().to_string(),
            created_at_us: now.timestamp_micros(),
            created_by: actor.to_owned(),
        },
    )?;
    // Even from now on there may be orders that are known already: a till's clock may be ahead of ours.
    programs::request_recompute(conn, program_id, None, effective_from_us, now.timestamp_micros())?;
    tracing::info!(program = program.code, version = number, by = actor, "a program's version was put");
    Ok(Put { code: program.code.clone(), version: number })
}
