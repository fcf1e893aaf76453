//! The versions of one program, and which of them holds for an order.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::program::Program;
use crate::domain::refusal::Refusal;
use crate::domain::value::ids::ProgramId;

/// One version.
#[derive(Clone, Debug)]
pub struct Version {
    /// 1 for the first.
    pub number: i64,
    /// From when it holds; `None` for all the past.
    pub effective_from: Option<DateTime<Utc>>,
    /// From when it no longer does.
    pub archived_at: Option<DateTime<Utc>>,
    /// Its rules.
    pub program: Arc<Program>,
}

/// A version whose stored document cannot be read. Its program does nothing while it would be in force.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableVersion {
    /// 1 for the first.
    pub number: i64,
    /// From when it holds; `None` for all the past.
    pub effective_from: Option<DateTime<Utc>>,
    /// From when it no longer does.
    pub archived_at: Option<DateTime<Utc>>,
    /// The document as far as it is JSON.
    pub document: Value,
    /// Why it cannot be read.
    pub problem: String,
}

/// All versions of one program.
#[derive(Clone, Debug)]
pub struct ProgramVersions {
    /// Our own id of the program.
    pub id: ProgramId,
    /// Its code.
    pub code: String,
    /// The versions that can be read, by number.
    pub versions: Vec<Version>,
    /// The versions that cannot, by number.
    pub unreadable: Vec<UnreadableVersion>,
}

fn is_effective(from: Option<DateTime<Utc>>, at: DateTime<Utc>) -> bool {
    from.is_none_or(|from| from <= at)
}

impl ProgramVersions {
    /// The program of this code.
    ///
    /// # Errors
    /// [`Refusal::UnknownProgram`]
    pub fn of_code<'a>(all_versions: &'a [Self], code: &str) -> Result<&'a Self, Refusal> {
        let found = all_versions.iter().find(|program_versions| program_versions.code == code);
        found.ok_or_else(|| Refusal::UnknownProgram(code.to_owned()))
    }

    /// The version that holds at a moment: the latest put of those that are effective by then. `None` before
    /// the first, when that version was archived by then, and when it cannot be read.
    #[must_use]
    pub fn in_force(&self, at: DateTime<Utc>) -> Option<&Version> {
        let version = self.versions.iter().rev().find(|version| is_effective(version.effective_from, at))?;
        let hidden =
            self.unreadable.iter().any(|one| one.number > version.number && is_effective(one.effective_from, at));
        (!hidden && version.archived_at.is_none_or(|end| at < end)).then_some(version)
    }

    /// The version that should hold at a moment and cannot be read.
    #[must_use]
    pub fn unreadable_at(&self, at: DateTime<Utc>) -> Option<&UnreadableVersion> {
        let found = self.unreadable.iter().rev().find(|one| is_effective(one.effective_from, at))?;
        let replaced = self
            .versions
            .iter()
            .any(|version| version.number > found.number && is_effective(version.effective_from, at));
        (!replaced && found.archived_at.is_none_or(|end| at < end)).then_some(found)
    }

    /// The unreadable versions that should hold at some moment: no later version is in their place.
    pub fn needing_repair(&self) -> impl Iterator<Item = &UnreadableVersion> {
        self.unreadable.iter().filter(|one| {
            let replaces = |number: i64, from: Option<DateTime<Utc>>| number > one.number && from <= one.effective_from;
            !self.versions.iter().any(|version| replaces(version.number, version.effective_from))
                && !self.unreadable.iter().any(|other| replaces(other.number, other.effective_from))
        })
    }

    /// The readable version put last.
    #[must_use]
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version put last, when it cannot be read.
    #[must_use]
    pub fn latest_unreadable(&self) -> Option<&UnreadableVersion> {
        let readable = self.latest().map_or(0, |version| version.number);
        self.unreadable.last().filter(|one| one.number > readable)
    }

    /// The number of the version put last; 0 when there is none.
    #[must_use]
    pub fn last_number(&self) -> i64 {
        let readable = self.latest().map_or(0, |version| version.number);
        self.latest_unreadable().map_or(readable, |one| one.number)
    }

    /// Since when the program is archived.
    #[must_use]
    pub fn archived_at(&self) -> Option<DateTime<Utc>> {
        match self.latest_unreadable() {
            Some(one) => one.archived_at,
            None => self.latest().and_then(|version| version.archived_at),
        }
    }

    /// What a person calls the program, as far as its documents say.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text_of("name", |program| &program.name).unwrap_or(&self.code)
    }

    /// What its points are called, as far as its documents say.
    #[must_use]
    pub fn points_name(&self) -> &str {
        self.text_of("points_name", |program| &program.points_name).unwrap_or("points")
    }

    fn text_of<'a>(&'a self, member: &str, of: impl FnOnce(&'a Program) -> &'a String) -> Option<&'a str> {
        self.latest()
            .map(|version| of(&version.program).as_str())
            .or_else(|| self.unreadable.last()?.document.get(member)?.as_str())
    }

    /// One version by its number, if it can be read.
    #[must_use]
    pub fn version(&self, number: i64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use serde_json::json;

    use super::*;

    fn day(day: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, day, 0, 0, 0).unwrap()
    }

    fn good(number: i64, effective_from: Option<DateTime<Utc>>) -> Version {
        let document = json!({"code": "club", "name": "Club", "currency": "USD"});
        let program = Arc::new(Program::from_json(&document).unwrap());
        Version { number, effective_from, archived_at: None, program }
    }

    fn bad(number: i64, effective_from: Option<DateTime<Utc>>) -> UnreadableVersion {
        let document = json!({"name": "Club as written"});
        UnreadableVersion { number, effective_from, archived_at: None, document, problem: "/ends_at".into() }
    }

    fn program_versions(versions: Vec<Version>, unreadable: Vec<UnreadableVersion>) -> ProgramVersions {
        ProgramVersions { id: ProgramId(1), code: "club".into(), versions, unreadable }
    }

    fn numbers(program_versions: &ProgramVersions, at: DateTime<Utc>) -> (Option<i64>, Option<i64>) {
        (program_versions.in_force(at).map(|one| one.number), program_versions.unreadable_at(at).map(|one| one.number))
    }

    #[test]
    fn an_unreadable_version_hides_those_before_it_and_a_later_one_takes_its_place() {
        let broken = program_versions(vec![good(1, None)], vec![bad(2, Some(day(10)))]);
        assert_eq!(numbers(&broken, day(9)), (Some(1), None));
        assert_eq!(numbers(&broken, day(10)), (None, Some(2)));
        assert_eq!((broken.last_number(), broken.needing_repair().count()), (2, 1));
        // A later version that begins later leaves the days between unreadable.
        let later = program_versions(vec![good(1, None), good(3, Some(day(20)))], broken.unreadable.clone());
        assert_eq!(numbers(&later, day(15)), (None, Some(2)));
        assert_eq!(numbers(&later, day(20)), (Some(3), None));
        assert_eq!((later.last_number(), later.needing_repair().count()), (3, 1));
        let mended = program_versions(vec![good(1, None), good(3, Some(day(10)))], broken.unreadable);
        assert_eq!(numbers(&mended, day(10)), (Some(3), None));
        assert_eq!(mended.needing_repair().count(), 0);
    }

    #[test]
    fn the_name_is_told_as_far_as_it_is_known() {
        let only = program_versions(Vec::new(), vec![bad(1, None)]);
        assert_eq!((only.name(), only.points_name()), ("Club as written", "points"));
        assert_eq!(program_versions(vec![good(1, None)], vec![bad(2, None)]).name(), "Club");
    }
}
