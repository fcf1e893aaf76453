//! Drafts as rules and rewards see them: what the till does not say is added from our own copy of the shop.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::program::version::ProgramVersions;
use crate::domain::program::{Reward, counted_from};
use crate::domain::sale::order::{LineRole, Order};
use crate::domain::value::ids::{PartnerId, PosConfigId, ProductId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::keeping::attach_catalog;
use crate::ledger::ingest::refund_links::cover;
use crate::ledger::writer::cache::WriterCache;
use crate::store::AnyConnection;

/// Says where each product of these drafts stands, which lines neither earn nor reduce, what reward lines cover
/// and which tags the customers have: exactly what is known of a paid order of the same lines.
///
/// Returns the products of rewards that were archived in Odoo.
pub(in crate::ledger) fn complete(
    conn: &mut AnyConnection,
    cache: &mut WriterCache,
    drafts: &mut [Order],
    all_versions: &[ProgramVersions],
) -> Result<BTreeSet<ProductId>, LedgerError> {
    let mut products: BTreeSet<ProductId> =
        drafts.iter().flat_map(|draft| &draft.lines).filter_map(|line| line.product_id).collect();
    let rewards = all_versions
        .iter()
        .flat_map(|program_versions| &program_versions.versions)
        .flat_map(|version| &version.program.rewards);
    let given: BTreeSet<ProductId> = rewards.filter_map(Reward::product_id).collect();
    products.extend(&given);
    let customers: Vec<PartnerId> = drafts.iter().filter_map(|draft| draft.partner_id).collect();
    let customers = cache.partners(conn, &customers)?;
    let shops: BTreeSet<PosConfigId> = drafts.iter().filter_map(|draft| draft.pos_config_id).collect();
    let neutral: BTreeMap<PosConfigId, BTreeSet<ProductId>> = shops
        .into_iter()
        .map(|shop| cache.neutral_products(conn, shop).map(|products| (shop, products)))
        .collect::<Result<_, _>>()?;
    for draft in drafts.iter_mut() {
        draft.parent_companies = cache.parent_companies(conn, draft.company_id)?;
    }
    let catalog = cache.catalog(conn, &products)?;
    let archived = given.into_iter().filter(|product| catalog.is_archived(*product)).collect();
    for draft in drafts.iter_mut() {
        attach_catalog(draft, catalog, &customers, None, &BTreeMap::new());
        draft.attach_combos();
        let of_shop = draft.pos_config_id.and_then(|shop| neutral.get(&shop));
        let is_neutral = |product: ProductId| {
            catalog.neutral.contains(&product) || of_shop.is_some_and(|products| products.contains(&product))
        };
        for line in &mut draft.lines {
            if line.product_id.is_some_and(is_neutral) {
                line.role = LineRole::Excluded;
            }
        }
    }
    cover(conn, drafts.iter_mut())?;
    Ok(archived)
}

/// The rewards of these programs' versions in force that have a limit, and from when their uses count at most;
/// `None` for ever.
pub(in crate::ledger) fn limited<'a>(
    all_versions: impl Iterator<Item = &'a ProgramVersions>,
    now: DateTime<Utc>,
) -> (Vec<String>, Option<DateTime<Utc>>) {
    let (mut codes, mut from) = (BTreeSet::new(), Some(now));
    for program in
        all_versions.filter_map(|program_versions| program_versions.in_force(now)).map(|version| &version.program)
    {
        for (reward, limit) in program.rewards.iter().filter_map(|reward| Some((reward, reward.limit?))) {
            codes.insert(reward.code.clone());
            let counted = limit.days.and_then(|days| counted_from(program, days, now));
            from = from.zip(counted).map(|(from, counted)| from.min(counted));
        }
    }
    (codes.into_iter().collect(), from)
}
