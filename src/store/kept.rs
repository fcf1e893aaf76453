//! Statements that stay prepared on their connection.
//!
//! diesel prepares some kinds of statements anew each time they run: lists (`eq_any` on SQLite), `UPDATE`, upserts and
//! `sql_query`, since their text may differ from run to run. For the small statements of the writer that is most of
//! their cost: SQLite parses and plans for longer than it runs. [`Kept`] lets the connection keep them by their text;
//! [`padded`] keeps the texts few.

use diesel::backend::Backend;
use diesel::connection::{DefaultLoadingMode, LoadConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

/// A statement to be kept by its text, whatever diesel thinks of its kind. Only for texts of which there are few:
/// a connection never forgets one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<Q>(pub Q);

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    // Not by its type, which is the same for a list of one and of two, but by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, DB: Backend> QueryFragment<DB> for Kept<Q>
where
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q, Conn> RunQueryDsl<Conn> for Kept<Q> {}

/// A statement without a result, as something that can be loaded.
struct Command<Q>(Kept<Q>);

impl<Q> QueryId for Command<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Command<Q> {
    type SqlType = Untyped;
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Command<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, backend: &Sqlite) -> QueryResult<bool> {
        self.0.is_safe_to_cache_prepared(backend)
    }
}

/// Runs a statement that changes something on SQLite, and keeps it prepared. diesel's own `execute` hands a reference
/// on, which asks the statement itself whether it may be kept and not [`Kept`]; loading what has no rows does not.
///
/// # Errors
/// [`diesel::result::Error`]
pub(super) fn execute_kept<Q: QueryFragment<Sqlite>>(conn: &mut SqliteConnection, statement: Q) -> QueryResult<()> {
    let rows = LoadConnection::<DefaultLoadingMode>::load(conn, Command(Kept(statement)))?;
    for row in rows {
        row?;
    }
    Ok(())
}

/// A list as long as the next power of two, its last member repeated: so a statement has ten texts at most for
/// lists of up to [`super::CHUNK`]. To be used in `eq_any`, where repetition changes nothing.
pub(super) fn padded<T: Clone>(list: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = list.into_iter().collect();
    if let Some(last) = list.last().cloned() {
        list.resize(list.len().next_power_of_two(), last);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn pads_to_powers_of_two_with_what_is_there() {
        assert_eq!(padded(Vec::<i64>::new()), Vec::<i64>::new());
        assert_eq!(padded([7]), [7]);
        assert_eq!(padded([1, 2, 3]), [1, 2, 3, 3]);
        assert_eq!(padded(1..=500).len(), 512);
    }
}
