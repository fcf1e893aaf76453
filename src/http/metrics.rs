//! `/metrics`, in Prometheus' text format.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use super::connections::has_shown_a_token;
use super::{ServerState, sentence};
use crate::rpc::Role;
use crate::store::table::findings;

/// How long a scrape waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many exceptions wait, as the database says now: every replica tells the same, also after a restart. No number when
/// the database does not say.
async fn open_exceptions(state: &ServerState) -> f64 {
    match tokio::time::timeout(PATIENCE, state.inner.ledger.exceptions().open()).await {
        Ok(Ok(count)) => u32::try_from(count).map_or(f64::NAN, f64::from),
        Ok(Err(problem)) => {
            tracing::warn!(error = %problem, "open exceptions could not be counted");
            f64::NAN
        }
        Err(_) => f64::NAN,
    }
}

/// How many orders wait for a person to decide whether they are taken back, likewise.
async fn held_withdrawals(state: &ServerState) -> f64 {
    match tokio::time::timeout(PATIENCE, state.inner.ledger.pool().run(findings::load)).await {
        Ok(Ok(found)) => {
            let orders = found.held.map_or(0, |held| held.orders());
            u32::try_from(orders).map_or(f64::NAN, f64::from)
        }
        Ok(Err(problem)) => {
            tracing::warn!(error = %problem, "withdrawals that are held back could not be counted");
            f64::NAN
        }
        Err(_) => f64::NAN,
    }
}

pub(super) async fn show(request: HttpRequest, state: web::Data<ServerState>) -> HttpResponse {
    if !state.inner.metrics_public {
        match state.inner.authenticator.caller(request.headers()).await {
            Err(denied) => return denied.response(),
            Ok(caller) if caller.role < Role::Viewer => {
                return sentence(HttpResponse::Forbidden(), "/metrics needs a token of the role viewer");
            }
            Ok(_) => has_shown_a_token(&request),
        }
    }
    match &state.inner.metrics {
        Some(handle) => {
            metrics::gauge!("loyalty_exceptions_open").set(open_exceptions(&state).await);
            metrics::gauge!("loyalty_sync_held_withdrawals").set(held_withdrawals(&state).await);
            HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
        }
        None => sentence(HttpResponse::NotFound(), "no metrics are collected here"),
    }
}
