//! What names a sale, as columns: its source, the code of its model, and its id there.

use std::collections::BTreeMap;

use super::{StoreError, corrupt};
use crate::domain::ids::{SaleId, SaleModel, SourceId};

/// A sale from its columns.
///
/// # Errors
/// [`StoreError::Corrupt`] when the model is none that this version knows.
pub(super) fn from_columns(source: i16, model: i16, id: i64) -> Result<SaleId, StoreError> {
    let known = SaleModel::from_code(model).ok_or_else(|| corrupt(format!("the sale model {model}")))?;
    Ok(SaleId { source: SourceId(source), model: known, id })
}

/// Sales by source and model: a statement looks up the ids of one kind. Nearly always there is one.
pub(super) fn by_kind(sales: impl IntoIterator<Item = SaleId>) -> BTreeMap<(i16, i16), Vec<i64>> {
    let mut kinds: BTreeMap<(i16, i16), Vec<i64>> = BTreeMap::new();
    for sale in sales {
        kinds.entry((sale.source.0, sale.model.code())).or_default().push(sale.id);
    }
    kinds
}
