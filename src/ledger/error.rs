//! What callers get: a JSON value, or an error with its stable code and kind.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::ledger::refusal::Refusal;
use crate::domain::program::InvalidProgram;
use crate::store::{DatabaseFault, StoreError};

/// `unknown_partner`
const UNKNOWN_PARTNER: i32 = 1103;

/// An error as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A number of the contract's table.
    pub code: i32,
    /// A sentence for a person.
    pub message: String,
    /// `{"kind": …}` and what belongs to it.
    pub data: Value,
}

impl ErrorBody {
    /// An error without data but its kind.
    #[must_use]
    pub fn new(code: i32, kind: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: json!({ "kind": kind }) }
    }

    /// Whether the customer is not among those who were read from Odoo: one who is new there may be.
    #[must_use]
    pub fn is_unknown_partner(&self) -> bool {
        self.code == UNKNOWN_PARTNER
    }
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        let (code, data) = match refusal {
            Refusal::InsufficientPoints { available, required } => (
                1001,
                json!({"kind": "insufficient_points", "available": available.to_string(),
                       "required": required.to_string()}),
            ),
            Refusal::BelowMinimum { available, minimum } => (
                1002,
                json!({"kind": "below_minimum", "available": available.to_string(), "minimum": minimum.to_string()}),
            ),
            Refusal::NotApplicable { reason, maximum_points, .. } => {
                let mut data = json!({"kind": "reward_not_applicable", "reason": reason});
                if let (Some(maximum), Some(object)) = (maximum_points, data.as_object_mut()) {
                    object.insert("maximum_points".into(), json!(maximum.to_string()));
                }
                (1003, data)
            }
            Refusal::HoldExpired { exception_id } => {
                (1004, json!({"kind": "hold_expired", "exception_id": exception_id.to_string()}))
            }
            // Nobody has to decide anything: there is no exception to name.
            Refusal::ReplacedHoldExpired => (1004, json!({"kind": "hold_expired"})),
            Refusal::HoldCaptured => (1005, json!({"kind": "hold_captured"})),
            Refusal::HoldReleased => (1006, json!({"kind": "hold_released"})),
            Refusal::HoldOfOtherOrder => (1007, json!({"kind": "hold_of_other_order"})),
            Refusal::IdempotencyConflict => (1008, json!({"kind": "idempotency_conflict"})),
            Refusal::UnknownProgram(_) => (1101, json!({"kind": "unknown_program"})),
            Refusal::UnknownReward { .. } => (1102, json!({"kind": "unknown_reward"})),
            Refusal::UnknownPartner(_) => (UNKNOWN_PARTNER, json!({"kind": "unknown_partner"})),
            Refusal::UnknownHold(_) => (1104, json!({"kind": "unknown_hold"})),
            Refusal::UnknownEntry(_) => (1105, json!({"kind": "unknown_entry"})),
            Refusal::UnreadableProgram { .. } => (1401, json!({"kind": "unavailable"})),
            // A number that does not fit is the caller's parameter, whatever it was.
            Refusal::Overflow(_) => (-32602, json!({"kind": "invalid_params"})),
        };
        Self { code, message: refusal.to_string(), data }
    }
}

impl From<&InvalidProgram> for ErrorBody {
    fn from(invalid: &InvalidProgram) -> Self {
        let data = json!({"kind": "invalid_program", "path": invalid.path});
        Self { code: 1201, message: invalid.to_string(), data }
    }
}

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Refused; nothing was changed.
    #[error("{}", .0.message)]
    Refused(ErrorBody),
    /// The service cannot answer now; nothing was done and the same call may be repeated.
    #[error("{0}")]
    Unavailable(String),
    /// What was read from Odoo was read under another process's lease, or too long ago; nothing was done.
    #[error("another process reads Odoo now; what this one had read before is left to it")]
    Outdated,
    /// The change could not be written.
    #[error("{}", user_message(*.trouble, *.in_doubt))]
    Unwritten {
        /// Why.
        trouble: DatabaseFault,
        /// Whether it may have been written all the same. The same call again is never done twice.
        in_doubt: bool,
    },
    /// The database failed; nothing was done, unless it is in doubt.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a caller is told when a change could not be written: a sentence that claims no more than is known.
#[must_use]
pub fn user_message(trouble: DatabaseFault, in_doubt: bool) -> String {
    let sentence = trouble.sentence();
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
    /// Whether it may be for what the command says that it could not be done: no trouble of the database's that is known,
    /// and nothing of it was done.
    #[must_use]
    pub const fn is_of_the_command(&self) -> bool {
        matches!(self, Self::Unwritten { trouble: DatabaseFault::Other, in_doubt: false })
    }

    /// What stands in the way, and whether the change may have been made all the same; `None` when the ledger
    /// decided, or is busy.
    #[must_use]
    pub fn trouble(&self) -> Option<(DatabaseFault, bool)> {
        match self {
            Self::Refused(_) | Self::Unavailable(_) | Self::Outdated => None,
            Self::Unwritten { trouble, in_doubt } => Some((*trouble, *in_doubt)),
            Self::Store(problem) => Some((DatabaseFault::of(problem), matches!(problem, StoreError::InDoubt(_)))),
        }
    }
}

impl From<Refusal> for LedgerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(ErrorBody::from(&refusal))
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

/// A time as the API shows it: RFC 3339 in UTC, `2026-11-22T12:00:00Z`, with microseconds where there are any.
#[must_use]
pub fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// A decimal as the API shows it: a string without needless zeros.
#[must_use]
pub fn decimal(value: Decimal) -> String {
    value.normalize().to_string()
}
