//! Who is let in: `Authorization: Bearer lsk_…`, looked at before the body is.
//!
//! The tokens that are accepted are read all at once, and believed for half a second, so that a revocation holds
//! everywhere within a second. Whoever is not among them waits until they have been read anew, which happens at a
//! steady pace, one reading at a time: guessing costs the database nothing more, and by its time a guess cannot tell
//! an unknown token from a revoked one or a wrong secret. While the database is away, the last it said is believed:
//! every change fails without the database anyway, and the caller then reads `unavailable` instead of being shut out.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use tokio::sync::Mutex;

use crate::auth::token::Token;
use crate::rpc::Caller;
use crate::rpc::envelope::refusal;
use crate::rpc::error::Fault;
use crate::store::table::tokens::{self, TokenRow};
use crate::store::{Pool, StoreError};

/// How long what was read is believed.
const FRESH: Duration = Duration::from_millis(500);
/// The least time between two readings.
const PACE: Duration = Duration::from_millis(20);

/// How long the database may take to say. Everybody waits for one reading.
const PATIENCE: Duration = Duration::from_secs(6);

/// Lets in whoever shows a token.
pub(super) struct TokenAuthenticator {
    pool: Pool,
    known: RwLock<Arc<CachedTokens>>,
    /// Held by whoever reads the tokens.
    reading: Mutex<()>,
}

/// The tokens that are accepted, as they were read last.
#[derive(Default)]
struct CachedTokens {
    /// When that was, or was last tried; `None` before the first time.
    asked_at: Option<Instant>,
    /// Whether the database could be asked then. If not, the tokens are those of the time before.
    answered: bool,
    tokens: HashMap<String, TokenRow>,
}

impl CachedTokens {
    fn asked_since(&self, moment: Instant) -> bool {
        self.asked_at.is_some_and(|asked_at| asked_at >= moment)
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.asked_at.is_some_and(|asked_at| now.saturating_duration_since(asked_at) < FRESH)
    }

    fn accepts(&self, token: &Token) -> Option<&TokenRow> {
        self.tokens.get(token.prefix()).filter(|row| token.is(row))
    }
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
    /// A word for it, for metrics.
    const fn label(self) -> &'static str {
        match self {
            Self::Missing => "no_token",
            Self::Malformed => "malformed_token",
            Self::NotAccepted => "not_accepted",
            Self::Unavailable => "unavailable",
        }
    }

    /// The answer to it.
    pub fn response(self) -> HttpResponse {
        super::count_refusal(self.label());
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

impl TokenAuthenticator {
    pub fn new(pool: Pool) -> Self {
        Self { pool, known: RwLock::default(), reading: Mutex::default() }
    }

    /// Whoever sends these headers.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        let token = sent(headers)?;
        let arrived = Instant::now();
        let mut known = self.known();
        if !known.is_fresh(arrived) || known.accepts(&token).is_none() {
            known = self.known_to_accept(&token, arrived).await;
        }
        match known.accepts(&token) {
            Some(row) => caller(row),
            None if known.answered => Err(Denied::NotAccepted),
            None => Err(Denied::Unavailable),
        }
    }

    fn known(&self) -> Arc<CachedTokens> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tokens that accept this one, fresh; else those that were read after it arrived.
    async fn known_to_accept(&self, token: &Token, arrived: Instant) -> Arc<CachedTokens> {
        let _reading = self.reading.lock().await;
        // Somebody may have read them meanwhile.
        let known = self.known();
        if known.asked_since(arrived) || known.is_fresh(Instant::now()) && known.accepts(token).is_some() {
            return known;
        }
        if let Some(pause) = known.asked_at.and_then(|asked_at| PACE.checked_sub(asked_at.elapsed())) {
            tokio::time::sleep(pause).await;
        }
        // The age counts from before the question, so that no answer is believed for longer than said.
        let asked_at = Some(Instant::now());
        metrics::counter!("loyalty_http_token_readings_total").increment(1);
        // A database that hangs is one that is away.
        let hangs = |_| Err(StoreError::Unreachable("it did not answer in time".to_owned()));
        let read = tokio::time::timeout(PATIENCE, self.pool.run(tokens::accepted)).await.unwrap_or_else(hangs);
        let now_known = match read {
            Ok(rows) => {
                let tokens = rows.into_iter().map(|row| (row.prefix.clone(), row)).collect();
                CachedTokens { asked_at, answered: true, tokens }
            }
            Err(problem) => {
                tracing::warn!(error = %problem, "the tokens could not be read; the last answer is believed");
                CachedTokens { asked_at, answered: false, tokens: known.tokens.clone() }
            }
        };
        let now_known = Arc::new(now_known);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now_known);
        now_known
    }
}

fn caller(row: &TokenRow) -> Result<Caller, Denied> {
    let role = row.role.parse().map_err(|problem| {
        tracing::error!(%problem, prefix = row.prefix, "a token of no role");
        Denied::NotAccepted
    })?;
    Ok(Caller { role, name: row.name.clone(), token: row.prefix.clone() })
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
