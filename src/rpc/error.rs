//! Every error a caller can get: its number, its kind, its HTTP status, its sentence, and where it comes from.
//!
//! Handlers return a [`Fault`]. The ledger's refusals pass through as they are; what went wrong inside becomes
//! `unavailable` or `internal_error`, and its detail goes to the log alone: no SQL, path or trace leaves.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::auth::token::Role;
use crate::domain::program::InvalidProgram;
use crate::domain::refusal::Refusal;
use crate::ledger::error::user_message;
use crate::ledger::{LedgerError, Refused};
use crate::store::DatabaseFault;

/// One row of the contract's table of errors.
#[derive(Clone, Copy, Debug)]
pub struct ErrorKind {
    /// The number in `error.code`.
    pub code: i32,
    /// The word in `error.data.kind`.
    pub kind: &'static str,
    /// The HTTP status of the answer; of several, the first is the usual one.
    pub http_status: &'static [u16],
    /// What it means.
    pub sentence: &'static str,
    /// What `error.data` may have beside `kind`.
    pub data: &'static [&'static str],
}

/// Of `NAME = number, kind, [HTTP status], sentence, [members of data];`: the rows, and the table of them.
macro_rules! errors {
    ($($name:ident = $code:literal, $kind:literal, [$($status:literal),*], $sentence:expr, [$($member:literal),*];)*) => {
        $(
            #[doc = concat!("`", $kind, "`")]
            pub const $name: ErrorKind = ErrorKind {
                code: $code,
                kind: $kind,
                http_status: &[$($status),*],
                sentence: $sentence,
                data: &[$($member),*],
            };
        )*

        /// All errors, by number.
        pub const ERRORS: &[ErrorKind] = &[$($name,)*];
    };
}

// The status 200 says that JSON-RPC was spoken: the error is in the body.
errors! {
    PARSE_ERROR = -32700, "parse_error", [400], "The body is no JSON, or nests deeper than 32 levels.", [];
    INVALID_REQUEST = -32600, "invalid_request", [200],
        "The body is no request of JSON-RPC 2.0, or a batch is empty or too long.", [];
    METHOD_NOT_FOUND = -32601, "method_not_found", [200], "There is no such method.", [];
    INVALID_PARAMS = -32602, "invalid_params", [200],
        "A parameter is missing, unknown or refused; the message names it.", ["parameter"];
    INTERNAL_ERROR = -32603, "internal_error", [200, 500], "The service made a mistake; its log says more.", [];
    INSUFFICIENT_POINTS = 1001, "insufficient_points", [200],
        "The customer has fewer points than that (`available`, `required`).", ["available", "required"];
    BELOW_MINIMUM = 1002, "below_minimum", [200],
        "Points can be spent only from a minimum on (`available`, `minimum`).", ["available", "minimum"];
    REWARD_NOT_APPLICABLE = 1003, "reward_not_applicable", [200],
        "The reward does not fit this order (`reason`).", ["reason", "maximum_points"];
    HOLD_EXPIRED = 1004, "hold_expired", [200],
        "The hold ran out. Where its order is paid, a manager was asked (`exception_id`).", ["exception_id"];
    HOLD_CAPTURED = 1005, "hold_captured", [200], "The hold was paid already.", [];
    HOLD_RELEASED = 1006, "hold_released", [200], "The hold was given up.", [];
    HOLD_OF_OTHER_ORDER = 1007, "hold_of_other_order", [200], "The hold was made for another order.", [];
    IDEMPOTENCY_CONFLICT = 1008, "idempotency_conflict", [200],
        "The key was used before with other parameters.", [];
    UNKNOWN_PROGRAM = 1101, "unknown_program", [200], "There is no such program.", [];
    UNKNOWN_REWARD = 1102, "unknown_reward", [200], "The program has no such reward.", [];
    UNKNOWN_PARTNER = 1103, "unknown_partner", [200],
        "No partner with this id exists, in the ledger or in Odoo.", [];
    UNKNOWN_HOLD = 1104, "unknown_hold", [200], "There is no such hold.", [];
    UNKNOWN_ENTRY = 1105, "unknown_entry", [200], "There is no such entry.", [];
    INVALID_PROGRAM = 1201, "invalid_program", [200],
        "The program document is refused (`path`, a JSON Pointer).", ["path"];
    FORBIDDEN = 1301, "forbidden", [200], "The token's role does not suffice (`required`, `role`).", ["required", "role"];
    // 429 when a token calls too often.
    UNAVAILABLE = 1401, "unavailable", [200, 429],
        "The service cannot answer now: retry. Nothing was done, unless `outcome` is `unknown`: then the same call again \
         does it once, or gives the reply it had.", ["outcome", "reason", "retry_after_seconds"];
}

/// Why a call did not succeed, as its caller is told. Serialising it gives the member `error`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    code: i32,
    message: String,
    /// `kind`, and what belongs to it.
    data: Map<String, Value>,
    #[serde(skip)]
    kind: &'static str,
}

impl Fault {
    fn new(row: &ErrorKind, message: impl Into<String>) -> Self {
        let data = Map::from_iter([("kind".to_owned(), Value::from(row.kind))]);
        Self { code: row.code, message: message.into(), data, kind: row.kind }
    }

    /// The same with a member of its row's `data`.
    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.data.insert(member.to_owned(), value.into());
        self
    }

    /// A parameter that is refused, by its name, `order.lines[0].qty`.
    #[must_use]
    pub fn parameter(name: &str, problem: &str) -> Self {
        if name.is_empty() {
            return Self::new(&INVALID_PARAMS, problem);
        }
        Self::new(&INVALID_PARAMS, format!("{name}: {problem}")).with("parameter", name)
    }

    /// The body is not JSON.
    #[must_use]
    pub fn parse_error() -> Self {
        Self::new(&PARSE_ERROR, "the body is not JSON")
    }

    /// The body is JSON of more levels than any call has.
    #[must_use]
    pub fn nested_too_deep(most: usize) -> Self {
        Self::new(&PARSE_ERROR, format!("the body is nested more than {most} levels deep, and no call is"))
    }

    /// The token has called too often; nothing was looked at. Told as `unavailable`, which every caller tries again.
    #[must_use]
    pub fn too_often(retry_after_seconds: u64) -> Self {
        let message = format!(
            "this token calls more often than http.rate_limit_per_second allows; nothing was done, \
             please try again in {retry_after_seconds} s"
        );
        Self::new(&UNAVAILABLE, message).with("reason", "rate_limited").with("retry_after_seconds", retry_after_seconds)
    }

    /// The body is no request.
    #[must_use]
    pub fn invalid_request(problem: &str) -> Self {
        Self::new(&INVALID_REQUEST, problem)
    }

    /// There is no such method.
    #[must_use]
    pub fn method_not_found(name: &str) -> Self {
        let shown: String = name.chars().take(60).collect();
        Self::new(&METHOD_NOT_FOUND, format!("there is no method “{shown}”; rpc.discover lists all"))
    }

    /// The caller may not.
    #[must_use]
    pub fn forbidden(method: &str, required: Role, role: Role) -> Self {
        let message = format!("{method} needs a token of the role {required}; this one's role is {role}");
        Self::new(&FORBIDDEN, message).with("required", required.as_str()).with("role", role.as_str())
    }

    /// The service cannot answer now; the sentence says what stands in the way, and must be fit to be shown.
    #[must_use]
    pub fn unavailable(problem: &str) -> Self {
        Self::new(&UNAVAILABLE, problem)
    }

    /// A mistake of ours; the log has the detail.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(&INTERNAL_ERROR, "the service made a mistake; its log says more")
    }

    /// The sentence for a person.
    #[must_use]
    pub fn into_message(self) -> String {
        self.message
    }

    /// The stable word for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        let database_fault = error.database_fault();
        match error {
            LedgerError::Refused(refused) => refused.into(),
            LedgerError::InvalidProgram(invalid) => invalid.into(),
            LedgerError::Unavailable(detail) => {
                tracing::warn!(detail, "the ledger cannot answer");
                Self::unavailable("the service is busy; nothing was done, please try again")
            }
            LedgerError::Outdated => Self::unavailable("another process reads Odoo now; please try again"),
            LedgerError::Unwritten { .. } | LedgerError::Store(_) => {
                tracing::error!(%error, "the database failed");
                let (database_fault, in_doubt) = database_fault.unwrap_or((DatabaseFault::Other, true));
                let fault = Self::unavailable(&user_message(database_fault, in_doubt));
                if in_doubt { fault.with("outcome", "unknown") } else { fault }
            }
        }
    }
}

impl From<Refused> for Fault {
    fn from(Refused { refusal, message }: Refused) -> Self {
        match refusal {
            Refusal::InsufficientPoints { available, required } => Self::new(&INSUFFICIENT_POINTS, message)
                .with("available", available.to_string())
                .with("required", required.to_string()),
            Refusal::BelowMinimum { available, minimum } => Self::new(&BELOW_MINIMUM, message)
                .with("available", available.to_string())
                .with("minimum", minimum.to_string()),
            Refusal::NotApplicable { reason, maximum_points } => {
                let fault = Self::new(&REWARD_NOT_APPLICABLE, message).with("reason", reason.code());
                match maximum_points {
                    Some(maximum) => fault.with("maximum_points", maximum.to_string()),
                    None => fault,
                }
            }
            Refusal::HoldExpired { exception_id } => {
                Self::new(&HOLD_EXPIRED, message).with("exception_id", exception_id.to_string())
            }
            // No exception was raised, so none is named.
            Refusal::ReplacedHoldExpired => Self::new(&HOLD_EXPIRED, message),
            Refusal::HoldCaptured => Self::new(&HOLD_CAPTURED, message),
            Refusal::HoldReleased => Self::new(&HOLD_RELEASED, message),
            Refusal::HoldOfOtherOrder => Self::new(&HOLD_OF_OTHER_ORDER, message),
            Refusal::IdempotencyConflict => Self::new(&IDEMPOTENCY_CONFLICT, message),
            Refusal::UnknownProgram(_) => Self::new(&UNKNOWN_PROGRAM, message),
            Refusal::UnknownReward { .. } => Self::new(&UNKNOWN_REWARD, message),
            Refusal::UnknownPartner(_) => Self::new(&UNKNOWN_PARTNER, message),
            Refusal::UnknownHold(_) => Self::new(&UNKNOWN_HOLD, message),
            Refusal::UnknownEntry(_) => Self::new(&UNKNOWN_ENTRY, message),
            Refusal::UnreadableProgram { .. } => Self::new(&UNAVAILABLE, message),
            Refusal::SharedAccount { .. } => Self::parameter("to_partner_id", &message),
            Refusal::PointsOfAnother { .. } => Self::parameter("from_partner_id", &message),
            // The ledger does not say which parameter was too large.
            Refusal::TooLargeOnOrder(_) | Refusal::Overflow(_) => Self::new(&INVALID_PARAMS, message),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Refused::from(refusal).into()
    }
}

impl From<InvalidProgram> for Fault {
    fn from(invalid: InvalidProgram) -> Self {
        Self::new(&INVALID_PROGRAM, invalid.to_string()).with("path", invalid.path)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::refusal::Reason;
    use crate::domain::value::exact::Overflow;
    use crate::domain::value::ids::{ExceptionId, PartnerId};
    use crate::domain::value::points::Points;
    use crate::store::StoreError;

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let inside = [
            LedgerError::Unavailable("/var/lib/loyalty.db is gone".into()),
            LedgerError::Store(StoreError::Corrupt("SELECT 1 FROM accounts".into())),
        ];
        for error in inside {
            let fault = Fault::from(error);
            assert_eq!((fault.code, fault.kind()), (1401, "unavailable"));
            assert!(fault.message.contains("nothing was done"), "{}", fault.message);
            assert!(!fault.message.contains("loyalty.db") && !fault.message.contains("SELECT"));
        }
    }

    #[test]
    fn what_may_have_been_done_is_not_denied() {
        let broken = diesel::result::Error::BrokenTransactionManager;
        for error in [
            LedgerError::Store(StoreError::InDoubt(broken)),
            LedgerError::Unwritten { fault: DatabaseFault::DiskFault, in_doubt: true },
        ] {
            let fault = Fault::from(error);
            assert_eq!((fault.code, fault.data["outcome"].as_str()), (1401, Some("unknown")));
            assert!(!fault.message.contains("nothing was done"), "{}", fault.message);
        }
    }

    #[test]
    fn every_code_and_kind_is_there_once() {
        let mut codes: Vec<i32> = ERRORS.iter().map(|row| row.code).collect();
        let mut kinds: Vec<&str> = ERRORS.iter().map(|row| row.kind).collect();
        codes.sort_unstable();
        kinds.sort_unstable();
        let (all, distinct) = (codes.len(), ERRORS.len());
        codes.dedup();
        kinds.dedup();
        assert_eq!((codes.len(), kinds.len()), (all, distinct));
    }

    #[test]
    fn a_refused_program_names_the_place() {
        let fault = Fault::from(InvalidProgram { path: "/earning/rules/0".into(), message: "No.".into() });
        assert_eq!(json!(fault.data), json!({"kind": "invalid_program", "path": "/earning/rules/0"}));
    }

    fn of_every_kind() -> Vec<Fault> {
        let (points, partner) = (Points::from_e2(100), PartnerId(7));
        let refusals = [
            Refusal::InsufficientPoints { available: points, required: points },
            Refusal::BelowMinimum { available: points, minimum: points },
            Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points: Some(points) },
            Refusal::HoldExpired { exception_id: ExceptionId(uuid::Uuid::nil()) },
            Refusal::ReplacedHoldExpired,
            Refusal::HoldCaptured,
            Refusal::HoldReleased,
            Refusal::HoldOfOtherOrder,
            Refusal::IdempotencyConflict,
            Refusal::UnknownProgram("club".into()),
            Refusal::UnknownReward { program: "club".into(), reward: "mug".into() },
            Refusal::UnknownPartner(partner),
            Refusal::UnknownHold("h".into()),
            Refusal::UnknownEntry("e".into()),
            Refusal::UnreadableProgram { program: "club".into(), version: 2 },
            Refusal::SharedAccount { from: partner, to: partner },
            Refusal::PointsOfAnother { from: partner, owner: partner },
            Refusal::TooLargeOnOrder("Shop/1".into()),
            Refusal::Overflow(Overflow),
        ];
        let mut all: Vec<Fault> = refusals.into_iter().map(Fault::from).collect();
        all.extend([
            Fault::parse_error(),
            Fault::nested_too_deep(32),
            Fault::invalid_request("no"),
            Fault::method_not_found("no.such"),
            Fault::parameter("points", "no"),
            Fault::internal(),
            Fault::from(InvalidProgram { path: "/code".into(), message: "No.".into() }),
            Fault::forbidden("ledger.adjust", Role::Manager, Role::Pos),
            Fault::too_often(3),
            Fault::from(LedgerError::Unwritten { fault: DatabaseFault::DiskFault, in_doubt: true }),
        ]);
        all
    }

    /// What the table says of `data` is what callers get: all that is there, and nothing else ever.
    #[test]
    fn data_has_the_members_that_the_table_names() {
        let mut seen: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
        for fault in of_every_kind() {
            let row = ERRORS.iter().find(|row| row.kind == fault.kind()).unwrap();
            assert_eq!((fault.code, fault.data["kind"].as_str()), (row.code, Some(row.kind)));
            seen.entry(row.kind).or_default().extend(fault.data.keys().filter(|member| *member != "kind").cloned());
        }
        for row in ERRORS {
            let mut members = seen.remove(row.kind).unwrap_or_else(|| panic!("nothing is refused as {}", row.kind));
            members.sort_unstable();
            members.dedup();
            let mut named = row.data.to_vec();
            named.sort_unstable();
            assert_eq!(members, named, "{}", row.kind);
        }
    }

    #[test]
    fn one_sentence_reaches_the_caller() {
        let refusal =
            Refusal::NotApplicable { reason: Reason::OrderTooSmall, maximum_points: Some(Points::from_e2(4_000)) };
        let fault = Fault::from(refusal);
        let told = json!({"code": 1003, "message": "The order takes at most 40 points for this reward.",
            "data": {"kind": "reward_not_applicable", "reason": "order_too_small", "maximum_points": "40"}});
        assert_eq!(json!(fault), told);
    }
}
