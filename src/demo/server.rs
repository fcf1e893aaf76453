//! Odoo's `/jsonrpc`, answered from a [`FakeOdoo`], with the shapes and error envelopes of version 19; [`super::json2`] is
//! JSON-2.

use std::io;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{DATE, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use super::fake_odoo::{DATABASE, FakeOdoo, OdooDatabase, SearchRequest};
#[cfg(feature = "fault-injection")]
use super::fault::interfere;
use super::json2;

/// A running server; dropping it stops it.
pub struct Served {
    url: String,
    handle: ServerHandle,
}

impl Served {
    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it now.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for it to be carried out.
        drop(self.handle.stop(false));
    }
}

/// Serves the shop on this machine; `port` 0 picks a free one. Needs a tokio runtime around it.
///
/// # Errors
/// When the port cannot be listened on.
pub fn serve(shop: FakeOdoo, port: u16) -> io::Result<Served> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(shop.clone()))
            .app_data(web::PayloadConfig::new(16 * 1024 * 1024))
            .route("/jsonrpc", web::post().to(answer))
            .configure(json2::routes)
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", port))?;
    let Some(address) = server.addrs().first().copied() else {
        return Err(io::Error::other("nothing is listened on"));
    };
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Served { url: format!("http://{address}"), handle })
}

/// An error as Odoo sends it: the exception's name and its message.
pub(super) struct OdooException(pub &'static str, pub String);

/// As Odoo's server says with each answer what time it is for it.
pub(super) fn dated(shop: &FakeOdoo, mut response: HttpResponse) -> HttpResponse {
    let date = shop.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

async fn answer(shop: web::Data<FakeOdoo>, body: web::Bytes) -> HttpResponse {
    let response = answer_at_some_time(&shop, body).await;
    dated(&shop, response)
}

async fn answer_at_some_time(shop: &FakeOdoo, body: web::Bytes) -> HttpResponse {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return HttpResponse::BadRequest().body("Invalid JSON data");
    };
    let id = request.get("id").cloned().unwrap_or_default();
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let model = (text("/params/method") == "execute_kw").then(|| text("/params/args/3"));
    let called = match model {
        Some(model) => (model, text("/params/args/4")),
        None => (text("/params/service"), text("/params/method")),
    };
    let raised = |exception| envelope(&id, Err(exception), false);
    let is_cut = match interfere(shop, model, called, raised).await {
        Err(instead) => return instead,
        Ok(is_cut) => is_cut,
    };
    let args = request.pointer("/params/args").and_then(Value::as_array).cloned().unwrap_or_default();
    let outcome = dispatch(&shop.database(), called, model, &args);
    envelope(&id, outcome, is_cut)
}

fn envelope(id: &Value, outcome: Result<Value, OdooException>, is_cut: bool) -> HttpResponse {
    let answer = match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(OdooException(name, message)) => json!({"jsonrpc": "2.0", "id": id, "error": {
            "code": 0,
            "message": "Odoo Server Error",
            "data": {"name": name, "message": message, "arguments": [message], "context": {},
                "debug": format!("Traceback (most recent call last):\n  File \"/usr/lib/odoo/http.py\"\n{name}: {message}")},
        }}),
    };
    let body = answer.to_string();
    HttpResponse::Ok().content_type("application/json").body(if is_cut { half_of(body) } else { body })
}

/// Nothing comes between a call and its answer but in tests: see the feature `fault-injection`.
#[cfg(not(feature = "fault-injection"))]
pub(super) fn interfere(
    _: &FakeOdoo,
    _: Option<&str>,
    _: (&str, &str),
    _: impl FnOnce(OdooException) -> HttpResponse,
) -> std::future::Ready<Result<bool, HttpResponse>> {
    std::future::ready(Ok(false))
}

/// The first half of an answer.
pub(super) fn half_of(mut body: String) -> String {
    let mut middle = body.len() / 2;
    while !body.is_char_boundary(middle) {
        middle -= 1;
    }
    body.truncate(middle);
    body
}

fn dispatch(
    database: &OdooDatabase,
    called: (&str, &str),
    model: Option<&str>,
    args: &[Value],
) -> Result<Value, OdooException> {
    let text = |index: usize| args.get(index).and_then(Value::as_str).unwrap_or_default();
    if called == ("common", "version") {
        return Ok(json!({"server_version": database.version, "server_serie": "19.0", "protocol_version": 1}));
    }
    if text(0) != DATABASE {
        let message = format!(
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"{}\" does not exist\n",
            text(0)
        );
        return Err(OdooException("psycopg2.OperationalError", message));
    }
    match model {
        None if called == ("common", "authenticate") => {
            let user = database.user_of(text(2)).filter(|(_, login)| login == text(1));
            Ok(user.map_or(json!(false), |(uid, _)| json!(uid)))
        }
        None => Err(OdooException("builtins.Exception", format!("Method not found: {}", called.1))),
        Some(_) if database.user_of(text(2)).map(|(uid, _)| json!(uid)).as_ref() != args.get(1) => {
            Err(OdooException("odoo.exceptions.AccessDenied", "Access Denied".to_owned()))
        }
        Some(model) => {
            let positional = args.get(5).and_then(Value::as_array).cloned().unwrap_or_default();
            execute(database, model, called.1, &positional, args.get(6).unwrap_or(&Value::Null))
        }
    }
}

pub(super) fn execute(
    database: &OdooDatabase,
    name: &str,
    method: &str,
    positional: &[Value],
    named: &Value,
) -> Result<Value, OdooException> {
    let Some(model) = database.models.get(name) else {
        return Err(OdooException("odoo.exceptions.UserError", format!("Object {name} doesn't exist")));
    };
    if (name, method) == ("res.users", "context_get") {
        return Ok(json!({"lang": "en_US", "tz": "Europe/Brussels", "uid": database.key_uid}));
    }
    let may_read = !database.denied.iter().any(|denied| denied == name);
    let no_right = || {
        let message =
            format!("You are not allowed to access '{name}' ({name}) records.\n\nContact your administrator.");
        OdooException("odoo.exceptions.AccessError", message)
    };
    let bad = |message: String| OdooException("builtins.ValueError", message);
    // Arguments come by name or by place, as in Python.
    let argument = |place: usize, key: &str| named.get(key).or_else(|| positional.get(place)).unwrap_or(&Value::Null);
    let amount = |value: &Value| value.as_u64().and_then(|amount| usize::try_from(amount).ok()).unwrap_or_default();
    let fields = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|field| field.as_str().map(str::to_owned)).collect()
    };
    let active_test = named.pointer("/context/active_test") != Some(&Value::Bool(false));
    let find = |order: usize, offset: usize, limit: usize| {
        let order = argument(order, "order").as_str().unwrap_or("id");
        let (limit, offset) = (amount(argument(limit, "limit")), amount(argument(offset, "offset")));
        database
            .search(name, &SearchRequest { domain: argument(0, "domain"), order, limit, offset, active_test })
            .map_err(bad)
    };
    match method {
        "fields_get" => Ok(model.described()),
        "check_access_rights" => match (argument(0, "operation").as_str(), may_read) {
            (Some("read"), true) => Ok(json!(true)),
            _ if argument(1, "raise_exception") == &json!(false) => Ok(json!(false)),
            _ => Err(no_right()),
        },
        "search_read" | "search" | "search_count" | "read" if !may_read => Err(no_right()),
        // search_read(domain, fields, offset, limit, order)
        "search_read" => database.read(name, &find(4, 2, 3)?, &fields(argument(1, "fields"))).map_err(bad),
        // search(domain, offset, limit, order)
        "search" => Ok(json!(find(3, 1, 2)?)),
        "search_count" => Ok(json!(find(usize::MAX, usize::MAX, usize::MAX)?.len())),
        "read" => {
            let ids: Vec<i64> = argument(0, "ids").as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
            // Of records that are gone Odoo says nothing; for one that a rule hides it refuses all.
            if ids.iter().any(|id| database.is_hidden(name, *id)) {
                let message = format!("Due to security restrictions, you are not allowed to access '{name}' records.");
                return Err(OdooException("odoo.exceptions.AccessError", message));
            }
            let fields = fields(argument(1, "fields"));
            if fields == ["id"] {
                return Ok(ids.iter().map(|id| json!({"id": id})).collect());
            }
            database.read(name, &ids, &fields).map_err(bad)
        }
        // Whatever writes is refused, and stands in the list of calls for a test to find.
        "create" | "write" | "unlink" => Err(no_right()),
        _ => Err(OdooException("builtins.AttributeError", format!("The method '{name}.{method}' does not exist"))),
    }
}
