//! The companies and tills that the service user sees.

use std::collections::BTreeMap;

use crate::domain::findings::Place;
use crate::odoo::error::OdooFault;
use crate::odoo::session::{Domain, Session};

/// Each with its name. Where a model as a whole may not be read, there is none of its kind.
///
/// # Errors
/// An [`OdooFault`] that concerns the whole of Odoo rather than one model.
pub async fn shown(session: &Session, page_size: u32) -> Result<BTreeMap<Place, String>, OdooFault> {
    let mut found = BTreeMap::new();
    for model in ["res.company", "pos.config"] {
        let mut after = 0;
        loop {
            let page = match session.raw_page(model, &Domain::new(), &["name"], after, page_size).await {
                Err(
                    fault @ (OdooFault::MissingRights { .. }
                    | OdooFault::UnknownModel { .. }
                    | OdooFault::Server { .. }),
                ) => {
                    tracing::warn!(%fault, "orders of which it cannot be told that they are gone are left as they are");
                    break;
                }
                page => page?,
            };
            for record in &page.items {
                let place = record.id().ok().and_then(|id| Place::of(model, id));
                let name = record.text("name").ok().flatten().unwrap_or_default();
                found.extend(place.map(|place| (place, name)));
            }
            if page.is_last {
                break;
            }
            after = page.last_id;
        }
    }
    Ok(found)
}
