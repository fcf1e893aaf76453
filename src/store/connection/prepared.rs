//! Statements that stay prepared on their connection.
//!
//! diesel prepares some kinds of statements anew each time they run: lists (`eq_any` on SQLite), `UPDATE`, upserts and
//! `sql_query`, since their text may differ from run to run. For the small statements of the writer that is most of
//! their cost: SQLite parses and plans for longer than it runs. [`PreparedQuery`] lets the connection keep them by their text;
//! [`padded`] keeps the texts few. Putting a text together only to find its statement costs as much as running a small
//! one, so [`PreparedHere`] is found by the place where it is written; [`load_prepared`] chooses between both for a list.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::connection::{DefaultLoadingMode, LoadConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

/// A statement to be kept by its text, whatever diesel thinks of its kind. Only for texts of which there are few:
/// a connection never forgets one.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct PreparedQuery<Q>(pub Q);

impl<Q> QueryId for PreparedQuery<Q> {
    type QueryId = ();
    // Not by its type, which is the same for a list of one and of two, but by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for PreparedQuery<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, DB: Backend> QueryFragment<DB> for PreparedQuery<Q>
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

impl<Q, Conn> RunQueryDsl<Conn> for PreparedQuery<Q> {}

/// A statement to be kept by where it is written: `Place` is a type of that place alone, where the statement always has
/// one text, and one for a list of each length. The text is put together once.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct PreparedHere<Q, Place>(Q, PhantomData<Place>);

impl<Q, Place> PreparedHere<Q, Place> {
    pub const fn new(query: Q) -> Self {
        Self(query, PhantomData)
    }
}

impl<Q, Place: 'static> QueryId for PreparedHere<Q, Place> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Q: Query, Place> Query for PreparedHere<Q, Place> {
    type SqlType = Q::SqlType;
}

impl<Q, Place, DB: Backend> QueryFragment<DB> for PreparedHere<Q, Place>
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

impl<Q, Place, Conn> RunQueryDsl<Conn> for PreparedHere<Q, Place> {}

/// Loads the rows of a query with one [`padded`] list, of `$many` before it was padded, and keeps the statement. Lists of
/// one and of two, which a command alone needs, are found by this place. Of longer ones, where finding a text costs
/// little beside running it, the text says which statement it is: a type for each length would be compiled apart.
macro_rules! load_prepared {
    ($conn:expr, $query:expr, $many:expr) => {{
        struct One;
        struct Two;
        match $many {
            1 => diesel::RunQueryDsl::load(
                $crate::store::connection::prepared::PreparedHere::<_, One>::new($query),
                $conn,
            ),
            2 => diesel::RunQueryDsl::load(
                $crate::store::connection::prepared::PreparedHere::<_, Two>::new($query),
                $conn,
            ),
            _ => diesel::RunQueryDsl::load($crate::store::connection::prepared::PreparedQuery($query), $conn),
        }
    }};
}
pub(in crate::store) use load_prepared;

/// A statement without a result, as something that can be loaded. `Place` is where it is written: there it always has
/// the same text, which then need not be put together to find it.
struct PreparedCommand<Q, Place>(Q, PhantomData<Place>);

impl<Q, Place: 'static> QueryId for PreparedCommand<Q, Place> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Q, Place> Query for PreparedCommand<Q, Place> {
    type SqlType = Untyped;
}

impl<Q: QueryFragment<Sqlite>, Place> QueryFragment<Sqlite> for PreparedCommand<Q, Place> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Sqlite) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Runs a statement that changes something on SQLite, and keeps it prepared. `Place` is a type of the place that calls,
/// whose statements all have one text. diesel's own `execute` hands a reference on, which asks the statement itself
/// whether it may be kept and not its wrapping; loading what has no rows does not.
///
/// # Errors
/// [`diesel::result::Error`]
pub(in crate::store) fn execute_prepared<Place, Q>(conn: &mut SqliteConnection, statement: Q) -> QueryResult<()>
where
    Place: 'static,
    Q: QueryFragment<Sqlite>,
{
    let rows = LoadConnection::<DefaultLoadingMode>::load(conn, PreparedCommand(statement, PhantomData::<Place>))?;
    for row in rows {
        row?;
    }
    Ok(())
}

/// A list as long as the next power of two, its last member repeated: so a statement has ten texts at most for
/// lists of up to [`crate::store::CHUNK`]. To be used in `eq_any`, where repetition changes nothing.
pub(in crate::store) fn padded<T: Clone>(list: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = list.into_iter().collect();
    if let Some(last) = list.last().cloned() {
        list.resize(list.len().next_power_of_two(), last);
    }
    list
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use diesel::connection::{InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;

    use super::padded;

    diesel::table! {
        numbers (id) {
            id -> BigInt,
        }
    }

    #[test]
    fn a_list_of_each_length_is_prepared_once_and_finds_what_it_says() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        conn.batch_execute(
            "CREATE TABLE numbers (id INTEGER PRIMARY KEY); INSERT INTO numbers VALUES (1), (2), (3), (4)",
        )
        .unwrap();
        let prepared: Arc<Mutex<Vec<usize>>> = Arc::default();
        let seen = Arc::clone(&prepared);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                seen.lock().unwrap().push(sql.matches('?').count());
            }
        });
        for list in [vec![1], vec![2, 4], vec![3], vec![1, 2, 3], vec![4, 3], vec![4, 2, 1, 3], vec![2]] {
            let query = numbers::table.filter(numbers::id.eq_any(padded(list.iter().copied()))).select(numbers::id);
            let mut found: Vec<i64> = load_prepared!(&mut conn, query, list.len()).unwrap();
            let mut asked = list.clone();
            found.sort_unstable();
            asked.sort_unstable();
            assert_eq!(found, asked);
        }
        assert_eq!(*prepared.lock().unwrap(), [1, 2, 4]);
    }

    #[test]
    fn pads_to_powers_of_two_with_what_is_there() {
        assert_eq!(padded(Vec::<i64>::new()), Vec::<i64>::new());
        assert_eq!(padded([7]), [7]);
        assert_eq!(padded([1, 2, 3]), [1, 2, 3, 3]);
        assert_eq!(padded(1..=500).len(), 512);
    }
}
