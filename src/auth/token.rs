//! Tokens: `lsk_<public prefix>_<secret>`.
//!
//! The prefix is 12 characters of a–z and 0–9, by which people name the token; the secret is 32 random bytes in hex,
//! shown once. What is kept is the secret's SHA-256: it is random enough to need no salt and no stretching.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::ledger::entry::SERVICE_ACTORS;
use crate::domain::value::text::is_control;
use crate::store::connection::clock::{database_now, from_us, from_us_opt};
use crate::store::connection::transaction::write_transaction;
use crate::store::table::tokens::{self, TokenRow};
use crate::store::{Pool, StoreError};

const MARK: &str = "lsk_";
const PREFIX_LENGTH: usize = 12;
const SECRET_BYTES: usize = 32;
const LONGEST_NAME: usize = 100;
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What a token may do; each may do all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A till: balances, quotes, holds.
    Pos,
    /// Reads everything.
    Viewer,
    /// Corrects points and resolves exceptions.
    Manager,
    /// Changes programs and points.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Pos, Self::Viewer, Self::Manager, Self::Admin];

    /// Its word in the API, the command line and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pos => "pos",
            Self::Viewer => "viewer",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no role; there are pos, viewer, manager and admin")]
pub struct NotARole(String);

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(word: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or_else(|| NotARole(word.to_owned()))
    }
}

/// Whoever made a call: what its token may do, and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What it may do.
    pub role: Role,
    /// The token's name, "till 1".
    pub name: String,
    /// The token's public part.
    pub token: String,
}

impl Caller {
    /// The `actor` of what it does, `till 1 (lsk_ab12cd34ef56)`: once a token is revoked another may have its name.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{} ({MARK}{})", self.name, self.token)
    }
}

/// A token in two parts. Never shown whole after it was made: `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    prefix: String,
    secret: String,
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{MARK}{}_…", self.prefix)
    }
}

impl Token {
    /// A fresh one.
    fn generate() -> Result<Self, TokenError> {
        let mut prefix = String::with_capacity(PREFIX_LENGTH);
        while prefix.len() < PREFIX_LENGTH {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes).map_err(|problem| TokenError::NoRandomness(problem.to_string()))?;
            // 252 is the largest multiple of 36 in a byte: beyond it some letters would come more often.
            let letters = bytes.iter().filter(|byte| **byte < 252);
            let letters = letters.filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()));
            prefix.extend(letters.map(|letter| char::from(*letter)).take(PREFIX_LENGTH - prefix.len()));
        }
        let mut secret = [0_u8; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|problem| TokenError::NoRandomness(problem.to_string()))?;
        Ok(Self { prefix, secret: hex::encode(secret) })
    }

    /// From `lsk_<prefix>_<secret>`; `None` when it is not of that form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, secret) = text.strip_prefix(MARK)?.split_once('_')?;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let whole = prefix.len() == PREFIX_LENGTH && secret.len() == SECRET_BYTES * 2;
        (whole && plain(prefix) && plain(secret)).then(|| Self { prefix: prefix.to_owned(), secret: secret.to_owned() })
    }

    /// Its public part.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// As it is sent: this is the secret.
    fn reveal(&self) -> String {
        format!("{MARK}{}_{}", self.prefix, self.secret)
    }

    fn secret_sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.secret))
    }

    /// Whether this is the token that was kept, without telling by time how much of it is right.
    #[must_use]
    pub fn is(&self, kept: &TokenRow) -> bool {
        self.secret_sha256().as_bytes().ct_eq(kept.secret_sha256.as_bytes()).into()
    }
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is blank, too long or no plain text.
    #[error("a token's name has 1 to 100 characters in one line, and no control characters")]
    BadName,
    /// The service itself is called so in entries.
    #[error("“{0}” is what the service calls itself in the ledger; choose another name, such as “till 1”")]
    ReservedName(String),
    /// Another token that is accepted has the name.
    #[error(
        "token {prefix} is called “{name}” already, and entries name who caused them; choose another name, or refuse that \
         one first: loyalty-sidecar token revoke {prefix}"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The public part of the token that has it.
        prefix: String,
    },
    /// The machine gave no random bytes.
    #[error("this machine gave no random bytes: {0}")]
    NoRandomness(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for TokenError {
    fn from(problem: diesel::result::Error) -> Self {
        Self::Store(problem.into())
    }
}

/// A token as the command line lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// Its public part.
    pub prefix: String,
    /// What it may do.
    pub role: String,
    /// What a person called it.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it is refused; `None` while it is not.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Makes a token and returns it whole: it is shown this once.
///
/// # Errors
/// [`TokenError`]
pub async fn create(pool: &Pool, role: Role, name: &str) -> Result<String, TokenError> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(is_control) {
        return Err(TokenError::BadName);
    }
    if SERVICE_ACTORS.iter().any(|reserved| is_same_name(reserved, &name)) {
        return Err(TokenError::ReservedName(name));
    }
    let token = Token::generate()?;
    let shown = token.reveal();
    pool.run(move |conn| {
        write_transaction(conn, |conn| {
            // Otherwise two that are made at the same moment would not see each other.
            tokens::lock(conn)?;
            let namesake = tokens::accepted(conn)?.into_iter().find(|other| is_same_name(&other.name, &name));
            if let Some(other) = namesake {
                return Err(TokenError::NameTaken { name: other.name, prefix: other.prefix });
            }
            let made_at_us = database_now(conn)?.timestamp_micros();
            let row = TokenRow::new(token.prefix.clone(), role.as_str(), name, token.secret_sha256(), made_at_us);
            Ok::<_, TokenError>(tokens::insert(conn, &row)?)
        })
    })
    .await?;
    Ok(shown)
}

/// Whether people would take two names for one.
fn is_same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// All tokens, oldest first, without their secrets.
///
/// # Errors
/// [`StoreError`]
pub async fn list(pool: &Pool) -> Result<Vec<TokenInfo>, StoreError> {
    pool.run(|conn| {
        let info = |row: TokenRow| {
            Ok(TokenInfo {
                created_at: from_us(row.created_at_us)?,
                revoked_at: from_us_opt(row.revoked_at_us)?,
                role: row.role.clone(),
                prefix: row.prefix,
                name: row.name,
            })
        };
        tokens::list(conn)?.into_iter().map(info).collect()
    })
    .await
}

/// Refuses a token from now on, named by its prefix, with or without `lsk_`, or given whole. `false` when there is
/// none of that prefix; revoking again changes nothing.
///
/// # Errors
/// [`StoreError`]
pub async fn revoke(pool: &Pool, named: &str) -> Result<bool, StoreError> {
    let named = named.trim();
    let rest = named.strip_prefix(MARK).unwrap_or(named);
    let prefix = rest.split_once('_').map_or(rest, |(prefix, _)| prefix).to_owned();
    pool.run(move |conn| {
        write_transaction(conn, |conn| {
            let now = database_now(conn)?.timestamp_micros();
            tokens::revoke(conn, &prefix, now)
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_token_is_of_the_form_and_is_itself() {
        let token = Token::generate().unwrap();
        let text = token.reveal();
        assert_eq!((text.len(), text.matches('_').count()), (4 + 12 + 1 + 64, 2));
        assert_eq!(Token::parse(&text), Some(token.clone()));
        assert!(!format!("{token:?}").contains(&token.secret));
        assert_ne!(Token::generate().unwrap().prefix, token.prefix);
    }

    #[test]
    fn other_texts_are_none() {
        let good = Token::generate().unwrap().reveal();
        let upper = good.to_uppercase();
        for bad in ["", "lsk_", "lsk_a_b", "lsk__", &good[1..], &good[..good.len() - 1], &upper, &format!("{good}0")] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_the_secret_itself_is_accepted() {
        let (token, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        let mut row = TokenRow::new(token.prefix.clone(), "pos", "till".into(), token.secret_sha256(), 0);
        assert!(token.is(&row));
        assert!(!other.is(&row));
        row.secret_sha256.clear();
        assert!(!token.is(&row));
    }

    #[test]
    fn an_actor_tells_which_token_of_a_name_it_was() {
        let caller = Caller { role: Role::Pos, name: "till 1".into(), token: "ab12cd34ef56".into() };
        assert_eq!(caller.actor(), "till 1 (lsk_ab12cd34ef56)");
    }

    #[test]
    fn names_are_told_apart_as_people_do() {
        assert!(is_same_name("Till 1", " till 1 ") && is_same_name("sync", "SYNC"));
        assert!(!is_same_name("till 1", "till 11"));
    }

    #[test]
    fn roles_are_ordered_and_spelt() {
        assert!(Role::Pos < Role::Viewer && Role::Viewer < Role::Manager && Role::Manager < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }
}
