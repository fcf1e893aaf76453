//! The sample shop: a small server that speaks Odoo's JSON-RPC and JSON-2, so that the demo and the tests need no Odoo.
//!
//! - [`fake_odoo`] keeps records by model as Odoo would, with a clock of its own, and has several change at once;
//!   [`model`] knows their fields and how they look on the wire; [`domain`] evaluates search domains;
//! - [`server`] answers `/jsonrpc` from it, `json2` its successor; in tests both misbehave on request (`fault`);
//! - [`sample`] fills it with a year of plausible sales, the same ones every time.
//!
//! It knows nothing of the rest of the crate, and the rest reads it over HTTP like any Odoo.

pub mod domain;
pub mod fake_odoo;
#[cfg(feature = "fault-injection")]
pub mod fault;
mod json2;
pub mod model;
pub mod names;
pub mod program;
pub mod sample;
pub mod server;

use chrono::{DateTime, Utc};

pub use fake_odoo::{Change, FakeOdoo};
#[cfg(feature = "fault-injection")]
pub use fault::FaultInjection;
pub use server::Served;

/// The running sample shop. It stops when this is dropped.
pub struct DemoShop {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The database's name.
    pub database: String,
    /// The service user's login.
    pub login: String,
    /// Its key.
    pub api_key: String,
    /// A program document for this shop.
    pub program: serde_json::Value,
    /// The customers who bought most, with their names.
    pub customers: Vec<(i64, String)>,
    /// The server; dropping it ends it.
    pub server: Served,
}

/// Starts the sample shop, whose year of sales ends the day before `now`.
///
/// # Errors
/// When no port of this machine can be listened on.
pub fn start(now: DateTime<Utc>) -> std::io::Result<DemoShop> {
    let shop = FakeOdoo::new();
    let customers = sample::fill(&shop, now);
    let server = server::serve(shop.clone(), 0)?;
    Ok(DemoShop {
        url: server.url().to_owned(),
        database: fake_odoo::DATABASE.to_owned(),
        login: fake_odoo::LOGIN.to_owned(),
        api_key: fake_odoo::KEY.to_owned(),
        program: program::sample_program(),
        customers,
        server,
    })
}

#[cfg(test)]
mod tests;
