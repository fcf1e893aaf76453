//! New entries as rows: each chained to the one before it in its account, its texts apart.

use std::collections::BTreeMap;

use super::Stored;
use crate::domain::ledger::chain::{Salt, chain_hash, texts_digest};
use crate::domain::ledger::entry::Entry;
use crate::domain::value::ids::AccountId;
use crate::ledger::error::LedgerError;
use crate::store;
use crate::store::table::entries::EntryRow;
use crate::store::table::entry_texts::EntryTexts;

/// Chains entries, in their order, to the ends of their accounts' chains.
pub(super) fn rows(
    entries: &[Entry],
    stored: &mut BTreeMap<AccountId, Stored>,
) -> Result<(Vec<EntryRow>, Vec<EntryTexts>), LedgerError> {
    let mut salts = vec![Salt::default(); entries.len()];
    getrandom::fill(salts.as_flattened_mut())
        .map_err(|problem| LedgerError::Unavailable(format!("the operating system gave no randomness: {problem}")))?;
    let mut rows = Vec::with_capacity(entries.len());
    let mut texts = Vec::with_capacity(entries.len());
    for (entry, salt) in entries.iter().zip(&salts) {
        let chain =
            stored.get_mut(&entry.account_id).ok_or_else(|| store::corrupt(crate::domain::ledger::state::Missing))?;
        chain.entry_count = chain.entry_count.saturating_add(1);
        let digest = texts_digest(salt, entry);
        chain.last_hash = chain_hash(&chain.last_hash, chain.entry_count, entry, &digest);
        rows.push(EntryRow::new(entry, chain.entry_count, &digest, &chain.last_hash)?);
        texts.push(EntryTexts::new(entry, salt));
    }
    Ok((rows, texts))
}
