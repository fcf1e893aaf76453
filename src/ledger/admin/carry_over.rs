//! Points carried over from another system, so that each of its documents counts once and as it now is.
//!
//! What is posted for a document (a card, a line of a file) is what it says less what was posted for it before:
//! carrying over again posts nothing, and a document that changed posts the difference.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::domain::ledger::account::Expiry;
use crate::domain::ledger::chain::document_key;
use crate::domain::ledger::decide::Correction;
use crate::domain::ledger::entry::{Cause, CauseModel};
use crate::domain::program::Program;
use crate::domain::program::version::ProgramVersions;
use crate::domain::refusal::Refusal;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::points::Points;
use crate::ledger::ingest::wallets::wallets_of;
use crate::ledger::writer::command::{AdjustPoints, Idempotency};
use crate::ledger::{Ledger, LedgerError};
use crate::store::connection::clock::database_now;
use crate::store::table::entries::{CarriedOver, carried_over};
use crate::store::table::merges;
use crate::store::{self, AnyConnection};

/// Documents that are looked up, and posted, at a time.
const PAGE: usize = 200;
/// How often a document is looked at again because somebody else carried it over meanwhile.
const ROUNDS: usize = 8;

/// What another system says of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportItem {
    /// The document. Its id, or its name where it has none, tells it from every other of its model.
    pub cause: Cause,
    /// Whose points.
    pub partner_id: PartnerId,
    /// How many it holds now.
    pub points: Points,
    /// When they end; as the program says, counted from now, where nothing is said.
    pub expiry: Option<Expiry>,
    /// Why.
    pub reason: String,
}

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// So many points were posted (or would be), with their sign.
    Posted(Points),
    /// It was carried over before, and says the same as then.
    Unchanged,
    /// It holds no points, and never did here.
    Empty,
    /// Its points have ended: nothing is posted.
    Expired,
    /// It was carried over to another customer's account. Nothing is posted: whose points they are is a person's
    /// to say.
    OtherMember(PartnerId),
    /// The ledger refused it, for this reason.
    Refused(String),
}

/// The program that points are carried into.
#[derive(Clone, Debug)]
pub struct Destination {
    /// As it stands now.
    pub program: Arc<Program>,
    /// From when it no longer runs.
    pub archived_at: Option<DateTime<Utc>>,
    /// How many orders have earned in it by now.
    pub orders_credited: u64,
}

/// What was posted for a document so far.
#[derive(Clone, Debug, Default)]
struct Before {
    points: Points,
    entries: u64,
    by_member: BTreeMap<PartnerId, Points>,
}

/// What is to be done about a document.
enum Plan {
    Settled(ImportOutcome),
    Post(Points, Box<AdjustPoints>),
}

/// Points of other systems, on their way into a ledger.
#[derive(Clone, Copy, Debug)]
pub struct CarryOver<'a>(&'a Ledger);

impl Ledger {
    /// What imports need.
    #[must_use]
    pub const fn imports(&self) -> CarryOver<'_> {
        CarryOver(self)
    }
}

impl CarryOver<'_> {
    /// The program of this code, as far as an import must know it.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`]
    pub async fn destination(self, program: &str) -> Result<Destination, LedgerError> {
        let context = Arc::clone(self.0.context());
        let code = program.to_owned();
        self.0
            .pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let program_versions = ProgramVersions::of_code(&all_versions, &code)?;
                let now = database_now(conn)?;
                if let Some(broken) = program_versions.unreadable_at(now) {
                    return Err(Refusal::UnreadableProgram { program: code, version: broken.number }.into());
                }
                let latest = program_versions.latest().ok_or_else(|| Refusal::UnknownProgram(code.clone()))?;
                let credited = store::table::postings::count_credited(conn, program_versions.id)?;
                Ok(Destination {
                    program: Arc::clone(&program_versions.in_force(now).unwrap_or(latest).program),
                    archived_at: latest.archived_at,
                    orders_credited: u64::try_from(credited).unwrap_or_default(),
                })
            })
            .await
    }

    /// Posts what these documents say beyond what was posted for each before; one answer a document, in their
    /// order. Without `post` it only says what it would do.
    ///
    /// Two that do this at once post each document once: the key of an entry counts those before it, so that the
    /// second finds its key taken, looks again, and sees what the first has posted.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`]; [`LedgerError::Unavailable`] when not all could be posted: those that were
    /// stay, and doing it again posts the rest.
    pub async fn carry_over(
        self,
        program: &str,
        documents: &[ImportItem],
        actor: &str,
        post: bool,
    ) -> Result<Vec<ImportOutcome>, LedgerError> {
        let mut landed = Vec::with_capacity(documents.len());
        for page in documents.chunks(PAGE) {
            landed.extend(self.carry_page(program, page, actor, post).await?);
        }
        Ok(landed)
    }

    async fn carry_page(
        self,
        program: &str,
        page: &[ImportItem],
        actor: &str,
        post: bool,
    ) -> Result<Vec<ImportOutcome>, LedgerError> {
        let mut open: BTreeMap<usize, ImportItem> = page.iter().cloned().enumerate().collect();
        let mut landed: BTreeMap<usize, ImportOutcome> = BTreeMap::new();
        for _ in 0..ROUNDS {
            if open.is_empty() {
                break;
            }
            let mut posting = JoinSet::new();
            for (place, plan) in self.plan(program, open.clone(), actor).await? {
                match plan {
                    Plan::Settled(settled) => {
                        landed.insert(place, settled);
                    }
                    Plan::Post(points, _) if !post => {
                        landed.insert(place, ImportOutcome::Posted(points));
                    }
                    Plan::Post(points, command) => {
                        let ledger = self.0.clone();
                        posting.spawn(async move { (place, points, ledger.reply(*command).await) });
                    }
                }
            }
            while let Some(posted) = posting.join_next().await {
                let (place, points, reply) = posted.map_err(|problem| {
                    LedgerError::Unavailable(format!("the carrying over was interrupted: {problem}"))
                })?;
                match reply {
                    Ok(_) => {
                        landed.insert(place, ImportOutcome::Posted(points));
                    }
                    // Somebody else has just carried it over: it is looked at again.
                    Err(LedgerError::Refused(refused)) if refused.refusal == Refusal::IdempotencyConflict => {}
                    Err(LedgerError::Refused(refused)) => {
                        landed.insert(place, ImportOutcome::Refused(refused.message));
                    }
                    Err(other) => return Err(other),
                }
            }
            open.retain(|place, _| !landed.contains_key(place));
        }
        if open.is_empty() {
            return Ok(landed.into_values().collect());
        }
        Err(LedgerError::Unavailable(
            "another import is at work on the same documents; run this one again when it has ended".to_owned(),
        ))
    }

    /// What each of these documents needs, by its place.
    async fn plan(
        self,
        program: &str,
        open: BTreeMap<usize, ImportItem>,
        actor: &str,
    ) -> Result<Vec<(usize, Plan)>, LedgerError> {
        let context = Arc::clone(self.0.context());
        let (code, actor) = (program.to_owned(), actor.to_owned());
        self.0
            .pool()
            .run(move |conn| {
                let all_versions = context.programs.all_versions(conn)?;
                let program_versions = ProgramVersions::of_code(&all_versions, &code)?;
                let before = posted_before(conn, program_versions, open.values())?;
                let contacts: Vec<PartnerId> = open.values().map(|document| document.partner_id).collect();
                let members = wallets_of(conn, context.options.wallet, &contacts)?;
                let now = database_now(conn)?;
                let none = Before::default();
                open.into_iter()
                    .map(|(place, document)| {
                        let key = document_key(&document.cause);
                        let before = before.get(&key).unwrap_or(&none);
                        let member = members.get(&document.partner_id).copied().unwrap_or(document.partner_id);
                        Ok((place, decide(&code, document, before, member, &actor, now)?))
                    })
                    .collect()
            })
            .await
    }
}

fn posted_before<'a>(
    conn: &mut AnyConnection,
    program_versions: &ProgramVersions,
    documents: impl Iterator<Item = &'a ImportItem>,
) -> Result<BTreeMap<i64, Before>, LedgerError> {
    let asked: BTreeMap<i64, &Cause> = documents.map(|one| (document_key(&one.cause), &one.cause)).collect();
    let keys: Vec<i64> = asked.keys().copied().collect();
    let rows = carried_over(conn, program_versions.id, &keys)?;
    // What was carried over to a member that was merged into another went along.
    let became = merges::of(conn, &rows.iter().map(|row| row.partner_id).collect::<Vec<_>>())?;
    let mut found: BTreeMap<i64, Before> = BTreeMap::new();
    for row in rows {
        let key = row.document_key;
        if !asked.get(&key).is_some_and(|cause| is_of(cause, &row)) {
            continue;
        }
        let before = found.entry(key).or_default();
        before.points = before.points.add(row.points)?;
        before.entries = before.entries.saturating_add(1);
        let member = became.get(&row.partner_id).copied().unwrap_or(row.partner_id);
        let own = before.by_member.entry(member).or_default();
        *own = own.add(row.points)?;
    }
    Ok(found)
}

/// Whether an entry with a document's key is that document's. One whose name was erased is known by the key alone.
fn is_of(document: &Cause, row: &CarriedOver) -> bool {
    row.cause_id == document.id
        && (document.id.is_some() || row.cause_name.as_ref().is_none_or(|name| *name == document.name))
}

fn decide(
    program: &str,
    document: ImportItem,
    before: &Before,
    member: PartnerId,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Plan, LedgerError> {
    let elsewhere = before.by_member.iter().find(|(of, points)| **of != member && !points.is_zero());
    if let Some((other, _)) = elsewhere {
        return Ok(Plan::Settled(ImportOutcome::OtherMember(*other)));
    }
    let difference = document.points.sub(before.points)?;
    if difference.is_zero() {
        let settled = if before.entries == 0 { ImportOutcome::Empty } else { ImportOutcome::Unchanged };
        return Ok(Plan::Settled(settled));
    }
    // What was posted of it has expired by itself; taking a difference from that would make a debt.
    if document.expiry.is_some_and(|expiry| expiry.is_past(now)) {
        return Ok(Plan::Settled(ImportOutcome::Expired));
    }
    let correction = Correction {
        points: difference,
        reason: document.reason,
        on_behalf_of: None,
        cause: Some(document.cause),
        expiry: document.expiry,
    };
    let idempotency = idempotency(program, document.partner_id, &correction, before.entries)?;
    let (partner_id, program, actor) = (document.partner_id, program.to_owned(), actor.to_owned());
    let command = AdjustPoints { idempotency, partner_id, program, correction, actor };
    Ok(Plan::Post(difference, Box::new(command)))
}

/// The key says which of the document's entries this is: amounts come back (100, 50, 100), numbers do not.
fn idempotency(
    program: &str,
    partner_id: PartnerId,
    correction: &Correction,
    entries_before: u64,
) -> Result<Idempotency, LedgerError> {
    let expiry = correction.expiry.map(store::connection::clock::expiry_to_us);
    let cause = correction.cause.as_ref();
    let points = correction.points.e2();
    let said = sha256(&(program, partner_id, points, expiry, &correction.reason, cause.map(SaidCause::of)))?;
    let place = match cause {
        Some(Cause { model, id: Some(id), .. }) => sha256(&(program, model, id, entries_before)),
        Some(Cause { model, name, .. }) => sha256(&(program, model, name, entries_before)),
        None => sha256(&(program, "", "", entries_before)),
    };
    Ok(Idempotency { key: place?, params_sha256: said })
}

/// A document as a digest covers it: its members in the order of their names.
#[derive(Serialize)]
struct SaidCause<'a> {
    id: Option<i64>,
    model: CauseModel,
    name: &'a str,
    uuid: Option<&'a str>,
}

impl<'a> SaidCause<'a> {
    fn of(cause: &'a Cause) -> Self {
        Self { id: cause.id, model: cause.model, name: &cause.name, uuid: cause.uuid.as_deref() }
    }
}

/// A hash, since a document's name may be erased from its entry and would stay here.
fn sha256(said: &impl Serialize) -> Result<String, LedgerError> {
    let text = serde_json::to_vec(said).map_err(store::corrupt)?;
    Ok(hex::encode(Sha256::digest(text)))
}

#[cfg(test)]
#[path = "carry_over_tests.rs"]
mod tests;
