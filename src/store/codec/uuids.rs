//! UUIDs as columns. Ours take 16 bytes. Those of Odoo's records are free text: almost all of them are UUIDs, written as
//! Odoo writes them, and take 16 bytes as well. Any other text is kept as it is, and never has 16 bytes.

use uuid::Uuid;

use crate::store::table::recorded_replies::KeyDigest;
use crate::store::{StoreError, corrupt};

/// Before a text that is no UUID.
const TEXT: u8 = 1;
/// Before and after one of fifteen bytes, which would be as long as a UUID.
const PADDED: u8 = 2;

/// A UUID as a column.
pub(in crate::store) fn to_bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A UUID from its column. `what` names it where somebody edited it.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(in crate::store) fn from_bytes(bytes: &[u8], what: &str) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| corrupt(format!("{what} {}", hex::encode(bytes))))
}

/// A text as bytes: another text, other bytes.
pub(in crate::store) fn text_to_bytes(text: &str) -> Vec<u8> {
    let mut buffer = Uuid::encode_buffer();
    if let Ok(uuid) = Uuid::try_parse(text)
        && uuid.hyphenated().encode_lower(&mut buffer) == text
    {
        return to_bytes(uuid);
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

/// A text from its bytes.
///
/// # Errors
/// [`StoreError::Corrupt`] when they are none that [`text_to_bytes`] writes.
pub(in crate::store) fn text_from_bytes(bytes: &[u8]) -> Result<String, StoreError> {
    let broken = || corrupt(format!("the UUID of a record of Odoo {}", hex::encode(bytes)));
    if let Ok(uuid) = Uuid::from_slice(bytes) {
        return Ok(uuid.hyphenated().to_string());
    }
    let ([TEXT, text @ ..] | [PADDED, text @ .., PADDED]) = bytes else { return Err(broken()) };
    String::from_utf8(text.to_vec()).map_err(|_| broken())
}

/// By what a text is looked up where an index has to be small. The text that is found is then compared.
pub(in crate::store) fn text_key(text: &str) -> i64 {
    KeyDigest::of(text).start()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_come_back_and_stay_apart(
            number in any::<u128>(),
            text in prop_oneof![".{0,20}", "[a-z]{14,17}", "[0-9a-fA-F-]{36}", "[0-9a-f]{32}"],
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let uuid = Uuid::from_u128(number).hyphenated().to_string();
            prop_assert_eq!(text_to_bytes(&uuid).len(), 16);
            for one in [&uuid, &uuid.to_uppercase(), &text] {
                prop_assert_eq!(&text_from_bytes(&text_to_bytes(one)).unwrap(), one);
            }
            prop_assert_ne!(text_to_bytes(&uuid), text_to_bytes(&text));
            prop_assert!(matches!(text_from_bytes(&bytes), Ok(_) | Err(StoreError::Corrupt(_))));
        }
    }
}
