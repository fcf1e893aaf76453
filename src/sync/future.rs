//! Records that were written in the future, by Odoo's own clock. One of them must not move a window: everything that is
//! written until then would lie behind it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::domain::findings::FutureRecords;
use crate::odoo::read::record::moment_text;
use crate::odoo::session::Session;
use crate::odoo::{OdooFault, session::Domain};

use super::window::Newest;

/// How far Odoo's database may be ahead of the clock of whoever answers for it before its records are told of. That moves
/// no window, either.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

/// What time it is for Odoo. Its answers say so, or those of a proxy before it; where they do not, our own clock must do,
/// which may be a day behind.
pub(super) fn odoo_now(session: &Session) -> DateTime<Utc> {
    session.server_now().unwrap_or_else(|| Utc::now() + TimeDelta::days(1))
}

/// The newest `write_date` of a stream that is not in the future; and what is.
pub(super) async fn newest(
    session: &Session,
    model: &'static str,
) -> Result<Option<(Newest, Option<FutureRecords>)>, OdooFault> {
    let Some(latest) = session.newest(model, None).await? else { return Ok(None) };
    let now = odoo_now(session);
    if latest <= now {
        return Ok(Some((Newest { past: latest, latest }, None)));
    }
    // Where all records are of the future, a window begins now.
    let past = session.newest(model, Some(now)).await?.unwrap_or(now);
    Ok(Some((Newest { past, latest }, far_ahead(session, model, now + CLOCKS_DIFFER).await?)))
}

async fn far_ahead(
    session: &Session,
    model: &'static str,
    after: DateTime<Utc>,
) -> Result<Option<FutureRecords>, OdooFault> {
    let domain: Domain = vec![json!(["write_date", ">", moment_text(after)])];
    let found =
        session.search_read(model, domain.clone(), &["display_name", "write_date"], "write_date desc", 1).await?;
    let latest = found.first().and_then(|record| Some((record.id().ok()?, record, record.moment("write_date").ok()??)));
    let Some((latest_id, record, latest_written_at)) = latest else { return Ok(None) };
    Ok(Some(FutureRecords {
        model: model.to_owned(),
        records: session.count(model, &domain).await?,
        latest_id,
        latest_name: record.text("display_name").ok().flatten().unwrap_or_default(),
        latest_written_at,
    }))
}
