//! Programs: putting a version, archiving, and the versions in memory.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::repair::{self, ProgramFault};
use crate::domain::program::version::{ProgramVersions, UnreadableVersion, Version};
use crate::domain::program::{InvalidProgram, Program};
use crate::domain::value::as_text;
use crate::domain::value::ids::ProgramId;
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::store::connection::clock::{database_now, from_us_opt};
use crate::store::connection::transaction::write_transaction;
use crate::store::table::programs::{self, RecomputeRequest, VersionRow};
use crate::store::{AnyConnection, StoreError};

/// All programs with their versions, read again only when one was added or archived.
#[derive(Debug, Default)]
pub(in crate::ledger) struct ProgramCache {
    kept: Mutex<Option<CachedVersions>>,
}

/// The revision that was read, and what it held.
type CachedVersions = ((i64, i64), Arc<Vec<ProgramVersions>>);

impl ProgramCache {
    /// The programs as they are in the database now.
    pub fn all_versions(&self, conn: &mut AnyConnection) -> Result<Arc<Vec<ProgramVersions>>, StoreError> {
        let revision = programs::revision(conn)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, all_versions)) = kept.as_ref()
            && *known == revision
        {
            return Ok(Arc::clone(all_versions));
        }
        let all_versions = Arc::new(read_all_versions(conn)?);
        *kept = Some((revision, Arc::clone(&all_versions)));
        Ok(all_versions)
    }
}

/// All programs. A version that cannot be read stands apart in its own program: it is nothing to the others.
pub(in crate::ledger) fn read_all_versions(conn: &mut AnyConnection) -> Result<Vec<ProgramVersions>, StoreError> {
    let mut all_versions: Vec<ProgramVersions> = Vec::new();
    for (code, row) in programs::load_all(conn)? {
        if all_versions.last().is_none_or(|last| last.id.0 != row.program_id) {
            let id = ProgramId(row.program_id);
            all_versions.push(ProgramVersions { id, code, versions: Vec::new(), unreadable: Vec::new() });
        }
        let Some(program_versions) = all_versions.last_mut() else { continue };
        let number = row.version;
        let effective_from = from_us_opt(row.effective_from_us)?;
        let archived_at = from_us_opt(row.archived_at_us)?;
        let document: Value = serde_json::from_str(&row.document).unwrap_or_default();
        match Program::from_json(&document) {
            Ok(program) => {
                let program = Arc::new(program);
                program_versions.versions.push(Version { number, effective_from, archived_at, program });
            }
            Err(invalid) => {
                let problem = invalid.to_string();
                tracing::error!(
                    program = program_versions.code,
                    version = number,
                    problem,
                    "a program's version cannot be read"
                );
                program_versions.unreadable.push(UnreadableVersion {
                    number,
                    effective_from,
                    archived_at,
                    document,
                    problem,
                });
            }
        }
    }
    Ok(all_versions)
}

/// The versions in the database that cannot be read and that no later version replaces.
///
/// # Errors
/// [`StoreError`]
pub fn unreadable_in(conn: &mut AnyConnection) -> Result<Vec<ProgramFault>, StoreError> {
    Ok(repair::unreadable(&read_all_versions(conn)?))
}

/// The document as it will be stored, once it is certain that it says the same when it is read again.
fn document_to_store(program: &Program) -> Result<String, LedgerError> {
    let text = program.to_json().to_string();
    let read = serde_json::from_str::<Value>(&text)
        .map_err(|problem| InvalidProgram { path: String::new(), message: problem.to_string() })
        .and_then(|document| Program::from_json(&document));
    let differs = || InvalidProgram {
        path: String::new(),
        message: "This cannot be stored without being changed: write its numbers and times in a plainer way."
            .to_owned(),
    };
    match read {
        Ok(again) if again == *program => Ok(text),
        Ok(_) => Err(differs().into()),
        Err(invalid) => Err(invalid.into()),
    }
}

/// A version that was put, or found to be there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The program's code.
    pub code: String,
    /// The version's number.
    pub version: i64,
    /// From when it holds; `None` for all the past.
    pub effective_from: Option<DateTime<Utc>>,
    /// The number of the version before it; `None` when it is the first, or when the same document was there already.
    pub after: Option<i64>,
    /// Whether it was put now, and not found to be there already.
    pub is_new: bool,
}

/// Whether a version may be in another currency than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurrencyChange {
    /// It is refused: the points that members have would be worth something else.
    Refused,
    /// Somebody said that it is meant.
    Meant,
}

/// The programs of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Programs<'a>(pub(in crate::ledger) &'a Ledger);

impl Ledger {
    /// The rules by which points are earned and spent.
    #[must_use]
    pub const fn programs(&self) -> Programs<'_> {
        Programs(self)
    }
}

/// A program that was ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchivedProgram {
    /// Its code.
    pub code: String,
    /// Since when.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub archived_at: DateTime<Utc>,
}

impl Programs<'_> {
    /// Puts a version of a program. The same document as the version in force is no new version. The first
    /// version holds for all the past; a later one from now, or from `effective_from`. Orders that a put for
    /// the past concerns are computed again before this returns, or by the housekeeping if the database fails meanwhile.
    ///
    /// A version that takes the place of one that cannot be read holds from when that one should have.
    ///
    /// # Errors
    /// [`LedgerError::InvalidProgram`] when its document could not be read again, or when it changes the program's currency;
    /// [`LedgerError::Store`]
    pub async fn put(
        self,
        program: Program,
        effective_from: Option<DateTime<Utc>>,
        actor: &str,
    ) -> Result<Put, LedgerError> {
        self.put_as(program, effective_from, CurrencyChange::Refused, actor).await
    }

    /// As [`Programs::put`], where the currency may change if that is meant.
    ///
    /// # Errors
    /// As [`Programs::put`].
    pub async fn put_as(
        self,
        program: Program,
        effective_from: Option<DateTime<Utc>>,
        currency: CurrencyChange,
        actor: &str,
    ) -> Result<Put, LedgerError> {
        let actor = actor.to_owned();
        let put = self
            .0
            .context()
            .pool
            .run(move |conn| {
                write_transaction(conn, |conn| put_version(conn, &program, effective_from, currency, &actor))
            })
            .await?;
        self.0.recompute_or_later().await;
        Ok(put)
    }

    /// Ends a program: orders dated later earn nothing. Archiving again changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Refused`]: no program has this code
    pub async fn archive(self, code: &str, actor: &str) -> Result<ArchivedProgram, LedgerError> {
        let (code, actor) = (code.to_owned(), actor.to_owned());
        let archived = self
            .0
            .context()
            .pool
            .run(move |conn| {
                write_transaction(conn, |conn| {
                    programs::lock_sales_and_programs(conn)?;
                    let now = database_now(conn)?;
                    let all_versions = read_all_versions(conn)?;
                    let program_versions = ProgramVersions::of_code(&all_versions, &code)?;
                    let already = program_versions.archived_at();
                    if already.is_none() {
                        let now_us = now.timestamp_micros();
                        programs::archive(conn, program_versions.id.0, now_us)?;
                        let reason = format!("program {code} was archived");
                        let request = RecomputeRequest { by: Some(&actor), reason: Some(&reason) };
                        programs::request_recompute_by(
                            conn,
                            program_versions.id.0,
                            None,
                            Some(now_us),
                            now_us,
                            request,
                        )?;
                    }
                    Ok::<_, LedgerError>(ArchivedProgram { code, archived_at: already.unwrap_or(now) })
                })
            })
            .await?;
        self.0.recompute_or_later().await;
        Ok(archived)
    }

    pub(in crate::ledger) async fn all_versions(self) -> Result<Arc<Vec<ProgramVersions>>, LedgerError> {
        let context = Arc::clone(self.0.context());
        self.0.pool().run(move |conn| Ok(context.programs.all_versions(conn)?)).await
    }
}

fn put_version(
    conn: &mut AnyConnection,
    program: &Program,
    effective_from: Option<DateTime<Utc>>,
    currency: CurrencyChange,
    actor: &str,
) -> Result<Put, LedgerError> {
    programs::lock_sales_and_programs(conn)?;
    let now = database_now(conn)?;
    let program_id = programs::ensure(conn, &program.code, now.timestamp_micros())?;
    let all_versions = read_all_versions(conn)?;
    let program_versions = all_versions.iter().find(|program_versions| program_versions.id.0 == program_id);
    let broken = program_versions.and_then(ProgramVersions::latest_unreadable);
    if let (Some(latest), None) = (program_versions.and_then(ProgramVersions::latest), broken)
        && latest.archived_at.is_none()
        && *latest.program == *program
        && (effective_from.is_none() || effective_from == latest.effective_from)
    {
        return Ok(Put {
            code: program.code.clone(),
            version: latest.number,
            effective_from: latest.effective_from,
            after: None,
            is_new: false,
        });
    }
    if let (Some(latest), CurrencyChange::Refused) = (program_versions.and_then(ProgramVersions::latest), currency) {
        keeps_currency(&latest.program, program)?;
    }
    let number = program_versions.map_or(0, ProgramVersions::last_number).saturating_add(1);
    let effective_from = match broken {
        // What takes the place of a version that cannot be read takes all of it.
        Some(broken) => effective_from.or(broken.effective_from),
        // The first version holds for all the past.
        None if number == 1 => effective_from,
        None => Some(effective_from.unwrap_or(now)),
    };
    let effective_from_us = effective_from.map(|from| from.timestamp_micros());
    programs::insert_version(
        conn,
        &VersionRow {
            program_id,
            version: number,
            effective_from_us,
            archived_at_us: None,
            document: document_to_store(program)?,
            created_at_us: now.timestamp_micros(),
            created_by: actor.to_owned(),
        },
    )?;
    let all_versions = read_all_versions(conn)?;
    repair::note_unreadable(conn, &all_versions, now)?;
    repair::resolve_too_large(conn, ProgramId(program_id), effective_from, now)?;
    // Even from now on there may be orders that are known already: a till's clock may be ahead of ours.
    let reason = format!("version {number} of program {} was put", program.code);
    let request = RecomputeRequest { by: Some(actor), reason: Some(&reason) };
    programs::request_recompute_by(conn, program_id, None, effective_from_us, now.timestamp_micros(), request)?;
    tracing::info!(program = program.code, version = number, by = actor, "a program's version was put");
    Ok(Put {
        code: program.code.clone(),
        version: number,
        effective_from,
        after: Some(number.saturating_sub(1)).filter(|before| *before > 0),
        is_new: true,
    })
}

/// Points that were earned in one currency are worth something else in another.
fn keeps_currency(before: &Program, now: &Program) -> Result<(), LedgerError> {
    if before.currency == now.currency {
        return Ok(());
    }
    let (code, was, is) = (&now.code, &before.currency, &now.currency);
    let message = format!(
        "This cannot change from {was} to {is}: the points that members of {code} have were earned in {was}. Put a program \
         with another code for {is}; or, where {was} was a mistake, `loyalty-sidecar program put FILE --force`."
    );
    Err(InvalidProgram { path: "/currency".to_owned(), message }.into())
}
