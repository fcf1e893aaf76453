//! Our copy of Odoo's contacts.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde::Deserialize;

use super::catalog::size;
use crate::domain::catalog::records::{CatalogRecords, Partner};
use crate::domain::value::ids::{CompanyId, PartnerId, PartnerTagId};
use crate::store::codec::id_lists::{ids_from_text, ids_to_text};
use crate::store::connection::prepared::{load_prepared, padded};
use crate::store::schema::partners;
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, on_each};

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Deserialize)]
#[diesel(table_name = partners, treat_none_as_default_value = false)]
pub(in crate::store) struct PartnerRow {
    source: i16,
    id: i64,
    name: String,
    commercial_partner_id: i64,
    company_id: Option<i64>,
    active: bool,
    tag_ids: String,
}

/// Keeps contacts. Returns how many were new or different.
///
/// # Errors
/// [`StoreError`]
pub(super) fn put(conn: &mut AnyConnection, records: &CatalogRecords) -> Result<u64, StoreError> {
    let mut changed = 0;
    for chunk in records.partners.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|one| one.id.0).collect();
        let known: BTreeMap<i64, PartnerRow> = partners::table
            .filter(partners::source.eq(SOURCE))
            .filter(partners::id.eq_any(ids))
            .select(PartnerRow::as_select())
            .load(conn)?
            .into_iter()
            .map(|row: PartnerRow| (row.id, row))
            .collect();
        let fresh: Vec<PartnerRow> = chunk
            .iter()
            .map(|one| PartnerRow {
                source: SOURCE,
                id: one.id.0,
                name: one.name.clone(),
                commercial_partner_id: one.commercial_partner_id.0,
                company_id: one.company_id.map(|id| id.0),
                active: one.active,
                tag_ids: ids_to_text(one.tag_ids.iter().map(|id| &id.0)),
            })
            .filter(|row| known.get(&row.id) != Some(row))
            .collect();
        changed += size(&fresh);
        on_each!(conn, c => diesel::insert_into(partners::table)
            .values(&fresh)
            .on_conflict((partners::source, partners::id))
            .do_update()
            .set((
                partners::name.eq(excluded(partners::name)),
                partners::commercial_partner_id.eq(excluded(partners::commercial_partner_id)),
                partners::company_id.eq(excluded(partners::company_id)),
                partners::active.eq(excluded(partners::active)),
                partners::tag_ids.eq(excluded(partners::tag_ids)),
            ))
            .execute(c))?;
    }
    Ok(changed)
}

impl PartnerRow {
    /// The partner it says.
    pub(in crate::store) fn partner(self) -> Result<Partner, StoreError> {
        Ok(Partner {
            id: PartnerId(self.id),
            name: self.name,
            commercial_partner_id: PartnerId(self.commercial_partner_id),
            company_id: self.company_id.map(CompanyId),
            tag_ids: ids_from_text(&self.tag_ids)?.into_iter().map(PartnerTagId).collect(),
            active: self.active,
        })
    }
}

/// Known partners among these.
///
/// # Errors
/// [`StoreError`]
pub fn load(conn: &mut AnyConnection, wanted: &[PartnerId]) -> Result<BTreeMap<PartnerId, Partner>, StoreError> {
    let ids: Vec<i64> = wanted.iter().map(|id| id.0).collect();
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let query = partners::table
            .filter(partners::source.eq(SOURCE))
            .filter(partners::id.eq_any(padded(chunk.iter().copied())))
            .select(PartnerRow::as_select());
        let rows: Vec<PartnerRow> = load_prepared!(conn, query, chunk.len())?;
        for row in rows {
            let partner = row.partner()?;
            found.insert(partner.id, partner);
        }
    }
    Ok(found)
}

/// The known contacts of a company.
///
/// # Errors
/// [`StoreError`]
pub fn contacts_of(conn: &mut AnyConnection, company: PartnerId) -> Result<Vec<PartnerId>, StoreError> {
    let ids: Vec<i64> = partners::table
        .filter(partners::source.eq(SOURCE))
        .filter(partners::commercial_partner_id.eq(company.0))
        .select(partners::id)
        .load(conn)?;
    Ok(ids.into_iter().map(PartnerId).collect())
}
