//! Why a use case did not succeed, as a type. What a caller is told of it, and by which number, the API says.

use crate::domain::program::InvalidProgram;
use crate::domain::refusal::Refusal;
use crate::store::{DatabaseFault, StoreError};

/// A refusal and its sentence. One that was recorded keeps the sentence of its day: the same key gets the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub refusal: Refusal,
    /// Why, for a person.
    pub message: String,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { message: refusal.to_string(), refusal }
    }
}

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Refused; nothing was changed.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// The document of a program is refused; nothing was changed.
    #[error(transparent)]
    InvalidProgram(#[from] InvalidProgram),
    /// The service cannot answer now; nothing was done and the same call may be repeated.
    #[error("{0}")]
    Unavailable(String),
    /// What was read from Odoo was read under another process's lease, or too long ago; nothing was done.
    #[error("another process reads Odoo now; what this one had read before is left to it")]
    Outdated,
    /// The change could not be written.
    #[error("{}", user_message(*.fault, *.in_doubt))]
    Unwritten {
        /// Why.
        fault: DatabaseFault,
        /// Whether it may have been written all the same. The same call again is never done twice.
        in_doubt: bool,
    },
    /// The database failed; nothing was done, unless it is in doubt.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a caller is told when a change could not be written: a sentence that claims no more than is known.
#[must_use]
pub fn user_message(fault: DatabaseFault, in_doubt: bool) -> String {
    let sentence = fault.sentence();
    if in_doubt {
        format!(
            "{sentence}, and it is not certain whether this was done; please make the same call again, with the same \
             idempotency key where it has one: it is never done twice"
        )
    } else {
        format!("{sentence}; nothing was done, please try again")
    }
}

impl LedgerError {
    /// True if the command itself is likely at fault: no known database fault occurred and nothing was written.
    #[must_use]
    pub const fn is_of_the_command(&self) -> bool {
        matches!(self, Self::Unwritten { fault: DatabaseFault::Other, in_doubt: false })
    }

    /// What stands in the way, and whether the change may have been made all the same; `None` when the ledger
    /// decided, or is busy.
    #[must_use]
    pub fn database_fault(&self) -> Option<(DatabaseFault, bool)> {
        match self {
            Self::Refused(_) | Self::InvalidProgram(_) | Self::Unavailable(_) | Self::Outdated => None,
            Self::Unwritten { fault, in_doubt } => Some((*fault, *in_doubt)),
            Self::Store(problem) => Some((DatabaseFault::of(problem), matches!(problem, StoreError::InDoubt(_)))),
        }
    }
}

impl From<Refusal> for LedgerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<diesel::result::Error> for LedgerError {
    fn from(problem: diesel::result::Error) -> Self {
        Self::Store(StoreError::Query(problem))
    }
}

impl From<crate::domain::value::exact::Overflow> for LedgerError {
    fn from(overflow: crate::domain::value::exact::Overflow) -> Self {
        Refusal::Overflow(overflow).into()
    }
}
