//! Companies and their branches, as copied from Odoo.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::catalog::records::Company;
use crate::domain::value::ids::CompanyId;
use crate::store::codec::id_lists::{ids_from_text, ids_to_text};
use crate::store::schema::companies;
use crate::store::{AnyConnection, CHUNK, SOURCE, StoreError, on_each};

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = companies, treat_none_as_default_value = false)]
struct CompanyRow {
    source: i16,
    id: i64,
    parent_ids: String,
}

/// Keeps companies, each replacing what was known under its id; those that were new or different.
///
/// # Errors
/// [`StoreError`]
pub fn put(conn: &mut AnyConnection, read: &[Company]) -> Result<Vec<Company>, StoreError> {
    if read.is_empty() {
        return Ok(Vec::new());
    }
    let row = |one: &Company| CompanyRow {
        source: SOURCE,
        id: one.id.0,
        parent_ids: ids_to_text(one.parent_ids.iter().map(|id| &id.0)),
    };
    let known: Vec<CompanyRow> = companies::table.filter(companies::source.eq(SOURCE)).load(conn)?;
    let fresh: Vec<&Company> = read.iter().filter(|one| !known.contains(&row(one))).collect();
    for chunk in fresh.chunks(CHUNK) {
        let rows: Vec<CompanyRow> = chunk.iter().map(|one| row(one)).collect();
        on_each!(conn, c => diesel::insert_into(companies::table)
            .values(&rows)
            .on_conflict((companies::source, companies::id))
            .do_update()
            .set(companies::parent_ids.eq(excluded(companies::parent_ids)))
            .execute(c))?;
    }
    Ok(fresh.into_iter().cloned().collect())
}

/// Every company that is a branch, with all the companies it is a branch of.
///
/// # Errors
/// [`StoreError`]
pub fn branches(conn: &mut AnyConnection) -> Result<BTreeMap<CompanyId, BTreeSet<CompanyId>>, StoreError> {
    let rows: Vec<(i64, String)> = companies::table
        .filter(companies::source.eq(SOURCE))
        .filter(companies::parent_ids.ne("[]"))
        .select((companies::id, companies::parent_ids))
        .load(conn)?;
    let mut parents: BTreeMap<CompanyId, Vec<CompanyId>> = BTreeMap::new();
    for (id, listed) in rows {
        parents.insert(CompanyId(id), ids_from_text(&listed)?.into_iter().map(CompanyId).collect());
    }
    Ok(parents.keys().map(|branch| (*branch, above(*branch, &parents))).collect())
}

/// All above a company. One that was seen before ends the climb: a loop in bad data does not go on for ever.
fn above(branch: CompanyId, parents: &BTreeMap<CompanyId, Vec<CompanyId>>) -> BTreeSet<CompanyId> {
    let mut found = BTreeSet::new();
    let mut next = vec![branch];
    while let Some(company) = next.pop() {
        let listed = parents.get(&company).into_iter().flatten().copied();
        next.extend(listed.filter(|parent| *parent != branch && found.insert(*parent)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_of_a_branch_has_both_above_it_and_a_loop_ends() {
        let id = CompanyId;
        let parents =
            BTreeMap::from([(id(3), vec![id(2)]), (id(2), vec![id(1)]), (id(7), vec![id(8)]), (id(8), vec![id(7)])]);
        assert_eq!(above(id(3), &parents), BTreeSet::from([id(1), id(2)]));
        assert_eq!(above(id(7), &parents), BTreeSet::from([id(8)]));
        assert!(above(id(1), &parents).is_empty());
    }
}
