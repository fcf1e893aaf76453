//! Rows of many ids: by a range where nearly all of it is asked for, else by a list.
//!
//! What is read from Odoo page by page has neighbouring ids. A range is one descent into the index and two values to bind,
//! where a list of a hundred is a hundred of each.

/// How ids are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Lookup<'a> {
    /// From the first to the last, both included. The rows of others in between are to be left out.
    Range(i64, i64),
    /// One by one.
    List(&'a [i64]),
}

/// Fewer are a list: that is what single orders need, whose statements are kept by their place.
const FEWEST: usize = 4;
/// How many ids a range may have for each that is asked for.
const DENSEST_PER_ID: u64 = 2;

/// How to look up these ids, which ascend.
pub(in crate::store) fn lookup(ids: &[i64]) -> Lookup<'_> {
    if let (Some(first), Some(last)) = (ids.first(), ids.last())
        && ids.len() >= FEWEST
        && last.abs_diff(*first) / DENSEST_PER_ID < u64::try_from(ids.len()).unwrap_or(u64::MAX)
    {
        return Lookup::Range(*first, *last);
    }
    Lookup::List(ids)
}

/// Loads the rows of a query whose column is one of the ids of a chunk, which ascend, and perhaps of ids between them.
/// The statements are kept: that of a range by this place.
macro_rules! load_by_ids {
    ($conn:expr, $ids:expr, $column:expr, $query:expr) => {{
        struct Here;
        match $crate::store::table::id_ranges::lookup($ids) {
            $crate::store::table::id_ranges::Lookup::Range(first, last) => {
                let query = $query.filter($column.ge(first)).filter($column.le(last));
                diesel::RunQueryDsl::load(
                    $crate::store::connection::prepared::PreparedHere::<_, Here>::new(query),
                    $conn,
                )
            }
            $crate::store::table::id_ranges::Lookup::List(list) => {
                let query =
                    $query.filter($column.eq_any($crate::store::connection::prepared::padded(list.iter().copied())));
                $crate::store::connection::prepared::load_prepared!($conn, query, list.len())
            }
        }
    }};
}
pub(in crate::store) use load_by_ids;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_a_range_and_others_a_list() {
        assert_eq!(lookup(&[]), Lookup::List(&[]));
        assert_eq!(lookup(&[1, 2, 3]), Lookup::List(&[1, 2, 3]), "few");
        assert_eq!(lookup(&[1, 2, 3, 4]), Lookup::Range(1, 4));
        assert_eq!(lookup(&[1, 2, 3, 8]), Lookup::Range(1, 8), "every other");
        assert_eq!(lookup(&[1, 2, 3, 9]), Lookup::List(&[1, 2, 3, 9]), "sparse");
        assert_eq!(lookup(&[i64::MIN, -1, 0, i64::MAX]), Lookup::List(&[i64::MIN, -1, 0, i64::MAX]));
    }
}
