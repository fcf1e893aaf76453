//! What a test does to the stand-in: it misbehaves, says what it was asked, and changes while it answers. A release build
//! has none of it (the feature `fault-injection`, which the tests' own dependencies turn on).

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

use super::fake_odoo::FakeOdoo;
use super::server::OdooException;

/// What a proxy answers that does not reach its Odoo.
const PAGE: &str = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

/// What the stand-in does instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultInjection {
    /// Answers with an HTTP status and an HTML page.
    Status(u16),
    /// Answers 200 with an HTML page.
    Html,
    /// Answers only after this long.
    Hang(Duration),
    /// Cuts the answer in the middle.
    Truncated,
    /// Answers with an error of this name (`odoo.exceptions.AccessDenied`) and message.
    Error(&'static str, &'static str),
    /// Answers with JSON that is no JSON-RPC answer.
    OtherJson,
}

/// What happens in the stand-in just before a call is answered: it is told the model (or service) and the method.
type BeforeAnswer = Arc<dyn Fn(&FakeOdoo, &str, &str) + Send + Sync>;

/// What tests have put into a stand-in, and what it was asked.
#[derive(Default)]
pub(super) struct TestHooks {
    rules: Vec<FaultRule>,
    calls: Vec<(String, String)>,
    before_answers: Option<BeforeAnswer>,
}

/// When the stand-in misbehaves.
struct FaultRule {
    what: FaultInjection,
    /// Only for calls of this model; `None` for every request.
    model: Option<String>,
    /// So many requests are answered first.
    after: u32,
    /// How often yet; `None` for ever.
    left: Option<u32>,
}

impl FaultRule {
    /// Whether it applies to a request about `model`, which uses it up once.
    fn applies(&mut self, model: Option<&str>) -> bool {
        if self.left == Some(0) || (self.model.is_some() && self.model.as_deref() != model) {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}

impl FakeOdoo {
    /// Misbehaves on the next `times` requests (`None`: until [`FakeOdoo::behave`]), of one model only if one is named.
    pub fn inject(&self, what: FaultInjection, model: Option<&str>, times: Option<u32>) {
        self.edit().hooks.rules.push(FaultRule { what, model: model.map(str::to_owned), after: 0, left: times });
    }

    /// Misbehaves once, on the request about `model` that comes after `answered` others about it.
    pub fn inject_after(&self, answered: u32, what: FaultInjection, model: &str) {
        let rule = FaultRule { what, model: Some(model.to_owned()), after: answered, left: Some(1) };
        self.edit().hooks.rules.push(rule);
    }

    /// Behaves again.
    pub fn behave(&self) {
        self.edit().hooks.rules.clear();
    }

    /// Every call so far: model (or service) and method.
    #[must_use]
    pub fn calls(&self) -> Vec<(String, String)> {
        self.database().hooks.calls.clone()
    }

    /// Has something happen before each call is answered, until [`FakeOdoo::answer_at_once`]: others write while we read.
    pub fn before_each_answer(&self, what: impl Fn(&Self, &str, &str) + Send + Sync + 'static) {
        self.edit().hooks.before_answers = Some(Arc::new(what));
    }

    /// Answers again without anything happening before.
    pub fn answer_at_once(&self) {
        self.edit().hooks.before_answers = None;
    }

    /// Takes note of a call; what is done instead of answering it, if anything.
    fn begin(&self, model: Option<&str>, called: (&str, &str)) -> Option<FaultInjection> {
        let before = {
            let mut database = self.edit();
            database.hooks.calls.push((called.0.to_owned(), called.1.to_owned()));
            database.hooks.before_answers.clone()
        };
        // It changes the records itself, so they must be free.
        if let Some(before) = before {
            before(self, called.0, called.1);
        }
        let rules = &mut self.edit().hooks.rules;
        let what = rules.iter_mut().find_map(|rule| rule.applies(model).then(|| rule.what.clone()));
        rules.retain(|rule| rule.left != Some(0));
        what
    }
}

/// Does what a test put in. `Ok` when the call is to be answered: with `true`, its answer is to be cut in the middle.
/// `raised` makes the answer of an exception.
///
/// # Errors
/// What is answered instead.
pub(super) async fn interfere(
    shop: &FakeOdoo,
    model: Option<&str>,
    called: (&str, &str),
    raised: impl FnOnce(OdooException) -> HttpResponse,
) -> Result<bool, HttpResponse> {
    match shop.begin(model, called) {
        None => Ok(false),
        Some(FaultInjection::Truncated) => Ok(true),
        Some(FaultInjection::Hang(duration)) => {
            tokio::time::sleep(duration).await;
            Ok(false)
        }
        Some(FaultInjection::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            Err(HttpResponse::build(status).content_type("text/html").body(PAGE))
        }
        Some(FaultInjection::Html) => Err(HttpResponse::Ok().content_type("text/html").body(PAGE)),
        Some(FaultInjection::Error(name, message)) => Err(raised(OdooException(name, message.to_owned()))),
        Some(FaultInjection::OtherJson) => Err(HttpResponse::Ok().json(json!({"status": "fine"}))),
    }
}
