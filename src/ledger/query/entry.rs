//! An entry as callers get it, alone and with what people call its program and its reward.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::ledger::entry::{Cause, Entry};
use crate::domain::ledger::hold::Hold;
use crate::domain::program::version::ProgramVersions;
use crate::domain::value::as_text;
use crate::domain::value::ids::{EntryId, PartnerId};
use crate::domain::value::points::Points;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownEntry {
    /// Its id.
    pub entry_id: EntryId,
    /// Why points moved.
    pub kind: &'static str,
    /// How many; below zero when they left.
    pub points: Points,
    /// The account's balance after it.
    pub balance_after: Points,
    /// When it happened in the shop.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub occurred_at: DateTime<Utc>,
    /// When the ledger took it in.
    #[serde(serialize_with = "as_text::serialize_time")]
    pub recorded_at: DateTime<Utc>,
    /// The document that caused it.
    pub cause: Cause,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// For whom the actor says that it acted.
    pub on_behalf_of: Option<String>,
    /// Whether its texts were erased; said of those alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

impl From<&Entry> for ShownEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            entry_id: entry.id,
            kind: entry.kind.as_str(),
            points: entry.points,
            balance_after: entry.balance_after,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            cause: entry.cause.clone(),
            reason: entry.reason.clone(),
            actor: entry.actor.clone(),
            on_behalf_of: entry.detail.on_behalf_of.clone(),
            redacted: entry.is_redacted,
        }
    }
}

/// An entry with what people call its program and its reward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: ShownEntry,
    /// Whose it is.
    pub partner_id: PartnerId,
    /// The program's code.
    pub program: String,
    /// The program's name.
    pub program_name: String,
    /// What the program's points are called.
    pub points_name: String,
    /// What was redeemed.
    pub reward: Option<RewardName>,
}

/// A reward's code, and its name while a version has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RewardName {
    /// The code.
    pub code: String,
    /// The name.
    pub name: Option<String>,
}

impl NamedEntry {
    pub(in crate::ledger) fn new(
        entry: &Entry,
        member: PartnerId,
        versions: &ProgramVersions,
        hold: Option<&Hold>,
    ) -> Self {
        let reward = hold.map(|hold| {
            let version = versions.version(hold.program_version);
            let reward = version.and_then(|version| version.program.reward(&hold.reward));
            RewardName { code: hold.reward.clone(), name: reward.map(|reward| reward.name.clone()) }
        });
        Self {
            entry: entry.into(),
            partner_id: member,
            program: versions.code.clone(),
            program_name: versions.name().to_owned(),
            points_name: versions.points_name().to_owned(),
            reward,
        }
    }
}
