//! UUIDs of Odoo's records as bytes. Odoo's are free text: almost all of them are UUIDs, written as Odoo writes them,
//! and take 16 bytes. Any other text is kept as it is, and never has 16 bytes.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{StoreError, corrupt};

/// Before a text that is no UUID.
const TEXT: u8 = 1;
/// Before and after one of fifteen bytes, which would be as long as a UUID.
const PADDED: u8 = 2;

/// The UUID that a text is, if it is written as UUIDs are: in lower case, with hyphens.
pub(super) fn canonical(text: &str) -> Option<Uuid> {
    let uuid = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()?;
    let mut buffer = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut buffer) == text).then_some(uuid)
}

/// A text as bytes: another text, other bytes.
pub(super) fn encode(text: &str) -> Vec<u8> {
    if let Some(uuid) = canonical(text) {
        return uuid.as_bytes().to_vec();
    }
    let mut bytes = vec![TEXT];
    bytes.extend_from_slice(text.as_bytes());
    if bytes.len() == 16 {
        bytes.push(PADDED);
        if let Some(first) = bytes.first_mut() {
            *first = PADDED;
        }
    }
    bytes
}

/// By what a text is looked up: the first eight bytes of its SHA-256. The text found is then compared.
pub(super) fn key(text: &str) -> i64 {
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.first_chunk().map_or(0, |start| i64::from_be_bytes(*start))
}

/// A text from its bytes.
///
/// # Errors
/// [`StoreError::Corrupt`] when they are none that [`encode`] writes.
pub(super) fn decode(bytes: &[u8]) -> Result<String, StoreError> {
    let broken = || corrupt("a uuid of Odoo that is none");
    if let Ok(uuid) = Uuid::from_slice(bytes) {
        return Ok(uuid.hyphenated().to_string());
    }
    let ([TEXT, text @ ..] | [PADDED, text @ .., PADDED]) = bytes else { return Err(broken()) };
    String::from_utf8(text.to_vec()).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_come_back_and_stay_apart(
            number in any::<u128>(),
            text in prop_oneof![".{0,20}", "[a-z]{14,17}", "[0-9a-fA-F-]{36}"],
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let uuid = Uuid::from_u128(number).hyphenated().to_string();
            prop_assert_eq!(encode(&uuid).len(), 16);
            for one in [&uuid, &uuid.to_uppercase(), &text] {
                prop_assert_eq!(&decode(&encode(one)).unwrap(), one);
            }
            prop_assert_ne!(encode(&uuid), encode(&text));
            prop_assert!(matches!(decode(&bytes), Ok(_) | Err(StoreError::Corrupt(_))));
        }
    }
}
