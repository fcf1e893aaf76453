//! What the fuzz targets feed with bytes (`tests/fuzz`): everything that reads what others wrote. No API.
//!
//! Each function does all that can be done with its bytes without a database or a network, and panics where a promise
//! does not hold.

#![allow(clippy::expect_used, reason = "a promise that does not hold is what is looked for")]

use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::domain::catalog::records::{Category, Partner, PosConfig, Product};
use crate::domain::program::{Program, describe, review};
use crate::domain::value::ids::{PosCategoryId, ProductCategoryId};
use crate::domain::value::money::Currency;
use crate::odoo::error::{FailedRequest, classify};
use crate::odoo::read::pos_orders::{self, ShopRules};
use crate::odoo::read::{fields, loyalty_cards};
use crate::odoo::session::{Domain, FromOdoo};
use crate::odoo::transport::json_rpc::{PendingReply, ReadMethod, Spoken};
use crate::odoo::{Session, Transport, doctor};
use crate::rpc::envelope::{self, BodyAnswer};

/// A body of `POST /jsonrpc`: read call by call, each call's parameters into what its method takes.
///
/// # Panics
/// When what is refused is not refused in JSON.
pub fn envelope(body: &[u8]) {
    if let Err(BodyAnswer::Json(text) | BodyAnswer::Malformed(text)) = envelope::read_only(body) {
        let refused: Value = serde_json::from_str(&text).expect("a refusal is JSON");
        assert!(refused.pointer("/error/code").is_some_and(Value::is_i64), "{text}");
    }
}

/// A program document. One that is taken reads back as itself, and can be put into words.
///
/// # Panics
/// When a program that was written out is another, or none.
pub fn program(document: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(document) else { return };
    let Ok(program) = Program::from_json(&document) else { return };
    let written = program.to_json();
    assert_eq!(Program::from_json(&written), Ok(program.clone()), "{written}");
    // Both may say that a number would not fit.
    let _ = describe(&program);
    let _ = review(&program, DateTime::UNIX_EPOCH);
}

/// Odoo's answer: the same to every question, as records of every model we read and as an error.
///
/// # Panics
/// When it can be read in parts of time that do not end, or not at all.
pub fn odoo_reply(answer: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return };
    let asked = FailedRequest { database: "shop", login: "sidecar", model: "pos.order" };
    let message = answer.get("message").and_then(Value::as_str).unwrap_or_default();
    let fault = classify(asked, 0, message, &answer);
    assert!(!fault.to_string().contains("Traceback"), "{fault}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("no thread is needed");
    runtime.block_on(read_everything(answer));
}

async fn read_everything(answer: Value) {
    let session = Session::open(std::sync::Arc::new(Parrot(answer))).await.expect("the version is Odoo's");
    let domain = Domain::new();
    // That something cannot be read is an answer as well.
    let rules = ShopRules::read(&session, 2).await.unwrap_or_default();
    let _ = pos_orders::read_page(&session, &rules, &domain, 0, 2).await;
    let _ = pos_orders::read_digests(&session, &domain, 0, 2).await;
    let _ = pos_orders::orders_of_lines(&session, &domain, 2).await;
    let _ = session.newest("pos.order", None).await;
    let _ = session.count("pos.order", &domain).await;
    let _ = doctor::examine(&session).await;
    page_of::<Partner>(&session).await;
    page_of::<Product>(&session).await;
    page_of::<Category<PosCategoryId>>(&session).await;
    page_of::<Category<ProductCategoryId>>(&session).await;
    page_of::<PosConfig>(&session).await;
    page_of::<Currency>(&session).await;
    let _ = loyalty_cards::programs(&session, 2).await;
    if let Ok(page) = loyalty_cards::page(&session, 1, 0, 2).await {
        for record in &page.items {
            let _ = loyalty_cards::Card::from_odoo(record);
        }
    }
}

async fn page_of<T: FromOdoo>(session: &Session) {
    let _ = session.page::<T>(&Domain::new(), 0, 2).await;
}

/// An Odoo that has every field, and one answer to everything else.
struct Parrot(Value);

impl Transport for Parrot {
    fn version(&self) -> PendingReply<'_, Value> {
        Box::pin(async { Ok(json!({"server_version": "19.0"})) })
    }

    fn spoken(&self) -> Spoken {
        Spoken { protocol: "none", why: String::new() }
    }

    fn authenticate(&self) -> PendingReply<'_, i64> {
        Box::pin(async { Ok(1) })
    }

    fn call<'a>(&'a self, _: i64, _: &'a str, method: ReadMethod, _: Map<String, Value>) -> PendingReply<'a, Value> {
        let of_orders = fields::ORDER_FIELDS.iter().chain(fields::LINE_FIELDS);
        let fields = fields::NEEDED_FIELDS.iter().flat_map(|(_, fields)| fields.iter()).chain(of_orders);
        let answer = match method {
            ReadMethod::FieldsGet => Value::Object(fields.map(|field| ((*field).to_owned(), json!({}))).collect()),
            ReadMethod::SearchRead | ReadMethod::SearchCount | ReadMethod::Read | ReadMethod::ContextGet => {
                self.0.clone()
            }
        };
        Box::pin(async { Ok(answer) })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// The seeds of a fuzz target.
    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 3, "{target} has seeds");
        files.iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    /// Bytes of any kind, and seeds of a target that somebody has spoiled: cut, with bytes changed and doubled.
    fn spoilt(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
        let change = (any::<prop::sample::Index>(), any::<u8>());
        let seed =
            (prop::sample::select(seeds(target)), prop::collection::vec(change, 0..4), any::<prop::sample::Index>());
        let spoilt = seed.prop_map(|(mut bytes, changes, cut)| {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                match byte {
                    0..=127 => bytes[place] = byte,
                    128..=191 => bytes.insert(place, bytes[place]),
                    192.. => drop(bytes.remove(place)),
                }
                if bytes.is_empty() {
                    return bytes;
                }
            }
            // Half of them stay whole.
            if cut.index(2) == 0 {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        });
        prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 4 => spoilt]
    }

    #[test]
    fn every_seed_is_taken() {
        for seed in seeds("envelope") {
            envelope(&seed);
        }
        for seed in seeds("program") {
            let document = serde_json::from_slice(&seed).unwrap();
            assert!(Program::from_json(&document).is_ok(), "{document}");
            program(&seed);
        }
        for seed in seeds("odoo_reply") {
            odoo_reply(&seed);
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in spoilt("envelope")) {
            envelope(&body);
        }

        #[test]
        fn no_program_document_panics(document in spoilt("program")) {
            program(&document);
        }

        #[test]
        fn no_answer_of_odoo_panics(answer in spoilt("odoo_reply")) {
            odoo_reply(&answer);
        }
    }
}
