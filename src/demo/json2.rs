//! Odoo 19's JSON-2, answered from a [`FakeOdoo`]: bearer keys, bare values, true HTTP statuses. An older version has none.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::fake_odoo::{DATABASE, FakeOdoo};
#[cfg(feature = "fault-injection")]
use super::fault::interfere;
#[cfg(not(feature = "fault-injection"))]
use super::server::interfere;
use super::server::{OdooException, dated, execute, half_of};

/// What Odoo shows for what it does not serve.
const NOT_FOUND: &str = "<!DOCTYPE html><title>404 Not Found</title><h1>Not Found</h1>\
    <p>No database is selected and the requested URL was not found in the server-wide controllers.</p>";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route("/web/version", web::get().to(version)).route("/json/2/{model}/{method}", web::post().to(call));
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(NOT_FOUND)
}

/// Whether the version that is told has JSON-2.
fn has_json2(shop: &FakeOdoo) -> bool {
    let version = shop.database().version.clone();
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 19)
}

async fn version(shop: web::Data<FakeOdoo>) -> HttpResponse {
    let response = match interfere(&shop, None, ("common", "version"), |raised| respond(failed(&raised), false)).await {
        Err(instead) => instead,
        Ok(_) if !has_json2(&shop) => not_found(),
        Ok(is_cut) => {
            let version = shop.database().version.clone();
            let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
            let told = json!({"version_info": [major, 0, 0, "final", 0, ""], "version": version});
            respond((StatusCode::OK, told), is_cut)
        }
    };
    dated(&shop, response)
}

async fn call(
    shop: web::Data<FakeOdoo>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    let (model, method) = path.into_inner();
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // As a server of several databases: without the header none is chosen.
    if !has_json2(&shop) || shop.database().hides_json2 || header("x-odoo-database") != Some(DATABASE) {
        return dated(&shop, not_found());
    }
    let bearer = header("authorization").and_then(|value| value.strip_prefix("bearer "));
    let Some(bearer) = bearer else {
        let message = "User not authenticated, use an API Key with a Bearer Authorization header.";
        let answer = error(StatusCode::UNAUTHORIZED, "werkzeug.exceptions.Unauthorized", message);
        return dated(&shop, respond(answer, false));
    };
    let response =
        match interfere(&shop, Some(&model), (&model, &method), |raised| respond(failed(&raised), false)).await {
            Err(instead) => instead,
            Ok(is_cut) => respond(answer(&shop, bearer, &model, &method, &body), is_cut),
        };
    dated(&shop, response)
}

/// A status and what stands in the body.
type Replied = (StatusCode, Value);

fn respond((status, value): Replied, is_cut: bool) -> HttpResponse {
    let body = value.to_string();
    HttpResponse::build(status).content_type("application/json").body(if is_cut { half_of(body) } else { body })
}

fn answer(shop: &FakeOdoo, bearer: &str, model: &str, method: &str, body: &[u8]) -> Replied {
    let database = shop.database();
    if database.user_of(bearer).is_none() {
        return error(StatusCode::UNAUTHORIZED, "werkzeug.exceptions.Unauthorized", "Invalid apikey");
    }
    let Ok(named @ Value::Object(_)) = serde_json::from_slice::<Value>(body) else {
        let message = "could not parse the body as json";
        return error(StatusCode::BAD_REQUEST, "werkzeug.exceptions.BadRequest", message);
    };
    if !database.models.contains_key(model) {
        let message = format!("the model '{model}' does not exist");
        return error(StatusCode::NOT_FOUND, "werkzeug.exceptions.NotFound", &message);
    }
    match execute(&database, model, method, &[], &named) {
        Ok(value) => (StatusCode::OK, value),
        Err(OdooException("builtins.AttributeError", message)) => {
            error(StatusCode::NOT_FOUND, "werkzeug.exceptions.NotFound", &message)
        }
        Err(exception) => failed(&exception),
    }
}

/// An exception with the status that Odoo gives it.
fn failed(OdooException(name, message): &OdooException) -> Replied {
    let status = match name.rsplit('.').next().unwrap_or(name) {
        "AccessDenied" | "AccessError" => StatusCode::FORBIDDEN,
        "MissingError" => StatusCode::NOT_FOUND,
        "LockError" => StatusCode::CONFLICT,
        "UserError" | "ValidationError" => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    error(status, name, message)
}

fn error(status: StatusCode, name: &str, message: &str) -> Replied {
    let traceback = format!("Traceback (most recent call last):\n  File \"/usr/lib/odoo/http.py\"\n{name}: {message}");
    (status, json!({"name": name, "message": message, "arguments": [message], "context": {}, "debug": traceback}))
}
