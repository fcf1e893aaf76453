//! Whose points an order's are: decided at its first reading with its customer, and kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::catalog::records::Partner;
use crate::domain::sale::order::{Order, Wallet};
use crate::domain::value::ids::{PartnerId, SaleId};
use crate::ledger::error::LedgerError;
use crate::ledger::ingest::refund_links::Linked;
use crate::store::AnyConnection;
use crate::store::table::orders::KeptOrder;
use crate::store::table::wallets::Owner;
use crate::store::table::{merges, partners, programs, wallets};

/// Whose points those of these contacts are now: their own, or their company's. A contact that was merged into another
/// is that one; a contact that was not read yet stands for itself.
pub(in crate::ledger) fn wallets_of(
    conn: &mut AnyConnection,
    wallet: Wallet,
    contacts: &[PartnerId],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    if contacts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let became = merges::of(conn, contacts)?;
    let person = |id: &PartnerId| became.get(id).copied().unwrap_or(*id);
    if wallet == Wallet::Contact {
        return Ok(contacts.iter().map(|id| (*id, person(id))).collect());
    }
    let persons: Vec<PartnerId> = contacts.iter().map(person).collect();
    let companies = companies_of(conn, &persons)?;
    Ok(contacts
        .iter()
        .zip(persons)
        .map(|(id, person)| (*id, companies.get(&person).copied().unwrap_or(person)))
        .collect())
}

/// The companies of these contacts, as far as they are known. A company that was merged into another is that one.
fn companies_of(
    conn: &mut AnyConnection,
    contacts: &[PartnerId],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    let known = partners::load(conn, contacts)?;
    let companies: Vec<PartnerId> = known.values().map(|partner| partner.commercial_partner_id).collect();
    let became = merges::of(conn, &companies)?;
    let company = |partner: &Partner| {
        let id = partner.commercial_partner_id;
        became.get(&id).copied().unwrap_or(id)
    };
    Ok(known.into_iter().map(|(id, partner)| (id, company(&partner))).collect())
}

/// As [`wallets_of`], for one contact.
pub(in crate::ledger) fn wallet_of(
    conn: &mut AnyConnection,
    wallet: Wallet,
    contact: Option<PartnerId>,
) -> Result<Option<PartnerId>, LedgerError> {
    match contact {
        None => Ok(None),
        Some(id) => Ok(wallets_of(conn, wallet, &[id])?.remove(&id)),
    }
}

/// Whose account is shown for each of these contacts. A member that was merged into another keeps its own history.
pub(in crate::ledger) fn shown_for(
    conn: &mut AnyConnection,
    wallet: Wallet,
    contacts: &[PartnerId],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    if wallet == Wallet::Contact {
        return Ok(contacts.iter().map(|id| (*id, *id)).collect());
    }
    let companies = partners::load(conn, contacts)?;
    let of_others: Vec<PartnerId> =
        companies.iter().filter(|(id, partner)| partner.commercial_partner_id != **id).map(|(id, _)| *id).collect();
    let others = companies_of(conn, &of_others)?;
    Ok(contacts.iter().map(|id| (*id, others.get(id).copied().unwrap_or(*id))).collect())
}

/// Whose orders are a member's where that is not kept with the order yet: its own, or those of everyone in its company.
pub(in crate::ledger) fn owner_of(
    conn: &mut AnyConnection,
    wallet: Wallet,
    member: PartnerId,
) -> Result<Owner, LedgerError> {
    let mut contacts = match wallet {
        Wallet::Contact => Vec::new(),
        Wallet::Company => partners::contacts_of(conn, member)?,
    };
    let is_contact_of_another = wallet == Wallet::Company
        && partners::load(conn, &[member])?.get(&member).is_some_and(|known| known.commercial_partner_id != member);
    if !is_contact_of_another && !contacts.contains(&member) {
        contacts.push(member);
    }
    Ok(Owner { member, contacts })
}

/// Whose points these orders are, as they were just read: what is kept while the customer is the same person, and
/// what the customer's are now for others. Orders in `before` are told of a customer whom Odoo merged into another.
pub(in crate::ledger) fn of_read(
    conn: &mut AnyConnection,
    wallet: Wallet,
    read: &[Order],
    before: &mut BTreeMap<SaleId, KeptOrder>,
) -> Result<BTreeMap<SaleId, PartnerId>, LedgerError> {
    let changed: BTreeSet<PartnerId> = read
        .iter()
        .filter_map(|order| Some((order.partner_id, before.get(&order.sale_id()?)?.order.partner_id)))
        .filter(|(now, then)| now != then)
        .flat_map(|(now, then)| [now, then])
        .flatten()
        .collect();
    let became = merges::of(conn, &changed.into_iter().collect::<Vec<_>>())?;
    let person = |id: PartnerId| became.get(&id).copied().unwrap_or(id);
    let mut found = BTreeMap::new();
    let mut open: Vec<(SaleId, PartnerId)> = Vec::new();
    for order in read {
        let (Some(id), Some(customer)) = (order.sale_id(), order.partner_id) else { continue };
        let known = before.get_mut(&id).filter(|known| known.order.partner_id.map(person) == Some(person(customer)));
        let owner = known.and_then(|known| {
            known.order.partner_id = Some(customer);
            known.wallet
        });
        match owner {
            Some(owner) => {
                found.insert(id, owner);
            }
            None => open.push((id, customer)),
        }
    }
    let customers: BTreeSet<PartnerId> = open.iter().map(|(_, customer)| *customer).collect();
    let now = wallets_of(conn, wallet, &customers.into_iter().collect::<Vec<_>>())?;
    found.extend(open.into_iter().map(|(id, customer)| (id, now.get(&customer).copied().unwrap_or(customer))));
    Ok(found)
}

/// Whose points these orders are. What is not kept yet, of orders that an older version read, is kept with `keep`.
pub(in crate::ledger) fn of_known(
    conn: &mut AnyConnection,
    wallet: Wallet,
    Linked { orders, wallets: kept, .. }: &Linked,
    keep: bool,
) -> Result<BTreeMap<SaleId, PartnerId>, LedgerError> {
    let mut found: BTreeMap<SaleId, PartnerId> = BTreeMap::new();
    let mut open: BTreeMap<SaleId, PartnerId> = BTreeMap::new();
    for (id, order) in orders {
        let Some(customer) = order.partner_id else { continue };
        match kept.get(id) {
            Some(owner) => found.insert(*id, *owner),
            None => open.insert(*id, customer),
        };
    }
    if !open.is_empty() {
        let now = wallets_of(conn, wallet, &open.values().copied().collect::<Vec<_>>())?;
        let owners: BTreeMap<SaleId, PartnerId> =
            open.into_iter().map(|(id, customer)| (id, now.get(&customer).copied().unwrap_or(customer))).collect();
        if keep {
            wallets::keep(conn, &owners)?;
        }
        found.extend(owners);
    }
    Ok(found)
}

/// Contacts of these that are now of another company, and whose they were. Only where points are the company's.
pub(in crate::ledger) fn companies_left(
    conn: &mut AnyConnection,
    wallet: Wallet,
    read: &[Partner],
) -> Result<BTreeMap<PartnerId, PartnerId>, LedgerError> {
    if wallet == Wallet::Contact || read.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<PartnerId> = read.iter().map(|partner| partner.id).collect();
    let known = partners::load(conn, &ids)?;
    let left = |partner: &Partner| {
        let before = known.get(&partner.id)?.commercial_partner_id;
        (before != partner.commercial_partner_id).then_some((partner.id, before))
    };
    Ok(read.iter().filter_map(left).collect())
}

/// Before contacts go to another company: the orders that an older version read stay those of the company of then.
pub(in crate::ledger) fn keep_what_was(
    conn: &mut AnyConnection,
    wallet: Wallet,
    read: &[Partner],
) -> Result<(), LedgerError> {
    let left = companies_left(conn, wallet, read)?;
    if left.is_empty() {
        return Ok(());
    }
    // Whoever is taking in an order of theirs has read where they were before: it is waited for.
    programs::lock_sales_and_programs(conn)?;
    let became = merges::of(conn, &left.values().copied().collect::<Vec<_>>())?;
    for (contact, company) in left {
        wallets::keep_for_customer(conn, contact, became.get(&company).copied().unwrap_or(company))?;
    }
    Ok(())
}
