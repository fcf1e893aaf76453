//! Orders that are gone, and orders that only cannot be seen: those of a company or a till that is not shown any more.

use std::collections::BTreeMap;

use crate::domain::findings::Place;
use crate::domain::value::ids::OrderId;
use crate::odoo::read::places;
use crate::store::table::findings;

use super::error::SyncError;
use super::pass::Pass;

impl Pass<'_> {
    /// Of orders that Odoo does not show, those that are gone: it still shows where they were sold. To be asked after the
    /// orders were, so that a right that is lost meanwhile is missed. What is not shown is kept for the status.
    pub async fn gone_for_good(&self, missing: Vec<OrderId>) -> Result<Vec<OrderId>, SyncError> {
        let database = &self.shared.database;
        let shown = places::shown(&self.session, self.settings().page_size).await?;
        let asked = missing.clone();
        let sold_at = database.run(move |conn| findings::places_of_orders(conn, &asked)).await?;
        let mut hidden: BTreeMap<Place, u64> = BTreeMap::new();
        let mut gone = Vec::new();
        for order in missing {
            let places = sold_at.get(&order).map_or(&[][..], Vec::as_slice);
            let unseen: Vec<Place> = places.iter().filter(|place| !shown.contains_key(place)).copied().collect();
            for place in &unseen {
                let orders = hidden.entry(*place).or_default();
                *orders = orders.saturating_add(1);
            }
            if unseen.is_empty() {
                gone.push(order);
            }
        }
        database.transaction(move |conn| findings::keep_places(conn, &shown, Some(&hidden))).await?;
        for place in database.run(findings::load).await?.hidden {
            tracing::warn!(orders = place.orders, "{}", place.message());
        }
        Ok(gone)
    }

    /// Keeps what the places are called: once one is not shown any more, Odoo does not say.
    pub async fn note_places(&self) -> Result<(), SyncError> {
        let shown = places::shown(&self.session, self.settings().page_size).await?;
        self.shared.database.transaction(move |conn| findings::keep_places(conn, &shown, None)).await
    }

    /// Whether all places that were not shown are shown again: then all orders are worth comparing.
    pub async fn sees_all_again(&self) -> Result<bool, SyncError> {
        let hidden = self.shared.database.run(findings::load).await?.hidden;
        if hidden.is_empty() {
            return Ok(false);
        }
        let shown = places::shown(&self.session, self.settings().page_size).await?;
        Ok(hidden.iter().all(|hidden| shown.contains_key(&hidden.place)))
    }
}
