//! `/metrics`, in Prometheus' text format.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{State, sentence};
use crate::rpc::Role;

pub(super) async fn show(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    if !state.inner.metrics_public {
        match state.inner.gate.caller(request.headers()).await {
            Err(denied) => return denied.response(),
            Ok(caller) if caller.role < Role::Viewer => {
                return sentence(HttpResponse::Forbidden(), "/metrics needs a token of the role viewer");
            }
            Ok(_) => {}
        }
    }
    match &state.inner.metrics {
        Some(handle) => {
            HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
        }
        None => sentence(HttpResponse::NotFound(), "no metrics are collected here"),
    }
}
