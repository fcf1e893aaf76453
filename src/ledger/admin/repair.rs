//! Programs that cannot be read or computed: what a manager is told of them, and when that is over.
//!
//! The kind `program_unreadable` has two causes, told apart by the exception's key: a version's stored document cannot
//! be read, or its numbers grow too large on an order.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::ledger::converge::{TOO_LARGE, UNREADABLE, unreadable_key, unreadable_sentence};
use crate::domain::ledger::state::{Exception, OrderRef};
use crate::domain::program::version::{ProgramVersions, UnreadableVersion};
use crate::domain::value::ids::{ExceptionId, ProgramId};
use crate::ledger::Ledger;
use crate::ledger::admin::programs::Programs;
use crate::ledger::error::LedgerError;
use crate::store::connection::clock::database_now;
use crate::store::connection::transaction::write_transaction;
use crate::store::table::exceptions::{self, ExceptionRow};
use crate::store::table::programs;
use crate::store::{self, AnyConnection};

/// Who resolves an exception whose cause is gone.
const RESOLVED_BY: &str = "loyalty-sidecar";

/// A program that does not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFault {
    /// The program's code.
    pub code: String,
    /// Its version.
    pub version: i64,
    /// What is wrong and what to do about it.
    pub sentence: String,
}

/// What is wrong with a version that cannot be read, and what to do about it.
pub(in crate::ledger) fn sentence(program_versions: &ProgramVersions, version: &UnreadableVersion) -> String {
    unreadable_sentence(&program_versions.code, version.number, &version.problem)
}

/// The versions that cannot be read and that no later version replaces.
#[must_use]
pub fn unreadable(all_versions: &[ProgramVersions]) -> Vec<ProgramFault> {
    let listed = all_versions
        .iter()
        .flat_map(|program_versions| program_versions.needing_repair().map(move |one| (program_versions, one)));
    listed
        .map(|(program_versions, version)| ProgramFault {
            code: program_versions.code.clone(),
            version: version.number,
            sentence: sentence(program_versions, version),
        })
        .collect()
}

impl Programs<'_> {
    /// The programs that cannot be read, or not be computed on some order.
    ///
    /// # Errors
    /// [`LedgerError::Store`]
    pub async fn faults(self) -> Result<Vec<ProgramFault>, LedgerError> {
        let context = std::sync::Arc::clone(self.0.context());
        self.0
            .pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let mut found = unreadable(&all_versions);
                for row in exceptions::open_of_kind(conn, UNREADABLE)? {
                    let Some((id, version, TOO_LARGE)) = parts(&row.dedupe_key) else { continue };
                    let code = all_versions
                        .iter()
                        .find(|program_versions| program_versions.id == id)
                        .map(|program_versions| program_versions.code.clone());
                    found.extend(code.map(|code| ProgramFault { code, version, sentence: row.detail }));
                }
                Ok(found)
            })
            .await
    }
}

impl Ledger {
    /// Raises an exception for each version that cannot be read, and resolves those of versions that can be read again
    /// or were replaced: then their orders are computed again.
    pub(in crate::ledger) async fn watch_programs(&self) -> Result<(), LedgerError> {
        let context = std::sync::Arc::clone(self.context());
        self.pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let open = exceptions::open_of_kind(conn, UNREADABLE)?;
                if unreadable(&all_versions).is_empty() && open.is_empty() {
                    return Ok(());
                }
                write_transaction(conn, |conn| {
                    programs::lock_sales_and_programs(conn)?;
                    programs::touch(conn)?;
                    let now = database_now(conn)?;
                    note_unreadable(conn, &all_versions, now)
                })
            })
            .await
    }
}

/// As [`Ledger::watch_programs`], in a transaction that holds the guard.
pub(in crate::ledger) fn note_unreadable(
    conn: &mut AnyConnection,
    all_versions: &[ProgramVersions],
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let broken: Vec<(&ProgramVersions, &UnreadableVersion)> = all_versions
        .iter()
        .flat_map(|program_versions| program_versions.needing_repair().map(move |one| (program_versions, one)))
        .collect();
    for (program_versions, version) in &broken {
        let exception = Exception {
            id: ExceptionId(Uuid::now_v7()),
            dedupe_key: unreadable_key(program_versions.id, version.number),
            kind: UNREADABLE,
            partner_id: None,
            order: OrderRef::default(),
            detail: sentence(program_versions, version),
        };
        if exceptions::insert(conn, &ExceptionRow::new(&exception, now))? {
            tracing::error!(
                program = program_versions.code,
                version = version.number,
                problem = version.problem,
                "{UNREADABLE}"
            );
        }
    }
    for row in exceptions::open_of_kind(conn, UNREADABLE)? {
        let Some((id, version, "")) = parts(&row.dedupe_key) else { continue };
        if broken.iter().any(|(program_versions, one)| program_versions.id == id && one.number == version) {
            continue;
        }
        let note = "the version can be read again, or a later one is in its place";
        exceptions::resolve(conn, &row.id, &resolution(note), now.timestamp_micros())?;
        // Whoever put a later version has had its orders computed again already.
        let mended = all_versions
            .iter()
            .find(|program_versions| program_versions.id == id)
            .and_then(|program_versions| program_versions.version(version));
        if let Some(mended) = mended {
            let from_us = mended.effective_from.map(|at| at.timestamp_micros());
            programs::request_recompute(conn, id.0, None, from_us, now.timestamp_micros())?;
        }
    }
    Ok(())
}

/// Resolves what was said of orders that a version could not be computed for, where a new one holds for them.
pub(in crate::ledger) fn resolve_too_large(
    conn: &mut AnyConnection,
    program: ProgramId,
    effective_from: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    for row in exceptions::open_of_kind(conn, UNREADABLE)? {
        let Some((id, _, TOO_LARGE)) = parts(&row.dedupe_key) else { continue };
        if id != program {
            continue;
        }
        let placed_at = match row.sale()? {
            Some(sale) => store::table::orders::load(conn, &[sale].into())?.remove(&sale).map(|order| order.placed_at),
            None => None,
        };
        if placed_at.is_some_and(|placed| effective_from.is_none_or(|from| from <= placed)) {
            let note = "a later version is in its place";
            exceptions::resolve(conn, &row.id, &resolution(note), now.timestamp_micros())?;
        }
    }
    Ok(())
}

/// What the service itself notes.
fn resolution(note: &str) -> exceptions::Resolution {
    exceptions::Resolution { note: note.to_owned(), by: RESOLVED_BY.to_owned(), on_behalf_of: None }
}

/// Which program and version an exception's key names, and what follows them.
fn parts(key: &str) -> Option<(ProgramId, i64, &str)> {
    let mut parts = key.strip_prefix(UNREADABLE)?.strip_prefix('/')?.splitn(3, '/');
    let program = ProgramId(parts.next()?.parse().ok()?);
    let version = parts.next()?.parse().ok()?;
    Some((program, version, parts.next().unwrap_or_default()))
}
