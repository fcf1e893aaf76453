//! Who has an account or is enrolled, a page at a time, for those who look through all members.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::domain::value::ids::{PartnerId, ProgramId};
use crate::store::schema::{accounts, memberships};
use crate::store::{AnyConnection, SOURCE, StoreError, on_each};

/// One member in one program. Ordered as they are listed, which nothing that is written changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberKey {
    /// The member.
    pub partner_id: PartnerId,
    /// The program.
    pub program_id: ProgramId,
}

/// Which members to list; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberQuery {
    /// In this program.
    pub program: Option<ProgramId>,
    /// With this in their name, or as their id.
    pub search: Option<String>,
    /// Only with a balance above zero.
    pub with_points: bool,
    /// After this one.
    pub before: Option<MemberKey>,
}

/// Not those whom Odoo merged into another: all they had is there.
const NOT_MERGED: &str = "NOT EXISTS (SELECT 1 FROM partner_merges gone WHERE gone.source = 1 AND gone.partner_id = ";

/// Members from the greatest id down, at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn members(conn: &mut AnyConnection, filter: &MemberQuery, limit: i64) -> Result<Vec<MemberKey>, StoreError> {
    let mut keys = with_account(conn, filter, limit)?;
    if !filter.with_points {
        keys.extend(enrolled_alone(conn, filter, limit)?);
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(keys)
}

fn keys(rows: Vec<(i64, i64)>) -> Vec<MemberKey> {
    let key = |(partner, program)| MemberKey { partner_id: PartnerId(partner), program_id: ProgramId(program) };
    rows.into_iter().map(key).collect()
}

/// Narrows a query of a table whose rows are members in programs to what is wanted.
macro_rules! narrowed {
    ($query:expr, $table:ident, $wanted:expr) => {{
        let mut query = $query;
        if let Some(program) = $wanted.program {
            query = query.filter($table::program_id.eq(program.0));
        }
        if let Some(after) = $wanted.before {
            // The first condition is the range of an index, the second leaves out what it has too much.
            query = query
                .filter($table::partner_id.le(after.partner_id.0))
                .filter($table::partner_id.lt(after.partner_id.0).or($table::program_id.lt(after.program_id.0)));
        }
        if let Some(search) = $wanted.search.as_deref().map(Search::of) {
            let [as_typed, small, large] = search.spellings;
            query = query.filter(
                sql::<Bool>(concat!("(", stringify!($table), ".partner_id = "))
                    .bind::<BigInt, _>(search.id)
                    .sql(concat!(
                        " OR ",
                        stringify!($table),
                        ".partner_id IN (SELECT named.id FROM partners named WHERE named.source = 1 \
                         AND (lower(named.name) LIKE "
                    ))
                    .bind::<Text, _>(as_typed)
                    .sql(" ESCAPE '!' OR lower(named.name) LIKE ")
                    .bind::<Text, _>(small)
                    .sql(" ESCAPE '!' OR lower(named.name) LIKE ")
                    .bind::<Text, _>(large)
                    .sql(" ESCAPE '!')))"),
            );
        }
        query
    }};
}

fn with_account(conn: &mut AnyConnection, wanted: &MemberQuery, limit: i64) -> Result<Vec<MemberKey>, StoreError> {
    let rows: Vec<(i64, i64)> = on_each!(conn, c => {
        let all = accounts::table
            .filter(accounts::source.eq(SOURCE))
            .filter(sql::<Bool>(&format!("{NOT_MERGED}accounts.partner_id)")))
            .order((accounts::partner_id.desc(), accounts::program_id.desc()))
            .limit(limit)
            .select((accounts::partner_id, accounts::program_id))
            .into_boxed();
        let mut query = narrowed!(all, accounts, wanted);
        if wanted.with_points {
            query = query.filter(accounts::balance_e2.gt(0));
        }
        query.load(c)?
    });
    Ok(keys(rows))
}

/// Those who enrolled and have no account yet.
fn enrolled_alone(conn: &mut AnyConnection, wanted: &MemberQuery, limit: i64) -> Result<Vec<MemberKey>, StoreError> {
    let rows: Vec<(i64, i64)> = on_each!(conn, c => {
        let all = memberships::table
            .filter(memberships::source.eq(SOURCE))
            .filter(sql::<Bool>(&format!("{NOT_MERGED}memberships.partner_id)")))
            .filter(sql::<Bool>(
                "NOT EXISTS (SELECT 1 FROM accounts known WHERE known.source = memberships.source \
                 AND known.partner_id = memberships.partner_id AND known.program_id = memberships.program_id)",
            ))
            // Each member once, however often it left and came back.
            .filter(sql::<Bool>(
                "NOT EXISTS (SELECT 1 FROM memberships earlier WHERE earlier.source = memberships.source \
                 AND earlier.partner_id = memberships.partner_id AND earlier.program_id = memberships.program_id \
                 AND earlier.enrolled_at_us < memberships.enrolled_at_us)",
            ))
            .order((memberships::partner_id.desc(), memberships::program_id.desc()))
            .limit(limit)
            .select((memberships::partner_id, memberships::program_id))
            .into_boxed();
        narrowed!(all, memberships, wanted).load(c)?
    });
    Ok(keys(rows))
}

/// What a search is compared with.
struct Search {
    /// The id it may be; 0, which is no customer's, when the text is no id.
    id: i64,
    /// Patterns of LIKE. SQLite's `lower` knows ASCII alone, so letters with accents are tried as they come, small and
    /// large.
    spellings: [String; 3],
}

impl Search {
    fn of(text: &str) -> Self {
        let text = text.trim();
        let mut literal = String::with_capacity(text.len());
        for letter in text.chars() {
            if matches!(letter, '%' | '_' | '!') {
                literal.push('!');
            }
            literal.push(letter);
        }
        let spellings = [literal.clone(), literal.to_lowercase(), literal.to_uppercase()];
        Self {
            id: text.parse().unwrap_or_default(),
            spellings: spellings.map(|spelling| format!("%{}%", spelling.to_ascii_lowercase())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_taken_literally_and_in_every_case() {
        let search = Search::of(" É50%_! ");
        assert_eq!(search.id, 0);
        assert_eq!(search.spellings, ["%É50!%!_!!%", "%é50!%!_!!%", "%É50!%!_!!%"]);
        assert_eq!(Search::of("42").id, 42);
    }
}
