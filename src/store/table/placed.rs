//! Orders by when they were placed: how many, and page by page.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, SmallInt};

use super::wallets::Owner;
use crate::domain::value::ids::SaleId;
use crate::store::codec::sale_ids;
use crate::store::schema::orders;
use crate::store::{AnyConnection, StoreError, on_each};

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
    let mut query = orders::table.into_boxed();
    if let Some(from) = stretch.from_us {
        query = query.filter(orders::placed_at_us.ge(from));
    }
    if let Some(until) = stretch.until_us {
        query = query.filter(orders::placed_at_us.lt(until));
    }
    Ok(query.count().get_result(conn)?)
}

/// The next of them after one, in the order of their keys; when an owner is given, of that one alone.
///
/// # Errors
/// [`StoreError`]
pub fn ids(
    conn: &mut AnyConnection,
    stretch: Stretch,
    of: Option<&Owner>,
    after: Option<SaleId>,
    limit: i64,
) -> Result<Vec<SaleId>, StoreError> {
    let found: Vec<(i16, i16, i64)> = on_each!(conn, c => {
        let mut query = orders::table
            .order((orders::source, orders::model, orders::id))
            .limit(limit)
            .select((orders::source, orders::model, orders::id))
            .into_boxed();
        if let Some(SaleId { source, model, id }) = after {
            // The comparison of rows is what the key's index serves.
            let is_after = sql::<Bool>("(orders.source, orders.model, orders.id) > (")
                .bind::<SmallInt, _>(source.0)
                .sql(", ")
                .bind::<SmallInt, _>(model.code())
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")");
            query = query.filter(is_after);
        }
        if let Some(from) = stretch.from_us {
            query = query.filter(orders::placed_at_us.ge(from));
        }
        if let Some(until) = stretch.until_us {
            query = query.filter(orders::placed_at_us.lt(until));
        }
        if let Some(Owner { member, contacts }) = of {
            let contacts: Vec<i64> = contacts.iter().map(|id| id.0).collect();
            let not_kept = orders::wallet_partner_id.is_null().and(orders::partner_id.eq_any(contacts));
            query = query.filter(orders::wallet_partner_id.eq(member.0).or(not_kept));
        }
        query.load(c)
    })?;
    found.into_iter().map(|(source, model, id)| sale_ids::from_columns(source, model, id)).collect()
}
