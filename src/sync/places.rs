//! Orders that are gone, and orders that only cannot be seen: those of a company or a till that is not shown any more.

use std::collections::BTreeMap;

use crate::domain::findings::Place;
use crate::domain::value::ids::OrderId;
use crate::odoo::read::places;

use super::error::SyncError;
use super::pass::Pass;

impl Pass<'_> {
    /// Of orders that Odoo does not show, those that are gone: it still shows where they were sold. To be asked after the
    /// orders were, so that a right that is lost meanwhile is missed. What is not shown is kept for the status.
    pub async fn gone_for_good(&self, missing: Vec<OrderId>) -> Result<Vec<OrderId>, SyncError> {
        let ledger = &self.shared.ledger;
        let shown = places::shown(&self.session, self.settings().page_size).await?;
        let sold_at = ledger.places_of(missing.clone()).await.map_err(SyncError::Ledger)?;
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
        ledger.keep_places(shown, Some(hidden)).await.map_err(SyncError::Ledger)?;
        for place in ledger.findings().await.map_err(SyncError::Ledger)?.hidden {
            tracing::warn!(orders = place.orders, "{}", place.message());
        }
        Ok(gone)
    }

    /// Keeps what the places are called: once one is not shown any more, Odoo does not say.
    pub async fn note_places(&self) -> Result<(), SyncError> {
        let shown = places::shown(&self.session, self.settings().page_size).await?;
        self.shared.ledger.keep_places(shown, None).await.map_err(SyncError::Ledger)
    }

    /// Whether all places that were not shown are shown again: then all orders are worth comparing.
    pub async fn sees_all_again(&self) -> Result<bool, SyncError> {
        let hidden = self.shared.ledger.findings().await.map_err(SyncError::Ledger)?.hidden;
        if hidden.is_empty() {
            return Ok(false);
        }
        let shown = places::shown(&self.session, self.settings().page_size).await?;
        Ok(hidden.iter().all(|hidden| shown.contains_key(&hidden.place)))
    }
}
