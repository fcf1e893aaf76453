//! What the commands of a batch name, before anything is read.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::domain::sale::order::Wallet;
use crate::domain::value::ids::{PartnerId, ProgramId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets::wallets_of;
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::command::Needs;
use crate::ledger::writer::recorded_replies::capture_key;
use crate::store::AnyConnection;
use crate::store::batch::prefetch::NamedByCommands;
use crate::store::table::recorded_replies::KeyDigest;

/// Whose points those of the customers are whom commands name: the contact's own, or its company's.
pub(super) fn wallets(
    conn: &mut AnyConnection,
    context: &Context,
    cache: Option<&WriterCache>,
    needs: &[Needs<'_>],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    let named = needs.iter().filter_map(|needs| needs.account.map(|(customer, _)| customer));
    let partners: Vec<PartnerId> = named.collect::<BTreeSet<_>>().into_iter().collect();
    let known = cache.filter(|_| context.options.wallet == Wallet::Contact).and_then(|cache| cache.persons(&partners));
    match known {
        Some(wallets) => Ok(wallets),
        None => wallets_of(conn, context.options.wallet, &partners),
    }
}

/// What commands name, as far as it is known before anything is read. With the programs at hand that is also whose account a
/// command changes, where each customer has points of their own.
pub(super) fn named(context: &Context, cache: &WriterCache, needs: &[Needs<'_>]) -> NamedByCommands {
    let programs: BTreeMap<&str, ProgramId> = cache
        .known_versions()
        .unwrap_or_default()
        .iter()
        .filter(|_| context.options.wallet == Wallet::Contact)
        .map(|program_versions| (program_versions.code.as_str(), program_versions.id))
        .collect();
    let mut named = NamedByCommands::default();
    for needs in needs {
        named.asked_keys.extend(needs.key);
        named.holds.extend(needs.hold);
        if let Some((customer, program)) = needs.account {
            named.partners.insert(customer);
            named.members.extend(programs.get(program).map(|program| (customer, *program)));
        }
        if let Some(draft) = needs.draft {
            named.partners.extend(draft.partner_id);
            named.drafts.extend(draft.uuid.clone());
        }
    }
    named.other_keys = named.holds.iter().map(|id| KeyDigest::of(&capture_key(*id))).collect();
    named
}
