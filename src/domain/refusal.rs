//! Why the ledger says no: one type, with one sentence for each refusal, which reaches the caller as it is.

use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::{ExceptionId, HoldId, PartnerId};
use crate::domain::value::points::Points;

/// Open holds of an account at most. A till that asks again and again must not grow what every batch loads.
pub const MOST_OPEN_HOLDS: usize = 100;

/// A refusal: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Fewer points are available than the reward costs.
    #[error("The customer has {available} points available; this takes {required}.")]
    InsufficientPoints {
        /// What the member can spend.
        available: Points,
        /// What the reward costs.
        required: Points,
    },
    /// Fewer points are available than must be there before any may be spent.
    #[error("The customer has {available} points available and needs at least {minimum} before spending any.")]
    BelowMinimum {
        /// What the member can spend.
        available: Points,
        /// What the program or the reward asks for.
        minimum: Points,
    },
    /// The reward cannot be used on this order.
    #[error("{}", not_applicable_sentence(*reason, *maximum_points))]
    NotApplicable {
        /// Why.
        reason: Reason,
        /// The most points that this order takes, when more were offered.
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
    /// Points were to move between two customers who have one account.
    #[error("partner {to} has the points of partner {from} already: they share one account")]
    SharedAccount {
        /// Whose points were to move.
        from: PartnerId,
        /// Who was to get them.
        to: PartnerId,
    },
    /// Points were to move from a customer whose points are another's.
    #[error("the points of partner {from} are those of partner {owner}; name that one")]
    PointsOfAnother {
        /// Whose points were to move.
        from: PartnerId,
        /// Whose they are.
        owner: PartnerId,
    },
    /// A program that is tried out cannot be computed for an order.
    #[error(
        "the program's numbers grow too large on the order {0}; check “every”, “points” and the multipliers of its rules"
    )]
    TooLargeOnOrder(String),
    /// The result would not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Why a reward cannot be used on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It takes off more than the order, or the program's share of it, has left.
    #[error("The order is too small for this reward.")]
    OrderTooSmall,
    /// The points offered are worth less than the currency's smallest amount.
    #[error("That is too few points to take anything off.")]
    TooFewPoints,
    /// Points were offered for a reward of a fixed price, and they are not its price.
    #[error("The price of this reward is fixed: leave the number of points out.")]
    PointsNotVariable,
    /// The hold is for another customer.
    #[error("The order has another customer.")]
    OtherPartner,
    /// The order is in another currency than the program.
    #[error("The program is for another currency than the order's.")]
    OtherCurrency,
    /// The order is another company's.
    #[error("The program is for another company than the order's.")]
    OtherCompany,
    /// The program does not hold in this shop.
    #[error("The program does not hold in this shop.")]
    OtherShop,
    /// The program has not started or is over.
    #[error("The program does not hold at this time.")]
    OutsideDates,
    /// Nothing on the order is among the goods it is for, or they are discounted to nothing already.
    #[error("Nothing on the order is what this reward is for.")]
    NothingInScope,
    /// The product on the order costs no more than the reward would make it cost.
    #[error("The product on the order does not cost more than with this reward.")]
    AlreadyCheaper,
    /// The product it gives was archived in Odoo.
    #[error("The product of this reward is not sold any more.")]
    ProductUnavailable,
    /// The member has had it as often as a member can.
    #[error("The customer has had this reward as often as is allowed.")]
    LimitReached,
    /// Not on this day, or at this hour.
    #[error("This reward is not given on this day or at this hour.")]
    OutsideWindow,
    /// The program is for enrolled members.
    #[error("The customer is not enrolled in this program.")]
    NotEnrolled,
    /// The program's version in force cannot be read.
    #[error("The program cannot be read. Ask the administrator of the loyalty service to put a corrected document.")]
    Unreadable,
    /// The program's numbers grow too large on this order.
    #[error("The program's numbers grow too large on this order.")]
    TooLarge,
    /// The member has as many open holds as one may have.
    #[error(
        "The customer has {} rewards set aside on orders that are not paid. Remove one from its order, or wait until one ends, \
         then press Redeem again.",
        MOST_OPEN_HOLDS
    )]
    TooManyHolds,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::OrderTooSmall,
        Self::TooFewPoints,
        Self::PointsNotVariable,
        Self::OtherPartner,
        Self::OtherCurrency,
        Self::OtherCompany,
        Self::OtherShop,
        Self::OutsideDates,
        Self::NothingInScope,
        Self::AlreadyCheaper,
        Self::ProductUnavailable,
        Self::LimitReached,
        Self::OutsideWindow,
        Self::NotEnrolled,
        Self::Unreadable,
        Self::TooLarge,
        Self::TooManyHolds,
    ];

    /// Its stable name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OrderTooSmall => "order_too_small",
            Self::TooFewPoints => "too_few_points",
            Self::PointsNotVariable => "points_not_variable",
            Self::OtherPartner => "other_partner",
            Self::OtherCurrency => "other_currency",
            Self::OtherCompany => "other_company",
            Self::OtherShop => "other_shop",
            Self::OutsideDates => "outside_dates",
            Self::NothingInScope => "nothing_in_scope",
            Self::AlreadyCheaper => "already_cheaper",
            Self::ProductUnavailable => "product_unavailable",
            Self::LimitReached => "limit_reached",
            Self::OutsideWindow => "outside_window",
            Self::NotEnrolled => "not_enrolled",
            Self::Unreadable => "program_unreadable",
            Self::TooLarge => "program_too_large",
            Self::TooManyHolds => "too_many_holds",
        }
    }

    /// From its name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

fn not_applicable_sentence(reason: Reason, maximum_points: Option<Points>) -> String {
    maximum_points.map_or_else(
        || reason.to_string(),
        |maximum| format!("The order takes at most {maximum} points for this reward."),
    )
}

impl Refusal {
    /// For a reward that cannot be used on an order.
    #[must_use]
    pub const fn not_applicable(reason: Reason) -> Self {
        Self::NotApplicable { reason, maximum_points: None }
    }

    /// For a hold that nobody knows.
    #[must_use]
    pub fn unknown_hold(id: HoldId) -> Self {
        Self::UnknownHold(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_fits_is_in_the_sentence() {
        let refusal =
            Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points: Some(Points::from_e2(4_050)) };
        assert_eq!(refusal.to_string(), "The order takes at most 40.5 points for this reward.");
        assert_eq!(
            Refusal::not_applicable(Reason::OrderTooSmall).to_string(),
            "The order is too small for this reward."
        );
    }

    #[test]
    fn a_reason_is_found_by_its_name_and_each_has_its_own() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::from_code("other"), None);
    }
}
