//! Orders by when they were placed: how many, and page by page.

use diesel::prelude::*;

use super::schema::orders;
use super::{AnyConnection, SOURCE, StoreError};
use crate::domain::ids::OrderId;

/// A stretch of time in microseconds: the first included, the last not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// From when; `None` since ever.
    pub from_us: Option<i64>,
    /// Before when; `None` for ever.
    pub until_us: Option<i64>,
}

/// How many orders were placed then.
///
/// # Errors
/// [`StoreError`]
pub fn count(conn: &mut AnyConnection, stretch: Stretch) -> Result<i64, StoreError> {
    let mut query = orders::table.filter(orders::source.eq(SOURCE)).into_boxed();
    if let Some(from) = stretch.from_us {
        query = query.filter(orders::placed_at_us.ge(from));
    }
    if let Some(until) = stretch.until_us {
        query = query.filter(orders::placed_at_us.lt(until));
    }
    Ok(query.count().get_result(conn)?)
}

/// The next of them by id.
///
/// # Errors
/// [`StoreError`]
pub fn ids(conn: &mut AnyConnection, stretch: Stretch, after: OrderId, limit: i64) -> Result<Vec<OrderId>, StoreError> {
    let mut query = orders::table
        .filter(orders::source.eq(SOURCE))
        .filter(orders::id.gt(after.0))
        .order(orders::id)
        .limit(limit)
        .select(orders::id)
        .into_boxed();
    if let Some(from) = stretch.from_us {
        query = query.filter(orders::placed_at_us.ge(from));
    }
    if let Some(until) = stretch.until_us {
        query = query.filter(orders::placed_at_us.lt(until));
    }
    let ids: Vec<i64> = query.load(conn)?;
    Ok(ids.into_iter().map(OrderId).collect())
}
