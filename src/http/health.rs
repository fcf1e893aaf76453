//! `/healthz`: the process lives. `/readyz`: it can do its work.

use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use serde_json::json;
use tokio::sync::Mutex;

use super::State;

/// How long an answer of the database holds: anybody may ask, and each question is a write.
const FRESH: Duration = Duration::from_millis(500);
/// How long the database, and Odoo, may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the database last said.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Result<(), String>)>>);

impl Readiness {
    /// Whether the database can be written, asked at most twice a second.
    async fn database(&self, state: &State) -> Result<(), String> {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let answer = tokio::time::timeout(PATIENCE, state.inner.ledger.ready())
            .await
            .unwrap_or_else(|_| Err("the database does not answer in time".to_owned()));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// Never touches the database.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `ready`; `degraded` while Odoo is away, which stops no till; `unready` (503) when nothing can be written or the
/// service is about to stop.
pub(super) async fn ready(state: web::Data<State>) -> HttpResponse {
    let draining = state.is_draining();
    let (database, odoo) =
        tokio::join!(state.inner.ready.database(&state), tokio::time::timeout(PATIENCE, state.inner.odoo.version()));
    let odoo_reachable = odoo.is_ok_and(|odoo| odoo.reachable);
    let status = match (&database, draining, odoo_reachable) {
        (Err(_), _, _) | (_, true, _) => "unready",
        (Ok(()), false, false) => "degraded",
        (Ok(()), false, true) => "ready",
    };
    let mut response = if status == "unready" { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    response.json(json!({
        "status": status,
        "checks": {
            "database": database.err().unwrap_or_else(|| "ok".to_owned()),
            "odoo": if odoo_reachable { "ok" } else { "not reachable" },
            "draining": draining,
        },
    }))
}
