//! Odoo's API: a session, typed reads, what differs between versions, and faults in words.
//!
//! Reading a shop goes one way, top to bottom:
//!
//! - [`Link`] keeps one [`Session`] open, renews it, and leaves Odoo alone after it refused the login;
//! - [`Session`] knows who we are, which fields this Odoo has, and reads pages by id;
//! - [`read`] turns records into the domain's types: the catalog, orders, places, and Odoo's own loyalty for those who leave
//!   it;
//! - [`transport`] is the one seam to the wire, and the only place that names Odoo's methods: none of them writes.
//!   [`JsonRpc`] speaks JSON-RPC, [`Json2`] its successor, [`transport::auto`] chooses between them, and [`key`] is what both
//!   log in with;
//! - [`keys`] tells when that ends.
//!
//! Every failure is an [`OdooFault`]: a closed set, each a sentence that says what to do.

pub mod connection;
pub mod doctor;
pub mod error;
pub mod key;
pub mod keys;
pub mod read;
pub mod server_clock;
pub mod session;
pub mod settings;
pub mod transport;

pub use crate::odoo::connection::Link;
pub use crate::odoo::error::OdooFault;
pub use crate::odoo::transport::auto::transport;
pub use crate::odoo::transport::json_rpc::{JsonRpc, Transport};
pub use crate::odoo::transport::json2::Json2;
pub use session::Session;
pub use settings::{OdooSettings, Protocol, Wallet};
