//! Lists of ids in one column, as JSON.

use crate::store::{StoreError, corrupt};

/// A list of ids for its column.
pub(in crate::store) fn ids_to_text<'a>(ids: impl IntoIterator<Item = &'a i64>) -> String {
    let listed: Vec<String> = ids.into_iter().map(i64::to_string).collect();
    format!("[{}]", listed.join(","))
}

/// A list of ids from its column.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub(in crate::store) fn ids_from_text(text: &str) -> Result<Vec<i64>, StoreError> {
    serde_json::from_str(text).map_err(|problem| corrupt(format!("the list of ids {text}: {problem}")))
}
