//! A row of the method table: what it says of a method and of its parameters.

use crate::auth::token::Role;

/// One method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The least role that may call it.
    pub role: Role,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Its parameters, all by name.
    pub params: &'static [Param],
    /// The schema of its result: a name of [`crate::rpc::param::schema`].
    pub result: &'static str,
    /// The kinds of error of its own, besides those that any call can get.
    pub errors: &'static [&'static str],
    /// A call and its reply, `{"params", "result"}`, as API.md shows it. A test makes the call and compares the reply.
    pub example: &'static str,
}

impl Method {
    /// What its name begins with.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(group, _)| group)
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// Its schema: a name of [`crate::rpc::param::schema`].
    pub schema: &'static str,
    /// What it is for, in a sentence.
    pub meaning: &'static str,
}

pub(in crate::rpc) const fn needs(name: &'static str, schema: &'static str, meaning: &'static str) -> Param {
    Param { name, required: true, schema, meaning }
}

pub(in crate::rpc) const fn takes(name: &'static str, schema: &'static str, meaning: &'static str) -> Param {
    Param { name, required: false, schema, meaning }
}

pub(in crate::rpc) const KEY: Param = needs(
    "idempotency_key",
    "IdempotencyKey",
    "Fresh for each new request, repeated on retries: the same call is done once.",
);
pub(in crate::rpc) const LIMIT: Param = takes("limit", "Limit", "How many rows the page has at most.");
pub(in crate::rpc) const BEFORE: Param =
    takes("before", "Place", "The `next` of the page before; absent for the first page.");
pub(in crate::rpc) const ON_BEHALF_OF: Param =
    takes("on_behalf_of", "Claim", "The person for whom the caller acts. It is kept, and nobody checks it.");

/// Errors that any call can get.
pub const COMMON_ERRORS: &[&str] = &["invalid_params", "forbidden", "unavailable", "internal_error"];
