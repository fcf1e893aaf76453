//! What names a sale, as columns: its source, the code of its model, and its id there.

use std::collections::BTreeMap;

use crate::domain::value::ids::{SaleId, SaleLineId, SaleModel, SourceId};
use crate::store::{StoreError, corrupt};

/// A sale from its columns.
///
/// # Errors
/// [`StoreError::Corrupt`] when the model is none that this version knows.
pub(in crate::store) fn from_columns(source: i16, model: i16, id: i64) -> Result<SaleId, StoreError> {
    let known = SaleModel::from_code(model).ok_or_else(|| corrupt(format!("the sale model {model}")))?;
    Ok(SaleId { source: SourceId(source), model: known, id })
}

/// A sale from columns that name one or none.
///
/// # Errors
/// [`StoreError::Corrupt`] when they name half a sale, or the model is none that this version knows.
pub(in crate::store) fn from_optional_columns(
    source: Option<i16>,
    model: Option<i16>,
    id: Option<i64>,
) -> Result<Option<SaleId>, StoreError> {
    match (source, model, id) {
        (None, None, None) => Ok(None),
        (Some(source), Some(model), Some(id)) => from_columns(source, model, id).map(Some),
        _ => Err(corrupt("half of a sale's name")),
    }
}

/// Lines by the source and model of their sales.
pub(in crate::store) fn lines_by_kind(lines: impl IntoIterator<Item = SaleLineId>) -> BTreeMap<(i16, i16), Vec<i64>> {
    let as_sale = |line: SaleLineId| SaleId { source: line.source, model: line.model, id: line.id.0 };
    by_kind(lines.into_iter().map(as_sale))
}

/// Sales by source and model, their ids in order: a statement looks up the ids of one kind. Nearly always there is one.
pub(in crate::store) fn by_kind(sales: impl IntoIterator<Item = SaleId>) -> BTreeMap<(i16, i16), Vec<i64>> {
    let mut kinds: BTreeMap<(i16, i16), Vec<i64>> = BTreeMap::new();
    for sale in sales {
        kinds.entry((sale.source.0, sale.model.code())).or_default().push(sale.id);
    }
    for ids in kinds.values_mut() {
        ids.sort_unstable();
    }
    kinds
}
