//! Why the ledger said no. Each becomes one error of the API, with its stable `kind`.

use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{ExceptionId, HoldId, PartnerId};
use crate::domain::value::points::Points;

/// A refusal: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The member has fewer points than the reward costs.
    #[error("{required} points are needed and {available} are available")]
    InsufficientPoints {
        /// What may be spent now.
        available: Points,
        /// What the reward costs.
        required: Points,
    },
    /// The program or reward asks for more points on the account before any may be spent.
    #[error("points can be spent from {minimum} on; {available} are available")]
    BelowMinimum {
        /// What may be spent now.
        available: Points,
        /// From how many on points may be spent.
        minimum: Points,
    },
    /// The reward does not fit this order.
    #[error("{message}")]
    NotApplicable {
        /// A stable word for programs, `order_too_small`.
        reason: &'static str,
        /// A sentence for people.
        message: String,
        /// The most points that would fit, where that is a number.
        maximum_points: Option<Points>,
    },
    /// The hold ran out and its points are no longer there; a manager has to decide.
    #[error("the hold has expired and its points are no longer available; a manager was asked to decide")]
    HoldExpired {
        /// What waits for the manager.
        exception_id: ExceptionId,
    },
    /// The hold that another was to replace ran out before.
    #[error("the hold to be replaced has expired and sets nothing aside any more; ask again without `replaces`")]
    ReplacedHoldExpired,
    /// The hold was paid already.
    #[error("the hold was captured: its order is paid")]
    HoldCaptured,
    /// The hold was given up.
    #[error("the hold was released; press Redeem again")]
    HoldReleased,
    /// The hold was made for another order.
    #[error("the hold belongs to another order")]
    HoldOfOtherOrder,
    /// The key was used before, for something else.
    #[error("this idempotency key was used before with other parameters; use a fresh key for each new request")]
    IdempotencyConflict,
    /// No such program.
    #[error("there is no program “{0}”")]
    UnknownProgram(String),
    /// The version of the program that is in force cannot be read.
    #[error(
        "the program “{program}” cannot be used: its version {version} cannot be read; nothing was done. Ask the \
         administrator of the loyalty service to put a corrected document"
    )]
    UnreadableProgram {
        /// The program's code.
        program: String,
        /// The version's number.
        version: i64,
    },
    /// No such reward in the program's version in force.
    #[error("the program “{program}” has no reward “{reward}”")]
    UnknownReward {
        /// The program's code.
        program: String,
        /// What was asked for.
        reward: String,
    },
    /// Neither here nor in Odoo.
    #[error("there is no partner {0} in Odoo")]
    UnknownPartner(PartnerId),
    /// No such hold.
    #[error("there is no hold {0}")]
    UnknownHold(String),
    /// No such entry.
    #[error("there is no entry {0}")]
    UnknownEntry(String),
    /// The result would not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Refusal {
    /// For a member who has as many open holds as one may have.
    #[must_use]
    pub fn too_many_holds(most: usize) -> Self {
        Self::NotApplicable {
            reason: "too_many_holds",
            message: format!(
                "The customer has {most} rewards set aside on orders that are not paid. Remove one from its order, or wait \
                 until one ends, then press Redeem again."
            ),
            maximum_points: None,
        }
    }

    /// For a hold that nobody knows.
    #[must_use]
    pub fn unknown_hold(id: HoldId) -> Self {
        Self::UnknownHold(id.to_string())
    }
}
