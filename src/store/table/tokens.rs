//! Tokens: who may call. Only the SHA-256 of a secret is kept.

use diesel::prelude::*;

use crate::store::schema::tokens;
use crate::store::{AnyConnection, StoreError, on_each};

/// One token.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = tokens, treat_none_as_default_value = false)]
pub struct TokenRow {
    /// Its public part, by which people name it.
    pub prefix: String,
    /// `pos`, `viewer`, `manager` or `admin`.
    pub role: String,
    /// What a person called it, "till 1".
    pub name: String,
    /// SHA-256 of the secret part, in hex.
    pub secret_sha256: String,
    /// When it was made, in microseconds.
    pub created_at_us: i64,
    /// Since when it is refused.
    pub revoked_at_us: Option<i64>,
}

impl TokenRow {
    /// A new token of a role, accepted.
    #[must_use]
    pub fn new(prefix: String, role: &str, name: String, secret_sha256: String, created_at_us: i64) -> Self {
        Self { prefix, role: role.to_owned(), name, secret_sha256, created_at_us, revoked_at_us: None }
    }
}

/// Keeps others from making tokens until the transaction ends. On SQLite the transaction does so itself.
///
/// # Errors
/// [`StoreError`]
pub fn lock(conn: &mut AnyConnection) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        diesel::sql_query("LOCK TABLE tokens IN EXCLUSIVE MODE").execute(conn)?;
    }
    Ok(())
}

/// Keeps a new token.
///
/// # Errors
/// [`StoreError`]
pub fn insert(conn: &mut AnyConnection, row: &TokenRow) -> Result<(), StoreError> {
    on_each!(conn, c => diesel::insert_into(tokens::table).values(row).execute(c))?;
    Ok(())
}

/// Those that are accepted: all that are not revoked.
///
/// # Errors
/// [`StoreError`]
pub fn accepted(conn: &mut AnyConnection) -> Result<Vec<TokenRow>, StoreError> {
    Ok(tokens::table.filter(tokens::revoked_at_us.is_null()).select(TokenRow::as_select()).load(conn)?)
}

/// Whether any token is accepted.
///
/// # Errors
/// [`StoreError`]
pub fn any_accepted(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    let accepted = tokens::table.filter(tokens::revoked_at_us.is_null()).select(tokens::prefix);
    Ok(accepted.first::<String>(conn).optional()?.is_some())
}

/// All tokens, oldest first.
///
/// # Errors
/// [`StoreError`]
pub fn list(conn: &mut AnyConnection) -> Result<Vec<TokenRow>, StoreError> {
    Ok(tokens::table.order((tokens::created_at_us, tokens::prefix)).select(TokenRow::as_select()).load(conn)?)
}

/// Refuses a token from now on; `false` when there is none of this prefix. Revoking twice changes nothing.
///
/// # Errors
/// [`StoreError`]
pub fn revoke(conn: &mut AnyConnection, prefix: &str, now_us: i64) -> Result<bool, StoreError> {
    diesel::update(tokens::table.filter(tokens::prefix.eq(prefix)).filter(tokens::revoked_at_us.is_null()))
        .set(tokens::revoked_at_us.eq(now_us))
        .execute(conn)?;
    let known = tokens::table.filter(tokens::prefix.eq(prefix)).select(tokens::prefix);
    Ok(known.first::<String>(conn).optional()?.is_some())
}
