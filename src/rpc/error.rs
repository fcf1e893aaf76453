//! Every error a caller can get: its number, its kind, its HTTP status, its sentence, and where it comes from.
//!
//! Handlers return a [`Fault`]. The ledger's refusals pass through as they are; what went wrong inside becomes
//! `unavailable` or `internal_error`, and its detail goes to the log alone: no SQL, path or trace leaves.

use serde_json::json;

use crate::auth::token::Role;
use crate::domain::ledger::refusal::Refusal;
use crate::domain::program::InvalidProgram;
use crate::ledger::error::user_message;
use crate::ledger::{ErrorBody, LedgerError};
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
}

const fn row(code: i32, kind: &'static str, http_status: &'static [u16], sentence: &'static str) -> ErrorKind {
    ErrorKind { code, kind, http_status, sentence }
}

/// JSON-RPC was spoken: the error is in the body.
const OK: &[u16] = &[200];

/// Malformed JSON.
pub const PARSE_ERROR: i32 = -32700;
/// No request of JSON-RPC 2.0.
pub const INVALID_REQUEST: i32 = -32600;
/// No such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// Parameters that are refused.
pub const INVALID_PARAMS: i32 = -32602;
/// A mistake of ours.
pub const INTERNAL_ERROR: i32 = -32603;
/// The document of a program is refused.
pub const INVALID_PROGRAM: i32 = 1201;
/// The token's role does not suffice.
pub const FORBIDDEN: i32 = 1301;
/// The service cannot answer now.
pub const UNAVAILABLE: i32 = 1401;

/// All errors, by number.
pub const ERRORS: &[ErrorKind] = &[
    row(PARSE_ERROR, "parse_error", &[400], "The body is no JSON, or nests deeper than 32 levels."),
    row(
        INVALID_REQUEST,
        "invalid_request",
        OK,
        "The body is no request of JSON-RPC 2.0, or a batch is empty or too long.",
    ),
    row(METHOD_NOT_FOUND, "method_not_found", OK, "There is no such method."),
    row(INVALID_PARAMS, "invalid_params", OK, "A parameter is missing, unknown or refused; the message names it."),
    row(INTERNAL_ERROR, "internal_error", &[200, 500], "The service made a mistake; its log says more."),
    row(1001, "insufficient_points", OK, "The customer has fewer points than that (`available`, `required`)."),
    row(1002, "below_minimum", OK, "Points can be spent only from a minimum on (`available`, `minimum`)."),
    row(1003, "reward_not_applicable", OK, "The reward does not fit this order (`reason`)."),
    row(1004, "hold_expired", OK, "The hold ran out. Where its order is paid, a manager was asked (`exception_id`)."),
    row(1005, "hold_captured", OK, "The hold was paid already."),
    row(1006, "hold_released", OK, "The hold was given up."),
    row(1007, "hold_of_other_order", OK, "The hold was made for another order."),
    row(1008, "idempotency_conflict", OK, "The key was used before with other parameters."),
    row(1101, "unknown_program", OK, "There is no such program."),
    row(1102, "unknown_reward", OK, "The program has no such reward."),
    row(1103, "unknown_partner", OK, "No partner with this id exists, in the ledger or in Odoo."),
    row(1104, "unknown_hold", OK, "There is no such hold."),
    row(1105, "unknown_entry", OK, "There is no such entry."),
    row(INVALID_PROGRAM, "invalid_program", OK, "The program document is refused (`path`, a JSON Pointer)."),
    row(FORBIDDEN, "forbidden", OK, "The token's role does not suffice (`required`, `role`)."),
    row(
        UNAVAILABLE,
        "unavailable",
        // 429 when a token calls too often.
        &[200, 429],
        "The service cannot answer now: retry. Nothing was done, unless `outcome` is `unknown`: then the same call again \
         does it once, or gives the reply it had.",
    ),
];

/// Why a call did not succeed, as its caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub ErrorBody);

impl Fault {
    /// A parameter that is refused, by its name, `order.lines[0].qty`.
    #[must_use]
    pub fn parameter(name: &str, problem: &str) -> Self {
        let message = if name.is_empty() { problem.to_owned() } else { format!("{name}: {problem}") };
        let mut body = ErrorBody::new(INVALID_PARAMS, "invalid_params", message);
        if let (false, Some(data)) = (name.is_empty(), body.data.as_object_mut()) {
            data.insert("parameter".into(), json!(name));
        }
        Self(body)
    }

    /// The body is not JSON.
    #[must_use]
    pub fn parse_error() -> Self {
        Self(ErrorBody::new(PARSE_ERROR, "parse_error", "the body is not JSON"))
    }

    /// The body is JSON of more levels than any call has.
    #[must_use]
    pub fn nested_too_deep(most: usize) -> Self {
        let message = format!("the body is nested more than {most} levels deep, and no call is");
        Self(ErrorBody::new(PARSE_ERROR, "parse_error", message))
    }

    /// The token has called too often; nothing was looked at. Told as `unavailable`, which every caller tries again.
    #[must_use]
    pub fn too_often(retry_after_seconds: u64) -> Self {
        let message = format!(
            "this token calls more often than http.rate_limit_per_second allows; nothing was done, \
             please try again in {retry_after_seconds} s"
        );
        let mut body = ErrorBody::new(UNAVAILABLE, "unavailable", message);
        body.data = json!({
            "kind": "unavailable", "reason": "rate_limited", "retry_after_seconds": retry_after_seconds,
        });
        Self(body)
    }

    /// The body is no request.
    #[must_use]
    pub fn invalid_request(problem: &str) -> Self {
        Self(ErrorBody::new(INVALID_REQUEST, "invalid_request", problem))
    }

    /// There is no such method.
    #[must_use]
    pub fn method_not_found(name: &str) -> Self {
        let shown: String = name.chars().take(60).collect();
        let message = format!("there is no method “{shown}”; rpc.discover lists all");
        Self(ErrorBody::new(METHOD_NOT_FOUND, "method_not_found", message))
    }

    /// The caller may not.
    #[must_use]
    pub fn forbidden(method: &str, required: Role, role: Role) -> Self {
        let mut body = ErrorBody::new(
            FORBIDDEN,
            "forbidden",
            format!("{method} needs a token of the role {required}; this one's role is {role}"),
        );
        body.data = json!({"kind": "forbidden", "required": required.as_str(), "role": role.as_str()});
        Self(body)
    }

    /// The service cannot answer now; the sentence says what stands in the way, and must be fit to be shown.
    #[must_use]
    pub fn unavailable(problem: &str) -> Self {
        Self(ErrorBody::new(UNAVAILABLE, "unavailable", problem))
    }

    /// A mistake of ours; the log has the detail.
    #[must_use]
    pub fn internal() -> Self {
        Self(ErrorBody::new(INTERNAL_ERROR, "internal_error", "the service made a mistake; its log says more"))
    }

    /// The stable word for it.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.data.get("kind").and_then(serde_json::Value::as_str).unwrap_or("error")
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        let trouble = error.trouble();
        match error {
            LedgerError::Refused(body) => Self(body),
            LedgerError::Unavailable(detail) => {
                tracing::warn!(detail, "the ledger cannot answer");
                Self::unavailable("the service is busy; nothing was done, please try again")
            }
            LedgerError::Outdated => Self::unavailable("another process reads Odoo now; please try again"),
            LedgerError::Unwritten { .. } | LedgerError::Store(_) => {
                tracing::error!(%error, "the database failed");
                let (trouble, in_doubt) = trouble.unwrap_or((DatabaseFault::Other, true));
                let mut fault = Self::unavailable(&user_message(trouble, in_doubt));
                if let (true, Some(data)) = (in_doubt, fault.0.data.as_object_mut()) {
                    data.insert("outcome".into(), json!("unknown"));
                }
                fault
            }
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self(ErrorBody::from(&refusal))
    }
}

impl From<InvalidProgram> for Fault {
    fn from(invalid: InvalidProgram) -> Self {
        Self(ErrorBody::from(&invalid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let inside = [
            LedgerError::Unavailable("/var/lib/loyalty.db is gone".into()),
            LedgerError::Store(StoreError::Corrupt("SELECT 1 FROM accounts".into())),
        ];
        for error in inside {
            let fault = Fault::from(error);
            assert_eq!((fault.0.code, fault.kind()), (1401, "unavailable"));
            assert!(fault.0.message.contains("nothing was done"), "{}", fault.0.message);
            assert!(!fault.0.message.contains("loyalty.db") && !fault.0.message.contains("SELECT"));
        }
    }

    #[test]
    fn what_may_have_been_done_is_not_denied() {
        let broken = diesel::result::Error::BrokenTransactionManager;
        for error in [
            LedgerError::Store(StoreError::InDoubt(broken)),
            LedgerError::Unwritten { trouble: DatabaseFault::DiskFault, in_doubt: true },
        ] {
            let fault = Fault::from(error);
            assert_eq!((fault.0.code, fault.0.data["outcome"].as_str()), (1401, Some("unknown")));
            assert!(!fault.0.message.contains("nothing was done"), "{}", fault.0.message);
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
        assert_eq!(fault.0.data, json!({"kind": "invalid_program", "path": "/earning/rules/0"}));
    }
}
