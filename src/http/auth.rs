//! Who is let in: `Authorization: Bearer lsk_…`, looked at before the body is.
//!
//! What the database says of a token is remembered for half a second, so that a revocation holds everywhere within
//! a second. While the database is away, the last it said of a token is believed: every change fails without the
//! database anyway, and the caller then reads `unavailable` instead of being shut out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use crate::rpc::Caller;
use crate::rpc::envelope::refusal;
use crate::rpc::error::Fault;
use crate::rpc::token::Token;
use crate::store::Pool;
use crate::store::tokens::{self, TokenRow};

const FRESH: Duration = Duration::from_millis(500);
/// Prefixes remembered at most: guessing must not fill the memory.
const MOST_KEPT: usize = 4096;

/// The tokens, as they were when they were last looked up.
pub(super) struct Gate {
    pool: Pool,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Clone)]
struct Kept {
    asked_at: Instant,
    row: Option<TokenRow>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// No token was sent.
    Missing,
    /// What was sent is no token.
    Malformed,
    /// It is none that is accepted: unknown, of another secret or revoked; which of these is not told.
    NotAccepted,
    /// The database could not be asked.
    Unavailable,
}

impl Denied {
    /// The answer to it.
    pub fn response(self) -> HttpResponse {
        let (challenge, sentence) = match self {
            Self::Missing => (
                "Bearer",
                "a token is needed: send the header `Authorization: Bearer lsk_…`; \
                 `loyalty-sidecar token create` makes one",
            ),
            Self::Malformed => (
                "Bearer error=\"invalid_token\"",
                "the Authorization header holds no token: it should read `Bearer lsk_<prefix>_<secret>`, whole",
            ),
            Self::NotAccepted => {
                ("Bearer error=\"invalid_token\"", "this token is not accepted; was it revoked, or cut off?")
            }
            Self::Unavailable => {
                let body =
                    refusal("null", &Fault::unavailable("the database is away; nothing was done, please try again"));
                return HttpResponse::ServiceUnavailable()
                    .insert_header((RETRY_AFTER, HeaderValue::from_static("2")))
                    .content_type("application/json")
                    .body(body);
            }
        };
        let mut response = HttpResponse::Unauthorized();
        response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        super::sentence(response, sentence)
    }
}

impl Gate {
    pub fn new(pool: Pool) -> Self {
        Self { pool, kept: Mutex::default() }
    }

    /// Whoever sends these headers.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        let token = sent(headers)?;
        let row = self.look_up(token.prefix()).await?.ok_or(Denied::NotAccepted)?;
        if !token.is(&row) || row.revoked_at_us.is_some() {
            return Err(Denied::NotAccepted);
        }
        let role = row.role.parse().map_err(|problem| {
            tracing::error!(%problem, prefix = row.prefix, "a token of no role");
            Denied::NotAccepted
        })?;
        Ok(Caller { role, name: row.name })
    }

    async fn look_up(&self, prefix: &str) -> Result<Option<TokenRow>, Denied> {
        // The age counts from before the question, so that no answer is believed for longer than said.
        let asked_at = Instant::now();
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(prefix).cloned();
        if let Some(kept) = &known
            && asked_at.duration_since(kept.asked_at) < FRESH
        {
            return Ok(kept.row.clone());
        }
        let wanted = prefix.to_owned();
        let found = self.pool.run(move |conn| tokens::find(conn, &wanted)).await;
        match (found, known) {
            (Ok(row), _) => {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() >= MOST_KEPT {
                    kept.clear();
                }
                kept.insert(prefix.to_owned(), Kept { asked_at, row: row.clone() });
                Ok(row)
            }
            (Err(problem), Some(Kept { row: Some(row), .. })) => {
                tracing::warn!(error = %problem, "a token could not be looked up; the last answer is believed");
                Ok(Some(row))
            }
            (Err(problem), _) => {
                tracing::warn!(error = %problem, "a token could not be looked up");
                Err(Denied::Unavailable)
            }
        }
    }
}

/// The token in the headers.
fn sent(headers: &HeaderMap) -> Result<Token, Denied> {
    let mut all = headers.get_all(AUTHORIZATION);
    let header = all.next().ok_or(Denied::Missing)?;
    if all.next().is_some() {
        return Err(Denied::Malformed);
    }
    let text = header.to_str().map_err(|_| Denied::Malformed)?;
    let (scheme, token) = text.trim().split_once(' ').ok_or(Denied::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::Malformed);
    }
    Token::parse(token.trim()).ok_or(Denied::Malformed)
}
