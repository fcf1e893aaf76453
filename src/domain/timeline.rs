//! The versions of one program, and which of them holds for an order.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::ids::ProgramId;
use super::program::Program;

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

/// All versions of one program, oldest first.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Our own id of the program.
    pub id: ProgramId,
    /// Its code.
    pub code: String,
    /// Its versions by number; never empty.
    pub versions: Vec<Version>,
}

impl Timeline {
    /// The version that holds at a moment: the latest put of those that are effective by then. `None` before
    /// the first, and when that version was archived by then.
    #[must_use]
    pub fn in_force(&self, at: DateTime<Utc>) -> Option<&Version> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.effective_from.is_none_or(|from| from <= at))
            .filter(|version| version.archived_at.is_none_or(|end| at < end))
    }

    /// The version put last.
    #[must_use]
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// One version by its number.
    #[must_use]
    pub fn version(&self, number: i64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }
}
