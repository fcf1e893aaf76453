//! What lists have in common: pages, and a program by its code.

use crate::domain::program::version::ProgramVersions;
use crate::domain::value::ids::ProgramId;
use crate::ledger::error::LedgerError;

/// Cuts what was loaded to a page: one more than asked for tells whether there is a next one.
pub(super) fn cut_to_page<T>(mut rows: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

pub(super) fn program_id(
    all_versions: &[ProgramVersions],
    code: Option<&String>,
) -> Result<Option<ProgramId>, LedgerError> {
    let Some(code) = code else { return Ok(None) };
    Ok(Some(ProgramVersions::of_code(all_versions, code)?.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_where_it_is_full() {
        assert_eq!(cut_to_page(vec![1, 2, 3], 2), (vec![1, 2], true));
        assert_eq!(cut_to_page(vec![1, 2], 2), (vec![1, 2], false));
    }
}
