//! Rows as PostgreSQL writes them as JSON, and reads them back: the members of an object are the columns of its table, and
//! bytes are a text of hexadecimal digits. With them one statement reads, or writes, rows of several tables.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// A column of bytes.
pub(in crate::store) mod bytes {
    use super::{Deserialize, Deserializer, Error, Serializer, from_text, to_text};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&to_text(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        from_text(&text).ok_or_else(|| D::Error::custom(format!("the bytes {text}")))
    }
}

/// A column of bytes that may be empty.
pub(in crate::store) mod optional_bytes {
    use super::{Deserialize, Deserializer, Error, Serializer, from_text, to_text};

    #[allow(clippy::ref_option, reason = "serde hands the field over so")]
    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => to.serialize_some(&to_text(bytes)),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        from_text(&text).map(Some).ok_or_else(|| D::Error::custom(format!("the bytes {text}")))
    }
}

fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len().saturating_mul(2));
    text.push_str("\\x");
    text.push_str(&hex::encode(bytes));
    text
}

fn from_text(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("\\x")?).ok()
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Row {
        #[serde(with = "bytes")]
        id: Vec<u8>,
        #[serde(with = "optional_bytes")]
        hash: Option<Vec<u8>>,
    }

    #[test]
    fn bytes_are_as_postgresql_writes_them() {
        for (row, text) in [
            (Row { id: vec![1, 0xab], hash: None }, r#"{"id":"\\x01ab","hash":null}"#),
            (Row { id: Vec::new(), hash: Some(vec![0]) }, r#"{"id":"\\x","hash":"\\x00"}"#),
        ] {
            assert_eq!(serde_json::to_string(&row).unwrap(), text);
            assert_eq!(serde_json::from_str::<Row>(text).unwrap(), row);
        }
        for text in [r#"{"id":"01ab","hash":null}"#, r#"{"id":"\\x1","hash":null}"#, r#"{"id":"\\xzz","hash":null}"#] {
            assert!(serde_json::from_str::<Row>(text).is_err(), "{text}");
        }
    }
}
