//! What the commands of a batch name, before anything is read.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::domain::sale::order::Wallet;
use crate::domain::value::ids::{PartnerId, ProgramId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::wallets::wallets_of;
use crate::ledger::writer::cache::WriterCache;
use crate::ledger::writer::command::Command;
use crate::ledger::writer::recorded_replies::{adjust_key, caller_key, capture_key};
use crate::store::AnyConnection;
use crate::store::batch::prefetch::NamedByCommands;
use crate::store::table::recorded_replies::KeyDigest;

/// Whose points those of the customers are whom commands name: the contact's own, or its company's.
pub(super) fn wallets(
    conn: &mut AnyConnection,
    context: &Context,
    cache: Option<&WriterCache>,
    commands: &[Command],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    let named = commands.iter().filter_map(|command| match command {
        Command::Hold { partner_id, .. } | Command::Adjust { partner_id, .. } => Some(*partner_id),
        _ => None,
    });
    let partners: Vec<PartnerId> = named.collect::<BTreeSet<_>>().into_iter().collect();
    let known = cache.filter(|_| context.options.wallet == Wallet::Contact).and_then(|cache| cache.persons(&partners));
    match known {
        Some(wallets) => Ok(wallets),
        None => wallets_of(conn, context.options.wallet, &partners),
    }
}

/// What commands name, as far as it is known before anything is read. With the programs at hand that is also whose account a
/// command changes, where each customer has points of their own.
pub(super) fn named(context: &Context, cache: &WriterCache, commands: &[Command]) -> NamedByCommands {
    let programs: BTreeMap<&str, ProgramId> = cache
        .known_versions()
        .unwrap_or_default()
        .iter()
        .filter(|_| context.options.wallet == Wallet::Contact)
        .map(|program_versions| (program_versions.code.as_str(), program_versions.id))
        .collect();
    let mut named = NamedByCommands::default();
    for command in commands {
        match command {
            Command::Hold { idempotency, partner_id, program, draft, replaces, .. } => {
                named.asked_keys.insert(KeyDigest::of(&caller_key(idempotency)));
                named.partners.extend([Some(*partner_id), draft.partner_id].into_iter().flatten());
                named.members.extend(programs.get(program.as_str()).map(|program| (*partner_id, *program)));
                named.drafts.extend(draft.uuid.clone());
                named.holds.extend(replaces);
            }
            Command::Adjust { idempotency, partner_id, program, correction, .. } => {
                named.asked_keys.insert(KeyDigest::of(&adjust_key(idempotency, correction)));
                named.partners.insert(*partner_id);
                named.members.extend(programs.get(program.as_str()).map(|program| (*partner_id, *program)));
            }
            Command::Capture { hold_id, .. } | Command::Release { hold_id, .. } => {
                named.holds.insert(*hold_id);
            }
            Command::Transfer(asked) => named.asked_keys.extend(asked.reply_key().as_deref().map(KeyDigest::of)),
            Command::Ingest { .. } | Command::Forget { .. } | Command::Recompute { .. } | Command::Settle { .. } => {}
        }
    }
    named.other_keys = named.holds.iter().map(|id| KeyDigest::of(&capture_key(*id))).collect();
    named
}
