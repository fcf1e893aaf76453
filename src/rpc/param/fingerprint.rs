//! What a call asked for, in 64 hex digits: the same key with another of these is an `idempotency_conflict`.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::ledger::Idempotency;
use crate::rpc::error::Fault;

/// The caller's key with the fingerprint of its call: SHA-256 of the method and of the parameters as we understood
/// them. Those are serialised canonically: decimals without needless zeros (`1.10` and `"1.1"` are one), members
/// in the order of their type, absent as `null`, times in UTC.
///
/// # Errors
/// [`Fault::internal`], should parameters that were read not be writable.
pub fn idempotency(key: &str, method: &str, params: &impl Serialize) -> Result<Idempotency, Fault> {
    let canonical = serde_json::to_vec(params).map_err(|problem| {
        tracing::error!(%problem, method, "parameters cannot be serialised");
        Fault::internal()
    })?;
    let fingerprint = Sha256::new().chain_update(method).chain_update("\n").chain_update(canonical);
    let params_sha256 = hex::encode(fingerprint.finalize());
    Ok(Idempotency { key: key.to_owned(), params_sha256 })
}
